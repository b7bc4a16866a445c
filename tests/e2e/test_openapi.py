# SPDX-License-Identifier: Apache-2.0
"""The API's description is valid, and true: what the daemon answers is what it says."""
import hashlib
import re

import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate

from harness import documents
from harness.gateway import JSON, PARTNERS
from harness.services import ROOT


@pytest.fixture(scope="module")
def described():
    return yaml.safe_load((ROOT / "gateway/ingest/openapi.yaml").read_text())


@pytest.fixture
def gateway(gateways):
    return gateways()


def operation_of(described, method, path):
    for template, calls in described["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path.split("?")[0]):
            return calls[method.lower()]
    raise AssertionError(f"{path} is not described")


def resolve(described, value):
    while "$ref" in value:
        at = described
        for step in value["$ref"].removeprefix("#/").split("/"):
            at = at[step]
        value = at
    return value


def assert_described(described, method, path, answer):
    responses = operation_of(described, method, path)["responses"]
    response = resolve(described, responses[str(answer.status)])
    media_type = answer.headers["Content-Type"].split(";")[0]
    schema = response["content"][media_type]["schema"]
    for name, header in response.get("headers", {}).items():
        assert name in answer.headers or header.get("required") is False
    if media_type.endswith("json"):
        whole = {**schema, "components": described["components"]}
        Draft202012Validator(whole, format_checker=FormatChecker()).validate(answer.json())


def test_the_description_is_valid_openapi(described):
    validate(described)


def test_the_description_is_what_is_served(described, gateway):
    assert yaml.safe_load(gateway.call("GET", "/openapi.yaml").body) == described


def test_every_described_path_is_served(described, gateway):
    for path, calls in described["paths"].items():
        for method in calls:
            answer = gateway.call(method.upper(), re.sub(r"\{\w+\}", "x", path))
            assert answer.status not in (405, 501), f"{method} {path}: {answer}"
            assert_described(described, method, path, answer)


def test_answers_to_handoffs_are_as_described(described, gateway):
    dossier = documents.dossier_code(1)
    good = documents.native_xml("OPENAPI-1", dossier)
    announced = gateway.authorised("motcua-phucuong", {"Content-Length": str(101 << 20)})
    foreign = documents.native_xml("OPENAPI-2", dossier, sender=documents.DISTRICT,
                                   receiver=documents.COMMUNE)
    answers = [gateway.post(good), gateway.post(good),
               gateway.post(documents.native_xml("OPENAPI-1", dossier, summary="khác")),
               gateway.post(foreign),
               gateway.post(good, "text/csv"), gateway.post(good[:-30]),
               gateway.call("POST", "/v1/handoffs", None, announced)]
    assert [answer.status for answer in answers] == [202, 200, 409, 403, 415, 422, 413]
    for answer in answers:
        assert_described(described, "POST", "/v1/handoffs", answer)
    items = [documents.progress_item(dossier, "tốt"), documents.progress_item("", "thiếu mã")]
    parked = gateway.post(documents.dvcqg_progress(items), JSON, partner="tinh-binhduong")
    assert_described(described, "POST", "/v1/handoffs", parked)


def test_what_is_asked_is_answered_as_described(described, gateway):
    dossier = documents.dossier_code(2)
    receipt = gateway.accept(documents.native_xml("OPENAPI-3", dossier))[0]["receipt"]
    gateway.wait_published(receipt)
    for path in (f"/v1/handoffs/{receipt}", "/v1/handoffs/1-0000000000000000",
                 f"/v1/dossiers/{dossier}", f"/v1/dossiers/{dossier}?limit=0",
                 "/v1/dossiers/none"):
        assert_described(described, "GET", path, gateway.get(path))


def test_mailboxes_and_journeys_are_as_described(described, gateways):
    district = {**PARTNERS[1], "deliver": {"by": "mailbox"}}
    gateway, own = gateways(partners=[PARTNERS[0], district]), PARTNERS[1]["id"]
    dossier = documents.dossier_code(3)
    gateway.accept(documents.native_xml("OPENAPI-4", dossier))

    def check(method, path, status, body=None, partner=own):
        answer = gateway.call(method, path, body, gateway.authorised(partner))
        assert answer.status == status, answer
        assert_described(described, method, path, answer)
        return answer

    item = check("GET", "/v1/inbox?wait=20", 200).json()["items"][0]
    check("GET", "/v1/inbox?wait=x", 400)
    check("GET", "/v1/inbox", 404, partner=PARTNERS[0]["id"])
    letter = f"/v1/inbox/{item['id']}"
    check("POST", letter + "/accept", 404, partner=PARTNERS[0]["id"])
    check("POST", letter + "/refuse", 422, "{}")
    check("POST", letter + "/refuse", 202, '{"reason": "Thiếu giấy tờ"}'.encode())
    check("POST", letter + "/refuse", 200, '{"reason": "Thiếu giấy tờ"}'.encode())
    check("POST", letter + "/accept", 409)
    journey = check("GET", f"/v1/dossiers/{dossier}", 200, partner=PARTNERS[0]["id"]).json()
    assert journey["entries"][0]["deliveries"][0]["state"] == "refused"


def test_every_refusal_is_in_the_manual():
    manual = (ROOT / "docs/http.md").read_text()
    sources = "".join((ROOT / name).read_text() for name in ("gateway/api/refusal.c",
                                                             "gateway/http/dispatch.c"))
    codes = re.findall(r'"([a-z]+(?:-[a-z]+)+)",\s*[45]\d\d', sources)
    assert len(codes) > 15
    assert not [code for code in codes + ["conflict"] if f"`{code}`" not in manual]


def test_answers_about_files_are_as_described(described, gateway):
    content = b"a form"
    path = f"/v1/files/{hashlib.sha256(content).hexdigest()}"
    own = gateway.authorised("motcua-phucuong")
    for method, at, body, headers, status in [
            ("PUT", path, content, own, 201), ("PUT", path, content, own, 200),
            ("PUT", path, b"other", own, 422), ("PUT", "/v1/files/x", content, own, 400),
            ("PUT", path, content, {**own, "Content-Encoding": "gzip"}, 415),
            ("GET", path, None, own, 200), ("GET", path, None, {**own, "Range": "bytes=0-1"}, 206),
            ("GET", path, None, {}, 401),
            ("GET", path, None, gateway.authorised("motcua-thudaumot"), 404)]:
        answer = gateway.call(method, at, body, headers)
        assert answer.status == status, answer
        assert_described(described, method, at, answer)
