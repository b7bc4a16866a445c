#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same partner's system behind Hypercorn, a server of HTTP/2 that is not ours.

    partner_http2.py --folder F --adapter lienthong-xml --port P --control C --certificate PEM

Beside what partner_server.py knows of answers, it behaves as HTTP/2 has it: `reset` ends the stream,
`goaway` the connection; `refused` does so before the request is looked at."""
import asyncio
import pathlib
import ssl
import sys
import time

from h2.connection import ConnectionState
from h2.errors import ErrorCodes
from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.events import Closed

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from harness import partner_server  # noqa: E402
from harness.partner_services import Call, Reply  # noqa: E402


class Stream:
    """Where one request came in."""

    def __init__(self, scope, receive, send):
        self.scope, self.receive, self.send = scope, receive, send
        self.number = send.__self__.stream_id
        self.protocol = send.__self__.send.__self__

    async def read(self):
        body, goes_on = bytearray(), True
        while goes_on:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ConnectionError("it hung up")
            body += message["body"]
            goes_on = message["more_body"]
        headers = {name.decode(): value.decode() for name, value in self.scope["headers"]}
        query = self.scope["query_string"].decode()
        target = self.scope["raw_path"].decode() + (f"?{query}" if query else "")
        return Call(self.scope["method"], target, headers, bytes(body), self.scope["http_version"])

    async def answer(self, reply, **more):
        headers = {**reply.headers, **more, "Content-Length": str(len(reply.body))}
        await self.send({"type": "http.response.start", "status": reply.status, "headers": [
            (name.lower().encode(), value.encode()) for name, value in headers.items()]})
        await self.send({"type": "http.response.body", "body": reply.body})

    @property
    def is_over(self):
        """Its connection was told to go away, so no answer gets through."""
        if self.scope["http_version"] != "2":
            return False
        return self.protocol.connection.state_machine.state == ConnectionState.CLOSED

    async def flush(self):
        await self.protocol._flush()  # pylint: disable=protected-access


class Http2Partner(partner_server.Partner):
    """Its ways to behave get a stream where the other's get a connection."""

    def __init__(self, options):
        super().__init__(options)
        self.connections = {}

    def connection_of(self, stream):
        if stream.protocol not in self.connections:
            self.numbers["connection"] += 1
            self.connections[stream.protocol] = self.numbers["connection"]
            self.log.write(event="connected", connection=self.numbers["connection"],
                           at=time.time(), open=len(self.connections))
        return self.connections[stream.protocol]

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        stream = Stream(scope, receive, send)
        call = await stream.read()
        self.numbers["request"] += 1
        number = self.numbers["request"]
        behaviour = self.behaviours.pick(self.looks_like_document(call))
        reply = self.reply_to(call, behaviour)
        self.note_request(number, self.connection_of(stream), call, behaviour, reply)
        await getattr(self, "be_" + behaviour["kind"])(number, stream, reply, behaviour)

    async def be_ok(self, number, stream, reply, _):
        self.note_end(number, "broken" if stream.is_over else "answered")
        await stream.answer(reply)

    async def be_slow(self, number, stream, reply, behaviour):
        await asyncio.sleep(behaviour["delay"])
        await self.be_ok(number, stream, reply, behaviour)

    async def be_status(self, number, stream, _, behaviour):
        self.note_end(number, "answered")
        await stream.answer(Reply(behaviour["status"], {"title": "told to say so"}, "not-taken"))

    async def be_reset(self, number, stream, *_):
        self.note_end(number, "broken")
        stream.protocol.connection.reset_stream(stream.number, ErrorCodes.INTERNAL_ERROR)
        await stream.flush()

    async def be_goaway(self, number, stream, *_):
        """It may have worked on this one; and answers nothing any more."""
        self.note_end(number, "broken")
        stream.protocol.connection.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)
        await stream.flush()
        await stream.protocol.send(Closed())

    async def be_refused(self, number, stream, *_):
        """It says that it has not worked on this one."""
        self.note_end(number, "broken")
        stream.protocol.connection.close_connection(last_stream_id=stream.number - 2 if
                                                    stream.number > 2 else 0)
        await stream.flush()


async def run(options):
    partner = Http2Partner(options)
    config = Config()
    config.bind = [f"127.0.0.1:{options.port}"]
    config.certfile = config.keyfile = options.certificate
    if options.client_ca:
        config.ca_certs, config.verify_mode = options.client_ca, ssl.CERT_REQUIRED
    config.alpn_protocols = options.alpn
    config.h2_max_concurrent_streams = options.streams
    config.errorlog = "-"
    control = await asyncio.start_server(partner.control, "127.0.0.1", options.control)
    serving = asyncio.ensure_future(serve(partner, config, mode="asgi"))
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", options.port)
            writer.close()
            break
        except OSError:
            await asyncio.sleep(0.02)
    print("ready", flush=True)
    async with control:
        await serving


def parse():
    parser = partner_server.make_parser()
    parser.add_argument("--streams", type=int, default=100, help="at once on one connection")
    parser.add_argument("--alpn", action="append", help="h2 and http/1.1 when it is not given")
    options = parser.parse_args()
    options.alpn = options.alpn or ["h2", "http/1.1"]
    return options


if __name__ == "__main__":
    try:
        asyncio.run(run(parse()))
    except KeyboardInterrupt:
        pass
