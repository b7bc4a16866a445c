# SPDX-License-Identifier: Apache-2.0
"""Stops, kills and reloads: what was answered stays, and a bad file changes nothing."""
import signal
import subprocess
import threading

import pytest

from harness import documents
from harness.gateway import PARTNERS
from harness.readers import FastavroDecoder, read_topic

pytestmark = [pytest.mark.broker, pytest.mark.asan]


def message(number, **options):
    return documents.native_xml(f"RST-{number:05d}", documents.dossier_code(number), **options)


def ids_on_kafka(gateway, kafka, registry, count):
    records = read_topic(kafka.brokers, gateway.topic(), FastavroDecoder(registry.url),
                         until=lambda seen: len(seen) >= count)
    return [record.event["event_id"] for record in records]


def test_sigterm_answers_what_it_took_and_exits_0(gateway):
    statuses, go = [], threading.Barrier(9)

    def client(number):
        go.wait()
        for turn in range(200):
            try:
                statuses.append(gateway.post(message(number * 1000 + turn)).status)
            except OSError:
                return

    clients = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for one in clients:
        one.start()
    go.wait()
    gateway.stop()
    for one in clients:
        one.join()
    assert set(statuses) <= {202, 503}


def test_what_was_accepted_survives_a_clean_stop(gateway, kafka, registry):
    accepted = [gateway.accept(message(number))[0]["event_id"] for number in range(50)]
    gateway.stop()
    gateway.start()
    assert sorted(ids_on_kafka(gateway, kafka, registry, 50)) == sorted(accepted)


def test_what_was_accepted_survives_kill_9(gateway, kafka, registry):
    accepted = []
    for turn in range(3):
        accepted += [gateway.accept(message(turn * 100 + number))[0]["event_id"]
                     for number in range(40)]
        gateway.kill()
        gateway.start()
    assert sorted(ids_on_kafka(gateway, kafka, registry, 120)) == sorted(accepted)


def test_receipts_are_the_same_after_a_restart(gateway):
    before = gateway.accept(message(1))[0]
    gateway.kill()
    gateway.start()
    answer = gateway.post(message(1))
    assert answer.status == 200
    assert answer.receipts()[0]["receipt"] == before["receipt"]


def test_sighup_brings_a_new_partner(gateway):
    new = {"id": "motcua-moi", "name": "Một cửa mới", "agencies": ["000.12.40.H09"],
           "adapters": ["lienthong-xml"]}
    gateway.write_partners([*PARTNERS, new])
    assert gateway.post(message(1), partner="motcua-moi").status == 401
    gateway.reload()
    gateway.wait_for_log("directory.reloaded")
    assert gateway.post(message(2), partner="motcua-moi").status == 202


def test_sighup_takes_a_partner_away(gateway):
    gateway.write_partners(PARTNERS[1:])
    gateway.reload()
    gateway.wait_for_log("directory.reloaded")
    assert gateway.post(message(1)).status == 401


@pytest.mark.parametrize("bad", ["partners: [", "partners:\n- id: x\n  nonsense: 1\n", "",
                                 "partners:\n- {id: a, name: b, agencies: [nowhere],"
                                 " adapters: [lienthong-xml], keys: []}\n"],
                         ids=["no YAML", "unknown key", "empty", "unknown agency"])
def test_a_bad_file_at_sighup_keeps_the_old_one_and_says_so(gateway, bad):
    (gateway.folder / "partners.yaml").write_text(bad)
    gateway.reload()
    gateway.wait_for_log("directory.kept")
    assert gateway.post(message(1)).status == 202


def test_an_adapter_that_does_not_exist_is_refused_at_sighup(gateway):
    gateway.write_partners([{**PARTNERS[0], "adapters": ["no-such-adapter"]}])
    gateway.reload()
    gateway.wait_for_log("no-such-adapter")
    assert gateway.post(message(1)).status == 202


def test_a_second_daemon_on_the_same_spool_refuses_to_start(gateway):
    port = gateway.settings["http"]["listen"]
    gateway.write_config(http={"listen": "127.0.0.1:0"},
                         admin={"socket": str(gateway.folder / "second.sock")})
    second = subprocess.run([gateway.build / "lienthongd", "--config", gateway.config_path],
                            capture_output=True, text=True, timeout=30, check=False)
    gateway.write_config(http={"listen": port})
    assert second.returncode == 1
    assert "spool" in second.stderr
    assert gateway.post(message(1)).status == 202


def test_check_accepts_a_good_configuration(gateway):
    done = subprocess.run([gateway.build / "lienthongd", "--check", gateway.config_path],
                          capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("change, words", [
    ({"htpt": {"listen": "127.0.0.1:1"}}, ["lienthong.yaml", "htpt"]),
    ({"http": {"listen": ["a"]}}, ["lienthong.yaml", "listen"]),
    ({"directory": {"agencies": "/no/such/file.csv"}}, ["/no/such/file.csv"]),
], ids=["unknown key", "wrong type", "missing file"])
def test_check_names_the_place_of_a_fault(gateways, kafka, change, words):
    gateway = gateways(start=False, topics=False, brokers=kafka.brokers, config=change)
    done = subprocess.run([gateway.build / "lienthongd", "--check", gateway.config_path],
                          capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    for word in words:
        assert word in done.stderr


def test_a_stop_while_starting_is_clean(gateways, kafka, registry):
    gateway = gateways(start=False, brokers=kafka.brokers, registry=registry.url)
    gateway.start(wait=False)
    gateway.process.send_signal(signal.SIGTERM)
    # Before its handlers stand, the signal's own default ends it.
    assert gateway.process.wait(30) in (0, -signal.SIGTERM)
    gateway.process = None
