/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a file is: by its uploads, and by the entries that use it. */
#include "api/custody.h"

#include "api/concern.h"
#include "api/found.h"
#include "api/member.h"
#include "base/file_reference.h"
#include "spool/filing.h"

#include <string.h>

/* So many of the newest entries that use a file are looked at. */
enum { ENTRIES_MOST = 200 };

struct numbers {
    int64_t list[ENTRIES_MOST];
    size_t count;
};

static bool keep_number(void *own, int64_t number)
{
    struct numbers *numbers = own;
    numbers->list[numbers->count++] = number;
    return numbers->count < ENTRIES_MOST;
}

typedef bool (*each_file)(void *own, const uint8_t *sha256, struct fault *why);

static bool each_document(const avro_value_t *event, each_file each, void *own, struct fault *why)
{
    avro_value_t documents, document;
    size_t count = 0;
    if (avro_value_get_by_name(event, "documents", &documents, NULL) != 0 ||
        avro_value_get_size(&documents, &count) != 0)
        return true; /* of a schema without them */
    for (size_t i = 0; i < count; i++) {
        uint8_t sha256[SHA256_SIZE];
        if (avro_value_get_by_index(&documents, i, &document, NULL) != 0)
            return fault_set(why, FAULT_BROKEN, "an event's list of documents ends too soon");
        const char *hex = member_text(&document, "sha256");
        if (hex && digest_unhex(hex, SHA256_SIZE, sha256) && !each(own, sha256, why))
            return false;
    }
    return true;
}

static bool each_leftover(const avro_value_t *event, each_file each, void *own, struct fault *why)
{
    avro_value_t map, value;
    size_t count = 0;
    if (avro_value_get_by_name(event, "source_extra", &map, NULL) != 0 ||
        avro_value_get_size(&map, &count) != 0)
        return true;
    for (size_t i = 0; i < count; i++) {
        uint8_t sha256[SHA256_SIZE];
        const char *text = NULL;
        size_t size = 0; /* with its NUL */
        if (avro_value_get_by_index(&map, i, &value, NULL) != 0 ||
            avro_value_get_string(&value, &text, &size) != 0)
            return fault_set(why, FAULT_BROKEN, "an event's source_extra ends too soon");
        if (file_reference_read(text, size - 1, sha256) && !each(own, sha256, why))
            return false;
    }
    return true;
}

bool custody_each_file(const avro_value_t *event, each_file each, void *own, struct fault *why)
{
    return each_document(event, each, own, why) && each_leftover(event, each, own, why);
}

/* Is it this one?  The search ends by a fault of no kind. */
static bool is_other(void *own, const uint8_t *sha256, struct fault *why)
{
    return memcmp(own, sha256, SHA256_SIZE) != 0 || fault_set(why, FAULT_NONE, "found");
}

static bool names(const avro_value_t *event, const uint8_t *sha256, bool *does, struct fault *why)
{
    uint8_t wanted[SHA256_SIZE];
    memcpy(wanted, sha256, SHA256_SIZE);
    *does = !custody_each_file(event, is_other, wanted, why);
    return !*does || why->kind == FAULT_NONE;
}

/* Every file of a document hangs on its first entry; only those that the event names are for
 * whomever the event concerns. */
static bool entry_opens(struct station *station, const struct caller *caller, int64_t number,
                        const uint8_t *sha256, bool *may, struct fault *why)
{
    struct found found;
    bool does_name = false;
    if (!found_load(station, number, &found, why))
        return why->kind == FAULT_REFUSE; /* pruned meanwhile */
    const avro_value_t *event = found_event(station, &found);
    bool is_good = true;
    if (!found_is_own(&found, caller) && event && concern_of(event, caller))
        is_good = names(event, sha256, &does_name, why);
    *may = is_good && (does_name || found_is_own(&found, caller));
    found_free(&found);
    return is_good;
}

bool custody_may_see(struct station *station, const struct caller *caller,
                     const uint8_t sha256[SHA256_SIZE], bool *may, struct fault *why)
{
    struct numbers numbers = {.count = 0};
    if (!spool_uploaded(station->reader, sha256, caller->partner->id, may, why))
        return false;
    if (*may)
        return true;
    if (!spool_file_entries(station->reader, sha256, keep_number, &numbers, why))
        return false;
    for (size_t i = 0; i < numbers.count && !*may; i++)
        if (!entry_opens(station, caller, numbers.list[i], sha256, may, why))
            return false;
    return true;
}

static bool is_of_event(void *own, const struct spool_entry *entry)
{
    const uint8_t **event_id = own;
    if (entry->event_id && memcmp(entry->event_id, *event_id, UUID_SIZE) == 0)
        *event_id = NULL; /* found */
    return true;
}

bool custody_event_brings(struct spool_reader *reader, const uint8_t event_id[UUID_SIZE],
                          const uint8_t sha256[SHA256_SIZE], bool *brings, struct fault *why)
{
    struct numbers numbers = {.count = 0};
    const uint8_t *wanted = event_id;
    if (!spool_file_entries(reader, sha256, keep_number, &numbers, why))
        return false;
    for (size_t i = 0; i < numbers.count && wanted; i++)
        if (!spool_find(reader, numbers.list[i], is_of_event, &wanted, why) &&
            why->kind != FAULT_REFUSE)
            return false;
    *brings = !wanted;
    return true;
}
