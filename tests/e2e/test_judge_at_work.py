# SPDX-License-Identifier: Apache-2.0
"""The judge and a partner that fails at random, together: a courier as simple as can be passes, and
each one with a fault is found out.  No gateway here."""
import http.client
import threading
import uuid

import pytest

from harness import documents
from harness.delivering import dossier_plan, findings_at
from harness.delivery_judge import Sent

FAILURES = [{"kind": "close", "share": 0.08}, {"kind": "status", "status": 500, "share": 0.08},
            {"kind": "cut", "share": 0.05}, {"kind": "slow", "delay": 0.02, "share": 0.1},
            {"kind": "garbage", "share": 0.03}]
DOSSIERS = [documents.dossier_code(number) for number in range(12)]


def orders():
    """What is to be sent, by dossier, each with its document."""
    lanes = {dossier: [] for dossier in DOSSIERS}
    for dossier, kind, receiver, no in dossier_plan(DOSSIERS, 12, [documents.DISTRICT]):
        token = f"J-{len(lanes[dossier])}-{dossier[-5:]}"
        sent = Sent(dossier, str(uuid.uuid5(uuid.NAMESPACE_URL, token)), token, f"{no:04x}")
        sent.body = documents.marked_xml(token, dossier, f"[{token}|{sent.content}]", no=no)
        lanes[dossier].append(sent)
    return lanes


class Courier:
    """Sends a lane's events one after another, each until it is answered 2xx."""

    def __init__(self, partner):
        self.partner = partner
        self.turns = 0

    def key_of(self, sent, tries):
        return sent.key

    def body_of(self, sent):
        return sent.body

    def is_over(self, status, tries):
        return status == 202

    def after(self, sent):
        """What else it does when one was taken."""

    def one_try(self, sent, tries):
        connection = http.client.HTTPConnection("127.0.0.1", self.partner.port, timeout=10)
        try:
            connection.request("POST", "/", self.body_of(sent), {
                "Content-Type": "application/xml", "Idempotency-Key": self.key_of(sent, tries)})
            answer = connection.getresponse()
            answer.read()
            return answer.status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def send_lane(self, lane):
        for sent in lane:
            self.turns += 1
            tries = 0
            while not self.is_over(self.one_try(sent, tries), tries):
                tries += 1
            self.after(sent)

    def run(self, lanes):
        threads = [threading.Thread(target=self.send_lane, args=(lane,)) for lane in lanes]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


class GivesUp(Courier):
    def is_over(self, status, tries):
        return status is not None


class NewKeys(Courier):
    def key_of(self, sent, tries):
        return sent.key if tries == 0 else str(uuid.uuid4())


class SendsAgain(Courier):
    def after(self, sent):
        if self.turns % 7 == 0:
            self.one_try(sent, 0)


class Mangles(Courier):
    def body_of(self, sent):
        return sent.body.replace(b"|0007]", b"|0070]")


class GoesOnTooSoon(Courier):
    """Two of a lane at once."""

    def send_lane(self, lane):
        halves = [threading.Thread(target=super(GoesOnTooSoon, self).send_lane, args=(half,))
                  for half in (lane[::2], lane[1::2])]
        for half in halves:
            half.start()
        for half in halves:
            half.join()


class Swaps(Courier):
    def send_lane(self, lane):
        super().send_lane([*lane[:3], lane[4], lane[3], *lane[5:]])


def judged(partners, courier):
    partner = partners("noi-nhan", "lienthong-xml", seed="work")
    partner.behave(*FAILURES)
    lanes = orders()
    courier(partner).run(lanes.values())
    assert {"ok", "close", "status", "cut"} <= {one.behaviour for one in partner.requests()}
    return findings_at(partner, [sent for lane in lanes.values() for sent in lane])


def test_a_simple_courier_passes_though_the_partner_fails(partners):
    assert judged(partners, Courier) == []


@pytest.mark.parametrize("courier,words", [
    (GivesUp, "is lost"), (NewKeys, "was never sent to this partner"), (SendsAgain, "came again at"),
    (Mangles, "was altered"), (GoesOnTooSoon, "was taken"), (Swaps, "came before")])
def test_a_courier_with_a_fault_is_found_out(partners, courier, words):
    findings = judged(partners, courier)
    assert any(words in line for line in findings), findings[:5]
