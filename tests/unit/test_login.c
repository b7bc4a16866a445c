/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "deliver/login.h"

static const struct service_text require[] = {{"/error_code", "0"}, {NULL, NULL}};
static const struct service_auth session = {
    .kind = AUTH_SESSION, .token = "/result/session", .given = "session", .require = require};
static const struct service_auth oauth2 = {.kind = AUTH_OAUTH2};

static struct service_answer answer_of(int status, const char *body)
{
    return (struct service_answer){.status = status, .body = body, .size = strlen(body)};
}

static void a_token_is_found_where_the_format_says(void **state)
{
    (void)state;
    struct login login = {0};
    struct fault why;
    struct service_answer answer =
        answer_of(200, "{\"error_code\": 0, \"result\": {\"session\": \"abc\"}}");
    assert_true(login_take(&login, &session, &answer, 1000, &why));
    assert_string_equal(login.token, "abc");
    assert_true(login_is_good(&login, INT64_MAX - 1));
    login_free(&login);
}

static void an_oauth2_token_ends_a_little_before_its_time(void **state)
{
    (void)state;
    struct login login = {0};
    struct fault why;
    struct service_answer answer =
        answer_of(200, "{\"access_token\":\"t\",\"expires_in\":3600,\"token_type\":\"Bearer\"}");
    assert_true(login_take(&login, &oauth2, &answer, 1000, &why));
    assert_true(login_is_good(&login, 3595999));
    assert_false(login_is_good(&login, 3596000));
    login_free(&login);
}

static void a_short_life_counts_by_half(void **state)
{
    (void)state;
    struct login login = {0};
    struct fault why;
    struct service_answer answer = answer_of(200, "{\"access_token\":\"t\",\"expires_in\":\"2\"}");
    assert_true(login_take(&login, &oauth2, &answer, 0, &why));
    assert_true(login_is_good(&login, 999));
    assert_false(login_is_good(&login, 1000));
    login_free(&login);
}

static void a_no_and_no_answer_are_different_faults(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
        enum fault_kind kind;
    } cases[] = {
        {401, "{}", FAULT_REFUSE},
        {400, "{\"error\":\"invalid_client\"}", FAULT_REFUSE},
        {302, "", FAULT_REFUSE},
        {200, "{\"error_code\": 7}", FAULT_REFUSE},
        {200, "{\"error_code\": 0}", FAULT_REFUSE},
        {200, "{\"error_code\": 0, \"result\": {\"session\": \"\"}}", FAULT_REFUSE},
        {200, "<html>", FAULT_REFUSE},
        {500, "{}", FAULT_RETRY},
        {429, "", FAULT_RETRY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct login login = {0};
        struct fault why;
        struct service_answer answer = answer_of(cases[i].status, cases[i].body);
        assert_false(login_take(&login, &session, &answer, 0, &why));
        if (why.kind != cases[i].kind)
            fail_msg("%d %s: %s", cases[i].status, cases[i].body, why.text);
    }
}

static void the_end_of_an_old_token_leaves_a_new_one(void **state)
{
    (void)state;
    struct login login = {0};
    struct fault why;
    struct service_answer answer = answer_of(200, "{\"access_token\":\"one\"}");
    assert_true(login_take(&login, &oauth2, &answer, 0, &why));
    int64_t old = login.generation;
    assert_true(login_take(&login, &oauth2, &answer, 0, &why));
    login_drop(&login, old);
    assert_true(login_is_good(&login, 0));
    login_drop(&login, login.generation);
    assert_false(login_is_good(&login, 0));
    login_free(&login);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_found_where_the_format_says),
        cmocka_unit_test(an_oauth2_token_ends_a_little_before_its_time),
        cmocka_unit_test(a_short_life_counts_by_half),
        cmocka_unit_test(a_no_and_no_answer_are_different_faults),
        cmocka_unit_test(the_end_of_an_old_token_leaves_a_new_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
