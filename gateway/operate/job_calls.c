/* SPDX-License-Identifier: Apache-2.0 */
/* The calls about bulk replays: what is asked for goes to the spool, and the runner is woken. */
#include "operate/job_calls.h"

#include "adapt/veil.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/number.h"
#include "operate/answer.h"
#include "operate/asked.h"
#include "operate/job_approval.h"
#include "operate/job_shown.h"
#include "operate/page.h"
#include "operate/reason.h"

#include <inttypes.h>
#include <string.h>

enum { BODY_LIMIT = 2 << 20, ALL_ITEMS = (1 << (ITEM_SKIPPED + 1)) - 1 };

ENDS_WITH_SCOPE(json_t *, json_decref)
ENDS_WITH_SCOPE(struct job_wish *, job_wish_end)

struct job_calls {
    struct job_calls_options options;
    struct stations *stations;
};

struct job_calls *job_calls_open(const struct job_calls_options *options, struct fault *why)
{
    struct job_calls *calls = calloc(1, sizeof *calls);
    if (!calls) {
        (void)fault_memory(why);
        return NULL;
    }
    calls->options = *options;
    calls->stations = stations_open(options->adapters, options->spool_file, why);
    if (calls->stations)
        return calls;
    job_calls_close(calls);
    return NULL;
}

void job_calls_close(struct job_calls *calls)
{
    if (!calls)
        return;
    stations_close(calls->stations);
    free(calls);
}

/* ---- what every call begins with ---- */

/* The calling thread's reader; NULL: the call is answered. */
static struct spool_reader *reader_of(struct job_calls *calls, struct operator_call *call)
{
    struct fault why;
    struct station *station = stations_here(calls->stations, &why);
    if (!station)
        operate_fault(call->request, &why);
    return station ? station->reader : NULL;
}

/* The number in the path; 0: the call is answered. */
static int64_t number_of(const struct operator_call *call)
{
    int64_t number = 0;
    const char *text = http_segment(call->request, "job");
    if (number_read(text, strlen(text), 1, INT64_MAX, &number) == NUMBER_GOOD)
        return number;
    http_problem(call->request, &operate_bad_request, "a job is called by its number", NULL);
    return 0;
}

static struct spool_record record_of(const struct operator_call *call, const char *act,
                                     const char *reason)
{
    return (struct spool_record){.actor = call->actor,
                                 .act = act,
                                 .object = "",
                                 .reason = reason,
                                 .outcome = "done",
                                 .detail = "",
                                 .at_ms = clock_now_ms()};
}

/* ---- showing ---- */

/* One job on its way to an answer. */
struct showing {
    const struct adapters *adapters;
    struct spool_reader *reader;
    enum http_language language;
    json_t *json;
    json_t *recorded; /* its options, as the record has them */
    char *author, *detail;
    enum job_state state;
    bool has_rule;
};

static void showing_end(struct showing *showing)
{
    json_decref(showing->json);
    json_decref(showing->recorded);
    free(showing->author);
    free(showing->detail);
}

static struct showing showing_for(const struct job_calls *calls, const struct operator_call *call)
{
    return (struct showing){.adapters = calls->options.adapters, .language = call->language};
}

static bool show(void *own, const struct spool_job *job)
{
    struct showing *showing = own;
    showing->json = job_shown(job, showing->adapters, false, showing->language);
    showing->recorded = job_options_recorded(job->options);
    showing->author = strdup(job->author);
    showing->detail = strdup(job->detail ? job->detail : "");
    showing->state = job->state;
    showing->has_rule =
        json_is_object(json_object_get(json_object_get(showing->json, "options"), "rule"));
    return false;
}

/* Reads a job with who approved it. */
static bool look_up(struct showing *showing, int64_t job, struct fault *why)
{
    auto_free(free) char *approver = NULL;
    if (!spool_job(showing->reader, job, show, showing, why))
        return false;
    if (!showing->json || !showing->recorded || !showing->author || !showing->detail)
        return fault_memory(why);
    if (!showing->has_rule)
        return true;
    return job_approver(showing->reader, job, showing->author, &approver, why) &&
           (!approver ||
            json_object_set_new(showing->json, "approved_by", json_string(approver)) == 0 ||
            fault_memory(why));
}

static void answer_job(struct job_calls *calls, struct operator_call *call, int64_t job)
{
    struct fault why;
    __attribute__((cleanup(showing_end))) struct showing showing = showing_for(calls, call);
    showing.reader = reader_of(calls, call);
    if (!showing.reader)
        return;
    if (look_up(&showing, job, &why))
        operate_answer(call->request, steal(showing.json));
    else
        operate_fault(call->request, &why);
}

static void show_job(void *own, struct operator_call *call)
{
    int64_t job = number_of(call);
    if (job)
        answer_job(own, call, job);
}

/* A page of jobs. */
struct jobs_page {
    struct page page;
    const struct adapters *adapters;
};

static bool add_job(void *own, const struct spool_job *job)
{
    struct jobs_page *jobs = own;
    jobs->page.next = job->job;
    return page_add(&jobs->page, job_shown(job, jobs->adapters, true, jobs->page.language));
}

static void list_jobs(void *own, struct operator_call *call)
{
    struct job_calls *calls = own;
    struct fault why;
    int64_t after = 0;
    size_t limit;
    const struct asked table[] = {{.name = "after", .kind = ASKED_NUMBER, .to = &after}, {0}};
    struct spool_reader *reader = reader_of(calls, call);
    if (!reader || !asked_read(call->request, table) || !asked_limit(call->request, &limit))
        return;
    struct jobs_page jobs = {page_begin(call->request, call->language, reader),
                             calls->options.adapters};
    if (!spool_jobs(reader, after, limit, add_job, &jobs, &why)) {
        page_fail(&jobs.page, &why);
        return;
    }
    if (json_array_size(jobs.page.items) < limit)
        jobs.page.next = 0;
    page_answer(&jobs.page);
}

/* ---- items ---- */

struct listing {
    struct spool_reader *reader;
    enum http_language language;
    const char *kind;
    json_t *items;
    int64_t due_at_ms, subject; /* of the last */
};

static bool add_item(void *own, const struct job_item *item)
{
    struct listing *listing = own;
    listing->due_at_ms = item->due_at_ms;
    listing->subject = item->subject;
    json_t *shown = job_item_shown(listing->reader, listing->kind, item, listing->language);
    return json_array_append_new(listing->items, shown) == 0;
}

/* "DUE-SUBJECT", as the list before gave it. */
static bool read_cursor(const char *text, struct job_items_range *range)
{
    const char *dash = text ? strchr(text, '-') : NULL;
    range->after_due_ms = INT64_MIN;
    if (!text || !*text)
        return true;
    return dash &&
           number_read(text, (size_t)(dash - text), 0, INT64_MAX, &range->after_due_ms) ==
               NUMBER_GOOD &&
           number_read(dash + 1, strlen(dash + 1), 0, INT64_MAX, &range->after_subject) ==
               NUMBER_GOOD;
}

static bool read_range(const struct operator_call *call, struct job_items_range *range)
{
    int state = -1;
    const char *after = NULL;
    const struct asked table[] = {
        {.name = "state", .kind = ASKED_WORD, .to = &state, .words = job_item_state_names},
        {.name = "after", .kind = ASKED_TEXT, .to = &after},
        {0},
    };
    range->job = number_of(call);
    if (!range->job || !asked_read(call->request, table) ||
        !asked_limit(call->request, &range->limit))
        return false;
    range->states = state >= 0 ? 1U << state : ALL_ITEMS;
    if (read_cursor(after, range))
        return true;
    http_problem(call->request, &operate_bad_request, "after: as the list before gave it", NULL);
    return false;
}

static json_t *next_of(const struct listing *listing, size_t limit)
{
    char text[2 * 24];
    if (json_array_size(listing->items) < limit)
        return json_null();
    (void)snprintf(text, sizeof text, "%" PRId64 "-%" PRId64, listing->due_at_ms, listing->subject);
    return json_string(text);
}

static void list_items(void *own, struct operator_call *call)
{
    struct job_calls *calls = own;
    struct fault why;
    struct job_items_range range = {.job = 0};
    __attribute__((cleanup(showing_end))) struct showing showing = showing_for(calls, call);
    showing.reader = reader_of(calls, call);
    if (!showing.reader || !read_range(call, &range))
        return;
    if (!look_up(&showing, range.job, &why)) {
        operate_fault(call->request, &why);
        return;
    }
    struct listing listing = {.reader = showing.reader,
                              .language = call->language,
                              .kind = json_string_value(json_object_get(showing.json, "kind")),
                              .items = json_array()};
    bool is_read = spool_job_items_of(showing.reader, &range, add_item, &listing, &why);
    json_t *next = next_of(&listing, range.limit);
    json_t *answer = json_pack("{so so}", "items", listing.items, "next", next);
    if (is_read)
        operate_answer(call->request, steal(answer));
    else
        operate_fault(call->request, &why);
    json_decref(answer);
}

/* ---- making ---- */

static bool make(const struct job_calls *calls, const struct operator_call *call,
                 const struct job_wish *wish, int64_t *job, struct fault *why)
{
    auto_free(free) char *filter = json_dumps(wish->what, JSON_COMPACT | JSON_SORT_KEYS);
    auto_free(free) char *options = json_dumps(wish->options, JSON_COMPACT | JSON_SORT_KEYS);
    struct spool_record record = record_of(call, "job", wish->reason);
    if (!filter || !options)
        return fault_memory(why);
    const struct spool_job what = {.kind = job_kind_names[wish->kind],
                                   .filter = filter,
                                   .options = options,
                                   .author = call->actor.name,
                                   .reason = wish->reason,
                                   .made_ms = record.at_ms};
    auto_free(json_decref) json_t *detail =
        json_pack("{ss so}", "kind", what.kind, "options", job_options_recorded(options));
    auto_free(free) char *text = detail ? json_dumps(detail, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    if (!text)
        return fault_memory(why);
    record.detail = text;
    return spool_job_make(calls->options.spool, &what, &record, job, why);
}

/* Who reads jobs may not read personal data, no reason is asked for it here, and no shredding of a
 * dossier finds it again. */
static bool check_rule(const struct job_calls *calls, const struct patch_rule *rule,
                       struct fault *why)
{
    bool shows = false;
    if (!rule->path)
        return true;
    return veil_shows(calls->options.adapters, rule->path, &shows, why) &&
           (shows || fault_set(why, FAULT_REFUSE,
                               "options.rule.path: its values may be personal, or no adapter reads "
                               "them; such are mended one by one"));
}

static bool read_wish(const struct job_calls *calls, json_t *body, struct job_wish *wish,
                      struct fault *why)
{
    if (!job_wish_read(body, wish, why))
        return false;
    if (check_rule(calls, &wish->rules.rule, why))
        return true;
    job_wish_end(wish);
    return false;
}

static void make_job(void *own, struct operator_call *call)
{
    struct job_calls *calls = own;
    struct fault why;
    size_t size;
    int64_t job = 0;
    struct job_wish held;
    const char *bytes = http_body(call->request, &size);
    auto_free(json_decref) json_t *body = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
    if (!read_wish(calls, body, &held, &why)) {
        http_problem(call->request, &operate_bad_request, why.text, NULL);
        return;
    }
    auto_free(job_wish_end) struct job_wish *wish = &held;
    if (!make(calls, call, wish, &job, &why)) {
        operate_fault(call->request, &why);
        return;
    }
    job_runner_wake(calls->options.runner);
    answer_job(calls, call, job);
}

/* ---- a person's word ---- */

/* The body's reason; NULL: the call is answered.  The JSON is the caller's to release. */
static const char *reason_of(const struct operator_call *call, bool is_needed, json_t **json)
{
    const char *reason = operate_member(call->request, "reason", json);
    if ((!reason || !*reason) && !is_needed)
        return "";
    if (reason_fits(reason))
        return reason;
    http_problem(call->request, &operate_bad_request, reason_wanted, NULL);
    return NULL;
}

/* What a call does to a job. */
struct turn {
    const char *act;
    enum job_state state;
    bool needs_reason;
};

/* Whether it may be run; FAULT_REFUSE when not. */
static bool may_run(const struct showing *showing, struct fault *why)
{
    bool is_previewed = json_is_object(json_object_get(showing->json, "preview"));
    bool is_approved = json_is_string(json_object_get(showing->json, "approved_by"));
    if (!is_previewed)
        return fault_set(why, FAULT_REFUSE, "it has no preview yet");
    return is_approved || !job_needs_approval(showing->detail) ||
           fault_set(why, FAULT_REFUSE, "another person has to approve its rule first");
}

static void turn_job(struct job_calls *calls, struct operator_call *call, const struct turn *turn)
{
    struct fault why;
    auto_free(json_decref) json_t *body = NULL;
    __attribute__((cleanup(showing_end))) struct showing showing = showing_for(calls, call);
    int64_t job = number_of(call);
    const char *reason = job ? reason_of(call, turn->needs_reason, &body) : NULL;
    showing.reader = reason ? reader_of(calls, call) : NULL;
    if (!showing.reader)
        return;
    const struct spool_record record = record_of(call, turn->act, reason);
    if (!look_up(&showing, job, &why) || (turn->state == JOB_RUNNING && !may_run(&showing, &why)) ||
        !spool_job_state(calls->options.spool, job, turn->state, NULL, &record, &why)) {
        operate_fault(call->request, &why);
        return;
    }
    job_runner_wake(calls->options.runner);
    answer_job(calls, call, job);
}

static void run_job(void *own, struct operator_call *call)
{
    static const struct turn turn = {"job-run", JOB_RUNNING, false};
    turn_job(own, call, &turn);
}

static void pause_job(void *own, struct operator_call *call)
{
    static const struct turn turn = {"job-pause", JOB_PAUSED, false};
    turn_job(own, call, &turn);
}

static void resume_job(void *own, struct operator_call *call)
{
    static const struct turn turn = {"job-resume", JOB_RUNNING, false};
    turn_job(own, call, &turn);
}

static void cancel_job(void *own, struct operator_call *call)
{
    static const struct turn turn = {"job-cancel", JOB_CANCELLED, true};
    turn_job(own, call, &turn);
}

/* ---- a second person's word on a rule ---- */

static bool may_approve(const struct operator_call *call, const struct showing *showing,
                        struct fault *why)
{
    if (!showing->has_rule)
        return fault_set(why, FAULT_REFUSE, "the job has no rule");
    if (showing->state != JOB_PREVIEWED)
        return fault_set(why, FAULT_REFUSE, "the job does not wait for that");
    return strcmp(showing->author, call->actor.name) != 0 ||
           fault_set(why, FAULT_REFUSE, "nobody approves what he wrote himself");
}

/* What is refused is on record as well. */
static void approve_job(void *own, struct operator_call *call)
{
    struct job_calls *calls = own;
    struct fault why, inner;
    char object[JOB_OBJECT_SIZE];
    auto_free(json_decref) json_t *body = NULL;
    __attribute__((cleanup(showing_end))) struct showing showing = showing_for(calls, call);
    int64_t job = number_of(call);
    const char *reason = job ? reason_of(call, false, &body) : NULL;
    showing.reader = reason ? reader_of(calls, call) : NULL;
    if (!showing.reader)
        return;
    if (!look_up(&showing, job, &why)) {
        operate_fault(call->request, &why);
        return;
    }
    struct spool_record record = record_of(call, JOB_APPROVAL_ACT, reason);
    job_object(job, object);
    record.object = object;
    auto_free(free) char *options = json_dumps(showing.recorded, JSON_COMPACT | JSON_SORT_KEYS);
    record.detail = options ? options : "";
    bool may = may_approve(call, &showing, &why);
    if (!may)
        record.outcome = "refused";
    if (!spool_audit(calls->options.spool, &record, &inner))
        operate_fault(call->request, &inner);
    else if (!may)
        operate_fault(call->request, &why);
    else
        answer_job(calls, call, job);
}

struct guard_table job_calls_table(struct job_calls *calls)
{
    static const struct guard_route routes[] = {
        {.method = "POST",
         .pattern = "/operate/v1/jobs",
         .right = RIGHT_REPAIR,
         .body_limit = BODY_LIMIT,
         .handle = make_job},
        {.method = "GET", .pattern = "/operate/v1/jobs", .right = RIGHT_VIEW, .handle = list_jobs},
        {.method = "GET",
         .pattern = "/operate/v1/jobs/{job}",
         .right = RIGHT_VIEW,
         .handle = show_job},
        {.method = "GET",
         .pattern = "/operate/v1/jobs/{job}/items",
         .right = RIGHT_VIEW,
         .handle = list_items},
        {.method = "POST",
         .pattern = "/operate/v1/jobs/{job}/run",
         .right = RIGHT_REPAIR,
         .body_limit = OPERATE_BODY_LIMIT,
         .handle = run_job},
        {.method = "POST",
         .pattern = "/operate/v1/jobs/{job}/pause",
         .right = RIGHT_REPAIR,
         .body_limit = OPERATE_BODY_LIMIT,
         .handle = pause_job},
        {.method = "POST",
         .pattern = "/operate/v1/jobs/{job}/resume",
         .right = RIGHT_REPAIR,
         .body_limit = OPERATE_BODY_LIMIT,
         .handle = resume_job},
        {.method = "POST",
         .pattern = "/operate/v1/jobs/{job}/cancel",
         .right = RIGHT_REPAIR,
         .body_limit = OPERATE_BODY_LIMIT,
         .handle = cancel_job},
        {.method = "POST",
         .pattern = "/operate/v1/jobs/{job}/approve",
         .right = RIGHT_APPROVE,
         .body_limit = OPERATE_BODY_LIMIT,
         .handle = approve_job},
        {0},
    };
    return (struct guard_table){routes, calls};
}
