# SPDX-License-Identifier: Apache-2.0
"""The description of the operators' API is valid, names every call with its right, and what the daemon
answers is what it says."""
import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate

from harness.services import ROOT
from test_operate_rights import CALLS, POLICY, House, shape

CALLBACK = ("GET", "oidc/callback")  # its path is a constant that the rights' test does not read


@pytest.fixture(scope="module")
def described():
    return yaml.safe_load((ROOT / "gateway/operate/openapi.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def operations(described):
    return {(method.upper(), shape(path[1:])): call
            for path, calls in described["paths"].items()
            for method, call in calls.items() if method != "parameters"}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    one = House(tmp_path_factory.mktemp("described") / "gateway")
    yield one
    one.gateway.end()


def test_the_description_is_valid_openapi(described):
    validate(described)


def test_the_daemon_gives_the_description_to_whoever_may_look(described, house):
    answer = house.dung.call("GET", "openapi.yaml")
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/yaml"
    assert yaml.safe_load(answer.text) == described


def test_every_call_is_described_with_the_right_that_it_needs(operations):
    assert sorted(operations) == sorted([*CALLS, CALLBACK])
    rights = {call: operation["x-right"] for call, operation in operations.items()}
    assert rights == {**POLICY, CALLBACK: "anybody"}


def test_what_is_answered_is_what_is_described(described, operations, house):
    house.dung.post("jobs", {"kind": "entries", "filter": {"state": "dead"}, "reason": "thử"})
    calls = [(method, path, operation) for (method, path), operation in operations.items()
             if method == "GET" and not path.startswith("oidc/")]
    kinds = {}
    for method, path, operation in calls:
        target = house.address_of(path) + ("?what=original" if path.endswith("/document") else "")
        answer = house.dung.call(method, target)
        kind = answer.headers["Content-Type"].partition(";")[0]
        kinds[path] = kind
        if kind in ("application/jsonl", "application/yaml"):
            continue
        response = described["components"]["responses"]["Problem"]
        if answer.status_code == 200:
            response = operation["responses"]["200"]
        schema = {**response["content"][kind]["schema"], "components": described["components"]}
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(answer.json())
    refused = [path for path, kind in kinds.items() if kind == "application/problem+json"]
    assert sorted(refused) == ["deliveries/{}", "entries/{}/revisions/{}"]  # there is none of these


def test_what_can_be_asked_is_described(operations, described, house):
    """Each parameter that is no free text is known to the daemon: a bad value is refused by its name."""
    parameters = described["components"]["parameters"]
    for (method, path), operation in operations.items():
        for reference in operation.get("parameters", []):
            parameter = parameters[reference["$ref"].rpartition("/")[2]]
            if method != "GET" or path.startswith("oidc/") or set(parameter["schema"]) == {"type"}:
                continue
            answer = house.dung.call(method, house.address_of(path),
                                     params={parameter["name"]: "x" * 501})
            assert answer.status_code == 400, (path, parameter, answer.text)
            assert parameter["name"] in answer.json()["detail"], (path, parameter, answer.text)
