/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_CODE_LIST_H
#define ADAPT_CODE_LIST_H

#include "adapt/arena.h"
#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>

/** A partner's code list: what they write, and what we write for it. */
struct code_list {
    const char *name; /**< of its file */
    size_t count;
    struct code *codes;            /**< as they stand in the file */
    const struct code **by_theirs; /**< sorted; the first in the file comes first */
};

struct code {
    const char *theirs;
    const char *ours;
    size_t line;
};

/** Loads FOLDER/NAME, two columns; everything lies in the arena. */
bool code_list_load(const char *folder, const char *name, struct arena *arena,
                    struct code_list *list, struct fault *why) __attribute__((warn_unused_result));

/** Ours for theirs, or NULL. */
const char *code_list_read(const struct code_list *list, const char *theirs, size_t size);

/** The first of theirs for ours, or NULL. */
const char *code_list_write(const struct code_list *list, const char *ours, size_t size);

#endif
