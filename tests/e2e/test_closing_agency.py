# SPDX-License-Identifier: Apache-2.0
"""Districts ended on 30 June 2025.  What is addressed to one of them goes where its work went, from
the day after on and not before; and what waits for an agency when it closes goes on to its
successor, with a line in its record."""
import datetime
import re
import sqlite3
import time

import pytest

from harness import documents
from harness.delivering import (FAST, Sender, delivery_of, findings_at, listed, rows, shown,
                                wait_delivery)
from harness.gateway import PARTNERS
from harness.readers import FastavroDecoder, read_topic
from harness.services import ROOT

pytestmark = pytest.mark.broker
DISTRICT, COMMUNE_NOW = "000.00.40.H09", "H29.747"
ZONE = datetime.timezone(datetime.timedelta(hours=7))
NOW_SENDER = {"id": "motcua-thudaumot-moi", "name": "Một cửa phường Thủ Dầu Một",
              "agencies": [COMMUNE_NOW], "adapters": ["lienthong-xml"]}


def receipt_of(gateway, kafka, registry, event_id):
    """What lienthong.deliveries says of an event; its one line."""
    records = read_topic(kafka.brokers, gateway.topic("deliveries"), FastavroDecoder(registry.url),
                         until=lambda seen: any(one.event["event_id"] == event_id for one in seen))
    found = [one.event for one in records if one.event["event_id"] == event_id]
    assert len(found) == 1, found
    return found[0]


@pytest.fixture
def offices(partners):
    """The district's system, which still stands somewhere, and the one of the city that took over."""
    return (partners("tdm-cu", "lienthong-xml", agencies=[DISTRICT]),
            partners("tp-hcm", "lienthong-xml", agencies=["H29"]))


@pytest.fixture
def gateway(gateways, kafka, registry, offices):
    return gateways(brokers=kafka.brokers, registry=registry.url, config=FAST,
                    partners=rows(offices, senders=[PARTNERS[0], NOW_SENDER]))


def test_an_old_code_after_the_district_ended_reaches_the_successor(gateway, kafka, registry,
                                                                    offices):
    old, new = offices
    sender = Sender(gateway, "A", partner=NOW_SENDER["id"])
    sent = sender.post(f"{COMMUNE_NOW}-250702-00001", receiver=DISTRICT, sender=COMMUNE_NOW,
                       at="2025-07-02T09:00:00+07:00")
    new.wait_taken([sent.key])
    assert findings_at(new, [sent]) == [] and old.requests() == []
    receipt = receipt_of(gateway, kafka, registry, sent.key)
    assert (receipt["outcome"], receipt["partner"]) == ("DELIVERED", new.id)
    told = f"{receipt['agency']} {receipt['reason']}"
    assert re.search(r"000\.00\.40\.H09|H09\.40", told) and re.search(r"\bH29\b", told), told


def test_what_is_dated_before_is_not_redirected(gateway, kafka, registry, offices):
    old, new = offices
    sent = Sender(gateway, "B").post(documents.dossier_code(2, day="250630"), receiver=DISTRICT,
                                     at="2025-06-30T23:30:00+07:00")
    old.wait_taken([sent.key])
    assert findings_at(old, [sent]) == [] and new.requests() == []
    assert receipt_of(gateway, kafka, registry, sent.key)["partner"] == old.id


def test_the_reason_can_be_asked_for(gateway, offices):
    old, new = offices
    sent = Sender(gateway, "C", partner=NOW_SENDER["id"]).post(
        f"{COMMUNE_NOW}-250702-00003", receiver=DISTRICT, sender=COMMUNE_NOW,
        at="2025-07-02T09:00:00+07:00")
    new.wait_taken([sent.key])
    told = gateway.run("route", "explain", sent.receipt).stdout
    assert new.id in told and "H29" in told and re.search(r"000\.00\.40\.H09|H09\.40", told), told


def closing(text, code, day, successor):
    """agencies.csv in which one more agency ended on that day."""
    changed, count = re.subn(rf"^({re.escape(code)},.*,)(\d{{8}}),,$", rf"\g<1>\g<2>,{day},{successor}",
                             text, flags=re.M)
    assert count == 1, f"{code} is not one open row"
    return changed


def let_days_pass(gateway, days):
    """The daemon stands still meanwhile, and what waits in its spool has waited so much longer."""
    gateway.stop()
    spool = sqlite3.connect(gateway.settings["spool"]["file"])
    with spool:
        spool.execute("UPDATE arrival SET arrived_at = arrived_at - ?", (days * 86_400_000,))
    spool.close()
    gateway.start()
    gateway.wait_for("/readyz")


def test_what_waits_for_an_agency_that_closes_goes_on_to_its_successor(gateways, kafka, registry,
                                                                       partners, tmp_path):
    today = datetime.datetime.now(ZONE).date()
    yesterday, before = today - datetime.timedelta(days=1), today - datetime.timedelta(days=2)
    agencies = tmp_path / "agencies.csv"
    text = (ROOT / "deploy" / "agencies.csv").read_text()
    agencies.write_text(text)
    ends = partners("phu-loi", "lienthong-xml", agencies=["H29.750"])
    stays = partners("binh-duong", "lienthong-xml", agencies=["H29.760"])
    ends.behave({"kind": "refuse"})
    gateway = gateways(brokers=kafka.brokers, registry=registry.url,
                       config={**FAST, "directory": {"agencies": str(agencies)}},
                       partners=rows([ends, stays], senders=[NOW_SENDER]))
    sender = Sender(gateway, "D", partner=NOW_SENDER["id"])
    dossier = f"{COMMUNE_NOW}-{before:%y%m%d}-00004"
    sent = [sender.post(dossier, receiver="H29.750", sender=COMMUNE_NOW, no=no,
                        at=f"{before}T09:00:00+07:00") for no in range(1, 4)]
    waiting = wait_delivery(gateway, ends.id, sent[0].key, lambda one: one["cause"])
    assert waiting["state"] == "waiting"
    for one in sent[1:]:
        wait_delivery(gateway, ends.id, one.key, lambda found: True)

    let_days_pass(gateway, 2)
    agencies.write_text(closing(text, "H29.750", f"{yesterday:%Y%m%d}", "H29.760"))
    gateway.reload()
    stays.wait_taken([one.key for one in sent])
    assert findings_at(stays, sent) == []
    assert listed(gateway, "--partner", ends.id, "--state", "waiting") == []
    for one in sent:
        story = shown(gateway, delivery_of(gateway, stays.id, one.key)["delivery"])
        lines = [line for line in story["trail"] if line["kind"] == "rerouted"]
        assert len(lines) == 1 and "H29.750" in lines[0]["text"] and "H29.760" in lines[0]["text"]
    ends.behave()
    time.sleep(2)
    assert ends.requests() == []
