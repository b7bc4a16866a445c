# SPDX-License-Identifier: Apache-2.0
"""Deliveries over HTTP/2, chosen by ALPN, to a server that is not ours: multiplexed within the
partner's limits, and sent again under the same key when a stream or a connection is ended."""
import base64
import random
import time

import pytest

from harness import documents
from harness.delivering import FAST, Sender, findings_at, rows, wait_delivery
from harness.patience import SLOWER

pytestmark = pytest.mark.broker
AGENCY = "000.10.41.H09"


@pytest.fixture
def scene(gateways, kafka, registry, partners, authority):
    """Makes a gateway and its one partner, of which `deliver` and the server's arguments are told."""
    def make(*arguments, **deliver):
        partner = partners("h2", "lienthong-xml", agencies=[AGENCY], host="localhost",
                           certificate=authority.issue("h2", "localhost"), http2=arguments,
                           deliver={"ca_file": str(authority.ca_file), **deliver})
        gateway = gateways(brokers=kafka.brokers, registry=registry.url, config=FAST,
                           partners=rows([partner]))
        return gateway, partner
    return make


def post(gateway, name, dossiers, events=1):
    sender = Sender(gateway, name)
    return [sender.post(documents.dossier_code(dossier), receiver=AGENCY, no=no)
            for no in range(1, events + 1) for dossier in range(dossiers)]


def most_at_once(requests):
    """By when each was read and when its answer began."""
    changes = sorted([(one.at, 1) for one in requests] + [(one.ended_at, -1) for one in requests])
    most = now = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most


def test_deliveries_share_one_connection_within_the_concurrency(scene):
    gateway, partner = scene(concurrency=6)
    first = post(gateway, "W", 1)
    partner.wait_taken([one.key for one in first])
    partner.behave({"kind": "slow", "delay": 0.3})
    sent = post(gateway, "A", 18, events=2)
    partner.wait_taken([one.key for one in sent])
    partner.wait_for(lambda requests: all(one.ended_at for one in requests))
    requests = partner.requests()
    assert findings_at(partner, first + sent) == []
    assert {one.version for one in requests} == {"2"}
    assert {one.connection for one in requests} == {1}
    assert 3 <= most_at_once(requests) <= 6


def test_a_server_of_few_streams_gets_them_all(scene):
    gateway, partner = scene("--streams", "2", concurrency=8)
    partner.behave({"kind": "slow", "delay": 0.1})
    sent = post(gateway, "S", 12, events=2)
    partner.wait_taken([one.key for one in sent])
    assert findings_at(partner, sent) == []
    assert {one.version for one in partner.requests()} == {"2"}


@pytest.mark.parametrize("kind, cause", [("reset", "connect:http2"), ("goaway", r"connect:"),
                                         ("refused", None)])
def test_what_the_server_ends_is_sent_again_under_the_same_key(scene, kind, cause):
    gateway, partner = scene(concurrency=4, timeout_ms=2000)
    partner.behave({"kind": kind} if cause else {"kind": kind, "times": 1})
    sent = post(gateway, "R", 5, events=2)
    if cause:
        said = wait_delivery(gateway, partner.id, sent[0].key, lambda found: found["cause"])
        assert said["state"] == "waiting" and said["cause"].startswith(cause), said
        assert said["attempts"] == 0, said
        time.sleep(1)
        partner.behave()
    partner.wait_taken([one.key for one in sent])
    wait_delivery(gateway, partner.id, sent[-1].key, lambda found: found["state"] == "delivered")
    assert findings_at(partner, sent) == []
    broken = [one for one in partner.requests() if one.fate == "broken"]
    assert broken and {one.key for one in broken} <= {one.key for one in sent}


def test_a_file_goes_whole_also_when_its_first_connection_goes_away(gateways, kafka, registry,
                                                                   partners, authority):
    """More than the window of a stream, read from the store as it is sent."""
    partner = partners("h2", "edxml", agencies=[documents.DISTRICT], host="localhost", keep=True,
                       certificate=authority.issue("h2", "localhost"), http2=[],
                       deliver={"ca_file": str(authority.ca_file),
                                "timeout_ms": 20000 * SLOWER})
    partner.behave({"kind": "refused", "times": 1})
    gateway = gateways(brokers=kafka.brokers, registry=registry.url, config=FAST,
                       partners=rows([partner]))
    content = random.Random("h2").randbytes(3 << 20)
    receipt = gateway.accept(documents.edxml_letter(content))[0]
    partner.wait_taken([receipt["event_id"]])
    first, last = partner.requests()
    assert first.key == last.key and last.version == "2"
    assert base64.b64encode(content) in partner.document(last)


@pytest.mark.parametrize("arguments, deliver", [(["--alpn", "http/1.1"], {}),
                                                ([], {"allow_http2": False})])
def test_without_http2_on_one_side_it_is_http_1(scene, arguments, deliver):
    gateway, partner = scene(*arguments, **deliver)
    sent = post(gateway, "O", 5, events=2)
    partner.wait_taken([one.key for one in sent])
    assert findings_at(partner, sent) == []
    assert {one.version for one in partner.requests()} == {"1.1"}
