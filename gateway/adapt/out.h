/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_OUT_H
#define ADAPT_OUT_H

#include "adapt/arena.h"
#include "adapt/map.h"

/** Where a text that is to be written came from; the later ones give way to what was left over. */
enum out_source {
    OUT_FIELD,    /**< the first place of a field */
    OUT_NONE,     /**< nothing yet */
    OUT_EMPTY,    /**< an `always` */
    OUT_CONSTANT, /**< a constant, a template, a code of the event's type */
    OUT_AGAIN,    /**< a field that is written elsewhere too */
};

/** A place of a document that is being written.  Children stand in the layout's order. */
struct out {
    const char *name;
    size_t size;
    bool is_attribute;
    bool is_array;
    bool is_added; /**< made for a `name[+]` */
    enum out_source source;
    struct word text;
    enum draft_as as;
    uint32_t order;
    const struct layout *layout;
    struct out *children;
    struct out *next;
};

/** The place at a step: its `ordinal`-th repetition, made when there are fewer.  NULL when memory
 * is out. */
struct out *out_child(struct out *parent, const struct step *step, uint32_t ordinal,
                      struct arena *arena);

/** The place that was made for a step `name[+]` below `parent`. */
struct out *out_added(struct out *parent, const struct step *step, struct arena *arena);

/** The document as text, which the caller owns. */
char *out_json(const struct out *root, size_t *size, struct fault *why)
    __attribute__((warn_unused_result));
char *out_xml(const struct adapter *adapter, const struct out *root, struct arena *arena,
              size_t *size, struct fault *why) __attribute__((warn_unused_result));

#endif
