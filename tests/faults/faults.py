# SPDX-License-Identifier: Apache-2.0
"""What can break around a gateway.  Each fault is drawn by dice, applied to a scene (scene.py) and
healed again; in between it lasts for `seconds`."""
import contextlib
import errno
import os
import pathlib
import re
import resource
import subprocess
import time

from harness import services
from orders import SYNC, WRITE

MEBIBYTE = 1 << 20


def answer_of_registry(status, body):
    return (f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}").encode()


class Fault:
    name = None
    touches = None  # two faults at once touch different things
    lasts = (0.3, 1.5)
    may_end_daemon = False  # as an operator would expect it to, who then starts it again
    loses_answers = True  # of partners: what they took may come again under the same key

    def __init__(self, dice):
        self.dice, self.seconds = dice, dice.uniform(*self.lasts)

    def apply(self, scene):
        raise NotImplementedError

    def heal(self, scene):
        """Nothing, where the fault is over by itself."""


# The daemon.

class Kill(Fault):
    """kill -9, several times, also while it starts."""
    name, touches, lasts = "kill", "daemon", (0, 0)

    def __init__(self, dice):
        super().__init__(dice)
        self.pauses = [dice.choice([dice.uniform(0, 0.15), dice.uniform(0.2, 0.8)])
                       for _ in range(dice.randint(1, 4))]

    def apply(self, scene):
        for pause in self.pauses:
            scene.gateway.kill()
            scene.gateway.start(wait=False)
            time.sleep(pause)


class Restart(Fault):
    """A clean stop with whatever waits, and a start on the same spool: an upgrade."""
    name, touches, lasts = "restart", "daemon", (0, 0.3)

    def apply(self, scene):
        scene.wait_up()
        scene.gateway.stop()

    def heal(self, scene):
        scene.gateway.start(wait=False)


class Pause(Fault):
    """SIGSTOP for longer than the timeouts toward partners, then SIGCONT."""
    name, touches, lasts = "pause", "daemon", (1.2, 3)

    def apply(self, scene):
        scene.gateway.pause()

    def heal(self, scene):
        scene.gateway.resume()


class SecondDaemon(Fault):
    """Another daemon on the same spool: it refuses, and the first one goes on."""
    name, touches, lasts, loses_answers = "second-daemon", "daemon", (0, 0), False

    def apply(self, scene):
        scene.wait_up()
        done = subprocess.run(
            [scene.gateway.build / "lienthongd", "--config", scene.second_config()],
            capture_output=True, text=True, timeout=30, check=False)
        if done.returncode != 1 or "another" not in done.stderr or "spool" not in done.stderr:
            scene.findings.append(f"second daemon: exit {done.returncode}: {done.stderr[-300:]}")


class FewDescriptors(Fault):
    """No more descriptors than it has open, or a few more."""
    name, touches, may_end_daemon = "descriptors", "limits", True

    def __init__(self, dice):
        super().__init__(dice)
        self.more = dice.randint(0, 4)

    def apply(self, scene):
        if not scene.gateway.is_up:
            return
        pid = scene.gateway.process.pid
        count = len(os.listdir(f"/proc/{pid}/fd"))
        _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (count + self.more, hard))

    def heal(self, scene):
        lift(scene, resource.RLIMIT_NOFILE)


class LittleMemory(Fault):
    """Hardly more address space than it has.  Foreign libraries may end the process then."""
    name, touches, may_end_daemon = "memory", "limits", True

    def __init__(self, dice):
        super().__init__(dice)
        self.more = dice.randint(0, 8) * MEBIBYTE

    def apply(self, scene):
        if not scene.gateway.is_up:
            return
        pid = scene.gateway.process.pid
        pages = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + self.more
        resource.prlimit(pid, resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))

    def heal(self, scene):
        lift(scene, resource.RLIMIT_AS)


class MemoryGroup(Fault):
    """A control group in which hardly more memory may be used, the spool's on a tmpfs too: the
    kernel kills the daemon, as it would a container.  Not drawn by dice."""
    name, touches, may_end_daemon = "memory-group", "limits", True
    more = 2 * MEBIBYTE
    # Where groups are made, the file with the limit, and the one with the number of kills.
    kinds = (("/sys/fs/cgroup", "memory.max", "memory.events"),
             ("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.oom_control"))

    def __init__(self, dice):
        super().__init__(dice)
        self.seconds, self.group, self.kills = 3, None, 0

    def make_group(self, pid):
        """Of the first kind that this machine lets us make; the file with the kills in it."""
        for root, limit, kills in self.kinds:
            group = pathlib.Path(root) / f"lienthong-{pid}"
            try:
                group.mkdir()
                self.group = group
                (group / kills).read_bytes()  # a folder of another kind has none
                (group / limit).write_text(str(self.more), encoding="ascii")
                (group / "cgroup.procs").write_text(str(pid), encoding="ascii")
                return group / kills
            except OSError:
                self.remove_group()
        raise services.Unavailable("no control group with a limit of memory may be made here")

    def remove_group(self):
        if self.group is not None:
            with contextlib.suppress(OSError):
                self.group.rmdir()
        self.group = None

    def apply(self, scene):
        scene.wait_up()
        self.kills = self.make_group(scene.gateway.process.pid)

    def heal(self, scene):
        found = re.search(r"^oom_kill (\d+)$", self.kills.read_text(encoding="ascii"), re.M)
        self.kills = int(found.group(1))
        if not scene.gateway.has_ended:
            home = self.group.parent / "cgroup.procs"
            home.write_text(str(scene.gateway.process.pid), encoding="ascii")
        self.remove_group()


def lift(scene, limit):
    if scene.gateway.is_up:
        pid = scene.gateway.process.pid
        hard = resource.prlimit(pid, limit)[1]
        resource.prlimit(pid, limit, (hard, hard))


class ClockJump(Fault):
    """The wall clock jumps, and after a while back."""
    name, touches = "clock", "clock"

    def __init__(self, dice):
        super().__init__(dice)
        self.ahead_ms = dice.choice([-1, 1]) * dice.choice([5, 600, 3600, 40000, 100000]) * 1000

    def apply(self, scene):
        scene.gateway.orders.write(ahead_ms=self.ahead_ms)

    def heal(self, scene):
        scene.gateway.orders.write(ahead_ms=0)


# Its disk.

class DiskFull(Fault):
    """Not a byte is left, also of the reserve."""
    name, touches, may_end_daemon = "disk-full", "disk", True

    def apply(self, scene):
        scene.fill_disk()

    def heal(self, scene):
        scene.empty_disk()


class WriteErrors(Fault):
    """Writes to the spool fail: each, or one of a few."""
    name, touches, may_end_daemon = "write-errors", "disk", True
    calls = WRITE

    def __init__(self, dice):
        super().__init__(dice)
        self.error = dice.choice([errno.EIO, errno.ENOSPC])
        self.every = dice.choice([1, 1, 2, 3, 7, 20])

    def apply(self, scene):
        scene.gateway.orders.write(error=self.error, calls=self.calls, every=self.every)

    def heal(self, scene):
        scene.gateway.orders.write(error=0)


class SyncErrors(WriteErrors):
    """fsync of the spool fails: each, or one of a few."""
    name, calls = "sync-errors", SYNC

    def __init__(self, dice):
        super().__init__(dice)
        self.error = errno.EIO


# Kafka and the registry.

class BrokerKill(Fault):
    name, touches, loses_answers = "broker-kill", "broker", False

    def apply(self, scene):
        scene.kafka.kill()

    def heal(self, scene):
        scene.kafka.start()


class BrokerRestart(BrokerKill):
    name = "broker-restart"

    def apply(self, scene):
        scene.kafka.stop()


class BrokerPause(Fault):
    name, touches, lasts, loses_answers = "broker-pause", "broker", (0.5, 3), False

    def apply(self, scene):
        scene.kafka.pause()

    def heal(self, scene):
        scene.kafka.resume()


class Network(Fault):
    """Between the gateway and one other: cut, reset, late, or lost in one direction."""
    ways = ("cut", "reset", "delay", "deaf", "dumb")

    def __init__(self, dice):
        super().__init__(dice)
        self.way, self.late = dice.choice(self.ways), dice.uniform(0.05, 0.6)

    def proxies(self, scene):
        raise NotImplementedError

    def apply(self, scene):
        for proxy in self.proxies(scene):
            proxy.be(self.way, seconds=self.late)

    def heal(self, scene):
        for proxy in self.proxies(scene):
            proxy.heal()


class BrokerNetwork(Network):
    name, touches, loses_answers = "broker-network", "broker", False

    def proxies(self, scene):
        return [scene.kafka.proxy]


class PartnerNetwork(Network):
    name, touches, lasts = "partner-network", "partner", (0.3, 2.5)

    def __init__(self, dice):
        super().__init__(dice)
        self.number = dice.randrange(2)

    def proxies(self, scene):
        return [scene.proxies[self.number]]


class RegistryDown(Fault):
    name, touches, loses_answers = "registry-down", "registry", False
    order = {"way": "cut"}

    def apply(self, scene):
        scene.registry_proxy.be(**self.order)

    def heal(self, scene):
        scene.registry_proxy.heal()


class RegistrySlow(RegistryDown):
    """Later than the gateway waits."""
    name, order = "registry-slow", {"way": "delay", "seconds": 1.2}


class RegistryDenies(RegistryDown):
    name = "registry-401"
    order = {"way": "say", "text": answer_of_registry("401 Unauthorized", '{"error_code":401}')}


class RegistryGarbage(RegistryDown):
    name = "registry-garbage"

    def __init__(self, dice):
        super().__init__(dice)
        text = dice.choice([answer_of_registry("200 OK", '{"id": "seven"}'),
                            answer_of_registry("200 OK", "<html>proxy</html>"),
                            answer_of_registry("500 Oops", ""), dice.randbytes(200)])
        self.order = {"way": "say", "text": text}


# Partners.

class PartnerKill(Fault):
    name, touches = "partner-kill", "partner"

    def __init__(self, dice):
        super().__init__(dice)
        self.number = dice.randrange(2)

    def apply(self, scene):
        scene.partners[self.number].kill()

    def heal(self, scene):
        scene.partners[self.number].start()


class PartnerMood(Fault):
    """Closed connections, errors, answers cut off, late or never."""
    name, touches = "partner-mood", "partner"

    def __init__(self, dice):
        super().__init__(dice)
        self.behaviours = dice.sample([
            {"kind": "close", "share": 0.3}, {"kind": "cut", "share": 0.2},
            {"kind": "status", "status": 500, "share": 0.3},
            {"kind": "status", "status": 503, "retry_after": 1, "share": 0.2},
            {"kind": "slow", "delay": 0.3, "share": 0.3}, {"kind": "hang", "share": 0.1}], 3)

    def apply(self, scene):
        for partner in scene.partners:
            partner.behave(*self.behaviours)

    def heal(self, scene):
        for partner in scene.partners:
            partner.behave()


KINDS = {kind.name: kind for kind in (
    Kill, Restart, Pause, SecondDaemon, FewDescriptors, LittleMemory, ClockJump, DiskFull,
    WriteErrors, SyncErrors, BrokerKill, BrokerRestart, BrokerPause, BrokerNetwork, PartnerNetwork,
    RegistryDown, RegistrySlow, RegistryDenies, RegistryGarbage, PartnerKill, PartnerMood)}


def draw(dice, kinds, seconds):
    """[(when, fault)], one to four, of which no two touch the same thing."""
    chosen, touched = [], set()
    for name in dice.sample(kinds, len(kinds)):
        fault = KINDS[name](dice)
        if fault.touches not in touched:
            touched.add(fault.touches)
            chosen.append((dice.uniform(0, seconds * 0.8), fault))
    return sorted(chosen[:dice.randint(1, 4)], key=lambda one: one[0])
