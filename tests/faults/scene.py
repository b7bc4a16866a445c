# SPDX-License-Identifier: Apache-2.0
"""A gateway between a broker, a registry, two partners and some senders, all of which may be broken
(faults.py); and what must hold when all is well again.  It sees answers, Kafka and receipts alone."""
import collections
import contextlib
import itertools
import os
import pathlib
import random
import subprocess
import time

import yaml
from confluent_kafka.admin import AdminClient

from harness import documents, services
from harness.delivering import FAST, RETRY_STATUSES, Sender, findings_at, listed, rows
from harness.gateway import merge
from harness.judge import judge
from harness.partner import Partner
from harness.patience import give_up_at
from harness.readers import FastavroDecoder, read_topic
from harness.slow import ProxiedKafka
from orders import AilingGateway
from proxy import FaultProxy

RECEIVERS = ("000.00.41.H09", "000.00.42.H09")
SENDERS = 4
MOST = 300  # handoffs of one sender in a run: a broker may take minutes to start, the disk is small
DISK = "64m"
# Times that let a run of seconds see what takes minutes in an office.
QUICK = merge(FAST, {
    "spool": {"reserve_bytes": 4 << 20, "checkpoint_pages": 400},
    "registry": {"timeout_ms": 700, "tries": 2}, "stop": {"drain_ms": 3000},
    "kafka": {"deadline_ms": 5000, "properties": ["reconnect.backoff.max.ms=500"]}})
PARTNER_TIMEOUT = 2500


class Ground:
    """What scenes share: one broker and one registry, each behind a network that can fail."""

    def __init__(self, folder):
        self.kafka = ProxiedKafka(folder / "kafka", FaultProxy)
        self.registry = services.Registry(folder / "registry")
        self.registry_proxy = FaultProxy(services.free_port(), self.registry.port)

    def __enter__(self):
        self.registry_proxy.start()
        self.registry_proxy.ready.wait(5)
        self.kafka.start()
        self.registry.start()
        return self

    def __exit__(self, *_):
        self.kafka.wipe()
        self.registry.wipe()
        self.registry_proxy.end()

    @property
    def registry_url(self):
        """Through the network."""
        return self.registry.url.replace(str(self.registry.port), str(self.registry_proxy.port))


class Repeating(Sender):
    """Sends now and then what was accepted already, as who lost the answer does.  A 500
    is no answer: it says that the gateway's own disk or memory failed."""
    retry_statuses = RETRY_STATUSES | {500}

    def until_accepted(self, body):
        receipt = super().until_accepted(body)
        if self.random.random() < 0.03:
            again = super().until_accepted(body)
            if again["receipt"] != receipt["receipt"]:
                self.errors.append(f"{self.name_}: {again} after {receipt}")
        return receipt


def endless_plan(number, seed):
    """Events of a few dossiers that nobody else sends."""
    dice = random.Random(f"{seed}-{number}")
    counts = {documents.dossier_code(number * 100 + one): 0 for one in range(8)}
    while True:
        dossier = dice.choice(list(counts))
        counts[dossier] += 1
        yield (dossier, dice.choice(("HANDED_OFF", "STEP_RECORDED")),
               RECEIVERS[int(dossier[-1]) % 2], counts[dossier])


class Scene:
    """One gateway from its first start; it lives through several runs."""

    def __init__(self, ground, folder, seed):
        self.folder = pathlib.Path(folder)
        self.kafka, self.registry = ground.kafka, ground.registry
        self.registry_proxy = ground.registry_proxy
        self.findings, self.sent, self.breaks = [], [], []
        self.plans = [endless_plan(number, seed) for number in range(SENDERS)]
        self.partners, self.proxies = [], []
        self.disk = self.folder / "disk"
        self.disk.mkdir(parents=True)
        self.has_disk = self.mount()
        for number, adapter in enumerate(("lienthong-xml", "dvcqg-json")):
            self.add_partner(number, adapter, seed)
        self.gateway = AilingGateway(
            self.folder / "gateway", brokers=self.kafka.proxied_brokers,
            registry=ground.registry_url, partners=rows(self.partners),
            config=merge(QUICK, {"spool": {"file": str(self.spool)}}))

    def mount(self):
        """A small disk of its own, where we may."""
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", self.disk],
                              capture_output=True, check=False)
        return done.returncode == 0

    def add_partner(self, number, adapter, seed):
        partner = Partner(self.folder / f"partner-{number}", f"noi-{number}", adapter, seed=str(seed),
                          agencies=[RECEIVERS[number]])
        proxy = FaultProxy(services.free_port(), partner.port)
        partner.deliver = {"url": f"http://127.0.0.1:{proxy.port}", "timeout_ms": PARTNER_TIMEOUT,
                           "concurrency": 8}
        proxy.start()
        proxy.ready.wait(5)
        self.partners.append(partner.start())
        self.proxies.append(proxy)

    def start(self):
        self.gateway.run("topics", "create")
        self.gateway.start()
        return self

    def end(self):
        with contextlib.suppress(AssertionError):
            if self.gateway.process is not None:
                self.gateway.resume()
            self.gateway.end()
        for partner in self.partners:
            partner.kill()
        for proxy in self.proxies:
            proxy.end()
        if self.has_disk:
            subprocess.run(["umount", "-l", self.disk], check=False)
        self.forget_topics()

    def forget_topics(self):
        """So that the broker is not slowed down by what nobody reads any more."""
        admin = AdminClient({"bootstrap.servers": self.kafka.brokers, "log_level": 0})
        ours = [name for name in admin.list_topics(timeout=10).topics
                if name.startswith(self.prefix)]
        for future in admin.delete_topics(ours, operation_timeout=10).values():
            future.result()

    # What faults use, and their tests.

    @property
    def prefix(self):
        """Of its topics."""
        return self.gateway.settings["kafka"]["topic_prefix"]

    @property
    def spool(self):
        return self.disk / "spool.db"

    def post_one(self):
        """One handoff of a dossier of nobody's; the answer, whatever it is."""
        dossier = documents.dossier_code(90000)
        return self.gateway.post(documents.marked_xml("post-one", dossier, "[post-one|00]"))

    def second_config(self):
        path = self.folder / "gateway" / "second.yaml"
        path.write_text(yaml.safe_dump(merge(self.gateway.settings, {
            "http": {"listen": "127.0.0.1:0"},
            "admin": {"socket": str(self.folder / "second.sock")}}), allow_unicode=True))
        return path

    def fill_disk(self):
        if not self.has_disk:
            raise services.Unavailable("no disk of its own to fill: mount is not allowed here")
        with contextlib.suppress(OSError), open(self.disk / "filler", "wb", buffering=0) as file:
            while True:
                file.write(bytes(1 << 16))
        with contextlib.suppress(OSError), open(self.disk / "filler", "ab", buffering=0) as file:
            while True:
                file.write(bytes(512))

    def empty_disk(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.disk / "filler")

    def wait_up(self):
        if self.gateway.has_ended:
            self.gateway.process = None
            self.gateway.start(wait=False)
        self.gateway.wait_for("/healthz", timeout=20)

    # A run.

    def run(self, name, seconds, timeline):
        """Load for so long with these faults, each at its moment; then peace, and the findings."""
        self.findings = []
        senders = [Repeating(self.gateway, f"{name}S{number}", seed=name, pause=0.02)
                   .will_send(itertools.islice(plan, MOST))
                   for number, plan in enumerate(self.plans)]
        for sender in senders:
            sender.start()
        excused = any(fault.may_end_daemon for _, fault in timeline)
        try:
            self.play(seconds, timeline)
        except services.Unavailable:
            self.gather(senders)
            raise
        except Exception as error:  # what a fault could not do is a finding, not the end
            self.findings.append(f"{type(error).__name__}: {error}")
        self.stand_up(excused)
        self.gather(senders)
        self.settle()
        return self.findings

    def play(self, seconds, timeline):
        began, active = time.monotonic(), []
        coming = collections.deque(timeline)
        try:
            while coming or active:
                next_heal = min(active, default=None, key=lambda one: one[0])
                if next_heal and (not coming or next_heal[0] <= coming[0][0]):
                    self.sleep_until(began + next_heal[0])
                    active.remove(next_heal)
                    self.heal(*next_heal[1:])
                    continue
                at, fault = coming.popleft()
                self.sleep_until(began + at)
                applied = time.time()
                active.append((at + fault.seconds, fault, applied))
                fault.apply(self)
        finally:
            for _, fault, applied in active:
                self.heal(fault, applied)
        self.sleep_until(began + seconds)

    @staticmethod
    def sleep_until(moment):
        time.sleep(max(0, moment - time.monotonic()))

    def heal(self, fault, applied):
        fault.heal(self)
        if fault.loses_answers:
            span = time.time() + PARTNER_TIMEOUT / 1000 - applied
            self.breaks += [applied + tenth / 10 for tenth in range(round(span * 10) + 1)]

    def stand_up(self, excused):
        """It runs, or what ended it was to be expected and a new start mends it."""
        if self.gateway.has_ended and not excused:
            self.findings.append(f"the daemon ended with {self.gateway.process.returncode}: "
                                 f"{self.gateway.log()[-800:]}")
        if self.gateway.process is None:
            self.gateway.start(wait=False)
        try:
            self.wait_up()
        except (RuntimeError, TimeoutError) as error:
            self.findings.append(str(error))

    def gather(self, senders):
        for sender in senders:
            sender.ended.set()
        for sender in senders:
            sender.join(40)
            if sender.is_alive():
                self.findings.append(f"sender {sender.name_} hangs")
            self.findings += sender.errors
            self.sent += sender.sent

    def settle(self):
        """Everything where it belongs, in time."""
        try:
            for partner, receiver in zip(self.partners, RECEIVERS):
                partner.wait_taken([one.key for one in self.sent if one.receiver == receiver],
                                   timeout=60)
        except AssertionError as error:
            self.findings.append(str(error))
        self.judge()

    def judge(self):
        accepted = [(one.dossier, one.token, one.key) for one in self.sent]
        try:
            records = read_topic(self.kafka.brokers, self.gateway.topic(),
                                 FastavroDecoder(self.registry.url),
                                 until=lambda seen: len(seen) >= len(accepted), timeout=30)
        except TimeoutError as error:
            self.findings.append(str(error))
            records = read_topic(self.kafka.brokers, self.gateway.topic(),
                                 FastavroDecoder(self.registry.url))
        self.findings += judge(accepted, [
            (one.event["dossier_code"], one.event["source"]["native_message_id"],
             one.event["event_id"], one.partition, one.offset) for one in records])
        for partner, receiver in zip(self.partners, RECEIVERS):
            expected = [one for one in self.sent if one.receiver == receiver]
            self.findings += findings_at(partner, expected, self.breaks)
        self.account()

    def account(self):
        """Its own books, once the last outcomes are in them."""
        deadline = give_up_at(15)
        while left := [one for one in listed(self.gateway) if one["state"] != "delivered"]:
            if time.monotonic() > deadline:
                self.findings.append(f"{len(left)} deliveries not delivered: {left[:2]}")
                break
            time.sleep(0.1)
        for words in (("reconcile", "--from", day(-3), "--to", day(3)), ("spool", "check")):
            done = self.gateway.run(*words, check=False)
            if done.returncode:
                self.findings.append(f"{words[0]}: {done.stdout[-400:]}{done.stderr[-400:]}")


def day(offset):
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() + offset * 86400))
