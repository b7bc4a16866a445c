#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills the daemon again and again under load, and then counts what Kafka holds.

    tests/e2e/killloop.py --kills 200 --handoffs 20000 --broker-faults 6

Clients send native XML and national-portal documents of many dossiers, each dossier's next event
only after the one before was accepted, and repeat a request until it is answered.  Meanwhile the
daemon is killed with SIGKILL at random moments, also while it starts, and the broker is stopped,
killed and paused.  Afterwards a read_committed consumer must hold every accepted handoff exactly
once, each dossier's events in the order of acceptance, and nothing else.  The judge sees only HTTP
answers and Kafka records.  Exit 0 when it finds nothing wrong."""
import argparse
import collections
import http.client
import json
import pathlib
import random
import sys
import tempfile
import threading
import time

from confluent_kafka import Consumer

from harness import documents, services
from harness.gateway import JSON, XML, Gateway
from harness.judge import judge
from harness.readers import FastavroDecoder, read_topic

COMMUNE_PARTNER, PROVINCE_PARTNER = "motcua-phucuong", "tinh-binhduong"
RETRY_STATUSES = {429, 503}


class Client(threading.Thread):
    """One sender with dossiers of its own, so that their order of acceptance is known."""

    def __init__(self, loop, number):
        super().__init__(daemon=True)
        self.loop, self.number = loop, number
        self.random = random.Random(f"{loop.options.seed}-{number}")
        self.dossiers = [documents.dossier_code(number * 1000 + n)
                         for n in range(loop.options.dossiers)]
        self.connection = None
        self.sent = 0
        self.accepted = []
        self.answers = collections.Counter()
        self.errors = []

    def run(self):
        try:
            while not self.loop.ended.is_set():
                self.send(*self.next_document())
                if self.loop.options.pause:
                    time.sleep(self.loop.options.pause)
        except Exception as error:  # a dead client must fail the run, not shorten it
            self.errors.append(f"client {self.number}: {error!r}")

    def token(self):
        self.sent += 1
        return f"K{self.number:02d}-{self.sent:06d}"

    def next_document(self):
        if self.random.random() < 0.7:
            dossier, token = self.random.choice(self.dossiers), self.token()
            return ([(dossier, token)], documents.native_xml(token, dossier, no=self.sent % 99),
                    XML, COMMUNE_PARTNER)
        items = [(self.random.choice(self.dossiers), self.token())
                 for _ in range(self.random.randint(1, 4))]
        body = documents.dvcqg_progress([documents.progress_item(*item) for item in items])
        return items, body, JSON, PROVINCE_PARTNER

    def send(self, items, body, media_type, partner):
        """Until it is answered; now and then once more, as a partner does who lost the answer."""
        receipts = self.until_answered(body, media_type, partner)
        self.take(items, receipts)
        if self.random.random() < 0.03:
            again = self.until_answered(body, media_type, partner)
            if [one["receipt"] for one in again] != [one["receipt"] for one in receipts]:
                self.errors.append(f"{items}: other receipts when repeated")
            self.take(items, [one for one in again if not one["repeated"]])

    def take(self, items, receipts):
        for receipt in receipts:
            dossier, token = items[receipt["item"]]
            if receipt["dossier"] != dossier:
                self.errors.append(f"{token}: receipt for {receipt['dossier']}, not {dossier}")
            self.accepted.append((dossier, token, receipt["event_id"]))

    def until_answered(self, body, media_type, partner):
        headers = self.loop.gateway.authorised(partner, {"Content-Type": media_type})
        while True:
            status, answer = self.one_try(body, headers)
            self.answers[status] += 1
            if status in (200, 202):
                return json.loads(answer)["receipts"]
            if status is not None and status not in RETRY_STATUSES:
                raise RuntimeError(f"{status}: {answer[:400]!r}")
            time.sleep(self.random.uniform(0.01, 0.1))

    def one_try(self, body, headers):
        """(status, body), or (None, the error) when there was no whole answer."""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.loop.gateway.port,
                                                             timeout=20)
            self.connection.request("POST", "/v1/handoffs", body, headers)
            answer = self.connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            self.connection = None
            return None, str(error).encode()


class Watcher(threading.Thread):
    """Counts the records that are committed while the kills go on: without any, the run would prove
    little about publishing."""

    def __init__(self, loop):
        super().__init__(daemon=True)
        self.loop, self.count = loop, 0

    def run(self):
        consumer = Consumer({"bootstrap.servers": self.loop.kafka.brokers, "group.id": "watcher",
                             "auto.offset.reset": "earliest", "enable.auto.commit": False,
                             "isolation.level": "read_committed", "log_level": 0})
        consumer.subscribe([self.loop.gateway.topic()])
        while not self.loop.ended.is_set():
            message = consumer.poll(0.2)
            if message is not None and not message.error():
                self.count += 1
        consumer.close()


class Loop:
    def __init__(self, options, kafka, registry, folder):
        self.options, self.kafka, self.registry = options, kafka, registry
        self.random = random.Random(options.seed)
        self.gateway = Gateway(folder, brokers=kafka.brokers, registry=registry.url)
        self.ended = threading.Event()
        self.kills = self.early_kills = self.broker_faults = 0
        self.trouble = []

    def run(self):
        """The findings; empty when all is well."""
        self.gateway.run("topics", "create")
        self.gateway.start()
        self.gateway.wait_for("/readyz")
        clients = [Client(self, number) for number in range(self.options.clients)]
        watcher, breaker = Watcher(self), threading.Thread(target=self.break_broker, daemon=True)
        started = time.monotonic()
        for thread in (*clients, watcher, breaker):
            thread.start()
        self.kill_again_and_again(clients)
        breaker.join()
        self.ended.set()
        for thread in (*clients, watcher):
            thread.join(120)
        self.load_seconds = time.monotonic() - started
        return self.conclude(clients, watcher)

    def kill_again_and_again(self, clients):
        while self.kills < self.options.kills or self.accepted_of(clients) < self.options.handoffs:
            if any(client.errors for client in clients):
                return
            time.sleep(self.wait_before_kill())
            if self.kills < self.options.kills:
                self.kill_once()

    def wait_before_kill(self):
        """Half of the kills come so soon that nothing is published between them."""
        return self.random.choice([self.random.uniform(0.02, 0.5), self.random.uniform(0.5, 2.5)])

    def kill_once(self):
        self.gateway.kill()
        self.kills += 1
        self.gateway.start(wait=False)
        if self.kills < self.options.kills and self.random.random() < 0.2:
            time.sleep(self.random.uniform(0, 0.25))
            self.gateway.kill()
            self.kills += 1
            self.early_kills += 1
            self.gateway.start(wait=False)
        self.gateway.wait_for("/healthz")

    def break_broker(self):
        """The broker goes in three ways in turn, each for a few seconds, with peace between."""
        ways = [(self.kafka.kill, self.kafka.start), (self.kafka.pause, self.kafka.resume),
                (self.kafka.stop, self.kafka.start)]
        try:
            for number in range(self.options.broker_faults):
                time.sleep(self.random.uniform(3, 6))
                away, back = ways[number % len(ways)]
                away()
                time.sleep(self.random.uniform(1, 5))
                back()
                self.broker_faults += 1
        except Exception as error:
            self.trouble.append(f"the broker's faults: {error!r}")

    @staticmethod
    def accepted_of(clients):
        return sum(len(client.accepted) for client in clients)

    def conclude(self, clients, watcher):
        findings = [error for client in clients for error in client.errors] + self.trouble
        findings += [f"client {client.number} hangs" for client in clients if client.is_alive()]
        accepted = [one for client in clients for one in client.accepted]
        records = self.read_all(len(accepted))
        self.gateway.stop()
        findings += judge(accepted, records)
        answers = sum((client.answers for client in clients), collections.Counter())
        print(f"killloop: {self.kills} kills ({self.early_kills} while starting), "
              f"{self.broker_faults} broker faults, {self.load_seconds:.0f} s of load; "
              f"{len(accepted)} handoffs of {len({one[0] for one in accepted})} dossiers accepted; "
              f"{answers[202]} times 202, {answers[200]} times 200, {answers[None]} without answer, "
              f"{sum(answers[status] for status in RETRY_STATUSES)} to retry; "
              f"{len(records)} records, {watcher.count} of them seen while killing; "
              f"{len(findings)} findings")
        return findings

    def read_all(self, count):
        """All records, once as many as accepted are there and one pause longer for any too many."""
        topic, decode = self.gateway.topic(), FastavroDecoder(self.registry.url)
        try:
            read_topic(self.kafka.brokers, topic, until=lambda seen: len(seen) >= count,
                       timeout=180)
        except TimeoutError as error:
            print(f"killloop: {error}", file=sys.stderr)
        time.sleep(3)
        return [(record.event["dossier_code"], token_of(record.event), record.event["event_id"],
                 record.partition, record.offset)
                for record in read_topic(self.kafka.brokers, topic, decode)]


def token_of(event):
    if event["source"]["format"] == "NATIVE_XML":
        return event["source"]["native_message_id"]
    return event["step"]["content"]


def parse(arguments=None):
    parser = argparse.ArgumentParser(description="Kill loop against a real broker.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--handoffs", type=int, default=20000)
    parser.add_argument("--broker-faults", type=int, default=6)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--dossiers", type=int, default=40, help="of each client")
    parser.add_argument("--pause", type=float, default=0.02,
                        help="seconds between documents of one client")
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args(arguments)
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 32)
    return options


def main():
    options = parse()
    print(f"killloop: seed {options.seed}")
    with tempfile.TemporaryDirectory(prefix="lienthong-killloop-") as name:
        folder = pathlib.Path(name)
        kafka, registry = services.Kafka(folder / "kafka"), services.Registry(folder / "registry")
        try:
            kafka.start()
            registry.start()
            findings = Loop(options, kafka, registry, folder / "gateway").run()
        finally:
            kafka.wipe()
            registry.wipe()
    for finding in findings[:50]:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
