/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of deliveries, and queues of them. */
#include "deliver/errand.h"

#include "spool/copy.h"

struct errand *errand_new(const struct spool_delivery *delivery)
{
    static const uint8_t nil[UUID_SIZE] = {0};
    struct errand *errand = calloc(1, sizeof *errand);
    if (!errand || !(errand->texts = spool_copy_delivery(delivery, &errand->row))) {
        free(errand);
        return NULL;
    }
    if (!errand->row.event_id)
        errand->row.event_id = nil;
    if (errand->row.is_damaged)
        errand->row.event = NULL;
    return errand;
}

void errand_free(struct errand *errand)
{
    if (!errand)
        return;
    request_free(errand->request);
    fetch_free(errand->fetch);
    fetched_free(&errand->fetched);
    bring_free(errand->bring);
    free(errand->texts);
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
