#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a program under a service unit's restrictions without a service manager, as root:

    confined UNIT UID WRITABLE KEPT FILTERS -- PROGRAM [ARGUMENT...]

WRITABLE is the one folder that may be written, KEPT one that must be seen though it may lie where the
unit hides things, FILTERS a file with the system calls that the unit allows, a line each.  Applied are:
the user, capabilities, no new rights, umask, open files; a read-only root, temporary folders of its own,
hidden homes; the system calls, address families, writable code, namespaces and file modes that the unit
forbids.  Not applied: users', processes' and devices' own views, and what only control groups can do."""
import ctypes
import os
import pathlib
import resource
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
NEW_MOUNTS, NEW_IPC = 0x00020000, 0x08000000
PRIVATE, RECURSIVE, BIND = 1 << 18, 1 << 14, 1 << 12
NO_NEW_PRIVILEGES, DROP_FROM_BOUND = 38, 24
MOUNT_SETATTR, AT_RECURSIVE, READ_ONLY = 442, 0x8000, 1
ALLOW, REFUSE, NOT_THERE = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38
EQUAL, MASKED = 4, 7
NAMESPACES = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}


def must(done, what):
    if done < 0:
        error = ctypes.get_errno() or -done
        raise OSError(error, f"{what}: {os.strerror(error)}")


def settings(unit):
    """The last value of each key that we apply."""
    lines = [line.split("=", 1) for line in unit.read_text().splitlines()
             if "=" in line and not line.startswith("#")]
    return dict(lines)


# ---- the view of the file system ----

def mount(source, target, kind, flags):
    must(LIBC.mount(source and os.fsencode(source), os.fsencode(target), kind, flags, None),
         f"mount {target}")


class MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]


def set_read_only(path, is_read_only):
    attributes = MountAttributes(set=READ_ONLY if is_read_only else 0,
                                 clear=0 if is_read_only else READ_ONLY)
    must(LIBC.syscall(MOUNT_SETATTR, -100, os.fsencode(path), AT_RECURSIVE,
                      ctypes.byref(attributes), ctypes.c_size_t(ctypes.sizeof(attributes))),
         f"mount_setattr {path}")


def confine_files(writable, kept):
    must(LIBC.unshare(NEW_MOUNTS | NEW_IPC), "unshare")
    mount(None, "/", None, PRIVATE | RECURSIVE)
    places = {path: os.open(path, os.O_PATH) for path in (kept, writable)}
    for hidden in ("/tmp", "/var/tmp", "/home", "/root"):
        mount("tmpfs", hidden, b"tmpfs", 0)
        os.chmod(hidden, 0o1777 if hidden.endswith("tmp") else 0o755)
    for path, place in places.items():
        os.makedirs(path, exist_ok=True)
        mount(f"/proc/self/fd/{place}", path, None, BIND | RECURSIVE)
        os.close(place)
    set_read_only("/", True)
    for path in (writable, "/tmp", "/var/tmp"):
        set_read_only(path, False)


# ---- the system calls ----

class Compared(ctypes.Structure):
    _fields_ = [("argument", ctypes.c_uint), ("how", ctypes.c_int), ("one", ctypes.c_uint64),
                ("other", ctypes.c_uint64)]


class Filter:
    library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p

    def __init__(self, otherwise):
        self.made = ctypes.c_void_p(self.library.seccomp_init(otherwise))

    def rule(self, action, name, *compared):
        number = self.library.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            return  # another machine's
        each = (Compared * len(compared))(*compared)
        must(self.library.seccomp_rule_add_array(self.made, action, number, len(compared), each),
             name)

    def load(self):
        must(self.library.seccomp_load(self.made), "seccomp_load")


def masked(argument, bits, all_of=None):
    return Compared(argument, MASKED, bits, bits if all_of is None else all_of)


def filter_calls(allowed):
    calls = Filter(REFUSE)
    for name in allowed:
        calls.rule(ALLOW, name)
    calls.load()


def filter_arguments(unit):
    calls = Filter(ALLOW)
    families = {FAMILIES[name] for name in unit["RestrictAddressFamilies"].split()}
    for family in set(range(50)) - families:
        calls.rule(REFUSE, "socket", Compared(0, EQUAL, family, 0))
    if unit["MemoryDenyWriteExecute"] == "yes":
        calls.rule(REFUSE, "mmap", masked(2, 6))  # PROT_WRITE and PROT_EXEC
        calls.rule(REFUSE, "mprotect", masked(2, 4))
        calls.rule(REFUSE, "pkey_mprotect", masked(2, 4))
        calls.rule(REFUSE, "shmat", masked(2, 0o100000))
    if unit["RestrictNamespaces"] == "yes":
        calls.rule(REFUSE, "setns")
        calls.rule(NOT_THERE, "clone3")
        for one in NAMESPACES:
            calls.rule(REFUSE, "clone", masked(0, one))
            calls.rule(REFUSE, "unshare", masked(0, one))
    if unit["RestrictSUIDSGID"] == "yes":
        for bits in (0o4000, 0o2000):
            for name, argument in (("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("mkdir", 1),
                                   ("mkdirat", 2), ("openat", 3), ("open", 2)):
                calls.rule(REFUSE, name, masked(argument, bits))
    calls.load()


def confine_rights(unit, user):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(int(unit["LimitNOFILE"]), most),) * 2)
    for capability in range(64):
        LIBC.prctl(DROP_FROM_BOUND, capability, 0, 0, 0)  # the last ones are not there
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    os.umask(int(unit["UMask"], 8))
    must(LIBC.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no new privileges")


def main(words):
    unit = settings(pathlib.Path(words[0]))
    user, writable, kept, filters = int(words[1]), *words[2:5]
    allowed = pathlib.Path(filters).read_text().split()
    confine_files(writable, kept)
    confine_rights(unit, user)
    filter_arguments(unit)
    filter_calls(allowed)
    os.execv(words[6], words[6:])


if __name__ == "__main__":
    main(sys.argv[1:])
