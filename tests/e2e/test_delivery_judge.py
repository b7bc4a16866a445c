# SPDX-License-Identifier: Apache-2.0
"""The judge of deliveries must see what is wrong: a judge that cannot fail proves nothing."""
import pytest

from harness.delivery_judge import Sent, judge

FIRST, SECOND = "000.12.40.H09-250512-00001", "000.12.40.H09-250512-00002"
SENT = [Sent(FIRST, "k1", "T-1", "aa"), Sent(SECOND, "k2", "T-2", "bb"),
        Sent(FIRST, "k3", "T-3", "cc"), Sent(FIRST, "k4", "T-4", "dd")]


class Seen:
    """A request as harness.partner.Request has it."""

    def __init__(self, sent, place, *, key="", outcome="taken", fate="answered", content=None,
                 dossier=None, ends=None):
        self.number = self.place = place
        self.at = float(place)
        self.key = sent.key if key == "" else key
        self.dossier = dossier or sent.dossier
        self.marks = [(sent.token, sent.content if content is None else content)]
        self.outcome, self.fate = outcome, fate
        self.is_taken = outcome == "taken"
        self.ended_place, self.ended_at = ends or place + 0.5, (ends or place + 0.5)


def seen(*order, **changes):
    return [Seen(SENT[number], place, **changes.get(f"at{place}", {}))
            for place, number in enumerate(order)]


def test_a_faithful_partner_has_no_findings():
    assert judge(SENT, seen(0, 1, 2, 3)) == []


def test_order_between_dossiers_is_free():
    assert judge(SENT, seen(0, 2, 3, 1)) == []


@pytest.mark.parametrize("missing", range(4))
def test_a_lost_delivery_is_found(missing):
    order = [number for number in range(4) if number != missing]
    assert f"{SENT[missing].token} of {SENT[missing].dossier} is lost" in judge(SENT, seen(*order))


def test_nothing_at_all_is_not_a_pass():
    assert len(judge(SENT, [])) == len(SENT)


def test_an_attempt_that_was_not_taken_is_no_delivery():
    requests = seen(0, 1, 2, 3, at3={"outcome": "not-taken"})
    assert judge(SENT, requests) == [f"T-4 of {FIRST} is lost"]


def test_a_retry_after_a_refusal_is_no_duplicate():
    requests = seen(0, 1, 2, 2, 3, at2={"outcome": "not-taken"})
    assert judge(SENT, requests) == []


def test_a_doubled_delivery_is_found():
    assert judge(SENT, seen(0, 1, 2, 2, 3)) == ["k3 was answered at 2.000 and came again at 3.000"]


def test_a_doubled_attempt_is_found_though_it_was_not_taken_again():
    requests = seen(0, 1, 2, 2, 3, at3={"outcome": "exists"})
    assert judge(SENT, requests) == ["k3 was answered at 2.000 and came again at 3.000"]


def test_a_duplicate_after_a_broken_connection_is_allowed():
    assert judge(SENT, seen(0, 1, 2, 2, 3, at2={"fate": "broken"})) == []


def test_a_duplicate_after_a_broken_connection_and_an_answer_is_found():
    requests = seen(0, 1, 2, 2, 2, 3, at2={"fate": "broken"})
    assert judge(SENT, requests) == ["k3 was answered at 3.000 and came again at 4.000"]


def test_a_duplicate_under_another_key_is_found():
    requests = seen(0, 1, 2, 2, 3, at2={"fate": "broken"}, at3={"key": "k9"})
    assert judge(SENT, requests) == ["k9 was never sent to this partner and came"]


def test_a_duplicate_under_the_key_of_another_event_is_found():
    requests = seen(0, 1, 2, 2, 3, at2={"fate": "broken"}, at3={"key": "k4"})
    assert "T-3 came under the key of T-4" in judge(SENT, requests)


@pytest.mark.parametrize("kill", [1.9, 2.5])
def test_a_duplicate_across_a_kill_is_allowed(kill):
    """Also one that came while the killed sender's bytes were still under way."""
    assert judge(SENT, seen(0, 1, 2, 2, 3), kills=[kill]) == []


@pytest.mark.parametrize("kill", [1.4, 3.5])
def test_a_kill_at_another_time_excuses_nothing(kill):
    assert len(judge(SENT, seen(0, 1, 2, 2, 3), kills=[kill])) == 1


def test_swapped_events_of_one_dossier_are_found():
    assert judge(SENT, seen(0, 1, 3, 2)) == [f"{FIRST}: T-4 came before T-3 was taken",
                                             f"{FIRST}: T-3 came after T-4"]


def test_going_on_before_the_one_before_was_taken_is_found():
    requests = seen(0, 1, 2, 3, 2, at2={"outcome": "not-taken"})
    assert f"{FIRST}: T-4 came before T-3 was taken" in judge(SENT, requests)


def test_an_old_event_again_after_a_newer_one_is_found():
    requests = seen(0, 1, 2, 3, 2, at2={"fate": "broken"})
    assert judge(SENT, requests) == [f"{FIRST}: T-3 came after T-4"]


def test_two_of_a_dossier_at_once_are_found():
    requests = seen(0, 1, 2, 3, at2={"ends": 3.5})
    assert judge(SENT, requests) == [f"{FIRST}: k4 came while k3 was under way"]


def test_two_of_different_dossiers_at_once_are_free():
    assert judge(SENT, seen(0, 1, 2, 3, at0={"ends": 1.5})) == []


def test_altered_content_is_found():
    assert judge(SENT, seen(0, 1, 2, 3, at1={"content": "bc"})) == ["T-2 was altered: bc, not bb"]


def test_lost_content_is_found():
    requests = seen(0, 1, 2, 3)
    requests[1].marks = []
    assert judge(SENT, requests) == ["T-2 came without its content"]


def test_another_dossiers_code_is_found():
    findings = judge(SENT, seen(0, 1, 2, 3, at1={"dossier": FIRST}))
    assert findings == [f"T-2 came as of {FIRST}, not {SECOND}"]


def test_a_delivery_of_nobodys_is_found():
    requests = seen(0, 1, 2, 3) + [Seen(Sent(FIRST, "k7", "T-7", "ff"), 9)]
    assert judge(SENT, requests) == ["k7 was never sent to this partner and came"]


def test_a_request_without_a_key_is_found():
    requests = seen(0, 1, 2, 3, at3={"key": None})
    assert judge(SENT, requests) == ["3: without Idempotency-Key", f"T-4 of {FIRST} is lost"]
