/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "house.h"
#include "realm.h"
#include "spool_world.h"

#include "operate/job_runner.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MANY = 600, TEXT_SIZE = 1600, PATIENCE_MS = 60000, SEEN_MOST = 700 };

static const char partners[] =
    "partners:\n"
    "- {id: motcua, name: M, agencies: [H09.40.12], adapters: [lienthong-xml]}\n";

ENDS_WITH_SCOPE(struct spool_reader *, spool_reader_close)

/* A spool of dead entries, and a runner that has no Kafka. */
struct yard {
    struct house *house;
    struct realm realm;
    struct world world;
    struct directory_place *place;
    struct mender mender;
    struct job_runner *runner;
};

static bool never_needs(void *own, const char *partner)
{
    (void)own;
    (void)partner;
    return false;
}

static void yard_open(struct yard *yard, struct house *house)
{
    struct fault why;
    *yard = (struct yard){.house = house};
    realm_begin(&yard->realm);
    scratch_write(yard->realm.partners, partners);
    yard->place = directory_place_open(&yard->realm.options, &why);
    assert_non_null(yard->place);
    yard->mender = (struct mender){
        .adapters = house->adapters, .schema = house->schema, .schema_no = 1, .place = yard->place};
    world_make(&yard->world);
}

static void run_jobs(struct yard *yard)
{
    struct fault why;
    const struct job_runner_options options = {.spool = yard->world.spool,
                                               .spool_file = yard->world.file,
                                               .mender = &yard->mender,
                                               .needs_approval = never_needs};
    yard->runner = job_runner_start(&options, &why);
    world_must(yard->runner, &why);
}

static void yard_close(struct yard *yard)
{
    job_runner_stop(yard->runner);
    if (yard->world.spool)
        world_close(&yard->world);
    world_remove(&yard->world);
    directory_place_close(yard->place);
    realm_end(&yard->realm);
}

/* What one dead entry's document says. */
struct text {
    int id, dossier;
    const char *agency;
    const char *due; /* a day */
};

static int64_t bury(struct yard *yard, const struct text *text)
{
    static char document[TEXT_SIZE];
    struct parcel parcel;
    parcel_begin(&parcel, "motcua", 1740000000000 + text->id);
    struct spool_item *item = parcel_item(&parcel, text->id, 0, 1);
    item->event = NULL;
    item->event_size = 0;
    item->event_type = NULL;
    item->schema_no = 0;
    item->cause = "agency /Dossier/ReceivingAgency";
    item->detail = "x";
    int size = snprintf(
        document, sizeof document,
        "<HandoffMessage xmlns=\"urn:x-lienthong:handoff:1\" version=\"1.0\">"
        "<Envelope><MessageId>id-%d</MessageId><MessageType>HANDOFF</MessageType>"
        "<OccurredAt>2025-02-19T08:00:00+07:00</OccurredAt></Envelope>"
        "<Handoff><HandoffId>HO-%d</HandoffId><From><AgencyCode>H09.40.12</AgencyCode></From>"
        "<To><AgencyCode>000.00.40.H09</AgencyCode></To></Handoff>"
        "<Dossier><DossierCode>H09.40.12-250219-%05d</DossierCode>"
        "<ReceivingAgency>%s</ReceivingAgency><DueAt>%sT17:00:00+07:00</DueAt>"
        "<Applicant><Kind>1</Kind><FullName>Trần Văn Thử</FullName></Applicant></Dossier>"
        "</HandoffMessage>",
        text->id, text->id, text->dossier, text->agency, text->due);
    assert_true(size < TEXT_SIZE);
    parcel.document.bytes = document;
    parcel.document.size = (size_t)size;
    digest_sha256(document, (size_t)size, parcel.document.sha256);
    return world_add(&yard->world, &parcel).receipts[0].entry;
}

static int64_t make_job(const struct yard *yard, const char *options)
{
    struct fault why;
    int64_t job = 0;
    const struct spool_job what = {.kind = "entries",
                                   .filter = "{\"filter\":{}}",
                                   .options = options,
                                   .author = "user:an",
                                   .reason = "thử",
                                   .made_ms = 1};
    const struct spool_record record = {.actor = {.name = "user:an"},
                                        .act = "job",
                                        .object = "",
                                        .reason = "thử",
                                        .outcome = "done",
                                        .detail = "",
                                        .at_ms = 1};
    world_must(spool_job_make(yard->world.spool, &what, &record, &job, &why), &why);
    return job;
}

/* ---- looking ---- */

struct seen {
    enum job_state state;
    int64_t counts[ITEM_SKIPPED + 1];
};

static bool see(void *own, const struct spool_job *job)
{
    struct seen *seen = own;
    seen->state = job->state;
    memcpy(seen->counts, job->counts, sizeof seen->counts);
    return false;
}

static struct seen look(struct spool_reader *reader, int64_t job)
{
    struct fault why;
    struct seen seen;
    world_must(spool_job(reader, job, see, &seen, &why), &why);
    return seen;
}

static void nap(void)
{
    const struct timespec moment = {.tv_nsec = 2000000};
    (void)nanosleep(&moment, NULL);
}

/* Waits until the job is in the state, or has so many done. */
static struct seen await(struct spool_reader *reader, int64_t job, enum job_state state,
                         int64_t done)
{
    for (int waited = 0;; waited += 2) {
        struct seen seen = look(reader, job);
        if (seen.state == state || seen.counts[ITEM_DONE] >= done)
            return seen;
        assert_true(waited < PATIENCE_MS);
        nap();
    }
}

static void turn(const struct yard *yard, int64_t job, enum job_state state)
{
    struct fault why;
    world_must(spool_job_state(yard->world.spool, job, state, NULL, NULL, &why), &why);
    if (yard->runner)
        job_runner_wake(yard->runner);
}

/* Native ids in the order in which they go to Kafka. */
struct queue {
    int64_t entries[SEEN_MOST];
    size_t count;
};

static bool enqueue(void *own, const struct spool_entry *entry)
{
    struct queue *queue = own;
    if (entry->state == ENTRY_DEAD || entry->notice)
        return true;
    assert_true(queue->count < SEEN_MOST);
    queue->entries[queue->count++] = entry->entry;
    return true;
}

static void read_queue(struct spool_reader *reader, struct queue *queue)
{
    struct fault why;
    int64_t damaged;
    const struct spool_range all = {.after = 0, .limit = 10 * SEEN_MOST};
    queue->count = 0;
    world_must(spool_next(reader, all, enqueue, queue, &damaged, &why), &why);
}

/* ---- tests ---- */

static void a_preview_tries_all_and_changes_nothing(void **state)
{
    struct yard yard;
    struct queue queue;
    yard_open(&yard, *state);
    for (int i = 1; i <= 30; i++)
        (void)bury(&yard, &(struct text){i, i, i % 3 ? "H09.40.12" : "H09.99.99", "2025-05-26"});
    int64_t job = make_job(&yard, "{}");
    run_jobs(&yard);
    struct seen seen = await(yard.world.reader, job, JOB_PREVIEWED, INT64_MAX);
    assert_int_equal(seen.counts[ITEM_WOULD_PASS], 20);
    assert_int_equal(seen.counts[ITEM_WOULD_FAIL], 10);
    read_queue(yard.world.reader, &queue);
    assert_int_equal(queue.count, 0);
    yard_close(&yard);
}

/* Which dossier and due day each has, and in which order they have to go. */
static const struct {
    struct text text;
    int place;
} order[] = {
    {{1, 1, "H09.40.12", "2025-06-30"}, 2}, /* goes with 3, which is behind it and due sooner */
    {{2, 2, "H09.40.12", "2025-05-10"}, 1}, {{3, 1, "H09.40.12", "2025-05-20"}, 3},
    {{4, 3, "H09.40.12", "2025-05-01"}, 0}, {{5, 1, "H09.40.12", "2025-06-01"}, 4},
};
enum { ORDERED = sizeof order / sizeof order[0] };

static void the_overdue_go_first_and_a_dossier_keeps_its_order(void **state)
{
    static const char *const options[] = {"{}", "{\"rate_per_s\":20}"};
    for (size_t way = 0; way < 2; way++) {
        struct yard yard;
        struct queue queue;
        int64_t entries[ORDERED];
        yard_open(&yard, *state);
        for (size_t i = 0; i < ORDERED; i++)
            entries[i] = bury(&yard, &order[i].text);
        int64_t job = make_job(&yard, options[way]);
        run_jobs(&yard);
        (void)await(yard.world.reader, job, JOB_PREVIEWED, INT64_MAX);
        turn(&yard, job, JOB_RUNNING);
        (void)await(yard.world.reader, job, JOB_DONE, INT64_MAX);
        read_queue(yard.world.reader, &queue);
        assert_int_equal(queue.count, ORDERED);
        for (size_t i = 0; i < ORDERED; i++)
            assert_int_equal(queue.entries[order[i].place], entries[i]);
        yard_close(&yard);
    }
}

static void a_cancelled_job_does_nothing_more(void **state)
{
    struct yard yard;
    struct queue queue;
    yard_open(&yard, *state);
    for (int i = 1; i <= 100; i++)
        (void)bury(&yard, &(struct text){i, i, "H09.40.12", "2025-05-26"});
    int64_t job = make_job(&yard, "{\"rate_per_s\":50}");
    run_jobs(&yard);
    (void)await(yard.world.reader, job, JOB_PREVIEWED, INT64_MAX);
    turn(&yard, job, JOB_RUNNING);
    (void)await(yard.world.reader, job, JOB_DONE, 5);
    turn(&yard, job, JOB_CANCELLED);
    struct seen seen = look(yard.world.reader, job);
    for (int i = 0; i < 100; i++)
        nap();
    read_queue(yard.world.reader, &queue);
    assert_int_equal(queue.count, seen.counts[ITEM_DONE]);
    assert_true(queue.count >= 5 && queue.count < 100);
    yard_close(&yard);
}

/* ---- kill -9 ---- */

static _Noreturn void be_killed(struct yard *yard)
{
    world_open(&yard->world);
    run_jobs(yard);
    for (;;)
        (void)pause();
}

static void kill_when(struct yard *yard, int64_t job, enum job_state state, int64_t done)
{
    struct fault why;
    (void)fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        be_killed(yard);
    auto_free(spool_reader_close) struct spool_reader *reader =
        spool_reader_open(yard->world.file, &why);
    world_must(reader, &why);
    (void)await(reader, job, state, done);
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

static int by_value(const void *one, const void *other)
{
    const int64_t *left = one, *right = other;
    return *left < *right ? -1 : *left > *right;
}

static void a_job_that_is_killed_goes_on_and_each_goes_out_once(void **state)
{
    struct yard yard;
    static struct queue queue;
    yard_open(&yard, *state);
    for (int i = 1; i <= MANY; i++)
        (void)bury(&yard, &(struct text){i, i, "H09.40.12", "2025-05-26"});
    int64_t job = make_job(&yard, "{\"rate_per_s\":400}");
    world_close(&yard.world);
    kill_when(&yard, job, JOB_PREVIEWED, INT64_MAX);
    world_open(&yard.world);
    turn(&yard, job, JOB_RUNNING);
    world_close(&yard.world);
    for (int64_t done = 60; done <= 300; done += 60)
        kill_when(&yard, job, JOB_DONE, done);

    world_open(&yard.world);
    run_jobs(&yard);
    struct seen seen = await(yard.world.reader, job, JOB_DONE, INT64_MAX);
    assert_int_equal(seen.counts[ITEM_DONE], MANY);
    read_queue(yard.world.reader, &queue);
    assert_int_equal(queue.count, MANY);
    qsort(queue.entries, queue.count, sizeof queue.entries[0], by_value);
    for (size_t i = 1; i < queue.count; i++)
        assert_true(queue.entries[i] != queue.entries[i - 1]);
    yard_close(&yard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_preview_tries_all_and_changes_nothing),
        cmocka_unit_test(the_overdue_go_first_and_a_dossier_keeps_its_order),
        cmocka_unit_test(a_cancelled_job_does_nothing_more),
        cmocka_unit_test(a_job_that_is_killed_goes_on_and_each_goes_out_once),
    };
    return cmocka_run_group_tests(tests, house_open, house_close);
}
