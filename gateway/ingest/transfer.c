/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a file's request between the thread that serves it and the one that waits for disks.
 */
#include "ingest/transfer.h"

#include "api/refusal.h"
#include "base/cleanup.h"
#include "ingest/state.h"

/* What a thread of files is given. */
struct errand {
    struct transfer *transfer;
    void (*work)(struct transfer *transfer);
};

struct transfer *transfer_new(struct ingest *ingest, struct http_request *request,
                              struct caller *caller)
{
    struct transfer *transfer = calloc(1, sizeof *transfer);
    if (!transfer) {
        caller_forget(caller);
        return NULL;
    }
    pthread_mutex_init(&transfer->lock, NULL);
    atomic_init(&transfer->holders, 1);
    transfer->ingest = ingest;
    transfer->request = request;
    transfer->caller = *caller;
    http_set_own(request, transfer);
    return transfer;
}

void transfer_release(struct transfer *transfer)
{
    if (!transfer || atomic_fetch_sub(&transfer->holders, 1) != 1)
        return;
    file_writer_close(transfer->writer);
    file_reader_close(transfer->reader);
    caller_forget(&transfer->caller);
    pthread_mutex_destroy(&transfer->lock);
    free(transfer);
}

bool transfer_read_hash(struct transfer *transfer, struct http_request *request)
{
    const char *hex = http_segment(request, "sha256");
    return hex && digest_unhex(hex, SHA256_SIZE, transfer->sha256);
}

static void run(void *own)
{
    struct errand *errand = own;
    struct transfer *transfer = errand->transfer;
    errand->work(transfer);
    pthread_mutex_lock(&transfer->lock);
    if (transfer->request)
        http_resume(transfer->request); /* under the lock, so that it cannot end before */
    pthread_mutex_unlock(&transfer->lock);
    transfer_release(transfer);
    free(errand);
}

bool transfer_hand_over(struct transfer *transfer, struct http_request *request,
                        void (*work)(struct transfer *transfer), struct fault *why)
{
    struct errand *errand = malloc(sizeof *errand);
    if (!errand)
        return fault_memory(why);
    *errand = (struct errand){transfer, work};
    atomic_fetch_add(&transfer->holders, 1);
    http_suspend(request);
    if (filer_do(transfer->ingest->options.filer, run, errand, why))
        return true;
    transfer_release(transfer);
    free(errand);
    return false;
}

void transfer_refuse(struct transfer *transfer, struct http_request *request,
                     const struct fault *fault)
{
    bool is_low = false;
    (void)file_store_free(transfer->ingest->options.files, &is_low);
    if (fault->kind == FAULT_REFUSE)
        refuse(request, REFUSAL_UNKNOWN_FILE, NULL, NULL);
    else if (fault->kind == FAULT_RETRY && is_low)
        refuse(request, REFUSAL_DISK_RESERVE, NULL, NULL);
    else
        refuse_fault(request, fault);
}

void transfer_end(struct http_request *request)
{
    struct transfer *transfer = http_own(request);
    if (!transfer)
        return;
    pthread_mutex_lock(&transfer->lock);
    transfer->request = NULL;
    pthread_mutex_unlock(&transfer->lock);
    transfer_release(transfer);
}
