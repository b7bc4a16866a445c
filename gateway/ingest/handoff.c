/* SPDX-License-Identifier: Apache-2.0 */
/* The memory and the life of one posted document. */
#include "ingest/handoff.h"

#include "base/cleanup.h"

#include <stdlib.h>

struct handoff *handoff_new(struct ingest *ingest, struct http_request *request,
                            struct caller *caller)
{
    size_t adapters = caller->partner->adapter_count;
    struct handoff *handoff = calloc(1, sizeof *handoff + adapters * sizeof handoff->candidates[0]);
    if (!handoff) {
        caller_forget(caller);
        return NULL;
    }
    pthread_mutex_init(&handoff->lock, NULL);
    atomic_init(&handoff->holders, 1);
    handoff->ingest = ingest;
    handoff->request = request;
    handoff->caller = *caller;
    handoff->arrived_ticks_us = http_arrived_ticks_us(request);
    return handoff;
}

struct handoff *handoff_hold(struct handoff *handoff)
{
    atomic_fetch_add(&handoff->holders, 1);
    return handoff;
}

void handoff_drop_items(struct handoff *handoff)
{
    for (size_t i = 0; i < handoff->document.item_count; i++) {
        free(handoff->memory[i].texts);
        free(handoff->memory[i].event);
        json_decref(handoff->memory[i].agencies);
    }
    handoff->document.item_count = 0;
}

static void free_handoff(struct handoff *handoff)
{
    handoff_drop_items(handoff);
    free(handoff->items);
    free(handoff->memory);
    free(handoff->receipts);
    free(handoff->bytes);
    free(handoff->media_type);
    json_decref(handoff->problems);
    caller_forget(&handoff->caller);
    pthread_mutex_destroy(&handoff->lock);
    free(handoff);
}

void handoff_release(struct handoff *handoff)
{
    if (handoff && atomic_fetch_sub(&handoff->holders, 1) == 1)
        free_handoff(handoff);
}

static bool grow(struct handoff *handoff, struct fault *why)
{
    size_t capacity = handoff->capacity > 0 ? handoff->capacity * 2 : 1;
    struct spool_item *items = realloc(handoff->items, capacity * sizeof *items);
    if (!items)
        return fault_memory(why);
    handoff->items = items;
    struct item_memory *memory = realloc(handoff->memory, capacity * sizeof *memory);
    if (!memory)
        return fault_memory(why);
    handoff->memory = memory;
    handoff->capacity = capacity;
    return true;
}

struct spool_item *handoff_add_item(struct handoff *handoff, struct fault *why)
{
    size_t index = handoff->document.item_count;
    if (index == handoff->capacity && !grow(handoff, why))
        return NULL;
    handoff->items[index] = (struct spool_item){0};
    handoff->memory[index] = (struct item_memory){0};
    handoff->document.items = handoff->items;
    handoff->document.item_count = index + 1;
    return &handoff->items[index];
}

void handoff_resume(struct handoff *handoff, enum handoff_phase from, enum handoff_phase to)
{
    pthread_mutex_lock(&handoff->lock);
    if (handoff->phase == from) {
        handoff->phase = to;
        if (handoff->request)
            http_resume(handoff->request); /* under the lock, so that it cannot end before */
    }
    pthread_mutex_unlock(&handoff->lock);
}
