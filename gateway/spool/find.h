/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_FIND_H
#define SPOOL_FIND_H

#include "spool/reader.h"

/**
 * Looking for entries.  Every list is a range of an index, or several that are gone through side by
 * side, with a cursor: also at ten million rows no call looks at more than so many of them.  By
 * dossier, by what needs a person and by cause the spool itself finds; by partner, event type,
 * agency, procedure and alias an index in a file of its own does, FILE.find, which one thread of
 * the daemon keeps a few seconds behind the spool and which can be thrown away: it is made again.
 * What it does not have yet is looked at row by row.
 */
enum { SHORT_FINGERPRINT_SIZE = 8 };
enum find_by { FIND_AGENCY, FIND_PROCEDURE, FIND_EVENT_TYPE, FIND_ALIAS, FIND_PARTNER };

/** How agencies, procedure and aliases are read from an entry's event, which the spool does not
 * understand: `tell` calls `emit` with each.  False when the event cannot be read; that is no
 * fault: it is then not found by them.  It may be called from several threads at once. */
struct find_teller {
    bool (*tell)(void *own, const struct spool_entry *entry,
                 bool (*emit)(void *to, enum find_by by, const char *value), void *to);
    void *own;
};

enum find_published { FIND_EITHER, FIND_PUBLISHED, FIND_UNPUBLISHED /**< READY and RELEASED */ };

struct find_filter {
    const char *dossier_code;
    const uint8_t *file; /**< hash of a stored file that they use */
    const char *partner;
    const char *agency, *procedure, *event_type, *alias;
    const char *cause; /**< of what is DEAD: a fingerprint's 16 hex digits, or how it begins */
    int state;         /**< enum entry_state, or -1 */
    enum find_published published;
    int64_t from_ms, to_ms; /**< of arrival, to_ms not included; 0: open */
    int64_t due_from_ms;    /**< 0: open */
    int64_t due_before_ms;  /**< 0: any; else only what has a date and is neither published nor
                                 discarded */
    int64_t after;          /**< the cursor: first numbers below it when newest_first, else above;
                                 0: from the start */
    bool newest_first;
    size_t limit;
    const struct find_teller *teller; /**< for what the index does not have yet; NULL: that is not
                                           found by agency, procedure and alias */
};
/** Without their events.  `*next` is the cursor for more, 0 when there is none.  It can be given
 * after less than `limit` entries, or none: so much was looked at in vain, and the caller asks on
 * if it likes.  Arrival times need not rise with numbers, but FIND_DISORDER_MS apart they must. */
enum { FIND_DISORDER_MS = 120000 };
bool spool_search(struct spool_reader *reader, const struct find_filter *filter, spool_each each,
                  void *own, int64_t *next, struct fault *why) __attribute__((warn_unused_result));

/** How far FILE.find is: `*position` is the last first number that it has, 0 without it. */
bool spool_found_to(struct spool_reader *reader, int64_t *position, struct fault *why)
    __attribute__((warn_unused_result));

/** How many that are neither published nor discarded have their due date between two moments;
 * entries that are READY are counted up to DUE_COUNT_LIMIT. */
enum { DUE_COUNT_LIMIT = 100000 };
struct due_counts {
    int64_t entries, deliveries;
};
bool spool_count_due(struct spool_reader *reader, int64_t from_ms, int64_t before_ms,
                     struct due_counts *counts, struct fault *why)
    __attribute__((warn_unused_result));

/** One group of failures: everything DEAD for the same rule at the same place, of one partner and
 * adapter; or deliveries DEAD for the same cause at one partner. */
struct failure_group {
    uint8_t fingerprint[SHORT_FINGERPRINT_SIZE];
    bool is_delivery;
    const char *cause;
    const char *partner; /**< who sent it; of deliveries whom it was for, NULL: nobody was found */
    const char *adapter; /**< of entries */
    const char *detail;  /**< of the newest one */
    int64_t count;
    int64_t parked_behind; /**< in lanes of which the first DEAD one is of the group */
    int64_t oldest_ms, newest_ms;
    int64_t overdue; /**< whose due date is past */
    int64_t sample;  /**< number of the newest */
};
/** All groups, largest first.  Counted as it happens, so that it takes no longer for a million. */
bool spool_failures(struct spool_reader *reader,
                    bool (*each)(void *own, const struct failure_group *group), void *own,
                    struct fault *why) __attribute__((warn_unused_result));
/** Which of a group a page shows: the DEAD ones with numbers above `after`, by number. */
struct failure_page {
    const uint8_t *fingerprint;
    int64_t after;
    size_t limit; /**< 0: all */
};
bool spool_failures_of(struct spool_reader *reader, const struct failure_page *page,
                       bool (*each)(void *own, int64_t number), void *own, struct fault *why)
    __attribute__((warn_unused_result));

#endif
