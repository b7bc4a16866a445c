# SPDX-License-Identifier: Apache-2.0
"""Decides whether what one partner saw is what it should have been sent.  It knows nothing of the
gateway: only what the receipts promised and what the partner wrote down."""
from collections import defaultdict

# What a process had sent when it was killed is read a moment after that.
UNDER_WAY = 0.5


class Sent:
    """One event that a partner must get: its key (the event id of the receipt), the mark that the
    test hid in it, and the time before it was posted."""

    def __init__(self, dossier, key, token, content, at=0.0):
        self.dossier, self.key, self.token, self.content, self.at = dossier, key, token, content, at


def judge(expected, requests, kills=()):
    """What is wrong, one line a finding; empty when nothing is.

    `expected` lists Sent in the order of acceptance within each dossier; `requests` are the partner's,
    in the order in which they came; `kills` are the times at which the sender was killed, after
    each of which one answer may have been lost."""
    by_key = {one.key: one for one in expected}
    known = [one for one in requests if one.key in by_key]
    findings = [f"{one.number}: without Idempotency-Key" for one in requests if not one.key]
    findings += [f"{one.key} was never sent to this partner and came" for one in requests
                 if one.key and one.key not in by_key]
    findings += _each_at_least_once(by_key, known)
    findings += _as_it_was_sent(by_key, known)
    findings += _twice_only_after_a_break(known, kills)
    findings += _in_order(expected, known)
    findings += _one_at_a_time(known, kills)
    return findings


def _each_at_least_once(by_key, requests):
    taken = {one.key for one in requests if one.is_taken}
    return [f"{one.token} of {one.dossier} is lost" for key, one in by_key.items()
            if key not in taken]


def _as_it_was_sent(by_key, requests):
    findings = []
    for one in requests:
        sent = by_key[one.key]
        if one.dossier is not None and one.dossier != sent.dossier:
            findings.append(f"{sent.token} came as of {one.dossier}, not {sent.dossier}")
        if not one.marks:
            findings.append(f"{sent.token} came without its content")
        for token, content in one.marks:
            if token != sent.token:
                findings.append(f"{token} came under the key of {sent.token}")
            elif content != sent.content:
                findings.append(f"{token} was altered: {content}, not {sent.content}")
    return findings


def _was_killed(before, after, kills):
    """The sender, before it could know of the first one's answer."""
    return any(before.at - UNDER_WAY <= kill <= after.at for kill in kills)


def _twice_only_after_a_break(requests, kills):
    """Nothing is sent again that was taken and answered."""
    findings, done = [], {}
    for one in requests:
        before = done.get(one.key)
        if before is not None and not _was_killed(before, one, kills):
            findings.append(f"{one.key} was answered at {before.at:.3f} and came again at {one.at:.3f}")
        if one.is_taken and one.fate == "answered":
            done[one.key] = one
    return findings


def _in_order(expected, requests):
    """A dossier's next event comes when the one before was taken, and then the one before is over."""
    events, places = defaultdict(list), {}
    for sent in expected:
        places[sent.key] = len(events[sent.dossier])
        events[sent.dossier].append(sent)
    dossiers = {sent.key: sent.dossier for sent in expected}
    findings, reached, taken = [], defaultdict(int), set()
    for one in requests:
        dossier, place = dossiers[one.key], places[one.key]
        of_dossier = events[dossier]
        if place < reached[dossier]:
            findings.append(f"{dossier}: {of_dossier[place].token} came after "
                            f"{of_dossier[reached[dossier]].token}")
        elif place > 0 and of_dossier[place - 1].key not in taken:
            findings.append(f"{dossier}: {of_dossier[place].token} came before "
                            f"{of_dossier[place - 1].token} was taken")
        reached[dossier] = max(reached[dossier], place)
        if one.is_taken:
            taken.add(one.key)
    return findings


def _one_at_a_time(requests, kills):
    """Of a dossier; what was answered was over before the next came.  A broken connection is seen by
    this end when it is seen, so it proves nothing."""
    findings, open_ = [], {}
    for one in requests:
        before = open_.get(one.dossier)
        if before is not None and before.fate == "answered" and before.ended_place > one.place \
                and not _was_killed(before, one, kills):
            findings.append(f"{one.dossier}: {one.key} came while {before.key} was under way")
        open_[one.dossier] = one
    return findings
