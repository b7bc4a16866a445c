/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_TRIAL_H
#define ADAPT_TRIAL_H

#include "adapt/adapter.h"

#include <jansson.h>

/** One document read for people to look at: by fixtures and by `lienthong adapter try`. */
struct trial {
    struct workbench *bench;
    const struct adapter *adapter;
    bool writes;                         /**< whether each event of a valid item is written too */
    const struct adapter *writer;        /**< by this adapter; NULL: by the one that reads */
    const struct adapt_writing *writing; /**< or NULL */
    json_t *events; /**< rendered, in the order of items; those that publish nothing are not here */
    json_t *problems; /**< [{"rule","path","line","column","item","field","value","hint"}] */
    char **written;   /**< the document that each event is written as, or NULL */
    size_t *written_sizes;
    const char **messages; /**< of the adapter that writes: which one it was, or NULL */
    char **refusals;       /**< why it could not be written, or NULL */
    size_t count;          /**< of events */
    size_t problem_total;
};

/**
 * Reads a document; the trial's bench, adapter and `writes` are set, and all else is zero.  What
 * the gateway itself sets stays unset.  False only for faults of our own; free it in any case.
 */
bool trial_run(struct trial *trial, const char *bytes, size_t size, struct fault *why)
    __attribute__((warn_unused_result));
void trial_free(struct trial *trial);

/** A copy of the event without what the gateway itself sets; the caller owns it. */
json_t *trial_essence(const json_t *event);

/** Whether an event is the same after it was written and read again; says on `out` how not. */
bool trial_returns(const struct trial *trial, size_t index, FILE *out, bool *is_same,
                   struct fault *why) __attribute__((warn_unused_result));

#endif
