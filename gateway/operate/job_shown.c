/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs and their items as operators see them. */
#include "operate/job_shown.h"

#include "adapt/veil.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "event/mask.h"
#include "operate/cause.h"
#include "operate/item.h"
#include "operate/job_events.h"
#include "operate/job_note.h"

#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

const char *const job_state_names[] = {"collecting", "previewed", "running",   "paused",
                                       "stopped",    "done",      "cancelled", NULL};
const char *const job_item_state_names[] = {"pending", "would_pass", "would_fail", "stale",
                                            "done",    "failed",     "skipped",    NULL};

/* Whatever it is, an item's state is never pending for long enough to be of use to anybody. */
static json_t *counts_of(const struct spool_job *job)
{
    auto_free(json_decref) json_t *json = json_object();
    for (int i = ITEM_WOULD_PASS; i <= ITEM_SKIPPED; i++)
        if (json_object_set_new(json, job_item_state_names[i],
                                json_integer((json_int_t)job->counts[i])) != 0)
            return NULL;
    return steal(json);
}

static int64_t total_of(const struct spool_job *job)
{
    int64_t total = 0;
    for (int i = 0; i <= ITEM_SKIPPED; i++)
        total += job->counts[i];
    return total;
}

static json_t *parse(const char *text)
{
    json_t *json = text && text[0] ? json_loads(text, 0, NULL) : NULL;
    return json ? json : json_object();
}

/* ---- options ---- */

static bool hide(json_t *rule, const char *member)
{
    const json_t *value = json_object_get(rule, member);
    if (!json_is_string(value))
        return true;
    auto_free(free) char *masked =
        mask_text(NULL, json_string_value(value), json_string_length(value));
    return masked && json_object_set_new(rule, member, json_string(masked)) == 0;
}

/* A job may be older than what an adapter knows of its rule's place. */
static json_t *options_of(const struct spool_job *job, const struct adapters *adapters)
{
    auto_free(json_decref) json_t *options = parse(job->options);
    json_t *rule = json_object_get(options, "rule");
    const char *path = json_string_value(json_object_get(rule, "path"));
    struct fault unused; /* what cannot be told is hidden */
    bool shows = false;
    if (path && (!veil_shows(adapters, path, &shows, &unused) || !shows) &&
        !(hide(rule, "from") && hide(rule, "to")))
        return NULL;
    return steal(options);
}

static json_t *rule_recorded(const json_t *rule)
{
    uint8_t sha256[SHA256_SIZE];
    char hex[SHA256_HEX_SIZE];
    auto_free(free) char *text = json_dumps(rule, JSON_COMPACT | JSON_SORT_KEYS);
    if (!text)
        return NULL;
    digest_sha256(text, strlen(text), sha256);
    digest_hex(sha256, sizeof sha256, hex);
    return json_pack("{sO ss}", "path", json_object_get(rule, "path"), "sha256", hex);
}

json_t *job_options_recorded(const char *options)
{
    auto_free(json_decref) json_t *json = parse(options);
    const json_t *rule = json_object_get(json, "rule");
    bool is_told =
        !json_is_object(rule) || json_object_set_new(json, "rule", rule_recorded(rule)) == 0;
    return is_told ? steal(json) : NULL;
}

/* ---- jobs ---- */

/* Causes as they are kept, with their words. */
static bool add_words(json_t *report, enum http_language language)
{
    json_t *causes = json_object_get(report, "causes");
    size_t index;
    json_t *line;
    json_array_foreach (causes, index, line) {
        const char *cause = json_string_value(json_object_get(line, "cause"));
        if (cause &&
            json_object_set_new(line, "cause_text", json_string(cause_text(cause, language))) != 0)
            return false;
    }
    return true;
}

/* The members of the detail, each null when it is not there. */
static bool add_detail(json_t *json, const struct spool_job *job, enum http_language language)
{
    static const char *const members[] = {"preview", "report", "why"};
    auto_free(json_decref) json_t *detail = parse(job->detail);
    bool needs = json_is_true(json_object_get(detail, "needs_approval"));
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        json_t *member = json_object_get(detail, members[i]);
        if (!add_words(member, language) ||
            json_object_set_new(json, members[i], member ? json_incref(member) : json_null()) != 0)
            return false;
    }
    return json_object_set_new(json, "needs_approval", json_boolean(needs)) == 0;
}

static bool add_what(json_t *json, const struct spool_job *job, bool is_in_list)
{
    auto_free(json_decref) json_t *what = parse(job->filter);
    const json_t *selection = json_object_get(what, "selection");
    if (selection && is_in_list &&
        json_object_set_new(what, "selection",
                            json_integer((json_int_t)json_array_size(selection))) != 0)
        return false;
    return json_object_update(json, what) == 0;
}

json_t *job_shown(const struct spool_job *job, const struct adapters *adapters, bool is_in_list,
                  enum http_language language)
{
    auto_free(json_decref) json_t *json = json_pack(
        "{sI ss ss so ss ss so so so so so sI sn}",                                         /**/
        "job", (json_int_t)job->job,                                                        /**/
        "state", job_state_names[job->state],                                               /**/
        "kind", job->kind,                                                                  /**/
        "options", options_of(job, adapters),                                               /**/
        "author", job->author,                                                              /**/
        "reason", job->reason,                                                              /**/
        "made_at", item_moment(job->made_ms),                                               /**/
        "started_at", item_moment(job->started_ms),                                         /**/
        "ended_at", item_moment(job->ended_ms),                                             /**/
        "collected",                                                                        /**/
        job->state == JOB_COLLECTING ? json_integer((json_int_t)job->cursor) : json_null(), /**/
        "counts", counts_of(job),                                                           /**/
        "total", (json_int_t)total_of(job),                                                 /**/
        "approved_by");
    bool is_whole = json && add_what(json, job, is_in_list) && add_detail(json, job, language);
    return is_whole ? steal(json) : NULL;
}

/* ---- items ---- */

static json_t *partition_shown(const struct job_item *item)
{
    struct job_part part = {.partition = (int32_t)item->subject};
    (void)job_part_read(item, &part); /* zeros, then */
    return json_pack("{sI sI sI sI sI sI so ss}", "partition", (json_int_t)part.partition, /**/
                     "from", (json_int_t)part.from, "to", (json_int_t)part.to,             /**/
                     "next", (json_int_t)part.next, "sent", (json_int_t)part.sent,         /**/
                     "expected", (json_int_t)part.expected,                                /**/
                     "oldest", item_moment(part.first_ms),                                 /**/
                     "state", job_item_state_names[item->state]);
}

json_t *job_item_shown(const struct spool_reader *reader, const char *kind,
                       const struct job_item *item, enum http_language language)
{
    if (strcmp(kind, job_kind_names[JOB_OF_EVENTS]) == 0)
        return partition_shown(item);
    bool is_entry = strcmp(kind, job_kind_names[JOB_OF_ENTRIES]) == 0;
    struct job_note note = job_note_read(item->detail);
    bool has_cause = note.cause[0] != '\0';
    return json_pack("{so so ss so so sb}",                                    /**/
                     is_entry ? "receipt" : "delivery",                        /**/
                     is_entry ? item_receipt(reader, item->subject)            /**/
                              : item_delivery_name(item->subject),             /**/
                     "due_at", item_moment(item->due_at_ms),                   /**/
                     "state", job_item_state_names[item->state],               /**/
                     "cause", has_cause ? item_text(note.cause) : json_null(), /**/
                     "cause_text",                                             /**/
                     has_cause ? json_string(cause_text(note.cause, language)) : json_null(),
                     "newly", (int)note.is_new);
}
