/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_SEARCH_H
#define SPOOL_SEARCH_H

#include "spool/facet.h"
#include "spool/row.h"

/** One search: the sets of numbers that it goes through side by side. */

enum { SOURCES = 12 };

/** A set of first numbers in order: the nearest one at or behind a number is asked of it. */
struct source {
    sqlite3 *database;
    sqlite3_stmt *seek; /**< ?1 is the number; NULL: nothing but the next two */
    int64_t beyond;     /**< what is above may be in the set; INT64_MAX: nothing is */
    bool has_waiting;   /**< released entries that are not published are in it too */
};

struct search {
    struct spool_reader *reader;
    const struct find_filter *filter;
    struct source sources[SOURCES];
    size_t source_count;
    int64_t first, last; /**< bounds of first numbers */
    int64_t position;    /**< of FILE.find: what is above is looked at by the teller */
    int64_t made_at_ms;  /**< of FILE.find; 0: it is not asked */
    bool met_damage;     /**< in FILE.find; set by search_close */
    int64_t *waiting;    /**< released entries that are not published, in order; owned */
    size_t waiting_count;
    sqlite3_stmt *row; /**< the nearest entry, with its event where that has to be looked at */
};

/** Prepares everything that the filter asks for; the caller ends it in any case. */
bool search_open(struct search *search, struct fault *why) __attribute__((warn_unused_result));
void search_close(struct search *search);

/** The nearest number of a source at or behind `from` in the filter's direction; `*found` false
 * when there is none. */
bool source_seek(struct search *search, const struct source *source, int64_t from, int64_t *number,
                 bool *found, struct fault *why) __attribute__((warn_unused_result));

/** Whether a cause is a fingerprint, and its number. */
bool search_fingerprint(const char *cause, int64_t *number);

/** How far FILE.find is; 0 when it is not there, damaged, or of another spool. */
bool search_position(struct spool_reader *reader, int64_t *position, struct fault *why)
    __attribute__((warn_unused_result));

/** After a search that failed and was closed: whether it was FILE.find that is damaged, which is
 * then done without until it is made anew. */
bool search_drop_damaged(const struct search *search);

/** Bounds of the first numbers of what arrived in the filter's time. */
bool search_bounds(struct search *search, struct fault *why) __attribute__((warn_unused_result));

#endif
