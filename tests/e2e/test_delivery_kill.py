# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the daemon at random while it delivers: no event is lost, none comes out of order, and
none comes twice but for the answers that a kill or a broken connection cost.

    pytest tests/e2e/test_delivery_kill.py -s --delivery-kills 200
"""
import random
import time

import pytest

from harness import documents
from harness.delivering import FAST, Sender, findings_at, listed, rows
from harness.patience import SLOWER
from harness.readers import FastavroDecoder, read_topic

pytestmark = pytest.mark.broker
SEED = "20250702"
DISTRICTS = ["000.00.41.H09", "000.00.42.H09", "000.00.43.H09"]
FAILURES = [{"kind": "close", "share": 0.05}, {"kind": "status", "status": 500, "share": 0.05},
            {"kind": "slow", "delay": 0.05, "share": 0.2}]


def endless_plan(number):
    """Events of ten dossiers, each toward its district, and on toward both subscribers."""
    dice = random.Random(f"{SEED}-{number}")
    counts = {documents.dossier_code(number * 100 + one): 0 for one in range(10)}
    while True:
        dossier = dice.choice(list(counts))
        counts[dossier] += 1
        yield (dossier, dice.choice(("HANDED_OFF", "STEP_RECORDED")),
               DISTRICTS[int(dossier[-1]) % 3], counts[dossier])


def kill_again_and_again(gateway, kills, dice):
    """Its times; each run lasts a while, or not even until it is ready."""
    times = []
    for number in range(kills):
        time.sleep(dice.choice([0.3, 1, 2]) * dice.uniform(0.5, 1.5) * SLOWER)
        gateway.kill()
        times.append(time.time())
        gateway.start(wait=False)
        if number % 4:  # one of four is killed while it starts
            gateway.wait_for("/readyz")
    gateway.wait_for("/readyz")
    return times


def test_kills_while_delivering_lose_and_reorder_nothing(gateways, own_kafka, registry, partners,
                                                         request):
    three = [partners(f"noi-{number}", adapter, agencies=[DISTRICTS[number]],
                      seed=f"{SEED}-{number}", deliver={"subscriptions": [{}], "concurrency": 8})
             for number, adapter in enumerate(("lienthong-xml", "dvcqg-json", "edxml"))]
    gateway = gateways(brokers=own_kafka.brokers, registry=registry.url, config=FAST,
                       partners=rows(three))
    for partner in three:
        partner.behave(*FAILURES)
    senders = [Sender(gateway, f"K{number}", seed=SEED, pause=0.02).will_send(endless_plan(number))
               for number in range(4)]
    for sender in senders:
        sender.start()
    kills = kill_again_and_again(gateway, request.config.getoption("--delivery-kills"),
                                 random.Random(SEED))
    for sender in senders:
        sender.ended.set()
    for sender in senders:
        sender.join(60)
    sent = [one for sender in senders for one in sender.sent]
    assert not [error for sender in senders for error in sender.errors] and len(sent) > 100
    for partner in three:
        partner.wait_taken([one.key for one in sent], timeout=60 + len(sent) / 10)
    time.sleep(2)
    again = sum(len(partner.taken()) - len(sent) for partner in three)
    print(f"\nkills: {len(kills)}, {len(sent)} events to {len(three)} partners, {again} came twice")

    assert not [line for partner in three for line in findings_at(partner, sent, kills)]
    assert listed(gateway, "--state", "dead") == []
    assert_one_receipt_each(gateway, own_kafka, registry, sent, three)


def assert_one_receipt_each(gateway, kafka, registry, sent, partners):
    """lienthong.deliveries tells each delivery's end exactly once, whatever was killed between."""
    wanted = {(one.key, partner.id) for one in sent for partner in partners}
    records = read_topic(kafka.brokers, gateway.topic("deliveries"), FastavroDecoder(registry.url),
                         until=lambda seen: len(seen) >= len(wanted), timeout=60)
    told = [(record.event["event_id"], record.event["partner"]) for record in records
            if record.event["outcome"] == "DELIVERED"]
    assert len(told) == len(set(told)) and set(told) == wanted
