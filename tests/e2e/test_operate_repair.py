# SPDX-License-Identifier: Apache-2.0
"""An operator understands what failed, mends it, has it approved by another person, and the dossier
goes on in its order: over the Unix socket as the machine's administrator, and over TCP as users."""
import base64
import ctypes
import http.client
import json
import os
import re
import socket
import subprocess
import time

import pytest

from harness import documents
from harness.delivering import FAST
from harness.gateway import Answer, JSON, PARTNERS, merge
from harness.patience import give_up_at
from harness.readers import FastavroDecoder, read_topic
from harness.services import ROOT, free_port

pytestmark = pytest.mark.broker

PASSWORD = "mat-khau-thu-nghiem"
WRONG_AGENCY, AGENCY = "000.99.99.H09", documents.COMMUNE
PARKING = [{**partner, "invalid": "parked"} for partner in PARTNERS]


def password_hash(password):
    """argon2id, as cheap as it may be."""
    sodium = ctypes.CDLL("libsodium.so.23")
    assert sodium.sodium_init() >= 0
    text = ctypes.create_string_buffer(128)
    done = sodium.crypto_pwhash_str(text, password.encode(), ctypes.c_ulonglong(len(password)),
                                    ctypes.c_ulonglong(1), ctypes.c_size_t(8192))
    assert done == 0
    return text.value.decode()


def operators_yaml():
    users = {"an": "operator", "binh": "approver", "chi": "viewer", "dung": "administrator"}
    rows = "".join(f"  - {{name: {name}, password: '{password_hash(PASSWORD)}', roles: [{role}]}}\n"
                   for name, role in users.items())
    return "users:\n" + rows


class Operator:
    """One who calls /operate/v1: by the socket, or by name and password over TCP."""

    def __init__(self, gateway, name=None):
        self.gateway, self.name = gateway, name

    def connect(self):
        if self.name:
            return http.client.HTTPConnection("127.0.0.1", self.gateway.operate_port, timeout=30)
        connection = http.client.HTTPConnection("localhost", timeout=30)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(30)
        connection.sock.connect(self.gateway.settings["admin"]["socket"])
        return connection

    def call(self, method, path, body=None):
        headers = {"Content-Type": "application/json", "Accept-Language": "en"}
        if self.name:
            pair = base64.b64encode(f"{self.name}:{PASSWORD}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        connection = self.connect()
        try:
            connection.request(method, f"/operate/v1/{path}",
                               None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path):
        answer = self.call("GET", path)
        assert answer.status == 200, answer
        return answer.json()

    def post(self, path, body, status=200):
        answer = self.call("POST", path, body)
        assert answer.status == status, answer
        return answer.json()

    def unmasked(self, receipt, what="original"):
        self.post(f"entries/{receipt}/unmask", {"reason": "sửa mã cơ quan"})
        return self.get(f"entries/{receipt}/document?what={what}")["text"]


@pytest.fixture
def gateway(gateways, kafka, registry, tmp_path):
    (tmp_path / "operators.yaml").write_text(operators_yaml())
    port = free_port()
    one = gateways(brokers=kafka.brokers, registry=registry.url, partners=PARKING,
                   config={"operate": {"listen": f"127.0.0.1:{port}", "secure_cookie": False,
                                       "operators": str(tmp_path / "operators.yaml")}})
    one.operate_port = port
    deadline = give_up_at(20)
    while not is_open(port):  # it listens there after it listens for partners
        assert time.monotonic() < deadline, one.log()
        time.sleep(0.02)
    return one


def is_open(port):
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def root(gateway):
    return Operator(gateway)


@pytest.fixture
def users(gateway):
    return {name: Operator(gateway, name) for name in ("an", "binh", "chi", "dung")}


def bad_xml(message, dossier, no=1, **more):
    """A handoff from an agency that never was; on its twenty-sixth line."""
    good = documents.native_xml(message, dossier, no=no, **more).decode()
    bad = good.replace(f"<ReceivingAgency>{AGENCY}<", f"<ReceivingAgency>{WRONG_AGENCY}<")
    assert bad != good
    return bad.encode()


def lane(gateway, number=1):
    """Five of one dossier, of which the second is bad; their receipts."""
    dossier = documents.dossier_code(number)
    sent = [bad_xml if no == 2 else documents.native_xml for no in range(1, 6)]
    return [gateway.accept(write(f"R{number}-{no}", dossier, no=no))[0]["receipt"]
            for no, write in enumerate(sent, 1)]


def state(operator, receipt):
    return operator.get(f"entries/{receipt}")["facts"]["state"]


def published(kafka, registry, gateway, count):
    return read_topic(kafka.brokers, gateway.topic(), FastavroDecoder(registry.url),
                      until=lambda seen: len(seen) >= count)


def revise(operator, receipt, document, status=200):
    return operator.post(f"entries/{receipt}/revisions",
                         {"document": document, "reason": "mã cơ quan sai"}, status)


def act(operator, receipt, revision, what, status=200, **more):
    return operator.post(f"entries/{receipt}/revisions/{revision['no']}/{what}",
                         {"sha256": revision["sha256"], **more}, status)


def mended(text):
    return text.replace(WRONG_AGENCY, AGENCY)


def test_the_story_says_which_rule_at_which_line(gateway, root):
    receipts = lane(gateway)
    story = root.get(f"entries/{receipts[1]}")
    facts, problem = story["facts"], story["problems"][0]
    assert facts["state"] == "dead" and facts["partner"] == "motcua-phucuong"
    assert problem["rule"] == "agency" and problem["path"] == "/Dossier/ReceivingAgency"
    lines = bad_xml("R1-2", "x", no=2).decode().splitlines()
    assert WRONG_AGENCY in lines[problem["line"] - 1]
    assert not story["would_pass"] and story["needs_approval"]
    assert [one["what"] for one in story["timeline"]][:2] == ["accepted", "dead"]
    behind = root.get(f"entries/{receipts[2]}")
    assert behind["facts"]["state"] == "parked" and behind["facts"]["behind"] == receipts[1]

    gateway.wait_published(receipts[0])
    first = root.get(f"entries/{receipts[0]}")
    assert first["facts"]["published"]["offset"] is not None
    assert "published" in [one["what"] for one in first["timeline"]]


def test_personal_data_is_masked_until_somebody_says_why(gateway, users):
    receipt = gateway.accept(bad_xml("M-1", documents.dossier_code(2)))[0]["receipt"]
    an, binh = users["an"], users["binh"]
    masked = an.get(f"entries/{receipt}/document?what=original")
    assert masked["masked"] and AGENCY in masked["text"] and WRONG_AGENCY in masked["text"]
    assert not [word for word in documents.PERSONAL if word in masked["text"]]
    assert masked["text"].count("\n") == bad_xml("M-1", "x").decode().count("\n")
    mark = masked["lines"][0]
    assert mark["rule"] == "agency"
    assert WRONG_AGENCY in masked["text"].splitlines()[mark["line"] - 1]

    an.post(f"entries/{receipt}/unmask", {"reason": ""}, 400)
    assert an.get(f"entries/{receipt}/document")["masked"]
    until = an.post(f"entries/{receipt}/unmask", {"reason": "người dân gọi hỏi"})["until"]
    assert re.fullmatch(r"20\d\d-.*Z", until)
    shown = an.get(f"entries/{receipt}/document")
    assert not shown["masked"] and documents.APPLICANT in shown["text"]
    assert binh.get(f"entries/{receipt}/document")["masked"], "a session's look is its own"

    acts = [one for one in an.get(f"entries/{receipt}")["timeline"] if one["what"] == "unmask"]
    assert [(one["who"], one["text"]) for one in acts] == [("user:an", "người dân gọi hỏi")]


def test_who_may_not_see_content_gets_none(gateway, users):
    receipt = gateway.accept(bad_xml("V-1", documents.dossier_code(3)))[0]["receipt"]
    chi = users["chi"]
    assert chi.call("GET", f"entries/{receipt}").status == 200
    assert chi.call("GET", f"entries/{receipt}/document").status == 403
    for path in ("unmask", "validate", "revisions", "revisions/1/approve", "revisions/1/apply",
                 "revisions/1/withdraw", "release", "discard"):
        assert chi.call("POST", f"entries/{receipt}/{path}", {}).status == 403, path
    assert users["binh"].call("POST", f"entries/{receipt}/discard", {"reason": "x"}).status == 403
    assert users["an"].call("POST", f"entries/{receipt}/revisions/1/approve", {}).status == 403


def test_a_mended_entry_goes_out_once_and_its_lane_after_it(gateway, kafka, registry, users):
    receipts = lane(gateway)
    bad, an, binh = receipts[1], users["an"], users["binh"]
    gateway.wait_published(receipts[0])
    text = an.unmasked(bad)

    tried = an.post(f"entries/{bad}/validate", {"document": mended(text)})
    assert tried["good"] and tried["problems"] == []
    assert tried["event"]["receiving_agency"] == AGENCY
    assert tried["event"]["event_type"] == "HANDED_OFF"
    assert {"path": "receiving_agency", "before": WRONG_AGENCY, "after": AGENCY} in tried["diff"]
    still = an.post(f"entries/{bad}/validate", {"document": text})
    assert not still["good"] and still["problems"][0]["rule"] == "agency"
    assert state(an, bad) == "dead", "validating changes nothing"

    revision = revise(an, bad, mended(text))
    assert revision["no"] == 1 and revision["needs_approval"] and revision["good"]
    act(an, bad, revision, "apply", 409)
    act(binh, bad, {**revision, "sha256": "0" * 64}, "approve", 409)
    act(binh, bad, revision, "approve")
    act(an, bad, {**revision, "sha256": "0" * 64}, "apply", 409)
    act(an, bad, revision, "apply")
    act(an, bad, revision, "apply", 409)

    records = published(kafka, registry, gateway, 5)
    assert [one.event["source"]["native_message_id"] for one in records] == \
        [f"R1-{no}" for no in range(1, 6)]
    assert records[1].headers["lt_revision"] == "1"
    assert records[1].event["receiving_agency"] == AGENCY
    assert "lt_revision" not in records[2].headers
    done = [(one["what"], one["who"], one.get("refused"))
            for one in an.get(f"entries/{bad}")["timeline"] if one["what"] in ("apply", "approve")]
    assert ("approve", "user:binh", False) in done and ("apply", "user:an", False) in done
    assert ("approve", "user:binh", True) in done, "what was refused is on record too"
    times = {one["what"]: one["at"] for one in an.get(f"entries/{bad}")["timeline"]}
    assert times["accepted"] == times["failed"] < times["published"] and "dead" not in times


def test_nobody_approves_his_own(gateway, root, users):
    receipt = gateway.accept(bad_xml("A-1", documents.dossier_code(4)))[0]["receipt"]
    dung = users["dung"]
    revision = revise(dung, receipt, mended(dung.unmasked(receipt)))
    act(dung, receipt, revision, "approve", 409)
    act(root, receipt, revision, "approve")
    act(dung, receipt, revision, "apply")
    gateway.wait_published(receipt)


def test_an_approval_is_of_the_newest_revision(gateway, users):
    receipt = gateway.accept(bad_xml("N-1", documents.dossier_code(5)))[0]["receipt"]
    an, binh = users["an"], users["binh"]
    text = an.unmasked(receipt)
    first = revise(an, receipt, mended(text))
    second = revise(an, receipt, mended(text).replace("<StatusCode>4<", "<StatusCode>2<"))
    assert {"path": "status", "before": 4, "after": 2} in second["diff"]
    assert "receiving_agency" not in [one["path"] for one in second["diff"]]
    act(binh, receipt, first, "approve", 409)
    an.post(f"entries/{receipt}/revisions/2/withdraw", {"reason": "nhầm"})
    act(binh, receipt, first, "approve")
    listed = an.get(f"entries/{receipt}")["revisions"]
    assert [(one["no"], one["state"]) for one in listed] == [(1, "approved"), (2, "withdrawn")]
    one = binh.get(f"entries/{receipt}/revisions/1")
    assert one["author"] == "user:an" and one["approver"] == "user:binh" and one["good"]


def test_a_document_that_is_still_bad_is_kept_and_not_applied(gateway, users):
    receipt = gateway.accept(bad_xml("B-1", documents.dossier_code(6)))[0]["receipt"]
    an, binh = users["an"], users["binh"]
    text = an.unmasked(receipt).replace(WRONG_AGENCY, "000.98.98.H09")
    revision = revise(an, receipt, text)
    assert not revision["good"] and revision["event"] is None
    act(binh, receipt, revision, "approve")
    answer = act(an, receipt, revision, "apply", 422)
    assert answer["problems"][0]["rule"] == "agency"
    assert state(an, receipt) == "dead"


def test_a_masked_text_never_becomes_a_revision(gateway, users):
    receipt = gateway.accept(bad_xml("C-1", documents.dossier_code(7)))[0]["receipt"]
    masked = users["an"].get(f"entries/{receipt}/document")["text"]
    answer = revise(users["an"], receipt, mended(masked), 409)
    assert "unmask" in answer["detail"]


def test_a_stale_one_is_refused_unless_somebody_wants_it(gateway, kafka, registry, root):
    """The bad one was without a dossier code, so that nothing waited behind it."""
    dossier = documents.dossier_code(8)
    lost = documents.native_xml("S-1", dossier).decode()
    lost = lost.replace(f"<DossierCode>{dossier}<", "<DossierCode><")
    receipt = gateway.accept(lost.encode())[0]["receipt"]
    gateway.wait_published(gateway.accept(documents.native_xml("S-2", dossier, no=2))[0]["receipt"])
    text = root.unmasked(receipt).replace("<DossierCode><", f"<DossierCode>{dossier}<")
    revision = revise(root, receipt, text)
    act(Operator(gateway, "binh"), receipt, revision, "approve")
    assert act(root, receipt, revision, "apply", 409)["code"] == "stale"
    act(root, receipt, revision, "apply", may_be_stale=True)
    records = published(kafka, registry, gateway, 2)
    assert [one.event["source"]["native_message_id"] for one in records] == ["S-2", "S-1"]


def test_discarding_lets_the_lane_go_on_without_it(gateway, kafka, registry, root):
    receipts = lane(gateway, 9)
    root.post(f"entries/{receipts[1]}/discard", {}, 400)
    root.post(f"entries/{receipts[1]}/discard", {"reason": "gửi nhầm"})
    root.post(f"entries/{receipts[1]}/discard", {"reason": "lại"}, 409)
    records = published(kafka, registry, gateway, 4)
    assert [one.event["source"]["native_message_id"] for one in records] == \
        [f"R9-{no}" for no in (1, 3, 4, 5)]
    assert state(root, receipts[1]) == "discarded"


def test_what_passes_today_is_released_as_it_came(gateway, kafka, registry, root):
    """The agency came into the directory afterwards."""
    receipts = lane(gateway, 10)
    answer = root.call("POST", f"entries/{receipts[1]}/release", {"reason": "thử lại"})
    assert answer.status == 422 and answer.json()["problems"], answer
    agencies = gateway.folder / "agencies.csv"
    rows = (ROOT / "deploy" / "agencies.csv").read_text().splitlines()
    model = next(row for row in rows if f",{AGENCY}," in row).split(",")
    added = ["H09.99.99", WRONG_AGENCY, *model[2:-1], ""]
    agencies.write_text("\n".join([*rows, ",".join(added)]) + "\n")
    gateway.stop()
    gateway.write_config(directory={"agencies": str(agencies)})
    gateway.start()
    assert root.get(f"entries/{receipts[1]}")["would_pass"]
    root.post(f"entries/{receipts[1]}/release", {"reason": "đã thêm cơ quan"})
    records = published(kafka, registry, gateway, 5)
    assert [one.event["source"]["native_message_id"] for one in records] == \
        [f"R10-{no}" for no in range(1, 6)]
    assert records[1].event["receiving_agency"] == WRONG_AGENCY


def test_a_name_that_is_a_script_stays_a_text(gateway, users):
    an = users["an"]
    evil = "<img src=x onerror=alert(1)>"
    document = bad_xml("X-1", documents.dossier_code(11)).decode().replace(
        documents.APPLICANT, evil.replace("<", "&lt;").replace(">", "&gt;"))
    receipt = gateway.accept(document.encode())[0]["receipt"]
    text = an.unmasked(receipt)
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    revision = revise(an, receipt, mended(text))
    assert revision["event"]["applicant"]["name"] == evil
    answer = an.call("GET", f"entries/{receipt}/document")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_partner_that_needs_no_approval(gateway, kafka, registry, users):
    gateway.write_partners([merge(PARKING[0], {"approval": "none"}), *PARKING[1:]])
    gateway.reload()
    receipt = gateway.accept(bad_xml("P-1", documents.dossier_code(12)))[0]["receipt"]
    deadline = give_up_at(20)
    while users["an"].get(f"entries/{receipt}")["needs_approval"]:
        assert time.monotonic() < deadline
    revision = revise(users["an"], receipt, mended(users["an"].unmasked(receipt)))
    assert not revision["needs_approval"]
    act(users["an"], receipt, revision, "apply")
    gateway.wait_published(receipt)


def test_what_does_not_exist_is_not_found(gateway, root):
    receipt = gateway.accept(bad_xml("F-1", documents.dossier_code(13)))[0]["receipt"]
    other = receipt[:-1] + ("0" if receipt[-1] != "0" else "1")
    assert root.call("GET", f"entries/{other}").status == 404
    assert root.call("GET", f"entries/{receipt}/document?what=shadow").status == 400
    assert root.call("GET", f"entries/{receipt}/document?what=revision:1").status == 409
    assert root.call("GET", f"entries/{receipt}/document?what=event").status == 409
    assert root.call("GET", f"entries/{receipt}/document?what=delivery:d-5").status == 409


def test_the_command_line_mends_too(gateway, tmp_path):
    receipt = gateway.accept(bad_xml("L-1", documents.dossier_code(14)))[0]["receipt"]
    shown = gateway.run("entry", "show", receipt).stdout
    assert "agency" in shown and "/Dossier/ReceivingAgency" in shown and "dead" in shown
    masked = gateway.run("entry", "document", receipt).stdout
    assert documents.APPLICANT not in masked and WRONG_AGENCY in masked
    text = gateway.run("entry", "document", receipt, "--reason", "sửa mã").stdout
    assert documents.APPLICANT in text

    good = tmp_path / "good.xml"
    good.write_text(mended(text))
    tried = gateway.run("entry", "validate", receipt, "--file", str(good)).stdout
    assert "it would pass" in tried and "receiving_agency" in tried
    editor = tmp_path / "editor"
    editor.write_text(f"#!/bin/sh\nsed -i s/{WRONG_AGENCY}/{AGENCY}/ \"$1\"\n")
    editor.chmod(0o755)
    environment = {**os.environ, "LIENTHONG_CONFIG": str(gateway.config_path),
                   "EDITOR": str(editor), "VISUAL": ""}
    done = subprocess.run([gateway.build / "lienthong", "entry", "revise", receipt, "--reason",
                           "mã sai", "--json"], env=environment, capture_output=True, text=True,
                          timeout=60, check=True)
    revision = json.loads(done.stdout)
    refused = gateway.run("entry", "apply", receipt, "--revision", "1", "--sha256",
                          revision["sha256"], check=False)
    assert refused.returncode == 1 and "approve" in refused.stderr
    act(Operator(gateway, "binh"), receipt, revision, "approve")
    gateway.run("entry", "apply", receipt, "--revision", "1", "--sha256", revision["sha256"])
    gateway.wait_published(receipt)
    assert gateway.run("entry", "discard", receipt, check=False).returncode == 2
    assert "applied" in gateway.run("entry", "show", receipt).stdout


@pytest.mark.parametrize("adapter", ["lienthong-xml", "dvcqg-json"])
def test_a_delivered_document_is_shown_and_compared(gateway, partners, kafka, root, adapter):
    """What a login gave belongs to no document that is written again, so that one is not the same."""
    receiver = partners("noi-nhan", adapter, agencies=[documents.DISTRICT])
    gateway.stop()
    gateway.write_config(**FAST)
    gateway.write_partners([*PARKING[:1], receiver.row()])
    gateway.start()
    receipt = gateway.accept(documents.native_xml("D-1", documents.dossier_code(15)))[0]["receipt"]
    deadline = give_up_at(60)
    while not (found := [one for one in root.get(f"entries/{receipt}")["deliveries"]
                         if one["state"] == "delivered"]):
        assert time.monotonic() < deadline, gateway.log()
        time.sleep(0.1)
    delivery = found[0]
    assert delivery["partner"] == "noi-nhan" and delivery["document_sha256"]
    gateway.wait_published(receipt)
    whats = [one["what"] for one in root.get(f"entries/{receipt}")["timeline"]]
    # Kafka may give it to who reads before it tells who writes.
    assert sorted(whats) == ["accepted", "arrived", "delivered", "published"]
    assert whats[0] == "accepted" and whats.index("arrived") < whats.index("delivered")

    sheet = root.get(f"entries/{receipt}/document?what=delivery:{delivery['id']}")
    assert sheet["masked"] and documents.dossier_code(15) in sheet["text"]
    assert not [word for word in documents.PERSONAL if word in sheet["text"]]
    assert sheet["delivered_sha256"] == delivery["document_sha256"]
    assert sheet["same"] == (adapter == "lienthong-xml")
    text = root.unmasked(receipt, f"delivery:{delivery['id']}")
    assert documents.APPLICANT in text

    event = root.get(f"entries/{receipt}/document?what=event")
    assert event["event"]["applicant"]["name"] == documents.APPLICANT and not event["masked"]


def progress(*times):
    """A document with an item of a dossier of its own for each time."""
    return documents.dvcqg_progress([
        documents.progress_item(documents.dossier_code(100 + number), f"việc {number}", at=at)
        for number, at in enumerate(times)]).decode()


def test_one_item_of_several_is_mended_alone(gateway, kafka, registry, root):
    good, bad = "20250512144500", "20251399000000"
    receipts = [one["receipt"] for one in gateway.accept(
        progress(good, bad, good).encode(), JSON, "tinh-binhduong")]
    assert {state(root, one) for one in receipts[::2]} <= {"accepted", "published"}
    story = root.get(f"entries/{receipts[1]}")
    assert [one["path"] for one in story["problems"]] == ["/data[1]/ThoiDiemXuLy"]
    text = root.unmasked(receipts[1])
    fewer = root.post(f"entries/{receipts[1]}/validate", {"document": progress(good)})
    assert not fewer["good"] and fewer["problems"][0]["rule"] == "items"
    revision = revise(root, receipts[1], text.replace(bad, good))
    assert revision["event"]["dossier_code"] == documents.dossier_code(101)
    act(Operator(gateway, "binh"), receipts[1], revision, "approve")
    act(root, receipts[1], revision, "apply")
    records = published(kafka, registry, gateway, 3)
    assert sorted(one.key for one in records) == [documents.dossier_code(100 + number)
                                                  for number in range(3)]


def test_a_document_that_does_not_parse_is_mended_as_one(gateway, kafka, registry, root):
    good = "20250512144500"
    broken = progress(good)[:-3]
    receipt = gateway.accept(broken.encode(), JSON, "tinh-binhduong")[0]["receipt"]
    story = root.get(f"entries/{receipt}")
    assert story["problems"][0]["rule"] == "syntax" and story["facts"]["dossier"] is None
    masked = root.get(f"entries/{receipt}/document")["text"]
    assert '"MaHoSo": "[' in masked and documents.dossier_code(100) not in masked
    text = root.unmasked(receipt)
    assert text == broken
    several = root.post(f"entries/{receipt}/validate", {"document": progress(good, good)})
    assert not several["good"] and several["problems"][0]["rule"] == "items"
    revision = revise(root, receipt, progress(good))
    act(Operator(gateway, "binh"), receipt, revision, "approve")
    act(root, receipt, revision, "apply")
    assert [one.key for one in published(kafka, registry, gateway, 1)] == \
        [documents.dossier_code(100)]
    (listed,) = root.get(f"entries?receipt={receipt}")["items"]
    facts = root.get(f"entries/{receipt}")["facts"]
    assert facts["dossier"] == documents.dossier_code(100) and facts["released"]
    assert facts["state"] == listed["state"] == "published"


def test_a_taken_id_needs_another_one(gateway, root):
    """Another content under an id that was taken: as it came it can never go out."""
    gateway.accept(documents.native_xml("K-1", documents.dossier_code(16)))
    answer = gateway.post(documents.native_xml("K-1", documents.dossier_code(16), no=2))
    assert answer.status == 409, answer
    receipt = answer.json()["receipt"]
    story = root.get(f"entries/{receipt}")
    assert story["facts"]["cause"] == "conflict" and not story["would_pass"]
    assert [one["rule"] for one in story["problems"]] == ["conflict"]
    root.post(f"entries/{receipt}/release", {"reason": "thử"}, 422)
    text = root.unmasked(receipt).replace("K-1", "K-2")
    revision = revise(root, receipt, text)
    act(Operator(gateway, "binh"), receipt, revision, "approve")
    act(root, receipt, revision, "apply")
    gateway.wait_published(receipt)
