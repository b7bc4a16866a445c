/* SPDX-License-Identifier: Apache-2.0 */
/* Which files go beside a document, by the event's own list of documents. */
#include "deliver/attachments.h"

#include "api/member.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "spool/filing.h"

ENDS_WITH_SCOPE(struct file_writer *, file_writer_close)

/* ---- what was written beside the document ---- */

/* Noted first: a file that nobody knows of would stay for ever. */
static bool keep(const struct depot *depot, const struct adapt_attached *attached,
                 struct fault *why)
{
    bool was_there;
    auto_free(file_writer_close) struct file_writer *writer = file_writer_open(depot->files, why);
    return writer && file_writer_add(writer, attached->bytes, attached->size, why) &&
           spool_note_upload(depot->spool, "", attached->sha256, (int64_t)attached->size,
                             clock_now_ms(), why) &&
           file_writer_keep(writer, attached->sha256, &was_there, why);
}

bool attachments_keep(const struct depot *depot, const struct adapt_written *written,
                      struct fault *why)
{
    for (size_t i = 0; i < written->attached_count; i++) {
        if (!depot->files)
            return fault_set(why, FAULT_REFUSE, "there is no store of files");
        if (!keep(depot, &written->attached[i], why))
            return false;
    }
    return true;
}

/* ---- the event's documents ---- */

static bool add_file(const struct brought *brought, const avro_value_t *document,
                     struct request *request, const char *name, struct fault *why)
{
    uint8_t sha256[SHA256_SIZE];
    bool has = false;
    const char *hex = member_text(document, "sha256");
    if (!hex || !digest_unhex(hex, SHA256_SIZE, sha256))
        return true;
    if (!brought_has(brought, sha256, &has, why))
        return false;
    if (!has)
        return true;
    const char *file_name = member_text(document, "name");
    const char *media_type = member_text(document, "media_type");
    const struct request_part part = {
        .name = name,
        .file_name = file_name ? file_name : "file",
        .media_type = media_type ? media_type : "application/octet-stream",
    };
    struct outgoing *body = outgoing_of_file(sha256, brought->files, why);
    return body && request_add_part(request, &part, body, why);
}

bool attachments_add(const struct brought *brought, const avro_value_t *event,
                     struct request *request, const char *part, struct fault *why)
{
    avro_value_t documents;
    avro_value_t document;
    size_t count = 0;
    if (avro_value_get_by_name(event, "documents", &documents, NULL) != 0 ||
        avro_value_get_size(&documents, &count) != 0)
        return true;
    for (size_t i = 0; i < count; i++)
        if (avro_value_get_by_index(&documents, i, &document, NULL) == 0 &&
            !add_file(brought, &document, request, part, why))
            return false;
    return true;
}
