# SPDX-License-Identifier: Apache-2.0
"""The main job: three formats in, one Avro event each on a real Kafka, read by three clients that
are not ours."""
import re
import uuid

import pytest

from harness import documents
from harness.gateway import JSON, XML
from harness.readers import FastavroDecoder, confluent_decoder, read_topic
from harness.services import ROOT

pytestmark = [pytest.mark.broker, pytest.mark.asan]
FIRST, SECOND = documents.dossier_code(101), documents.dossier_code(102)
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture(scope="module")
def job(tmp_path_factory, kafka, registry):
    """Sends one of each and waits until all are published; what came of it."""
    from harness.gateway import Gateway
    gateway = Gateway(tmp_path_factory.mktemp("job") / "gateway", brokers=kafka.brokers,
                      registry=registry.url)
    gateway.run("topics", "create")
    gateway.start()
    answers = [
        gateway.post(documents.native_xml("JOB-1", FIRST), XML, "motcua-phucuong",
                     {"traceparent": TRACE}),
        gateway.post(documents.edxml_status(FIRST, "2025/05/12 16:10:21"), XML, "motcua-thudaumot"),
        gateway.post(documents.dvcqg_progress([
            documents.progress_item(FIRST, "Đang thẩm định"),
            documents.progress_item(SECOND, "Đang thẩm định")]), JSON, "tinh-binhduong"),
        gateway.post(documents.native_xml("JOB-2", SECOND, no=2), XML, "motcua-phucuong"),
    ]
    partners = ["motcua-phucuong", "motcua-thudaumot", "tinh-binhduong", "motcua-phucuong"]
    receipts = []
    for partner, answer in zip(partners, answers):
        assert answer.status == 202, answer
        for receipt in answer.receipts():
            receipts.append((receipt, gateway.wait_published(receipt["receipt"], partner)))
    yield gateway, receipts
    gateway.end()


@pytest.fixture(scope="module")
def records(job, kafka, registry):
    gateway, receipts = job
    return read_topic(kafka.brokers, gateway.topic(), FastavroDecoder(registry.url),
                      until=lambda seen: len(seen) >= len(receipts))


def test_each_item_is_one_record(job, records):
    _, receipts = job
    assert len(records) == len(receipts) == 5


def test_confluents_deserialiser_and_fastavro_read_the_same(job, records, registry):
    decode = confluent_decoder(registry.url, job[0].topic())
    for record in records:
        assert decode(record.raw) == record.event


def test_kafkas_own_console_consumer_sees_the_same_bytes(job, records, kafka):
    output = kafka.tool(
        "consume", "--bootstrap-server", kafka.brokers, "--topic", job[0].topic(),
        "--from-beginning", "--max-messages", str(len(records)), "--timeout-ms", "30000",
        "--isolation-level", "read_committed", "--formatter-property", "print.key=true",
        "--formatter-property", "key.separator=<KEY>", "--formatter-property",
        "line.separator=<END>", binary=True)[0]
    lines = output.split(b"<END>")[:-1]
    assert sorted(lines) == sorted(one.key.encode() + b"<KEY>" + one.raw for one in records)


def test_the_key_is_the_dossier_and_a_dossier_has_one_partition(records):
    for record in records:
        assert record.key == record.event["dossier_code"]
    for dossier in (FIRST, SECOND):
        assert len({one.partition for one in records if one.key == dossier}) == 1


def test_a_dossiers_events_are_in_the_order_of_acceptance(job, records):
    accepted = [receipt["event_id"] for receipt, _ in job[1]]
    for dossier in (FIRST, SECOND):
        ours = sorted((one for one in records if one.key == dossier), key=lambda one: one.offset)
        ids = [one.event["event_id"] for one in ours]
        assert ids == [one for one in accepted if one in ids]


def test_receipts_and_records_agree(job, records):
    by_id = {record.event["event_id"]: record for record in records}
    for receipt, status in job[1]:
        record = by_id[receipt["event_id"]]
        assert re.fullmatch(r"\d+-[0-9a-f]{16}", receipt["receipt"])
        assert receipt["dossier"] == record.key
        assert receipt["event_type"] == record.event["event_type"]
        assert (status["partition"], status["offset"]) == (record.partition, record.offset)


def test_event_ids_are_name_based_uuids_and_all_differ(records):
    ids = [uuid.UUID(record.event["event_id"]) for record in records]
    assert all(one.version == 5 for one in ids) and len(set(ids)) == len(ids)


def test_headers_are_cloudevents_of_the_event(records):
    for record in records:
        event, headers = record.event, record.headers
        assert headers["ce_specversion"] == "1.0"
        assert headers["ce_id"] == event["event_id"]
        assert headers["ce_subject"] == event["dossier_code"]
        assert headers["ce_type"] and headers["ce_source"] and headers["ce_time"]
        assert headers["content-type"]


def test_traceparent_goes_from_the_request_into_the_record(records):
    record = next(one for one in records if one.event["source"]["native_message_id"] == "JOB-1")
    given = record.headers["traceparent"].split("-")
    assert given[1] == TRACE.split("-")[1]
    assert record.event["trace_id"] in (TRACE.split("-")[1], None)


def test_records_are_stamped_with_the_arrival_time(records):
    for record in records:
        assert abs(record.timestamp - record.event["received_at"]) < 60_000


def test_the_native_handoff_says_all_that_the_document_says(records):
    event = next(one.event for one in records
                 if one.event["source"]["native_message_id"] == "JOB-1")
    assert event["event_type"] == "HANDED_OFF"
    assert event["source"]["system"] == "motcua-phucuong"
    assert event["source"]["format"] == "NATIVE_XML"
    assert event["occurred_at"] == 1747035900000
    assert event["times"]["due_at"] == 1748253600000
    assert event["handoff"]["from_agency"] == documents.COMMUNE
    assert event["handoff"]["to_agency"] == documents.DISTRICT
    assert event["handoff"]["respond_by"] == 1747648800000
    assert event["applicant"]["name"] == documents.APPLICANT
    assert event["applicant"]["id_number"] == documents.IDENTITY
    assert event["documents"][0]["size"] == 1843211
    assert event["fees"][0]["amount_vnd"] == 80000
    assert event["eform"]["SoThuTuThua"] == "123"


def test_the_portals_progress_is_one_step_for_each_item(records):
    events = [one.event for one in records if one.event["source"]["system"] == "tinh-binhduong"]
    assert {one["dossier_code"] for one in events} == {FIRST, SECOND}
    for event in events:
        assert event["status"] == 4
        assert event["step"]["content"] == "Đang thẩm định"
        assert event["step"]["officer"] == documents.OFFICER
        assert "a-session-that-must-not-be-kept" not in str(event)


def test_the_edxml_status_is_an_accepted_handoff(records):
    event = next(one.event for one in records if one.event["source"]["system"] == "motcua-thudaumot")
    assert event["event_type"] == "HANDOFF_ACCEPTED"
    assert event["dossier_code"] == FIRST


def test_the_dossier_call_tells_the_journey(job):
    gateway, _ = job
    answer = gateway.get(f"/v1/dossiers/{FIRST}")
    assert answer.status == 200
    entries = answer.json()["entries"]
    assert [one["event_type"] for one in entries][0] == "HANDED_OFF"


def test_a_repeat_makes_no_second_record(job, records, kafka):
    gateway, receipts = job
    answer = gateway.post(documents.native_xml("JOB-1", FIRST))
    assert answer.status == 200 and answer.receipts()[0]["receipt"] == receipts[0][0]["receipt"]
    assert len(read_topic(kafka.brokers, gateway.topic())) == len(records)


def test_a_letter_to_two_offices_is_a_handoff_to_each(job):
    gateway, _ = job
    letter = (ROOT / "adapters/edxml/fixtures/accept/letter-two-receivers.edxml").read_bytes()
    letter = letter.replace(b"H09.21<", b"000.00.00.H09<")
    first = gateway.post(letter, XML, "motcua-phucuong")
    assert first.status == 202, first
    assert len({one["receipt"] for one in first.receipts()}) == 2
    assert not any(one["repeated"] for one in first.receipts())
    again = gateway.post(letter, XML, "motcua-phucuong")
    assert again.status == 200 and again.receipts()[1]["receipt"] == first.receipts()[1]["receipt"]
    changed = gateway.post(letter.replace(b"</edXML:Subject>", b" (2)</edXML:Subject>"), XML,
                           "motcua-phucuong")
    assert changed.status == 409, changed
