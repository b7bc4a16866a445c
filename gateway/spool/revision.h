/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_REVISION_H
#define SPOOL_REVISION_H

#include "spool/deed.h"
#include "spool/store.h"

/** Revisions as the writer keeps them. */

/** What is decided by. */
struct revision_facts {
    enum revision_state state;
    bool is_newest; /**< of those that are not withdrawn */
    char *author;   /**< owned */
    uint8_t sha256[SHA256_SIZE];
};
void revision_facts_end(struct revision_facts *facts);

/** FAULT_REFUSE when there is none of that number. */
bool revision_find(struct store *store, int64_t entry, int32_t no, struct revision_facts *facts,
                   struct fault *why) __attribute__((warn_unused_result));
/** The next one of the entry, as the deed has it; `*no` is its number. */
bool revision_add(struct store *store, const struct spool_deed *deed, int32_t *no,
                  struct fault *why) __attribute__((warn_unused_result));
/** The deed's revision is in this state from now on; an approval notes who gave it. */
bool revision_set(struct store *store, const struct spool_deed *deed, enum revision_state state,
                  struct fault *why) __attribute__((warn_unused_result));

/** Does one deed in the transaction at hand; a refusal is an outcome. */
bool deed_do(struct store *store, const struct spool_deed *deed, struct deed_outcome *outcome,
             struct fault *why) __attribute__((warn_unused_result));

#endif
