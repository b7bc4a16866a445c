/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as adapters write them, and as source_extra keeps them. */
#include "adapt/path.h"

#include "adapt/node.h"
#include "base/cleanup.h"

enum { STEP_LIMIT = 64 };

/* The end of the step that begins at `text`: the next slash that is not inside a {namespace}. */
static const char *step_end(const char *text)
{
    const char *name = *text == '@' ? text + 1 : text;
    const char *brace = *name == '{' ? strchr(name, '}') : NULL;
    return strchrnul(brace ? brace : text, '/');
}

/* Undoes ~0 to ~4 in place; returns the new length. */
static uint32_t unescape(char *name)
{
    char *to = name;
    for (const char *from = name; *from; from++) {
        if (*from == '~' && from[1] >= '0' && from[1] <= '4')
            *to++ = "~/[{@"[*++from - '0'];
        else
            *to++ = *from;
    }
    *to = '\0';
    return (uint32_t)(to - name);
}

/* Takes "[]", "[+]" or "[3]" off the end of the name. */
static bool take_which(char *name, struct step *step, struct fault *why)
{
    char *bracket = strchr(name, '[');
    if (!bracket)
        return true;
    if (strcmp(bracket, "[]") == 0) {
        step->which = WHICH_EACH;
    } else if (strcmp(bracket, "[+]") == 0) {
        step->which = WHICH_ADDED;
    } else {
        char *end = NULL;
        unsigned long ordinal = strtoul(bracket + 1, &end, 10);
        if (end == bracket + 1 || strcmp(end, "]") != 0 || ordinal > 1000000)
            return fault_set(why, FAULT_REFUSE, "\"%s\" is no repetition, as [] is", bracket);
        step->which = WHICH_ONE;
        step->ordinal = (uint32_t)ordinal;
    }
    *bracket = '\0';
    return true;
}

/* `name` is the step's text, ended by NUL, and is changed. */
static bool parse_step(char *name, struct step *step, struct fault *why)
{
    *step = (struct step){.kind = STEP_ELEMENT};
    if (strcmp(name, "*") == 0)
        step->kind = STEP_LEAVES;
    if (*name == '@') {
        step->kind = STEP_ATTRIBUTE;
        name++;
    }
    if (!take_which(name, step, why))
        return false;
    if (!*name && (step->which == WHICH_FIRST || step->kind == STEP_ATTRIBUTE))
        return fault_set(why, FAULT_REFUSE, "a step has no name");
    if (step->kind != STEP_ELEMENT && step->which != WHICH_FIRST)
        return fault_set(why, FAULT_REFUSE, "only elements repeat");
    step->size = unescape(name);
    step->name = name;
    step->hash = name_hash(name, step->size, step->kind == STEP_ATTRIBUTE);
    return true;
}

/* Cuts `names` at its slashes into `path->steps`, which has room. */
static bool parse_steps(char *names, struct path *path, struct fault *why)
{
    for (char *next = names; next;) {
        char *end = names + (step_end(next) - names);
        char *name = next;
        next = *end ? end + 1 : NULL;
        *end = '\0';
        if (strcmp(name, ".") == 0 && !next)
            return true;
        if (path->count && path->steps[path->count - 1].kind != STEP_ELEMENT)
            return fault_set(why, FAULT_REFUSE, "nothing is below an attribute or *");
        if (path->count == STEP_LIMIT)
            return fault_set(why, FAULT_REFUSE, "more than %d steps", STEP_LIMIT);
        if (!parse_step(name, &path->steps[path->count], why))
            return false;
        path->count++;
    }
    return true;
}

ENDS_WITH_SCOPE(struct path *, path_free)

bool path_parse(const char *text, struct path *path, struct fault *why)
{
    struct path own = {.from_root = *text == '/'};
    auto_free(path_free) struct path *parsed = &own;
    if (own.from_root)
        text++;
    own.names = strdup(text);
    own.steps = calloc(STEP_LIMIT, sizeof *own.steps);
    if (!own.names || !own.steps)
        return fault_memory(why);
    if (!own.from_root && !*text)
        return fault_set(why, FAULT_REFUSE, "the path is empty");
    if (*text && !parse_steps(own.names, &own, why))
        return false;
    struct step *fitting = own.count ? reallocarray(own.steps, own.count, sizeof *own.steps) : NULL;
    if (fitting)
        own.steps = fitting;
    *path = own;
    (void)steal(parsed);
    return true;
}

void path_free(struct path *path)
{
    free(path->steps);
    free(path->names);
    *path = (struct path){0};
}

size_t path_each(const struct path *path)
{
    size_t count = path->count;
    while (count && path->steps[count - 1].which != WHICH_EACH)
        count--;
    return count;
}

bool path_same(const struct path *one, const struct path *other)
{
    bool is_same = one->from_root == other->from_root && one->count == other->count;
    for (size_t at = 0; is_same && at < one->count; at++)
        is_same = one->steps[at].kind == other->steps[at].kind &&
                  strcmp(one->steps[at].name, other->steps[at].name) == 0;
    return is_same;
}
