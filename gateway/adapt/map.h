/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_MAP_H
#define ADAPT_MAP_H

#include "adapt/adapter.h"
#include "adapt/code_list.h"
#include "adapt/convert.h"
#include "adapt/draft.h"
#include "adapt/field.h"
#include "adapt/path.h"
#include "adapt/trie.h"

#include <libxml/xmlschemas.h>

/*
 * An adapter as it is compiled: made once by compile.c, row.c and plan.c, used by read*.c and
 * write*.c, never changed.  All of it lies in the adapter's arena or in its draft.
 */

/** A piece of a template: a field's value, or the text as it is. */
struct template_part {
    const struct field *field; /**< NULL: `text` */
    struct word text;
};

/** One row of the map, with its texts resolved. */
struct row {
    const struct field *field; /**< NULL: a place alone */
    struct path path;
    bool has_path;
    struct path key;
    bool has_key;
    const struct conversion *conversion;
    int option; /**< of the conversion's form */
    const struct code_list *table;
    bool is_open;
    bool is_required;
    bool is_always;
    bool is_ignored;
    bool is_content; /**< of carries.write */
    bool reads;
    bool writes;
    bool is_foreign;    /**< written only for events that came in another format */
    bool is_own_format; /**< written only for events of the message's own format */
    uint64_t types;     /**< bit n: event type n */
    const char *given;  /**< the caller's text of this name is written; else NULL */
    struct word fallback;
    struct word constant;
    struct word *absent;
    size_t absent_count;
    struct template_part *template;
    size_t template_count;
    enum draft_as as;
    size_t max;
    size_t number; /**< in the map, from 0 */
};

/** A part of a name of a message: a text, the hash of a text, or the hash of the item. */
enum part_kind { PART_TEXT, PART_HASH, PART_CONTENT };
struct part {
    enum part_kind kind;
    struct path path;
};

/** How a cell of the table of event types is compared. */
enum cell_kind { CELL_TEXT, CELL_ANY, CELL_ABSENT, CELL_PRESENT };
struct cell {
    enum cell_kind kind;
    struct word text;
};
struct event_type_row {
    struct cell *cells;
    int symbol; /**< of the enum; -1: nothing is published */
};

struct speaker {
    const struct field *field;
    uint64_t types;
};

struct condition {
    struct path path;
    struct word is;
    bool is_absent;
};

/** More about a repeated node than a row can say: `arrays:`. */
struct array_rule {
    const struct field *list;
    struct path path;
    struct path join;
    const struct field *on; /**< NULL: nothing is joined */
    struct condition skip;
    bool has_skip;
    const struct field *set;
    struct word *to;
    size_t to_count;
    struct word *also; /**< of events in another format, these are written here too */
    size_t also_count;
};

struct carries {
    const struct adapter *adapter;
    struct path path;
    struct path content;
    struct path name;
    struct word is;
    uint64_t refines;
    uint64_t types;
    bool is_file;    /**< it travels beside, and its address within; reading leaves it alone */
    const char *off; /**< given "no" under this name, it is left out; or NULL */
    struct row *write;
    size_t write_count;
};

/* ---- how a shape is read ---- */

/** Whose slots and nodes: the document's, the item's, or a group's. */
enum { SCOPE_DOCUMENT, SCOPE_ITEM, SCOPE_GROUPS };
enum { GROUP_LIMIT = 256, SCOPE_LIMIT = SCOPE_GROUPS + GROUP_LIMIT };

/** A row bound to the places where this shape has it. */
struct action {
    const struct row *row;
    struct group *group; /**< of the item's actions: the group that is read here; else NULL */
    int slot;            /**< SLOT_NONE: the row has no place */
    int key_slot;
    uint32_t at; /**< trie nodes behind the slots, while the plan is being built */
    uint32_t key_at;
    uint16_t scope;
    size_t skip; /**< steps of the row's path that lead to the scope */
    bool takes_leaves;
};

/** Nodes that repeat: each makes an element of a list, or an entry of a map. */
struct group {
    const struct field *list; /**< NULL: a constant's places */
    const struct row *constant;
    const struct array_rule *rule;
    struct group *parent;
    struct group *children;
    struct group *sibling;
    const struct path *path; /**< that leads here, with its first `steps` steps */
    size_t steps;
    uint32_t root; /**< trie of what is inside */
    uint16_t scope;
    uint16_t number;
    struct action *actions; /**< its own and its parents' rows, in the order of the map */
    size_t action_count;
    uint32_t join_at, skip_at;
    int join_slot, skip_slot;
    bool is_carried; /**< carries.path: name and content stand in join and skip */
};

struct slot_use {
    uint32_t at;
    int slot;
};

struct plan {
    struct condition *when;
    size_t when_count;
    bool has_items;
    struct path items;
    struct trie trie;
    uint32_t document_root; /**< of what lies outside the items */
    uint32_t item_root;
    struct action *actions;
    size_t action_count;
    struct group *groups[GROUP_LIMIT];
    size_t group_count;
    int slots_of[SCOPE_LIMIT]; /**< how many each scope has */
    int first_slot[SCOPE_LIMIT];
    int slot_count;
    struct slot_use *event_type; /**< one for each of the message's `from` */
    struct slot_use *native_id;  /**< one for each part */
    struct slot_use *reference;
    struct slot_use *refers_to;
    struct group *carried;
};

/* ---- how a message is written ---- */

/** A place of the written document; its children stand in the order of the rows. */
struct layout {
    const char *name;
    uint32_t size;
    bool is_attribute;
    bool is_array;
    uint32_t order;
    struct layout *children;
    struct layout *last;
    struct layout *next;
};

struct message {
    const char *name;
    const char *format;
    const struct adapter *adapter;
    struct plan *plans; /**< one for each shape */
    size_t plan_count;
    struct part *native_id;
    size_t native_id_count;
    struct path *from;
    size_t from_count;
    struct event_type_row *event_types;
    size_t event_type_count;
    const char *event_table;
    struct speaker *speakers;
    size_t speaker_count;
    struct part *reference;
    size_t reference_count;
    struct part *refers_to;
    size_t refers_to_count;
    struct array_rule *arrays;
    size_t array_count;
    struct carries *carries;
    struct row *rows;
    size_t row_count;
    struct layout *layout;
};

struct xml_prefix {
    const char *element;    /**< or NULL */
    const char *name_space; /**< or NULL */
    const char *prefix;
};

/* ---- how a system of the format is spoken to ---- */

struct status_range {
    int first;
    int last;
};

/** What must be so in an answer's body: at a path, or in all of it where the path has no steps. */
struct answer_where {
    struct path path;
    bool has_path;
    char *const *is; /**< one of these, or any when there is none */
    size_t is_count;
    char *const *contains; /**< one of these within it */
    size_t contains_count;
    bool is_absent;
};

struct answer_rule {
    struct status_range *statuses; /**< one of these, or any when there is none */
    size_t status_count;
    struct answer_where *where; /**< all of these */
    size_t where_count;
    enum answer_meaning meaning;
    const char *cause;  /**< or NULL */
    const char *detail; /**< or NULL */
};

struct service {
    struct service_send *sends;
    size_t send_count;
    struct service_send other; /**< of messages that no `send` names */
    struct service_auth auth;
    struct service_mailbox *mailbox; /**< or NULL */
    struct answer_rule *rules;
    size_t rule_count;
    struct service_text *when_exists;
    struct service_text *when_missing;
};

/** Why the format cannot carry some fields, for people: `cannot:`. */
struct inability {
    char *const *fields; /**< names, or beginnings of names before a `*` */
    size_t count;
    const char *reason;
};

struct adapter {
    const char *name;
    const char *folder;
    enum draft_syntax syntax;
    struct draft *draft; /**< holds most texts */
    const struct adapters *adapters;
    const struct fields *fields;
    struct xml_prefix *prefixes;
    size_t prefix_count;
    xmlSchemaPtr xml_schema; /**< or NULL */
    struct message *messages;
    size_t message_count;
    struct code_list *lists; /**< every table of the map, once */
    size_t list_count;
    struct service *service;
    struct inability *cannot;
    size_t cannot_count;
    struct arena arena;
    size_t number; /**< among all adapters */
};

/** Fields that the engine itself speaks of. */
struct known_fields {
    const struct field *event_type;
    const struct field *format;
    const struct field *occurred_at;
    const struct field *dossier_code;
    const struct field *accepted_at;
    const struct field *due_at;
    const struct field *from_agency;
    const struct field *to_agency;
    const struct field *extra;
    const struct field *tags;
    const struct field *document_id;
    const struct field *document_name;
    const struct field *document_sha256;
    const struct field *document_uri;
};

struct adapters {
    const struct schema *schema;
    struct known_fields known;
    struct fields *fields;
    struct adapter *list;
    size_t count;
    struct adapt_limits limits;
};

/** The place of a step below another, or NULL. */
const struct layout *layout_child(const struct layout *parent, const struct step *step);

#endif
