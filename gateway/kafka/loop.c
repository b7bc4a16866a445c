/* SPDX-License-Identifier: Apache-2.0 */
/* What the loops that talk to Kafka share: when to try again, and what is worth a line. */
#include "kafka/loop.h"

#include "base/clock.h"
#include "base/digest.h"

#include <stdio.h>
#include <string.h>

enum {
    FIRST_PAUSE_MS = 100,
    LONGEST_PAUSE_MS = 3000,
    REPEAT_LOG_MS = 3000 /* a new reason in the same state is told this often at most */
};

int64_t loop_pause_ms(int failures)
{
    int64_t longest = FIRST_PAUSE_MS;
    for (int i = 1; i < failures && longest < LONGEST_PAUSE_MS; i++)
        longest *= 2;
    if (longest > LONGEST_PAUSE_MS)
        longest = LONGEST_PAUSE_MS;
    uint16_t chance = 0;
    random_fill(&chance, sizeof chance);
    return longest / 2 + longest / 2 * chance / UINT16_MAX;
}

/* The reason without what the client adds in brackets, which counts its tries and never rests. */
static bool is_same(const char *one, const char *other)
{
    size_t size = strcspn(one, "(");
    return size == strcspn(other, "(") && strncmp(one, other, size) == 0;
}

bool loop_is_news(struct loop_reason *reason, bool is_new_state, const struct fault *why)
{
    int64_t now = clock_ticks_ms();
    if (!is_new_state &&
        (is_same(why->text, reason->text) || now - reason->told_at_ms < REPEAT_LOG_MS))
        return false;
    reason->told_at_ms = now;
    (void)snprintf(reason->text, sizeof reason->text, "%s", why->text);
    return true;
}
