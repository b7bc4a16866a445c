#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills the spool and the publisher again and again, and then counts what Kafka holds.

    tests/e2e/carryloop.py --kills 60 --entries 40000 --broker-faults 6 --delay 0.03

The program `carry` adds entries and publishes them; it is killed with SIGKILL at random moments
and begins again with the first entry that it had no answer for, as a client would.  The broker's
answers come late, so that many a kill falls between a commit and the news of it; and it is stopped,
killed and paused.  Afterwards a read_committed consumer must hold each entry
exactly once, those of a dossier in the order of their numbers, and what is too large for the topic
once as a dead letter.  Exit 0 when it finds nothing wrong."""
import argparse
import collections
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time

from harness import services
from harness.gateway import BUILD
from harness.readers import read_topic
from harness.slow import SlowKafka

POISON_EVERY = 2500
TOPIC_LIMIT = 100000


class Loop:
    def __init__(self, options, kafka, folder):
        self.options, self.kafka, self.folder = options, kafka, pathlib.Path(folder)
        self.random = random.Random(options.seed)
        self.prefix = f"carry{self.random.randrange(10**9)}."
        self.answers = {}
        self.errors = []
        self.faults = collections.Counter()
        self.ended = threading.Event()

    def topic(self, name):
        return self.prefix + name

    def create_topics(self):
        plans = [("dossier-events", 12, [f"max.message.bytes={TOPIC_LIMIT}"]),
                 ("dead-letters", 3, []), ("progress", 1, ["cleanup.policy=compact"])]
        for name, partitions, settings in plans:
            extra = [word for setting in settings for word in ("--config", setting)]
            self.kafka.tool("topics", "--bootstrap-server", self.kafka.brokers, "--create",
                            "--topic", self.topic(name), "--partitions", str(partitions), *extra)

    def begin(self):
        first = next((n for n in range(1, self.options.entries + 1) if n not in self.answers),
                     self.options.entries + 1)
        log = open(self.folder / "carry.log", "ab")
        return subprocess.Popen(
            [BUILD / "tests" / "e2e" / "carry", self.folder / "spool.db", self.kafka.proxied_brokers, "gw",
             self.prefix, self.folder / "answers", str(first), str(self.options.entries), str(self.options.rate)],
            stderr=log, cwd=services.ROOT)

    def take_answers(self):
        for line in (self.folder / "answers").read_text().splitlines():
            asked, number = map(int, line.split())
            if self.answers.setdefault(asked, number) != number:
                self.errors.append(f"{asked} is {self.answers[asked]} and {number}")

    def disturb(self):
        """Ends the broker in one way or another, evenly over the kills."""
        ways = [(self.kafka.kill, self.kafka.start), (self.kafka.pause, self.kafka.resume),
                (self.kafka.stop, self.kafka.start)]
        for turn in range(self.options.broker_faults):
            if self.ended.wait(self.options.kills * 0.9 / max(1, self.options.broker_faults)):
                return
            down, up = ways[turn % len(ways)]
            down()
            time.sleep(self.random.uniform(0.5, 4))
            up()
            self.faults[down.__name__] += 1

    def run(self):
        self.create_topics()
        disturber = threading.Thread(target=self.disturb)
        disturber.start()
        killed = 0
        while killed < self.options.kills:
            process = self.begin()
            try:
                process.wait(self.random.choice([0.05, 0.6, 1, 1.5, 2, 2.5, 3]) *
                             self.random.uniform(0.5, 1.5))
                self.errors += [f"ended by itself with {process.returncode}"] \
                    if process.returncode else []
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            killed += 1
            if (self.folder / "answers").exists():
                self.take_answers()
        self.ended.set()
        disturber.join()
        self.drain()
        self.take_answers()
        return self.errors + self.judge()

    def drain(self):
        """The last run, which nobody kills while it gets on."""
        process = self.begin()
        try:
            process.wait(300)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.returncode:
            self.errors.append(f"the last run ended with {process.returncode}")

    def judge(self):
        events = read_topic(self.kafka.brokers, self.topic("dossier-events"), timeout=120)
        letters = read_topic(self.kafka.brokers, self.topic("dead-letters"))
        wrong = []
        seen = collections.Counter(int(one.headers["lt_entry"]) for one in events)
        dead = collections.Counter(int(one.headers["lt_entry"]) for one in letters)
        wanted = {number for asked, number in self.answers.items() if asked % POISON_EVERY}
        poison = {number for asked, number in self.answers.items() if not asked % POISON_EVERY}
        wrong += [f"{len(self.answers)} of {self.options.entries} have an answer"] \
            if len(self.answers) != self.options.entries else []
        wrong += [f"twice: {n}" for n, count in (seen + dead).items() if count > 1]
        wrong += [f"lost: {n}" for n in wanted - seen.keys()]
        wrong += [f"unknown: {n}" for n in seen.keys() - wanted]
        wrong += [f"no dead letter, or another's: {n}" for n in poison ^ dead.keys()]
        asked_by_number = {number: asked for asked, number in self.answers.items()}
        places = collections.defaultdict(set)
        last = collections.Counter()
        for one in events:
            number = int(one.headers["lt_entry"])
            places[one.key].add(one.partition)
            if number <= last[one.key]:
                wrong.append(f"{one.key}: {number} after {last[one.key]}")
            last[one.key] = number
            if int(one.raw[10:58].split(b"\0")[0]) != asked_by_number.get(number):
                wrong.append(f"{number} has another's event")
        wrong += [f"{key} in partitions {found}" for key, found in places.items() if len(found) > 1]
        print(f"{self.options.kills} kills, broker {dict(self.faults)}: {len(events)} events and "
              f"{len(letters)} dead letters for {len(self.answers)} entries, "
              f"{max(self.answers.values())} numbers; {len(wrong)} wrong")
        return wrong


def parse(arguments=None):
    parser = argparse.ArgumentParser(description="Kill loop of spool and publisher.")
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--entries", type=int, default=40000)
    parser.add_argument("--rate", type=int, default=1500, help="entries a second, while it lives")
    parser.add_argument("--broker-faults", type=int, default=6)
    parser.add_argument("--delay", type=float, default=0.03, help="seconds, of every answer")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--keep", type=pathlib.Path, help="folder that stays afterwards")
    return parser.parse_args(arguments)


def main():
    options = parse()
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        folder = options.keep or pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        kafka = SlowKafka(folder / "kafka", options.delay)
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
