# SPDX-License-Identifier: Apache-2.0
"""Each fault alone, under load: nothing that was accepted is lost, nothing comes twice or out of
order, and the books are right.  Mixtures of them are for tests/faults/run."""
import gzip
import json
import pathlib
import random
import sqlite3

import pytest

from faults import KINDS, MemoryGroup, draw
from harness import services
from harness.delivery_judge import Sent

SECONDS = 2
SPOOLS = pathlib.Path(__file__).parent / "spools"


def play(scene, name, fault):
    try:
        return scene.run(name, SECONDS, [(0.3, fault)])
    except services.Unavailable as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("name", KINDS)
def test_a_fault_loses_doubles_and_reorders_nothing(scene, name):
    fault = KINDS[name](random.Random(name))
    before = len(scene.sent)
    assert play(scene, name, fault) == []
    assert len(scene.sent) > before + 20


@pytest.mark.parametrize("name", [name for name in KINDS if name.startswith("registry-")])
def test_the_first_start_may_meet_a_registry_that_fails(new_scene, name):
    """Nothing is pinned, so nothing can be published until it is well."""
    fault = KINDS[name](random.Random(name))
    fault.apply(new_scene)
    new_scene.start()
    assert new_scene.run("first", SECONDS, [(0.3, fault)]) == []


@pytest.mark.parametrize("way", KINDS["partner-network"].ways)
@pytest.mark.parametrize("name", ["broker-network", "partner-network"])
def test_each_way_of_a_network_to_fail(scene, name, way):
    fault = KINDS[name](random.Random(name))
    fault.way = way
    assert play(scene, f"{name}-{way}", fault) == []


def test_what_a_wrong_clock_put_off_does_not_wait_for_that_time(scene):
    """An hour ahead while a partner fails: then the clock is right again, and so is the partner."""
    clock, partner = (KINDS[name](random.Random(name)) for name in ("clock", "partner-kill"))
    clock.ahead_ms, clock.seconds, partner.seconds = 3600 * 1000, 1.5, 1.0
    assert scene.run("wrong-clock", SECONDS, [(0.1, clock), (0.2, partner)]) == []
    assert "event=clock.put_back" in scene.gateway.log()


def test_a_daemon_that_the_kernel_kills_for_its_memory_loses_nothing(scene):
    fault = MemoryGroup(random.Random("memory-group"))
    assert play(scene, "memory-group", fault) == []
    assert fault.kills >= 1


def test_a_full_disk_and_a_failing_one_accept_nothing(scene):
    """They say 503 or 500; a 202 meanwhile would be found by the judge to be lost."""
    for name, error in (("write-errors", 28), ("sync-errors", 5)):
        fault = KINDS[name](random.Random(name))
        fault.error, fault.every = error, 1
        fault.apply(scene)
        answer = scene.post_one()
        fault.heal(scene)
        assert answer.status in (500, 503), answer
    assert scene.run("after", 0.5, []) == []


def test_an_upgrade_takes_over_a_backlog(new_scene):
    """A spool as the daemon made it before version 4: sixteen handoffs of four dossiers, accepted
    while there was no broker."""
    backlog = []
    for row in json.loads((SPOOLS / "version-3.json").read_text(encoding="utf-8")):
        backlog.append(Sent(row["dossier"], row["key"], row["token"], row["content"]))
        backlog[-1].receiver, backlog[-1].receipt = row["receiver"], row["receipt"]
    new_scene.spool.write_bytes(gzip.decompress((SPOOLS / "version-3.db.gz").read_bytes()))
    new_scene.sent += backlog
    new_scene.start()
    assert new_scene.run("upgrade", SECONDS, []) == []
    states = {new_scene.gateway.get(f"/v1/handoffs/{one.receipt}").json()["state"]
              for one in backlog}
    assert states == {"published"}
    assert len(new_scene.sent) > len(backlog) + 20


def test_a_damaged_event_is_named_and_the_rest_is_served(new_scene):
    scene = new_scene.start()
    assert scene.run("damage", SECONDS, []) == []
    scene.gateway.stop()
    victim, other = scene.sent[3], scene.sent[4]
    number, content = victim.receipt.split("-")[0], victim.content.encode()
    with sqlite3.connect(scene.spool) as spool:  # of the entry, not of the arrival that came of it
        event, = spool.execute("SELECT event FROM entry WHERE number = ?", [number]).fetchone()
        assert content in event
        spool.execute("UPDATE entry SET event = ? WHERE number = ?",
                      [event.replace(content, b"zz" + content[2:]), number])
    spool.close()
    done = scene.gateway.run("spool", "check", check=False)
    assert done.returncode == 1, done
    assert f"entry {victim.receipt.split('-')[0]} is damaged" in done.stdout
    scene.gateway.start()
    for one in (victim, other):
        assert scene.gateway.get(f"/v1/handoffs/{one.receipt}").json()["state"] == "published"
    scene.gateway.run("show", other.receipt, "--event")
    done = scene.gateway.run("show", victim.receipt, "--event", check=False)
    assert done.returncode == 1
    assert f"entry {victim.receipt.split('-')[0]} is damaged" in done.stderr


@pytest.mark.parametrize("name", ["descriptors", "memory"])
def test_a_limit_may_come_while_the_daemon_is_stopped(scene, name):
    limit, restart = (KINDS[one](random.Random(one)) for one in (name, "restart"))
    restart.seconds = 0.3
    assert scene.run(f"stopped-{name}", SECONDS, [(0.3, restart), (0.3, limit)]) == []


def test_a_seed_draws_the_same_faults_again():
    def drawn():
        return [[(at, fault.name, fault.seconds) for at, fault in
                 draw(random.Random(f"7-{number}"), list(KINDS), 3)] for number in range(50)]
    assert drawn() == drawn()
    assert {name for run in drawn() for _, name, _ in run} == set(KINDS)
