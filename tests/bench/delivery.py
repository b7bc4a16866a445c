# SPDX-License-Identifier: Apache-2.0
"""Deliveries a second, and the time from POST to arrival at the target, beside a baseline.

The target is tests/bench/sink.c.  The gateway gets its handoffs by HTTP, carries them over a real
Kafka, and pushes them there: first a backlog at full speed (the partner is paused while it grows),
then a steady stream, for the latency.  The baseline (tests/bench/deliver.c) is one thread of
libcurl's multi interface posting one of the same bodies, as often and as many at once.  The bar is
60 % of its rate, by medians."""
import pathlib
import resource
import shutil
import subprocess
import threading
import time
import urllib.request

from harness import documents, services
from harness.delivering import Sender
from harness.gateway import PARTNERS, Gateway
from measuring import cpu_by_thread, cpu_seconds, median, wait_for_port

PROGRAMS = services.ROOT / "build/release/tests/bench"
PARTNER, TARGET = "motcua-phucuong", "dich-den"
BAR = 0.60
STREAM_RATE, STREAM_SENDERS = 200, 4  # events a second, in the steady part


class Sink:
    """The partner's system."""

    def __init__(self, folder, options):
        self.port, self.notes = services.free_port(), pathlib.Path(folder) / "notes"
        self.process = subprocess.Popen([PROGRAMS / "sink", str(self.port), self.notes,
                                         str(options.deliver_sink_ms)])
        wait_for_port(self.port)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/nhan"

    def count(self):
        with urllib.request.urlopen(self.url, timeout=30) as answer:
            return int(answer.read())

    def wait_count(self, count, timeout=600):
        deadline = time.monotonic() + timeout
        while (came := self.count()) < count:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{came} of {count} came")
            time.sleep(0.05)

    def end(self):
        """{key: seconds since 1970}; how many came more than once is there too."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait()
        lines = [line.split() for line in self.notes.read_text().splitlines()]
        arrivals = {}
        for key, at, _ in lines:
            arrivals.setdefault(key, int(at) / 1e6)
        return arrivals, len(lines) - len(arrivals)


def rate_of(arrivals):
    """The tenths at both ends are left out: starting and ending is not what is measured."""
    times = sorted(arrivals)
    cut = len(times) // 10
    inner = times[cut:len(times) - cut]
    return (len(inner) - 1) / (inner[-1] - inner[0])


def rows(sink, options):
    password = sink.notes.with_name("password")
    password.write_text("mat-khau-thu")
    deliver = {"by": "push", "adapter": "lienthong-xml", "url": sink.url, "user": "bench",
               "password_file": str(password), "concurrency": options.deliver_concurrency}
    return [PARTNERS[0], {"id": TARGET, "name": "Đích", "agencies": [documents.DISTRICT],
                          "adapters": ["lienthong-xml"], "deliver": deliver}]


def wait_backlog(gateway, least, timeout=600):
    """Until all that was posted is in the spool as deliveries that wait; how many."""
    deadline, before = time.monotonic() + timeout, -1
    while True:
        held = int(gateway.metric("lienthong_deliveries_waiting")
                   + gateway.metric("lienthong_deliveries_parked"))
        if held >= least and held == before and gateway.metric("lienthong_spool_unpublished") == 0:
            return held
        if time.monotonic() > deadline:
            raise TimeoutError(f"{held} of {least} deliveries are there")
        before = held
        time.sleep(1)


def drain(options, gateway, sink, wrk):
    """A backlog at full speed."""
    gateway.run("partner", "pause", TARGET, "--reason", "bench")
    posted = wrk(gateway.port, options, gateway.keys[PARTNER])
    count = wait_backlog(gateway, posted["requests"])
    before, threads = cpu_seconds(gateway.process.pid), cpu_by_thread(gateway.process.pid)
    gateway.run("partner", "resume", TARGET, "--reason", "bench")
    recorder = recorded(options, gateway, sink) if options.profile else None
    sink.wait_count(count)
    if recorder:
        show_profile(recorder, sink)
    spent = cpu_by_thread(gateway.process.pid)
    return {"count": count,
            "cpu_us": (cpu_seconds(gateway.process.pid) - before) / count * 1e6,
            "threads": {name: seconds - threads.get(name, 0) for name, seconds in spent.items()},
            "rss_mib": gateway.peak_kib() // 1024}


def recorded(options, gateway, sink):
    """A recording of where the daemon's CPU goes while it drains; None without perf."""
    if not shutil.which("perf"):
        print("profile: skipped, there is no perf (apt-get install linux-perf)")
        return None
    return subprocess.Popen(
        ["perf", "record", "-q", "-g", "-F", "499", "-p", str(gateway.process.pid), "-o",
         sink.notes.with_name("perf.data"), "--", "sleep", "2"], stderr=subprocess.DEVNULL)


def show_profile(recorder, sink):
    recorder.wait()
    for words in (["--no-children", "--sort", "dso", "--percent-limit", "0.5"],
                  ["--no-children", "--sort", "dso,symbol", "--percent-limit", "0.7"],
                  ["--children", "--sort", "symbol", "--percent-limit", "3"]):
        done = subprocess.run(["perf", "report", "-q", "--stdio", "-g", "none", "-i",
                               sink.notes.with_name("perf.data"), *words],
                              capture_output=True, text=True, check=False)
        print(done.stdout.rstrip() + "\n" + done.stderr)


def stream(gateway, seconds, sink):
    """A steady stream; what was posted, with its times."""
    before = sink.count()
    senders = []
    for number in range(STREAM_SENDERS):
        sender = Sender(gateway, f"L{number}", pause=STREAM_SENDERS / STREAM_RATE)
        sender.will_send(plan_of(number))
        senders.append(sender)
    for sender in senders:
        sender.start()
    threading.Event().wait(seconds)
    for sender in senders:
        sender.ended.set()
    for sender in senders:
        sender.join()
    sent = [one for sender in senders for one in sender.sent]
    sink.wait_count(before + len(sent))
    return sent


def plan_of(number):
    turn = 0
    while True:
        turn += 1
        yield documents.dossier_code(90000 + number * 1000 + turn % 500), "HANDED_OFF", \
            documents.DISTRICT, turn % 99 + 1


def run_gateway(options, folder, kafka, registry, wrk):
    folder.mkdir(parents=True)
    sink = Sink(folder, options)
    gateway = Gateway(folder / "gateway", brokers=kafka.brokers, registry=registry.url,
                      partners=rows(sink, options), variant_folder=services.ROOT / "build/release")
    try:
        gateway.run("topics", "create")
        gateway.start()
        gateway.wait_for("/readyz")
        figures = drain(options, gateway, sink, wrk)
        sent = stream(gateway, options.seconds, sink)
    finally:
        gateway.end()
        arrivals, again = sink.end()
    keys = {one.key for one in sent}
    figures["rate"] = rate_of([at for key, at in arrivals.items() if key not in keys])
    figures["again"] = again
    took = sorted((arrivals[one.key] - one.at) * 1000 for one in sent)
    figures["p50"], figures["p99"] = took[len(took) // 2], took[len(took) * 99 // 100]
    figures["body"] = (folder / "notes.body").read_bytes()
    return figures


def run_baseline(options, folder, body, count):
    folder.mkdir(parents=True)
    sink = Sink(folder, options)
    (folder / "body").write_bytes(body)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        subprocess.run([PROGRAMS / "deliver", sink.url, folder / "body", str(count),
                        str(options.deliver_concurrency)], check=True, stdout=subprocess.PIPE)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    finally:
        arrivals, _ = sink.end()
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"rate": rate_of(arrivals.values()), "count": len(arrivals),
            "cpu_us": spent / count * 1e6}


def bench(options, folder, kafka, registry, wrk):
    """Rounds of both, the table, and whether the bar is reached."""
    baseline, gateway = [], []
    for number in range(options.rounds):
        where = folder / f"deliver-{number}"
        gateway.append(run_gateway(options, where / "ours", kafka, registry, wrk))
        body = gateway[-1].pop("body")
        baseline.append(run_baseline(options, where / "theirs", body, gateway[-1]["count"]))
        print(f"deliveries, round {number + 1}: baseline {baseline[-1]['rate']:.0f}/s, gateway "
              f"{gateway[-1]['rate']:.0f}/s", flush=True)
    return {"baseline": baseline, "gateway": gateway}, report(options, baseline, gateway, len(body))


def report(options, baseline, gateway, size):
    ratio = median(gateway, "rate") / median(baseline, "rate")
    print(f"\ndeliveries: {options.deliver_concurrency} at once, answered after {options.deliver_sink_ms} ms, {len(gateway)} rounds of "
          f"{median(gateway, 'count'):.0f}, {size} bytes; medians")
    print(f"{'':22}{'baseline':>12}{'gateway':>12}{'ratio':>9}")
    print(f"{'delivered a second':22}{median(baseline, 'rate'):>12.0f}"
          f"{median(gateway, 'rate'):>12.0f}{ratio:>9.2f}")
    print(f"{'CPU a delivery, us':22}{median(baseline, 'cpu_us'):>12.0f}"
          f"{median(gateway, 'cpu_us'):>12.0f}"
          f"{median(gateway, 'cpu_us') / median(baseline, 'cpu_us'):>9.2f}")
    print(f"{'POST to arrival, p50':22}{'':12}{median(gateway, 'p50'):>12.1f} ms at {STREAM_RATE}/s")
    print(f"{'POST to arrival, p99':22}{'':12}{median(gateway, 'p99'):>12.1f} ms")
    print(f"{'sent more than once':22}{'':12}{median(gateway, 'again'):>12.0f}")
    print(f"{'peak memory, MiB':22}{'':12}{median(gateway, 'rss_mib'):>12.0f}")
    print("CPU by thread, s: " + ", ".join(
        f"{name} {seconds:.1f}" for name, seconds in
        sorted(gateway[-1]["threads"].items(), key=lambda one: -one[1]) if seconds >= 0.1))
    print(f"bar: rate {ratio:.2f} of {BAR:.2f}")
    return ratio >= BAR
