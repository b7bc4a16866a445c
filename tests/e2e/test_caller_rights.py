# SPDX-License-Identifier: Apache-2.0
"""Every call of the partners' API by every kind of caller, on an object that is whose it is: one table,
from which the tests are made.  Its calls are compared with the API's own description, so that one that is
added without its rights being written down here fails."""
import hashlib
import hmac
import itertools
import json
import os
import re

import pytest
import yaml

from harness import documents
from harness.exchange import Exchange
from harness.gateway import JSON, PARTNERS, Gateway, XML
from harness.patience import until
from harness.services import ROOT

pytestmark = pytest.mark.asan
MAILBOX = {"deliver": {"by": "mailbox", "adapter": "lienthong-xml"}}
ANOTHER = {"id": "motcua-khac", "name": "Một cửa nơi khác", "agencies": ["000.00.41.H09"],
           "adapters": ["lienthong-xml"], **MAILBOX}
SENDER, RECEIVER = PARTNERS[0]["id"], PARTNERS[1]["id"]
KEYED = {"sender": SENDER, "receiver": RECEIVER, "another": ANOTHER["id"]}
KEYLESS = ("nobody", "wrong key", "ended key")
CALLERS = (*KEYED, *KEYLESS)

# Objects are the sender's and addressed to the receiver.  Callers without a good key get 401 from every
# call of a partner, and what is not theirs is not there for the others: 404, as if there were none.
RIGHTS = {
    "POST /v1/handoffs": {"sender": 202, "receiver": 202, "another": 403},  # the receiver is above it
    "GET /v1/handoffs/{receipt}": {"sender": 200, "receiver": 404, "another": 404},
    "GET /v1/dossiers/{code}": {"sender": 200, "receiver": 200, "another": 404},
    "GET /v1/inbox": {"sender": 200, "receiver": 200, "another": 200},
    "POST /v1/inbox/{id}/accept": {"receiver": 200, "sender": 404, "another": 404},
    "POST /v1/inbox/{id}/refuse": {"receiver": 202, "sender": 404, "another": 404},
    "PUT /v1/files/{sha256}": {"sender": 201, "receiver": 201, "another": 201},
    "GET /v1/files/{sha256}": {"sender": 200, "receiver": 200, "another": 404},
}
OPEN = ("GET /v1/keys", "GET /healthz", "GET /readyz", "GET /metrics", "GET /openapi.yaml")


class Place:
    """A gateway, and objects that no call has used up."""

    def __init__(self, folder):
        self.gateway = Gateway(folder, partners=[{**PARTNERS[0], **MAILBOX},
                                                 {**PARTNERS[1], **MAILBOX}, ANOTHER])
        self.numbers = itertools.count(1)
        self.ended_key = os.urandom(24).hex()
        self._add_ended_key()

    def _add_ended_key(self):
        """A second key of the sender that was good until a day long ago."""
        path = self.gateway.folder / "partners.yaml"
        rows = yaml.safe_load(path.read_text())
        digest = hmac.new(self.gateway.pepper, self.ended_key.encode(), hashlib.sha256).hexdigest()
        rows["partners"][0]["keys"].append({"hash": digest, "valid_to": "2026-01-31"})
        path.write_text(yaml.safe_dump(rows, allow_unicode=True))

    def credential(self, caller):
        key = {"nobody": None, "wrong key": "x" * 43, "ended key": self.ended_key}.get(
            caller, self.gateway.keys.get(KEYED.get(caller)))
        return {"Authorization": f"Bearer {key}"} if key else {}

    def call(self, caller, method, path, body=None, **headers):
        return self.gateway.call(method, path, body, {**self.credential(caller), **headers})

    def document(self):
        """One that the sender may send: its own agency hands over to the receiver's."""
        number = next(self.numbers)
        code = documents.dossier_code(number)
        return documents.native_xml(f"rights-{number}", code), code

    def sent(self):
        """The receipt and the dossier of a handoff that was accepted."""
        document, code = self.document()
        return self.gateway.accept(document)[0]["receipt"], code

    def letter(self):
        """The id of one that waits in the receiver's mailbox."""
        self.sent()
        answer = self.call("receiver", "GET", "/v1/inbox?wait=20&max=100")
        assert answer.status == 200 and answer.json()["items"], answer
        return answer.json()["items"][-1]["id"]

    def named_file(self):
        """The hash of one that the sender brought and then named to the receiver."""
        content = os.urandom(100)
        name = hashlib.sha256(content).hexdigest()
        assert self.call("sender", "PUT", f"/v1/files/{name}", content).status == 201
        number = next(self.numbers)
        document = documents.native_xml(f"rights-{number}", documents.dossier_code(number)).decode()
        self.gateway.accept(re.sub(r"<Sha256>[0-9a-f]+", f"<Sha256>{name}", document).encode())
        return name


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    one = Place(tmp_path_factory.mktemp("rights"))
    one.gateway.start()
    yield one
    one.gateway.end()


def perform(place, call, caller):
    """The call on a fresh object."""
    method, path = call.split()
    if call == "POST /v1/handoffs":
        return place.call(caller, method, path, place.document()[0], **{"Content-Type": XML})
    if "{receipt}" in path:
        return place.call(caller, method, path.format(receipt=place.sent()[0]))
    if "{code}" in path:
        return place.call(caller, method, path.format(code=place.sent()[1]))
    if "{id}" in path:
        body = '{"reason": "Thiếu bản chính"}'.encode() if path.endswith("refuse") else None
        return place.call(caller, method, path.format(id=place.letter()), body)
    if method == "PUT":
        content = os.urandom(100)
        return place.call(caller, method, path.format(sha256=hashlib.sha256(content).hexdigest()),
                          content)
    if "{sha256}" in path:
        return place.call(caller, method, path.format(sha256=place.named_file()))
    return place.call(caller, method, path)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("call", RIGHTS)
def test_a_call_answers_whom_it_may(place, call, caller):
    wanted = RIGHTS[call].get(caller, 401)
    assert caller in KEYED or wanted == 401
    answer = perform(place, call, caller)
    assert answer.status == wanted, answer
    if wanted == 401:
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("call", OPEN)
def test_what_is_open_is_so_for_everybody(place, call, caller):
    answer = perform(place, call, caller)
    assert answer.status == 200, answer


def test_a_mailbox_holds_nothing_of_others(place):
    receipt, _ = place.sent()
    letters = place.call("receiver", "GET", "/v1/inbox?wait=20&max=100").body
    for caller in ("sender", "another"):
        items = place.call(caller, "GET", "/v1/inbox?wait=0&max=100").json()["items"]
        assert not items, f"{caller} has {items} of {receipt}, {letters[:200]}"


def test_the_table_has_every_call_that_is_described(place):
    described = yaml.safe_load((ROOT / "gateway/ingest/openapi.yaml").read_text())
    calls = {f"{method.upper()} {path}" for path, methods in described["paths"].items()
             for method in methods if method in ("get", "put", "post", "delete", "head")}
    assert calls == {*RIGHTS, *OPEN}


# What a partner sends about a dossier for which it may not speak: refused or kept, it holds up nothing.

CODE = "000.12.40.H09-250512-0037"  # also of the dossier in the letter
NO_AGENCY = "000.99.99.H09"
LETTER = (ROOT / "deploy/samples/edxml_handoff.edxml").read_bytes()
STRANGER = {**ANOTHER, "adapters": ["lienthong-xml", "edxml", "dvcqg-json"], "invalid": "parked"}


def handoff(message, sender=documents.COMMUNE, competent=documents.DISTRICT):
    """About the one dossier, whoever says it."""
    return documents.native_xml(message, CODE, sender=sender).replace(
        f"<CompetentAgency>{documents.DISTRICT}".encode(), f"<CompetentAgency>{competent}".encode())


REFUSED = {"foreign": (handoff("x-1"), XML),
           "foreign, and names no agency": (handoff("x-2", competent=NO_AGENCY), XML)}
STEP = documents.progress_item(CODE, "x", status="77")  # there is no such status
KEPT = {"foreign, and invalid": (documents.dvcqg_progress([STEP], documents.COMMUNE), JSON),
        "of an agency that is none": (handoff("x-3", NO_AGENCY), XML)}


def assert_free(gateway, dead):
    """What was kept is dead and nobody's dossier; that goes on with the next of who may speak for it."""
    assert gateway.metric("lienthong_spool_dead") == dead
    assert gateway.get(f"/v1/dossiers/{CODE}", STRANGER["id"]).status == 404
    receipt = gateway.accept(handoff("good"))[0]
    assert receipt["state"] == "accepted", receipt
    assert gateway.get(f"/v1/dossiers/{CODE}", STRANGER["id"]).status == 404
    assert gateway.metric("lienthong_spool_parked") == 0


def test_what_is_posted_never_holds_up_anothers_dossier(gateways):
    gateway = gateways(partners=[*PARTNERS, STRANGER])
    for name, document in REFUSED.items():
        answer = gateway.post(*document, STRANGER["id"])
        assert (answer.status, answer.json()["code"]) == (403, "foreign-agency"), name
    for name, document in KEPT.items():
        receipt, = gateway.accept(*document, STRANGER["id"])
        assert receipt["state"] == "dead", name
        told = gateway.get(f"/v1/handoffs/{receipt['receipt']}", STRANGER["id"]).json()
        assert (told["state"], told["dossier"]) == ("dead", CODE), name
    assert_free(gateway, len(KEPT))


def test_what_is_dropped_never_holds_up_anothers_dossier(gateways, tmp_path):
    folder = tmp_path / "drop"
    folder.mkdir()
    gateway = gateways(partners=[*PARTNERS, {**STRANGER, "collect": {"drop": str(folder)}}])
    for number, (document, media_type) in enumerate([*REFUSED.values(), *KEPT.values()]):
        (folder / f".{number}").write_bytes(document)
        os.rename(folder / f".{number}", folder / f"{number}.{media_type.partition('/')[2]}")
    until(lambda: not list(folder.glob("*.*ml")) + list(folder.glob("*.json")))
    assert len(list((folder / "failed").glob("*.problems.json"))) == len(REFUSED)
    assert_free(gateway, len(KEPT))


def test_what_is_fetched_never_holds_up_anothers_dossier(gateways, tmp_path):
    exchange = Exchange(tmp_path / "exchange")
    (tmp_path / "secret").write_text("mat-khau")
    axis = {**STRANGER, "adapters": ["edxml"], "collect": {"poll_every_ms": 1000},
            "deliver": {"by": "none", "url": f"http://127.0.0.1:{exchange.port}",
                        "user": "he-thong", "password_file": str(tmp_path / "secret")}}
    exchange.put("foreign", LETTER)
    exchange.put("foreign-and-wrong", LETTER.replace(b"157/PCHS", b"158/PCHS").replace(
        b"000.00.40.H09", NO_AGENCY.encode()))
    try:
        gateway = gateways(partners=[*PARTNERS, axis])
        until(lambda: len(exchange.lines("marks")) == 2)
        assert_free(gateway, 2)
        # Nor does one become an event by being let go.
        lines = gateway.run("entries", "--state", "dead", "--json").stdout.splitlines()
        for receipt in [json.loads(line)["receipt"] for line in lines]:
            done = gateway.run("entry", "release", receipt, "--reason", "thử", "--may-be-stale", check=False)
            assert done.returncode == 1 and "still not valid" in done.stderr, done
        assert len(lines) == gateway.metric("lienthong_spool_dead") == 2
    finally:
        exchange.end()


def test_a_broken_document_of_who_may_speak_holds_up_its_dossier(gateways):
    gateway = gateways(partners=[{**PARTNERS[0], "invalid": "parked"}, *PARTNERS[1:]])
    assert gateway.accept(handoff("bad", competent=NO_AGENCY))[0]["state"] == "dead"
    assert gateway.accept(handoff("good"))[0]["state"] == "parked"
