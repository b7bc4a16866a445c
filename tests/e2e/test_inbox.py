# SPDX-License-Identifier: Apache-2.0
"""The mailbox of systems that no request can reach: what waits comes in their format and in order,
until they answer; what they refuse goes back.  On the embedded broker, with real daemons."""
import base64
import concurrent.futures
import json
import pathlib
import random
import threading
import time
import xml.etree.ElementTree as ElementTree

import pytest

from harness import documents, proof
from harness.gateway import PARTNERS, XML
from harness.patience import give_up_at

COMMUNE, DISTRICT, PROVINCE = (partner["id"] for partner in PARTNERS)
BY_MAILBOX = {"deliver": {"by": "mailbox"}}
SUCCESSOR = "H29.747"
FEW = 10  # librdkafka's threads come and go with its connections
REASON = "Thiếu bản chính giấy chứng nhận"
NAMESPACE = "{urn:x-lienthong:handoff:1}"


def rows(**deliver):
    """Commune and district fetch native XML, the province edXML.  The commune answers for the ward
    that it has become since, where returns of today go."""
    letters = {"deliver": {"by": "mailbox", "adapter": "edxml"}}
    agencies = [*PARTNERS[0]["agencies"], SUCCESSOR]
    return [{**PARTNERS[0], **BY_MAILBOX, "agencies": agencies}, {**PARTNERS[1], "deliver": {"by": "mailbox", **deliver}},
            {**PARTNERS[2], **letters}]


@pytest.fixture
def gateway(gateways):
    return gateways(partners=rows(), config={"deliver": {"redeliver_ms": 1500}})


@pytest.fixture
def patient(gateways):
    """A daemon in which nothing comes twice within a test."""
    return gateways(partners=rows())


class Inbox:
    """One partner's side."""

    def __init__(self, gateway, partner=DISTRICT):
        self.gateway, self.partner = gateway, partner

    def call(self, method, path, body=None, headers=None, timeout=80):
        return self.gateway.call(method, path, body,
                                 self.gateway.authorised(self.partner, headers), timeout)

    def fetch(self, wait=20, most=10):
        answer = self.call("GET", f"/v1/inbox?wait={wait}&max={most}")
        assert answer.status == 200, answer
        return answer.json()["items"]

    def one(self, wait=20):
        items = self.fetch(wait)
        assert len(items) == 1, items
        return items[0]

    def accept(self, item):
        return self.call("POST", f"/v1/inbox/{item['id']}/accept")

    def refuse(self, item, reason=REASON):
        return self.call("POST", f"/v1/inbox/{item['id']}/refuse", json.dumps({"reason": reason}))


def hand_over(gateway, name, number=1, **more):
    """A handoff from the commune to the district; its dossier."""
    dossier = documents.dossier_code(number)
    gateway.accept(documents.native_xml(name, dossier, **more))
    return dossier


def delivery_told(gateway, dossier, entry=0):
    journey = gateway.get(f"/v1/dossiers/{dossier}")
    assert journey.status == 200, journey
    return journey.json()["entries"][entry]["deliveries"][0]


def text_of(document, path):
    found = ElementTree.fromstring(document.encode()).find(
        "/".join(NAMESPACE + name for name in path.split("/")))
    return None if found is None else found.text


def test_a_letter_arrives_in_the_partners_format_and_is_accepted(patient):
    dossier = hand_over(patient, "INBOX-1")
    inbox = Inbox(patient)
    item = inbox.one()
    assert item["dossier"] == dossier and item["event_type"] == "HANDED_OFF"
    assert item["system"] == COMMUNE and item["times"] == 1 and item["media_type"] == XML
    assert text_of(item["document"], "Dossier/DossierCode") == dossier
    assert text_of(item["document"], "Dossier/Applicant/FullName") == documents.APPLICANT
    told = delivery_told(patient, dossier)
    assert (told["state"], told["attempts"], told["partner"]) == ("waiting", 1, DISTRICT)

    assert Inbox(patient, PROVINCE).accept(item).status == 404
    for _ in range(2):
        answer = inbox.accept(item)
        assert (answer.status, answer.json()["state"]) == (200, "accepted"), answer
    assert inbox.fetch(wait=0) == []
    told = delivery_told(patient, dossier)
    assert told["state"] == "accepted" and PARTNERS[1]["name"] in told["text"]
    assert inbox.refuse(item).json()["code"] == "already-answered"


def test_a_bare_document_is_the_partners_own_bytes(patient):
    dossier = hand_over(patient, "INBOX-2")
    answer = Inbox(patient).call("GET", "/v1/inbox?wait=20&max=1", headers={"Accept": XML})
    assert answer.status == 200 and answer.headers["Content-Type"].startswith(XML)
    assert text_of(answer.body.decode(), "Dossier/DossierCode") == dossier
    assert answer.headers["Lienthong-Event-Id"]
    item = {"id": answer.headers["Lienthong-Delivery"]}
    assert Inbox(patient).accept(item).status == 200
    assert Inbox(patient).call("GET", "/v1/inbox?as=document").status == 204


def test_a_long_poll_ends_a_moment_after_the_arrival(patient):
    inbox, ended = Inbox(patient), {}
    hand_over(patient, "INBOX-3A", 98)
    assert inbox.accept(inbox.one()).status == 200  # it has joined its group, which takes seconds

    def wait():
        ended["items"] = inbox.fetch(wait=60)
        ended["at"] = time.monotonic()

    waiter = threading.Thread(target=wait)
    waiter.start()
    dossier = hand_over(patient, "INBOX-3")
    began = time.monotonic()
    waiter.join(30)
    assert not waiter.is_alive()
    assert [item["dossier"] for item in ended["items"]] == [dossier]
    assert ended["at"] - began < 5  # through Kafka and back; far from the 60 s that it may wait


def threads_of(gateway):
    return len(list(pathlib.Path(f"/proc/{gateway.process.pid}/task").iterdir()))


def test_two_hundred_waiting_clients_hold_no_threads(gateways):
    gateway = gateways(partners=rows(), config={"http": {"connections_per_address": 1000}})
    hand_over(gateway, "INBOX-4", 99)
    assert Inbox(gateway).accept(Inbox(gateway).one()).status == 200  # all of it runs by now
    before = threads_of(gateway)
    with concurrent.futures.ThreadPoolExecutor(200) as pool:
        waiting = [pool.submit(Inbox(gateway).fetch, 30, 1) for _ in range(200)]
        deadline = give_up_at(10)
        while gateway.metric("lienthong_http_connections") < 200:
            assert time.monotonic() < deadline, "not all are connected"
            time.sleep(0.05)
        assert threads_of(gateway) < before + FEW
        began = time.monotonic()
        dossiers = {hand_over(gateway, f"INBOX-4-{number}", number) for number in range(5)}
        assert time.monotonic() - began < 10, "who sends is held up by who waits"
        got = [item for one in waiting for item in one.result()]
    assert {item["dossier"] for item in got} == dossiers
    assert len(got) == len(dossiers), "two clients got the same letter"


def test_silence_and_kill_bring_a_letter_again(gateway):
    hand_over(gateway, "INBOX-5")
    inbox = Inbox(gateway)
    first = inbox.one()
    again = inbox.one()
    assert again["event_id"] == first["event_id"] and again["times"] == 2
    assert again["document"] == first["document"]


def test_a_kill_brings_a_letter_again(gateways, kafka):
    gateway = gateways(partners=rows(), brokers=kafka.brokers,
                       config={"deliver": {"redeliver_ms": 1500}})
    hand_over(gateway, "INBOX-5B")
    first = Inbox(gateway).one(wait=60)
    gateway.kill()
    gateway.start()
    again = Inbox(gateway).one(wait=60)
    assert again["event_id"] == first["event_id"]
    assert Inbox(gateway).accept(again).status == 200
    gateway.kill()
    gateway.start()
    assert Inbox(gateway).fetch(wait=3) == []


def test_a_dossiers_letters_come_in_order_and_one_at_a_time(patient):
    inbox, sent = Inbox(patient), []
    for no in range(1, 6):
        patient.accept(documents.native_xml(f"INBOX-6-{no}", documents.dossier_code(6), no=no))
        sent.append(f"HO-{documents.dossier_code(6)}-{no:02d}")
    got = []
    for _ in sent:
        item = inbox.one()
        got.append(text_of(item["document"], "Handoff/HandoffId"))
        assert inbox.accept(item).status == 200
    assert got == sent


def test_a_refusal_comes_back_to_the_sender(patient):
    dossier = hand_over(patient, "INBOX-7")
    inbox = Inbox(patient)
    item = inbox.one()
    assert inbox.call("POST", f"/v1/inbox/{item['id']}/refuse", "{}").json()["code"] == "bad-reason"
    answer = inbox.refuse(item)
    assert answer.status == 202, answer
    receipt = answer.json()["receipt"]
    patient.wait_published(receipt, partner=DISTRICT)
    again = inbox.refuse(item, "khác lời")
    assert (again.status, again.json()["receipt"]) == (200, receipt)

    returned = Inbox(patient, COMMUNE).one()
    assert returned["event_type"] == "HANDOFF_RETURNED" and returned["dossier"] == dossier
    assert REASON in returned["document"] and documents.APPLICANT not in returned["document"]
    assert inbox.fetch(wait=0) == [], "who refused gets its own refusal"
    told = delivery_told(patient, dossier)
    assert (told["state"], told["reason"]) == ("refused", REASON)
    assert Inbox(patient, COMMUNE).refuse(returned).json()["code"] == "not-a-handoff"
    assert Inbox(patient, COMMUNE).accept(returned).status == 200
    assert REASON not in patient.log()


def refuse_until_answered(inbox, item):
    deadline = give_up_at(30)
    while time.monotonic() < deadline:
        try:
            answer = inbox.refuse(item)
            if answer.status in (200, 202):
                return answer.json()["receipt"]
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError("the refusal is not answered")


def test_a_kill_while_refusing_neither_loses_nor_doubles_the_return(gateways, kafka):
    gateway = gateways(partners=rows(), brokers=kafka.brokers)
    dice, inbox, returns = random.Random(7), Inbox(gateway), []
    for number in range(4):
        hand_over(gateway, f"INBOX-8-{number}", number)
        item = inbox.one(wait=60)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            first = pool.submit(inbox.refuse, item)
            time.sleep(dice.uniform(0, 0.02))
            gateway.kill()
            first.exception()  # answered or cut: either is good
        gateway.start()
        returns.append(refuse_until_answered(inbox, item))
    assert len(set(returns)) == 4
    got, sender = [], Inbox(gateway, COMMUNE)
    while len(got) < 4:
        items = sender.fetch(wait=60)
        assert items, got
        for item in items:
            got.append(item["dossier"])
            assert sender.accept(item).status == 200
    assert sorted(got) == [documents.dossier_code(number) for number in range(4)]
    assert sender.fetch(wait=2) == []


def test_who_waits_is_let_go_at_a_stop(patient):
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(Inbox(patient).fetch, 60)
        deadline = give_up_at(10)
        while patient.metric("lienthong_inbox_waiting") < 1:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        began = time.monotonic()
        patient.stop()
        assert waiting.result(5) == []
        assert time.monotonic() - began < 10


def post_letter_with_files(gateway):
    """An edXML letter with attachments, from the commune to the province; what it says."""
    dossier = proof.Dossier("000.12.40.H09-250512-00999", "000.12.40.H09", documents.PROVINCE,
                            "INBOX-9")
    answer = gateway.post(proof.letter_edxml(dossier), XML)
    assert answer.status == 202, answer
    return dossier


def decoded_texts(document):
    found = set()
    for element in ElementTree.fromstring(document.encode()).iter():
        try:
            found.add(base64.b64decode("".join((element.text or "").split()), validate=True))
        except ValueError:
            continue
    return found


@pytest.mark.parametrize("files", ["inline", "url"])
def test_files_come_with_the_letter(gateways, files):
    """They are in the store meanwhile, and whole again in the mailbox: edXML has no place for the
    addresses that the partner may have wished for."""
    partners = rows()
    partners[2]["deliver"]["files"] = files
    gateway = gateways(partners=partners, start=False)
    gateway.write_config(files={"public_url": f"http://127.0.0.1:{gateway.port}"})
    gateway.start()
    dossier = post_letter_with_files(gateway)
    item = Inbox(gateway, PROVINCE).one()
    plain = {one.content for one in dossier.attachments}
    assert plain <= decoded_texts(item["document"]), "an attachment is not what was sent"


def test_files_come_by_address_where_the_format_has_a_place(gateways):
    partners = rows()
    partners[2]["deliver"] |= {"files": "url", "adapter": "lienthong-xml"}
    gateway = gateways(partners=partners, start=False)
    gateway.write_config(files={"public_url": f"http://127.0.0.1:{gateway.port}"})
    gateway.start()
    dossier = post_letter_with_files(gateway)
    item = Inbox(gateway, PROVINCE).one()
    plain = {one.content for one in dossier.attachments}
    assert not plain & decoded_texts(item["document"])
    addresses = [element.text for element in ElementTree.fromstring(item["document"].encode()).iter()
                 if element.tag.endswith("Uri")]
    fetched = {gateway.call("GET", address.split(str(gateway.port))[1]).body
               for address in addresses}
    assert plain <= fetched


def test_the_command_line_empties_a_mailbox(patient, tmp_path):
    keys = tmp_path / "keys"
    keys.mkdir()
    for partner, key in patient.keys.items():
        (keys / f"{partner}.key").write_text(key + "\n")
        (keys / f"{partner}.key").chmod(0o600)
    as_district = ("--as", DISTRICT, "--keys", str(keys), "--url", f"http://127.0.0.1:{patient.port}")
    first, second = hand_over(patient, "INBOX-10", 1), hand_over(patient, "INBOX-11", 2)
    ids = {}
    deadline = give_up_at(30)
    while len(ids) < 2:
        assert time.monotonic() < deadline
        listed = patient.run("inbox", "list", *as_district, "--wait", "20", "--to", str(tmp_path))
        for line in listed.stdout.splitlines():
            id_, _, dossier = line.split()[:3]
            ids[dossier] = id_
            assert dossier in (tmp_path / f"{id_}.xml").read_text()
    accepted = patient.run("inbox", "accept", *as_district, ids[first])
    assert "accepted" in accepted.stdout
    refused = patient.run("inbox", "refuse", *as_district, "--reason", REASON, ids[second])
    receipt = refused.stdout.split()[2]
    assert patient.get(f"/v1/handoffs/{receipt}", DISTRICT).status == 200
    wrong = patient.run("inbox", "accept", *as_district, ids[second], check=False)
    assert wrong.returncode == 1 and "otherwise" in wrong.stderr
