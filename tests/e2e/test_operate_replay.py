# SPDX-License-Identifier: Apache-2.0
"""Bulk replays: hundreds of dead letters of three causes are tried, run, paused, killed and resumed,
and each goes out once; a rule mends a group; events are sent again to a consumer that lost them."""
import collections
import json
import re
import time

import pytest
from test_operate_repair import (AGENCY, Operator, PARKING, WRONG_AGENCY, act, is_open,
                                 operators_yaml, revise)

from harness import documents
from harness.delivering import FAST, listed, rows
from harness.patience import give_up_at
from harness.readers import FastavroDecoder, read_topic
from harness.services import ROOT, free_port

pytestmark = pytest.mark.broker

LATER_AGENCY = "000.88.88.H09"  # comes into the directory while the test runs
EACH = 120                      # of each cause
REASON = {"reason": "phát lại sau khi sửa"}


class Jobs:
    """Bulk replays of one gateway, called by the administrator's socket."""

    def __init__(self, gateway):
        self.gateway, self.root = gateway, Operator(gateway)

    def make(self, status=200, **wish):
        return self.root.post("jobs", {"kind": "entries", "reason": "phát lại", **wish}, status)

    def get(self, job):
        return self.root.get(f"jobs/{job['job']}")

    def say(self, job, word, status=200, operator=None):
        return (operator or self.root).post(f"jobs/{job['job']}/{word}", REASON, status)

    def wait(self, job, *states, timeout=60):
        return self.until(job, lambda seen: seen["state"] in states, timeout)

    def until(self, job, condition, timeout=60):
        deadline = give_up_at(timeout)
        while True:
            seen = self.get(job)
            if condition(seen):
                return seen
            assert time.monotonic() < deadline, f"{seen}\n{self.gateway.log()[-2000:]}"
            time.sleep(0.02)

    def preview(self, **wish):
        return self.wait(self.make(**wish), "previewed")

    def items(self, job, **query):
        found, after = [], ""
        while after is not None:
            words = "&".join(f"{name}={value}" for name, value in query.items())
            page = self.root.get(f"jobs/{job['job']}/items?limit=100&{words}&after={after}")
            found += page["items"]
            after = page["next"]
        return found


@pytest.fixture
def gateway(gateways, kafka, registry, tmp_path):
    (tmp_path / "operators.yaml").write_text(operators_yaml())
    agencies = tmp_path / "agencies.csv"
    agencies.write_text((ROOT / "deploy" / "agencies.csv").read_text())
    port = free_port()
    one = gateways(brokers=kafka.brokers, registry=registry.url, partners=PARKING,
                   config={"directory": {"agencies": str(agencies)},
                           "operate": {"listen": f"127.0.0.1:{port}", "secure_cookie": False,
                                       "operators": str(tmp_path / "operators.yaml")}, **FAST})
    one.operate_port, one.agencies = port, agencies
    deadline = give_up_at(20)
    while not is_open(port):
        assert time.monotonic() < deadline, one.log()
        time.sleep(0.02)
    return one


@pytest.fixture
def jobs(gateway):
    return Jobs(gateway)


def with_agency(message, dossier, code):
    return documents.native_xml(message, dossier).decode().replace(
        f"<ReceivingAgency>{AGENCY}<", f"<ReceivingAgency>{code}<").encode()


def with_bad_date(message, dossier):
    return documents.native_xml(message, dossier).decode().replace(
        "<DueAt>2025-05-26T17:00:00+07:00<", "<DueAt>2025-02-31T17:00:00+07:00<").encode()


CAUSES = {"W": lambda message, dossier: with_agency(message, dossier, WRONG_AGENCY),
          "L": lambda message, dossier: with_agency(message, dossier, LATER_AGENCY),
          "D": with_bad_date}


def bury(gateway, causes="WLD", each=EACH):
    """`each` dead letters of each cause, every one of a dossier of its own; receipts by message."""
    return {f"{cause}-{number}": gateway.accept(
        CAUSES[cause](f"{cause}-{number}",
                      documents.dossier_code(number + 1000 * (1 + "WLD".index(cause)))))[0]["receipt"]
            for cause in causes for number in range(each)}


def learn_agency(gateway, root, code=LATER_AGENCY):
    """The directory gets an agency while the daemon runs."""
    lines = gateway.agencies.read_text().splitlines()
    model = next(line for line in lines if f",{AGENCY}," in line).split(",")
    added = ["H09.88.88", code, *model[2:-1], ""]
    gateway.agencies.write_text("\n".join([*lines, ",".join(added)]) + "\n")
    root.post("directory/reload", {})


def forget_agencies(gateway, root):
    gateway.agencies.write_text((ROOT / "deploy" / "agencies.csv").read_text())
    root.post("directory/reload", {})


def events(kafka, registry, gateway, count=0, timeout=60):
    return read_topic(kafka.brokers, gateway.topic(), FastavroDecoder(registry.url),
                      until=lambda seen: len(seen) >= count, timeout=timeout)


def messages(records):
    return [one.event["source"]["native_message_id"] for one in records]


def world(gateway, kafka, root):
    """All that a preview must leave as it is."""
    topics = {name: len(read_topic(kafka.brokers, gateway.topic(name)))
              for name in ("dossier-events", "deliveries", "dead-letters")}
    spool = root.get("status")["spool"]
    return topics, {name: spool[name] for name in ("parked", "dead", "stored_since_start")}


def test_three_causes_are_tried_run_paused_killed_and_resumed(gateway, kafka, registry, jobs):
    bury(gateway)
    read_topic(kafka.brokers, gateway.topic("dead-letters"), until=lambda seen: len(seen) == 3 * EACH)
    before = world(gateway, kafka, jobs.root)

    nothing = jobs.preview(filter={})
    assert nothing["preview"]["items"] == 3 * EACH and nothing["preview"]["oldest"]
    assert (nothing["preview"]["would_pass"], nothing["preview"]["still_fail"]) == (0, 3 * EACH)
    assert sorted(one["count"] for one in nothing["preview"]["causes"]) == [EACH, 2 * EACH]
    assert all(one["cause_text"] for one in nothing["preview"]["causes"])

    learn_agency(gateway, jobs.root)
    job = jobs.preview(filter={"partner": "motcua-phucuong"}, options={"rate_per_s": 20})
    preview = job["preview"]
    assert (preview["would_pass"], preview["still_fail"], preview["newly_fail"]) == \
        (EACH, 2 * EACH, 0), preview
    assert world(gateway, kafka, jobs.root) == before, "a preview changes nothing"
    assert gateway.run("spool", "check").returncode == 0
    failing = jobs.items(job, state="would_fail")
    assert len(failing) == 2 * EACH and not any(one["newly"] for one in failing)

    jobs.say(job, "run")
    jobs.until(job, lambda seen: seen["counts"]["done"] >= 10)
    jobs.say(job, "pause")
    paused = jobs.get(job)["counts"]["done"]
    assert 10 <= paused < EACH, "twenty a second are not all at once"
    records = events(kafka, registry, gateway, paused)
    time.sleep(1)  # nothing can be waited for that must not come
    assert len(events(kafka, registry, gateway)) == len(records) == paused

    gateway.kill()
    gateway.start()
    assert jobs.get(job)["state"] == "paused"
    jobs.say(job, "resume")
    jobs.until(job, lambda seen: seen["counts"]["done"] >= paused + 10)
    gateway.kill()
    gateway.start()
    done = jobs.wait(job, "done")
    assert done["report"]["done"] == EACH and done["report"]["failed"] == 0
    assert done["report"]["skipped"] == 0 and done["report"]["would_fail"] == 2 * EACH

    seen = collections.Counter(messages(events(kafka, registry, gateway, EACH)))
    assert seen == {f"L-{number}": 1 for number in range(EACH)}
    assert jobs.root.get("status")["spool"]["dead"] == 2 * EACH
    acts = gateway.run("spool", "check")
    assert acts.returncode == 0, acts.stdout


def test_a_rule_mends_a_whole_group_after_another_persons_word(gateway, kafka, registry, jobs):
    bury(gateway, "WD", 40)
    binh, an = Operator(gateway, "binh"), Operator(gateway, "an")
    rule = {"path": "/Dossier/ReceivingAgency", "from": WRONG_AGENCY, "to": AGENCY}
    made = an.post("jobs", {"kind": "entries", "filter": {"cause": "agency"}, "reason": "mã cũ",
                            "options": {"rule": rule}})
    job = jobs.wait(made, "previewed")
    assert job["preview"]["would_pass"] == 40 and job["needs_approval"], job
    jobs.say(job, "run", 409)
    an.post(f"jobs/{job['job']}/approve", {}, 403)  # has not the right
    dung = Operator(gateway, "dung")
    own = jobs.wait(dung.post("jobs", {"kind": "entries", "filter": {"cause": "agency"},
                                       "reason": "mã cũ", "options": {"rule": rule}}), "previewed")
    jobs.say(own, "approve", 409, dung)  # it is his own
    assert jobs.say(job, "approve", operator=binh)["approved_by"] == "user:binh"
    spoken = [json.loads(line) for line in gateway.run(
        "audit", "list", "--object", f"job:{job['job']}", "--json").stdout.splitlines()]
    assert [one["actor"] for one in spoken if one["act"] == "job-approve"] == ["user:binh"]
    jobs.say(job, "run", operator=an)
    done = jobs.wait(job, "done")
    assert done["report"]["done"] == 40, done
    records = events(kafka, registry, gateway, 40)
    assert {one.event["receiving_agency"] for one in records} == {AGENCY}
    assert sorted(messages(records)) == sorted(f"W-{number}" for number in range(40))
    receipt = jobs.items(job, state="done")[0]["receipt"]
    story = jobs.root.get(f"entries/{receipt}")
    [revision] = story["revisions"]
    assert (revision["author"], revision["approver"], revision["state"], revision["reason"]) == \
        ("user:an", "user:binh", "applied", "mã cũ")

    jobs.say(own, "approve", operator=binh)
    jobs.say(own, "run", operator=dung)
    assert jobs.wait(own, "done")["report"]["skipped"] == 40, "others were faster"
    deadline = give_up_at(20)
    while (metrics := numbers_of(gateway))['lienthong_jobs{state="done"}'] < 2:
        assert time.monotonic() < deadline, metrics
        time.sleep(0.2)
    assert metrics['lienthong_jobs{state="running"}'] == 0
    assert metrics['lienthong_job_items_total{outcome="done"}'] == 40
    assert metrics['lienthong_job_items_total{outcome="refused"}'] == 40
    assert metrics['lienthong_job_items_total{outcome="failed"}'] == 0


def numbers_of(gateway):
    lines = gateway.call("GET", "/metrics").body.decode().splitlines()
    return {name: float(value) for name, _, value in
            (line.rpartition(" ") for line in lines if line.startswith("lienthong_job"))}


def test_a_job_stops_by_itself_when_too_many_fail(gateway, jobs):
    """The world changed after the preview."""
    bury(gateway, "L", 60)
    learn_agency(gateway, jobs.root)
    job = jobs.preview(filter={}, options={"stop_above_share": 0.5, "rate_per_s": 100})
    assert job["preview"]["would_pass"] == 60
    forget_agencies(gateway, jobs.root)
    jobs.say(job, "run")
    stopped = jobs.wait(job, "stopped")
    assert 20 <= stopped["counts"]["failed"] < 60 and stopped["counts"]["done"] == 0
    assert "50 %" in stopped["why"] and stopped["report"]["causes"][0]["cause"].startswith("agency")
    assert jobs.root.get("status")["spool"]["dead"] == 60, "nothing was changed"
    jobs.say(job, "cancel")
    jobs.say(job, "run", 409)


def test_what_a_partner_refuses_again_stops_the_job_too(gateway, jobs, partners):
    receiver = partners("noi-nhan", "lienthong-xml", agencies=[documents.DISTRICT])
    receiver.behave({"kind": "status", "status": 400})
    gateway.stop()
    gateway.write_partners(rows([receiver]))
    gateway.start()
    sent = [gateway.accept(documents.native_xml(f"T-{number}", documents.dossier_code(number)))[0]
            for number in range(60)]
    wait_dead(gateway, 60)
    refused = len(receiver.requests())
    job = jobs.preview(kind="deliveries", filter={"partner": "noi-nhan"},
                       options={"rate_per_s": 8, "stop_above_share": 0.3})  # refusals come later
    assert job["preview"]["would_pass"] == 60, job
    assert len(receiver.requests()) == refused, "a preview sends nothing"
    jobs.say(job, "run")
    stopped = jobs.wait(job, "stopped")
    failed, done = stopped["counts"]["failed"], stopped["counts"]["done"]
    assert 20 <= failed + done < 60 and failed > 0.3 * (failed + done), stopped

    wait_dead(gateway, 60)  # what was under way is refused before the partner takes anything
    receiver.behave()
    again = jobs.preview(kind="deliveries", filter={"partner": "noi-nhan"})
    jobs.say(again, "run")
    done = jobs.wait(again, "done")
    assert done["report"]["done"] == 60 and done["report"]["failed"] == 0, done
    receiver.wait_taken([one["event_id"] for one in sent])
    taken = collections.Counter(one.key for one in receiver.taken())
    assert set(taken.values()) == {1}
    record = [json.loads(line) for line in
              gateway.run("deliveries", "--partner", "noi-nhan", "--json").stdout.splitlines()]
    assert {one["state"] for one in record} == {"delivered"}


def wait_dead(gateway, count):
    deadline = give_up_at(60)
    while len(listed(gateway, "--partner", "noi-nhan", "--state", "dead")) < count:
        assert time.monotonic() < deadline, gateway.log()[-2000:]
        time.sleep(0.1)


def test_a_partner_that_is_paused_would_fail(gateway, jobs, partners):
    receiver = partners("noi-nhan", "lienthong-xml", agencies=[documents.DISTRICT])
    receiver.behave({"kind": "status", "status": 400})
    gateway.stop()
    gateway.write_partners(rows([receiver]))
    gateway.start()
    gateway.accept(documents.native_xml("T-1", documents.dossier_code(1)))
    wait_dead(gateway, 1)
    jobs.root.post("partners/noi-nhan/pause", {"reason": "bảo trì"})
    job = jobs.preview(kind="deliveries", filter={})
    [item] = jobs.items(job)
    assert (item["state"], item["cause"], item["newly"]) == ("would_fail", "partner:paused", True)


def test_stale_ones_go_only_when_somebody_says_so(gateway, kafka, registry, jobs):
    """What could not be read belonged to no dossier, so nothing waited behind it.  A revision that
    was approved is what a job takes."""
    dossier = documents.dossier_code(8)
    lost = documents.native_xml("S-1", dossier).decode()
    lost = lost.replace(f"<DossierCode>{dossier}<", "<DossierCode><")
    receipt = gateway.accept(lost.encode())[0]["receipt"]
    gateway.wait_published(gateway.accept(documents.native_xml("S-2", dossier, no=2))[0]["receipt"])
    text = jobs.root.unmasked(receipt).replace("<DossierCode><", f"<DossierCode>{dossier}<")
    revision = revise(jobs.root, receipt, text)
    waiting = jobs.preview(selection=[receipt])
    assert jobs.items(waiting)[0]["cause"] == "revision-proposed"
    act(Operator(gateway, "binh"), receipt, revision, "approve")
    for may, counts in ((False, {"stale": 1, "done": 0}), (True, {"stale": 0, "done": 1})):
        job = jobs.preview(selection=[receipt], options={"may_be_stale": may})
        assert job["preview"]["stale"] == 1, job
        assert not job["needs_approval"], "that was given to the revision"
        jobs.say(job, "run")
        done = jobs.wait(job, "done")
        assert {name: done["counts"][name] for name in counts} == counts
    assert messages(events(kafka, registry, gateway, 2)) == ["S-2", "S-1"]


def test_within_a_dossier_the_order_stays(gateway, kafka, registry, jobs):
    """The second is due before the first; both were unreadable, so that no lane held them."""
    dossier = documents.dossier_code(9)
    for no, due in ((1, "2025-06-26"), (2, "2025-05-26"), (3, "2025-05-27")):
        text = with_agency(f"O-{no}", dossier, LATER_AGENCY).decode()
        text = text.replace("<DueAt>2025-05-26", f"<DueAt>{due}")
        gateway.accept(text.encode())
    learn_agency(gateway, jobs.root)
    job = jobs.preview(filter={}, options={"rate_per_s": 5})
    assert [one["due_at"][:10] for one in jobs.items(job)] == ["2025-05-26"] * 2 + ["2025-05-27"]
    jobs.say(job, "run")
    jobs.wait(job, "done")
    assert messages(events(kafka, registry, gateway, 3)) == ["O-1", "O-2", "O-3"]


def test_events_are_sent_again_for_a_consumer_that_lost_them(gateway, kafka, registry, jobs,
                                                             partners):
    receiver = partners("noi-nhan", "lienthong-xml", agencies=[documents.DISTRICT])
    gateway.stop()
    gateway.write_partners(rows([receiver]))
    gateway.start()
    sent = [gateway.accept(documents.native_xml(f"E-{number}", documents.dossier_code(number % 20),
                                                no=1 + number // 20))[0] for number in range(200)]
    first = events(kafka, registry, gateway, 200)
    receiver.wait_taken([one["event_id"] for one in sent])

    job = jobs.preview(kind="republish", filter={"from": "2020-01-01"}, options={"rate_per_s": 150})
    assert sum(one["expected"] for one in jobs.items(job)) == 200
    assert len(events(kafka, registry, gateway)) == 200, "a preview sends nothing"
    jobs.say(job, "run")
    deadline = give_up_at(30)
    while len(read_topic(kafka.brokers, gateway.topic())) <= 200:
        assert time.monotonic() < deadline
    gateway.kill()
    gateway.start()
    jobs.wait(job, "done")

    records = events(kafka, registry, gateway, 400)
    again = [one for one in records if "lt_replay_id" in one.headers]
    mark, = {one.headers["lt_replay_id"] for one in again}
    assert re.fullmatch(rf"{job['job']}\.[0-9]{{13}}\.{gateway.settings['kafka']['gateway_id']}", mark)
    assert len(records) == 400 and len(again) == 200
    for partition in {one.partition for one in first}:
        before = [one for one in first if one.partition == partition]
        after = [one for one in again if one.partition == partition]
        assert [(one.key, one.raw, one.timestamp) for one in before] == \
            [(one.key, one.raw, one.timestamp) for one in after]
        assert [one.headers for one in before] == \
            [{name: value for name, value in one.headers.items() if name != "lt_replay_id"}
             for one in after]

    # Nothing is delivered a second time, and a later event still is.
    last = gateway.accept(documents.native_xml("E-last", documents.dossier_code(99)))[0]
    receiver.wait_taken([last["event_id"]])
    assert collections.Counter(one.key for one in receiver.taken()) == \
        collections.Counter([one["event_id"] for one in [*sent, last]])

    # A repeat is not repeated, and a filter narrows.
    other = jobs.preview(kind="republish", filter={"partner": "tinh-binhduong"})
    assert sum(one["expected"] for one in jobs.items(other)) == 0
    same = jobs.preview(kind="republish", filter={"agency": documents.COMMUNE})
    assert sum(one["expected"] for one in jobs.items(same)) == 201


def test_the_command_line_replays_too(gateway, jobs):
    bury(gateway, "LD", 30)
    learn_agency(gateway, jobs.root)
    shown = gateway.run("replay", "preview", "--reason", "thử", "--cause", "agency").stdout
    assert "would pass     30" in shown and "previewed" in shown, shown
    job = json.loads(gateway.run("replay", "preview", "--reason", "thử", "--json").stdout)
    assert job["preview"]["would_pass"] == 30 and job["preview"]["still_fail"] == 30
    done = gateway.run("replay", "run", str(job["job"])).stdout
    assert "30 done, 0 failed" in done and " done" in done.splitlines()[0], done
    assert len(gateway.run("replay", "list").stdout.splitlines()) == 2
    assert gateway.run("replay", "pause", str(job["job"]), check=False).returncode == 1
    assert gateway.run("replay", "cancel", "1", check=False).returncode == 2
    gateway.run("replay", "cancel", "1", "--reason", "thôi")
    assert "cancelled" in gateway.run("replay", "status", "1").stdout
    assert gateway.run("replay", "preview", "--reason", "x", "--kind", "all",
                       check=False).returncode == 1


@pytest.mark.parametrize("line", [
    ["--group", "g", "--partner", "không-ai"], ["1-00", "--partner", "không-ai"], ["1-00", "--group", "g"],
    ["d-1", "--due", "overdue"]])
def test_no_narrowing_is_dropped_on_the_command_line(gateway, jobs, line):
    done = gateway.run("replay", "preview", "--reason", "thử", *line, check=False)
    assert (done.returncode, done.stdout) == (2, "") and "one of them" in done.stderr, done
    assert jobs.root.get("jobs")["items"] == []


@pytest.mark.parametrize("wish", [
    {"filter": {"partnr": "x"}}, {"filter": {}, "selection": ["x"]}, {}, {"selection": []},
    {"filter": {"state": "parked"}}, {"filter": {}, "options": {"rate": 3}},
    {"filter": {}, "options": {"stop_above_share": 2}}, {"filter": {"from": "hôm qua"}},
    {"filter": {}, "options": {"rule": {"path": "x", "to": "y"}}}, {"filter": {}, "reason": ""},
    {"kind": "deliveries", "filter": {}, "options": {"rule": {"path": "/x", "to": "y"}}},
])
def test_what_is_not_understood_is_refused(jobs, wish):
    jobs.make(400, **wish)


def test_what_cannot_be_found_stops_the_job(jobs):
    stopped = jobs.wait(jobs.make(selection=["1-0000000000000000"]), "stopped")
    assert "receipt" in stopped["why"]
    jobs.say(stopped, "run", 409)


def test_who_may_only_look_may_only_look(gateway, jobs):
    chi, job = Operator(gateway, "chi"), jobs.preview(filter={})
    assert chi.call("GET", "jobs").status == 200
    assert chi.call("GET", f"jobs/{job['job']}/items").status == 200
    assert chi.call("POST", "jobs", {"kind": "entries", "filter": {}, **REASON}).status == 403
    for word in ("run", "pause", "resume", "cancel", "approve"):
        assert chi.call("POST", f"jobs/{job['job']}/{word}", REASON).status == 403, word
    assert Operator(gateway, "binh").call("POST", f"jobs/{job['job']}/run", REASON).status == 403
