/* SPDX-License-Identifier: Apache-2.0 */
/* The adapters of the house, and documents that go through two of them. */
#ifndef UNIT_HOUSE_H
#define UNIT_HOUSE_H

#include "limits.h"
#include "unit.h"

#include "adapt/adapter.h"
#include "base/cleanup.h"
#include "base/file.h"

ENDS_WITH_SCOPE(struct adapt_written *, adapt_written_free)

/* What the gateway would set. */
#define HOUSE_EVENT_ID "6b0c6c2e-2c1b-5a80-9d3e-0f6f0b2a7c11"

struct house {
    struct schema *schema;
    struct adapters *adapters;
    struct workbench *bench;
};

static inline int house_open(void **state)
{
    static struct house house;
    struct fault why = {0};
    *state = &house; /* closed also when it does not open */
    house.schema = schema_load("schemas/dossier-event.avsc", &why);
    assert_non_null(house.schema);
    house.adapters = adapters_load("adapters", house.schema, &usual_limits, &why);
    if (!house.adapters)
        fail_msg("%s", why.text);
    house.bench = workbench_new(house.adapters, &why);
    assert_non_null(house.bench);
    return 0;
}

static inline int house_close(void **state)
{
    struct house *house = *state;
    workbench_free(house->bench);
    adapters_free(house->adapters);
    schema_free(house->schema);
    return 0;
}

static inline const struct adapter *house_adapter(const struct house *house, const char *name)
{
    const struct adapter *adapter = adapters_find(house->adapters, name);
    assert_non_null(adapter);
    return adapter;
}

/* A fixture that the named adapter accepts; the caller owns it. */
static inline char *house_fixture(const char *name, size_t *size)
{
    char path[200];
    struct fault why = {0};
    (void)snprintf(path, sizeof path, "adapters/%s", name);
    char *bytes = file_read(path, 1 << 20, size, &why);
    if (!bytes)
        fail_msg("%s", why.text);
    return bytes;
}

/* One document on its way from one format to another. */
struct house_way {
    const struct house *house;
    const struct adapter *to;
    const struct adapt_writing *writing;
    struct adapt_written *written;
    bool is_written;
    struct fault why;
};

static inline bool house_take(void *own, const struct adapt_item *item, struct fault *why)
{
    struct house_way *way = own;
    avro_value_t event = item->event, id;
    (void)why;
    assert_true(item->is_valid);
    assert_int_equal(avro_value_get_by_name(&event, "event_id", &id, NULL), 0);
    assert_int_equal(avro_value_set_string(&id, HOUSE_EVENT_ID), 0);
    way->is_written =
        adapt_write(way->house->bench, way->to, &event, way->writing, way->written, &way->why);
    return true;
}

/* Reads by one adapter, and tries to write the one event by another. */
static inline void house_try(struct house_way *way, const char *from, const char *document)
{
    const struct house *house = way->house;
    const struct adapter *reader = house_adapter(house, from);
    const struct adapt_document posted = {
        .bytes = document, .size = strlen(document), .candidates = &reader, .candidate_count = 1};
    struct reading reading;
    struct fault why = {0};
    if (!adapt_read(house->bench, &posted, house_take, way, &reading, &why))
        fail_msg("%s", why.text);
    if (reading.problem_count)
        fail_msg("%s %s", reading.problems[0].path, reading.problems[0].hint);
}

static inline void house_pass(struct house *house, const char *from, const char *document,
                              const char *to, const struct adapt_writing *writing,
                              struct adapt_written *written)
{
    struct house_way way = {
        .house = house, .to = house_adapter(house, to), .writing = writing, .written = written};
    house_try(&way, from, document);
    if (!way.is_written)
        fail_msg("%s", way.why.text);
}

#endif
