/* SPDX-License-Identifier: Apache-2.0 */
/* Who speaks in an event, of whom, and to whom: all by the directory of the event's day. */
#include "api/judge.h"

#include "api/concern.h"
#include "api/member.h"

/* What is looked at and what was found. */
struct session {
    struct workbench *bench;
    const struct agencies *agencies;
    int32_t day;
    bool has_unknown;
    bool has_succeeded;
};

static void look_at_agency(struct session *session, const char *field, const char *code)
{
    struct fault why;
    bool has_succeeded = false;
    if (!agencies_resolve(session->agencies, code, session->day, &has_succeeded, &why)) {
        adapt_report(session->bench, RULE_AGENCY, field, code, "an agency of that day");
        session->has_unknown = true;
    } else if (has_succeeded) {
        session->has_succeeded = true;
    }
}

bool judge_event(struct workbench *bench, const struct adapter *adapter, const avro_value_t *event,
                 const struct caller *caller, enum verdict *verdict, struct fault *why)
{
    struct session session = {.bench = bench,
                              .agencies = directory_agencies(caller->directory),
                              .day = concern_day(event)};
    for (size_t i = 0; i < CONCERN_FIELDS; i++) {
        const char *code = member_text(event, concern_fields[i]);
        if (code)
            look_at_agency(&session, concern_fields[i], code);
    }
    if (session.has_succeeded && !adapt_tag(bench, "agency-succeeded", why))
        return false;
    *verdict = session.has_unknown ? VERDICT_INVALID : VERDICT_GOOD;
    if (session.has_unknown)
        return true;

    const char *field = NULL, *speaker = NULL;
    if (!adapter_speaker(adapter, event, &field, &speaker) || !speaker)
        return true; /* it names nobody who speaks */
    if (!directory_speaks_for(caller->directory, caller->partner, speaker, session.day)) {
        adapt_report(bench, RULE_AGENCY, field, speaker, "an agency of the sender");
        *verdict = VERDICT_FOREIGN;
    }
    return true;
}
