# SPDX-License-Identifier: Apache-2.0
"""What the daemon goes through while it is recorded: partners hand off, repeat themselves, contradict
themselves and bring files; people end what failed and prune; the process is stopped, and killed.
Of an even seed the spool and the files are sealed, and people shred dossiers too.

What each answer promises is kept beside the log, by the client's port and the count of answers on
it: the recorder writes the same down before an answer leaves."""
import base64
import collections
import datetime
import hashlib
import http.client
import json
import os
import pathlib
import random
import re
import struct
import threading
import time

from harness import documents
from harness.gateway import BUILD, JSON, PARTNERS, XML, Answer, Gateway

RECORD_FOLDER, RECORD_MARK = 8, 15  # tests/powercut/record.h
COMMUNE, DISTRICT, PROVINCE = (partner["id"] for partner in PARTNERS)
# What is wrong is kept for a person, and what follows waits; the district fetches.
ROWS = [{**PARTNERS[0], "invalid": "parked"},
        {**PARTNERS[1], "deliver": {"by": "mailbox"}}, PARTNERS[2]]
NOWHERE = "000.99.99.H09"  # a code of no agency
CONFIG = {"spool": {"checkpoint_pages": 60, "compress_above_bytes": 2048, "reserve_bytes": 0},
          "kafka": {"pace_ms": 20},
          "http": {"threads": 2}}
RETRY_STATUSES = {429, 503}


def place(state, keys=None):
    """The settings of a daemon whose state lies in that folder; the two may lie on two disks."""
    sealed = {"encryption": {"key_file": str(keys)}} if keys else {}
    return {**CONFIG, "spool": {"file": str(state / "spool" / "spool.db"), **CONFIG["spool"], **sealed},
            "files": {"folder": str(state / "store" / "files")}}


class Recorded(Gateway):
    """A daemon under the recorder, which counts what it answered to whom."""

    def __init__(self, folder, is_sealed, **options):
        folder = pathlib.Path(folder).resolve()
        self.state = folder / "state"
        self.key_file = folder / "keys" if is_sealed else None
        self.record_path = folder / "record"
        self.lock = threading.Lock()
        self.answers = collections.Counter()
        self.starts = self.marks = 0
        super().__init__(folder, config=place(self.state, self.key_file), partners=ROWS, **options)
        if is_sealed:
            self._write(self.key_file, b"power " + base64.b64encode(os.urandom(32)))
        self.state.mkdir()
        for name in ("spool", "store"):
            (self.state / name).mkdir()
            self.put_record(RECORD_FOLDER, flags=1, path=name)

    def start(self, wait=True, timeout=60, kill_at=None):
        self.environment = {"LD_PRELOAD": str(BUILD / "tests/powercut/record.so"),
                            "ASAN_OPTIONS": "verify_asan_link_order=0",  # it is loaded before
                            "POWERCUT_FOLDER": str(self.state),
                            "POWERCUT_LOG": str(self.record_path)}
        if kill_at:
            self.environment["POWERCUT_KILL_AT"] = str(kill_at)
        self.starts += 1
        return super().start(wait, timeout)

    def call(self, method, path, body=None, headers=None, timeout=30):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            return self.exchange(connection, method, path, body, headers or {})[0]
        finally:
            connection.close()

    def exchange(self, connection, method, path, body, headers):
        """The answer, and by what its record is known."""
        if connection.sock is None:
            connection.connect()
        start, port = self.starts, connection.sock.getsockname()[1]
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        with self.lock:
            self.answers[start, port] += 1
            place = (start, port, self.answers[start, port])
        return Answer(answer.status, answer.headers, answer.read()), place

    def mark(self):
        """Puts a mark into the log, before whatever the caller does next."""
        self.marks += 1
        self.put_record(RECORD_MARK, number=self.marks)
        return self.marks

    def put_record(self, kind, *, number=0, flags=0, path=""):
        with open(self.record_path, "ab", buffering=0) as log:
            log.write(struct.pack("<IiqIIII", kind, 0, 0, number, flags, len(path), 0)
                      + path.encode())

    def died(self):
        """Whether the recorder has killed it."""
        return self.process is not None and self.process.poll() is not None

    def bury(self):
        self.process = None


class Client(threading.Thread):
    """One partner's system with dossiers of its own, and one connection."""

    def __init__(self, run, number):
        super().__init__(daemon=True)
        self.run_, self.number = run, number
        self.random = random.Random(f"{run.seed}-{number}")
        self.connection = None
        self.lost = None  # why the last try had no answer
        self.count = 0
        self.sent = []
        self.errors = []

    def run(self):
        acts = [(self.hand_off, 50), (self.hand_off_items, 12), (self.put, 14), (self.letter, 8),
                (self.repeat, 10), (self.contradict, 6), (self.err, 2)]
        try:
            while not self.run_.ended.is_set():
                self.random.choices([act for act, _ in acts], [weight for _, weight in acts])[0]()
                self.run_.done += 1
        except Exception as error:  # a dead client must fail the run, not shorten it
            self.errors.append(f"client {self.number}: {error!r}")

    def token(self):
        self.count += 1
        return f"P{self.number}-{self.count:05d}"

    def dossier(self):
        return documents.dossier_code(self.number * 100 + self.random.randrange(15))

    def hand_off(self):
        padding = self.random.choice([0, 0, 0, 1, 4, 12])
        body = documents.native_xml(self.token(), self.dossier(), padding=padding)
        self.post(body, XML, COMMUNE)

    def hand_off_items(self):
        items = [documents.progress_item(self.dossier(), self.token())
                 for _ in range(self.random.randint(1, 5))]
        self.post(documents.dvcqg_progress(items), JSON, PROVINCE)

    def letter(self):
        content = self.random.randbytes(self.random.randint(6_000, 40_000))
        self.count += 1
        number = str(1000 + self.number * 10_000 + self.count)
        self.post(documents.edxml_letter(content, number=number, wrap=76), XML, COMMUNE)

    def repeat(self):
        if self.sent:
            self.post(*self.random.choice(self.sent), is_new=False)

    def contradict(self):
        """The same message id, another content: kept for a person."""
        token, dossier = self.token(), self.dossier()
        self.post(documents.native_xml(token, dossier), XML, COMMUNE)
        self.until_answered("POST", "/v1/handoffs", documents.native_xml(token, dossier, summary="x"),
                            XML, COMMUNE, {202, 409})

    def err(self):
        """To an agency that there is not: kept for a person, and the dossier's next wait behind it."""
        self.post(documents.native_xml(self.token(), self.dossier(), receiver=NOWHERE), XML, COMMUNE)

    def put(self):
        content = self.random.randbytes(self.random.randint(1, 60_000))
        name = hashlib.sha256(content).hexdigest()
        _, place = self.until_answered("PUT", f"/v1/files/{name}", content,
                                       "application/octet-stream", COMMUNE, {200, 201})
        self.run_.promise(place, "file", COMMUNE, name, content)

    def post(self, body, media_type, partner, is_new=True):
        answer, place = self.until_answered("POST", "/v1/handoffs", body, media_type, partner,
                                            {200, 202})
        if is_new:
            self.sent.append((body, media_type, partner))
        for one in answer.receipts():
            self.run_.promise(place, "handoff", one["receipt"], one["item"], body,
                              (media_type, partner))

    def until_answered(self, method, path, body, media_type, partner, good):
        headers = self.run_.gateway.authorised(partner, {"Content-Type": media_type})
        before = []
        while True:
            answer, place = self.one_try(method, path, body, headers)
            if answer and answer.status in good:
                return answer, place
            if answer and answer.status not in RETRY_STATUSES:
                raise RuntimeError(f"{method} {path}: {answer}, and before: {before}")
            before.append(answer or self.lost)
            if self.run_.ended.is_set() and not answer:
                raise SystemExit  # the daemon is gone, and the run with it
            time.sleep(0.02)

    def one_try(self, method, path, body, headers):
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.run_.gateway.port,
                                                             timeout=20)
            return self.run_.gateway.exchange(self.connection, method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            self.lost = error
            self.connection.close()
            self.connection = None
            return None, None


class Fetcher(Client):
    """A partner that takes what its mailbox has."""

    def run(self):
        try:
            while not self.run_.ended.is_set():
                self.fetch()
        except Exception as error:  # as above
            self.errors.append(f"fetcher: {error!r}")

    def fetch(self):
        answer, _ = self.until_answered("GET", "/v1/inbox?max=20&wait=1", None, XML, DISTRICT, {200})
        for item in answer.json()["items"]:
            _, place = self.until_answered("POST", f"/v1/inbox/{item['id']}/accept", None, XML,
                                           DISTRICT, {200})
            self.run_.promise(place, "delivery", item["id"].removeprefix("d-"))


class Workload:
    """A run of some phases; afterwards the log, the promises and what the disk really holds."""

    def __init__(self, folder, seed, *, acts=100, clients=6, phases=5):
        self.seed, self.acts, self.client_count, self.phases = seed, acts, clients, phases
        self.random = random.Random(f"{seed}-workload")
        self.gateway = Recorded(folder, seed % 2 == 0)
        self.answers_path = self.gateway.folder / "answers"
        self.lock = threading.Lock()
        self.promises, self.gone, self.shredded = [], [], []
        self.kills = self.discards = self.pruned = self.done = 0

    def promise(self, place, kind, *what):
        with self.lock:
            self.promises.append((place, kind, *what))

    def run(self):
        ways = [self.phase_stopped, self.phase_killed]
        for phase in range(self.phases):
            ways[phase % len(ways)]()
        self.write_answers()
        return self

    def under_load(self, until):
        self.ended = threading.Event()
        clients = [Client(self, number) for number in self.numbers()] + [Fetcher(self, 0)]
        for client in clients:
            client.start()
        try:
            until()
        finally:
            self.ended.set()
            for client in clients:
                client.join(30)
        errors = [error for client in clients for error in client.errors]
        errors += [f"client {client.number} hangs" for client in clients if client.is_alive()]
        if errors:
            raise RuntimeError("\n".join(errors) + "\n" + self.gateway.log()[-2000:])

    def numbers(self):
        """Clients of other phases have other tokens and dossiers."""
        first = self.gateway.starts * self.client_count
        return range(first, first + self.client_count)

    def phase_stopped(self):
        self.gateway.start()
        self.under_load(self.work_and_tidy)
        if self.gateway.key_file:
            self.shred()
        self.gateway.stop()

    def phase_killed(self):
        """Somewhere in the load the recorder kills the daemon; its successor goes on."""
        self.gateway.start(kill_at=self.random.randint(200, 1200))
        self.under_load(self.work_until_killed)
        self.gateway.stop()

    def wait_for_acts(self, count):
        until, deadline = self.done + count, time.monotonic() + 120
        while self.done < until and not self.gateway.died():
            if time.monotonic() > deadline:
                raise TimeoutError("the load does not come on")
            time.sleep(0.005)

    def work_and_tidy(self):
        self.wait_for_acts(self.acts // 2)
        self.prune()
        self.discard()
        self.wait_for_acts(self.acts // 2)

    def work_until_killed(self):
        self.wait_for_acts(10 * self.acts)
        assert self.gateway.died(), "the recorder was to kill it"
        self.gateway.bury()
        self.kills += 1
        self.gateway.start()
        self.wait_for_acts(self.acts // 2)

    def discard(self):
        """Ends what failed; what waits behind it is released."""
        for words in (["--cause", "agency", "--limit", "4"], ["--limit", "1"]):
            done = self.gateway.run("entries", "--state", "dead", *words, "--json")
            for line in done.stdout.splitlines():
                self.gateway.run("entry", "discard", json.loads(line)["receipt"],
                                 "--reason", "gửi nhầm")
                self.discards += 1

    def shred(self, most=6):
        """Some dossiers of which everything is over; the others are refused."""
        codes = {code for _, kind, *what in self.promises if kind == "handoff"
                 for code in re.findall(rb"000\.12\.40\.H09-\d{6}-\d+", what[2])}
        for code in sorted(codes, reverse=True):
            before = self.gateway.mark()
            done = self.gateway.run("dossier", "shred", code.decode(), "--reason", "thử", "--yes",
                                    check=False)
            if done.returncode == 0:
                self.shredded.append((before, self.gateway.mark(), code, len(self.promises)))
            if len(self.shredded) % most == most - 1:
                return

    def prune(self):
        """What was promised so far and is published may go from now on, and idle files; of
        deliveries also those that are accepted while it prunes, if they came long before."""
        before = (datetime.datetime.now(datetime.timezone.utc)
                  - datetime.timedelta(milliseconds=300)).isoformat(timespec="milliseconds")
        with self.lock:
            mark, promised = self.gateway.mark(), len(self.promises)
        self.gateway.run("spool", "prune", "--before", before)
        self.gateway.run("files", "prune", "--before", before)
        with self.lock:
            self.gone.append((mark, promised, len(self.promises)))
        self.pruned += 1

    def write_answers(self):
        lines = []
        # What comes to a dossier after it was shredded has a key of its own.
        shreds = [f"shredded {before} {after} {number}"
                  for before, after, code, promised in self.shredded
                  for number, (_, kind, *what) in enumerate(self.promises[:promised])
                  if kind == "handoff" and code in what[2]]
        for place_, kind, *what in self.promises:
            if kind == "handoff":
                what[2] = hashlib.sha256(what[2]).hexdigest()
            shown = {"handoff": 3, "file": 2, "delivery": 1}[kind]
            lines.append(" ".join(map(str, [kind, *place_, *what[:shown]])))
        for mark, promised, accepted in reversed(self.gone):  # the first mark counts
            given = {(kind, first) for _, kind, first, *_ in self.promises[:promised]
                     if kind == "handoff"}
            until = {"handoff": 0, "file": promised, "delivery": accepted}
            for number, (_, kind, first, *_) in enumerate(self.promises):
                if (kind, first) in given or number < until[kind]:
                    lines.append(f"gone {mark} {number}")
        self.answers_path.write_text("\n".join(lines + shreds) + "\n")
