/* SPDX-License-Identifier: Apache-2.0 */
/* What a bulk replay is about: ranges of the spool's indexes, page by page. */
#include "operate/job_collect.h"

#include "base/number.h"
#include "operate/due.h"
#include "spool/receipt.h"

#include <string.h>

/* One page being filled. */
struct filling {
    int64_t *numbers;
    size_t count;
    size_t seen;       /* also what was not chosen */
    int64_t last;      /* number of the last seen */
    const char *cause; /* of deliveries: a prefix, or NULL */
};

static const char *text_in(const json_t *filter, const char *name)
{
    const char *text = json_string_value(json_object_get(filter, name));
    return text && *text ? text : NULL;
}

/* ---- entries by filter ---- */

static bool add_entry(void *own, const struct spool_entry *entry)
{
    struct filling *filling = own;
    filling->numbers[filling->count++] = entry->entry;
    return filling->count < JOB_PAGE;
}

/* Left out, it is any. */
static bool read_due(const struct job_collect *collect, const json_t *filter, struct due_span *span,
                     struct fault *why)
{
    enum due due;
    const char *text = text_in(filter, "due");
    *span = (struct due_span){0};
    if (!text)
        return true;
    if (!due_named(text, &due))
        return fault_set(why, FAULT_REFUSE, "filter.due: overdue or today");
    *span = due_span(due, collect->now_ms);
    return true;
}

static bool page_of_entries(struct job_collect *collect, const json_t *filter,
                            struct filling *filling, struct fault *why)
{
    int64_t next = 0;
    struct due_span due;
    struct find_filter find = {
        .dossier_code = text_in(filter, "dossier"),
        .partner = text_in(filter, "partner"),
        .agency = text_in(filter, "agency"),
        .procedure = text_in(filter, "procedure"),
        .event_type = text_in(filter, "type"),
        .alias = text_in(filter, "alias"),
        .cause = text_in(filter, "cause"),
        .state = ENTRY_DEAD,
        .after = collect->after,
        .limit = JOB_PAGE,
    };
    if (!read_due(collect, filter, &due, why))
        return false;
    find.due_from_ms = due.from_ms;
    find.due_before_ms = due.before_ms;
    if (!job_wish_times(filter, &find.from_ms, &find.to_ms, why) ||
        !spool_search(collect->reader, &find, add_entry, filling, &next, why))
        return false;
    collect->after = next;
    collect->is_over = next == 0;
    return true;
}

/* ---- deliveries by filter ---- */

static bool add_delivery(void *own, const struct spool_delivery *delivery)
{
    struct filling *filling = own;
    size_t size = filling->cause ? strlen(filling->cause) : 0;
    filling->seen++;
    filling->last = delivery->delivery;
    if (size == 0 || (delivery->cause && strncmp(delivery->cause, filling->cause, size) == 0))
        filling->numbers[filling->count++] = delivery->delivery;
    return filling->count < JOB_PAGE;
}

static bool page_of_deliveries(struct job_collect *collect, const json_t *filter,
                               struct filling *filling, struct fault *why)
{
    const struct delivery_filter find = {
        .partner = text_in(filter, "partner"),
        .dossier_code = text_in(filter, "dossier"),
        .state = DELIVERY_DEAD,
        .after = collect->after,
        .limit = JOB_PAGE,
    };
    filling->cause = text_in(filter, "cause");
    if (!spool_deliveries(collect->reader, &find, add_delivery, filling, why))
        return false;
    collect->is_over = filling->seen == 0;
    if (filling->seen > 0)
        collect->after = filling->last;
    return true;
}

/* ---- a group ---- */

struct group_sought {
    uint8_t fingerprint[SHORT_FINGERPRINT_SIZE];
    bool is_delivery;
    bool is_found;
};

static bool match_group(void *own, const struct failure_group *group)
{
    struct group_sought *sought = own;
    if (memcmp(group->fingerprint, sought->fingerprint, SHORT_FINGERPRINT_SIZE) != 0)
        return true;
    sought->is_found = true;
    sought->is_delivery = group->is_delivery;
    return false;
}

static bool add_number(void *own, int64_t number)
{
    struct filling *filling = own;
    filling->numbers[filling->count++] = number;
    return filling->count < JOB_PAGE;
}

static bool page_of_group(struct job_collect *collect, const char *name, struct filling *filling,
                          struct fault *why)
{
    struct group_sought sought = {.is_found = false};
    bool is_of_deliveries = collect->wish->kind == JOB_OF_DELIVERIES;
    if (!digest_unhex(name, SHORT_FINGERPRINT_SIZE, sought.fingerprint))
        return fault_set(why, FAULT_REFUSE, "group: 16 hex digits");
    if (collect->after == 0 && !spool_failures(collect->reader, match_group, &sought, why))
        return false;
    if (sought.is_found && sought.is_delivery != is_of_deliveries)
        return fault_set(why, FAULT_REFUSE, "group: it is one of %s",
                         sought.is_delivery ? "deliveries" : "entries");
    const struct failure_page page = {sought.fingerprint, collect->after, JOB_PAGE};
    if (!spool_failures_of(collect->reader, &page, add_number, filling, why))
        return false;
    collect->is_over = filling->count == 0;
    if (filling->count > 0)
        collect->after = filling->numbers[filling->count - 1];
    return true;
}

/* ---- a selection ---- */

static bool read_name(const struct job_collect *collect, const char *name, int64_t *number,
                      struct fault *why)
{
    if (collect->wish->kind == JOB_OF_ENTRIES)
        return receipt_read(spool_reader_key(collect->reader), name, number) ||
               fault_set(why, FAULT_REFUSE, "selection: %.60s is no receipt", name);
    return (strncmp(name, "d-", 2) == 0 &&
            number_read(name + 2, strlen(name + 2), 1, INT64_MAX, number) == NUMBER_GOOD) ||
           fault_set(why, FAULT_REFUSE, "selection: %.60s is no delivery", name);
}

static bool page_of_selection(struct job_collect *collect, const json_t *selection,
                              struct filling *filling, struct fault *why)
{
    size_t end = json_array_size(selection);
    for (size_t i = (size_t)collect->after; i < end && filling->count < JOB_PAGE; i++) {
        const char *name = json_string_value(json_array_get(selection, i));
        if (!read_name(collect, name, &filling->numbers[filling->count], why))
            return false;
        filling->count++;
    }
    collect->after += (int64_t)filling->count;
    collect->is_over = collect->after >= (int64_t)end;
    return true;
}

bool job_collect_page(struct job_collect *collect, int64_t numbers[JOB_PAGE], size_t *count,
                      struct fault *why)
{
    struct filling filling = {.numbers = numbers};
    const json_t *what = collect->wish->what;
    const json_t *filter = json_object_get(what, "filter");
    const json_t *selection = json_object_get(what, "selection");
    const char *group = json_string_value(json_object_get(what, "group"));
    bool is_done = false;
    if (selection)
        is_done = page_of_selection(collect, selection, &filling, why);
    else if (group)
        is_done = page_of_group(collect, group, &filling, why);
    else if (collect->wish->kind == JOB_OF_ENTRIES)
        is_done = page_of_entries(collect, filter, &filling, why);
    else
        is_done = page_of_deliveries(collect, filter, &filling, why);
    *count = filling.count;
    return is_done;
}
