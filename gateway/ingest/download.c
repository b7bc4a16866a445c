/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /v1/files/{sha256}: for whoever brought the file or is concerned by an event that names it,
 * and for whoever holds a link that the gateway signed.  To everybody else a file that is there
 * looks like one that is not.
 */
#include "ingest/download.h"

#include "api/custody.h"
#include "api/refusal.h"
#include "base/cleanup.h"
#include "base/number.h"
#include "files/proof.h"
#include "ingest/state.h"
#include "ingest/transfer.h"

#include <string.h>

/* What makes links rounds their ends up to whole days. */
enum { HOUR_S = 3600, ROUNDING_S = 24 * HOUR_S, CLOCK_SLACK_S = 60 };

static void refuse_unknown(struct http_request *request)
{
    refuse(request, REFUSAL_UNKNOWN_FILE, NULL, NULL);
}

static bool read_link(struct http_request *request, struct file_link *link)
{
    const char *until = http_query(request, "until");
    link->partner = http_query(request, "to");
    return link->partner && until &&
           number_read(until, strlen(until), 0, INT64_MAX, &link->until_s) == NUMBER_GOOD;
}

/* A link that we never made is as good as none; one that we made says that its time is over. */
static bool link_opens(struct transfer *transfer, struct http_request *request, const char *proof)
{
    const struct ingest_options *options = &transfer->ingest->options;
    int64_t now_s = http_arrived_ms(request) / 1000;
    struct file_link link = {.partner = NULL};
    const struct partner *partner = NULL;
    memcpy(link.sha256, transfer->sha256, SHA256_SIZE);
    if (!read_link(request, &link) ||
        !proof_is_of_link(file_store_key(options->files), &link, proof) ||
        !(partner = directory_partner(transfer->caller.directory, link.partner))) {
        refuse_unknown(request);
        return false;
    }
    if (now_s > link.until_s ||
        link.until_s > now_s + options->link_hours * HOUR_S + ROUNDING_S + CLOCK_SLACK_S) {
        refuse(request, REFUSAL_LINK_EXPIRED, NULL, NULL);
        return false;
    }
    return ingest_admit_reader(transfer->ingest, partner, request);
}

static bool caller_opens(struct transfer *transfer, struct http_request *request)
{
    bool may = false;
    struct fault why;
    if (!ingest_admit_reader(transfer->ingest, transfer->caller.partner, request))
        return false;
    struct station *station = stations_here(transfer->ingest->stations, &why);
    if (!station || !custody_may_see(station, &transfer->caller, transfer->sha256, &may, &why)) {
        refuse_fault(request, &why);
        return false;
    }
    if (!may)
        refuse_unknown(request);
    return may;
}

static void work(struct transfer *transfer)
{
    struct file_store *files = transfer->ingest->options.files;
    struct fault why;
    bool has = false;
    if (transfer->is_head) {
        if (!file_store_has(files, transfer->sha256, &transfer->size, &has, &why))
            transfer->fault = why;
        else if (!has)
            (void)fault_set(&transfer->fault, FAULT_REFUSE, "files: not there");
        return;
    }
    transfer->reader = file_store_lend(files, transfer->sha256, &transfer->size, &why);
    if (!transfer->reader)
        transfer->fault = why;
}

/* Whoever calls: by a link's word or by a credential. */
static struct transfer *begin(struct ingest *ingest, struct http_request *request,
                              const char *proof)
{
    struct caller caller = {.directory = NULL};
    if (proof)
        caller.directory = directory_current(ingest->options.place);
    else if (!caller_identify(ingest->options.place, request, &caller))
        return NULL;
    struct transfer *transfer = transfer_new(ingest, request, &caller);
    if (!transfer)
        refuse(request, REFUSAL_INTERNAL, NULL, NULL);
    return transfer;
}

void download_handle(void *own, struct http_request *request)
{
    const char *proof = http_query(request, "key");
    struct transfer *transfer = begin(own, request, proof);
    struct fault why;
    if (!transfer)
        return;
    if (!transfer_read_hash(transfer, request)) {
        refuse_unknown(request);
        return;
    }
    if (proof ? !link_opens(transfer, request, proof) : !caller_opens(transfer, request))
        return;
    transfer->is_head = strcmp(http_method(request), "HEAD") == 0;
    if (!transfer_hand_over(transfer, request, work, &why))
        transfer_refuse(transfer, request, &why);
}

/* Nobody's browser is to show what somebody uploaded as if it came from here. */
static void add_headers(struct http_request *request)
{
    http_add_header(request, "Content-Disposition", "attachment");
    http_add_header(request, "X-Content-Type-Options", "nosniff");
    http_add_header(request, "Cache-Control", "private, no-store");
}

/* All of it was good a moment ago; where it is not any more, the answer ends too soon. */
static bool read_sealed(void *own, int64_t at, char *bytes, size_t size, size_t *got)
{
    struct fault why;
    return file_reader_read_at(own, at, bytes, size, got, &why);
}

static void end_sealed(void *own)
{
    file_reader_close(own);
}

/* As it lies on the disk, where it does: the system then sends it by itself. */
static void take_out(struct transfer *transfer, struct http_file *file)
{
    struct file_reader *reader = steal(transfer->reader);
    if (!reader)
        return; /* of a HEAD */
    file->descriptor = file_reader_take_descriptor(reader);
    if (file->descriptor < 0)
        file->source = (struct http_source){read_sealed, end_sealed, reader};
    else
        file_reader_close(reader);
}

void download_resumed(void *own, struct http_request *request)
{
    struct transfer *transfer = http_own(request);
    char etag[SHA256_HEX_SIZE + 2];
    (void)own;
    if (transfer->fault.kind != FAULT_NONE) {
        transfer_refuse(transfer, request, &transfer->fault);
        return;
    }
    etag[0] = '"';
    digest_hex(transfer->sha256, SHA256_SIZE, etag + 1);
    etag[SHA256_HEX_SIZE] = '"';
    etag[SHA256_HEX_SIZE + 1] = '\0';
    struct http_file file = {.descriptor = -1,
                             .size = transfer->size,
                             .media_type = "application/octet-stream",
                             .etag = etag};
    take_out(transfer, &file);
    if (!transfer->is_head)
        ingest_count_file(transfer->ingest, FILES_SENT, transfer->size);
    add_headers(request);
    http_answer_file(request, &file);
}

void download_end(void *own, struct http_request *request)
{
    (void)own;
    transfer_end(request);
}
