/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_FINDER_H
#define SPOOL_FINDER_H

#include "spool/find.h"

/**
 * The thread that keeps FILE.find: it follows the spool through a reader of its own, a few seconds
 * behind, and works little while the spool is busy.  A file that is missing, damaged, or of another
 * spool is made anew.  Whatever goes wrong with it, the spool goes on.
 */
struct finder;

struct finder_options {
    const char *spool_file; /**< borrowed until finder_start returns */
    struct spool *spool;    /**< kept; asked how busy it is */
    struct find_teller teller;
    int64_t pause_ms; /**< between looks when there is nothing new; 0: a second */
};

struct finder *finder_start(const struct finder_options *options, struct fault *why)
    __attribute__((warn_unused_result));
/** Ends the thread; before spool_close. */
void finder_stop(struct finder *finder);

#endif
