/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_FACET_H
#define SPOOL_FACET_H

#include "spool/database.h"
#include "spool/find.h"

/**
 * FILE.find: for each value by which entries are looked for the numbers that have it, as rows
 * (key, number) in that order.  A key is a digest of the kind and the value: 64 bits, of which no
 * two meet among some millions but by a chance of one in a million.
 */
int64_t facet_key(enum find_by by, const char *value);

/** How far the file is, and what of. */
struct facet_position {
    uint8_t spool[SHORT_DIGEST_SIZE]; /**< of whose receipt key */
    int64_t entry;                    /**< last first number that it has */
    int64_t change;                   /**< last mending that it has seen */
    uint8_t witness[SHA256_SIZE];     /**< digest of that entry's document */
    int64_t swept;                    /**< what is below was removed */
    int64_t made_at_ms;               /**< tells it from what was made in the same file before */
};

/** The file's name, which the caller owns. */
char *facet_file(const char *spool_file, struct fault *why) __attribute__((warn_unused_result));

/** For the thread that writes; makes it when it is not there, is of another version, or is no
 * database any more. */
sqlite3 *facet_open_writer(const char *file, struct fault *why) __attribute__((warn_unused_result));
/** Empties it in its place, whatever is in it.  It is never removed and made under its name again:
 * for SQLite that would be two databases with one WAL, and of those that have the first one open
 * one would shorten the index of the WAL that the other has mapped. */
bool facet_reset(sqlite3 *facets, struct fault *why) __attribute__((warn_unused_result));
/** NULL, with FAULT_NONE, when there is none that could be read. */
sqlite3 *facet_open_reader(const char *file, struct fault *why) __attribute__((warn_unused_result));

/** All zero when the file is new. */
bool facet_read_position(sqlite3 *facets, struct facet_position *position, struct fault *why)
    __attribute__((warn_unused_result));

/** What a spool's file is known by. */
void facet_spool(const uint8_t receipt_key[SHA256_SIZE], uint8_t spool[SHORT_DIGEST_SIZE]);

#endif
