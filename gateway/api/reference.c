/* SPDX-License-Identifier: Apache-2.0 */
/* Answers name the letter that they answer, not the dossier. */
#include "api/reference.h"

#include "api/found.h"
#include "base/cleanup.h"

#include <stdlib.h>

/* A part in the dossier shows in its first entries, or it is none. */
enum { ENTRY_LIMIT = 64 };

struct entries {
    int64_t numbers[ENTRY_LIMIT];
    size_t count;
};

static bool note(void *own, const struct spool_entry *entry)
{
    struct entries *entries = own;
    entries->numbers[entries->count++] = entry->entry;
    return entries->count < ENTRY_LIMIT;
}

static bool takes_part(struct station *station, const struct caller *caller,
                       const char *dossier_code, bool *takes, struct fault *why)
{
    struct entries entries = {.count = 0};
    if (!spool_of_dossier(station->reader, dossier_code, (struct spool_range){0, ENTRY_LIMIT}, note,
                          &entries, why))
        return false;
    *takes = false;
    for (size_t i = 0; i < entries.count && !*takes; i++) {
        struct found found;
        if (!found_load(station, entries.numbers[i], &found, why))
            return false;
        *takes = found_is_visible(station, &found, caller);
        found_free(&found);
    }
    return true;
}

bool reference_resolve(struct station *station, const struct caller *caller, const char *name,
                       char **dossier_code, struct fault *why)
{
    auto_free(free) char *code = NULL;
    bool takes = false;
    if (!spool_dossier_of(station->reader, name, &code, why) ||
        (code && !takes_part(station, caller, code, &takes, why)))
        return false;
    *dossier_code = takes ? steal(code) : NULL;
    return true;
}
