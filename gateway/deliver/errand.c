/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of deliveries, since the spool's own rows live no longer than its call. */
#include "deliver/errand.h"

/* A text or none; false when memory is out. */
static bool copy_text(char **to, const char *text)
{
    *to = text ? strdup(text) : NULL;
    return *to || !text;
}

static bool copy_event(struct errand *errand, const struct spool_delivery *delivery)
{
    if (!delivery->event || delivery->is_damaged)
        return true;
    errand->event = malloc(delivery->event_size + 1); /* an empty one is one, too */
    if (!errand->event)
        return false;
    memcpy(errand->event, delivery->event, delivery->event_size);
    errand->event_size = delivery->event_size;
    return true;
}

struct errand *errand_new(const struct spool_delivery *delivery)
{
    auto_free(errand_free) struct errand *errand = calloc(1, sizeof *errand);
    if (!errand)
        return NULL;
    errand->delivery = delivery->delivery;
    errand->arrived_at_ms = delivery->arrived_at_ms;
    errand->since_ms = delivery->since_ms;
    errand->last_at_ms = delivery->last_at_ms;
    errand->attempts = delivery->attempts;
    errand->schema_no = delivery->schema_no;
    if (delivery->event_id)
        memcpy(errand->event_id, delivery->event_id, UUID_SIZE);
    bool is_copied = copy_text(&errand->agency, delivery->agency) &&
                     copy_text(&errand->dossier_code, delivery->dossier_code) &&
                     copy_text(&errand->event_type, delivery->event_type) &&
                     copy_text(&errand->source, delivery->source) &&
                     copy_text(&errand->traceparent, delivery->traceparent) &&
                     copy_text(&errand->reason, delivery->reason) && copy_event(errand, delivery);
    return is_copied ? steal(errand) : NULL;
}

void errand_free(struct errand *errand)
{
    if (!errand)
        return;
    request_free(errand->request);
    free(errand->agency);
    free(errand->dossier_code);
    free(errand->event_type);
    free(errand->source);
    free(errand->traceparent);
    free(errand->reason);
    free(errand->event);
    free(errand);
}

void errands_add(struct errands *errands, struct errand *errand)
{
    errand->next = NULL;
    if (errands->last)
        errands->last->next = errand;
    else
        errands->first = errand;
    errands->last = errand;
    errands->count++;
}

void errands_add_first(struct errands *errands, struct errand *errand)
{
    errand->next = errands->first;
    errands->first = errand;
    if (!errands->last)
        errands->last = errand;
    errands->count++;
}

void errands_remove(struct errands *errands, struct errand *errand)
{
    struct errand *before = NULL;
    struct errand *at = errands->first;
    while (at && at != errand) {
        before = at;
        at = at->next;
    }
    if (!at)
        return;
    if (before)
        before->next = errand->next;
    else
        errands->first = errand->next;
    if (errands->last == errand)
        errands->last = before;
    errands->count--;
}

struct errand *errands_take(struct errands *errands)
{
    struct errand *errand = errands->first;
    if (errand)
        errands_remove(errands, errand);
    return errand;
}
