/* SPDX-License-Identifier: Apache-2.0 */
/* From a document's bytes to one Avro event for each of its items. */
#include "adapt/bench.h"

#include "base/opening.h"

/* ---- one item ---- */

static bool set_text(struct filling *filling, const struct field *field, const char *text,
                     struct fault *why)
{
    struct holder event = {.value = *filling->event};
    struct value value = {.kind = VALUE_TEXT, .text = text, .size = strlen(text)};
    return fill_field(filling, &event, field, &value, why);
}

static bool set_type(struct reader *reader, struct fault *why)
{
    struct holder event = {.value = *reader->filling->event};
    struct value value = {.number = reader->symbol};
    return fill_field(reader->filling, &event, reader->adapters->known.event_type, &value, why);
}

/* DOMAIN.md R7. */
static void check_handoff(struct reader *reader)
{
    const struct known_fields *known = &reader->adapters->known;
    const avro_value_t *event = reader->filling->event;
    const char *from = NULL, *to = NULL;
    size_t from_size = 0, to_size = 0;
    if (!field_text(known->from_agency, event, &from, &from_size) ||
        !field_text(known->to_agency, event, &to, &to_size))
        return; /* no handoff */
    if (!from_size)
        report_field(reader, known->from_agency, RULE_HANDOFF, NULL, NULL);
    else if (!to_size)
        report_field(reader, known->to_agency, RULE_HANDOFF, NULL, NULL);
    else if (from_size == to_size && memcmp(from, to, from_size) == 0)
        report_field(reader, known->to_agency, RULE_HANDOFF, to, NULL);
}

static bool is_set(const struct filling *filling, const struct field *field)
{
    struct holder event = {.value = *filling->event};
    return is_filled(filling, &event, field);
}

static bool says_due(const struct reader *reader)
{
    for (size_t at = 0; at < reader->message->row_count; at++) {
        const struct row *row = &reader->message->rows[at];
        if (row->reads && row->field == reader->adapters->known.due_at &&
            (row->types & reader->type))
            return true;
    }
    return false;
}

/* DOMAIN.md W3, where the format has a place for it and the dossier was received. */
static bool tag_missing_due(struct reader *reader, struct fault *why)
{
    const struct known_fields *known = &reader->adapters->known;
    if (!is_set(reader->filling, known->accepted_at) || is_set(reader->filling, known->due_at) ||
        !says_due(reader))
        return true;
    return fill_tag(reader->filling, known->tags, "due-missing", why);
}

/* Every part of the native id that is absent; the rows may have said so already. */
static void report_parts(struct reader *reader)
{
    const struct message *message = reader->message;
    for (size_t at = 0; at < message->native_id_count; at++) {
        const struct part *part = &message->native_id[at];
        if (part->kind != PART_TEXT || slot_text(reader, reader->plan->native_id[at].slot).size)
            continue;
        bool is_outside = part->path.from_root && reader->plan->has_items;
        int item = reader->findings->item;
        if (is_outside)
            reader->findings->item = -1;
        report_path(reader, is_outside ? 0 : reader->item, part->path.steps, part->path.count,
                    &(struct problem){.rule = RULE_MISSING});
        reader->findings->item = item;
    }
}

static bool name_item(struct reader *reader, struct adapt_item *item, struct fault *why)
{
    const struct message *message = reader->message;
    const struct plan *plan = reader->plan;
    size_t unused = 0;
    item->message = message->name;
    item->reference =
        join_parts(reader, message->reference, message->reference_count, plan->reference, &unused);
    item->refers_to =
        join_parts(reader, message->refers_to, message->refers_to_count, plan->refers_to, &unused);
    item->native_id = join_parts(reader, message->native_id, message->native_id_count,
                                 plan->native_id, &item->native_id_size);
    reader->is_named = item->refers_to != NULL;
    return hash_item(reader, item->content_sha256, why);
}

/* An event starts empty; what it carries is read into it first, and has no envelope of its own. */
static bool fill_outer(struct reader *reader, struct fault *why)
{
    return filling_start(reader->filling, why) && read_carried(reader, why) &&
           set_type(reader, why) &&
           set_text(reader->filling, reader->adapters->known.format, reader->message->format, why);
}

static bool fill_item(struct reader *reader, struct fault *why)
{
    bool is_outer = !reader->extra_prefix;
    if ((is_outer && !fill_outer(reader, why)) || !read_rows(reader, why) ||
        (is_outer && !tag_missing_due(reader, why)))
        return false;
    name_codes(reader);
    if (!read_extra(reader, why))
        return false;
    if (is_outer && !reader->is_silent)
        check_handoff(reader);
    return true;
}

bool read_item(struct reader *reader, uint32_t node, struct adapt_item *item, struct fault *why)
{
    reader->matches->count = reader->document_until;
    reader->item = reader->bases[SCOPE_ITEM] = node;
    walk_clear(reader, SCOPE_ITEM);
    if (!walk(reader, node, reader->plan->item_root, why) || !name_item(reader, item, why))
        return false;
    find_event_type(reader);
    if (!fill_item(reader, why))
        return false;
    if (!item->native_id && !reader->extra_prefix)
        report_parts(reader);
    item->is_silent = reader->is_silent;
    item->has_occurred_at = is_set(reader->filling, reader->adapters->known.occurred_at);
    return true;
}

/* ---- the document ---- */

bool reader_start(struct reader *reader, struct fault *why)
{
    const struct plan *plan = reader->plan;
    reader->slots = arena_take(reader->arena, ((size_t)plan->slot_count + 1) * sizeof(uint32_t));
    if (!reader->slots)
        return fault_memory(why);
    for (int at = 0; at < plan->slot_count; at++)
        reader->slots[at] = NODE_NONE;
    reader->document_from = reader->matches->count;
    reader->bases[SCOPE_DOCUMENT] = 0;
    if (!find_items(reader, reader->adapters->limits.items, why) ||
        (plan->has_items && !walk(reader, 0, plan->document_root, why)))
        return false;
    reader->document_until = reader->matches->count;
    return true;
}

bool reader_file(const struct reader *reader, const struct word *text, uint8_t sha256[SHA256_SIZE],
                 int64_t *bytes)
{
    const struct adapt_document *origin = reader->origin;
    return origin->file && origin->file(origin->files, text->text, text->size, sha256, bytes);
}

/* What one item took of the document around the items, the next one takes too. */
static void release_outside(struct reader *reader)
{
    struct tree *tree = reader->tree;
    size_t next = 0;
    for (uint32_t at = 0; at < tree->count; at++) {
        if (next < reader->item_count && reader->items[next] == at)
            at = tree->nodes[reader->items[next++]].end - 1;
        else
            tree->nodes[at].is_used = false;
    }
}

struct delivery {
    bool (*each)(void *own, const struct adapt_item *item, struct fault *why);
    void *own;
};

static bool read_items(struct workbench *bench, struct reader *reader,
                       const struct delivery *delivery, struct fault *why)
{
    for (size_t at = 0; at < reader->item_count; at++) {
        struct adapt_item item = {
            .adapter = reader->adapter, .event = bench->event, .number = (int)at};
        findings_begin(&bench->findings, (int)at);
        if (at > 0)
            release_outside(reader);
        if (!read_item(reader, reader->items[at], &item, why))
            return false;
        if (bench->arena.is_short) /* it may lack something */
            return fault_memory(why);
        item.is_valid = !findings_name(&bench->findings, (int)at);
        bench->reading = reader;
        bool goes_on = delivery->each(delivery->own, &item, why);
        bench->reading = NULL;
        if (!goes_on)
            return false;
    }
    return true;
}

static bool read_document(struct workbench *bench, const struct recognition *found,
                          const struct adapt_document *document, const struct delivery *delivery,
                          size_t *item_count, struct fault *why)
{
    struct reader *reader = arena_take(&bench->arena, sizeof *reader);
    if (!reader)
        return fault_memory(why);
    *reader = (struct reader){.adapters = bench->adapters,
                              .adapter = found->message->adapter,
                              .message = found->message,
                              .plan = found->plan,
                              .bench = bench,
                              .tree = &bench->outer.tree,
                              .document = {document->bytes, document->size},
                              .sha256 = document->sha256,
                              .origin = document,
                              .arena = &bench->arena,
                              .findings = &bench->findings,
                              .filling = &bench->filling,
                              .matches = &bench->matches,
                              .carried_symbol = -1};
    if (!stand_validate(bench, &bench->outer, reader->adapter, why))
        return false;
    bench->findings.is_closed = bench->findings.total > 0;
    if (!reader_start(reader, why))
        return false;
    *item_count = reader->item_count;
    return read_items(bench, reader, delivery, why);
}

/* ---- which adapter ---- */

/* A document that begins with "<" is for the adapters of XML, if there is one. */
static enum draft_syntax syntax_of(const struct adapt_document *document)
{
    bool is_xml = opening_is_xml(document->bytes, document->size);
    for (size_t each = 0; each < document->candidate_count; each++)
        if ((document->candidates[each]->syntax == SYNTAX_XML) == is_xml)
            return document->candidates[each]->syntax;
    return document->candidates[0]->syntax;
}

/* The first that recognises the document; else the rule that the best of them found broken. */
static bool choose(struct workbench *bench, const struct adapt_document *document,
                   struct recognition *found, struct fault *why)
{
    enum rule best = RULE_UNRECOGNISED;
    enum draft_syntax syntax = syntax_of(document);
    for (size_t at = 0; at < document->candidate_count; at++) {
        const struct adapter *candidate = document->candidates[at];
        if (candidate->syntax != syntax)
            continue;
        if (!stand_recognise(bench, &bench->outer, candidate, found, why))
            return false;
        if (found->rule == RULE_COUNT_)
            return true;
        if (found->rule == RULE_NAMESPACE)
            best = RULE_NAMESPACE;
    }
    found->rule = best;
    found->line = stand_line(&bench->outer, syntax);
    return true;
}

static bool recognise_bytes(struct workbench *bench, const struct adapt_document *document,
                            struct recognition *found, struct fault *why)
{
    bool is_parsed = false;
    const struct word bytes = {document->bytes, document->size};
    *found = (struct recognition){.rule = RULE_SYNTAX};
    if (document->size > (size_t)bench->adapters->limits.document_bytes) {
        findings_add(&bench->findings,
                     &(struct problem){.rule = RULE_LIMIT, .path = "/", .hint = "document_bytes"});
        return true;
    }
    enum draft_syntax syntax = syntax_of(document);
    if (!stand_parse(bench, &bench->outer, syntax, &bytes, &is_parsed, why))
        return false;
    if (is_parsed && syntax == SYNTAX_XML && document->without_signatures)
        xml_drop_signatures(bench->outer.document);
    if (is_parsed && !choose(bench, document, found, why))
        return false;
    if (is_parsed && found->rule != RULE_COUNT_)
        findings_add(&bench->findings,
                     &(struct problem){.rule = found->rule, .path = "/", .line = found->line});
    return true;
}

/* As the sender sees the document. */
static void place_findings(struct findings *findings, const struct adapt_document *document)
{
    for (size_t at = 0; document->place && at < findings->count; at++) {
        struct problem *problem = &findings->list[at];
        if (problem->line)
            document->place(document->files, &problem->line, &problem->column);
    }
}

bool adapt_read(struct workbench *bench, const struct adapt_document *document,
                bool (*each)(void *own, const struct adapt_item *item, struct fault *why),
                void *own, struct reading *reading, struct fault *why)
{
    const struct delivery delivery = {each, own};
    struct recognition found;
    size_t item_count = 0;
    if (!document->candidate_count)
        return fault_set(why, FAULT_BROKEN, "no adapter to read with");
    /* The last event borrows from the last document, and avro-c still reads what it lets go of. */
    if (!filling_clear(&bench->filling, why))
        return false;
    arena_reset(&bench->arena);
    findings_clear(&bench->findings);
    bench->matches.count = 0;
    if (!recognise_bytes(bench, document, &found, why))
        return false;
    bool is_found = found.rule == RULE_COUNT_;
    if (is_found && !read_document(bench, &found, document, &delivery, &item_count, why))
        return false;
    if (bench->arena.is_short)
        return fault_memory(why);
    place_findings(&bench->findings, document);
    *reading = (struct reading){.adapter = is_found ? found.message->adapter : NULL,
                                .item_count = item_count,
                                .problems = bench->findings.list,
                                .problem_count = bench->findings.count,
                                .problem_total = bench->findings.total};
    return true;
}

void adapt_report(struct workbench *bench, enum rule rule, const char *field, const char *value,
                  const char *hint)
{
    const struct field *named = fields_find(bench->adapters->fields, field);
    if (bench->reading && named)
        report_field(bench->reading, named, rule, value, hint);
}

bool adapt_tag(struct workbench *bench, const char *tag, struct fault *why)
{
    return fill_tag(&bench->filling, bench->adapters->known.tags, tag, why);
}
