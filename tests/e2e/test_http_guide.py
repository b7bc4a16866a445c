# SPDX-License-Identifier: Apache-2.0
"""docs/http.md against what the gateway really answers."""
import json
import re

from harness.gateway import JSON
from harness.services import ROOT

SENDER = "tinh-binhduong"
FIXTURES = ROOT / "adapters" / "dvcqg-json" / "fixtures" / "accept"


def test_the_example_of_problems_is_a_real_answer(gateways):
    text = (ROOT / "docs" / "http.md").read_text().split("## What is wrong with a document")[1]
    told = json.loads(re.search(r"```json\n(.*?)```", text, re.S)[1])
    document = json.loads((FIXTURES / "received-full.json").read_text())
    document["data"][0]["DanhSachLePhi"][0]["Gia"] = "80.000"
    del document["data"][0]["MaTTHC"]
    answer = gateways().post(json.dumps(document).encode(), JSON, SENDER)
    assert answer.status == 422 and answer.json() == told


def test_a_media_type_that_two_adapters_take_is_listed_once(gateways):
    answer = gateways().post(b"x", "text/plain", SENDER)
    types = answer.json()["media_types"]
    assert answer.status == 415 and len(types) == len(set(types)) > 3
