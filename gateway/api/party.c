/* SPDX-License-Identifier: Apache-2.0 */
/* Looks for a partner's part in a dossier, or in what uses a file. */
#include "api/party.h"

#include "api/concern.h"
#include "base/moment.h"
#include "spool/find.h"

enum {
    BATCH = 64, /* so many are sooner looked at than asked for under each of some hundred codes */
    STRIDE = 10000,   /* rows of one search, most of which may be passed over */
    LOOKS_MOST = 5000 /* that one call is worth, while the index is being made */
};

struct seeking {
    struct station *station;
    const struct caller *caller;
    const struct party_wish *wish;
    struct find_filter among;
    int64_t position; /* of FILE.find, when it began */
    bool is_found;
};

struct batch {
    const struct caller *caller;
    const char *code; /* of an agency; NULL: none was asked for */
    int64_t numbers[BATCH];
    size_t count;
};

/* A successor has many codes that were others' on the entry's day: no event is read for these. */
static bool note(void *own, const struct spool_entry *entry)
{
    struct batch *batch = own;
    const struct caller *caller = batch->caller;
    if (batch->code && !directory_speaks_for(caller->directory, caller->partner, batch->code,
                                             moment_day(entry->occurred_at_ms)))
        return true;
    batch->numbers[batch->count++] = entry->entry;
    return batch->count < BATCH;
}

static bool is_party(struct station *station, const struct found *found,
                     const struct caller *caller)
{
    if (found_is_own(found, caller) && found->entry.schema_no != 0)
        return true;
    const avro_value_t *event = found_event(station, found);
    return event && concern_of(event, caller);
}

static bool look_at(struct seeking *seeking, int64_t number, struct fault *why)
{
    struct found found;
    bool is_good = true;
    if (!found_load(seeking->station, number, &found, why))
        return why->kind == FAULT_REFUSE; /* pruned meanwhile */
    seeking->is_found = is_party(seeking->station, &found, seeking->caller);
    if (seeking->is_found && seeking->wish)
        is_good = seeking->wish->is_it(seeking->wish->own, &found, &seeking->is_found, why);
    found_free(&found);
    return is_good;
}

/* Looks at what the filter gives, newest first, from its cursor on: a batch, or less. */
static bool look_at_some(struct seeking *seeking, struct find_filter *filter, struct fault *why)
{
    struct batch batch = {.caller = seeking->caller, .code = filter->agency};
    if (!spool_search(seeking->station->reader, filter, note, &batch, &filter->after, why))
        return false;
    for (size_t i = 0; i < batch.count && !seeking->is_found; i++)
        if (!look_at(seeking, batch.numbers[i], why))
            return false;
    return true;
}

/* The newest, and all that the index does not have.  `*is_more`: there are others. */
static bool look_near(struct seeking *seeking, bool *is_more, struct fault *why)
{
    struct find_filter filter = seeking->among;
    size_t looks = 0;
    do {
        if (looks >= LOOKS_MOST)
            return fault_set(why, FAULT_RETRY, "the index of entries is not as far as this");
        if (!look_at_some(seeking, &filter, why))
            return false;
        looks += BATCH;
    } while (!seeking->is_found && filter.after > seeking->position + 1);
    *is_more = filter.after != 0;
    return true;
}

static bool look_everywhere(struct seeking *seeking, struct find_filter *filter, struct fault *why)
{
    do {
        if (!look_at_some(seeking, filter, why))
            return false;
    } while (!seeking->is_found && filter->after != 0);
    return true;
}

static bool look_by_agency(void *own, const char *code, struct fault *why)
{
    struct seeking *seeking = own;
    struct find_filter filter = seeking->among;
    filter.agency = code;
    return seeking->is_found || look_everywhere(seeking, &filter, why);
}

static bool look_by_index(struct seeking *seeking, struct fault *why)
{
    const struct partner *partner = seeking->caller->partner;
    struct find_filter filter = seeking->among;
    filter.partner = partner->id;
    return look_everywhere(seeking, &filter, why) &&
           (seeking->is_found ||
            agencies_each_below(directory_agencies(seeking->caller->directory), partner->agencies,
                                partner->agency_count, look_by_agency, seeking, why));
}

bool party_takes_part(struct station *station, const struct caller *caller,
                      const struct party_among *among, const struct party_wish *wish, bool *takes,
                      struct fault *why)
{
    bool is_more = false;
    struct seeking seeking = {.station = station,
                              .caller = caller,
                              .wish = wish,
                              .among = {.dossier_code = among->dossier_code,
                                        .file = among->file,
                                        .state = -1,
                                        .newest_first = true,
                                        .limit = STRIDE}};
    if (!spool_found_to(station->reader, &seeking.position, why) ||
        !look_near(&seeking, &is_more, why))
        return false;
    if (!seeking.is_found && is_more && !look_by_index(&seeking, why))
        return false;
    *takes = seeking.is_found;
    return true;
}
