/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_WANTED_H
#define DELIVER_WANTED_H

#include "adapt/adapter.h"
#include "deliver/fetch_rule.h"

/** Files that a document of an event has only by address, and that were fetched into the store. */
struct fetched {
    char *uri;
    uint8_t sha256[SHA256_SIZE];
};
struct fetched_list {
    struct fetched *items;
    size_t count;
};
bool fetched_add(struct fetched_list *list, const char *uri, const uint8_t sha256[SHA256_SIZE],
                 struct fault *why) __attribute__((warn_unused_result));
void fetched_free(struct fetched_list *list);

/** Puts the hashes of fetched files into the event's documents of those addresses. */
bool fetched_fill(const struct fetched_list *list, avro_value_t *event, struct fault *why)
    __attribute__((warn_unused_result));

/** Who sent the event, and the format that it is to be written in. */
struct wanting {
    const struct partner *sender;
    struct workbench *bench;
    const struct adapter *adapter;
    const struct adapt_writing *writing;
};

/**
 * The address of the first file that the format wants the bytes of, that has no hash, and that may
 * be fetched; NULL when there is none.  The caller owns it.  Leaves the event with hashes that mean
 * nothing: it has to be read anew.  A fault only without memory.
 */
bool wanted_find(const struct wanting *wanting, avro_value_t *event, char **uri,
                 struct fetch_rule *rule, struct fault *why) __attribute__((warn_unused_result));

#endif
