/* SPDX-License-Identifier: Apache-2.0 */
/* An adapter's own tests: documents that it must read, and documents that it must refuse. */
#include "adapt/fixtures.h"

#include "adapt/bench.h"
#include "adapt/compare.h"
#include "adapt/trial.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text_stream.h"

#include <dirent.h>
#include <errno.h>

ENDS_WITH_SCOPE(struct trial *, trial_free)
ENDS_WITH_SCOPE(json_t *, json_decref)

static const char event_suffix[] = ".event.json";
static const char problem_suffix[] = ".problems.json";

/* What one kind of fixture needs. */
struct suite {
    struct workbench *bench;
    const struct adapter *adapter;
    const char *folder; /* accept or reject, whole path */
    const char *suffix;
    FILE *out;
    struct fixture_sums *sums;
    bool (*judge)(const struct suite *suite, const struct trial *trial, const json_t *expected,
                  bool *is_good, struct fault *why);
};

static bool ends_with(const char *name, const char *suffix)
{
    size_t size = strlen(name), end = strlen(suffix);
    return size > end && strcmp(name + size - end, suffix) == 0;
}

static int is_document(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && !ends_with(entry->d_name, event_suffix) &&
           !ends_with(entry->d_name, problem_suffix);
}

static void say_problems(const struct suite *suite, const char *word, const json_t *problems)
{
    for (size_t at = 0; at < json_array_size(problems); at++) {
        auto_free(free) char *text = json_dumps(json_array_get(problems, at), 0);
        (void)fprintf(suite->out, "  %s %s\n", word, text ? text : "");
    }
}

/* ---- accept ---- */

static bool all_return(const struct suite *suite, const struct trial *trial, bool *is_good,
                       struct fault *why)
{
    for (size_t at = 0; at < trial->count; at++) {
        bool is_same = false;
        if (!trial_returns(trial, at, suite->out, &is_same, why))
            return false;
        *is_good = *is_good && is_same;
    }
    return true;
}

static bool judge_accepted(const struct suite *suite, const struct trial *trial,
                           const json_t *expected, bool *is_good, struct fault *why)
{
    const struct shape *shape = suite->bench->adapters->schema->shapes->root;
    *is_good = trial->problem_total == 0;
    say_problems(suite, "problem", trial->problems);
    if (json_array_size(expected) != trial->count) {
        (void)fprintf(suite->out, "  expected %zu events, got %zu\n", json_array_size(expected),
                      trial->count);
        *is_good = false;
    }
    for (size_t at = 0; at < trial->count && at < json_array_size(expected); at++) {
        auto_free(json_decref) json_t *wanted = trial_essence(json_array_get(expected, at));
        auto_free(json_decref) json_t *event = trial_essence(json_array_get(trial->events, at));
        char prefix[32];
        (void)snprintf(prefix, sizeof prefix, "  [%zu] ", at);
        *is_good = compare_events(shape, wanted, event, prefix, suite->out) && *is_good;
    }
    return all_return(suite, trial, is_good, why);
}

/* ---- reject ---- */

/* Rule and path must be the same, and the line where one is expected. */
static bool same_problem(const json_t *expected, const json_t *actual)
{
    const json_t *line = json_object_get(expected, "line");
    return json_equal(json_object_get(expected, "rule"), json_object_get(actual, "rule")) &&
           json_equal(json_object_get(expected, "path"), json_object_get(actual, "path")) &&
           (!line || json_equal(line, json_object_get(actual, "line")));
}

static bool judge_rejected(const struct suite *suite, const struct trial *trial,
                           const json_t *expected, bool *is_good, struct fault *why)
{
    (void)why;
    *is_good = json_array_size(expected) > 0 &&
               json_array_size(expected) == json_array_size(trial->problems);
    for (size_t at = 0; *is_good && at < json_array_size(expected); at++)
        *is_good = same_problem(json_array_get(expected, at), json_array_get(trial->problems, at));
    if (*is_good)
        return true;
    say_problems(suite, "expected", expected);
    say_problems(suite, "got     ", trial->problems);
    return true;
}

/* ---- one fixture ---- */

static json_t *load_expected(const struct suite *suite, const char *name, struct fault *why)
{
    json_error_t error;
    size_t size = 0;
    auto_free(free) char *path = NULL;
    if (asprintf(&path, "%s/%s%s", suite->folder, name, suite->suffix) < 0) {
        (void)fault_memory(why);
        return NULL;
    }
    auto_free(free) char *text = file_read(path, 16 << 20, &size, why);
    json_t *expected = text ? json_loadb(text, size, JSON_REJECT_DUPLICATES, &error) : NULL;
    if (text && !json_is_array(expected)) {
        (void)fault_set(why, FAULT_REFUSE, "%s:%d: %s", path, expected ? 1 : error.line,
                        expected ? "a list is expected" : error.text);
        json_decref(expected);
        expected = NULL;
    }
    return expected;
}

/* Says what went wrong only of those that fail. */
static bool run_one(const struct suite *suite, const char *name, struct fault *why)
{
    struct trial trial = {.bench = suite->bench, .adapter = suite->adapter, .writes = true};
    auto_free(trial_free) struct trial *tried = &trial;
    struct fault unreadable = {0};
    bool is_good = false;
    size_t size = 0;
    size_t limit = (size_t)suite->bench->adapters->limits.document_bytes + 1;
    auto_free(free) char *path = file_join(suite->folder, name, why);
    auto_free(free) char *bytes = path ? file_read(path, limit, &size, why) : NULL;
    if (!bytes)
        return false;
    auto_free(json_decref) json_t *expected = load_expected(suite, name, &unreadable);
    struct text_stream stream;
    FILE *out = text_stream_begin(&stream);
    if (!out)
        return fault_memory(why);
    struct suite quiet = *suite;
    quiet.out = out;
    if (!expected)
        (void)fprintf(out, "  %s\n", unreadable.text);
    bool is_run = !expected || (trial_run(tried, bytes, size, why) &&
                                suite->judge(&quiet, tried, expected, &is_good, why));
    auto_free(free) char *said = text_stream_end(&stream, NULL);
    if (is_run && !said)
        is_run = fault_memory(why);
    suite->sums->passed += is_good;
    suite->sums->failed += !is_good;
    if (!is_good && is_run)
        (void)fprintf(suite->out, "%s: failed\n%s", path, said);
    return is_run;
}

static bool run_suite(const struct suite *suite, struct fault *why)
{
    struct dirent **entries = NULL;
    int count = scandir(suite->folder, &entries, is_document, alphasort);
    if (count < 0)
        return errno == ENOENT ||
               fault_set(why, FAULT_REFUSE, "%s: the folder cannot be read", suite->folder);
    bool is_run = true;
    for (int at = 0; at < count; at++) {
        is_run = is_run && run_one(suite, entries[at]->d_name, why);
        free(entries[at]);
    }
    free(entries);
    return is_run;
}

bool fixtures_run(struct workbench *bench, const struct adapter *adapter, const char *folder,
                  FILE *out, struct fixture_sums *sums, struct fault *why)
{
    auto_free(free) char *accept = file_join(folder, "fixtures/accept", why);
    auto_free(free) char *reject = file_join(folder, "fixtures/reject", why);
    struct suite suite = {bench, adapter, accept, event_suffix, out, sums, judge_accepted};
    *sums = (struct fixture_sums){0};
    if (!accept || !reject || !run_suite(&suite, why))
        return false;
    suite.folder = reject;
    suite.suffix = problem_suffix;
    suite.judge = judge_rejected;
    return run_suite(&suite, why);
}
