/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at the spool every five seconds, and says what needs a person. */
#include "operate/lookout.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/moment.h"
#include "base/stop.h"
#include "operate/due.h"
#include "operate/flow.h"
#include "operate/gauges.h"
#include "operate/item.h"
#include "operate/reconcile.h"
#include "spool/audit.h"
#include "spool/find.h"
#include "spool/flow.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

ENDS_WITH_SCOPE(struct spool_reader *, spool_reader_close)
ENDS_WITH_SCOPE(struct directory *, directory_release)
ENDS_WITH_SCOPE(json_t *, json_decref)

enum { LOOK_EVERY_MS = 5000, DAYS_AT_START = 7, DAYS_LATER = 2 };
static const int64_t hour_ms = 3600000, day_ms = 86400000;
static const int64_t prove_every_ms = 6 * 3600000;

struct lookout {
    struct lookout_options options;
    pthread_t thread;
    struct stop stop;
    int64_t from_ms; /* of the totals; the thread's, as are the next four */
    int64_t prove_at;
    int32_t told_day; /* on which a proof that failed was told last */
    bool has_proved;
    struct gauges gauges;
    const struct metric *published;
    pthread_mutex_t lock;
    struct flow flow; /* guarded by lock, as are the next ones */
    json_t *sources;  /* {partner: [last_received_ms, is_silent]}; or NULL */
    struct due_counts due[DUE_WORDS];
    json_t *proofs; /* or NULL */
};

/* ---- the flow ---- */

static bool seed_hour(void *own, const struct spool_hour *hour)
{
    struct lookout *lookout = own;
    const struct flow_hour seed = {
        .hour_ms = hour->hour_ms,
        .counts = {[FLOW_RECEIVED] = hour->received,
                   [FLOW_PUBLISHED] = hour->published,
                   [FLOW_DELIVERED] = hour->delivered},
    };
    (void)pthread_mutex_lock(&lookout->lock);
    flow_seed(&lookout->flow, &seed);
    (void)pthread_mutex_unlock(&lookout->lock);
    return true;
}

static bool look_at_flow(struct lookout *lookout, struct spool_reader *reader, struct fault *why)
{
    struct spool_flow flow;
    if (!spool_flow(reader, lookout->from_ms, &flow, why))
        return false;
    const int64_t totals[FLOW_KINDS] = {
        [FLOW_RECEIVED] = flow.received,
        [FLOW_PUBLISHED] = metrics_value(lookout->published),
        [FLOW_DELIVERED] = flow.delivered,
        [FLOW_REFUSED] = flow.refused,
    };
    (void)pthread_mutex_lock(&lookout->lock);
    flow_look(&lookout->flow, clock_now_ms(), totals);
    (void)pthread_mutex_unlock(&lookout->lock);
    return true;
}

/* ---- sources ---- */

struct looking {
    struct lookout *lookout;
    const struct directory *directory;
    int64_t now_ms;
    json_t *sources;
};

static bool is_silent(const struct looking *looking, const struct partner *partner, int64_t at_ms)
{
    int64_t hours = partner->silence_hours;
    if (hours == 0)
        hours = looking->lookout->options.silence_hours;
    return hours > 0 && looking->now_ms - at_ms > hours * hour_ms;
}

/* One that is in partners.yaml no more is nobody's concern. */
static bool note_source(void *own, const char *id, int64_t at_ms)
{
    struct looking *looking = own;
    const struct partner *partner = directory_partner(looking->directory, id);
    bool silent = partner && is_silent(looking, partner, at_ms);
    gauges_silent(id, silent);
    return json_object_set_new(looking->sources, id,
                               json_pack("[Ib]", (json_int_t)at_ms, silent)) == 0;
}

static bool look_at_sources(struct lookout *lookout, struct spool_reader *reader, struct fault *why)
{
    auto_free(directory_release) struct directory *directory =
        directory_current(lookout->options.place);
    struct looking looking = {lookout, directory, clock_now_ms(), json_object()};
    if (!looking.sources)
        return fault_memory(why);
    if (!spool_last_received(reader, note_source, &looking, why)) {
        json_decref(looking.sources);
        return false;
    }
    (void)pthread_mutex_lock(&lookout->lock);
    json_t *before = lookout->sources;
    lookout->sources = looking.sources;
    (void)pthread_mutex_unlock(&lookout->lock);
    json_decref(before);
    return true;
}

/* ---- what is due ---- */

static bool look_at_due(struct lookout *lookout, struct spool_reader *reader, struct fault *why)
{
    int64_t now_ms = clock_now_ms();
    struct due_counts due[DUE_WORDS];
    for (enum due at = DUE_OVERDUE; at < DUE_WORDS; at++) {
        const struct due_span span = due_span(at, now_ms);
        if (!spool_count_due(reader, span.from_ms, span.before_ms, &due[at], why))
            return false;
    }
    gauges_due(&lookout->gauges, &due[DUE_OVERDUE], &due[DUE_TODAY]);
    (void)pthread_mutex_lock(&lookout->lock);
    memcpy(lookout->due, due, sizeof due);
    (void)pthread_mutex_unlock(&lookout->lock);
    return true;
}

/* ---- proofs ---- */

/* Once a day, since a person must act and nothing mends it meanwhile. */
static void tell(struct lookout *lookout, int64_t mismatches, const char *finding)
{
    int32_t today = moment_day(clock_now_ms());
    if ((!mismatches && !finding) || lookout->told_day == today)
        return;
    lookout->told_day = today;
    if (mismatches)
        log_error("reconcile.mismatch", "rows=%" PRId64, mismatches);
    if (finding)
        log_error("audit.broken", "why=\"%s\"", finding);
}

static void keep_proofs(struct lookout *lookout, json_t *proofs)
{
    (void)pthread_mutex_lock(&lookout->lock);
    json_t *before = lookout->proofs;
    lookout->proofs = proofs;
    (void)pthread_mutex_unlock(&lookout->lock);
    json_decref(before);
}

static bool prove(struct lookout *lookout, struct spool_reader *reader, struct fault *why)
{
    int64_t now_ms = clock_now_ms();
    int64_t count;
    struct audit_finding finding;
    int days = lookout->has_proved ? DAYS_LATER : DAYS_AT_START;
    const struct reconcile_days range = {moment_day(now_ms - (days - 1) * day_ms),
                                         moment_day(now_ms)};
    auto_free(json_decref) json_t *reconciled = reconcile(reader, &range, why);
    if (!reconciled)
        return false;
    int64_t mismatches = json_integer_value(json_object_get(reconciled, "mismatches"));
    bool holds = spool_audit_verify(reader, &count, &finding, why);
    if (!holds && why->kind != FAULT_REFUSE)
        return false;
    keep_proofs(lookout, json_pack("{so sI sb so}", "at", item_moment(now_ms), "mismatches",
                                   (json_int_t)mismatches, "audit_holds", holds, "audit_finding",
                                   item_text(holds ? NULL : finding.text)));
    gauges_proofs(&lookout->gauges, mismatches, holds, now_ms);
    tell(lookout, mismatches, holds ? NULL : finding.text);
    lookout->has_proved = true;
    return true;
}

/* ---- the thread ---- */

static bool look(struct lookout *lookout, struct spool_reader *reader, struct fault *why)
{
    struct spool_levels levels;
    spool_levels(lookout->options.spool, &levels);
    gauges_levels(&lookout->gauges, &levels, clock_now_ms());
    if (!look_at_flow(lookout, reader, why) || !look_at_due(lookout, reader, why) ||
        !look_at_sources(lookout, reader, why))
        return false;
    if (clock_ticks_ms() < lookout->prove_at)
        return true;
    lookout->prove_at = clock_ticks_ms() + prove_every_ms;
    return prove(lookout, reader, why);
}

static struct spool_reader *begin(struct lookout *lookout, struct fault *why)
{
    auto_free(spool_reader_close) struct spool_reader *reader =
        spool_reader_open(lookout->options.spool_file, why);
    int64_t from_ms = clock_now_ms() - (FLOW_HOURS - 1) * hour_ms;
    return reader && spool_hours(reader, from_ms, seed_hour, lookout, why) ? steal(reader) : NULL;
}

static void *run(void *own)
{
    struct lookout *lookout = own;
    struct fault why;
    auto_free(spool_reader_close) struct spool_reader *reader = NULL;
    do {
        if (!reader)
            reader = begin(lookout, &why);
        if (!reader || !look(lookout, reader, &why))
            log_warn("lookout.blind", "why=\"%s\"", why.text);
    } while (!stop_wait(&lookout->stop, LOOK_EVERY_MS));
    return NULL;
}

static void free_lookout(struct lookout *lookout)
{
    stop_close(&lookout->stop);
    (void)pthread_mutex_destroy(&lookout->lock);
    json_decref(lookout->sources);
    json_decref(lookout->proofs);
    free(lookout);
}

struct lookout *lookout_start(const struct lookout_options *options, struct fault *why)
{
    struct lookout *lookout = calloc(1, sizeof *lookout);
    if (!lookout) {
        (void)fault_memory(why);
        return NULL;
    }
    lookout->options = *options;
    lookout->stop.wake = -1;
    lookout->from_ms = clock_now_ms();
    lookout->published =
        metrics_counter("lienthong_published_total", "events committed to Kafka", NULL);
    gauges_open(&lookout->gauges);
    (void)pthread_mutex_init(&lookout->lock, NULL);
    bool is_open = stop_open(&lookout->stop, why);
    if (is_open && pthread_create(&lookout->thread, NULL, run, lookout) == 0)
        return lookout;
    if (is_open)
        (void)fault_set(why, FAULT_BROKEN, "operate: a thread does not start");
    free_lookout(lookout);
    return NULL;
}

void lookout_stop(struct lookout *lookout)
{
    if (!lookout)
        return;
    stop_ask(&lookout->stop);
    (void)pthread_join(lookout->thread, NULL);
    free_lookout(lookout);
}

const struct lookout_options *lookout_options(const struct lookout *lookout)
{
    return &lookout->options;
}

/* ---- what was seen ---- */

static json_t *hour_item(const struct flow_hour *hour)
{
    return json_pack(
        "{so sI sI sI so}", "hour", item_moment(hour->hour_ms), /**/
        "received", (json_int_t)hour->counts[FLOW_RECEIVED],    /**/
        "published", (json_int_t)hour->counts[FLOW_PUBLISHED],  /**/
        "delivered", (json_int_t)hour->counts[FLOW_DELIVERED],  /**/
        "refused", hour->is_before_start ? json_null() : json_integer(hour->counts[FLOW_REFUSED]));
}

json_t *lookout_flow(struct lookout *lookout)
{
    int64_t now_ms = clock_now_ms();
    auto_free(json_decref) json_t *hours = json_array();
    (void)pthread_mutex_lock(&lookout->lock);
    const struct flow flow = lookout->flow;
    (void)pthread_mutex_unlock(&lookout->lock);
    for (int back = FLOW_HOURS - 1; back >= 0; back--) {
        const struct flow_hour hour = flow_at(&flow, now_ms, back);
        if (json_array_append_new(hours, hour_item(&hour)) != 0)
            return NULL;
    }
    return steal(hours);
}

void lookout_source(struct lookout *lookout, const char *partner, struct lookout_source *source)
{
    (void)pthread_mutex_lock(&lookout->lock);
    const json_t *seen = json_object_get(lookout->sources, partner);
    *source = (struct lookout_source){
        .last_received_ms = json_integer_value(json_array_get(seen, 0)),
        .is_silent = json_is_true(json_array_get(seen, 1)),
    };
    (void)pthread_mutex_unlock(&lookout->lock);
}

json_t *lookout_due(struct lookout *lookout)
{
    (void)pthread_mutex_lock(&lookout->lock);
    const struct due_counts overdue = lookout->due[DUE_OVERDUE];
    const struct due_counts today = lookout->due[DUE_TODAY];
    (void)pthread_mutex_unlock(&lookout->lock);
    return json_pack("{sI sI s{sI sI} s{sI sI}}",                                      /**/
                     "overdue", (json_int_t)(overdue.entries + overdue.deliveries),    /**/
                     "today", (json_int_t)(today.entries + today.deliveries),          /**/
                     "entries", "overdue", (json_int_t)overdue.entries, "today",       /**/
                     (json_int_t)today.entries,                                        /**/
                     "deliveries", "overdue", (json_int_t)overdue.deliveries, "today", /**/
                     (json_int_t)today.deliveries);
}

json_t *lookout_proofs(struct lookout *lookout)
{
    (void)pthread_mutex_lock(&lookout->lock);
    json_t *proofs = lookout->proofs ? json_deep_copy(lookout->proofs) : json_null();
    (void)pthread_mutex_unlock(&lookout->lock);
    return proofs;
}
