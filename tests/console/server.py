#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The console without a gateway: serves its files and canned answers.

    tests/console/server.py [PORT]      then http://127.0.0.1:PORT/, as lan or minh, password "mau"

It remembers revisions, jobs and who is signed in until it ends."""
import copy
import http.server
import json
import pathlib
import re
import sys
import threading
import urllib.parse

import answers

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ASSETS = ROOT / "gateway" / "operate" / "console"
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; "
                               "frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
ALL = ["view", "content", "repair", "approve", "administer"]
USERS = {"lan": ("Trần Thị Lan", ALL), "minh": ("Lê Văn Minh", ALL),
         "xem": ("Phạm Chỉ Xem", ["view"])}
PASSWORD = "mau"
EVIL = "<img src=x onerror=\"window.hacked=1\">'\"><script>window.hacked=1</script>"
# What the pages' own logic stands on; everything else may be anything.
STRUCTURE = {"rights", "csrf", "kind", "state"}


class Refused(Exception):
    def __init__(self, status, code, vi, en, detail=None):
        super().__init__(code)
        self.status, self.code, self.titles, self.detail = status, code, (vi, en), detail


def find(what):
    return Refused(404, "unknown", "Không có", "There is none", what)


def spoil(value, name="", spared=STRUCTURE):
    """The same answer, had somebody put markup into every text of it."""
    if name in spared:
        return value
    if isinstance(value, dict):
        return {key: spoil(one, key, spared) for key, one in value.items()}
    if isinstance(value, list):
        return [spoil(one, name, spared) for one in value]
    return EVIL if isinstance(value, str) else value


class World:
    """All that the pages show, and what was done to it."""

    def __init__(self, spoiled=None):
        self.spoiled = spoiled  # the names whose texts are spared; None: nothing is spoiled
        self.lock = threading.Lock()
        self.partners = copy.deepcopy(answers.PARTNERS)
        self.revisions, self.jobs, self.filters = [], {}, {}
        self.state, self.unmasked = "dead", set()
        self.routed = {}  # by delivery, what was asked
        self.calls = []  # (method, path, headers) as they came
        self.version = 1  # of the overview
        self.is_signed_out = False

    # ---- lists

    def overview(self, call):
        shown = answers.overview(call.language, self.partners)
        shown["due"]["today"] += self.version - 1
        return shown

    def failures(self, call):
        return page(answers.groups(call.language))

    def members(self, call, fingerprint):
        make = answers.delivery if fingerprint == answers.FINGERPRINT_OUT else answers.entry
        return paged(call, [make(i, call.language) for i in range(8)], 5)

    def entries(self, call):
        states = ["dead", "parked", "published", "accepted", "discarded"]
        found = [answers.entry(i, call.language, states[i % 5] if i else self.state)
                 for i in range(12)]
        for name, member in (("state", "state"), ("dossier", "dossier"), ("receipt", "receipt")):
            wanted = call.query.get(name)
            found = [one for one in found if not wanted or one[member] == wanted]
        return paged(call, found, 7)

    def deliveries(self, call):
        states = ["dead", "waiting", "delivered"]
        found = [answers.delivery(i, call.language, states[i % 3]) for i in range(6)]
        wanted = call.query.get("state")
        return page([one for one in found if not wanted or one["state"] == wanted])

    def delivery(self, call, name):
        return {**answers.delivery(0, call.language), "delivery": name, "trail": [
            {"at": answers.at(hours=2), "kind": "attempt", "status": 503, "text": "http:status=503",
             "cause_text": None},
            {"at": answers.at(minutes=12), "kind": "attempt", "status": 400,
             "text": "answer:status=400", "cause_text": answers.REFUSED_TEXT[call.language]}]}

    def route(self, call, name):
        need_reason(call)
        self.routed[name] = call.body
        return {"delivery": name}

    # ---- one entry

    def story(self, call, receipt):
        facts = answers.entry(0, call.language, self.state)
        if self.state == "released":
            facts.update(state="published", released=True)
        facts.update(receipt=receipt, partner_name="Một cửa phường Phú Cường",
                     is_published=self.state == "released", has_event=self.state == "released",
                     published=None, document_sha256=answers.digest(answers.ORIGINAL))
        return {"facts": facts, "timeline": answers.timeline(self.state),
                "problems": [answers.PROBLEM] if self.state == "dead" else [], "would_pass": False,
                "revisions": self.revisions, "needs_approval": True,
                "masked": receipt not in self.unmasked,
                "deliveries": [{**answers.delivery(0, call.language), "id": answers.DELIVERY,
                                "trail": [{"at": answers.at(minutes=12), "what": "attempt",
                                           "status": 400, "text": "answer:status=400"}]}]}

    def document(self, call, receipt):
        what = call.query.get("what", "original")
        masked = receipt not in self.unmasked
        text = answers.MASKED if masked else answers.ORIGINAL
        if what.startswith("revision:"):
            text = self.revisions[int(what.split(":")[1]) - 1]["text"]
        if what.startswith("delivery:"):
            return {"media_type": "application/json", "masked": masked, "lines": [], "same": True,
                    "text": json.dumps({"data": [answers.event(masked, "H09")]}, indent=2,
                                       ensure_ascii=False)}
        return {"media_type": "application/xml", "text": text, "masked": masked, "cut": False,
                "lines": [{"line": 12, "problem": answers.PROBLEM["detail"]}]
                if answers.BAD_AGENCY + "</AgencyCode>" in text else []}

    def unmask(self, call, receipt):
        need_reason(call)
        self.unmasked.add(receipt)
        return {"until": answers.at(minutes=-10)}

    def judged(self, text):
        is_bad = answers.BAD_AGENCY + "</AgencyCode>" in text
        found = re.search(r"<To><AgencyCode>([^<]*)", text)
        agency = found.group(1) if found else None
        return {"good": not is_bad, "silent": False, "masked": False, "needs_approval": True,
                "problems": [answers.PROBLEM] if is_bad else [],
                "event": None if is_bad else answers.event(False, agency),
                "diff": [] if is_bad else [{"path": "/handoff/to_agency", "before": None,
                                            "after": agency}]}

    def validate(self, call, _):
        return self.judged(call.body["document"])

    def propose(self, call, _):
        need_reason(call)
        text = call.body["document"]
        self.revisions.append({"no": len(self.revisions) + 1, "at": answers.at(),
                               "author": f"user:{call.user}", "reason": call.body["reason"],
                               "approver": None, "approved_at": None, "state": "proposed",
                               "sha256": answers.digest(text), "text": text})
        return {**self.judged(text), **self.revisions[-1]}

    def find_revision(self, no):
        if not 1 <= int(no) <= len(self.revisions):
            raise find(f"revision {no}")
        return self.revisions[int(no) - 1]

    def revision(self, _, __, no):
        one = self.find_revision(no)
        return {**self.judged(one["text"]), **one}

    def judge_revision(self, call, _, no, word):
        one = self.find_revision(no)
        if word in ("approve", "apply") and call.body.get("sha256") != one["sha256"]:
            raise Refused(409, "refused", "Không thực hiện được", "It could not be done",
                          "the hash is another")
        if word == "approve" and one["author"] == f"user:{call.user}":
            raise Refused(409, "refused", "Không thực hiện được", "It could not be done",
                          "the approver is the author")
        if word == "approve":
            one.update(state="approved", approver=f"user:{call.user}", approved_at=answers.at())
        elif word == "withdraw":
            one.update(state="withdrawn")
        else:
            one.update(state="applied")
            self.state = "released"
        return {"done": word}

    def settle(self, call, _, word):
        need_reason(call)
        self.state = {"release": "released", "discard": "discarded"}[word]
        return {"done": word}

    # ---- jobs

    def make_job(self, call):
        need_reason(call)
        number = len(self.jobs) + 1
        self.jobs[number] = {
            "job": number, "state": "previewed", "kind": call.body["kind"],
            **{way: call.body[way] for way in ("filter", "group", "selection") if way in call.body},
            "options": call.body["options"], "author": f"user:{call.user}",
            "reason": call.body["reason"], "made_at": answers.at(), "started_at": None,
            "ended_at": None, "collected": None, "total": 1284, "approved_by": None,
            "needs_approval": "rule" in call.body["options"], "why": None, "report": None,
            "counts": {"would_pass": 1200, "would_fail": 60, "stale": 24, "done": 0, "failed": 0,
                       "skipped": 0},
            "preview": {"items": 1284, "oldest": answers.at(hours=9), "would_pass": 1200,
                        "still_fail": 58, "newly_fail": 2, "stale": 24, "causes": [
                            {"cause": answers.CAUSE, "count": 58, "newly": 0,
                             "cause_text": answers.CAUSE_TEXT["vi"]},
                            {"cause": "missing /Dossier/DossierCode", "count": 2, "newly": 2,
                             "cause_text": "Thiếu giá trị bắt buộc."}]}}
        return self.jobs[number]

    def find_job(self, number):
        if int(number) not in self.jobs:
            raise find(f"job {number}")
        return self.jobs[int(number)]

    def list_jobs(self, _):
        return page(list(self.jobs.values())[::-1])

    def job(self, _, number):
        one = self.find_job(number)
        if one["state"] == "running":  # each look finds it further
            step = min(400, one["counts"]["would_pass"])
            one["counts"]["would_pass"] -= step
            one["counts"]["done"] += step
            if not one["counts"]["would_pass"]:
                one.update(state="done", ended_at=answers.at(), report={
                    **one["counts"], "causes": one["preview"]["causes"]})
        return one

    def job_items(self, call, _):
        wanted = call.query.get("state")
        states = ["would_pass", "would_fail", "stale"]
        return page([{"receipt": f"{i + 1}-77c0de00a1b2c3{i:02d}",
                      "state": states[i % 3], "due_at": answers.at(days=-i), "newly": i == 4,
                      "cause": answers.CAUSE if i % 3 == 1 else None,
                      "cause_text": answers.CAUSE_TEXT[call.language] if i % 3 == 1 else None}
                     for i in range(6) if wanted in (None, states[i % 3])])

    def act_job(self, call, number, word):
        one = self.find_job(number)
        if word == "cancel":
            need_reason(call)
        if word == "run" and one["needs_approval"] and not one["approved_by"]:
            raise Refused(409, "refused", "Không thực hiện được", "It could not be done",
                          "another person has to approve its rule first")
        if word == "approve":
            one["approved_by"] = f"user:{call.user}"
            return one
        states = {"run": "running", "pause": "paused", "resume": "running", "cancel": "cancelled"}
        one["state"] = states[word]
        return one

    # ---- the rest

    def act_partner(self, call, name, word):
        one = next(one for one in self.partners if one["partner"] == name or self.spoiled is not None)
        if word == "test":
            return {"reached": False, "status": 0, "why": "connection refused"}
        need_reason(call)
        one["state"] = "paused" if word == "pause" else "up"
        return {"partner": name}

    def list_filters(self, _):
        return page([{"name": name, "filter": one} for name, one in self.filters.items()])

    def save_filter(self, call):
        if call.body["filter"] is None:
            self.filters.pop(call.body["name"], None)
        else:
            self.filters[call.body["name"]] = call.body["filter"]
        return {"name": call.body["name"]}


def page(items):
    return {"items": items, "next": None}


def paged(call, items, size):
    after = int(call.query.get("after", "0"))
    more = after + size < len(items)
    return {"items": items[after:after + size], "next": after + size if more else None}


def need_reason(call):
    if not call.body.get("reason"):
        raise Refused(400, "bad-request", "Yêu cầu không hợp lệ", "The request is not valid",
                      "reason: 1 to 500 characters")


ROUTES = [
    ("GET", "failures", World.failures),
    ("GET", "failures/([^/]+)/items", World.members), ("GET", "entries", World.entries),
    ("GET", "entries/([^/]+)", World.story), ("GET", "entries/([^/]+)/document", World.document),
    ("POST", "entries/([^/]+)/unmask", World.unmask),
    ("POST", "entries/([^/]+)/validate", World.validate),
    ("POST", "entries/([^/]+)/revisions", World.propose),
    ("GET", "entries/([^/]+)/revisions/([^/]+)", World.revision),
    ("POST", "entries/([^/]+)/revisions/([^/]+)/(approve|apply|withdraw)", World.judge_revision),
    ("POST", "entries/([^/]+)/(release|discard)", World.settle),
    ("GET", "deliveries", World.deliveries), ("GET", "deliveries/([^/]+)", World.delivery),
    ("POST", "deliveries/([^/]+)/(?:retry|discard)", lambda world, call, name: {}),
    ("POST", "deliveries/([^/]+)/route", World.route),
    ("GET", "jobs", World.list_jobs), ("POST", "jobs", World.make_job),
    ("GET", "jobs/([^/]+)", World.job), ("GET", "jobs/([^/]+)/items", World.job_items),
    ("POST", "jobs/([^/]+)/(run|pause|resume|cancel|approve)", World.act_job),
    ("GET", "partners", lambda world, call: world.partners),
    ("POST", "partners/([^/]+)/(pause|resume|test)", World.act_partner),
    ("GET", "status", lambda world, call: answers.status()),
    ("POST", "(?:publisher|subscriber)/resume", lambda world, call: {}),
    ("POST", "(?:directory/reload|spool/prune)", lambda world, call: {}),
    ("GET", "filters", World.list_filters), ("POST", "filters", World.save_filter),
    ("GET", "audit", lambda world, call: page(answers.audit_items())),
    ("GET", "audit/verify", lambda world, call: {"holds": True, "entries": 412}),
    ("GET", "reconcile", lambda world, call: answers.reconciled()),
]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    user, body, query, language = None, {}, {}, "en"

    def log_message(self, *_):
        pass

    def answer(self, status, text, media_type, headers=()):
        content = text if isinstance(text, bytes) else text.encode()
        self.send_response(status)
        for name, value in [*HEADERS.items(), *headers]:
            self.send_header(name, value)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def answer_json(self, value, headers=()):
        world = self.server.world
        if world.spoiled is not None:
            value = spoil(value, spared=world.spoiled)
        self.answer(200, json.dumps(value), "application/json", headers)

    def refuse(self, problem):
        self.answer(problem.status, json.dumps({
            "title": problem.titles[self.language == "en"], "status": problem.status,
            "code": problem.code, "detail": problem.detail}), "application/problem+json")

    def serve_asset(self, path):
        name = "index.html" if path == "/" else path.removeprefix("/console/")
        file = ASSETS / name
        if "/" in name or not file.is_file():
            self.refuse(find(path))
            return
        self.answer(200, file.read_bytes(), TYPES[file.suffix])

    def read(self):
        parts = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(parts.query))
        self.language = self.headers.get("Accept-Language", "en")[:2]
        size = int(self.headers.get("Content-Length") or 0)
        self.body = json.loads(self.rfile.read(size)) if size else {}
        cookie = re.search(r"lt_session=(\w+)", self.headers.get("Cookie", ""))
        self.user = cookie.group(1) if cookie and not self.server.world.is_signed_out else None
        return parts.path

    def me(self):
        title, rights = USERS[self.user]
        return {"user": f"user:{self.user}", "title": title, "rights": rights, "csrf": "c" * 8}

    def sign_in(self):
        name = self.body.get("user")
        if name not in USERS or self.body.get("password") != PASSWORD:
            raise Refused(401, "wrong-password", "Tên đăng nhập hoặc mật khẩu không đúng",
                          "The user name or the password is wrong")
        self.server.world.is_signed_out = False
        self.user = name
        self.answer_json(self.me(),
                         [("Set-Cookie", f"lt_session={name}; HttpOnly; SameSite=Strict; Path=/")])

    def call(self, path):
        if path == "login" and self.command == "POST":
            self.sign_in()
            return
        if path == "login":
            self.answer_json({"password": True, "oidc": self.server.world.spoiled is None})
            return
        if not self.user:
            raise Refused(401, "unknown-operator", "Chưa đăng nhập hoặc phiên đã hết",
                          "Not signed in, or no longer")
        if self.command == "POST" and self.headers.get("X-Csrf-Token") != "c" * 8:
            raise Refused(403, "no-token", "Thiếu mã chống giả mạo", "The token is missing")
        if path == "me":
            self.answer_json(self.me())
        elif path == "logout":
            self.answer(200, "{}", "application/json",
                        [("Set-Cookie", "lt_session=; Path=/; Max-Age=0")])
        elif path == "overview":
            self.show_overview()
        elif path == "reconcile" and "text/csv" in self.headers.get("Accept", ""):
            self.answer(200, "kind,day\r\n", "text/csv; charset=utf-8")
        elif path == "audit/export":
            self.answer(200, "{}\n", "application/jsonl",
                        [("Content-Disposition", "attachment; filename=audit.jsonl")])
        else:
            self.dispatch(path)

    def show_overview(self):
        world = self.server.world
        etag = f'"{world.version}"'
        if self.headers.get("If-None-Match") == etag:
            self.answer(304, "", "application/json", [("ETag", etag)])
        else:
            self.answer_json(world.overview(self), [("ETag", etag)])

    def dispatch(self, path):
        for method, pattern, work in ROUTES:
            found = re.fullmatch(pattern, path)
            if found and method == self.command:
                segments = [urllib.parse.unquote(one) for one in found.groups()]
                with self.server.world.lock:
                    value = work(self.server.world, self, *segments)
                self.answer_json(value)
                return
        raise find(path)

    def do_GET(self):
        path = self.read()
        self.server.world.calls.append((self.command, self.path, dict(self.headers)))
        try:
            if path.startswith("/operate/v1/"):
                self.call(path.removeprefix("/operate/v1/"))
            else:
                self.serve_asset(path)
        except Refused as problem:
            self.refuse(problem)

    do_POST = do_GET


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, world, port=0):
        super().__init__(("127.0.0.1", port), Handler)
        self.world = world
        self.url = f"http://127.0.0.1:{self.server_port}"


if __name__ == "__main__":
    server = Server(World(), int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    print(server.url, flush=True)
    server.serve_forever()
