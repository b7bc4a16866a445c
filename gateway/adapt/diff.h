/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_DIFF_H
#define ADAPT_DIFF_H

#include "event/render.h"

/** An event as it is, and as it may be shown; NULL where there is none. */
struct diff_side {
    const avro_value_t *event;
    enum render_mask mask;
};

/** What an event is made of for comparing: borrowed JSON, as render_event gives it. */
struct diff_render {
    json_t *full;
    json_t *shown; /**< the same shape */
};

/** Renders an event both ways; end it with diff_render_free.  Without one both are null. */
bool diff_render(const struct schema *schema, const struct diff_side *side,
                 struct diff_render *render, struct fault *why) __attribute__((warn_unused_result));
void diff_render_free(struct diff_render *render);

/**
 * Where two events differ: a list of {"path", "before", "after"}, in the order of the schema, which
 * the caller owns.  They are compared as they are and told as they may be shown, so that a mended
 * name is found though both look alike masked.  Lists are compared place by place; a list's element
 * or a map's entry that only one of them has is one difference, with null on the other side.
 */
json_t *diff_events(const struct diff_render *before, const struct diff_render *after,
                    struct fault *why) __attribute__((warn_unused_result));

#endif
