/* SPDX-License-Identifier: Apache-2.0 */
/* Those who are woken when deliveries changed. */
#include "spool/writer.h"

void watchers_open(struct watchers *watchers)
{
    (void)pthread_mutex_init(&watchers->lock, NULL);
}

void watchers_close(struct watchers *watchers)
{
    (void)pthread_mutex_destroy(&watchers->lock);
}

void watchers_call(struct watchers *watchers)
{
    (void)pthread_mutex_lock(&watchers->lock);
    for (size_t i = 0; i < watchers->count; i++)
        watchers->watchers[i].changed(watchers->watchers[i].own);
    (void)pthread_mutex_unlock(&watchers->lock);
}

bool spool_on_delivery(struct spool *spool, void (*changed)(void *own), void *own,
                       struct fault *why)
{
    struct watchers *watchers = &spool->watchers;
    (void)pthread_mutex_lock(&watchers->lock);
    bool has_room = watchers->count < WATCHERS;
    if (has_room) {
        watchers->watchers[watchers->count].changed = changed;
        watchers->watchers[watchers->count++].own = own;
    }
    (void)pthread_mutex_unlock(&watchers->lock);
    return has_room || fault_set(why, FAULT_BROKEN, "spool: too many watch the deliveries");
}

void spool_off_delivery(struct spool *spool, void *own)
{
    struct watchers *watchers = &spool->watchers;
    size_t kept = 0;
    (void)pthread_mutex_lock(&watchers->lock);
    for (size_t i = 0; i < watchers->count; i++)
        if (watchers->watchers[i].own != own)
            watchers->watchers[kept++] = watchers->watchers[i];
    watchers->count = kept;
    (void)pthread_mutex_unlock(&watchers->lock);
}
