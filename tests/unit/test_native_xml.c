/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway's own XML says everything that an event says, whatever happened. */
#include "unit.h"

#include "adapt/adapter.h"
#include "base/cleanup.h"
#include "event/render.h"

ENDS_WITH_SCOPE(struct schema *, schema_free)
ENDS_WITH_SCOPE(struct adapters *, adapters_free)
ENDS_WITH_SCOPE(struct workbench *, workbench_free)
ENDS_WITH_SCOPE(struct adapt_written *, adapt_written_free)

enum { PATH_SIZE = 100 };

static const struct adapt_limits limits = {.document_bytes = 1 << 20,
                                           .depth = 64,
                                           .nodes = 20000,
                                           .attributes = 64,
                                           .names = 1000,
                                           .text_bytes = 1 << 16,
                                           .items = 10,
                                           .problems = 20};

/** Fields that hold no text of just any kind, and what they hold here. */
static const struct {
    const char *path, *text;
} texts[] = {
    {"dossier_code", "H09.40.12-260303-0412"},
    {"receiving_agency", "H09.40.12"},
    {"competent_agency", "000.00.40.H09"},
    {"holder_agency", "H09.40"},
    {"handoff.from_agency", "H09.40.12"},
    {"handoff.to_agency", "H09.40"},
    {"applicant.id_number", "099190000001"},
    {"outcome.kind", "REFUSED"},
    {"documents[].role", "SUPPLEMENT"},
    {"documents[].digitised", "0"},
    {"documents[].sha256", "3fdba35f04dc8c462986c992bcf875546257113072a909c162f7e470e581e278"},
};

/** What a message does not carry: the gateway's own, and what belongs to the source's document. */
static const char *const apart[] = {"event_id",     "received_at", "source",
                                    "source_extra", "tags",        "trace_id"};

struct round {
    struct schema *schema;
    struct adapters *adapters;
    struct workbench *bench;
    const struct adapter *adapter;
    avro_value_t event;
    json_t *before, *after;
    int64_t moment; /**< so that no two times are the same */
};

/* ---- an event in which every field says something ---- */

static void fill(struct round *round, const char *path, avro_value_t *value);

static const char *text_for(const char *path)
{
    for (size_t at = 0; at < sizeof texts / sizeof texts[0]; at++)
        if (strcmp(texts[at].path, path) == 0)
            return texts[at].text;
    return path;
}

static void fill_record(struct round *round, const char *path, avro_value_t *value)
{
    struct fault why;
    size_t count = 0;
    if (*path)
        assert_true(schema_reset_record(round->schema, value, &why));
    assert_int_equal(avro_value_get_size(value, &count), 0);
    for (size_t at = 0; at < count; at++) {
        avro_value_t field;
        const char *name = NULL;
        char below[PATH_SIZE];
        assert_int_equal(avro_value_get_by_index(value, at, &field, &name), 0);
        (void)snprintf(below, sizeof below, "%s%s%s", path, *path ? "." : "", name);
        fill(round, below, &field);
    }
}

static void fill_items(struct round *round, const char *path, avro_value_t *value)
{
    static const char *const keys[] = {"first", "second"};
    bool is_map = avro_value_get_type(value) == AVRO_MAP;
    for (size_t at = 0; at < sizeof keys / sizeof keys[0]; at++) {
        avro_value_t item;
        char below[PATH_SIZE];
        (void)snprintf(below, sizeof below, "%s%s", path, is_map ? "{}" : "[]");
        assert_int_equal(is_map ? avro_value_add(value, keys[at], &item, NULL, NULL)
                                : avro_value_append(value, &item, NULL),
                         0);
        fill(round, below, &item);
    }
}

static void fill_scalar(struct round *round, const char *path, avro_value_t *value)
{
    avro_type_t type = avro_value_get_type(value);
    if (type == AVRO_STRING)
        assert_int_equal(avro_value_set_string(value, text_for(path)), 0);
    else if (type == AVRO_INT32)
        assert_int_equal(avro_value_set_int(value, 7), 0);
    else if (type == AVRO_INT64)
        assert_int_equal(avro_value_set_long(value, round->moment += 61001), 0);
    else if (type == AVRO_BOOLEAN)
        assert_int_equal(avro_value_set_boolean(value, true), 0);
    else /* each test sets it */
        assert_string_equal(path, "event_type");
}

static void fill(struct round *round, const char *path, avro_value_t *value)
{
    avro_type_t type = avro_value_get_type(value);
    avro_value_t branch;
    if (type == AVRO_UNION) {
        assert_int_equal(avro_value_set_branch(value, 1, &branch), 0);
        fill(round, path, &branch);
    } else if (type == AVRO_RECORD)
        fill_record(round, path, value);
    else if (type == AVRO_ARRAY || type == AVRO_MAP)
        fill_items(round, path, value);
    else
        fill_scalar(round, path, value);
}

/* Which events are without a time says the tag alone. */
static void leave_tags(struct round *round)
{
    avro_value_t tags;
    assert_int_equal(avro_value_get_by_name(&round->event, "tags", &tags, NULL), 0);
    assert_int_equal(avro_value_reset(&tags), 0);
}

static void set_type(struct round *round, int type)
{
    avro_value_t place;
    assert_int_equal(avro_value_get_by_name(&round->event, "event_type", &place, NULL), 0);
    assert_int_equal(avro_value_set_enum(&place, type), 0);
}

/* ---- the round ---- */

static json_t *what_is_said(const struct round *round, const avro_value_t *event)
{
    struct fault why;
    json_t *said = render_event(round->schema, event, RENDER_FULL, &why);
    assert_non_null(said);
    for (size_t at = 0; at < sizeof apart / sizeof apart[0]; at++)
        assert_int_equal(json_object_del(said, apart[at]), 0);
    return said;
}

static bool take(void *own, const struct adapt_item *item, struct fault *why)
{
    struct round *round = own;
    (void)why;
    assert_null(round->after);
    round->after = what_is_said(round, &item->event);
    return true;
}

static void show_problems(const struct reading *reading, const char *document)
{
    for (size_t at = 0; at < reading->problem_count; at++)
        print_error("%s at %s\n", rule_code(reading->problems[at].rule),
                    reading->problems[at].path);
    if (reading->problem_count)
        fail_msg("%s", document);
}

static void compare(const struct round *round)
{
    const char *key;
    json_t *value;
    json_object_foreach (round->before, key, value) {
        json_t *after = json_object_get(round->after, key);
        if (!json_equal(value, after)) {
            print_error("%s:\n", key);
            json_dumpf(value, stderr, JSON_ENCODE_ANY);
            json_dumpf(after, stderr, JSON_ENCODE_ANY);
            fail();
        }
    }
}

static void go_round(struct round *round)
{
    struct fault why = {0};
    struct reading reading = {0};
    struct adapt_written written = {0};
    auto_free(adapt_written_free) struct adapt_written *document = &written;
    round->before = what_is_said(round, &round->event);
    if (!adapt_write(round->bench, round->adapter, &round->event, NULL, document, &why))
        fail_msg("%s", why.text);
    const struct adapt_document posted = {.bytes = document->bytes,
                                          .size = document->size,
                                          .candidates = &round->adapter,
                                          .candidate_count = 1};
    assert_true(adapt_read(round->bench, &posted, take, round, &reading, &why));
    show_problems(&reading, document->bytes);
    compare(round);
    json_decref(round->before);
    json_decref(round->after);
    round->after = NULL;
}

static int set_up(void **state)
{
    static struct round round;
    struct fault why;
    round.moment = INT64_C(1772500000000);
    round.schema = schema_load("schemas/dossier-event.avsc", &why);
    assert_non_null(round.schema);
    round.adapters = adapters_load("adapters", round.schema, &limits, &why);
    if (!round.adapters)
        fail_msg("%s", why.text);
    round.bench = workbench_new(round.adapters, &why);
    round.adapter = adapters_find(round.adapters, "lienthong-xml");
    assert_non_null(round.bench);
    assert_non_null(round.adapter);
    assert_int_equal(avro_generic_value_new(round.schema->iface, &round.event), 0);
    assert_true(schema_reset(round.schema, &round.event, &why));
    *state = &round;
    return 0;
}

static int tear_down(void **state)
{
    struct round *round = *state;
    avro_value_decref(&round->event);
    workbench_free(round->bench);
    adapters_free(round->adapters);
    schema_free(round->schema);
    return 0;
}

static size_t type_count(const struct round *round)
{
    avro_schema_t types = avro_schema_record_field_get(round->schema->avro, "event_type");
    return (size_t)avro_schema_enum_number_of_symbols(types);
}

static void every_field_of_every_event_comes_back(void **state)
{
    struct round *round = *state;
    fill(round, "", &round->event);
    leave_tags(round);
    for (size_t type = 1; type < type_count(round); type++) { /* 0 is UNKNOWN: nothing happened */
        set_type(round, (int)type);
        go_round(round);
    }
}

static void an_event_that_says_little_comes_back(void **state)
{
    static const char *const said[] = {"dossier_code", "event_id"};
    struct round *round = *state;
    for (size_t at = 0; at < sizeof said / sizeof said[0]; at++) {
        avro_value_t place;
        assert_int_equal(avro_value_get_by_name(&round->event, said[at], &place, NULL), 0);
        assert_int_equal(avro_value_set_string(&place, text_for(said[at])), 0);
    }
    avro_value_t occurred_at;
    assert_int_equal(avro_value_get_by_name(&round->event, "occurred_at", &occurred_at, NULL), 0);
    assert_int_equal(avro_value_set_long(&occurred_at, round->moment), 0);
    avro_schema_t types = avro_schema_record_field_get(round->schema->avro, "event_type");
    set_type(round, avro_schema_enum_get_by_name(types, "SNAPSHOT"));
    go_round(round);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_field_of_every_event_comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_event_that_says_little_comes_back, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
