# SPDX-License-Identifier: Apache-2.0
"""kill -9 of the daemon while an operator acts on deliveries and partners: what was done is on record,
and what is on record was done."""
import http.client
import random
import threading

from harness.delivering import FAST, Sender, listed, rows
from harness.patience import until
from harness.visitor import record
from test_operate_views import NOBODYS, TOWN, ask, code, view

SEED = "20250703"
LOST, KILLS = 240, 8


class Acting(threading.Thread):
    """One act after another on what is still dead, until nobody answers any more."""

    def __init__(self, gateway, partner, dice):
        super().__init__(daemon=True)
        self.gateway, self.partner, self.dice = gateway, partner, dice
        self.dead = [one["delivery"] for one in listed(gateway, "--state", "dead")]
        self.errors = []
        self.done = 0

    def run(self):
        try:
            for delivery in self.dead:
                self.say(f"deliveries/{delivery}/{self.dice.choice(['discard', 'route'])}")
                self.say(f"partners/{self.partner}/{self.dice.choice(['pause', 'resume'])}")
        except (OSError, http.client.HTTPException):
            pass  # it was killed

    def say(self, path):
        body = {"reason": "dọn", "partner": self.partner}
        status, _, text = ask(self.gateway, path, method="POST", body=body)
        if status == 200:
            self.done += 1
        else:
            self.errors.append((path, status, text))


def assert_record_is_what_is(gateway, partner):
    """The states of deliveries, and whether the partner is paused, are those of the record."""
    done = [row for row in record(gateway) if row[5] == "done"]

    def objects_of(act):
        return {row[3].removeprefix("delivery:") for row in done if row[2] == act}

    assert {one["delivery"] for one in listed(gateway, "--state", "discarded")} == objects_of("discard")
    assert {one["delivery"] for one in listed(gateway, "--partner", partner)} == objects_of("route")
    state = {one["partner"]: one["state"] for one in view(gateway, "partners")}[partner]
    words = [row[2] for row in done if row[2] in ("pause", "resume")]
    assert (state == "paused") == (words[-1:] == ["pause"])


def test_an_act_and_its_record_are_both_there_or_neither(gateways, partners):
    town = partners("noi-nhan", "lienthong-xml", agencies=[TOWN])
    gateway = gateways(partners=rows([town]), config=FAST)
    sender, dice = Sender(gateway, "u", seed=SEED), random.Random(SEED)
    for number in range(LOST):
        sender.post(code(number + 1), receiver=NOBODYS)
    until(lambda: len(listed(gateway, "--state", "dead")) == LOST)
    for _ in range(KILLS):
        least = dice.randrange(8, 30)  # before the other thread throws the dice too
        acting = Acting(gateway, town.id, dice)
        acting.start()
        until(lambda: acting.done >= least or not acting.is_alive())
        gateway.kill()
        acting.join(60)
        assert acting.errors == []
        gateway.start()
        assert_record_is_what_is(gateway, town.id)
    assert len(record(gateway, "discard")) > KILLS
