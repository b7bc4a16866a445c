/* SPDX-License-Identifier: Apache-2.0 */
/* Answers name the letter that they answer, not the dossier. */
#include "api/reference.h"

#include "api/member.h"
#include "api/party.h"
#include "base/cleanup.h"

#include <stdlib.h>

/* NULL when none is meant; the caller owns the code. */
static bool resolve(struct station *station, const struct caller *caller, const char *name,
                    char **dossier_code, struct fault *why)
{
    auto_free(free) char *code = NULL;
    bool takes = false;
    if (!spool_dossier_of(station->reader, name, &code, why))
        return false;
    const struct party_among dossier = {.dossier_code = code};
    if (code && !party_takes_part(station, caller, &dossier, NULL, &takes, why))
        return false;
    *dossier_code = takes ? steal(code) : NULL;
    return true;
}

bool reference_fill(struct station *station, const struct caller *caller,
                    const struct adapt_item *item, bool *is_valid, struct fault *why)
{
    avro_value_t event = item->event;
    auto_free(free) char *code = NULL;
    if (!*is_valid || !item->refers_to || member_text(&event, "dossier_code"))
        return true;
    if (!resolve(station, caller, item->refers_to, &code, why))
        return false;
    if (code)
        return member_set_text(&event, "dossier_code", code) || fault_memory(why);
    adapt_report(station->bench, RULE_MISSING, "dossier_code", NULL, "refers_to");
    *is_valid = false;
    return true;
}
