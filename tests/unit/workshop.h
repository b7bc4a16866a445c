/* SPDX-License-Identifier: Apache-2.0 */
/* A small adapter of a test's own, and what it makes of documents. */
#ifndef UNIT_WORKSHOP_H
#define UNIT_WORKSHOP_H

#include "scratch.h"
#include "unit.h"

#include "adapt/trial.h"
#include "base/cleanup.h"

#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WORKSHOP_PATH_SIZE = 96 };

struct workshop {
    char folder[WORKSHOP_PATH_SIZE]; /* of adapters; made by workshop_open */
    struct schema *schema;
    struct adapters *adapters;
    struct workbench *bench;
    const struct adapter *adapter;
    struct trial trial;
};

static const struct adapt_limits workshop_limits = {.document_bytes = 1 << 20,
                                                    .depth = 64,
                                                    .nodes = 20000,
                                                    .attributes = 64,
                                                    .names = 2000,
                                                    .text_bytes = 1000,
                                                    .items = 100,
                                                    .problems = 20};

static inline void workshop_file(const struct workshop *shop, const char *name, const char *text)
{
    char path[WORKSHOP_PATH_SIZE + 64];
    (void)snprintf(path, sizeof path, "%s/test/%s", shop->folder, name);
    scratch_write(path, text);
}

/* Makes the folder of an adapter called "test"; its files are the caller's to write. */
static inline void workshop_open(struct workshop *shop)
{
    char path[WORKSHOP_PATH_SIZE + 8];
    *shop = (struct workshop){.folder = "/tmp/lienthong-adapt-XXXXXX"};
    assert_non_null(mkdtemp(shop->folder));
    (void)snprintf(path, sizeof path, "%s/test", shop->folder);
    assert_int_equal(mkdir(path, 0700), 0);
}

/* Compiles what was written; false with the fault when it is refused. */
static inline bool workshop_load(struct workshop *shop, const struct adapt_limits *limits,
                                 struct fault *why)
{
    shop->schema = schema_load("schemas/dossier-event.avsc", why);
    shop->adapters = shop->schema ? adapters_load(shop->folder, shop->schema, limits, why) : NULL;
    shop->bench = shop->adapters ? workbench_new(shop->adapters, why) : NULL;
    shop->adapter = shop->bench ? adapters_find(shop->adapters, "test") : NULL;
    return shop->adapter != NULL;
}

static inline void workshop_read(struct workshop *shop, const char *bytes, size_t size)
{
    struct fault why = {0};
    trial_free(&shop->trial);
    shop->trial = (struct trial){.bench = shop->bench, .adapter = shop->adapter, .writes = true};
    if (!trial_run(&shop->trial, bytes, size, &why))
        fail_msg("%s", why.text);
}

static inline void workshop_read_text(struct workshop *shop, const char *text)
{
    workshop_read(shop, text, strlen(text));
}

static int workshop_remove(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status, (void)type, (void)at;
    return remove(path);
}

static inline void workshop_close(struct workshop *shop)
{
    trial_free(&shop->trial);
    workbench_free(shop->bench);
    adapters_free(shop->adapters);
    schema_free(shop->schema);
    (void)nftw(shop->folder, workshop_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* For a group of tests with an adapter that takes any type for RECEIVED. */
static inline int workshop_set_up(void **state, const char *yaml)
{
    static struct workshop shop;
    struct fault why = {0};
    workshop_open(&shop);
    workshop_file(&shop, "adapter.yaml", yaml);
    workshop_file(&shop, "type.tsv", "*\tRECEIVED\n");
    if (!workshop_load(&shop, &workshop_limits, &why))
        fail_msg("%s", why.text);
    *state = &shop;
    return 0;
}

static inline int workshop_tear_down(void **state)
{
    workshop_close(*state);
    return 0;
}

/* A member of the first event as text: "applicant.name", "documents.0.id"; NULL when null. */
static inline const json_t *workshop_member(const struct workshop *shop, const char *path)
{
    const json_t *at = json_array_get(shop->trial.events, 0);
    while (at && *path) {
        char name[200];
        size_t size = strcspn(path, "|");
        (void)snprintf(name, sizeof name, "%.*s", (int)size, path);
        at = json_is_array(at) ? json_array_get(at, (size_t)strtoul(name, NULL, 10))
                               : json_object_get(at, name);
        path += size + (path[size] == '|');
    }
    return at;
}

static inline void workshop_expect(const struct workshop *shop, const char *path,
                                   const char *expected)
{
    const json_t *member = workshop_member(shop, path);
    char *text = member ? json_dumps(member, JSON_ENCODE_ANY) : NULL;
    if (!text || strcmp(text, expected) != 0)
        fail_msg("%s: expected %s, got %s", path, expected, text ? text : "nothing");
    free(text);
}

/* "rule path" of a problem, or "" when there are fewer. */
static inline void workshop_problem(const struct workshop *shop, size_t at, const char *expected)
{
    const json_t *problem = json_array_get(shop->trial.problems, at);
    const char *rule = json_string_value(json_object_get(problem, "rule"));
    const char *path = json_string_value(json_object_get(problem, "path"));
    char text[300];
    (void)snprintf(text, sizeof text, "%s %s", rule ? rule : "", path ? path : "");
    assert_string_equal(problem ? text : "", expected);
}

static inline void workshop_back(const struct workshop *shop, size_t at)
{
    struct fault why = {0};
    bool is_same = false;
    if (!trial_returns(&shop->trial, at, stderr, &is_same, &why))
        fail_msg("%s", why.text);
    if (!is_same)
        fail_msg("the event changes on its way back:\n%s", shop->trial.written[at]);
}

/* A document whose event has the text in source_extra, and comes back. */
static inline void workshop_sees(struct workshop *shop, const char *document, const char *key,
                                 const char *text)
{
    char path[100];
    workshop_read_text(shop, document);
    workshop_problem(shop, 0, "");
    (void)snprintf(path, sizeof path, "source_extra|%s", key);
    workshop_expect(shop, path, text);
    workshop_back(shop, 0);
}

/* A document that has one problem, and which. */
static inline void workshop_refuses(struct workshop *shop, const char *document,
                                    const char *problem)
{
    workshop_read_text(shop, document);
    if (shop->trial.problem_total != 1)
        fail_msg("%s: %zu problems", document, shop->trial.problem_total);
    workshop_problem(shop, 0, problem);
}

/* ---- bombs ---- */

struct bomb {
    const char *before, *piece; /* a # in it becomes its number */
    int count;
    const char *after;
};

static inline char *bomb_text(const struct bomb *bomb, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    assert_non_null(out);
    (void)fputs(bomb->before, out);
    for (int at = 0; at < bomb->count; at++)
        for (const char *each = bomb->piece; *each; each++)
            *each == '#' ? (void)fprintf(out, "%d", at) : (void)fputc(*each, out);
    (void)fputs(bomb->after, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static inline void workshop_read_bomb(struct workshop *shop, const struct bomb *bomb)
{
    size_t size = 0;
    char *text = bomb_text(bomb, &size);
    workshop_read(shop, text, size);
    free(text);
}

/* It is refused for a limit, in little time. */
static inline void workshop_defuses(struct workshop *shop, const struct bomb *bomb)
{
    int64_t start = spent_ms();
    workshop_read_bomb(shop, bomb);
    workshop_problem(shop, 0, "limit /");
    assert_true(spent_ms() - start < 1000);
}

#endif
