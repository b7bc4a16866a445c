/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_COLLECT_LOOK_H
#define DELIVER_COLLECT_LOOK_H

#include "base/stop.h"
#include "deliver/collect.h"
#include "deliver/peer.h"

struct look_settings {
    const struct collector_options *options;
    const struct stop *stop;           /**< ends it, and the call under way */
    const struct directory *directory; /**< that the peer is bound to; another one ends it, too */
    int64_t from_ms, to_ms;            /**< time of day: letters of these days are listed */
    size_t first;                      /**< of them: is asked for first, and those before it last */
    struct metric *taken, *refused;    /**< count them */
};

/** What became of the letters that were listed. */
struct look_result {
    int64_t taken, refused;
    int64_t left;      /**< are there still, by their own fault */
    struct fault last; /**< of those */
    bool is_whole;     /**< none that waited is left */
    size_t next_first; /**< for the next look: behind those in a row that were not to be had */
};

/** One look into the mailbox of a peer whose adapter has one.  The result is filled in any case;
 * false when the mailbox, or we, cannot go on for now. */
bool look_into(struct peer *peer, const struct look_settings *settings, struct look_result *result,
               struct fault *why) __attribute__((warn_unused_result));

#endif
