/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_FIND_H
#define SPOOL_FIND_H

#include "spool/reader.h"

/**
 * Looking for entries.  Every list is a range of an index with a cursor, also at ten million rows:
 * by dossier, by state of what needs a person, by partner and time, by cause.  What is looked for
 * by agency, procedure or alias is in an index of its own file, FILE.find, which one thread of the
 * daemon keeps a few seconds behind the spool and which can be thrown away: it is made again.
 */
enum { SHORT_FINGERPRINT_SIZE = 8 };
enum find_by { FIND_AGENCY, FIND_PROCEDURE, FIND_EVENT_TYPE, FIND_ALIAS, FIND_PARTNER };

struct find_filter {
    const char *dossier_code;
    const char *partner;
    const char *agency, *procedure, *event_type, *alias;
    const char *cause;                  /**< a fingerprint, or a prefix of a cause */
    int state;                          /**< enum entry_state, or -1 */
    int64_t from_ms, to_ms;             /**< of arrival; 0: open */
    int64_t due_from_ms, due_before_ms; /**< the latter not included; 0: open */
    int64_t after; /**< the cursor: first numbers below it when newest_first, else above */
    bool newest_first;
    size_t limit;
};
/** Without their events.  `*next` is the cursor for more, 0 when there is none. */
bool spool_search(struct spool_reader *reader, const struct find_filter *filter, spool_each each,
                  void *own, int64_t *next, struct fault *why) __attribute__((warn_unused_result));

/** One group of failures: everything DEAD for the same rule at the same place, of one partner and
 * adapter; or deliveries DEAD for the same cause at one partner. */
struct failure_group {
    uint8_t fingerprint[SHORT_FINGERPRINT_SIZE];
    bool is_delivery;
    const char *cause;
    const char *partner;
    const char *adapter; /**< of entries */
    const char *detail;  /**< of the newest one */
    int64_t count, parked_behind;
    int64_t oldest_ms, newest_ms;
    int64_t overdue; /**< whose due date is past */
    int64_t sample;  /**< number of the newest */
};
/** All groups, largest first.  Counted as it happens, so that it takes no longer for a million. */
bool spool_failures(struct spool_reader *reader,
                    bool (*each)(void *own, const struct failure_group *group), void *own,
                    struct fault *why) __attribute__((warn_unused_result));
/** The DEAD ones of a group, by number above `after`. */
bool spool_failures_of(struct spool_reader *reader, const uint8_t *fingerprint, int64_t after,
                       size_t limit, bool (*each)(void *own, int64_t number), void *own,
                       struct fault *why) __attribute__((warn_unused_result));

#endif
