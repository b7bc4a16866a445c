# SPDX-License-Identifier: Apache-2.0
"""The proof that nobody types a dossier again: a commune posts one in each of three formats, with form
fields and three attachments; systems of each of the three formats get it; each answers.  At every
far end parsers that share nothing with the gateway (harness.farend) compare field by field.  What a
pair cannot carry must be just what `lienthong adapter pairs` says of it.

    pytest tests/e2e/test_no_reentry.py -s        prints the table
"""
import collections
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

pytestmark = pytest.mark.broker
FORMATS = ("lienthong-xml", "dvcqg-json", "edxml")
SHORT = {"lienthong-xml": "xml", "dvcqg-json": "cong", "edxml": "truc"}
COMMUNES = {"lienthong-xml": "000.12.40.H09", "dvcqg-json": "000.13.40.H09", "edxml": "000.14.40.H09"}
RECEIVERS = {"lienthong-xml": "000.00.41.H09", "dvcqg-json": "000.00.42.H09", "edxml": "000.00.43.H09"}
ANSWER = "Đã nhận đủ hồ sơ & tệp đính kèm"
# What is of the way and not of the dossier: an address is another one after a file was moved, and
# its bytes are compared instead.
OF_THE_WAY = {"documents[].uri"}
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
        self.documents, self.given, self.dossiers, self.arrived, self.answers = {}, {}, {}, {}, {}

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
        self.documents[sender, receiver] = body
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
        inner = proof.native_xml(dossier, kind="STATUS", status=2, hand_over=False)
        form = self.shelf.put(f"/{dossier.code}/handoff.xml", inner)
        files = {form: inner}
        for one in dossier.attachments:
            files[self.shelf.put(f"/{dossier.code}/{one.name}", one.content)] = one.content

        def address(one):
            return f"http://{self.shelf.host}/{dossier.code}/{one.name}"
        return proof.portal_json(dossier, address, form), files

    def upload(self, partner, attachment):
        answer = self.gateway.call("PUT", f"/v1/files/{attachment.sha256}", attachment.content,
                                   self.gateway.authorised(partner, {"Content-Type": "application/pdf"}))
        assert answer.status in (200, 201, 204), answer

    def await_arrival(self, sender, receiver):
        partner, code = self.receivers[receiver], self.dossiers[sender, receiver].code
        seen = partner.wait_for(lambda seen: any(one.is_taken and one.dossier == code for one in seen),
                                60, f"the dossier of {sender}")
        request = next(one for one in seen if one.is_taken and one.dossier == code)
        self.arrived[sender, receiver] = farend.facts(receiver, partner.document(request),
                                                      self.fetcher(partner))

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
def pairs(world):
    return lost_by_pair(world.gateway.run("adapter", "pairs", "--json").stdout)


def lost_by_pair(text):
    """{(sender's format, receiver's): {field: why}} of `lienthong adapter pairs --json`."""
    whole = json.loads(text)
    lost = {}
    for pair in whole["pairs"] if isinstance(whole, dict) else whole:
        lost[pair["from"], pair["to"]] = {one["field"]: one["why"] for one in pair["lost"]}
    return lost


def named(pair):
    return f"{pair[0]} to {pair[1]}"


@pytest.mark.parametrize("sender", FORMATS)
def test_what_is_posted_says_all_that_is_to_be_found(world, sender):
    for receiver in FORMATS:
        dossier = world.dossiers[sender, receiver]
        arrived, missing, other = farend.compare(dossier.known(), world.given[sender, receiver])
        assert (missing, other) == ([], []) and len(arrived) > 15


@pytest.mark.parametrize("pair", PAIRS, ids=named)
def test_the_far_end_finds_every_field(world, pairs, pair):
    """And lacks just what is said that this pair cannot carry."""
    given = {name: text for name, text in world.given[pair].items()
             if farend.field_of(name) not in OF_THE_WAY}
    arrived, missing, other = farend.compare(given, world.arrived[pair])
    assert other == [], f"{named(pair)}: altered"
    lost = {farend.field_of(name) for name in missing}
    can_be_lost = set(pairs[pair]) & {farend.field_of(name) for name in given}
    assert lost == can_be_lost, f"{named(pair)}: {sorted(missing)}"
    assert len(arrived) > 15


@pytest.mark.parametrize("pair", PAIRS, ids=named)
def test_form_fields_hashes_dates_and_codes_arrive_in_every_pair(world, pair):
    """Whatever the table says: these are why the gateway is there."""
    arrived, missing, other = farend.compare(world.dossiers[pair].known(), world.arrived[pair])
    assert (missing, other) == ([], []), named(pair)
    assert len(arrived) == len(world.dossiers[pair].known())


@pytest.mark.parametrize("pair", PAIRS, ids=named)
def test_the_answer_comes_home(world, pair):
    found = world.answers[pair]
    assert found["dossier_code"] == world.dossiers[pair].code
    assert found["occurred_at"] == "2025-05-13T02:30:15Z"
    assert found["step.content"].startswith(ANSWER)
    assert found["step.officer"] == "Phạm Văn Thử"


def test_files_named_by_address_were_fetched_from_the_allowed_host_alone(world):
    asked = collections.Counter(world.shelf.asked)
    assert asked and set(asked) <= set(world.shelf.files)


def test_the_journey_tells_who_has_it(world):
    """What the sender sees of each of its dossiers: delivered to whom, and the answer."""
    for (sender, receiver), dossier in world.dossiers.items():
        answer = world.gateway.get(f"/v1/dossiers/{dossier.code}", world.senders[sender].id)
        assert answer.status == 200
        deadline = time.monotonic() + 10
        while world.receivers[receiver].id not in answer.body.decode():
            assert time.monotonic() < deadline, answer
            time.sleep(0.1)
            answer = world.gateway.get(f"/v1/dossiers/{dossier.code}", world.senders[sender].id)


def test_the_table_of_what_each_pair_cannot_carry(world, pairs, capsys):
    assert set(pairs) >= set(PAIRS)
    for pair in PAIRS:
        assert all(pairs[pair].values()), "a loss without a reason"
    with capsys.disabled():
        print("\n\nfrom             to               arrived  cannot be carried, and why")
        for sender, receiver in PAIRS:
            given = {name for name in world.given[sender, receiver]
                     if farend.field_of(name) not in OF_THE_WAY}
            arrived = sum(name in world.arrived[sender, receiver] for name in given)
            fields = {farend.field_of(name) for name in given}
            losses = [f"{field}: {why}" for field, why in pairs[sender, receiver].items()
                      if field in fields] or ["-"]
            print(f"{sender:16} {receiver:16} {arrived:3} of {len(given):3}  {losses[0]}")
            for line in losses[1:]:
                print(f"{'':44}{line}")
