# SPDX-License-Identifier: Apache-2.0
"""Every dossier's events reach every partner in order, each at least once, though partners fail at
random; duplicates only where a connection broke.  The full size:

    pytest tests/e2e/test_delivery_order.py -s --order-dossiers 1000 --order-events 20
"""
import time

import pytest

from harness import documents
from harness.delivering import (FAST, Sender, dossier_plan, findings_at, listed, rows, send_all)
from harness.patience import SLOWER

pytestmark = pytest.mark.broker
SEED = "20250701"
ADAPTERS = ["lienthong-xml"] * 4 + ["dvcqg-json"] * 3 + ["edxml"] * 3
DISTRICTS = [f"000.00.{number}.H09" for number in range(40, 48)]
KINDS = ("RECEIVED", "HANDED_OFF", "STEP_RECORDED", "CORRECTED")
# What goes wrong, and how often, in the order in which the dice are thrown.
FAILURES = [{"kind": "close", "share": 0.03}, {"kind": "status", "status": 500, "share": 0.03},
            {"kind": "status", "status": 503, "share": 0.02}, {"kind": "error", "share": 0.03},
            {"kind": "status", "status": 429, "retry_after": "1", "share": 0.005},
            {"kind": "slow", "delay": 0.2, "share": 0.02}, {"kind": "cut", "share": 0.01},
            {"kind": "garbage", "share": 0.01}, {"kind": "hang", "delay": 12, "share": 0.002}]


@pytest.fixture
def ten(partners):
    """Eight speak for a district each; the last two only subscribe.  All get everything."""
    made = []
    for number, adapter in enumerate(ADAPTERS):
        agencies = DISTRICTS[number:number + 1] or [f"H{number + 30}"]
        made.append(partners(
            f"noi-{number}", adapter, agencies=agencies, seed=f"{SEED}-{number}",
            deliver={"subscriptions": [{}], "concurrency": 16, "timeout_ms": 5000 * SLOWER}))
    return made


def report(gateway, ten, sent, seconds):
    requests = [one for partner in ten for one in partner.requests()]
    taken = sum(one.is_taken for one in requests)
    broken = sum(one.is_taken and one.fate == "broken" for one in requests)
    print(f"\norder: {len(sent)} events of {len({one.dossier for one in sent})} dossiers to "
          f"{len(ten)} partners in {seconds:.0f} s: {len(requests)} requests, {taken} taken, "
          f"{broken} of them with a broken answer, "
          f"{sum(partner.state()['logins'] for partner in ten)} logins; "
          f"memory {gateway.rss_kib()} KiB, {gateway.peak_kib()} KiB at most")


def test_each_partner_sees_each_dossiers_events_in_order(gateways, kafka, registry, ten, request):
    count = request.config.getoption("--order-dossiers")
    events = request.config.getoption("--order-events")
    gateway = gateways(brokers=kafka.brokers, registry=registry.url, config=FAST,
                       partners=rows(ten))
    for partner in ten:
        partner.behave(*FAILURES)
    dossiers = [documents.dossier_code(number) for number in range(count)]
    began = time.monotonic()
    senders = [Sender(gateway, f"O{number}", seed=SEED).will_send(
        dossier_plan(dossiers[number::4], events, DISTRICTS, kinds=KINDS, seed=f"{SEED}-{number}"))
        for number in range(4)]
    sent = send_all(senders, timeout=120 + count * events / 20)
    for partner in ten:
        partner.wait_taken([one.key for one in sent], timeout=90 + len(sent) / 10)
    time.sleep(2)  # for anything too many
    report(gateway, ten, sent, time.monotonic() - began)

    assert len(sent) == count * events
    assert not [line for partner in ten for line in findings_at(partner, sent)]
    assert listed(gateway, "--state", "dead") == []
    for partner in ten:  # else the run would have shown nothing
        fates = {one.behaviour for one in partner.requests()}
        assert {"ok", "close", "status", "error"} <= fates, (partner.id, fates)


@pytest.mark.asan
def test_updates_follow_creations_at_the_portal(gateways, kafka, registry, partners):
    """A dossier that the portal has, though the gateway never created it there, and one that it
    lost: both end well, without a person."""
    portal = partners("cong", "dvcqg-json", agencies=["H09.40"], deliver={"subscriptions": [{}]})
    gateway = gateways(brokers=kafka.brokers, registry=registry.url, config=FAST,
                       partners=rows([portal]))
    sender, dossier = Sender(gateway, "U"), documents.dossier_code(1)
    first = sender.post(dossier, "RECEIVED")
    portal.wait_taken([first.key])
    again = sender.post(dossier, "RECEIVED", no=2)
    portal.wait_taken([again.key])
    ways = [(one.updating, one.outcome) for one in portal.requests()]
    assert ways[0] == ("False", "taken") and ways[-1] == ("True", "taken"), ways
    other = sender.post(documents.dossier_code(2), "CORRECTED")
    portal.wait_taken([other.key])
    later = [(one.updating, one.outcome) for one in portal.requests()][len(ways):]
    assert later[-1] == ("False", "taken") and len(later) <= 2, later


@pytest.mark.asan
def test_a_session_that_ended_is_begun_anew_without_an_attempt(gateways, kafka, registry, partners):
    portal = partners("cong", "dvcqg-json", agencies=["H09.40"])
    gateway = gateways(brokers=kafka.brokers, registry=registry.url, config=FAST,
                       partners=rows([portal]))
    sender = Sender(gateway, "S")
    first = sender.post(documents.dossier_code(1))
    portal.wait_taken([first.key])
    portal.expire()
    second = sender.post(documents.dossier_code(1), no=2)
    portal.wait_taken([second.key])
    assert portal.state()["logins"] == 2
    assert [one.outcome for one in portal.requests()] == ["taken", "login", "taken"]
    assert findings_at(portal, [first, second]) == []
