#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What operators wait for: the page of failures among millions of entries, and a bulk replay.

    tests/bench/operate.py views [--entries 1000000] [--dead 100000]
    tests/bench/operate.py replay [--dead 100000]

`views` fills a spool (tests/bench/fill.c), starts a gateway on it and asks for each page fifty times
over HTTP; the bar is 200 ms for the groups and for the page of one.  `replay` measures plain
publishing, from POST to Kafka and out of a backlog; then it has handoffs fail of three causes, mends
them (two by the directory, one by a rule that another person approves) and replays them in three
jobs, of which one is paused and the gateway killed with -9 in the middle.  Kafka must have each once;
the bar is half the rate from POST to Kafka.  Exit 1 below a bar."""
import argparse
import collections
import http.client
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "e2e"), str(HERE.parent / "console")]

import requests  # noqa: E402
from harness import documents, operators, services  # noqa: E402
from harness.gateway import Gateway  # noqa: E402
from harness.operators import PARKING, Operator  # noqa: E402
from harness.readers import read_topic  # noqa: E402

ROOT = services.ROOT
PARTNER, ASKED, BAR_MS, BAR_SHARE, PLAIN_S = "motcua-phucuong", 50, 200, 0.5, 15
SOON, WRONG = "000.88.88.H09", "000.99.99.H09"  # comes into the directory; a code of no agency
CODE, THREADS = "000.12.40.H09-250512-", 8
# Three causes: what is right, and what stands there instead.
FAULTS = {
    "receiving": (f"<ReceivingAgency>{documents.COMMUNE}<", f"<ReceivingAgency>{SOON}<"),
    "competent": (f"<CompetentAgency>{documents.DISTRICT}<", f"<CompetentAgency>{SOON}<"),
    "rule": (f"<To><AgencyCode>{documents.DISTRICT}<", f"<To><AgencyCode>{WRONG}<"),
}


# Pages.

def time_calls(caller, path):
    """Milliseconds of each of many calls."""
    times = []
    for _ in range(ASKED):
        began = time.perf_counter()
        caller.get(path)
        times.append((time.perf_counter() - began) * 1000)
    return times


def views(options, folder):
    gateway = Gateway(folder / "gateway", partners=PARKING)
    address = operators.open_console(gateway)
    print(subprocess.run([ROOT / "build/release/tests/bench/fill", gateway.settings["spool"]["file"],
                          str(options.entries), str(options.dead),
                          ROOT / "schemas" / "dossier-event.avsc"],
                         check=True, capture_output=True, text=True).stdout, end="")
    gateway.start(timeout=600)
    try:
        an = Operator(address, "an")
        group = an.get("failures")["items"][0]["fingerprint"]
        dossier = "000.12.40.H09-250512-0000001"
        pages = ["failures", f"failures/{group}/items", "overview", "entries", "entries?state=dead",
                 f"entries?dossier={dossier}", f"entries?cause={group}", "deliveries"]
        bad = False
        for path in pages:
            times = time_calls(an, path)
            print(f"{path:45} median {statistics.median(times):7.1f} ms, most {max(times):7.1f} ms")
            bad |= path.startswith("failures") and statistics.median(times) > BAR_MS
        return not bad
    finally:
        gateway.stop()


# Replays.

def body_of(kind):
    """A handoff for post.lua, in dossiers of its own kind; `kind` is its fault, None for none."""
    text = documents.native_xml("@MESSAGE@", f"{CODE}0000000").decode()
    if kind:
        right, wrong = FAULTS[kind]
        changed = text.replace(right, wrong)
        assert changed != text
        text = changed
    return text


class Poster(threading.Thread):
    """Posts documents over one connection."""

    def __init__(self, gateway, bodies):
        super().__init__(daemon=True)
        self.gateway, self.bodies, self.error = gateway, bodies, None

    def run(self):
        headers = self.gateway.authorised(PARTNER, {"Content-Type": "application/xml"})
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=60)
        try:
            for body in self.bodies:
                connection.request("POST", "/v1/handoffs", body, headers)
                answer = connection.getresponse()
                text = answer.read()
                if answer.status != 202:
                    raise RuntimeError(f"{answer.status}: {text[:300]}")
        except Exception as error:  # a dead thread must fail the run
            self.error = error
        finally:
            connection.close()


def send(gateway, kind, count, first):
    """`count` documents of a kind, each of a dossier of its own, numbered from `first` on."""
    template = body_of(kind)

    def plan(part):
        for number in range(first + part, first + count, THREADS):
            yield template.replace("@MESSAGE@", f"{kind}-{number}").replace(
                f"{CODE}0000000", f"{CODE}{number + 1:07d}").encode()

    posters = [Poster(gateway, plan(part)) for part in range(THREADS)]
    for poster in posters:
        poster.start()
    for poster in posters:
        poster.join()
    for poster in posters:
        if poster.error:
            raise poster.error


def wait(condition, what, timeout=1800):
    deadline = time.monotonic() + timeout
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.05)
    return found


def published(gateway):
    """Entries, that is without what the gateway tells of itself."""
    days = json.loads(gateway.run("reconcile", "--json").stdout)
    assert days["mismatches"] == 0, days
    return sum(one["published"] for one in days["items"] if one["kind"] == "entries")


def plain_rate(gateway, folder, run):
    """Handoffs a second from POST to Kafka, as fast as wrk posts them, until the last is out.  Each
    run has a name of its own."""
    body = folder / "body.xml"
    body.write_text(documents.native_xml("@MESSAGE@", "000.12.40.H09-250512-@DOSSIER@").decode())
    environment = {**os.environ, "BENCH_BODY": str(body), "BENCH_KEY": gateway.keys[PARTNER],
                   "BENCH_RUN": run}
    before, began = published(gateway), time.monotonic()
    subprocess.run(["wrk", "-t1", "-c64", f"-d{PLAIN_S}s", "-s", HERE / "post.lua",
                    f"http://127.0.0.1:{gateway.port}"], env=environment, check=True,
                   stdout=subprocess.DEVNULL)
    wait(lambda: gateway.metric("lienthong_spool_unpublished") == 0, "what wrk posted")
    spent, count = time.monotonic() - began, published(gateway) - before
    print(f"plain publishing: {count} from POST to Kafka, {count / spent:.0f} a second", flush=True)
    return count / spent


def backlog_rate(gateway, kafka, count):
    """Entries a second that go out of a backlog, which grew while the broker stood still."""
    kafka.pause()
    send(gateway, None, count, 0)
    kafka.resume()
    published = [(time.monotonic(), gateway.metric("lienthong_published_total"))]
    while gateway.metric("lienthong_spool_unpublished") > 0:
        published.append((time.monotonic(), gateway.metric("lienthong_published_total")))
        time.sleep(0.05)
    published.append((time.monotonic(), gateway.metric("lienthong_published_total")))
    # Until it notices that the broker goes on, nothing moves: that is no publishing.
    start = next(at for at, (_, number) in enumerate(published) if number > published[0][1]) - 1
    return (published[-1][1] - published[start][1]) / (published[-1][0] - published[start][0])


class Replayer:
    """Previews and runs one job after another."""

    def __init__(self, gateway, address):
        self.gateway, self.address = gateway, address
        self.sit_down()

    def sit_down(self):
        self.an, self.binh = Operator(self.address, "an"), Operator(self.address, "binh")

    def until(self, job, state):
        return wait(lambda: (one := self.an.get(f"jobs/{job}"))["state"] == state and one,
                    f"job {job} {state}")

    def preview(self, group, rule=None):
        options = {"rate_per_s": 0, **({"rule": rule} if rule else {})}
        began = time.monotonic()
        job = self.an.post("jobs", {"kind": "entries", "group": group, "reason": "phát lại",
                                    "options": options})["job"]
        found = self.until(job, "previewed")
        print(f"job {job}: tried {found['total']} in {time.monotonic() - began:.1f} s, "
              f"{found['counts']['would_pass']} would pass")
        if rule:
            self.binh.post(f"jobs/{job}/approve", {"reason": "đúng quy tắc"})
        return job, found["total"]

    def run(self, job, count, trouble=None):
        """Seconds of its run, without those in which it was paused or the gateway was dead."""
        began, lost = time.monotonic(), 0.0
        self.an.post(f"jobs/{job}/run", {"reason": "chạy"})
        if trouble:
            lost = trouble(job, count)
        self.until(job, "done")
        return time.monotonic() - began - lost

    def done(self, job):
        return self.an.get(f"jobs/{job}")["counts"]["done"]

    def pause_and_kill(self, job, count):
        wait(lambda: self.done(job) > count // 20, "the first of it")
        began = time.monotonic()
        self.an.post(f"jobs/{job}/pause", {"reason": "xem đã"})
        paused = self.done(job)
        time.sleep(1)
        assert self.done(job) == paused, "it goes on while it is paused"
        self.an.post(f"jobs/{job}/resume", {"reason": "chạy tiếp"})
        lost = time.monotonic() - began
        wait(lambda: self.done(job) > max(paused, count // 2), "half of it")
        began = time.monotonic()
        self.gateway.kill()
        self.gateway.start(timeout=300)
        wait(lambda: is_answering(self.address), "the console")
        self.sit_down()
        print(f"job {job}: paused at {paused}, killed after {self.done(job)}")
        return lost + time.monotonic() - began


def is_answering(address):
    try:
        return requests.get(f"{address}/operate/v1/me", timeout=2).status_code == 401
    except requests.RequestException:
        return False


def mend_directory(gateway, path):
    """The agency that was missing is there from now on."""
    rows = (ROOT / "deploy" / "agencies.csv").read_text().splitlines()
    model = next(row for row in rows if f",{documents.COMMUNE}," in row).split(",")
    path.write_text("\n".join([*rows, ",".join(["H09.88.88", SOON, *model[2:-1], ""])]) + "\n")


def replay(options, folder):
    services.fetch()
    kafka = services.Kafka(folder / "kafka").start()
    registry = services.Registry(folder / "registry").start()
    agencies = folder / "agencies.csv"
    shutil.copy(ROOT / "deploy" / "agencies.csv", agencies)
    gateway = Gateway(folder / "gateway", brokers=kafka.brokers, registry=registry.url,
                      partners=PARKING, config={"directory": {"agencies": str(agencies)}})
    address = operators.open_console(gateway)
    gateway.run("topics", "create")
    gateway.start()
    try:
        return measure(options, folder, gateway, kafka, address, agencies)
    finally:
        gateway.end()
        registry.wipe()
        kafka.wipe()


def measure(options, folder, gateway, kafka, address, agencies):
    count = options.dead
    before = plain_rate(gateway, folder, "before")
    print(f"a backlog of {count}: {backlog_rate(gateway, kafka, count):.0f} a second")
    shares = {"receiving": count // 3, "competent": count // 3, "rule": count - 2 * (count // 3)}
    first = count
    for kind, share in shares.items():
        send(gateway, kind, share, first)
        first += share
    replayer = Replayer(gateway, address)
    began = time.monotonic()
    groups = replayer.an.get("failures")["items"]
    print(f"{sum(one['count'] for one in groups)} dead in {len(groups)} groups, listed in "
          f"{(time.monotonic() - began) * 1000:.0f} ms")
    mend_directory(gateway, agencies)
    Operator(address, "dung").post("directory/reload")
    total, seconds = replay_groups(replayer, groups)
    rate = total / seconds
    after = plain_rate(gateway, folder, "after")
    plain = (before + after) / 2  # the machine may have been busier at one time
    print(f"bulk replay: {total} in {seconds:.1f} s, {rate:.0f} a second, {rate / plain:.2f} of plain")
    wait(lambda: gateway.metric("lienthong_spool_unpublished") == 0, "the rest")
    return judge(gateway, kafka, published(gateway)) and rate >= BAR_SHARE * plain


def replay_groups(replayer, groups):
    """How many went out, and in what time; the first job is paused, and its gateway killed."""
    total = seconds = 0
    rule = {"path": "/Handoff/To/AgencyCode", "from": WRONG, "to": documents.DISTRICT}
    for number, group in enumerate(groups):
        is_mended = "/To/" in group["cause"]
        job, count = replayer.preview(group["fingerprint"], rule if is_mended else None)
        spent = replayer.run(job, count, replayer.pause_and_kill if number == 0 else None)
        print(f"job {job}: {count} in {spent:.1f} s without pause and kill"
              + (", by a rule" if is_mended else ""))
        seconds += spent
        total += count
    return total, seconds


def judge(gateway, kafka, count):
    """Whether each of all that came is on Kafka once; `count` is what the spool says."""
    records = read_topic(kafka.brokers, gateway.topic(), timeout=600)
    seen = collections.Counter(one.headers["lt_entry"] for one in records)
    twice = sum(1 for number in seen.values() if number > 1)
    print(f"on Kafka: {len(seen)} of {count}, {twice} twice")
    return len(seen) == count and twice == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("part", choices=["views", "replay"])
    parser.add_argument("--entries", type=int, default=1000000)
    parser.add_argument("--dead", type=int, default=100000)
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="operate-"))
    try:
        is_good = {"views": views, "replay": replay}[options.part](options, folder)
    finally:
        shutil.rmtree(folder)
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
