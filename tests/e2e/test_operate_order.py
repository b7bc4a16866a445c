# SPDX-License-Identifier: Apache-2.0
"""Order through failure: of five events of a dossier the second fails, three wait behind it, all other
dossiers go on; it is mended and replayed, and both the partner and a reader of Kafka that shares no
code with us see 1, 2', 3, 4, 5."""
import time

import pytest

from harness import documents, operators
from harness.delivering import FAST
from harness.operators import PARKING, RIGHT, WRONG, Operator, faulty, sound, tokens
from harness.patience import give_up_at
from harness.readers import FastavroDecoder, read_topic

pytestmark = pytest.mark.broker


class House:
    def __init__(self, gateways, partners, kafka, registry):
        self.kafka, self.registry = kafka, registry
        self.partner = partners("noi-nhan", "lienthong-xml", agencies=[documents.DISTRICT])
        self.gateway = gateways(brokers=kafka.brokers, registry=registry.url, start=False,
                                partners=[PARKING[0], self.partner.row()], config=FAST)
        self.address = operators.open_console(self.gateway)
        self.gateway.start()
        self.an, self.binh = (Operator(self.address, name) for name in ("an", "binh"))

    def lane(self, name, number):
        """Five events of one dossier, the second with a fault; their receipts."""
        dossier = documents.dossier_code(number)
        bodies = [(faulty if no == 2 else sound)(f"{name}-{no}", dossier, no=no)
                  for no in range(1, 6)]
        return [self.gateway.accept(body)[0]["receipt"] for body in bodies]

    def facts(self, receipt):
        return self.an.get(f"entries/{receipt}")["facts"]

    def seen_by_partner(self, name):
        return [token for token in tokens(self.partner.requests()) if token.startswith(name)]

    def seen_on_kafka(self, count):
        """The events, in the order of their dossiers' partitions."""
        return read_topic(self.kafka.brokers, self.gateway.topic(),
                          FastavroDecoder(self.registry.url),
                          until=lambda found: len(found) >= count)


@pytest.fixture
def house(gateways, partners, kafka, registry):
    return House(gateways, partners, kafka, registry)


def by_revision(house, bad, group):
    """One entry is edited, approved by another person, and applied."""
    document = house.an.unmasked(bad).replace(WRONG, RIGHT)
    revision = house.an.post(f"entries/{bad}/revisions",
                             {"document": document, "reason": "mã cơ quan sai"})
    sealed = {"sha256": revision["sha256"]}
    house.binh.post(f"entries/{bad}/revisions/1/approve", sealed)
    house.an.post(f"entries/{bad}/revisions/1/apply", sealed)


def by_job(house, bad, group):
    """A rule for the whole group, tried, approved and run."""
    job = house.an.post("jobs", {
        "kind": "entries", "group": group["fingerprint"], "reason": "mã cơ quan sai",
        "options": {"rule": {"path": "/Dossier/ReceivingAgency", "from": WRONG, "to": RIGHT}}})
    path = f"jobs/{job['job']}"
    previewed = wait(lambda: house.an.get(path), lambda one: one["state"] == "previewed")
    assert previewed["counts"]["would_pass"] == 1, previewed
    assert house.facts(bad)["state"] == "dead", "a preview changes nothing"
    house.binh.post(f"{path}/approve", {"reason": "đã xem quy tắc"})
    house.an.post(f"{path}/run", {"reason": "đã xem kết quả"})
    done = wait(lambda: house.an.get(path), lambda one: one["state"] == "done")
    assert done["counts"]["done"] == 1, done


def wait(look, condition, timeout=30):
    deadline = give_up_at(timeout)
    while not condition(found := look()):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


@pytest.mark.parametrize("replay", [by_revision, by_job])
def test_a_dossier_keeps_its_order_through_a_failure(house, replay):
    receipts = house.lane("L", 1)
    house.gateway.wait_published(receipts[0])
    others = [house.gateway.accept(sound(f"O-{number}", documents.dossier_code(number)))
              for number in range(10, 20)]
    house.partner.wait_for(lambda _: len(house.seen_by_partner("O")) == len(others)
                           and house.seen_by_partner("L") == ["L-1"], what="the other dossiers")
    assert [house.facts(one)["state"] for one in receipts[1:]] == ["dead"] + ["parked"] * 3
    assert {house.facts(one)["behind"] for one in receipts[2:]} <= set(receipts[1:])
    group, = house.an.get("failures")["items"]
    assert (group["count"], group["parked_behind"]) == (1, 3)

    replay(house, receipts[1], group)
    house.partner.wait_for(lambda _: len(house.seen_by_partner("L")) >= 5, what="the lane")
    assert house.seen_by_partner("L") == [f"L-{no}" for no in range(1, 6)]
    records = [one for one in house.seen_on_kafka(15)
               if one.event["dossier_code"] == documents.dossier_code(1)]
    assert [one.event["source"]["native_message_id"] for one in records] == \
        [f"L-{no}" for no in range(1, 6)]
    assert len({one.partition for one in records}) == 1
    assert records[1].event["receiving_agency"] == RIGHT
    assert house.an.get("failures")["items"] == []
    assert house.an.get("reconcile")["mismatches"] == 0
