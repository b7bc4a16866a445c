# SPDX-License-Identifier: Apache-2.0
"""What a gateway of a small province might answer: invented dossiers, people and faults, of which
the console shows pages without a gateway.  The shapes are those of /operate/v1."""
import datetime
import hashlib

ZONE = datetime.timezone(datetime.timedelta(hours=7))


def at(**ago):
    """So long ago; below 0: to come."""
    moment = datetime.datetime.now(ZONE) - datetime.timedelta(**ago)
    return moment.isoformat(timespec="milliseconds")


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


ORIGINAL = """<?xml version="1.0" encoding="UTF-8"?>
<HandoffMessage xmlns="urn:x-lienthong:handoff:1" version="1.0">
  <Envelope>
    <MessageId>01HXQ6Z2T9S4W8K3M5N7P9R1T3</MessageId>
    <MessageType>HANDOFF</MessageType>
    <CreatedAt>2026-11-26T14:45:00.000+07:00</CreatedAt>
  </Envelope>
  <Handoff>
    <HandoffId>HO-000.12.40.H09-261126-0037-01</HandoffId>
    <HandoffNo>1</HandoffNo>
    <From><AgencyCode>000.12.40.H09</AgencyCode><AgencyName>UBND phường Phú Cường</AgencyName></From>
    <To><AgencyCode>UBND thành phố</AgencyCode><AgencyName>UBND thành phố Thủ Dầu Một</AgencyName></To>
    <HandedOffAt>2026-11-26T14:45:00+07:00</HandedOffAt>
  </Handoff>
  <Dossier>
    <DossierCode>000.12.40.H09-261126-0037</DossierCode>
    <ProcedureCode>1.011442</ProcedureCode>
    <Applicant>
      <Kind>1</Kind>
      <FullName>Nguyễn Thị Mẫu</FullName>
      <Identity type="CCCD">099190000001</Identity>
      <Phone>0900000000</Phone>
    </Applicant>
  </Dossier>
</HandoffMessage>
"""
MASKED = ORIGINAL.replace("Nguyễn Thị Mẫu", "[14]").replace("099190000001", "[12]").replace(
    "0900000000", "[10]")
BAD_AGENCY = "UBND thành phố"
PROBLEM = {"rule": "agency", "path": "/Handoff/To/AgencyCode", "line": 12, "column": 23,
           "detail": "/Handoff/To/AgencyCode (dòng 12): mã cơ quan sai dạng, không tồn tại hoặc không "
                     "còn hiệu lực; nhận được: \"UBND thành phố\""}
CAUSE = "agency /Handoff/To/AgencyCode"
CAUSE_TEXT = {
    "vi": "Mã cơ quan không có trong danh mục. Đối chiếu danh mục cơ quan, rồi sửa mã hoặc bổ sung "
          "danh mục và phát lại.",
    "en": "The agency's code is not in the directory. Compare it with the directory, then mend the "
          "code, or add it and replay."}
REFUSED_TEXT = {
    "vi": "Đối tác từ chối dữ liệu (mã trả lời 400). Xem chi tiết, sửa rồi gửi lại.",
    "en": "The partner refused the data (answer 400). Look at the detail, mend it and send it again."}
RECEIPT = "1-5e80c1f2a94b7d3e"
FINGERPRINT, FINGERPRINT_OUT = "a3f09c11d27be845", "07be11c0ffee2233"
DELIVERY = "d-1024"


def entry(number, language, state="dead", **more):
    is_dead = state == "dead"
    has_failed = is_dead or state == "released"
    return {
        "receipt": RECEIPT if number == 0 else f"{number + 1}-77c0de00a1b2c3{number:02d}",
        "partner": "motcua-phucuong", "adapter": "lienthong-xml",
        "dossier": f"000.12.40.H09-261126-{37 + number:04d}", "event_type": "HANDED_OFF",
        "event_id": None if is_dead else "7d1f7a1e-0d3c-5f0e-9f5f-2b1d4c6e8f10", "state": state,
        "released": False, "received_at": at(hours=3, minutes=number * 7),
        "due_at": at(hours=5) if number % 4 == 0 else at(days=-3),
        "cause": CAUSE if has_failed else None,
        "cause_text": CAUSE_TEXT[language] if has_failed else None,
        "detail": PROBLEM["detail"] if has_failed else None,
        "behind": RECEIPT if state == "parked" else None, **more}


def delivery(number, language, state="dead"):
    is_dead = state == "dead"
    return {
        "delivery": DELIVERY if number == 0 else f"d-{1024 + number}", "partner": "tinh-binhduong",
        "state": state, "agency": "H09", "reason": "địa chỉ nhận của hồ sơ", "directory": "3f9a",
        "attempts": 1 + number % 3, "next_at": at(minutes=-4) if state == "waiting" else None,
        "last_at": at(minutes=12), "last_status": 400 if is_dead else 200,
        "cause": "answer:status=400" if is_dead else None,
        "cause_text": REFUSED_TEXT[language] if is_dead else None,
        "detail": "Cổng từ chối dữ liệu hồ sơ" if is_dead else None,
        "document_sha256": digest(str(number)), "behind": None,
        "dossier": f"000.12.40.H09-261126-{60 + number:04d}", "event_type": "RESOLVED",
        "event_id": "0c9c7a1e-0d3c-5f0e-9f5f-2b1d4c6e8f10", "source": "motcua-phucuong",
        "occurred_at": at(hours=2), "arrived_at": at(hours=2), "due_at": at(days=-2),
        "partition": 3, "offset": 18250 + number}


def groups(language):
    return [
        {"fingerprint": FINGERPRINT, "kind": "entries", "cause": CAUSE,
         "cause_text": CAUSE_TEXT[language], "partner": "motcua-phucuong",
         "adapter": "lienthong-xml", "detail": PROBLEM["detail"], "count": 1284,
         "parked_behind": 317, "oldest": at(hours=9), "newest": at(minutes=2), "overdue": 12,
         "sample": RECEIPT},
        {"fingerprint": FINGERPRINT_OUT, "kind": "deliveries", "cause": "answer:status=400",
         "cause_text": REFUSED_TEXT[language], "partner": "tinh-binhduong", "adapter": None,
         "detail": "Cổng từ chối dữ liệu hồ sơ", "count": 46, "parked_behind": 3,
         "oldest": at(days=1, hours=2), "newest": at(minutes=31), "overdue": 0,
         "sample": DELIVERY},
    ]


PARTNERS = [
    {"partner": "motcua-phucuong", "name": "Một cửa phường Phú Cường", "by": "mailbox",
     "state": "up", "in_flight": 0, "waiting": 4, "parked": 0, "dead": 0, "oldest": at(minutes=3),
     "next_probe": None, "last_answer": at(minutes=1), "cause": ""},
    {"partner": "tinh-binhduong", "name": "Hệ thống một cửa tỉnh", "by": "push", "state": "down",
     "in_flight": 1, "waiting": 218, "parked": 3, "dead": 46, "oldest": at(hours=6),
     "next_probe": at(seconds=-9), "last_answer": at(hours=1), "cause": "http:connect"},
    {"partner": "kho-hoso", "name": "Kho hồ sơ số hoá", "by": "push", "state": "paused",
     "in_flight": 0, "waiting": 51, "parked": 0, "dead": 0, "oldest": at(hours=2),
     "next_probe": None, "last_answer": at(hours=2), "cause": ""},
]
SILENT = "kho-hoso"


def status():
    return {
        "version": "1.2.0", "started": at(days=4),
        "spool": {"watermark": 912345, "unpublished": 38, "oldest_unpublished": at(seconds=2),
                  "parked": 317, "dead": 1284, "queued": 0, "stored_since_start": 88123,
                  "file_bytes": 8123456789, "free_bytes": 91234567890, "below_reserve": False,
                  "overdue": False},
        "publisher": {"state": "running", "why": "all is well", "brokers": "kafka-1:9093"},
        "subscriber": {"state": "held", "why": "position 18250 of partition 3 is gone", "lag": 12},
        "directory": {"partners": 3, "agencies": 1204}}


def flow():
    return [{"hour": at(hours=23 - i), "received": (i * 37) % 400 + 80,
             "published": (i * 37) % 400 + 74, "delivered": (i * 29) % 350 + 60,
             "refused": i % 5 * 6} for i in range(24)]


def overview(language, partners):
    shown = [{**one, "last_received": at(hours=30) if one["partner"] == SILENT else at(minutes=4),
              "silent": one["partner"] == SILENT} for one in partners]
    levels = status()
    return {
        "now": at(), "flow": flow(),
        "waiting": {"entries": {"unpublished": 38, "oldest": at(seconds=2), "parked": 317,
                                "dead": 1284},
                    "deliveries": {"waiting": 273, "parked": 3, "dead": 46}},
        "due": {"overdue": 12, "today": 40}, "partners": shown, "failures": groups(language),
        "stages": {"publisher": levels["publisher"], "subscriber": levels["subscriber"]},
        "disk": {"file_bytes": 8123456789, "free_bytes": 91234567890, "below_reserve": False},
        "proofs": {"at": at(minutes=20), "mismatches": 1, "audit_holds": True,
                   "audit_finding": None}}


def event(masked, agency):
    return {"event_id": "7d1f7a1e-0d3c-5f0e-9f5f-2b1d4c6e8f10", "event_type": "HANDED_OFF",
            "dossier_code": "000.12.40.H09-261126-0037",
            "applicant": {"kind": "1", "name": "N. T. M." if masked else "Nguyễn Thị Mẫu"},
            "handoff": {"from_agency": "000.12.40.H09", "to_agency": agency}}


def timeline(state):
    failed = {"what": "dead", "text": "Chờ người xử lý: " + PROBLEM["detail"]} if state == "dead" \
        else {"what": "failed", "text": "Bị lỗi: " + PROBLEM["detail"]}
    return [
        {"at": at(hours=3), "what": "accepted", "who": "motcua-phucuong", "status": None,
         "text": "Đã nhận từ motcua-phucuong"},
        {"at": None, "who": None, "status": None, **failed},
        {"at": at(minutes=50), "what": "unmask", "who": "user:lan", "status": None,
         "text": "đối chiếu với phường", "refused": False},
        {"at": at(minutes=40), "what": "release", "who": "user:lan", "status": None,
         "text": "thử lại", "refused": True},
    ]


def reconciled():
    days = [(datetime.datetime.now(ZONE) - datetime.timedelta(days=i)).date().isoformat()
            for i in range(2)]
    entries = [{"kind": "entries", "day": day, "partner": partner["partner"], "received": 1400,
                "published": 1180 - missing, "waiting": 2, "parked": 20, "dead": 190, "discarded": 1,
                "refused": 7, "pruned": 0, "repeated": 31, "missing": missing}
               for day in days for partner, missing in zip(PARTNERS[:2], (0, int(day == days[1])))]
    deliveries = [{"kind": "deliveries", "day": day, "partner": None, "arrived": 900, "moved": 4,
                   "delivered": 810, "waiting": 60, "parked": 3, "dead": 30, "discarded": 1,
                   "pruned": 0, "missing": 0} for day in days]
    return {"from": days[-1], "to": days[0], "mismatches": 1, "items": entries + deliveries}


def audit_items():
    rows = [("user:lan", "unmask", f"entry:{RECEIPT}", "đối chiếu với phường", "done", None),
            ("user:lan", "call", "call:POST /operate/v1/spool/prune", "", "refused",
             {"right": "administer"}),
            ("user:minh", "approve", f"entry:{RECEIPT}", "", "done", {"revision": 1}),
            ("unix:0 root", "reload", "configuration", "", "done", None),
            ("user:lan", "login", "", "", "done", None)]
    return [{"number": 412 - i, "at": at(minutes=9 * i + 1), "actor": actor,
             "address": None if actor.startswith("unix") else "10.1.2.3", "act": act,
             "object": thing, "reason": reason, "outcome": outcome, "detail": detail,
             "hash": digest(str(i))}
            for i, (actor, act, thing, reason, outcome, detail) in enumerate(rows)]
