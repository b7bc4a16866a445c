/* SPDX-License-Identifier: Apache-2.0 */
/* Builds a request on libcurl and holds what it needs until it has ended. */
#include "deliver/request.h"

#include "deliver/retry_after.h"
#include "version.h"

#include <stdatomic.h>

enum {
    ANSWER_LIMIT = 65536,
    CONNECT_MS = 10000,
    SILENCE_S = 120, /* no byte in either direction */
    MOST_BODIES = 256
};

ENDS_WITH_SCOPE(char *, curl_free)

struct request {
    CURL *curl;
    CURLM *multi; /* that it was given to */
    void *own;
    struct curl_slist *headers;
    curl_mime *form;
    char *text;
    struct outgoing *bodies[MOST_BODIES];
    size_t body_count;
    char *answer;
    size_t answer_size, answer_limit;
    char error[CURL_ERROR_SIZE]; /* libcurl's words about its end */
    bool is_cut;
};

static bool refuse_option(struct fault *why)
{
    return fault_set(why, FAULT_BROKEN, "libcurl does not take an option");
}

/* ---- the answer ---- */

static size_t keep(char *bytes, size_t one, size_t size, void *own)
{
    (void)one; /* always 1 */
    struct request *request = own;
    size_t room = request->answer_limit - request->answer_size;
    size_t kept = size < room ? size : room;
    char *longer = realloc(request->answer, request->answer_size + kept + 1);
    if (!longer)
        return 0;
    memcpy(longer + request->answer_size, bytes, kept);
    request->answer = longer;
    request->answer_size += kept;
    request->answer[request->answer_size] = '\0';
    request->is_cut = kept < size;
    return kept; /* fewer than given ends the transfer */
}

/* ---- making it ---- */

static bool set_bounds(CURL *curl, const struct partner_delivery *to)
{
    int64_t connect_ms = to->timeout_ms < CONNECT_MS ? to->timeout_ms : CONNECT_MS;
    return curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)to->timeout_ms) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)SILENCE_S) == CURLE_OK;
}

static bool set_trust(CURL *curl, const struct partner_delivery *to)
{
    if (curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L) != CURLE_OK)
        return false;
    if (to->ca_file && curl_easy_setopt(curl, CURLOPT_CAINFO, to->ca_file) != CURLE_OK)
        return false;
    return !to->certificate_file ||
           (curl_easy_setopt(curl, CURLOPT_SSLCERT, to->certificate_file) == CURLE_OK &&
            curl_easy_setopt(curl, CURLOPT_SSLKEY, to->key_file) == CURLE_OK);
}

/* Waiting for a connection that may be shared is worth it only where HTTP/2 may come out of TLS. */
static bool set_version(CURL *curl, const struct partner_delivery *to)
{
    bool is_tls = strncasecmp(to->url, "https:", 6) == 0;
    long version = to->allow_http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1;
    return curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, version) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_PIPEWAIT, to->allow_http2 && is_tls ? 1L : 0L) ==
               CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_USERAGENT, "lienthong/" LIENTHONG_VERSION) == CURLE_OK;
}

/* The address as it is written; where a path is joined on, with one slash between them. */
static bool set_url(CURL *curl, const struct partner_delivery *to, const char *path,
                    struct fault *why)
{
    size_t size = strlen(to->url);
    bool is_joined = path && *path && *path != '?';
    while (is_joined && size > 0 && to->url[size - 1] == '/')
        size--;
    auto_free(free) char *url = NULL;
    const char *slash = is_joined && *path != '/' ? "/" : "";
    if (asprintf(&url, "%.*s%s%s", (int)size, to->url, slash, path ? path : "") < 0) {
        url = NULL;
        return fault_memory(why);
    }
    return curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK || refuse_option(why);
}

static bool set_method(CURL *curl, const char *method)
{
    if (strcmp(method, "HEAD") == 0)
        return curl_easy_setopt(curl, CURLOPT_NOBODY, 1L) == CURLE_OK;
    if (strcmp(method, "GET") == 0)
        return curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    return curl_easy_setopt(curl, CURLOPT_POST, 1L) == CURLE_OK &&
           (strcmp(method, "POST") == 0 ||
            curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK);
}

struct request *request_new(const struct partner_delivery *to, const char *method, const char *path,
                            struct fault *why)
{
    auto_free(request_free) struct request *request = calloc(1, sizeof *request);
    if (!request || !(request->curl = curl_easy_init())) {
        (void)fault_memory(why);
        return NULL;
    }
    request->answer_limit = ANSWER_LIMIT;
    CURL *curl = request->curl;
    if (!set_bounds(curl, to) || !set_trust(curl, to) || !set_version(curl, to) ||
        !set_method(curl, method ? method : "POST") ||
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, request) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, request->error) != CURLE_OK) {
        (void)refuse_option(why);
        return NULL;
    }
    /* `Expect` would wait a second for a permission that few servers give. */
    if (!set_url(curl, to, path, why) || !request_add_header(request, "Expect", "", why))
        return NULL;
    return steal(request);
}

void request_free(struct request *request)
{
    if (!request)
        return;
    if (request->multi)
        (void)curl_multi_remove_handle(request->multi, request->curl); /* it is there */
    curl_easy_cleanup(request->curl);
    curl_slist_free_all(request->headers);
    curl_mime_free(request->form);
    for (size_t i = 0; i < request->body_count; i++)
        outgoing_free(request->bodies[i]);
    free(request->text);
    free(request->answer);
    free(request);
}

void request_limit_answer(struct request *request, int64_t bytes)
{
    request->answer_limit = (size_t)bytes;
}

bool request_add_header(struct request *request, const char *name, const char *value,
                        struct fault *why)
{
    for (const char *at = value; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7F)
            return fault_set(why, FAULT_REFUSE, "a control character in the header %s", name);
    auto_free(free) char *line = NULL;
    if (asprintf(&line, "%s:%s%s", name, *value ? " " : "", value) < 0) {
        line = NULL;
        return fault_memory(why);
    }
    struct curl_slist *longer = curl_slist_append(request->headers, line);
    if (!longer)
        return fault_memory(why);
    request->headers = longer;
    return true;
}

bool request_set_basic(struct request *request, const char *user, const char *password,
                       struct fault *why)
{
    return (curl_easy_setopt(request->curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC) == CURLE_OK &&
            curl_easy_setopt(request->curl, CURLOPT_USERNAME, user) == CURLE_OK &&
            curl_easy_setopt(request->curl, CURLOPT_PASSWORD, password) == CURLE_OK) ||
           refuse_option(why);
}

/* ---- what it sends ---- */

static bool take_body(struct request *request, struct outgoing *body, struct fault *why)
{
    if (request->body_count < MOST_BODIES) {
        request->bodies[request->body_count++] = body;
        return true;
    }
    outgoing_free(body);
    return fault_set(why, FAULT_REFUSE, "more than %d files in one request", MOST_BODIES);
}

bool request_set_body(struct request *request, struct outgoing *body, struct fault *why)
{
    CURL *curl = request->curl;
    curl_off_t size = (curl_off_t)outgoing_size(body);
    if (!take_body(request, body, why))
        return false;
    /* What libcurl has whole it sends together with the headers. */
    const char *bytes = outgoing_bytes(body);
    if (bytes)
        return (curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, size) == CURLE_OK &&
                curl_easy_setopt(curl, CURLOPT_POSTFIELDS, bytes) == CURLE_OK) ||
               refuse_option(why);
    return (curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, size) == CURLE_OK &&
            curl_easy_setopt(curl, CURLOPT_READFUNCTION, outgoing_read) == CURLE_OK &&
            curl_easy_setopt(curl, CURLOPT_READDATA, body) == CURLE_OK &&
            curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, outgoing_seek) == CURLE_OK &&
            curl_easy_setopt(curl, CURLOPT_SEEKDATA, body) == CURLE_OK) ||
           refuse_option(why);
}

bool request_set_text(struct request *request, const char *text, struct fault *why)
{
    CURL *curl = request->curl;
    free(request->text);
    request->text = strdup(text);
    if (!request->text)
        return fault_memory(why);
    return (curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(text)) ==
                CURLE_OK &&
            curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->text) == CURLE_OK) ||
           refuse_option(why);
}

static curl_mimepart *add_part(struct request *request, const char *name, struct fault *why)
{
    if (!request->form)
        request->form = curl_mime_init(request->curl);
    curl_mimepart *part = request->form ? curl_mime_addpart(request->form) : NULL;
    if (part && curl_mime_name(part, name) == CURLE_OK)
        return part;
    (void)fault_memory(why);
    return NULL;
}

bool request_add_field(struct request *request, const char *name, const char *text,
                       struct fault *why)
{
    curl_mimepart *part = add_part(request, name, why);
    return part &&
           (curl_mime_data(part, text, CURL_ZERO_TERMINATED) == CURLE_OK || refuse_option(why));
}

bool request_add_part(struct request *request, const struct request_part *about,
                      struct outgoing *body, struct fault *why)
{
    curl_off_t size = (curl_off_t)outgoing_size(body);
    if (!take_body(request, body, why))
        return false;
    curl_mimepart *part = add_part(request, about->name, why);
    if (!part)
        return false;
    return (curl_mime_data_cb(part, size, outgoing_read, outgoing_seek, NULL, body) == CURLE_OK &&
            curl_mime_filename(part, about->file_name) == CURLE_OK &&
            curl_mime_type(part, about->media_type) == CURLE_OK) ||
           refuse_option(why);
}

bool request_guard(struct request *request, curl_opensocket_callback open,
                   curl_write_callback store, void *own, struct fault *why)
{
    CURL *curl = request->curl;
    return (curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open) == CURLE_OK &&
            curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, own) == CURLE_OK &&
            curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
            curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
            curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
            curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, store) == CURLE_OK &&
            curl_easy_setopt(curl, CURLOPT_WRITEDATA, own) == CURLE_OK) ||
           refuse_option(why);
}

/* ---- making the call ---- */

static bool finish(struct request *request, struct fault *why)
{
    CURL *curl = request->curl;
    if (curl_easy_setopt(curl, CURLOPT_HTTPHEADER, request->headers) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_PRIVATE, request) != CURLE_OK)
        return refuse_option(why);
    return !request->form || curl_easy_setopt(curl, CURLOPT_MIMEPOST, request->form) == CURLE_OK ||
           refuse_option(why);
}

bool request_start(struct request *request, CURLM *multi, void *own, struct fault *why)
{
    request->own = own;
    if (!finish(request, why))
        return false;
    if (curl_multi_add_handle(multi, request->curl) != CURLM_OK)
        return fault_set(why, FAULT_BROKEN, "libcurl does not take a request");
    request->multi = multi;
    return true;
}

/* libcurl asks at least once a second. */
static int look_for_end(void *own, curl_off_t to_come, curl_off_t came, curl_off_t to_go,
                        curl_off_t went)
{
    const _Atomic bool *is_over = own;
    (void)to_come, (void)came, (void)to_go, (void)went;
    return atomic_load(is_over);
}

static bool watch(CURL *curl, const _Atomic bool *is_over)
{
    return curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_for_end) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_XFERINFODATA, is_over) == CURLE_OK &&
           curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK;
}

CURLcode request_perform(struct request *request, const _Atomic bool *is_over)
{
    struct fault why;
    bool is_ready = finish(request, &why) && watch(request->curl, is_over);
    return is_ready ? curl_easy_perform(request->curl) : CURLE_FAILED_INIT;
}

bool request_is(const struct request *request, const CURL *curl)
{
    return request->curl == curl;
}

void *request_own(CURL *curl)
{
    struct request *request = NULL;
    if (curl_easy_getinfo(curl, CURLINFO_PRIVATE, &request) != CURLE_OK || !request)
        return NULL;
    return request->own;
}

CURLcode request_result(const struct request *request, CURLcode result)
{
    return result == CURLE_WRITE_ERROR && request->is_cut ? CURLE_OK : result;
}

bool request_is_cut(const struct request *request)
{
    return request->is_cut;
}

struct service_answer request_answer(const struct request *request)
{
    long status = 0;
    (void)curl_easy_getinfo(request->curl, CURLINFO_RESPONSE_CODE, &status); /* 0 without one */
    return (struct service_answer){.status = (int)status,
                                   .body = request->answer ? request->answer : "",
                                   .size = request->answer_size};
}

int64_t request_retry_after(const struct request *request, int64_t now_ms)
{
    struct curl_header *header = NULL;
    if (curl_easy_header(request->curl, "Retry-After", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
        return RETRY_AFTER_NONE;
    return retry_after_ms(header->value, now_ms);
}

int64_t request_took_us(const struct request *request)
{
    curl_off_t took = 0;
    (void)curl_easy_getinfo(request->curl, CURLINFO_TOTAL_TIME_T, &took); /* 0 when it never was */
    return took;
}

const struct fault *request_fault(const struct request *request)
{
    for (size_t i = 0; i < request->body_count; i++)
        if (outgoing_fault(request->bodies[i])->kind != FAULT_NONE)
            return outgoing_fault(request->bodies[i]);
    return NULL;
}

bool request_sha256(const struct request *request, uint8_t sha256[SHA256_SIZE])
{
    return request->body_count > 0 && outgoing_sha256(request->bodies[0], sha256);
}

/* ---- certificates ---- */

/* With TLS 1.3 the other side judges our certificate after the handshake: what it says comes as an
 * alert when we read, or, of a server that goes on without one, as a page. */
static const struct {
    const char *alert, *page, *refusal;
} refusals[] = {
    {"alert certificate required", "No required SSL certificate was sent",
     "it wants a certificate of ours: set certificate_file and key_file"},
    {"alert certificate expired", NULL, "our certificate has ended"},
    {"alert certificate revoked", NULL, "our certificate was revoked"},
    {"alert unknown ca", NULL, "it does not know the authority of our certificate"},
    {"alert bad certificate", "The SSL certificate error", "it does not take our certificate"},
    {"alert certificate unknown", NULL, "it does not take our certificate"},
    {"alert unsupported certificate", NULL, "it cannot use our certificate"},
    {"alert access denied", NULL, "our certificate may not do this there"},
};

const char *request_refusal(const struct request *request)
{
    bool is_page = request_answer(request).status == 400 && request->answer;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        if (strstr(request->error, refusals[i].alert))
            return refusals[i].refusal;
        if (is_page && refusals[i].page && strstr(request->answer, refusals[i].page))
            return refusals[i].refusal;
    }
    return NULL;
}

bool request_want_certificate(struct request *request, struct fault *why)
{
    return curl_easy_setopt(request->curl, CURLOPT_CERTINFO, 1L) == CURLE_OK || refuse_option(why);
}

/* The text behind "NAME:" in the first certificate of the chain. */
static const char *certificate_part(const struct curl_certinfo *chain, const char *name)
{
    size_t size = strlen(name);
    for (const struct curl_slist *at = chain->certinfo[0]; at; at = at->next)
        if (strncmp(at->data, name, size) == 0 && at->data[size] == ':')
            return at->data + size + 1;
    return "?";
}

char *request_certificate(const struct request *request)
{
    struct curl_certinfo *chain = NULL;
    char *text = NULL;
    if (curl_easy_getinfo(request->curl, CURLINFO_CERTINFO, &chain) != CURLE_OK || !chain ||
        chain->num_of_certs < 1)
        return NULL;
    if (asprintf(&text, "%s, until %s", certificate_part(chain, "Subject"),
                 certificate_part(chain, "Expire date")) < 0)
        return NULL;
    return text;
}
