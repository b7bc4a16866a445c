# SPDX-License-Identifier: Apache-2.0
"""The subscriber of a running daemon: what operators see of it, and the word that it waits for."""
import json
import time

import pytest
from confluent_kafka import Consumer, TopicPartition

from harness import documents
from harness.patience import give_up_at

pytestmark = pytest.mark.broker


def subscriber(gateway):
    return json.loads(gateway.run("status", "--json").stdout)["subscriber"]


def wait_for(gateway, timeout=30, **wanted):
    deadline = give_up_at(timeout)
    while True:
        found = subscriber(gateway)
        if all(found.get(name) == value for name, value in wanted.items()):
            return found
        assert time.monotonic() < deadline, f"{found}, not {wanted}:\n{gateway.log()[-2000:]}"
        time.sleep(0.1)


def take_one(gateway, number, total):
    """One more handoff comes back from Kafka."""
    message = documents.native_xml(f"SUB-{number}", documents.dossier_code(number))
    gateway.wait_published(gateway.accept(message)[0]["receipt"])
    deadline = give_up_at(30)
    while gateway.metric("lienthong_subscribed_total") < total:
        assert time.monotonic() < deadline, gateway.log()[-2000:]
        time.sleep(0.1)


def replace_topic(gateway, kafka):
    server = ("--bootstrap-server", kafka.brokers)
    kafka.tool("topics", *server, "--delete", "--topic", gateway.topic())
    deadline = give_up_at(30)
    while gateway.topic() in kafka.tool("topics", *server, "--list")[0].split():
        assert time.monotonic() < deadline
    gateway.run("topics", "create")


@pytest.mark.parametrize("is_running", [False, True])
def test_a_topic_made_anew_holds_it_until_a_person_has_spoken(gateway, kafka, is_running):
    take_one(gateway, 1, 1)
    wait_for(gateway, state="running", lag=0)
    if not is_running:
        gateway.stop()
    replace_topic(gateway, kafka)

    if not is_running:
        gateway.start()
    held = wait_for(gateway, timeout=60, state="held")
    assert gateway.topic() in held["why"] and "partition" in held["why"]
    said = gateway.run("subscriber", "resume", "--from", "start").stdout
    assert "start" in said
    wait_for(gateway, state="running")
    take_one(gateway, 2, 2 if is_running else 1)
    wait_for(gateway, state="running", lag=0)


def test_a_broker_that_comes_back_is_read_on(gateways, own_kafka):
    gateway = gateways(brokers=own_kafka.brokers)
    take_one(gateway, 1, 1)
    own_kafka.kill()
    wait_for(gateway, state="waiting")
    own_kafka.start()
    wait_for(gateway, state="running", timeout=60)
    take_one(gateway, 2, 2)


def test_a_silent_broker_does_not_hold_up_a_stop(gateways, own_kafka):
    gateway = gateways(brokers=own_kafka.brokers)
    wait_for(gateway, state="running")
    own_kafka.pause()
    try:
        gateway.stop(timeout=30)
    finally:
        own_kafka.resume()


def is_read(gateway, kafka, partition):
    """Whether the group has come to the end of it, empty as it is."""
    group = Consumer({"bootstrap.servers": kafka.brokers,
                      "group.id": gateway.settings["kafka"]["gateway_id"] + "-deliver"})
    try:
        return group.committed([TopicPartition(gateway.topic(), partition)], 10)[0].offset >= 0
    finally:
        group.close()


@pytest.mark.slow
def test_partitions_that_were_added_while_it_was_away_are_read(gateway, kafka):
    wait_for(gateway, state="running")
    gateway.kill()
    kafka.tool("topics", "--bootstrap-server", kafka.brokers, "--alter", "--topic",
               gateway.topic(), "--partitions", "24")
    gateway.start()
    gateway.wait_for_log("subscriber.share")
    deadline = give_up_at(150)
    while not is_read(gateway, kafka, 23):
        assert time.monotonic() < deadline, gateway.log()[-2000:]
        time.sleep(1)
