/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_WAL_H
#define SPOOL_WAL_H

#include "base/fault.h"

#include <stdbool.h>
#include <stdint.h>

/**
 * What lies in a write-ahead log (https://sqlite.org/fileformat2.html, section 4), read without
 * SQLite, which takes the first frame that does not check for the end and says nothing.  That is
 * right where the power went: a group that was not synced.  But the next group is only written when
 * the one before is synced.  So where a whole commit lies behind the group that does not check, it
 * was damaged later, and what SQLite would leave out was accepted.
 *
 * A damaged last group looks as one that the power cut off; nobody can tell them apart.
 */
struct wal {
    int file;               /**< -1: there is none */
    bool is_header_damaged; /**< of the log as a whole; its frames may check all the same */
    uint32_t page_size;
    uint32_t pages;        /**< of the database after the last commit that is used; 0: none is */
    uint32_t *frames;      /**< by page: the frame that has it last, from 1; 0: none */
    uint32_t frames_size;  /**< pages that `frames` has */
    int64_t damaged_frame; /**< the first that is damaged, with commits behind it; 0: none */
    int64_t lost_commits;  /**< that SQLite would leave out because of it */
};

/** Reads the log beside a database; that there is none, or an empty one, is no fault.  `wal` is to
 * be closed in any case. */
bool wal_open(struct wal *wal, const char *database_file, struct fault *why)
    __attribute__((warn_unused_result));
void wal_close(struct wal *wal);

/** Reads a page as the log has it.  False when it has not, or cannot be read. */
bool wal_page(const struct wal *wal, uint32_t page, uint8_t *to)
    __attribute__((warn_unused_result));

/** FAULT_BROKEN when SQLite would leave out commits of the log beside this database, which were
 * synced.  Looks at the log alone; its time grows with that. */
bool wal_check(const char *database_file, struct fault *why) __attribute__((warn_unused_result));

#endif
