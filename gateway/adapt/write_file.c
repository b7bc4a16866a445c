/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files in what is written.  Their bytes are not here: the place of each gets a text that nothing
 * else can hold, a random one for each document, and is found by it in the finished bytes.
 */
#include "adapt/writer.h"

#include "base/cleanup.h"
#include "base/file_reference.h"

static const char hash_mark[] = "{sha256}";

static bool read_hash(const struct writer *writer, const avro_value_t *holder,
                      uint8_t sha256[SHA256_SIZE], const char **hex)
{
    size_t size = 0;
    return field_text(writer->adapters->known.document_sha256, holder, hex, &size) &&
           digest_unhex(*hex, SHA256_SIZE, sha256);
}

/* ---- which files ---- */

static struct used_file *find_file(struct used_files *files, const uint8_t sha256[SHA256_SIZE])
{
    for (size_t at = 0; at < files->count; at++)
        if (memcmp(files->list[at].sha256, sha256, SHA256_SIZE) == 0)
            return &files->list[at];
    return NULL;
}

/* The file's entry, made when it is first spoken of; NULL when memory is out. */
static struct used_file *use_file(const struct writer *writer, const uint8_t sha256[SHA256_SIZE])
{
    struct used_files *files = writer->files;
    struct used_file *found = find_file(files, sha256);
    if (found)
        return found;
    struct used_file *list = reallocarray(files->list, files->count + 1, sizeof *list);
    if (!list) {
        writer->arena->is_short = true;
        return NULL;
    }
    files->list = list;
    found = &list[files->count++];
    memcpy(found->sha256, sha256, SHA256_SIZE);
    found->is_there = !writer->writing->has || writer->writing->has(writer->writing->files, sha256);
    return found;
}

/* The document's file, if its hash is known and the caller has it. */
static const struct used_file *file_of(const struct writer *writer, const avro_value_t *holder,
                                       const char **hex)
{
    uint8_t sha256[SHA256_SIZE];
    if (!read_hash(writer, holder, sha256, hex))
        return NULL;
    const struct used_file *file = use_file(writer, sha256);
    return file && file->is_there ? file : NULL;
}

/* ---- texts ---- */

static struct word make_hole(const struct writer *writer, const struct used_file *file)
{
    struct used_files *files = writer->files;
    char *text = file ? arena_take(writer->arena, HOLE_SIZE + 1) : NULL;
    if (!text)
        return (struct word){0};
    if (!*files->nonce) {
        uint8_t random[HOLE_NONCE_SIZE / 2];
        random_fill(random, sizeof random);
        digest_hex(random, sizeof random, files->nonce);
    }
    (void)snprintf(text, HOLE_SIZE + 1, "%s%08zx", files->nonce, (size_t)(file - files->list));
    return (struct word){text, HOLE_SIZE};
}

struct word file_hole(const struct writer *writer, const avro_value_t *holder)
{
    const char *hex = NULL;
    return make_hole(writer, writer->writing->has_files ? file_of(writer, holder, &hex) : NULL);
}

struct word file_put_back(const struct writer *writer, const struct word *text)
{
    uint8_t sha256[SHA256_SIZE];
    if (!writer->writing->has_files || writer->extra_prefix ||
        !file_reference_read(text->text, text->size, sha256))
        return *text;
    const struct used_file *file = use_file(writer, sha256);
    struct word hole = make_hole(writer, file && file->is_there ? file : NULL);
    return hole.size ? hole : *text;
}

static struct word asked_address(const struct writer *writer, const char *hex)
{
    uint8_t sha256[SHA256_SIZE];
    if (!digest_unhex(hex, SHA256_SIZE, sha256))
        return (struct word){0};
    auto_free(free) char *address = writer->writing->address(writer->writing->files, sha256);
    if (!address) {
        writer->arena->is_short = true;
        return (struct word){0};
    }
    size_t size = strlen(address);
    const char *copy = arena_text(writer->arena, address, size);
    return (struct word){copy, copy ? size : 0};
}

struct word file_url(const struct writer *writer, const char *hex)
{
    if (writer->writing->address)
        return asked_address(writer, hex);
    const char *pattern = writer->writing->file_url;
    const char *at = strstr(pattern, hash_mark);
    const char *after = at ? at + sizeof hash_mark - 1 : "";
    size_t before = at ? (size_t)(at - pattern) : strlen(pattern);
    size_t room = strlen(pattern) + SHA256_HEX_SIZE;
    char *text = arena_take(writer->arena, room);
    if (!text)
        return (struct word){0};
    int size = snprintf(text, room, "%.*s%s%s", (int)before, pattern, at ? hex : "", after);
    return (struct word){text, (size_t)size};
}

bool has_addresses(const struct writer *writer)
{
    return writer->writing->file_url || writer->writing->address;
}

struct word file_address(const struct writer *writer, const avro_value_t *holder)
{
    const char *hex = NULL;
    return has_addresses(writer) && file_of(writer, holder, &hex) ? file_url(writer, hex)
                                                                  : (struct word){0};
}

bool made_id(const struct writer *writer, const avro_value_t *holder, struct value *value)
{
    enum { ID_SIZE = 2 + 16 };
    const struct known_fields *known = &writer->adapters->known;
    const struct field *const parts[] = {known->document_sha256, known->document_uri,
                                         known->document_name};
    uint8_t digest[SHA256_SIZE] = {0};
    for (size_t at = 0; at < sizeof parts / sizeof parts[0]; at++) {
        const char *text = "";
        size_t size = 0;
        (void)field_text(parts[at], holder, &text, &size); /* what is absent says nothing */
        digest_hmac(digest, sizeof digest, text, size, digest);
    }
    char *id = arena_take(writer->arena, ID_SIZE + 1);
    if (!id)
        return false;
    memcpy(id, "t-", 2);
    digest_hex(digest, (ID_SIZE - 2) / 2, id + 2);
    value->text = id;
    value->size = ID_SIZE;
    return true;
}

struct word given_text(const struct writer *writer, const char *name)
{
    for (size_t at = writer->writing->given_count; at-- > 0;) {
        const struct adapt_given *given = &writer->writing->given[at];
        if (given->text && strcmp(given->name, name) == 0)
            return (struct word){given->text, strlen(given->text)};
    }
    return (struct word){0};
}

/* ---- the finished document ---- */

/* The next hole at or after `from`; NULL when there is none. */
static const char *next_hole(const struct adapt_written *written, const struct used_files *files,
                             const char *from)
{
    const char *end = written->bytes + written->size;
    const char *found = memmem(from, (size_t)(end - from), files->nonce, sizeof files->nonce - 1);
    return found && (size_t)(end - found) >= HOLE_SIZE ? found : NULL;
}

static size_t count_holes(const struct adapt_written *written, const struct used_files *files)
{
    size_t count = 0;
    for (const char *at = written->bytes; (at = next_hole(written, files, at)); at += HOLE_SIZE)
        count++;
    return count;
}

bool find_holes(const struct used_files *files, struct adapt_written *written, struct fault *why)
{
    size_t count = *files->nonce ? count_holes(written, files) : 0;
    if (!count)
        return true;
    written->holes = calloc(count, sizeof *written->holes);
    if (!written->holes)
        return fault_memory(why);
    for (const char *at = written->bytes; (at = next_hole(written, files, at)); at += HOLE_SIZE) {
        char number[HOLE_SIZE - HOLE_NONCE_SIZE + 1] = {0};
        memcpy(number, at + HOLE_NONCE_SIZE, sizeof number - 1);
        size_t file = strtoul(number, NULL, 16);
        if (file >= files->count)
            return fault_set(why, FAULT_BROKEN, "a hole of what was written is of no file");
        struct adapt_hole *hole = &written->holes[written->hole_count++];
        *hole = (struct adapt_hole){.at = (size_t)(at - written->bytes), .size = HOLE_SIZE};
        memcpy(hole->sha256, files->list[file].sha256, SHA256_SIZE);
    }
    return true;
}

/* ---- documents beside the document ---- */

bool attach(const struct writer *writer, char *bytes, size_t size, const char *media_type,
            char hex[SHA256_HEX_SIZE], struct fault *why)
{
    struct adapt_written *written = writer->beside;
    struct adapt_attached *list =
        reallocarray(written->attached, written->attached_count + 1, sizeof *list);
    if (!list) {
        free(bytes);
        return fault_memory(why);
    }
    written->attached = list;
    struct adapt_attached *attached = &list[written->attached_count++];
    *attached = (struct adapt_attached){.bytes = bytes, .size = size, .media_type = media_type};
    digest_sha256(bytes, size, attached->sha256);
    digest_hex(attached->sha256, SHA256_SIZE, hex);
    return true;
}

void adapt_written_free(struct adapt_written *written)
{
    if (!written)
        return;
    for (size_t at = 0; at < written->attached_count; at++)
        free(written->attached[at].bytes);
    free(written->attached);
    free(written->holes);
    free(written->bytes);
    *written = (struct adapt_written){0};
}
