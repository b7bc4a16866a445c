/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver/claims.h"

#include "deliver/numbers.h"

#include <pthread.h>
#include <stdlib.h>

struct claims {
    pthread_mutex_t lock;
    struct numbers taken; /* guarded by lock */
};

struct claims *claims_new(struct fault *why)
{
    struct claims *claims = calloc(1, sizeof *claims);
    if (!claims) {
        (void)fault_memory(why);
        return NULL;
    }
    (void)pthread_mutex_init(&claims->lock, NULL);
    return claims;
}

void claims_free(struct claims *claims)
{
    if (!claims)
        return;
    numbers_free(&claims->taken);
    (void)pthread_mutex_destroy(&claims->lock);
    free(claims);
}

bool claims_take(struct claims *claims, int64_t delivery, struct fault *why)
{
    (void)pthread_mutex_lock(&claims->lock);
    bool is_taken = numbers_has(&claims->taken, delivery)
                        ? fault_set(why, FAULT_RETRY, "another answer to it is being stored")
                        : numbers_add(&claims->taken, delivery, why);
    (void)pthread_mutex_unlock(&claims->lock);
    return is_taken;
}

void claims_give_back(struct claims *claims, int64_t delivery)
{
    (void)pthread_mutex_lock(&claims->lock);
    numbers_remove(&claims->taken, delivery);
    (void)pthread_mutex_unlock(&claims->lock);
}
