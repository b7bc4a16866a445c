#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How soon a gateway that was killed is ready again on a large backlog, and what memory it takes.

    tests/bench/ready.py [--entries 1000000] [--starts 5] [--wal-mib 128]

Fills a spool (tests/bench/fill.c) with entries that all wait, one in a thousand dead, and starts a
gateway on it whose broker is out of reach.  Before each kill -9 handoffs are posted until the log is
as large as asked, so that the next start has it to go through; then it is the time from the
program's start to the first 200 from /readyz, and VmRSS after ten seconds of handoffs and looks.
Bars: two seconds, 100 MiB.  Exit 1 above one."""
import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness import documents, services  # noqa: E402
from harness.gateway import Gateway  # noqa: E402

ROOT = services.ROOT
BAR_S, BAR_MIB, AT_WORK_S = 2.0, 100, 10
MIB = 1 << 20


def make_gateway(folder, entries):
    """A gateway on a full spool; nothing listens where its broker should be."""
    gateway = Gateway(folder / "gateway", brokers=f"127.0.0.1:{services.free_port()}", config={
        "spool": {"overdue_ms": 31536000000, "checkpoint_pages": 10 ** 6}})
    print(subprocess.run([ROOT / "build/release/tests/bench/fill", gateway.settings["spool"]["file"],
                          str(entries), str(max(entries // 1000, 1)),
                          ROOT / "schemas" / "dossier-event.avsc", "waiting"],
                         check=True, capture_output=True, text=True).stdout, end="", flush=True)
    return gateway


def seconds_to_ready(gateway):
    began = time.monotonic()
    gateway.start(wait=False)
    gateway.wait_for("/readyz", timeout=300)
    return time.monotonic() - began


def grow_log(gateway, size, run):
    """Posts documents of 300 KiB until the log is so large; nothing empties it."""
    log = pathlib.Path(gateway.settings["spool"]["file"] + "-wal")
    number = 0
    while log.stat().st_size < size:
        number += 1
        gateway.accept(documents.native_xml(f"ready-{run}-{number}",
                                            documents.dossier_code(run * 10000 + number), padding=300))
    return log.stat().st_size / MIB


def work(gateway, run):
    """Small handoffs and looks, as on any day."""
    until, number = time.monotonic() + AT_WORK_S, 0
    while time.monotonic() < until:
        number += 1
        receipt = gateway.accept(documents.native_xml(
            f"work-{run}-{number}", documents.dossier_code(run * 10000 + number, day="250513")))[0]
        answer = gateway.get(f"/v1/handoffs/{receipt['receipt']}")
        assert answer.status == 200, answer


def measure(gateway, options):
    seconds, memory, peaks, logs = [], [], [], []
    gateway.start(timeout=300)
    for run in range(options.starts):
        logs.append(grow_log(gateway, options.wal_mib * MIB, run))
        gateway.kill()
        seconds.append(seconds_to_ready(gateway))
        work(gateway, run)
        memory.append(gateway.rss_kib() / 1024)
        peaks.append(gateway.peak_kib() / 1024)
        waiting = json.loads(gateway.run("status", "--json").stdout)
        print(f"start {run + 1}: log {logs[-1]:.0f} MiB, ready in {seconds[-1]:.2f} s, "
              f"{memory[-1]:.1f} MiB resident, peak {peaks[-1]:.1f}; "
              f"unpublished {waiting['spool']['unpublished']}", flush=True)
    gateway.kill()
    return seconds, memory, peaks


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--entries", type=int, default=1000000)
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--wal-mib", type=int, default=128, help="of the log at each kill")
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="lienthong-ready-"))
    gateway = None
    try:
        gateway = make_gateway(folder, options.entries)
        seconds, memory, peaks = measure(gateway, options)
    finally:
        if gateway and gateway.process:
            gateway.kill()
        shutil.rmtree(folder)
    print(f"ready after kill -9 with {options.entries} waiting: median {statistics.median(seconds):.2f} s, "
          f"most {max(seconds):.2f} s; resident median {statistics.median(memory):.1f} MiB, "
          f"most {max(memory):.1f}, peak {max(peaks):.1f}")
    return statistics.median(seconds) > BAR_S or statistics.median(memory) > BAR_MIB


if __name__ == "__main__":
    sys.exit(main())
