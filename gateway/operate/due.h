/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_DUE_H
#define OPERATE_DUE_H

#include <stdbool.h>
#include <stdint.h>

/** What is asked of a due date, in lists, by replays and on the overview. */
enum due { DUE_OVERDUE, DUE_TODAY /**< and not overdue yet */, DUE_WORDS };

extern const char *const due_words[DUE_WORDS + 1]; /**< as calls name them; ends with NULL */
/** False when the text is none of the words. */
bool due_named(const char *text, enum due *due);

/** Between which moments such a date is; before_ms is not included. */
struct due_span {
    int64_t from_ms, before_ms;
};
struct due_span due_span(enum due due, int64_t now_ms);

#endif
