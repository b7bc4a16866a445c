/* SPDX-License-Identifier: Apache-2.0 */
/* Bulk replays on a terminal. */
#include "cli/replay_shown.h"

#include <stdio.h>
#include <string.h>

enum { BAR_SIZE = 30 };

static const char *text_in(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text ? text : "-";
}

static json_int_t number_in(const json_t *json, const char *name)
{
    return json_integer_value(json_object_get(json, name));
}

/* So many of the job's items need no more work. */
static json_int_t over_of(const json_t *job)
{
    const json_t *counts = json_object_get(job, "counts");
    return number_in(counts, "done") + number_in(counts, "failed") + number_in(counts, "skipped");
}

void replay_show_progress(const json_t *job)
{
    char bar[BAR_SIZE + 1];
    const json_t *counts = json_object_get(job, "counts");
    json_int_t over = over_of(job);
    json_int_t total = over + number_in(counts, "would_pass");
    if (strcmp(text_in(job, "state"), "collecting") == 0) {
        (void)fprintf(stderr, "\rtried %" JSON_INTEGER_FORMAT "\x1b[K",
                      number_in(job, "collected"));
        return;
    }
    size_t filled = total > 0 ? (size_t)(over * BAR_SIZE / total) : 0;
    memset(bar, '.', BAR_SIZE);
    memset(bar, '#', filled);
    bar[BAR_SIZE] = '\0';
    (void)fprintf(stderr,
                  "\r[%s] %" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT
                  ", %" JSON_INTEGER_FORMAT " failed\x1b[K",
                  bar, over, total, number_in(counts, "failed"));
}

void replay_end_progress(void)
{
    (void)fprintf(stderr, "\r\x1b[K");
}

static void show_causes(const json_t *report)
{
    size_t index;
    json_t *cause;
    json_array_foreach (json_object_get(report, "causes"), index, cause)
        (void)printf("  %8" JSON_INTEGER_FORMAT "  %s%s\n", number_in(cause, "count"),
                     text_in(cause, "cause"),
                     json_is_true(json_object_get(cause, "newly")) ? "  (new)" : "");
}

static void show_preview(const json_t *preview)
{
    if (!json_is_object(preview))
        return;
    (void)printf("preview          %" JSON_INTEGER_FORMAT " in all, oldest %s\n"
                 "  would pass     %" JSON_INTEGER_FORMAT "\n"
                 "  still fail     %" JSON_INTEGER_FORMAT "\n"
                 "  newly fail     %" JSON_INTEGER_FORMAT "\n"
                 "  stale          %" JSON_INTEGER_FORMAT "\n",
                 number_in(preview, "items"), text_in(preview, "oldest"),
                 number_in(preview, "would_pass"), number_in(preview, "still_fail"),
                 number_in(preview, "newly_fail"), number_in(preview, "stale"));
    show_causes(preview);
}

static void show_report(const json_t *report)
{
    if (!json_is_object(report))
        return;
    (void)printf("report           %" JSON_INTEGER_FORMAT " done, %" JSON_INTEGER_FORMAT
                 " failed, %" JSON_INTEGER_FORMAT " gone meanwhile\n",
                 number_in(report, "done"), number_in(report, "failed"),
                 number_in(report, "skipped"));
    show_causes(report);
}

void replay_show_job(const json_t *job)
{
    static const char *const members[] = {"kind",    "reason",     "author",   "approved_by",
                                          "made_at", "started_at", "ended_at", "why"};
    (void)printf("%-16s %" JSON_INTEGER_FORMAT " %s\n", "job", number_in(job, "job"),
                 text_in(job, "state"));
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (json_is_string(json_object_get(job, members[i])))
            (void)printf("%-16s %s\n", members[i], text_in(job, members[i]));
    if (json_is_true(json_object_get(job, "needs_approval")) &&
        !json_is_string(json_object_get(job, "approved_by")))
        (void)printf("%-16s %s\n", "waits for", "another person's word on its rule");
    show_preview(json_object_get(job, "preview"));
    show_report(json_object_get(job, "report"));
}

void replay_show_line(const json_t *job)
{
    const json_t *counts = json_object_get(job, "counts");
    (void)printf("%6" JSON_INTEGER_FORMAT "  %-10s  %-10s  %8" JSON_INTEGER_FORMAT
                 " of %-8" JSON_INTEGER_FORMAT "  %-24s  %s\n",
                 number_in(job, "job"), text_in(job, "state"), text_in(job, "kind"),
                 number_in(counts, "done"), number_in(job, "total"), text_in(job, "author"),
                 text_in(job, "reason"));
}
