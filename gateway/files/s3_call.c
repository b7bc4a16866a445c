/* SPDX-License-Identifier: Apache-2.0 */
/* One signed call: what goes up is read from a file, what comes down is written to one. */
#include "files/s3_call.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <ctype.h>
#include <unistd.h>

typedef struct curl_slist *header_list;
ENDS_WITH_SCOPE(header_list, curl_slist_free_all)
ENDS_WITH_SCOPE(CURL *, curl_easy_cleanup)

enum {
    TRIES = 3,
    PAUSE_MS = 200,
    TICK_MS = 50,
    CONNECT_MS = 5000,
    REFUSAL_SIZE = 2048,     /* of what the service says of an error, for its code */
    REFUSAL_LIMIT = 1 << 20, /* more than any error needs */
    LEAST_RATE = 64 * 1024,  /* bytes a second that a file must go at, on the whole */
    CODE_SIZE = 48,
};

/* One try. */
struct attempt {
    const struct s3_service *service;
    const struct s3_call *call;
    CURL *curl;
    int64_t sent, got;
    char refusal[REFUSAL_SIZE + 1];
    size_t refusal_size;
    bool is_disk_full;
};

static size_t give(char *bytes, size_t one, size_t count, void *own)
{
    struct attempt *attempt = own;
    ssize_t size = pread(attempt->call->upload, bytes, one * count, attempt->sent);
    if (size < 0)
        return CURL_READFUNC_ABORT;
    attempt->sent += size;
    return (size_t)size;
}

/* libcurl sends anew on a connection that turned out to be dead. */
static int seek_to(void *own, curl_off_t offset, int origin)
{
    struct attempt *attempt = own;
    if (origin != SEEK_SET)
        return CURL_SEEKFUNC_CANTSEEK;
    attempt->sent = offset;
    return CURL_SEEKFUNC_OK;
}

static size_t keep_refusal(struct attempt *attempt, const char *bytes, size_t size)
{
    size_t room = REFUSAL_SIZE - attempt->refusal_size;
    size_t kept = size < room ? size : room;
    memcpy(attempt->refusal + attempt->refusal_size, bytes, kept);
    attempt->refusal_size += kept;
    attempt->got += (int64_t)size;
    return attempt->got <= REFUSAL_LIMIT ? size : 0;
}

static size_t take(char *bytes, size_t one, size_t count, void *own)
{
    struct attempt *attempt = own;
    size_t size = one * count;
    long status = 0;
    (void)curl_easy_getinfo(attempt->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200 || attempt->call->download < 0)
        return keep_refusal(attempt, bytes, size);
    if ((int64_t)size > attempt->call->download_limit - attempt->got)
        return 0;
    for (size_t done = 0; done < size;) {
        ssize_t more = pwrite(attempt->call->download, bytes + done, size - done, attempt->got);
        attempt->is_disk_full = more <= 0;
        if (more <= 0)
            return 0;
        done += (size_t)more;
        attempt->got += more;
    }
    return size;
}

static int has_to_end(void *own, curl_off_t expected, curl_off_t got, curl_off_t to_send,
                      curl_off_t sent)
{
    (void)expected, (void)got, (void)to_send, (void)sent;
    const struct attempt *attempt = own;
    return atomic_load(&attempt->service->is_interrupted);
}

static bool add_header(header_list *headers, const char *name, const char *value)
{
    char *line = NULL;
    if (asprintf(&line, "%s: %s", name, value) < 0)
        return false;
    header_list longer = curl_slist_append(*headers, line);
    free(line);
    if (longer)
        *headers = longer;
    return longer != NULL;
}

/* Signed anew for each try: a signature is good for a quarter of an hour. */
static bool make_headers(const struct attempt *attempt, header_list *headers, struct fault *why)
{
    const struct s3_service *service = attempt->service;
    const struct s3_call *call = attempt->call;
    char date[SIGV4_DATE_SIZE];
    auto_free(free) char *path = NULL;
    if (asprintf(&path, "%s/%s", service->path, call->key) < 0) {
        path = NULL;
        return fault_memory(why);
    }
    sigv4_date(clock_now_ms(), date);
    const struct sigv4_header signed_headers[] = {
        {"host", service->host},
        {"x-amz-content-sha256", call->payload_sha256},
        {"x-amz-date", date},
    };
    const struct sigv4_request request = {
        .method = call->method,
        .path = path,
        .query = "",
        .headers = signed_headers,
        .header_count = sizeof signed_headers / sizeof *signed_headers,
        .payload_sha256 = call->payload_sha256,
        .date = date,
    };
    auto_free(free) char *authorization = sigv4_authorization(&service->identity, &request, why);
    if (!authorization)
        return false;
    return (add_header(headers, "Host", service->host) &&
            add_header(headers, "x-amz-content-sha256", call->payload_sha256) &&
            add_header(headers, "x-amz-date", date) &&
            add_header(headers, "Authorization", authorization) &&
            add_header(headers, "Content-Type", "application/octet-stream") &&
            add_header(headers, "Expect", "")) ||
           fault_memory(why);
}

static void set_bounds(const struct attempt *attempt)
{
    CURL *curl = attempt->curl;
    const struct s3_service *service = attempt->service;
    int64_t bytes =
        attempt->call->upload >= 0 ? attempt->call->upload_size : attempt->call->download_limit;
    int64_t longest_ms = service->timeout_ms + bytes * 1000 / LEAST_RATE;
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)longest_ms);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)(service->timeout_ms + 999) / 1000);
    if (service->ca_file)
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, service->ca_file);
}

/* An option that libcurl does not take shows when the call is made. */
static bool set_call(struct attempt *attempt, struct fault *why)
{
    CURL *curl = attempt->curl;
    const struct s3_call *call = attempt->call;
    auto_free(free) char *url = NULL;
    if (asprintf(&url, "%s/%s", attempt->service->base, call->key) < 0) {
        url = NULL;
        return fault_memory(why);
    }
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    if (strcmp(call->method, "HEAD") == 0)
        (void)curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    if (call->upload >= 0) {
        (void)curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
        (void)curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)call->upload_size);
        (void)curl_easy_setopt(curl, CURLOPT_READFUNCTION, give);
        (void)curl_easy_setopt(curl, CURLOPT_READDATA, attempt);
        (void)curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, seek_to);
        (void)curl_easy_setopt(curl, CURLOPT_SEEKDATA, attempt);
    }
    (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, attempt);
    (void)curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, has_to_end);
    (void)curl_easy_setopt(curl, CURLOPT_XFERINFODATA, attempt);
    return true;
}

/* The letters between <Code> and </Code>, or nothing. */
static void find_code(const char *refusal, char code[CODE_SIZE])
{
    static const char tag[] = "<Code>";
    const char *at = strstr(refusal, tag);
    size_t size = 0;
    if (at)
        at += sizeof tag - 1;
    while (at && size < CODE_SIZE - 1 && isalnum((unsigned char)at[size])) {
        code[size] = at[size];
        size++;
    }
    code[size] = '\0';
}

static bool refuse_status(const struct attempt *attempt, int status, struct fault *why)
{
    char code[CODE_SIZE];
    bool may_pass_later = status >= 500 || status == 429 || status == 408;
    find_code(attempt->refusal, code);
    return fault_set(why, may_pass_later ? FAULT_RETRY : FAULT_BROKEN, "s3: %s %s: status %d%s%s",
                     attempt->call->method, attempt->call->key, status, *code ? " " : "", code);
}

static bool refuse_transfer(const struct attempt *attempt, CURLcode code, struct fault *why)
{
    const struct s3_call *call = attempt->call;
    if (attempt->is_disk_full)
        return fault_set(why, FAULT_RETRY, "s3: %s %s: no room on disk", call->method, call->key);
    if (code == CURLE_WRITE_ERROR)
        return fault_set(why, FAULT_BROKEN, "s3: %s %s: the answer is too large", call->method,
                         call->key);
    bool is_ours = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
                   code == CURLE_READ_ERROR || code == CURLE_URL_MALFORMAT;
    return fault_set(why, is_ours ? FAULT_BROKEN : FAULT_RETRY, "s3: %s %s: %s", call->method,
                     call->key, curl_easy_strerror(code));
}

static bool read_answer(const struct attempt *attempt, struct s3_answer *answer, struct fault *why)
{
    long status = 0;
    curl_off_t length = -1;
    (void)curl_easy_getinfo(attempt->curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(attempt->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    if (status != 200 && status != 204 && status != 404)
        return refuse_status(attempt, (int)status, why);
    answer->status = (int)status;
    answer->size = attempt->call->download >= 0 ? attempt->got : length;
    return true;
}

/* A handle of its own for each: from the second transfer on with one handle, libcurl before 8.1
 * takes a folded first header for the rest of one that it has freed. */
static bool try_once(struct attempt *attempt, CURLSH *connections, struct s3_answer *answer,
                     struct fault *why)
{
    auto_free(curl_slist_free_all) header_list headers = NULL;
    auto_free(curl_easy_cleanup) CURL *curl = attempt->curl = curl_easy_init();
    if (!curl || curl_easy_setopt(curl, CURLOPT_SHARE, connections) != CURLE_OK)
        return fault_memory(why);
    if (!make_headers(attempt, &headers, why) || !set_call(attempt, why))
        return false;
    set_bounds(attempt);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK)
        return refuse_transfer(attempt, code, why);
    return read_answer(attempt, answer, why);
}

/* True when there is no use in another try. */
static bool pause_before(const struct s3_service *service, int try_no)
{
    for (int waited = 0; waited < PAUSE_MS << try_no; waited += TICK_MS) {
        if (atomic_load(&service->is_interrupted))
            return true;
        (void)usleep(TICK_MS * 1000);
    }
    return false;
}

bool s3_call(const struct s3_service *service, CURLSH *connections, const struct s3_call *call,
             struct s3_answer *answer, struct fault *why)
{
    for (int try_no = 0;; try_no++) {
        struct attempt attempt = {.service = service, .call = call};
        if (try_once(&attempt, connections, answer, why))
            return true;
        if (why->kind != FAULT_RETRY || attempt.is_disk_full || try_no + 1 == TRIES ||
            pause_before(service, try_no))
            return false;
    }
}
