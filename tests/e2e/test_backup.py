# SPDX-License-Identifier: Apache-2.0
"""The way back to a backup, step by step as docs/operate.md has it; and what it says of what is
missing and what may go out twice, against what Kafka and a partner then see."""
import json
import pathlib
import re

import pytest

from harness import documents
from harness.delivering import wait_delivery
from harness.gateway import PARTNERS
from harness.readers import FastavroDecoder, read_topic
from harness.services import ROOT

pytestmark = [pytest.mark.broker, pytest.mark.asan]

BEFORE, AFTER, LEAP = 6, 4, 1000000


def message(number):
    return documents.native_xml(f"BAK-{number:05d}", documents.dossier_code(number))


def steps():
    """The commands of the numbered steps, in their order."""
    text = (ROOT / "docs" / "operate.md").read_text().split("To go back to a backup:")[1]
    lines = re.findall(r"^(\d)\. (.*)$", text.split("What it prints")[0], re.M)
    assert [number for number, _ in lines] == list("12345")
    return [re.findall(r"`([^`]+)`", line) for _, line in lines]


def restore_as_told(gateway, copy):
    """Every step of the guide; what the third one prints."""
    printed = None
    file = pathlib.Path(gateway.settings["spool"]["file"])
    for commands in steps():
        for command in commands:
            words = command.split()
            if words[:2] == ["systemctl", "stop"]:
                gateway.stop()
            elif words[:2] == ["systemctl", "start"]:
                gateway.start()
            elif command in ("spool.db", "spool.db-wal"):
                if (file.with_name(command)).exists():
                    file.with_name(command).rename(file.with_name(command + ".old"))
            elif words[0] == "lienthong":
                done = gateway.run(*[str(copy) if word == "FILE" else word for word in words[1:]])
                printed = done.stdout if "restore" in words else printed
            else:
                assert command == "spool.db.find", command
    return printed


def ids_on_kafka(gateway, kafka, registry, count):
    records = read_topic(kafka.brokers, gateway.topic(), FastavroDecoder(registry.url),
                         until=lambda seen: len(seen) >= count)
    return [record.event["event_id"] for record in records]


def test_the_way_back_to_a_backup(gateway, kafka, registry):
    copy = gateway.folder / "copy.db"
    before = [gateway.accept(message(number))[0] for number in range(BEFORE)]
    gateway.wait_published(before[-1]["receipt"])
    gateway.run("spool", "backup", str(copy))
    assert gateway.run("spool", "check", str(copy)).stdout == "sound\n"
    after = [gateway.accept(message(BEFORE + number))[0] for number in range(AFTER)]
    gateway.wait_published(after[-1]["receipt"])

    printed = restore_as_told(gateway, copy)
    last = int(after[-1]["receipt"].split("-")[0])
    first = int(after[0]["receipt"].split("-")[0])
    missing = re.search(r"missing: numbers (\d+) to (\d+) ", printed)
    assert missing and int(missing[1]) <= first and int(missing[2]) >= last, printed
    assert "senders are to send again" in printed and "under the same event id" in printed
    assert f"new entries get numbers from {int(missing[2]) + LEAP + 1} on" in printed

    # The receipts of before hold; those of after are not known, and never become another's.
    for receipt in before:
        assert gateway.get(f"/v1/handoffs/{receipt['receipt']}").json()["state"] == "published"
    for receipt in after:
        assert gateway.get(f"/v1/handoffs/{receipt['receipt']}").status == 404
    new = gateway.accept(message(500))[0]
    assert int(new["receipt"].split("-")[0]) > last + LEAP
    gateway.wait_published(new["receipt"])

    # What was sent before is a repeat; what was sent after goes out twice, under its own id.
    assert gateway.post(message(0)).status == 200
    again = gateway.accept(message(BEFORE))[0]
    assert again["event_id"] == after[0]["event_id"]
    gateway.wait_published(again["receipt"])
    seen = ids_on_kafka(gateway, kafka, registry, BEFORE + AFTER + 2)
    once = [one["event_id"] for one in [*before, *after[1:], new]]
    assert sorted(seen) == sorted([*once, after[0]["event_id"], after[0]["event_id"]])


def test_what_waits_in_the_backup_and_went_out_since_goes_out_once(gateways, own_kafka, registry):
    gateway = gateways(brokers=own_kafka.brokers, registry=registry.url)
    copy = gateway.folder / "copy.db"
    first = gateway.accept(message(0))[0]
    gateway.wait_published(first["receipt"])
    own_kafka.pause()
    waiting = [gateway.accept(message(1 + number))[0] for number in range(5)]
    gateway.run("spool", "backup", str(copy))
    own_kafka.resume()
    gateway.wait_published(waiting[-1]["receipt"], timeout=90)
    restore_as_told(gateway, copy)
    gateway.wait_published(waiting[-1]["receipt"])
    new = gateway.accept(message(600))[0]
    gateway.wait_published(new["receipt"])
    seen = ids_on_kafka(gateway, own_kafka, registry, 7)
    assert sorted(seen) == sorted(one["event_id"] for one in [first, *waiting, new])


def test_events_that_come_back_are_counted_and_keep_their_keys(gateways, kafka, registry, partners):
    district = partners("huyen-thu", "lienthong-xml", agencies=[documents.DISTRICT])
    rows = [row for row in PARTNERS if documents.DISTRICT not in row["agencies"]]
    gateway = gateways(brokers=kafka.brokers, registry=registry.url,
                       partners=[*rows, district.row()])

    def taken(count):
        return lambda seen: sum(one.is_taken for one in seen) >= count

    copy = gateway.folder / "copy.db"
    first = gateway.accept(message(0))[0]
    # The answer must be on disk too: a copy from before it is right to send that one again.
    wait_delivery(gateway, district.id, first["event_id"], lambda one: one["state"] == "delivered")
    gateway.run("spool", "backup", str(copy))
    for number in range(1, 4):
        gateway.accept(message(number))
    district.wait_for(taken(4))
    gateway.stop()
    file = pathlib.Path(gateway.settings["spool"]["file"])
    refused = gateway.run("spool", "restore", str(copy), check=False)
    assert refused.returncode != 0 and "move it away first" in refused.stderr
    file.rename(f"{file}.old")
    report = json.loads(gateway.run("spool", "restore", str(copy), "--json").stdout)
    assert report["returning_events"] >= 3 and report["missing_numbers"] >= 3, report
    gateway.start()
    district.wait_for(taken(7))
    keys = [one.key for one in district.taken()]
    assert len(keys) == 7 and len(set(keys)) == 4


def test_a_bulk_replay_that_ran_at_the_backup_waits_for_a_person(gateway):
    copy = gateway.folder / "copy.db"
    sent = [gateway.accept(message(number))[0] for number in range(20)]
    gateway.wait_published(sent[-1]["receipt"])
    job = json.loads(gateway.run("replay", "preview", "--kind", "republish", "--from", "2020-01-01",
                                 "--rate", "1", "--reason", "thử", "--json").stdout)["job"]
    gateway.run("replay", "run", str(job), "--no-wait")
    gateway.run("spool", "backup", str(copy))
    printed = restore_as_told(gateway, copy)
    assert "1 bulk replays that ran at the copy are paused" in printed
    assert "paused" in gateway.run("replay", "status", str(job)).stdout
    gateway.run("replay", "resume", str(job), "--no-wait")
    assert "running" in gateway.run("replay", "status", str(job)).stdout
    gateway.run("replay", "cancel", str(job), "--reason", "thôi")


def test_a_copy_that_is_not_sound_is_refused(gateway):
    copy = gateway.folder / "copy.db"
    gateway.accept(message(1))
    gateway.run("spool", "backup", str(copy))
    gateway.stop()
    content = bytearray(copy.read_bytes())
    content[4096 * 6:4096 * 7] = bytes(4096)
    copy.write_bytes(content)
    file = pathlib.Path(gateway.settings["spool"]["file"])
    file.rename(f"{file}.old")
    done = gateway.run("spool", "restore", str(copy), check=False)
    assert done.returncode != 0 and not file.exists(), done
