# SPDX-License-Identifier: Apache-2.0
"""Our reading of schemas beside fastavro's, which nobody here wrote."""
import json
import subprocess

import fastavro.schema
import pytest

from harness.gateway import BUILD
from harness.services import ROOT

OURS = sorted((ROOT / "schemas").glob("**/*.avsc"))


def canonical(path):
    done = subprocess.run([BUILD / "tests" / "e2e" / "probe", "canonical", path], text=True,
                          capture_output=True, timeout=60, check=True)
    fingerprint, text = done.stdout.strip().split(" ", 1)
    return int(fingerprint, 16), text


def by_fastavro(schema):
    text = fastavro.schema.to_parsing_canonical_form(schema)
    octets = bytes.fromhex(fastavro.schema.fingerprint(text, "CRC-64-AVRO"))
    return int.from_bytes(octets, "little"), text


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_our_schemas_have_the_fingerprint_that_others_compute(path):
    assert canonical(path) == by_fastavro(json.loads(path.read_text()))


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.name)
def test_our_schemas_are_taken_by_fastavro(path):
    fastavro.schema.parse_schema(json.loads(path.read_text()))


def record(*fields, **more):
    return {"type": "record", "name": "R", **more,
            "fields": [{"name": f"f{n}", "type": type_} for n, type_ in enumerate(fields)]}


FIXED = {"type": "fixed", "name": "F", "size": 4}
ENUM = {"type": "enum", "name": "E", "symbols": ["A", "B"], "default": "B", "doc": "d"}
OTHERS = {
    "primitives": record("null", "boolean", "int", "long", "float", "double", "bytes", "string"),
    "spelled out": record({"type": "int"}, {"type": "string", "logicalType": "uuid"}),
    "containers": record({"type": "array", "items": {"type": "map", "values": ["null", "int"]}}),
    "namespace": record(FIXED, ENUM, "F", "a.b.E", namespace="a.b"),
    "dotted name": {**record(FIXED, ENUM, "F"), "name": "x.y.R"},
    "inner namespace": record({**record(FIXED), "name": "I", "namespace": "q"}, "q.F",
                              {**ENUM, "name": "z.E"}, "z.E", namespace="a"),
    "no namespace inside one": record({**record("int"), "name": "I", "namespace": ""},
                                      namespace="a"),
    "aliases and docs": record("int", aliases=["Old"], doc="d"),
    "a union at the top": ["null", record("int")],
    "an enum at the top": ENUM,
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_schemas_too(name, tmp_path):
    path = tmp_path / "schema.avsc"
    path.write_text(json.dumps(OTHERS[name]))
    assert canonical(path) == by_fastavro(OTHERS[name])
