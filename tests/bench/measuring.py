# SPDX-License-Identifier: Apache-2.0
"""What both halves of the bench measure with."""
import os
import pathlib
import socket
import statistics
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """User and system time of a process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def cpu_by_thread(pid):
    """Seconds by thread name, of the threads that live now."""
    seconds = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        text = (task / "stat").read_text()
        name, fields = text[text.index("(") + 1:text.rindex(")")], text.rpartition(")")[2].split()
        seconds[name] = seconds.get(name, 0) + (int(fields[11]) + int(fields[12])) / TICK
    return seconds


def wait_for_port(port):
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port}")


def allocator_of(program):
    """Which malloc a program is linked with: a fair reader wants to know when they differ."""
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    return "jemalloc" if "jemalloc" in linked else "libc"


def median(rounds, name):
    return statistics.median(one[name] for one in rounds)
