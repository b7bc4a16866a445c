/* SPDX-License-Identifier: Apache-2.0 */
/* A document as it was received, also while no daemon runs. */
#include "cli/original.h"

#include "base/cleanup.h"
#include "files/inline.h"

#include <string.h>

ENDS_WITH_SCOPE(struct file_store *, file_store_close)

/* What of an entry says whether its document is whole. */
struct sender {
    char *partner;
    uint8_t sha256[SHA256_SIZE];
};

static bool keep_sender(void *own, const struct spool_entry *entry)
{
    struct sender *sender = own;
    sender->partner = strdup(entry->partner);
    if (entry->document_sha256)
        memcpy(sender->sha256, entry->document_sha256, SHA256_SIZE);
    return true;
}

static bool is_whole(const struct sender *sender, const char *bytes, size_t size)
{
    uint8_t digest[SHA256_SIZE];
    digest_sha256(bytes, size, digest);
    return memcmp(digest, sender->sha256, SHA256_SIZE) == 0;
}

static struct file_store *open_store(const struct config *config, struct fault *why)
{
    const struct file_store_options options = {
        .folder = config->files.folder,
        .is_beside = true,
        .file_limit_bytes = config->files.file_limit_bytes,
        .masters = keyring_served(),
        .s3 = {.endpoint = config->files.s3_endpoint,
               .bucket = config->files.s3_bucket,
               .region = config->files.s3_region,
               .access_key = config->files.s3_access_key,
               .secret_key_file = config->files.s3_secret_key_file,
               .ca_file = config->files.s3_ca_file,
               .timeout_ms = config->files.s3_timeout_ms},
    };
    return file_store_open(&options, why);
}

static char *restore(const struct config *config, const struct sender *sender, const char *bytes,
                     size_t *size, struct fault *why)
{
    size_t whole = 0;
    auto_free(file_store_close) struct file_store *store = open_store(config, why);
    if (!store)
        return NULL;
    const struct inline_shortened shortened = {store, sender->partner, bytes, *size};
    auto_free(free) char *text =
        inline_restore(&shortened, (size_t)config->http.body_limit_bytes, &whole, why);
    if (!text)
        return NULL;
    if (!is_whole(sender, text, whole)) {
        (void)fault_set(why, FAULT_BROKEN, "the document cannot be put together as it came");
        return NULL;
    }
    *size = whole;
    return steal(text);
}

char *original_read(const struct config *config, struct spool_reader *reader, int64_t entry,
                    bool as_kept, size_t *size, struct fault *why)
{
    struct sender sender = {.partner = NULL};
    auto_free(free) char *bytes = spool_original(reader, entry, size, why);
    if (!bytes || as_kept)
        return steal(bytes);
    if (!spool_find(reader, entry, keep_sender, &sender, why))
        return NULL;
    auto_free(free) char *partner = sender.partner;
    if (!partner) {
        (void)fault_memory(why);
        return NULL;
    }
    return is_whole(&sender, bytes, *size) ? steal(bytes)
                                           : restore(config, &sender, bytes, size, why);
}
