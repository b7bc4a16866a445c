# SPDX-License-Identifier: Apache-2.0
"""A partner leaves partners.yaml while deliveries wait for it: they follow to the system that speaks
for its agency now; where there is none they are held, with a reason, and go on when it returns."""
import pytest

from harness import documents
from harness.delivering import (FAST, Sender, findings_at, listed, rows, shown, wait_delivery)

pytestmark = pytest.mark.broker
AGENCY, BESIDE = "000.10.41.H09", "000.11.41.H09"


@pytest.fixture
def office(partners):
    return partners("se-di", "lienthong-xml", agencies=[AGENCY], deliver={"timeout_ms": 1500})


@pytest.fixture
def neighbour(partners):
    return partners("o-lai", "lienthong-xml", agencies=[BESIDE])


@pytest.fixture
def gateway(gateways, kafka, registry, office, neighbour, tmp_path):
    """It may read what partners have that come while it runs."""
    return gateways(brokers=kafka.brokers, registry=registry.url,
                    config={**FAST, "confine": {"drop_folder": str(tmp_path)}},
                    partners=rows([office, neighbour]))


def take_up(gateway, partners):
    """partners.yaml with these, in force."""
    gateway.write_partners(rows(partners))
    gateway.reload()


def two_dossiers(gateway, name, office):
    """Three events of each, which wait for the office: what comes from Kafka later would be routed
    by the partners of then."""
    sender = Sender(gateway, name)
    sent = [sender.post(documents.dossier_code(dossier), receiver=AGENCY, no=no)
            for dossier in (1, 2) for no in (1, 2, 3)]
    for one in sent:
        wait_delivery(gateway, office.id, one.key, lambda found: True)
    return sent


def wait_gone(gateway, office, sent):
    """Until the first of both dossiers is held; what is said of them."""
    return [wait_delivery(gateway, office.id, one.key, lambda found: found["state"] == "dead")
            for one in (sent[0], sent[3])]


@pytest.mark.parametrize("behaviour", ["refuse", "hang"])
def test_what_waits_is_held_with_a_reason_and_goes_on_in_order(gateway, office, neighbour,
                                                              behaviour):
    office.behave({"kind": behaviour})
    sent = two_dossiers(gateway, "G", office)
    if behaviour == "hang":
        # Under way when it goes.
        office.wait_for(lambda requests: any(one.ended_at is None for one in requests))
    else:
        wait_delivery(gateway, office.id, sent[0].key, lambda found: found["cause"])
    take_up(gateway, [neighbour])
    for held in wait_gone(gateway, office, sent):
        assert held["cause"] == "partner:gone" and office.id in held["detail"], held
        story = shown(gateway, held["delivery"])
        assert [line["kind"] for line in story["trail"]][-1] == "dead", story["trail"]
    assert len(listed(gateway, "--partner", office.id, "--state", "parked")) == 4
    assert listed(gateway, "--partner", office.id, "--state", "waiting") == []
    retried = gateway.run("deliveries", "retry", held["delivery"], "--reason", "thử", check=False)
    assert retried.returncode != 0 and office.id in retried.stderr

    gateway.stop()  # they are held beyond a restart, too
    gateway.start()
    gateway.wait_for("/readyz")
    office.behave()
    take_up(gateway, [neighbour, office])
    office.wait_taken([one.key for one in sent])
    assert findings_at(office, sent) == []
    assert neighbour.requests() == []
    story = shown(gateway, held["delivery"])
    assert [line["kind"] for line in story["trail"]][-1] == "released", story["trail"]


def test_what_waits_follows_to_the_system_that_took_over(gateway, office, neighbour, partners):
    office.behave({"kind": "refuse"})
    sent = two_dossiers(gateway, "F", office)
    wait_delivery(gateway, office.id, sent[0].key, lambda found: found["cause"])
    heir = partners("ke-thua", "lienthong-xml", agencies=[AGENCY])
    take_up(gateway, [neighbour, heir])
    heir.wait_taken([one.key for one in sent])
    assert findings_at(heir, sent) == []
    for one in sent:
        found = wait_delivery(gateway, heir.id, one.key, lambda said: said["state"] == "delivered")
        lines = [line for line in shown(gateway, found["delivery"])["trail"]
                 if line["kind"] == "rerouted"]
        assert len(lines) == 1 and office.id in lines[0]["text"] and AGENCY in lines[0]["text"]
    assert listed(gateway, "--partner", office.id) == []


def test_a_system_that_is_not_delivered_to_any_more_holds_nothing_silently(gateway, office,
                                                                          neighbour):
    office.behave({"kind": "refuse"})
    sent = two_dossiers(gateway, "N", office)
    wait_delivery(gateway, office.id, sent[0].key, lambda found: found["cause"])
    reads_kafka = {"id": office.id, "name": office.id, "agencies": [AGENCY],
                   "adapters": ["lienthong-xml"]}
    gateway.write_partners([*rows([neighbour]), reads_kafka])
    gateway.reload()
    for held in wait_gone(gateway, office, sent):
        assert held["cause"] == "partner:gone" and "deliver.by: none" in held["detail"], held
