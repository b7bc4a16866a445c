# SPDX-License-Identifier: Apache-2.0
"""A broker outage under load only grows the spool: acceptance goes on as before, memory stays flat,
and the backlog drains by itself.  `--outage-seconds 600` is the full test."""
import http.client
import statistics
import threading
import time

import pytest
from confluent_kafka import Producer

from harness import documents
from harness.gateway import VARIANT
from harness.patience import PATIENCE
from harness.readers import FastavroDecoder, read_topic

pytestmark = pytest.mark.broker
MEBIBYTE = 1024


class Sender(threading.Thread):
    """Posts one handoff after another and keeps how long each took, in seconds."""

    def __init__(self, gateway, number, per_second):
        super().__init__(daemon=True)
        self.gateway, self.number, self.pause = gateway, number, 1 / per_second
        self.ended = threading.Event()
        self.latencies, self.accepted, self.refused = [], [], []

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=30)
        headers = self.gateway.authorised("motcua-phucuong", {"Content-Type": "application/xml"})
        while not self.ended.wait(self.pause):
            name = f"OUT-{self.number}-{len(self.latencies):06d}"
            dossier = documents.dossier_code(self.number * 1000 + len(self.latencies) % 500)
            started = time.monotonic()
            connection.request("POST", "/v1/handoffs", documents.native_xml(name, dossier), headers)
            answer = connection.getresponse()
            body = answer.read()
            self.latencies.append((started, time.monotonic() - started))
            (self.accepted if answer.status == 202 else self.refused).append((name, body[:200]))
        connection.close()


def p99(latencies, since, until):
    chosen = sorted(took for started, took in latencies if since <= started < until)
    assert len(chosen) > 50, "too few requests to speak of"
    return statistics.quantiles(chosen, n=100)[98]


def test_a_broker_outage_only_grows_the_spool(gateways, own_kafka, registry, request):
    seconds = request.config.getoption("--outage-seconds")
    gateway = gateways(brokers=own_kafka.brokers, registry=registry.url)
    gateway.wait_published(gateway.accept(documents.native_xml("OUT-0", "000.12.40.H09-250512-0001")
                                          )[0]["receipt"])
    senders = [Sender(gateway, number, per_second=60) for number in range(4)]
    for sender in senders:
        sender.start()
    before = time.monotonic()
    time.sleep(max(4, min(seconds / 4, 30)))
    start, outage = gateway.rss_kib(), time.monotonic()
    own_kafka.stop()
    time.sleep(seconds / 2)
    middle = gateway.rss_kib()
    time.sleep(seconds / 2)
    late = gateway.rss_kib()
    back = time.monotonic()
    own_kafka.start()
    for sender in senders:
        sender.ended.set()
        sender.join()

    assert not [refused for sender in senders for refused in sender.refused]
    latencies = [one for sender in senders for one in sender.latencies]
    usual, during = p99(latencies, before, outage), p99(latencies, outage, back)
    print(f"p99 before {usual * 1000:.1f} ms, during {during * 1000:.1f} ms; "
          f"memory {start} KiB before, {middle} KiB in the middle, {late} KiB late")
    assert during < max(3 * usual, 0.25 * PATIENCE)
    # SQLite's page cache fills up to its 64 MiB first; after that nothing grows any more.
    if VARIANT == "release":  # a sanitizer's memory is its own
        assert late - start < 80 * MEBIBYTE
        assert late - middle < 4 * MEBIBYTE or seconds < 240

    wanted = {name for sender in senders for name, _ in sender.accepted} | {"OUT-0"}
    records = read_topic(own_kafka.brokers, gateway.topic(), FastavroDecoder(registry.url),
                         until=lambda seen: len(seen) >= len(wanted), timeout=120)
    names = [record.event["source"]["native_message_id"] for record in records]
    assert sorted(names) == sorted(wanted)


def test_the_broker_may_be_away_when_the_daemon_starts(gateways, own_kafka, registry):
    gateway = gateways(brokers=own_kafka.brokers, registry=registry.url)
    gateway.wait_published(gateway.accept(documents.native_xml("A-1", "000.12.40.H09-250512-0001")
                                          )[0]["receipt"])
    own_kafka.stop()
    gateway.kill()
    gateway.start()
    receipt = gateway.accept(documents.native_xml("A-2", "000.12.40.H09-250512-0001", no=2)
                             )[0]["receipt"]
    own_kafka.start()
    gateway.wait_published(receipt, timeout=90)
    assert len(read_topic(own_kafka.brokers, gateway.topic())) == 2


def test_a_broker_that_hangs_stops_nothing(gateways, own_kafka, registry):
    gateway = gateways(brokers=own_kafka.brokers, registry=registry.url)
    gateway.wait_published(gateway.accept(documents.native_xml("H-0", "000.12.40.H09-250512-0001")
                                          )[0]["receipt"])
    own_kafka.pause()
    receipts = [gateway.accept(documents.native_xml(f"H-{n}", documents.dossier_code(n)))[0]["receipt"]
                for n in range(1, 50)]
    time.sleep(3)
    own_kafka.resume()
    for receipt in receipts:
        gateway.wait_published(receipt, timeout=90)
    assert len(read_topic(own_kafka.brokers, gateway.topic())) == 50


def test_a_stop_during_an_outage_is_clean_and_in_time(gateways, own_kafka, registry):
    gateway = gateways(brokers=own_kafka.brokers, registry=registry.url)
    own_kafka.kill()
    gateway.accept(documents.native_xml("S-1", "000.12.40.H09-250512-0001"))
    started = time.monotonic()
    gateway.stop()
    assert time.monotonic() - started < 40
    own_kafka.start()
    gateway.start()
    records = read_topic(own_kafka.brokers, gateway.topic(), until=lambda seen: len(seen) >= 1)
    assert len(records) == 1


def test_a_transaction_that_hangs_is_named_and_publishing_goes_on_behind_it(gateways, kafka, registry):
    """As Kafka leaves one when its coordinator forgets to end it: here another producer's."""
    gateway = gateways(brokers=kafka.brokers, registry=registry.url, config={
        "kafka": {"properties": ["transaction.timeout.ms=6000", "socket.timeout.ms=5000"]}})
    first = gateway.accept(documents.native_xml("HANG-1", documents.dossier_code(1)))[0]
    gateway.wait_published(first["receipt"])
    gateway.stop()
    foreign = Producer({"bootstrap.servers": kafka.brokers, "transactional.id": gateway.topic("foreign")})
    foreign.init_transactions()
    foreign.begin_transaction()
    foreign.produce(gateway.topic("progress"), b"1 1", b"foreign", partition=0)
    foreign.flush()
    gateway.start()
    second = gateway.accept(documents.native_xml("HANG-2", documents.dossier_code(2)))[0]
    gateway.wait_for_log("a transaction that Kafka does not end holds it at offset ", timeout=40)
    said = gateway.run("status", check=False).stdout
    assert "kafka-transactions.sh" in said, said
    assert gateway.get(f"/v1/handoffs/{second['receipt']}").json()["state"] == "accepted"
    foreign.abort_transaction()
    gateway.wait_published(second["receipt"], timeout=60)
    assert len(read_topic(kafka.brokers, gateway.topic())) == 2
