/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP as the command line needs it: one call, one answer of bounded size. */
#include "cli/client.h"

#include "base/cleanup.h"

#include <curl/curl.h>
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

static bool perform(CURL *curl, const struct client_call *call, FILE *stream, int *status,
                    struct fault *why)
{
    struct collected into = {.stream = stream};
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &into);
    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK)
        return fault_set(why, FAULT_RETRY, "%s: %s", call->socket ? call->socket : call->url,
                         curl_easy_strerror(code));
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

    auto_free(free) char *body = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&body, &size);
    if (!stream)
        return fault_memory(why);
    int status = 0;
    bool done = perform(curl, call, stream, &status, why);
    if (fclose(stream) != 0 && done)
        return fault_memory(why);
    if (!done)
        return false;
    *answer = (struct client_answer){.status = status, .body = steal(body), .size = size};
    return true;
}

static bool refuse_with_problem(int status, const json_t *problem, struct fault *why)
{
    const char *title = json_string_value(json_object_get(problem, "title"));
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    return fault_set(why, status == 503 ? FAULT_RETRY : FAULT_REFUSE, "%s%s%s",
                     title ? title : "the daemon refused", detail ? ": " : "",
                     detail ? detail : "");
}

json_t *client_ask_daemon(const char *socket, const char *method, const char *path,
                          const json_t *body, struct fault *why)
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
        (void)refuse_with_problem(answer.status, json, why);
        return NULL;
    }
    if (!json)
        (void)fault_set(why, FAULT_BROKEN, "%s: the answer is no JSON", path);
    return steal(json);
}
