/* SPDX-License-Identifier: Apache-2.0 */
/* One request: what a route may ask of it, and how it gets its one answer from any thread. */
#include "http/request.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "http/range.h"
#include "http/route.h"
#include "http/target.h"

#include <inttypes.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static const char retry_after_s[] = "5";

void request_open(struct http_request *request, struct MHD_Connection *connection,
                  const char *method, const char *path)
{
    request->connection = connection;
    request->method = method;
    request->path = path;
    request->arrived_ms = clock_now_ms();
    request->arrived_ticks_us = clock_ticks_us();
    atomic_fetch_add(&request->load->requests, 1);
    atomic_store(&request->state, REQUEST_OPEN);
}

void request_busy(struct http_request *request)
{
    if (!request->is_busy)
        atomic_fetch_add(&request->load->busy, 1);
    request->is_busy = true;
}

static void no_longer_busy(struct http_request *request)
{
    if (request->is_busy)
        atomic_fetch_sub(&request->load->busy, 1);
    request->is_busy = false;
}

static void free_kept(struct kept_text *kept)
{
    while (kept) {
        struct kept_text *next = kept->next;
        free(kept);
        kept = next;
    }
}

void request_end(struct http_request *request)
{
    const size_t kept_size = offsetof(struct http_request, connection);
    no_longer_busy(request);
    body_free(&request->body, request->load);
    free_kept(request->kept);
    if (request->response)
        MHD_destroy_response(request->response);
    memset((char *)request + kept_size, 0, sizeof *request - kept_size);
    atomic_store(&request->state, REQUEST_NONE);
    atomic_fetch_sub(&request->load->requests, 1);
}

/* Keeps "NAME\0VALUE\0" or, without a name, the value; NULL when memory is out. */
static struct kept_text *keep(struct http_request *request, const char *name, const char *value)
{
    size_t name_size = name ? strlen(name) + 1 : 0, value_size = strlen(value) + 1;
    struct kept_text *kept = malloc(sizeof *kept + name_size + value_size);
    if (!kept)
        return NULL;
    if (name)
        memcpy(kept->text, name, name_size);
    memcpy(kept->text + name_size, value, value_size);
    kept->name = name ? kept->text : NULL;
    kept->value = kept->text + name_size;
    kept->next = request->kept;
    request->kept = kept;
    return kept;
}

const char *http_method(const struct http_request *request)
{
    return request->method;
}

const char *http_path(const struct http_request *request)
{
    return request->path;
}

const char *http_header(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

/* Decodes and keeps; NULL also for a text that cannot be decoded. */
static const char *decoded(struct http_request *request, const char *text, size_t size,
                           enum target_blank blank)
{
    char *plain = target_decode(text, size, blank);
    const struct kept_text *kept = plain ? keep(request, NULL, plain) : NULL;
    free(plain);
    return kept ? kept->value : NULL;
}

const char *http_query(struct http_request *request, const char *name)
{
    const char *text =
        MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
    return text ? decoded(request, text, strlen(text), BLANK_IS_PLUS) : NULL;
}

const char *http_segment(struct http_request *request, const char *name)
{
    size_t size = 0;
    const char *text = route_segment(request->route->pattern, request->path, name, &size);
    return text ? decoded(request, text, size, BLANK_IS_PERCENT) : NULL;
}

const char *http_body(const struct http_request *request, size_t *size)
{
    *size = request->body.size;
    return request->body.bytes ? request->body.bytes : "";
}

char *http_take_body(struct http_request *request, size_t *size)
{
    *size = request->body.size;
    request->body.size = 0; /* its capacity stays reserved until the request ends */
    return steal(request->body.bytes);
}

int64_t http_said_size(const struct http_request *request)
{
    const char *text = http_header(request, "Content-Length");
    if (!text)
        return -1;
    unsigned long long size = strtoull(text, NULL, 10); /* the library took it as a number */
    return size > INT64_MAX ? INT64_MAX : (int64_t)size;
}

int64_t http_arrived_ms(const struct http_request *request)
{
    return request->arrived_ms;
}

int64_t http_arrived_ticks_us(const struct http_request *request)
{
    return request->arrived_ticks_us;
}

void http_set_own(struct http_request *request, void *own)
{
    request->own = own;
}

void *http_own(const struct http_request *request)
{
    return request->own;
}

void http_add_header(struct http_request *request, const char *name, const char *value)
{
    (void)keep(request, name, value); /* memory is out: the answer goes without it */
}

void http_set_header(struct http_request *request, const char *name, const char *value)
{
    for (struct kept_text *kept = request->kept; kept; kept = kept->next)
        if (kept->name && strcasecmp(kept->name, name) == 0)
            kept->name = NULL; /* it stays among the texts */
    http_add_header(request, name, value);
}

void http_hold(struct http_request *request, int64_t hold_ms)
{
    request->hold_ms = hold_ms;
}

void http_suspend(struct http_request *request)
{
    MHD_suspend_connection(request->connection);
    request->was_suspended = true;
    atomic_store(&request->state, REQUEST_SUSPENDED);
}

/* Puts the kept headers on the library's response; NULL when memory is out: then the connection is
 * cut. */
static struct MHD_Response *dress(const struct http_request *request, const char *media_type,
                                  struct MHD_Response *response)
{
    bool is_good = !media_type || MHD_add_response_header(response, "Content-Type", media_type);
    for (const struct kept_text *kept = request->kept; kept && is_good; kept = kept->next) {
        if (kept->name)
            is_good = MHD_add_response_header(response, kept->name, kept->value);
    }
    if (is_good)
        return response;
    MHD_destroy_response(response);
    return NULL;
}

static struct MHD_Response *respond(const struct http_request *request, const char *media_type,
                                    char *body, size_t size)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size, body, MHD_RESPMEM_MUST_FREE);
    if (response)
        return dress(request, media_type, response);
    free(body);
    return NULL;
}

/* Whoever brings the state away from SUSPENDED has the request, and nobody else touches it until
 * the library took it back. */
static bool claim(struct http_request *request, enum request_state for_state)
{
    int seen = REQUEST_SUSPENDED;
    return atomic_compare_exchange_strong(&request->state, &seen, (int)for_state);
}

void http_resume(struct http_request *request)
{
    if (claim(request, REQUEST_RESUMED))
        MHD_resume_connection(request->connection);
}

/* An IPv4 address that came to an IPv6 socket is the same address. */
static bool write_address(const struct sockaddr *address, socklen_t size,
                          char text[static HTTP_ADDRESS_SIZE])
{
    static const char mapped[] = "::ffff:";
    if (getnameinfo(address, size, text, HTTP_ADDRESS_SIZE, NULL, 0, NI_NUMERICHOST) != 0) {
        text[0] = '\0';
        return false;
    }
    if (strncmp(text, mapped, sizeof mapped - 1) == 0 && strchr(text, '.'))
        memmove(text, text + sizeof mapped - 1, strlen(text) - (sizeof mapped - 1) + 1);
    return true;
}

void http_peer(const struct http_request *request, struct http_peer *peer)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    int socket = info ? info->connect_fd : -1;
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof address;
    *peer = (struct http_peer){.uid = (uid_t)-1};
    if (getpeername(socket, (struct sockaddr *)&address, &size) != 0)
        return;
    peer->is_unix = address.ss_family == AF_UNIX;
    if (!peer->is_unix) {
        peer->is_known = write_address((const struct sockaddr *)&address, size, peer->address);
        return;
    }
    struct ucred credentials;
    socklen_t credentials_size = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &credentials_size) != 0)
        return;
    peer->is_known = true;
    peer->uid = credentials.uid;
}

bool http_is_gone(const struct http_request *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct pollfd peer = {.fd = info ? info->connect_fd : -1, .events = POLLRDHUP};
    return poll(&peer, 1, 0) > 0 && (peer.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

bool request_was_resumed(struct http_request *request)
{
    int seen = REQUEST_RESUMED;
    request->was_suspended = false;
    return atomic_compare_exchange_strong(&request->state, &seen, REQUEST_OPEN);
}

/* Whether the answer is the caller's to give; `*was_suspended` is for give_answer. */
static bool may_answer(struct http_request *request, bool *was_suspended)
{
    *was_suspended = claim(request, REQUEST_ANSWERED);
    return *was_suspended || atomic_load(&request->state) == REQUEST_OPEN;
}

static void give_answer(struct http_request *request, int status, bool was_suspended)
{
    request->status = status;
    if (was_suspended)
        MHD_resume_connection(request->connection);
    else
        atomic_store(&request->state, REQUEST_ANSWERED);
}

void http_answer(struct http_request *request, int status, const char *media_type, char *body,
                 size_t size)
{
    bool was_suspended = false;
    if (!may_answer(request, &was_suspended)) {
        free(body); /* the closing server was faster */
        return;
    }
    request->response = respond(request, media_type, body, size);
    request->answer_size = (int64_t)size;
    give_answer(request, status, was_suspended);
}

/* A file that is made as it is sent, from some byte on. */
struct piece {
    struct http_source source;
    int64_t first;
};

/* A HEAD's answer has the size and nothing of the file, so nobody calls this without a source. */
static ssize_t give_piece(void *own, uint64_t at, char *bytes, size_t size)
{
    const struct piece *piece = own;
    size_t got = 0;
    if (!piece->source.read ||
        !piece->source.read(piece->source.own, piece->first + (int64_t)at, bytes, size, &got) ||
        got == 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    return (ssize_t)got;
}

static void end_source(const struct http_source *source)
{
    if (source->end)
        source->end(source->own);
}

static void end_piece(void *own)
{
    struct piece *piece = own;
    end_source(&piece->source);
    free(piece);
}

static void end_file(const struct http_file *file)
{
    if (file->descriptor >= 0)
        (void)close(file->descriptor); /* only read from */
    end_source(&file->source);
}

static struct MHD_Response *respond_piece(const struct http_file *file, const struct range *range)
{
    enum { BLOCK_SIZE = 32 * 1024 };
    struct piece *piece = malloc(sizeof *piece);
    if (!piece)
        return NULL;
    *piece = (struct piece){file->source, range->first};
    struct MHD_Response *response = MHD_create_response_from_callback(
        (uint64_t)range->size, file->source.read ? BLOCK_SIZE : 1, give_piece, piece, end_piece);
    if (!response)
        free(piece);
    return response;
}

/* Takes the file. */
static struct MHD_Response *respond_file(const struct http_file *file, const struct range *range)
{
    struct MHD_Response *response =
        file->descriptor < 0 ? respond_piece(file, range)
                             : MHD_create_response_from_fd_at_offset64(
                                   (uint64_t)range->size, file->descriptor, (uint64_t)range->first);
    if (!response)
        end_file(file);
    return response;
}

/* The piece that was asked for; the whole when none was or the file is not the one that was meant.
 */
static enum range_fate wanted_range(const struct http_request *request,
                                    const struct http_file *file, struct range *range)
{
    const char *condition = http_header(request, "If-Range");
    const char *text = http_header(request, "Range");
    *range = (struct range){.first = 0, .size = file->size};
    if (!text || strcmp(request->method, "GET") != 0 ||
        (condition && strcmp(condition, file->etag) != 0))
        return RANGE_WHOLE;
    return range_read(text, file->size, range);
}

static void add_content_range(struct http_request *request, const struct http_file *file,
                              enum range_fate fate, const struct range *range)
{
    char text[80];
    if (fate == RANGE_PIECE)
        (void)snprintf(text, sizeof text, "bytes %" PRId64 "-%" PRId64 "/%" PRId64, range->first,
                       range->first + range->size - 1, file->size);
    else
        (void)snprintf(text, sizeof text, "bytes */%" PRId64, file->size);
    http_add_header(request, "Content-Range", text);
}

void http_answer_file(struct http_request *request, const struct http_file *file)
{
    static const int statuses[] = {[RANGE_WHOLE] = 200, [RANGE_PIECE] = 206, [RANGE_BEYOND] = 416};
    bool was_suspended = false;
    struct range range;
    enum range_fate fate = wanted_range(request, file, &range);
    http_add_header(request, "ETag", file->etag);
    http_add_header(request, "Accept-Ranges", "bytes");
    if (fate != RANGE_WHOLE)
        add_content_range(request, file, fate, &range);
    bool has_bytes = file->descriptor >= 0 || file->source.read;
    bool is_empty = fate == RANGE_BEYOND || (range.size == 0 && has_bytes);
    if (is_empty)
        end_file(file);
    if (!may_answer(request, &was_suspended)) {
        if (!is_empty)
            end_file(file);
        return;
    }
    struct MHD_Response *response =
        is_empty ? MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT)
                 : respond_file(file, &range);
    request->response = response ? dress(request, file->media_type, response) : NULL;
    request->answer_size = range.size;
    give_answer(request, statuses[fate], was_suspended);
}

void request_give_up(struct http_request *request)
{
    if (!claim(request, REQUEST_ANSWERED))
        return;
    request->response = respond(request, NULL, NULL, 0);
    request->status = MHD_HTTP_SERVICE_UNAVAILABLE;
    if (request->response)
        (void)MHD_add_response_header(request->response, "Retry-After", retry_after_s);
    MHD_resume_connection(request->connection);
}

bool request_is_answered(const struct http_request *request)
{
    return atomic_load(&request->state) == REQUEST_ANSWERED;
}

enum MHD_Result request_send(struct http_request *request)
{
    no_longer_busy(request);
    if (!request->response)
        return MHD_NO;
    /* The library ends a chunk's size at a bare line feed, where a proxy before us may read on:
     * what comes behind chunks is never taken for a request. */
    bool is_chunked = http_header(request, "Transfer-Encoding") != NULL;
    if (request->must_close || is_chunked || atomic_load(&request->load->is_draining))
        (void)MHD_add_response_header(request->response, "Connection", "close");
    return MHD_queue_response(request->connection, (unsigned)request->status, request->response);
}
