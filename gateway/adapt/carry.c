/* SPDX-License-Identifier: Apache-2.0 */
/* A document within a document: unpacked into the same event before the outer rows add to it. */
#include "adapt/base64.h"
#include "adapt/bench.h"
#include "adapt/writer.h"

/* Reads the inner document's first item by the rows of its own adapter. */
static bool fill_from(struct reader *reader, struct reader *inner, struct fault *why)
{
    struct adapt_item unused = {0};
    size_t before = reader->findings->total;
    if (!stand_validate(reader->bench, &reader->bench->inner, inner->adapter, why))
        return false;
    reader->findings->is_closed = reader->findings->total > before;
    if (!reader_start(inner, why))
        return false;
    if (inner->item_count != 1) {
        reader->findings->is_closed = false;
        findings_add(reader->findings, &(struct problem){.rule = RULE_LIMIT, .hint = "one item"});
        return true;
    }
    bool is_read = read_item(inner, inner->items[0], &unused, why);
    reader->findings->is_closed = false;
    if (!is_read)
        return false;
    reader->carried_symbol = inner->is_silent ? -1 : inner->symbol;
    return true;
}

static bool read_inner(struct reader *reader, const struct word *document, struct fault *why)
{
    struct workbench *bench = reader->bench;
    const struct adapter *adapter = reader->message->carries->adapter;
    struct recognition found;
    bool is_parsed = false;
    if (!stand_parse(bench, &bench->inner, adapter->syntax, document, &is_parsed, why))
        return false;
    if (!is_parsed)
        return true;
    if (!stand_recognise(bench, &bench->inner, adapter, &found, why))
        return false;
    if (found.rule != RULE_COUNT_) {
        findings_add(reader->findings, &(struct problem){.rule = found.rule, .path = "/"});
        return true;
    }
    struct reader *inner = arena_take(reader->arena, sizeof *inner);
    if (!inner)
        return fault_memory(why);
    *inner = *reader;
    inner->adapter = adapter;
    inner->message = found.message;
    inner->plan = found.plan;
    inner->tree = &bench->inner.tree;
    inner->document = *document;
    inner->sha256 = NULL;
    inner->items = NULL;
    inner->item_count = 0;
    inner->extra_prefix = adapter->name;
    return fill_from(reader, inner, why);
}

/* The bytes of what is carried, from the document itself or from where they were moved to.  No text
 * and no size when they are neither base64 nor a file. */
static bool take_content(struct reader *reader, const struct word *content, struct word *document,
                         struct fault *why)
{
    const struct adapt_document *origin = reader->origin;
    uint8_t sha256[SHA256_SIZE];
    int64_t bytes = 0;
    if (!reader_file(reader, content, sha256, &bytes)) {
        document->text =
            base64_decode(content->text, content->size, reader->arena, &document->size);
        return document->text || !document->size || fault_memory(why);
    }
    *document = (struct word){0};
    if (!origin->load || bytes < 0 || bytes > reader->adapters->limits.document_bytes)
        return true;
    char *text = arena_take(reader->arena, (size_t)bytes + 1);
    if (!text)
        return fault_memory(why);
    *document = (struct word){text, (size_t)bytes};
    return origin->load(origin->files, sha256, text, (size_t)bytes, why);
}

static bool read_attachment(struct reader *reader, const struct group *group, uint32_t node,
                            struct fault *why)
{
    const struct carries *carries = reader->message->carries;
    walk_clear(reader, group->scope);
    if (!walk(reader, node, group->root, why))
        return false;
    struct word name = slot_text(reader, group->join_slot);
    struct word content = slot_text(reader, group->skip_slot);
    if (name.size != carries->is.size || memcmp(name.text, carries->is.text, name.size) != 0)
        return true;
    struct word document = {0};
    if (!take_content(reader, &content, &document, why))
        return false;
    pass_over(reader->tree, node);
    uint32_t place = slot_node(reader, group->skip_slot);
    if (!document.text) {
        report_node(reader, place == NODE_NONE ? node : place,
                    &(struct problem){.rule = RULE_BASE64});
        return true;
    }
    struct findings *findings = reader->findings;
    int unused = 0;
    findings->prefix = tree_path(reader->tree, node, 0, true, reader->arena);
    tree_place(reader->tree, node, &findings->prefix_line, &unused);
    findings->prefix_place = node;
    bool is_read = read_inner(reader, &document, why);
    findings->prefix = NULL;
    return is_read;
}

bool read_carried(struct reader *reader, struct fault *why)
{
    const struct carries *carries = reader->message->carries;
    reader->carried_symbol = -1;
    if (!carries || carries->is_file || reader->extra_prefix || !(carries->types & reader->type))
        return true;
    size_t until = reader->matches->count;
    for (size_t at = reader->document_from; at < until; at++) {
        struct match match = reader->matches->list[at]; /* the list may move */
        if (match.group == reader->plan->carried &&
            !read_attachment(reader, match.group, match.node, why))
            return false;
        reader->matches->count = until;
    }
    if (reader->carried_symbol > 0 && (carries->refines & reader->type)) {
        reader->symbol = reader->carried_symbol;
        reader->type = UINT64_C(1) << reader->symbol;
    }
    return true;
}

/* ---- writing ---- */

bool place_carried(const struct writer *writer, const struct word *content, struct fault *why)
{
    const struct carries *carries = writer->message->carries;
    for (size_t at = 0; content->text && at < carries->write_count; at++) {
        const struct row *row = &carries->write[at];
        struct word text = row->is_content ? *content
                           : row->template ? template_text(writer, row)
                                           : row->constant;
        struct out *place =
            place_at(writer, place_from(writer, &row->path), row->path.steps, row->path.count, 0);
        if (!place)
            return fault_memory(why);
        place_put(place, OUT_FIELD, &text, row);
    }
    return true;
}

/* Whether the document travels with this event, as the caller wants it. */
static bool is_carried(const struct writer *writer)
{
    const struct carries *carries = writer->message->carries;
    if (!carries || !(carries->types & writer->type) ||
        (carries->is_file && !has_addresses(writer)))
        return false;
    struct word wanted = carries->off ? given_text(writer, carries->off) : (struct word){0};
    return wanted.size != 2 || memcmp(wanted.text, "no", 2) != 0;
}

/* Base64 within the document, or the address of what travels beside it. */
static bool pack(const struct writer *writer, char *document, size_t size, struct word *content,
                 struct fault *why)
{
    const struct carries *carries = writer->message->carries;
    char hex[SHA256_HEX_SIZE];
    if (!carries->is_file) {
        content->text = base64_encode(document, size, writer->arena, &content->size);
        free(document);
    } else if (attach(writer, document, size, adapter_media_type(carries->adapter, 0), hex, why)) {
        *content = file_url(writer, hex);
    } else {
        return false;
    }
    return content->text || fault_memory(why);
}

bool write_carried(struct workbench *bench, const struct writer *writer, struct word *content,
                   struct fault *why)
{
    const struct carries *carries = writer->message->carries;
    if (!is_carried(writer))
        return true;
    struct adapt_writing writing = {.file_url = writer->writing->file_url,
                                    .address = writer->writing->address,
                                    .has = writer->writing->has,
                                    .files = writer->writing->files};
    uint64_t apart[FIELD_LIMIT / 64] = {0}; /* what is only beside is no reason to leave it out */
    struct writer inner = {.adapters = writer->adapters,
                           .adapter = carries->adapter,
                           .event = writer->event,
                           .arena = writer->arena,
                           .writing = &writing,
                           .files = writer->files,
                           .beside = writer->beside,
                           .names_documents = writer->names_documents,
                           .extra_prefix = writer->is_own_format ? carries->adapter->name : NULL,
                           .written = carries->is_file ? apart : writer->written};
    size_t size = 0;
    if (!choose_message(&inner, why)) /* then the letter goes without it */
        return why->kind == FAULT_REFUSE;
    char *document = write_message(bench, &inner, &size, why);
    return document && pack(writer, document, size, content, why);
}
