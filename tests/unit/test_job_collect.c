/* SPDX-License-Identifier: Apache-2.0 */
/* Which dead entries a replay is about. */
#include "spool_world.h"

#include "operate/job_collect.h"

enum { HOUR_MS = 3600000 };
/* 12 May 2025, noon in Vietnam: twelve hours are left of the day. */
static const int64_t noon_ms = INT64_C(1747026000000);

static int64_t bury(struct world *world, int id, int64_t due_at_ms)
{
    struct parcel parcel;
    parcel_begin(&parcel, "motcua", noon_ms);
    struct spool_item *item = parcel_item(&parcel, id, id, 1);
    item->event = NULL;
    item->cause = "agency /From";
    item->due_at_ms = due_at_ms;
    return world_add(world, &parcel).receipts[0].entry;
}

/* The numbers that a filter finds, as "1 2". */
static void collect(struct world *world, const char *what, char text[64])
{
    struct fault why;
    int64_t numbers[JOB_PAGE];
    size_t count;
    json_t *json = json_loads(what, 0, NULL);
    assert_non_null(json);
    const struct job_wish wish = {.kind = JOB_OF_ENTRIES, .what = json};
    struct job_collect collect = {.reader = world->reader, .wish = &wish, .now_ms = noon_ms};
    text[0] = '\0';
    while (!collect.is_over) {
        world_must(job_collect_page(&collect, numbers, &count, &why), &why);
        for (size_t i = 0; i < count; i++)
            (void)snprintf(text + strlen(text), 64 - strlen(text), "%s%" PRId64, text[0] ? " " : "",
                           numbers[i]);
    }
    json_decref(json);
}

static void what_is_due_today_is_not_what_is_overdue(void **state)
{
    (void)state;
    static const struct {
        const char *what, *numbers;
    } cases[] = {
        {"{\"filter\":{}}", "1 2 3 4 5 6"},
        {"{\"filter\":{\"due\":\"overdue\"}}", "1 2"},
        {"{\"filter\":{\"due\":\"today\"}}", "3 4"},
    };
    struct world world;
    char numbers[64];
    world_make(&world);
    (void)bury(&world, 1, noon_ms - 1000 * INT64_C(24) * HOUR_MS);
    (void)bury(&world, 2, noon_ms - 1);
    (void)bury(&world, 3, noon_ms);
    (void)bury(&world, 4, noon_ms + 12 * HOUR_MS - 1);
    (void)bury(&world, 5, noon_ms + 12 * HOUR_MS);
    (void)bury(&world, 6, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        collect(&world, cases[i].what, numbers);
        assert_string_equal(numbers, cases[i].numbers);
    }
    world_end(&world);
}

static void a_word_that_is_none_is_refused(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    int64_t numbers[JOB_PAGE];
    size_t count;
    world_make(&world);
    json_t *what = json_pack("{s{ss}}", "filter", "due", "yesterday");
    const struct job_wish wish = {.kind = JOB_OF_ENTRIES, .what = what};
    struct job_collect collect = {.reader = world.reader, .wish = &wish, .now_ms = noon_ms};
    assert_false(job_collect_page(&collect, numbers, &count, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    assert_string_equal(why.text, "filter.due: overdue or today");
    json_decref(what);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_due_today_is_not_what_is_overdue),
        cmocka_unit_test(a_word_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
