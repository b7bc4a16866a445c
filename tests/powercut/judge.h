/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POWERCUT_JUDGE_H
#define POWERCUT_JUDGE_H

#include "promises.h"

struct judging {
    const char *folder; /**< with the spool and the files, as after the cut; it is written to */
    const struct promises *promises;
    uint64_t at; /**< the record after which the power went */
    void (*each)(void *own, const char *finding);
    void *own;
};

/** Opens what is left as the daemon does at its start, and tells `each` what it does not find. */
void judge(const struct judging *judging);

#endif
