# SPDX-License-Identifier: Apache-2.0
"""A page of the spool is overwritten under a backlog: the daemon goes on with what it can, says so,
and takes nothing more where it would have to write there; the repaired spool gives Kafka every
handoff that is left, once and in order, and names every other."""
import json
import pathlib
import random
import sqlite3
import struct
import time

import pytest

from harness import documents, services
from harness.judge import judge
from harness.patience import give_up_at
from harness.readers import FastavroDecoder, read_topic

pytestmark = [pytest.mark.broker, pytest.mark.asan]

DOSSIERS, PUBLISHED, WAITING = 12, 40, 150
PAGE = 4096


def message(number, **options):
    return documents.native_xml(f"DAM-{number:05d}", documents.dossier_code(number % DOSSIERS),
                                no=number // DOSSIERS + 1, **options)


class Pages:
    """The pages of a spool at rest."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.bytes = bytearray(self.path.read_bytes())

    def root(self, name):
        with sqlite3.connect(f"file:{self.path}?mode=ro", uri=True) as spool:
            return spool.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,)).fetchone()[0]

    def children(self, page):
        at = (page - 1) * PAGE
        kind, count = self.bytes[at], struct.unpack_from(">H", self.bytes, at + 3)[0]
        if kind not in (2, 5):
            return []
        cells = struct.unpack_from(f">{count}H", self.bytes, at + 12)
        return [struct.unpack_from(">I", self.bytes, at + cell)[0] for cell in cells] + [
            struct.unpack_from(">I", self.bytes, at + 8)[0]]

    def leaves(self, name):
        level = [self.root(name)]
        while below := [child for page in level for child in self.children(page)]:
            level = below
        return level

    def overwrite(self, page):
        noise = random.Random(page).randbytes(PAGE)
        self.bytes[(page - 1) * PAGE:page * PAGE] = b"\xa5" + noise[1:]
        self.path.write_bytes(self.bytes)


@pytest.fixture(scope="module")
def own_kafka(fetched, tmp_path_factory):
    """A broker that every test here may pause, and resumes."""
    service = services.Kafka(tmp_path_factory.mktemp("paused") / "kafka")
    try:
        yield service.start()
    finally:
        service.wipe()


@pytest.fixture
def backlog(gateways, own_kafka, registry):
    """A gateway with entries on Kafka and more that wait, because its broker stopped; itself stopped
    too.  With what it accepted."""
    gateway = gateways(brokers=own_kafka.brokers, registry=registry.url)
    accepted = []

    def send(first, count):
        for number in range(first, first + count):
            receipt = gateway.accept(message(number))[0]
            accepted.append((documents.dossier_code(number % DOSSIERS), receipt["receipt"],
                             receipt["event_id"]))

    send(0, PUBLISHED)
    gateway.wait_published(accepted[-1][1])
    own_kafka.pause()
    send(PUBLISHED, WAITING)
    gateway.kill()
    with sqlite3.connect(gateway.settings["spool"]["file"]) as spool:  # the log into the file
        spool.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    yield gateway, accepted
    own_kafka.resume()


def on_kafka(gateway, kafka, registry, count):
    records = read_topic(kafka.brokers, gateway.topic(), FastavroDecoder(registry.url),
                         until=lambda seen: len(seen) >= count)
    return [(record.event["dossier_code"] if "dossier_code" in record.event else record.key,
             record.event["event_id"], record.partition, record.offset) for record in records]


def repair(gateway, *more):
    """`lienthong spool repair`, and the new file in the old one's place."""
    file = pathlib.Path(gateway.settings["spool"]["file"])
    new = file.with_name("new.db")
    trial = gateway.run("spool", "repair", str(file), "--json", check=False)
    assert json.loads(trial.stdout)["trial"] is True and not new.exists(), trial
    assert not list(file.parent.glob(f"{file.name}.trial-*"))
    done = gateway.run("spool", "repair", str(file), "--into", str(new), "--json", *more, check=False)
    assert done.stdout, done
    report = json.loads(done.stdout)
    assert report["sound"], report
    for ending in ("", "-wal", "-shm"):
        if (old := pathlib.Path(f"{file}{ending}")).exists():
            old.rename(f"{file}.damaged{ending}")
    new.rename(file)
    return report


@pytest.mark.parametrize("tree, where", [
    ("entry", "published"), ("entry", "waiting"), ("entry", "root"), ("dedupe", "leaf"),
    ("entry_by_dossier", "leaf")])
def test_what_is_left_goes_out_once_and_in_order(backlog, own_kafka, registry, tree, where):
    gateway, accepted = backlog
    pages = Pages(gateway.settings["spool"]["file"])
    leaves = pages.leaves(tree)
    page = {"published": lambda: leaves[1], "waiting": lambda: leaves[-len(leaves) // 3],
            "root": lambda: pages.root(tree), "leaf": lambda: leaves[len(leaves) // 2]}[where]()
    pages.overwrite(page)
    checked = gateway.run("spool", "check", check=False)
    assert checked.returncode == 1 and f"age {page}" in checked.stdout, checked

    report = repair(gateway)
    assert any(f"page {page} of {tree}" in line for line in report["damages"]), report
    lost = {loss["receipt"]: loss for loss in report["losses"] if loss["kind"] in ("entry", "event")}
    assert (len(lost) > 0) == (tree == "entry" and where != "root"), report
    gone = {receipt for receipt, loss in lost.items() if not loss["published"]}

    own_kafka.resume()
    gateway.start()
    # In each dossier what comes behind a hole waits for a person.
    held, out = set(), []
    for dossier, receipt, event_id in accepted:
        if receipt in gone:
            held.add(dossier)
        if dossier not in held:
            out.append((dossier, event_id, event_id))
    for _, receipt, _ in accepted:
        state = gateway.get(f"/v1/handoffs/{receipt}")
        # Of what is lost whole nobody knows any more whose it was: to its sender it is not there.
        assert state.status == 200 or (state.status == 404 and receipt in lost), state
        if state.status == 200 and receipt in gone:
            assert state.json()["state"] in ("dead", "failed", "needs_attention"), state
    records = on_kafka(gateway, own_kafka, registry, len(out))
    time.sleep(1)
    records = on_kafka(gateway, own_kafka, registry, len(out))
    seen = [(dossier, event_id, event_id, partition, offset)
            for dossier, event_id, partition, offset in records]
    assert not judge(out, seen)
    # New numbers are above all of before.
    new = gateway.accept(message(9000))[0]["receipt"]
    assert int(new.split("-")[0]) > PUBLISHED + WAITING
    # Repeats are known, but of what is lost before it went out: that may come again.
    assert gateway.post(message(0)).status == 200 or tree == "dedupe"
    for number, (_, receipt, _) in enumerate(accepted):
        if receipt in gone:
            again = gateway.post(message(number))
            assert again.status == 202 and again.receipts()[0]["receipt"] != receipt, again
            break


def test_a_damaged_page_in_the_way_of_writing_ends_acceptance(backlog):
    """Whoever hands off is told to come again; nothing is answered 2xx that is not stored, and the
    daemon lives, serves what it can, and says what is wrong."""
    gateway, accepted = backlog
    pages = Pages(gateway.settings["spool"]["file"])
    pages.overwrite(pages.root("dedupe"))
    gateway.start()
    before = gateway.log().count("\n")
    answers = [gateway.post(message(7000 + number)) for number in range(20)]
    assert {answer.status for answer in answers} == {503}, answers
    assert answers[-1].json()["code"] == "spool-damaged"
    ready = gateway.call("GET", "/readyz")
    assert ready.status == 503 and "spool-damaged" in ready.json()["reasons"], ready
    assert gateway.metric("lienthong_spool_damaged_total") > 0
    assert gateway.get(f"/v1/handoffs/{accepted[0][1]}").status == 200
    gateway.wait_for_log("spool.damaged")
    time.sleep(3)
    assert gateway.log().count("\n") - before < 60, gateway.log()[-3000:]


def test_a_damaged_page_in_the_way_of_publishing_is_said_and_not_passed(backlog, own_kafka, registry):
    """What is before it goes out; the publisher waits there, and says where and what to do."""
    gateway, accepted = backlog
    pages = Pages(gateway.settings["spool"]["file"])
    leaves = pages.leaves("entry")
    pages.overwrite(leaves[-len(leaves) // 3])
    own_kafka.resume()
    gateway.start()
    gateway.wait_for_log("see lienthong spool repair", timeout=60)
    cpu = _cpu_seconds(gateway)
    time.sleep(3)
    assert _cpu_seconds(gateway) - cpu < 1.5, "it loops hot"
    seen = on_kafka(gateway, own_kafka, registry, PUBLISHED)
    assert PUBLISHED <= len(seen) < len(accepted)
    assert gateway.call("GET", "/healthz").status == 200


def _cpu_seconds(gateway):
    fields = pathlib.Path(f"/proc/{gateway.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def test_a_damaged_log_stops_the_start(gateways, own_kafka, registry):
    """SQLite would leave out what lies behind a damaged frame, and say nothing."""
    gateway = gateways(brokers=own_kafka.brokers, registry=registry.url)
    own_kafka.pause()
    accepted = [gateway.accept(message(number))[0] for number in range(60)]
    gateway.kill()
    log = pathlib.Path(gateway.settings["spool"]["file"] + "-wal")
    content = bytearray(log.read_bytes())
    frames = (len(content) - 32) // (PAGE + 24)
    content[32 + frames // 2 * (PAGE + 24) + 24 + 1000] ^= 0xFF
    log.write_bytes(content)
    with pytest.raises(RuntimeError, match="commits from there on would be left out"):
        gateway.start()
    gateway.process = None
    report = repair(gateway)
    named = {loss["receipt"] for loss in report["losses"] if "receipt" in loss}
    own_kafka.resume()
    gateway.start()
    for receipt in accepted:
        answer = gateway.get(f"/v1/handoffs/{receipt['receipt']}")
        assert answer.status == 200 or receipt["receipt"] in named, (receipt, answer)
    assert len(named) < 10


def test_a_damaged_index_is_made_anew(gateway):
    """FILE.find holds nothing that the spool does not."""
    find = pathlib.Path(gateway.settings["spool"]["file"] + ".find")
    gateway.accept(message(1))
    deadline = give_up_at(20)
    while not find.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    gateway.stop()
    find.write_bytes(random.Random(1).randbytes(3 * PAGE))
    gateway.start()
    receipt = gateway.accept(message(2))[0]["receipt"]
    gateway.wait_published(receipt)
    found = gateway.run("entries", "--dossier", documents.dossier_code(2), "--json")
    assert receipt in found.stdout


def test_a_sealed_spool_is_repaired_by_its_keys(gateways):
    """Without them nobody could tell a damaged body from a whole one: nothing is made then."""
    gateway = gateways(start=False)
    keys = gateway.folder / "keys"
    gateway.run("spool", "key", str(keys), "--id", "k1")
    gateway.write_config(spool={"encryption": {"key_file": str(keys)}})
    gateway.start()
    sent = {gateway.accept(message(number))[0]["receipt"]: message(number) for number in range(60)}
    gateway.stop()
    file = pathlib.Path(gateway.settings["spool"]["file"])
    new = file.with_name("new.db")
    pages = Pages(file)
    pages.overwrite(pages.leaves("dedupe")[0])
    with_keys = ("--config", str(gateway.config_path))
    assert gateway.run("spool", "check", check=False).returncode == 1
    without = gateway.run("spool", "repair", str(file), "--into", str(new), check=False)
    assert without.returncode == 1 and "master key k1" in without.stderr, without
    assert not new.exists()
    done = gateway.run("spool", "repair", str(file), "--into", str(new), "--json", *with_keys, check=False)
    report = json.loads(done.stdout)
    assert report["sound"] and {loss["kind"] for loss in report["losses"]} == {"repeated-ids"}, report
    assert gateway.run("spool", "check", str(new), *with_keys).returncode == 0
    new.replace(file)
    gateway.start()
    for receipt, document in sent.items():
        shown = gateway.run("show", receipt, "--original", text=False)
        assert shown.stdout == document, receipt
