/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that two programs could read in two ways must be refused by ours. */
#include "unit.h"

#include "http/server.h"

#include <errno.h>

#include "http_peer.h"

static void accept_it(void *own, struct http_request *request)
{
    (void)own;
    http_answer(request, 202, NULL, NULL, 0);
}

static const struct http_route routes[] = {
    {.method = "POST", .pattern = "/v1/x", .body_limit = HTTP_SERVER_LIMIT, .handle = accept_it},
    {.method = NULL},
};

static const struct http_table tables[] = {{.routes = routes}, {0}};

static int open_server(void **state)
{
    const struct http_options options = {.listen = "127.0.0.1:0",
                                         .threads = 1,
                                         .connections = 50,
                                         .connections_per_address = 50,
                                         .head_limit = 8192,
                                         .body_limit = 100000,
                                         .body_memory = 1000000,
                                         .idle_timeout_ms = 2000,
                                         .body_deadline_ms = 2000,
                                         .tables = tables};
    struct fault why = {0};
    *state = http_open(&options, &why);
    return *state ? 0 : -1;
}

static int close_server(void **state)
{
    http_close(*state);
    return 0;
}

#define TO      "POST /v1/x HTTP/1.1\r\nHost: a\r\n"
#define ABC     "Content-Length: 3\r\n\r\nabc"
#define CHUNKED "Transfer-Encoding: chunked\r\n"

static const struct {
    const char *name;
    const char *bytes;
    size_t size;
    int status; /* 0: any refusal, also the end of the connection without an answer */
} cases[] = {
#define REQUEST(name, bytes, status)                                                               \
    {                                                                                              \
        name, bytes, sizeof(bytes) - 1, status                                                     \
    }
    REQUEST("plain", TO ABC, 202),
    REQUEST("chunked", TO CHUNKED "\r\n3\r\nabc\r\n0\r\n\r\n", 202),
    REQUEST("chunked with a trailer", TO CHUNKED "\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n", 202),
    REQUEST("no blank after the colon", TO "X-A:b\r\n" ABC, 202),
    REQUEST("tabs and blanks around values", TO "X-A: \t b \t\r\n" ABC, 202),
    REQUEST("empty value", TO "X-A:\r\n" ABC, 202),
    REQUEST("no body and no length", TO "\r\n", 202),
    REQUEST("query", "POST /v1/x?a=b&c HTTP/1.1\r\nHost: a\r\n" ABC, 202),
    REQUEST("length and encoding", TO "Content-Length: 3\r\n" CHUNKED "\r\n0\r\n\r\n", 400),
    REQUEST("two lengths", TO "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
    REQUEST("one length twice", TO "Content-Length: 3\r\n" ABC, 400),
    REQUEST("list of lengths", TO "Content-Length: 3, 4\r\n\r\nabcd", 0),
    REQUEST("plus length", TO "Content-Length: +3\r\n\r\nabc", 0),
    REQUEST("negative length", TO "Content-Length: -1\r\n\r\n", 0),
    REQUEST("endless length", TO "Content-Length: 99999999999999999999999\r\n\r\nabc", 0),
    REQUEST("blank before the colon", TO "Content-Length : 3\r\n\r\nabc", 400),
    REQUEST("folded line", TO "X-A: b\r\n c\r\n" ABC, 400),
    REQUEST("folded line at the end", TO "Content-Length: 3\r\nX-A: b\r\n c\r\n\r\nabc", 400),
    REQUEST("xchunked", TO "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
    REQUEST("gzip, chunked", TO "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
    REQUEST("chunked, identity", TO "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
    REQUEST("two encodings", TO CHUNKED CHUNKED "\r\n0\r\n\r\n", 400),
    REQUEST("carriage return in a value", TO "X: \rTransfer-Encoding: chunked\r\n" ABC, 400),
    REQUEST("bare line feeds", "POST /v1/x HTTP/1.1\nHost: a\nContent-Length: 3\n\nabc", 400),
    REQUEST("one bare line feed", TO "X-A: b\nX-B: c\r\n" ABC, 400),
    REQUEST("bare line feed at the end", TO "Content-Length: 3\r\n\nabc", 400),
    REQUEST("bare line feed after the version", "POST /v1/x HTTP/1.1\nHost: a\r\n" ABC, 400),
    REQUEST("huge chunk", TO CHUNKED "\r\nFFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n", 0),
    REQUEST("negative chunk", TO CHUNKED "\r\n-3\r\nabc\r\n0\r\n\r\n", 0),
    REQUEST("0x chunk", TO CHUNKED "\r\n0x3\r\nabc\r\n0\r\n\r\n", 0),
    REQUEST("NUL in a value", TO "X-A: a\0b\r\n" ABC, 400),
    REQUEST("NUL at a value's end", TO "X-A: a\0\r\n" ABC, 400),
    REQUEST("two NULs that look like a line's end", TO "X-A: a\0\0X-B: b\r\n" ABC, 400),
    REQUEST("NUL in a name", TO "X-\0A: a\r\n" ABC, 0),
    REQUEST("NUL in the path", "POST /v1/x\0y HTTP/1.1\r\nHost: a\r\n" ABC, 400),
    REQUEST("NUL in the query", "POST /v1/x?a\0y HTTP/1.1\r\nHost: a\r\n" ABC, 400),
    REQUEST("control byte in the path", "POST /v1/x\x01 HTTP/1.1\r\nHost: a\r\n" ABC, 400),
    REQUEST("two blanks in the request line", "POST  /v1/x HTTP/1.1\r\nHost: a\r\n" ABC, 400),
    REQUEST("blank after the version", "POST /v1/x HTTP/1.1 \r\nHost: a\r\n" ABC, 0),
    REQUEST("empty name", TO ": x\r\n" ABC, 400),
    REQUEST("no host", "POST /v1/x HTTP/1.1\r\n" ABC, 400),
    REQUEST("two hosts", TO "Host: b\r\n" ABC, 400),
    REQUEST("two keys", TO "X-Api-Key: a\r\nX-Api-Key: b\r\n" ABC, 400),
    REQUEST("HTTP/1.9", "POST /v1/x HTTP/1.9\r\nHost: a\r\n" ABC, 0),
    REQUEST("HTTP/1.0", "POST /v1/x HTTP/1.0\r\nHost: a\r\n" ABC, 400),
    REQUEST("no version", "POST /v1/x\r\n\r\n", 0),
    REQUEST("header without a colon", TO "nonsense\r\n" ABC, 400),
#undef REQUEST
};

static void each_request_gets_the_answer_it_must(void **state)
{
    int wrong = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer answer;
        say_bytes(http_port(*state), cases[i].bytes, cases[i].size, &answer);
        bool is_refusal = answer.status == 0 || answer.status >= 400;
        bool is_right = cases[i].status == 0 ? is_refusal : answer.status == cases[i].status;
        bool ends_right = answer.status == 202 || answer.closed;
        if (!is_right || !ends_right) {
            print_error("%s: %d%s\n", cases[i].name, answer.status, answer.closed ? "" : " open");
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

static void a_head_over_the_limit_is_refused(void **state)
{
    enum { SIZE = 70000 };
    struct answer answer;
    char *request = malloc(SIZE + 200);
    for (int size = 9000; size <= SIZE; size += 61000) {
        int head = snprintf(request, 100, TO "X-A: ");
        memset(request + head, 'a', (size_t)size);
        memcpy(request + head + size, "\r\n" ABC, sizeof "\r\n" ABC);
        say_bytes(http_port(*state), request, (size_t)(head + size) + sizeof "\r\n" ABC - 1,
                  &answer);
        assert_true(answer.status == 431 || (size == SIZE && answer.status == 0));
    }
    free(request);
}

static void the_next_request_on_a_good_connection_is_read_right(void **state)
{
    static const char two[] = TO ABC TO CHUNKED "\r\n3\r\nabc\r\n0\r\n\r\n";
    struct answer answer;
    int peer = peer_connect(http_port(*state));
    assert_true(peer_send(peer, two, sizeof two - 1));
    peer_receive(peer, &answer);
    assert_int_equal(answer.status, 202);
    if (!strstr(answer.text + 12, "HTTP/1.1 202")) {
        peer_receive(peer, &answer);
        assert_int_equal(answer.status, 202);
    }
    (void)close(peer);
}

static void nothing_behind_chunks_is_taken_for_a_request(void **state)
{
    static const char two[] = TO CHUNKED "\r\n3\r\nabc\r\n0\n\r\n" TO ABC;
    struct answer answer;
    say_bytes(http_port(*state), two, sizeof two - 1, &answer);
    assert_null(strstr(answer.text + 12, "HTTP/1.1 "));
    assert_true(answer.closed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_request_gets_the_answer_it_must),
        cmocka_unit_test(a_head_over_the_limit_is_refused),
        cmocka_unit_test(the_next_request_on_a_good_connection_is_read_right),
        cmocka_unit_test(nothing_behind_chunks_is_taken_for_a_request),
    };
    return cmocka_run_group_tests(tests, open_server, close_server);
}
