/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes a request from its head to its answer.  The head is judged by a list of checks, of which
 * the first that objects answers.  libmicrohttpd 0.9.75 sends an answer after the head, and then
 * closes, or after the whole body, and then goes on: a small body of a refused request is read and
 * thrown away, so that its sender sees the answer instead of a reset.
 */
#include "http/dispatch.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "http/guard.h"
#include "http/problem.h"
#include "http/route.h"
#include "http/target.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A refused body up to this is read to its end; one that was refused on its way, up to the other.
 */
enum { DISCARD_LIMIT = 256 * 1024, LATE_DISCARD_LIMIT = 64 * 1024 * 1024 };

static const struct problem_kind malformed_request = {
    "malformed-request", 400, "Yêu cầu HTTP không hợp lệ", "The HTTP request is malformed"};
static const struct problem_kind head_too_large = {
    "head-too-large", 431, "Phần đầu của yêu cầu quá lớn", "The request's head is too large"};
static const struct problem_kind not_found = {"not-found", 404, "Không có tài nguyên này",
                                              "There is nothing here"};
static const struct problem_kind method_not_allowed = {"method-not-allowed", 405,
                                                       "Phương thức không được hỗ trợ ở đây",
                                                       "The method is not allowed here"};
static const struct problem_kind body_too_large = {
    "body-too-large", 413, "Nội dung yêu cầu quá lớn", "The request's body is too large"};
static const struct problem_kind server_busy = {
    "server-busy", 503, "Máy chủ đang bận, xin thử lại sau", "The server is busy, come again"};
static const struct problem_kind internal_error = {"internal-error", 500, "Lỗi bên trong máy chủ",
                                                   "Something failed on our side"};

static bool has_body(const struct http_request *request)
{
    return http_said_size(request) > 0 || http_header(request, "Transfer-Encoding");
}

static int64_t body_limit(const struct dispatcher *dispatcher, const struct http_request *request)
{
    int64_t limit = request->route ? request->route->body_limit : 0;
    if (limit == HTTP_OWN_LIMIT)
        return INT64_MAX;
    return limit == HTTP_SERVER_LIMIT ? dispatcher->options->body_limit : limit;
}

/* When a transfer that began at `since` has to be over, if so many bytes belong to it. */
static int64_t deadline(const struct dispatcher *dispatcher, int64_t since_ms, int64_t bytes)
{
    int64_t rate = dispatcher->options->body_least_rate;
    int64_t longer_ms = rate > 0 ? bytes / rate * 1000 : 0;
    return since_ms + dispatcher->options->body_deadline_ms + longer_ms;
}

static void answer_too_large(struct http_request *request, int64_t limit)
{
    char detail[64];
    (void)snprintf(detail, sizeof detail, "At most %" PRId64 " bytes are taken here.", limit);
    http_problem(request, &body_too_large, detail, NULL);
}

static void answer_busy(struct http_request *request, const char *detail)
{
    http_add_header(request, "Retry-After", "5");
    http_problem(request, &server_busy, detail, NULL);
}

static void check_guard(struct peer *peer, const char *version)
{
    struct http_request *request = &peer->request;
    const struct head head = {request->method, request->target, request->target_size,
                              request->target_is_plain, version};
    const char *reason = guard_check(request->connection, &head);
    if (!reason && !request->target_is_sound)
        reason = "The path or the query has a broken escape.";
    if (!reason)
        return;
    request->must_close = true; /* nobody knows where the next request begins */
    http_problem(request, &malformed_request, reason, NULL);
}

static void check_head_size(struct peer *peer, const char *version)
{
    struct http_request *request = &peer->request;
    const union MHD_ConnectionInfo *head =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    (void)version;
    if (!head || (int64_t)head->header_size <= peer->dispatcher->options->head_limit)
        return;
    request->must_close = true;
    http_problem(request, &head_too_large, NULL, NULL);
}

static void check_route(struct peer *peer, const char *version)
{
    struct http_request *request = &peer->request;
    const struct http_table *tables = peer->dispatcher->options->tables;
    (void)version;
    request->route = route_find(tables, request->method, request->path, &request->stage);
    if (request->route)
        return;
    auto_free(free) char *allowed = route_allowed(tables, request->path);
    if (allowed)
        http_add_header(request, "Allow", allowed);
    http_problem(request, allowed ? &method_not_allowed : &not_found, NULL, NULL);
}

static void check_length(struct peer *peer, const char *version)
{
    struct http_request *request = &peer->request;
    int64_t limit = body_limit(peer->dispatcher, request);
    (void)version;
    if (http_said_size(request) <= limit && (limit > 0 || !has_body(request)))
        return;
    request->must_close = true;
    answer_too_large(request, limit);
}

static void check_caller(struct peer *peer, const char *version)
{
    struct http_request *request = &peer->request;
    (void)version;
    request->has_begun = true;
    if (request->route->begin)
        request->route->begin(request->stage, request);
}

static void check_room(struct peer *peer, const char *version)
{
    struct http_request *request = &peer->request;
    int64_t length = http_said_size(request);
    (void)version;
    if (length <= 0 || request->route->piece ||
        body_reserve(&request->body, request->load, (size_t)length) == BODY_GOOD)
        return;
    answer_busy(request, "Too many bodies are being received at once.");
}

static void (*const checks[])(struct peer *peer, const char *version) = {
    check_guard, check_head_size, check_route, check_length, check_caller, check_room,
};

/* Whether a refusal has to go out now: the body is large, of unknown size, or waits for our word.
 */
static bool must_answer_now(const struct http_request *request)
{
    return request->must_close || http_said_size(request) > DISCARD_LIMIT ||
           (has_body(request) && http_header(request, "Expect"));
}

static void add_headers(struct peer *peer)
{
    const struct http_header *header = peer->dispatcher->options->headers;
    for (; header && header->name; header++)
        http_add_header(&peer->request, header->name, header->value);
}

static enum MHD_Result take_head(struct peer *peer, const char *version)
{
    struct http_request *request = &peer->request;
    add_headers(peer);
    atomic_store(&peer->watched.deadline_ticks, deadline(peer->dispatcher, clock_ticks_ms(), 0));
    for (size_t i = 0; i < sizeof checks / sizeof *checks && !request_is_answered(request); i++)
        checks[i](peer, version);

    if (!request_is_answered(request) || !must_answer_now(request))
        return MHD_YES;
    request->must_close = true;
    return request_send(request);
}

/* Reads on without keeping, up to a bound; then the connection is cut. */
static enum MHD_Result discard(struct http_request *request, size_t size)
{
    bool is_late = request->route && request->route->piece;
    request->discarded += (int64_t)size;
    return request->discarded <= (is_late ? LATE_DISCARD_LIMIT : DISCARD_LIMIT) ? MHD_YES : MHD_NO;
}

/* By the clock of its arrival, so that a pause is not made good by what came before it. */
static void count_piece(struct peer *peer, size_t size)
{
    struct http_request *request = &peer->request;
    request->received += (int64_t)size;
    atomic_store(&peer->watched.deadline_ticks,
                 deadline(peer->dispatcher, request->arrived_ticks_us / 1000, request->received));
}

static enum MHD_Result keep_piece(struct peer *peer, const char *piece, size_t size)
{
    struct http_request *request = &peer->request;
    int64_t limit = body_limit(peer->dispatcher, request);
    switch (body_add(&request->body, request->load, piece, size, limit)) {
    case BODY_GOOD:
        return MHD_YES;
    case BODY_OVER_LIMIT:
        answer_too_large(request, limit);
        break;
    case BODY_NO_ROOM:
        answer_busy(request, "Too many bodies are being received at once.");
        break;
    }
    body_free(&request->body, request->load);
    return discard(request, size);
}

static enum MHD_Result take_piece(struct peer *peer, const char *piece, size_t size)
{
    struct http_request *request = &peer->request;
    if (request_is_answered(request))
        return discard(request, size);
    count_piece(peer, size);
    if (!request->route->piece)
        return keep_piece(peer, piece, size);
    if (request->received > body_limit(peer->dispatcher, request)) {
        answer_too_large(request, body_limit(peer->dispatcher, request));
        return discard(request, size);
    }
    request->route->piece(request->stage, request, piece, size);
    return MHD_YES;
}

static void handle(struct peer *peer)
{
    struct http_request *request = &peer->request;
    request->is_handled = true;
    atomic_store(&peer->watched.deadline_ticks, NEVER);
    request_busy(request); /* before looking: the closing server looks the other way round */
    if (atomic_load(&request->load->is_refusing)) {
        answer_busy(request, "The server is stopping.");
        return;
    }
    request->route->handle(request->stage, request);
}

/* It comes again when it is woken, and goes on where it was.  The closing server wakes it sooner.
 */
static enum MHD_Result hold(struct peer *peer)
{
    struct http_request *request = &peer->request;
    int64_t until = clock_ticks_ms() + request->hold_ms;
    request->hold_ms = 0;
    request_busy(request); /* before looking, as in handle */
    if (atomic_load(&request->load->is_refusing))
        return request_send(request);
    atomic_store(&peer->watched.deadline_ticks, NEVER);
    MHD_suspend_connection(request->connection);
    atomic_store(&peer->watched.wake_ticks, until);
    return MHD_YES;
}

static enum MHD_Result finish(struct peer *peer)
{
    struct http_request *request = &peer->request;
    if (!request->is_handled && !request_is_answered(request))
        handle(peer);
    else if (request_was_resumed(request) && request->route->resumed)
        request->route->resumed(request->stage, request);
    if (request->was_suspended)
        return MHD_YES; /* comes again when it is resumed or answered */
    if (!request_is_answered(request))
        http_problem(request, &internal_error, NULL, NULL);
    if (request->hold_ms > 0)
        return hold(peer);
    atomic_store(&peer->watched.deadline_ticks,
                 deadline(peer->dispatcher, clock_ticks_ms(), request->answer_size));
    return request_send(request);
}

/* Without a request of its own: after this server began to close, none is opened any more. */
static enum MHD_Result refuse(struct MHD_Connection *connection)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    (void)MHD_add_response_header(response, "Connection", "close");
    (void)MHD_add_response_header(response, "Retry-After", "5");
    enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_SERVICE_UNAVAILABLE, response);
    MHD_destroy_response(response);
    return result;
}

static struct peer *peer_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *own =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return own ? own->socket_context : NULL;
}

void *dispatch_target(void *own, const char *target, struct MHD_Connection *connection)
{
    struct peer *peer = peer_of(connection);
    (void)own;
    if (peer && target) {
        peer->request.target = target;
        peer->request.target_size = strlen(target);
        peer->request.target_is_plain = guard_is_plain(target, peer->request.target_size);
        peer->request.target_is_sound = target_is_sound(target);
    }
    return peer;
}

enum MHD_Result dispatch_call(void *own, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *piece,
                              size_t *piece_size, void **place)
{
    /* #lizard forgives: the signature is the library's */
    struct peer *peer = *place;
    (void)own;
    if (!peer)
        return MHD_NO; /* memory was out when it connected */

    struct http_request *request = &peer->request;
    if (atomic_load(&request->state) == REQUEST_NONE) {
        if (atomic_load(&request->load->is_refusing))
            return refuse(connection);
        request_open(request, connection, method, path);
        return take_head(peer, version);
    }
    if (*piece_size > 0) {
        size_t size = *piece_size;
        *piece_size = 0;
        return take_piece(peer, piece, size);
    }
    return finish(peer);
}

void dispatch_over(void *own, struct MHD_Connection *connection, void **place,
                   enum MHD_RequestTerminationCode how)
{
    struct peer *peer = *place;
    (void)own;
    (void)connection;
    (void)how;
    if (!peer || atomic_load(&peer->request.state) == REQUEST_NONE)
        return;

    struct http_request *request = &peer->request;
    const struct http_route *route = request->route;
    if (request->has_begun && route->end)
        route->end(request->stage, request);
    meter_count(peer->dispatcher->meter, route, request->status,
                clock_ticks_us() - request->arrived_ticks_us);
    request_end(request);
    atomic_store(&peer->watched.deadline_ticks,
                 clock_ticks_ms() + peer->dispatcher->options->idle_timeout_ms);
}
