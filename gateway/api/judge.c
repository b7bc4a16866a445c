/* SPDX-License-Identifier: Apache-2.0 */
/* Who speaks in an event, of whom, and to whom: all by the directory of the event's day. */
#include "api/judge.h"

#include "api/concern.h"
#include "api/member.h"
#include "base/moment.h"

/* What is looked at and what was found. */
struct session {
    struct workbench *bench;
    const struct agencies *agencies;
    int32_t day;
    bool has_unknown;
    bool has_succeeded;
};

static bool is_agency(const struct session *session, const char *code, bool *has_succeeded)
{
    struct fault why;
    return agencies_resolve(session->agencies, code, session->day, has_succeeded, &why);
}

static void look_at_agency(struct session *session, const char *field, const char *code)
{
    bool has_succeeded = false;
    if (!is_agency(session, code, &has_succeeded)) {
        adapt_report(session->bench, RULE_AGENCY, field, code, "an agency of that day");
        session->has_unknown = true;
    } else if (has_succeeded) {
        session->has_succeeded = true;
    }
}

/* One that is unknown was told as such: it is a mistake rather than another's. */
static bool is_foreign(const struct session *session, const struct caller *caller, const char *code)
{
    bool has_succeeded = false;
    return !directory_speaks_for(caller->directory, caller->partner, code, session->day) &&
           (!session->has_unknown || is_agency(session, code, &has_succeeded));
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

    const char *field = NULL, *speaker = NULL;
    if (!adapter_speaker(adapter, event, &field, &speaker))
        return true; /* it names nobody who speaks */
    if (is_foreign(&session, caller, speaker)) {
        adapt_report(bench, RULE_AGENCY, field, speaker, "an agency of the sender");
        *verdict = VERDICT_FOREIGN;
    }
    return true;
}

bool judge_may_speak(const struct adapt_item *item, const struct caller *caller,
                     int64_t received_at_ms)
{
    const char *field = NULL, *speaker = NULL;
    int32_t day = item->has_occurred_at ? concern_day(&item->event) : moment_day(received_at_ms);
    return adapter_speaker(item->adapter, &item->event, &field, &speaker) &&
           directory_speaks_for(caller->directory, caller->partner, speaker, day);
}
