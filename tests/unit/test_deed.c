/* SPDX-License-Identifier: Apache-2.0 */
/* What people do to entries: what they may, what comes of it, and that it is on record. */
#include "delivery_world.h"

#include "base/cleanup.h"
#include "spool/deed.h"

#include <signal.h>
#include <sys/wait.h>

enum { AT_MS = 5000 };

static uint8_t first_hash[SHA256_SIZE]; /* of "<mended>" */

static struct spool_deed deed_of(enum deed_kind kind, int64_t entry, const char *actor)
{
    static const char *const acts[] = {
        [DEED_RELEASE] = "release", [DEED_DISCARD] = "discard",   [DEED_PROPOSE] = "propose",
        [DEED_APPROVE] = "approve", [DEED_WITHDRAW] = "withdraw", [DEED_APPLY] = "apply"};
    digest_sha256("<mended>", strlen("<mended>"), first_hash);
    return (struct spool_deed){
        .kind = kind,
        .entry = entry,
        .revision = kind >= DEED_APPROVE ? 1 : 0,
        .sha256 = kind == DEED_APPROVE || kind == DEED_APPLY ? first_hash : NULL,
        .bytes = kind == DEED_PROPOSE ? "<mended>" : NULL,
        .size = kind == DEED_PROPOSE ? strlen("<mended>") : 0,
        .record = {.actor = {.name = actor},
                   .act = acts[kind],
                   .object = "entry",
                   .reason = "a reason",
                   .at_ms = AT_MS},
    };
}

static void must_do(struct world *world, const struct spool_deed *deed)
{
    struct fault why;
    world_must(spool_do(world->spool, deed, NULL, NULL, &why), &why);
}

static void must_refuse(struct world *world, const struct spool_deed *deed, const char *text)
{
    struct fault why;
    assert_false(spool_do(world->spool, deed, NULL, NULL, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    assert_string_equal(why.text, text);
}

static void do_one(struct world *world, enum deed_kind kind, int64_t entry, const char *actor)
{
    const struct spool_deed deed = deed_of(kind, entry, actor);
    must_do(world, &deed);
}

/* An entry that is dead on arrival: of a dossier (0: it could not be read), with an event or not.
 */
static int64_t add_dead(struct world *world, int id, int dossier, bool has_event)
{
    struct parcel parcel;
    parcel_begin(&parcel, "motcua", 1747035900000 + id);
    struct spool_item *item = parcel_item(&parcel, id, dossier, 1);
    item->cause = "R2 /From/OrganId";
    item->detail = "no such agency";
    if (!has_event) {
        item->event = NULL;
        item->event_type = NULL;
        item->schema_no = 0;
    }
    return world_add(world, &parcel).receipts[0].entry;
}

/* Applies revision 1 of an entry: what comes out is an event of `dossier` with the id `id`. */
static bool apply(struct world *world, int64_t entry, int id, int dossier, bool may_be_stale,
                  struct fault *why)
{
    struct parcel parcel;
    bool is_stale = false;
    struct spool_deed deed = deed_of(DEED_APPLY, entry, "user:lan");
    parcel_begin(&parcel, "motcua", 1);
    deed.item = parcel_item(&parcel, id, dossier, 2);
    deed.may_be_stale = may_be_stale;
    parcel.items[0].due_at_ms = 77;
    memset(parcel.items[0].event_id, 7, UUID_SIZE);
    bool is_done = spool_do(world->spool, &deed, NULL, &is_stale, why);
    assert_true(!is_stale || !is_done);
    return is_done;
}

static void mend(struct world *world, int64_t entry, int id, int dossier)
{
    struct fault why;
    do_one(world, DEED_PROPOSE, entry, "user:lan");
    world_must(apply(world, entry, id, dossier, false, &why), &why);
}

/* "NUMBER:ENTRY" of all that the publisher gets above `after`; dead ones with a "!". */
struct next {
    char text[400];
};

static bool add_next(void *own, const struct spool_entry *entry)
{
    struct next *next = own;
    size_t used = strlen(next->text);
    if (!entry->notice)
        (void)snprintf(next->text + used, sizeof next->text - used, "%s%" PRId64 ":%" PRId64 "%s",
                       used ? " " : "", entry->number, entry->entry,
                       entry->state == ENTRY_DEAD ? "!" : "");
    return true;
}

static void assert_next(struct world *world, int64_t after, const char *expected)
{
    struct fault why;
    struct next next = {""};
    int64_t damaged;
    world_must(spool_next(world->reader, (struct spool_range){after, 100}, add_next, &next,
                          &damaged, &why),
               &why);
    assert_string_equal(next.text, expected);
}

/* The words of the record: "ACT/OUTCOME" and the detail when there is one. */
static bool add_act(void *own, const struct spool_audited *entry)
{
    struct next *next = own;
    size_t used = strlen(next->text);
    (void)snprintf(next->text + used, sizeof next->text - used, "%s%s/%s%s", used ? " " : "",
                   entry->record.act, entry->record.outcome, entry->record.detail);
    return true;
}

static void assert_record(struct world *world, const char *expected)
{
    struct fault why;
    struct next next = {""};
    world_must(spool_audited(world->reader, &(struct audit_range){0}, add_act, &next, &why), &why);
    assert_string_equal(next.text, expected);
}

/* ---- mending ---- */

struct found {
    struct spool_entry entry;
    char event[64], native_id[32], dossier_code[48], event_type[16];
};

static bool take_entry(void *own, const struct spool_entry *entry)
{
    struct found *found = own;
    found->entry = *entry;
    if (entry->event)
        (void)snprintf(found->event, sizeof found->event, "%.*s", (int)entry->event_size,
                       entry->event);
    (void)snprintf(found->native_id, sizeof found->native_id, "%s", entry->native_id);
    (void)snprintf(found->dossier_code, sizeof found->dossier_code, "%s", entry->dossier_code);
    (void)snprintf(found->event_type, sizeof found->event_type, "%s", entry->event_type);
    assert_int_equal(entry->event_id[3], 7);
    return true;
}

static void a_mended_entry_has_its_new_event_and_its_old_original(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    struct found found = {.event = ""};
    size_t size;
    world_make(&world);
    int64_t entry = add_dead(&world, 1, 0, false);
    mend(&world, entry, 9, 3);
    world_must(spool_find(world.reader, entry, take_entry, &found, &why), &why);
    assert_int_equal(found.entry.state, ENTRY_RELEASED);
    assert_int_equal(found.entry.number, 2);
    assert_int_equal(found.entry.revision, 1);
    assert_int_equal(found.entry.due_at_ms, 77);
    assert_string_equal(found.event, "<event 9 of 3, version 2>");
    assert_string_equal(found.native_id, "id-9");
    assert_string_equal(found.event_type, "SUBMITTED");
    assert_string_equal(found.dossier_code, "000.12.40.H09-250512-0003");
    auto_free(free) char *original = spool_original(world.reader, entry, &size, &why);
    assert_string_equal(original, "<original of <event 1 of 0, version 1>>");
    assert_next(&world, 0, "2:1");
    world_check(&world);
    world_end(&world);
}

static void what_comes_again_in_its_old_or_its_new_shape_is_a_repeat(void **state)
{
    (void)state;
    struct world world;
    struct parcel parcel;
    world_make(&world);
    int64_t entry = add_dead(&world, 1, 5, true);
    mend(&world, entry, 9, 5);
    struct spool_receipt old = world_add_one(&world, 1, 5, 1);
    struct spool_receipt new = world_add_one(&world, 9, 5, 2);
    assert_int_equal(old.verdict, SPOOL_REPEATED);
    assert_int_equal(old.entry, entry);
    assert_int_equal(new.verdict, SPOOL_REPEATED);
    assert_int_equal(new.entry, entry);
    parcel_begin(&parcel, "motcua", 5);
    (void)parcel_item(&parcel, 9, 5, 3);
    assert_int_equal(world_add(&world, &parcel).receipts[0].verdict, SPOOL_CONFLICT);
    world_check(&world);
    world_end(&world);
}

static void an_id_that_another_entry_has_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    world_make(&world);
    (void)world_add_one(&world, 9, 2, 1);
    int64_t entry = add_dead(&world, 1, 3, false);
    do_one(&world, DEED_PROPOSE, entry, "user:lan");
    assert_false(apply(&world, entry, 9, 3, false, &why));
    assert_string_equal(why.text, "spool: another entry has the id that the revision gives");
    assert_next(&world, 0, "1:1 2:2!");
    world_check(&world);
    world_must(apply(&world, entry, 10, 3, false, &why), &why);
    world_check(&world);
    world_end(&world);
}

/* A conflict is kept under its content; mended, it has an id of its own. */
static void a_conflict_is_mended_by_giving_it_an_id_of_its_own(void **state)
{
    (void)state;
    struct world world;
    world_make(&world);
    (void)world_add_one(&world, 1, 2, 1);
    struct spool_receipt conflict = world_add_one(&world, 1, 2, 7);
    assert_int_equal(conflict.verdict, SPOOL_CONFLICT);
    mend(&world, conflict.entry, 50, 2);
    world_check(&world);
    assert_int_equal(world_add_one(&world, 1, 2, 7).entry, conflict.entry);
    assert_int_equal(world_add_one(&world, 50, 2, 2).verdict, SPOOL_REPEATED);
    assert_next(&world, 0, "1:1 3:2");
    world_end(&world);
}

static void pruning_forgets_a_mended_entry_whole(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    int64_t count;
    world_make(&world);
    int64_t entry = add_dead(&world, 1, 5, false);
    mend(&world, entry, 9, 5);
    world_publish(&world, 2);
    world_must(spool_prune(world.spool, INT64_MAX, &count, &why), &why);
    assert_int_equal(count, 1);
    world_check(&world);
    assert_int_equal(world_add_one(&world, 1, 5, 1).verdict, SPOOL_STORED);
    assert_int_equal(world_add_one(&world, 9, 5, 2).verdict, SPOOL_STORED);
    world_check(&world);
    world_end(&world);
}

static void what_kafka_will_not_take_is_mended_again(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    struct found found = {.event = ""};
    uint8_t hash[SHA256_SIZE];
    struct parcel parcel;
    world_make(&world);
    int64_t entry = add_dead(&world, 1, 5, false);
    mend(&world, entry, 9, 5);
    world_must(spool_bury(world.spool, 2, "too_large", "over 1 MB", &why), &why);
    struct spool_deed deed = deed_of(DEED_PROPOSE, entry, "user:lan");
    deed.bytes = "<smaller>";
    deed.size = strlen(deed.bytes);
    must_do(&world, &deed);
    digest_sha256(deed.bytes, deed.size, hash);
    deed = deed_of(DEED_APPLY, entry, "user:lan");
    parcel_begin(&parcel, "motcua", 1);
    deed.item = parcel_item(&parcel, 11, 5, 2);
    memset(parcel.items[0].event_id, 7, UUID_SIZE);
    deed.revision = 2;
    deed.sha256 = hash;
    must_do(&world, &deed);
    world_must(spool_find(world.reader, entry, take_entry, &found, &why), &why);
    assert_int_equal(found.entry.revision, 2);
    assert_next(&world, 0, "3:1");
    assert_int_equal(world_add_one(&world, 1, 5, 1).verdict, SPOOL_REPEATED);
    world_check(&world);
    world_end(&world);
}

/* ---- lanes ---- */

/* The promise of it all: entry 2 of a dossier fails, 3 to 5 wait, and all go out in order. */
static void a_dossier_goes_on_in_its_order_when_its_dead_one_is_mended(void **state)
{
    (void)state;
    struct world world;
    world_make(&world);
    (void)world_add_one(&world, 1, 1, 1);
    int64_t dead = add_dead(&world, 2, 1, false);
    for (int id = 3; id <= 5; id++)
        (void)world_add_one(&world, id, 1, 1);
    (void)world_add_one(&world, 6, 2, 1);
    assert_next(&world, 0, "1:1 2:2! 6:6");
    world_publish(&world, 6);
    mend(&world, dead, 2, 1);
    assert_next(&world, 6, "7:2 8:3 9:4 10:5");
    world_check(&world);
    world_end(&world);
}

static void one_that_had_no_dossier_takes_its_place_by_its_first_number(void **state)
{
    (void)state;
    struct world world;
    world_make(&world);
    int64_t before = add_dead(&world, 1, 0, false);
    int64_t head = add_dead(&world, 2, 1, true);
    int64_t between = add_dead(&world, 3, 0, false);
    (void)world_add_one(&world, 4, 1, 1);
    mend(&world, before, 1, 1); /* stands before the lane's dead one */
    assert_next(&world, 4, "5:1");
    mend(&world, between, 3, 1); /* waits behind it */
    assert_next(&world, 5, "");
    do_one(&world, DEED_RELEASE, head, "user:lan");
    assert_next(&world, 5, "6:2 7:3 8:4");
    world_check(&world);
    world_end(&world);
}

/* Its dossier goes on past it, and it comes into the lane when it is mended. */
static void one_that_stands_aside_holds_up_nothing_until_it_is_mended(void **state)
{
    (void)state;
    struct world world;
    struct parcel parcel;
    world_make(&world);
    parcel_begin(&parcel, "motcua", 1);
    for (int id = 1; id <= 2; id++) {
        struct spool_item *item = parcel_item(&parcel, id, 1, 1);
        item->cause = "agency /From";
        item->event = NULL;
        item->stands_aside = true;
    }
    (void)world_add(&world, &parcel);
    int64_t head = add_dead(&world, 3, 2, true);
    (void)world_add_one(&world, 4, 1, 1);
    (void)world_add_one(&world, 5, 2, 1);
    assert_next(&world, 0, "1:1! 2:2! 3:3! 4:4"); /* 5 waits behind 3, and 4 behind nothing */
    world_check(&world);
    mend(&world, 1, 1, 3);
    mend(&world, 2, 2, 2); /* stands before 3 */
    assert_next(&world, 5, "6:1 7:2");
    do_one(&world, DEED_RELEASE, head, "user:lan");
    assert_next(&world, 7, "8:3 9:5");
    world_check(&world);
    world_end(&world);
}

static void one_that_leaves_its_lane_opens_it(void **state)
{
    (void)state;
    struct world world;
    world_make(&world);
    int64_t dead = add_dead(&world, 1, 1, false);
    (void)world_add_one(&world, 2, 1, 1);
    (void)world_add_one(&world, 3, 1, 1);
    mend(&world, dead, 1, 2);
    assert_next(&world, 3, "4:1 5:2 6:3");
    world_check(&world);
    world_end(&world);
}

/* ---- staleness ---- */

static void a_release_after_a_later_event_needs_a_word(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    bool is_stale = false;
    world_make(&world);
    int64_t dead = add_dead(&world, 1, 0, false);
    (void)world_add_one(&world, 2, 1, 1);
    world_publish(&world, 2);
    do_one(&world, DEED_PROPOSE, dead, "user:lan");
    assert_false(apply(&world, dead, 1, 1, false, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    world_must(spool_is_stale(world.reader, dead, "000.12.40.H09-250512-0001", &is_stale, &why),
               &why);
    assert_true(is_stale);
    world_must(spool_is_stale(world.reader, dead, "000.12.40.H09-250512-0002", &is_stale, &why),
               &why);
    assert_false(is_stale);
    world_must(spool_is_stale(world.reader, dead, NULL, &is_stale, &why), &why);
    assert_false(is_stale);
    assert_next(&world, 2, "");
    world_must(apply(&world, dead, 1, 1, true, &why), &why);
    assert_next(&world, 2, "3:1");
    world_check(&world);
    world_end(&world);
}

/* What is ready has a lower number than a release gets: it goes out first. */
static void a_later_event_that_is_on_its_way_makes_it_stale_too(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    world_make(&world);
    int64_t dead = add_dead(&world, 1, 0, false);
    (void)world_add_one(&world, 2, 1, 1);
    do_one(&world, DEED_PROPOSE, dead, "user:lan");
    assert_false(apply(&world, dead, 1, 1, false, &why));
    world_end(&world);
}

/* ---- who may ---- */

static void what_does_not_fit_is_refused_with_its_reason(void **state)
{
    (void)state;
    static const struct {
        enum deed_kind kind;
        const char *actor;
        const char *steps; /* p: proposed by lan; a: approved by minh; w: withdrawn */
        const char *text;
    } cases[] = {
        {DEED_RELEASE, "user:lan", "", "spool: the entry has no event that could be published"},
        {DEED_APPROVE, "user:minh", "", "spool: there is no such revision"},
        {DEED_APPLY, "user:minh", "", "spool: there is no such revision"},
        {DEED_WITHDRAW, "user:minh", "", "spool: there is no such revision"},
        {DEED_APPROVE, "user:lan", "p", "spool: nobody approves what he wrote himself"},
        {DEED_APPROVE, "user:minh", "pa", "spool: the revision is not in a state for that"},
        {DEED_APPROVE, "user:minh", "pw", "spool: the revision is not in a state for that"},
        {DEED_APPROVE, "user:minh", "pp", "spool: there is a newer revision"},
        {DEED_APPLY, "user:lan", "p", "spool: another person has to approve the revision first"},
        {DEED_APPLY, "user:lan", "pw", "spool: the revision is not in a state for that"},
        {DEED_APPLY, "user:lan", "pap", "spool: there is a newer revision"},
        {DEED_WITHDRAW, "user:lan", "pw", "spool: the revision is not in a state for that"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world world;
        struct parcel parcel;
        world_make(&world);
        int64_t entry = add_dead(&world, 1, 1, false);
        for (const char *step = cases[i].steps; *step; step++)
            do_one(&world,
                   *step == 'p'   ? DEED_PROPOSE
                   : *step == 'a' ? DEED_APPROVE
                                  : DEED_WITHDRAW,
                   entry, *step == 'a' ? "user:minh" : "user:lan");
        struct spool_deed deed = deed_of(cases[i].kind, entry, cases[i].actor);
        parcel_begin(&parcel, "motcua", 1);
        deed.item = parcel_item(&parcel, 1, 1, 2);
        deed.needs_approval = true;
        must_refuse(&world, &deed, cases[i].text);
        assert_next(&world, 0, "1:1!");
        world_check(&world);
        world_end(&world);
    }
}

static void nothing_is_done_to_what_is_not_dead(void **state)
{
    (void)state;
    struct world world;
    world_make(&world);
    int64_t entry = world_add_one(&world, 1, 1, 1).entry;
    for (enum deed_kind kind = DEED_RELEASE; kind <= DEED_APPLY; kind++) {
        const struct spool_deed deed = deed_of(kind, entry, "user:lan");
        const struct spool_deed nowhere = deed_of(kind, 99, "user:lan");
        must_refuse(&world, &deed, "spool: the entry is not dead");
        must_refuse(&world, &nowhere, "spool: there is no such entry");
    }
    world_end(&world);
}

static void an_approval_binds_to_what_was_looked_at(void **state)
{
    (void)state;
    struct world world;
    static const uint8_t other[SHA256_SIZE] = {1};
    world_make(&world);
    int64_t entry = add_dead(&world, 1, 1, false);
    do_one(&world, DEED_PROPOSE, entry, "user:lan");
    struct spool_deed deed = deed_of(DEED_APPROVE, entry, "user:minh");
    deed.sha256 = other;
    must_refuse(&world, &deed, "spool: the revision is not what was looked at");
    deed.sha256 = NULL;
    must_refuse(&world, &deed, "spool: the revision is not what was looked at");
    do_one(&world, DEED_APPROVE, entry, "user:minh");
    world_end(&world);
}

static void an_approved_revision_is_applied_by_its_author(void **state)
{
    (void)state;
    struct world world;
    struct parcel parcel;
    world_make(&world);
    int64_t entry = add_dead(&world, 1, 1, false);
    do_one(&world, DEED_PROPOSE, entry, "user:lan");
    do_one(&world, DEED_APPROVE, entry, "user:minh");
    struct spool_deed deed = deed_of(DEED_APPLY, entry, "user:lan");
    parcel_begin(&parcel, "motcua", 1);
    deed.item = parcel_item(&parcel, 1, 1, 2);
    deed.needs_approval = true;
    must_do(&world, &deed);
    must_refuse(&world, &deed, "spool: the entry is not dead");
    assert_next(&world, 0, "2:1");
    world_end(&world);
}

struct revisions {
    char text[200];
    char bytes[32];
};

static bool add_revision(void *own, const struct spool_revision *revision)
{
    struct revisions *revisions = own;
    size_t used = strlen(revisions->text);
    (void)snprintf(revisions->text + used, sizeof revisions->text - used, "%s%d %s %s %d",
                   used ? ", " : "", revision->no, revision->author,
                   revision->approver ? revision->approver : "-", revision->state);
    if (revision->bytes)
        (void)snprintf(revisions->bytes, sizeof revisions->bytes, "%.*s", (int)revision->size,
                       revision->bytes);
    return true;
}

static void revisions_tell_who_wrote_and_who_approved_them(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    struct revisions revisions = {"", ""};
    int32_t revision = 0;
    world_make(&world);
    int64_t entry = add_dead(&world, 1, 1, false);
    do_one(&world, DEED_PROPOSE, entry, "user:lan");
    do_one(&world, DEED_APPROVE, entry, "user:minh");
    do_one(&world, DEED_WITHDRAW, entry, "user:minh");
    struct spool_deed deed = deed_of(DEED_PROPOSE, entry, "user:hoa");
    deed.bytes = "<better>";
    world_must(spool_do(world.spool, &deed, &revision, NULL, &why), &why);
    assert_int_equal(revision, 2);
    world_must(spool_revisions(world.reader, entry, 2, add_revision, &revisions, &why), &why);
    assert_string_equal(revisions.text, "1 user:lan user:minh 3, 2 user:hoa - 0");
    assert_string_equal(revisions.bytes, "<better>");
    world_end(&world);
}

/* ---- the record ---- */

static void what_is_done_and_what_is_refused_is_on_record(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    struct audit_finding finding;
    int64_t count;
    world_make(&world);
    int64_t entry = add_dead(&world, 1, 0, false);
    (void)world_add_one(&world, 2, 1, 1);
    do_one(&world, DEED_PROPOSE, entry, "user:lan");
    assert_false(apply(&world, entry, 1, 1, false, &why));
    do_one(&world, DEED_DISCARD, entry, "user:lan");
    char expected[400];
    char hex[SHA256_HEX_SIZE];
    digest_hex(first_hash, SHA256_SIZE, hex);
    (void)snprintf(expected, sizeof expected,
                   "propose/done{\"revision\":1,\"sha256\":\"%s\"}"
                   " apply/refused{\"refused\":\"spool: a later event of the dossier is out"
                   " already\",\"revision\":1,\"sha256\":\"%s\",\"stale\":true} discard/done",
                   hex, hex);
    assert_record(&world, expected);
    world_must(spool_audit_verify(world.reader, &count, &finding, &why), &why);
    assert_int_equal(count, 3);
    world_end(&world);
}

static void a_detail_that_the_caller_gives_is_kept(void **state)
{
    (void)state;
    struct world world;
    world_make(&world);
    struct spool_deed deed = deed_of(DEED_RELEASE, add_dead(&world, 1, 1, true), "user:lan");
    deed.record.detail = "{\"job\": 7}";
    must_do(&world, &deed);
    must_refuse(&world, &deed, "spool: the entry is not dead");
    assert_record(&world, "release/done{\"job\":7}"
                          " release/refused{\"job\":7,\"refused\":\"spool: the entry is not"
                          " dead\"}");
    world_end(&world);
}

static void a_job_does_many_at_once_each_by_itself(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    struct spool_deed deeds[3];
    struct deed_outcome outcomes[3];
    world_make(&world);
    for (int i = 0; i < 3; i++) {
        deeds[i] = deed_of(DEED_RELEASE, add_dead(&world, i + 1, i + 1, i != 1), "gateway");
        deeds[i].record.act = NULL;
    }
    world_must(spool_do_all(world.spool, deeds, 3, outcomes, &why), &why);
    assert_true(outcomes[0].is_done && outcomes[2].is_done);
    assert_false(outcomes[1].is_done);
    assert_int_equal(outcomes[1].why.kind, FAULT_REFUSE);
    assert_next(&world, 3, "4:1 5:3");
    assert_record(&world, "");
    world_check(&world);
    world_end(&world);
}

static void a_word_about_a_delivery_or_a_partner_is_on_record_too(void **state)
{
    (void)state;
    struct fault why;
    struct world world;
    const struct spool_record record = {.actor = {.name = "user:lan"},
                                        .act = "retry",
                                        .object = "delivery:d-1024",
                                        .reason = "it works again"};
    const struct spool_settlement settlement = {
        .delivery = delivery_of(1, 0), .kind = SETTLE_RELEASE, .at_ms = AT_MS};
    world_make(&world);
    world_arrive(&world, 1, 1, "hue");
    world_settle_one(&world, SETTLE_DEAD, delivery_of(1, 0));
    world_must(spool_settle_on_record(world.spool, &settlement, &record, &why), &why);
    assert_false(spool_settle_on_record(world.spool, &settlement, &record, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    world_must(spool_pause_partner(world.spool, "hue", true, &world_word, &why), &why);
    assert_record(&world, "settle/done retry/done retry/refused settle/done");
    world_check(&world);
    world_end(&world);
}

/* ---- kill -9 ---- */

enum { ILL = 300, KILLS = 10 };

/* The child: mends or discards whatever is still dead, with its number as the act's object. */
static void mend_until_killed(struct world *world, int pipe)
{
    struct fault why;
    world->spool = spool_open(&world->options, &why);
    if (!world->spool)
        _exit(2);
    for (int entry = 1; entry <= ILL; entry++) {
        char object[16];
        struct parcel parcel;
        (void)snprintf(object, sizeof object, "%d", entry);
        struct spool_deed propose = deed_of(DEED_PROPOSE, entry, "user:lan");
        struct spool_deed last = deed_of(entry % 3 ? DEED_APPLY : DEED_DISCARD, entry, "user:lan");
        parcel_begin(&parcel, "motcua", 1);
        last.item = parcel_item(&parcel, 1000 + entry, entry % 20 + 1, 2);
        last.may_be_stale = true;
        last.record.object = object;
        if (!spool_do(world->spool, &propose, &last.revision, NULL, &why))
            continue; /* an earlier child was here */
        if (!spool_do(world->spool, &last, NULL, NULL, &why) || write(pipe, "", 1) != 1)
            _exit(3);
    }
    if (write(pipe, "", 1) != 1) /* done before it was killed */
        _exit(3);
    for (;;)
        (void)pause();
}

static void kill_one(struct world *world, int round)
{
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(ends[0]);
        mend_until_killed(world, ends[1]);
    }
    (void)close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1); /* it is at work */
    (void)usleep((useconds_t)(round * 7919 % 5000));
    (void)kill(child, SIGKILL);
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

/* Which entries have a word on record that ended them. */
static bool note_act(void *own, const struct spool_audited *entry)
{
    bool *are_done = own;
    if (strcmp(entry->record.act, "propose") != 0)
        are_done[strtol(entry->record.object, NULL, 10)] = true;
    return true;
}

static bool is_dead(void *own, const struct spool_entry *entry)
{
    bool is_mended = entry->state == ENTRY_RELEASED || entry->state == ENTRY_PARKED;
    *(bool *)own = entry->state == ENTRY_DEAD;
    assert_true((entry->revision > 0) == is_mended);
    return true;
}

/* Every deed and its record are both there, or neither is. */
static void check_after_kill(struct world *world)
{
    struct fault why;
    bool are_done[ILL + 1] = {false};
    world_check(world);
    world_must(spool_audited(world->reader, &(struct audit_range){0}, note_act, are_done, &why),
               &why);
    for (int entry = 1; entry <= ILL; entry++) {
        bool is_still_dead;
        world_must(spool_find(world->reader, entry, is_dead, &is_still_dead, &why), &why);
        assert_true(is_still_dead != are_done[entry]);
    }
}

static void a_kill_leaves_a_deed_and_its_record_or_neither(void **state)
{
    (void)state;
    struct world world;
    world_make(&world);
    for (int id = 1; id <= ILL; id++)
        assert_int_equal(add_dead(&world, id, id % 25, id % 2), id);
    for (int round = 0; round < KILLS; round++) {
        world_close(&world);
        kill_one(&world, round);
        world_open(&world);
        check_after_kill(&world);
    }
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mended_entry_has_its_new_event_and_its_old_original),
        cmocka_unit_test(what_comes_again_in_its_old_or_its_new_shape_is_a_repeat),
        cmocka_unit_test(an_id_that_another_entry_has_is_refused_and_changes_nothing),
        cmocka_unit_test(a_conflict_is_mended_by_giving_it_an_id_of_its_own),
        cmocka_unit_test(pruning_forgets_a_mended_entry_whole),
        cmocka_unit_test(what_kafka_will_not_take_is_mended_again),
        cmocka_unit_test(a_dossier_goes_on_in_its_order_when_its_dead_one_is_mended),
        cmocka_unit_test(one_that_had_no_dossier_takes_its_place_by_its_first_number),
        cmocka_unit_test(one_that_stands_aside_holds_up_nothing_until_it_is_mended),
        cmocka_unit_test(one_that_leaves_its_lane_opens_it),
        cmocka_unit_test(a_release_after_a_later_event_needs_a_word),
        cmocka_unit_test(a_later_event_that_is_on_its_way_makes_it_stale_too),
        cmocka_unit_test(what_does_not_fit_is_refused_with_its_reason),
        cmocka_unit_test(nothing_is_done_to_what_is_not_dead),
        cmocka_unit_test(an_approval_binds_to_what_was_looked_at),
        cmocka_unit_test(an_approved_revision_is_applied_by_its_author),
        cmocka_unit_test(revisions_tell_who_wrote_and_who_approved_them),
        cmocka_unit_test(what_is_done_and_what_is_refused_is_on_record),
        cmocka_unit_test(a_detail_that_the_caller_gives_is_kept),
        cmocka_unit_test(a_job_does_many_at_once_each_by_itself),
        cmocka_unit_test(a_word_about_a_delivery_or_a_partner_is_on_record_too),
        cmocka_unit_test(a_kill_leaves_a_deed_and_its_record_or_neither),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
