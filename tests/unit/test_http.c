/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP server as its clients see it: routes, limits, deadlines, late answers, stopping. */
#include "unit.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "http/problem.h"
#include "http/server.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "http_peer.h"

/* What a test's routes work on: the requests that wait for the other thread. */
struct yard {
    struct http_server *server;
    struct http_table tables[3];
    pthread_mutex_t lock;
    struct http_request *waiting[1024]; /* guarded by lock */
    size_t count;                       /* guarded by lock */
    atomic_int begun, ended;
    atomic_bool is_stopping;
    pthread_t answerer;
};

enum { HOLD_MS = 300 };

static const struct problem_kind no_entry = {"no-entry", 401, "Không được vào", "No entry"};

static void begin(void *own, struct http_request *request)
{
    struct yard *yard = own;
    atomic_fetch_add(&yard->begun, 1);
    if (http_header(request, "X-Refuse"))
        http_problem(request, &no_entry, NULL, NULL);
    if (http_header(request, "X-Hold"))
        http_hold(request, HOLD_MS);
}

static void end(void *own, struct http_request *request)
{
    struct yard *yard = own;
    (void)request;
    atomic_fetch_add(&yard->ended, 1);
}

static void echo(void *own, struct http_request *request)
{
    size_t size = 0;
    if (http_header(request, "X-Hold")) /* also of what is handled */
        http_hold(request, HOLD_MS);
    const char *body = http_body(request, &size);
    char *copy = malloc(size + 1);
    (void)own;
    memcpy(copy, body, size);
    http_answer(request, 200, "text/plain", copy, size);
}

static void name_it(void *own, struct http_request *request)
{
    const char *name = http_segment(request, "name"), *colour = http_query(request, "colour");
    char *text = NULL;
    (void)own;
    int size = asprintf(&text, "%s is %s", name, colour ? colour : "grey");
    http_answer(request, 200, "text/plain", text, (size_t)size);
}

static void later(void *own, struct http_request *request)
{
    struct yard *yard = own;
    http_suspend(request);
    pthread_mutex_lock(&yard->lock);
    yard->waiting[yard->count++] = request;
    pthread_mutex_unlock(&yard->lock);
}

/* Twice off its thread, and only then answered there. */
static char once[] = "once", twice[] = "twice";

static void later_here(void *own, struct http_request *request)
{
    http_set_own(request, once);
    later(own, request);
}

static void resumed(void *own, struct http_request *request)
{
    if (http_own(request) == once) {
        http_set_own(request, twice);
        later(own, request);
        return;
    }
    http_answer(request, 202, "text/plain", strdup("here\n"), 5);
}

static void never_answer(void *own, struct http_request *request)
{
    (void)own;
    (void)request;
}

/* A body that nobody keeps: how much came, in the place of the request's own. */
static void add_piece(void *own, struct http_request *request, const char *bytes, size_t size)
{
    uintptr_t sum = (uintptr_t)http_own(request);
    (void)own;
    if (memchr(bytes, '!', size))
        http_problem(request, &no_entry, "no exclamation here", NULL);
    http_set_own(request, (void *)(sum + size));
}

static void tell_sum(void *own, struct http_request *request)
{
    char *text = NULL;
    size_t kept = 0;
    (void)own;
    (void)http_body(request, &kept);
    int size = asprintf(&text, "%zu came, %zu kept, %" PRId64 " said",
                        (size_t)(uintptr_t)http_own(request), kept, http_said_size(request));
    http_answer(request, 200, "text/plain", text, (size_t)size);
}

static const char file_text[] = "0123456789";

static const struct http_file usual_file = {.descriptor = -1,
                                            .size = sizeof file_text - 1,
                                            .media_type = "application/octet-stream",
                                            .etag = "\"tag\""};

static void send_file(void *own, struct http_request *request)
{
    struct http_file file = usual_file;
    (void)own;
    if (strcmp(http_method(request), "GET") == 0) {
        file.descriptor = memfd_create("file", MFD_CLOEXEC);
        assert_int_equal(write(file.descriptor, file_text, (size_t)file.size), file.size);
    }
    http_answer_file(request, &file);
}

/* Three bytes at a time at most; none from the one on that is called broken. */
struct made {
    int64_t broken_at;
};
static atomic_int made_count;

static bool make_some(void *own, int64_t at, char *bytes, size_t size, size_t *got)
{
    const struct made *made = own;
    enum { MOST = 3 };
    size_t left = sizeof file_text - 1 - (size_t)at;
    *got = size < MOST ? size : MOST;
    *got = left < *got ? left : *got;
    memcpy(bytes, file_text + at, *got);
    return at < made->broken_at;
}

static void end_made(void *own)
{
    free(own);
    (void)atomic_fetch_sub(&made_count, 1);
}

static void send_made_until(struct http_request *request, int64_t broken_at)
{
    struct http_file file = usual_file;
    struct made *made = malloc(sizeof *made);
    assert_non_null(made);
    *made = (struct made){broken_at};
    (void)atomic_fetch_add(&made_count, 1);
    file.source = (struct http_source){make_some, end_made, made};
    http_answer_file(request, &file);
}

static void send_made(void *own, struct http_request *request)
{
    (void)own;
    send_made_until(request, INT64_MAX);
}

static void send_broken(void *own, struct http_request *request)
{
    (void)own;
    send_made_until(request, 5);
}

static struct http_request *take_waiting(struct yard *yard)
{
    pthread_mutex_lock(&yard->lock);
    struct http_request *request = yard->count > 0 ? yard->waiting[--yard->count] : NULL;
    pthread_mutex_unlock(&yard->lock);
    return request;
}

static void *answer_all(void *own)
{
    struct yard *yard = own;
    while (!atomic_load(&yard->is_stopping)) {
        struct http_request *request = take_waiting(yard);
        if (request && http_own(request))
            http_resume(request);
        else if (request)
            http_answer(request, 202, "text/plain", strdup("later\n"), 6);
        else
            (void)usleep(500);
    }
    return NULL;
}

static const struct http_route routes[] = {
    {"POST", "/v1/x", HTTP_SERVER_LIMIT, begin, echo, NULL, end, NULL},
    {"POST", "/v1/small", 10, begin, echo, NULL, end, NULL},
    {"POST", "/v1/later", HTTP_SERVER_LIMIT, begin, later, NULL, end, NULL},
    {"POST", "/v1/here", HTTP_SERVER_LIMIT, begin, later_here, resumed, end, NULL},
    {"GET", "/v1/things/{name}", 0, begin, name_it, NULL, end, NULL},
    {"GET", "/v1/mute", 0, begin, never_answer, NULL, end, NULL},
    {"PUT", "/v1/stream", HTTP_OWN_LIMIT, begin, tell_sum, NULL, end, add_piece},
    {"PUT", "/v1/stream/short", 1000, begin, tell_sum, NULL, end, add_piece},
    {"GET", "/v1/file", 0, begin, send_file, NULL, end, NULL},
    {"GET", "/v1/made", 0, begin, send_made, NULL, end, NULL},
    {"GET", "/v1/broken", 0, begin, send_broken, NULL, end, NULL},
    {NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL},
};

static void say_own(void *own, struct http_request *request)
{
    http_answer(request, 200, "text/plain", strdup(own), strlen(own));
}

static const struct http_route other_routes[] = {
    {"GET", "/v1/other/{name}", 0, NULL, say_own, NULL, NULL, NULL},
    {"DELETE", "/v1/things/{name}", 0, NULL, say_own, NULL, NULL, NULL},
    {NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL},
};
static char other_stage[] = "the other stage";

static struct http_options usual_options(struct yard *yard)
{
    const struct http_table tables[] = {{routes, yard}, {other_routes, other_stage}, {0}};
    memcpy(yard->tables, tables, sizeof tables);
    return (struct http_options){
        .listen = "127.0.0.1:0",
        .threads = 2,
        .connections = 400,
        .connections_per_address = 400,
        .head_limit = 8192,
        .body_limit = 100000,
        .body_memory = 1000000,
        .idle_timeout_ms = 20000,
        .body_deadline_ms = 20000,
        .tables = yard->tables,
    };
}

static void open_yard(struct yard *yard, const struct http_options *options)
{
    struct fault why = {0};
    pthread_mutex_init(&yard->lock, NULL);
    yard->server = http_open(options, &why);
    if (!yard->server)
        fail_msg("%s", why.text);
    assert_int_equal(pthread_create(&yard->answerer, NULL, answer_all, yard), 0);
}

static struct yard *new_yard(void)
{
    struct yard *yard = calloc(1, sizeof *yard);
    const struct http_options options = usual_options(yard);
    open_yard(yard, &options);
    return yard;
}

/* From now on nobody answers what is suspended. */
static void stop_answering(struct yard *yard)
{
    if (!atomic_exchange(&yard->is_stopping, true))
        assert_int_equal(pthread_join(yard->answerer, NULL), 0);
}

static void close_yard(struct yard *yard)
{
    stop_answering(yard);
    http_close(yard->server);
    assert_int_equal(atomic_load(&yard->begun), atomic_load(&yard->ended));
    pthread_mutex_destroy(&yard->lock);
    free(yard);
}

#define HEAD(method, path) method " " path " HTTP/1.1\r\nHost: a\r\n"

static void a_body_comes_back(void **state)
{
    struct yard *yard = new_yard();
    struct answer answer;
    (void)state;
    say(http_port(yard->server), HEAD("POST", "/v1/x") "Content-Length: 5\r\n\r\nhello", &answer);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.text, "\r\n\r\nhello"));
    assert_false(answer.closed);
    say(http_port(yard->server),
        HEAD("POST", "/v1/x") "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        &answer);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.text, "\r\n\r\nabcde"));
    close_yard(yard);
}

static void paths_are_split_before_they_are_decoded(void **state)
{
    struct yard *yard = new_yard();
    struct answer answer;
    (void)state;
    say(http_port(yard->server), HEAD("GET", "/v1/things/a%2Fb%20c?colour=dark+blue%21&x") "\r\n",
        &answer);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.text, "a/b c is dark blue!"));
    say(http_port(yard->server), HEAD("GET", "/v1/things/a/b") "\r\n", &answer);
    assert_int_equal(answer.status, 404);
    say(http_port(yard->server), HEAD("GET", "/v1/things/%00") "\r\n", &answer);
    assert_int_equal(answer.status, 400);
    say(http_port(yard->server), HEAD("GET", "/v1/things/%zz") "\r\n", &answer);
    assert_int_equal(answer.status, 400);
    static const char *const broken[] = {"?colour=%zz", "?colour=%4", "?x=1&colour=%", "?%zz",
                                         "?colour=%0a"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        char head[200];
        (void)snprintf(head, sizeof head, "GET /v1/things/a%s HTTP/1.1\r\nHost: a\r\n\r\n",
                       broken[i]);
        say(http_port(yard->server), head, &answer);
        assert_int_equal(answer.status, 400);
        assert_non_null(strstr(answer.text, "malformed-request"));
    }
    close_yard(yard);
}

static void what_is_not_there_is_said_so(void **state)
{
    struct yard *yard = new_yard();
    struct answer answer;
    (void)state;
    say(http_port(yard->server), HEAD("GET", "/nothing") "\r\n", &answer);
    assert_int_equal(answer.status, 404);
    assert_non_null(strstr(answer.text, "application/problem+json"));
    assert_non_null(strstr(answer.text, "\"code\":\"not-found\""));
    say(http_port(yard->server), HEAD("POST", "/v1/mute") "\r\n", &answer);
    assert_int_equal(answer.status, 405);
    assert_non_null(strstr(answer.text, "Allow: GET, HEAD\r\n"));
    say(http_port(yard->server), HEAD("GET", "/v1/mute") "\r\n", &answer);
    assert_int_equal(answer.status, 500);
    close_yard(yard);
}

static void stages_serve_one_server_each_with_its_own(void **state)
{
    struct yard *yard = new_yard();
    struct answer answer;
    (void)state;
    struct metric *counted =
        metrics_counter("lienthong_http_requests_total", "",
                        "method=\"GET\",route=\"/v1/other/{name}\",answer=\"2xx\"");
    int64_t before = metrics_value(counted);
    say(http_port(yard->server), HEAD("GET", "/v1/other/x") "\r\n", &answer);
    assert_non_null(strstr(answer.text, other_stage));
    for (int round = 0; round < 5000 && metrics_value(counted) == before; round++)
        (void)usleep(1000); /* it is counted behind the answer */
    assert_int_equal(metrics_value(counted), before + 1);
    say(http_port(yard->server), HEAD("DELETE", "/v1/things/x") "\r\n", &answer);
    assert_non_null(strstr(answer.text, other_stage));
    say(http_port(yard->server), HEAD("PUT", "/v1/things/x") "\r\n", &answer);
    assert_int_equal(answer.status, 405);
    assert_non_null(strstr(answer.text, "Allow: GET, HEAD, DELETE\r\n"));
    say(http_port(yard->server), HEAD("GET", "/v1/things/x") "\r\n", &answer);
    assert_non_null(strstr(answer.text, "x is grey"));
    close_yard(yard);
}

/* What comes until the connection ends, whatever its head says of that. */
static void receive_all(int peer, struct answer *answer)
{
    ssize_t got, size = 0;
    while ((got = recv(peer, answer->text + size, 1000, 0)) > 0)
        size += got;
}

static void a_head_request_gets_the_head_alone(void **state)
{
    struct yard *yard = new_yard();
    struct answer answer = {0};
    (void)state;
    int peer = peer_connect(http_port(yard->server));
    static const char request[] = HEAD("HEAD", "/v1/things/a") "Connection: close\r\n\r\n";
    assert_true(peer_send(peer, request, sizeof request - 1));
    receive_all(peer, &answer);
    assert_non_null(strstr(answer.text, "HTTP/1.1 200"));
    assert_non_null(strstr(answer.text, "Content-Length: 9\r\n"));
    assert_string_equal(strstr(answer.text, "\r\n\r\n"), "\r\n\r\n");
    (void)close(peer);
    close_yard(yard);
}

static void a_streamed_body_is_given_in_pieces_and_not_kept(void **state)
{
    struct yard *yard = calloc(1, sizeof *yard);
    struct http_options options = usual_options(yard);
    struct answer answer;
    enum { SIZE = 3000000 };
    (void)state;
    options.body_memory = 1000; /* which nothing of it counts against */
    open_yard(yard, &options);
    static const char head[] = HEAD("PUT", "/v1/stream") "Content-Length: 3000000\r\n\r\n";
    char *request = calloc(1, sizeof head - 1 + SIZE);
    memcpy(request, head, sizeof head - 1);
    memset(request + sizeof head - 1, 'x', SIZE);
    say_bytes(http_port(yard->server), request, sizeof head - 1 + SIZE, &answer);
    free(request);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.text, "3000000 came, 0 kept, 3000000 said"));
    say(http_port(yard->server),
        HEAD("PUT", "/v1/stream") "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        &answer);
    assert_non_null(strstr(answer.text, "3 came, 0 kept, -1 said"));
    close_yard(yard);
}

static void a_streamed_body_can_be_refused_on_its_way(void **state)
{
    struct yard *yard = new_yard();
    struct answer answer;
    (void)state;
    say(http_port(yard->server), HEAD("PUT", "/v1/stream") "Content-Length: 6\r\n\r\nhello!",
        &answer);
    assert_int_equal(answer.status, 401);
    say(http_port(yard->server),
        HEAD("PUT", "/v1/stream/short") "Content-Length: 1001\r\n\r\nhello", &answer);
    assert_int_equal(answer.status, 413);
    close_yard(yard);
}

static void a_body_that_goes_on_may_take_longer_than_one_that_trickles(void **state)
{
    struct yard *yard = calloc(1, sizeof *yard);
    struct http_options options = usual_options(yard);
    static const char head[] = HEAD("PUT", "/v1/stream") "Content-Length: 200000\r\n\r\n";
    char piece[10000];
    struct answer answer;
    (void)state;
    memset(piece, 'x', sizeof piece);
    options.body_deadline_ms = 500;
    options.body_least_rate = 10000; /* each piece is worth a second */
    open_yard(yard, &options);
    int steady = peer_connect(http_port(yard->server));
    int slow = peer_connect(http_port(yard->server));
    assert_true(peer_send(steady, head, sizeof head - 1));
    assert_true(peer_send(slow, head, sizeof head - 1));
    for (int i = 0; i < 20; i++) {
        assert_true(peer_send(steady, piece, sizeof piece));
        (void)peer_send(slow, "x", 1);
        (void)usleep(60000);
    }
    peer_receive(steady, &answer);
    assert_int_equal(answer.status, 200);
    assert_true(peer_is_closed(slow, 1000));
    (void)close(steady);
    (void)close(slow);
    close_yard(yard);
}

static void a_file_is_answered_whole_or_in_part(void **state)
{
    static const struct {
        const char *headers;
        int status;
        const char *has, *body;
    } cases[] = {
        {"", 200, "ETag: \"tag\"\r\n", "0123456789"},
        {"Range: bytes=2-4\r\n", 206, "Content-Range: bytes 2-4/10\r\n", "234"},
        {"Range: bytes=7-\r\n", 206, "Content-Range: bytes 7-9/10\r\n", "789"},
        {"Range: bytes=7-100\r\n", 206, "Content-Range: bytes 7-9/10\r\n", "789"},
        {"Range: bytes=-3\r\n", 206, "Content-Range: bytes 7-9/10\r\n", "789"},
        {"Range: bytes=-30\r\n", 206, "Content-Range: bytes 0-9/10\r\n", "0123456789"},
        {"Range: bytes=10-\r\n", 416, "Content-Range: bytes */10\r\n", ""},
        {"Range: bytes=-0\r\n", 416, "Content-Range: bytes */10\r\n", ""},
        {"Range: bytes=4-2\r\n", 200, "Accept-Ranges: bytes\r\n", "0123456789"},
        {"Range: bytes=0-1,4-5\r\n", 200, "", "0123456789"},
        {"Range: lines=0-1\r\n", 200, "", "0123456789"},
        {"Range: bytes=a-b\r\n", 200, "", "0123456789"},
        {"Range: bytes=99999999999999999999-\r\n", 200, "", "0123456789"},
        {"Range: bytes=2-4\r\nIf-Range: \"tag\"\r\n", 206, "", "234"},
        {"Range: bytes=2-4\r\nIf-Range: \"gone\"\r\n", 200, "", "0123456789"},
    };
    static const char *const files[] = {HEAD("GET", "/v1/file"), HEAD("GET", "/v1/made")};
    enum { CASES = sizeof cases / sizeof *cases };
    struct yard *yard = new_yard();
    (void)state;
    for (size_t n = 0; n < 2 * CASES; n++) {
        struct answer answer;
        char request[200];
        const size_t i = n % CASES;
        (void)snprintf(request, sizeof request, "%s%s\r\n", files[n / CASES], cases[i].headers);
        say(http_port(yard->server), request, &answer);
        const char *body = strstr(answer.text, "\r\n\r\n");
        if (answer.status != cases[i].status || !strstr(answer.text, cases[i].has) || !body ||
            strcmp(body + 4, cases[i].body) != 0)
            fail_msg("%s: %s", cases[i].headers, answer.text);
    }
    close_yard(yard);
    assert_int_equal(atomic_load(&made_count), 0);
}

static void a_file_that_cannot_be_made_to_its_end_ends_the_connection(void **state)
{
    static const char request[] = HEAD("GET", "/v1/broken") "\r\n";
    struct yard *yard = new_yard();
    struct answer answer = {0};
    (void)state;
    int peer = peer_connect(http_port(yard->server));
    assert_true(peer_send(peer, request, sizeof request - 1));
    receive_all(peer, &answer);
    assert_non_null(strstr(answer.text, "HTTP/1.1 200"));
    assert_non_null(strstr(answer.text, "Content-Length: 10\r\n"));
    assert_string_equal(strstr(answer.text, "\r\n\r\n"), "\r\n\r\n012345");
    (void)close(peer);
    close_yard(yard);
    assert_int_equal(atomic_load(&made_count), 0);
}

static void a_head_request_for_a_file_gets_its_size(void **state)
{
    struct yard *yard = new_yard();
    struct answer answer = {0};
    (void)state;
    int peer = peer_connect(http_port(yard->server));
    static const char request[] =
        HEAD("HEAD", "/v1/file") "Range: bytes=1-2\r\nConnection: close\r\n\r\n";
    assert_true(peer_send(peer, request, sizeof request - 1));
    receive_all(peer, &answer);
    assert_non_null(strstr(answer.text, "HTTP/1.1 200"));
    assert_non_null(strstr(answer.text, "Content-Length: 10\r\n"));
    assert_string_equal(strstr(answer.text, "\r\n\r\n"), "\r\n\r\n");
    (void)close(peer);
    close_yard(yard);
}

static void a_body_that_says_it_is_too_large_is_not_read(void **state)
{
    struct yard *yard = new_yard();
    struct answer answer;
    (void)state;
    say(http_port(yard->server), HEAD("POST", "/v1/x") "Content-Length: 100001\r\n\r\n", &answer);
    assert_int_equal(answer.status, 413);
    assert_true(answer.closed);
    say(http_port(yard->server), HEAD("POST", "/v1/small") "Content-Length: 11\r\n\r\n", &answer);
    assert_int_equal(answer.status, 413);
    say(http_port(yard->server), HEAD("GET", "/v1/things/a") "Content-Length: 1\r\n\r\nx", &answer);
    assert_int_equal(answer.status, 413);
    close_yard(yard);
}

static void a_body_that_grows_too_large_is_refused(void **state)
{
    struct yard *yard = new_yard();
    struct answer answer;
    (void)state;
    say(http_port(yard->server),
        HEAD(
            "POST",
            "/v1/small") "Transfer-Encoding: chunked\r\n\r\n9\r\nabcdefghi\r\n2\r\njk\r\n0\r\n\r\n",
        &answer);
    assert_int_equal(answer.status, 413);
    close_yard(yard);
}

/* Says a request on a connection and hears its answer; how long that took. */
static int64_t ask(int peer, const char *request, int status)
{
    struct answer answer;
    int64_t began = clock_ticks_ms();
    assert_true(peer_send(peer, request, strlen(request)));
    peer_receive(peer, &answer);
    assert_int_equal(answer.status, status);
    return clock_ticks_ms() - began;
}

/* Asks again until it is answered so: when the server sees what another did is not ours to say. */
static void say_until(int port, const char *request, size_t size, int status, struct answer *answer)
{
    for (int i = 0; i < 1000; i++) {
        say_bytes(port, request, size, answer);
        if (answer->status == status)
            return;
        (void)usleep(25000);
    }
    fail_msg("%d instead of %d: %s", answer->status, status, answer->text);
}

static void all_bodies_together_have_a_bound(void **state)
{
    struct yard *yard = calloc(1, sizeof *yard);
    struct http_options options = usual_options(yard);
    struct answer answer;
    (void)state;
    options.body_memory = 100000;
    open_yard(yard, &options);

    /* One sender holds most of it by announcing a body that does not come.  That it may go on
     * says that it holds it: without that the other could be the first. */
    int slow = peer_connect(http_port(yard->server));
    (void)ask(slow, HEAD("POST", "/v1/x") "Expect: 100-continue\r\nContent-Length: 90000\r\n\r\n",
              100);
    char *large = calloc(1, 50001);
    memset(large, 'x', 50000);
    char *request = NULL;
    int size = asprintf(&request, HEAD("POST", "/v1/x") "Content-Length: 50000\r\n\r\n%s", large);
    say_bytes(http_port(yard->server), request, (size_t)size, &answer);
    assert_int_equal(answer.status, 503);
    assert_non_null(strstr(answer.text, "Retry-After: 5\r\n"));

    /* It goes back when the sender does. */
    (void)close(slow);
    say_until(http_port(yard->server), request, (size_t)size, 200, &answer);
    free(request);
    free(large);
    close_yard(yard);
}

static void a_refused_sender_sees_why_and_may_go_on(void **state)
{
    struct yard *yard = new_yard();
    (void)state;
    int peer = peer_connect(http_port(yard->server));
    (void)ask(peer, HEAD("POST", "/v1/x") "X-Refuse: 1\r\nContent-Length: 5\r\n\r\nhello", 401);
    (void)ask(peer, HEAD("POST", "/v1/x") "Content-Length: 2\r\n\r\nok", 200);
    (void)close(peer);
    close_yard(yard);
}

static void an_answer_may_be_held_back_and_others_are_not(void **state)
{
    struct yard *yard = new_yard();
    struct answer answer;
    (void)state;
    int peer = peer_connect(http_port(yard->server));
    static const char held[] =
        HEAD("POST", "/v1/x") "X-Refuse: 1\r\nX-Hold: 1\r\nContent-Length: 5\r\n\r\nhello";
    static const char good[] = HEAD("POST", "/v1/x") "Content-Length: 2\r\n\r\nok";
    for (int i = 0; i < 2; i++)
        assert_in_range(ask(peer, held, 401), HOLD_MS, 20 * HOLD_MS);
    assert_true(peer_send(peer, held, sizeof held - 1));
    say(http_port(yard->server), good, &answer); /* on another connection, while that one waits */
    assert_int_equal(answer.status, 200);
    peer_receive(peer, &answer);
    assert_int_equal(answer.status, 401);
    (void)ask(peer, good, 200);
    (void)close(peer);
    close_yard(yard);
}

/* And then nothing more can be tried on that connection. */
static void an_answer_before_a_large_body_is_not_held(void **state)
{
    struct yard *yard = new_yard();
    (void)state;
    int peer = peer_connect(http_port(yard->server));
    (void)ask(peer,
              HEAD("POST", "/v1/x") "X-Refuse: 1\r\nX-Hold: 1\r\nContent-Length: 5\r\n"
                                    "Expect: 100-continue\r\n\r\n",
              401);
    assert_true(peer_is_closed(peer, 5000));
    (void)close(peer);
    close_yard(yard);
}

static void closing_does_not_wait_for_what_is_held(void **state)
{
    struct yard *yard = new_yard();
    struct answer answer;
    (void)state;
    static const char held[] =
        HEAD("POST", "/v1/x") "X-Refuse: 1\r\nX-Hold: 1\r\nContent-Length: 2\r\n\r\nok";
    int peers[20];
    for (size_t i = 0; i < sizeof peers / sizeof *peers; i++) {
        peers[i] = peer_connect(http_port(yard->server));
        assert_true(peer_send(peers[i], held, sizeof held - 1));
    }
    while (atomic_load(&yard->begun) < (int)(sizeof peers / sizeof *peers))
        (void)usleep(1000);
    say(http_port(yard->server), HEAD("POST", "/v1/x") "X-Hold: 1\r\nContent-Length: 2\r\n\r\nok",
        &answer);
    assert_int_equal(answer.status, 200);
    close_yard(yard);
    for (size_t i = 0; i < sizeof peers / sizeof *peers; i++) {
        peer_receive(peers[i], &answer);
        assert_int_equal(answer.status, 401);
        (void)close(peers[i]);
    }
}

static void a_sender_that_asks_first_is_told_before_it_sends(void **state)
{
    struct yard *yard = new_yard();
    struct answer answer;
    (void)state;
    say(http_port(yard->server),
        HEAD("POST", "/v1/x") "Expect: 100-continue\r\nContent-Length: 5\r\nX-Refuse: 1\r\n\r\n",
        &answer);
    assert_int_equal(answer.status, 401);

    int peer = peer_connect(http_port(yard->server));
    (void)ask(peer, HEAD("POST", "/v1/x") "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", 100);
    (void)ask(peer, "hello", 200);
    (void)close(peer);
    close_yard(yard);
}

static void another_thread_may_answer(void **state)
{
    struct yard *yard = new_yard();
    struct answer answer;
    (void)state;
    int peer = peer_connect(http_port(yard->server));
    static const char request[] = HEAD("POST", "/v1/later") "Content-Length: 2\r\n\r\nok";
    static const char here[] = HEAD("POST", "/v1/here") "Content-Length: 2\r\n\r\nok";
    for (int i = 0; i < 50; i++) {
        assert_true(peer_send(peer, request, sizeof request - 1));
        peer_receive(peer, &answer);
        assert_int_equal(answer.status, 202);
        assert_true(peer_send(peer, here, sizeof here - 1));
        peer_receive(peer, &answer);
        assert_int_equal(answer.status, 202);
        assert_non_null(strstr(answer.text, "here\n"));
    }
    (void)close(peer);
    close_yard(yard);
}

static void three_hundred_connections_all_stay_served(void **state)
{
    enum { PEERS = 300, ROUNDS = 4 };
    struct yard *yard = new_yard();
    struct answer answer;
    int peers[PEERS];
    static const char request[] = HEAD("POST", "/v1/later") "Content-Length: 2\r\n\r\nok";
    (void)state;
    for (int i = 0; i < PEERS; i++)
        peers[i] = peer_connect(http_port(yard->server));
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < PEERS; i++)
            assert_true(peer_send(peers[i], request, sizeof request - 1));
        for (int i = 0; i < PEERS; i++) {
            peer_receive(peers[i], &answer);
            assert_int_equal(answer.status, 202);
        }
    }
    for (int i = 0; i < PEERS; i++)
        (void)close(peers[i]);
    close_yard(yard);
}

/* One byte now and then, for much longer than the deadline. */
static int64_t trickle_until_cut(int port, const char *head)
{
    int64_t start = clock_ticks_ms();
    int peer = peer_connect(port);
    (void)peer_send(peer, head, strlen(head));
    while (clock_ticks_ms() - start < 8000) {
        if (!peer_send(peer, "x", 1) || peer_is_closed(peer, 100))
            break;
    }
    (void)close(peer);
    return clock_ticks_ms() - start;
}

static void a_trickling_sender_is_cut_at_its_deadline(void **state)
{
    struct yard *yard = calloc(1, sizeof *yard);
    struct http_options options = usual_options(yard);
    (void)state;
    options.idle_timeout_ms = 400;
    options.body_deadline_ms = 600;
    open_yard(yard, &options);
    int port = http_port(yard->server);
    int64_t head_ms = trickle_until_cut(port, "POST /v1/x HTTP/1.1\r\nHost: a\r\nX-A: ");
    int64_t body_ms = trickle_until_cut(port, HEAD("POST", "/v1/x") "Content-Length: 900\r\n\r\n");
    assert_in_range(head_ms, 300, 3000);
    assert_in_range(body_ms, 500, 3000);
    close_yard(yard);
}

static void draining_lets_requests_end_and_takes_no_connection(void **state)
{
    struct yard *yard = new_yard();
    struct answer answer;
    (void)state;
    int port = http_port(yard->server);
    int peer = peer_connect(port);
    static const char request[] = HEAD("POST", "/v1/later") "Content-Length: 2\r\n\r\nok";
    assert_true(peer_send(peer, request, sizeof request - 1));
    while (atomic_load(&yard->begun) == 0)
        (void)usleep(1000);
    assert_true(http_drain(yard->server, 5000));
    peer_receive(peer, &answer);
    assert_int_equal(answer.status, 202);
    assert_int_equal(peer_connect(port), -1);
    (void)close(peer);
    close_yard(yard);
}

static void closing_answers_what_is_still_suspended(void **state)
{
    struct yard *yard = new_yard();
    struct answer answer;
    (void)state;
    stop_answering(yard);
    int peer = peer_connect(http_port(yard->server));
    static const char request[] = HEAD("POST", "/v1/later") "Content-Length: 2\r\n\r\nok";
    assert_true(peer_send(peer, request, sizeof request - 1));
    while (!take_waiting(yard))
        (void)usleep(1000);
    assert_false(http_drain(yard->server, 50));
    close_yard(yard);
    peer_receive(peer, &answer);
    assert_int_equal(answer.status, 503);
    (void)close(peer);
}

static void a_gone_client_harms_nobody(void **state)
{
    struct yard *yard = new_yard();
    struct answer answer;
    static const char request[] = HEAD("POST", "/v1/later") "Content-Length: 2\r\n\r\nok";
    (void)state;
    for (int i = 0; i < 100; i++) {
        int peer = peer_connect(http_port(yard->server));
        assert_true(peer_send(peer, request, sizeof request - 1 - (i % 3 == 0 ? 1 : 0)));
        const struct linger reset = {.l_onoff = i % 2};
        (void)setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        (void)close(peer);
    }
    say(http_port(yard->server), request, &answer);
    assert_int_equal(answer.status, 202);
    close_yard(yard);
}

static void a_unix_socket_is_for_its_owner(void **state)
{
    struct yard *yard = calloc(1, sizeof *yard);
    struct http_options options = usual_options(yard);
    char folder[] = "/tmp/test-http-XXXXXX", listen[64],
         text[] = HEAD("GET", "/v1/things/a") "\r\n";
    struct answer answer = {0};
    struct fault why = {0};
    struct stat found;
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(listen, sizeof listen, "unix:%s/socket", folder);
    options.listen = listen;

    /* A stale file from a process that died is in the way of nobody. */
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", listen + 5);
    int stale = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(stale, (const struct sockaddr *)&address, sizeof address), 0);
    (void)close(stale);
    open_yard(yard, &options);
    assert_int_equal(http_port(yard->server), 0);
    assert_int_equal(stat(listen + 5, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);

    int peer = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(peer, (const struct sockaddr *)&address, sizeof address), 0);
    assert_true(peer_send(peer, text, sizeof text - 1));
    peer_receive(peer, &answer);
    assert_int_equal(answer.status, 200);
    (void)close(peer);

    /* While it listens, nobody else can. */
    assert_null(http_open(&options, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    assert_non_null(strstr(why.text, "another process"));
    close_yard(yard);
    assert_int_equal(stat(listen + 5, &found), -1);
    assert_int_equal(rmdir(folder), 0);
}

static void a_bad_option_is_named(void **state)
{
    struct yard yard = {0};
    struct http_options options = usual_options(&yard);
    struct fault why = {0};
    (void)state;
    options.head_limit = 0;
    assert_null(http_open(&options, &why));
    assert_non_null(strstr(why.text, "head_limit"));
    options = usual_options(&yard);
    options.listen = "nowhere";
    assert_null(http_open(&options, &why));
    assert_non_null(strstr(why.text, "nowhere"));
    options = usual_options(&yard);
    options.certificate = "/nowhere/certificate.pem";
    assert_null(http_open(&options, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
}

static void problems_are_in_the_reader_s_language(void **state)
{
    static const struct {
        const char *wish, *language;
    } cases[] = {
        {"", "en"},
        {"Accept-Language: vi\r\n", "vi"},
        {"Accept-Language: vi-VN,vi;q=0.9,en;q=0.8\r\n", "vi"},
        {"Accept-Language: en-GB, vi;q=0.5\r\n", "en"},
        {"Accept-Language: vi;q=0, *\r\n", "en"},
        {"Accept-Language: fr, vi;q=0.2\r\n", "vi"},
        {"Accept-Language: *\r\n", "en"},
        {"Accept-Language: ;;q=,,=;\r\n", "en"},
    };
    struct yard *yard = new_yard();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer answer;
        char request[200], wanted[40];
        (void)snprintf(request, sizeof request, HEAD("GET", "/none") "%s\r\n", cases[i].wish);
        (void)snprintf(wanted, sizeof wanted, "Content-Language: %s\r\n", cases[i].language);
        say(http_port(yard->server), request, &answer);
        assert_int_equal(answer.status, 404);
        assert_non_null(strstr(answer.text, wanted));
    }
    close_yard(yard);
}

static void requests_and_connections_are_counted(void **state)
{
    struct yard *yard = new_yard();
    struct answer answer;
    (void)state;
    struct metric *good = metrics_counter("lienthong_http_requests_total", "",
                                          "method=\"POST\",route=\"/v1/x\",answer=\"2xx\"");
    int64_t before = metrics_value(good);
    say(http_port(yard->server), HEAD("POST", "/v1/x") "Content-Length: 2\r\n\r\nok", &answer);
    close_yard(yard);
    assert_int_equal(metrics_value(good), before + 1);
    assert_int_equal(metrics_value(metrics_gauge("lienthong_http_connections", "", NULL)), 0);
}

static void headers_of_the_server_are_on_every_answer_and_once(void **state)
{
    static const struct http_header headers[] = {
        {"X-House", "a"}, {"Cache-Control", "private"}, {0}};
    static const struct {
        const char *request, *cache;
        int status;
    } cases[] = {
        {HEAD("GET", "/v1/things/a") "\r\n", "private", 200},
        {HEAD("GET", "/nowhere") "\r\n", "no-store", 404},
        {HEAD("GET", "/v1/things/%zz") "\r\n", "no-store", 400},
        {HEAD("GET", "/v1/things/a") "X-Refuse: 1\r\n\r\n", "no-store", 401},
        {HEAD("POST", "/v1/later") "Content-Length: 1\r\n\r\nx", "private", 202},
    };
    (void)state;
    struct yard *yard = calloc(1, sizeof *yard);
    struct http_options options = usual_options(yard);
    options.headers = headers;
    open_yard(yard, &options);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer answer;
        say(http_port(yard->server), cases[i].request, &answer);
        assert_int_equal(answer.status, cases[i].status);
        assert_non_null(strstr(answer.text, "\r\nX-House: a\r\n"));
        const char *cache = strstr(answer.text, "\r\nCache-Control: ");
        assert_non_null(cache);
        assert_memory_equal(cache + 17, cases[i].cache, strlen(cases[i].cache));
        assert_null(strstr(cache + 1, "\r\nCache-Control: "));
    }
    close_yard(yard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_comes_back),
        cmocka_unit_test(headers_of_the_server_are_on_every_answer_and_once),
        cmocka_unit_test(paths_are_split_before_they_are_decoded),
        cmocka_unit_test(what_is_not_there_is_said_so),
        cmocka_unit_test(stages_serve_one_server_each_with_its_own),
        cmocka_unit_test(a_head_request_gets_the_head_alone),
        cmocka_unit_test(a_streamed_body_is_given_in_pieces_and_not_kept),
        cmocka_unit_test(a_streamed_body_can_be_refused_on_its_way),
        cmocka_unit_test(a_body_that_goes_on_may_take_longer_than_one_that_trickles),
        cmocka_unit_test(a_file_is_answered_whole_or_in_part),
        cmocka_unit_test(a_file_that_cannot_be_made_to_its_end_ends_the_connection),
        cmocka_unit_test(a_head_request_for_a_file_gets_its_size),
        cmocka_unit_test(a_body_that_says_it_is_too_large_is_not_read),
        cmocka_unit_test(a_body_that_grows_too_large_is_refused),
        cmocka_unit_test(all_bodies_together_have_a_bound),
        cmocka_unit_test(a_refused_sender_sees_why_and_may_go_on),
        cmocka_unit_test(an_answer_may_be_held_back_and_others_are_not),
        cmocka_unit_test(an_answer_before_a_large_body_is_not_held),
        cmocka_unit_test(closing_does_not_wait_for_what_is_held),
        cmocka_unit_test(a_sender_that_asks_first_is_told_before_it_sends),
        cmocka_unit_test(another_thread_may_answer),
        cmocka_unit_test(three_hundred_connections_all_stay_served),
        cmocka_unit_test(a_trickling_sender_is_cut_at_its_deadline),
        cmocka_unit_test(draining_lets_requests_end_and_takes_no_connection),
        cmocka_unit_test(closing_answers_what_is_still_suspended),
        cmocka_unit_test(a_gone_client_harms_nobody),
        cmocka_unit_test(a_unix_socket_is_for_its_owner),
        cmocka_unit_test(a_bad_option_is_named),
        cmocka_unit_test(problems_are_in_the_reader_s_language),
        cmocka_unit_test(requests_and_connections_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
