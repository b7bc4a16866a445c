/* SPDX-License-Identifier: Apache-2.0 */
/* Streams one file up or down. */
#include "cli/transfer.h"

#include "files/hasher.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct curl_slist *header_list;
ENDS_WITH_SCOPE(CURL *, curl_easy_cleanup)
ENDS_WITH_SCOPE(header_list, curl_slist_free_all)

enum { PIECE_SIZE = 65536, CONNECT_TIMEOUT_MS = 5000, STALL_S = 60 };

/* What an answer's bytes go to. */
struct sink {
    CURL *curl;
    FILE *file; /* of a 200; NULL: nothing is a file */
    struct hasher *hasher;
    struct transfer_answer *answer;
    size_t size; /* of the text */
};

static bool add_header(header_list *headers, const char *line, struct fault *why)
{
    header_list longer = curl_slist_append(*headers, line);
    if (!longer)
        return fault_memory(why);
    *headers = longer;
    return true;
}

static bool make_headers(const struct cli_transfer *transfer, header_list *headers,
                         struct fault *why)
{
    auto_free(free) char *credential = NULL;
    if (asprintf(&credential, "Authorization: Bearer %s", transfer->key) < 0) {
        credential = NULL;
        return fault_memory(why);
    }
    return add_header(headers, credential, why) && add_header(headers, "Expect:", why) &&
           add_header(headers, "Content-Type: application/octet-stream", why);
}

static size_t take(char *bytes, size_t one, size_t count, void *own)
{
    struct sink *sink = own;
    struct fault unused;
    size_t size = one * count;
    long status = 0;
    (void)curl_easy_getinfo(sink->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status == 200 && sink->file)
        return hasher_add(sink->hasher, bytes, size, &unused) ? fwrite(bytes, 1, size, sink->file)
                                                              : 0;
    size_t room = sizeof sink->answer->text - 1 - sink->size;
    size_t kept = size < room ? size : room;
    memcpy(sink->answer->text + sink->size, bytes, kept);
    sink->size += kept;
    sink->answer->text[sink->size] = '\0';
    return size;
}

/* An option that curl does not take shows when the call is made. */
static bool perform(const struct cli_transfer *transfer, const uint8_t *sha256, struct sink *sink,
                    struct fault *why)
{
    CURL *curl = sink->curl;
    char hex[SHA256_HEX_SIZE];
    long status = 0;
    auto_free(curl_slist_free_all) header_list headers = NULL;
    auto_free(free) char *url = NULL;
    digest_hex(sha256, SHA256_SIZE, hex);
    if (asprintf(&url, "%s/v1/files/%s", transfer->url, hex) < 0) {
        url = NULL;
        return fault_memory(why);
    }
    if (!make_headers(transfer, &headers, why))
        return false;
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)STALL_S);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, sink);
    if (transfer->ca_file)
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, transfer->ca_file);
    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK)
        return fault_set(why, FAULT_RETRY, "%s: %s", transfer->url, curl_easy_strerror(code));
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    sink->answer->status = (int)status;
    return true;
}

static bool hash_file(FILE *file, const char *path, uint8_t sha256[SHA256_SIZE], int64_t *size,
                      struct fault *why)
{
    auto_free(hasher_free) struct hasher *hasher = hasher_new(why);
    auto_free(free) char *piece = malloc(PIECE_SIZE);
    if (!hasher)
        return false;
    if (!piece)
        return fault_memory(why);
    *size = 0;
    for (size_t got; (got = fread(piece, 1, PIECE_SIZE, file)) > 0; *size += (int64_t)got)
        if (!hasher_add(hasher, piece, got, why))
            return false;
    if (ferror(file))
        return fault_set(why, FAULT_REFUSE, "%s: %s", path, strerrordesc_np(errno));
    rewind(file);
    return hasher_end(hasher, sha256, why);
}

bool transfer_put(const struct cli_transfer *transfer, struct transfer_answer *answer,
                  struct fault *why)
{
    uint8_t sha256[SHA256_SIZE];
    int64_t size = 0;
    auto_free(fclose) FILE *file = fopen(transfer->path, "rbe");
    if (!file)
        return fault_set(why, FAULT_REFUSE, "%s: %s", transfer->path, strerrordesc_np(errno));
    if (!hash_file(file, transfer->path, sha256, &size, why))
        return false;
    auto_free(curl_easy_cleanup) CURL *curl = curl_easy_init();
    if (!curl)
        return fault_memory(why);
    *answer = (struct transfer_answer){.status = 0};
    struct sink sink = {.curl = curl, .answer = answer};
    (void)curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_READDATA, file);
    (void)curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)size);
    return perform(transfer, sha256, &sink, why);
}

static bool check(struct sink *sink, const uint8_t *sha256, struct fault *why)
{
    uint8_t came[SHA256_SIZE];
    if (!hasher_end(sink->hasher, came, why))
        return false;
    return memcmp(came, sha256, SHA256_SIZE) == 0 ||
           fault_set(why, FAULT_REFUSE, "what came does not have this hash");
}

/* Into `beside`, which the caller removes when it fails. */
static bool fetch(const struct cli_transfer *transfer, const char *beside, const uint8_t *sha256,
                  struct transfer_answer *answer, struct fault *why)
{
    auto_free(hasher_free) struct hasher *hasher = hasher_new(why);
    auto_free(curl_easy_cleanup) CURL *curl = curl_easy_init();
    if (!hasher)
        return false;
    if (!curl)
        return fault_memory(why);
    FILE *file = fopen(beside, "wbe");
    if (!file)
        return fault_set(why, FAULT_REFUSE, "%s: %s", beside, strerrordesc_np(errno));
    struct sink sink = {.curl = curl, .file = file, .hasher = hasher, .answer = answer};
    bool is_good = perform(transfer, sha256, &sink, why) &&
                   (answer->status != 200 || check(&sink, sha256, why));
    if (fclose(file) != 0 && is_good)
        is_good = fault_set(why, FAULT_REFUSE, "%s: %s", beside, strerrordesc_np(errno));
    return is_good;
}

bool transfer_get(const struct cli_transfer *transfer, const uint8_t sha256[SHA256_SIZE],
                  struct transfer_answer *answer, struct fault *why)
{
    auto_free(free) char *beside = NULL;
    if (asprintf(&beside, "%s.part", transfer->path) < 0) {
        beside = NULL;
        return fault_memory(why);
    }
    *answer = (struct transfer_answer){.status = 0};
    bool is_good = fetch(transfer, beside, sha256, answer, why);
    if (is_good && answer->status == 200 && rename(beside, transfer->path) != 0)
        is_good = fault_set(why, FAULT_REFUSE, "%s: %s", transfer->path, strerrordesc_np(errno));
    if (!is_good || answer->status != 200)
        (void)unlink(beside); /* half of a file, or none */
    return is_good;
}
