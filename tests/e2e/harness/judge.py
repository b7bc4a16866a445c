# SPDX-License-Identifier: Apache-2.0
"""Decides whether what Kafka holds is what was accepted.  It knows nothing of the gateway: only what
the answers said and what a read_committed consumer saw."""
from collections import Counter, defaultdict


def judge(accepted, records):
    """What is wrong, one line a finding; empty when nothing is.

    `accepted` lists (dossier, token, event_id) in the order of acceptance within each dossier;
    `records` lists (dossier, token, event_id, partition, offset), where a token is what the client
    put into the handoff to know it again."""
    findings = []
    findings += _each_exactly_once(accepted, records)
    findings += _same_event_ids(accepted, records)
    findings += _in_order_of_acceptance(accepted, records)
    findings += _one_partition_each(records)
    return findings


def _each_exactly_once(accepted, records):
    wanted = Counter(token for _, token, _ in accepted)
    seen = Counter(token for _, token, *_ in records)
    findings = [f"{token} was accepted {count} times" for token, count in wanted.items()
                if count > 1]
    for token in wanted.keys() | seen.keys():
        if token not in seen:
            findings.append(f"{token} was accepted and is lost")
        elif token not in wanted:
            findings.append(f"{token} was never accepted and is on Kafka")
        elif seen[token] > 1:
            findings.append(f"{token} is on Kafka {seen[token]} times")
    return findings


def _same_event_ids(accepted, records):
    promised = {token: event_id for _, token, event_id in accepted}
    return [f"{token} was promised as {promised[token]} and came as {event_id}"
            for _, token, event_id, *_ in records
            if token in promised and promised[token] != event_id]


def _in_order_of_acceptance(accepted, records):
    wanted, seen = defaultdict(list), defaultdict(list)
    for dossier, token, _ in accepted:
        wanted[dossier].append(token)
    for dossier, token, _, partition, offset in sorted(records, key=lambda one: one[3:]):
        seen[dossier].append(token)
    findings = []
    for dossier, tokens in wanted.items():
        known = set(tokens)
        came = list(dict.fromkeys(token for token in seen[dossier] if token in known))
        here = set(came)
        if came != [token for token in tokens if token in here]:
            findings.append(f"{dossier}: accepted as {tokens}, came as {came}")
    return findings


def _one_partition_each(records):
    partitions = defaultdict(set)
    for dossier, _, _, partition, _ in records:
        partitions[dossier].add(partition)
    return [f"{dossier} is on partitions {sorted(numbers)}"
            for dossier, numbers in partitions.items() if len(numbers) > 1]
