# SPDX-License-Identifier: Apache-2.0
"""What the systems of partners do with a call: one class for each format's service, as the documents
about them tell it.  No network here, and nothing of the gateway."""
import base64
import hashlib
import json
import re
import secrets
import time
import urllib.parse
from email.parser import BytesParser
from xml.etree import ElementTree

# What a test hides in a text of an event, to know it again at the far end: [token|content].
MARK = re.compile(r"\[([A-Za-z0-9.-]+)\|([0-9a-f]*)\]")
CODE = re.compile(r"[0-9A-Z.]{3,35}-(?:[0-9]{6}|[0-9]{8})-[0-9]{4,7}")


class Call:
    """One request of a client, read whole."""

    def __init__(self, method, target, headers, body, version="1.1"):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        self.version = version

    @property
    def media_type(self):
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def parts(self):
        """The parts of a multipart body by name: (file name, media type, bytes)."""
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        found = {}
        for part in BytesParser().parsebytes(head + self.body).walk():
            name = part.get_param("name", header="content-disposition")
            if name:
                found.setdefault(name, []).append(
                    (part.get_filename(), part.get_content_type(), part.get_payload(decode=True)))
        return found


class Reply:
    """What the service says, and what it did: `outcome` is taken, exists, missing, login, denied,
    refused or malformed; only `taken` changes what the partner holds."""

    def __init__(self, status, body, outcome, headers=None, is_document=True, document=b""):
        self.status, self.outcome, self.is_document = status, outcome, is_document
        self.headers = {"Content-Type": "application/json", **(headers or {})}
        self.body = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        self.document = document


def marks_of(document):
    """(token, content) of every mark in a document's text, each once."""
    text = document.decode(errors="replace")
    return [list(pair) for pair in dict.fromkeys(MARK.findall(text))]


def dossier_of(document):
    found = CODE.search(document.decode(errors="replace"))
    return found[0] if found else None


class Service:
    """What all have: an account, and the codes of the dossiers that the partner holds."""
    user, password = "lienthong", "mat-khau-thu"

    def __init__(self):
        self.dossiers = set()
        self.tokens = {}  # a session or a bearer token, and when it ends
        self.logins = self.letters = 0
        self.life = 3600.0  # of a session or token that begins now, in seconds

    def answer(self, call):
        raise NotImplementedError

    def begin_session(self):
        self.logins += 1
        token = secrets.token_hex(16)
        self.tokens[token] = time.monotonic() + self.life
        return token

    def is_live(self, token):
        return self.tokens.get(token, 0) > time.monotonic()

    def expire(self):
        """Every session ends, as after a restart of the partner's system."""
        self.tokens.clear()


class Portal(Service):
    """The national portal: a login whose session stands in every body; 200 whatever happens."""

    def answer(self, call):
        body = call.json()
        if not isinstance(body, dict):
            return self.says("-1", "Dữ liệu không đúng định dạng", "malformed", document=call.body)
        if "username" in body:
            return self.login(body)
        if not self.is_live(body.get("session")):
            return self.says("-2", "Phiên làm việc không hợp lệ hoặc đã hết hạn", "login",
                             document=call.body)
        items = body.get("data")
        if body.get("service") not in ("DongBoHoSoMC", "CapNhatTienDoHoSoMC") or not items:
            return self.says("-1", "Dịch vụ không tồn tại", "malformed", document=call.body)
        return self.take(body, items, call.body)

    def login(self, body):
        if (body.get("username"), body.get("password")) != (self.user, self.password):
            return self.says("-1", "Sai tài khoản hoặc mật khẩu", "denied", is_document=False)
        return Reply(200, {"session": self.begin_session(), "error_code": 0}, "login-done",
                     is_document=False)

    def take(self, body, items, document):
        codes = {item.get("MaHoSo") for item in items}
        if body["service"] == "DongBoHoSoMC":
            known = codes & self.dossiers
            if body.get("isUpdating") == "False" and known:
                return self.says("3", f"Hồ sơ {min(known)} đã tồn tại", "exists", document=document)
            if body.get("isUpdating") == "True" and codes - self.dossiers:
                return self.says("2", "Hồ sơ không tồn tại", "missing", document=document)
            self.dossiers |= codes
        return self.says("0", "Đồng bộ thành công", "taken", document=document)

    @staticmethod
    def says(code, message, outcome, **more):
        return Reply(200, {"error_code": code, "message": message}, outcome, **more)


class Exchange(Service):
    """The document exchange: a multipart post with the account in two headers."""

    def answer(self, call):
        given = (call.headers.get("x-systemid"), call.headers.get("x-secretkey"))
        document = self.document_of(call)
        if given != (self.user, self.password):
            return Reply(401, {"status": "FAIL", "ErrorCode": "15",
                               "message": "Unauthorized"}, "denied",
                         document=document)
        try:
            root = ElementTree.fromstring(document)
        except ElementTree.ParseError:
            return Reply(200, {"status": "FAIL", "ErrorCode": "10",
                               "message": "edocFile is malformed"}, "malformed", document=document)
        if not root.tag.endswith("}edXML"):
            return Reply(200, {"status": "FAIL", "ErrorCode": "22",
                               "message": "edocFile is no edXML"}, "malformed", document=document)
        self.letters += 1
        return Reply(200, {"status": "OK", "ErrorCode": "0", "docId": str(self.letters)}, "taken",
                     document=document)

    @staticmethod
    def document_of(call):
        if call.media_type != "multipart/form-data":
            return call.body
        for content in call.parts().get("edocFile", []):
            return content[2]
        return b""


class Native(Service):
    """A system that speaks the gateway's own format: 202, or 422 for what is no such document."""

    def answer(self, call):
        try:
            root = ElementTree.fromstring(call.body)
        except ElementTree.ParseError:
            root = None
        if root is None or root.tag != "{urn:x-lienthong:handoff:1}HandoffMessage":
            return Reply(422, {"title": "no HandoffMessage"}, "malformed", document=call.body)
        return Reply(202, {"status": "accepted"}, "taken", document=call.body)


class Ministry(Service):
    """The API of 2026: a bearer token by client credentials, answers with a code of their own."""

    def answer(self, call):
        if call.media_type == "application/x-www-form-urlencoded" or "grant_type" in (call.json() or {}):
            return self.token(call)
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self.is_live(token):
            return Reply(401, {"code": 401, "message": "token không hợp lệ", "data": None}, "login",
                         document=call.body)
        if not isinstance(call.json(), (dict, list)):
            return Reply(400, {"code": 400, "message": "thiếu trường bắt buộc", "data": None},
                         "malformed", document=call.body)
        return Reply(200, {"code": 200, "message": "Thành công", "data": {"idHoSo": "1"}}, "taken",
                     document=call.body)

    def token(self, call):
        form = call.json() or dict(urllib.parse.parse_qsl(call.body.decode(errors="replace")))
        given = (form.get("client_id"), form.get("client_secret"))
        basic = call.headers.get("authorization", "")
        if basic.startswith("Basic "):
            given = tuple(map(urllib.parse.unquote,
                              base64.b64decode(basic[6:]).decode().partition(":")[::2]))
        if given != (self.user, self.password):
            return Reply(401, {"error": "invalid_client"}, "denied", is_document=False)
        return Reply(200, {"access_token": self.begin_session(), "token_type": "Bearer",
                           "expires_in": int(self.life)}, "login-done", is_document=False)


SERVICES = {"lienthong-xml": Native, "dvcqg-json": Portal, "edxml": Exchange, "dvc2026-json": Ministry}

# An answer that carries an error within its 200 (or what the format has for it): one that calls for
# another try, and one that says that the document will never be taken.
ERRORS = {
    "lienthong-xml": ((503, {"title": "busy"}), (422, {"title": "refused"})),
    "dvcqg-json": ((200, {"error_code": "99", "message": "Hệ thống bận, vui lòng thử lại sau"}),
                   (200, {"error_code": "5", "message": "Mã thủ tục hành chính không hợp lệ"})),
    "edxml": ((200, {"status": "FAIL", "ErrorCode": "20", "message": "LGSP error"}),
              (200, {"status": "FAIL", "ErrorCode": "22", "message": "edXML is malformed"})),
    "dvc2026-json": ((502, {"code": 502, "message": "upstream down", "data": None}),
                     (400, {"code": 400, "message": "thiếu trường bắt buộc", "data": None})),
}


def digest(content):
    return hashlib.sha256(content).hexdigest()
