#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What sealing costs a file: the gateway's CPU for a MiB that is put and got, plain and sealed in turns.

    tests/bench/files.py [--rounds 6] [--mib 60]"""
import argparse
import collections
import hashlib
import os
import pathlib
import statistics
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from harness.gateway import PARTNERS, Gateway  # noqa: E402
from harness.sealing import sealed_by_key  # noqa: E402

MIB = 1 << 20


def cpu_ms(gateway):
    times = pathlib.Path(f"/proc/{gateway.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(times[11]) + int(times[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def one(gateway, method, content):
    before = cpu_ms(gateway)
    answer = gateway.call(method, f"/v1/files/{hashlib.sha256(content).hexdigest()}",
                          content if method == "PUT" else None, gateway.authorised(PARTNERS[0]["id"]), timeout=120)
    assert answer.status in (200, 201), answer
    return (cpu_ms(gateway) - before) / (len(content) / MIB)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--mib", type=int, default=60)
    options = parser.parse_args()
    taken = collections.defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        gateways = {}
        for kind in ("plain", "sealed"):
            own = pathlib.Path(folder) / kind
            own.mkdir()
            spool = sealed_by_key(own) if kind == "sealed" else {}
            gateways[kind] = Gateway(own, config={"spool": spool}, partners=PARTNERS).start()
        for _ in range(options.rounds):
            content = os.urandom(options.mib * MIB)
            for method in ("PUT", "GET"):
                for kind, gateway in gateways.items():
                    taken[method, kind].append(one(gateway, method, content))
        for gateway in gateways.values():
            gateway.stop()
    for method in ("PUT", "GET"):
        plain, sealed = (statistics.median(taken[method, kind]) for kind in ("plain", "sealed"))
        print(f"{method}: {plain:.2f} ms of CPU a MiB plain, {sealed:.2f} sealed: {sealed / plain:.2f}")


if __name__ == "__main__":
    main()
