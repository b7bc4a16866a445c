/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PUT /v1/files/{sha256}.  The body goes to the disk as it comes; whoever sends a file that is
 * there already sends it whole all the same, since knowing a hash is not having the file.
 */
#include "ingest/upload.h"

#include "api/refusal.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "ingest/state.h"
#include "ingest/transfer.h"
#include "spool/filing.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

static void refuse_large(const struct transfer *transfer, struct http_request *request)
{
    char detail[64];
    (void)snprintf(detail, sizeof detail, "At most %" PRId64 " bytes are taken here.",
                   file_store_limit(transfer->ingest->options.files));
    refuse(request, REFUSAL_FILE_TOO_LARGE, detail, NULL);
}

static bool check_rate(struct transfer *transfer, struct http_request *request)
{
    const struct partner *partner = transfer->caller.partner;
    struct account *account = accounts_of(transfer->ingest->accounts, partner->id);
    const struct rate rate = ingest_rate(transfer->ingest, partner);
    return !account || ingest_admit(account, &rate, request);
}

static bool check_head(struct transfer *transfer, struct http_request *request)
{
    const char *coding = http_header(request, "Content-Encoding");
    if (!transfer_read_hash(transfer, request)) {
        refuse(request, REFUSAL_BAD_CURSOR, "The path ends in a SHA-256 of 64 hex digits.", NULL);
        return false;
    }
    if (coding && strcasecmp(coding, "identity") != 0) {
        refuse(request, REFUSAL_MEDIA_TYPE,
               "Content-Encoding is not taken; send the file as it is.", NULL);
        return false;
    }
    if (http_said_size(request) > file_store_limit(transfer->ingest->options.files)) {
        refuse_large(transfer, request);
        return false;
    }
    return true;
}

void upload_begin(void *own, struct http_request *request)
{
    struct ingest *ingest = own;
    struct caller caller;
    struct fault why;
    if (!caller_identify(ingest->options.place, request, &caller))
        return;
    struct transfer *transfer = transfer_new(ingest, request, &caller);
    if (!transfer) {
        refuse(request, REFUSAL_INTERNAL, NULL, NULL);
        return;
    }
    if (!check_head(transfer, request) || !check_rate(transfer, request))
        return;
    transfer->writer = file_writer_open(ingest->options.files, &why);
    if (!transfer->writer)
        transfer_refuse(transfer, request, &why);
}

void upload_piece(void *own, struct http_request *request, const char *bytes, size_t size)
{
    struct transfer *transfer = http_own(request);
    struct fault why;
    (void)own;
    if (file_writer_add(transfer->writer, bytes, size, &why))
        return;
    file_writer_close(steal(transfer->writer));
    if (why.kind == FAULT_REFUSE)
        refuse_large(transfer, request);
    else
        transfer_refuse(transfer, request, &why);
}

/* Noted before it is there: a file that nobody knows of would never be removed. */
static bool keep(struct transfer *transfer, struct fault *why)
{
    const struct ingest_options *options = &transfer->ingest->options;
    if (!file_writer_end(transfer->writer, transfer->came, &transfer->size, why))
        return false;
    if (memcmp(transfer->came, transfer->sha256, SHA256_SIZE) == 0 &&
        !spool_note_upload(options->spool, transfer->caller.partner->id, transfer->sha256,
                           transfer->size, clock_now_ms(), why))
        return false;
    return file_writer_keep(transfer->writer, transfer->sha256, &transfer->was_there, why);
}

static void work(struct transfer *transfer)
{
    struct fault why;
    if (!keep(transfer, &why))
        transfer->fault = why;
    file_writer_close(steal(transfer->writer));
}

void upload_handle(void *own, struct http_request *request)
{
    struct transfer *transfer = http_own(request);
    struct fault why;
    (void)own;
    if (!transfer_hand_over(transfer, request, work, &why))
        transfer_refuse(transfer, request, &why);
}

static void refuse_hash(const struct transfer *transfer, struct http_request *request)
{
    char expected[SHA256_HEX_SIZE], came[SHA256_HEX_SIZE];
    digest_hex(transfer->sha256, SHA256_SIZE, expected);
    digest_hex(transfer->came, SHA256_SIZE, came);
    refuse(request, REFUSAL_HASH_DIFFERS, NULL,
           json_pack("{s:s, s:s}", "expected", expected, "received", came));
}

static void answer(const struct transfer *transfer, struct http_request *request)
{
    char hex[SHA256_HEX_SIZE];
    char *text = NULL;
    digest_hex(transfer->sha256, SHA256_SIZE, hex);
    int size = asprintf(&text, "{\"sha256\":\"%s\",\"size\":%" PRId64 "}", hex, transfer->size);
    if (size < 0) {
        refuse(request, REFUSAL_INTERNAL, NULL, NULL);
        return;
    }
    ingest_count_file(transfer->ingest, FILES_UPLOADED, transfer->size);
    http_answer(request, transfer->was_there ? 200 : 201, "application/json", text, (size_t)size);
}

void upload_resumed(void *own, struct http_request *request)
{
    struct transfer *transfer = http_own(request);
    (void)own;
    if (transfer->fault.kind == FAULT_NONE)
        answer(transfer, request);
    else if (transfer->fault.kind == FAULT_REFUSE)
        refuse_hash(transfer, request);
    else
        transfer_refuse(transfer, request, &transfer->fault);
}

void upload_end(void *own, struct http_request *request)
{
    (void)own;
    transfer_end(request);
}
