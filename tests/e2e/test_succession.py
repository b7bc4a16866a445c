# SPDX-License-Identifier: Apache-2.0
"""An agency that was closed when something was sent to it: the receipt names it and who answers."""
import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker

from harness import documents
from harness.services import ROOT

pytestmark = pytest.mark.asan

# Districts of H09 ended on 30 June 2025; see deploy/agencies.csv.
DISTRICT_TO_PROVINCE = {"code": documents.DISTRICT, "answers": "H29",
                        "name": "UBND Thành phố Hồ Chí Minh"}


@pytest.fixture
def gateway(gateways):
    return gateways()


def handed_over(message_id, day):
    """A handoff of the commune to the district, dated on that day."""
    text = documents.native_xml(message_id, documents.dossier_code(int(day[-2:]) + 700)).decode()
    return text.replace("<HandedOffAt>2025-05-12", f"<HandedOffAt>{day}").encode()


def rows_of(receipt):
    return {row["field"]: {key: row[key] for key in row if key != "field"}
            for row in receipt["agencies"]}


def test_the_receipt_names_the_closed_agency_and_its_successor(gateway):
    receipt = gateway.accept(handed_over("SUCC-1", "2025-07-01"))[0]
    rows = rows_of(receipt)
    assert rows["handoff.to_agency"] == DISTRICT_TO_PROVINCE
    assert rows["competent_agency"] == DISTRICT_TO_PROVINCE
    assert rows["handoff.from_agency"]["code"] == documents.COMMUNE
    assert rows["handoff.from_agency"]["answers"] == "H29.747"
    asked = gateway.get(f"/v1/handoffs/{receipt['receipt']}").json()
    assert asked["agencies"] == receipt["agencies"]


def test_a_repeated_document_gets_the_same_receipt_with_the_agencies(gateway):
    first = gateway.accept(handed_over("SUCC-2", "2025-07-01"))[0]
    again = gateway.post(handed_over("SUCC-2", "2025-07-01"))
    assert again.status == 200
    assert again.receipts()[0]["receipt"] == first["receipt"]
    assert again.receipts()[0]["agencies"] == first["agencies"]


def test_one_dated_before_the_end_names_nobody_else(gateway):
    receipt = gateway.accept(handed_over("SUCC-3", "2025-06-30"))[0]
    assert "agencies" not in receipt
    assert "agencies" not in gateway.get(f"/v1/handoffs/{receipt['receipt']}").json()


def test_both_answers_are_as_described(gateway):
    described = yaml.safe_load((ROOT / "gateway/ingest/openapi.yaml").read_text())
    answer = gateway.post(handed_over("SUCC-4", "2025-07-01"))
    receipt = answer.receipts()[0]["receipt"]
    for name, body in (("Receipts", answer.json()),
                       ("OwnEntry", gateway.get(f"/v1/handoffs/{receipt}").json())):
        schema = {"$ref": f"#/components/schemas/{name}", "components": described["components"]}
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(body)


def test_the_route_of_an_entry_can_be_explained_before_it_is_published(gateway):
    receipt = gateway.accept(handed_over("SUCC-5", "2025-07-01"))[0]["receipt"]
    said = gateway.run("route", "explain", receipt).stdout
    assert "sent by motcua-phucuong" in said
    assert "No delivery of it is kept" in said
    assert ("no system speaks for H29 (UBND Thành phố Hồ Chí Minh), successor of "
            f"{documents.DISTRICT}, on 2025-07-01") in said


def test_what_is_no_receipt_cannot_be_explained(gateway):
    said = gateway.run("route", "explain", "1-0000000000000000", check=False)
    assert said.returncode == 1
    assert "no receipt of this spool" in said.stderr
