/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_FILE_KEEPER_H
#define OPERATE_FILE_KEEPER_H

#include "files/store.h"
#include "operate/guard.h"
#include "spool/spool.h"

struct file_keeper_options {
    struct file_store *files;
    struct spool *spool;
    const char *spool_file;
    int64_t upload_days; /**< a file that nothing uses goes after so many */
};

/**
 * Removes files that nothing uses, and tells operators of the store: GET /operate/v1/files,
 * POST /operate/v1/files/prune {"before": "2026-01-01"}.
 */
struct file_keeper;

/** All pointers are kept. */
struct file_keeper *file_keeper_new(const struct file_keeper_options *options, struct fault *why)
    __attribute__((warn_unused_result));
void file_keeper_free(struct file_keeper *keeper);

/** The calls above. */
struct guard_table file_keeper_table(struct file_keeper *keeper);

/**
 * Removes every file that nobody brought for upload_days and nothing uses.  A file is taken only
 * while nobody can take hold of it, so one that somebody begins to use stays.  `*count` is said
 * also when it fails on its way.
 */
bool file_keeper_prune(struct file_keeper *keeper, int64_t *count, struct fault *why)
    __attribute__((warn_unused_result));

#endif
