/* SPDX-License-Identifier: Apache-2.0 */
/* Calls a JSON service that may be slow, silent, wrong or not what it seems. */
#include "event/rest.h"

#include "base/cleanup.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdatomic.h>

enum {
    BODY_LIMIT = 4 * 1024 * 1024,
    PAUSE_MS = 100,
    PAUSE_LIMIT_MS = 2000,
    MESSAGE_SIZE = 120,
};

ENDS_WITH_SCOPE(struct rest *, rest_close)
ENDS_WITH_SCOPE(CURL *, curl_easy_cleanup)
ENDS_WITH_SCOPE(CURLU *, curl_url_cleanup)
ENDS_WITH_SCOPE(json_t *, json_decref)

struct rest {
    CURL *options; /**< each try is a copy of it */
    struct curl_slist *headers;
    char *url; /**< without a slash at its end */
    int tries;
    atomic_bool is_interrupted;
};

/** What one try brought. */
struct body {
    char *bytes;
    size_t size;
    bool is_too_large;
};

/* ---- opening ---- */

static bool has_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return has;
}

static bool is_web(CURLU *url)
{
    char *scheme = NULL;
    bool is = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
              (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    curl_free(scheme);
    return is;
}

/* The fault does not show the URL: what should not be in it may be a password. */
static bool check_url(const char *text, struct fault *why)
{
    auto_free(curl_url_cleanup) CURLU *url = curl_url();
    if (!url)
        return fault_memory(why);
    if (curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        return fault_set(why, FAULT_REFUSE, "the URL is none");
    if (!is_web(url))
        return fault_set(why, FAULT_REFUSE, "the URL is neither http nor https");
    if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD))
        return fault_set(why, FAULT_REFUSE, "the URL holds a user: that has a key of its own");
    if (has_part(url, CURLUPART_QUERY) || has_part(url, CURLUPART_FRAGMENT))
        return fault_set(why, FAULT_REFUSE, "the URL holds a query or a fragment");
    return true;
}

static bool copy_url(struct rest *rest, const char *url, struct fault *why)
{
    size_t size = strlen(url);
    while (size > 0 && url[size - 1] == '/')
        size--;
    rest->url = strndup(url, size);
    return rest->url || fault_memory(why);
}

static bool add_header(struct rest *rest, const char *line, struct fault *why)
{
    struct curl_slist *longer = curl_slist_append(rest->headers, line);
    if (!longer)
        return fault_memory(why);
    rest->headers = longer;
    return true;
}

static size_t keep(char *bytes, size_t one, size_t size, void *own)
{
    (void)one; /* always 1 */
    struct body *body = own;
    if (size > BODY_LIMIT - body->size) {
        body->is_too_large = true;
        return 0;
    }
    char *longer = realloc(body->bytes, body->size + size);
    if (!longer)
        return 0;
    memcpy(longer + body->size, bytes, size);
    body->bytes = longer;
    body->size += size;
    return size;
}

/* libcurl asks about once a second; any answer but 0 ends the transfer. */
static int has_to_end(void *own, curl_off_t expected, curl_off_t got, curl_off_t to_send,
                      curl_off_t sent)
{
    (void)expected, (void)got, (void)to_send, (void)sent;
    const struct rest *rest = own;
    return atomic_load(&rest->is_interrupted);
}

static bool set_bounds(CURL *curl, const struct rest_options *options)
{
    return curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)options->timeout_ms) == CURLE_OK;
}

static bool set_hooks(CURL *curl, struct rest *rest)
{
    return curl_easy_setopt(curl, CURLOPT_HTTPHEADER, rest->headers) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, has_to_end) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFODATA, rest) == CURLE_OK;
}

static bool set_trust(CURL *curl, const struct rest_options *options)
{
    if (options->ca_file && curl_easy_setopt(curl, CURLOPT_CAINFO, options->ca_file) != CURLE_OK)
        return false;
    if (!options->user)
        return true;
    const char *password = options->password ? options->password : "";
    return curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERNAME, options->user) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PASSWORD, password) == CURLE_OK;
}

static bool set_options(struct rest *rest, const struct rest_options *options, struct fault *why)
{
    return (set_bounds(rest->options, options) && set_hooks(rest->options, rest) &&
            set_trust(rest->options, options)) ||
           fault_set(why, FAULT_BROKEN, "libcurl does not take an option");
}

struct rest *rest_open(const struct rest_options *options, struct fault *why)
{
    if (!check_url(options->url, why))
        return NULL;
    if (options->timeout_ms <= 0) { /* which libcurl would take for none */
        (void)fault_set(why, FAULT_REFUSE, "a timeout is needed");
        return NULL;
    }
    auto_free(rest_close) struct rest *rest = calloc(1, sizeof *rest);
    if (!rest || !(rest->options = curl_easy_init())) {
        (void)fault_memory(why);
        return NULL;
    }
    rest->tries = options->tries > 0 ? options->tries : 1;
    /* `Expect` would wait a second for a permission that few servers give. */
    if (!copy_url(rest, options->url, why) ||
        !add_header(rest, "Accept: application/vnd.schemaregistry.v1+json, application/json",
                    why) ||
        !add_header(rest, "Content-Type: application/json", why) ||
        !add_header(rest, "Expect:", why) || !set_options(rest, options, why))
        return NULL;
    return steal(rest);
}

void rest_close(struct rest *rest)
{
    if (!rest)
        return;
    curl_easy_cleanup(rest->options);
    curl_slist_free_all(rest->headers);
    free(rest->url);
    free(rest);
}

void rest_interrupt(struct rest *rest)
{
    atomic_store(&rest->is_interrupted, true);
}

/* ---- one try ---- */

/* What no second try can mend. */
static bool is_ours_to_mend(CURLcode code)
{
    switch ((int)code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CIPHER:
    case CURLE_OUT_OF_MEMORY:
        return true;
    default:
        return false;
    }
}

static bool set_call(CURL *curl, const char *url, const char *content, struct body *body)
{
    return curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_WRITEDATA, body) == CURLE_OK &&
           (!content || (curl_easy_setopt(curl, CURLOPT_POST, 1L) == CURLE_OK &&
                         curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                                          (curl_off_t)strlen(content)) == CURLE_OK &&
                         curl_easy_setopt(curl, CURLOPT_POSTFIELDS, content) == CURLE_OK));
}

/* A handle of its own for each, though it costs a connection: from the second transfer on with one
 * handle, libcurl before 8.1 takes a folded first header for the rest of one that it has freed. */
static bool transfer(const struct rest *rest, const char *url, const char *content,
                     struct body *body, long *status, struct fault *why)
{
    auto_free(curl_easy_cleanup) CURL *curl = curl_easy_duphandle(rest->options);
    if (!curl)
        return fault_memory(why);
    if (!set_call(curl, url, content, body))
        return fault_set(why, FAULT_BROKEN, "libcurl does not take an option");

    CURLcode code = curl_easy_perform(curl);
    if (body->is_too_large)
        return fault_set(why, FAULT_RETRY, "an answer of over %d bytes", BODY_LIMIT);
    if (code != CURLE_OK)
        return fault_set(why, is_ours_to_mend(code) ? FAULT_BROKEN : FAULT_RETRY, "%s",
                         curl_easy_strerror(code));
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status); /* 0 is no answer */
    return true;
}

/* The text of a foreign server becomes part of one line. */
static void tidy(const struct body *body, char text[MESSAGE_SIZE])
{
    size_t size = body->size < MESSAGE_SIZE - 1 ? body->size : MESSAGE_SIZE - 1;
    for (size_t at = 0; at < size; at++)
        text[at] = isprint((unsigned char)body->bytes[at]) ? body->bytes[at] : '?';
    text[size] = '\0';
}

/** What HTTP itself says about an answer, before its content counts. */
static bool judge(const struct body *body, const struct rest_answer *answer, struct fault *why)
{
    long status = answer->status;
    char text[MESSAGE_SIZE];
    if (status == 401 || status == 403)
        return fault_set(why, FAULT_BROKEN, "answered %ld: user and password are not accepted",
                         status);
    if (status >= 300 && status < 400)
        return fault_set(why, FAULT_BROKEN, "answered %ld: redirects are not followed", status);
    if (status == 408 || status == 429 || status >= 500) {
        tidy(body, text);
        return fault_set(why, FAULT_RETRY, "answered %ld: %s", status, text);
    }
    if (status >= 200 && status < 300 && !answer->json) {
        tidy(body, text);
        return fault_set(why, FAULT_RETRY, "answered %ld without JSON: %s", status, text);
    }
    return status >= 200 || fault_set(why, FAULT_RETRY, "answered %ld", status);
}

static bool try_once(struct rest *rest, const char *url, const char *content,
                     struct rest_answer *answer, struct fault *why)
{
    struct body body = {0};
    auto_free(json_decref) json_t *json = NULL;
    struct rest_answer given = {0};
    bool is_good = transfer(rest, url, content, &body, &given.status, why);
    if (is_good) {
        json = json_loadb(body.bytes ? body.bytes : "", body.size, JSON_REJECT_DUPLICATES, NULL);
        given.json = json_is_object(json) ? json : NULL;
        is_good = judge(&body, &given, why);
    }
    free(body.bytes);
    if (!is_good)
        return false;
    answer->status = given.status;
    answer->json = given.json ? steal(json) : NULL;
    return true;
}

/* ---- several ---- */

static void pause_before(int attempt)
{
    long ms = attempt < 5 ? PAUSE_MS << attempt : PAUSE_LIMIT_MS;
    if (ms > PAUSE_LIMIT_MS)
        ms = PAUSE_LIMIT_MS;
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&pause, NULL); /* a signal may shorten it: the next try is only earlier */
}

bool rest_call(struct rest *rest, const char *path, const char *body, struct rest_answer *answer,
               struct fault *why)
{
    auto_free(free) char *url = NULL;
    if (asprintf(&url, "%s%s", rest->url, path) < 0)
        return fault_memory(why);
    for (int attempt = 0; attempt < rest->tries; attempt++) {
        if (attempt > 0)
            pause_before(attempt - 1);
        if (atomic_load(&rest->is_interrupted))
            return fault_set(why, FAULT_RETRY, "interrupted");
        if (try_once(rest, url, body, answer, why))
            return true;
        if (why->kind != FAULT_RETRY)
            return false;
    }
    return false;
}

char *rest_encode(const char *text, struct fault *why)
{
    char *escaped = curl_easy_escape(NULL, text, 0);
    char *own = escaped ? strdup(escaped) : NULL;
    curl_free(escaped);
    if (!own)
        (void)fault_memory(why);
    return own;
}
