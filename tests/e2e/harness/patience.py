# SPDX-License-Identifier: Apache-2.0
"""How long a test waits for what must come.  On a machine that does much else everything comes later
and is none the less right, so this is long.  What must not take long is held to its own bound."""
import os
import time

# The daemon runs under valgrind, some twenty times slower; what it finds lies beside the log.
VALGRIND = os.environ.get("LIENTHONG_VALGRIND", "") not in ("", "0")
SLOWER = 10 if VALGRIND else 1  # times, than a program that runs by itself
PATIENCE = 3 * SLOWER


def give_up_at(seconds):
    """On time.monotonic(): when `seconds` of a quiet machine are over on this one."""
    return time.monotonic() + seconds * PATIENCE


def until(condition, seconds=30):
    """What `condition` gives as soon as it is true."""
    deadline = give_up_at(seconds)
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)
    return found
