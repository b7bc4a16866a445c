# SPDX-License-Identifier: Apache-2.0
"""What the tests of delivery share: settings that do not wait for minutes, senders whose events can
be known again, and the lists that operators see."""
import http.client
import json
import random
import threading
import time

from harness import documents
from harness.delivery_judge import Sent, judge
from harness.gateway import PARTNERS, XML
from harness.patience import give_up_at

SENDER = "motcua-phucuong"
# As lienthong.yaml has them, but in parts of a second.
FAST = {"deliver": {"first_delay_ms": 50, "longest_delay_ms": 1000, "breaker_failures": 5,
                    "probe_ms": 300}}
RETRY_STATUSES = {429, 503}


def rows(partners, senders=PARTNERS[:1]):
    """partners.yaml: who sends, and the systems that are sent to."""
    return [*senders, *(partner.row() for partner in partners)]


class Sender(threading.Thread):
    """Posts events of dossiers of its own, one after another, until each is accepted.  What it sent
    is in `sent`, in the order of acceptance."""
    retry_statuses = RETRY_STATUSES

    def __init__(self, gateway, name, *, seed="0", pause=0.0, partner=SENDER):
        super().__init__(daemon=True)
        self.gateway, self.name_, self.pause, self.partner = gateway, name, pause, partner
        self.random = random.Random(f"{seed}-{name}")
        self.connection, self.plan = None, []
        self.sent, self.errors = [], []
        self.ended = threading.Event()

    def will_send(self, plan):
        """`plan` yields (dossier, kind, receiver, no)."""
        self.plan = plan
        return self

    def run(self):
        try:
            for step in self.plan:
                if self.ended.is_set():
                    return
                self.post(*step)
                if self.pause:
                    time.sleep(self.pause)
        except Exception as error:  # a dead sender must fail the test, not shorten it
            self.errors.append(f"sender {self.name_}: {error!r}")

    def post(self, dossier, kind="HANDED_OFF", receiver=documents.DISTRICT, no=1, **more):
        """One event; what was sent.  `more` is for the document."""
        token, content = f"{self.name_}-{len(self.sent):05d}", self.random.randbytes(24).hex()
        body = documents.marked_xml(token, dossier, f"[{token}|{content}]", kind=kind,
                                    receiver=receiver, no=no, **more)
        at = time.time()
        receipt = self.until_accepted(body)
        self.sent.append(Sent(dossier, receipt["event_id"], token, content, at))
        self.sent[-1].kind, self.sent[-1].receiver = kind, receiver
        self.sent[-1].receipt = receipt["receipt"]
        return self.sent[-1]

    def until_accepted(self, body):
        headers = self.gateway.authorised(self.partner, {"Content-Type": XML})
        while True:
            status, answer = self.one_try(body, headers)
            if status in (200, 202):
                return json.loads(answer)["receipts"][0]
            if status is not None and status not in self.retry_statuses:
                raise RuntimeError(f"{status}: {answer[:400]!r}")
            time.sleep(self.random.uniform(0.01, 0.05))

    def one_try(self, body, headers):
        """(status, body), or (None, the error) when there was no whole answer."""
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port,
                                                             timeout=20)
            self.connection.request("POST", "/v1/handoffs", body, headers)
            answer = self.connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            self.connection = None
            return None, str(error).encode()


def send_all(senders, timeout=600):
    """Runs them to their ends; everything that they sent."""
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(timeout)
        assert not sender.is_alive(), f"sender {sender.name_} hangs"
    assert not [error for sender in senders for error in sender.errors], senders[0].errors
    return [one for sender in senders for one in sender.sent]


def dossier_plan(dossiers, events, receivers, *, kinds=("HANDED_OFF",), seed="0"):
    """`events` of each dossier, the dossiers mixed as they come, each dossier's in order."""
    dice = random.Random(seed)
    left = {dossier: 0 for dossier in dossiers}
    receiver = {dossier: dice.choice(receivers) for dossier in dossiers}
    while left:
        dossier = dice.choice(list(left))
        left[dossier] += 1
        no = left[dossier]
        kind = kinds[0] if no == 1 else kinds[no % len(kinds)]
        yield dossier, kind, receiver[dossier], no
        if no == events:
            del left[dossier]


def findings_at(partner, expected, kills=(), only_these=False):
    """The judge's words about one partner; `only_these`: it got other events as well."""
    keys = {one.key for one in expected}
    requests = [one for one in partner.requests() if not only_these or one.key in keys]
    return [f"{partner.id}: {line}" for line in judge(expected, requests, kills)]


# What operators see.

def listed(gateway, *arguments):
    """`lienthong deliveries ... --json`: one object a line."""
    done = gateway.run("deliveries", *arguments, "--limit", "10000000", "--json")
    return [json.loads(line) for line in done.stdout.splitlines()]


def delivery_of(gateway, partner, event_id):
    """The one delivery of an event to a partner; None before there is one."""
    found = [one for one in listed(gateway, "--partner", partner) if one["event_id"] == event_id]
    assert len(found) < 2, found
    return found[0] if found else None


def wait_delivery(gateway, partner, event_id, condition, timeout=30):
    """The delivery once `condition` holds of it."""
    deadline = give_up_at(timeout)
    while True:
        found = delivery_of(gateway, partner, event_id)
        if found is not None and condition(found):
            return found
        assert time.monotonic() < deadline, f"{partner}: {found}\n{gateway.log()[-1500:]}"
        time.sleep(0.05)


def shown(gateway, delivery):
    """Everything of one delivery, with its record."""
    return json.loads(gateway.run("deliveries", "show", delivery, "--json").stdout)
