/* SPDX-License-Identifier: Apache-2.0 */
/* Signing in and out, lock-out, and scripts, as those see it who call. */
#include "operator_desk.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

enum { TEXT_SIZE = 2048 };

static void look(void *own, struct operator_call *call)
{
    char *text = NULL;
    (void)own;
    int size = asprintf(&text, "%s %s %s", call->actor.name, call->title, call->session);
    http_answer(call->request, 200, "text/plain", text, (size_t)size);
}

/* What a body was when the handler got it, after a password was checked meanwhile. */
static void echo(void *own, struct operator_call *call)
{
    size_t size;
    const char *body = http_body(call->request, &size);
    (void)own;
    http_answer(call->request, 200, "text/plain", strndup(body, size), size);
}

static const struct guard_route rows[] = {
    {.method = "GET", .pattern = "/operate/v1/look", .right = RIGHT_VIEW, .handle = look},
    {.method = "POST",
     .pattern = "/operate/v1/echo",
     .right = RIGHT_REPAIR,
     .body_limit = 100,
     .handle = echo},
    {0},
};
static const struct guard_table tables[] = {{rows, NULL}, {0}};

/* A hash for each password, the same each time: another one would be another password. */
static void write_operators(const char *roles, const char *password, const char *more,
                            char text[TEXT_SIZE])
{
    static char hashes[2][crypto_pwhash_STRBYTES];
    char *hash = hashes[strcmp(password, DESK_PASSWORD) != 0];
    if (!*hash)
        desk_hash(password, hash);
    (void)snprintf(text, TEXT_SIZE,
                   "users:\n- {name: an, title: Nguyễn An, roles: [%s], password: '%s'%s}\n"
                   "- {name: binh, roles: [operator], password: '%s'}\n"
                   "- {name: off, roles: [operator], disabled: true, password: '%s'}\n"
                   "- {name: none, roles: [operator]}\n",
                   roles, hash, more, hash, hash);
}

static struct desk *open_desk(void)
{
    char text[TEXT_SIZE];
    write_operators("operator", DESK_PASSWORD, "", text);
    return desk_open(text, tables);
}

static void change_operators(struct desk *desk, const char *roles, const char *password,
                             const char *more)
{
    char text[TEXT_SIZE];
    struct fault why;
    write_operators(roles, password, more, text);
    scratch_write(desk->operators_path, text);
    assert_true(operators_reload(desk->place, &why));
}

static int look_with(struct desk *desk, const char *headers, struct answer *answer)
{
    return desk_say(desk, "GET", "/operate/v1/look", headers, "", answer);
}

/* ---- signing in ---- */

static void a_login_gives_a_session_that_only_the_browser_keeps(void **state)
{
    struct desk *desk = open_desk();
    struct desk_session session;
    struct answer answer;
    (void)state;
    assert_int_equal(desk_try(desk, "an", DESK_PASSWORD, &answer), 200);
    assert_non_null(strstr(answer.text, "; Path=/; HttpOnly; SameSite=Strict; Secure\r\n"));
    assert_non_null(strstr(answer.text, "Cache-Control: no-store"));
    assert_non_null(strstr(answer.text, "{\"user\":\"user:an\",\"title\":\"Nguyễn An\",\"rights\":"
                                        "[\"view\",\"content\",\"repair\"],\"csrf\":\""));
    desk_take(&answer, &session);
    assert_int_equal(look_with(desk, session.headers, &answer), 200);
    assert_non_null(strstr(answer.text, "user:an Nguyễn An "));
    assert_null(strstr(answer.text, session.cookie + strlen("lt_session=")));
    assert_int_equal(desk_noted(desk, "user:an 127.0.0.1|login|||done|{\"by\":\"password\"}"), 1);
    desk_close(desk);
}

static void what_is_wrong_is_answered_alike(void **state)
{
    static const char *const tries[][2] = {{"an", "wrong"},
                                           {"nobody", DESK_PASSWORD},
                                           {"off", DESK_PASSWORD},
                                           {"none", ""},
                                           {"none", DESK_PASSWORD}};
    struct desk *desk = open_desk();
    struct answer first, answer;
    (void)state;
    (void)desk_try(desk, tries[0][0], tries[0][1], &first);
    assert_int_equal(first.status, 401);
    assert_null(strstr(first.text, "Set-Cookie"));
    for (size_t i = 1; i < COUNT(tries); i++) {
        assert_int_equal(desk_try(desk, tries[i][0], tries[i][1], &answer), 401);
        /* All but the date. */
        assert_string_equal(strstr(answer.text, "Content-Type"),
                            strstr(first.text, "Content-Type"));
    }
    assert_int_equal(desk_noted(desk, "user:an 127.0.0.1|login-failed|||refused|"), 1);
    assert_int_equal(desk_noted(desk, "user:off 127.0.0.1|login-failed|"), 1);
    /* A name that nobody has may be a password. */
    assert_int_equal(desk_noted(desk, "user:? 127.0.0.1|login-failed|"), 1);
    assert_int_equal(desk_noted(desk, "user:nobody"), 0);
    desk_close(desk);
}

static const struct {
    const char *type, *body;
    int status;
} bad_logins[] = {
    {"Content-Type: text/plain\r\n", "{\"user\":\"an\",\"password\":\"" DESK_PASSWORD "\"}", 415},
    {"Content-Type: application/x-www-form-urlencoded\r\n", "user=an", 415},
    {"", "{\"user\":\"an\",\"password\":\"" DESK_PASSWORD "\"}", 415},
    {"Content-Type: application/json\r\n", "", 400},
    {"Content-Type: application/json\r\n", "{\"user\":\"an\"}", 400},
    {"Content-Type: application/json\r\n", "{\"user\":[\"an\"],\"password\":\"x\"}", 400},
    {"Content-Type: application/json\r\n", "{\"user\":\"\",\"password\":\"x\"}", 400},
    {"Content-Type: application/json\r\n", "{\"user\":\"an\\u0000\",\"password\":\"x\"}", 400},
};

static void a_login_that_is_none_is_refused_before_any_check(void **state)
{
    struct desk *desk = open_desk();
    struct answer answer;
    (void)state;
    for (size_t i = 0; i < COUNT(bad_logins); i++)
        if (desk_say(desk, "POST", "/operate/v1/login", bad_logins[i].type, bad_logins[i].body,
                     &answer) != bad_logins[i].status)
            fail_msg("%zu: %d", i, answer.status);
    assert_int_equal(desk->count, 0);
    desk_close(desk);
}

static void a_login_is_good_only_on_record(void **state)
{
    struct desk *desk = open_desk();
    struct answer answer;
    (void)state;
    desk->is_record_full = true;
    assert_int_equal(desk_try(desk, "an", DESK_PASSWORD, &answer), 503);
    assert_null(strstr(answer.text, "Set-Cookie"));
    desk->is_record_full = false;
    assert_int_equal(desk_try(desk, "an", DESK_PASSWORD, &answer), 200);
    desk_close(desk);
}

/* ---- fixation, and the end of sessions ---- */

static void a_login_has_a_new_id_and_ends_the_session_that_came_with_it(void **state)
{
    struct desk *desk = open_desk();
    struct desk_session before, after;
    struct answer answer;
    char headers[300];
    (void)state;
    desk_login(desk, "an", &before);
    (void)snprintf(headers, sizeof headers, "Content-Type: application/json\r\nCookie: %s\r\n",
                   before.cookie);
    (void)desk_say(desk, "POST", "/operate/v1/login", headers,
                   "{\"user\":\"an\",\"password\":\"" DESK_PASSWORD "\"}", &answer);
    assert_int_equal(answer.status, 200);
    desk_take(&answer, &after);
    assert_string_not_equal(before.cookie, after.cookie);
    assert_string_not_equal(before.csrf, after.csrf);
    assert_int_equal(look_with(desk, before.headers, &answer), 401);
    assert_int_equal(look_with(desk, after.headers, &answer), 200);
    desk_close(desk);
}

static void an_id_that_a_stranger_chose_is_never_a_session(void **state)
{
    static const char chosen[] =
        "Cookie: lt_session=1111111111111111111111111111111111111111111111111111111111111111\r\n";
    struct desk *desk = open_desk();
    struct answer answer;
    char headers[300];
    (void)state;
    (void)snprintf(headers, sizeof headers, "Content-Type: application/json\r\n%s", chosen);
    (void)desk_say(desk, "POST", "/operate/v1/login", headers,
                   "{\"user\":\"an\",\"password\":\"" DESK_PASSWORD "\"}", &answer);
    assert_int_equal(answer.status, 200);
    assert_null(strstr(answer.text, "1111111111111111"));
    assert_int_equal(look_with(desk, chosen, &answer), 401);
    desk_close(desk);
}

static void logout_ends_the_session_and_takes_the_cookie(void **state)
{
    struct desk *desk = open_desk();
    struct desk_session session;
    struct answer answer;
    (void)state;
    desk_login(desk, "an", &session);
    assert_int_equal(desk_say(desk, "POST", "/operate/v1/logout", session.headers, "", &answer),
                     200);
    assert_non_null(strstr(answer.text, "Set-Cookie: lt_session=; "));
    assert_non_null(strstr(answer.text, "Max-Age=0"));
    assert_int_equal(look_with(desk, session.headers, &answer), 401);
    assert_int_equal(desk_noted(desk, "user:an 127.0.0.1|logout|||done|"), 1);
    desk_close(desk);
}

static void what_a_reload_changes_holds_from_the_next_call(void **state)
{
    struct desk *desk = open_desk();
    struct desk_session session;
    struct answer answer;
    (void)state;
    desk_login(desk, "an", &session);
    assert_int_equal(desk_say(desk, "POST", "/operate/v1/echo", session.headers, "x", &answer),
                     200);
    change_operators(desk, "viewer", DESK_PASSWORD, "");
    assert_int_equal(desk_say(desk, "POST", "/operate/v1/echo", session.headers, "x", &answer),
                     403);
    assert_int_equal(look_with(desk, session.headers, &answer), 200);
    change_operators(desk, "operator", DESK_PASSWORD, ", disabled: true");
    assert_int_equal(look_with(desk, session.headers, &answer), 401);
    change_operators(desk, "operator", DESK_PASSWORD, "");
    assert_int_equal(look_with(desk, session.headers, &answer), 401); /* ended, not asleep */
    desk_close(desk);
}

static void a_new_password_ends_the_sessions_of_the_old(void **state)
{
    struct desk *desk = open_desk();
    struct desk_session session;
    struct answer answer;
    (void)state;
    desk_login(desk, "an", &session);
    change_operators(desk, "operator", "another password", "");
    assert_int_equal(look_with(desk, session.headers, &answer), 401);
    assert_int_equal(desk_try(desk, "an", DESK_PASSWORD, &answer), 401);
    assert_int_equal(desk_try(desk, "an", "another password", &answer), 200);
    desk_close(desk);
}

/* ---- lock-out ---- */

static void too_many_wrong_ones_lock_the_right_one_out_too(void **state)
{
    struct desk *desk = open_desk();
    struct desk_session session;
    struct answer answer;
    (void)state;
    desk_login(desk, "an", &session);
    for (int i = 0; i < 3; i++)
        assert_int_equal(desk_try(desk, "an", "wrong", &answer), 401);
    assert_int_equal(desk_try(desk, "an", DESK_PASSWORD, &answer), 429);
    assert_non_null(strstr(answer.text, "Retry-After: 9")); /* of nine hundred seconds */
    assert_non_null(strstr(answer.text, "locked-out"));
    assert_int_equal(desk_noted(desk, "user:an 127.0.0.1|locked-out|||done|"), 1);
    assert_int_equal(desk_noted(desk, "user:an 127.0.0.1|login-failed|"), 3);
    /* Others come in, who is in stays in, and the machine's own socket is never locked. */
    assert_int_equal(desk_try(desk, "binh", DESK_PASSWORD, &answer), 200);
    assert_int_equal(look_with(desk, session.headers, &answer), 200);
    assert_int_equal(desk_say_locally(desk, "GET", "/operate/v1/look", &answer), 200);
    desk_close(desk);
}

static void names_that_nobody_has_lock_as_others_do(void **state)
{
    struct desk *desk = open_desk();
    struct answer answer;
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(desk_try(desk, "nobody", "wrong", &answer), 401);
    assert_int_equal(desk_try(desk, "nobody", "wrong", &answer), 429);
    desk_close(desk);
}

/* ---- scripts ---- */

static void basic_of(const char *pair, char headers[200])
{
    char text[150];
    (void)sodium_bin2base64(text, sizeof text, (const unsigned char *)pair, strlen(pair),
                            sodium_base64_VARIANT_ORIGINAL);
    (void)snprintf(headers, 200, "Authorization: Basic %s\r\n", text);
}

static void a_script_needs_its_password_and_no_token(void **state)
{
    struct desk *desk = open_desk();
    struct answer answer;
    char headers[200];
    (void)state;
    basic_of("an:" DESK_PASSWORD, headers);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(desk_say(desk, "POST", "/operate/v1/echo", headers, "a body", &answer),
                         200);
        assert_non_null(strstr(answer.text, "\r\n\r\na body"));
        assert_null(strstr(answer.text, "Set-Cookie"));
    }
    assert_int_equal(look_with(desk, headers, &answer), 200);
    assert_int_equal(desk_noted(desk, "user:an 127.0.0.1|login|||done|{\"by\":\"script\"}"), 1);
    change_operators(desk, "operator", "another password", "");
    assert_int_equal(look_with(desk, headers, &answer), 401);
    desk_close(desk);
}

static void a_script_with_a_wrong_password_counts_for_the_lock_out(void **state)
{
    struct desk *desk = open_desk();
    struct answer answer;
    char headers[200];
    (void)state;
    basic_of("an:wrong", headers);
    for (int i = 0; i < 3; i++)
        assert_int_equal(look_with(desk, headers, &answer), 401);
    basic_of("an:" DESK_PASSWORD, headers);
    assert_int_equal(look_with(desk, headers, &answer), 429);
    desk_close(desk);
}

static void a_script_without_the_right_is_refused_on_record(void **state)
{
    char text[TEXT_SIZE], headers[200];
    struct answer answer;
    (void)state;
    write_operators("viewer", DESK_PASSWORD, "", text);
    struct desk *desk = desk_open(text, tables);
    basic_of("an:" DESK_PASSWORD, headers);
    for (int i = 0; i < 2; i++)
        assert_int_equal(desk_say(desk, "POST", "/operate/v1/echo", headers, "x", &answer), 403);
    assert_int_equal(desk_noted(desk, "user:an 127.0.0.1|call|call:POST /operate/v1/echo||refused|"
                                      "{\"right\":\"repair\"}"),
                     2);
    desk_close(desk);
}

/* ---- many at once ---- */

static void *try_often(void *own)
{
    struct answer answer;
    for (int i = 0; i < 10; i++) {
        int status = desk_try(own, i % 2 ? "an" : "binh", DESK_PASSWORD, &answer);
        assert_true(status == 200 || status == 503); /* too many sign in at once */
    }
    return NULL;
}

static void many_sign_in_at_once(void **state)
{
    struct desk *desk = open_desk();
    pthread_t threads[8];
    (void)state;
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, try_often, desk), 0);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    desk_close(desk);
}

static void *try_until_closed(void *own)
{
    struct answer answer;
    while (desk_try(own, "an", DESK_PASSWORD, &answer) != 0) {
    }
    return NULL;
}

static void closing_answers_who_waits(void **state)
{
    struct desk *desk = open_desk();
    pthread_t threads[4];
    (void)state;
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, try_until_closed, desk), 0);
    while (desk_noted(desk, "user:an 127.0.0.1|login|") < 8)
        (void)sched_yield();
    access_stop(desk->access);
    http_close(desk->server);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    desk->server = NULL;
    desk_close(desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_login_gives_a_session_that_only_the_browser_keeps),
        cmocka_unit_test(what_is_wrong_is_answered_alike),
        cmocka_unit_test(a_login_that_is_none_is_refused_before_any_check),
        cmocka_unit_test(a_login_is_good_only_on_record),
        cmocka_unit_test(a_login_has_a_new_id_and_ends_the_session_that_came_with_it),
        cmocka_unit_test(an_id_that_a_stranger_chose_is_never_a_session),
        cmocka_unit_test(logout_ends_the_session_and_takes_the_cookie),
        cmocka_unit_test(what_a_reload_changes_holds_from_the_next_call),
        cmocka_unit_test(a_new_password_ends_the_sessions_of_the_old),
        cmocka_unit_test(too_many_wrong_ones_lock_the_right_one_out_too),
        cmocka_unit_test(names_that_nobody_has_lock_as_others_do),
        cmocka_unit_test(a_script_needs_its_password_and_no_token),
        cmocka_unit_test(a_script_with_a_wrong_password_counts_for_the_lock_out),
        cmocka_unit_test(a_script_without_the_right_is_refused_on_record),
        cmocka_unit_test(many_sign_in_at_once),
        cmocka_unit_test(closing_answers_who_waits),
    };
    return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
