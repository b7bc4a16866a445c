/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of deliveries, since the spool's own rows live no longer than its call. */
#include "deliver/errand.h"

/* The texts of a row, by place. */
static const size_t texts[] = {
    offsetof(struct spool_delivery, partner),      offsetof(struct spool_delivery, agency),
    offsetof(struct spool_delivery, reason),       offsetof(struct spool_delivery, source),
    offsetof(struct spool_delivery, dossier_code), offsetof(struct spool_delivery, event_type),
    offsetof(struct spool_delivery, traceparent),  offsetof(struct spool_delivery, directory),
    offsetof(struct spool_delivery, cause),        offsetof(struct spool_delivery, detail),
};
enum { TEXT_COUNT = sizeof texts / sizeof texts[0] };

static const char *text_at(const struct spool_delivery *row, size_t place)
{
    const char *text;
    memcpy(&text, (const char *)row + place, sizeof text);
    return text;
}

static void put(char **end, const void *bytes, size_t size)
{
    memcpy(*end, bytes, size);
    *end += size;
}

static size_t room_for(const struct spool_delivery *row)
{
    size_t room = UUID_SIZE + 1 + (row->event && !row->is_damaged ? row->event_size : 0);
    for (size_t i = 0; i < TEXT_COUNT; i++)
        if (text_at(row, texts[i]))
            room += strlen(text_at(row, texts[i])) + 1;
    return room;
}

static void point_text(struct spool_delivery *row, size_t place, const char *text)
{
    memcpy((char *)row + place, &text, sizeof text);
}

static void copy_row(struct errand *errand, const struct spool_delivery *row)
{
    static const uint8_t nil[UUID_SIZE] = {0};
    char *end = errand->texts;
    errand->row = *row;
    errand->row.document_sha256 = NULL;
    errand->row.event_id = (const uint8_t *)end;
    put(&end, row->event_id ? row->event_id : nil, UUID_SIZE);
    errand->row.event = row->event && !row->is_damaged ? end : NULL;
    if (errand->row.event)
        put(&end, row->event, row->event_size);
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        const char *text = text_at(row, texts[i]);
        point_text(&errand->row, texts[i], text ? end : NULL);
        if (text)
            put(&end, text, strlen(text) + 1);
    }
}

struct errand *errand_new(const struct spool_delivery *delivery)
{
    struct errand *errand = calloc(1, sizeof *errand);
    if (!errand || !(errand->texts = malloc(room_for(delivery)))) {
        free(errand);
        return NULL;
    }
    copy_row(errand, delivery);
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
