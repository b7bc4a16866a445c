/* SPDX-License-Identifier: Apache-2.0 */
/* Whom an event concerns, by the directory of the event's day. */
#include "api/concern.h"

#include "api/member.h"
#include "base/moment.h"

const char *const concern_fields[CONCERN_FIELDS] = {"receiving_agency", "competent_agency",
                                                    "holder_agency", "handoff.from_agency",
                                                    "handoff.to_agency"};

int32_t concern_day(const avro_value_t *event)
{
    int64_t occurred_at = 0;
    (void)member_number(event, "occurred_at", &occurred_at); /* completed events have it */
    return moment_day(occurred_at);
}

bool concern_of(const avro_value_t *event, const struct caller *caller)
{
    int32_t day = concern_day(event);
    for (size_t i = 0; i < CONCERN_FIELDS; i++) {
        const char *code = member_text(event, concern_fields[i]);
        if (code && directory_speaks_for(caller->directory, caller->partner, code, day))
            return true;
    }
    return false;
}
