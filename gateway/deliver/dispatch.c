/* SPDX-License-Identifier: Apache-2.0 */
/* A batch of events on its way into the spool: each with where it goes and what is told of it. */
#include "deliver/dispatch.h"

#include "api/custody.h"
#include "base/cleanup.h"
#include "deliver/route.h"
#include "spool/filing.h"

#include <string.h>

/* What one arrival points to, in a list that a batch's end lets go. */
struct parcel {
    struct parcel *next;
    struct spool_target *targets;
    char **texts; /* two of each target: its agency and its reason */
    size_t count;
    uint8_t (*files)[SHA256_SIZE];
    size_t file_count;
    struct tellings tellings;
};

struct dispatch {
    struct directory_place *place;
    struct tell_schemas schemas;
    struct directory *directory; /* of the batch under way; NULL between batches */
    struct parcel *parcels;
    struct spool_reader *reader; /* NULL: no files */
};

static void free_parcel(struct parcel *parcel)
{
    for (size_t i = 0; parcel->texts && i < 2 * parcel->count; i++)
        free(parcel->texts[i]);
    free(parcel->texts);
    free(parcel->targets);
    free(parcel->files);
    tell_free(&parcel->tellings);
    free(parcel);
}

void dispatch_end(struct dispatch *dispatch)
{
    while (dispatch->parcels) {
        struct parcel *parcel = dispatch->parcels;
        dispatch->parcels = parcel->next;
        free_parcel(parcel);
    }
    directory_release(dispatch->directory);
    dispatch->directory = NULL;
}

void dispatch_free(struct dispatch *dispatch)
{
    if (!dispatch)
        return;
    dispatch_end(dispatch);
    free(dispatch);
}

struct dispatch *dispatch_new(struct directory_place *place, const struct tell_schemas *schemas,
                              struct fault *why)
{
    struct dispatch *dispatch = calloc(1, sizeof *dispatch);
    if (!dispatch) {
        fault_memory(why);
        return NULL;
    }
    dispatch->place = place;
    dispatch->schemas = *schemas;
    return dispatch;
}

void dispatch_use_files(struct dispatch *dispatch, struct spool_reader *reader)
{
    dispatch->reader = reader;
}

/* Part of the batch from the start, so that its end lets go of whatever it has by then. */
static struct parcel *new_parcel(struct dispatch *dispatch, size_t count, struct fault *why)
{
    struct parcel *parcel = calloc(1, sizeof *parcel);
    if (!parcel) {
        fault_memory(why);
        return NULL;
    }
    parcel->next = dispatch->parcels;
    dispatch->parcels = parcel;
    if (count == 0)
        return parcel;
    parcel->targets = calloc(count, sizeof *parcel->targets);
    parcel->texts = calloc(2 * count, sizeof *parcel->texts);
    if (!parcel->targets || !parcel->texts) {
        fault_memory(why);
        return NULL;
    }
    parcel->count = count;
    return parcel;
}

/* --- what is told --- */

static bool tell_unroutable(struct dispatch *dispatch, struct parcel *parcel, int64_t number,
                            struct spool_arrival *arrival, struct fault *why)
{
    const struct spool_target *target = &arrival->targets[0];
    const struct spool_delivery delivery = {
        .delivery = number * DELIVERIES_PER_ARRIVAL,
        .agency = target->agency,
        .reason = target->reason,
        .source = arrival->source,
        .dossier_code = arrival->dossier_code,
        .event_type = arrival->event_type,
        .event_id = arrival->event_id,
    };
    const struct told told = {
        .outcome = OUTCOME_UNROUTABLE,
        .at_ms = arrival->arrived_at_ms,
        .cause = target->cause,
        .detail = target->reason,
    };
    if (!tell_outcome(&dispatch->schemas, &delivery, &told, &parcel->tellings, why))
        return false;
    arrival->notices = parcel->tellings.notices;
    arrival->notice_count = parcel->tellings.count;
    return true;
}

/* --- targets --- */

static bool copy_text(char **copy, const char *text, struct fault *why)
{
    *copy = text ? strdup(text) : NULL;
    return !text || *copy || fault_memory(why);
}

/* Who mends what cannot be routed reads Vietnamese; who is asked for help may not. */
static bool copy_reason(char **copy, const struct route_target *from, struct fault *why)
{
    if (from->partner)
        return copy_text(copy, from->reason, why);
    if (asprintf(copy, "%s / %s", from->reason_vi, from->reason) >= 0)
        return true;
    *copy = NULL; /* asprintf leaves it as it was, or not */
    return fault_memory(why);
}

static bool copy_target(struct parcel *parcel, size_t index, const struct route_target *from,
                        struct fault *why)
{
    char **agency = &parcel->texts[2 * index], **reason = &parcel->texts[2 * index + 1];
    if (!copy_text(agency, from->agency, why) || !copy_reason(reason, from, why))
        return false;
    parcel->targets[index] = (struct spool_target){
        .partner = from->partner ? from->partner->id : NULL, /* held with the directory */
        .agency = *agency,
        .reason = *reason,
        .cause = from->cause,
    };
    return true;
}

static bool take_route(struct dispatch *dispatch, const struct route *route, int64_t number,
                       struct spool_arrival *arrival, struct fault *why)
{
    arrival->directory = directory_version(dispatch->directory);
    struct parcel *parcel = new_parcel(dispatch, route->count, why);
    if (!parcel)
        return false;
    for (size_t i = 0; i < route->count; i++)
        if (!copy_target(parcel, i, &route->targets[i], why))
            return false;
    arrival->targets = parcel->targets;
    arrival->target_count = parcel->count;
    /* An address is the first target or none. */
    return parcel->count == 0 || parcel->targets[0].partner ||
           tell_unroutable(dispatch, parcel, number, arrival, why);
}

/* --- files --- */

/* One event whose documents are gone through. */
struct naming {
    const struct dispatch *dispatch;
    const struct spool_arrival *arrival;
    struct parcel *parcel;
};

static bool has_file(const struct parcel *parcel, const uint8_t *sha256)
{
    for (size_t i = 0; i < parcel->file_count; i++)
        if (memcmp(parcel->files[i], sha256, SHA256_SIZE) == 0)
            return true;
    return false;
}

static bool use_file(void *own, const uint8_t *sha256, struct fault *why)
{
    const struct naming *naming = own;
    struct parcel *parcel = naming->parcel;
    bool brings = false;
    if (has_file(parcel, sha256))
        return true;
    if (!spool_event_uses(naming->dispatch->reader, naming->arrival->entry,
                          naming->arrival->event_id, sha256, &brings, why))
        return false;
    if (!brings)
        return true;
    uint8_t(*files)[SHA256_SIZE] =
        reallocarray(parcel->files, parcel->file_count + 1, sizeof *files);
    if (!files)
        return fault_memory(why);
    parcel->files = files;
    memcpy(files[parcel->file_count++], sha256, SHA256_SIZE);
    return true;
}

static bool take_files(struct dispatch *dispatch, const avro_value_t *event,
                       struct spool_arrival *arrival, struct fault *why)
{
    if (!dispatch->reader || arrival->target_count == 0)
        return true;
    struct naming naming = {dispatch, arrival, dispatch->parcels}; /* the newest is its own */
    if (!custody_each_file(event, use_file, &naming, why)) {
        why->kind = FAULT_BROKEN; /* whatever it was: the spool cannot be read */
        return fault_prefix(why, "the files of an event");
    }
    arrival->files = (const uint8_t(*)[SHA256_SIZE])naming.parcel->files;
    arrival->file_count = naming.parcel->file_count;
    return true;
}

bool dispatch_route(struct dispatch *dispatch, const avro_value_t *event, int64_t number,
                    struct spool_arrival *arrival, struct fault *why)
{
    struct route route;
    if (!dispatch->directory)
        dispatch->directory = directory_current(dispatch->place);
    if (!route_event(dispatch->directory, event, arrival->source, &route, why))
        return false;
    bool is_taken = take_route(dispatch, &route, number, arrival, why) &&
                    take_files(dispatch, event, arrival, why);
    route_free(&route);
    return is_taken;
}

bool dispatch_unread(struct dispatch *dispatch, int64_t number, struct spool_arrival *arrival,
                     struct fault *why)
{
    struct parcel *parcel = new_parcel(dispatch, 0, why);
    return parcel && tell_unroutable(dispatch, parcel, number, arrival, why);
}
