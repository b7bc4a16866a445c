# SPDX-License-Identifier: Apache-2.0
"""Many connections at once, slow ones and rude ones: all honest ones stay served."""
import http.client
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
