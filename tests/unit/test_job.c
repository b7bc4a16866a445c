/* SPDX-License-Identifier: Apache-2.0 */
/* Bulk replays as they are kept: nothing twice, nothing lost, whenever the process dies. */
#include "delivery_world.h"

#include "spool/job.h"

#include <signal.h>
#include <sys/wait.h>

enum { MADE_MS = 1000, MANY = 600, STEP = 3, KILLS = 12 };

static const struct spool_record no_object = {
    .actor = {.name = "user:lan"}, .act = "job", .reason = "since this morning", .at_ms = MADE_MS};

static int64_t make_job(struct world *world, const char *kind)
{
    struct fault why;
    int64_t job = 0;
    const struct spool_job what = {.kind = kind,
                                   .filter = "{\"partner\":\"motcua\"}",
                                   .options = "{\"rate_per_s\":5}",
                                   .author = "user:lan",
                                   .reason = "since this morning",
                                   .made_ms = MADE_MS};
    world_must(spool_job_make(world->spool, &what, &no_object, &job, &why), &why);
    return job;
}

static bool try_turn(struct world *world, int64_t job, enum job_state state, struct fault *why)
{
    return spool_job_state(world->spool, job, state, NULL, &no_object, why);
}

static void turn(struct world *world, int64_t job, enum job_state state)
{
    struct fault why;
    world_must(try_turn(world, job, state, &why), &why);
}

static void run(struct world *world, int64_t job)
{
    turn(world, job, JOB_PREVIEWED);
    turn(world, job, JOB_RUNNING);
}

static bool copy_job(void *own, const struct spool_job *job)
{
    *(struct spool_job *)own = *job; /* its texts are gone afterwards */
    return true;
}

static struct spool_job read_job(struct world *world, int64_t job)
{
    struct fault why;
    struct spool_job read = {0};
    world_must(spool_job(world->reader, job, copy_job, &read, &why), &why);
    return read;
}

struct words {
    char text[400];
};

static bool add_item(void *own, const struct job_item *item)
{
    struct words *words = own;
    size_t used = strlen(words->text);
    (void)snprintf(words->text + used, sizeof words->text - used, "%s%" PRId64 "@%" PRId64 "=%d%s",
                   used ? " " : "", item->subject, item->due_at_ms, item->state,
                   item->detail ? item->detail : "");
    return true;
}

static void assert_items(struct world *world, struct job_items_range range, const char *expected)
{
    struct fault why;
    struct words words = {""};
    world_must(spool_job_items_of(world->reader, &range, add_item, &words, &why), &why);
    assert_string_equal(words.text, expected);
}

static int64_t add_dead(struct world *world, int id, int dossier)
{
    struct parcel parcel;
    parcel_begin(&parcel, "motcua", 1747035900000 + id);
    parcel_item(&parcel, id, dossier, 1)->cause = "R2 /From/OrganId";
    return world_add(world, &parcel).receipts[0].entry;
}

/* ---- what is kept ---- */

static bool check_texts(void *own, const struct spool_job *job)
{
    bool *is_checked = own;
    assert_string_equal(job->kind, "entries");
    assert_string_equal(job->filter, "{\"partner\":\"motcua\"}");
    assert_string_equal(job->options, "{\"rate_per_s\":5}");
    assert_string_equal(job->author, "user:lan");
    assert_string_equal(job->reason, "since this morning");
    assert_string_equal(job->detail, "");
    *is_checked = true;
    return true;
}

static bool check_object(void *own, const struct spool_audited *entry)
{
    assert_string_equal(entry->record.object, "job:1");
    assert_string_equal(entry->record.outcome, own);
    return true;
}

static void a_job_is_kept_as_it_was_asked(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    bool is_checked = false;
    char done[] = "done";
    world_make(&world);
    assert_int_equal(make_job(&world, "entries"), 1);
    world_must(spool_job(world.reader, 1, check_texts, &is_checked, &why), &why);
    assert_true(is_checked);
    assert_false(spool_job(world.reader, 2, check_texts, &is_checked, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    world_must(spool_audited(world.reader, &(struct audit_range){0}, check_object, done, &why),
               &why);
    world_end(&world);
}

/* Rows are where it is, columns where it goes: C P R U(paused) S D X(cancelled). */
static void a_job_goes_only_where_it_can(void **state)
{
    (void)state;
    static const char *const paths[] = {
        [JOB_COLLECTING] = "", [JOB_PREVIEWED] = "1", [JOB_RUNNING] = "12",  [JOB_PAUSED] = "123",
        [JOB_STOPPED] = "124", [JOB_DONE] = "125",    [JOB_CANCELLED] = "6",
    };
    static const char *const allowed[] = {
        [JOB_COLLECTING] = "146", [JOB_PREVIEWED] = "26", [JOB_RUNNING] = "3456",
        [JOB_PAUSED] = "26",      [JOB_STOPPED] = "26",   [JOB_DONE] = "",
        [JOB_CANCELLED] = "",
    };
    struct fault why;
    struct world world;
    world_make(&world);
    for (enum job_state at = JOB_COLLECTING; at <= JOB_CANCELLED; at++)
        for (enum job_state to = JOB_COLLECTING; to <= JOB_CANCELLED; to++) {
            int64_t job = make_job(&world, "entries");
            for (const char *step = paths[at]; *step; step++)
                turn(&world, job, (enum job_state)(*step - '0'));
            bool may = strchr(allowed[at], '0' + (int)to) && to != JOB_COLLECTING;
            bool is_done = try_turn(&world, job, to, &why);
            if (is_done != may)
                fail_msg("from %d to %d", at, to);
            assert_int_equal(read_job(&world, job).state, may ? to : at);
        }
    world_end(&world);
}

static void a_job_tells_when_it_ran(void **state)
{
    (void)state;
    struct world world;
    struct spool_job read;
    world_make(&world);
    int64_t job = make_job(&world, "entries");
    read = read_job(&world, job);
    assert_true(read.made_ms == MADE_MS && read.started_ms == 0 && read.ended_ms == 0);
    run(&world, job);
    turn(&world, job, JOB_PAUSED);
    turn(&world, job, JOB_RUNNING);
    turn(&world, job, JOB_DONE);
    read = read_job(&world, job);
    assert_true(read.started_ms == MADE_MS && read.ended_ms == MADE_MS);
    world_end(&world);
}

static bool count_jobs(void *own, const struct spool_job *job)
{
    struct words *words = own;
    size_t used = strlen(words->text);
    (void)snprintf(words->text + used, sizeof words->text - used, "%" PRId64 " ", job->job);
    return true;
}

static void jobs_are_listed_newest_first(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    struct words all = {""};
    struct words page = {""};
    world_make(&world);
    for (int i = 0; i < 4; i++)
        (void)make_job(&world, "entries");
    world_must(spool_jobs(world.reader, 0, 0, count_jobs, &all, &why), &why);
    assert_string_equal(all.text, "4 3 2 1 ");
    world_must(spool_jobs(world.reader, 4, 2, count_jobs, &page, &why), &why);
    assert_string_equal(page.text, "3 2 ");
    world_end(&world);
}

/* ---- items ---- */

static void items_come_by_due_date_and_then_by_number(void **state)
{
    (void)state;
    static const struct job_item items[] = {
        {.subject = 9, .due_at_ms = 50, .state = ITEM_WOULD_PASS},
        {.subject = 3, .due_at_ms = 70, .state = ITEM_WOULD_FAIL, .detail = "R2"},
        {.subject = 7, .due_at_ms = 50, .state = ITEM_PENDING},
        {.subject = 1, .due_at_ms = 60, .state = ITEM_WOULD_PASS},
    };
    struct fault why;
    struct world world;
    unsigned all = ~0U;
    world_make(&world);
    int64_t job = make_job(&world, "entries");
    int64_t other = make_job(&world, "entries");
    world_must(spool_job_items(world.spool, job, items, 4, 33, &why), &why);
    world_must(spool_job_items(world.spool, other, items, 1, 33, &why), &why);
    assert_items(&world, (struct job_items_range){.job = job, .states = all},
                 "7@50=0 9@50=1 1@60=1 3@70=2R2");
    assert_items(&world, (struct job_items_range){.job = job, .states = 1U << ITEM_WOULD_PASS},
                 "9@50=1 1@60=1");
    assert_items(&world,
                 (struct job_items_range){
                     .job = job, .states = all, .after_due_ms = 50, .after_subject = 7, .limit = 2},
                 "9@50=1 1@60=1");
    assert_items(&world, (struct job_items_range){.job = job, .states = 0}, "");
    struct spool_job read = read_job(&world, job);
    assert_int_equal(read.cursor, 33);
    assert_int_equal(read.counts[ITEM_WOULD_PASS], 2);
    assert_int_equal(read.counts[ITEM_PENDING], 1);
    world_end(&world);
}

static void an_item_is_counted_in_one_state_only(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    struct job_item item = {.subject = 5, .due_at_ms = 50, .state = ITEM_PENDING};
    world_make(&world);
    int64_t job = make_job(&world, "entries");
    world_must(spool_job_items(world.spool, job, &item, 1, 0, &why), &why);
    item = (struct job_item){.subject = 5, .state = ITEM_WOULD_PASS};
    world_must(spool_job_items(world.spool, job, &item, 1, 1, &why), &why);
    world_must(spool_job_items(world.spool, job, &item, 1, 1, &why), &why);
    struct spool_job read = read_job(&world, job);
    assert_int_equal(read.counts[ITEM_PENDING], 0);
    assert_int_equal(read.counts[ITEM_WOULD_PASS], 1);
    assert_items(&world, (struct job_items_range){.job = job, .states = ~0U}, "5@50=1");
    turn(&world, job, JOB_CANCELLED);
    assert_false(spool_job_items(world.spool, job, &item, 1, 1, &why));
    assert_false(spool_job_items(world.spool, 99, &item, 1, 1, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    world_end(&world);
}

/* ---- steps ---- */

static void a_step_notes_what_became_of_each(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    struct spool_deed deeds[3] = {
        {.kind = DEED_RELEASE}, {.kind = DEED_RELEASE}, {.kind = DEED_APPLY, .revision = 1}};
    struct deed_outcome outcomes[3];
    struct words words = {""};
    world_make(&world);
    deeds[0].entry = add_dead(&world, 1, 1);
    deeds[1].entry = world_add_one(&world, 2, 2, 1).entry;
    deeds[2].entry = add_dead(&world, 3, 3);
    int64_t job = make_job(&world, "entries");
    const struct job_step step = {.job = job, .cursor = 3};
    assert_false(spool_job_do(world.spool, &step, deeds, 3, outcomes, &why));
    assert_string_equal(why.text, "spool: the job is not running");
    run(&world, job);
    world_must(spool_job_do(world.spool, &step, deeds, 3, outcomes, &why), &why);
    assert_items(&world, (struct job_items_range){.job = job, .states = ~0U},
                 "1@0=4 2@0=6spool: the entry is not dead 3@0=5spool: there is no such revision");
    assert_int_equal(read_job(&world, job).cursor, 3);
    world_must(
        spool_jobs_of(world.reader, &(struct job_subject){.number = 1}, count_jobs, &words, &why),
        &why);
    assert_string_equal(words.text, "1 ");
    world_must(spool_jobs_of(world.reader, &(struct job_subject){.number = 1, .is_delivery = true},
                             count_jobs, &words, &why),
               &why);
    assert_string_equal(words.text, "1 ");
    world_check(&world);
    world_end(&world);
}

static void deliveries_are_settled_in_steps_too(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    bool outcomes[2];
    struct spool_settlement settlements[2];
    world_make(&world);
    for (int i = 0; i < 2; i++) {
        world_arrive(&world, i, i + 1, "hue");
        settlements[i] = (struct spool_settlement){
            .delivery = delivery_of(i + 1, 0), .kind = SETTLE_RELEASE, .at_ms = ARRIVED_MS};
    }
    world_settle_one(&world, SETTLE_DEAD, delivery_of(1, 0));
    int64_t job = make_job(&world, "deliveries");
    run(&world, job);
    world_must(spool_job_settle(world.spool, &(struct job_step){.job = job, .cursor = 1},
                                settlements, 2, outcomes, &why),
               &why);
    assert_true(outcomes[0] && !outcomes[1]);
    assert_int_equal(read_job(&world, job).counts[ITEM_DONE], 1);
    assert_int_equal(read_job(&world, job).counts[ITEM_SKIPPED], 1);
    world_check(&world);
    world_end(&world);
}

/* ---- kill -9 ---- */

struct todo {
    struct spool_deed deeds[STEP];
    size_t count;
};

static bool take_todo(void *own, const struct job_item *item)
{
    struct todo *todo = own;
    todo->deeds[todo->count++] =
        (struct spool_deed){.kind = DEED_RELEASE,
                            .entry = item->subject,
                            .record = {.actor = {.name = "gateway"}, .act = "release", .at_ms = 1}};
    return true;
}

/* One step of the job as its runner would take it; false when nothing is left. */
static bool take_step(struct world *world, int64_t job)
{
    struct fault why;
    struct todo todo = {.count = 0};
    struct deed_outcome outcomes[STEP];
    const struct job_items_range range = {.job = job, .states = 1U << ITEM_PENDING, .limit = STEP};
    if (!spool_job_items_of(world->reader, &range, take_todo, &todo, &why) || todo.count == 0)
        return false;
    return spool_job_do(world->spool, &(struct job_step){.job = job, .cursor = 1}, todo.deeds,
                        todo.count, outcomes, &why);
}

static void run_until_killed(struct world *world, int64_t job, int pipe)
{
    struct fault why;
    world->spool = spool_open(&world->options, &why);
    world->reader = spool_reader_open(world->file, &why);
    if (!world->spool || !world->reader)
        _exit(2);
    bool is_left = true;
    while (is_left) {
        is_left = take_step(world, job);
        if (write(pipe, "", 1) != 1)
            _exit(3);
    }
    for (;;)
        (void)pause(); /* done before it was killed */
}

static void kill_one(struct world *world, int64_t job, int round)
{
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(ends[0]);
        run_until_killed(world, job, ends[1]);
    }
    (void)close(ends[1]);
    (void)!read(ends[0], &byte, 1); /* it is at work, or has nothing left */
    (void)usleep((useconds_t)(round * 7919 % 3000));
    (void)kill(child, SIGKILL);
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static bool note_released(void *own, const struct spool_entry *entry)
{
    int *times = own;
    if (!entry->notice && entry->state == ENTRY_RELEASED)
        times[entry->entry]++;
    return true;
}

static void a_killed_job_goes_on_and_does_nothing_twice(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    struct audit_finding finding;
    int times[MANY + 1] = {0};
    int64_t damaged;
    int64_t count;
    struct job_item items[MANY];
    world_make(&world);
    for (int i = 0; i < MANY; i++)
        items[i] = (struct job_item){.subject = add_dead(&world, i + 1, i + 1)};
    int64_t job = make_job(&world, "entries");
    world_must(spool_job_items(world.spool, job, items, MANY, 0, &why), &why);
    run(&world, job);
    for (int round = 0; round < KILLS; round++) {
        world_close(&world);
        kill_one(&world, job, round);
        world_open(&world);
        world_check(&world);
        struct spool_levels levels;
        spool_levels(world.spool, &levels);
        struct spool_job read = read_job(&world, job);
        assert_int_equal(read.counts[ITEM_DONE] + read.counts[ITEM_PENDING], MANY);
        assert_int_equal(read.counts[ITEM_PENDING], levels.dead);
    }
    while (take_step(&world, job))
        continue;
    assert_int_equal(read_job(&world, job).counts[ITEM_DONE], MANY);
    world_must(spool_next(world.reader, (struct spool_range){0, 2 * MANY}, note_released, times,
                          &damaged, &why),
               &why);
    for (int i = 1; i <= MANY; i++)
        assert_int_equal(times[i], 1);
    world_must(spool_audit_verify(world.reader, &count, &finding, &why), &why);
    assert_int_equal(count, MANY + 3); /* each release, and the job's making and two turns */
    world_end(&world);
}

/* ---- filters, pruning ---- */

static bool add_filter(void *own, const char *name, const char *filter)
{
    struct words *words = own;
    size_t used = strlen(words->text);
    (void)snprintf(words->text + used, sizeof words->text - used, "%s=%s ", name, filter);
    return true;
}

static void a_filter_is_kept_for_its_user(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    struct words words = {""};
    world_make(&world);
    world_must(spool_save_filter(world.spool, "lan", "mine", "{1}", &why), &why);
    world_must(spool_save_filter(world.spool, "lan", "also", "{2}", &why), &why);
    world_must(spool_save_filter(world.spool, "minh", "his", "{3}", &why), &why);
    world_must(spool_save_filter(world.spool, "lan", "mine", "{4}", &why), &why);
    world_must(spool_filters(world.reader, "lan", add_filter, &words, &why), &why);
    assert_string_equal(words.text, "also={2} mine={4} ");
    world_must(spool_save_filter(world.spool, "lan", "also", NULL, &why), &why);
    words.text[0] = '\0';
    world_must(spool_filters(world.reader, "lan", add_filter, &words, &why), &why);
    assert_string_equal(words.text, "mine={4} ");
    world_end(&world);
}

static void items_of_a_job_that_is_over_are_pruned_with_age(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    int64_t count;
    const struct job_item item = {.subject = 5, .state = ITEM_PENDING};
    world_make(&world);
    int64_t over = make_job(&world, "entries");
    int64_t open = make_job(&world, "entries");
    world_must(spool_job_items(world.spool, over, &item, 1, 1, &why), &why);
    world_must(spool_job_items(world.spool, open, &item, 1, 1, &why), &why);
    turn(&world, over, JOB_CANCELLED);
    world_must(spool_prune(world.spool, MADE_MS, &count, &why), &why);
    assert_items(&world, (struct job_items_range){.job = over, .states = ~0U}, "5@0=0");
    world_must(spool_prune(world.spool, MADE_MS + 1, &count, &why), &why);
    assert_items(&world, (struct job_items_range){.job = over, .states = ~0U}, "");
    assert_items(&world, (struct job_items_range){.job = open, .states = ~0U}, "5@0=0");
    assert_int_equal(read_job(&world, over).counts[ITEM_PENDING], 1); /* its report stays */
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_is_kept_as_it_was_asked),
        cmocka_unit_test(a_job_goes_only_where_it_can),
        cmocka_unit_test(a_job_tells_when_it_ran),
        cmocka_unit_test(jobs_are_listed_newest_first),
        cmocka_unit_test(items_come_by_due_date_and_then_by_number),
        cmocka_unit_test(an_item_is_counted_in_one_state_only),
        cmocka_unit_test(a_step_notes_what_became_of_each),
        cmocka_unit_test(deliveries_are_settled_in_steps_too),
        cmocka_unit_test(a_killed_job_goes_on_and_does_nothing_twice),
        cmocka_unit_test(a_filter_is_kept_for_its_user),
        cmocka_unit_test(items_of_a_job_that_is_over_are_pruned_with_age),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
