# SPDX-License-Identifier: Apache-2.0
"""Files: brought by PUT or inside documents, had by whom they concern, and gone when nothing uses
them.  Nothing here needs a broker but the one in the daemon."""
import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import time

import pytest

from harness import documents
from harness.gateway import JSON, PARTNERS, VARIANT, XML
from harness.patience import give_up_at
from harness.sealing import sealed_by_key

pytestmark = pytest.mark.asan
COMMUNE, DISTRICT, PROVINCE = "motcua-phucuong", "motcua-thudaumot", "tinh-binhduong"
OTHER = {"id": "motcua-khac", "name": "Một cửa nơi khác", "agencies": ["000.00.41.H09"],
         "adapters": ["lienthong-xml", "edxml"]}
MIB = 1 << 20


@pytest.fixture(params=["plain", "sealed"])
def gateway(gateways, request, tmp_path):
    spool = sealed_by_key(tmp_path) if request.param == "sealed" else {}
    return gateways(partners=[*PARTNERS, OTHER], config={"spool": spool})


def kept(gateway, name):
    """Where the store has it."""
    shelf = gateway.folder / "files" / name[:2]
    return next((path for path in (shelf / name, shelf / f"{name}.sealed") if path.exists()), None)


def digest(content):
    return hashlib.sha256(content).hexdigest()


def put(gateway, content, partner=COMMUNE, name=None, headers=None):
    return gateway.call("PUT", f"/v1/files/{name or digest(content)}", content,
                        gateway.authorised(partner, headers), timeout=120)


def get(gateway, name, partner=COMMUNE, method="GET", headers=None):
    return gateway.call(method, f"/v1/files/{name}", None, gateway.authorised(partner, headers))


# --- PUT and GET ---

def test_a_file_is_stored_once_and_read_again(gateway):
    content = os.urandom(200_000)
    name = digest(content)
    first, second = put(gateway, content), put(gateway, content)
    assert (first.status, second.status) == (201, 200)
    assert first.json() == second.json() == {"sha256": name, "size": len(content)}
    answer = get(gateway, name)
    assert answer.status == 200 and answer.body == content
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == "attachment"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["ETag"] == f'"{name}"'
    head = get(gateway, name, method="HEAD")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", "200000")
    part = get(gateway, name, headers={"Range": "bytes=10-19"})
    assert (part.status, part.body) == (206, content[10:20])
    gateway.stop()
    gateway.start()
    assert get(gateway, name).body == content


def test_a_file_of_another_hash_is_refused_with_both(gateway):
    answer = put(gateway, b"a form", name=digest(b"another"))
    assert answer.status == 422
    problem = answer.json()
    assert problem["code"] == "hash-differs"
    assert (problem["expected"], problem["received"]) == (digest(b"another"), digest(b"a form"))
    assert get(gateway, digest(b"another")).status == get(gateway, digest(b"a form")).status == 404


def test_what_is_no_hash_or_comes_without_a_key_is_refused(gateway):
    assert put(gateway, b"x", name="abc").status == 400
    assert gateway.call("PUT", f"/v1/files/{digest(b'x')}", b"x").status == 401
    assert gateway.call("GET", f"/v1/files/{digest(b'x')}").status == 401
    answer = put(gateway, b"x", headers={"Content-Encoding": "gzip"})
    assert answer.status == 415


def test_a_file_over_the_limit_is_refused_said_or_not(gateways):
    gateway = gateways(config={"files": {"file_limit_bytes": 65536}})
    content = bytes(65537)
    answer = put(gateway, content)
    assert answer.status == 413 and answer.json()["code"] == "file-too-large"
    chunked = gateway.call("PUT", f"/v1/files/{digest(content)}", iter([content]),
                           gateway.authorised(COMMUNE))
    assert chunked.status == 413
    assert put(gateway, bytes(65536)).status == 201


def test_a_file_in_chunks_is_taken(gateway):
    pieces = [os.urandom(10_000) for _ in range(20)]
    content = b"".join(pieces)
    answer = gateway.call("PUT", f"/v1/files/{digest(content)}", iter(pieces),
                          gateway.authorised(COMMUNE))
    assert answer.status == 201 and answer.json()["size"] == len(content)


def test_a_low_disk_takes_no_file(gateways):
    gateway = gateways(config={"spool": {"reserve_bytes": 1 << 40}})
    answer = put(gateway, b"a form")
    assert answer.status == 503 and answer.json()["code"] == "disk-reserve"
    assert answer.headers["Retry-After"]


def test_a_damaged_file_is_not_given_out(gateway):
    content = os.urandom(5000)
    name = digest(content)
    assert put(gateway, content).status == 201
    path = kept(gateway, name)
    stored = path.read_bytes()
    path.write_bytes(stored[:-1] + bytes([stored[-1] ^ 1]))
    assert get(gateway, name).status == 500
    assert put(gateway, content).status == 200  # who sends it again mends it
    assert get(gateway, name).body == content


# --- who may ---

def test_knowing_a_hash_opens_nothing(gateway):
    content = b"a form of somebody" * 100
    name = digest(content)
    assert put(gateway, content).status == 201
    unknown = get(gateway, digest(b"nothing"), DISTRICT)
    answer = get(gateway, name, DISTRICT)
    assert answer.status == unknown.status == 404
    assert answer.body == unknown.body
    assert get(gateway, name, DISTRICT, "HEAD").status == 404


def native_with(sha256, message, dossier, size):
    text = documents.native_xml(message, dossier).decode()
    text = re.sub(r"<Sha256>[0-9a-f]+", f"<Sha256>{sha256}", text)
    return re.sub(r"<Size>\d+", f"<Size>{size}", text).encode()


def test_a_file_that_an_event_names_is_for_whom_the_event_concerns(gateway):
    content = b"a form for the district" * 100
    name = digest(content)
    assert put(gateway, content).status == 201
    assert get(gateway, name, DISTRICT).status == 404
    gateway.accept(native_with(name, "FILE-1", documents.dossier_code(1), len(content)))
    assert get(gateway, name, DISTRICT).body == content
    assert get(gateway, name, OTHER["id"]).status == 404


def test_a_file_stays_theirs_however_many_name_it_later(gateway):
    content = b"%PDF a form that goes with every letter " * 10
    assert put(gateway, content).status == 201
    for number in range(206):
        document = native_with(digest(content), f"FILE-{number}",
                               documents.dossier_code(number), len(content))
        if number == 0:
            document = document.replace(f"<AgencyCode>{documents.DISTRICT}".encode(),
                                        f"<AgencyCode>{OTHER['agencies'][0]}".encode())
        gateway.accept(document)
    assert get(gateway, digest(content), OTHER["id"]).body == content


def test_naming_a_file_of_somebody_else_makes_it_nobody_elses(gateway):
    """The sender knows the hash, and names it in an event to itself and its friends."""
    content = b"a form of the district" * 100
    name = digest(content)
    assert put(gateway, content, DISTRICT).status == 201
    gateway.accept(native_with(name, "FILE-2", documents.dossier_code(2), len(content)))
    assert get(gateway, name, COMMUNE).status == 404
    assert get(gateway, name, PROVINCE).status == 404
    assert get(gateway, name, DISTRICT).body == content


@pytest.mark.parametrize("owner", [COMMUNE, DISTRICT])
def test_an_event_carries_its_senders_files_and_nobody_elses(gateways, owner):
    """The commune names a file to the province; it goes along only when it is the commune's."""
    partners = [PARTNERS[0], PARTNERS[1],
                {**PARTNERS[2], "deliver": {"by": "mailbox", "adapter": "edxml"}}]
    gateway = gateways(partners=partners)
    content = b"%PDF a form that somebody has " * 100
    assert put(gateway, content, owner).status == 201
    document = native_with(digest(content), "FILE-9", documents.dossier_code(9), len(content))
    gateway.accept(document.replace(f"<AgencyCode>{documents.DISTRICT}".encode(),
                                    f"<AgencyCode>{documents.PROVINCE}".encode()))
    answer = gateway.call("GET", "/v1/inbox?wait=30", None, gateway.authorised(PROVINCE), 60)
    (item,) = answer.json()["items"]
    carried = base64.b64encode(content).decode() in item["document"]
    assert carried == (owner == COMMUNE)


def test_every_letter_of_a_backlog_brings_its_file(gateways):
    """Many letters with one form are taken in before the first of them comes back from Kafka."""
    letters = 250
    partners = [PARTNERS[0], PARTNERS[1],
                {**PARTNERS[2], "deliver": {"by": "mailbox", "adapter": "edxml"}}]
    gateway = gateways(partners=partners, config={"kafka": {"pace_ms": 6000}})
    content = b"%PDF a form that goes with every letter " * 10
    assert put(gateway, content).status == 201
    for number in range(letters):
        document = native_with(digest(content), f"FILE-{number}",
                               documents.dossier_code(number), len(content))
        gateway.accept(document.replace(f"<AgencyCode>{documents.DISTRICT}".encode(),
                                        f"<AgencyCode>{documents.PROVINCE}".encode()))
    text, seen = base64.b64encode(content).decode(), set()
    while len(seen) < letters:
        answer = gateway.call("GET", "/v1/inbox?wait=30&max=100", None,
                              gateway.authorised(PROVINCE), 60)
        items = answer.json()["items"]
        assert items, f"{len(seen)} of {letters} letters"
        assert all(text in item["document"] for item in items), \
            f"{sum(text not in item['document'] for item in items)} letters without it"
        seen.update(item["event_id"] for item in items)
        for item in items:
            gateway.call("POST", f"/v1/inbox/{item['id']}/accept", b"",
                         gateway.authorised(PROVINCE))


def test_a_letter_whose_file_is_lost_waits_for_a_person(gateways):
    """It is not handed out as less than what was handed over."""
    partners = [PARTNERS[0], {**PARTNERS[1], "deliver": {"by": "mailbox", "adapter": "edxml"}},
                PARTNERS[2]]
    gateway = gateways(partners=partners)
    content = b"%PDF a form that the disk loses " * 100
    assert put(gateway, content).status == 201
    dossier = documents.dossier_code(9)
    (receipt,) = gateway.accept(native_with(digest(content), "FILE-9", dossier, len(content)))
    kept(gateway, digest(content)).unlink()
    told = {}
    until = give_up_at(30)
    while told.get("cause") != "file:missing" and time.monotonic() < until:
        answer = gateway.call("GET", "/v1/inbox?wait=1", None, gateway.authorised(DISTRICT), 60)
        assert answer.json()["items"] == []
        answer = gateway.call("GET", f"/v1/handoffs/{receipt['receipt']}", None,
                              gateway.authorised(COMMUNE))
        told = (answer.json()["deliveries"] or [{}])[0]
    assert (told["state"], told["cause"]) == ("dead", "file:missing")


def link(gateway, name, partner=DISTRICT, until=None, key=None):
    until = int(time.time()) + 600 if until is None else until
    secret = (gateway.folder / "files" / "key").read_bytes()
    proof = hmac.new(secret, f"link {name} {until} {partner}".encode(), hashlib.sha256).hexdigest()
    return f"/v1/files/{name}?to={partner}&until={until}&key={key or proof}"


def test_a_signed_link_opens_its_file_in_its_time(gateways):
    """Signed here with the store's key, which can be read where nothing is sealed."""
    gateway = gateways(partners=[*PARTNERS, OTHER])
    content = b"a form" * 1000
    name, other = digest(content), digest(b"other")
    assert put(gateway, content).status == 201
    assert put(gateway, b"other").status == 201
    good = link(gateway, name)
    assert gateway.call("GET", good).body == content
    assert gateway.call("HEAD", good).status == 200
    assert gateway.call("GET", good.replace(name, other)).status == 404
    assert gateway.call("GET", good.replace(DISTRICT, COMMUNE)).status == 404
    assert gateway.call("GET", good[:-1] + ("0" if good[-1] != "0" else "1")).status == 404
    assert gateway.call("GET", link(gateway, name, key="x")).status == 404
    assert gateway.call("GET", link(gateway, name, "nobody")).status == 404
    past = link(gateway, name, until=int(time.time()) - 1)
    assert gateway.call("GET", past).status == 410
    assert gateway.call("GET", link(gateway, name, until=int(time.time()) + 10**7)).status == 410


# --- inside documents ---

def test_a_file_in_a_letter_is_moved_to_the_store(gateway):
    content = b"%PDF-1.4 " + os.urandom(500_000)
    name = digest(content)
    document = documents.edxml_letter(content, wrap=76)
    receipt = gateway.accept(document)[0]["receipt"]
    assert get(gateway, name, DISTRICT).body == content
    assert get(gateway, name, OTHER["id"]).status == 404
    shown = gateway.get(f"/v1/handoffs/{receipt}").json()
    assert shown["document_sha256"] == digest(document)
    kept = gateway.run("show", receipt, "--kept", text=False).stdout
    assert len(kept) < 10_000 and f"lienthong-file:{name}:{len(content)}".encode() in kept
    assert gateway.run("show", receipt, "--original", text=False).stdout == document
    answer = gateway.post(document)
    assert answer.status == 200 and answer.receipts()[0]["receipt"] == receipt
    gateway.run("spool", "check")


def test_small_base64_stays_in_its_letter(gateway):
    receipt = gateway.accept(documents.edxml_letter(b"%PDF small" * 100))[0]["receipt"]
    kept = gateway.run("show", receipt, "--kept", text=False).stdout
    assert b"lienthong-file:" not in kept
    assert base64.b64encode(b"%PDF small" * 100) in kept


def test_base64_that_is_broken_is_the_adapters_to_refuse(gateway):
    document = documents.edxml_letter(os.urandom(20_000)).replace(b"=</ContentTransferEncoded>",
                                                  b"</ContentTransferEncoded>")
    broken = re.sub(rb"(<ContentTransferEncoded>.{40})", rb"\1!", document)
    answer = gateway.post(broken)
    assert answer.status == 422
    assert {problem["rule"] for problem in answer.problems()} == {"base64"}


def test_a_problem_behind_a_file_is_where_the_sender_finds_it(gateway):
    """Lines of XML and columns of JSON, though the file was moved out before anybody read them."""
    places = {}
    for name, size in (("stays", 200), ("moves", 20_000)):
        letter = documents.edxml_letter(os.urandom(size), wrap=76)
        broken = letter.replace(b"</edXML>", b"</edXMLs>")
        (problem,) = gateway.post(broken).problems()
        places[name] = len(broken.splitlines()) - problem["line"]
        text = json_with(os.urandom(size), documents.dossier_code(6))
        (problem,) = gateway.post(text + b"x", JSON, PROVINCE).problems()
        assert (problem["line"], problem["column"]) == (1, len(text.decode()) + 1), problem
    assert places["stays"] == places["moves"], places


def test_a_reference_that_a_sender_writes_is_no_file(gateway):
    content = b"%PDF-1.4 " + os.urandom(50_000)
    receipt = gateway.accept(documents.edxml_letter(content))[0]["receipt"]
    kept = gateway.run("show", receipt, "--kept", text=False).stdout
    copied = kept.replace(b"158", b"159")
    answer = gateway.post(copied)
    assert answer.status == 422
    assert {problem["rule"] for problem in answer.problems()} == {"base64"}


def json_with(content, dossier, session="s"):
    document = json.loads(documents.dvcqg_progress([documents.progress_item(dossier, "Đang xử lý")]))
    document["session"] = session
    document["data"][0]["TepKemTheo"] = base64.b64encode(content).decode()
    return json.dumps(document, ensure_ascii=False).replace("/", "\\/").encode()


def test_a_file_in_an_unmapped_place_goes_on_as_it_was_sent(gateways):
    """Within the same format; and to nobody whose event only quotes the reference."""
    receiver = {**PARTNERS[0], "adapters": ["dvcqg-json"], "deliver": {"by": "mailbox"}}
    gateway = gateways(partners=[receiver, *PARTNERS[1:]])
    content = os.urandom(300_000)
    first = gateway.post(json_with(content, documents.dossier_code(6)), JSON, PROVINCE)
    assert first.status == 202, first
    answer = gateway.call("GET", "/v1/inbox?wait=30", None, gateway.authorised(COMMUNE), 60)
    (item,) = answer.json()["items"]
    assert json.loads(item["document"])["data"][0]["TepKemTheo"] == \
        base64.b64encode(content).decode()
    gateway.call("POST", f"/v1/inbox/{item['id']}/accept", b"", gateway.authorised(COMMUNE))

    others = b"a form of the district" * 100
    assert put(gateway, others, DISTRICT).status == 201
    quoted = f"lienthong-file:{digest(others)}:{len(others)}:{'0' * 32}"
    document = json.loads(json_with(b"", documents.dossier_code(7)))
    document["data"][0]["TepKemTheo"] = quoted
    assert gateway.post(json.dumps(document).encode(), JSON, PROVINCE).status == 202
    answer = gateway.call("GET", "/v1/inbox?wait=30", None, gateway.authorised(COMMUNE), 60)
    (item,) = answer.json()["items"]
    assert json.loads(item["document"])["data"][0]["TepKemTheo"] == quoted


def test_a_file_in_json_is_moved_and_the_item_stays_the_same(gateway):
    """The national portal's document says a new session each time around the same item."""
    content = os.urandom(300_000)
    first = gateway.post(json_with(content, documents.dossier_code(3)), JSON, PROVINCE)
    assert first.status == 202, first
    again = gateway.post(json_with(content, documents.dossier_code(3), "t"), JSON, PROVINCE)
    assert again.status == 200, again
    assert get(gateway, digest(content), PROVINCE).body == content
    receipt = first.receipts()[0]["receipt"]
    original = gateway.run("show", receipt, "--original", text=False).stdout
    assert original == json_with(content, documents.dossier_code(3))


@pytest.mark.skipif(VARIANT != "release", reason="a sanitizer's memory is its own")
def test_a_large_upload_takes_no_memory(gateway):
    content = os.urandom(MIB) * 60
    put(gateway, b"warm")
    gateway.forget_peak()
    before = gateway.rss_kib()
    assert put(gateway, content).status == 201
    assert get(gateway, digest(content)).body == content
    assert gateway.peak_kib() - before < 8 * 1024
    print(f"upload and download of 60 MiB: {gateway.peak_kib() - before} KiB more")


@pytest.mark.skipif(VARIANT != "release", reason="a sanitizer's memory is its own")
@pytest.mark.parametrize("kind", ["edxml", "json"])
def test_a_large_document_is_in_memory_once(gateway, kind):
    content = os.urandom(MIB) * 60
    if kind == "edxml":
        body, media_type, partner = documents.edxml_letter(content, wrap=76), XML, COMMUNE
    else:
        body, media_type, partner = json_with(content, documents.dossier_code(4)), JSON, PROVINCE
    gateway.post(documents.edxml_letter(b"warm", number="1"))
    gateway.forget_peak()
    before = gateway.rss_kib()
    answer = gateway.post(body, media_type, partner, timeout=120)
    assert answer.status == 202, answer
    more = (gateway.peak_kib() - before) * 1024
    print(f"a document of {len(body)} bytes: {more} bytes more, {more / len(body):.2f} of it")
    assert more < 1.5 * len(body)
    assert get(gateway, digest(content), partner).body == content


# --- the way out ---

def stored(gateway, name):
    return kept(gateway, name) is not None


def test_prune_removes_what_nothing_uses_and_nothing_else(gateway):
    used, unused, refused = b"used" * 2000, b"unused" * 2000, os.urandom(20_000)
    for content in (used, unused):
        assert put(gateway, content).status == 201
    gateway.accept(native_with(digest(used), "FILE-3", documents.dossier_code(5), len(used)))
    moved = b"%PDF-1.4 " + os.urandom(50_000)
    gateway.accept(documents.edxml_letter(moved))
    invalid = documents.edxml_letter(refused, number="160").replace(b"<edXML:DocumentId>", b"<edXML:DocumentNo>")
    assert gateway.post(invalid.replace(b"</edXML:DocumentId>", b"</edXML:DocumentNo>")).status == 422
    names = [digest(content) for content in (used, moved, unused, refused)]
    gateway.run("files", "prune")  # by files.upload_days: nothing is old
    assert [stored(gateway, name) for name in names] == [True] * 4
    told = json.loads(gateway.run("files", "prune", "--before", "2100-01-01", "--json").stdout)
    assert told == {"removed": 2}
    assert [stored(gateway, name) for name in names] == [True, True, False, False]
    assert get(gateway, digest(unused)).status == 404
    assert put(gateway, unused).status == 201


def test_the_command_line_puts_and_gets(gateway, tmp_path):
    content = os.urandom(100_000)
    source, target = tmp_path / "form.pdf", tmp_path / "again.pdf"
    source.write_bytes(content)
    keys = tmp_path / "keys"
    keys.mkdir()
    for partner in (COMMUNE, DISTRICT):
        (keys / f"{partner}.key").write_text(gateway.keys[partner])
    common = ["--url", f"http://127.0.0.1:{gateway.port}", "--keys", str(keys)]
    done = gateway.run("files", "put", str(source), "--as", COMMUNE, *common)
    assert done.stdout.split()[0] == digest(content)
    gateway.run("files", "get", digest(content), "--as", COMMUNE, "--to", str(target), *common)
    assert target.read_bytes() == content
    done = gateway.run("files", "get", digest(content), "--as", DISTRICT, "--to",
                       str(tmp_path / "none"), *common, check=False)
    assert done.returncode == 1 and not (tmp_path / "none").exists()
    status = json.loads(gateway.run("files", "status", "--json").stdout)
    assert status["place"] == "disk" and status["below_reserve"] is False


def test_what_was_answered_is_there_after_a_kill(gateway):
    names = []
    for number in range(20):
        content = os.urandom(3000)
        assert put(gateway, content).status == 201
        names.append((digest(content), content))
        if number % 7 == 6:
            connection = http.client.HTTPConnection("127.0.0.1", gateway.port)
            connection.putrequest("PUT", f"/v1/files/{digest(b'half')}")
            connection.putheader("Authorization", f"Bearer {gateway.keys[COMMUNE]}")
            connection.putheader("Content-Length", "1000000")
            connection.endheaders(b"half")
            gateway.kill()
            connection.close()
            gateway.start()
            assert not list((gateway.folder / "files" / "incoming").iterdir())
    for name, content in names:
        assert get(gateway, name).body == content
