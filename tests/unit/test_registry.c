/* SPDX-License-Identifier: Apache-2.0 */
/* A registry on a thread that plays a script: one connection a line, well-behaved or not. */
#include "unit.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "event/registry.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

ENDS_WITH_SCOPE(struct registry *, registry_close)

enum manner { SPEAK, KEEP_SILENT, HANG_UP, NEVER_END };

struct line {
    const char *request; /**< how the request must begin */
    const char *status;
    const char *body;
    enum manner manner;
};

/* A line that speaks; and one that does something else. */
#define SAYS(question, line, content)                                                              \
    {                                                                                              \
        .request = (question), .status = (line), .body = (content)                                 \
    }
#define DOES(question, how)                                                                        \
    {                                                                                              \
        .request = (question), .manner = (how)                                                     \
    }

enum { LINE_LIMIT = 8, REQUEST_SIZE = 4096 };

struct script {
    struct line lines[LINE_LIMIT]; /**< the first without a request ends it */
    int listener;
    pthread_t thread;
    char requests[LINE_LIMIT][REQUEST_SIZE];
    size_t count;
};

static size_t body_size(const char *head)
{
    const char *length = strcasestr(head, "\r\nContent-Length:");
    return length ? strtoul(length + strlen("\r\nContent-Length:"), NULL, 10) : 0;
}

static void read_request(int connection, char request[REQUEST_SIZE])
{
    size_t size = 0;
    for (;;) {
        const char *end = strstr(request, "\r\n\r\n");
        if (end && size >= (size_t)(end + 4 - request) + body_size(request))
            return;
        ssize_t got = recv(connection, request + size, REQUEST_SIZE - 1 - size, 0);
        if (got <= 0)
            return;
        size += (size_t)got;
        request[size] = '\0';
    }
}

static bool put(int connection, const char *text)
{
    return send(connection, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
}

static void speak(int connection, const struct line *line)
{
    char head[200];
    snprintf(head, sizeof head,
             "HTTP/1.1 %s\r\nContent-Length: %zu\r\nLocation: /elsewhere\r\nConnection: "
             "close\r\n\r\n",
             line->status, strlen(line->body));
    (void)(put(connection, head) && put(connection, line->body)); /* the client may have gone */
}

static void never_end(int connection)
{
    char noise[16384];
    memset(noise, 'x', sizeof noise - 1);
    noise[sizeof noise - 1] = '\0';
    bool is_read = put(connection, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    while (is_read)
        is_read = put(connection, noise);
}

static void await_end(int connection)
{
    char byte;
    while (recv(connection, &byte, 1, 0) > 0)
        continue;
}

static void *play(void *own)
{
    struct script *script = own;
    for (; script->lines[script->count].request; script->count++) {
        const struct line *line = &script->lines[script->count];
        int connection = accept(script->listener, NULL, NULL);
        if (connection < 0)
            break;
        read_request(connection, script->requests[script->count]);
        if (line->manner == SPEAK)
            speak(connection, line);
        else if (line->manner == KEEP_SILENT)
            await_end(connection);
        else if (line->manner == NEVER_END)
            never_end(connection);
        (void)close(connection);
    }
    return NULL;
}

/** Starts the script and opens a registry that calls it. */
static struct registry *open_script(struct script *script, bool may_register, int64_t timeout_ms)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    script->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(script->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(script->listener, 8), 0);
    assert_int_equal(getsockname(script->listener, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(pthread_create(&script->thread, NULL, play, script), 0);

    char url[100];
    struct fault why;
    snprintf(url, sizeof url, "http://127.0.0.1:%d/api/v7/", ntohs(address.sin_port));
    const struct registry_options options = {.url = url,
                                             .user = "gateway",
                                             .password = "a-secret",
                                             .timeout_ms = timeout_ms,
                                             .tries = 2,
                                             .may_register = may_register};
    struct registry *registry = registry_open(&options, &why);
    if (!registry)
        fail_msg("%s", why.text);
    return registry;
}

/** Ends the script: all of it must have been played, and asked for in its words. */
static void close_script(struct script *script)
{
    (void)shutdown(script->listener, SHUT_RDWR);
    assert_int_equal(pthread_join(script->thread, NULL), 0);
    (void)close(script->listener);
    for (size_t i = 0; script->lines[i].request; i++) {
        const char *expected = script->lines[i].request;
        if (i >= script->count)
            fail_msg("never asked: %s", expected);
        if (strncmp(script->requests[i], expected, strlen(expected)) != 0)
            fail_msg("asked %.60s instead of %s", script->requests[i], expected);
    }
}

#define SUBJECT    "lienthong.a/b ộ-value"
#define ENCODED    "lienthong.a%2Fb%20%E1%BB%99-value"
#define TEXT       "{\"type\":\"string\",\"doc\":\"ộ \\\"q\\\"\"}"
#define LOOK_UP    "POST /api/v7/subjects/" ENCODED " "
#define COMPARE    "POST /api/v7/compatibility/subjects/" ENCODED "/versions/latest?verbose=true "
#define ADD        "POST /api/v7/subjects/" ENCODED "/versions "
#define GET        "GET /api/v7/schemas/ids/7 "
#define NO_SUBJECT "{\"error_code\":40401,\"message\":\"Subject not found\"}"
#define NO_SCHEMA  "{\"error_code\":40403,\"message\":\"Schema not found\"}"

/** What one question to a script must come to. */
struct trial {
    const char *name;
    struct line lines[LINE_LIMIT];
    bool may_register;
    enum fault_kind kind; /**< FAULT_NONE: an id */
    const char *said;
};

static const struct trial id_trials[] = {
    {.name = "a schema that is there",
     .lines = {SAYS(LOOK_UP, "200 OK",
                    "{\"subject\":\"s\",\"version\":1,\"id\":7,\"schema\":\"x\"}")}},
    {.name = "a new subject",
     .lines = {SAYS(LOOK_UP, "404 Not Found", NO_SUBJECT),
               SAYS(COMPARE, "404 Not Found", NO_SUBJECT), SAYS(ADD, "200 OK", "{\"id\":7}")},
     .may_register = true},
    {.name = "a new version",
     .lines = {SAYS(LOOK_UP, "404 Not Found", NO_SCHEMA),
               SAYS(COMPARE, "200 OK", "{\"is_compatible\":true}"),
               SAYS(ADD, "200 OK", "{\"id\":7}")},
     .may_register = true},
    {.name = "headers that begin with a folded one", /* libcurl: freed memory, with one handle */
     .lines = {SAYS(LOOK_UP, "404 Not Found", NO_SUBJECT),
               SAYS(COMPARE, "200 OK\r\n folded: into nothing", "{\"is_compatible\":true}"),
               SAYS(COMPARE, "200 OK\r\n folded: into nothing", "{\"is_compatible\":true}")},
     .may_register = true,
     .kind = FAULT_RETRY},
    {.name = "absent, and not ours to add",
     .lines = {SAYS(LOOK_UP, "404 Not Found", NO_SCHEMA)},
     .kind = FAULT_REFUSE,
     .said = "not registered"},
    {.name = "incompatible by the check",
     .lines = {SAYS(LOOK_UP, "404 Not Found", NO_SCHEMA),
               SAYS(COMPARE, "200 OK", "{\"is_compatible\":false}")},
     .may_register = true,
     .kind = FAULT_REFUSE,
     .said = "incompatible"},
    {.name = "incompatible when added",
     .lines = {SAYS(LOOK_UP, "404 Not Found", NO_SCHEMA),
               SAYS(COMPARE, "200 OK", "{\"is_compatible\":true}"),
               SAYS(ADD, "409 Conflict", "{\"error_code\":409,\"message\":\"reader\\nfield\"}")},
     .may_register = true,
     .kind = FAULT_REFUSE,
     .said = "incompatible: reader field"},
    {.name = "an invalid schema",
     .lines = {SAYS(LOOK_UP, "422 Unprocessable",
                    "{\"error_code\":42201,\"message\":\"Invalid Avro schema\"}")},
     .kind = FAULT_REFUSE,
     .said = "422: Invalid Avro schema"},
    {.name = "wrong password",
     .lines = {SAYS(LOOK_UP, "401 Unauthorized", "")},
     .kind = FAULT_BROKEN,
     .said = "401"},
    {.name = "no rights", .lines = {SAYS(LOOK_UP, "403 Forbidden", "no")}, .kind = FAULT_BROKEN},
    {.name = "no registry at all",
     .lines = {SAYS(LOOK_UP, "404 Not Found", "<html>nothing here</html>")},
     .kind = FAULT_BROKEN,
     .said = "no registry"},
    {.name = "another service",
     .lines = {SAYS(LOOK_UP, "404 Not Found", "{\"message\":\"nothing here\"}")},
     .kind = FAULT_BROKEN,
     .said = "no registry"},
    {.name = "elsewhere",
     .lines = {SAYS(LOOK_UP, "302 Found", "")},
     .kind = FAULT_BROKEN,
     .said = "redirects"},
    {.name = "plain text in JSON's place",
     .lines = {SAYS(LOOK_UP, "400 Bad Request", "Unexpected\r\ncharacter")},
     .kind = FAULT_REFUSE,
     .said = "400"},
    {.name = "silence twice",
     .lines = {DOES(LOOK_UP, KEEP_SILENT), DOES(LOOK_UP, KEEP_SILENT)},
     .kind = FAULT_RETRY},
    {.name = "silence once",
     .lines = {DOES(LOOK_UP, KEEP_SILENT), SAYS(LOOK_UP, "200 OK", "{\"id\":7}")}},
    {.name = "a connection cut",
     .lines = {DOES(LOOK_UP, HANG_UP), SAYS(LOOK_UP, "200 OK", "{\"id\":7}")}},
    {.name = "an answer without end",
     .lines = {DOES(LOOK_UP, NEVER_END), SAYS(LOOK_UP, "200 OK", "{\"id\":7}")}},
    {.name = "garbage once",
     .lines = {SAYS(LOOK_UP, "200 OK", "Bad\x01Gateway"), SAYS(LOOK_UP, "200 OK", "{\"id\":7}")}},
    {.name = "nothing",
     .lines = {SAYS(LOOK_UP, "200 OK", ""), SAYS(LOOK_UP, "204 No Content", "")},
     .kind = FAULT_RETRY},
    {.name = "a list",
     .lines = {SAYS(LOOK_UP, "200 OK", "[7]"), SAYS(LOOK_UP, "200 OK", "[7]")},
     .kind = FAULT_RETRY},
    {.name = "no id", .lines = {SAYS(LOOK_UP, "200 OK", "{\"id\":\"7\"}")}, .kind = FAULT_RETRY},
    {.name = "an id out of range",
     .lines = {SAYS(LOOK_UP, "200 OK", "{\"id\":4294967296}")},
     .kind = FAULT_RETRY},
    {.name = "its own failure, then well",
     .lines = {SAYS(LOOK_UP, "500 Oops", "{\"error_code\":0}"),
               SAYS(LOOK_UP, "200 OK", "{\"id\":7}")}},
    {.name = "its own failure, twice",
     .lines = {SAYS(LOOK_UP, "503 Busy", "wait\na bit"), SAYS(LOOK_UP, "429 Too Many", "wait")},
     .kind = FAULT_RETRY,
     .said = "429"},
    {.name = "no verdict",
     .lines = {SAYS(LOOK_UP, "404 Not Found", NO_SCHEMA), SAYS(COMPARE, "200 OK", "{}")},
     .may_register = true,
     .kind = FAULT_RETRY},
};

/* Short where it will be waited out. */
static int64_t timeout_of(const struct trial *trial)
{
    for (size_t i = 0; i < sizeof trial->lines / sizeof trial->lines[0]; i++)
        if (trial->lines[i].manner == KEEP_SILENT || trial->lines[i].manner == NEVER_END)
            return 300;
    return 10000;
}

static void each_answer_has_its_meaning(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof id_trials / sizeof *id_trials; i++) {
        const struct trial *trial = &id_trials[i];
        struct script script = {0};
        memcpy(script.lines, trial->lines, sizeof script.lines);
        auto_free(registry_close) struct registry *registry =
            open_script(&script, trial->may_register, timeout_of(trial));
        struct fault why = {0};
        int32_t id = -1;
        bool is_given = registry_id(registry, SUBJECT, TEXT, &id, &why);
        close_script(&script);
        if (is_given != (trial->kind == FAULT_NONE) ||
            why.kind != (is_given ? why.kind : trial->kind))
            fail_msg("%s: %s", trial->name, is_given ? "an id" : why.text);
        assert_int_equal(id, is_given ? 7 : -1);
        if (trial->said && !strstr(why.text, trial->said))
            fail_msg("%s: %s", trial->name, why.text);
        assert_null(strpbrk(why.text, "\r\n\x01"));
        assert_null(strstr(why.text, "a-secret"));
    }
}

static void a_question_holds_the_text_as_it_is_and_the_credentials(void **state)
{
    (void)state;
    struct script script = {.lines = {SAYS(LOOK_UP, "200 OK", "{\"id\":7}")}};
    auto_free(registry_close) struct registry *registry = open_script(&script, false, 10000);
    struct fault why;
    int32_t id;
    assert_true(registry_id(registry, SUBJECT, TEXT, &id, &why));
    close_script(&script);
    const char *body = strstr(script.requests[0], "\r\n\r\n") + 4;
    assert_string_equal(body, "{\"schemaType\":\"AVRO\",\"schema\":\"{\\\"type\\\":\\\"string\\\","
                              "\\\"doc\\\":\\\"ộ \\\\\\\"q\\\\\\\"\\\"}\"}");
    assert_non_null(strstr(script.requests[0], "Authorization: Basic Z2F0ZXdheTphLXNlY3JldA=="));
    assert_null(strstr(script.requests[0], "Expect"));
}

static void silence_costs_no_more_than_the_timeouts(void **state)
{
    (void)state;
    struct script script = {.lines = {DOES(LOOK_UP, KEEP_SILENT), DOES(LOOK_UP, KEEP_SILENT)}};
    auto_free(registry_close) struct registry *registry = open_script(&script, false, 300);
    struct fault why;
    int32_t id;
    int64_t start = clock_ticks_ms();
    assert_false(registry_id(registry, SUBJECT, TEXT, &id, &why));
    assert_in_range(clock_ticks_ms() - start, 600, 3000);
    close_script(&script);
}

static void *interrupt_soon(void *own)
{
    (void)usleep(200 * 1000);
    registry_interrupt(own);
    return NULL;
}

static void an_interrupt_ends_the_wait(void **state)
{
    (void)state;
    struct script script = {.lines = {DOES(LOOK_UP, KEEP_SILENT)}};
    auto_free(registry_close) struct registry *registry = open_script(&script, false, 60000);
    pthread_t thread;
    struct fault why;
    int32_t id;
    int64_t start = clock_ticks_ms();
    assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, registry), 0);
    assert_false(registry_id(registry, SUBJECT, TEXT, &id, &why));
    assert_int_equal(why.kind, FAULT_RETRY);
    assert_in_range(clock_ticks_ms() - start, 200, 5000);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_false(registry_id(registry, SUBJECT, TEXT, &id, &why));
    close_script(&script);
    registry_interrupt(NULL);
}

static const struct {
    struct line line;
    const char *text;
    enum fault_kind kind;
} text_trials[] = {
    {SAYS(GET, "200 OK", "{\"schema\":\"\\\"int\\\"\"}"), "\"int\"", FAULT_NONE},
    {SAYS(GET, "200 OK", "{\"schema\":\"x\",\"schemaType\":\"AVRO\",\"references\":[]}"), "x",
     FAULT_NONE},
    {SAYS(GET, "200 OK", "{\"schema\":\"x\",\"schemaType\":\"PROTOBUF\"}"), NULL, FAULT_REFUSE},
    {SAYS(GET, "200 OK", "{\"schema\":\"x\",\"references\":[{\"name\":\"y\"}]}"), NULL,
     FAULT_REFUSE},
    {SAYS(GET, "200 OK", "{\"id\":7}"), NULL, FAULT_RETRY},
    {SAYS(GET, "404 Not Found", NO_SCHEMA), NULL, FAULT_REFUSE},
};

static void a_schema_is_fetched_by_its_id(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof text_trials / sizeof *text_trials; i++) {
        struct script script = {.lines = {text_trials[i].line}};
        auto_free(registry_close) struct registry *registry = open_script(&script, false, 10000);
        struct fault why = {0};
        auto_free(free) char *text = registry_text(registry, 7, &why);
        close_script(&script);
        if (text_trials[i].text)
            assert_string_equal(text, text_trials[i].text);
        else
            assert_null(text);
        assert_int_equal(why.kind, text_trials[i].kind);
    }
}

static void where_nobody_listens_it_says_so(void **state)
{
    (void)state;
    struct fault why;
    const struct registry_options options = {
        .url = "http://127.0.0.1:1/", .timeout_ms = 300, .tries = 1};
    auto_free(registry_close) struct registry *registry = registry_open(&options, &why);
    int32_t id;
    assert_non_null(registry);
    assert_false(registry_id(registry, SUBJECT, TEXT, &id, &why));
    assert_int_equal(why.kind, FAULT_RETRY);
}

static void a_url_that_cannot_be_right_is_refused(void **state)
{
    (void)state;
    static const char *const urls[] = {"",
                                       "nonsense",
                                       "ftp://registry.example.test/",
                                       "file:///etc/passwd",
                                       "http://user:a-secret@registry.example.test/",
                                       "http://registry.example.test/?key=a-secret",
                                       "http://registry.example.test/#a-secret"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct fault why;
        const struct registry_options options = {.url = urls[i], .timeout_ms = 300, .tries = 1};
        assert_null(registry_open(&options, &why));
        assert_int_equal(why.kind, FAULT_REFUSE);
        assert_null(strstr(why.text, "a-secret"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_answer_has_its_meaning),
        cmocka_unit_test(a_question_holds_the_text_as_it_is_and_the_credentials),
        cmocka_unit_test(silence_costs_no_more_than_the_timeouts),
        cmocka_unit_test(an_interrupt_ends_the_wait),
        cmocka_unit_test(a_schema_is_fetched_by_its_id),
        cmocka_unit_test(where_nobody_listens_it_says_so),
        cmocka_unit_test(a_url_that_cannot_be_right_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
