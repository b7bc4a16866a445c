/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "operate/job_note.h"
#include "operate/job_pace.h"

#include <stdlib.h>

enum { SECOND_US = 1000000, START_US = 5000000 };

/* How many went within a second in which somebody looks every so often. */
static const struct {
    int64_t rate_per_s;
    int64_t every_us;
    size_t most;
    size_t went_least, went_most;
} rows[] = {
    {10, 1000, 500, 10, 11},
    {10, 100000, 500, 10, 11},
    {1000, 1000, 500, 1000, 1002},
    {1000, 50000, 500, 950, 1002},
    {1000, 50000, 10, 190, 210},
    {1, 1000, 500, 1, 2},
    {100000, 1000, 500, 99900, 100101},
};

static void a_job_keeps_its_rate_however_often_it_is_looked_at(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct job_pace pace = {.rate_per_s = rows[i].rate_per_s};
        size_t went = 0;
        for (int64_t at = 0; at < SECOND_US; at += rows[i].every_us) {
            size_t room = job_pace_room(&pace, START_US + at, rows[i].most);
            job_pace_take(&pace, room);
            went += room;
        }
        if (went < rows[i].went_least || went > rows[i].went_most)
            fail_msg("row %zu: %zu went", i, went);
    }
}

static void without_a_rate_as_many_go_as_there_is_room_for(void **state)
{
    (void)state;
    struct job_pace pace = {.rate_per_s = 0};
    assert_int_equal(job_pace_room(&pace, START_US, 500), 500);
    job_pace_take(&pace, 500);
    assert_int_equal(job_pace_room(&pace, START_US, 500), 500);
    assert_int_equal(job_pace_wait_ms(&pace, START_US), 0);
}

static void what_was_not_used_of_an_hour_does_not_come_at_once(void **state)
{
    (void)state;
    struct job_pace pace = {.rate_per_s = 100};
    assert_int_equal(job_pace_room(&pace, START_US, 500), 1);
    job_pace_take(&pace, 1);
    assert_in_range(job_pace_room(&pace, START_US + 3600 * (int64_t)SECOND_US, 500), 1, 26);
}

static void it_says_how_long_to_wait(void **state)
{
    (void)state;
    struct job_pace pace = {.rate_per_s = 2};
    assert_int_equal(job_pace_room(&pace, START_US, 500), 1);
    job_pace_take(&pace, 1);
    assert_int_equal(job_pace_wait_ms(&pace, START_US), 500);
    assert_int_equal(job_pace_room(&pace, START_US, 500), 0);
    assert_int_equal(job_pace_room(&pace, START_US + 500000, 500), 1);
}

static const struct {
    int64_t done, failed;
    double share;
    bool stops;
} stops[] = {
    {0, 0, 0.2, false},     {0, 19, 0.2, false},   {0, 20, 0.2, true},  {16, 4, 0.2, false},
    {15, 5, 0.2, true},     {19, 1, 0, true},      {20, 0, 0, false},   {0, 1000, 1, false},
    {900, 100, 0.1, false}, {899, 101, 0.1, true}, {10, 9, 0.2, false},
};

static void a_job_stops_above_its_share_of_twenty_or_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++)
        if (job_pace_must_stop(stops[i].done, stops[i].failed, stops[i].share) != stops[i].stops)
            fail_msg("row %zu", i);
}

static void a_note_tells_an_old_cause_from_a_new_one(void **state)
{
    (void)state;
    char *same = job_note_write("agency /x", "agency /x");
    char *other = job_note_write("agency /x", "missing /x");
    char *none = job_note_write("agency /x", NULL);
    assert_false(job_note_read(same).is_new);
    assert_true(job_note_read(other).is_new);
    assert_true(job_note_read(none).is_new);
    assert_string_equal(job_note_read(same).cause, "agency /x");
    assert_string_equal(job_note_read("spool: a sentence").cause, "spool: a sentence");
    assert_string_equal(job_note_read(NULL).cause, "");
    free(same);
    free(other);
    free(none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_keeps_its_rate_however_often_it_is_looked_at),
        cmocka_unit_test(without_a_rate_as_many_go_as_there_is_room_for),
        cmocka_unit_test(what_was_not_used_of_an_hour_does_not_come_at_once),
        cmocka_unit_test(it_says_how_long_to_wait),
        cmocka_unit_test(a_job_stops_above_its_share_of_twenty_or_more),
        cmocka_unit_test(a_note_tells_an_old_cause_from_a_new_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
