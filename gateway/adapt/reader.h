/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_READER_H
#define ADAPT_READER_H

#include "adapt/fill.h"
#include "adapt/findings.h"
#include "adapt/json.h"
#include "adapt/map.h"
#include "adapt/xml.h"

/** A node that a group repeats at. */
struct match {
    const struct group *group;
    uint32_t node;
};

/** The matches of a thread; readers use it as a stack. */
struct matches {
    struct match *list;
    size_t count;
    size_t room;
};

/** One document that is being read by one message's plan into the filling. */
struct reader {
    const struct adapters *adapters;
    const struct adapter *adapter;
    const struct message *message;
    const struct plan *plan;
    struct workbench *bench;
    struct tree *tree;
    struct word document;                /**< its bytes */
    const uint8_t *sha256;               /**< of them, or NULL */
    const struct adapt_document *origin; /**< what the caller gave, with what knows its files */
    struct arena *arena;
    struct findings *findings;
    struct filling *filling;
    struct matches *matches;
    size_t document_from;        /**< matches outside the items: from here */
    size_t document_until;       /**< to here; the item's follow */
    uint32_t *slots;             /**< by the plan's numbers */
    uint32_t bases[SCOPE_LIMIT]; /**< the node of each scope */
    uint32_t *items;
    size_t item_count;
    uint32_t item; /**< the node of the item */
    int symbol;    /**< of the event's type; -1 for none */
    uint64_t type; /**< its bit */
    bool is_silent;
    bool is_named;            /**< refers_to names the dossier */
    const char *extra_prefix; /**< of a carried document's leftovers; else NULL */
    int carried_symbol;       /**< the event type of what the item carries, -1 for none */
};

/** Walks from `node` with the trie at `at`; notes slots and matches. */
bool walk(struct reader *reader, uint32_t node, uint32_t at, struct fault *why)
    __attribute__((warn_unused_result));

/** Forgets a scope's slots. */
void walk_clear(struct reader *reader, uint16_t scope);

/** The node in a slot; NODE_NONE for none. */
uint32_t slot_node(const struct reader *reader, int slot);

/** The text in a slot; size 0 when there is none. */
struct word slot_text(const struct reader *reader, int slot);

/** Nothing of a node is left over, and its siblings are counted without it. */
void pass_over(struct tree *tree, uint32_t index);

/** The first of the nodes at these steps below `from`, with text if there is one; NODE_NONE for
 * none. */
uint32_t tree_seek(const struct tree *tree, uint32_t from, const struct step *steps, size_t count);

/** Chooses the message and plan of the adapter that look like the tree. */
bool recognise(const struct adapter *adapter, const struct tree *tree,
               const struct message **message, const struct plan **plan);

/** Finds the items of the document; a problem where there are none or too many. */
bool find_items(struct reader *reader, int64_t limit, struct fault *why)
    __attribute__((warn_unused_result));

/** Finds the items and walks what lies around them; plan and tree are set. */
bool reader_start(struct reader *reader, struct fault *why) __attribute__((warn_unused_result));

/** Whether a text stands for a file that was moved out of the document. */
bool reader_file(const struct reader *reader, const struct word *text, uint8_t sha256[SHA256_SIZE],
                 int64_t *bytes);

/** Fills the event from the item at `node`; problems are the findings'. */
bool read_item(struct reader *reader, uint32_t node, struct adapt_item *item, struct fault *why)
    __attribute__((warn_unused_result));

/** Runs the rows of the plan for the item at reader->item, whose slots are filled. */
bool read_rows(struct reader *reader, struct fault *why) __attribute__((warn_unused_result));

/** One row for one holder, with the text of its slot. */
bool read_row(struct reader *reader, const struct action *action, struct holder *holder,
              struct fault *why) __attribute__((warn_unused_result));

/** A row's text that stands in the adapter: a constant, a default. */
bool read_own_text(struct reader *reader, const struct row *row, struct holder *holder,
                   const struct word *text, struct fault *why) __attribute__((warn_unused_result));

/** Adds a problem where a row has its place, whether something is there or not. */
void report_row(struct reader *reader, const struct action *action, enum rule rule,
                const struct word *value, const char *hint);
/** The same where a field got, or would have got, its value. */
void report_field(struct reader *reader, const struct field *field, enum rule rule,
                  const char *value, const char *hint);
/** The same where a path leads from the node `base`. */
void report_path(struct reader *reader, uint32_t base, const struct step *steps, size_t count,
                 struct problem *problem);

/** The same at a node. */
void report_node(struct reader *reader, uint32_t node, struct problem *problem);

/** The event's type by the message's table; a problem where there is none. */
void find_event_type(struct reader *reader);

/** Marks what of the type's places writing would put there again. */
void name_codes(struct reader *reader);

/** Joins the parts of a name; NULL when one is absent.  *size without the NUL. */
const char *join_parts(struct reader *reader, const struct part *parts, size_t count,
                       const struct slot_use *uses, size_t *size);

/** SHA-256 of the item, as `=content` means it. */
bool hash_item(const struct reader *reader, uint8_t digest[SHA256_SIZE], struct fault *why)
    __attribute__((warn_unused_result));

/** Puts what no row took into source_extra. */
bool read_extra(struct reader *reader, struct fault *why) __attribute__((warn_unused_result));

/** Reads what the item carries into the same event, before the item's rows. */
bool read_carried(struct reader *reader, struct fault *why) __attribute__((warn_unused_result));

#endif
