#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A partner's system as a real HTTP(S) server, which misbehaves when it is told to.

    partner_server.py --folder F --adapter dvcqg-json --port P --control C [--certificate PEM]

Every request becomes a line of F/requests.jsonl before it is answered, so that nothing of it is
lost when this process is killed; what became of the answer is another line.  --control is the port
on which a test says how to behave: PUT /behaviours, POST /expire, GET /state."""
import argparse
import asyncio
import json
import os
import pathlib
import random
import ssl
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from harness.partner_services import (ERRORS, SERVICES, Call, Reply, digest,  # noqa: E402
                                      dossier_of, marks_of)

BODY_LIMIT = 100 << 20
# What a request without an answer of this partner's may have done: the partner has the document.
TAKES_ANYWAY = {"close", "cut", "garbage", "endless", "headers", "twice", "slow", "reset",
                "goaway"}


class Log:
    """Lines of JSON, each written by one call to the kernel."""

    def __init__(self, path):
        self.file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, **line):
        os.write(self.file, json.dumps(line, ensure_ascii=False).encode() + b"\n")


class Behaviours:
    """The list that the test gave: each request takes the first that is still in force and whose
    share of the dice it meets."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.all = []

    def set(self, behaviours):
        now = time.monotonic()
        self.all = [{**one, "ends": now + one["seconds_long"] if "seconds_long" in one else None}
                    for one in behaviours]

    def pick(self, is_document):
        for one in self.all:
            if one.get("times") == 0 or one["ends"] and one["ends"] < time.monotonic():
                continue
            if not is_document and not one.get("login"):
                continue
            if self.random.random() >= one.get("share", 1):
                continue
            if "times" in one:
                one["times"] -= 1
            return one
        return {"kind": "ok"}


async def read_call(reader, writer):
    """The next request of a connection; None at its end."""
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    method, target, _ = first.split(" ", 2)
    headers = {name.strip().lower(): value.strip()
               for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await writer.drain()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = await read_chunks(reader)
    else:
        body = await reader.readexactly(min(int(headers.get("content-length", 0)), BODY_LIMIT))
    return Call(method, target, headers, body)


async def read_chunks(reader):
    body = bytearray()
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return bytes(body)


def head_of(status, headers, size):
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in headers.items())]
    if size is not None:
        lines.append(f"Content-Length: {size}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Partner:
    def __init__(self, options):
        self.options = options
        self.service = SERVICES[options.adapter]()
        self.behaviours = Behaviours(options.seed)
        self.behaviours.set(options.behave)
        self.numbers = {"request": 0, "connection": 0, "open": 0}
        self.remember(options.folder / "requests.jsonl")
        self.log = Log(options.folder / "requests.jsonl")
        self.keep = options.folder / "documents"
        if options.keep:
            self.keep.mkdir(exist_ok=True)

    def remember(self, path):
        """What it held before it was killed: its dossiers, and how far it had counted."""
        for line in path.read_bytes().splitlines() if path.exists() else []:
            line = json.loads(line)
            if line["event"] == "request":
                self.numbers["request"] = line["no"]
                if line["outcome"] == "taken" and line["updating"]:
                    self.service.dossiers.add(line["dossier"])

    # One connection.

    async def serve(self, reader, writer):
        self.numbers["connection"] += 1
        connection = self.numbers["connection"]
        self.numbers["open"] += 1
        self.log.write(event="connected", connection=connection, at=time.time(),
                       open=self.numbers["open"])
        try:
            if any(one["kind"] == "refuse" for one in self.behaviours.all):
                writer.transport.abort()
                return
            while await self.serve_one(reader, writer, connection):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError, TimeoutError):
            pass
        finally:
            self.numbers["open"] -= 1
            self.log.write(event="closed", connection=connection, at=time.time())
            writer.close()

    async def serve_one(self, reader, writer, connection):
        """Reads a request, notes it, answers it by the behaviour of the moment; false when the
        connection is over."""
        call = await read_call(reader, writer)
        self.numbers["request"] += 1
        number = self.numbers["request"]
        is_document = self.looks_like_document(call)
        behaviour = self.behaviours.pick(is_document)
        reply = self.reply_to(call, behaviour)
        self.note_request(number, connection, call, behaviour, reply)
        way = getattr(self, "be_" + behaviour["kind"])
        goes_on = await way(number, reader, writer, reply, behaviour)
        return goes_on and call.headers.get("connection", "").lower() != "close"

    @staticmethod
    def looks_like_document(call):
        body = call.json() if call.media_type == "application/json" else None
        is_login = isinstance(body, dict) and ("username" in body or "grant_type" in body)
        return (call.method in ("POST", "PUT") and not is_login
                and call.media_type != "application/x-www-form-urlencoded")

    def reply_to(self, call, behaviour):
        if call.method not in ("POST", "PUT"):
            return Reply(405, {"title": "POST"}, "no-document", is_document=False)
        kind = behaviour["kind"]
        if kind == "ok" or kind in TAKES_ANYWAY:
            return self.service.answer(call)
        document = self.service.document_of(call) if self.options.adapter == "edxml" else call.body
        return Reply(503, {"title": "not now"}, "not-taken", document=document)

    def note_request(self, number, connection, call, behaviour, reply):
        document = reply.document if reply.is_document else b""
        if self.options.keep and document:
            (self.keep / f"{number:06d}").write_bytes(document)
        secret = {"authorization", "x-secretkey"}
        self.log.write(
            event="request", no=number, connection=connection, at=time.time(), method=call.method,
            target=call.target, size=len(call.body), sha256=digest(call.body),
            headers={name: "" if name in secret else value for name, value in call.headers.items()},
            key=call.headers.get("idempotency-key"), behaviour=behaviour["kind"],
            version=call.version,
            is_document=reply.is_document, outcome=reply.outcome,
            updating=self.updating_of(call), dossier=dossier_of(document), marks=marks_of(document))

    @staticmethod
    def updating_of(call):
        body = call.json() if call.media_type == "application/json" else None
        return body.get("isUpdating") if isinstance(body, dict) else None

    def note_end(self, number, fate):
        """`answered` is written before the bytes go out: so a next request can never stand before
        it in the log."""
        self.log.write(event="end", no=number, at=time.time(), fate=fate)

    # The ways to behave.

    async def send(self, number, writer, content, fate="answered"):
        self.note_end(number, fate)
        try:
            writer.write(content)
            await writer.drain()
        except (ConnectionError, ssl.SSLError):
            self.note_end(number, "broken")
            raise

    async def answer(self, number, writer, reply, **headers):
        content = head_of(reply.status, {**reply.headers, **headers}, len(reply.body)) + reply.body
        await self.send(number, writer, content)
        return True

    async def be_ok(self, number, reader, writer, reply, _):
        return await self.answer(number, writer, reply)

    async def be_slow(self, number, reader, writer, reply, behaviour):
        if await self.ends_within(reader, behaviour["delay"]):
            self.note_end(number, "broken")
            return False
        return await self.answer(number, writer, reply)

    async def be_hang(self, number, reader, writer, reply, behaviour):
        await self.ends_within(reader, behaviour.get("delay", 3600))
        self.note_end(number, "broken")
        return False

    @staticmethod
    async def ends_within(reader, seconds):
        """True when the other side has hung up by then."""
        try:
            return await asyncio.wait_for(reader.read(1), seconds) == b""
        except (asyncio.TimeoutError, TimeoutError):
            return False
        except (ConnectionError, ssl.SSLError):
            return True

    async def be_status(self, number, reader, writer, reply, behaviour):
        headers = {"Retry-After": behaviour["retry_after"]} if "retry_after" in behaviour else {}
        body = behaviour["page"].encode() if "page" in behaviour else \
            {"title": behaviour.get("title", "told to say so")}
        refusal = Reply(behaviour["status"], body, "not-taken")
        return await self.answer(number, writer, refusal, **headers)

    async def be_error(self, number, reader, writer, reply, behaviour):
        """200 with an error inside, or what the format has for it."""
        status, body = ERRORS[self.options.adapter][1 if behaviour.get("final") else 0]
        return await self.answer(number, writer, Reply(status, body, "not-taken"))

    async def be_close(self, number, reader, writer, reply, _):
        self.note_end(number, "broken")
        writer.transport.abort()
        return False

    async def be_cut(self, number, reader, writer, reply, _):
        content = head_of(reply.status, reply.headers, len(reply.body) + 100) + reply.body
        await self.send(number, writer, content, "broken")
        return False

    async def be_twice(self, number, reader, writer, reply, _):
        content = head_of(reply.status, reply.headers, len(reply.body)) + reply.body
        await self.send(number, writer, content + content)
        return True

    async def be_redirect(self, number, reader, writer, reply, behaviour):
        there = Reply(behaviour.get("status", 307), b"", "not-taken")
        return await self.answer(number, writer, there, Location=behaviour["location"])

    async def be_garbage(self, number, reader, writer, reply, _):
        noise = self.behaviours.random.randbytes(400).replace(b"\n", b"-")
        await self.send(number, writer, noise + b"\n\n", "broken")
        return False

    async def be_endless(self, number, reader, writer, reply, behaviour):
        self.note_end(number, "broken")
        writer.write(head_of(200, {"Content-Type": "application/json",
                                   "Transfer-Encoding": "chunked"}, None))
        piece = b" " * behaviour.get("piece", 16384)
        for _ in range(1 << 16):
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
            await asyncio.sleep(behaviour.get("pause", 0.005))
        return False

    async def be_headers(self, number, reader, writer, reply, _):
        self.note_end(number, "broken")
        writer.write(b"HTTP/1.1 200 Whatever\r\n")
        for line in range(1 << 20):
            writer.write(b"X-Line-%d: %s\r\n" % (line, b"x" * 1000))
            await writer.drain()
        return False

    # What the test says.

    async def control(self, reader, writer):
        try:
            while True:
                call = await read_call(reader, writer)
                body = json.dumps(self.controlled(call)).encode()
                writer.write(head_of(200, {"Content-Type": "application/json"}, len(body)) + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def controlled(self, call):
        if call.target == "/behaviours":
            self.behaviours.set(call.json())
        elif call.target == "/expire":
            self.service.expire()
        elif call.target == "/life":
            self.service.life = call.json()
        return {**self.numbers, "logins": self.service.logins,
                "dossiers": len(self.service.dossiers), "behaviours": len(self.behaviours.all)}


async def run(options):
    partner = Partner(options)
    context = None
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate)
        if options.client_ca:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(options.client_ca)
    control = await asyncio.start_server(partner.control, "127.0.0.1", options.control)
    server = await asyncio.start_server(partner.serve, "127.0.0.1", options.port, ssl=context,
                                        limit=1 << 20, backlog=256)
    print("ready", flush=True)
    async with control, server:
        await asyncio.gather(control.serve_forever(), server.serve_forever())


def make_parser():
    parser = argparse.ArgumentParser(description="A partner's system.")
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--adapter", choices=sorted(SERVICES), required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--control", type=int, required=True)
    parser.add_argument("--certificate", help="chain and key in one PEM file: HTTPS")
    parser.add_argument("--client-ca", help="asks clients for a certificate of this authority")
    parser.add_argument("--behave", type=json.loads, default=[], help="so from the beginning")
    parser.add_argument("--seed", default="0", help="of the dice for behaviours with a share")
    parser.add_argument("--keep", action="store_true", help="keep every document in F/documents")
    return parser


if __name__ == "__main__":
    try:
        asyncio.run(run(make_parser().parse_args()))
    except KeyboardInterrupt:
        pass
