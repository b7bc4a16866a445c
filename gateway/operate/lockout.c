/* SPDX-License-Identifier: Apache-2.0 */
/* One small list of names and addresses that failed.  A hash of a password takes a thousand times
 * longer than to walk it. */
#include "operate/lockout.h"

#include "base/cleanup.h"
#include "base/digest.h"

#include <pthread.h>

enum {
    CULPRITS = 4096,
    ADDRESS_FACTOR = 4,
    GROWTH_MOST = 4,              /* doublings */
    FORGET_MS = 24 * 3600 * 1000, /* without a failure */
};

/* Known by a hash, so that names of any length take the same room. */
struct culprit {
    uint8_t hash[SHA256_SIZE];
    int64_t failures;     /* since the last success or lock; 0 and locks 0: the place is free */
    int64_t locks;        /* so far */
    int64_t locked_until; /* ticks */
    int64_t failed_at;    /* ticks of the last failure */
};

struct lockout {
    struct lockout_options options;
    pthread_mutex_t lock; /* guards what follows */
    struct culprit culprits[CULPRITS];
};

/* A user and an address of the same text are two. */
static void hash_of(char kind, const char *text, uint8_t hash[SHA256_SIZE])
{
    digest_hmac(&kind, 1, text, strlen(text), hash);
}

static bool is_free(const struct culprit *culprit)
{
    return culprit->failures == 0 && culprit->locks == 0;
}

static struct culprit *find(struct lockout *lockout, const uint8_t hash[SHA256_SIZE], int64_t now)
{
    for (size_t i = 0; i < CULPRITS; i++) {
        struct culprit *culprit = &lockout->culprits[i];
        if (is_free(culprit) || memcmp(culprit->hash, hash, SHA256_SIZE) != 0)
            continue;
        if (culprit->locked_until <= now && now - culprit->failed_at > FORGET_MS)
            *culprit = (struct culprit){.failures = 0};
        return is_free(culprit) ? NULL : culprit;
    }
    return NULL;
}

/* Whether the first may be forgotten sooner: free ones, then those not locked, then the oldest. */
static bool goes_sooner(const struct culprit *one, const struct culprit *other, int64_t now)
{
    if (is_free(one) != is_free(other))
        return is_free(one);
    if ((one->locked_until > now) != (other->locked_until > now))
        return other->locked_until > now;
    return one->failed_at < other->failed_at;
}

static struct culprit *find_or_add(struct lockout *lockout, const uint8_t hash[SHA256_SIZE],
                                   int64_t now)
{
    struct culprit *found = find(lockout, hash, now);
    if (found)
        return found;
    struct culprit *place = &lockout->culprits[0];
    for (size_t i = 1; i < CULPRITS; i++)
        if (goes_sooner(&lockout->culprits[i], place, now))
            place = &lockout->culprits[i];
    *place = (struct culprit){.failures = 0};
    memcpy(place->hash, hash, SHA256_SIZE);
    return place;
}

static int64_t wait_of(struct lockout *lockout, char kind, const char *text, int64_t now)
{
    uint8_t hash[SHA256_SIZE];
    hash_of(kind, text, hash);
    const struct culprit *culprit = find(lockout, hash, now);
    return culprit && culprit->locked_until > now ? culprit->locked_until - now : 0;
}

static bool count_failure(struct lockout *lockout, const uint8_t hash[SHA256_SIZE], int64_t after,
                          int64_t now)
{
    struct culprit *culprit = find_or_add(lockout, hash, now);
    culprit->failures++;
    culprit->failed_at = now;
    if (culprit->failures < after || culprit->locked_until > now)
        return false;
    int64_t doublings = culprit->locks < GROWTH_MOST ? culprit->locks : GROWTH_MOST;
    culprit->locked_until = now + (lockout->options.lock_ms << doublings);
    culprit->locks++;
    culprit->failures = 0;
    return true;
}

struct lockout *lockout_new(const struct lockout_options *options, struct fault *why)
{
    struct lockout *lockout = calloc(1, sizeof *lockout);
    if (!lockout || pthread_mutex_init(&lockout->lock, NULL) != 0) {
        free(lockout);
        (void)fault_memory(why);
        return NULL;
    }
    lockout->options = *options;
    return lockout;
}

void lockout_free(struct lockout *lockout)
{
    if (!lockout)
        return;
    (void)pthread_mutex_destroy(&lockout->lock); /* nobody holds it any more */
    free(lockout);
}

int64_t lockout_wait_ms(struct lockout *lockout, const char *user, const char *address, int64_t now)
{
    (void)pthread_mutex_lock(&lockout->lock);
    int64_t user_wait = wait_of(lockout, 'u', user, now);
    int64_t address_wait = wait_of(lockout, 'a', address, now);
    (void)pthread_mutex_unlock(&lockout->lock);
    return user_wait > address_wait ? user_wait : address_wait;
}

bool lockout_failed(struct lockout *lockout, const char *user, const char *address, int64_t now)
{
    uint8_t user_hash[SHA256_SIZE], address_hash[SHA256_SIZE];
    int64_t after = lockout->options.after;
    hash_of('u', user, user_hash);
    hash_of('a', address, address_hash);
    (void)pthread_mutex_lock(&lockout->lock);
    bool is_user_locked = count_failure(lockout, user_hash, after, now);
    bool is_address_locked = count_failure(lockout, address_hash, after * ADDRESS_FACTOR, now);
    (void)pthread_mutex_unlock(&lockout->lock);
    return is_user_locked || is_address_locked;
}

void lockout_succeeded(struct lockout *lockout, const char *user)
{
    uint8_t hash[SHA256_SIZE];
    hash_of('u', user, hash);
    (void)pthread_mutex_lock(&lockout->lock);
    struct culprit *culprit = find(lockout, hash, 0);
    if (culprit)
        *culprit = (struct culprit){.failures = 0};
    (void)pthread_mutex_unlock(&lockout->lock);
}
