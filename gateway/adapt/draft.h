/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_DRAFT_H
#define ADAPT_DRAFT_H

#include "adapt/service.h"
#include "base/fault.h"
#include "base/yaml_file.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * adapter.yaml as it stands there, with right keys and types, and nothing else checked.  Names and
 * meanings are docs/adapters.md's; an absent text is NULL.
 */

struct draft_condition {
    char *path;
    char *is;
    bool absent;
};

struct draft_shape {
    struct draft_condition *when;
    unsigned when_count;
    char *items;
};

struct draft_event_type {
    char **from;
    unsigned from_count;
    char *table;
};

struct draft_speaker {
    char *field;
    char **types;
    unsigned types_count;
};

struct draft_array {
    char *field;
    char *path;
    char *join;
    char *on;
    struct draft_condition *skip;
    char *set;
    char **to;
    unsigned to_count;
    char **also;
    unsigned also_count;
};

enum draft_only { ONLY_BOTH, ONLY_READ, ONLY_WRITE };
enum draft_as { AS_TEXT, AS_NUMBER, AS_BOOLEAN };

struct draft_row {
    char *field;
    char *path;
    char *convert;
    char *form;
    char *table;
    bool open;
    bool required;
    enum draft_only only;
    char **types;
    unsigned types_count;
    char *fallback;
    char *constant;
    char *template;
    char *given;
    char **absent;
    unsigned absent_count;
    bool always;
    enum draft_as as;
    uint32_t max;
    char *key;
    bool ignore;
    bool foreign;
    bool content; /* only below carries.write */
};

enum draft_way { WAY_INLINE, WAY_FILE };

struct draft_carries {
    char *adapter;
    enum draft_way as;
    char *off;
    char *path;
    char *content;
    char *name;
    char *is;
    char **refines;
    unsigned refines_count;
    char **types;
    unsigned types_count;
    struct draft_row *write;
    unsigned write_count;
};

struct draft_message {
    char *name;
    char *format;
    struct draft_shape *shapes;
    unsigned shapes_count;
    char **native_id;
    unsigned native_id_count;
    struct draft_event_type event_type;
    struct draft_speaker *speaks_for;
    unsigned speaks_for_count;
    char **reference;
    unsigned reference_count;
    char **refers_to;
    unsigned refers_to_count;
    struct draft_array *arrays;
    unsigned arrays_count;
    struct draft_carries *carries;
    struct draft_row *map;
    unsigned map_count;
};

struct draft_prefix {
    char *element;
    char *name_space;
    char *prefix;
};

struct draft_xml {
    char *root;
    char **namespaces;
    unsigned namespaces_count;
    char *schema;
    struct draft_prefix *prefixes;
    unsigned prefixes_count;
};

struct draft_text {
    char *name;
    char *text;
};

struct draft_send {
    char *message;
    char *method;
    char *path;
    char *media_type;
    enum service_body body;
    char *part;
    char *file_name;
    char *files_part;
    struct draft_text *fields;
    unsigned fields_count;
    struct draft_text *headers;
    unsigned headers_count;
};

struct draft_auth {
    enum service_auth_kind kind;
    char *path;
    char *media_type;
    char *body;
    char *token;
    char *expires_in;
    char *given;
    struct draft_text *headers;
    unsigned headers_count;
    struct draft_text *require;
    unsigned require_count;
};

struct draft_call {
    char *method;
    char *path;
    char *media_type;
    char *body;
    char *items;
    char *id;
    char *document;
    bool base64;
    char *state;
    char **waits;
    unsigned waits_count;
};

struct draft_mailbox {
    struct draft_call *list;
    struct draft_call *fetch;
    struct draft_call *done;
    struct draft_call *failed;
};

struct draft_where {
    char *path;
    char **is;
    unsigned is_count;
    char **contains;
    unsigned contains_count;
    bool absent;
};

struct draft_answer {
    char **status;
    unsigned status_count;
    struct draft_where *where;
    unsigned where_count;
    enum answer_meaning meaning;
    char *cause;
    char *detail;
};

struct draft_cannot {
    char **fields;
    unsigned fields_count;
    char *reason;
};

enum draft_syntax { SYNTAX_JSON = 1, SYNTAX_XML };

struct draft {
    char *name;
    char *title;
    enum draft_syntax syntax;
    char **media_types;
    unsigned media_types_count;
    struct draft_xml *xml;
    struct draft_message *messages;
    unsigned messages_count;
    struct draft_send *send;
    unsigned send_count;
    struct draft_auth *auth;
    struct draft_mailbox *mailbox;
    struct draft_answer *answers;
    unsigned answers_count;
    struct draft_cannot *cannot;
    unsigned cannot_count;
    struct draft_text *when_exists;
    unsigned when_exists_count;
    struct draft_text *when_missing;
    unsigned when_missing_count;
};

/** Faults name file, line and column. */
struct draft *draft_read(const struct yaml_file *file, struct fault *why)
    __attribute__((warn_unused_result));
void draft_free(struct draft *draft);

#endif
