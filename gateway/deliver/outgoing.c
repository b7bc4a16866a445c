/* SPDX-License-Identifier: Apache-2.0 */
/* A document in pieces: its own text, and between that the files, encoded as they are sent. */
#include "deliver/outgoing.h"

#include "files/hasher.h"

#include <openssl/evp.h>

enum {
    GROUP = 3,                /* bytes that base64 makes four characters of */
    CHUNK_SIZE = GROUP * 4096 /* read from a file at once */
};

ENDS_WITH_SCOPE(struct file_reader *, file_reader_close)

/* Of a file, encoded; EVP_EncodeBlock ends it with a NUL. */
struct chunk {
    char bytes[CHUNK_SIZE / GROUP * 4 + 1];
    size_t size, at;
};

/* Either bytes of the document or a whole file. */
struct piece {
    const char *bytes; /* NULL: a file */
    size_t size;       /* as sent */
    const uint8_t *sha256;
    bool is_encoded;
};

struct outgoing {
    struct adapt_written written;
    uint8_t sha256[SHA256_SIZE]; /* of the one file that it is */
    struct file_store *files;
    struct piece *pieces;
    size_t piece_count;
    int64_t size;

    size_t piece; /* where reading is */
    size_t at;
    struct file_reader *reader;
    struct chunk *chunk; /* NULL until a file is read */
    struct hasher *hasher;
    bool is_whole;
    uint8_t digest[SHA256_SIZE];
    struct fault fault;
};

/* ---- what it is made of ---- */

static void add_bytes(struct outgoing *body, const char *bytes, size_t size)
{
    if (size == 0)
        return;
    body->pieces[body->piece_count++] = (struct piece){.bytes = bytes, .size = size};
    body->size += (int64_t)size;
}

static bool add_file(struct outgoing *body, const uint8_t *sha256, bool is_encoded,
                     struct fault *why)
{
    bool has = false;
    int64_t size = 0;
    if (!body->files)
        return fault_set(why, FAULT_REFUSE, "there is no store of files");
    if (!file_store_has(body->files, sha256, &size, &has, why))
        return false;
    if (!has)
        return fault_set(why, FAULT_REFUSE, "the store lacks a file of the document");
    if (is_encoded)
        size = (size + GROUP - 1) / GROUP * 4;
    body->pieces[body->piece_count++] =
        (struct piece){.size = (size_t)size, .sha256 = sha256, .is_encoded = is_encoded};
    body->size += size;
    return true;
}

static struct outgoing *make_body(size_t pieces, struct file_store *files, struct fault *why)
{
    auto_free(outgoing_free) struct outgoing *body = calloc(1, sizeof *body);
    if (!body || !(body->pieces = calloc(pieces, sizeof *body->pieces))) {
        (void)fault_memory(why);
        return NULL;
    }
    body->files = files;
    body->hasher = hasher_new(why);
    return body->hasher ? steal(body) : NULL;
}

struct outgoing *outgoing_of_document(struct adapt_written *written, struct file_store *files,
                                      struct fault *why)
{
    auto_free(outgoing_free) struct outgoing *body =
        make_body(2 * written->hole_count + 1, files, why);
    if (!body) {
        adapt_written_free(written);
        return NULL;
    }
    body->written = *written;
    *written = (struct adapt_written){.bytes = NULL};
    size_t at = 0;
    for (size_t i = 0; i < body->written.hole_count; i++) {
        const struct adapt_hole *hole = &body->written.holes[i];
        add_bytes(body, body->written.bytes + at, hole->at - at);
        if (!add_file(body, hole->sha256, true, why))
            return NULL;
        at = hole->at + hole->size;
    }
    add_bytes(body, body->written.bytes + at, body->written.size - at);
    return steal(body);
}

struct outgoing *outgoing_of_file(const uint8_t sha256[SHA256_SIZE], struct file_store *files,
                                  struct fault *why)
{
    auto_free(outgoing_free) struct outgoing *body = make_body(1, files, why);
    if (!body)
        return NULL;
    memcpy(body->sha256, sha256, SHA256_SIZE);
    return add_file(body, body->sha256, false, why) ? steal(body) : NULL;
}

void outgoing_free(struct outgoing *body)
{
    if (!body)
        return;
    file_reader_close(body->reader);
    hasher_free(body->hasher);
    adapt_written_free(&body->written);
    free(body->pieces);
    free(body->chunk);
    free(body);
}

int64_t outgoing_size(const struct outgoing *body)
{
    return body->size;
}

const char *outgoing_bytes(struct outgoing *body)
{
    if (body->piece_count != 1 || !body->pieces[0].bytes)
        return NULL;
    digest_sha256(body->pieces[0].bytes, body->pieces[0].size, body->digest);
    body->is_whole = true;
    return body->pieces[0].bytes;
}

/* ---- reading ---- */

/* Reads until `size` is there or the file ends: what is encoded before the end must be whole
 * groups. */
static bool read_full(struct outgoing *body, char *into, size_t size, size_t *got)
{
    size_t more = 1;
    for (*got = 0; *got < size && more > 0; *got += more)
        if (!file_reader_read(body->reader, into + *got, size - *got, &more, &body->fault))
            return false;
    return true;
}

static bool load_chunk(struct outgoing *body, const struct piece *piece)
{
    char plain[CHUNK_SIZE];
    size_t got;
    int64_t size;
    if (!body->chunk && !(body->chunk = calloc(1, sizeof *body->chunk)))
        return fault_memory(&body->fault);
    struct chunk *chunk = body->chunk;
    if (!body->reader &&
        !(body->reader = file_reader_open(body->files, piece->sha256, &size, &body->fault)))
        return false;
    if (!read_full(body, plain, sizeof plain, &got))
        return false;
    if (got == 0)
        return fault_set(&body->fault, FAULT_BROKEN, "a file is shorter than it was");
    chunk->at = 0;
    chunk->size = got;
    if (piece->is_encoded)
        chunk->size = (size_t)EVP_EncodeBlock((unsigned char *)chunk->bytes,
                                              (const unsigned char *)plain, (int)got);
    else
        memcpy(chunk->bytes, plain, got);
    return true;
}

/* Bytes of the current piece, at most `size`; 0 with a fault. */
static size_t read_piece(struct outgoing *body, const struct piece *piece, char *into, size_t size)
{
    const char *from;
    size_t there = piece->size - body->at;
    if (piece->bytes) {
        from = piece->bytes + body->at;
    } else {
        bool is_read = body->chunk && body->chunk->at < body->chunk->size;
        if (!is_read && !load_chunk(body, piece))
            return 0;
        from = body->chunk->bytes + body->chunk->at;
        if (body->chunk->size - body->chunk->at < there)
            there = body->chunk->size - body->chunk->at;
    }
    if (there > size)
        there = size;
    memcpy(into, from, there);
    body->at += there;
    if (!piece->bytes)
        body->chunk->at += there;
    return there;
}

/* What is left of it is of another piece. */
static void drop_chunk(struct outgoing *body)
{
    if (body->chunk)
        body->chunk->at = body->chunk->size = 0;
}

/* The last read of a file also checks its hash, so it is made although no byte is to come. */
static bool end_piece(struct outgoing *body)
{
    char beyond;
    size_t got = 0;
    if (body->reader && !file_reader_read(body->reader, &beyond, 1, &got, &body->fault))
        return false;
    if (got > 0)
        return fault_set(&body->fault, FAULT_BROKEN, "a file is longer than it was");
    file_reader_close(body->reader);
    body->reader = NULL;
    drop_chunk(body);
    body->at = 0;
    body->piece++;
    return true;
}

static bool skip_ended(struct outgoing *body)
{
    while (body->piece < body->piece_count && body->at == body->pieces[body->piece].size)
        if (!end_piece(body))
            return false;
    if (body->piece < body->piece_count || body->is_whole)
        return true;
    body->is_whole = true;
    return hasher_end(body->hasher, body->digest, &body->fault);
}

size_t outgoing_read(char *into, size_t one, size_t size, void *own)
{
    struct outgoing *body = own;
    size_t wanted = one * size;
    size_t given = 0;
    while (given < wanted) {
        if (!skip_ended(body))
            return CURL_READFUNC_ABORT;
        if (body->piece == body->piece_count)
            break;
        size_t got = read_piece(body, &body->pieces[body->piece], into + given, wanted - given);
        if (got == 0 || !hasher_add(body->hasher, into + given, got, &body->fault))
            return CURL_READFUNC_ABORT;
        given += got;
    }
    /* libcurl does not ask again after the last byte that it was told of. */
    return skip_ended(body) ? given : CURL_READFUNC_ABORT;
}

int outgoing_seek(void *own, curl_off_t offset, int origin)
{
    struct outgoing *body = own;
    if (offset != 0 || origin != SEEK_SET)
        return CURL_SEEKFUNC_CANTSEEK;
    file_reader_close(body->reader);
    body->reader = NULL;
    body->piece = body->at = 0;
    drop_chunk(body);
    uint8_t dropped[SHA256_SIZE];
    if (!body->is_whole && !hasher_end(body->hasher, dropped, &body->fault))
        return CURL_SEEKFUNC_FAIL;
    body->is_whole = false;
    return CURL_SEEKFUNC_OK;
}

const struct fault *outgoing_fault(const struct outgoing *body)
{
    return &body->fault;
}

bool outgoing_sha256(const struct outgoing *body, uint8_t sha256[SHA256_SIZE])
{
    if (body->is_whole)
        memcpy(sha256, body->digest, SHA256_SIZE);
    return body->is_whole;
}
