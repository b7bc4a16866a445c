#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills the subscriber again and again, and then compares its deliveries with what Kafka holds.

    tests/e2e/subscribeloop.py --kills 60 --rebalances 8 --broker-faults 2

Events are written in transactions, of which some are aborted; the program `subscribe` makes
deliveries of them and is killed with SIGKILL at random moments; others join its consumer group,
read along and leave; the broker is killed and paused.  Afterwards each record that a
read_committed consumer sees must have made exactly one delivery, no other record one, and those of
a partition must stand in the order of their offsets.  Exit 0 when it finds nothing wrong."""
import argparse
import collections
import io
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time
import uuid

import fastavro
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

from harness import services
from harness.gateway import BUILD
from harness.patience import give_up_at
from harness.readers import read_topic

DOSSIERS = 97
PARTITIONS = 12
PROGRAM = BUILD / "tests" / "e2e" / "subscribe"


class Writer(threading.Thread):
    """Transactions of a few events each; how many records stand in committed ones."""

    def __init__(self, brokers, topic, seed):
        super().__init__()
        self.brokers, self.topic, self.random = brokers, topic, random.Random(seed)
        self.ended = threading.Event()
        self.committed = self.aborted = self.failed = self.number = 0
        text = json.loads((services.ROOT / "schemas" / "dossier-event.avsc").read_text())
        self.schema = fastavro.parse_schema(text)
        mark = fastavro.schema.fingerprint(fastavro.schema.to_parsing_canonical_form(text),
                                           "CRC-64-AVRO")
        self.prefix = b"\xc3\x01" + bytes.fromhex(mark)

    def event(self, dossier):
        stream = io.BytesIO()
        fastavro.schemaless_writer(stream, self.schema, {
            "event_id": str(uuid.UUID(int=self.number)), "event_type": "HANDED_OFF",
            "occurred_at": 1700000000000, "received_at": 1700000000000, "dossier_code": dossier,
            "source": {"system": "motcua", "format": "NATIVE_XML", "native_message_id": "1",
                       "payload_sha256": ""}, "times": {}})
        return self.prefix + stream.getvalue()

    def open(self):
        producer = Producer({"bootstrap.servers": self.brokers, "log_level": 0,
                             "transactional.id": f"writer-{uuid.uuid4()}"})
        producer.init_transactions(30)
        return producer

    def write(self, producer):
        size = self.random.randrange(1, 30)
        producer.begin_transaction()
        for _ in range(size):
            self.number += 1
            dossier = f"D-{self.number * 31 % DOSSIERS}"
            producer.produce(self.topic, self.event(dossier), dossier)
        if self.random.random() < 0.3:
            producer.flush(10)  # so that they are on the topic, and must not be delivered
            producer.abort_transaction(30)
            self.aborted += size
        else:
            producer.commit_transaction(30)
            self.committed += size

    def run(self):
        producer = None
        while not self.ended.wait(self.random.uniform(0, 0.1)):
            try:
                producer = producer or self.open()
                self.write(producer)
            except KafkaException:
                producer, self.failed = None, self.failed + 1


class Loop:
    def __init__(self, options, kafka, folder):
        self.options, self.kafka, self.folder = options, kafka, pathlib.Path(folder)
        self.random = random.Random(options.seed)
        self.prefix = f"subscribe{self.random.randrange(10**9)}."
        self.topic = self.prefix + "dossier-events"
        self.errors = []
        self.rebalances = 0
        self.faults = collections.Counter()
        self.ended = threading.Event()

    def begin(self):
        log = open(self.folder / "subscribe.log", "ab")
        return subprocess.Popen([PROGRAM, self.folder / "spool.db", self.kafka.brokers, "gw",
                                 self.prefix], stderr=log, cwd=services.ROOT)

    def rows(self):
        done = subprocess.run([PROGRAM, self.folder / "spool.db"], capture_output=True, text=True,
                              check=True, cwd=services.ROOT)
        return [line.split(" ") for line in done.stdout.splitlines()]

    def read_along(self):
        """Takes a share of the partitions away for a while."""
        other = Consumer({"bootstrap.servers": self.kafka.brokers, "group.id": "gw-deliver",
                          "enable.auto.commit": False, "auto.offset.reset": "earliest",
                          "log_level": 0})
        other.subscribe([self.topic])
        give_up = give_up_at(20)
        while not other.assignment() and time.monotonic() < give_up:
            other.poll(0.1)
        self.rebalances += bool(other.assignment())
        hold = time.monotonic() + self.random.uniform(0.2, 1.5)
        while time.monotonic() < hold:
            other.poll(0.1)
        other.close()

    def disturb(self):
        ways = [(self.kafka.kill, self.kafka.start), (self.kafka.pause, self.kafka.resume)]
        for turn in range(self.options.rebalances):
            if self.ended.wait(self.random.uniform(0.5, 4)):
                return
            self.read_along()
            if turn < self.options.broker_faults:
                down, up = ways[turn % len(ways)]
                down()
                time.sleep(self.random.uniform(0.5, 2))
                up()
                self.faults[down.__name__] += 1

    def kill_often(self, disturber):
        killed = 0
        while killed < self.options.kills or disturber.is_alive():
            process = self.begin()
            try:
                process.wait(self.random.choice([0.1, 0.5, 1, 2, 4]) *
                             self.random.uniform(0.5, 1.5))
                self.errors.append(f"ended by itself with {process.returncode}")
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            killed += 1
        return killed

    def run(self):
        self.kafka.tool("topics", "--bootstrap-server", self.kafka.brokers, "--create", "--topic",
                        self.topic, "--partitions", str(PARTITIONS))
        writer = Writer(self.kafka.brokers, self.topic, self.options.seed)
        disturber = threading.Thread(target=self.disturb)
        writer.start()
        disturber.start()
        try:
            killed = self.kill_often(disturber)
        finally:
            self.ended.set()
            writer.ended.set()
            disturber.join()
            writer.join()
        events = read_topic(self.kafka.brokers, self.topic, timeout=120)
        self.drain(len(events))
        wrong = self.errors + self.judge(events)
        print(f"{killed} kills, {self.rebalances} rebalances, broker {dict(self.faults)}: "
              f"{len(events)} events, {writer.aborted} aborted ones; {len(wrong)} wrong")
        if not writer.aborted or self.rebalances == 0:
            wrong.append("nothing was aborted, or nobody else came: it shows nothing")
        return wrong

    def drain(self, count):
        """The last run, which nobody kills before it has all."""
        process = self.begin()
        give_up = give_up_at(120)
        while len(self.rows()) < count and time.monotonic() < give_up:
            time.sleep(0.3)
        self.await_offsets()
        process.terminate()
        if process.wait(60):
            self.errors.append(f"the last run ended with {process.returncode}")

    def await_offsets(self):
        """The group's offsets come to the end, behind what ends the last transaction."""
        group = Consumer({"bootstrap.servers": self.kafka.brokers, "group.id": "gw-deliver",
                          "isolation.level": "read_committed"})
        places = [TopicPartition(self.topic, number) for number in range(PARTITIONS)]
        ends = {one.partition: group.get_watermark_offsets(one, 60)[1] for one in places}
        give_up = give_up_at(30)
        while time.monotonic() < give_up:
            found = {one.partition: max(one.offset, 0) for one in group.committed(places, 60)}
            if found == ends:
                break
            time.sleep(0.3)
        else:
            self.errors.append(f"the group is at {found}, not at {ends}")
        group.close()

    def judge(self, events):
        wanted = {(one.partition, one.offset): one.key for one in events}
        rows = [(int(partition), int(offset), dossier, cause)
                for partition, offset, dossier, cause in self.rows()]
        seen = collections.Counter(row[:2] for row in rows)
        wrong = [f"twice: {place}" for place, count in seen.items() if count > 1]
        wrong += [f"lost: {place}" for place in wanted.keys() - seen.keys()]
        wrong += [f"aborted, or no record: {place}" for place in seen.keys() - wanted.keys()]
        last = collections.defaultdict(lambda: -1)
        for partition, offset, dossier, cause in rows:
            if offset <= last[partition]:
                wrong.append(f"partition {partition}: {offset} after {last[partition]}")
            last[partition] = offset
            if cause != "-" or dossier != wanted.get((partition, offset)):
                wrong.append(f"{partition}/{offset}: {dossier} {cause}")
        return wrong


def parse(arguments=None):
    parser = argparse.ArgumentParser(description="Kill loop of the subscriber.")
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--rebalances", type=int, default=8)
    parser.add_argument("--broker-faults", type=int, default=2)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--keep", type=pathlib.Path, help="folder that stays afterwards")
    return parser.parse_args(arguments)


def main():
    options = parse()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        folder = options.keep or pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        kafka = services.Kafka(folder / "kafka")
        try:
            kafka.start()
            wrong = Loop(options, kafka, folder).run()
        finally:
            kafka.wipe()
    for line in wrong[:20]:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
