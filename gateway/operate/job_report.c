/* SPDX-License-Identifier: Apache-2.0 */
/* What a job found and what it came to, counted by cause. */
#include "operate/job_report.h"

#include "base/cleanup.h"
#include "base/moment.h"
#include "operate/job_note.h"

#include <stdlib.h>
#include <string.h>

#define IN(state) (1U << (state))

ENDS_WITH_SCOPE(json_t *, json_decref)

/* One cause, and how often. */
struct cause {
    char *text;
    bool is_new;
    int64_t count;
};

struct tally {
    struct cause causes[JOB_CAUSES_MOST];
    size_t count;
    int64_t others; /* of causes that have no place */
    int64_t newly;
    bool is_broken; /* memory was out */
};

static void tally_end(struct tally *tally)
{
    for (size_t i = 0; i < tally->count; i++)
        free(tally->causes[i].text);
}

static bool count_item(void *own, const struct job_item *item)
{
    struct tally *tally = own;
    struct job_note note = job_note_read(item->detail);
    tally->newly += note.is_new;
    for (size_t i = 0; i < tally->count; i++) {
        struct cause *cause = &tally->causes[i];
        if (cause->is_new == note.is_new && strcmp(cause->text, note.cause) == 0) {
            cause->count++;
            return true;
        }
    }
    if (tally->count == JOB_CAUSES_MOST) {
        tally->others++;
        return true;
    }
    struct cause *cause = &tally->causes[tally->count];
    *cause = (struct cause){strdup(note.cause), note.is_new, 1};
    tally->is_broken = !cause->text;
    tally->count += cause->text != NULL;
    return !tally->is_broken;
}

static int by_count(const void *one, const void *other)
{
    const struct cause *left = one, *right = other;
    return left->count > right->count ? -1 : left->count < right->count;
}

static bool take_tally(struct spool_reader *reader, int64_t job, unsigned states,
                       struct tally *tally, struct fault *why)
{
    const struct job_items_range range = {.job = job, .states = states, .after_due_ms = INT64_MIN};
    if (!spool_job_items_of(reader, &range, count_item, tally, why))
        return false;
    if (tally->count > 1)
        qsort(tally->causes, tally->count, sizeof tally->causes[0], by_count);
    return !tally->is_broken || fault_memory(why);
}

/* The caller owns it; NULL without memory. */
static json_t *list_causes(const struct tally *tally)
{
    auto_free(json_decref) json_t *list = json_array();
    for (size_t i = 0; i < tally->count; i++) {
        const struct cause *cause = &tally->causes[i];
        json_t *line = json_pack("{ss sI sb}", "cause", cause->text, "count",
                                 (json_int_t)cause->count, "newly", (int)cause->is_new);
        if (json_array_append_new(list, line) != 0)
            return NULL;
    }
    if (tally->others > 0 &&
        json_array_append_new(list, json_pack("{sn sI sb}", "cause", "count",
                                              (json_int_t)tally->others, "newly", 0)) != 0)
        return NULL;
    return steal(list);
}

static json_t *moment(int64_t at_ms)
{
    char text[MOMENT_TEXT_SIZE];
    if (!at_ms)
        return json_null();
    (void)moment_write(at_ms, MOMENT_ISO, text); /* its length is not needed */
    return json_string(text);
}

static json_t *or_memory(json_t *json, struct fault *why)
{
    if (!json)
        (void)fault_memory(why);
    return json;
}

json_t *job_report_preview(struct spool_reader *reader, const struct spool_job *job,
                           int64_t oldest_ms, struct fault *why)
{
    __attribute__((cleanup(tally_end))) struct tally tally = {.count = 0};
    const int64_t *counts = job->counts;
    int64_t items = 0;
    for (int i = 0; i <= ITEM_SKIPPED; i++)
        items += counts[i];
    if (!take_tally(reader, job->job, IN(ITEM_WOULD_FAIL), &tally, why))
        return NULL;
    return or_memory(json_pack("{sI so sI sI sI sI so}", "items", (json_int_t)items, /**/
                               "oldest", moment(oldest_ms),                          /**/
                               "would_pass", (json_int_t)counts[ITEM_WOULD_PASS],    /**/
                               "still_fail", (json_int_t)(counts[ITEM_WOULD_FAIL] - tally.newly),
                               "newly_fail", (json_int_t)tally.newly,   /**/
                               "stale", (json_int_t)counts[ITEM_STALE], /**/
                               "causes", list_causes(&tally)),
                     why);
}

json_t *job_report_run(struct spool_reader *reader, const struct spool_job *job, struct fault *why)
{
    __attribute__((cleanup(tally_end))) struct tally tally = {.count = 0};
    const int64_t *counts = job->counts;
    if (!take_tally(reader, job->job, IN(ITEM_FAILED) | IN(ITEM_SKIPPED), &tally, why))
        return NULL;
    return or_memory(json_pack("{sI sI sI sI sI sI so}",                          /**/
                               "done", (json_int_t)counts[ITEM_DONE],             /**/
                               "failed", (json_int_t)counts[ITEM_FAILED],         /**/
                               "skipped", (json_int_t)counts[ITEM_SKIPPED],       /**/
                               "stale", (json_int_t)counts[ITEM_STALE],           /**/
                               "would_fail", (json_int_t)counts[ITEM_WOULD_FAIL], /**/
                               "left", (json_int_t)counts[ITEM_WOULD_PASS],       /**/
                               "causes", list_causes(&tally)),
                     why);
}

char *job_report_add(const char *detail, const char *name, json_t *part, struct fault *why)
{
    json_t *parsed = detail && detail[0] ? json_loads(detail, 0, NULL) : NULL;
    auto_free(json_decref) json_t *json =
        json_is_object(parsed) ? json_incref(parsed) : json_object();
    json_decref(parsed);
    bool is_added = json_object_set_new(json, name, part) == 0;
    char *text = is_added ? json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (!text)
        (void)fault_memory(why);
    return text;
}
