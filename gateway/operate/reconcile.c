/* SPDX-License-Identifier: Apache-2.0 */
/* Day by day: what came, and what became of it. */
#include "operate/reconcile.h"

#include "base/cleanup.h"
#include "base/text_stream.h"
#include "operate/item.h"
#include "spool/flow.h"

#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

enum { DAY_SIZE = 16 };

struct reconciling {
    json_t *items;
    int64_t mismatches;
};

static json_t *day_text(int32_t day)
{
    char text[DAY_SIZE];
    (void)snprintf(text, sizeof text, "%04d-%02d-%02d", (int)(day / 10000), (int)(day / 100 % 100),
                   (int)(day % 100));
    return json_string(text);
}

static bool add_item(struct reconciling *reconciling, json_t *item, int64_t missing)
{
    reconciling->mismatches += missing != 0;
    return json_array_append_new(reconciling->items, item) == 0;
}

static bool add_sum(void *own, const struct spool_sum *sum)
{
    int64_t missing = sum->received - sum->published - sum->waiting - sum->parked - sum->dead -
                      sum->discarded - sum->refused - sum->pruned;
    return add_item(own,
                    json_pack("{ss so so sI sI sI sI sI sI sI sI sI sI}", "kind", "entries", /**/
                              "day", day_text(sum->day),                                     /**/
                              "partner", item_text(sum->partner),                            /**/
                              "received", (json_int_t)sum->received,                         /**/
                              "published", (json_int_t)sum->published,                       /**/
                              "waiting", (json_int_t)sum->waiting,                           /**/
                              "parked", (json_int_t)sum->parked,                             /**/
                              "dead", (json_int_t)sum->dead,                                 /**/
                              "discarded", (json_int_t)sum->discarded,                       /**/
                              "refused", (json_int_t)sum->refused,                           /**/
                              "pruned", (json_int_t)sum->pruned,                             /**/
                              "repeated", (json_int_t)sum->repeated,                         /**/
                              "missing", (json_int_t)missing),
                    missing);
}

static bool add_day(void *own, const struct spool_delivery_day *day)
{
    int64_t missing = day->arrived + day->moved - day->delivered - day->waiting - day->parked -
                      day->dead - day->discarded - day->pruned;
    return add_item(own,
                    json_pack("{ss so so sI sI sI sI sI sI sI sI sI}", "kind", "deliveries", /**/
                              "day", day_text(day->day),                                     /**/
                              "partner", item_text(day->partner),                            /**/
                              "arrived", (json_int_t)day->arrived,                           /**/
                              "moved", (json_int_t)day->moved,                               /**/
                              "delivered", (json_int_t)day->delivered,                       /**/
                              "waiting", (json_int_t)day->waiting,                           /**/
                              "parked", (json_int_t)day->parked,                             /**/
                              "dead", (json_int_t)day->dead,                                 /**/
                              "discarded", (json_int_t)day->discarded,                       /**/
                              "pruned", (json_int_t)day->pruned,                             /**/
                              "missing", (json_int_t)missing),
                    missing);
}

json_t *reconcile(struct spool_reader *reader, const struct reconcile_days *days, struct fault *why)
{
    struct reconciling reconciling = {.items = json_array()};
    auto_free(json_decref) json_t *items = reconciling.items;
    if (!items)
        (void)fault_memory(why);
    if (!items || !spool_sums(reader, days->from, days->to, add_sum, &reconciling, why) ||
        !spool_delivery_days(reader, days->from, days->to, add_day, &reconciling, why))
        return NULL;
    json_t *answer =
        json_pack("{so so sI sO}", "from", day_text(days->from), "to", day_text(days->to),
                  "mismatches", (json_int_t)reconciling.mismatches, "items", items);
    if (!answer)
        (void)fault_memory(why);
    return answer;
}

/* Names are of files that we read, but a table is opened by programs that calculate. */
static void write_cell(FILE *out, const json_t *value)
{
    const char *text = json_string_value(value);
    if (json_is_integer(value))
        (void)fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (text)
        (void)fprintf(out, "%s%s", strchr("=+-@", *text) ? "'" : "", text);
}

char *reconcile_csv(const json_t *reconciled, size_t *size)
{
    static const char *const columns[] = {
        "kind",    "day",    "partner", "received",  "arrived", "moved",  "published", "delivered",
        "waiting", "parked", "dead",    "discarded", "refused", "pruned", "repeated",  "missing"};
    const size_t count = sizeof columns / sizeof columns[0];
    const json_t *items = json_object_get(reconciled, "items");
    struct text_stream stream;
    FILE *out = text_stream_begin(&stream);
    if (!out)
        return NULL;
    for (size_t i = 0; i < count; i++)
        (void)fprintf(out, "%s%s", columns[i], i + 1 < count ? "," : "\r\n");
    for (size_t row = 0; row < json_array_size(items); row++)
        for (size_t i = 0; i < count; i++) {
            write_cell(out, json_object_get(json_array_get(items, row), columns[i]));
            (void)fputs(i + 1 < count ? "," : "\r\n", out);
        }
    return text_stream_end(&stream, size);
}
