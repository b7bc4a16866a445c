/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/**
 * One event, one logfmt line on stderr: time, level, event name, then key=value pairs.
 *
 *     log_warn("publisher.retry", "entry=%" PRId64 " why=\"%s\"", entry, why.text);
 *
 * The event name is a constant, never built; the pairs are a printf format, NULL where there are
 * none.  Only the loops log (server, writer, publisher, main); what they call reports by fault.
 * Quotation marks, backslashes, line ends, control characters and what is not UTF-8 are escaped
 * inside the values, and a value with a blank, `=` or nothing in it is quoted when the format does
 * not quote it: no value can forge a line or a pair.  A line over 4 KiB is cut.  Personal data is
 * never given to it.  Thread safe; one write(2) a line.
 *
 * Conversions: s c d i u x f % with 0, width, precision, l, ll, z and nothing else of printf's.
 */
#define log_error(event, ...) log_line(LOG_LEVEL_ERROR, event, __VA_ARGS__)
#define log_warn(event, ...)  log_line(LOG_LEVEL_WARN, event, __VA_ARGS__)
#define log_info(event, ...)  log_line(LOG_LEVEL_INFO, event, __VA_ARGS__)
#define log_debug(event, ...) log_line(LOG_LEVEL_DEBUG, event, __VA_ARGS__)

void log_line(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Lines less urgent than `level` are dropped from now on.  INFO until told otherwise. */
void log_set_level(enum log_level level);

/** "error", "warn", "info" or "debug" to its level; false for any other word. */
bool log_level_named(const char *name, enum log_level *level);

#endif
