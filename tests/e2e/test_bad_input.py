# SPDX-License-Identifier: Apache-2.0
"""Every misuse gets its documented answer, naming place and reason, within bounded memory, and the
next request is served."""
import http.client
import socket
import time

import pytest

from harness import documents
from harness.gateway import JSON, XML
from harness.patience import PATIENCE

pytestmark = pytest.mark.broker
MEBIBYTE = 1024
count = iter(range(10 ** 9))


def fresh(**options):
    number = next(count)
    return documents.native_xml(f"BAD-{number:08d}", documents.dossier_code(number % 99999),
                                **options)


@pytest.fixture
def gateway(shared_gateway):
    """After each misuse the daemon still takes a good handoff, has grown by little, and said
    nothing about persons."""
    shared_gateway.forget_peak()
    before = shared_gateway.rss_kib()
    yield shared_gateway
    answer = shared_gateway.post(fresh())
    assert answer.status == 202, answer
    assert shared_gateway.peak_kib() - before < 64 * MEBIBYTE


def assert_problem(answer, status, code=None):
    assert answer.status == status, answer
    assert answer.headers["Content-Type"].split(";")[0] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status and problem["title"] and problem["type"]
    assert problem["code"]
    if code:
        assert problem["code"] == code
    return problem


def assert_refused(answer, rule, path=None):
    """422 with a problem list in which the rule stands, at the path and with a line for XML."""
    problem = assert_problem(answer, 422)
    found = [one for one in problem["problems"] if one["rule"] == rule]
    assert found, f"no {rule} in {problem}"
    if path is not None:
        assert path in [one["path"] for one in found], found
    assert all(one["detail"] for one in found)
    return found


# Who is calling, and with what.

def test_no_credential_is_401(gateway):
    answer = gateway.call("POST", "/v1/handoffs", fresh(), {"Content-Type": XML})
    assert_problem(answer, 401)
    assert "WWW-Authenticate" in answer.headers


@pytest.mark.parametrize("credential", ["Bearer wrong", "Bearer ", "Basic YTpi", "Bearer " + "x" * 3000])
def test_a_wrong_credential_is_401(gateway, credential):
    answer = gateway.call("POST", "/v1/handoffs", fresh(),
                          {"Content-Type": XML, "Authorization": credential})
    assert_problem(answer, 401)


def test_guesses_are_slowed_and_good_keys_are_not(gateway):
    """Each wrong key costs its connection a second; beside them others are served at once."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=60)
    began = time.monotonic()
    for number in range(3):
        connection.request("GET", "/v1/handoffs/1-0", headers={"X-Api-Key": f"guess-{number}"})
        answer = connection.getresponse()
        assert (answer.status, answer.read()[:1]) == (401, b"{")
    assert time.monotonic() - began >= 3
    connection.request("GET", "/v1/handoffs/1-0", headers=gateway.authorised("motcua-phucuong"))
    assert connection.getresponse().status == 404
    connection.close()


def test_a_foreign_agency_is_403(gateway):
    answer = gateway.post(fresh(sender=documents.DISTRICT, receiver=documents.COMMUNE))
    assert_problem(answer, 403)


def test_another_partners_receipt_is_404(gateway):
    receipt = gateway.accept(fresh())[0]["receipt"]
    assert gateway.get(f"/v1/handoffs/{receipt}").status == 200
    assert_problem(gateway.get(f"/v1/handoffs/{receipt}", partner="motcua-thudaumot"), 404)


@pytest.mark.parametrize("receipt", ["1-0000000000000000", "x", "99999999999999999999-00", "-", "%00"])
def test_a_guessed_receipt_is_404(gateway, receipt):
    assert gateway.get(f"/v1/handoffs/{receipt}").status in (400, 404)


def test_a_media_type_of_no_adapter_is_415(gateway):
    assert_problem(gateway.post(fresh(), "text/csv"), 415)
    assert_problem(gateway.post(fresh(), "application/json"), 415)


def test_a_wrong_method_is_405_and_an_unknown_path_404(gateway):
    assert_problem(gateway.call("DELETE", "/v1/handoffs"), 405)
    assert_problem(gateway.call("GET", "/v2/handoffs"), 404)


def test_refusals_speak_vietnamese_when_asked(gateway):
    vi = gateway.post(b"", XML, headers={"Accept-Language": "vi"}).json()
    en = gateway.post(b"", XML, headers={"Accept-Language": "en"}).json()
    assert vi["code"] == en["code"] and vi["title"] != en["title"]


# Bodies that are not whole, or too much.

def raw(gateway, head, body=b"", *, wait=5, partner="motcua-phucuong", close=False):
    """Bytes as they are over a socket; what came back until the other side closed or `wait` passed."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=wait) as stream:
        stream.sendall(head.replace("KEY", gateway.keys[partner]).encode() + b"\r\n\r\n" + body)
        if close:
            stream.shutdown(socket.SHUT_WR)
        received = b""
        try:
            while chunk := stream.recv(65536):
                received += chunk
                if b"\r\n\r\n" in received:
                    break
        except (TimeoutError, ConnectionResetError):
            pass
        return received


HEAD = ("POST /v1/handoffs HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer KEY\r\n"
        "Content-Type: application/xml\r\n")


def status_of(received):
    return int(received.split(b" ", 2)[1]) if received else None


def test_a_truncated_body_is_never_accepted(gateway):
    body = fresh()
    received = raw(gateway, HEAD + f"Content-Length: {len(body)}", body[:-20], close=True)
    assert status_of(received) in (None, 400)


def test_a_body_that_ends_too_early_by_its_own_length_is_422(gateway):
    assert_refused(gateway.post(fresh()[:-20]), "syntax")


def test_an_empty_body_is_refused(gateway):
    assert_problem(gateway.post(b""), gateway.post(b"").status)
    assert gateway.post(b"").status in (400, 422)


def test_a_body_over_the_limit_is_413_before_it_is_sent(gateway):
    received = raw(gateway, HEAD + f"Content-Length: {1 << 33}")
    assert status_of(received) == 413


def test_a_chunked_body_over_the_limit_is_413_or_cut(gateways):
    gateway = gateways(config={"http": {"body_limit_bytes": 8 << 20}})
    gateway.forget_peak()
    before = gateway.rss_kib()
    limit = 80 << 20
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    sent = 0
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as stream:
        head = HEAD.replace("KEY", gateway.keys["motcua-phucuong"])
        stream.sendall((head + "Transfer-Encoding: chunked\r\n\r\n").encode())
        try:
            while sent < limit:
                stream.sendall(chunk)
                sent += 0x10000
        except OSError:
            pass
        try:
            received = stream.recv(4096)
        except OSError:
            received = b""
    assert sent < limit, "the daemon took 80 MiB in"
    assert status_of(received) in (None, 413)
    assert gateway.peak_kib() - before < 64 * MEBIBYTE


@pytest.mark.parametrize("head", [
    "Content-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length: 5\r\nContent-Length: 6",
    "Content-Length: 5\r\nContent-Length: 5", "Transfer-Encoding: gzip, chunked",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "Content-Length: 5\r\nHost: other",
    "Content-Length : 5", "Content-Length: +5", "Content-Length: 0x5"])
def test_an_ambiguous_request_is_refused(gateway, head):
    received = raw(gateway, HEAD + head, b"5\r\nabcde\r\n0\r\n\r\n")
    assert status_of(received) in (None, 400, 411, 501)


def test_a_head_that_is_too_large_is_refused(gateway):
    received = raw(gateway, HEAD + "X-Long: " + "x" * 200000 + "\r\nContent-Length: 5", b"abcde")
    assert status_of(received) in (None, 400, 413, 414, 431)


# Documents.

def test_a_repeat_gets_the_first_receipt(gateway):
    body = fresh()
    first = gateway.accept(body)[0]
    answer = gateway.post(body)
    assert answer.status == 200
    again = answer.receipts()[0]
    assert again["repeated"] and not first["repeated"]
    assert (again["receipt"], again["event_id"]) == (first["receipt"], first["event_id"])


def test_a_repeated_id_with_another_content_is_409(gateway):
    number = next(count)
    dossier = documents.dossier_code(number)
    gateway.accept(documents.native_xml(f"TWICE-{number:06d}", dossier))
    answer = gateway.post(documents.native_xml(f"TWICE-{number:06d}", dossier, summary="khác"))
    assert_problem(answer, 409)


LAUGHS = ('<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">'
          + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(10))
          + "]><HandoffMessage>&k;</HandoffMessage>").encode()
EXTERNAL = (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
            b'<HandoffMessage xmlns="urn:x-lienthong:handoff:1">&x;</HandoffMessage>')
EXTERNAL_DTD = (b'<?xml version="1.0"?><!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd">'
                b'<HandoffMessage xmlns="urn:x-lienthong:handoff:1"/>')


@pytest.mark.parametrize("body", [LAUGHS, EXTERNAL, EXTERNAL_DTD],
                         ids=["billion laughs", "external entity", "external DTD"])
def test_a_doctype_is_refused_outright(gateway, body):
    started = time.monotonic()
    answer = gateway.post(body)
    assert_refused(answer, "forbidden-xml")
    assert time.monotonic() - started < 2 * PATIENCE
    assert b"root:" not in answer.body


def nested_xml(depth):
    return b'<HandoffMessage xmlns="urn:x-lienthong:handoff:1">' + b"<a>" * depth + b"</a>" * depth \
        + b"</HandoffMessage>"


ATTRIBUTES = b"<HandoffMessage " + b" ".join(b'a%d="1"' % n for n in range(40000)) + b"/>"
NAMES = b"<HandoffMessage>" + b"".join(b"<n%d/>" % n for n in range(100000)) + b"</HandoffMessage>"


@pytest.mark.parametrize("body", [nested_xml(10000), ATTRIBUTES, NAMES],
                         ids=["10,000 deep", "40,000 attributes", "100,000 names"])
def test_xml_over_its_limits_is_refused_in_bounded_time(gateway, body):
    started = time.monotonic()
    assert_refused(gateway.post(body), "limit")
    assert time.monotonic() - started < 2 * PATIENCE


@pytest.mark.parametrize("body", [b"[" * 10000 + b"]" * 10000, b'{"a":' * 10000 + b"1" + b"}" * 10000],
                         ids=["arrays", "objects"])
def test_json_10000_deep_is_refused(gateway, body):
    assert_refused(gateway.post(body, JSON, partner="tinh-binhduong"), "limit")


@pytest.mark.parametrize("bad", [b"\xff\xfe", b"\xc3\x28", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xc0\xaf"])
@pytest.mark.parametrize("syntax", ["xml", "json"])
def test_invalid_utf8_is_a_syntax_problem(gateway, syntax, bad):
    if syntax == "xml":
        answer = gateway.post(fresh(summary="@@").replace(b"@@", bad))
    else:
        item = documents.progress_item(documents.dossier_code(next(count)), "@@")
        answer = gateway.post(documents.dvcqg_progress([item]).replace(b"@@", bad), JSON,
                              partner="tinh-binhduong")
    assert_refused(answer, "syntax")


@pytest.mark.parametrize("syntax", ["xml", "json"])
def test_nul_bytes_are_refused(gateway, syntax):
    if syntax == "xml":
        answer = gateway.post(fresh(summary="@@").replace(b"@@", b"a\0b"))
    else:
        item = documents.progress_item(documents.dossier_code(next(count)), "@@")
        answer = gateway.post(documents.dvcqg_progress([item]).replace(b"@@", b"a\0b"), JSON,
                              partner="tinh-binhduong")
    assert_refused(answer, "syntax")


def test_an_escaped_nul_in_json_is_refused(gateway):
    item = documents.progress_item(documents.dossier_code(next(count)), "@@")
    body = documents.dvcqg_progress([item]).replace(b"@@", b"a\\u0000b")
    answer = gateway.post(body, JSON, partner="tinh-binhduong")
    assert_problem(answer, 422)


def test_utf16_is_refused(gateway):
    text = fresh().decode().replace("UTF-8", "UTF-16")
    assert_refused(gateway.post(text.encode("utf-16")), "syntax")


def test_a_duplicate_member_of_json_is_refused(gateway):
    body = documents.dvcqg_progress([]).replace(b'"data"', b'"service": "DongBoHoSoMC", "data"')
    assert_refused(gateway.post(body, JSON, partner="tinh-binhduong"), "syntax")


def test_every_problem_is_named_with_path_and_line(gateway):
    body = fresh().decode().replace("2025-05-12T14:45:00+07:00", "2025-02-31T14:45:00+07:00")
    body = body.replace("<StatusCode>4<", "<StatusCode>44<")
    problems = assert_problem(gateway.post(body.encode()), 422)["problems"]
    assert len(problems) >= 2
    assert all(one["path"].startswith("/") and one["line"] > 1 for one in problems)


def test_each_bad_item_is_named_and_nothing_is_stored(gateway):
    dossier = documents.dossier_code(next(count))
    items = [documents.progress_item(dossier, "tốt"), documents.progress_item("", "thiếu mã"),
             documents.progress_item(dossier, "sai trạng thái", status="77")]
    answer = gateway.post(documents.dvcqg_progress(items), JSON, partner="tinh-binhduong")
    problems = assert_problem(answer, 422)["problems"]
    assert {one["item"] for one in problems} == {1, 2}
    assert {one["path"].split("/")[2] for one in problems} == {"MaHoSo", "TrangThai"} or \
        {one["path"] for one in problems} == {"/data[1]/MaHoSo", "/data[2]/TrangThai"}
    assert gateway.post(documents.dvcqg_progress(items[:1]), JSON,
                        partner="tinh-binhduong").status == 202


def test_problem_lists_hold_no_personal_data(gateway):
    body = fresh().decode().replace(f'<Identity type="CCCD">{documents.IDENTITY}</Identity>',
                                    '<Identity type="CCCD">0991900000019999999999</Identity>')
    body = body.replace("<Kind>1</Kind>", "<Kind>9999</Kind>")
    answer = gateway.post(body.encode())
    for word in (*documents.PERSONAL, "0991900000019999999999"):
        assert word not in answer.body.decode()
