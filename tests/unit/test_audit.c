/* SPDX-License-Identifier: Apache-2.0 */
/* The record of acts: what is on it, that it cannot be changed unseen, and that it is told. */
#include "spool_world.h"

#include "base/cleanup.h"
#include "spool/audit.h"

#include <sqlite3.h>

enum { ACTS = 20 };

static struct spool_record record_of(const char *actor, const char *act, const char *object)
{
    return (struct spool_record){.actor = {.name = actor, .address = "127.0.0.1"},
                                 .act = act,
                                 .object = object,
                                 .reason = "because",
                                 .outcome = "done",
                                 .detail = "",
                                 .at_ms = 1747035900000};
}

static void audit(struct world *world, const char *actor, const char *act, const char *object)
{
    struct fault why;
    const struct spool_record record = record_of(actor, act, object);
    world_must(spool_audit(world->spool, &record, &why), &why);
}

static void audit_many(struct world *world, int count)
{
    for (int i = 1; i <= count; i++) {
        char object[32];
        (void)snprintf(object, sizeof object, "entry:%d", i);
        audit(world, i % 2 ? "user:lan" : "user:minh", i % 5 ? "release" : "unmask", object);
    }
}

/* Past the program, as somebody would who wants to hide something. */
static void change_past(struct world *world, const char *sql)
{
    sqlite3 *database = NULL;
    world_close(world);
    assert_int_equal(sqlite3_open(world->file, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    world_open(world);
}

/* ---- reading ---- */

struct seen {
    int64_t numbers[ACTS];
    size_t count;
};

static bool see(void *own, const struct spool_audited *entry)
{
    struct seen *seen = own;
    assert_true(seen->count < ACTS);
    seen->numbers[seen->count++] = entry->number;
    return true;
}

static void acts_are_numbered_from_1_without_gaps(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    struct seen seen = {.count = 0};
    world_make(&world);
    audit_many(&world, ACTS);
    world_must(spool_audited(world.reader, &(struct audit_range){0}, see, &seen, &why), &why);
    assert_int_equal(seen.count, ACTS);
    for (int i = 0; i < ACTS; i++)
        assert_int_equal(seen.numbers[i], i + 1);
    world_end(&world);
}

static void lists_are_narrowed_and_go_both_ways(void **state)
{
    (void)state;
    static const struct {
        struct audit_range range;
        size_t count;
        int64_t first;
    } cases[] = {
        {{.limit = 3}, 3, 1},
        {{.after = 18}, 2, 19},
        {{.backwards = true, .limit = 2}, 2, 20},
        {{.backwards = true, .after = 5}, 4, 4},
        {{.actor = "user:lan"}, 10, 1},
        {{.actor = "user:lan", .after = 3, .limit = 1}, 1, 5},
        {{.act = "unmask"}, 4, 5},
        {{.act = "unmask", .actor = "user:minh"}, 2, 10},
        {{.object = "entry:7"}, 1, 7},
        {{.object = "entry:7", .actor = "user:minh"}, 0, 0},
        {{.object = "entry:21"}, 0, 0},
        {{.from_ms = 1747035900001}, 0, 0},
        {{.from_ms = 1747035900000, .to_ms = 1747035900001}, 20, 1},
        {{.to_ms = 1747035900000}, 0, 0},
    };
    struct fault why;
    struct world world;
    world_make(&world);
    audit_many(&world, ACTS);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct seen seen = {.count = 0};
        world_must(spool_audited(world.reader, &cases[i].range, see, &seen, &why), &why);
        assert_int_equal(seen.count, cases[i].count);
        if (seen.count > 0)
            assert_int_equal(seen.numbers[0], cases[i].first);
    }
    world_end(&world);
}

static bool read_whole(void *own, const struct spool_audited *entry)
{
    bool *is_read = own;
    const struct spool_record *record = &entry->record;
    struct fault why;
    auto_free(free) char *text = audit_text(entry, &why);
    assert_non_null(text);
    assert_string_equal(text, "{\"act\":\"login-failed\",\"actor\":\"user:l?n\",\"address\":null,"
                              "\"at\":5,\"detail\":\"\",\"number\":1,\"object\":\"\",\"outcome\":"
                              "\"refused\",\"reason\":\"Nguy\xe1\xbb\x85n\\n? \\\"x\\\"\"}");
    assert_null(record->actor.address);
    assert_string_equal(record->outcome, "refused");
    *is_read = true;
    return true;
}

/* A name of broken bytes is tried at the door too. */
static void an_act_is_kept_as_text_whatever_was_given(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    bool is_read = false;
    const struct spool_record record = {.actor = {.name = "user:l\xffn"},
                                        .act = "login-failed",
                                        .reason = "Nguy\xe1\xbb\x85n\n\a \"x\"",
                                        .outcome = "refused",
                                        .at_ms = 5};
    world_make(&world);
    world_must(spool_audit(world.spool, &record, &why), &why);
    world_must(spool_audited(world.reader, &(struct audit_range){0}, read_whole, &is_read, &why),
               &why);
    assert_true(is_read);
    world_end(&world);
}

static bool measure(void *own, const struct spool_audited *entry)
{
    *(size_t *)own = strlen(entry->record.reason);
    return true;
}

static void a_text_without_end_is_cut(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    size_t size = 0;
    struct spool_record record = record_of("user:lan", "discard", "entry:1");
    auto_free(free) char *reason = calloc(1, 1 << 20);
    assert_non_null(reason);
    memset(reason, 'x', (1 << 20) - 1);
    record.reason = reason;
    world_make(&world);
    world_must(spool_audit(world.spool, &record, &why), &why);
    world_must(spool_audited(world.reader, &(struct audit_range){0}, measure, &size, &why), &why);
    assert_int_equal(size, AUDIT_TEXT_LIMIT);
    world_end(&world);
}

/* ---- proof ---- */

static void the_record_holds_over_restarts(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    struct audit_finding finding;
    int64_t count = -1;
    world_make(&world);
    world_must(spool_audit_verify(world.reader, &count, &finding, &why), &why);
    assert_int_equal(count, 0);
    for (int i = 1; i <= 3; i++) {
        audit_many(&world, 5);
        world_close(&world);
        world_open(&world);
        world_must(spool_audit_verify(world.reader, &count, &finding, &why), &why);
        assert_int_equal(count, 5 * i);
    }
    world_end(&world);
}

static void whatever_is_done_to_the_record_is_found_and_located(void **state)
{
    (void)state;
    static const struct {
        const char *change;
        int64_t number;
        const char *text;
    } cases[] = {
        {"UPDATE audit SET reason = 'Because' WHERE number = 7", 7, "entry 7 was changed"},
        {"UPDATE audit SET at = at + 1 WHERE number = 1", 1, "entry 1 was changed"},
        {"UPDATE audit SET actor = CAST(x'ff' AS TEXT) WHERE number = 20", 20,
         "entry 20 was changed"},
        {"UPDATE audit SET address = NULL WHERE number = 4", 4, "entry 4 was changed"},
        {"UPDATE audit SET hash = zeroblob(32) WHERE number = 9", 9, "entry 9 was changed"},
        {"UPDATE audit SET hash = x'00' WHERE number = 9", 9, "entry 9 was changed"},
        {"DELETE FROM audit WHERE number = 5", 5, "entry 5 is missing"},
        {"DELETE FROM audit WHERE number BETWEEN 3 AND 6", 3, "entries 3 to 6 are missing"},
        {"DELETE FROM audit WHERE number = 1", 1, "entry 1 is missing"},
        {"DELETE FROM audit WHERE number = 20", 20, "entry 20 is missing"},
        {"DELETE FROM audit WHERE number > 17", 18, "entries 18 to 20 are missing"},
        {"DELETE FROM audit", 1, "entries 1 to 20 are missing"},
        {"DELETE FROM audit WHERE number = 8; UPDATE audit SET number = number - 1"
         " WHERE number > 8",
         8, "entry 8 was changed"},
        {"UPDATE audit SET number = 100 WHERE number = 6;"
         "UPDATE audit SET number = 6 WHERE number = 7;"
         "UPDATE audit SET number = 7 WHERE number = 100",
         6, "entries 6 and 7 are out of order: they were swapped"},
        {"UPDATE audit SET number = 100 WHERE number = 2;"
         "UPDATE audit SET number = 2 WHERE number = 19;"
         "UPDATE audit SET number = 19 WHERE number = 100",
         2, "entries 2 and 19 are out of order: they were swapped"},
        {"INSERT INTO audit SELECT 21, at, actor, address, act, object, reason, outcome, detail,"
         " hash FROM audit WHERE number = 20",
         21, "entry 21 was changed"},
        {"INSERT INTO audit SELECT 0, at, actor, address, act, object, reason, outcome, detail,"
         " hash FROM audit WHERE number = 20",
         1, "entry 1 was changed"},
        {"DELETE FROM setting WHERE name = 'audit_head'", 1,
         "entry 1 was added past the end that is kept apart"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fault why;
        struct world world;
        struct audit_finding finding;
        int64_t count;
        world_make(&world);
        audit_many(&world, ACTS);
        change_past(&world, cases[i].change);
        if (spool_audit_verify(world.reader, &count, &finding, &why))
            fail_msg("not found: %s", cases[i].change);
        assert_int_equal(why.kind, FAULT_REFUSE);
        assert_string_equal(finding.text, cases[i].text);
        assert_int_equal(finding.number, cases[i].number);
        world_end(&world);
    }
}

/* Every byte of the file counts, not only those that the tests above think of. */
static void a_flipped_bit_anywhere_in_an_entry_is_found(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    struct audit_finding finding;
    int64_t count;
    static const char *const columns[] = {"actor",  "address", "act",   "object",
                                          "reason", "outcome", "detail"};
    world_make(&world);
    audit_many(&world, 3);
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        char sql[160];
        (void)snprintf(sql, sizeof sql, "UPDATE audit SET %s = %s || ' ' WHERE number = 2",
                       columns[i], columns[i]);
        change_past(&world, sql);
        assert_false(spool_audit_verify(world.reader, &count, &finding, &why));
        assert_int_equal(finding.number, 2);
        (void)snprintf(sql, sizeof sql, "UPDATE audit SET %s = rtrim(%s) WHERE number = 2",
                       columns[i], columns[i]);
        change_past(&world, sql);
        world_must(spool_audit_verify(world.reader, &count, &finding, &why), &why);
    }
    world_end(&world);
}

/* ---- telling ---- */

static char *encode(void *own, const struct spool_audited *entry, size_t *size)
{
    char *datum = NULL;
    int *calls = own;
    ++*calls;
    if (strcmp(entry->record.act, "unspeakable") == 0)
        return NULL;
    int written = asprintf(&datum, "<%s by %s>", entry->record.act, entry->record.actor.name);
    assert_true(written > 0);
    *size = (size_t)written;
    return datum;
}

static bool read_notice(void *own, const struct spool_entry *entry)
{
    int *seen = own;
    assert_non_null(entry->notice);
    assert_string_equal(entry->notice->topic, "audit");
    assert_int_equal(entry->notice->schema_no, 1);
    assert_int_equal(entry->notice->size, strlen("<login by user:lan>"));
    assert_memory_equal(entry->notice->datum, "<login by user:lan>", entry->notice->size);
    ++*seen;
    return true;
}

static void every_act_is_told_on_kafka(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    int calls = 0;
    int seen = 0;
    int64_t damaged;
    world_make(&world);
    world_must(spool_audit_schema(world.spool, 1, encode, &calls, &why), &why);
    audit(&world, "user:lan", "login", "");
    world_must(
        spool_next(world.reader, (struct spool_range){0, 10}, read_notice, &seen, &damaged, &why),
        &why);
    assert_int_equal(seen, 1);
    assert_int_equal(calls, 1);
    assert_true(spool_wait_above(world.spool, 0, 0));
    world_end(&world);
}

static void an_act_that_cannot_be_told_is_not_done(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    struct audit_finding finding;
    int64_t count;
    int calls = 0;
    const struct spool_record record = record_of("user:lan", "unspeakable", "");
    world_make(&world);
    world_must(spool_audit_schema(world.spool, 1, encode, &calls, &why), &why);
    audit(&world, "user:lan", "login", "");
    assert_false(spool_audit(world.spool, &record, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);
    audit(&world, "user:lan", "login", "");
    world_must(spool_audit_verify(world.reader, &count, &finding, &why), &why);
    assert_int_equal(count, 2);
    world_end(&world);
}

static void pruning_leaves_the_record_alone(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    struct audit_finding finding;
    int64_t count;
    world_make(&world);
    audit_many(&world, ACTS);
    world_must(spool_prune(world.spool, INT64_MAX, &count, &why), &why);
    world_must(spool_audit_verify(world.reader, &count, &finding, &why), &why);
    assert_int_equal(count, ACTS);
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acts_are_numbered_from_1_without_gaps),
        cmocka_unit_test(lists_are_narrowed_and_go_both_ways),
        cmocka_unit_test(an_act_is_kept_as_text_whatever_was_given),
        cmocka_unit_test(a_text_without_end_is_cut),
        cmocka_unit_test(the_record_holds_over_restarts),
        cmocka_unit_test(whatever_is_done_to_the_record_is_found_and_located),
        cmocka_unit_test(a_flipped_bit_anywhere_in_an_entry_is_found),
        cmocka_unit_test(every_act_is_told_on_kafka),
        cmocka_unit_test(an_act_that_cannot_be_told_is_not_done),
        cmocka_unit_test(pruning_leaves_the_record_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
