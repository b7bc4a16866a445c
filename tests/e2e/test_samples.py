# SPDX-License-Identifier: Apache-2.0
"""Sample messages become the events that the domain asks for, and messages of other people's
software get what their notes say."""
import os
import pathlib
import re

import pytest

from harness.gateway import JSON, PARTNERS, XML, Gateway
from harness.readers import FastavroDecoder, read_topic
from harness.services import ROOT

pytestmark = pytest.mark.broker
DOSSIER = "000.12.40.H09-250512-0037"
OWN = ROOT / "deploy" / "samples"
SHARED = pathlib.Path(os.environ.get("LIENTHONG_SHARED", ROOT.parent / "shared")) / "domain/samples"
MINISTRY = {"id": "bo-cong-an", "name": "Một cửa của một bộ", "agencies": ["G09.20"],
            "adapters": ["dvc2026-json", "dvcqg-json", "lienthong-xml", "edxml"]}


def at(text):
    """Milliseconds of a time in Vietnam, written as 2025-05-12 14:45:00."""
    import datetime
    zone = datetime.timezone(datetime.timedelta(hours=7))
    return round(datetime.datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


DOCUMENT = {"id": "8f0c5f0e-7b1d-4c6c-9a57-0f7f6a1f2b10", "name": "hop-dong-the-chap-sua-doi.pdf",
            "component_code": "000.00.00.G15-KQ000000", "role": "SUBMITTED",
            "uri": "https://motcua.example.test/files/8f0c5f0e"}
FEE = {"code": "PH01", "name": "Phí đăng ký biện pháp bảo đảm", "amount_vnd": 80000}
SUMMARY = "Thay đổi nội dung thế chấp thửa 123, tờ bản đồ 45, phường Phú Cường"

# File, partner, and what its one event must say; a list is compared member by member.
SAMPLES = {
    "native_handoff.xml": ("motcua-phucuong", {
        "event_type": "HANDED_OFF", "occurred_at": at("2025-05-12 14:45:00"),
        "source": {"format": "NATIVE_XML", "native_message_id": "01HXQ6Z2T9S4W8K3M5N7P9R1T3",
                   "native_status": "4"},
        "procedure_code": "1.011442", "field_code": "G15-ZZ00", "status": 4, "channel": "1",
        "receiving_agency": "000.12.40.H09", "competent_agency": "000.00.40.H09",
        "holder_agency": "000.00.40.H09", "summary": SUMMARY,
        "times": {"submitted_at": at("2025-05-12 08:15:30"),
                  "accepted_at": at("2025-05-12 08:30:00"), "due_at": at("2025-05-26 17:00:00"),
                  "resolved_at": None, "returned_at": None},
        "applicant": {"kind": "1", "name": "Nguyễn Thị Mẫu", "id_type": "CCCD",
                      "id_number": "099190000001", "phone": "0900000000", "province_code": "74",
                      "district_code": "718", "commune_code": "25747",
                      "address": "Số 1 đường Thử Nghiệm"},
        "handoff": {"handoff_id": "HO-000.12.40.H09-250512-0037-01", "no": 1,
                    "from_agency": "000.12.40.H09", "to_agency": "000.00.40.H09",
                    "reason": "FORWARD_FOR_RESOLUTION", "respond_by": at("2025-05-19 17:00:00"),
                    "paper_originals_follow": True},
        "documents": [{**DOCUMENT, "copy_kind": "0", "media_type": "application/pdf",
                       "size": 1843211, "digitised": "1",
                       "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
                       }],
        "fees": [{**FEE, "kind": "PHI", "collect_at": "1", "paid": False}],
        "eform": {"SoThuTuThua": "123", "SoHieuBanDo": "45"}, "supplement": None,
        "outcome": None}),
    "dvcqg_dongbohosomc.json": ("tinh-binhduong", {
        "event_type": "RECEIVED", "occurred_at": at("2025-05-12 08:30:00"),
        "source": {"format": "DVCQG_JSON", "native_status": "2"},
        "procedure_code": "1.011442", "field_code": "G15-ZZ00", "status": 2, "channel": "1",
        "field_name": "Đăng ký biện pháp bảo đảm", "summary": SUMMARY,
        "times": {"submitted_at": at("2025-05-12 08:15:30"),
                  "accepted_at": at("2025-05-12 08:30:00"), "due_at": at("2025-05-26 17:00:00"),
                  "resolved_at": None, "returned_at": None},
        "applicant": {"kind": "1", "name": "Nguyễn Thị Mẫu", "id_number": "099190000001",
                      "phone": "0900000000", "email": None, "address": None},
        "documents": [{**DOCUMENT, "deleted": False, "digitised": "1", "reused": "0",
                       "sha256": None}],
        "fees": [{**FEE, "collect_at": "1", "paid": None}], "handoff": None, "eform": {}}),
    "dvcqg_capnhattiendo.json": ("tinh-binhduong", {
        "occurred_at": at("2025-05-12 14:45:00"), "status": 4,
        "source": {"format": "DVCQG_JSON", "native_status": "4"},
        "step": {"officer": "Trần Văn Ví Dụ", "title": "Chuyên viên",
                 "unit": "Bộ phận Một cửa phường Phú Cường",
                 "content": "Chuyển hồ sơ đến Chi nhánh VPĐKĐĐ Thủ Dầu Một",
                 "started_at": at("2025-05-12 14:45:00"),
                 "step_due_at": at("2025-05-19 17:00:00")},
        "procedure_code": "", "applicant": None, "documents": [], "fees": []}),
    "edxml_handoff.edxml": ("motcua-phucuong", {
        "event_type": "HANDED_OFF", "occurred_at": at("2025-05-12 14:45:00"),
        "source": {"format": "EDXML"},
        "handoff": {"handoff_id": "000.12.40.H09,2025/05/12,157/PCHS-UBND",
                    "from_agency": "000.12.40.H09", "to_agency": "000.00.40.H09",
                    "respond_by": at("2025-05-19 00:00:00")},
        "applicant": None, "procedure_code": "",
        "documents": [{"name": "phieu-chuyen-157.pdf", "media_type": "application/pdf"}]}),
    "edxml_status_02.edxml": ("motcua-thudaumot", {
        "event_type": "HANDOFF_RETURNED", "occurred_at": at("2025-05-12 16:10:21"),
        "source": {"format": "EDXML_STATUS", "native_status": "02"},
        "reason": "Từ chối tiếp nhận: thiếu hợp đồng có công chứng", "applicant": None}),
}


def media_type(path):
    return JSON if path.suffix == ".json" else XML


def differences(wanted, found, where=""):
    """What `wanted` asks for and `found` does not say."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return [line for name, value in wanted.items()
                for line in differences(value, found.get(name), f"{where}/{name}")]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        return [line for number, value in enumerate(wanted)
                for line in differences(value, found[number], f"{where}[{number}]")]
    return [] if wanted == found else [f"{where}: {found!r}, not {wanted!r}"]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory, kafka, registry):
    """Knows one more partner: the one whose system wrote the messages of a ministry."""
    one = Gateway(tmp_path_factory.mktemp("samples") / "gateway", brokers=kafka.brokers,
                  registry=registry.url, partners=[*PARTNERS, MINISTRY])
    one.run("topics", "create")
    one.start()
    yield one
    one.end()


@pytest.fixture(scope="module")
def events(gateway, kafka, registry):
    """The events of all our samples, in the order in which a dossier would have them."""
    receipts = {}
    for name, (partner, _) in SAMPLES.items():
        path = OWN / name
        answer = gateway.post(path.read_bytes(), media_type(path), partner)
        assert answer.status == 202, f"{name}: {answer}"
        receipts[name] = answer.receipts()
    for name, (partner, _) in SAMPLES.items():
        gateway.wait_published(receipts[name][0]["receipt"], partner)
    records = read_topic(kafka.brokers, gateway.topic(), FastavroDecoder(registry.url))
    by_id = {record.event["event_id"]: record for record in records}
    return {name: [by_id[one["event_id"]] for one in list_] for name, list_ in receipts.items()}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_becomes_the_event_that_the_domain_asks_for(events, name):
    assert len(events[name]) == 1
    event = events[name][0].event
    assert event["dossier_code"] == DOSSIER and events[name][0].key == DOSSIER
    assert differences(SAMPLES[name][1], event) == []
    assert event["source"]["system"] == SAMPLES[name][0]


def test_all_of_a_dossier_is_on_one_partition_in_order(events):
    records = [record for name in SAMPLES for record in events[name]]
    assert len({record.partition for record in records}) == 1
    assert [record.offset for record in records] == sorted(record.offset for record in records)


def test_what_the_map_does_not_name_is_in_source_extra(events):
    extra = events["dvcqg_dongbohosomc.json"][0].event["source_extra"]
    assert any(name.endswith("MaCSDL") and value == "7" for name, value in extra.items())
    assert not [name for name in extra if "session" in name]
    extra = events["native_handoff.xml"][0].event["source_extra"]
    assert any("Sequence" in name and value == "3" for name, value in extra.items())


def test_the_shared_samples_are_the_ones_tested_here():
    if not SHARED.is_dir():
        pytest.skip(f"there is no {SHARED}")
    for name in SAMPLES:
        assert (SHARED / name).read_bytes() == (OWN / name).read_bytes()


# Other people's messages.

def notes_of(path):
    """The lines of NAME.expect.txt as a table."""
    lines = path.with_name(path.name + ".expect.txt").read_text().splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line)


PUBLIC = sorted(path for path in (SHARED / "public").glob("real-*")
                if not path.name.endswith(".expect.txt"))


@pytest.fixture(params=PUBLIC or [None], ids=[path.name for path in PUBLIC] or ["none"])
def stranger(request, gateway):
    """A message, its notes, and the answer that it got."""
    if request.param is None:
        pytest.skip(f"there is no {SHARED / 'public'}")
    notes = notes_of(request.param)
    return request.param, notes, gateway.post(request.param.read_bytes(), notes["media"],
                                              "bo-cong-an")


def test_a_strangers_message_gets_the_answer_of_its_notes(stranger, gateway, kafka, registry):
    path, notes, answer = stranger
    assert str(answer.status) in re.findall(r"\b[2-5]\d\d\b", notes["answer"]) or \
        (answer.status == 200 and answer.receipts()[0]["repeated"]), f"{path.name}: {answer}"
    if answer.status not in (200, 202):
        assert answer.json()["title"]
        assert answer.problems() or answer.status == 415
        return
    receipt = answer.receipts()[0]
    assert receipt["dossier"] in notes["dossier"]
    gateway.wait_published(receipt["receipt"], "bo-cong-an")
    records = read_topic(kafka.brokers, gateway.topic(), FastavroDecoder(registry.url))
    event = next(one.event for one in records if one.event["event_id"] == receipt["event_id"])
    assert event["event_type"] in notes["events"]
    if "procedure" in notes:
        assert event["procedure_code"] == notes["procedure"]


def test_refused_strangers_are_told_where(stranger):
    path, _, answer = stranger
    problems = answer.problems()
    if "annotated" in path.name:
        assert problems[0]["rule"] == "syntax" and problems[0]["line"] == 4
    if "vpcp-testparser" in path.name:
        named = [one for one in problems if one["path"].endswith("OrganId")]
        assert named and all(one["line"] > 0 for one in named)
    if "frontend-journal" in path.name:
        assert {one["item"] for one in problems} == {0, 1, 2}
    if "vnpt-fixture-edoc" in path.name:
        assert [one for one in problems if one["path"].endswith("OrganId")]


def test_a_status_without_a_time_posted_twice_is_a_repeat(gateway):
    path = SHARED / "public" / "real-dvc2026-status5.json"
    if not path.exists():
        pytest.skip(f"there is no {path}")
    first = gateway.post(path.read_bytes(), JSON, "bo-cong-an")
    second = gateway.post(path.read_bytes(), JSON, "bo-cong-an")
    assert second.status in ((200,) if first.status in (200, 202) else (415, 422))
