# SPDX-License-Identifier: Apache-2.0
"""A partner's system in another process (harness/partner_server.py, or partner_http2.py): its life,
its mood, and what it wrote down."""
import http.client
import json
import pathlib
import subprocess
import sys
import time

from harness.partner_services import Service
from harness.patience import SLOWER, give_up_at
from harness.services import free_port

PROGRAM = pathlib.Path(__file__).with_name("partner_server.py")
HTTP2_PROGRAM = pathlib.Path(__file__).with_name("partner_http2.py")


class Request:
    """One request as the partner saw it, with what became of its answer."""

    def __init__(self, line, place):
        self.number, self.connection, self.at = line["no"], line["connection"], line["at"]
        self.key, self.dossier = line["key"], line["dossier"]
        self.marks = [tuple(mark) for mark in line["marks"]]
        self.behaviour, self.outcome = line["behaviour"], line["outcome"]
        self.is_document, self.updating = line["is_document"], line["updating"]
        self.headers, self.target, self.method = line["headers"], line["target"], line["method"]
        self.size, self.sha256, self.version = line["size"], line["sha256"], line["version"]
        self.place = place  # in the partner's log
        self.ended_at = self.ended_place = None
        self.fate = "broken"  # a partner that died before it answered broke the connection

    def end(self, line, place):
        self.fate = line["fate"]
        self.ended_at, self.ended_place = line["at"], place

    @property
    def is_taken(self):
        return self.outcome == "taken"

    def __repr__(self):
        return f"<{self.number} {self.dossier} {self.key} {self.outcome} {self.fate}>"


class Notes:
    """Reads what the partner has written so far; again and again, each line once."""

    def __init__(self, path):
        self.path, self.offset, self.place = path, 0, 0
        self.requests, self.by_number, self.connections = [], {}, []
        self.taken_keys = set()

    def read(self):
        if not self.path.exists():
            return self
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            content = file.read()
        whole = content[:content.rfind(b"\n") + 1]
        self.offset += len(whole)
        for line in whole.splitlines():
            self.place += 1
            self.take(json.loads(line))
        return self

    def take(self, line):
        if line["event"] == "request":
            request = self.by_number[line["no"]] = Request(line, self.place)
            self.requests.append(request)
            if request.is_taken:
                self.taken_keys.add(request.key)
        elif line["event"] == "end":
            self.by_number[line["no"]].end(line, self.place)
        elif line["event"] == "connected":
            self.connections.append(line)


class Partner:
    """One partner's server.  `row()` is what partners.yaml says of it.  `http2`: it is the one of
    partner_http2.py, with these arguments of its own."""

    started = []  # every process, so that none outlives the test that failed around it

    def __init__(self, folder, id_, adapter, *, agencies=(), deliver=None, certificate=None,
                 client_ca=None, host="127.0.0.1", keep=False, seed="0", row=None, http2=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.id, self.adapter, self.agencies = id_, adapter, list(agencies)
        self.host, self.port, self.control_port = host, free_port(), free_port()
        self.certificate, self.client_ca, self.keep, self.seed = certificate, client_ca, keep, seed
        self.deliver, self.extra, self.http2 = deliver or {}, row or {}, http2
        self.process, self.control = None, None
        self.notes = Notes(self.folder / "requests.jsonl")
        self.password = self.folder / "password"
        self.password.write_text(Service.password)
        self.password.chmod(0o600)

    @property
    def url(self):
        return f"{'https' if self.certificate else 'http'}://{self.host}:{self.port}"

    def row(self):
        deliver = {"by": "push", "adapter": self.adapter, "url": self.url, "user": Service.user,
                   "password_file": str(self.password), "timeout_ms": 3000 * SLOWER, **self.deliver}
        if self.adapter == "dvcqg-json":
            unit = (self.agencies or ["000.00.00.H09"])[0]
            deliver["given"] = [f"madonvi={unit}", "query=?dstcode=VN:GOV:thu"]
        return {"id": self.id, "name": self.id, "agencies": self.agencies,
                "adapters": [self.adapter], "deliver": deliver, **self.extra}

    # Its life.

    def start(self, *behaviours):
        assert self.process is None, "it runs already"
        program = PROGRAM if self.http2 is None else HTTP2_PROGRAM
        words = [sys.executable, program, *(self.http2 or []), "--folder", self.folder, "--adapter", self.adapter,
                 "--port", str(self.port), "--control", str(self.control_port), "--seed", self.seed]
        words += ["--certificate", self.certificate] if self.certificate else []
        words += ["--client-ca", self.client_ca] if self.client_ca else []
        words += ["--keep"] if self.keep else []
        words += ["--behave", json.dumps(behaviours)] if behaviours else []
        with open(self.folder / "errors", "ab") as errors:
            self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=errors)
        Partner.started.append(self.process)
        assert self.process.stdout.readline() == b"ready\n", self.errors()
        return self

    def errors(self):
        return (self.folder / "errors").read_text(errors="replace")[-2000:]

    def kill(self):
        """Connections are refused from now on; what it wrote down stays."""
        process, self.process = self.process, None
        if self.control:
            self.control.close()
            self.control = None
        if process is not None:
            process.kill()
            process.wait()
            process.stdout.close()

    # Its mood.

    def call(self, method, path, body=None):
        if self.control is None:
            self.control = http.client.HTTPConnection("127.0.0.1", self.control_port, timeout=10)
        self.control.request(method, path, json.dumps(body).encode())
        return json.loads(self.control.getresponse().read())

    def behave(self, *behaviours):
        """As partner_server.Behaviours takes them: {"kind", "share", "times", "seconds_long", ...};
        none: well."""
        return self.call("PUT", "/behaviours", list(behaviours))

    def expire(self):
        return self.call("POST", "/expire")

    def state(self):
        return self.call("GET", "/state")

    # What it saw.

    def requests(self):
        """Of documents, in the order of their arrival; logins and the like are left out."""
        return [one for one in self.notes.read().requests if one.is_document]

    def taken(self):
        return [one for one in self.requests() if one.is_taken]

    def document(self, request):
        return (self.folder / "documents" / f"{request.number:06d}").read_bytes()

    def wait_for(self, condition, timeout=30, what="it"):
        """Until `condition(requests)` holds; the requests."""
        deadline = give_up_at(timeout)
        while True:
            seen = self.requests()
            if condition(seen):
                return seen
            assert time.monotonic() < deadline, \
                f"{self.id}: {what} did not come in {timeout} s; last of {len(seen)}: {seen[-3:]}"
            time.sleep(0.02)

    def wait_taken(self, keys, timeout=30):
        """Until it has taken all these events."""
        keys, deadline = set(keys), give_up_at(timeout)
        while not keys <= self.notes.read().taken_keys:
            missing = keys - self.notes.taken_keys
            assert time.monotonic() < deadline, \
                f"{self.id}: {len(missing)} of {len(keys)} events did not come in {timeout} s"
            time.sleep(0.05)
