/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_MOMENT_H
#define BASE_MOMENT_H

#include "base/fault.h"

#include <stddef.h>
#include <stdint.h>

/**
 * A moment is UTC milliseconds since 1970 in an int64_t.  Texts without a zone are read and written
 * as Vietnam's time, UTC+7, which has had no daylight saving since 1979 (DOMAIN.md 9.3).
 */
enum moment_form {
    MOMENT_ISO,           /**< 2025-05-12T14:45:00+07:00, milliseconds only when not 0 */
    MOMENT_ISO_UTC,       /**< 2025-05-12T07:45:00.000Z */
    MOMENT_COMPACT,       /**< 20250512144500: national portal */
    MOMENT_COMPACT_DATE,  /**< 20250512 */
    MOMENT_SLASH,         /**< 2025/05/12 14:45:00: edXML */
    MOMENT_SLASH_DATE,    /**< 2025/05/12: edXML */
    MOMENT_DASH,          /**< 2025-05-12 14:45:00 */
    MOMENT_DASH_DATE,     /**< 2025-05-12 */
    MOMENT_DAY_FIRST,     /**< 12/05/2025 14:45:00 */
    MOMENT_DAY_FIRST_DATE /**< 12/05/2025 */
};
enum { MOMENT_TEXT_SIZE = 32 };

/**
 * Reads any of the forms above, and ISO 8601 with `T` or a blank, with or without zone (`Z`,
 * `+07:00`, `+0700`) and with 1 to 9 digits of fraction (cut to milliseconds), with or without
 * seconds.  A date alone is its midnight in Vietnam.  Strict: a day, hour or second that does not
 * exist is refused (31 February, 24:00, second 60), and so is anything after the text.
 * Years 1 to 9999.  FAULT_REFUSE names no value, since dates of birth pass through here.
 */
bool moment_read(const char *text, size_t size, int64_t *moment, struct fault *why)
    __attribute__((warn_unused_result));

/** Writes `moment` in `form` into `text`, NUL-terminated.  Returns its length.  A moment
 * before the year 0 or after 9999 is written as the nearest one within. */
size_t moment_write(int64_t moment, enum moment_form form, char text[MOMENT_TEXT_SIZE]);

/** The form of a name as adapters write it ("yyyyMMddHHmmss", "iso", ...); false when unknown. */
bool moment_form_named(const char *name, enum moment_form *form);

/** The calendar day in Vietnam, as 20250512.  Days compare as numbers. */
int32_t moment_day(int64_t moment);

/** Whether the calendar has this day, as 20250512; years 1 to 9999. */
bool moment_day_exists(int32_t day);

#endif
