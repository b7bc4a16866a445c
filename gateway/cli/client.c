/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP as the command line needs it: one call, one answer of bounded size. */
#include "cli/client.h"

#include "base/cleanup.h"
#include "base/text_stream.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>

typedef struct curl_slist *header_list;
ENDS_WITH_SCOPE(CURL *, curl_easy_cleanup)
ENDS_WITH_SCOPE(header_list, curl_slist_free_all)
ENDS_WITH_SCOPE(json_t *, json_decref)

enum { MOST_ANSWER = 16 << 20, DAEMON_TIMEOUT_MS = 600000, CONNECT_TIMEOUT_MS = 5000 };

struct collected {
    FILE *stream;
    size_t size;
};

static size_t collect(char *bytes, size_t one, size_t count, void *own)
{
    struct collected *into = own;
    size_t size = one * count;
    if (into->size + size > MOST_ANSWER)
        return 0;
    into->size += size;
    return fwrite(bytes, 1, size, into->stream);
}

static bool add_header(header_list *headers, const char *name, const char *value, struct fault *why)
{
    auto_free(free) char *line = NULL;
    if (asprintf(&line, "%s: %s", name, value) < 0) {
        line = NULL;
        return fault_memory(why);
    }
    header_list longer = curl_slist_append(*headers, line);
    if (!longer)
        return fault_memory(why);
    *headers = longer;
    return true;
}

static bool make_headers(const struct client_call *call, header_list *headers, struct fault *why)
{
    if (call->media_type && !add_header(headers, "Content-Type", call->media_type, why))
        return false;
    if (call->jws && !add_header(headers, "X-JWS-Signature", call->jws, why))
        return false;
    if (call->language && !add_header(headers, "Accept-Language", call->language, why))
        return false;
    if (!call->key)
        return true;
    auto_free(free) char *credential = NULL;
    if (asprintf(&credential, "Bearer %s", call->key) < 0) {
        credential = NULL;
        return fault_memory(why);
    }
    return add_header(headers, "Authorization", credential, why);
}

static void set_options(CURL *curl, const struct client_call *call, header_list headers)
{
    /* curl copies what it is given; a failed option shows when the call is made. */
    (void)curl_easy_setopt(curl, CURLOPT_URL, call->url);
    (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, call->timeout_ms);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    if (call->socket)
        (void)curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, call->socket);
    if (call->ca_file)
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, call->ca_file);
    if (call->body) {
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body);
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->size);
    }
}

/* Whether the daemon is away or the caller may not speak to it, only the system's error tells. */
static bool refuse_socket(CURL *curl, CURLcode code, const char *socket, struct fault *why)
{
    long error = 0;
    if (code == CURLE_COULDNT_CONNECT)
        (void)curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &error);
    if (error == EACCES || error == EPERM)
        return fault_set(why, FAULT_REFUSE,
                         "%s: %s: it is for root and the user as whom the daemon runs", socket,
                         strerrordesc_np((int)error));
    if (error == ENOENT || error == ECONNREFUSED)
        return fault_set(why, FAULT_RETRY, "%s: %s: no daemon listens there", socket,
                         strerrordesc_np((int)error));
    return fault_set(why, FAULT_RETRY, "%s: %s", socket, curl_easy_strerror(code));
}

static bool perform(CURL *curl, const struct client_call *call, FILE *stream, int *status,
                    struct fault *why)
{
    struct collected into = {.stream = stream};
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &into);
    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK)
        return call->socket
                   ? refuse_socket(curl, code, call->socket, why)
                   : fault_set(why, FAULT_RETRY, "%s: %s", call->url, curl_easy_strerror(code));
    long answered = 0;
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &answered);
    *status = (int)answered;
    return true;
}

bool client_make(const struct client_call *call, struct client_answer *answer, struct fault *why)
{
    auto_free(curl_slist_free_all) header_list headers = NULL;
    auto_free(curl_easy_cleanup) CURL *curl = curl_easy_init();
    if (!curl)
        return fault_memory(why);
    if (!make_headers(call, &headers, why))
        return false;
    set_options(curl, call, headers);

    struct text_stream stream;
    size_t size = 0;
    FILE *out = text_stream_begin(&stream);
    if (!out)
        return fault_memory(why);
    int status = 0;
    bool done = perform(curl, call, out, &status, why);
    auto_free(free) char *body = text_stream_end(&stream, &size);
    if (!done)
        return false;
    if (!body)
        return fault_memory(why);
    *answer = (struct client_answer){.status = status, .body = steal(body), .size = size};
    return true;
}

bool client_refuse(int status, const json_t *problem, struct fault *why)
{
    const char *title = json_string_value(json_object_get(problem, "title"));
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    enum fault_kind kind = status == 503 || status == 429 ? FAULT_RETRY : FAULT_REFUSE;
    if (!title)
        return fault_set(why, kind, "HTTP %d", status);
    return fault_set(why, kind, "%s%s%s", title, detail ? ": " : "", detail ? detail : "");
}

json_t *client_ask_about(const char *socket, const char *method, const char *path,
                         const json_t *body, json_t **problems, struct fault *why)
{
    auto_free(free) char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    auto_free(free) char *url = NULL;
    if ((body && !text) || asprintf(&url, "http://localhost%s", path) < 0) {
        (void)fault_memory(why);
        return NULL;
    }
    const struct client_call call = {
        .method = method,
        .url = url,
        .socket = socket,
        .media_type = text ? "application/json" : NULL,
        .body = text,
        .size = text ? strlen(text) : 0,
        .timeout_ms = DAEMON_TIMEOUT_MS,
    };
    struct client_answer answer = {0};
    if (!client_make(&call, &answer, why))
        return NULL;
    auto_free(free) char *answered = answer.body;
    auto_free(json_decref) json_t *json = json_loadb(answered, answer.size, 0, NULL);
    if (answer.status >= 400) {
        (void)client_refuse(answer.status, json, why);
        *problems = json_incref(json_object_get(json, "problems"));
        return NULL;
    }
    if (!json)
        (void)fault_set(why, FAULT_BROKEN, "%s: the answer is no JSON", path);
    return steal(json);
}

json_t *client_ask_daemon(const char *socket, const char *method, const char *path,
                          const json_t *body, struct fault *why)
{
    auto_free(json_decref) json_t *problems = NULL;
    return client_ask_about(socket, method, path, body, &problems, why);
}
