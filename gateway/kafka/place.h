/* SPDX-License-Identifier: Apache-2.0 */
#ifndef KAFKA_PLACE_H
#define KAFKA_PLACE_H

#include "kafka/progress.h"
#include "spool/reader.h"

/** What an operator said about a publisher that is held. */
enum place_word { WORD_NONE, WORD_FROM_KAFKA, WORD_FROM_SPOOL };

/** What the two sides say about how far publishing is. */
struct place_facts {
    struct progress kafka;
    int64_t copy;    /**< the spool's watermark, or later knowledge of the same process */
    int64_t highest; /**< the last number that the spool has given */
    bool is_foreign; /**< Kafka's number is of another spool */
};

enum place_choice { PLACE_KAFKA, PLACE_SPOOL, PLACE_HELD };

/**
 * Where to go on, by the two numbers and the word alone.  `*after` is set but for PLACE_HELD, which
 * fills `why`.  A number of Kafka's above all that the spool has given is cut to that, since new
 * entries will get the numbers between.
 */
enum place_choice place_choose(const struct place_facts *facts, enum place_word word,
                               int64_t *after, struct fault *why)
    __attribute__((warn_unused_result));

/** Whether Kafka's progress names a number that this spool has not given, or has given to what came
 * at another time, whatever became of that since. */
bool place_is_foreign(struct spool *spool, struct spool_reader *reader,
                      const struct progress *kafka, bool *is_foreign, struct fault *why)
    __attribute__((warn_unused_result));

#endif
