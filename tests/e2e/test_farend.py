# SPDX-License-Identifier: Apache-2.0
"""The comparison at the far end must see what is missing or another: each of these documents is wrong
in one place."""
import base64
import json

import pytest

from harness import farend, proof

DOSSIER = proof.Dossier("000.12.40.H09-250512-00001", "000.12.40.H09", "000.00.00.H09", "m-1")
INNER = proof.native_xml(DOSSIER, in_letter=True)


def address(one):
    return f"http://files.example.test/{one.name}"


FILES = {address(one): one.content for one in DOSSIER.attachments}
FORM = "http://files.example.test/handoff.xml"


def with_form(document):
    """As the gateway writes the portal's JSON: handoff.xml is one more file with an address."""
    whole = json.loads(document)
    whole["data"][0]["TaiLieuNop"].append({"TenTepDinhKem": "handoff.xml", "DuongDanTaiTepTin": FORM})
    return json.dumps(whole).encode()


DOCUMENTS = {
    "lienthong-xml": proof.native_xml(DOSSIER, uri=address),
    "dvcqg-json": with_form(proof.portal_json(DOSSIER, address)),
    "edxml": proof.letter_edxml(DOSSIER),
}


def read(adapter, document=None, files=None):
    files = {**FILES, FORM: INNER, **(files or {})}
    return farend.facts(adapter, document or DOCUMENTS[adapter], files.get)


@pytest.mark.parametrize("adapter", DOCUMENTS)
def test_a_whole_document_says_all_that_is_known(adapter):
    arrived, missing, other = farend.compare(DOSSIER.known(), read(adapter))
    assert (missing, other) == ([], []) and len(arrived) == len(DOSSIER.known())


def within_letter(old, new):
    """The letter with its handoff.xml changed."""
    inner = proof.native_xml(DOSSIER, in_letter=True)
    assert old in inner
    return DOCUMENTS["edxml"].replace(base64.b64encode(inner), base64.b64encode(inner.replace(old, new)))


CHANGES = {  # where, from, to, the fact that is not as it was
    "a form field is gone": (b'<Field name="SoHieuBanDo">45</Field>', b"", "eform[SoHieuBanDo]"),
    "a form field is another": (b'"SoThuTuThua">123<', b'"SoThuTuThua">124<', "eform[SoThuTuThua]"),
    "accents are lost": ("Đất ở tại".encode(), b"Dat o tai", "eform[MucDich]"),
    "a day later": (b"2025-05-26T17", b"2025-05-27T17", "times.due_at"),
    "an hour of another zone": (b"08:15:30+07:00", b"08:15:30+08:00", "times.submitted_at"),
    "another code": (b"250512-00001", b"250512-00010", "dossier_code"),
    "a digit of the person": (b"099190000001", b"099190000010", "applicant.id_number"),
    "a cheaper fee": (b">80000<", b">8000<", "fees[PH01].amount_vnd"),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("adapter", ["lienthong-xml", "edxml"])
def test_what_was_changed_in_a_document_is_found(adapter, change):
    old, new, fact = CHANGES[change]
    if adapter == "edxml":
        document = within_letter(old, new)
    else:
        assert old in DOCUMENTS[adapter]
        document = DOCUMENTS[adapter].replace(old, new)
    _, missing, other = farend.compare(DOSSIER.known(), read(adapter, document))
    assert [fact] == [line.split(": ")[0] for line in missing + other]


@pytest.mark.parametrize("fact,member,text", [
    ("dossier_code", "MaHoSo", "000.12.40.H09-250512-00002"), ("applicant.name", "ChuHoSo", "Nguyen Thi Mau"),
    ("times.due_at", "NgayHenTra", "20250526170001"), ("times.submitted_at", "NgayNopHoSo", "")])
def test_what_was_changed_in_the_portals_json_is_found(fact, member, text):
    whole = json.loads(DOCUMENTS["dvcqg-json"])
    whole["data"][0][member] = text
    _, missing, other = farend.compare(DOSSIER.known(), read("dvcqg-json", json.dumps(whole),
                                                             {FORM: None}))
    assert fact in [line.split(": ")[0] for line in missing + other]


def test_the_portals_form_fields_are_in_a_file_and_lost_without_it():
    _, missing, _ = farend.compare(DOSSIER.known(), read("dvcqg-json", files={FORM: None}))
    assert sorted(missing) == sorted(f"eform[{name}]" for name in proof.FORM)


@pytest.mark.parametrize("adapter", DOCUMENTS)
def test_a_file_with_one_bit_changed_is_found(adapter):
    one = DOSSIER.attachments[1]
    content = bytes([one.content[0] ^ 1]) + one.content[1:]
    document = DOCUMENTS[adapter].replace(base64.b64encode(one.content), base64.b64encode(content))
    _, missing, other = farend.compare(DOSSIER.known(), read(adapter, document,
                                                             {address(one): content}))
    assert missing == [] and len(other) == 1
    assert other[0].startswith(f"documents[{one.name}].sha256")


@pytest.mark.parametrize("adapter", DOCUMENTS)
def test_a_file_that_cannot_be_fetched_or_is_not_there_is_found(adapter):
    one = DOSSIER.attachments[2]
    document = DOCUMENTS[adapter].replace(base64.b64encode(one.content), b"").replace(
        f"<Sha256>{one.sha256}</Sha256>".encode(), b"")
    if adapter == "edxml":
        document = within_letter(one.sha256.encode(), b"").replace(base64.b64encode(one.content), b"")
    inner = {FORM: INNER.replace(f"<Sha256>{one.sha256}</Sha256>".encode(), b"")}
    _, missing, other = farend.compare(DOSSIER.known(), read(adapter, document,
                                                             {address(one): None, **inner}))
    assert missing + other and all("can-cuoc.pdf].sha256" in line for line in missing + other)


def test_the_fields_of_facts_are_those_of_the_event():
    assert farend.field_of("documents[a.pdf].sha256") == "documents[].sha256"
    assert farend.field_of("eform[SoThuTuThua]") == "eform{}"
    assert farend.field_of("times.due_at") == "times.due_at"


@pytest.mark.parametrize("adapter", proof.ANSWERS)
def test_an_answer_says_who_when_and_what(adapter):
    found = farend.facts(adapter, proof.ANSWERS[adapter](DOSSIER, "Đã nhận đủ"))
    assert found["dossier_code"] == DOSSIER.code and found["occurred_at"] == "2025-05-13T02:30:15Z"
    assert found["step.content"].startswith("Đã nhận đủ") and found["step.officer"] == "Phạm Văn Thử"
