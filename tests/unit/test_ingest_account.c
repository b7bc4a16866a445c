/* SPDX-License-Identifier: Apache-2.0 */
/* Rates and traces: decisions about the head of a handoff. */
#include "unit.h"

#include "api/trace.h"
#include "ingest/account.h"

#include <string.h>

enum { SECOND_US = 1000000 };

static void a_burst_passes_and_then_the_rate_holds(void **state)
{
    const struct rate rate = {.per_s = 10, .burst = 5};
    struct fault why;
    struct accounts *accounts = accounts_new(&why);
    struct account *account = accounts ? accounts_of(accounts, "motcua") : NULL;
    (void)state;
    assert_non_null(account);
    for (int i = 0; i < 5; i++)
        assert_int_equal(account_take(account, &rate, SECOND_US), 0);
    assert_int_equal(account_take(account, &rate, SECOND_US), 100);
    assert_int_equal(account_take(account, &rate, SECOND_US + 99000), 1);
    assert_int_equal(account_take(account, &rate, SECOND_US + 100000), 0);
    assert_int_not_equal(account_take(account, &rate, SECOND_US + 100000), 0);
    accounts_free(accounts);
}

static void idle_time_saves_no_more_than_a_burst(void **state)
{
    const struct rate rate = {.per_s = 10, .burst = 3};
    struct fault why;
    struct accounts *accounts = accounts_new(&why);
    struct account *account = accounts ? accounts_of(accounts, "motcua") : NULL;
    (void)state;
    assert_non_null(account);
    assert_int_equal(account_take(account, &rate, 0), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(account_take(account, &rate, INT64_C(3600) * SECOND_US), 0);
    assert_int_not_equal(account_take(account, &rate, INT64_C(3600) * SECOND_US), 0);
    accounts_free(accounts);
}

static void many_items_in_a_document_are_charged_afterwards(void **state)
{
    const struct rate rate = {.per_s = 10, .burst = 1};
    struct fault why;
    struct accounts *accounts = accounts_new(&why);
    struct account *account = accounts ? accounts_of(accounts, "motcua") : NULL;
    (void)state;
    assert_non_null(account);
    assert_int_equal(account_take(account, &rate, 0), 0);
    account_charge(account, &rate, 19, 0);
    assert_int_equal(account_take(account, &rate, SECOND_US), 1000);
    assert_int_equal(account_take(account, &rate, 2 * SECOND_US), 0);
    accounts_free(accounts);
}

static void partners_do_not_share_a_rate_and_zero_is_no_limit(void **state)
{
    const struct rate rate = {.per_s = 1, .burst = 1}, none = {0};
    struct fault why;
    struct accounts *accounts = accounts_new(&why);
    (void)state;
    assert_non_null(accounts);
    for (size_t i = 0; i < 3; i++)
        assert_non_null(accounts_of(accounts, (const char *const[]){"one", "two", "three"}[i]));
    assert_int_equal(account_take(accounts_of(accounts, "one"), &rate, 0), 0);
    assert_int_not_equal(account_take(accounts_of(accounts, "one"), &rate, 0), 0);
    assert_int_equal(account_take(accounts_of(accounts, "two"), &rate, 0), 0);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(account_take(accounts_of(accounts, "three"), &none, 0), 0);
    assert_ptr_equal(accounts_of(accounts, "one"), accounts_of(accounts, "one"));
    accounts_free(accounts);
}

static void who_reads_much_may_send_all_the_same(void **state)
{
    const struct rate sending = {.per_s = 1};
    const struct rate reading = {.kind = RATE_READING, .per_s = 10};
    struct fault why;
    struct accounts *accounts = accounts_new(&why);
    struct account *account = accounts ? accounts_of(accounts, "motcua") : NULL;
    (void)state;
    assert_non_null(account);
    assert_int_equal(account_take(account, &reading, 0), 0);
    account_charge(account, &reading, 19, 0);
    assert_int_equal(account_take(account, &reading, 0), 1100);
    assert_int_equal(account_take(account, &sending, 0), 0);
    assert_int_not_equal(account_take(account, &sending, 0), 0);
    accounts_free(accounts);
}

#define ID   "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"

static void a_good_traceparent_is_kept(void **state)
{
    static const char *const good[] = {"00-" ID "-" SPAN "-01", "00-" ID "-" SPAN "-00",
                                       "cc-" ID "-" SPAN "-01-what-the-future-brings"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct trace trace;
        trace_from(good[i], &trace);
        assert_memory_equal(trace.parent, good[i], TRACEPARENT_SIZE - 1);
        assert_string_equal(trace.id, ID);
    }
}

static void a_bad_traceparent_is_replaced(void **state)
{
    static const char *const bad[] = {
        NULL,
        "",
        "00",
        "00-" ID "-" SPAN "-0",
        "00-" ID "-" SPAN "-01-more",
        "ff-" ID "-" SPAN "-01",
        "00-00000000000000000000000000000000-" SPAN "-01",
        "00-" ID "-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-" SPAN "-01",
        "00-" ID "_" SPAN "-01",
        "00-" ID "-" SPAN "-0g",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct trace trace, again;
        trace_from(bad[i], &trace);
        assert_int_equal(strlen(trace.parent), TRACEPARENT_SIZE - 1);
        assert_string_not_equal(trace.id, ID);
        trace_from(trace.parent, &again); /* what is made is well formed */
        assert_string_equal(trace.parent, again.parent);
        assert_string_equal(trace.id, again.id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_passes_and_then_the_rate_holds),
        cmocka_unit_test(idle_time_saves_no_more_than_a_burst),
        cmocka_unit_test(many_items_in_a_document_are_charged_afterwards),
        cmocka_unit_test(partners_do_not_share_a_rate_and_zero_is_no_limit),
        cmocka_unit_test(who_reads_much_may_send_all_the_same),
        cmocka_unit_test(a_good_traceparent_is_kept),
        cmocka_unit_test(a_bad_traceparent_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
