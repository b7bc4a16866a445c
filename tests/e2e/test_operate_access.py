# SPDX-License-Identifier: Apache-2.0
"""Who may use the operators' API, against the running daemon: logins, rights, and what is on record."""
import base64
import os
import socket
import subprocess
import threading
import time

import pytest
import requests

from harness import visitor
from harness.gateway import PARTNERS
from harness.patience import give_up_at
from harness.services import ROOT
from harness.visitor import PASSWORD, Visitor, call_locally, record

pytestmark = pytest.mark.asan


@pytest.fixture(scope="module")
def password_hash(tmp_path_factory):
    from harness.gateway import Gateway
    return visitor.hash_of(Gateway(tmp_path_factory.mktemp("hash") / "gateway"))


@pytest.fixture
def users(password_hash):
    return {
        "quantri": {"title": "Quản trị", "roles": ["administrator"], "password": password_hash},
        "vanhanh": {"title": "Vận hành", "roles": ["operator"], "password": password_hash},
        "xem": {"roles": ["viewer"], "password": password_hash},
        "nghiviec": {"roles": ["administrator"], "password": password_hash, "disabled": True},
    }


@pytest.fixture
def console(gateways, users):
    """A daemon with a console over plain HTTP: the daemon, and the console's address.  The first of
    its partners has a mailbox."""
    gateway = gateways(start=False,
                       partners=[{**PARTNERS[0], "deliver": {"by": "mailbox"}}, *PARTNERS[1:]])
    address = visitor.open_console(gateway, users)
    gateway.start()
    return gateway, address


def signed_in(address, user):
    one = Visitor(address)
    answer = one.login(user)
    assert answer.status_code == 200, answer.text
    return one


# Over HTTPS.

def test_a_session_over_https_from_login_to_logout(gateways, users, authority):
    gateway = gateways(start=False)
    address = visitor.open_console(gateway, users, certificate=authority.issue("console"))
    gateway.start()
    one = Visitor(address, authority.ca_file)
    assert one.call("GET", "me").status_code == 401

    answer = one.login("vanhanh")
    assert answer.status_code == 200, answer.text
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("lt_session=") and len(cookie.split(";")[0]) == len("lt_session=") + 64
    assert {part.strip() for part in cookie.split(";")[1:]} == {
        "Path=/", "HttpOnly", "SameSite=Strict", "Secure"}
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
    assert answer.json() == {"user": "user:vanhanh", "title": "Vận hành",
                             "rights": ["view", "content", "repair"], "csrf": one.csrf}
    assert one.call("GET", "me").json() == answer.json()
    assert one.call("GET", "status").status_code == 200

    answer = one.call("POST", "logout")
    assert answer.status_code == 200 and "Max-Age=0" in answer.headers["Set-Cookie"]
    one.http.headers["Cookie"] = cookie.split(";")[0]  # the client forgot it, somebody kept it
    assert one.call("GET", "me").status_code == 401
    assert [row[2:3] + row[5:6] for row in record(gateway) if row[0] == "user:vanhanh"] == [
        ("login", "done"), ("logout", "done")]


HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; "
                               "frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def test_every_answer_carries_the_headers_that_bind_a_browser(console):
    _, address = console
    one = signed_in(address, "xem")
    answers = [one.call("GET", "status"), one.call("GET", "nothing/here"), one.call("PUT", "me"),
               one.call("POST", "spool/prune"), Visitor(address).call("GET", "me"),
               requests.get(address, headers={"Content-Length": "1", "Transfer-Encoding": "chunked"},
                            timeout=30)]
    assert [answer.status_code for answer in answers] == [200, 404, 405, 403, 401, 400]
    for answer in answers:
        for name, value in HEADERS.items():
            assert answer.headers.get(name) == value, (answer.url, name)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Strict-Transport-Security" not in answer.headers  # there is no TLS here


def test_plain_http_is_for_this_machine_alone(gateways, users):
    gateway = gateways(start=False)
    visitor.open_console(gateway, users)
    gateway.write_config(operate={"listen": "0.0.0.0:0"})
    done = subprocess.run([gateway.build / "lienthongd", "--config", gateway.config_path],
                          capture_output=True, text=True, timeout=60, cwd=ROOT, check=False)
    assert done.returncode == 1
    assert "needs operate.certificate" in done.stderr


def test_a_cookie_for_plain_http_is_made_only_when_asked_for(gateways, users):
    gateway = gateways(start=False)
    address = visitor.open_console(gateway, users, secure_cookie=False)
    gateway.start()
    cookie = Visitor(address).login("xem").headers["Set-Cookie"]
    assert "Secure" not in cookie and "HttpOnly" in cookie and "SameSite=Strict" in cookie


# Logins that do not work.

def test_a_wrong_password_an_unknown_user_and_a_disabled_one_are_answered_alike(console):
    gateway, address = console
    texts = set()
    for user, password in [("vanhanh", "sai"), ("khongai", PASSWORD), ("nghiviec", PASSWORD)]:
        one = Visitor(address)
        answer = one.login(user, password)
        assert answer.status_code == 401 and "Set-Cookie" not in answer.headers
        texts.add(answer.text)
    assert len(texts) == 1
    assert [row[0] for row in record(gateway, "login-failed")] == [
        "user:vanhanh", "user:?", "user:nghiviec"]
    assert all(row[1] == "127.0.0.1" and row[5] == "refused"
               for row in record(gateway, "login-failed"))


def test_too_many_failures_lock_a_user_out_and_nobody_else(console):
    gateway, address = console
    inside = signed_in(address, "vanhanh")
    for _ in range(5):
        assert Visitor(address).login("vanhanh", "sai").status_code == 401
    answer = Visitor(address).login("vanhanh")
    assert answer.status_code == 429 and 800 < int(answer.headers["Retry-After"]) <= 901
    assert answer.json()["code"] == "locked-out"
    assert Visitor(address).login("xem").status_code == 200
    assert inside.call("GET", "me").status_code == 200
    assert call_locally(gateway, "GET", "me")[0] == 200
    assert [row[0] for row in record(gateway, "locked-out")] == ["user:vanhanh"]


@pytest.mark.slow
def test_a_lock_out_ends_by_itself(gateways, users):
    gateway = gateways(start=False)
    address = visitor.open_console(gateway, users, lock_minutes=1, lock_after=2)
    gateway.start()
    for _ in range(2):
        Visitor(address).login("vanhanh", "sai")
    answer = Visitor(address).login("vanhanh")
    deadline = give_up_at(90)
    while answer.status_code == 429:
        assert time.monotonic() < deadline
        time.sleep(min(int(answer.headers["Retry-After"]), 5))
        answer = Visitor(address).login("vanhanh")
    assert answer.status_code == 200


# What a session may.

def test_a_changing_call_needs_the_sessions_own_token(console):
    gateway, address = console
    one, other = signed_in(address, "quantri"), signed_in(address, "quantri")
    path = "partners/motcua-phucuong/pause"
    for csrf in [False, "0", one.csrf[:-1], other.csrf]:
        answer = one.call("POST", path, csrf=csrf)
        assert (answer.status_code, answer.json()["code"]) == (403, "no-token")
    assert not record(gateway, "pause")
    for body in [{}, {"reason": ""}, {"reason": "x" * 501}]:
        answer = one.call("POST", path, body)
        assert answer.status_code == 400 and "reason" in answer.json()["detail"]
    assert one.call("POST", path, {"reason": "bảo trì"}).status_code == 200
    answer = one.call("POST", path, headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, answer.json()["code"]) == (403, "from-elsewhere")
    refused = record(gateway, "call")
    assert [row[3] for row in refused] == [f"call:POST /operate/v1/{path}"] * 5
    assert refused[-1][0] == "user:quantri" and refused[-1][6] == '{"elsewhere":true}'
    assert record(gateway, "pause") == [
        ("user:quantri", "127.0.0.1", "pause", "partner:motcua-phucuong", "bảo trì", "done", "")]


def test_calls_from_another_site_cannot_fill_the_record(console):
    gateway, address = console
    one, stranger = signed_in(address, "quantri"), Visitor(address)
    for who in [one] * 30 + [stranger] * 30:
        answer = who.call("POST", "directory/reload", headers={"Sec-Fetch-Site": "cross-site"})
        assert (answer.status_code, answer.json()["code"]) == (403, "from-elsewhere")
    kept = record(gateway, "call")
    assert [row[0] for row in kept] == ["user:quantri"] * 5 + ["user:?"] * 5
    last = [row[6] for row in kept if "last" in row[6]]
    assert last == ['{"elsewhere":true,"last":true}'] * 2
    assert not record(gateway, "reload")


def test_a_login_gets_a_new_id_whatever_came_with_it(console):
    _, address = console
    one = Visitor(address)
    one.http.cookies.set("lt_session", "0" * 64, domain="127.0.0.1", path="/")
    assert one.login("xem").status_code == 200
    first = one.http.cookies["lt_session"]
    assert first != "0" * 64
    assert one.login("xem").status_code == 200
    assert one.http.cookies["lt_session"] != first
    stranger = Visitor(address)
    stranger.http.cookies.set("lt_session", first, domain="127.0.0.1", path="/")
    assert stranger.call("GET", "me").status_code == 401


CALLS = [
    ("GET", "status", "view"), ("GET", "partners", "view"), ("GET", "files", "view"),
    ("POST", "spool/prune", "administer"), ("POST", "publisher/resume", "administer"),
    ("POST", "subscriber/resume", "administer"), ("POST", "directory/reload", "administer"),
    ("POST", "files/prune", "administer"), ("POST", "partners/motcua-phucuong/pause", "administer"),
    ("POST", "partners/motcua-phucuong/resume", "administer"),
    ("POST", "deliveries/d-1/retry", "repair"), ("POST", "deliveries/d-1/discard", "repair"),
]
RIGHTS = {"quantri": {"view", "repair", "administer"}, "vanhanh": {"view", "repair"},
          "xem": {"view"}}


@pytest.mark.parametrize("user", sorted(RIGHTS))
def test_what_a_user_may_not_is_refused_and_on_record(console, user):
    gateway, address = console
    one = signed_in(address, user)
    expected = []
    for method, path, right in CALLS:
        answer = one.call(method, path)
        if right in RIGHTS[user]:
            assert answer.status_code not in (401, 403), (path, answer.text)
            continue
        assert (answer.status_code, answer.json()["code"]) == (403, "no-right"), path
        expected.append(f"call:{method} /operate/v1/{path}")
    assert [row[3] for row in record(gateway, "call")] == expected
    assert all(row[0] == f"user:{user}" and row[5] == "refused" for row in record(gateway, "call"))


# operators.yaml while the daemon runs.

def wait_for_record(gateway, act, count):
    deadline = give_up_at(20)
    while len(record(gateway, act)) < count:
        assert time.monotonic() < deadline, record(gateway)
        time.sleep(0.05)
    return record(gateway, act)


def test_a_change_of_roles_holds_from_the_next_call(console, users):
    gateway, address = console
    one = signed_in(address, "vanhanh")
    assert one.call("POST", "files/prune").status_code == 403
    visitor.write_operators(gateway, {**users, "vanhanh": {**users["vanhanh"],
                                                           "roles": ["administrator"]}})
    gateway.reload()
    assert wait_for_record(gateway, "reload", 1)[0] == (
        "gateway", None, "reload", "configuration", "SIGHUP", "done", "")
    assert one.call("POST", "files/prune").status_code == 200

    visitor.write_operators(gateway, {**users, "vanhanh": {**users["vanhanh"], "disabled": True}})
    gateway.reload()
    wait_for_record(gateway, "reload", 2)
    assert one.call("GET", "me").status_code == 401
    assert Visitor(address).login("vanhanh").status_code == 401


def test_a_bad_file_keeps_the_one_before(console, users):
    gateway, address = console
    one = signed_in(address, "quantri")
    (gateway.folder / "operators.yaml").write_text("users:\n- {name: quantri, roles: [sếp]}\n")
    answer = one.call("POST", "directory/reload")
    assert answer.status_code == 409
    assert "operators.yaml:2:27: users[0].roles[0]: there is no such role" in answer.json()["detail"]
    assert one.call("GET", "me").status_code == 200
    assert [(row[0], row[5]) for row in record(gateway, "reload")] == [
        ("user:quantri", "begun"), ("user:quantri", "refused")]
    done = subprocess.run([gateway.build / "lienthongd", "--check", gateway.config_path],
                          capture_output=True, text=True, timeout=60, cwd=ROOT, check=False)
    assert done.returncode == 1 and "operators.yaml:2:27" in done.stderr
    done = gateway.run("operator", "check", check=False)
    assert done.returncode == 1 and "operators.yaml:2:27" in done.stderr


# Scripts, and the machine's own users.

def test_a_script_sends_its_password_with_each_call(console):
    gateway, address = console
    basic = base64.b64encode(f"quantri:{PASSWORD}".encode()).decode()
    for _ in range(3):
        answer = requests.post(f"{address}/operate/v1/files/prune", timeout=30,
                               headers={"Authorization": f"Basic {basic}"})
        assert answer.status_code == 200 and "Set-Cookie" not in answer.headers
    assert [row[6] for row in record(gateway, "login")] == ['{"by":"script"}']
    wrong = base64.b64encode(b"quantri:sai").decode()
    answer = requests.post(f"{address}/operate/v1/files/prune", timeout=30,
                           headers={"Authorization": f"Basic {wrong}"})
    assert answer.status_code == 401
    assert "Basic" not in answer.headers.get("WWW-Authenticate", "")


def test_the_machines_own_users_act_by_their_own_names(console):
    gateway, _ = console
    status, me = call_locally(gateway, "GET", "me")
    assert status == 200 and me["user"].startswith(f"unix:{os.getuid()}")
    assert set(me["rights"]) == {"view", "content", "repair", "approve", "administer"}
    assert call_locally(gateway, "POST", "directory/reload")[0] == 200
    gateway.run("partner", "pause", "motcua-phucuong", "--reason", "bảo trì")
    assert [row[:6] for row in record(gateway)] == [
        (me["user"], None, "reload", "configuration", "", "begun"),
        (me["user"], None, "reload", "configuration", "", "done"),
        (me["user"], None, "pause", "partner:motcua-phucuong", "bảo trì", "done")]


def test_a_stage_that_is_not_held_takes_no_word(console):
    gateway, _ = console
    for stage, way in [("publisher", "kafka"), ("subscriber", "end")]:
        refused = gateway.run(stage, "resume", "--from", way, check=False)
        assert refused.returncode == 1 and f"the {stage} is not held" in refused.stderr
        status, problem = call_locally(gateway, "POST", f"{stage}/resume", {"from": way})
        assert (status, problem["code"]) == (409, "refused")
        assert [row[5] for row in record(gateway, "resume") if row[3] == stage] == [
            "begun", "refused"] * 2


@pytest.mark.parametrize("path", ["spool/prune", "files/prune"])
def test_what_is_not_understood_removes_nothing(console, path):
    gateway, address = console
    one = signed_in(address, "quantri")
    for body in ("nojson", "[]", "5", "null", '{"before":5}', '{"before":null}', '{"before":"hôm qua"}',
                 '{"befor":"2026-01-01"}', '{"before":"2026-01-01","more":1}', '{"before":"2026-01-01"'):
        answer = one.call("POST", path, data=body.encode())
        assert (answer.status_code, answer.json()["code"]) == (400, "bad-request"), (body, answer.text)
    assert not record(gateway, "prune")
    for body in ("", "{}", '{"before":"2026-01-01"}'):
        assert one.call("POST", path, data=body.encode()).status_code == 200, body


@pytest.mark.parametrize("partner", ["motcua-phucuogn", "motcua-thudaumot"])
def test_who_gets_nothing_is_not_paused(console, partner):
    gateway, _ = console
    refused = gateway.run("partner", "pause", partner, "--reason", "bảo trì", check=False)
    assert refused.returncode == 1
    assert f"nothing is delivered to a partner {partner}" in refused.stderr
    for word in ("pause", "resume"):
        status, problem = call_locally(gateway, "POST", f"partners/{partner}/{word}",
                                       {"reason": "bảo trì"})
        assert (status, problem["code"]) == (404, "not-found")
    assert [row[2:6] for row in record(gateway)] == [
        (word, f"partner:{partner}", "bảo trì", "refused") for word in ("pause", "pause", "resume")]


def test_a_partner_that_never_answers_keeps_nobody_waiting(gateways, partners):
    """Not those who look meanwhile, nor the end of the daemon."""
    silent = partners("im-lang", "lienthong-xml", agencies=["000.00.41.H09"]).row()
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        silent["deliver"] |= {"url": f"http://127.0.0.1:{deaf.getsockname()[1]}", "timeout_ms": 30000}
        gateway = gateways(partners=[*PARTNERS[:1], silent])
        answers = []
        tests = [threading.Thread(target=lambda: answers.append(
            call_locally(gateway, "POST", "partners/im-lang/test"))) for _ in range(8)]
        for one in tests:
            one.start()
        wait_for_record(gateway, "test", 8)
        for _ in range(5):
            begun = time.monotonic()
            assert call_locally(gateway, "GET", "status")[0] == 200
            assert time.monotonic() - begun < 3
        assert answers == []
        begun = time.monotonic()
        gateway.stop()
        assert time.monotonic() - begun < 15
        for one in tests:
            one.join(10)
    assert [(status, problem["code"]) for status, problem in answers] == [(503, "busy")] * 8
    assert [row[5] for row in record(gateway, "test")] == ["begun"] * 8 + ["refused"] * 8


def test_operators_are_listed_with_what_they_may(console):
    gateway, _ = console
    lines = gateway.run("operator", "list").stdout.splitlines()
    assert lines[2].split()[:6] == ["vanhanh", "active", "good", "view", "content", "repair"]
    assert lines[4].split()[:2] == ["nghiviec", "disabled"]
    assert "4 users: good" in gateway.run("operator", "check").stdout
