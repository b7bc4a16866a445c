# SPDX-License-Identifier: Apache-2.0
"""One dossier as a commune's system would post it, in each of the three formats, with form fields and
three attachments; and the answers to it.  Python's own modules alone: the demo uses this, too.

What a letter has no member for is in handoff.xml, an attachment beside the others, as the adapter's
README says.  The portal's JSON names files by address and has no place for form fields."""
import base64
import hashlib
import json
from xml.sax.saxutils import escape, quoteattr

PROCEDURE = "1.011442"
FORM = {"SoThuTuThua": "123", "SoHieuBanDo": "45", "DienTich": "120,5 m²",
        "MucDich": "Đất ở tại đô thị & cây lâu năm", "GhiChuCuaDan": "Xin trả qua bưu điện <nếu được>"}
TITLES = (("hop-dong-the-chap.pdf", "Hợp đồng thế chấp", "000.00.00.G15-KQ000000", 70_000),
          ("giay-chung-nhan.pdf", "Giấy chứng nhận quyền sử dụng đất", "000.00.00.G15-KQ000001", 140_000),
          ("can-cuoc.pdf", "Căn cước công dân", "000.00.00.G15-KQ000002", 5_000))


class Attachment:
    """Bytes like a PDF's, the same for the same seed, that no compression makes small."""

    def __init__(self, seed, name, description, component, size):
        self.name, self.description, self.component = name, description, component
        noise, block = bytearray(), hashlib.sha256(f"{seed}{name}".encode()).digest()
        while len(noise) < size:
            block = hashlib.sha256(block).digest()
            noise += block
        self.content = b"%PDF-1.4\n% mau thu nghiem\n" + bytes(noise[:size]) + b"\n%%EOF\n"
        self.sha256 = hashlib.sha256(self.content).hexdigest()
        self.id = f"tep-{self.sha256[:12]}"


class Dossier:
    """What all three documents say.  The person does not exist."""

    def __init__(self, code, sender, receiver, message, *, to_name="UBND tỉnh Bình Dương"):
        self.code, self.sender, self.receiver, self.message = code, sender, receiver, message
        self.to_name = to_name
        self.attachments = [Attachment(code, *title) for title in TITLES]

    @property
    def handoff_id(self):
        return f"HO-{self.code}-01"

    def known(self, has_form=True):
        """Facts that must be found at every far end (names of harness.farend)."""
        facts = {"dossier_code": self.code, "procedure_code": PROCEDURE, "field_code": "G15-ZZ00",
                 "applicant.name": "Nguyễn Thị Mẫu", "applicant.id_number": "099190000001",
                 "applicant.phone": "0900000000", "times.submitted_at": "2025-05-12T01:15:30Z",
                 "times.accepted_at": "2025-05-12T01:30:00Z", "times.due_at": "2025-05-26T10:00:00Z",
                 "fees[PH01].amount_vnd": "80000"}
        if has_form:
            facts |= {f"eform[{name}]": text for name, text in FORM.items()}
        facts |= {f"documents[{one.name}].sha256": one.sha256 for one in self.attachments}
        return facts


def native_xml(dossier, *, in_letter=False, uri=None):
    """The gateway's own format; also what is carried as handoff.xml.  `uri` gives an attachment's
    address; without it the attachment was put into the gateway before."""
    message = "" if in_letter else f"<MessageId>{escape(dossier.message)}</MessageId>"
    documents = "".join(_native_document(one, uri) for one in dossier.attachments)
    form = "".join(f"<Field name={quoteattr(name)}>{escape(text)}</Field>"
                   for name, text in FORM.items())
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<HandoffMessage xmlns="urn:x-lienthong:handoff:1" version="1.0">
  <Envelope>{message}<MessageType>HANDOFF</MessageType></Envelope>
  <Handoff>
    <HandoffId>{dossier.handoff_id}</HandoffId><HandoffNo>1</HandoffNo>
    <Reason>FORWARD_FOR_RESOLUTION</Reason>
    <From><AgencyCode>{dossier.sender}</AgencyCode><AgencyName>UBND phường Phú Cường</AgencyName></From>
    <To><AgencyCode>{dossier.receiver}</AgencyCode><AgencyName>{escape(dossier.to_name)}</AgencyName></To>
    <HandedOffAt>2025-05-12T14:45:00+07:00</HandedOffAt>
    <RespondBy>2025-05-19T17:00:00+07:00</RespondBy>
    <PaperOriginalsFollow>true</PaperOriginalsFollow>
  </Handoff>
  <Step><Officer>Trần Văn Ví Dụ</Officer><Title>Chuyên viên</Title><Unit>Bộ phận Một cửa</Unit>
    <Content>Chuyển hồ sơ để giải quyết</Content></Step>
  <Dossier>
    <DossierCode>{dossier.code}</DossierCode>
    <ProcedureCode>{PROCEDURE}</ProcedureCode>
    <ProcedureName>Đăng ký thay đổi nội dung biện pháp bảo đảm</ProcedureName>
    <FieldCode>G15-ZZ00</FieldCode><FieldName>Đăng ký biện pháp bảo đảm</FieldName>
    <Channel>1</Channel><StatusCode>4</StatusCode>
    <ReceivingAgency>{dossier.sender}</ReceivingAgency>
    <SubmittedAt>2025-05-12T08:15:30+07:00</SubmittedAt>
    <ReceivedAt>2025-05-12T08:30:00+07:00</ReceivedAt>
    <DueAt>2025-05-26T17:00:00+07:00</DueAt>
    <ReturnMethod>0</ReturnMethod>
    <Summary>Thay đổi nội dung thế chấp thửa 123, tờ bản đồ 45, phường Phú Cường</Summary>
    <Applicant><Kind>1</Kind><FullName>Nguyễn Thị Mẫu</FullName>
      <Identity type="CCCD">099190000001</Identity><Phone>0900000000</Phone>
      <Email>mau@example.test</Email>
      <Address provinceCode="74" districtCode="718" communeCode="25747">Số 1 đường Thử Nghiệm</Address>
    </Applicant>
    <Documents>{documents}</Documents>
    <Fees><Fee code="PH01" kind="PHI" collectAt="1"><Name>Phí đăng ký biện pháp bảo đảm</Name>
      <Amount currency="VND">80000</Amount><Paid>false</Paid></Fee></Fees>
    <EForm schema="urn:x-lienthong:eform:bpbd:1">{form}</EForm>
  </Dossier>
</HandoffMessage>
""".encode()


def _native_document(one, uri):
    address = f"<Uri>{escape(uri(one))}</Uri>" if uri else ""
    return f"""
      <Document id="{one.id}" role="SUBMITTED"><Name>{escape(one.name)}</Name>
        <ComponentCode>{one.component}</ComponentCode><CopyKind>0</CopyKind>
        <MediaType>application/pdf</MediaType><Size>{len(one.content)}</Size>
        <Sha256>{one.sha256}</Sha256>{address}<Digitised>true</Digitised>
        <Description>{escape(one.description)}</Description></Document>"""


def portal_json(dossier, uri, *, session="phien-cua-nguoi-gui"):
    """DongBoHoSoMC: files by address alone; the format has no place for form fields."""
    item = {
        "MaHoSo": dossier.code, "MaTTHC": PROCEDURE,
        "TenTTHC": "Đăng ký thay đổi nội dung biện pháp bảo đảm", "MaLinhVuc": "G15-ZZ00",
        "TenLinhVuc": "Đăng ký biện pháp bảo đảm", "KenhThucHien": "1",
        "ChuHoSo": "Nguyễn Thị Mẫu", "LoaiDoiTuong": "1", "MaDoiTuong": "", "ThongTinKhac": "",
        "Email": "mau@example.test", "Fax": "", "SoDienThoai": "0900000000",
        "TrichYeuHoSo": "Thay đổi nội dung thế chấp thửa 123, tờ bản đồ 45, phường Phú Cường",
        "NgayNopHoSo": "20250512081530", "NgayTiepNhan": "20250512083000",
        "NgayHenTra": "20250526170000", "TrangThaiHoSo": "2", "NgayTra": "", "ThongTinTra": "",
        "HinhThuc": "0", "NgayKetThucXuLy": "", "DonViXuLy": "UBND phường Phú Cường", "GhiChu": "",
        "NoiNopHoSo": "2", "DinhDanhCHS": [{"LoaiDinhDanh": "1", "SoDinhDanh": "099190000001"}],
        "TaiLieuNop": [
            {"TepDinhKemId": one.id, "TenTepDinhKem": one.name, "IsDeleted": "False",
             "MaThanhPhanHoSo": one.component, "DuongDanTaiTepTin": uri(one), "DuocSoHoa": "1",
             "DuocTaiSuDung": "0", "MaKetQuaThayThe": ""} for one in dossier.attachments],
        "DanhSachLePhi": [{"TenPhiLePhi": "Phí đăng ký biện pháp bảo đảm", "MaPhiLePhi": "PH01",
                           "HinhThucThu": "1", "Gia": "80000", "LoaiPhiLePhi": "PHI"}],
        "DanhSachTepDinhKemKhac": [], "DanhSachHoSoBoSung": [], "DanhSachGiayToKetQua": []}
    return json.dumps({"session": session, "madonvi": dossier.sender, "service": "DongBoHoSoMC",
                       "isUpdating": "False", "data": [item]}, ensure_ascii=False).encode()


def letter_edxml(dossier):
    """A letter with everything within it: the files, and handoff.xml."""
    inner = native_xml(dossier, in_letter=True)
    files = [(one.id, one.name, one.description, "application/pdf", one.content)
             for one in dossier.attachments]
    files.append(("handoff.xml", "handoff.xml", "Dữ liệu hồ sơ", "application/xml", inner))
    references = "".join(f"""
        <edXML:Reference xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="cid:{id_}" xlink:role="XLinkRole" xlink:type="simple">
          <edXML:Description>{escape(description)}</edXML:Description>
          <edXML:AttachmentName>{name}</edXML:AttachmentName>
          <edXML:ContentType>{kind}</edXML:ContentType>
          <edXML:ContentId>cid:{id_}</edXML:ContentId>
        </edXML:Reference>""" for id_, name, description, kind, _ in files)
    attachments = "".join(f"""
    <Attachment><ContentType>{kind}</ContentType><ContentId>{id_}</ContentId>
      <Description>{escape(description)}</Description>
      <ContentTransferEncoded>{base64.b64encode(content).decode()}</ContentTransferEncoded>
      <AttachmentName>{name}</AttachmentName></Attachment>"""
                          for id_, name, description, kind, content in files)
    return f"""<?xml version="1.0" encoding="utf-8"?>
<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016">
  <edXML:edXMLEnvelope xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016">
    <edXML:edXMLHeader>
      <edXML:MessageHeader>
        <edXML:From><edXML:OrganId>{dossier.sender}</edXML:OrganId>
          <edXML:OrganName>UBND phường Phú Cường</edXML:OrganName></edXML:From>
        <edXML:To><edXML:OrganId>{dossier.receiver}</edXML:OrganId>
          <edXML:OrganName>{escape(dossier.to_name)}</edXML:OrganName></edXML:To>
        <edXML:Code><edXML:CodeNumber>157</edXML:CodeNumber><edXML:CodeNotation>PCHS-UBND</edXML:CodeNotation></edXML:Code>
        <edXML:PromulgationInfo><edXML:Place>Phú Cường</edXML:Place><edXML:PromulgationDate>2025/05/12</edXML:PromulgationDate></edXML:PromulgationInfo>
        <edXML:DocumentType><edXML:Type>2</edXML:Type><edXML:TypeName>Phiếu chuyển</edXML:TypeName></edXML:DocumentType>
        <edXML:Subject>Chuyển hồ sơ {dossier.code} để giải quyết theo thẩm quyền</edXML:Subject>
        <edXML:Content>TTHC {PROCEDURE}</edXML:Content>
        <edXML:DueDate>2025/05/19</edXML:DueDate>
        <edXML:OtherInfo><edXML:Priority>0</edXML:Priority></edXML:OtherInfo>
        <edXML:SteeringType>1</edXML:SteeringType>
        <edXML:DocumentId>{dossier.sender},2025/05/12,{escape(dossier.message)}</edXML:DocumentId>
      </edXML:MessageHeader>
      <edXML:TraceHeaderList version="1.0" mustUnderstand="1" actor="http://schemas.xmlsoap.org/soap/actor/next">
        <edXML:TraceHeader><edXML:OrganId>{dossier.sender}</edXML:OrganId>
          <edXML:Timestamp>2025/05/12 14:45:00</edXML:Timestamp></edXML:TraceHeader>
        <edXML:Bussiness><edXML:BussinessDocType>0</edXML:BussinessDocType>
          <edXML:BussinessDocReason>Văn bản điện tử mới</edXML:BussinessDocReason>
          <edXML:StaffInfo><edXML:Department>Bộ phận Một cửa</edXML:Department><edXML:Staff>Trần Văn Ví Dụ</edXML:Staff></edXML:StaffInfo>
        </edXML:Bussiness>
      </edXML:TraceHeaderList>
      <edXML:DigitalSignature />
    </edXML:edXMLHeader>
    <edXML:edXMLBody><edXML:edXMLManifest version="1.0">{references}
    </edXML:edXMLManifest></edXML:edXMLBody>
  </edXML:edXMLEnvelope>
  <AttachmentEncoded>{attachments}
  </AttachmentEncoded>
</edXML>
""".encode()


# The answers of those who got it.

def native_answer(dossier, text):
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<HandoffMessage xmlns="urn:x-lienthong:handoff:1" version="1.0">
  <Envelope><MessageId>TL-{escape(dossier.message)}</MessageId><MessageType>ACCEPT</MessageType>
    <OccurredAt>2025-05-13T09:30:15+07:00</OccurredAt></Envelope>
  <Handoff><HandoffId>{dossier.handoff_id}</HandoffId><HandoffNo>1</HandoffNo>
    <From><AgencyCode>{dossier.sender}</AgencyCode></From>
    <To><AgencyCode>{dossier.receiver}</AgencyCode></To></Handoff>
  <Step><Officer>Phạm Văn Thử</Officer><Unit>Bộ phận Một cửa</Unit><Content>{escape(text)}</Content></Step>
  <Dossier><DossierCode>{dossier.code}</DossierCode><StatusCode>4</StatusCode></Dossier>
</HandoffMessage>
""".encode()


def portal_answer(dossier, text):
    return json.dumps({
        "session": "phien", "madonvi": dossier.receiver, "service": "CapNhatTienDoHoSoMC",
        "data": [{"MaHoSo": dossier.code, "NguoiXuLy": "Phạm Văn Thử", "ChucDanh": "",
                  "ThoiDiemXuLy": "20250513093015", "PhongBanXuLy": "Bộ phận Một cửa",
                  "NoiDungXuLy": text, "TrangThai": "4", "NgayBatDau": "",
                  "NgayKetThucTheoQuyDinh": ""}]}, ensure_ascii=False).encode()


def letter_answer(dossier, text):
    return f"""<?xml version="1.0" encoding="utf-8"?>
<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016">
  <edXML:edXMLEnvelope xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016">
    <edXML:edXMLHeader>
      <edXML:Status>
        <edXML:ResponseFor><edXML:OrganId>{dossier.sender}</edXML:OrganId>
          <edXML:Code>157/PCHS-UBND</edXML:Code>
          <edXML:PromulgationDate>2025/05/12</edXML:PromulgationDate>
          <edXML:DocumentId>{dossier.handoff_id}</edXML:DocumentId></edXML:ResponseFor>
        <edXML:From><edXML:OrganId>{dossier.receiver}</edXML:OrganId>
          <edXML:OrganName>{escape(dossier.to_name)}</edXML:OrganName></edXML:From>
        <edXML:StatusCode>03</edXML:StatusCode>
        <edXML:Description>{escape(text)} {dossier.code}</edXML:Description>
        <edXML:Timestamp>2025/05/13 09:30:15</edXML:Timestamp>
        <edXML:StaffInfo><edXML:Department>Bộ phận Một cửa</edXML:Department>
          <edXML:Staff>Phạm Văn Thử</edXML:Staff></edXML:StaffInfo>
      </edXML:Status>
    </edXML:edXMLHeader>
  </edXML:edXMLEnvelope>
</edXML>
""".encode()


ANSWERS = {"lienthong-xml": native_answer, "dvcqg-json": portal_answer, "edxml": letter_answer}
