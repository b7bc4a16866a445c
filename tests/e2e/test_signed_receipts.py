# SPDX-License-Identifier: Apache-2.0
"""Receipts that prove who took what: signed by the gateway, proved by a library that we did not
write and by `lienthong receipt verify`."""
import base64
import hashlib
import json
import time

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from harness import documents
from harness.gateway import JSON

pytestmark = pytest.mark.asan

PROVINCE = "tinh-binhduong"
DOSSIER = "000.12.40.H09-250512-0001"


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(text):
    return int.from_bytes(decode(text), "big")


def prove(signed, key_set):
    """Header and claims, by RFC 7515 and nothing of ours."""
    header, claims, signature = signed.split(".")
    said = json.loads(decode(header))
    key = next(one for one in key_set["keys"] if one["kid"] == said["kid"])
    public = ec.EllipticCurvePublicNumbers(number(key["x"]), number(key["y"]),
                                           ec.SECP256R1()).public_key()
    raw = decode(signature)
    public.verify(encode_dss_signature(int.from_bytes(raw[:32], "big"),
                                       int.from_bytes(raw[32:], "big")),
                  f"{header}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    return said, json.loads(decode(claims))


def new_key():
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()).decode()


@pytest.fixture
def keys_file(tmp_path):
    path = tmp_path / "keys.pem"
    path.write_text(new_key())
    return path


@pytest.fixture
def gateway(gateways, keys_file):
    return gateways(config={"receipts": {"signing_keys": str(keys_file),
                                         "issuer": "https://handoff.example.test"}})


def keys_of(gateway):
    answer = gateway.call("GET", "/v1/keys")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/jwk-set+json"
    return answer.json()


def claims_of(gateway, said):
    """All but when it was signed."""
    claims = prove(said["signed"], keys_of(gateway))[1]
    del claims["iat"]
    return claims


def test_an_answer_proves_what_was_taken(gateway):
    document = documents.native_xml("S-1", DOSSIER)
    answer = gateway.post(document)
    assert answer.status == 202
    receipt = answer.receipts()[0]
    header, claims = prove(answer.json()["signed"], keys_of(gateway))
    assert header["alg"] == "ES256" and header["typ"] == "receipt+jwt"
    assert claims["iss"] == "https://handoff.example.test" and claims["sub"] == "motcua-phucuong"
    assert claims["document_sha256"] == hashlib.sha256(document).hexdigest()
    assert claims["received_at"] == answer.json()["received_at"]
    assert claims["receipts"] == [{"item": 0, "receipt": receipt["receipt"], "dossier": DOSSIER,
                                   "event_id": receipt["event_id"]}]

    again = gateway.post(document)
    assert again.status == 200 and again.json()["received_at"] == answer.json()["received_at"]
    for said in (again.json(), gateway.get(f"/v1/handoffs/{receipt['receipt']}").json()):
        assert claims_of(gateway, said) == claims_of(gateway, answer.json())


def send_progress(gateway, *numbers, session="one", end=b""):
    """Items that are known one by one, in an envelope that says nothing of them."""
    items = [documents.progress_item(documents.dossier_code(number, documents.PROVINCE), "Đã nhận")
             for number in numbers]
    document = documents.dvcqg_progress(items)
    document = document.replace(b"a-session-that-must-not-be-kept", session.encode()) + end
    time.sleep(0.005)  # so that no two arrive in the same millisecond
    answer = gateway.post(document, media_type=JSON, partner=PROVINCE)
    assert answer.status in (200, 202), answer
    return hashlib.sha256(document).hexdigest(), answer.json()


def ask(gateway, receipt):
    return gateway.get(f"/v1/handoffs/{receipt['receipt']}", partner=PROVINCE).json()


def test_a_repeat_proves_what_is_kept(gateway):
    sha256, first = send_progress(gateway, 1, 2)
    claims = claims_of(gateway, first)
    assert claims["document_sha256"] == first["document_sha256"] == sha256
    assert claims["received_at"] == first["received_at"]
    for repeat in ({}, {"session": "two"}, {"end": b"   "}):
        _, again = send_progress(gateway, 1, 2, **repeat)
        assert [one["repeated"] for one in again["receipts"]] == [True, True]
        assert claims_of(gateway, again) == claims, repeat
        assert again["document_sha256"] == sha256 and again["received_at"] == first["received_at"]
    _, second = send_progress(gateway, 2)
    assert second["receipts"][0]["item"] == 0  # of what was sent now; proved is the place in what is kept
    for said in (second, ask(gateway, first["receipts"][1])):
        assert claims_of(gateway, said) == {**claims, "receipts": claims["receipts"][1:]}


def test_items_that_came_in_several_documents_are_proved_one_by_one(gateway):
    _, first = send_progress(gateway, 1)
    sha256, both = send_progress(gateway, 1, 2)
    assert "signed" not in both and both["document_sha256"] == sha256
    repeated, new = both["receipts"]
    assert repeated["repeated"] and not new["repeated"]
    assert claims_of(gateway, ask(gateway, repeated)) == claims_of(gateway, first)
    proved = claims_of(gateway, ask(gateway, new))
    assert proved["document_sha256"] == sha256 and proved["received_at"] == both["received_at"]
    _, again = send_progress(gateway, 1, 2)
    assert "signed" not in again
    assert again["received_at"] > both["received_at"]  # of how this one came


def test_what_is_refused_is_not_signed(gateway):
    answer = gateway.post(documents.native_xml("S-2", DOSSIER).replace(b"<Handoff>", b"<Handof>"))
    assert answer.status == 422 and "signed" not in answer.json()


def test_the_command_line_proves_it_alone(gateway, tmp_path):
    document, answer, keys = (tmp_path / name for name in ("sent.xml", "answer.json", "keys.json"))
    document.write_bytes(documents.native_xml("S-3", DOSSIER))
    answer.write_bytes(gateway.post(document.read_bytes()).body)
    keys.write_bytes(gateway.call("GET", "/v1/keys").body)
    gateway.stop()
    arguments = ["receipt", "verify", str(answer), "--keys", str(keys), "--document", str(document)]
    shown = gateway.run(*arguments).stdout
    assert DOSSIER in shown and "https://handoff.example.test" in shown
    assert json.loads(gateway.run(*arguments, "--json").stdout)["sub"] == "motcua-phucuong"

    bare = tmp_path / "bare"
    bare.write_text(json.loads(answer.read_text())["signed"] + "\n")
    assert gateway.run("receipt", "verify", str(bare), "--keys", str(keys)).returncode == 0

    document.write_bytes(document.read_bytes() + b"\n")
    done = gateway.run(*arguments, check=False)
    assert done.returncode == 1 and "another document" in done.stderr

    header, claims, signature = bare.read_text().strip().split(".")
    forged = json.loads(decode(claims)) | {"sub": "tinh-binhduong"}
    claims = base64.urlsafe_b64encode(json.dumps(forged).encode()).decode().rstrip("=")
    bare.write_text(f"{header}.{claims}.{signature}")
    done = gateway.run("receipt", "verify", str(bare), "--keys", str(keys), check=False)
    assert done.returncode == 1 and "the signature is not right" in done.stderr
    with pytest.raises(InvalidSignature):
        prove(bare.read_text(), json.loads(keys.read_text()))


def test_a_changed_key_leaves_old_receipts_provable(gateway, keys_file):
    before = gateway.post(documents.native_xml("S-4", DOSSIER)).json()["signed"]
    gateway.stop()
    keys_file.write_text(new_key() + keys_file.read_text())
    gateway.start()
    after = gateway.post(documents.native_xml("S-5", DOSSIER)).json()["signed"]
    key_set = keys_of(gateway)
    assert prove(before, key_set)[0]["kid"] == key_set["keys"][1]["kid"]
    assert prove(after, key_set)[0]["kid"] == key_set["keys"][0]["kid"]
    assert all("d" not in key for key in key_set["keys"])


def test_without_keys_nothing_is_signed(gateways):
    gateway = gateways()
    answer = gateway.post(documents.native_xml("S-6", DOSSIER))
    assert answer.status == 202 and "signed" not in answer.json()
    assert keys_of(gateway) == {"keys": []}


def test_a_file_without_keys_is_named(gateways, keys_file):
    keys_file.write_text("nothing")
    gateway = gateways(start=False, config={"receipts": {"signing_keys": str(keys_file)}})
    gateway.start(wait=False)
    assert gateway.process.wait(20) == 1
    gateway.process = None
    assert f"{keys_file}: no private key in PEM" in gateway.log()
