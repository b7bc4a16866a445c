/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tally.h"

void tally_begin(struct tally *tally)
{
    (void)pthread_mutex_init(&tally->lock, NULL);
    (void)pthread_cond_init(&tally->is_none, NULL);
    tally->count = 0;
}

void tally_add(struct tally *tally)
{
    (void)pthread_mutex_lock(&tally->lock);
    tally->count++;
    (void)pthread_mutex_unlock(&tally->lock);
}

void tally_drop(struct tally *tally)
{
    (void)pthread_mutex_lock(&tally->lock);
    if (--tally->count == 0)
        (void)pthread_cond_signal(&tally->is_none);
    (void)pthread_mutex_unlock(&tally->lock);
}

void tally_await_none(struct tally *tally)
{
    (void)pthread_mutex_lock(&tally->lock);
    while (tally->count > 0)
        (void)pthread_cond_wait(&tally->is_none, &tally->lock);
    (void)pthread_mutex_unlock(&tally->lock);
}

void tally_end(struct tally *tally)
{
    (void)pthread_cond_destroy(&tally->is_none);
    (void)pthread_mutex_destroy(&tally->lock);
}
