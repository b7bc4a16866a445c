/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POWERCUT_JUDGE_H
#define POWERCUT_JUDGE_H

#include "base/digest.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** One thing that a client was told, and from when to when it must hold: by the log's records. */
struct promise {
    bool is_file;
    uint32_t process;            /**< the daemon's start, from 1, */
    uint32_t port;               /**< the client's port */
    uint32_t answer;             /**< and which answer on it, from 1: they name the record */
    char receipt[64];            /**< of an item */
    int item;                    /**< from 0 */
    char partner[64];            /**< of a file */
    uint8_t sha256[SHA256_SIZE]; /**< of the document as sent, or of the file */
    uint64_t given_at;           /**< UINT64_MAX: never */
    uint64_t gone_at;            /**< from then on it may be pruned; UINT64_MAX: it may not */
};

struct judging {
    const char *folder; /**< with the spool and the files, as after the cut; it is written to */
    const struct promise *promises;
    size_t count;
    uint64_t at; /**< the record after which the power went */
    void (*each)(void *own, const char *finding);
    void *own;
};

/** Opens what is left as the daemon does at its start, and tells `each` what it does not find. */
void judge(const struct judging *judging);

#endif
