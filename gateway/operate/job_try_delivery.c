/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a dead delivery could go out today. */
#include "adapt/service.h"
#include "api/addressee.h"
#include "base/cleanup.h"
#include "operate/job_trial.h"

#include <string.h>

ENDS_WITH_SCOPE(struct directory *, directory_release)

enum { OWN_TEXTS = 2, CAUSE_SIZE = 80 };

/* What of a delivery is looked at, copied so that the spool can be asked more. */
struct parcel {
    bool is_dead, is_damaged;
    char *partner, *agency, *cause;
    char *event;
    struct stored_event stored;
    int64_t due_at_ms, arrived_at_ms;
    char *dossier_code;
    bool is_broken; /* memory was out */
};

static void parcel_end(struct parcel *parcel)
{
    free(parcel->partner);
    free(parcel->agency);
    free(parcel->cause);
    free(parcel->event);
    free(parcel->dossier_code);
}

static char *copy_text(const char *text, struct parcel *parcel)
{
    char *copy = text ? strdup(text) : NULL;
    parcel->is_broken |= text && !copy;
    return copy;
}

static bool keep(void *own, const struct spool_delivery *delivery)
{
    struct parcel *parcel = own;
    parcel->is_dead = delivery->state == DELIVERY_DEAD;
    parcel->is_damaged = delivery->is_damaged || !delivery->event;
    parcel->due_at_ms = delivery->due_at_ms;
    parcel->arrived_at_ms = delivery->arrived_at_ms;
    parcel->partner = copy_text(delivery->partner, parcel);
    parcel->agency = copy_text(delivery->agency, parcel);
    parcel->cause = copy_text(delivery->cause, parcel);
    parcel->dossier_code = copy_text(delivery->dossier_code, parcel);
    if (parcel->is_damaged)
        return false;
    parcel->event = malloc(delivery->event_size + 1);
    parcel->is_broken |= !parcel->event;
    if (parcel->event)
        memcpy(parcel->event, delivery->event, delivery->event_size);
    parcel->stored = (struct stored_event){
        .schema_no = delivery->schema_no, .bytes = parcel->event, .size = delivery->event_size};
    return false;
}

/* ---- can its format say it ---- */

/* What the courier would give: the texts alone, since no credential changes what can be said. */
static struct adapt_given *gather(const struct partner *partner, const struct adapter *adapter,
                                  const struct parcel *parcel, size_t *count)
{
    const char *user = partner->deliver.user;
    const struct service_auth *auth = service_auth(adapter);
    struct adapt_given *texts = addressee_texts(partner, parcel->agency, OWN_TEXTS, count);
    if (!texts)
        return NULL;
    if (user)
        texts[(*count)++] = (struct adapt_given){"user", user};
    if (auth->kind == AUTH_SESSION && auth->given)
        texts[(*count)++] = (struct adapt_given){auth->given, "-"};
    return texts;
}

static bool write_document(const struct job_bench *bench, const struct partner *partner,
                           const struct parcel *parcel, struct fault *why)
{
    const struct adapter *adapter =
        adapters_find(bench->mender->adapters, partner->deliver.adapter);
    if (!adapter)
        return fault_set(why, FAULT_REFUSE, "partner:no-format");
    const avro_value_t *event = recall_as_ours(bench->station->recall, bench->station->reader,
                                               &parcel->stored, bench->mender->schema, why);
    struct adapt_written written = {.bytes = NULL};
    struct adapt_writing writing = {.has_files = partner->deliver.files == FILES_INLINE};
    auto_free(free) struct adapt_given *texts =
        event ? gather(partner, adapter, parcel, &writing.given_count) : NULL;
    if (!event)
        return false;
    if (!texts)
        return fault_memory(why);
    writing.given = texts;
    bool is_written = adapt_write(bench->station->bench, adapter, event, &writing, &written, why);
    adapt_written_free(&written);
    if (!is_written && why->kind == FAULT_REFUSE)
        return fault_set(why, FAULT_REFUSE, "format:cannot-say");
    return is_written;
}

/* ---- the whole ---- */

static bool find_partner(const struct job_bench *bench, const struct directory *directory,
                         const struct parcel *parcel, const struct partner **partner,
                         struct fault *why)
{
    bool is_paused = false;
    *partner = directory_partner(directory, parcel->partner);
    if (!*partner)
        return fault_set(why, FAULT_REFUSE, "partner:unknown");
    if ((*partner)->deliver.by == DELIVER_NONE)
        return fault_set(why, FAULT_REFUSE, "partner:not-delivered-to");
    if (!spool_paused(bench->station->reader, parcel->partner, &is_paused, why))
        return false;
    return !is_paused || fault_set(why, FAULT_REFUSE, "partner:paused");
}

/* FAULT_REFUSE with a cause when it could not go out. */
static bool can_go(const struct job_bench *bench, const struct parcel *parcel, struct fault *why)
{
    const struct partner *partner = NULL;
    if (parcel->is_damaged)
        return fault_set(why, FAULT_REFUSE, "spool:damaged");
    if (!parcel->partner) /* it has to be given a way first */
        return fault_set(why, FAULT_REFUSE, "%s", parcel->cause ? parcel->cause : "route");
    auto_free(directory_release) struct directory *directory =
        directory_current(bench->mender->place);
    return find_partner(bench, directory, parcel, &partner, why) &&
           write_document(bench, partner, parcel, why);
}

static bool try_parcel(const struct job_bench *bench, const struct parcel *parcel,
                       struct job_trial *trial, struct fault *why)
{
    trial->due_at_ms = parcel->due_at_ms;
    trial->arrived_at_ms = parcel->arrived_at_ms;
    if (parcel->is_broken)
        return fault_memory(why);
    if (!parcel->is_dead)
        return true;
    if (can_go(bench, parcel, why)) {
        trial->state = ITEM_WOULD_PASS;
        return true;
    }
    if (why->kind != FAULT_REFUSE)
        return false;
    const struct fault reason = *why;
    return job_trial_fail(trial, reason.text, parcel->cause, why);
}

bool job_try_delivery(const struct job_bench *bench, int64_t delivery, struct job_trial *trial,
                      struct fault *why)
{
    __attribute__((cleanup(parcel_end))) struct parcel parcel = {.is_dead = false};
    *trial = (struct job_trial){.state = ITEM_SKIPPED};
    if (!spool_find_delivery(bench->station->reader, delivery, keep, &parcel, why))
        return why->kind == FAULT_REFUSE;
    return try_parcel(bench, &parcel, trial, why);
}
