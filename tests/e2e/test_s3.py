# SPDX-License-Identifier: Apache-2.0
"""Files in a real S3-compatible service, which checks every signature and every hash."""
import base64
import concurrent.futures
import hashlib
import json
import os
import re
import time

import pytest

from harness import documents
from harness.delivering import FAST, Sender, rows
from harness.gateway import VARIANT
from harness.patience import until
from harness.sealing import files_with, sealed_by_key
from harness.services import free_port
from harness.slow import SlowProxy

pytestmark = pytest.mark.asan
COMMUNE = "motcua-phucuong"
MIB = 1 << 20


def digest(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(params=["plain", "sealed"])
def gateway(gateways, s3, request, tmp_path):
    spool = sealed_by_key(tmp_path) if request.param == "sealed" else {}
    return gateways(config={"files": s3.settings(), "spool": spool})


def put(gateway, content):
    return gateway.call("PUT", f"/v1/files/{digest(content)}", content,
                        gateway.authorised(COMMUNE), timeout=120)


def get(gateway, name, method="GET"):
    return gateway.call(method, f"/v1/files/{name}", None, gateway.authorised(COMMUNE), timeout=60)


def kept(s3, name):
    shelf = s3.objects / name[:2]
    return next((path for path in (shelf / name, shelf / f"{name}.sealed") if path.exists()), None)


def is_sealed(gateway):
    return "encryption" in gateway.settings["spool"]


def test_a_file_lies_in_the_bucket_and_not_on_our_disk(gateway, s3):
    content = os.urandom(300_000)
    name = digest(content)
    assert put(gateway, content).status == 201
    stored = kept(s3, name).read_bytes()
    assert content[:100] not in stored if is_sealed(gateway) else stored == content
    assert not (gateway.folder / "files" / name[:2]).exists()
    assert not list((gateway.folder / "files" / "incoming").iterdir())
    assert put(gateway, content).status == 200
    assert get(gateway, name).body == content
    assert get(gateway, name, "HEAD").headers["Content-Length"] == "300000"
    assert json.loads(gateway.run("files", "status", "--json").stdout)["place"] == "s3"


def test_an_object_that_was_changed_is_not_given_out(gateway, s3):
    content = os.urandom(5000)
    assert put(gateway, content).status == 201
    path = kept(s3, digest(content))
    path.write_bytes(path.read_bytes()[::-1])
    assert get(gateway, digest(content)).status == 500
    if is_sealed(gateway):  # as on disk: whoever brings it again mends it
        assert put(gateway, content).status == 200
        assert get(gateway, digest(content)).body == content


def test_prune_removes_the_object(gateway, s3):
    content = os.urandom(5000)
    assert put(gateway, content).status == 201
    gateway.run("files", "prune", "--before", "2100-01-01")
    assert not kept(s3, digest(content))
    assert get(gateway, digest(content)).status == 404


def test_what_lay_plain_in_the_bucket_is_read_and_then_sealed(gateways, s3, tmp_path):
    """By who brings it again, and by rekey."""
    gateway = gateways(config={"files": s3.settings()})
    contents = [os.urandom(size) for size in (0, 5000, 200_000)]
    for content in contents:
        assert put(gateway, content).status == 201
    gateway.stop()
    gateway.write_config(spool=sealed_by_key(tmp_path))
    gateway.start()
    for content in contents:
        assert get(gateway, digest(content)).body == content
    assert put(gateway, contents[1]).status == 200
    assert [bool(files_with(s3.objects, one)) for one in contents[1:]] == [False, True]
    said = gateway.run("spool", "rekey").stdout
    assert "and 2 files" in said, said
    assert not files_with(s3.objects, *contents[1:])
    assert len(list(s3.objects.glob("??/*"))) == len(contents)
    for content in contents:
        assert get(gateway, digest(content)).body == content


def test_a_service_that_is_down_is_for_later_and_keeps_nobody_from_starting(gateway, s3):
    content = os.urandom(5000)
    assert put(gateway, content).status == 201
    s3.stop()
    down = put(gateway, b"later")
    assert down.status == 503 and down.headers["Retry-After"]
    assert get(gateway, digest(content)).status == 503
    gateway.stop()
    gateway.start()
    s3.start()
    # As the header says; a service that has just come may be slow.
    later = until(lambda: (answer := put(gateway, b"later")).status != 503 and answer)
    assert later.status in (200, 201)
    found = until(lambda: (answer := get(gateway, digest(content))).status != 503 and answer)
    assert found.body == content


def test_a_silent_service_holds_up_no_stop(gateway, s3):
    s3.pause()
    answer = put(gateway, b"a form")
    assert answer.status == 503
    gateway.stop(timeout=30)
    s3.resume()


def test_a_wrong_secret_is_said_in_the_log_without_it(gateways, s3, tmp_path):
    secret = tmp_path / "wrong"
    secret.write_text("not-the-secret\n")
    gateway = gateways(config={"files": {**s3.settings(), "s3_secret_key_file": str(secret)}})
    assert put(gateway, b"a form").status == 500
    gateway.wait_for_log("s3: HEAD ")
    assert "status 403" in gateway.log()
    assert "not-the-secret" not in gateway.log()


@pytest.mark.skipif(VARIANT != "release", reason="a sanitizer's memory is its own")
def test_a_large_file_passes_in_constant_memory(gateway):
    content = os.urandom(MIB) * 60
    put(gateway, b"warm")
    gateway.forget_peak()
    before = gateway.rss_kib()
    assert put(gateway, content).status == 201
    assert get(gateway, digest(content)).body == content
    assert gateway.peak_kib() - before < 8 * 1024


def carrying_letter():
    """A letter inside which a handoff of some 20 KiB lies, and a letter's file."""
    fixture = documents.ROOT / "adapters/edxml/fixtures/accept/letter-with-our-xml.edxml"

    def pad(found):
        inner = base64.b64decode(found[2]).replace(b"</HandoffMessage>",
                                                   b" " * 20_000 + b"</HandoffMessage>")
        return found[1] + base64.b64encode(inner) + found[3]

    text, count = re.subn(rb"(<ContentTransferEncoded>)(PD[^<]*)(<)", pad, fixture.read_bytes())
    assert count == 1
    return text


def test_a_letter_that_carries_a_handoff_waits_for_a_slow_service_alone(gateways, s3):
    slow = SlowProxy(free_port(), s3.port, 1.0)
    slow.start()
    assert slow.ready.wait(5)
    gateway = gateways(config={"http": {"threads": 1}, "files": {
        **s3.settings(), "s3_endpoint": f"http://127.0.0.1:{slow.port}"}})
    with concurrent.futures.ThreadPoolExecutor() as beside:
        posted = beside.submit(gateway.accept, carrying_letter())
        took = []
        while not posted.done():
            began = time.monotonic()
            assert gateway.call("GET", "/healthz").status == 200
            took.append(time.monotonic() - began)
            time.sleep(0.02)
        assert posted.result()[0]["dossier"]
    # One stall of the machine is not the service's: that holds each look up for a second.
    assert len(took) > 20 and sorted(took)[-2] < 0.9, took
    slow.end()


@pytest.mark.broker
def test_a_slow_service_delays_only_who_gets_files(gateways, kafka, registry, partners, s3, tmp_path):
    """Every answer of the service comes a second late; beside that deliveries go as ever."""
    slow = SlowProxy(free_port(), s3.port, 1.0)
    slow.start()
    assert slow.ready.wait(5)
    beside = partners("ben-canh", "lienthong-xml", agencies=["000.10.41.H09"])
    takes_files = partners("nhan-tep", "edxml", agencies=[documents.DISTRICT], keep=True)
    gateway = gateways(brokers=kafka.brokers, registry=registry.url, partners=rows([beside, takes_files]),
                       config={**FAST, "spool": sealed_by_key(tmp_path),
                               "files": {**s3.settings(),
                                         "s3_endpoint": f"http://127.0.0.1:{slow.port}"}})
    contents = [os.urandom(100_000) for _ in range(6)]
    letters = [gateway.accept(documents.edxml_letter(content, number=str(number)))[0]["event_id"]
               for number, content in enumerate(contents, start=300)]
    sender, sent = Sender(gateway, "S"), []
    while not takes_files.taken() or len(sent) < 20:
        sent.append(sender.post(documents.dossier_code(len(sent)), receiver="000.10.41.H09"))
        time.sleep(0.05)
        assert len(sent) < 600, gateway.log()[-2000:]
    beside.wait_taken([one.key for one in sent])
    takes_files.wait_taken(letters, timeout=60)
    arrived = {one.key: one.at for one in reversed(beside.taken())}
    took = sorted(arrived[one.key] - one.at for one in sent)
    assert took[len(took) * 9 // 10] < 0.9, took  # as above
    bodies = [takes_files.document(one) for one in takes_files.taken()]
    for content in contents:
        assert any(base64.b64encode(content) in body for body in bodies)
    assert not files_with(s3.objects, *(content[:64] for content in contents))
    slow.end()
