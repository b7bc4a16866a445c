# SPDX-License-Identifier: Apache-2.0
"""What a document says, read at the far end by code that shares nothing with the gateway: Python's
own parsers, and a table for each format from the documents about it.

facts(adapter, document) is a dict from the name of a fact to its text.  Names are those of the
event's schema; members of lists have their key in brackets: documents[hop-dong.pdf].sha256,
fees[PH01].amount_vnd, eform[SoThuTuThua].  Times are UTC, as 2025-05-12T07:45:00Z; days as written."""
import base64
import datetime
import hashlib
import json
import re
from xml.etree import ElementTree

NATIVE = "{urn:x-lienthong:handoff:1}"
EDXML = "{http://www.mic.gov.vn/TBT/QCVN_102_2016}"
ZONE = datetime.timezone(datetime.timedelta(hours=7))
CARRIED = "handoff.xml"


def utc(moment):
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso(text):
    return utc(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")))


def digits(text):
    return utc(datetime.datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=ZONE))


def slashes(text):
    return utc(datetime.datetime.strptime(text, "%Y/%m/%d %H:%M:%S").replace(tzinfo=ZONE))


def truth(text):
    return {"true": "1", "false": "0"}.get(text.lower(), text)


def same(text):
    return text


# Path below HandoffMessage, fact, how its text is read.
NATIVE_PATHS = [
    ("Envelope/OccurredAt", "occurred_at", iso), ("Handoff/HandedOffAt", "occurred_at", iso),
    ("Handoff/HandoffId", "handoff.handoff_id", same), ("Handoff/HandoffNo", "handoff.no", same),
    ("Handoff/Reason", "handoff.reason", same),
    ("Handoff/From/AgencyCode", "handoff.from_agency", same),
    ("Handoff/From/AgencyName", "handoff.from_name", same),
    ("Handoff/To/AgencyCode", "handoff.to_agency", same),
    ("Handoff/To/AgencyName", "handoff.to_name", same),
    ("Handoff/RespondBy", "handoff.respond_by", iso),
    ("Handoff/PaperOriginalsFollow", "handoff.paper_originals_follow", truth),
    ("Handoff/Note", "handoff.note", same),
    ("Step/Officer", "step.officer", same), ("Step/Title", "step.title", same),
    ("Step/Unit", "step.unit", same), ("Step/Content", "step.content", same),
    ("Step/StartedAt", "step.started_at", iso), ("Step/DueAt", "step.step_due_at", iso),
    ("Explanation", "reason", same),
    ("Dossier/DossierCode", "dossier_code", same),
    ("Dossier/ProcedureCode", "procedure_code", same),
    ("Dossier/ProcedureName", "procedure_name", same),
    ("Dossier/FieldCode", "field_code", same), ("Dossier/FieldName", "field_name", same),
    ("Dossier/Channel", "channel", same), ("Dossier/StatusCode", "status", same),
    ("Dossier/ReceivingAgency", "receiving_agency", same),
    ("Dossier/CompetentAgency", "competent_agency", same),
    ("Dossier/HolderName", "holder_name", same),
    ("Dossier/SubmittedAt", "times.submitted_at", iso),
    ("Dossier/ReceivedAt", "times.accepted_at", iso), ("Dossier/DueAt", "times.due_at", iso),
    ("Dossier/ReturnMethod", "return_method", same), ("Dossier/Summary", "summary", same),
    ("Dossier/Applicant/Kind", "applicant.kind", same),
    ("Dossier/Applicant/FullName", "applicant.name", same),
    ("Dossier/Applicant/Identity", "applicant.id_number", same),
    ("Dossier/Applicant/Identity/@type", "applicant.id_type", same),
    ("Dossier/Applicant/Phone", "applicant.phone", same),
    ("Dossier/Applicant/Email", "applicant.email", same),
    ("Dossier/Applicant/Address", "applicant.address", same),
    ("Dossier/Applicant/Address/@provinceCode", "applicant.province_code", same),
    ("Dossier/Applicant/Address/@districtCode", "applicant.district_code", same),
    ("Dossier/Applicant/Address/@communeCode", "applicant.commune_code", same),
    ("Dossier/EForm/@schema", "eform_schema", same),
]
NATIVE_DOCUMENT = [
    ("@id", "id", same), ("@role", "role", same), ("ComponentCode", "component_code", same),
    ("CopyKind", "copy_kind", same), ("MediaType", "media_type", same), ("Size", "size", same),
    ("Sha256", "sha256", str.lower), ("Uri", "uri", same), ("Digitised", "digitised", truth),
    ("Description", "description", same)]
NATIVE_FEE = [("@code", "code", same), ("@kind", "kind", same), ("@collectAt", "collect_at", same),
              ("Name", "name", same), ("Amount", "amount_vnd", same), ("Paid", "paid", truth)]

PORTAL_PATHS = [
    ("MaHoSo", "dossier_code", same), ("MaTTHC", "procedure_code", same),
    ("TenTTHC", "procedure_name", same), ("MaLinhVuc", "field_code", same),
    ("TenLinhVuc", "field_name", same), ("KenhThucHien", "channel", same),
    ("ChuHoSo", "applicant.name", same), ("LoaiDoiTuong", "applicant.kind", same),
    ("Email", "applicant.email", same), ("SoDienThoai", "applicant.phone", same),
    ("TrichYeuHoSo", "summary", same), ("NgayNopHoSo", "times.submitted_at", digits),
    ("NgayTiepNhan", "times.accepted_at", digits), ("NgayHenTra", "times.due_at", digits),
    ("TrangThaiHoSo", "status", same), ("HinhThuc", "return_method", same),
    ("DonViXuLy", "holder_name", same),
    # of CapNhatTienDoHoSoMC
    ("NguoiXuLy", "step.officer", same), ("ChucDanh", "step.title", same),
    ("ThoiDiemXuLy", "occurred_at", digits), ("PhongBanXuLy", "step.unit", same),
    ("NoiDungXuLy", "step.content", same), ("TrangThai", "status", same),
    ("NgayBatDau", "step.started_at", digits),
    ("NgayKetThucTheoQuyDinh", "step.step_due_at", digits)]
PORTAL_IDENTITY = {"1": "CCCD", "2": "CMND", "3": "MST"}
PORTAL_DOCUMENT = [("TepDinhKemId", "id", same), ("MaThanhPhanHoSo", "component_code", same),
                   ("DuongDanTaiTepTin", "uri", same), ("DuocSoHoa", "digitised", same)]
PORTAL_FEE = [("MaPhiLePhi", "code", same), ("TenPhiLePhi", "name", same),
              ("HinhThucThu", "collect_at", same), ("Gia", "amount_vnd", same),
              ("LoaiPhiLePhi", "kind", same)]

HEADER = "edXMLEnvelope/edXMLHeader/"
LETTER_PATHS = [
    ("MessageHeader/From/OrganId", "handoff.from_agency", same),
    ("MessageHeader/From/OrganName", "handoff.from_name", same),
    ("MessageHeader/To/OrganId", "handoff.to_agency", same),
    ("MessageHeader/To/OrganName", "handoff.to_name", same),
    ("MessageHeader/DocumentId", "handoff.handoff_id", same),
    ("TraceHeaderList/TraceHeader/Timestamp", "occurred_at", slashes),
    ("TraceHeaderList/Bussiness/StaffInfo/Department", "step.unit", same),
    ("TraceHeaderList/Bussiness/StaffInfo/Staff", "step.officer", same),
    # of a status
    ("Status/ResponseFor/OrganId", "handoff.from_agency", same),
    ("Status/ResponseFor/DocumentId", "handoff.handoff_id", same),
    ("Status/From/OrganId", "handoff.to_agency", same),
    ("Status/From/OrganName", "handoff.to_name", same),
    ("Status/StatusCode", "edxml.status", same), ("Status/Description", "step.content", same),
    ("Status/Timestamp", "occurred_at", slashes),
    ("Status/StaffInfo/Department", "step.unit", same),
    ("Status/StaffInfo/Staff", "step.officer", same)]
CODE = re.compile(r"[0-9A-Z.]{3,35}-(?:[0-9]{6}|[0-9]{8})-[0-9]{4,7}")


class Facts(dict):
    def say(self, name, text, read=same):
        """The first that says a fact counts; nothing says nothing."""
        if text not in (None, ""):
            self.setdefault(name, read(str(text).strip()))

    def say_all(self, other):
        for name, text in other.items():
            self.setdefault(name, text)

    def contents(self, name, content):
        """The bytes of a file came."""
        self[f"documents[{name}].sha256"] = hashlib.sha256(content).hexdigest()
        self[f"documents[{name}].size"] = str(len(content))


def text_of(node, path, namespace):
    """The text of an element, or of an attribute, below a node."""
    *steps, last = path.split("/")
    if not last.startswith("@"):
        steps, last = [*steps, last], None
    for step in steps:
        node = node.find(namespace + step) if node is not None else None
    if node is None:
        return None
    return node.get(last[1:]) if last else (node.text or "").strip()


def native_facts(document, fetch=None):
    root, facts = ElementTree.fromstring(document), Facts()
    for path, name, read in NATIVE_PATHS:
        facts.say(name, text_of(root, path, NATIVE), read)
    for one in root.iter(NATIVE + "Document"):
        name = text_of(one, "Name", NATIVE)
        facts.say(f"documents[{name}].name", name)
        for path, member, read in NATIVE_DOCUMENT:
            facts.say(f"documents[{name}].{member}", text_of(one, path, NATIVE), read)
        _fetch(facts, name, fetch)
    for one in root.iter(NATIVE + "Fee"):
        for path, member, read in NATIVE_FEE:
            facts.say(f"fees[{one.get('code')}].{member}", text_of(one, path, NATIVE), read)
    for one in root.iter(NATIVE + "Field"):
        facts.say(f"eform[{one.get('name')}]", one.text)
    return facts


def _fetch(facts, name, fetch):
    """The bytes behind a document's address are what its hash is of."""
    address = facts.get(f"documents[{name}].uri")
    content = fetch(address) if fetch and address else None
    if content is not None:
        said = facts.get(f"documents[{name}].sha256")
        facts.contents(name, content)
        if said not in (None, facts[f"documents[{name}].sha256"]):
            facts[f"documents[{name}].sha256"] = f"{said}, but the bytes are another file's"


def portal_facts(document, fetch=None):
    whole, facts = json.loads(document), Facts()
    item = whole["data"][0] if isinstance(whole, dict) else whole[0]
    carried = None
    for path, name, read in PORTAL_PATHS:
        facts.say(name, item.get(path), read)
    for one in item.get("DinhDanhCHS") or []:
        facts.say("applicant.id_number", one.get("SoDinhDanh"))
        facts.say("applicant.id_type", one.get("LoaiDinhDanh"), lambda text: PORTAL_IDENTITY[text])
    for one in item.get("TaiLieuNop") or []:
        if one["TenTepDinhKem"] == CARRIED:
            carried = fetch(one["DuongDanTaiTepTin"]) if fetch else None
            continue
        name = one["TenTepDinhKem"]
        facts.say(f"documents[{name}].name", name)
        for path, member, read in PORTAL_DOCUMENT:
            facts.say(f"documents[{name}].{member}", one.get(path), read)
        _fetch(facts, name, fetch)
    for one in item.get("DanhSachLePhi") or []:
        for path, member, read in PORTAL_FEE:
            facts.say(f"fees[{one.get('MaPhiLePhi')}].{member}", one.get(path), read)
    if carried:
        facts.say_all(native_facts(carried))
    return facts


def letter_facts(document, fetch=None):
    root, facts = ElementTree.fromstring(document), Facts()
    header = root.find(f"{EDXML}edXMLEnvelope/{EDXML}edXMLHeader")
    for one in root.iter(EDXML + "Attachment"):
        name = text_of(one, "AttachmentName", EDXML)
        content = base64.b64decode(text_of(one, "ContentTransferEncoded", EDXML) or "")
        if name == CARRIED:
            facts.say_all(native_facts(content, fetch))
    for path, name, read in LETTER_PATHS:
        facts.say(name, text_of(header, path, EDXML), read)
    for text in (text_of(header, "MessageHeader/Subject", EDXML),
                 text_of(header, "Status/Description", EDXML)):
        facts.say("dossier_code", (CODE.findall(text or "") or [None])[0])
    for one in root.iter(EDXML + "Attachment"):
        name = text_of(one, "AttachmentName", EDXML)
        content = base64.b64decode(text_of(one, "ContentTransferEncoded", EDXML) or "")
        if name != CARRIED:
            facts.say(f"documents[{name}].name", name)
            facts.say(f"documents[{name}].media_type", text_of(one, "ContentType", EDXML))
            facts.say(f"documents[{name}].description", text_of(one, "Description", EDXML))
            if content:
                facts.contents(name, content)
    return facts


READERS = {"lienthong-xml": native_facts, "dvcqg-json": portal_facts, "edxml": letter_facts}


def facts(adapter, document, fetch=None):
    """`fetch` takes an address and gives the bytes there, or None."""
    return READERS[adapter](document, fetch)


def field_of(name):
    """The event's field of a fact: documents[a.pdf].sha256 is documents[].sha256."""
    return re.sub(r"\[[^]]*\]", "[]", name).replace("eform[]", "eform{}")


def compare(given, found):
    """(what arrived as it was given, what is missing, what is another)."""
    arrived = [name for name, text in given.items() if found.get(name) == text]
    missing = [name for name in given if name not in found]
    other = [f"{name}: {given[name]!r} became {found[name]!r}" for name in given
             if name in found and found[name] != given[name]]
    return arrived, missing, other
