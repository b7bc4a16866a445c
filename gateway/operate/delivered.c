/* SPDX-License-Identifier: Apache-2.0 */
/* What a partner got, made again from the event that is kept. */
#include "operate/delivered.h"

#include "api/addressee.h"
#include "base/cleanup.h"
#include "files/hasher.h"

#include <openssl/evp.h>

ENDS_WITH_SCOPE(struct directory *, directory_release)
ENDS_WITH_SCOPE(struct file_reader *, file_reader_close)

/* A delivery of the entry, copied. */
struct sent {
    const struct subject *subject;
    bool is_ours;
    char *partner;
    char *agency;
    char *event;
    size_t event_size;
    int32_t schema_no;
    bool has_document, is_shredded;
    uint8_t document_sha256[SHA256_SIZE];
};

static void sent_free(struct sent *sent)
{
    free(sent->partner);
    free(sent->agency);
    free(sent->event);
}

static bool keep(void *own, const struct spool_delivery *delivery)
{
    struct sent *sent = own;
    const struct spool_entry *entry = &sent->subject->found.entry;
    sent->is_ours = entry->event_id && delivery->event_id &&
                    memcmp(entry->event_id, delivery->event_id, UUID_SIZE) == 0;
    sent->is_shredded = delivery->is_shredded;
    if (!sent->is_ours || !delivery->partner || !delivery->event)
        return false;
    sent->partner = strdup(delivery->partner);
    sent->agency = delivery->agency ? strdup(delivery->agency) : NULL;
    sent->event = malloc(delivery->event_size + 1);
    sent->event_size = delivery->event_size;
    sent->schema_no = delivery->schema_no;
    if (sent->event)
        memcpy(sent->event, delivery->event, delivery->event_size);
    sent->has_document = delivery->document_sha256 != NULL;
    if (sent->has_document)
        memcpy(sent->document_sha256, delivery->document_sha256, SHA256_SIZE);
    return false;
}

static bool find(const struct subject *subject, int64_t delivery, struct sent *sent,
                 struct fault *why)
{
    if (!spool_find_delivery(subject->station->reader, delivery, keep, sent, why))
        return false;
    if (!sent->is_ours)
        return fault_set(why, FAULT_REFUSE, "the entry has no such delivery");
    return (sent->partner && sent->event) ||
           fault_set(why, FAULT_REFUSE,
                     sent->is_shredded ? SPOOL_SHREDDED
                                       : "the delivery has no partner or no event");
}

/* ---- writing ---- */

static bool has_file(void *own, const uint8_t sha256[SHA256_SIZE])
{
    struct fault why;
    int64_t size = 0;
    bool has = false;
    return own && file_store_has(own, sha256, &size, &has, &why) && has;
}

static struct adapt_given *give(const struct partner *partner, const char *agency, size_t *count)
{
    struct adapt_given *given = addressee_texts(partner, agency, 1, count);
    if (given && partner->deliver.user)
        given[(*count)++] = (struct adapt_given){"user", partner->deliver.user};
    return given;
}

static bool write_again(const struct subject *subject, const struct sent *sent,
                        const struct partner *partner, struct adapt_written *written,
                        struct fault *why)
{
    const struct repair_options *options = &subject->repair->options;
    const struct adapter *adapter = adapters_find(options->adapters, partner->deliver.adapter);
    const struct stored_event stored = {sent->schema_no, sent->event, sent->event_size};
    size_t count = 0;
    if (!adapter)
        return fault_set(why, FAULT_REFUSE, "%s gets no format that is here", partner->id);
    const avro_value_t *event = recall_as_ours(subject->station->recall, subject->station->reader,
                                               &stored, options->schema, why);
    auto_free(free) struct adapt_given *given = give(partner, sent->agency, &count);
    if (!event || !given)
        return given ? false : fault_memory(why);
    const struct adapt_writing writing = {.given = given,
                                          .given_count = count,
                                          .has_files = options->files &&
                                                       partner->deliver.files == FILES_INLINE,
                                          .has = has_file,
                                          .files = options->files};
    return adapt_write(subject->station->bench, adapter, event, &writing, written, why);
}

/* ---- comparing ---- */

static bool add_file(struct hasher *hasher, struct file_store *files, const uint8_t *sha256,
                     struct fault *why)
{
    enum { PIECE = 3 << 14 };
    int64_t size = 0;
    size_t got = 0, filled = 0;
    auto_free(free) unsigned char *piece = malloc(PIECE);
    auto_free(free) unsigned char *text = malloc(PIECE / 3 * 4 + 1);
    auto_free(file_reader_close) struct file_reader *reader =
        file_reader_open(files, sha256, &size, why);
    if (!reader)
        return false;
    if (!piece || !text)
        return fault_memory(why);
    do {
        if (!file_reader_read(reader, (char *)piece + filled, PIECE - filled, &got, why))
            return false;
        filled += got;
        if (filled < PIECE && got > 0)
            continue; /* only whole pieces go without padding */
        int length = EVP_EncodeBlock(text, piece, (int)filled);
        if (!hasher_add(hasher, text, (size_t)length, why))
            return false;
        filled = 0;
    } while (got > 0);
    return true;
}

/* The digest of what would be sent: with the files in their holes. */
static bool digest(struct file_store *files, const struct adapt_written *written,
                   uint8_t sha256[SHA256_SIZE], struct fault *why)
{
    size_t at = 0;
    auto_free(hasher_free) struct hasher *hasher = hasher_new(why);
    if (!hasher)
        return false;
    for (size_t i = 0; i < written->hole_count; i++) {
        const struct adapt_hole *hole = &written->holes[i];
        if (!hasher_add(hasher, written->bytes + at, hole->at - at, why) ||
            !add_file(hasher, files, hole->sha256, why))
            return false;
        at = hole->at + hole->size;
    }
    return hasher_add(hasher, written->bytes + at, written->size - at, why) &&
           hasher_end(hasher, sha256, why);
}

static void compare(const struct subject *subject, const struct sent *sent,
                    const struct adapt_written *written, struct delivered *delivered)
{
    struct fault why; /* a file that is gone: then nobody can say that it is the same */
    uint8_t now[SHA256_SIZE];
    delivered->has_then = sent->has_document;
    memcpy(delivered->then, sent->document_sha256, SHA256_SIZE);
    delivered->is_same = sent->has_document &&
                         digest(subject->repair->options.files, written, now, &why) &&
                         memcmp(now, sent->document_sha256, SHA256_SIZE) == 0;
}

bool delivered_write(const struct subject *subject, int64_t delivery, struct delivered *delivered,
                     struct fault *why)
{
    __attribute__((cleanup(sent_free))) struct sent sent = {.subject = subject};
    struct adapt_written written = {.bytes = NULL};
    auto_free(directory_release) struct directory *directory =
        directory_current(subject->repair->options.place);
    *delivered = (struct delivered){.bytes = NULL};
    if (!find(subject, delivery, &sent, why))
        return false;
    const struct partner *partner = directory_partner(directory, sent.partner);
    if (!partner)
        return fault_set(why, FAULT_REFUSE, "there is no partner %s in the directory",
                         sent.partner);
    if (!write_again(subject, &sent, partner, &written, why))
        return false;
    compare(subject, &sent, &written, delivered);
    delivered->adapter = adapters_find(subject->repair->options.adapters, partner->deliver.adapter);
    delivered->media_type = written.media_type;
    delivered->size = written.size;
    delivered->bytes = steal(written.bytes);
    adapt_written_free(&written);
    return true;
}
