# SPDX-License-Identifier: Apache-2.0
"""A network that fails when it is told to, between the gateway and one other."""
import asyncio
import contextlib
import socket
import struct

from harness.slow import Proxy

NO_LINGER = struct.pack("ii", 1, 0)  # closing sends a reset


class FaultProxy(Proxy):
    """Forwards until `be` is told otherwise:

    cut      no connection is open and none is taken
    reset    those that are open are reset, once; new ones are taken
    delay    every piece comes `seconds` late, both ways
    deaf     what the near side sends is lost, what the far side sends comes
    dumb     the other way round
    say      every request is answered with `text`, and the far side hears nothing"""

    def __init__(self, port, target):
        super().__init__(port, target)
        self.way, self.seconds, self.text = "pass", 0.0, b""
        self.open = set()

    def be(self, way, seconds=0.0, text=b""):
        def change():
            self.way, self.seconds, self.text = way, seconds, text
            if way in ("cut", "reset"):
                self.reset_all()
        self.loop.call_soon_threadsafe(change)

    def heal(self):
        """What was lost on the way stays lost: such connections end, as they would in time."""
        def change():
            if self.way in ("deaf", "dumb", "say"):
                self.reset_all()
            self.way = "pass"
        self.loop.call_soon_threadsafe(change)

    def reset_all(self):
        for writer in self.open:
            self.reset(writer)

    @staticmethod
    def reset(writer):
        with contextlib.suppress(OSError, AttributeError):
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                                       NO_LINGER)
        writer.transport.abort()

    async def serve(self, reader, writer):
        if self.way == "cut":
            self.reset(writer)
            return
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            self.reset(writer)
            return
        self.open |= {writer, far_writer}
        tasks = [asyncio.ensure_future(work) for work in (
            self.forward(reader, far_writer, "deaf", writer),
            self.forward(far_reader, writer, "dumb", None))]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.open -= {writer, far_writer}
        for end in (writer, far_writer):
            end.close()

    async def forward(self, reader, writer, lost_when, back):
        while chunk := await reader.read(1 << 16):
            if self.way == "delay":
                await asyncio.sleep(self.seconds)
            if self.way == lost_when:
                continue
            if self.way == "say":
                if back:
                    back.write(self.text)
                continue
            writer.write(chunk)
            await writer.drain()
