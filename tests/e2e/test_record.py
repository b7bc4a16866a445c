# SPDX-License-Identifier: Apache-2.0
"""The record of acts on lienthong.audit: whoever keeps the topic can prove by it alone what was done."""
import hashlib
import json

import pytest

from harness.delivering import FAST
from harness.gateway import PARTNERS
from harness.readers import FastavroDecoder, read_topic
from test_operate_views import ask, broken, code, items, posted

MEMBERS = ["act", "actor", "address", "at", "detail", "number", "object", "outcome", "reason"]


@pytest.fixture
def gateway(gateways, kafka, registry):
    """What is broken is kept, for a person."""
    partners = [{**partner, "invalid": "parked"} for partner in PARTNERS]
    return gateways(brokers=kafka.brokers, registry=registry.url, partners=partners, config=FAST)


def chain(records):
    """The hashes that the records must have, by what docs and schema say of them."""
    before = bytes(32)
    for record in records:
        text = json.dumps({name: record[name] for name in MEMBERS}, ensure_ascii=False,
                          separators=(",", ":"))
        before = hashlib.sha256(before + text.encode()).digest()
        yield before.hex()


def discard(gateway, receipt, reason):
    return ask(gateway, f"entries/{receipt}/discard", method="POST", body={"reason": reason})[0]


def test_the_topic_has_every_act_in_a_chain_of_its_own(gateway, kafka, registry):
    receipt = posted(gateway, broken("a-1", code(1)))
    assert discard(gateway, receipt, "nhập hai lần,\n\tbỏ \"bản\" này \\ \u0007") == 200
    assert discard(gateway, receipt, "lần nữa") == 409
    here = items(gateway, "audit", order="oldest", limit=1000)
    assert [one["outcome"] for one in here if one["act"] == "discard"] == ["done", "refused"]
    records = read_topic(kafka.brokers, gateway.topic("audit"), FastavroDecoder(registry.url),
                         until=lambda found: len(found) >= len(here))
    told = [record.event for record in records]
    assert [one["number"] for one in told] == list(range(1, len(told) + 1))
    assert [one["hash"] for one in told] == list(chain(told))
    for record in records:
        assert record.key == "audit" and record.headers["ce_type"] == "vn.lienthong.audit"
