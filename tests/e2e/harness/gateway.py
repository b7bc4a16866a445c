# SPDX-License-Identifier: Apache-2.0
"""The daemon under test: its folder, its life, and the calls that a partner makes."""
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import secrets
import signal
import subprocess
import time

import yaml

from harness.patience import PATIENCE, SLOWER, VALGRIND, give_up_at
from harness.services import ROOT, free_port

VARIANT = os.environ.get("VARIANT", "release")
BUILD = ROOT / "build" / VARIANT
SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:")
XML, JSON = "application/xml", "application/json"

# Who may send in the tests.  The keys are made anew for every folder.
PARTNERS = [
    {"id": "motcua-phucuong", "name": "Một cửa phường Phú Cường", "agencies": ["000.12.40.H09"],
     "adapters": ["lienthong-xml", "edxml"]},
    {"id": "motcua-thudaumot", "name": "Một cửa thành phố Thủ Dầu Một",
     "agencies": ["000.00.40.H09"], "adapters": ["lienthong-xml", "edxml"]},
    {"id": "tinh-binhduong", "name": "Trung tâm hành chính công Bình Dương",
     "agencies": ["000.00.00.H09"], "adapters": ["dvcqg-json", "lienthong-xml", "edxml"]},
]


class Plain(yaml.SafeDumper):
    """Writes every value out: the gateway reads no aliases."""

    def ignore_aliases(self, data):
        return True


class Answer:
    """What came back for one call."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def receipts(self):
        return self.json()["receipts"]

    def problems(self):
        return self.json().get("problems", [])

    def __repr__(self):
        return f"<{self.status} {self.body[:600].decode(errors='replace')}>"


def merge(base, changes):
    """`base` with `changes` laid over it, group by group; None takes a key away."""
    merged = dict(base)
    for name, value in changes.items():
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, dict):
            merged[name] = merge(merged.get(name, {}), value)
        else:
            merged[name] = value
    return merged


class Gateway:
    """One daemon in a folder of its own."""

    started = []  # every process, so that none outlives the tests that failed around it

    def __init__(self, folder, *, brokers=None, registry=None, config=None, partners=None,
                 variant_folder=BUILD):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.build = pathlib.Path(variant_folder)
        self.port = free_port()
        self.process = None
        self.environment = {}  # what the daemon gets besides ours
        self.pepper = secrets.token_bytes(32)
        self.keys = {}
        self.log_path = self.folder / "log"
        self.config_path = self.folder / "lienthong.yaml"
        self._write(self.folder / "pepper", self.pepper.hex().encode())
        self.pepper = self.pepper.hex().encode()
        self.write_partners(PARTNERS if partners is None else partners)
        self.settings = merge(self._settings(brokers, registry), config or {})
        self.write_config()

    def _settings(self, brokers, registry):
        settings = {
            "http": {"listen": f"127.0.0.1:{self.port}"},
            "admin": {"socket": str(self.folder / "admin.sock")},
            "spool": {"file": str(self.folder / "spool.db")},
            "directory": {"agencies": str(ROOT / "deploy" / "agencies.csv"),
                          "partners": str(self.folder / "partners.yaml"),
                          "pepper_file": str(self.folder / "pepper")},
            "adapters": {"folder": str(ROOT / "adapters")},
            "schemas": {"folder": str(ROOT / "schemas")},
            "kafka": {"gateway_id": f"test-{secrets.token_hex(4)}",
                      "topic_prefix": f"t{secrets.token_hex(4)}."},
        }
        if brokers:
            settings["kafka"]["brokers"] = brokers
        if registry:
            settings["registry"] = {"url": registry}
        return settings

    def topic(self, name="dossier-events"):
        return self.settings["kafka"]["topic_prefix"] + name

    @staticmethod
    def _write(path, content):
        path.write_bytes(content)
        path.chmod(0o600)

    def write_config(self, **changes):
        self.settings = merge(self.settings, changes)
        self.config_path.write_text(yaml.safe_dump(self.settings, allow_unicode=True))

    def write_partners(self, partners):
        """partners.yaml, each with a key of its own; a partner keeps its key when written again."""
        rows = []
        for partner in partners:
            key = self.keys.setdefault(partner["id"], secrets.token_urlsafe(32))
            digest = hmac.new(self.pepper, key.encode(), hashlib.sha256).hexdigest()
            rows.append({**partner, "keys": [{"hash": digest}]})
        (self.folder / "partners.yaml").write_text(
            yaml.dump({"partners": rows}, Dumper=Plain, allow_unicode=True))

    # Its life.

    def command(self):
        return [*self._watcher(), self.build / "lienthongd", "--config", self.config_path]

    def _watcher(self):
        if not VALGRIND:
            return []
        return ["valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full",
                "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite",
                "--num-callers=30", "--fair-sched=yes", "--gen-suppressions=all",
                f"--suppressions={ROOT / 'tests' / 'valgrind.supp'}",
                f"--log-file={self.folder / 'valgrind.%p'}"]

    def start(self, wait=True, timeout=60):
        assert self.process is None, "it runs already"
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                self.command(), stderr=log, stdout=log, stdin=subprocess.DEVNULL, cwd=ROOT,
                env={**os.environ, **self.environment})
        Gateway.started.append(self.process)
        if wait:
            self.wait_for("/healthz", timeout)
        return self

    def wait_for(self, path, timeout=60):
        """Waits until the call answers 200; a daemon that ends instead is an error with its log."""
        deadline = give_up_at(timeout)
        last = None
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the daemon ended with {self.process.returncode}:\n"
                                   + self.log()[-3000:])
            try:
                last = self.call("GET", path, timeout=2)
                if last.status == 200:
                    return last
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.02)
        raise TimeoutError(f"{path} is not 200 after {timeout} s: {last}\n" + self.log()[-3000:])

    def stop(self, timeout=60):
        """A clean stop: SIGTERM, exit 0, and no sanitizer had anything to say."""
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        status = process.wait(timeout * SLOWER)
        self.assert_no_valgrind_report()
        assert status == 0, f"exit {status} after SIGTERM:\n{self.log()[-3000:]}"
        self.assert_no_sanitizer_report()

    def kill(self):
        """kill -9, at once."""
        process, self.process = self.process, None
        process.kill()
        process.wait()
        self.assert_no_valgrind_report()
        self.assert_no_sanitizer_report()

    def end(self):
        """For the end of a test, whatever its state."""
        if self.process is not None and self.process.poll() is None:
            self.stop()
        self.process = None

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def wait_for_log(self, text, timeout=20):
        deadline = give_up_at(timeout)
        while text not in self.log():
            assert time.monotonic() < deadline, f"no {text!r} in the log:\n{self.log()[-2000:]}"
            time.sleep(0.05)

    def assert_no_valgrind_report(self):
        """Lines between == are findings; others say which system calls valgrind does not know."""
        for report in self.folder.glob("valgrind.*"):
            text = report.read_text(errors="replace")
            assert not re.search(r"^==\d+==", text, re.M), text[:8000]

    def assert_no_sanitizer_report(self):
        found = SANITIZER.search(self.log())
        assert not found, self.log()[max(found.start() - 200, 0):found.start() + 4000]

    def rss_kib(self):
        return self._status_of("VmRSS")

    def peak_kib(self):
        return self._status_of("VmHWM")

    def _status_of(self, name):
        text = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{name}:\s+(\d+) kB", text, re.M)[1])

    def forget_peak(self):
        pathlib.Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    # What partners and operators call.

    def call(self, method, path, body=None, headers=None, timeout=30):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout * PATIENCE)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def authorised(self, partner, headers=None):
        return {"Authorization": f"Bearer {self.keys[partner]}", **(headers or {})}

    def post(self, body, media_type=XML, partner="motcua-phucuong", headers=None, timeout=30):
        given = self.authorised(partner, {"Content-Type": media_type, **(headers or {})})
        return self.call("POST", "/v1/handoffs", body, given, timeout)

    def get(self, path, partner="motcua-phucuong", headers=None):
        return self.call("GET", path, None, self.authorised(partner, headers))

    def accept(self, body, media_type=XML, partner="motcua-phucuong"):
        """Posts what must be accepted as new; its receipts."""
        answer = self.post(body, media_type, partner)
        assert answer.status == 202, answer
        return answer.receipts()

    def wait_published(self, receipt, partner="motcua-phucuong", timeout=30):
        """What the status call says once the handoff is on Kafka."""
        deadline = give_up_at(timeout)
        while True:
            answer = self.get(f"/v1/handoffs/{receipt}", partner)
            assert answer.status == 200, answer
            if answer.json()["state"] == "published":
                return answer.json()
            assert time.monotonic() < deadline, f"not published in {timeout} s: {answer}"
            time.sleep(0.05)

    def metric(self, name):
        """The sum of a metric over its labels."""
        pattern = re.compile(rf"^{name}(?:{{[^}}]*}})? (\S+)$", re.M)
        return sum(map(float, pattern.findall(self.call("GET", "/metrics").body.decode())))

    def run(self, *arguments, check=True, timeout=60, text=True):
        """The command line, with the daemon's configuration."""
        environment = {**os.environ, "LIENTHONG_CONFIG": str(self.config_path)}
        done = subprocess.run([self.build / "lienthong", *arguments], env=environment, cwd=ROOT,
                              capture_output=True, text=text, timeout=timeout, check=False)
        if check:
            assert done.returncode == 0, f"{arguments}: {done.returncode}: {done.stderr}"
        return done
