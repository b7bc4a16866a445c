/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files a format wants is its map's to say.  So a document is written for trial, in which
 * each address stands under a hash of its own, and the writer asks for those that it would put in.
 */
#include "deliver/wanted.h"

#include "api/member.h"
#include "base/cleanup.h"

/* ---- what was fetched ---- */

bool fetched_add(struct fetched_list *list, const char *uri, const uint8_t sha256[SHA256_SIZE],
                 struct fault *why)
{
    char *copy = strdup(uri);
    struct fetched *items = reallocarray(list->items, list->count + 1, sizeof *items);
    if (items)
        list->items = items;
    if (!items || !copy) {
        free(copy);
        return fault_memory(why);
    }
    items[list->count].uri = copy;
    memcpy(items[list->count++].sha256, sha256, SHA256_SIZE);
    return true;
}

void fetched_free(struct fetched_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].uri);
    free(list->items);
    *list = (struct fetched_list){.items = NULL};
}

static bool set_hash(avro_value_t *document, const uint8_t *sha256, struct fault *why)
{
    char hex[SHA256_HEX_SIZE];
    digest_hex(sha256, SHA256_SIZE, hex);
    return member_set_text(document, "sha256", hex) || fault_memory(why);
}

/* ---- the event's documents ---- */

typedef bool (*visit_document)(void *own, avro_value_t *document, const char *uri,
                               struct fault *why);

/* Visits the documents that have an address and no hash. */
static bool each_unhashed(avro_value_t *event, visit_document visit, void *own, struct fault *why)
{
    avro_value_t documents;
    avro_value_t document;
    size_t count = 0;
    if (avro_value_get_by_name(event, "documents", &documents, NULL) != 0 ||
        avro_value_get_size(&documents, &count) != 0)
        return true;
    for (size_t i = 0; i < count; i++) {
        if (avro_value_get_by_index(&documents, i, &document, NULL) != 0)
            continue;
        const char *uri = member_text(&document, "uri");
        if (uri && !member_text(&document, "sha256") && !visit(own, &document, uri, why))
            return false;
    }
    return true;
}

static bool fill_one(void *own, avro_value_t *document, const char *uri, struct fault *why)
{
    const struct fetched_list *list = own;
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].uri, uri) == 0)
            return set_hash(document, list->items[i].sha256, why);
    return true;
}

bool fetched_fill(const struct fetched_list *list, avro_value_t *event, struct fault *why)
{
    struct fetched_list own = *list;
    return list->count == 0 || each_unhashed(event, fill_one, &own, why);
}

/* ---- what is wanted ---- */

struct search {
    const struct wanting *wanting;
    struct fetched_list open; /* addresses that may be fetched, under hashes for trial */
    const struct fetched *found;
};

static bool note_open(void *own, avro_value_t *document, const char *uri, struct fault *why)
{
    struct search *search = own;
    struct fetch_rule rule;
    uint8_t sha256[SHA256_SIZE];
    if (!fetch_rule_find(search->wanting->sender, uri, &rule))
        return true;
    digest_sha256(uri, strlen(uri), sha256);
    return fetched_add(&search->open, uri, sha256, why) && set_hash(document, sha256, why);
}

static bool note_wanted(void *own, const uint8_t sha256[SHA256_SIZE])
{
    struct search *search = own;
    for (size_t i = 0; !search->found && i < search->open.count; i++)
        if (memcmp(search->open.items[i].sha256, sha256, SHA256_SIZE) == 0)
            search->found = &search->open.items[i];
    return false;
}

/* A format that cannot say the event wants nothing, either. */
static void write_for_trial(struct search *search, const avro_value_t *event)
{
    struct fault ignored;
    struct adapt_written written = {.bytes = NULL};
    struct adapt_writing trial = *search->wanting->writing;
    trial.file_url = NULL; /* an address is no reason to fetch */
    trial.address = NULL;
    trial.has = note_wanted;
    trial.files = search;
    if (adapt_write(search->wanting->bench, search->wanting->adapter, event, &trial, &written,
                    &ignored))
        adapt_written_free(&written);
}

bool wanted_find(const struct wanting *wanting, avro_value_t *event, char **uri,
                 struct fetch_rule *rule, struct fault *why)
{
    struct search search = {.wanting = wanting};
    *uri = NULL;
    bool is_good = each_unhashed(event, note_open, &search, why);
    if (is_good && search.open.count > 0)
        write_for_trial(&search, event);
    if (is_good && search.found) {
        (void)fetch_rule_find(wanting->sender, search.found->uri, rule); /* it was found before */
        *uri = strdup(search.found->uri);
        is_good = *uri || fault_memory(why);
    }
    fetched_free(&search.open);
    return is_good;
}
