/* SPDX-License-Identifier: Apache-2.0 */
/* What an item is called, what happened in it, and what of it no row has taken. */
#include "adapt/bench.h"

/* ---- the event's type ---- */

static bool is_there(const struct reader *reader, int slot)
{
    uint32_t node = slot_node(reader, slot);
    return node != NODE_NONE && node_is_there(&reader->tree->nodes[node], node);
}

static bool cell_fits(const struct reader *reader, const struct cell *cell, int slot)
{
    struct word text = slot_text(reader, slot);
    switch (cell->kind) {
    case CELL_ANY:
        return true;
    case CELL_ABSENT:
        return !is_there(reader, slot);
    case CELL_PRESENT:
        return is_there(reader, slot);
    case CELL_TEXT:
        break;
    }
    return text.size == cell->text.size && memcmp(text.text, cell->text.text, text.size) == 0;
}

static bool row_fits(const struct reader *reader, const struct event_type_row *row)
{
    for (size_t at = 0; at < reader->message->from_count; at++)
        if (!cell_fits(reader, &row->cells[at], reader->plan->event_type[at].slot))
            return false;
    return true;
}

void find_event_type(struct reader *reader)
{
    const struct message *message = reader->message;
    reader->symbol = 0;
    reader->type = 0;
    reader->is_silent = false;
    for (size_t at = 0; at < message->event_type_count; at++) {
        const struct event_type_row *row = &message->event_types[at];
        if (!row_fits(reader, row))
            continue;
        reader->is_silent = row->symbol < 0;
        reader->symbol = row->symbol < 0 ? 0 : row->symbol;
        reader->type = UINT64_C(1) << reader->symbol;
        return;
    }
    const struct path *first = &message->from[0];
    struct problem problem = {.rule = RULE_CODE, .hint = message->event_table};
    bool is_outside = first->from_root && reader->plan->has_items;
    int item = reader->findings->item;
    if (is_outside) /* then it is wrong for all items */
        reader->findings->item = -1;
    report_path(reader, is_outside ? 0 : reader->item, first->steps, first->count, &problem);
    reader->findings->item = item;
}

/* The texts that writing the event's type would put into their places. */
void name_codes(struct reader *reader)
{
    const struct message *message = reader->message;
    const struct event_type_row *row = NULL;
    for (size_t at = 0; !row && at < message->event_type_count; at++)
        if (message->event_types[at].symbol == reader->symbol)
            row = &message->event_types[at];
    for (size_t at = 0; row && at < message->from_count; at++) {
        int slot = reader->plan->event_type[at].slot;
        if (row->cells[at].kind == CELL_TEXT && slot_text(reader, slot).size &&
            cell_fits(reader, &row->cells[at], slot))
            reader->tree->nodes[slot_node(reader, slot)].is_used = true;
    }
}

/* ---- names ---- */

/* The item as jansson has it, for the document or an element of the list of items. */
bool hash_item(const struct reader *reader, uint8_t digest[SHA256_SIZE], struct fault *why)
{
    if (reader->adapter->syntax == SYNTAX_XML) {
        if (reader->sha256)
            memcpy(digest, reader->sha256, SHA256_SIZE);
        else
            digest_sha256(reader->document.text, reader->document.size, digest);
        return true;
    }
    char *text = json_dumps(reader->tree->nodes[reader->item].origin,
                            JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);
    if (!text)
        return fault_memory(why);
    digest_sha256(text, strlen(text), digest);
    free(text);
    return true;
}

/* What a part says, in the arena where it is a hash; no text when it is absent. */
static struct word part_text(struct reader *reader, const struct part *part,
                             const struct slot_use *use)
{
    uint8_t digest[SHA256_SIZE];
    struct fault unused;
    if (part->kind == PART_CONTENT) {
        if (!hash_item(reader, digest, &unused))
            return (struct word){0};
    } else {
        struct word text = slot_text(reader, use->slot);
        if (part->kind == PART_TEXT)
            return text.size ? text : (struct word){0};
        if (!text.size) /* what is personal may be absent */
            return (struct word){"", 0};
        digest_sha256(text.text, text.size, digest);
    }
    char *hex = arena_take(reader->arena, SHA256_HEX_SIZE);
    if (!hex)
        return (struct word){0};
    digest_hex(digest, sizeof digest, hex);
    return (struct word){hex, SHA256_HEX_SIZE - 1};
}

const char *join_parts(struct reader *reader, const struct part *parts, size_t count,
                       const struct slot_use *uses, size_t *size)
{
    const char *joined = NULL;
    *size = 0;
    for (size_t at = 0; at < count; at++) {
        struct word part = part_text(reader, &parts[at], &uses[at]);
        size_t before = at ? *size + 1 : 0;
        char *longer = part.text ? arena_take(reader->arena, before + part.size + 1) : NULL;
        if (!longer)
            return NULL;
        if (at) {
            memcpy(longer, joined, *size);
            longer[*size] = '|';
        }
        memcpy(longer + before, part.text, part.size);
        *size = before + part.size;
        longer[*size] = '\0';
        joined = longer;
    }
    return joined;
}

/* ---- what is left over ---- */

static const char *extra_key(struct reader *reader, uint32_t index, uint32_t base, bool from_root)
{
    const char *path = tree_key(reader->tree, index, base, from_root, reader->arena);
    if (!path || !reader->extra_prefix)
        return path;
    size_t room = strlen(reader->extra_prefix) + strlen(path) + 2;
    char *key = arena_take(reader->arena, room);
    if (key)
        (void)snprintf(key, room, "%s:%s", reader->extra_prefix, path);
    return key;
}

static bool take_leaf(struct reader *reader, uint32_t index, uint32_t base, bool from_root,
                      struct fault *why)
{
    const struct node *node = &reader->tree->nodes[index];
    if (!node->text_size || node->is_used || node->is_ignored)
        return true;
    bool is_new = false;
    const char *key = extra_key(reader, index, base, from_root);
    if (!key)
        return fault_memory(why);
    const struct word text = {node->text, node->text_size};
    return fill_entry(reader->filling, reader->adapters->known.extra, key, &text, &is_new, why);
}

/* All nodes but the items, which come in document order. */
static bool take_outside(struct reader *reader, struct fault *why)
{
    const struct tree *tree = reader->tree;
    size_t next = 0;
    for (uint32_t at = 0; at < tree->count; at++) {
        if (next < reader->item_count && reader->items[next] == at) {
            at = tree->nodes[at].end - 1;
            next++;
        } else if (!take_leaf(reader, at, 0, true, why)) {
            return false;
        }
    }
    return true;
}

bool read_extra(struct reader *reader, struct fault *why)
{
    if (reader->plan->has_items && !take_outside(reader, why))
        return false;
    for (uint32_t at = reader->item; at < reader->tree->nodes[reader->item].end; at++)
        if (!take_leaf(reader, at, reader->item, false, why))
            return false;
    return true;
}
