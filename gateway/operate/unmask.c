/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at personal data that somebody asked for and gave a reason for. */
#include "operate/unmask.h"

#include "base/cleanup.h"

#include <pthread.h>

struct grant {
    char session[UNMASK_SESSION_SIZE];
    int64_t entry;
    int64_t until_ms;
};

struct unmask {
    int64_t length_ms;
    pthread_mutex_t lock;
    size_t count;                     /* guarded by lock */
    struct grant grants[UNMASK_MOST]; /* guarded by lock */
};

struct unmask *unmask_new(int64_t minutes, struct fault *why)
{
    enum { MINUTE_MS = 60000 };
    struct unmask *unmask = calloc(1, sizeof *unmask);
    if (!unmask) {
        (void)fault_memory(why);
        return NULL;
    }
    unmask->length_ms = minutes * MINUTE_MS;
    (void)pthread_mutex_init(&unmask->lock, NULL);
    return unmask;
}

void unmask_free(struct unmask *unmask)
{
    if (!unmask)
        return;
    (void)pthread_mutex_destroy(&unmask->lock);
    free(unmask);
}

static bool is_of(const struct grant *grant, const struct unmask_look *look)
{
    return grant->entry == look->entry && strcmp(grant->session, look->session) == 0;
}

/* Takes out what is over. */
static void tidy(struct unmask *unmask, int64_t now_ms)
{
    for (size_t at = 0; at < unmask->count;) {
        if (unmask->grants[at].until_ms > now_ms)
            at++;
        else
            unmask->grants[at] = unmask->grants[--unmask->count];
    }
}

static struct grant *find(struct unmask *unmask, const struct unmask_look *look)
{
    for (size_t at = 0; at < unmask->count; at++)
        if (is_of(&unmask->grants[at], look))
            return &unmask->grants[at];
    return NULL;
}

static struct grant *make_room(struct unmask *unmask)
{
    struct grant *first = &unmask->grants[0];
    if (unmask->count < UNMASK_MOST)
        return &unmask->grants[unmask->count++];
    for (size_t at = 1; at < unmask->count; at++)
        if (unmask->grants[at].until_ms < first->until_ms)
            first = &unmask->grants[at];
    return first;
}

int64_t unmask_grant(struct unmask *unmask, const struct unmask_look *look)
{
    if (strlen(look->session) >= UNMASK_SESSION_SIZE)
        return 0;
    (void)pthread_mutex_lock(&unmask->lock);
    tidy(unmask, look->now_ms);
    struct grant *grant = find(unmask, look);
    if (!grant)
        grant = make_room(unmask);
    (void)snprintf(grant->session, sizeof grant->session, "%s", look->session);
    grant->entry = look->entry;
    grant->until_ms = look->now_ms + unmask->length_ms;
    (void)pthread_mutex_unlock(&unmask->lock);
    return unmask->length_ms;
}

int64_t unmask_left(struct unmask *unmask, const struct unmask_look *look)
{
    (void)pthread_mutex_lock(&unmask->lock);
    const struct grant *grant = find(unmask, look);
    int64_t left_ms = grant && grant->until_ms > look->now_ms ? grant->until_ms - look->now_ms : 0;
    (void)pthread_mutex_unlock(&unmask->lock);
    return left_ms;
}

bool unmask_holds(struct unmask *unmask, const struct unmask_look *look)
{
    return unmask_left(unmask, look) > 0;
}
