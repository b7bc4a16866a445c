# SPDX-License-Identifier: Apache-2.0
"""The proof that nobody types a dossier again: a commune posts one in each of three formats, with form
fields and three attachments; systems of each of the three formats get it; each answers.  At every
far end parsers that share nothing with the gateway (harness.farend) compare field by field.  What a
pair cannot carry must be just what `lienthong adapter pairs` says of it.

    pytest tests/e2e/test_no_reentry.py -s        prints the table
"""
import http.server
import json
import threading
import time
import urllib.error
import urllib.request

import pytest

from harness import farend, proof
from harness.delivering import FAST, rows
from harness.gateway import JSON, XML, Gateway
from harness.partner import Partner
from harness.patience import give_up_at
from harness.services import ROOT

pytestmark = [pytest.mark.broker, pytest.mark.asan]
FORMATS = ("lienthong-xml", "dvcqg-json", "edxml")
SHORT = {"lienthong-xml": "xml", "dvcqg-json": "cong", "edxml": "truc"}
COMMUNES = {"lienthong-xml": "000.12.40.H09", "dvcqg-json": "000.13.40.H09", "edxml": "000.14.40.H09"}
RECEIVERS = {"lienthong-xml": "000.00.41.H09", "dvcqg-json": "000.00.42.H09", "edxml": "000.00.43.H09"}
ANSWER = "Đã nhận đủ hồ sơ & tệp đính kèm"
# What is of the way and not of the dossier: an address is another one after a file was moved, and
# its bytes are compared instead.
OF_THE_WAY = {"documents[].uri"}
# What a dossier becomes that is posted in these formats.
EVENTS = {"lienthong-xml": "HANDED_OFF", "dvcqg-json": "RECEIVED", "edxml": "HANDED_OFF"}
PAIRS = [(sender, receiver) for sender in FORMATS for receiver in FORMATS]


class Shelf(http.server.ThreadingHTTPServer):
    """The commune's own file server, whose addresses stand in the portal's JSON."""

    def __init__(self):
        self.files, self.asked = {}, []
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.host = f"127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.asked.append(self.path)
            content = self.server.files.get(self.path)
            self.send_response(200 if content is not None else 404)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_):
            pass

    def put(self, path, content):
        self.files[path] = content
        return f"http://{self.host}{path}"


class World:
    """The gateway, three communes and three provinces, and what went between them."""

    def __init__(self, folder, kafka, registry):
        self.shelf = Shelf()
        self.senders = {name: self.partner(folder, f"xa-{SHORT[name]}", name, COMMUNES[name], {})
                        for name in FORMATS}
        wanted = [{"events": ["RECEIVED"], "procedures": [proof.PROCEDURE]}]
        self.receivers = {name: self.partner(folder, f"tinh-{SHORT[name]}", name, RECEIVERS[name],
                                             {"subscriptions": wanted}) for name in FORMATS}
        self.everyone = [*self.senders.values(), *self.receivers.values()]
        self.gateway = Gateway(folder / "gateway", brokers=kafka.brokers, registry=registry.url,
                               config=FAST, partners=rows(self.everyone, senders=[]))
        self.gateway.write_config(files={"public_url": f"http://127.0.0.1:{self.gateway.port}"})
        self.given, self.dossiers, self.arrived, self.messages, self.answers = {}, {}, {}, {}, {}

    def partner(self, folder, id_, adapter, agency, deliver):
        row = {"fetch_files_from": [self.shelf.host]} if adapter == "dvcqg-json" else {}
        return Partner(folder / id_, id_, adapter, agencies=[agency], keep=True, row=row,
                       deliver=deliver)

    def run(self):
        for partner in self.everyone:
            partner.start()
        self.gateway.run("topics", "create")
        self.gateway.start()
        self.gateway.wait_for("/readyz")
        for sender, receiver in PAIRS:
            self.hand_over(sender, receiver)
        for sender, receiver in PAIRS:
            self.await_arrival(sender, receiver)
        for sender, receiver in PAIRS:
            self.answer(sender, receiver)
        return self

    def end(self):
        for partner in self.everyone:
            partner.kill()
        self.gateway.end()
        self.shelf.shutdown()
        self.shelf.server_close()

    # There.

    def hand_over(self, sender, receiver):
        """One dossier; the portal's message names no receiver, so that one goes to all three."""
        number = PAIRS.index((sender, receiver)) + 1
        dossier = proof.Dossier(f"{COMMUNES[sender]}-250512-{number:05d}", COMMUNES[sender],
                                RECEIVERS[receiver], f"{number}/PCHS-UBND")
        body, files = self.write(sender, dossier)
        self.dossiers[sender, receiver] = dossier
        self.given[sender, receiver] = farend.facts(sender, body, files.get)
        media = JSON if sender == "dvcqg-json" else XML
        self.gateway.accept(body, media, self.senders[sender].id)

    def write(self, adapter, dossier):
        if adapter == "edxml":
            return proof.letter_edxml(dossier), {}
        if adapter == "lienthong-xml":
            for one in dossier.attachments:
                self.upload(self.senders[adapter].id, one)
            return proof.native_xml(dossier), {}
        files = {self.shelf.put(f"/{dossier.code}/{one.name}", one.content): one.content
                 for one in dossier.attachments}
        body = proof.portal_json(
            dossier, lambda one: f"http://{self.shelf.host}/{dossier.code}/{one.name}")
        return body, files

    def upload(self, partner, attachment):
        answer = self.gateway.call("PUT", f"/v1/files/{attachment.sha256}", attachment.content,
                                   self.gateway.authorised(partner, {"Content-Type": "application/pdf"}))
        assert answer.status in (200, 201, 204), answer

    def await_arrival(self, sender, receiver):
        partner, code = self.receivers[receiver], self.dossiers[sender, receiver].code
        seen = partner.wait_for(lambda seen: any(one.is_taken and one.dossier == code for one in seen),
                                60, f"the dossier of {sender}")
        request = next(one for one in seen if one.is_taken and one.dossier == code)
        document = partner.document(request)
        self.messages[sender, receiver] = message_of(receiver, document)
        self.arrived[sender, receiver] = farend.facts(receiver, document, self.fetcher(partner))

    def fetcher(self, partner):
        def fetch(address):
            """As the partner's system would: what it is given is enough, or its own key."""
            for headers in ({}, self.gateway.authorised(partner.id)):
                try:
                    with urllib.request.urlopen(urllib.request.Request(address, headers=headers),
                                                timeout=20) as answer:
                        return answer.read()
                except (urllib.error.URLError, ValueError):
                    continue
            return None
        return fetch

    # And back.

    def answer(self, sender, receiver):
        dossier, home = self.dossiers[sender, receiver], self.senders[sender]
        before = len(home.taken())
        body = proof.ANSWERS[receiver](dossier, ANSWER)
        media = JSON if receiver == "dvcqg-json" else XML
        self.gateway.accept(body, media, self.receivers[receiver].id)
        seen = home.wait_for(lambda seen: any(one.is_taken and one.dossier == dossier.code
                                              for one in seen), 60, f"the answer of {receiver}")
        assert len(home.taken()) == before + 1
        request = [one for one in seen if one.is_taken][-1]
        self.answers[sender, receiver] = farend.facts(sender, home.document(request))


@pytest.fixture(scope="module")
def world(tmp_path_factory, kafka, registry):
    made = World(tmp_path_factory.mktemp("no-reentry"), kafka, registry)
    try:
        yield made.run()
    finally:
        made.end()


@pytest.fixture(scope="module")
def losses(world):
    """{pair: {kind: {field: why}}}: what `lienthong adapter pairs` says is absent from the message
    that the pair's receiver got, or stands in a file beside it alone."""
    folders = [str(ROOT / "adapters" / name) for name in FORMATS]
    told = json.loads(world.gateway.run("adapter", "pairs", "--json", *folders).stdout)["pairs"]
    found = {}
    for pair in told:
        key = pair["from"], pair["to"]
        found[key] = {"absent": {}, "words": {}, "beside": {}}
        for one in pair["losses"]:
            if (one["event_type"], one["message"]) == (EVENTS[key[0]], world.messages.get(key)) \
                    and one["kind"] in found[key]:
                found[key][one["kind"]][one["field"]] = one["reason"]
    return found


def message_of(adapter, document):
    """Which of its format's messages a document is, by the adapter's names."""
    if adapter == "dvcqg-json":
        return json.loads(document)["service"]
    if adapter == "edxml":
        return "Status" if b"Status>" in document else "Letter"
    return "HandoffMessage"


def named(pair):
    return f"{pair[0]} to {pair[1]}"


@pytest.mark.parametrize("sender", FORMATS)
def test_what_is_posted_says_all_that_is_to_be_found(world, sender):
    for receiver in FORMATS:
        known = world.dossiers[sender, receiver].known(has_form=sender != "dvcqg-json")
        arrived, missing, other = farend.compare(known, world.given[sender, receiver])
        assert (missing, other) == ([], []) and len(arrived) == len(known)


@pytest.mark.parametrize("pair", PAIRS, ids=named)
def test_the_far_end_finds_every_field(world, losses, pair):
    """And lacks just what is said that this pair cannot carry."""
    given = {name: text for name, text in world.given[pair].items()
             if farend.field_of(name) not in OF_THE_WAY}
    arrived, missing, other = farend.compare(given, world.arrived[pair])
    assert other == [], f"{named(pair)}: altered"
    lost = {farend.field_of(name) for name in missing}
    can_be_lost = {*losses[pair]["absent"], *losses[pair]["words"]} & {farend.field_of(name) for name in given}
    assert lost == can_be_lost, f"{named(pair)}: {sorted(missing)}"
    assert len(arrived) > 15


@pytest.mark.parametrize("pair", PAIRS, ids=named)
def test_form_fields_hashes_dates_and_codes_arrive_in_every_pair(world, pair):
    """Whatever the table says: these are why the gateway is there."""
    known = world.dossiers[pair].known(has_form=pair[0] != "dvcqg-json")
    arrived, missing, other = farend.compare(known, world.arrived[pair])
    assert (missing, other) == ([], []), named(pair)
    assert len(arrived) == len(known)


@pytest.mark.parametrize("pair", PAIRS, ids=named)
def test_the_answer_comes_home(world, pair):
    found = world.answers[pair]
    assert found["dossier_code"] == world.dossiers[pair].code
    assert found["occurred_at"] == "2025-05-13T02:30:15Z"
    assert found["step.content"].startswith(ANSWER)
    assert found["step.officer"] == "Phạm Văn Thử"


def test_files_are_fetched_from_the_listed_host_alone_and_only_what_was_named(world):
    named = {path for path in world.shelf.files}
    assert world.shelf.asked and set(world.shelf.asked) <= named


def test_the_journey_tells_who_has_it(world):
    """What the sender sees of each of its dossiers: delivered to whom, and the answer."""
    for (sender, receiver), dossier in world.dossiers.items():
        answer = world.gateway.get(f"/v1/dossiers/{dossier.code}", world.senders[sender].id)
        assert answer.status == 200
        deadline = give_up_at(10)
        while world.receivers[receiver].id not in answer.body.decode():
            assert time.monotonic() < deadline, answer
            time.sleep(0.1)
            answer = world.gateway.get(f"/v1/dossiers/{dossier.code}", world.senders[sender].id)


def by_reason(fields):
    """Lines of a reason and the fields that it is of."""
    reasons = {}
    for field, why in fields.items():
        reasons.setdefault(why, []).append(field)
    return [f"{', '.join(names)}: {why}" for why, names in reasons.items()]


def test_the_table_of_what_each_pair_cannot_carry(world, losses, capsys):
    assert all(why for kinds in losses.values() for fields in kinds.values()
               for why in fields.values()), "a loss without a reason"
    with capsys.disabled():
        print("\n\nfrom             to               as               arrived")
        for pair in PAIRS:
            given = {name for name in world.given[pair]
                     if farend.field_of(name) not in OF_THE_WAY}
            arrived = sum(name in world.arrived[pair] for name in given)
            print(f"{pair[0]:16} {pair[1]:16} {world.messages[pair]:16} {arrived:3} of {len(given):3}")
            for line in by_reason({**losses[pair]["absent"], **losses[pair]["words"]}):
                print(f"      not at all: {line}")
            of_ours = {field: why for field, why in losses[pair]["beside"].items()
                       if field in {farend.field_of(name) for name in given}}
            for line in by_reason(of_ours):
                print(f"      in handoff.xml beside it alone: {line}")
