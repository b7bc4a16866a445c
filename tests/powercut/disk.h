/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POWERCUT_DISK_H
#define POWERCUT_DISK_H

#include "record.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * A disk and the cache above it, as the records of a run change them.  What was synced is on the
 * disk; what was not may be, in part and in any choice.
 */
struct disk;

enum disk_model {
    /** POSIX: a file's sync is of its bytes and size alone; a name is there for good once its
     * folder is synced, and until then each change of a name is there or not for itself. */
    DISK_STRICT,
    /** ext4 and its like: names change in the order of the calls, and any sync settles all of them
     * that came before it. */
    DISK_ORDERED,
};

/** Syncs of paths that fit the pattern do nothing, as on a disk that lies: to test who looks for
 * loss.  A folder's path ends with a slash here; NULL for an honest disk. */
struct disk *disk_new(enum disk_model model, const char *deaf_to);
void disk_free(struct disk *disk);

/** One call of a run, in the order of the log; `path` and `bytes` are kept until disk_free.  False
 * when it cannot be repeated. */
bool disk_play(struct disk *disk, const struct record *record, const char *path, const char *bytes);

/** What a random number decides: the next of `state`. */
uint64_t disk_random(uint64_t *state);

/**
 * Writes into an empty folder what the disk holds after a power cut at this moment, by chance.
 * False when it cannot be written.
 */
bool disk_cut(const struct disk *disk, uint64_t *chance, const char *folder);

/** The same with nothing lost. */
bool disk_write(const struct disk *disk, const char *folder);

#endif
