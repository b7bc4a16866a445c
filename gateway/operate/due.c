/* SPDX-License-Identifier: Apache-2.0 */
/* Due dates by the words that people ask for them with. */
#include "operate/due.h"

#include <string.h>

enum { DAY_MS = 86400000, ZONE_MS = 25200000 };

const char *const due_words[] = {[DUE_OVERDUE] = "overdue", [DUE_TODAY] = "today", NULL};

bool due_named(const char *text, enum due *due)
{
    for (enum due at = DUE_OVERDUE; at < DUE_WORDS; at++) {
        if (strcmp(text, due_words[at]) != 0)
            continue;
        *due = at;
        return true;
    }
    return false;
}

/* From 1: 0 is no date.  The day ends at midnight in Vietnam. */
struct due_span due_span(enum due due, int64_t now_ms)
{
    if (due == DUE_OVERDUE)
        return (struct due_span){1, now_ms};
    return (struct due_span){now_ms, now_ms - (now_ms + ZONE_MS) % DAY_MS + DAY_MS};
}
