/* SPDX-License-Identifier: Apache-2.0 */
/* Every call of operators, from both sides: who may, and who may not. */
#include "operator_desk.h"

#include "parts_operate.h"

#include <sys/stat.h>
#include <sys/wait.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* ---- users: of each right one who has it alone, and one who has all the others ---- */

static const enum right rights[] = {RIGHT_VIEW, RIGHT_CONTENT, RIGHT_REPAIR, RIGHT_APPROVE,
                                    RIGHT_ADMINISTER};
enum { RIGHTS = COUNT(rights), ROWS_MOST = 300, TEXT_SIZE = 8192 };

static void write_operators(char text[TEXT_SIZE])
{
    char hash[crypto_pwhash_STRBYTES];
    FILE *out = fmemopen(text, TEXT_SIZE, "w");
    assert_non_null(out);
    desk_hash(DESK_PASSWORD, hash);
    (void)fputs("roles:\n", out);
    for (size_t i = 0; i < RIGHTS; i++) {
        (void)fprintf(out, "- {name: only-%s, rights: [%s]}\n", right_name(rights[i]),
                      right_name(rights[i]));
        (void)fprintf(out, "- {name: but-%s, rights: [", right_name(rights[i]));
        for (size_t j = 0, count = 0; j < RIGHTS; j++)
            if (j != i)
                (void)fprintf(out, "%s%s", count++ > 0 ? ", " : "", right_name(rights[j]));
        (void)fputs("]}\n", out);
    }
    (void)fputs("users:\n", out);
    for (size_t i = 0; i < RIGHTS; i++)
        for (int k = 0; k < 2; k++)
            (void)fprintf(out, "- {name: %s-%s, roles: [%s-%s], password: '%s'}\n",
                          k ? "but" : "only", right_name(rights[i]), k ? "but" : "only",
                          right_name(rights[i]), hash);
    (void)fprintf(out, "- {name: an, title: An, roles: [administrator], password: '%s'}\n", hash);
    (void)fprintf(out, "- {name: off, roles: [administrator], disabled: true, password: '%s'}\n",
                  hash);
    assert_int_equal(fclose(out), 0);
}

/* ---- rows: the daemon's own, with a handler that only says that it was reached ---- */

static void reach(void *own, struct operator_call *call)
{
    (void)own;
    assert_non_null(call->actor.name);
    http_answer(call->request, 200, "text/plain", strdup("reached"), 7);
}

struct copied {
    struct guard_route rows[ROWS_MOST];
    size_t count;
};

/* All but the login's, which the desk has of its own. */
static void copy_rows(struct copied *copied)
{
    struct daemon daemon = {.courier = (struct courier *)copied}; /* only looked at */
    struct guard_table tables[OPERATE_TABLES];
    operate_tables(&daemon, tables);
    copied->count = 0;
    for (size_t i = 1; tables[i].routes; i++)
        for (const struct guard_route *row = tables[i].routes; row->method; row++) {
            assert_true(copied->count < ROWS_MOST - 1);
            copied->rows[copied->count++] = (struct guard_route){.method = row->method,
                                                                 .pattern = row->pattern,
                                                                 .right = row->right,
                                                                 .body_limit = row->body_limit,
                                                                 .handle = reach};
        }
    copied->rows[copied->count] = (struct guard_route){0};
}

static struct desk *open_daemons_desk(struct copied *copied)
{
    char text[TEXT_SIZE];
    write_operators(text);
    copy_rows(copied);
    const struct guard_table tables[] = {{copied->rows, NULL}, {0}};
    return desk_open(text, tables);
}

/* "/a/{b}/c" as "/a/x/c". */
static void fill_path(const char *pattern, char path[200])
{
    char *out = path;
    for (; *pattern; pattern++) {
        if (*pattern != '{') {
            *out++ = *pattern;
            continue;
        }
        *out++ = 'x';
        pattern += strcspn(pattern, "}");
    }
    *out = '\0';
}

static void try_all_rows(struct desk *desk, const struct copied *copied, const char *user,
                         right_set held)
{
    struct desk_session session;
    struct answer answer;
    desk_login(desk, user, &session);
    for (size_t i = 0; i < copied->count; i++) {
        const struct guard_route *row = &copied->rows[i];
        char path[200], note[300];
        fill_path(row->pattern, path);
        (void)snprintf(note, sizeof note, "user:%s 127.0.0.1|call|call:%s %s||refused|", user,
                       row->method, path);
        int expected = right_held(held, row->right) ? 200 : 403;
        size_t before = desk_noted(desk, note);
        desk_say(desk, row->method, path, session.headers, "", &answer);
        if (answer.status != expected ||
            !strstr(answer.text, expected == 200 ? "reached" : "no-right"))
            fail_msg("%s: %s %s: %d, not %d", user, row->method, path, answer.status, expected);
        assert_int_equal(desk_noted(desk, note) - before, expected == 403);
    }
}

static void who_has_a_right_alone_may_call_what_needs_it_and_nothing_else(void **state)
{
    static struct copied copied;
    struct desk *desk = open_daemons_desk(&copied);
    (void)state;
    assert_true(copied.count > 10);
    for (size_t i = 0; i < RIGHTS; i++) {
        char user[40];
        (void)snprintf(user, sizeof user, "only-%s", right_name(rights[i]));
        try_all_rows(desk, &copied, user, right_bit(rights[i]));
    }
    desk_close(desk);
}

static void who_lacks_one_right_may_call_all_but_what_needs_it(void **state)
{
    static struct copied copied;
    struct desk *desk = open_daemons_desk(&copied);
    (void)state;
    for (size_t i = 0; i < RIGHTS; i++) {
        char user[40];
        (void)snprintf(user, sizeof user, "but-%s", right_name(rights[i]));
        try_all_rows(desk, &copied, user, right_all() & ~right_bit(rights[i]));
    }
    desk_close(desk);
}

static void nobody_may_call_anything_without_a_session(void **state)
{
    static struct copied copied;
    static const char *const strangers[] = {
        "",
        "Cookie: lt_session=\r\n",
        "Cookie: lt_session=0000000000000000000000000000000000000000000000000000000000000000\r\n",
        "Cookie: other=1; xlt_session=a\r\n",
        "Authorization: Bearer abc\r\n",
        "Authorization: Basic !!!\r\n",
        "Authorization: Basic YW4=\r\n", /* "an", without a colon */
    };
    struct desk *desk = open_daemons_desk(&copied);
    struct answer answer;
    (void)state;
    for (size_t i = 0; i < copied.count; i++)
        for (size_t j = 0; j < COUNT(strangers); j++) {
            char path[200];
            fill_path(copied.rows[i].pattern, path);
            desk_say(desk, copied.rows[i].method, path, strangers[j], "", &answer);
            if (answer.status != 401 || !strstr(answer.text, "unknown-operator"))
                fail_msg("%s %s: %s: %d", copied.rows[i].method, path, strangers[j], answer.status);
            assert_null(strstr(answer.text, "WWW-Authenticate: Basic"));
        }
    assert_int_equal(desk->count, 0); /* strangers cannot fill the record */
    desk_close(desk);
}

static void every_changing_call_needs_the_token_of_its_own_session(void **state)
{
    static struct copied copied;
    struct desk *desk = open_daemons_desk(&copied);
    struct desk_session mine, other;
    struct answer answer;
    (void)state;
    desk_login(desk, "an", &mine);
    desk_login(desk, "an", &other);
    for (size_t i = 0; i < copied.count; i++) {
        const struct guard_route *row = &copied.rows[i];
        char path[200], bare[200], wrong[300], cut[300], foreign[300];
        bool is_look = strcmp(row->method, "GET") == 0;
        fill_path(row->pattern, path);
        (void)snprintf(bare, sizeof bare, "Cookie: %s\r\n", mine.cookie);
        (void)snprintf(wrong, sizeof wrong, "%sX-Csrf-Token: 0\r\n", bare);
        (void)snprintf(cut, sizeof cut, "%sX-Csrf-Token: %.63s\r\n", bare, mine.csrf);
        (void)snprintf(foreign, sizeof foreign, "%sX-Csrf-Token: %s\r\n", bare, other.csrf);
        const char *const tries[] = {bare, wrong, cut, foreign};
        for (size_t j = 0; j < COUNT(tries); j++)
            if (desk_say(desk, row->method, path, tries[j], "", &answer) != (is_look ? 200 : 403))
                fail_msg("%s %s, try %zu: %d", row->method, path, j, answer.status);
        if (!is_look)
            assert_non_null(strstr(answer.text, "no-token"));
        assert_int_equal(desk_say(desk, row->method, path, mine.headers, "", &answer), 200);
    }
    assert_true(desk_noted(desk, "user:an 127.0.0.1|call|") > 0);
    desk_close(desk);
}

static void a_page_of_another_site_can_call_nothing_that_changes(void **state)
{
    static struct copied copied;
    static const struct {
        const char *site;
        int status;
    } sites[] = {{"cross-site", 403}, {"same-site", 403}, {"same-origin", 200}, {"none", 200}};
    struct desk *desk = open_daemons_desk(&copied);
    struct desk_session session;
    struct answer answer;
    (void)state;
    desk_login(desk, "an", &session);
    for (size_t i = 0; i < COUNT(sites); i++) {
        char headers[400];
        (void)snprintf(headers, sizeof headers, "%sSec-Fetch-Site: %s\r\n", session.headers,
                       sites[i].site);
        assert_int_equal(desk_say(desk, "POST", "/operate/v1/spool/prune", headers, "", &answer),
                         sites[i].status);
        (void)snprintf(headers, sizeof headers,
                       "Content-Type: application/json\r\nSec-Fetch-Site: %s\r\n", sites[i].site);
        assert_int_equal(desk_say(desk, "POST", "/operate/v1/login", headers,
                                  "{\"user\":\"an\",\"password\":\"" DESK_PASSWORD "\"}", &answer),
                         sites[i].status);
    }
    desk_close(desk);
}

static void the_machines_own_users_may_do_everything_over_the_socket(void **state)
{
    static struct copied copied;
    struct desk *desk = open_daemons_desk(&copied);
    struct answer answer;
    (void)state;
    for (size_t i = 0; i < copied.count; i++) {
        char path[200];
        fill_path(copied.rows[i].pattern, path);
        assert_int_equal(desk_say_locally(desk, copied.rows[i].method, path, &answer), 200);
    }
    assert_int_equal(desk_say_locally(desk, "GET", "/operate/v1/me", &answer), 200);
    assert_non_null(strstr(answer.text, "\"user\":\"unix:"));
    assert_non_null(strstr(answer.text, "\"csrf\":null")); /* there is no session */
    desk_close(desk);
}

/* As another user, in a process of its own: what the status line says, 0 without an answer. */
static int say_as(uid_t user, const struct desk *desk, const char *request)
{
    char answer[32] = "";
    int pipes[2], status = 0;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", desk->socket_path);
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int peer = socket(AF_UNIX, SOCK_STREAM, 0);
        if (setuid(user) == 0 &&
            connect(peer, (const struct sockaddr *)&address, sizeof address) == 0 &&
            send(peer, request, strlen(request), MSG_NOSIGNAL) > 0 &&
            recv(peer, answer, sizeof answer - 1, 0) > 0)
            (void)!write(pipes[1], answer, sizeof answer);
        _exit(0);
    }
    (void)close(pipes[1]);
    ssize_t got = read(pipes[0], answer, sizeof answer - 1);
    (void)close(pipes[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    return got > 9 ? (int)strtol(answer + strlen("HTTP/1.1 "), NULL, 10) : 0;
}

static void another_user_of_the_machine_may_nothing_even_when_let_in(void **state)
{
    static struct copied copied;
    enum { NOBODY = 65534 };
    static const char request[] = "GET /operate/v1/status HTTP/1.1\r\nHost: x\r\n\r\n";
    if (geteuid() != 0)
        skip(); /* only root can be somebody else */
    struct desk *desk = open_daemons_desk(&copied);
    (void)state;
    assert_int_equal(say_as(NOBODY, desk, request), 0); /* the socket is its owner's alone */
    assert_int_equal(chmod(desk->socket_path, 0666), 0);
    assert_int_equal(say_as(NOBODY, desk, request), 403);
    assert_int_equal(desk_noted(desk, "unix:65534"), 1);
    assert_int_equal(say_as(0, desk, request), 200);
    desk_close(desk);
}

/* ---- rows that cannot be ---- */

static void a_row_without_a_right_or_elsewhere_is_refused(void **state)
{
    static const struct guard_route bad[][2] = {
        {{.method = "GET", .pattern = "/operate/v1/x", .handle = reach}, {0}},
        {{.method = "GET", .pattern = "/v1/x", .right = RIGHT_VIEW, .handle = reach}, {0}},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct fault why;
        const struct guard_table tables[] = {{bad[i], NULL}, {0}};
        const struct guard_options options = {.tables = tables};
        assert_null(guard_new(&options, &why));
        assert_int_equal(why.kind, FAULT_BROKEN);
    }
}

static void every_row_of_the_daemon_names_a_right(void **state)
{
    static struct copied copied;
    (void)state;
    copy_rows(&copied);
    for (size_t i = 0; i < copied.count; i++) {
        enum right right = copied.rows[i].right;
        if (!right_name(right))
            fail_msg("%s %s: no right of a role", copied.rows[i].method, copied.rows[i].pattern);
        bool is_own = strcmp(copied.rows[i].pattern, "/operate/v1/filters") == 0; /* notes */
        if (right == RIGHT_VIEW && !is_own && strcmp(copied.rows[i].method, "GET") != 0)
            fail_msg("%s %s: who may only look changes something", copied.rows[i].method,
                     copied.rows[i].pattern);
    }
}

static void without_users_tcp_knows_nobody(void **state)
{
    static struct copied copied;
    struct fault why;
    struct answer answer;
    (void)state;
    copy_rows(&copied);
    const struct guard_table tables[] = {{copied.rows, NULL}, {0}};
    const struct guard_options options = {.tables = tables};
    struct desk desk = {.guard = guard_new(&options, &why)};
    assert_non_null(desk.guard);
    desk.server = desk_listen(&desk, "127.0.0.1:0");
    desk.port = http_port(desk.server);
    assert_int_equal(desk_say(&desk, "GET", "/operate/v1/status", "", "", &answer), 401);
    http_close(desk.server);
    guard_free(desk.guard);
}

/* ---- what is no one transaction with its record ---- */

/* Work of many steps, during which the record may fill up. */
struct steps {
    struct desk *desk;
    int count; /* how often it was done */
    bool fills_record;
};

static void do_steps(void *own, struct operator_call *call)
{
    struct steps *steps = own;
    struct fault why;
    const struct operator_act act = {.act = "prune", .object = "spool", .reason = ""};
    if (!guard_begin(call, &act))
        return;
    steps->count++;
    steps->desk->is_record_full = steps->fills_record;
    guard_conclude(call, &act, json_pack("{si}", "count", steps->count), &why);
}

static void nothing_begins_that_is_not_on_record(void **state)
{
    static const struct guard_route routes[] = {{.method = "POST",
                                                 .pattern = "/operate/v1/steps",
                                                 .right = RIGHT_ADMINISTER,
                                                 .handle = do_steps},
                                                {0}};
    struct steps steps = {.desk = NULL};
    const struct guard_table tables[] = {{routes, &steps}, {0}};
    char operators[TEXT_SIZE];
    struct answer answer;
    (void)state;
    write_operators(operators);
    struct desk *desk = steps.desk = desk_open(operators, tables);
    desk->is_record_full = true;
    assert_int_equal(desk_say_locally(desk, "POST", "/operate/v1/steps", &answer), 503);
    assert_int_equal(steps.count, 0);
    desk->is_record_full = false;
    assert_int_equal(desk_say_locally(desk, "POST", "/operate/v1/steps", &answer), 200);
    assert_non_null(strstr(desk->notes[0], "|prune|spool||begun|"));
    assert_non_null(strstr(desk->notes[1], "|prune|spool||done|"));
    steps.fills_record = true;
    assert_int_equal(desk_say_locally(desk, "POST", "/operate/v1/steps", &answer), 200);
    assert_non_null(strstr(answer.text, "\"count\":2"));
    assert_non_null(strstr(desk->notes[2], "|prune|spool||begun|"));
    assert_int_equal(desk->count, 3);
    desk_close(desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_has_a_right_alone_may_call_what_needs_it_and_nothing_else),
        cmocka_unit_test(who_lacks_one_right_may_call_all_but_what_needs_it),
        cmocka_unit_test(nobody_may_call_anything_without_a_session),
        cmocka_unit_test(every_changing_call_needs_the_token_of_its_own_session),
        cmocka_unit_test(a_page_of_another_site_can_call_nothing_that_changes),
        cmocka_unit_test(the_machines_own_users_may_do_everything_over_the_socket),
        cmocka_unit_test(another_user_of_the_machine_may_nothing_even_when_let_in),
        cmocka_unit_test(a_row_without_a_right_or_elsewhere_is_refused),
        cmocka_unit_test(every_row_of_the_daemon_names_a_right),
        cmocka_unit_test(without_users_tcp_knows_nobody),
        cmocka_unit_test(nothing_begins_that_is_not_on_record),
    };
    return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
