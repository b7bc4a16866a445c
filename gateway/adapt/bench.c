/* SPDX-License-Identifier: Apache-2.0 */
/* One thread's working memory: everything that is used again from document to document. */
#include "adapt/bench.h"

#include "adapt/xml_check.h"
#include "adapt/xml_tree.h"
#include "base/cleanup.h"

ENDS_WITH_SCOPE(struct workbench *, workbench_free)

static void stand_free(struct stand *stand)
{
    xml_parser_free(stand->xml);
    json_reader_free(&stand->json);
    tree_free(&stand->tree);
}

void workbench_free(struct workbench *bench)
{
    if (!bench)
        return;
    for (size_t at = 0; bench->validators && at < bench->adapters->count; at++)
        if (bench->validators[at])
            xmlSchemaFreeValidCtxt(bench->validators[at]);
    free(bench->validators);
    if (bench->has_event)
        avro_value_decref(&bench->event);
    stand_free(&bench->outer);
    stand_free(&bench->inner);
    filling_free(&bench->filling);
    free(bench->findings.list);
    free(bench->findings.places);
    free(bench->matches.list);
    arena_free(&bench->arena);
    arena_free(&bench->writing);
    free(bench);
}

struct workbench *workbench_new(const struct adapters *adapters, struct fault *why)
{
    auto_free(workbench_free) struct workbench *bench = calloc(1, sizeof *bench);
    if (!bench) {
        (void)fault_memory(why);
        return NULL;
    }
    bench->adapters = adapters;
    bench->findings =
        (struct findings){.limit = (size_t)adapters->limits.problems, .arena = &bench->arena};
    bench->findings.list = calloc(bench->findings.limit, sizeof *bench->findings.list);
    bench->findings.places = calloc(bench->findings.limit, sizeof *bench->findings.places);
    bench->validators = calloc(adapters->count + 1, sizeof *bench->validators);
    bench->has_event = avro_generic_value_new(adapters->schema->iface, &bench->event) == 0;
    if (!bench->findings.list || !bench->findings.places || !bench->validators ||
        !bench->has_event) {
        (void)fault_memory(why);
        return NULL;
    }
    bench->filling.fields = adapters->fields;
    bench->filling.arena = &bench->arena;
    bench->filling.event = &bench->event;
    return steal(bench);
}

bool stand_parse(struct workbench *bench, struct stand *stand, enum draft_syntax syntax,
                 const struct word *document, bool *is_parsed, struct fault *why)
{
    const struct adapt_limits *limits = &bench->adapters->limits;
    bool is_read = false;
    if (syntax == SYNTAX_JSON) {
        is_read = json_read(&stand->json, document, limits, &bench->findings, &stand->tree, why);
        *is_parsed = stand->tree.count > 0;
        return is_read;
    }
    if (!stand->xml && !(stand->xml = xml_parser_new(why)))
        return false;
    stand->document = NULL;
    is_read = xml_parse(stand->xml, document, limits, &bench->findings, &stand->document, why);
    *is_parsed = stand->document != NULL;
    return is_read;
}

bool stand_recognise(struct workbench *bench, struct stand *stand, const struct adapter *adapter,
                     struct recognition *found, struct fault *why)
{
    *found = (struct recognition){.rule = RULE_UNRECOGNISED};
    if (adapter->syntax == SYNTAX_XML) {
        found->rule = xml_root_rule(adapter, stand->document);
        if (found->rule != RULE_COUNT_)
            return true;
        if (!xml_tree_build(adapter, stand->document, &bench->arena, &stand->tree, why))
            return false;
    }
    bool is_found = recognise(adapter, &stand->tree, &found->message, &found->plan);
    found->rule = is_found ? RULE_COUNT_ : RULE_UNRECOGNISED;
    return true;
}

bool stand_validate(struct workbench *bench, const struct stand *stand,
                    const struct adapter *adapter, struct fault *why)
{
    xmlSchemaValidCtxtPtr *validator = &bench->validators[adapter->number];
    if (!adapter->xml_schema)
        return true;
    if (!*validator)
        *validator = xmlSchemaNewValidCtxt(adapter->xml_schema);
    if (!*validator)
        return fault_memory(why);
    bool is_checked = xml_check(*validator, stand->document, &stand->tree, &bench->findings, why);
    if (!is_checked)
        *validator = NULL; /* lost: what libxml2 2.9 could not finish it cannot free either */
    return is_checked;
}

int stand_line(const struct stand *stand, enum draft_syntax syntax)
{
    xmlNode *root = syntax == SYNTAX_XML ? xmlDocGetRootElement(stand->document) : NULL;
    return root ? (int)xmlGetLineNo(root) : 1;
}
