# SPDX-License-Identifier: Apache-2.0
"""Handoffs as partners would write them, about people who do not exist."""
import base64
import json
import random
import re
from xml.sax.saxutils import escape

from harness.services import ROOT

COMMUNE = "000.12.40.H09"
DISTRICT = "000.00.40.H09"
PROVINCE = "000.00.00.H09"

APPLICANT = "Nguyễn Thị Mẫu"
OFFICER = "Trần Văn Ví Dụ"
IDENTITY = "099190000001"
PHONE = "0900000000"
ADDRESS = "Số 1 đường Thử Nghiệm"
# What must never be seen in a log, a metric or a problem list.
PERSONAL = (APPLICANT, OFFICER, IDENTITY, PHONE, ADDRESS)


def dossier_code(number, agency=COMMUNE, day="250512"):
    return f"{agency}-{day}-{number:05d}"


def native_xml(message_id, dossier, *, sender=COMMUNE, receiver=DISTRICT, summary=None, no=1,
               padding=0):
    """One HANDED_OFF message in the gateway's own format, about 3 KiB; `padding` adds so many KiB
    of form fields, which become part of the event."""
    noise = random.Random(message_id)  # so that compression does not make it small again
    fields = "".join(f'<Field name="Truong{number}">{noise.randbytes(512).hex()}</Field>'
                     for number in range(padding))
    summary = summary or "Thay đổi nội dung thế chấp thửa 123, tờ bản đồ 45, phường Phú Cường"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<HandoffMessage xmlns="urn:x-lienthong:handoff:1" version="1.0">
  <Envelope>
    <MessageId>{escape(message_id)}</MessageId>
    <MessageType>HANDOFF</MessageType>
    <CreatedAt>2025-05-12T14:45:00.000+07:00</CreatedAt>
    <SourceSystem>motcua-phucuong</SourceSystem>
    <Sequence>{no}</Sequence>
    <CorrelationId>{dossier}</CorrelationId>
  </Envelope>
  <Handoff>
    <HandoffId>HO-{dossier}-{no:02d}</HandoffId>
    <HandoffNo>{no}</HandoffNo>
    <Reason>FORWARD_FOR_RESOLUTION</Reason>
    <From><AgencyCode>{sender}</AgencyCode><AgencyName>UBND phường Phú Cường</AgencyName><Level>COMMUNE</Level></From>
    <To><AgencyCode>{receiver}</AgencyCode><AgencyName>UBND thành phố Thủ Dầu Một</AgencyName><Level>DISTRICT</Level></To>
    <HandedOffAt>2025-05-12T14:45:00+07:00</HandedOffAt>
    <RespondBy>2025-05-19T17:00:00+07:00</RespondBy>
    <HandedOffBy><FullName>{OFFICER}</FullName><Title>Chuyên viên</Title></HandedOffBy>
    <PaperOriginalsFollow>true</PaperOriginalsFollow>
  </Handoff>
  <Dossier>
    <DossierCode>{dossier}</DossierCode>
    <ProcedureCode>1.011442</ProcedureCode>
    <ProcedureName>Đăng ký thay đổi nội dung biện pháp bảo đảm bằng quyền sử dụng đất</ProcedureName>
    <FieldCode>G15-ZZ00</FieldCode>
    <Channel>1</Channel>
    <StatusCode>4</StatusCode>
    <ReceivingAgency>{COMMUNE}</ReceivingAgency>
    <CompetentAgency>{DISTRICT}</CompetentAgency>
    <SubmittedAt>2025-05-12T08:15:30+07:00</SubmittedAt>
    <ReceivedAt>2025-05-12T08:30:00+07:00</ReceivedAt>
    <DueAt>2025-05-26T17:00:00+07:00</DueAt>
    <ReturnMethod>0</ReturnMethod>
    <Summary>{escape(summary)}</Summary>
    <Applicant>
      <Kind>1</Kind>
      <FullName>{APPLICANT}</FullName>
      <Identity type="CCCD">{IDENTITY}</Identity>
      <Phone>{PHONE}</Phone>
      <Address provinceCode="74" districtCode="718" communeCode="25747">{ADDRESS}</Address>
    </Applicant>
    <Documents>
      <Document id="8f0c5f0e-7b1d-4c6c-9a57-0f7f6a1f2b10" role="SUBMITTED">
        <Name>hop-dong-the-chap-sua-doi.pdf</Name>
        <ComponentCode>000.00.00.G15-KQ000000</ComponentCode>
        <CopyKind>0</CopyKind>
        <MediaType>application/pdf</MediaType>
        <Size>1843211</Size>
        <Sha256>9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08</Sha256>
        <Uri>https://motcua.example.test/files/8f0c5f0e</Uri>
        <Digitised>true</Digitised>
      </Document>
    </Documents>
    <Fees>
      <Fee code="PH01" kind="PHI" collectAt="1"><Name>Phí đăng ký biện pháp bảo đảm</Name><Amount currency="VND">80000</Amount><Paid>false</Paid></Fee>
    </Fees>
    <EForm schema="urn:x-lienthong:eform:bpbd:1"><Field name="SoThuTuThua">123</Field><Field name="SoHieuBanDo">45</Field>{fields}</EForm>
  </Dossier>
</HandoffMessage>
""".encode()


# MessageType, StatusCode and whether Event is needed to say it, of what marked_xml() writes.
KINDS = {"HANDED_OFF": ("HANDOFF", 4), "RECEIVED": ("STATUS", 2), "STEP_RECORDED": ("STATUS", 4),
         "CORRECTED": ("STATUS", 4)}


def marked_xml(message_id, dossier, mark, *, kind="HANDED_OFF", sender=COMMUNE, receiver=DISTRICT,
               no=1, at="2025-05-12T14:45:00+07:00"):
    """A small message of the gateway's own format with `mark` in both texts, of the dossier and of
    the step, so that every other format has a place for it."""
    message, status = KINDS[kind]
    event = f"<Event>{kind}</Event>" if message == "STATUS" else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<HandoffMessage xmlns="urn:x-lienthong:handoff:1" version="1.0">
  <Envelope><MessageId>{escape(message_id)}</MessageId><MessageType>{message}</MessageType>{event}
    <OccurredAt>{at}</OccurredAt></Envelope>
  <Handoff><HandoffId>HO-{dossier}-{no:02d}</HandoffId><HandoffNo>{no}</HandoffNo>
    <From><AgencyCode>{sender}</AgencyCode></From><To><AgencyCode>{receiver}</AgencyCode></To>
    <HandedOffAt>{at}</HandedOffAt></Handoff>
  <Step><Officer>{OFFICER}</Officer><Content>Bước {no} {escape(mark)}</Content></Step>
  <Dossier>
    <DossierCode>{dossier}</DossierCode>
    <ProcedureCode>1.011442</ProcedureCode>
    <StatusCode>{status}</StatusCode>
    <ReceivingAgency>{sender}</ReceivingAgency>
    <DueAt>2025-05-26T17:00:00+07:00</DueAt>
    <Summary>Việc {no} {escape(mark)}</Summary>
    <Applicant><Kind>1</Kind><FullName>{APPLICANT}</FullName></Applicant>
  </Dossier>
</HandoffMessage>
""".encode()


def progress_item(dossier, content, *, at="20250512144500", status="4", officer=OFFICER):
    return {"MaHoSo": dossier, "NguoiXuLy": officer, "ChucDanh": "Chuyên viên",
            "ThoiDiemXuLy": at, "PhongBanXuLy": "Bộ phận Một cửa phường Phú Cường",
            "NoiDungXuLy": content, "TrangThai": status, "NgayBatDau": at,
            "NgayKetThucTheoQuyDinh": "20250519170000"}


def dvcqg_progress(items, unit=PROVINCE):
    """CapNhatTienDoHoSoMC in its envelope, with the items of progress_item()."""
    return json.dumps({"session": "a-session-that-must-not-be-kept", "madonvi": unit,
                       "service": "CapNhatTienDoHoSoMC", "data": items},
                      ensure_ascii=False).encode()


def edxml_letter(content, *, number="158", wrap=None):
    """An edXML letter of the commune to the district, with a file inside."""
    text = (ROOT / "adapters/edxml/fixtures/accept/letter.edxml").read_bytes()
    encoded = base64.b64encode(content)
    if wrap:
        encoded = b"\r\n".join(encoded[at:at + wrap] for at in range(0, len(encoded), wrap))
    text = re.sub(rb"(<ContentTransferEncoded>)[^<]*", lambda found: found[1] + encoded, text,
                  count=1)
    return text.replace(b">158<", f">{number}<".encode()).replace(
        b"158/PCHS-UBND", f"{number}/PCHS-UBND".encode())


def edxml_status(dossier, timestamp, *, code="03", sender=DISTRICT, receiver=COMMUNE,
                 description="Đã tiếp nhận"):
    """A QCVN 102:2016 status about the letter that handed the dossier over."""
    return f"""<?xml version="1.0" encoding="utf-8"?>
<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016">
  <edXML:edXMLEnvelope xmlns:edXML="http://www.mic.gov.vn/TBT/QCVN_102_2016">
    <edXML:edXMLHeader>
      <edXML:Status>
        <edXML:ResponseFor>
          <edXML:OrganId>{receiver}</edXML:OrganId>
          <edXML:Code>157/PCHS-UBND</edXML:Code>
          <edXML:PromulgationDate>2025/05/12</edXML:PromulgationDate>
          <edXML:DocumentId>{receiver},2025/05/12,157/PCHS-UBND</edXML:DocumentId>
        </edXML:ResponseFor>
        <edXML:From>
          <edXML:OrganId>{sender}</edXML:OrganId>
          <edXML:OrganName>UBND thành phố Thủ Dầu Một</edXML:OrganName>
        </edXML:From>
        <edXML:StatusCode>{code}</edXML:StatusCode>
        <edXML:Description>{escape(description)} {dossier}</edXML:Description>
        <edXML:Timestamp>{timestamp}</edXML:Timestamp>
        <edXML:StaffInfo>
          <edXML:Department>Bộ phận Một cửa TP. Thủ Dầu Một</edXML:Department>
          <edXML:Staff>Phạm Văn Thử</edXML:Staff>
        </edXML:StaffInfo>
      </edXML:Status>
    </edXML:edXMLHeader>
  </edXML:edXMLEnvelope>
</edXML>
""".encode()
