# SPDX-License-Identifier: Apache-2.0
"""The judge of the kill loop must see what is wrong: a judge that cannot fail proves nothing."""
import pytest

from harness.judge import judge

ACCEPTED = [("d1", "a", "id-a"), ("d2", "b", "id-b"), ("d1", "c", "id-c"), ("d1", "d", "id-d")]
RECORDS = [("d1", "a", "id-a", 0, 10), ("d2", "b", "id-b", 1, 3), ("d1", "c", "id-c", 0, 11),
           ("d1", "d", "id-d", 0, 14)]


def test_a_faithful_log_has_no_findings():
    assert judge(ACCEPTED, RECORDS) == []


def test_the_order_of_reading_does_not_matter_but_the_offset_does():
    assert judge(ACCEPTED, RECORDS[::-1]) == []


def test_order_between_dossiers_is_free():
    assert judge([ACCEPTED[1], *ACCEPTED[:1], *ACCEPTED[2:]], RECORDS) == []


@pytest.mark.parametrize("index", range(4))
def test_a_lost_record_is_found(index):
    findings = judge(ACCEPTED, RECORDS[:index] + RECORDS[index + 1:])
    assert findings == [f"{ACCEPTED[index][1]} was accepted and is lost"]


def test_a_doubled_record_is_found():
    assert judge(ACCEPTED, RECORDS + [("d1", "c", "id-c", 0, 20)]) == ["c is on Kafka 2 times"]


def test_a_record_that_nobody_sent_is_found():
    assert judge(ACCEPTED, RECORDS + [("d3", "x", "id-x", 0, 20)]) == \
        ["x was never accepted and is on Kafka"]


def test_swapped_events_of_one_dossier_are_found():
    swapped = [RECORDS[0], RECORDS[1], ("d1", "d", "id-d", 0, 11), ("d1", "c", "id-c", 0, 14)]
    assert judge(ACCEPTED, swapped) == \
        ["d1: accepted as ['a', 'c', 'd'], came as ['a', 'd', 'c']"]


def test_an_event_under_another_id_than_promised_is_found():
    other = [*RECORDS[:3], ("d1", "d", "id-z", 0, 14)]
    assert judge(ACCEPTED, other) == ["d was promised as id-d and came as id-z"]


def test_a_dossier_on_two_partitions_is_found():
    spread = [*RECORDS[:3], ("d1", "d", "id-d", 1, 14)]
    assert judge(ACCEPTED, spread) == ["d1 is on partitions [0, 1]"]


def test_a_handoff_that_was_accepted_as_new_twice_is_found():
    assert "c was accepted 2 times" in judge([*ACCEPTED, ("d1", "c", "id-c")], RECORDS)


def test_an_empty_log_is_not_a_pass():
    assert len(judge(ACCEPTED, [])) == len(ACCEPTED)
