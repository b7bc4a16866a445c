# SPDX-License-Identifier: Apache-2.0
"""The file drop: documents that a partner puts into a folder."""
import json
import os

import pytest

from harness import documents
from harness.gateway import PARTNERS
from harness.patience import until

DOSSIER = "000.12.40.H09-250512-0037"


def place(folder, name, content):
    """As a careful sender does: under another name first."""
    hidden = folder / f".{name}"
    hidden.write_bytes(content)
    os.rename(hidden, folder / name)


@pytest.fixture
def drop(gateways, tmp_path):
    """A daemon that is not started yet, and the folder of its first partner."""
    folder = tmp_path / "drop"
    folder.mkdir()
    first, *others = PARTNERS
    return gateways(start=False, partners=[{**first, "collect": {"drop": str(folder)}},
                                           *others]), folder


def test_a_dropped_document_is_taken_and_gets_its_receipt(drop):
    gateway, folder = drop
    gateway.start()
    place(folder, "a.xml", documents.native_xml("M1", DOSSIER))
    receipt_file = folder / "done" / "a.xml.receipt.json"
    until(receipt_file.exists)
    until((folder / "done" / "a.xml").exists)
    receipt = json.loads(receipt_file.read_text())["receipts"][0]
    assert receipt["dossier"] == DOSSIER
    answer = gateway.get(f"/v1/handoffs/{receipt['receipt']}", "motcua-phucuong")
    assert answer.status == 200
    assert not list(folder.glob("*.xml"))


def test_the_same_document_again_is_a_repeat(drop):
    gateway, folder = drop
    gateway.start()
    receipts = []
    for name in ("a.xml", "b.xml"):
        place(folder, name, documents.native_xml("M1", DOSSIER))
        beside = folder / "done" / f"{name}.receipt.json"
        until(beside.exists)
        receipts.append(json.loads(beside.read_text())["receipts"][0])
    assert receipts[0]["receipt"] == receipts[1]["receipt"]
    assert [one["repeated"] for one in receipts] == [False, True]


def test_the_same_document_again_is_a_repeat_also_when_its_sender_speaks_for_another(drop):
    gateway, folder = drop
    gateway.start()
    first, *others = PARTNERS
    moved = {**first, "collect": {"drop": str(folder)}, "agencies": ["H29"]}
    place(folder, "a.xml", documents.native_xml("M1", DOSSIER))
    until((folder / "done" / "a.xml.receipt.json").exists)
    gateway.stop()
    gateway.write_partners([moved, *others])
    gateway.start()
    place(folder, "b.xml", documents.native_xml("M1", DOSSIER))
    place(folder, "new.xml", documents.native_xml("M2", DOSSIER))
    until((folder / "done" / "b.xml.receipt.json").exists)
    until((folder / "failed" / "new.xml.problems.json").exists)
    told = [json.loads((folder / "done" / f"{name}.xml.receipt.json").read_text())["receipts"][0]
            for name in ("a", "b")]
    assert [one.pop("repeated") for one in told] == [False, True]
    assert told[0] == told[1]


def test_a_bad_document_says_why_beside_itself(drop):
    gateway, folder = drop
    gateway.start()
    place(folder, "bad.xml", b"<HandoffMessage")
    beside = folder / "failed" / "bad.xml.problems.json"
    until(beside.exists)
    problems = json.loads(beside.read_text())
    assert problems["total"] == 1 and problems["problems"][0]["line"] == 1
    foreign = documents.native_xml("M2", DOSSIER).replace(b"000.12.40.H09", b"000.00.00.H10")
    place(folder, "foreign.xml", foreign)
    until((folder / "failed" / "foreign.xml.problems.json").exists)
    until(lambda: not list(folder.glob("*.xml")))


def test_what_is_over_the_limit_fails_and_the_next_is_taken(drop):
    gateway, folder = drop
    gateway.write_config(http={"body_limit_bytes": 100_000})
    gateway.start()
    place(folder, "a-large.xml", b" " * 100_001)
    place(folder, "b.xml", documents.native_xml("M3", DOSSIER))
    until((folder / "failed" / "a-large.xml.problems.json").exists)
    until((folder / "done" / "b.xml.receipt.json").exists)


def test_files_keep_their_order_through_a_kill(drop):
    gateway, folder = drop
    count = 60
    for number in range(count):
        path = folder / f"{count - number:03}.xml"  # names go the other way round
        path.write_bytes(documents.native_xml(f"K{number}", DOSSIER))
        os.utime(path, ns=(number * 10**9, number * 10**9))
    gateway.start()
    until(lambda: len(list((folder / "done").glob("*.receipt.json"))) >= 5)
    gateway.kill()
    gateway.start()
    until(lambda: not list(folder.glob("*.xml")))
    entries, after = [], 0
    while after is not None:
        page = gateway.get(f"/v1/dossiers/{DOSSIER}?after={after}&limit=200",
                           "motcua-phucuong").json()
        entries += page["entries"]
        after = page.get("after")
    assert [entry["native_id"] for entry in entries] == [f"K{number}" for number in range(count)]
