/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INGEST_TRANSFER_H
#define INGEST_TRANSFER_H

#include "api/caller.h"
#include "files/store.h"

#include <pthread.h>
#include <stdatomic.h>

struct ingest;

/**
 * One file on its way in or out, from its request's head to its answer.  It outlives its request,
 * which may be cut while a thread of files still works for it.
 */
struct transfer {
    pthread_mutex_t lock;
    struct http_request *request; /**< guarded by lock; NULL once it is over */
    atomic_int holders;

    struct ingest *ingest;
    struct caller caller; /**< with its directory */
    uint8_t sha256[SHA256_SIZE];
    struct file_writer *writer;
    struct file_reader *reader; /**< of what goes out */
    bool is_head;               /**< only its size is wanted */

    /* What the thread of files found; the request's own thread reads it when it is resumed. */
    uint8_t came[SHA256_SIZE];
    int64_t size;
    bool was_there;
    struct fault fault; /**< FAULT_NONE: it went well */
};

/** Makes a transfer that holds itself once; takes the caller.  NULL when memory is out: the caller
 * is then forgotten. */
struct transfer *transfer_new(struct ingest *ingest, struct http_request *request,
                              struct caller *caller);
void transfer_release(struct transfer *transfer);

/** Reads the path's {sha256}: 64 hex digits. */
bool transfer_read_hash(struct transfer *transfer, struct http_request *request);

/** Suspends the request and has `work` done by a thread of files, which then resumes it.  On a
 * fault the request is still to be answered. */
bool transfer_hand_over(struct transfer *transfer, struct http_request *request,
                        void (*work)(struct transfer *transfer), struct fault *why)
    __attribute__((warn_unused_result));

/** Answers a fault of the store: 404 when it has no such file, 503 when it may pass, else 500. */
void transfer_refuse(struct transfer *transfer, struct http_request *request,
                     const struct fault *fault);

/** The request is over, answered or cut. */
void transfer_end(struct http_request *request);

#endif
