# SPDX-License-Identifier: Apache-2.0
"""Encryption at rest, seen from outside: what lies on the disk, what a key more or less changes, and one
dossier that is shredded while the others are served."""
import base64
import hashlib
import html
import http.client
import json
import os
import pathlib
import re
import shutil
import time

import pytest

from harness import documents, operators
from harness.delivering import FAST, rows
from harness.exchange import Exchange
from harness.gateway import JSON, PARTNERS
from harness.operators import Operator
from harness.patience import give_up_at
from harness.sealing import files_with, sealed_by_key
from test_files import json_with
from test_personal_data import (House, deliver_to_one_that_echoes, drop_and_collect, send_broken_ones,
                                send_dead_ones, send_good_ones, send_refused_ones)

COMMUNE, PROVINCE = "motcua-phucuong", "tinh-binhduong"
ROWS = [{**PARTNERS[0], "adapters": ["dvcqg-json"], "deliver": {"by": "mailbox"}}, *PARTNERS[1:]]


def make_key(gateway, identity, path=None):
    path = path or gateway.folder / "keys"
    return gateway.run("spool", "key", str(path), "--id", identity)


@pytest.fixture
def gateway(gateways):
    """With a key, and an embedded broker; its province sends, its commune has a mailbox."""
    gateway = gateways(partners=ROWS, start=False)
    operators.open_console(gateway)
    make_key(gateway, "k1")
    gateway.write_config(spool={"encryption": {"key_file": str(gateway.folder / "keys")}})
    return gateway.start()


def hand_over(gateway, number, content=b""):
    """One document of a dossier, with a file in it, that the commune has taken: its bytes and receipt."""
    body = json_with(content, documents.dossier_code(number))
    answer = gateway.post(body, JSON, PROVINCE)
    assert answer.status == 202, answer
    found = gateway.call("GET", "/v1/inbox?wait=30", None, gateway.authorised(COMMUNE), 60)
    (item,) = found.json()["items"]
    gateway.call("POST", f"/v1/inbox/{item['id']}/accept", b"", gateway.authorised(COMMUNE))
    receipt = answer.receipts()[0]["receipt"]
    gateway.wait_published(receipt, PROVINCE)
    return body, receipt


def shred(gateway, number, *more, check=True):
    return gateway.run("dossier", "shred", documents.dossier_code(number), *more, check=check)


def original(gateway, receipt, check=True):
    return gateway.run("show", receipt, "--original", text=False, check=check)


def on_disk(gateway):
    """What the spool's files hold at this moment."""
    return {path.name: path.read_bytes() for path in gateway.folder.glob("spool.db*")}


def must_refuse_to_start(gateway, words):
    with pytest.raises(RuntimeError) as caught:
        gateway.start()
    gateway.process = None
    assert words in str(caught.value)


# ---- what is on the disk ----

@pytest.mark.broker
def test_marked_people_are_not_in_the_spools_files(gateways, partners, kafka, registry, tmp_path):
    """All paths of test_personal_data.py; there the same marks are found in the spool."""
    exchange = Exchange(tmp_path / "exchange")
    house = House(gateways, partners, kafka, registry, exchange, tmp_path, sealed_by_key(tmp_path))
    try:
        for send in (send_good_ones, send_refused_ones, send_broken_ones, send_dead_ones,
                     deliver_to_one_that_echoes, drop_and_collect):
            send(house)
        dung = Operator(house.address, "dung")
        (dead, *_) = [one["receipt"] for one in dung.get("entries", limit=100, state="dead")["items"]]
        text = dung.unmasked(dead)
        assert house.people.seen_in(text), "the operator reads what is sealed"
        dung.post(f"entries/{dead}/revisions", {"document": text, "reason": "sửa"})
        house.gateway.kill()  # what is in the WAL stays there
        texts = on_disk(house.gateway)
        assert len(texts["spool.db"]) + len(texts["spool.db-wal"]) > 100_000
        assert {name: seen for name, text in texts.items()
                if (seen := house.people.seen_in(text))} == {}
        assert house.gateway.run("spool", "check").stdout == "sound\n"
        listed = house.gateway.run("spool", "export").stdout
        assert dead in listed and house.people.seen_in(listed) == []
    finally:
        exchange.end()


def test_what_was_plain_is_sealed_when_a_key_comes(gateways):
    gateway = gateways(partners=ROWS)
    body, receipt = hand_over(gateway, 1)
    gateway.stop()
    assert documents.OFFICER.encode() in on_disk(gateway)["spool.db"]
    make_key(gateway, "k1")
    gateway.write_config(spool={"encryption": {"key_file": str(gateway.folder / "keys")}})
    gateway.start()
    assert original(gateway, receipt).stdout == body
    said = gateway.run("spool", "rekey").stdout
    assert int(re.match(r"sealed (\d+) bodies", said)[1]) >= 3, said
    assert original(gateway, receipt).stdout == body
    gateway.stop()
    assert not [name for name, text in on_disk(gateway).items() if documents.OFFICER.encode() in text]
    assert gateway.run("spool", "check").stdout == "sound\n"
    gateway.write_config(spool={"encryption": {"key_file": ""}})
    must_refuse_to_start(gateway, "sealed under the master key k1, and spool.encryption.key_file is not set")


# ---- files ----

# Seen wherever one chunk of a file lies plain; base64 of it is the same at each repetition.
MARK = b"Nguyen Van Dau, 099203001234; "
CONTENT = MARK * 20_000


def put(gateway, content, partner=PROVINCE):
    name = hashlib.sha256(content).hexdigest()
    return name, gateway.call("PUT", f"/v1/files/{name}", content, gateway.authorised(partner)).status


def get(gateway, name, **headers):
    return gateway.call("GET", f"/v1/files/{name}", None, gateway.authorised(PROVINCE, headers))


def plain_on_disk(gateway):
    return files_with(gateway.folder, MARK, base64.b64encode(MARK))


def test_a_files_content_lies_nowhere_plain_and_is_had_whole_and_in_ranges(gateway):
    name, status = put(gateway, CONTENT)
    assert status == 201
    body, receipt = hand_over(gateway, 1, CONTENT + b"in a document")
    assert not plain_on_disk(gateway)
    assert original(gateway, receipt).stdout == body
    for restarts in (False, True):
        if restarts:
            gateway.kill()
            gateway.start()
        whole = get(gateway, name)
        assert whole.status == 200 and whole.body == CONTENT
        size = len(CONTENT)
        for first, last in ((0, 0), (10, 19), (65_535, 65_536), (65_000, 200_000), (size - 1, size - 1)):
            part = get(gateway, name, Range=f"bytes={first}-{last}")
            assert part.status == 206 and part.body == CONTENT[first:last + 1]
            assert part.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
        assert get(gateway, name, Range="bytes=-7").body == CONTENT[-7:]
        assert get(gateway, name, Range=f"bytes={size}-").status == 416
    empty, status = put(gateway, b"")
    assert status == 201 and get(gateway, empty).body == b""
    assert not plain_on_disk(gateway)
    assert gateway.run("spool", "check").stdout == "sound\n"


def test_what_is_arriving_lies_nowhere_plain(gateway):
    content = MARK * 100_000
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)
    connection.putrequest("PUT", f"/v1/files/{hashlib.sha256(content).hexdigest()}")
    for header, value in {**gateway.authorised(PROVINCE), "Content-Length": len(content)}.items():
        connection.putheader(header, value)
    connection.endheaders(content[:-1])
    incoming = gateway.folder / "files" / "incoming"
    until = give_up_at(20)
    while not any(path.stat().st_size > len(content) - 200_000 for path in incoming.iterdir()):
        assert time.monotonic() < until, "it does not arrive"
        time.sleep(0.05)
    assert not plain_on_disk(gateway)
    connection.send(content[-1:])
    assert connection.getresponse().status == 201
    connection.close()
    assert not list(incoming.iterdir())


@pytest.mark.broker
@pytest.mark.parametrize("place", ["disk", "s3"])
def test_a_sealed_file_goes_to_a_partner_as_it_was_sent(gateways, partners, kafka, registry, s3, tmp_path,
                                                        place):
    """Inside a multipart as base64."""
    partner = partners("nhan-tep", "edxml", agencies=[documents.DISTRICT], keep=True)
    gateway = gateways(brokers=kafka.brokers, registry=registry.url, partners=rows([partner]),
                       config={**FAST, "spool": sealed_by_key(tmp_path),
                               "files": s3.settings() if place == "s3" else {}})
    event = gateway.accept(documents.edxml_letter(CONTENT))[0]["event_id"]
    partner.wait_taken([event])
    assert base64.b64encode(CONTENT) in partner.document(partner.taken()[0])
    assert not plain_on_disk(gateway) and not files_with(s3.folder / "objects", MARK)
    assert list((s3.objects if place == "s3" else gateway.folder / "files").glob("??/*.sealed"))


def test_a_sealed_file_goes_by_address(gateways, tmp_path):
    """In the mailbox; the address opens it without more."""
    mailbox = {"by": "mailbox", "files": "url", "adapter": "lienthong-xml"}
    gateway = gateways(partners=[PARTNERS[0], {**PARTNERS[1], "deliver": mailbox}], start=False)
    gateway.write_config(files={"public_url": f"http://127.0.0.1:{gateway.port}"},
                         spool=sealed_by_key(tmp_path))
    gateway.start()
    gateway.accept(documents.edxml_letter(CONTENT))
    found = gateway.call("GET", "/v1/inbox?wait=30", None, gateway.authorised(PARTNERS[1]["id"]), 60)
    (address,) = re.findall(r"http://[^<]+/v1/files/[^<]+", found.json()["items"][0]["document"])
    fetched = gateway.call("GET", html.unescape(address).split(str(gateway.port), 1)[1])
    assert fetched.status == 200 and fetched.body == CONTENT
    assert not plain_on_disk(gateway)


def test_files_that_were_plain_are_sealed_and_a_new_master_key_opens_them(gateways):
    gateway = gateways(partners=ROWS)
    operators.open_console(gateway)
    name, _ = put(gateway, CONTENT)
    body, receipt = hand_over(gateway, 1, CONTENT + b"in a document")
    signing = (gateway.folder / "files" / "key").read_bytes()
    gateway.stop()
    make_key(gateway, "k1")
    gateway.write_config(spool={"encryption": {"key_file": str(gateway.folder / "keys")}})
    gateway.start()
    assert get(gateway, name).body == CONTENT
    assert original(gateway, receipt).stdout == body
    assert plain_on_disk(gateway)
    assert "and 2 files" in gateway.run("spool", "rekey").stdout
    assert not [path for path in plain_on_disk(gateway) if "spool.db" not in path.name]
    assert not files_with(gateway.folder / "files", signing)
    files = {path: path.read_bytes() for path in (gateway.folder / "files").glob("??/*")}
    make_key(gateway, "k2")
    gateway.stop()
    gateway.start()
    newer, _ = put(gateway, b"a form under the second key")
    gateway.run("spool", "rekey")
    assert {path: path.read_bytes() for path in files} == files, "no file is written anew"
    gateway.stop()
    keys = (gateway.folder / "keys").read_text().splitlines()
    (gateway.folder / "keys").write_text(keys[0] + "\n")
    gateway.start()
    assert get(gateway, name).body == CONTENT
    assert get(gateway, newer).body == b"a form under the second key"
    assert original(gateway, receipt).stdout == body
    gateway.stop()
    (gateway.folder / "keys").write_text(keys[1] + "\n")
    for key_file, words in ((str(gateway.folder / "keys"), "which is not in the file"),
                            ("", "and spool.encryption.key_file is not set")):
        for path in gateway.folder.glob("spool.db*"):
            path.unlink()  # the spool would say it first
        gateway.write_config(spool={"encryption": {"key_file": key_file}})
        must_refuse_to_start(gateway, f"files are sealed under the master key k2, {words}")


# ---- keys ----

def test_a_key_file_that_others_may_read_is_refused(gateway):
    gateway.stop()
    (gateway.folder / "keys").chmod(0o644)
    must_refuse_to_start(gateway, "mode 0644")
    (gateway.folder / "keys").chmod(0o600)
    gateway.start()


def test_a_new_master_key_and_the_old_one_gone(gateway):
    body, receipt = hand_over(gateway, 1)
    make_key(gateway, "k2")
    lines = (gateway.folder / "keys").read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["k2", "k1"]
    gateway.stop()
    gateway.start()
    _, newer = hand_over(gateway, 2)
    assert "1 master keys are not needed" in gateway.run("spool", "rekey").stdout
    gateway.stop()
    (gateway.folder / "keys").write_text(lines[0] + "\n")
    gateway.start()
    assert original(gateway, receipt).stdout == body
    assert original(gateway, newer).returncode == 0
    assert gateway.run("spool", "check").stdout == "sound\n"
    gateway.stop()
    (gateway.folder / "keys").write_text(lines[1] + "\n")
    must_refuse_to_start(gateway, "sealed under the master key k2, which is not in the file")


def test_nothing_of_a_key_is_told(gateway):
    hand_over(gateway, 1)
    secret = (gateway.folder / "keys").read_text().split()[1]
    said = [make_key(gateway, "k2"), gateway.run("spool", "rekey"), gateway.run("status", "--json"),
            gateway.run("audit", "list", "--json")]
    texts = [one.stdout + one.stderr for one in said] + [gateway.log()]
    assert not [text for text in texts if secret[:12] in text]
    assert secret.encode() not in b"".join(on_disk(gateway).values())


# ---- one dossier ----

def test_one_dossier_is_shredded_and_the_others_are_served(gateway):
    own, shared = os.urandom(60_000), os.urandom(60_000)
    first, gone = hand_over(gateway, 1, own)
    _, gone_too = hand_over(gateway, 2, shared)
    body, kept = hand_over(gateway, 3, shared)
    for number in (1, 2):
        said = json.loads(shred(gateway, number, "--reason", "Quyết định 12", "--yes", "--json").stdout)
        assert said["entries"] >= 1 and said["arrivals"] >= 1 and said["keys"] >= 1, said
        assert said["log_is_short"] and said["files"] == (1 if number == 1 else 0), said
    for receipt in (gone, gone_too):
        done = original(gateway, receipt, check=False)
        assert done.returncode == 1 and b"shredded" in done.stderr and done.stdout == b""
        shown = json.loads(gateway.run("show", receipt, "--json").stdout)
        assert shown["shredded"] and shown["state"] == "published" and shown["document_sha256"]
        told = gateway.get(f"/v1/handoffs/{receipt}", PROVINCE)
        assert told.status == 200 and told.json()["state"] == "published"
    assert original(gateway, kept).stdout == body
    for content, status in ((own, 404), (shared, 200)):
        name = hashlib.sha256(content).hexdigest()
        assert gateway.get(f"/v1/files/{name}", PROVINCE).status == status
        assert bool(list((gateway.folder / "files").glob(f"??/{name}.sealed"))) == (status == 200)
    assert gateway.run("spool", "check").stdout == "sound\n"
    assert gateway.run("reconcile").returncode == 0
    assert gateway.run("spool", "export").stdout.count('"shredded":true') == 2
    again = gateway.post(first, JSON, PROVINCE)  # the fact that it came is there
    assert again.status == 200 and again.receipts()[0]["receipt"] == gone
    gateway.kill()
    gateway.start()
    assert original(gateway, gone, check=False).returncode == 1
    assert original(gateway, kept).stdout == body


def test_operators_are_told_that_it_was_shredded(gateway):
    _, receipt = hand_over(gateway, 1)
    address = gateway.settings["operate"]["listen"]
    scheme = "http" if not gateway.settings["operate"].get("certificate") else "https"
    dung = Operator(f"{scheme}://{address}", "dung")
    dung.post("dossiers/shred", {"dossier": documents.dossier_code(1)}, status=400)
    dung.post("dossiers/shred", {"dossier": documents.dossier_code(1), "reason": "Quyết định 12"})
    dung.post(f"entries/{receipt}/unmask", {"reason": "xem"})
    for what in ("original", "event"):
        answer = dung.call("GET", f"entries/{receipt}/document", params={"what": what})
        assert answer.status_code == 409 and "shredded" in answer.json()["detail"], answer.text
    assert dung.get(f"entries/{receipt}")["facts"]["shredded"]
    acts = [one for one in dung.get("audit", limit=50)["items"] if one["act"] == "shred"]
    assert [(one["object"], one["outcome"], one["reason"], one["actor"]) for one in acts] == [
        (f"dossier:{documents.dossier_code(1)}", "done", "Quyết định 12", "user:dung")]
    assert gateway.run("audit", "verify").returncode == 0


def test_what_is_under_way_is_not_shredded(gateway):
    """Its delivery waits in the commune's mailbox."""
    answer = gateway.post(json_with(b"", documents.dossier_code(1)), JSON, PROVINCE)
    receipt = answer.receipts()[0]["receipt"]
    gateway.wait_published(receipt, PROVINCE)
    found = gateway.call("GET", "/v1/inbox?wait=30", None, gateway.authorised(COMMUNE), 60)
    assert len(found.json()["items"]) == 1
    done = shred(gateway, 1, "--reason", "x", "--yes", check=False)
    assert done.returncode == 1 and "not yet over" in done.stderr
    assert original(gateway, receipt).returncode == 0
    for words in ((), ("--reason", "x"), ("--yes",)):
        assert shred(gateway, 1, *words, check=False).returncode == 2
    done = shred(gateway, 77, "--reason", "x", "--yes", check=False)
    assert done.returncode == 1 and "nothing of that dossier" in done.stderr


def test_without_a_key_nothing_can_be_shredded(gateways):
    gateway = gateways(partners=ROWS)
    _, receipt = hand_over(gateway, 1)
    done = shred(gateway, 1, "--reason", "x", "--yes", check=False)
    assert done.returncode == 1 and "key_file is not set" in done.stderr
    assert original(gateway, receipt).returncode == 0


def test_a_backup_is_sealed_and_brings_back_what_was_shredded_since(gateway):
    body, receipt = hand_over(gateway, 1)
    copy = gateway.folder / "copy.db"
    gateway.run("spool", "backup", str(copy))
    assert documents.OFFICER.encode() not in copy.read_bytes()
    shred(gateway, 1, "--reason", "x", "--yes")
    gateway.stop()
    for path in gateway.folder.glob("spool.db*"):
        path.unlink()
    shutil.move(copy, gateway.folder / "spool.db")
    assert pathlib.Path(gateway.folder / "keys").exists()
    assert gateway.run("spool", "check").stdout == "sound\n"
    assert original(gateway, receipt).stdout == body  # as docs/operate.md warns
    (gateway.folder / "keys").rename(gateway.folder / "elsewhere")
    assert original(gateway, receipt, check=False).returncode == 1


def test_a_sealed_backup_is_restored_with_its_key_alone(gateway):
    body, receipt = hand_over(gateway, 1)
    copy = gateway.folder / "copy.db"
    gateway.run("spool", "backup", str(copy))
    gateway.stop()
    for path in gateway.folder.glob("spool.db*"):
        path.unlink()
    (gateway.folder / "keys").rename(gateway.folder / "elsewhere")
    refused = gateway.run("spool", "restore", str(copy), check=False)
    assert refused.returncode == 1 and "keys" in refused.stderr
    assert not (gateway.folder / "spool.db").exists()
    (gateway.folder / "elsewhere").rename(gateway.folder / "keys")
    gateway.run("spool", "restore", str(copy))
    gateway.start()
    assert original(gateway, receipt).stdout == body
