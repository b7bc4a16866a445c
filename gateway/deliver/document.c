/* SPDX-License-Identifier: Apache-2.0 */
/* From an event to what a partner gets in its mailbox. */
#include "deliver/document.h"

#include "api/addressee.h"
#include "base/cleanup.h"
#include "deliver/attachments.h"
#include "deliver/brought.h"
#include "deliver/links.h"

#include <stdlib.h>
#include <string.h>

/* Files of a document that together are larger go as addresses where that is possible. */
enum { INLINE_BYTES = 4 << 20 };

/* The size of what goes into the holes; SIZE_MAX when that cannot be told now. */
static size_t size_of_files(const struct mailbox *mailbox, const struct adapt_written *written)
{
    size_t sum = 0;
    for (size_t i = 0; i < written->hole_count; i++) {
        struct fault why;
        int64_t size = 0;
        bool has = false;
        if (!file_store_has(mailbox->options.files, written->holes[i].sha256, &size, &has, &why))
            return SIZE_MAX;
        sum += has ? (size_t)size : 0;
    }
    return sum;
}

bool document_names_all(const struct adapt_written *written, const char *text)
{
    for (size_t i = 0; i < written->hole_count; i++) {
        char hex[SHA256_HEX_SIZE];
        digest_hex(written->holes[i].sha256, SHA256_SIZE, hex);
        if (!strstr(text, hex))
            return false;
    }
    return true;
}

/* Puts the document with addresses in place of the one with holes, if it says all of it. */
static void prefer_addresses(struct workbench *bench, const struct adapter *adapter,
                             const avro_value_t *event, const struct adapt_writing *writing,
                             struct adapt_written *written)
{
    struct fault why;
    struct adapt_written other = {.bytes = NULL};
    struct adapt_writing by_address = *writing;
    by_address.has_files = false;
    if (!adapt_write(bench, adapter, event, &by_address, &other, &why))
        return; /* the format needs the bytes */
    if (document_names_all(written, other.bytes)) {
        adapt_written_free(written);
        *written = other;
        return;
    }
    adapt_written_free(&other);
}

/* What the writer asks for. */
struct shelf {
    struct brought brought;
    struct links links;
    struct fault fault; /* the first of a file that should be there and cannot be had */
};

static bool has_file(void *own, const uint8_t sha256[SHA256_SIZE])
{
    struct shelf *shelf = own;
    bool has = false;
    return shelf->fault.kind == FAULT_NONE &&
           brought_has(&shelf->brought, sha256, &has, &shelf->fault) && has;
}

static char *address_of(void *own, const uint8_t sha256[SHA256_SIZE])
{
    return links_address(&((struct shelf *)own)->links, sha256);
}

static bool is_for_addresses(const struct mailbox *mailbox, const struct partner *partner,
                             const struct adapt_written *written)
{
    return written->hole_count > 0 && mailbox->options.public_url &&
           (partner->deliver.files == FILES_URL || size_of_files(mailbox, written) > INLINE_BYTES);
}

struct writer {
    struct workbench *bench;
    const struct adapter *adapter;
    const struct partner *partner;
    const struct mailbox *mailbox;
    struct brought brought;
    const char *cause; /* as in the document */
};

static bool write_it(struct writer *writer, const avro_value_t *event, const char *agency,
                     struct adapt_written *written, struct fault *why)
{
    const struct partner *partner = writer->partner;
    const struct mailbox_options *options = &writer->mailbox->options;
    struct shelf shelf = {
        .brought = writer->brought,
        .links = {options->files, options->public_url, options->link_hours, partner->id}};
    size_t given_count;
    auto_free(free) struct adapt_given *given = addressee_texts(partner, agency, 0, &given_count);
    if (!given)
        return fault_memory(why);
    const struct adapt_writing writing = {
        .given = given,
        .given_count = given_count,
        .has_files = true,
        .has = has_file,
        .address = options->files && options->public_url ? address_of : NULL,
        .files = &shelf};
    bool is_written = adapt_write(writer->bench, writer->adapter, event, &writing, written, why);
    if (is_written && is_for_addresses(writer->mailbox, partner, written))
        prefer_addresses(writer->bench, writer->adapter, event, &writing, written);
    if (shelf.fault.kind == FAULT_NONE)
        return is_written;
    *why = shelf.fault;
    if (is_written)
        adapt_written_free(written);
    writer->cause = FILE_MISSING;
    return false;
}

bool document_write(const struct mailbox *mailbox, struct station *station,
                    const struct partner *partner, const struct letter *letter,
                    struct document *document, struct fault *why)
{
    struct adapt_written written = {.bytes = NULL};
    struct writer writer = {
        .bench = station->bench,
        .adapter = adapters_find(mailbox->options.adapters, partner->deliver.adapter),
        .partner = partner,
        .mailbox = mailbox,
        .brought = {.files = mailbox->options.files,
                    .reader = station->reader,
                    .delivery = letter->delivery.delivery},
    };
    if (!writer.adapter)
        return fault_set(why, FAULT_BROKEN, "there is no adapter %s", partner->deliver.adapter);
    const avro_value_t *event = letter_event(station, letter, mailbox->options.schema, why);
    if (!event || !write_it(&writer, event, letter->delivery.agency, &written, why)) {
        document->cause = writer.cause;
        return false;
    }
    const struct depot depot = {mailbox->options.files, mailbox->options.spool};
    if (!attachments_keep(&depot, &written, why)) {
        adapt_written_free(&written);
        return false;
    }
    document->media_type = written.media_type;
    document->cause = FILE_MISSING;
    document->body = outgoing_of_document(&written, mailbox->options.files, why);
    return document->body != NULL;
}

void document_free(struct document *document)
{
    outgoing_free(document->body);
    document->body = NULL;
}
