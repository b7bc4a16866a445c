# SPDX-License-Identifier: Apache-2.0
"""A record that Kafka will never take becomes a dead letter: its lane waits behind it, visibly, and
every other lane goes on."""
import time

import pytest

from harness import documents
from harness.patience import give_up_at
from harness.readers import FastavroDecoder, read_topic

pytestmark = pytest.mark.broker
STUCK, FREE = documents.dossier_code(1), documents.dossier_code(2)


@pytest.fixture
def gateway(gateways, kafka, registry):
    """Its topic takes records of up to 20,000 bytes."""
    one = gateways(brokers=kafka.brokers, registry=registry.url)
    _, errors = kafka.tool("configs", "--bootstrap-server", kafka.brokers, "--alter",
                           "--entity-type", "topics", "--entity-name", one.topic(),
                           "--add-config", "max.message.bytes=20000")
    assert "xception" not in errors, errors
    return one


def state(gateway, receipt):
    return gateway.get(f"/v1/handoffs/{receipt}").json()


def wait_for_state(gateway, receipt, wanted, timeout=30):
    deadline = give_up_at(timeout)
    while (found := state(gateway, receipt))["state"] not in wanted:
        assert time.monotonic() < deadline, f"{found} is not {wanted}"
        time.sleep(0.1)
    return found


def test_a_record_too_large_becomes_a_dead_letter(gateway, kafka, registry):
    receipts = [gateway.accept(document)[0]["receipt"] for document in (
        documents.native_xml("L-1", STUCK),
        documents.native_xml("L-2", STUCK, padding=60),
        documents.native_xml("L-3", STUCK, no=3),
        documents.native_xml("L-4", FREE))]
    gateway.wait_published(receipts[0])
    gateway.wait_published(receipts[3])
    dead = wait_for_state(gateway, receipts[1], ("dead", "refused"))
    assert dead["cause"]
    parked = wait_for_state(gateway, receipts[2], ("parked", "waiting"))
    assert parked["behind"]

    later = gateway.accept(documents.native_xml("L-5", STUCK, no=5))[0]
    assert state(gateway, later["receipt"])["state"] in ("parked", "waiting")
    gateway.wait_published(gateway.accept(documents.native_xml("L-6", FREE, no=6))[0]["receipt"])

    decode = FastavroDecoder(registry.url)
    letters = read_topic(kafka.brokers, gateway.topic("dead-letters"), decode,
                         until=lambda seen: len(seen) >= 1)
    assert len(letters) == 1
    letter = letters[0].event
    assert letter["receipt"] == receipts[1] and letter["dossier_code"] == STUCK
    assert letter["cause"] and not [word for word in documents.PERSONAL if word in str(letter)]
    events = read_topic(kafka.brokers, gateway.topic(), decode)
    assert sorted(one.event["source"]["native_message_id"] for one in events) == \
        ["L-1", "L-4", "L-6"]


def test_a_dead_letter_is_written_once_across_a_kill(gateway, kafka):
    receipt = gateway.accept(documents.native_xml("L-1", STUCK, padding=60))[0]["receipt"]
    wait_for_state(gateway, receipt, ("dead", "refused"))
    gateway.kill()
    gateway.start()
    gateway.wait_published(gateway.accept(documents.native_xml("L-2", FREE))[0]["receipt"])
    letters = read_topic(kafka.brokers, gateway.topic("dead-letters"),
                         until=lambda seen: len(seen) >= 1)
    assert len(letters) == 1
