/* SPDX-License-Identifier: Apache-2.0 */
/* The calls about one entry: which there are, who may, and what they work with. */
#include "operate/repair.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "operate/answer.h"
#include "operate/reason.h"
#include "operate/repair_own.h"

ENDS_WITH_SCOPE(json_t *, json_decref)
ENDS_WITH_SCOPE(struct repair *, repair_close)
ENDS_WITH_SCOPE(struct subject *, subject_end)

static bool number_schema(struct repair *repair, struct fault *why)
{
    const struct repair_options *options = &repair->options;
    auto_free(free) char *subject = NULL;
    if (asprintf(&subject, "%sdossier-events-value", options->topic_prefix) < 0) {
        subject = NULL;
        return fault_memory(why);
    }
    return spool_schema(options->spool, subject, options->schema->text,
                        options->schema->fingerprint, &repair->mender.schema_no, why);
}

struct repair *repair_open(const struct repair_options *options, struct fault *why)
{
    auto_free(repair_close) struct repair *repair = calloc(1, sizeof *repair);
    if (!repair) {
        (void)fault_memory(why);
        return NULL;
    }
    repair->options = *options;
    repair->mender = (struct mender){.adapters = options->adapters,
                                     .schema = options->schema,
                                     .place = options->place,
                                     .files = options->files};
    repair->stations = stations_open(options->adapters, options->spool_file, why);
    repair->unmask = repair->stations ? unmask_new(options->unmask_minutes, why) : NULL;
    return repair->unmask && number_schema(repair, why) ? steal(repair) : NULL;
}

void repair_close(struct repair *repair)
{
    if (!repair)
        return;
    stations_close(repair->stations);
    unmask_free(repair->unmask);
    free(repair);
}

const struct mender *repair_mender(const struct repair *repair)
{
    return &repair->mender;
}

bool repair_needs_approval(const struct repair *repair, const char *partner)
{
    struct directory *directory = directory_current(repair->options.place);
    const struct partner *row = directory_partner(directory, partner);
    bool needs = repair->options.edits_need_approval;
    if (row && row->approval != APPROVAL_UNSAID)
        needs = row->approval == APPROVAL_EDITS;
    directory_release(directory);
    return needs;
}

/* ---- unmask ---- */

void repair_unmask(void *own, struct operator_call *call)
{
    struct subject found = {.receipt = NULL};
    auto_free(subject_end) struct subject *subject = &found;
    auto_free(json_decref) json_t *json = NULL;
    char object[SUBJECT_OBJECT_SIZE];
    struct fault why;
    const char *reason = reason_asked(call->request, &json);
    if (!reason || !subject_find(own, call, subject))
        return;
    const struct spool_record record = subject_record(subject, "unmask", reason, object);
    /* On record first: nothing is seen that is not. */
    if (!spool_audit(subject->repair->options.spool, &record, &why)) {
        operate_fault(call->request, &why);
        return;
    }
    const struct unmask_look look = {call->session, found.found.entry.entry, clock_ticks_ms()};
    int64_t length_ms = unmask_grant(subject->repair->unmask, &look);
    operate_answer(call->request,
                   json_pack("{so}", "until", subject_moment(clock_now_ms() + length_ms)));
}

/* ---- the table ---- */

struct guard_table repair_table(struct repair *repair)
{
    static const struct guard_route routes[] = {
        {"GET", "/operate/v1/entries/{receipt}", RIGHT_VIEW, 0, story_show, NULL, NULL},
        {"GET", "/operate/v1/entries/{receipt}/document", RIGHT_CONTENT, 0, document_show, NULL,
         NULL},
        {"POST", "/operate/v1/entries/{receipt}/unmask", RIGHT_CONTENT, OPERATE_BODY_LIMIT,
         repair_unmask, NULL, NULL},
        {"POST", "/operate/v1/entries/{receipt}/validate", RIGHT_REPAIR, REPAIR_BODY_LIMIT,
         repair_validate, NULL, NULL},
        {"POST", "/operate/v1/entries/{receipt}/revisions", RIGHT_REPAIR, REPAIR_BODY_LIMIT,
         repair_propose, NULL, NULL},
        {"GET", "/operate/v1/entries/{receipt}/revisions/{no}", RIGHT_CONTENT, 0,
         repair_show_revision, NULL, NULL},
        {"POST", "/operate/v1/entries/{receipt}/revisions/{no}/approve", RIGHT_APPROVE,
         OPERATE_BODY_LIMIT, repair_approve, NULL, NULL},
        {"POST", "/operate/v1/entries/{receipt}/revisions/{no}/withdraw", RIGHT_REPAIR,
         OPERATE_BODY_LIMIT, repair_withdraw, NULL, NULL},
        {"POST", "/operate/v1/entries/{receipt}/revisions/{no}/apply", RIGHT_REPAIR,
         OPERATE_BODY_LIMIT, repair_apply, NULL, NULL},
        {"POST", "/operate/v1/entries/{receipt}/release", RIGHT_REPAIR, OPERATE_BODY_LIMIT,
         repair_release, NULL, NULL},
        {"POST", "/operate/v1/entries/{receipt}/discard", RIGHT_REPAIR, OPERATE_BODY_LIMIT,
         repair_discard, NULL, NULL},
        {0},
    };
    return (struct guard_table){routes, repair};
}
