# SPDX-License-Identifier: Apache-2.0
"""A partner that is down makes no dead letters and is probed by one request at a time; its backlog
drains in order, and nobody else notices.  `--outage-seconds 3600` is the full test."""
import time

import pytest

from harness import documents
from harness.delivering import FAST, Sender, findings_at, listed, rows
from harness.readers import read_topic

pytestmark = pytest.mark.broker
PROBE = FAST["deliver"]["probe_ms"] / 1000
DOWN, UP = "000.00.41.H09", "000.00.42.H09"


def endless_plan(receivers, dossiers):
    """Event after event, until the sender is told to end."""
    no = 0
    while True:
        for dossier in dossiers:
            for receiver in receivers:
                yield documents.dossier_code(dossier * 10 + receivers.index(receiver)), \
                    "HANDED_OFF", receiver, no % 99 + 1
        no += 1


def probes(partner, since, until):
    return [line for line in partner.notes.read().connections if since <= line["at"] < until]


def test_an_hour_without_a_partner(gateways, kafka, registry, partners, request):
    seconds = request.config.getoption("--outage-seconds")
    down = partners("dang-hong", "lienthong-xml", agencies=[DOWN])
    up = partners("dang-chay", "lienthong-xml", agencies=[UP])
    gateway = gateways(brokers=kafka.brokers, registry=registry.url, config=FAST,
                       partners=rows([down, up]))
    sender = Sender(gateway, "W", pause=max(1 / 40, seconds / 20000)).will_send(
        endless_plan([DOWN, UP], range(12)))
    sender.start()
    down.wait_for(lambda seen: len(seen) > 20)

    began = time.time()
    down.kill()  # first nobody listens
    time.sleep(seconds / 2)
    down.start({"kind": "refuse"})  # then somebody hangs up, and counts how often
    since = time.time()
    time.sleep(seconds / 2)
    waiting = listed(gateway, "--partner", down.id, "--state", "waiting")
    until, memory = time.time(), gateway.rss_kib()
    down.behave()
    sender.ended.set()
    sender.join(60)
    assert not sender.errors

    to_down = [one for one in sender.sent if one.receiver == DOWN]
    to_up = [one for one in sender.sent if one.receiver == UP]
    back = time.monotonic()
    down.wait_taken([one.key for one in to_down], timeout=60 + len(to_down) / 20)
    print(f"\noutage of {seconds:.0f} s: {len(to_down)} events, drained in "
          f"{time.monotonic() - back:.1f} s; {len(probes(down, since, until))} probes; "
          f"memory {memory} KiB")
    up.wait_taken([one.key for one in to_up])
    time.sleep(1)

    # It wrote down that it answered, and was killed before it did.
    assert not findings_at(down, to_down, [began]) + findings_at(up, to_up)
    assert listed(gateway, "--state", "dead") == []
    assert read_topic(kafka.brokers, gateway.topic("dead-letters")) == []
    assert waiting and max(one["attempts"] for one in waiting) == 0, "an outage burns no attempts"
    assert all(one["cause"] for one in waiting if one["last_at"])
    assert_one_probe_at_a_time(probes(down, since, until), until - since)
    assert_undisturbed(to_up, up, began, until)


def assert_one_probe_at_a_time(connections, seconds):
    assert connections, "it was never probed"
    assert max(line["open"] for line in connections) == 1
    times = [line["at"] for line in connections]
    gaps = [after - before for before, after in zip(times, times[1:])]
    assert not [gap for gap in gaps if gap < 0.6 * PROBE], sorted(gaps)[:5]
    assert len(connections) <= seconds / PROBE + 2


def assert_undisturbed(sent, partner, began, until):
    """Arrival takes as long during the outage as it took before, at the median."""
    arrived = {}
    for one in partner.taken():
        arrived.setdefault(one.key, one.at)
    during = sorted(arrived[one.key] - one.at for one in sent if began <= one.at < until)
    assert during and during[len(during) // 2] < 2, "the other partner waited as well"


def test_a_partner_that_is_paused_gets_nothing_until_resumed(gateways, kafka, registry, partners):
    one = partners("dang-chay", "lienthong-xml", agencies=[UP])
    gateway = gateways(brokers=kafka.brokers, registry=registry.url, config=FAST,
                       partners=rows([one]))
    sender = Sender(gateway, "P")
    first = sender.post(documents.dossier_code(1), receiver=UP)
    one.wait_taken([first.key])
    refused = gateway.run("partner", "pause", one.id, check=False)
    assert refused.returncode == 2 and "--reason is needed" in refused.stderr
    gateway.run("partner", "pause", one.id, "--reason", "bảo trì")
    held = [sender.post(documents.dossier_code(1), receiver=UP, no=no) for no in range(2, 5)]
    time.sleep(1)
    assert len(one.requests()) == 1
    gateway.stop()
    gateway.start()  # a pause outlives the daemon
    time.sleep(1)
    assert len(one.requests()) == 1
    gateway.run("partner", "resume", one.id, "--reason", "xong")
    one.wait_taken([each.key for each in held])
    assert findings_at(one, [first, *held]) == []
