/* SPDX-License-Identifier: Apache-2.0 */
/* Which files go beside a document, by the event's own list of documents. */
#include "deliver/attachments.h"

enum { ATTACHMENTS_MOST = 200 };

ENDS_WITH_SCOPE(struct file_writer *, file_writer_close)

struct attachment {
    uint8_t sha256[SHA256_SIZE];
    char *name; /* or NULL */
    char *media_type;
};

struct attachments {
    struct file_store *files;
    struct attachment list[ATTACHMENTS_MOST];
    size_t count;
};

/* ---- what was written beside the document ---- */

static bool keep(struct file_store *files, const struct adapt_attached *attached, struct fault *why)
{
    bool was_there;
    auto_free(file_writer_close) struct file_writer *writer = file_writer_open(files, why);
    return writer && file_writer_add(writer, attached->bytes, attached->size, why) &&
           file_writer_keep(writer, attached->sha256, &was_there, why);
}

static bool keep_all(struct file_store *files, const struct adapt_written *written,
                     struct fault *why)
{
    for (size_t i = 0; i < written->attached_count; i++) {
        if (!files)
            return fault_set(why, FAULT_REFUSE, "there is no store of files");
        if (!keep(files, &written->attached[i], why))
            return false;
    }
    return true;
}

/* ---- the event's documents ---- */

/* A string field, through its union; NULL when it is null or empty. */
static const char *text_of(const avro_value_t *record, const char *name)
{
    avro_value_t field;
    avro_value_t branch;
    const char *text = NULL;
    size_t size;
    if (avro_value_get_by_name(record, name, &field, NULL) != 0)
        return NULL;
    if (avro_value_get_type(&field) == AVRO_UNION) {
        if (avro_value_get_current_branch(&field, &branch) != 0)
            return NULL;
        field = branch;
    }
    if (avro_value_get_type(&field) != AVRO_STRING ||
        avro_value_get_string(&field, &text, &size) != 0 || size <= 1)
        return NULL;
    return text;
}

static bool copy(char **to, const char *text, struct fault *why)
{
    *to = text ? strdup(text) : NULL;
    return *to || !text || fault_memory(why);
}

static bool note_document(struct attachments *attachments, const avro_value_t *document,
                          struct fault *why)
{
    uint8_t sha256[SHA256_SIZE];
    int64_t size;
    bool has = false;
    const char *hex = text_of(document, "sha256");
    if (!hex || !digest_unhex(hex, SHA256_SIZE, sha256))
        return true;
    if (!file_store_has(attachments->files, sha256, &size, &has, why))
        return false;
    if (!has)
        return true;
    if (attachments->count == ATTACHMENTS_MOST)
        return fault_set(why, FAULT_REFUSE, "more than %d files", ATTACHMENTS_MOST);
    struct attachment *attachment = &attachments->list[attachments->count++];
    memcpy(attachment->sha256, sha256, SHA256_SIZE);
    return copy(&attachment->name, text_of(document, "name"), why) &&
           copy(&attachment->media_type, text_of(document, "media_type"), why);
}

static bool note_documents(struct attachments *attachments, const avro_value_t *event,
                           struct fault *why)
{
    avro_value_t documents;
    avro_value_t document;
    size_t count = 0;
    if (!attachments->files || avro_value_get_by_name(event, "documents", &documents, NULL) != 0 ||
        avro_value_get_size(&documents, &count) != 0)
        return true;
    for (size_t i = 0; i < count; i++)
        if (avro_value_get_by_index(&documents, i, &document, NULL) == 0 &&
            !note_document(attachments, &document, why))
            return false;
    return true;
}

struct attachments *attachments_new(struct file_store *files, const avro_value_t *event,
                                    const struct adapt_written *written, struct fault *why)
{
    auto_free(attachments_free) struct attachments *attachments = calloc(1, sizeof *attachments);
    if (!attachments) {
        (void)fault_memory(why);
        return NULL;
    }
    attachments->files = files;
    if (!keep_all(files, written, why) || !note_documents(attachments, event, why))
        return NULL;
    return steal(attachments);
}

void attachments_free(struct attachments *attachments)
{
    if (!attachments)
        return;
    for (size_t i = 0; i < attachments->count; i++) {
        free(attachments->list[i].name);
        free(attachments->list[i].media_type);
    }
    free(attachments);
}

bool attachments_add(const struct attachments *attachments, struct request *request,
                     const char *name, struct fault *why)
{
    for (size_t i = 0; i < attachments->count; i++) {
        const struct attachment *attachment = &attachments->list[i];
        const struct request_part part = {
            .name = name,
            .file_name = attachment->name ? attachment->name : "file",
            .media_type =
                attachment->media_type ? attachment->media_type : "application/octet-stream",
        };
        struct body *body = body_of_file(attachment->sha256, attachments->files, why);
        if (!body || !request_add_part(request, &part, body, why))
            return false;
    }
    return true;
}
