# SPDX-License-Identifier: Apache-2.0
"""Many connections at once, slow ones and rude ones: all honest ones stay served."""
import http.client
import os
import resource
import socket
import threading
import time

import pytest

from harness import documents

pytestmark = pytest.mark.broker


def message(name):
    return documents.native_xml(name, documents.dossier_code(abs(hash(name)) % 90000))


def test_300_open_connections_are_all_served(gateway):
    connections = [http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=60)
                   for _ in range(300)]
    headers = gateway.authorised("motcua-phucuong", {"Content-Type": "application/xml"})
    for turn in range(4):
        for number, connection in enumerate(connections):
            connection.request("POST", "/v1/handoffs", message(f"C-{turn}-{number}"), headers)
        answers = [connection.getresponse() for connection in connections]
        assert [answer.status for answer in answers] == [202] * 300
        for answer in answers:
            answer.read()
    for connection in connections:
        connection.close()


def test_connections_that_leave_in_the_middle_harm_nobody(gateway):
    def leave(number):
        body = message(f"LEAVE-{number}")
        head = (f"POST /v1/handoffs HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\n"
                f"Authorization: Bearer {gateway.keys['motcua-phucuong']}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode()
        for turn in range(20):
            with socket.create_connection(("127.0.0.1", gateway.port), timeout=10) as stream:
                whole = head + body
                stream.sendall(whole[:len(whole) * (turn + 1) // 20])

    leavers = [threading.Thread(target=leave, args=(number,)) for number in range(20)]
    for one in leavers:
        one.start()
    for number in range(50):
        gateway.accept(message(f"STAY-{number}"))
    for one in leavers:
        one.join()
    gateway.accept(message("AFTER"))


def test_slow_senders_are_cut_and_harm_nobody(gateways, kafka, registry):
    gateway = gateways(brokers=kafka.brokers, registry=registry.url, config={
        "http": {"idle_timeout_ms": 2000, "body_deadline_ms": 3000}})
    streams = [socket.create_connection(("127.0.0.1", gateway.port), timeout=20)
               for _ in range(50)]
    head = (f"POST /v1/handoffs HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\n"
            f"Authorization: Bearer {gateway.keys['motcua-phucuong']}\r\n"
            f"Content-Length: 3000\r\n\r\n").encode()
    for stream in streams:
        stream.sendall(head)
    started, alive = time.monotonic(), set(streams)
    while alive and time.monotonic() - started < 20:
        for stream in list(alive):
            try:
                stream.sendall(b" ")
            except OSError:
                alive.discard(stream)
        gateway.accept(message(f"S-{time.monotonic()}"))
        time.sleep(0.5)
    for stream in streams:
        stream.close()
    assert not alive, f"{len(alive)} of 50 senders of one byte in half a second still sit there"


def test_a_flood_is_answered_429_and_other_partners_are_served(gateways, kafka, registry):
    gateway = gateways(brokers=kafka.brokers, registry=registry.url,
                       config={"http": {"rate_per_s": 20, "burst": 20}})
    answers = [gateway.post(message(f"F-{number}")) for number in range(200)]
    statuses = {answer.status for answer in answers}
    assert statuses == {202, 429}
    refused = next(answer for answer in answers if answer.status == 429)
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.json()["status"] == 429
    other = documents.native_xml("OTHER-1", documents.dossier_code(7),
                                 sender=documents.DISTRICT, receiver=documents.COMMUNE)
    assert gateway.post(other, partner="motcua-thudaumot").status == 202


def limited(gateway, path, partner="motcua-phucuong"):
    """Whether it is answered that too much was asked."""
    answer = gateway.get(path, partner=partner)
    if answer.status != 429:
        return False
    assert answer.json()["code"] == "rate-limit" and int(answer.headers["Retry-After"]) >= 1
    return True


def test_a_flood_of_questions_is_answered_429_and_others_go_on(gateways):
    gateway = gateways(config={"http": {"reads_per_s": 1}})
    receipt, dossier = gateway.accept(message("Q-1"))[0]["receipt"], documents.dossier_code(1)
    file = "/v1/files/" + "0" * 64
    for path in (f"/v1/handoffs/{receipt}", f"/v1/dossiers/{dossier}", file):
        assert any(limited(gateway, path) for _ in range(30)), path
        assert gateway.get(path, partner="motcua-thudaumot").status == 404
        time.sleep(1.5)  # of the other's rate too
    for number in range(30):
        gateway.accept(message(f"R-{number}"))  # who asks much may send all the same


def test_a_long_page_of_a_dossier_is_paid_by_the_entry(gateways):
    gateway = gateways(config={"http": {"reads_per_s": 20}})
    dossier = documents.dossier_code(2)
    for number in range(60):
        gateway.accept(documents.native_xml(f"P-{number}", dossier))
    page = gateway.get(f"/v1/dossiers/{dossier}?limit=200")
    assert page.status == 200 and len(page.json()["entries"]) == 60
    answer = gateway.get(f"/v1/dossiers/{dossier}?limit=1")
    assert answer.status == 429
    time.sleep(int(answer.headers["Retry-After"]))
    assert gateway.get(f"/v1/dossiers/{dossier}?limit=1").status == 200
    assert gateway.get(f"/v1/dossiers/{dossier}?limit=1", partner="motcua-thudaumot").status == 200


def test_a_shortage_of_descriptors_is_over_when_it_is(gateway):
    """Also while every connection of before stays open: new ones need not wait for an end."""
    old = [http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10) for _ in range(8)]

    def ask(connection):
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        answer.read()
        return answer.status
    assert {ask(one) for one in old} == {200}
    pid = gateway.process.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{pid}/fd")), hard))
    new = [http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10) for _ in range(40)]
    for one in new:
        one.connect()
        one.request("GET", "/healthz")
    gateway.wait_for_log("event=http.accept_failed")
    assert {ask(one) for one in old} == {200}
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
    assert {one.getresponse().status for one in new} == {200}
    gateway.wait_for_log("event=http.accept_well")
    assert {ask(one) for one in old} == {200}
    for one in old + new:
        one.close()


def test_above_the_limit_who_connects_waits_for_room(gateways, kafka, registry):
    gateway = gateways(brokers=kafka.brokers, registry=registry.url,
                       config={"http": {"connections": 4}})
    first = [http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10) for _ in range(4)]
    for one in first:
        one.request("GET", "/healthz")
        assert one.getresponse().read()
    late = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
    late.request("GET", "/healthz")
    late.sock.settimeout(0.7)
    with pytest.raises(TimeoutError):
        late.sock.recv(1)
    first[0].close()
    late.sock.settimeout(10)
    assert late.sock.recv(12) == b"HTTP/1.1 200"
    for one in [*first, late]:
        one.close()
