# SPDX-License-Identifier: Apache-2.0
"""A daemon whose disk and clock can be ordered to fail while it runs (shim.c)."""
import mmap
import os
import signal
import struct

from harness.gateway import BUILD, Gateway

SHIM = BUILD / "tests" / "faults" / "shim.so"
WRITE, SYNC = 1, 2
LAYOUT = struct.Struct("iiiiq")


class Orders:
    """The file by which the shim is told."""

    def __init__(self, path):
        path.write_bytes(bytes(LAYOUT.size))
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), LAYOUT.size)
        self.error, self.calls, self.every, self.ahead_ms = 0, 0, 1, 0

    def write(self, **changes):
        """What is not named stays as it was."""
        self.__dict__.update(changes)
        self.memory[:] = LAYOUT.pack(self.error, self.calls, self.every, 0, self.ahead_ms)


class AilingGateway(Gateway):
    """The daemon as ever, with the shim before it."""

    def __init__(self, folder, **options):
        super().__init__(folder, **options)
        self.orders = Orders(self.folder / "orders")
        self.environment |= {"LD_PRELOAD": str(SHIM),
                             "LIENTHONG_FAULTS": str(self.folder / "orders"),
                             "LIENTHONG_FAULTS_BELOW": os.path.dirname(self.settings["spool"]["file"])}

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    @property
    def has_ended(self):
        """By itself: nobody asked it to."""
        return self.process is not None and self.process.poll() is not None

    @property
    def is_up(self):
        """There is a process: nobody stopped it, and it has not ended."""
        return self.process is not None and self.process.poll() is None
