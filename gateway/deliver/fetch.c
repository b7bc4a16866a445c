/* SPDX-License-Identifier: Apache-2.0 */
/* One file on its way from a partner's host into the store. */
#include "deliver/fetch.h"

#include "base/clock.h"

#include <unistd.h>

enum { FETCH_MS = 600000 };

struct fetch {
    struct request *request;
    struct file_writer *writer;
    char *uri;
    struct fetch_rule rule;
    bool is_closed; /* an address that is not public was met */
    struct fault why;
};

/* libcurl asks before it connects: with the address that the name resolved to. */
static curl_socket_t open_socket(void *own, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct fetch *fetch = own;
    (void)purpose; /* there is but one */
    if (!fetch->rule.is_any_address && !fetch_is_public(&address->addr)) {
        fetch->is_closed = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t store(char *bytes, size_t one, size_t size, void *own)
{
    struct fetch *fetch = own;
    return file_writer_add(fetch->writer, bytes, one * size, &fetch->why) ? size : 0;
}

struct fetch *fetch_new(struct file_store *files, const char *uri, const struct fetch_rule *rule,
                        struct fault *why)
{
    const struct partner_delivery from = {.url = uri, .timeout_ms = FETCH_MS, .allow_http2 = true};
    auto_free(fetch_free) struct fetch *fetch = calloc(1, sizeof *fetch);
    if (!fetch || !(fetch->uri = strdup(uri))) {
        (void)fault_memory(why);
        return NULL;
    }
    fetch->rule = *rule;
    fetch->request = request_new(&from, "GET", "", why);
    if (!fetch->request || !request_guard(fetch->request, open_socket, store, fetch, why) ||
        !(fetch->writer = file_writer_open(files, why)))
        return NULL;
    return steal(fetch);
}

void fetch_free(struct fetch *fetch)
{
    if (!fetch)
        return;
    request_free(fetch->request);
    file_writer_close(fetch->writer);
    free(fetch->uri);
    free(fetch);
}

bool fetch_start(struct fetch *fetch, CURLM *multi, void *own, struct fault *why)
{
    return request_start(fetch->request, multi, own, why);
}

const char *fetch_uri(const struct fetch *fetch)
{
    return fetch->uri;
}

/* What has come is the file, or `why` says what it is. */
static bool judge(const struct fetch *fetch, CURLcode result, struct fault *why)
{
    int status = request_answer(fetch->request).status;
    if (fetch->why.kind != FAULT_NONE) {
        *why = fetch->why;
        return fault_prefix(why, "fetch");
    }
    if (fetch->is_closed && result != CURLE_OK)
        return fault_set(why, FAULT_REFUSE,
                         "fetch: the host leads to an address that is not public");
    if (result != CURLE_OK)
        return fault_set(why, FAULT_RETRY, "fetch: %s", curl_easy_strerror(result));
    if (status == 200)
        return true;
    bool is_passing = status == 408 || status == 425 || status == 429 || status >= 500;
    return fault_set(why, is_passing ? FAULT_RETRY : FAULT_REFUSE, "fetch: answered %d", status);
}

bool fetch_keep(struct fetch *fetch, struct spool *spool, CURLcode result,
                uint8_t sha256[SHA256_SIZE], struct fault *why)
{
    int64_t size;
    bool was_there;
    return judge(fetch, result, why) && file_writer_end(fetch->writer, sha256, &size, why) &&
           spool_note_upload(spool, "", sha256, size, clock_now_ms(), why) &&
           file_writer_keep(fetch->writer, NULL, &was_there, why);
}
