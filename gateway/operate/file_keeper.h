/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_FILE_KEEPER_H
#define OPERATE_FILE_KEEPER_H

#include "files/store.h"
#include "operate/aside.h"
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

/** Removes those of these files that nothing uses, however new they are; `*removed` says how many
 * went, also when it fails on its way. */
bool file_keeper_drop(struct file_keeper *keeper, const uint8_t (*files)[SHA256_SIZE], size_t count,
                      int64_t *removed, struct fault *why) __attribute__((warn_unused_result));

struct files_rekeyed {
    int64_t sealed;  /**< files that were not before */
    int64_t wrapped; /**< keys that are under another master key now */
    int64_t damaged; /**< files that are not their hash's, and stay as they are */
};

/** Seals the files that were stored before there were keys, and puts what all are sealed by under
 * the current master key.  Interrupted, it is done again.  FAULT_REFUSE without keys. */
bool file_keeper_rekey(struct file_keeper *keeper, struct files_rekeyed *done, struct fault *why)
    __attribute__((warn_unused_result));

/** Where its calls, and those of keys, do what takes long; kept.  Before anybody calls. */
void file_keeper_use(struct file_keeper *keeper, struct aside *aside);
/** Ends what it is at between two files, with FAULT_RETRY, now and from now on. */
void file_keeper_interrupt(struct file_keeper *keeper);

/** Borrowed. */
struct spool *file_keeper_spool(struct file_keeper *keeper);
struct aside *file_keeper_aside(struct file_keeper *keeper);

#endif
