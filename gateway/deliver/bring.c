/* SPDX-License-Identifier: Apache-2.0 */
/* Brings the files of a delivery from a service, on a thread that may wait. */
#include "deliver/bring.h"

#include <stdatomic.h>

struct bring {
    struct file_store *store;
    uint8_t (*files)[SHA256_SIZE];
    size_t count, here; /* `here` is the working thread's until it is over */
    void (*wake)(void *own);
    void *own;
    struct fault fault; /* the same */
    atomic_bool is_over;
};

struct bring *bring_new(struct file_store *store, uint8_t (*files)[SHA256_SIZE], size_t count,
                        void (*wake)(void *own), void *own, struct fault *why)
{
    struct bring *bring = calloc(1, sizeof *bring);
    if (!bring) {
        free(files);
        (void)fault_memory(why);
        return NULL;
    }
    bring->store = store;
    bring->files = files;
    bring->count = count;
    bring->wake = wake;
    bring->own = own;
    atomic_init(&bring->is_over, false);
    return bring;
}

static void work(void *own)
{
    struct bring *bring = own;
    void (*wake)(void *own) = bring->wake;
    void *whom = bring->own;
    while (bring->here < bring->count &&
           file_store_bring(bring->store, bring->files[bring->here], &bring->fault))
        bring->here++;
    atomic_store(&bring->is_over, true); /* it may be gone from here on */
    wake(whom);
}

bool bring_start(struct bring *bring, struct filer *filer, struct fault *why)
{
    return filer_do(filer, work, bring, why);
}

bool bring_is_over(const struct bring *bring, struct fault *why)
{
    if (!atomic_load(&bring->is_over))
        return false;
    *why = bring->here < bring->count ? bring->fault : (struct fault){.kind = FAULT_NONE};
    return true;
}

void bring_free(struct bring *bring)
{
    if (!bring)
        return;
    while (bring->here > 0)
        file_store_drop(bring->store, bring->files[--bring->here]);
    free(bring->files);
    free(bring);
}
