/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POWERCUT_TAPE_H
#define POWERCUT_TAPE_H

#include "record.h"

#include <stdbool.h>
#include <stddef.h>

/** The recorder's log of one run.  It lives as long as the process. */
struct tape {
    const char *bytes;
    size_t size;
    size_t *places; /**< where each record begins */
    uint64_t count;
};

/** Ends the program with 2 when something that it needs did not come true. */
void must(bool is_so, const char *otherwise);

void tape_load(struct tape *tape, const char *path);

/** The record of that number, from 0. */
struct record tape_at(const struct tape *tape, uint64_t number);
/** Its path, behind which stand its bytes. */
const char *tape_path(const struct tape *tape, uint64_t number);

#endif
