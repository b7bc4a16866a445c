/* SPDX-License-Identifier: Apache-2.0 */
/* What a mended document changes in its event. */
#include "adapt/diff.h"

#include "base/cleanup.h"

ENDS_WITH_SCOPE(json_t *, json_decref)

/* One place of an event: as it is, and as it may be shown; NULL: it is not there. */
struct side {
    json_t *full;
    json_t *shown;
};

static bool compare(json_t *list, const char *path, struct side before, struct side after);

static json_t *shown_or_null(struct side side)
{
    return side.shown ? json_incref(side.shown) : json_null();
}

static bool add(json_t *list, const char *path, struct side before, struct side after)
{
    return json_array_append_new(list, json_pack("{s:s, s:o, s:o}", "path", path, "before",
                                                 shown_or_null(before), "after",
                                                 shown_or_null(after))) == 0;
}

static struct side member_of(struct side side, const char *name)
{
    return (struct side){json_object_get(side.full, name), json_object_get(side.shown, name)};
}

static struct side element_of(struct side side, size_t index)
{
    return (struct side){json_array_get(side.full, index), json_array_get(side.shown, index)};
}

static bool compare_member(json_t *list, const char *path, const char *name, struct side before,
                           struct side after)
{
    auto_free(free) char *below = NULL;
    if (asprintf(&below, "%s%s%s", path, *path ? "." : "", name) < 0) {
        below = NULL;
        return false;
    }
    return compare(list, below, member_of(before, name), member_of(after, name));
}

static bool compare_objects(json_t *list, const char *path, struct side before, struct side after)
{
    const char *name;
    json_t *unused;
    json_object_foreach (before.full, name, unused)
        if (!compare_member(list, path, name, before, after))
            return false;
    json_object_foreach (after.full, name, unused)
        if (!json_object_get(before.full, name) && !compare_member(list, path, name, before, after))
            return false;
    return true;
}

static bool compare_lists(json_t *list, const char *path, struct side before, struct side after)
{
    size_t one = json_array_size(before.full), other = json_array_size(after.full);
    for (size_t at = 0; at < one || at < other; at++) {
        auto_free(free) char *below = NULL;
        if (asprintf(&below, "%s[%zu]", path, at) < 0) {
            below = NULL;
            return false;
        }
        if (!compare(list, below, element_of(before, at), element_of(after, at)))
            return false;
    }
    return true;
}

static bool compare(json_t *list, const char *path, struct side before, struct side after)
{
    if (json_is_object(before.full) && json_is_object(after.full))
        return compare_objects(list, path, before, after);
    if (json_is_array(before.full) && json_is_array(after.full))
        return compare_lists(list, path, before, after);
    bool is_nothing =
        (!before.full || json_is_null(before.full)) && (!after.full || json_is_null(after.full));
    if (is_nothing || (before.full && after.full && json_equal(before.full, after.full)))
        return true;
    return add(list, path, before, after);
}

bool diff_render(const struct schema *schema, const struct diff_side *side,
                 struct diff_render *render, struct fault *why)
{
    *render = (struct diff_render){NULL, NULL};
    if (!side->event) {
        render->full = json_null();
        render->shown = json_null();
        return true;
    }
    render->full = render_event(schema, side->event, RENDER_FULL, why);
    render->shown = render->full ? render_event(schema, side->event, side->mask, why) : NULL;
    if (render->shown)
        return true;
    diff_render_free(render);
    return false;
}

void diff_render_free(struct diff_render *render)
{
    json_decref(render->full);
    json_decref(render->shown);
    *render = (struct diff_render){NULL, NULL};
}

json_t *diff_events(const struct diff_render *before, const struct diff_render *after,
                    struct fault *why)
{
    auto_free(json_decref) json_t *list = json_array();
    const struct side one = {before->full, before->shown}, other = {after->full, after->shown};
    if (list && compare(list, "", one, other))
        return steal(list);
    (void)fault_memory(why);
    return NULL;
}
