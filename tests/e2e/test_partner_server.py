# SPDX-License-Identifier: Apache-2.0
"""The partners of the tests do what they are told and write down what they saw: tests of them alone,
without a gateway."""
import http.client
import json
import socket
import ssl
import time

import pytest

from harness import documents
from harness.partner_services import Service, dossier_of, marks_of

DOSSIER = documents.dossier_code(7)
DOCUMENT = documents.native_xml("M-1", DOSSIER, summary="Việc thử [T-1|0a0b]")
XML = {"Content-Type": "application/xml", "Idempotency-Key": "k-1"}
JSON = {"Content-Type": "application/json", "Idempotency-Key": "k-2"}


def send(partner, body=DOCUMENT, headers=None, *, timeout=10, context=None, path="/any"):
    if context:
        connection = http.client.HTTPSConnection("localhost", partner.port, timeout=timeout,
                                                 context=context)
    else:
        connection = http.client.HTTPConnection("127.0.0.1", partner.port, timeout=timeout)
    try:
        connection.request("POST", path, body, headers or XML)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def portal(partner, session, **body):
    given = {"session": session, "madonvi": "H09", **body}
    return json.loads(send(partner, json.dumps(given).encode(), JSON)[2])


def login(partner, password=Service.password):
    body = json.dumps({"username": Service.user, "password": password}).encode()
    return json.loads(send(partner, body, JSON)[2])


@pytest.fixture
def native(partners):
    return partners("native", "lienthong-xml")


def test_a_request_is_written_down_before_it_is_answered(native):
    assert send(native)[0] == 202
    request = native.taken()[0]
    assert (request.key, request.dossier, request.marks) == ("k-1", DOSSIER, [("T-1", "0a0b")])
    assert request.fate == "answered" and abs(request.at - time.time()) < 10


def test_what_is_no_document_of_its_format_is_not_taken(native):
    assert send(native, b"<other/>")[0] == 422
    assert native.requests()[0].outcome == "malformed" and not native.taken()


def test_a_killed_partner_keeps_what_it_wrote_and_counts_on(native):
    send(native)
    native.kill()
    with pytest.raises(ConnectionRefusedError):
        send(native)
    native.start()
    send(native)
    assert [one.number for one in native.taken()] == [1, 2]


def test_marks_and_codes_are_found_in_every_format():
    progress = documents.dvcqg_progress([documents.progress_item(DOSSIER, "[T-9|ff] xong")])
    assert marks_of(progress) == [["T-9", "ff"]] and dossier_of(progress) == DOSSIER
    status = documents.edxml_status(DOSSIER, "2025/05/12 16:10:21", description="[T-8|] rồi")
    assert marks_of(status) == [["T-8", ""]] and dossier_of(status) == DOSSIER


def test_the_portal_asks_for_a_login_and_tells_create_from_update(partners):
    one = partners("portal", "dvcqg-json")
    data = {"service": "DongBoHoSoMC", "data": [{"MaHoSo": DOSSIER}]}
    assert portal(one, "nobody", isUpdating="False", **data)["error_code"] == "-2"
    assert login(one, "wrong")["error_code"] == "-1"
    session = login(one)["session"]
    assert portal(one, session, isUpdating="True", **data)["error_code"] == "2"
    assert portal(one, session, isUpdating="False", **data)["error_code"] == "0"
    again = portal(one, session, isUpdating="False", **data)
    assert again["error_code"] == "3" and "đã tồn tại" in again["message"]
    assert portal(one, session, isUpdating="True", **data)["error_code"] == "0"
    one.expire()
    assert portal(one, session, isUpdating="True", **data)["error_code"] == "-2"
    assert [each.outcome for each in one.requests()] == \
        ["login", "missing", "taken", "exists", "taken", "login"]


def test_the_portal_remembers_its_dossiers_when_it_was_killed(partners):
    one = partners("portal", "dvcqg-json")
    data = {"service": "DongBoHoSoMC", "data": [{"MaHoSo": DOSSIER}], "isUpdating": "False"}
    assert portal(one, login(one)["session"], **data)["error_code"] == "0"
    one.kill()
    one.start()
    assert portal(one, login(one)["session"], **data)["error_code"] == "3"


def test_the_exchange_takes_a_multipart_with_the_account_in_headers(partners):
    one = partners("exchange", "edxml", keep=True)
    letter = documents.edxml_status(DOSSIER, "2025/05/12 16:10:21", description="[T-3|ab]")
    body = (b'--cut\r\nContent-Disposition: form-data; name="edocFile"; filename="a.edxml"\r\n'
            b"Content-Type: application/xml\r\n\r\n" + letter + b"\r\n--cut--\r\n")
    headers = {"Content-Type": "multipart/form-data; boundary=cut"}
    assert send(one, body, headers)[0] == 401
    headers |= {"X-SystemId": Service.user, "X-SecretKey": Service.password}
    assert json.loads(send(one, body, headers)[2])["status"] == "OK"
    assert one.document(one.taken()[0]) == letter
    assert one.taken()[0].marks == [("T-3", "ab")]
    assert Service.password not in (one.folder / "requests.jsonl").read_text()


def test_the_api_of_2026_wants_a_token(partners):
    one = partners("ministry", "dvc2026-json")
    form = f"grant_type=client_credentials&client_id={Service.user}&client_secret=".encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    assert send(one, form + b"no", kind)[0] == 401
    token = json.loads(send(one, form + Service.password.encode(), kind)[2])["access_token"]
    assert send(one, b"{}", JSON)[0] == 401
    assert send(one, b"{}", {**JSON, "Authorization": f"Bearer {token}"})[0] == 200
    one.expire()
    assert send(one, b"{}", {**JSON, "Authorization": f"Bearer {token}"})[0] == 401


def test_a_behaviour_ends_after_so_many_times(native):
    native.behave({"kind": "status", "status": 500, "times": 2})
    assert [send(native)[0] for _ in range(3)] == [500, 500, 202]
    assert [one.outcome for one in native.requests()] == ["not-taken", "not-taken", "taken"]


def test_a_behaviour_ends_after_its_seconds(native):
    native.behave({"kind": "status", "status": 500, "seconds_long": 0.2})
    assert send(native)[0] == 500
    deadline = time.monotonic() + 5
    while send(native)[0] != 202:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_share_is_by_seeded_dice(partners):
    ends = []
    for name in ("a", "b"):
        one = partners(name, "lienthong-xml", seed="same")
        one.behave({"kind": "status", "status": 500, "share": 0.5})
        ends.append([send(one)[0] for _ in range(30)])
    assert ends[0] == ends[1] and {202, 500} == set(ends[0])


def test_429_brings_retry_after(native):
    native.behave({"kind": "status", "status": 429, "retry_after": "3"})
    status, headers, _ = send(native)
    assert (status, headers["Retry-After"]) == (429, "3")


@pytest.mark.parametrize("final", [False, True])
@pytest.mark.parametrize("adapter", ["dvcqg-json", "edxml"])
def test_an_error_within_200(partners, adapter, final):
    one = partners("one", adapter)
    one.behave({"kind": "error", "final": final})
    status, _, body = send(one, b"{}", JSON)
    assert status == 200 and "0" not in (json.loads(body).get("error_code"),
                                         json.loads(body).get("ErrorCode"))
    assert not one.taken()


def test_slow_answers_late_and_hanging_never(native):
    native.behave({"kind": "slow", "delay": 0.3, "times": 1}, {"kind": "hang"})
    began = time.monotonic()
    assert send(native)[0] == 202 and time.monotonic() - began >= 0.3
    with pytest.raises(TimeoutError):
        send(native, timeout=0.3)
    seen = native.wait_for(lambda seen: len(seen) == 2 and seen[1].ended_at)
    assert seen[1].fate == "broken" and not seen[1].is_taken


def test_a_slow_answer_that_nobody_waited_for_is_a_broken_connection(native):
    native.behave({"kind": "slow", "delay": 5})
    with pytest.raises(TimeoutError):
        send(native, timeout=0.2)
    seen = native.wait_for(lambda seen: seen and seen[0].ended_at)
    assert seen[0].fate == "broken" and seen[0].is_taken


@pytest.mark.parametrize("kind,error", [
    ("close", (ConnectionError, http.client.RemoteDisconnected)),
    ("cut", http.client.IncompleteRead), ("garbage", http.client.HTTPException)])
def test_a_broken_answer_is_a_broken_connection_of_a_taken_document(native, kind, error):
    native.behave({"kind": kind})
    with pytest.raises(error):
        send(native)
    assert native.taken()[0].fate == "broken"


def test_refused_connections_are_counted(native):
    native.behave({"kind": "refuse"})
    with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
        send(native)
    assert native.requests() == [] and len(native.notes.connections) == 1


def test_twice_is_two_answers_to_one_request(native):
    native.behave({"kind": "twice"})
    with socket.create_connection(("127.0.0.1", native.port), timeout=5) as raw:
        raw.sendall(b"POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" %
                    len(DOCUMENT) + DOCUMENT)
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answer.count(b"HTTP/1.1 202") == 2 and len(native.requests()) == 1


def test_a_redirect_names_the_other_place(native):
    native.behave({"kind": "redirect", "location": "http://127.0.0.1:1/x"})
    status, headers, _ = send(native)
    assert (status, headers["Location"]) == (307, "http://127.0.0.1:1/x")
    assert not native.taken()


def test_an_endless_answer_goes_on_until_the_client_hangs_up(native):
    native.behave({"kind": "endless"})
    connection = http.client.HTTPConnection("127.0.0.1", native.port, timeout=5)
    connection.request("POST", "/", DOCUMENT, XML)
    answer = connection.getresponse()
    assert len(answer.read(300000)) == 300000
    connection.close()
    assert native.taken()[0].fate == "broken"


def test_chunked_bodies_and_expect_are_understood(native):
    with socket.create_connection(("127.0.0.1", native.port), timeout=5) as raw:
        raw.sendall(b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n"
                    b"Connection: close\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 100")
        half = len(DOCUMENT) // 2
        for piece in (DOCUMENT[:half], DOCUMENT[half:], b""):
            raw.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        assert raw.recv(100).startswith(b"HTTP/1.1 202")
    assert native.taken()[0].size == len(DOCUMENT)


@pytest.mark.parametrize("host,days,is_good", [("localhost", 30, True), ("localhost", -2, False),
                                               ("elsewhere.test", 30, False)])
def test_certificates_are_good_or_not(partners, authority, host, days, is_good):
    one = partners("tls", "lienthong-xml", certificate=authority.issue(f"{host}{days}", host, days))
    context = ssl.create_default_context(cafile=authority.ca_file)
    if is_good:
        assert send(one, context=context)[0] == 202
    else:
        with pytest.raises(ssl.SSLCertVerificationError):
            send(one, context=context)
    with pytest.raises(ssl.SSLCertVerificationError):
        send(one, context=ssl.create_default_context())
