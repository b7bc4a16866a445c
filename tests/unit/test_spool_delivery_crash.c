/* SPDX-License-Identifier: Apache-2.0 */
/* What the spool promises of deliveries when the process dies, bytes rot, the file is an old one,
 * or everybody is at work at once. */
#include "delivery_world.h"

#include "spool/find.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

enum { ROUNDS = 15, LANES = 7, BATCH = 20 };

/* What the child says of its work: what is true when it has said it. */
struct report {
    int64_t arrived; /* offsets below it are stored; 0: it speaks of a settlement */
    int64_t delivered;
};

struct worker {
    struct world *world;
    int pipe;
    pthread_mutex_t lock;
    pthread_cond_t given;
    int64_t settling; /* guarded by lock: the delivery whose settlement is under way, or 0 */
};

static void say(int pipe, struct report report)
{
    if (write(pipe, &report, sizeof report) != (ssize_t)sizeof report)
        _exit(3);
}

static void arrive_batch(struct world *world, int64_t first)
{
    struct fault why;
    struct landing landings[BATCH];
    struct spool_arrival arrivals[BATCH];
    const struct spool_position position = {EVENTS_TOPIC, 0, first + BATCH};
    for (int i = 0; i < BATCH; i++) {
        landing_make(&landings[i], first + i, (int)(first + i) % LANES + 1,
                     (const char *const[MOST_TARGETS]){"hue", "hanoi"});
        arrivals[i] = landings[i].arrival;
    }
    if (!spool_arrive(world->spool, arrivals, BATCH, &position, 1, &why))
        _exit(4);
}

static void note_settled(void *own, const struct fault *why)
{
    struct worker *worker = own;
    (void)pthread_mutex_lock(&worker->lock);
    if (!why)
        say(worker->pipe, (struct report){0, worker->settling});
    worker->settling = 0;
    (void)pthread_cond_signal(&worker->given);
    (void)pthread_mutex_unlock(&worker->lock);
}

static bool settle_due(void *own, const struct spool_delivery *delivery)
{
    struct worker *worker = own;
    struct fault why;
    const struct spool_settlement settlement = {.delivery = delivery->delivery,
                                                .kind = SETTLE_DELIVERED,
                                                .at_ms = ARRIVED_MS,
                                                .is_attempt = true,
                                                .status = 200};
    (void)pthread_mutex_lock(&worker->lock);
    while (worker->settling)
        (void)pthread_cond_wait(&worker->given, &worker->lock);
    worker->settling = delivery->delivery;
    (void)pthread_mutex_unlock(&worker->lock);
    if (!spool_settle(worker->world->spool, &settlement, 1, note_settled, worker, &why))
        _exit(5);
    return true;
}

/* The child: goes on from the stored position for ever, and delivers, until it is killed. */
static void work_until_killed(struct world *world, int pipe)
{
    struct fault why;
    int64_t next = 0;
    struct worker worker = {.world = world,
                            .pipe = pipe,
                            .lock = PTHREAD_MUTEX_INITIALIZER,
                            .given = PTHREAD_COND_INITIALIZER};
    world_open(world);
    if (!spool_position(world->reader, EVENTS_TOPIC, 0, &next, &why))
        _exit(2);
    for (next = next < 0 ? 0 : next;; next += BATCH) {
        const struct delivery_call call = {
            .partner = next / BATCH % 2 ? "hue" : "hanoi", .now_ms = ARRIVED_MS * 2, .limit = 5};
        arrive_batch(world, next);
        say(pipe, (struct report){next + BATCH, 0});
        if (!spool_due(world->reader, &call, settle_due, &worker, &why))
            _exit(6);
    }
}

/* Kills a child at a random moment; gives what it had said. */
static size_t kill_one(struct world *world, int round, struct report *reports, size_t limit)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(ends[0]);
        work_until_killed(world, ends[1]);
    }
    (void)close(ends[1]);
    size_t count = 0;
    while (count < limit && read(ends[0], &reports[count], sizeof *reports) == sizeof *reports)
        if (count++ == (size_t)(round * 37 % 101)) {
            (void)usleep((useconds_t)(round * 7919 % 9000));
            (void)kill(child, SIGKILL);
        }
    (void)kill(child, SIGKILL);
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
    return count;
}

static bool is_delivered(void *own, const struct spool_delivery *delivery)
{
    (void)own;
    assert_int_equal(delivery->state, DELIVERY_DELIVERED);
    return true;
}

/* Each offset has its two deliveries, once, in order, up to the position. */
static bool compare_offset(void *own, const struct spool_delivery *delivery)
{
    int64_t *seen = own;
    assert_int_equal(delivery->offset, *seen / 2);
    ++*seen;
    return true;
}

static void what_arrived_and_was_settled_survives_a_kill(void **state)
{
    (void)state;
    enum { LIMIT = 20000 };
    struct fault why;
    struct world world;
    const struct delivery_filter all = {.state = -1};
    struct report *reports = calloc(LIMIT, sizeof *reports);
    int settled = 0;
    assert_non_null(reports);
    world_prepare(&world);
    for (int round = 1; round <= ROUNDS; round++) {
        size_t count = kill_one(&world, round, reports, LIMIT);
        int64_t seen = 0;
        int64_t next = 0;
        assert_true(count > 0);
        world_open(&world);
        world_must(spool_position(world.reader, EVENTS_TOPIC, 0, &next, &why), &why);
        world_must(spool_deliveries(world.reader, &all, compare_offset, &seen, &why), &why);
        assert_int_equal(seen, 2 * next);
        for (size_t i = 0; i < count; i++) {
            settled += reports[i].delivered > 0;
            if (reports[i].arrived)
                assert_true(reports[i].arrived <= next);
            else
                world_must(spool_find_delivery(world.reader, reports[i].delivered, is_delivered,
                                               NULL, &why),
                           &why);
        }
        world_check(&world);
        world_close(&world);
    }
    assert_true(settled > ROUNDS);
    free(reports);
    world_remove(&world);
}

/* ---- damage ---- */

static bool note_damage(void *own, const struct spool_delivery *delivery)
{
    int64_t *damaged = own;
    if (delivery->is_damaged) {
        assert_null(delivery->event);
        *damaged = delivery->delivery;
    }
    return true;
}

static void a_damaged_event_is_given_as_such(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    int64_t damaged = 0;
    int findings = 0;
    const struct delivery_call call = {.partner = "hue", .now_ms = ARRIVED_MS * 2, .limit = 10};
    world_make(&world);
    for (int offset = 1; offset <= 3; offset++)
        world_arrive(&world, offset, offset, "hue");
    world_close(&world);
    flip_byte(world.file, "<event at 2>");
    world_open(&world);
    world_must(spool_due(world.reader, &call, note_damage, &damaged, &why), &why);
    assert_int_equal(damaged, delivery_of(2, 0));
    assert_false(spool_check(world.reader, count_finding, &findings, &why));
    assert_int_equal(findings, 1);
    world_settle_one(&world, SETTLE_DEAD, damaged);
    assert_due(&world, "hue", ARRIVED_MS * 2, "1.0@hue=W 3.0@hue=W");
    world_end(&world);
}

/* A change past the program, as a mistake or a hand in the file would make it. */
static void change_past(struct world *world, const char *sql)
{
    sqlite3 *database = NULL;
    assert_int_equal(sqlite3_open(world->file, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

static void the_check_finds_what_contradicts_itself(void **state)
{
    (void)state;
    static const char *const changes[] = {
        "UPDATE delivery SET state = 0 WHERE number = 2048",
        "UPDATE delivery SET state = 4 WHERE number = 1024",
        "UPDATE delivery SET state = 1 WHERE number = 1024",
        "UPDATE delivery SET state = 9 WHERE number = 2048",
        "UPDATE delivery_sum SET dead = 1",
        "DELETE FROM delivery_sum",
        "DELETE FROM arrival WHERE number = 1",
        "DELETE FROM delivery WHERE number = 2048",
        "INSERT INTO trail VALUES (5, 1, 0, 'attempt', 0, NULL)",
        "INSERT INTO file_use VALUES (x'00', 1, 99)",
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct fault why;
        struct world world;
        int findings = 0;
        world_make(&world);
        world_arrive(&world, 1, 1, "hue");
        world_arrive(&world, 2, 1, "hue");
        world_check(&world);
        world_close(&world);
        change_past(&world, changes[i]);
        world_open(&world);
        if (spool_check(world.reader, count_finding, &findings, &why))
            fail_msg("not found: %s", changes[i]);
        assert_int_equal(why.kind, FAULT_BROKEN);
        world_end(&world);
    }
}

/* ---- versions ---- */

/* What a file of version 4 had not. */
static void make_version_4(struct world *world)
{
    change_past(world, "DROP TABLE data_key; DROP TABLE master_key; DROP TABLE signature;"
                       "ALTER TABLE entry DROP COLUMN event_sealed;"
                       "ALTER TABLE entry DROP COLUMN original_sealed;"
                       "ALTER TABLE arrival DROP COLUMN sealed;"
                       "ALTER TABLE revision DROP COLUMN sealed;"
                       "PRAGMA user_version = 4");
}

/* What a file of version 3 had not. */
static void make_version_3(struct world *world)
{
    make_version_4(world);
    change_past(world, "ALTER TABLE placement DROP COLUMN committed_at; PRAGMA user_version = 3");
}

/* What a file of version 2 had not. */
static void make_version_2(struct world *world)
{
    make_version_3(world);
    change_past(world, "DROP TABLE audit; DELETE FROM setting WHERE name = 'audit_head';"
                       "DROP TABLE revision; DROP TABLE mended;"
                       "DROP TABLE former_id; DROP TABLE stuck; DROP TABLE failure;"
                       "DROP TABLE job; DROP TABLE job_item; DROP TABLE saved_filter;"
                       "DROP TABLE delivery_tally; DROP INDEX delivery_undone;"
                       "CREATE INDEX delivery_undone ON delivery (partner, lane, number, state)"
                       " WHERE state IN (0, 1, 2);"
                       "PRAGMA user_version = 2");
}

/* What a file of version 1 had not. */
static void make_version_1(struct world *world)
{
    make_version_2(world);
    change_past(world, "DROP TABLE arrival; DROP TABLE delivery; DROP TABLE delivery_sum;"
                       "DROP TABLE trail; DROP TABLE position; DROP TABLE paused;"
                       "DROP TABLE notice; DROP TABLE upload; DROP TABLE file_use;"
                       "DROP TABLE shortened;"
                       "PRAGMA user_version = 1");
}

static void a_spool_of_version_1_goes_on_with_its_backlog(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    struct spool_levels levels;
    world_make(&world);
    for (int id = 1; id <= 50; id++)
        (void)world_add_one(&world, id, id, 1);
    world_publish(&world, 20);
    world_close(&world);
    make_version_1(&world);
    assert_null(spool_reader_open(world.file, &why)); /* nothing changes it but the daemon */
    assert_int_equal(why.kind, FAULT_BROKEN);
    world_open(&world);
    spool_levels(world.spool, &levels);
    assert_int_equal(levels.last_number, 50);
    assert_int_equal(levels.unpublished, 30);
    world_arrive(&world, 1, 1, "hue");
    assert_int_equal(world_add_one(&world, 51, 1, 1).entry, 51);
    assert_int_equal(world_add_one(&world, 7, 7, 1).verdict, SPOOL_REPEATED);
    world_check(&world);
    world_end(&world);
}

static bool add_group(void *own, const struct failure_group *group)
{
    char *text = own;
    size_t used = strlen(text);
    (void)snprintf(text + used, 200 - used, "%s %" PRId64 "+%" PRId64 "; ", group->cause,
                   group->count, group->parked_behind);
    return true;
}

/* What was dead and parked before is counted from then on, and is mended as what comes later. */
static void a_spool_of_version_2_goes_on_with_what_is_stuck(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    struct parcel parcel;
    char text[200] = "";
    world_make(&world);
    for (int id = 1; id <= 12; id++) {
        parcel_begin(&parcel, "motcua", 1747035900000 + id);
        struct spool_item *item = parcel_item(&parcel, id, id % 4, 1);
        if (id < 4 || id == 12)
            item->cause = "R2 /From/OrganId";
        (void)world_add(&world, &parcel);
    }
    for (int i = 1; i <= 4; i++)
        world_arrive(&world, i, 1, i == 4 ? "-" : "hue");
    world_settle_one(&world, SETTLE_DEAD, delivery_of(1, 0));
    world_close(&world);
    make_version_2(&world);
    world_open(&world);
    world_check(&world);
    world_must(spool_failures(world.reader, add_group, text, &why), &why);
    assert_non_null(strstr(text, "R2 /From/OrganId 4+6; "));
    assert_non_null(strstr(text, "http:503 1+2; "));
    assert_non_null(strstr(text, "route /handoff/to_agency 1+0; "));
    world_must(spool_release(world.spool, 1, &why), &why);
    world_settle_one(&world, SETTLE_DISCARD, delivery_of(1, 0));
    world_check(&world);
    world_end(&world);
}

static void a_spool_of_version_3_does_not_know_when_it_published(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    struct spool_place place = {.number = 1, .partition = 2, .offset = 3};
    world_make(&world);
    (void)world_add_one(&world, 1, 1, 1);
    spool_published(world.spool, 1, &place, 1);
    world_close(&world);
    make_version_3(&world);
    world_open(&world);
    world_must(spool_place_of(world.reader, 1, &place, &why), &why);
    assert_int_equal(place.offset, 3);
    assert_int_equal(place.at_ms, 0);
    world_end(&world);
}

static void a_spool_of_version_4_stays_plain_and_takes_new_ones(void **state)
{
    (void)state;
    struct world world;
    world_make(&world);
    (void)world_add_one(&world, 1, 1, 1);
    world_arrive(&world, 1, 1, "hue");
    world_close(&world);
    make_version_4(&world);
    world_open(&world);
    assert_int_equal(world_add_one(&world, 2, 1, 1).entry, 2);
    assert_int_equal(world_add_one(&world, 1, 1, 1).verdict, SPOOL_REPEATED);
    world_arrive(&world, 2, 1, "hue");
    world_check(&world);
    world_end(&world);
}

static char *proved_of(struct world *world, int64_t entry)
{
    struct fault why;
    char *proved = NULL;
    world_must(spool_proved(world->reader, entry, &proved, &why), &why);
    return proved;
}

static void a_spool_of_version_4_keeps_what_is_proved_from_now_on(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    struct parcel parcel;
    int64_t pruned = 0;
    world_make(&world);
    (void)world_add_one(&world, 1, 1, 1);
    world_close(&world);
    make_version_4(&world);
    world_open(&world);
    parcel_begin(&parcel, "motcua", 1747035900000);
    (void)parcel_item(&parcel, 2, 2, 1);
    (void)parcel_item(&parcel, 3, 3, 1);
    parcel.document.proved = "[{\"method\": \"jws\"}]";
    struct answer answer = world_add(&world, &parcel);
    for (size_t i = 0; i < answer.count; i++) { /* each item is of the document */
        char *proved = proved_of(&world, answer.receipts[i].entry);
        assert_string_equal(proved, parcel.document.proved);
        free(proved);
    }
    assert_null(proved_of(&world, 1));
    world_publish(&world, 3);
    world_settle(&world);
    world_must(spool_prune(world.spool, INT64_MAX, &pruned, &why), &why);
    assert_int_equal(pruned, 3);
    world_check(&world);
    world_close(&world);
    change_past(&world, "INSERT INTO signature VALUES (2, '')"); /* whose place is free again */
    world_remove(&world);
}

static void a_spool_of_the_future_is_refused(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    world_make(&world);
    world_close(&world);
    change_past(&world, "PRAGMA user_version = 6");
    assert_null(spool_open(&world.options, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);
    assert_null(spool_reader_open(world.file, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);
    world_remove(&world);
}

/* A file that cannot be brought to this version stays what it was. */
static void an_upgrade_that_fails_changes_nothing(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    world_make(&world);
    (void)world_add_one(&world, 1, 1, 1);
    world_close(&world);
    make_version_1(&world);
    change_past(&world, "CREATE TABLE trail (is_in_the_way)");
    assert_null(spool_open(&world.options, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);
    change_past(&world, "DROP TABLE trail");
    world_open(&world);
    world_arrive(&world, 1, 1, "hue");
    world_check(&world);
    world_end(&world);
}

/* ---- everybody at once ---- */

enum { CROWD_EVENTS = 600 };

struct crowd {
    struct world world;
    pthread_mutex_t lock;
    pthread_cond_t rung;
    int64_t rings; /* guarded by lock */
};

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    (void)fprintf(stderr, "in a thread: %s\n", what);
    abort();
}

static void ring(void *own)
{
    struct crowd *crowd = own;
    (void)pthread_mutex_lock(&crowd->lock);
    crowd->rings++;
    (void)pthread_cond_broadcast(&crowd->rung);
    (void)pthread_mutex_unlock(&crowd->lock);
}

static void *arrive_all(void *own)
{
    struct crowd *crowd = own;
    for (int64_t first = 0; first < CROWD_EVENTS; first += BATCH)
        arrive_batch(&crowd->world, first);
    return NULL;
}

struct courier {
    struct crowd *crowd;
    const char *partner;
    struct spool_settlement settlements[BATCH];
    size_t count;
    int64_t last[LANES + 1]; /* offset delivered last, by dossier */
    bool is_settled;         /* guarded by the crowd's lock */
};

static bool deliver_one(void *own, const struct spool_delivery *delivery)
{
    struct courier *courier = own;
    int dossier = (int)delivery->offset % LANES + 1;
    must(delivery->event, "it has its event");
    must(delivery->offset > courier->last[dossier], "a lane is in order");
    courier->last[dossier] = delivery->offset;
    courier->settlements[courier->count++] = (struct spool_settlement){
        .delivery = delivery->delivery, .kind = SETTLE_DELIVERED, .is_attempt = true};
    return true;
}

static void note_courier(void *own, const struct fault *why)
{
    struct courier *courier = own;
    must(!why, "it is settled");
    (void)pthread_mutex_lock(&courier->crowd->lock);
    courier->is_settled = true;
    (void)pthread_cond_broadcast(&courier->crowd->rung);
    (void)pthread_mutex_unlock(&courier->crowd->lock);
}

static void settle_all(struct courier *courier)
{
    struct crowd *crowd = courier->crowd;
    struct fault why;
    courier->is_settled = false;
    must(spool_settle(crowd->world.spool, courier->settlements, courier->count, note_courier,
                      courier, &why),
         "it can be settled");
    (void)pthread_mutex_lock(&crowd->lock);
    while (!courier->is_settled)
        (void)pthread_cond_wait(&crowd->rung, &crowd->lock);
    (void)pthread_mutex_unlock(&crowd->lock);
}

static void wait_for_ring(struct crowd *crowd, int64_t seen)
{
    (void)pthread_mutex_lock(&crowd->lock);
    while (crowd->rings == seen)
        (void)pthread_cond_wait(&crowd->rung, &crowd->lock);
    (void)pthread_mutex_unlock(&crowd->lock);
}

static int64_t rings_of(struct crowd *crowd)
{
    (void)pthread_mutex_lock(&crowd->lock);
    int64_t rings = crowd->rings;
    (void)pthread_mutex_unlock(&crowd->lock);
    return rings;
}

/* Looks for what is due whenever it is woken, until all of its events are through. */
static void *deliver_all(void *own)
{
    struct courier *courier = own;
    struct crowd *crowd = courier->crowd;
    struct fault why;
    struct spool_reader *reader = spool_reader_open(crowd->world.file, &why);
    const struct delivery_call call = {
        .partner = courier->partner, .now_ms = ARRIVED_MS * 2, .limit = BATCH};
    must(reader, "a reader opens");
    for (int i = 0; i <= LANES; i++)
        courier->last[i] = -1;
    for (int delivered = 0; delivered < CROWD_EVENTS; delivered += (int)courier->count) {
        int64_t seen = rings_of(crowd);
        courier->count = 0;
        must(spool_due(reader, &call, deliver_one, courier, &why), "it can be read");
        if (courier->count > 0)
            settle_all(courier);
        else
            wait_for_ring(crowd, seen);
    }
    spool_reader_close(reader);
    return NULL;
}

static void arriving_and_delivering_go_on_side_by_side(void **state)
{
    (void)state;
    struct fault why;
    struct crowd *crowd = calloc(1, sizeof *crowd);
    pthread_t threads[3];
    assert_non_null(crowd);
    struct courier couriers[] = {{.crowd = crowd, .partner = "hue"},
                                 {.crowd = crowd, .partner = "hanoi"}};
    (void)pthread_mutex_init(&crowd->lock, NULL);
    (void)pthread_cond_init(&crowd->rung, NULL);
    world_make(&crowd->world);
    world_must(spool_on_delivery(crowd->world.spool, ring, crowd, &why), &why);
    assert_int_equal(pthread_create(&threads[0], NULL, arrive_all, crowd), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[1 + i], NULL, deliver_all, &couriers[i]), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    spool_off_delivery(crowd->world.spool, crowd);
    const struct delivery_filter left = {.state = DELIVERY_WAITING};
    assert_deliveries(&crowd->world, &left, "");
    world_check(&crowd->world);
    world_end(&crowd->world);
    (void)pthread_cond_destroy(&crowd->rung);
    (void)pthread_mutex_destroy(&crowd->lock);
    free(crowd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_arrived_and_was_settled_survives_a_kill),
        cmocka_unit_test(a_damaged_event_is_given_as_such),
        cmocka_unit_test(the_check_finds_what_contradicts_itself),
        cmocka_unit_test(a_spool_of_version_1_goes_on_with_its_backlog),
        cmocka_unit_test(a_spool_of_version_2_goes_on_with_what_is_stuck),
        cmocka_unit_test(a_spool_of_version_3_does_not_know_when_it_published),
        cmocka_unit_test(a_spool_of_version_4_stays_plain_and_takes_new_ones),
        cmocka_unit_test(a_spool_of_version_4_keeps_what_is_proved_from_now_on),
        cmocka_unit_test(a_spool_of_the_future_is_refused),
        cmocka_unit_test(an_upgrade_that_fails_changes_nothing),
        cmocka_unit_test(arriving_and_delivering_go_on_side_by_side),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
