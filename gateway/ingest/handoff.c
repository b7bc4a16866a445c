/* SPDX-License-Identifier: Apache-2.0 */
/* The memory and the life of one posted document. */
#include "ingest/handoff.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "ingest/filing.h"
#include "ingest/state.h"

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
    tally_add(&ingest->handoffs);
    handoff->ingest = ingest;
    handoff->request = request;
    handoff->caller = *caller;
    handoff->arrived_ticks_us = request ? http_arrived_ticks_us(request) : clock_ticks_us();
    return handoff;
}

struct handoff *handoff_hold(struct handoff *handoff)
{
    atomic_fetch_add(&handoff->holders, 1);
    return handoff;
}

bool handoff_uses_file(const struct handoff *handoff, size_t index,
                       const uint8_t sha256[SHA256_SIZE])
{
    const struct item_memory *memory = &handoff->memory[index];
    for (size_t i = 0; i < memory->file_count; i++)
        if (memcmp(memory->files[i], sha256, SHA256_SIZE) == 0)
            return true;
    return false;
}

bool handoff_use_file(struct handoff *handoff, size_t index, const uint8_t sha256[SHA256_SIZE],
                      struct fault *why)
{
    struct item_memory *memory = &handoff->memory[index];
    if (handoff_uses_file(handoff, index, sha256))
        return true;
    uint8_t(*files)[SHA256_SIZE] =
        reallocarray(memory->files, memory->file_count + 1, sizeof *files);
    if (!files)
        return fault_memory(why);
    memory->files = files;
    handoff->items[index].files = (const uint8_t(*)[SHA256_SIZE])files;
    if (!file_store_hold(handoff->ingest->options.files, sha256))
        return true;
    memcpy(files[memory->file_count++], sha256, SHA256_SIZE);
    handoff->items[index].file_count = memory->file_count;
    return true;
}

static void let_go(struct handoff *handoff, struct item_memory *memory)
{
    for (size_t i = 0; i < memory->file_count; i++)
        file_store_let_go(handoff->ingest->options.files, memory->files[i]);
    free(memory->files);
}

void handoff_drop_items(struct handoff *handoff)
{
    for (size_t i = 0; i < handoff->document.item_count; i++) {
        free(handoff->memory[i].texts);
        free(handoff->memory[i].event);
        json_decref(handoff->memory[i].agencies);
        let_go(handoff, &handoff->memory[i]);
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
    free(handoff->jws);
    signature_verdict_free(&handoff->signature);
    filing_end(handoff);
    free(handoff->hashes);
    free(handoff->media_type);
    json_decref(handoff->problems);
    caller_forget(&handoff->caller);
    pthread_mutex_destroy(&handoff->lock);
    struct ingest *ingest = handoff->ingest;
    free(handoff);
    tally_drop(&ingest->handoffs);
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

void handoff_choose_candidates(struct handoff *handoff)
{
    const struct partner *partner = handoff->caller.partner;
    for (size_t i = 0; i < partner->adapter_count; i++) {
        const struct adapter *adapter =
            adapters_find(handoff->ingest->options.adapters, partner->adapters[i]);
        if (adapter && adapter_takes(adapter, handoff->media_type))
            handoff->candidates[handoff->candidate_count++] = adapter;
    }
}

int64_t handoff_unpublished(const struct handoff *handoff)
{
    int64_t last = 0;
    for (size_t i = 0; i < handoff->document.item_count; i++) {
        const struct spool_receipt *receipt = &handoff->receipts[i];
        bool is_to_go = receipt->state == ENTRY_READY || receipt->state == ENTRY_RELEASED;
        if (is_to_go && receipt->number > last)
            last = receipt->number;
    }
    return last > spool_watermark(handoff->ingest->options.spool) ? last : 0;
}

const struct spool_receipt *handoff_kept(const struct handoff *handoff)
{
    const struct spool_receipt *kept = &handoff->receipts[0];
    for (size_t i = 1; i < handoff->document.item_count; i++) {
        const struct spool_receipt *other = &handoff->receipts[i];
        if (other->received_at_ms != kept->received_at_ms ||
            memcmp(other->document_sha256, kept->document_sha256, SHA256_SIZE) != 0)
            return NULL;
    }
    return kept;
}
