# SPDX-License-Identifier: Apache-2.0
"""Marked people who do not exist go through every path, good and bad, and are then looked for wherever
they must not be: logs, metrics, operators' lists, masked pages, answers to others, topics that are told of
deliveries, the index that operators search, temporary files."""
import json
import pathlib
import random
import re
import time

import pytest

from harness import documents, operators
from harness.delivering import FAST
from harness.exchange import Exchange
from harness.gateway import JSON, PARTNERS
from harness.operators import RIGHT, WRONG, Operator
from harness.patience import until
from harness.readers import read_topic
from test_bad_input import HEAD, raw
from test_collect import letter
from test_drop import place
from test_operate_rights import CALLS, POLICY, is_let_in

pytestmark = pytest.mark.broker
TEMPORARY = [pathlib.Path(name) for name in ("/tmp", "/var/tmp", "/dev/shm")]
BODY_LIMIT = 300_000


class People:
    """Each has a name, an identity and a telephone of their own, found again by `seen_in`; the run's
    letters and digits tell them from those of other runs."""

    def __init__(self):
        dice = random.SystemRandom()
        self.run = "".join(dice.choices("bcdfghklmnprstvx", k=8)) + "q"
        self.digits = f"{dice.randrange(10 ** 5):05d}"
        self.count = 0

    def next(self):
        self.count += 1
        return Person(self.run, self.digits, self.count)

    def seen_in(self, text):
        """Marks that stand there in whatever spelling, with some of what is around them."""
        if isinstance(text, bytes):
            text = text.decode(errors="replace")
        pattern = rf"{self.run}|0991{self.digits}\d{{3}}|08{self.digits}\d{{3}}"
        return [text[max(found.start() - 80, 0):found.end() + 40]
                for found in re.finditer(pattern, text, re.I)]


class Person:
    def __init__(self, run, digits, number):
        self.number = number
        self.name = f"Nguyễn Thị {run.capitalize()}{number}"
        self.identity = f"0991{digits}{number:03d}"
        self.phone = f"08{digits}{number:03d}"
        self.address = f"Số {number} đường {run}"
        self.all = f"{self.name}, {self.identity}, {self.phone}, {self.address}"

    def in_place_of_samples(self, document):
        """A document of the tests' with this person wherever somebody is named."""
        text = document.decode()
        for sample, own in ((documents.APPLICANT, self.name), (documents.OFFICER, self.name),
                            ("Lê Thị Minh Họa", self.name), (documents.IDENTITY, self.identity),
                            (documents.PHONE, self.phone), (documents.ADDRESS, self.address)):
            text = text.replace(sample, own)
        return text.encode()


class House:
    def __init__(self, gateways, partners, kafka, registry, exchange, folder, spool=None):
        self.people, self.exchange, self.kafka = People(), exchange, kafka
        self.drop = folder / "drop"
        self.drop.mkdir()
        (folder / "secret").write_text("mat-khau")
        axis = {"id": "truc-lien-thong", "name": "Trục", "agencies": ["H09"], "adapters": ["edxml"],
                "collect": {"poll_every_ms": 1000},
                "deliver": {"by": "none", "url": f"http://127.0.0.1:{exchange.port}",
                            "user": "he-thong", "password_file": str(folder / "secret")}}
        self.far = partners("noi-nhan", "lienthong-xml", agencies=[documents.DISTRICT])
        dropping = {"id": "tha-tep", "name": "Thả tệp", "agencies": ["000.12.40.H09"],
                    "adapters": ["lienthong-xml"], "collect": {"drop": str(self.drop)}}
        parking = {**PARTNERS[2], "invalid": "parked", "deliver": {"by": "mailbox"}}
        rows = [PARTNERS[0], parking, {**PARTNERS[1], "agencies": ["000.13.40.H09"]}, self.far.row(),
                dropping, axis]
        self.gateway = gateways(brokers=kafka.brokers, registry=registry.url, start=False,
                                partners=rows, config={
                                    **FAST, "log": {"level": "debug"}, "spool": spool or {},
                                    "http": {"body_limit_bytes": BODY_LIMIT},
                                    "files": {"folder": str(folder / "files")}})
        self.address = operators.open_console(self.gateway)
        _, errors = kafka.tool("configs", "--bootstrap-server", kafka.brokers, "--alter",
                               "--entity-type", "topics", "--entity-name", self.gateway.topic(),
                               "--add-config", "max.message.bytes=30000")
        assert "xception" not in errors, errors
        self.gateway.start()
        self.receipts, self.number = [], 0

    def document(self, **more):
        """Of a new person and dossier."""
        self.number += 1
        body = documents.native_xml(f"P-{self.number}", documents.dossier_code(self.number), **more)
        return self.people.next().in_place_of_samples(body)

    def accept(self, body, *how, **more):
        found = self.gateway.accept(body, *how, **more)
        self.receipts += [one["receipt"] for one in found]
        return found[0]


@pytest.fixture
def house(gateways, partners, kafka, registry, tmp_path):
    exchange = Exchange(tmp_path / "exchange")
    yield House(gateways, partners, kafka, registry, exchange, tmp_path)
    exchange.end()


# ---- the paths ----

def send_good_ones(house):
    first = house.accept(house.document())
    house.gateway.wait_published(first["receipt"])
    person = house.people.next()
    item = documents.progress_item(documents.dossier_code(900), person.all, officer=person.name)
    house.accept(documents.dvcqg_progress([item]), JSON, "tinh-binhduong")
    house.far.wait_taken([first["event_id"]])


def send_refused_ones(house):
    """What the sender itself did wrong, at the very field and around it.  Not in a field that holds a
    code: what stands there is shown as the code that it should be (docs/security.md)."""
    def spoiled(old, new):
        person = house.people.next()
        body = person.in_place_of_samples(documents.native_xml(
            f"R-{person.number}", documents.dossier_code(500 + person.number))).decode()
        new = new.format(person=person)
        old = old.format(person=person)
        assert old in body, old
        return body.replace(old, new).encode()

    for old, new in (
            ("{person.identity}<", "{person.identity}{person.identity}<"),
            ("<FullName>{person.name}</FullName>", "<FullName>{person.all} <b>{person.all}</b></FullName>"),
            ("{person.phone}<", "{person.phone} {person.name}<"),
            ("<Applicant>", "<Applicant ho='{person.all}'>"),
            ("<Applicant>", "<Applicant><Nickname>{person.all}</Nickname>"),
            ("<Summary>", "<Summary>&{person.name}; "),
            ("<Applicant>", "<!-- {person.all} --><Applicant"),
            ("</Applicant>", "{person.all}</Aplicant>"),
            ("{person.address}<", "{person.address}" + "{person.all}" * 2000 + "<"),
            ("</HandoffMessage>", "{person.all}")):
        answer = house.gateway.post(spoiled(old, new))
        # What the format keeps as it is may pass; anything else must be the sender's to mend.
        assert answer.status in (202, 422), (new, answer)
    foreign = house.document(sender=documents.DISTRICT, receiver=documents.COMMUNE)
    assert house.gateway.post(foreign).status == 403
    answer = house.gateway.call("POST", "/v1/handoffs", house.document(),
                                {"Authorization": f"Bearer {house.people.next().all}".encode()})
    assert answer.status == 401


def send_broken_ones(house):
    """Repeats that differ, too large, cut off."""
    body = house.document()
    house.accept(body)
    answer = house.gateway.post(body.replace(b"<Channel>1<", b"<Channel>2<"))
    assert answer.status == 409, answer
    assert house.gateway.post(house.document() + b" " * BODY_LIMIT).status == 413
    raw(house.gateway, HEAD + f"Content-Length: {len(body)}", house.document()[:-200], close=True)
    raw(house.gateway, HEAD + f"X-Person: {house.people.next().identity}\r\nContent-Length: x")
    raw(house.gateway, HEAD.replace("/v1/handoffs", f"/v1/{house.people.next().phone}")
        + "Content-Length: 0")


def send_dead_ones(house):
    """Kept for a person: a document with a fault, one that cannot be read, a record too large."""
    bad = house.people.next().in_place_of_samples(
        documents.native_xml("D-1", documents.dossier_code(700), sender=documents.PROVINCE))
    bad = bad.replace(f"<ReceivingAgency>{RIGHT}".encode(), f"<ReceivingAgency>{WRONG}".encode())
    house.accept(bad, partner="tinh-binhduong")
    torn = house.people.next().in_place_of_samples(
        documents.native_xml("D-2", documents.dossier_code(701), sender=documents.PROVINCE))
    house.gateway.post(torn.replace(b"</Applicant>", b"</Aplicant>"), partner="tinh-binhduong")
    large = house.accept(house.document(padding=60))
    until(lambda: house.gateway.get(f"/v1/handoffs/{large['receipt']}").json()["state"] == "dead")


def deliver_to_one_that_echoes(house):
    """A partner that puts what it got into what it answers: for ever, and in a moment of trouble."""
    for behaviour in ({"kind": "status", "status": 400}, {"kind": "status", "status": 500, "times": 2}):
        person = house.people.next()
        house.far.behave({**behaviour, "title": f"{person.all}: không nhận"})
        event = house.accept(house.document())
        until(lambda: any(one.key == event["event_id"] for one in house.far.requests()))
        until(lambda event=event: state_of(house, event) in ("dead", "delivered"))
    house.far.behave()


def state_of(house, event):
    lines = house.gateway.run("deliveries", "--partner", "noi-nhan", "--limit", "1000", "--json").stdout
    return next((one["state"] for one in map(json.loads, lines.splitlines())
                 if one["event_id"] == event["event_id"]), None)


def drop_and_collect(house):
    for name, spoil in (("good", lambda body: body),
                        ("torn", lambda body: body.replace(b"</Applicant>", b"</Aplicant>")),
                        ("foreign", lambda body: body.replace(b"000.12.40.H09", b"000.00.00.H10"))):
        place(house.drop, f"{name}.xml", spoil(house.document()))
    until(lambda: not list(house.drop.glob("*.xml")))
    for number, spoil in ((801, lambda body: body), (802, lambda body: body[:-40])):
        house.exchange.put(f"d{number}", spoil(
            house.people.next().in_place_of_samples(letter(number))))
    until(lambda: len(house.exchange.lines("marks")) == 2)


# ---- where they may not be ----

def seen_by_operators(house):
    """All that may be read without a reason, by who may most."""
    dung = Operator(house.address, "dung")
    texts = {}
    for method, path in CALLS:
        if method != "GET" or not is_let_in("dung", POLICY[method, path]):
            continue
        names = {call: [one[key] for one in dung.get(call, limit=100)["items"]] for call, key in
                 (("entries", "receipt"), ("deliveries", "delivery"), ("failures", "fingerprint"))}
        before = path.split("/{}")[0]
        for name in names.get(before, [""]) if "{}" in path else [""]:
            asked = path.replace("{}", name, 1)
            if "{}" not in asked:
                texts[asked] = dung.call("GET", asked).text
    for words in (["entries"], ["failures"], ["deliveries"], ["audit", "list"], ["status"],
                  ["spool", "status"], ["reconcile"], ["files", "status"]):
        done = house.gateway.run(*words, "--json", check=False)
        texts[" ".join(words)] = done.stdout + done.stderr
    return texts


def seen_by_others(house):
    """What a partner gets that has nothing to do with any of it."""
    other = "motcua-thudaumot"
    texts = {}
    for receipt in house.receipts:
        texts[f"{other}: {receipt}"] = house.gateway.get(f"/v1/handoffs/{receipt}", other).body
    for number in (1, 2, 700, 801, 900):
        path = f"/v1/dossiers/{documents.dossier_code(number)}"
        texts[f"{other}: {path}"] = house.gateway.get(path, other).body
    texts["inbox"] = house.gateway.get("/v1/inbox?wait=0", other).body
    for path in ("/metrics", "/readyz", "/healthz"):
        texts[path] = house.gateway.call("GET", path).body
    return texts


def told_on_kafka(house):
    texts = {}
    for name in ("deliveries", "dead-letters", "audit", "progress"):
        found = read_topic(house.kafka.brokers, house.gateway.topic(name))
        texts[f"topic {name}"] = b"\n".join(one.raw or b"" for one in found)
    return texts


def read(path):
    """b"" of what somebody else has removed meanwhile."""
    try:
        return path.read_bytes() if path.is_file() else b""
    except OSError:
        return b""


def is_since(path, since):
    """Not what somebody else has removed meanwhile, either."""
    try:
        return path.lstat().st_mtime >= since
    except OSError:
        return False


def left_on_disk(house, since):
    """Temporary files of the machine, and the index beside the spool; the spool itself and the files'
    store are where the documents are kept."""
    texts = {}
    for path in house.gateway.folder.glob("spool.db.*"):
        texts[str(path)] = path.read_bytes()
    assert any(".find" in name for name in texts), "the index has another name"
    for folder in TEMPORARY:
        texts |= {str(path): read(path) for path in folder.iterdir() if is_since(path, since)}
    incoming = pathlib.Path(house.gateway.settings["files"]["folder"]) / "incoming"
    assert list(incoming.iterdir()) == []
    return texts


def test_marked_people_are_seen_nowhere(house):
    since = time.time() - 1
    send_good_ones(house)
    send_refused_ones(house)
    send_broken_ones(house)
    send_dead_ones(house)
    deliver_to_one_that_echoes(house)
    drop_and_collect(house)
    time.sleep(2)  # the finder is some seconds behind
    texts = {**seen_by_operators(house), **seen_by_others(house), **told_on_kafka(house)}
    house.gateway.stop()
    texts |= {**left_on_disk(house, since), "log": house.gateway.log()}
    assert house.people.count > 25 and len(texts) > 60
    spool = (house.gateway.folder / "spool.db").read_bytes()
    assert house.people.seen_in(spool), "the marks would not be known again"
    found = {place: seen for place, text in texts.items() if (seen := house.people.seen_in(text))}
    assert found == {}
