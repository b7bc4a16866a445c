/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a file is: by its uploads, and by the entries that use it. */
#include "api/custody.h"

#include "api/member.h"
#include "api/party.h"
#include "base/file_reference.h"
#include "spool/filing.h"

#include <string.h>

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

struct opening {
    struct station *station;
    const struct caller *caller;
    const uint8_t *sha256;
};

/* Every file of a document hangs on its first entry; only those that the event names are for
 * whomever the event concerns. */
static bool opens(void *own, const struct found *found, bool *does, struct fault *why)
{
    const struct opening *opening = own;
    *does = found_is_own(found, opening->caller);
    const avro_value_t *event = *does ? NULL : found_event(opening->station, found);
    return !event || names(event, opening->sha256, does, why);
}

bool custody_may_see(struct station *station, const struct caller *caller,
                     const uint8_t sha256[SHA256_SIZE], bool *may, struct fault *why)
{
    struct opening opening = {station, caller, sha256};
    const struct party_among users = {.file = sha256};
    const struct party_wish wish = {opens, &opening};
    if (!spool_uploaded(station->reader, sha256, caller->partner->id, may, why))
        return false;
    if (*may)
        return true;
    /* Most hashes that a handoff names are of no file here, and that is known from one row. */
    bool is_used = false;
    if (!spool_file_is_used(station->reader, sha256, &is_used, why))
        return false;
    return !is_used || party_takes_part(station, caller, &users, &wish, may, why);
}

static bool is_stranger(const struct custody_strangers *strangers, const uint8_t *sha256)
{
    if (!strangers)
        return false;
    for (size_t i = 0; i < strangers->count; i++)
        if (memcmp(strangers->files[i], sha256, SHA256_SIZE) == 0)
            return true;
    return strangers->count == CUSTODY_STRANGERS;
}

static void note_stranger(struct custody_strangers *strangers, const uint8_t *sha256)
{
    if (strangers)
        memcpy(strangers->files[strangers->count++], sha256, SHA256_SIZE);
}

static bool use_if_may(void *own, const uint8_t *sha256, struct fault *why)
{
    const struct custody_naming *naming = *(const struct custody_naming **)own;
    bool may = naming->came_along(naming->own, sha256);
    if (!may && is_stranger(naming->strangers, sha256))
        return true;
    if (!may && !custody_may_see(naming->station, naming->caller, sha256, &may, why))
        return false;
    if (may)
        return naming->use(naming->own, sha256, why);
    note_stranger(naming->strangers, sha256);
    return true;
}

bool custody_use_named(const struct custody_naming *naming, const avro_value_t *event,
                       struct fault *why)
{
    return custody_each_file(event, use_if_may, &naming, why);
}
