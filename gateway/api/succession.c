/* SPDX-License-Identifier: Apache-2.0 */
/* Names both agencies where one answers for another, so that a sender can mend its list of codes.
 */
#include "api/succession.h"

#include "api/concern.h"
#include "api/member.h"
#include "base/cleanup.h"

ENDS_WITH_SCOPE(json_t *, json_decref)

static bool add(json_t **list, const char *field, const char *code, const struct agency *agency)
{
    if (!*list && !(*list = json_array()))
        return false;
    json_t *row = json_pack("{ss ss ss ss}", "field", field, "code", code, "answers", agency->code,
                            "name", agency->name);
    return row && json_array_append_new(*list, row) == 0;
}

bool succession_of(const struct directory *directory, const avro_value_t *event, json_t **list,
                   struct fault *why)
{
    auto_free(json_decref) json_t *found = NULL;
    int32_t day = concern_day(event);
    for (size_t i = 0; i < CONCERN_FIELDS; i++) {
        struct fault ignored; /* an agency that nobody answers for: others say so */
        bool has_succeeded = false;
        const char *code = member_text(event, concern_fields[i]);
        const struct agency *agency = code ? agencies_resolve(directory_agencies(directory), code,
                                                              day, &has_succeeded, &ignored)
                                           : NULL;
        if (agency && has_succeeded && !add(&found, concern_fields[i], code, agency))
            return fault_memory(why);
    }
    *list = steal(found);
    return true;
}
