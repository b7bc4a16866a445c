# SPDX-License-Identifier: Apache-2.0
"""A partner's mailbox that we empty: a letter is marked only when it is on Kafka."""

import pytest

from harness import documents
from harness.exchange import Exchange
from harness.gateway import PARTNERS
from harness.patience import until
from harness.services import ROOT

LETTER = (ROOT / "deploy/samples/edxml_handoff.edxml").read_bytes()


def letter(number):
    """A letter of its own number and dossier."""
    return (LETTER.replace(b"157/PCHS-UBND", f"{number}/PCHS-UBND".encode())
            .replace(b"250512-0037", f"250512-{number:04}".encode()))


@pytest.fixture
def exchange(tmp_path):
    one = Exchange(tmp_path / "exchange")
    yield one
    one.end()


def settings(exchange, tmp_path, secret="mat-khau"):
    (tmp_path / "secret").write_text(secret)
    axis = {"id": "truc-lien-thong", "name": "Trục liên thông văn bản", "agencies": ["H09"],
            "adapters": ["edxml"], "collect": {"poll_every_ms": 1000},
            "deliver": {"by": "none", "url": f"http://127.0.0.1:{exchange.port}",
                        "user": "he-thong", "password_file": str(tmp_path / "secret")}}
    return {"partners": [axis, *PARTNERS]}


def test_letters_are_taken_in_order_and_marked(gateways, exchange, tmp_path, kafka, registry):
    numbers = range(1, 13)
    for number in numbers:
        exchange.put(f"d{number:03}", letter(number))
    gateway = gateways(brokers=kafka.brokers, registry=registry.url, **settings(exchange, tmp_path))
    until(lambda: len(exchange.lines("marks")) == len(numbers))
    assert exchange.lines("marks") == [f"d{number:03} done" for number in numbers]
    assert gateway.metric("lienthong_published_total") >= len(numbers)
    exchange.put("d100", letter(100))
    until(lambda: "d100 done" in exchange.lines("marks"))
    assert exchange.lines("fetched").count("d001") == 1, "what is marked is not fetched again"


def test_nothing_is_marked_before_kafka_has_it(gateways, exchange, tmp_path, own_kafka, registry):
    gateway = gateways(brokers=own_kafka.brokers, registry=registry.url,
                       config={"spool": {"publish_wait_ms": 1000}}, **settings(exchange, tmp_path))
    own_kafka.pause()
    exchange.put("d1", letter(1))
    until(lambda: len(exchange.lines("fetched")) >= 2)
    assert exchange.lines("marks") == []
    own_kafka.resume()
    until(lambda: exchange.lines("marks") == ["d1 done"])
    gateway.kill()
    gateway.start()
    exchange.put("d2", letter(2))
    until(lambda: exchange.lines("marks") == ["d1 done", "d2 done"])


def test_what_is_invalid_or_foreign_is_kept_for_a_person(gateways, exchange, tmp_path):
    gateway = gateways(**settings(exchange, tmp_path))
    exchange.put("a-bad", b"<edXML")
    exchange.put("b-foreign", letter(7).replace(b"000.12.40.H09", b"000.00.00.H10"))
    exchange.put("b-page", b"%PDF-1.4 no adapter of the partner takes this")
    exchange.put("c-good", letter(8))
    until(lambda: len(exchange.lines("marks")) == 4)
    assert exchange.lines("marks") == ["a-bad done", "b-foreign done", "b-page done", "c-good done"]
    until(lambda: gateway.metric("lienthong_spool_dead") == 3)


def test_a_letter_that_cannot_be_fetched_holds_up_none(gateways, exchange, tmp_path):
    exchange.put("d1", letter(1))
    exchange.put("d2", letter(2))
    exchange.lose("d1")
    gateway = gateways(**settings(exchange, tmp_path))
    until(lambda: exchange.lines("marks") == ["d2 done"])
    gateway.wait_for_log("event=collect.left")
    exchange.put("d1", letter(1))
    until(lambda: exchange.lines("marks") == ["d2 done", "d1 done"])


def test_a_mailbox_that_is_down_or_says_no_is_asked_again(gateways, exchange, tmp_path):
    (exchange.folder / "down").touch()
    exchange.put("d1", letter(1))
    gateway = gateways(**settings(exchange, tmp_path, secret="sai"))
    gateway.wait_for_log("event=collect.waits")
    (exchange.folder / "down").unlink()
    gateway.wait_for_log("answered 401")
    assert "mat-khau" not in gateway.log() and "sai" not in gateway.log().split()
    (tmp_path / "secret").write_text("mat-khau")
    until(lambda: exchange.lines("marks") == ["d1 done"])


def test_another_gateways_inbox_is_emptied(gateways, tmp_path):
    """Two gateways in a chain: what waits at the first for a partner is fetched by the second."""
    first, *others = PARTNERS
    receiver = {**PARTNERS[1], "deliver": {"by": "mailbox"}}
    upper = gateways(partners=[first, receiver, PARTNERS[2]])
    (tmp_path / "key").write_text(upper.keys[receiver["id"]])
    source = {"id": "cong-tren", "name": "Cổng liên thông cấp trên", "agencies": ["H09"],
              "adapters": ["lienthong-xml"], "collect": {"poll_every_ms": 1000},
              "deliver": {"by": "none", "url": f"http://127.0.0.1:{upper.port}", "user": "x",
                          "password_file": str(tmp_path / "key")}}
    lower = gateways(partners=[source, *others])
    dossier = "000.12.40.H09-250512-0037"
    upper.accept(documents.native_xml("CHAIN-1", dossier))
    until(lambda: lower.metric("lienthong_collected_total") == 1)
    answer = lower.get(f"/v1/dossiers/{dossier}", "tinh-binhduong").json()
    assert [one["system"] for one in answer["entries"]] == ["cong-tren"]
    until(lambda: upper.get("/v1/inbox?wait=0", receiver["id"]).json()["items"] == [])
