/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_BROUGHT_H
#define DELIVER_BROUGHT_H

#include "deliver/wanted.h"
#include "files/store.h"
#include "spool/delivery.h"

/**
 * The files that the event of one delivery brings along: those that its arrival uses, and those
 * that were fetched for it from where its sender may have them fetched.  An event may
 * name any hash; that the store has a file of it does not make it the sender's to send.
 */
struct brought {
    struct file_store *files; /**< NULL: there is no store */
    struct spool_reader *reader;
    int64_t delivery;
    const struct fetched_list *fetched; /**< NULL: none was */
};

/** The causes of deliveries whose file the store has lost, or cannot give now. */
#define FILE_MISSING    "file:missing"
#define FILE_UNREADABLE "file:unreadable"

/** Whether the event brings the file, wherever it is. */
bool brought_names(const struct brought *brought, const uint8_t sha256[SHA256_SIZE], bool *does,
                   struct fault *why) __attribute__((warn_unused_result));
/** Whether the event brings the file and there is a store, so that it can be put in.  FAULT_REFUSE
 * when the store has lost it: what is sent without it would be less than what was handed over. */
bool brought_has(const struct brought *brought, const uint8_t sha256[SHA256_SIZE], bool *has,
                 struct fault *why) __attribute__((warn_unused_result));

#endif
