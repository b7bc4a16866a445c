# SPDX-License-Identifier: Apache-2.0
"""Documents that come signed: by programs that we did not write, and by who attacks."""
import json
import re
import subprocess
import time

import pytest
import yaml

from harness import documents
from harness.gateway import BUILD, JSON, PARTNERS
from harness.patience import until
from harness.services import ROOT
from harness.signing import DSIG, SIGNER, TEMPLATE, SigningAuthority
from test_drop import place
from test_openapi import assert_described

pytestmark = pytest.mark.asan

DOSSIER = "000.12.40.H09-250512-0001"
XML_SENDER, _, JSON_SENDER = (one["id"] for one in PARTNERS)
PORTAL = (ROOT / "deploy/samples/dvcqg_capnhattiendo.json").read_bytes()


class Scene:
    def __init__(self, gateways, folder):
        self.authority = SigningAuthority(folder)
        self.signer = self.authority.signer()
        self.gateways, self.folder = gateways, folder
        self.gateway = None

    def partners(self, policy="required", more=None, **signatures):
        """The first and the last partner sign; paths are beside partners.yaml or absolute."""
        rule = {"policy": policy, "anchors": str(self.authority.anchors), **signatures}
        return [{**one, "signatures": rule, **(more or {})} if one is not PARTNERS[1] else one
                for one in PARTNERS]

    def start(self, *arguments, config=None, **named):
        self.gateway = self.gateways(partners=self.partners(*arguments, **named),
                                     config=config or {})
        return self.gateway

    def reload(self, *arguments, **named):
        count = self.gateway.log().count("event=directory.reloaded")
        self.gateway.write_partners(self.partners(*arguments, **named))
        self.gateway.reload()
        until(lambda: self.gateway.log().count("event=directory.reloaded") > count)

    def taken(self, document, *arguments, **named):
        """What its receipt says of the signatures."""
        answer = self.gateway.post(document, *arguments, **named)
        assert answer.status == 202, answer
        receipt = answer.receipts()[0]["receipt"]
        partner = named.get("partner", XML_SENDER)
        return self.gateway.get(f"/v1/handoffs/{receipt}", partner).json().get("signatures")

    def refused(self, document, reason, *arguments, **named):
        """Its one problem, whose sentence has the reason in it."""
        headers = {"Accept-Language": "en", **named.pop("headers", {})}
        answer = self.gateway.post(document, *arguments, headers=headers, **named)
        assert answer.status == 422, answer
        assert answer.json()["code"] == "invalid-document" and answer.json()["total"] == 1
        [problem] = answer.problems()
        assert problem["rule"] == "signature" and reason in problem["detail"], problem
        return problem


@pytest.fixture
def scene(gateways, tmp_path):
    return Scene(gateways, tmp_path)


# ---- what is good ----

def test_what_three_programs_signed_is_taken_and_shown(scene):
    scene.start()
    other = scene.authority.signer("EC", bits=0)
    proved = {"issuer": "CN=Sign CA,C=VN", "sha256": scene.signer.fingerprint,
              "serial": f"{scene.signer.certificate.serial_number:X}"}
    for number, (signer, document, method) in enumerate((
            (scene.signer, scene.signer.by_xmlsec(documents.native_xml("S-0", DOSSIER)), "xmldsig"),
            (scene.signer, scene.signer.by_signxml(documents.native_xml("S-1", DOSSIER)), "xmldsig"),
            (scene.signer, scene.signer.by_xades(documents.native_xml("S-2", DOSSIER)), "xades"),
            (other, other.by_xades(documents.native_xml("S-3", DOSSIER)), "xades"))):
        told, = scene.taken(document)
        assert told["method"] == method, number
        assert told["sha256"] == signer.fingerprint
        if signer is scene.signer:
            serial = told.pop("serial")
            assert int(serial, 16) == int(proved["serial"], 16)
            assert told["issuer"] == proved["issuer"] and told["algorithm"] == "rsa-sha256"
        else:
            assert told["algorithm"] == "ecdsa-sha256"


def test_the_event_has_nothing_of_the_signature_and_show_has(scene):
    gateway = scene.start()
    answer = gateway.post(scene.signer.by_xmlsec(documents.native_xml("S-4", DOSSIER)))
    receipt = answer.receipts()[0]["receipt"]
    shown = json.loads(gateway.run("show", receipt, "--event", "--unmasked", "--json").stdout)
    assert shown["signatures"][0]["sha256"] == scene.signer.fingerprint
    told = gateway.get(f"/v1/handoffs/{receipt}")
    described = yaml.safe_load((ROOT / "gateway/ingest/openapi.yaml").read_text())
    assert_described(described, "GET", f"/v1/handoffs/{receipt}", told)
    event = json.dumps(shown["event"], ensure_ascii=False)
    assert documents.APPLICANT in event
    assert "Signature" not in event and "X509" not in event and SIGNER not in event
    assert "xmldsig" in gateway.run("show", receipt).stdout
    bare = gateway.post(documents.native_xml("S-5", DOSSIER), partner=PARTNERS[1]["id"])
    assert bare.status == 202  # of whom nobody asks it


def test_a_letter_whose_files_are_moved_out_is_judged_as_it_came(scene):
    gateway = scene.start()
    content = bytes(range(256)) * 2048
    letter = documents.edxml_letter(content)
    letter = letter.replace(b"<edXML:DigitalSignature />", b"<edXML:DigitalSignature></edXML:DigitalSignature>")
    signed = scene.signer.by_signxml(letter, at="DigitalSignature")
    told, = scene.taken(signed)
    assert told["method"] == "xmldsig"
    assert gateway.metric("lienthong_files_moved_total") == 1
    place_of = signed.find(b"AAECAwQF")  # in the file
    changed = signed[:place_of] + b"BBECAwQF" + signed[place_of + 8:]
    scene.refused(changed, "the document as it was signed")
    scene.refused(letter, "a signature")


def test_a_file_over_ten_megabytes_is_no_reason_to_refuse_a_letter(scene):
    scene.start()
    letter = documents.edxml_letter(b"%PDF" + bytes(11_000_000), number="161")
    letter = letter.replace(b"<edXML:DigitalSignature />", b"<edXML:DigitalSignature></edXML:DigitalSignature>")
    told, = scene.taken(scene.signer.by_hand(letter, b"</edXML:DigitalSignature>"),
                        timeout=120)
    assert told["method"] == "xmldsig"


def test_json_comes_with_a_detached_signature(scene):
    public = scene.folder / "portal.pub"
    named = scene.authority.signer("Named", bits=0)
    public.write_bytes(named.public_pem())
    gateway = scene.start(keys=[{"kid": "portal-1", "file": str(public)}])
    send = {"media_type": JSON, "partner": JSON_SENDER}
    told, = scene.taken(PORTAL, **send, headers={"X-JWS-Signature": scene.signer.by_jws(PORTAL)})
    assert told["method"] == "jws" and told["algorithm"] == "RS256"
    assert told["sha256"] == scene.signer.fingerprint
    second = PORTAL.replace(b"0001", b"0002").replace(b"0037", b"0038")
    by_name = named.by_jws(second, kid="portal-1")
    answer = gateway.post(second, **send, headers={"X-JWS-Signature": by_name})
    assert answer.status in (200, 202), answer

    for body, jws, reason in (
            (PORTAL + b"\n", scene.signer.by_jws(PORTAL), "as it was signed"),
            (PORTAL, None, "a signature"),
            (PORTAL, "e30..AAAA", "RS256 or ES256"),
            (PORTAL, named.by_jws(PORTAL, kid="portal-2"), "a key that was agreed"),
            (PORTAL, named.by_jws(PORTAL, kid="portal-1", jku="http://127.0.0.1:9/"), "elsewhere"),
            (PORTAL, SigningAuthority(scene.folder, "Other").signer("X").by_jws(PORTAL),
             "a trusted authority")):
        problem = scene.refused(body, reason, **send,
                                headers={"X-JWS-Signature": jws} if jws else {})
        assert problem["path"] == ("x-jws-signature" if jws else "/")


# ---- the policy ----

def test_if_present_takes_the_unsigned_and_refuses_the_bad(scene):
    gateway = scene.start("if_present")
    assert scene.taken(documents.native_xml("P-1", DOSSIER)) is None
    signed = scene.signer.by_xmlsec(documents.native_xml("P-2", DOSSIER))
    scene.refused(signed.replace("Phú Cường".encode(), "Phú Lợi".encode()), "as it was signed")
    assert scene.taken(signed)
    problem = gateway.post(signed.replace(b"P-2", b"P-3"),
                           headers={"Accept-Language": "vi"}).problems()[0]
    assert "tài liệu đúng như lúc ký" in problem["detail"] and problem["line"] > 1
    assert problem["path"] == "/HandoffMessage/Signature"


def test_ignored_reads_documents_as_before(scene):
    gateway = scene.start("ignored")
    assert scene.taken(documents.native_xml("I-1", DOSSIER)) is None
    signed = scene.signer.by_xmlsec(documents.native_xml("I-2", DOSSIER))
    answer = gateway.post(signed)  # our own format has no place for it
    assert answer.status == 422 and answer.problems()[0]["rule"] == "schema"


def test_nothing_of_what_is_refused_is_kept(scene):
    gateway = scene.start()
    scene.refused(documents.native_xml("N-1", DOSSIER), "a signature")
    assert gateway.get(f"/v1/dossiers/{DOSSIER}").status == 404
    gateway.stop()
    sums = gateway.run("spool", "status", "--json", check=False).stdout
    assert gateway.run("spool", "check").returncode == 0
    assert '"refused":1' in sums.replace(" ", "")


def test_parked_ones_wait_for_a_person_who_cannot_release_them_as_they_are(gateways, tmp_path):
    scene = Scene(gateways, tmp_path)
    gateway = scene.start(more={"invalid": "parked"})
    answer = gateway.post(documents.native_xml("D-1", DOSSIER), headers={"Accept-Language": "en"})
    assert answer.status == 202 and answer.problems()[0]["rule"] == "signature"
    receipt, = answer.receipts()
    assert receipt["state"] == "dead" and receipt["event_id"] is None
    story = gateway.get(f"/v1/handoffs/{receipt['receipt']}").json()
    assert story["cause"].startswith("signature ") and "signatures" not in story
    again = gateway.post(documents.native_xml("D-1", DOSSIER))
    assert again.receipts()[0]["repeated"] and again.receipts()[0]["state"] == "dead"
    released = gateway.run("entry", "release", receipt["receipt"], "--reason", "vì sao không",
                           check=False)
    assert released.returncode != 0, released.stdout
    signed = scene.signer.by_xmlsec(documents.native_xml("D-1", DOSSIER))
    assert scene.taken(signed)[0]["method"] == "xmldsig"  # sent again as it should be


# ---- who signed ----

def test_signers_and_lists_count_from_the_next_reload(scene):
    scene.start()
    other = scene.authority.signer("Another")
    send = (scene.signer.by_xmlsec(documents.native_xml(f"W-{number}", DOSSIER))
            for number in range(9))
    assert scene.taken(next(send))
    scene.reload(signers=[{"fingerprint": other.fingerprint}])
    scene.refused(next(send), "a certificate that was agreed")
    scene.reload(signers=[{"subject": f"CN={SIGNER},C=VN", "issuer": "CN=Sign CA,C=VN"}])
    assert scene.taken(next(send))
    crl = scene.authority.revoke(scene.folder / "crl.pem")
    scene.reload(crl=str(crl))
    assert scene.taken(next(send))
    scene.authority.revoke(crl, scene.signer)
    scene.reload(crl=str(crl))
    scene.refused(next(send), "a certificate that is not revoked")


def test_old_weak_and_foreign_certificates_are_refused(scene):
    scene.start()
    stranger = SigningAuthority(scene.folder, "Stranger").signer("S")
    for signer, reason in ((stranger, "a trusted authority"),
                           (scene.authority.signer("Old", days=(-9, -1)), "has not expired"),
                           (scene.authority.signer("Early", days=(1, 9)), "valid already"),
                           (scene.authority.signer("Small", bits=1024), "an RSA key of 2048")):
        scene.refused(signer.by_xmlsec(documents.native_xml("C-1", DOSSIER)), reason)


def test_a_file_that_cannot_be_used_keeps_the_old_rules(scene):
    gateway = scene.start()
    scene.authority.anchors.rename(scene.folder / "gone.pem")
    gateway.reload()
    gateway.wait_for_log("signatures.anchors")
    assert scene.taken(scene.signer.by_xmlsec(documents.native_xml("F-1", DOSSIER)))


# ---- attacks ----

def test_wrapped_letters_are_refused(scene):
    """What was signed is in each of them, and something else where the gateway would read."""
    gateway = scene.start()
    signed = scene.signer.by_xmlsec(documents.native_xml("X-1", DOSSIER)).decode()
    head, letter = signed.split("<HandoffMessage", 1)
    letter = "<HandoffMessage" + letter.rstrip()
    signature = re.search(r"<Signature .*</Signature>", letter, re.S)[0]
    bare = letter.replace(signature, "")
    evil = bare.replace(documents.APPLICANT, "Kẻ Thứ Ba").replace("X-1", "X-2")
    inside = signature.replace("</Signature>", f"<Object>{bare}</Object></Signature>")
    end = "</HandoffMessage>"
    for wrapped in (evil.replace(end, signature + end), evil.replace(end, inside + end),
                    evil.replace(end, bare + signature + end),
                    evil.replace(end, letter + end), evil.replace(end, signature * 2 + end),
                    evil.replace("<Envelope>", signature + "<Envelope>")):
        answer = gateway.post((head + wrapped).encode())
        assert answer.status == 422 and answer.problems()[0]["rule"] == "signature", wrapped
    assert gateway.get(f"/v1/dossiers/{DOSSIER}").status == 404
    for unsafe in ("http://www.w3.org/TR/1999/REC-xslt-19991116",
                   "http://www.w3.org/TR/1999/REC-xpath-19991116"):
        changed = signed.replace("http://www.w3.org/2001/10/xml-exc-c14n#\"/></Transforms>",
                                 f"{unsafe}\"/></Transforms>")
        assert changed != signed
        scene.refused(changed.encode(), "no transforms but")
    external = signed.replace('<Reference URI="">', f'<Reference URI="{"file:///etc/passwd"}">')
    scene.refused(external.encode(), "references to elements of this document")


def signature_of(signer):
    """Of the right shape, with a trusted certificate; it has to be computed to see that it is none."""
    certificate = "".join(signer.pem.decode().splitlines()[1:-1])
    made = TEMPLATE
    for element, text in (("DigestValue", "AAAA"), ("SignatureValue", "AAAA"),
                          ("X509Data", f"<X509Certificate>{certificate}</X509Certificate>")):
        made = made.replace(f"<{element}/>", f"<{element}>{text}</{element}>")
    return made.encode()


def test_judging_takes_a_bounded_time(scene):
    """The dearest documents that the limits let through: deep, with many namespaces."""
    gateway = scene.start()
    names = "".join(f' xmlns:n{number}="urn:{number}"' for number in range(60))
    deep = f"<a{names}>" * 50 + "x" + "</a>" * 50
    wide = "<b c='d'/>" * 60_000
    end = b"</HandoffMessage>"
    for inside in (deep * 60, wide):
        document = documents.native_xml("T-1", DOSSIER).replace(end, inside.encode() + end)
        unsigned = document.replace(end, signature_of(scene.signer) + end)
        start = time.monotonic()
        answer = gateway.post(unsigned, headers={"Accept-Language": "en"}, timeout=60)
        taken = time.monotonic() - start
        assert answer.status == 422, answer
        assert "the document as it was signed" in answer.problems()[0]["detail"], answer
        assert taken < 20, f"{taken:.1f} s for {len(unsigned)} bytes"


def test_the_signer_is_named_in_no_log_and_no_answer(scene):
    gateway = scene.start()
    signed = scene.signer.by_xades(documents.native_xml("L-1", DOSSIER))
    answers = [gateway.post(signed), gateway.post(signed.replace(b"L-1", b"L-2")),
               gateway.post(signed.replace(DSIG.encode(), b"urn:nothing"))]
    receipt = answers[0].receipts()[0]["receipt"]
    answers.append(gateway.get(f"/v1/handoffs/{receipt}"))
    answers.append(gateway.call("GET", "/metrics"))
    for answer in answers:
        assert SIGNER not in answer.body.decode()
    assert SIGNER not in gateway.log() and "xmlSec" not in gateway.log()
    gateway.stop()
    assert SIGNER not in gateway.run("show", receipt, "--event", "--unmasked").stdout


# ---- other ways in ----

def test_a_folder_takes_a_signature_beside_the_document(scene):
    drop = scene.folder / "drop"
    drop.mkdir()
    first, *others = scene.partners()
    gateway = scene.gateways(partners=[*others[:1], first, {**others[1], "collect": {"drop": str(drop)}}])
    place(drop, "a.json.jws", (scene.signer.by_jws(PORTAL) + "\n").encode())
    place(drop, "a.json", PORTAL)
    until((drop / "done" / "a.json.receipt.json").exists)
    until((drop / "done" / "a.json.jws").exists)
    receipt = json.loads((drop / "done" / "a.json.receipt.json").read_text())["receipts"][0]
    story = gateway.get(f"/v1/handoffs/{receipt['receipt']}", JSON_SENDER).json()
    assert story["signatures"][0]["method"] == "jws"

    place(drop, "b.json", PORTAL)
    until((drop / "failed" / "b.json.problems.json").exists)
    problems = json.loads((drop / "failed" / "b.json.problems.json").read_text())["problems"]
    assert problems[0]["rule"] == "signature"
    place(drop, "c.json.jws", b"A" * 40_000)
    place(drop, "c.json", PORTAL)
    until((drop / "failed" / "c.json.problems.json").exists)
    until(lambda: not list(drop.glob("*.json*")))


def test_the_command_line_sends_and_checks(scene, tmp_path):
    gateway = scene.start()
    document, jws, key = tmp_path / "a.json", tmp_path / "a.json.jws", tmp_path / f"{JSON_SENDER}.key"
    document.write_bytes(PORTAL)
    jws.write_text(scene.signer.by_jws(PORTAL) + "\n")
    key.write_text(gateway.keys[JSON_SENDER])
    send = ["send", str(document), "--as", JSON_SENDER, "--url", f"http://127.0.0.1:{gateway.port}",
            "--keys", str(tmp_path)]
    assert gateway.run(*send, check=False).returncode == 1
    assert gateway.run(*send, "--jws", str(jws)).returncode == 0

    check = ["signature", "check", str(document)]
    told = json.loads(gateway.run(*check, "--as", JSON_SENDER, "--jws", str(jws), "--json").stdout)
    assert told[0]["sha256"] == scene.signer.fingerprint
    anchors = ["--anchors", str(scene.authority.anchors)]
    assert "good" in gateway.run(*check, *anchors, "--jws", str(jws)).stdout
    bad = gateway.run(*check, *anchors, "--language", "vi", check=False)
    assert bad.returncode == 1 and "chữ ký số" in bad.stderr
    signed = tmp_path / "signed.xml"
    signed.write_bytes(scene.signer.by_xades(documents.native_xml("C-9", DOSSIER)))
    assert "xades" in gateway.run("signature", "check", str(signed), *anchors).stdout
    assert gateway.run("signature", "check", str(signed), check=False).returncode == 2


def test_the_guides_example_works_as_it_stands(tmp_path):
    """The commands of docs/http.md, by a shell that knows nothing else."""
    section = (ROOT / "docs/http.md").read_text().split("## Signed documents")[1]
    script = section.split("```sh\n")[1].split("```")[0]
    environment = {"PATH": f"{BUILD}:/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path,
                          env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("good") == 2 and "RS256" in done.stdout, done.stdout
