# SPDX-License-Identifier: Apache-2.0
"""A broker whose answers come late: what it has done is done for a while before the client knows.
That is the moment at which a client must be killed to learn anything."""
import asyncio
import threading

from harness.services import Kafka, free_port


class Proxy(threading.Thread):
    """Listens on one port for connections to another; `serve` says what becomes of them."""

    def __init__(self, port, target):
        super().__init__(daemon=True)
        self.port, self.target = port, target
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(
            asyncio.start_server(self.serve, "127.0.0.1", self.port, limit=1 << 20))
        self.ready.set()
        self.loop.run_forever()

    def end(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.join()

    async def serve(self, reader, writer):
        raise NotImplementedError


class SlowProxy(Proxy):
    """Holds every answer back for `delay` seconds."""

    def __init__(self, port, target, delay):
        super().__init__(port, target)
        self.delay = delay

    async def serve(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        late = asyncio.Queue()
        tasks = [asyncio.ensure_future(work) for work in (
            self.forward(reader, far_writer), self.collect(far_reader, late),
            self.release(late, writer))]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for end in (writer, far_writer):
            end.close()

    @staticmethod
    async def forward(reader, writer):
        while chunk := await reader.read(1 << 16):
            writer.write(chunk)
            await writer.drain()

    async def collect(self, reader, late):
        while chunk := await reader.read(1 << 16):
            late.put_nowait((self.loop.time() + self.delay, chunk))
        await asyncio.sleep(self.delay)

    async def release(self, late, writer):
        while True:
            due, chunk = await late.get()
            await asyncio.sleep(due - self.loop.time())
            writer.write(chunk)
            await writer.drain()


class ProxiedKafka(Kafka):
    """A real broker with a second address, `proxied_brokers`, behind a proxy that
    `proxy(port, target)` makes."""

    def __init__(self, folder, proxy):
        port = free_port(4)
        listeners = (f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{port + 1},"
                     f"PROXIED://127.0.0.1:{port + 2}")
        advertised = f"PLAINTEXT://127.0.0.1:{port},PROXIED://127.0.0.1:{port + 3}"
        protocols = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT"
        super().__init__(folder, port, ["-o", f"listeners={listeners}",
                                        "-o", f"advertised.listeners={advertised}",
                                        "-o", f"listener.security.protocol.map={protocols}"])
        self.proxy = proxy(port + 3, port + 2)
        self.proxy.start()
        self.proxy.ready.wait(5)

    @property
    def proxied_brokers(self):
        return f"127.0.0.1:{self.port + 3}"

    def wipe(self):
        super().wipe()
        self.proxy.end()


class SlowKafka(ProxiedKafka):
    """A broker whose answers come `delay` seconds late at its second address."""

    def __init__(self, folder, delay):
        super().__init__(folder, lambda port, target: SlowProxy(port, target, delay))
