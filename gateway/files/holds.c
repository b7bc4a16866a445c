/* SPDX-License-Identifier: Apache-2.0 */
/* A table of the few files that are in use or leaving at this moment. */
#include "files/holds.h"

#include "base/cleanup.h"

#include <pthread.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

enum { LEAVING = -1 };

struct hold {
    uint8_t sha256[SHA256_SIZE];
    int64_t count; /* of holders, or LEAVING */
    UT_hash_handle hh;
};

struct holds {
    pthread_mutex_t lock;
    pthread_cond_t left; /* signalled under lock when a file has left */
    struct hold *table;  /* guarded by lock */
};

struct holds *holds_new(struct fault *why)
{
    struct holds *holds = calloc(1, sizeof *holds);
    if (!holds) {
        (void)fault_memory(why);
        return NULL;
    }
    pthread_mutex_init(&holds->lock, NULL);
    pthread_cond_init(&holds->left, NULL);
    return holds;
}

void holds_free(struct holds *holds)
{
    struct hold *hold, *next;
    if (!holds)
        return;
    HASH_ITER (hh, holds->table, hold, next) {
        HASH_DEL(holds->table, hold);
        free(hold);
    }
    pthread_cond_destroy(&holds->left);
    pthread_mutex_destroy(&holds->lock);
    free(holds);
}

static struct hold *find(struct holds *holds, const uint8_t *sha256)
{
    struct hold *hold = NULL;
    HASH_FIND(hh, holds->table, sha256, SHA256_SIZE, hold);
    return hold;
}

static bool add(struct holds *holds, const uint8_t *sha256, int64_t count)
{
    struct hold *hold = calloc(1, sizeof *hold);
    if (!hold)
        return false;
    memcpy(hold->sha256, sha256, SHA256_SIZE);
    hold->count = count;
    HASH_ADD(hh, holds->table, sha256, SHA256_SIZE, hold);
    if (hold->hh.tbl)
        return true;
    free(hold); /* the table has no memory for it */
    return false;
}

static void forget(struct holds *holds, struct hold *hold)
{
    HASH_DEL(holds->table, hold);
    free(hold);
}

static bool count_up(struct holds *holds, const uint8_t *sha256)
{
    struct hold *hold = find(holds, sha256);
    if (!hold)
        return add(holds, sha256, 1);
    if (hold->count == LEAVING)
        return false;
    hold->count++;
    return true;
}

bool holds_take(struct holds *holds, const uint8_t sha256[SHA256_SIZE])
{
    pthread_mutex_lock(&holds->lock);
    bool is_taken = count_up(holds, sha256);
    pthread_mutex_unlock(&holds->lock);
    return is_taken;
}

static bool is_leaving(struct holds *holds, const uint8_t *sha256)
{
    const struct hold *hold = find(holds, sha256);
    return hold && hold->count == LEAVING;
}

bool holds_take_waiting(struct holds *holds, const uint8_t sha256[SHA256_SIZE])
{
    pthread_mutex_lock(&holds->lock);
    while (is_leaving(holds, sha256))
        pthread_cond_wait(&holds->left, &holds->lock);
    bool is_taken = count_up(holds, sha256);
    pthread_mutex_unlock(&holds->lock);
    return is_taken;
}

void holds_drop(struct holds *holds, const uint8_t sha256[SHA256_SIZE])
{
    pthread_mutex_lock(&holds->lock);
    struct hold *hold = find(holds, sha256);
    if (hold && --hold->count == 0)
        forget(holds, hold);
    pthread_mutex_unlock(&holds->lock);
}

bool holds_leave(struct holds *holds, const uint8_t sha256[SHA256_SIZE])
{
    pthread_mutex_lock(&holds->lock);
    bool leaves = !find(holds, sha256) && add(holds, sha256, LEAVING);
    pthread_mutex_unlock(&holds->lock);
    return leaves;
}

void holds_left(struct holds *holds, const uint8_t sha256[SHA256_SIZE])
{
    pthread_mutex_lock(&holds->lock);
    struct hold *hold = find(holds, sha256);
    if (hold && hold->count == LEAVING)
        forget(holds, hold);
    pthread_cond_broadcast(&holds->left);
    pthread_mutex_unlock(&holds->lock);
}
