/* SPDX-License-Identifier: Apache-2.0 */
/* Decides where publishing goes on, when Kafka and the spool each have a number. */
#include "kafka/place.h"

#include <inttypes.h>

static int64_t lesser(int64_t one, int64_t other)
{
    return one < other ? one : other;
}

static bool fits(const struct place_facts *facts)
{
    if (!facts->kafka.is_known)
        return facts->copy == 0;
    return !facts->is_foreign && facts->kafka.number >= facts->copy;
}

static enum place_choice hold(const struct place_facts *facts, struct fault *why)
{
    static const char advice[] = "say from where to go on: after Kafka's number or the spool's";
    if (!facts->kafka.is_known)
        fault_set(why, FAULT_BROKEN,
                  "Kafka has no progress of this gateway, the spool is at %" PRId64 "; %s",
                  facts->copy, advice);
    else if (facts->is_foreign)
        fault_set(why, FAULT_BROKEN,
                  "Kafka's progress %" PRId64 " is of another spool, this one is at %" PRId64
                  " of %" PRId64 "; %s",
                  facts->kafka.number, facts->copy, facts->highest, advice);
    else
        fault_set(why, FAULT_BROKEN,
                  "Kafka's progress %" PRId64 " is behind the spool's %" PRId64 "; %s",
                  facts->kafka.number, facts->copy, advice);
    return PLACE_HELD;
}

enum place_choice place_choose(const struct place_facts *facts, enum place_word word,
                               int64_t *after, struct fault *why)
{
    if (!fits(facts) && word == WORD_NONE)
        return hold(facts, why);
    if (!fits(facts) && word == WORD_FROM_SPOOL) {
        *after = facts->copy;
        return PLACE_SPOOL;
    }
    *after = facts->kafka.is_known ? lesser(facts->kafka.number, facts->highest) : 0;
    return PLACE_KAFKA;
}

bool place_is_foreign(struct spool *spool, struct spool_reader *reader,
                      const struct progress *kafka, bool *is_foreign, struct fault *why)
{
    struct spool_levels levels;
    int64_t received_at_ms = 0;
    spool_levels(spool, &levels);
    if (kafka->number > levels.last_number) {
        *is_foreign = true;
        return true;
    }
    if (!spool_received_at(reader, kafka->number, &received_at_ms, why))
        return false;
    /* A number that was pruned, or leapt over, says nothing. */
    *is_foreign = received_at_ms != 0 && received_at_ms != kafka->received_at_ms;
    return true;
}
