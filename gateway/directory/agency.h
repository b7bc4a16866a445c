/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DIRECTORY_AGENCY_H
#define DIRECTORY_AGENCY_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The last day of what has no end; it is later than every other that can be said. */
enum { DAY_OPEN_END = 99991231 };

enum agency_level { LEVEL_COMMUNE, LEVEL_DISTRICT, LEVEL_PROVINCE, LEVEL_MINISTRY, LEVEL_VERTICAL };

/**
 * One agency during one time.  A code means nothing without a date: codes are used again for other
 * units (DOMAIN.md 1.2), so rows are keyed by (code, valid_from).
 */
struct agency {
    const char *code; /**< as issued: H09.40 or 000.00.40.H09 */
    const char *name; /**< for people; never joined on */
    enum agency_level level;
    const char *parent;    /**< code, or NULL */
    int32_t valid_from;    /**< day as 20250701, inclusive */
    int32_t valid_to;      /**< last day, inclusive; DAY_OPEN_END when open */
    const char *successor; /**< code that answers for it after valid_to, or NULL */
};

/** All agencies of agencies.csv.  Immutable after loading: threads share it. */
struct agencies;

/**
 * Loads code, alias_codes (separated by ';'), name, level, parent, valid_from, valid_to, successor;
 * the first row names the columns.  Refuses, with file and line: a malformed code (QCVN 102:2016 or
 * QĐ 20/2020/QĐ-TTg), an impossible day, two rows of one code or alias whose times overlap, a
 * parent that is not valid all that time, an unknown successor or one that ends no later, a circle
 * of either.
 */
struct agencies *agencies_load(const char *path, struct fault *why)
    __attribute__((warn_unused_result));
void agencies_free(struct agencies *agencies);
size_t agencies_count(const struct agencies *agencies);
const struct agency *agencies_at(const struct agencies *agencies, size_t index);

/** The agency that `code`, own or alias, named on that day; NULL when none did. */
const struct agency *agencies_find(const struct agencies *agencies, const char *code, int32_t day);

/** The same, and when it had ended by that day the last agency that the code named. */
const struct agency *agencies_named(const struct agencies *agencies, const char *code, int32_t day);

/** The agency above this one on that day; NULL when there is none. */
const struct agency *agencies_parent(const struct agencies *agencies, const struct agency *agency,
                                     int32_t day);

/**
 * Calls `each` with every code, own or alias, of the agencies that at some time these codes name,
 * that are below one of them, or that one of them succeeds: with all for which somebody with these
 * codes may ever speak, and perhaps with more.  False when `each` is, or memory is out.
 */
bool agencies_each_below(const struct agencies *agencies, const char *const *codes, size_t count,
                         bool (*each)(void *own, const char *code, struct fault *why), void *own,
                         struct fault *why) __attribute__((warn_unused_result));

/**
 * Who answers for `code` on that day: the agency itself while valid, else the successor, followed
 * as often as needed; `*succeeded` says which.  NULL with FAULT_REFUSE and the reason: malformed,
 * unknown, not yet valid, or closed without a successor.
 */
const struct agency *agencies_resolve(const struct agencies *agencies, const char *code,
                                      int32_t day, bool *succeeded, struct fault *why)
    __attribute__((warn_unused_result));

#endif
