/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "operate/job_wish.h"

#include <string.h>

/* Bodies of POST jobs; NULL: it is understood, else a word of what is said of it. */
static const struct {
    const char *body;
    const char *refused;
} rows[] = {
    {"{'kind':'entries','filter':{},'reason':'r'}", NULL},
    {"{'kind':'entries','filter':{'partner':'x','state':'dead','from':'2026-01-01'},'reason':'r'}",
     NULL},
    {"{'kind':'deliveries','selection':['d-1'],'reason':'r','options':{'rate_per_s':5}}", NULL},
    {"{'kind':'entries','group':'00','reason':'r','options':{'stop_above_share':1}}", NULL},
    {"{'kind':'republish','filter':{'offsets':[{'partition':1}]},'reason':'r'}", NULL},
    {"{'kind':'entries','filter':{},'reason':'r','options':{'rule':{'path':'/x','to':''}}}", NULL},
    {"{'kind':'entries','filter':{},'reason':'r','options':{'rule':null}}", NULL},
    {"[]", "body"},
    {"{'filter':{},'reason':'r'}", "kind"},
    {"{'kind':'all','filter':{},'reason':'r'}", "kind"},
    {"{'kind':'entries','reason':'r'}", "filter"},
    {"{'kind':'entries','filter':{},'group':'x','reason':'r'}", "group"},
    {"{'kind':'entries','filter':{'partnr':'x'},'reason':'r'}", "partnr"},
    {"{'kind':'entries','filter':{'partner':5},'reason':'r'}", "partner"},
    {"{'kind':'entries','filter':{'state':'parked'},'reason':'r'}", "state"},
    {"{'kind':'deliveries','filter':{'agency':'x'},'reason':'r'}", "agency"},
    {"{'kind':'republish','filter':{'cause':'x'},'reason':'r'}", "cause"},
    {"{'kind':'republish','selection':['x'],'reason':'r'}", "filter"},
    {"{'kind':'entries','selection':[],'reason':'r'}", "selection"},
    {"{'kind':'entries','selection':[1],'reason':'r'}", "selection"},
    {"{'kind':'entries','group':1,'reason':'r'}", "group"},
    {"{'kind':'entries','filter':{'to':'tomorrow'},'reason':'r'}", "to"},
    {"{'kind':'entries','filter':{}}", "reason"},
    {"{'kind':'entries','filter':{},'reason':''}", "reason"},
    {"{'kind':'entries','filter':{},'reason':'r','more':1}", "more"},
    {"{'kind':'entries','filter':{},'reason':'r','options':{'rate_per_s':-1}}", "rate_per_s"},
    {"{'kind':'entries','filter':{},'reason':'r','options':{'rate_per_s':1.5}}", "rate_per_s"},
    {"{'kind':'entries','filter':{},'reason':'r','options':{'stop_above_share':1.1}}", "share"},
    {"{'kind':'entries','filter':{},'reason':'r','options':{'may_be_stale':1}}", "may_be_stale"},
    {"{'kind':'entries','filter':{},'reason':'r','options':{'rule':{'path':'x','to':'y'}}}",
     "path"},
    {"{'kind':'entries','filter':{},'reason':'r','options':{'rule':{'path':'/x'}}}", "rule.to"},
    {"{'kind':'entries','filter':{},'reason':'r','options':{'rule':{'path':'/x','to':'y',"
     "'from':3}}}",
     "rule.from"},
    {"{'kind':'deliveries','filter':{},'reason':'r','options':{'rule':{'path':'/x','to':'y'}}}",
     "entries alone"},
};

/* The caller releases it. */
static json_t *parse(const char *body)
{
    char text[400];
    (void)snprintf(text, sizeof text, "%s", body);
    for (char *at = text; *at; at++)
        if (*at == '\'')
            *at = '"';
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    return json;
}

static void what_is_not_understood_is_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault why = {.kind = FAULT_NONE};
        struct job_wish wish;
        json_t *body = parse(rows[i].body);
        bool is_read = job_wish_read(body, &wish, &why);
        if (is_read != !rows[i].refused)
            fail_msg("%s: %s", rows[i].body, why.text);
        if (is_read)
            job_wish_end(&wish);
        else if (why.kind != FAULT_REFUSE || !strstr(why.text, rows[i].refused))
            fail_msg("%s: %s", rows[i].body, why.text);
        json_decref(body);
    }
}

static void what_is_kept_is_read_again_as_it_was(void **state)
{
    (void)state;
    struct fault why;
    struct job_wish wish;
    const struct spool_job job = {.kind = "entries",
                                  .filter = "{\"group\":\"0011223344556677\"}",
                                  .options = "{\"rate_per_s\":7,\"rule\":{\"path\":\"/a\","
                                             "\"from\":\"x\",\"to\":\"y\"},"
                                             "\"may_be_stale\":true}",
                                  .reason = "r"};
    assert_true(job_wish_of(&job, &wish, &why));
    assert_int_equal(wish.kind, JOB_OF_ENTRIES);
    assert_int_equal(wish.rules.rate_per_s, 7);
    assert_true(wish.rules.may_be_stale);
    assert_string_equal(wish.rules.rule.path, "/a");
    assert_string_equal(wish.rules.rule.from, "x");
    assert_string_equal(json_string_value(json_object_get(wish.what, "group")), "0011223344556677");
    job_wish_end(&wish);
}

static void a_day_as_an_end_is_in_it(void **state)
{
    (void)state;
    struct fault why;
    int64_t from_ms, to_ms;
    json_t *filter = parse("{'from':'2026-01-01','to':'2026-01-01'}");
    assert_true(job_wish_times(filter, &from_ms, &to_ms, &why));
    assert_int_equal(to_ms - from_ms, 86400000);
    json_decref(filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_understood_is_refused_by_name),
        cmocka_unit_test(what_is_kept_is_read_again_as_it_was),
        cmocka_unit_test(a_day_as_an_end_is_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
