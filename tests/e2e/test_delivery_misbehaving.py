# SPDX-License-Identifier: Apache-2.0
"""Partners that misbehave, one in each way: what the gateway makes of it, that nothing is lost, that
the partner beside it does not notice, and that memory stays flat.

    pytest tests/e2e/test_delivery_misbehaving.py -s --delivery-rounds 9
"""
import re
import statistics
import time

import pytest

from harness import documents
from harness.delivering import FAST, Sender, findings_at, listed, rows, wait_delivery
from harness.gateway import VARIANT, Gateway
from harness.partner import Partner
from harness.patience import give_up_at

pytestmark = pytest.mark.broker
MEBIBYTE = 1024
WINDOW, PER_SECOND = 0.8, 60  # of the events toward the partner that behaves
BESIDE = "000.00.40.H09"
# A scheduler's turn on a machine with other things to do; a p99 of two milliseconds may be four.
NOISE = 0.015
MORE = 4  # times twice as many rounds, as long as noise hides what is so
# Repetitions of a request that a partner may not see within a second: no storms.
STORM = 40


class Way:
    """One way to misbehave: how it is told to the partner, what must be said of its first event
    meanwhile, and whether the partner has it at the end."""

    def __init__(self, *behaviours, adapter="lienthong-xml", state="waiting", cause=None, rest=None,
                 deliver=None):
        self.behaviours, self.adapter, self.state, self.cause = behaviours, adapter, state, cause
        self.rest, self.deliver = rest, deliver or {}


WAYS = {
    "slow": Way({"kind": "slow", "delay": 0.6}, state="delivered"),
    "hanging": Way({"kind": "hang"}, cause=r"timeout", deliver={"timeout_ms": 700}),
    "500-for-a-while": Way({"kind": "status", "status": 500}, cause=r"500"),
    "503-for-a-while": Way({"kind": "status", "status": 503}, cause=r"503"),
    "429-retry-after": Way({"kind": "status", "status": 429, "retry_after": "2"}, cause=r"429",
                           rest=2),
    "error-inside-200": Way({"kind": "error"}, adapter="dvcqg-json", cause=r"error_code|answer"),
    "refusal-inside-200": Way({"kind": "error", "final": True}, adapter="dvcqg-json", state="dead",
                              cause=r"error_code|answer"),
    "edxml-error-inside-200": Way({"kind": "error"}, adapter="edxml", cause=r"."),
    "closing-after-reading": Way({"kind": "close"}, cause=r"connect:cut"),
    "half-an-answer": Way({"kind": "cut"}, cause=r"connect:cut"),
    "answering-twice": Way({"kind": "twice"}, state="delivered"),
    "garbage": Way({"kind": "garbage"}, cause=r"connect:"),
    # cut at deliver.answer_limit_bytes: what the status says holds
    "endless-answer": Way({"kind": "endless"}, state="delivered", deliver={"timeout_ms": 1500}),
    "endless-answer-to-a-form": Way({"kind": "endless"}, adapter="edxml", cause=r".",
                                    deliver={"timeout_ms": 1500}),
    "dripping-answer": Way({"kind": "endless", "piece": 1, "pause": 0.2}, cause=r"timeout",
                           deliver={"timeout_ms": 1500}),
    "endless-headers": Way({"kind": "headers"}, cause=r"connect:", deliver={"timeout_ms": 1500}),
    "refusing-connections": Way({"kind": "refuse"}, cause=r"connect:"),
}


def district(number):
    """Communes that existed on the day of the events, one for each partner."""
    return f"000.{10 + number % 7}.{41 + number // 7}.H09"


@pytest.fixture(scope="module")
def scene(tmp_path_factory, kafka, registry, authority):
    """One gateway, one partner that behaves, and one of each that does not."""
    folder = tmp_path_factory.mktemp("misbehaving")
    good = Partner(folder / "good", "yen-lanh", "lienthong-xml", agencies=[BESIDE])
    bad = {name: Partner(folder / name, f"kho-{number}", way.adapter, agencies=[district(number)],
                         deliver={"concurrency": 4, **way.deliver})
           for number, (name, way) in enumerate(WAYS.items())}
    bad["trap"] = Partner(folder / "trap", "noi-khac", "lienthong-xml", agencies=["H31"])
    bad["redirect"] = Partner(folder / "redirect", "chuyen-huong", "lienthong-xml", agencies=["H32"])
    bad["dns"] = Partner(folder / "dns", "khong-ten", "lienthong-xml", agencies=["H33"],
                         deliver={"url": "https://mot-cua.invalid/nhan"})
    for name, host, days in (("unknown-authority", "localhost", 30), ("expired", "localhost", -3),
                             ("of-another-host", "elsewhere.test", 30)):
        trusted = {} if name == "unknown-authority" else {"ca_file": str(authority.ca_file)}
        bad[name] = Partner(folder / name, f"tls-{name}", "lienthong-xml", host="localhost",
                            agencies=[f"H{34 + len(bad) % 20}"], deliver=trusted,
                            certificate=authority.issue(name, host, days))
    one = Gateway(folder / "gateway", brokers=kafka.brokers, registry=registry.url, config=FAST,
                  partners=rows([good, *bad.values()]))
    for partner in (good, *bad.values()):
        partner.start()
    try:
        one.run("topics", "create")
        one.start()
        one.wait_for("/readyz")
        warm_up(one, good)
        yield one, good, bad
    finally:
        for partner in (good, *bad.values()):
            partner.kill()
        one.end()


def warm_up(gateway, good):
    """Until connections are open, caches are filled and RSS says something."""
    sender = Sender(gateway, "warm")
    sent = [sender.post(documents.dossier_code(90000 + n % 50), receiver=BESIDE) for n in range(300)]
    good.wait_taken([one.key for one in sent])
    gateway.warm_kib = gateway.rss_kib()


def window(sender, good, number):
    """Sends to the partner that behaves, evenly; the p99 of the seconds from POST to arrival."""
    sent, began = [], time.monotonic()
    for turn in range(round(WINDOW * PER_SECOND)):
        time.sleep(max(0, began + turn / PER_SECOND - time.monotonic()))
        sent.append(sender.post(documents.dossier_code(number * 100 + turn), receiver=BESIDE))
    good.wait_taken([one.key for one in sent])
    arrived = {}
    for one in reversed(good.taken()):
        arrived[one.key] = one.at
    return statistics.quantiles([arrived[one.key] - one.at for one in sent], n=100)[98]


def agency_of(partner):
    return partner.agencies[0]


def trouble(sender, partner, first_dossier):
    """Five dossiers for the partner that does not behave, two events each."""
    return [sender.post(documents.dossier_code(first_dossier + number % 5),
                        receiver=agency_of(partner), no=number // 5 + 1) for number in range(10)]


class Beside:
    """Calm and trouble in turns, and what was sent to both partners meanwhile."""

    def __init__(self, gateway, good, partner, number):
        self.gateway, self.good, self.partner, self.number = gateway, good, partner, number
        self.sender, self.other = Sender(gateway, f"T{number}"), Sender(gateway, f"C{number}")
        self.calm, self.during, self.sent, self.turn = [], [], [], 0

    def rounds(self, count, behaviours):
        for _ in range(count):
            self.partner.behave()
            if self.sent:
                settle(self.gateway, self.partner)
            first = self.number * 40 + 2 * (self.turn % 20)
            self.calm.append(window(self.other, self.good, first))
            self.partner.behave(*behaviours)
            self.sent += trouble(self.sender, self.partner, 50000 + self.number * 300 + self.turn * 10)
            self.during.append(window(self.other, self.good, first + 1))
            self.turn += 1

    @property
    def is_undisturbed(self):
        before, beside = statistics.median(self.calm), statistics.median(self.during)
        return beside <= max(1.5 * before, before + NOISE)


def settle(gateway, partner, timeout=30):
    """Until nothing is on its way to it any more; what a person must look at is let go again."""
    deadline = give_up_at(timeout)
    while left := [one for one in listed(gateway, "--partner", partner.id)
                   if one["state"] in ("waiting", "parked", "dead")]:
        assert time.monotonic() < deadline, f"{partner.id}: {left[:2]}"
        for one in left:
            if one["state"] == "dead":
                gateway.run("deliveries", "retry", one["delivery"], "--reason", "thử lại")
        time.sleep(0.05)


def assert_flat(gateway, name):
    grown = gateway.rss_kib() - gateway.warm_kib
    print(f"{name}: memory {gateway.rss_kib()} KiB, {grown:+} KiB since it was warm")
    assert grown < 48 * MEBIBYTE or VARIANT != "release", name  # a sanitizer's memory is its own


def assert_no_storm(partner, since):
    """Of one event, at any moment."""
    times = {}
    for one in partner.requests():
        if one.at >= since:
            times.setdefault(one.key, []).append(one.at)
    for key, at in times.items():
        most = max(sum(moment <= other < moment + 1 for other in at) for moment in at)
        assert most <= STORM, f"{partner.id}: {key} came {most} times within a second"


@pytest.mark.parametrize("name", WAYS)
def test_a_partner_that_misbehaves_harms_only_itself(scene, name, request):
    gateway, good, bad = scene
    partner, way = bad[name], WAYS[name]
    since, rounds = time.time(), request.config.getoption("--delivery-rounds")
    beside = Beside(gateway, good, partner, list(WAYS).index(name))
    beside.rounds(rounds, way.behaviours)
    said = wait_delivery(gateway, partner.id, beside.sent[-10].key,
                         lambda one: re.fullmatch(way.state, one["state"])
                         and (way.cause is None or re.search(way.cause, one["cause"] or "")))
    print(f"\n{name}: {said['state']}, cause {said['cause']}, {said['attempts']} attempts")
    for _ in range(MORE):  # few samples on a busy machine: as many again, and more
        if beside.is_undisturbed:
            break
        beside.rounds(2 * rounds, way.behaviours)
    print(f"{name}: p99 of the partner beside it {statistics.median(beside.calm) * 1000:.1f} ms "
          f"before, {statistics.median(beside.during) * 1000:.1f} ms during")
    assert_flat(gateway, name)
    partner.behave()
    settle(gateway, partner)
    partner.wait_taken([one.key for one in beside.sent])
    assert beside.is_undisturbed, (beside.calm, beside.during)
    assert_no_storm(partner, since)
    assert findings_at(partner, beside.sent) == []
    assert findings_at(good, beside.other.sent, only_these=True) == []
    if way.rest:
        assert_rests(partner, way.rest)


def assert_rests(partner, seconds):
    """After an answer with Retry-After the partner hears nothing for so long."""
    told = [one for one in partner.requests() if one.behaviour == "status"]
    assert told
    for one, after in zip(told, told[1:]):
        gap = after.at - one.at
        # Those that were under way together with the first of them may still come.
        assert gap < 1 or gap >= seconds * 0.9, gap


def test_a_redirect_is_not_followed(scene):
    gateway, good, bad = scene
    partner, trap = bad["redirect"], bad["trap"]
    partner.behave({"kind": "redirect", "location": f"{trap.url}/elsewhere"})
    sent = trouble(Sender(gateway, "R"), partner, 72000)
    said = wait_delivery(gateway, partner.id, sent[0].key, lambda one: one["cause"])
    assert said["state"] == "waiting" and "redirect" in said["cause"]
    partner.behave()
    partner.wait_taken([one.key for one in sent])
    assert findings_at(partner, sent) == []
    assert trap.requests() == [] and trap.notes.connections == []


@pytest.mark.parametrize("name", ["unknown-authority", "expired", "of-another-host"])
def test_an_invalid_certificate_gets_nothing(scene, authority, name):
    """No byte of a document; and all of it once the certificate is as it should be."""
    gateway, good, bad = scene
    partner = bad[name]
    sender = Sender(gateway, f"X-{name}")
    sent = [sender.post(documents.dossier_code(70000), receiver=agency_of(partner), no=no)
            for no in range(1, 4)]
    said = wait_delivery(gateway, partner.id, sent[0].key, lambda one: one["cause"])
    assert (said["state"], said["cause"]) == ("waiting", "tls:certificate")
    tested = gateway.run("partner", "test", partner.id, check=False)
    assert "certificate" in tested.stdout + tested.stderr
    assert partner.requests() == []
    mend(gateway, scene, partner, ca_file=str(authority.ca_file),
         certificate=authority.issue(f"{name}-mended", "localhost"))
    partner.wait_taken([one.key for one in sent], timeout=60)
    assert findings_at(partner, sent) == []


def test_a_host_without_an_address(scene):
    gateway, good, bad = scene
    partner = bad["dns"]
    sender = Sender(gateway, "dns")
    sent = [sender.post(documents.dossier_code(70001), receiver=agency_of(partner), no=no)
            for no in range(1, 4)]
    said = wait_delivery(gateway, partner.id, sent[0].key, lambda one: one["cause"], timeout=60)
    assert (said["state"], said["cause"]) == ("waiting", "connect:dns")
    mend(gateway, scene, partner, url=partner.url)
    partner.wait_taken([one.key for one in sent], timeout=60)
    assert findings_at(partner, sent) == []


def mend(gateway, scene, partner, certificate=None, **deliver):
    """What the people there, and ours, would do: another certificate, another row, SIGHUP."""
    if certificate:
        partner.kill()
        partner.certificate = certificate
        partner.start()
    partner.deliver |= deliver
    reloads = gateway.log().count("directory.reloaded")
    gateway.write_partners(rows([scene[1], *scene[2].values()]))
    gateway.reload()
    deadline = give_up_at(20)
    while gateway.log().count("directory.reloaded") <= reloads:
        assert time.monotonic() < deadline, gateway.log()[-1000:]
        time.sleep(0.05)


def test_the_lists_and_metrics_say_who_waits_and_why(scene):
    gateway, good, bad = scene
    partner = bad["500-for-a-while"]
    partner.behave({"kind": "status", "status": 500})
    sent = trouble(Sender(gateway, "M"), partner, 71000)
    head = wait_delivery(gateway, partner.id, sent[0].key, lambda one: one["attempts"] >= 2)
    parked = wait_delivery(gateway, partner.id, sent[5].key, lambda one: one["state"] == "parked")
    assert head["state"] == "waiting" and head["next_at"] and head["status"] == 500
    assert parked["state"] == "parked" and parked["behind"] == head["delivery"]
    journey = gateway.get(f"/v1/dossiers/{sent[0].dossier}").json()
    assert partner.id in str(journey) or agency_of(partner) in str(journey)
    text = gateway.call("GET", "/metrics").body.decode()
    mine = [line for line in text.splitlines() if f'partner="{partner.id}"' in line]
    assert any("deliver" in line and float(line.split()[-1]) > 0 for line in mine), mine
    for word in documents.PERSONAL:
        assert word not in text + gateway.log()
    partner.behave()
    partner.wait_taken([one.key for one in sent])
