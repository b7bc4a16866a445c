/* SPDX-License-Identifier: Apache-2.0 */
/* The reason that stands behind a person's act, judged alike by every call. */
#include "operate/reason.h"

#include "base/utf8.h"
#include "operate/answer.h"

enum { CHARACTERS_MOST = 500 };

const char reason_wanted[] = "reason: 1 to 500 characters";

bool reason_fits(const char *reason)
{
    return reason && *reason && utf8_count(reason) <= CHARACTERS_MOST;
}

const char *reason_asked(struct http_request *request, json_t **json)
{
    const char *reason = operate_member(request, "reason", json);
    if (reason_fits(reason))
        return reason;
    http_problem(request, &operate_bad_request, reason_wanted, NULL);
    return NULL;
}
