/* SPDX-License-Identifier: Apache-2.0 */
/* What a person asks of a bulk replay, from the call's body or as it was kept. */
#include "operate/job_wish.h"

#include "base/cleanup.h"
#include "base/moment.h"
#include "operate/reason.h"

#include <string.h>

enum {
    DAY_TEXT_SIZE = 10,
    DAY_MS = 86400000,
    RATE_MOST = 1000000,
    TEXT_MOST = 500,
    SELECTION_MOST = 20000,
};

static const double stop_above_default = 0.2;

const char *const job_kind_names[JOB_KINDS] = {"entries", "deliveries", "republish"};

/* What a filter of each kind may narrow. */
static const char *const entry_members[] = {"dossier", "partner", "agency", "procedure",
                                            "type",    "alias",   "state",  "cause",
                                            "from",    "to",      "due",    NULL};
static const char *const delivery_members[] = {"dossier", "partner", "state", "cause", NULL};
static const char *const event_members[] = {"from", "to", "offsets", "partner", "agency", NULL};
static const char *const *const filter_members[JOB_KINDS] = {entry_members, delivery_members,
                                                             event_members};
static const char *const option_members[] = {"rate_per_s", "stop_above_share", "may_be_stale",
                                             "rule", NULL};
static const char *const rule_members[] = {"path", "from", "to", NULL};
static const char *const body_members[] = {"kind",    "filter", "selection", "group",
                                           "options", "reason", NULL};

static bool refuse(struct fault *why, const char *member, const char *wanted)
{
    return fault_set(why, FAULT_REFUSE, "%s: %s", member, wanted);
}

static bool is_listed(const char *const *names, const char *name)
{
    while (*names && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

static bool check_members(json_t *json, const char *const *names, struct fault *why)
{
    const char *name;
    json_t *value;
    json_object_foreach (json, name, value)
        if (!is_listed(names, name))
            return fault_set(why, FAULT_REFUSE, "%.60s: is not known here", name);
    return true;
}

/* ---- options ---- */

static bool read_rule(json_t *json, struct patch_rule *rule, struct fault *why)
{
    if (!json || json_is_null(json))
        return true;
    const json_t *from = json_object_get(json, "from");
    if (!json_is_object(json) || !check_members(json, rule_members, why))
        return refuse(why, "options.rule", "{\"path\", \"from\", \"to\"}");
    rule->path = json_string_value(json_object_get(json, "path"));
    rule->from = json_string_value(from);
    rule->to = json_string_value(json_object_get(json, "to"));
    if (!rule->path || rule->path[0] != '/' || strlen(rule->path) > TEXT_MOST)
        return refuse(why, "options.rule.path", "a place, as /data[]/MaLinhVuc");
    if (!rule->to || strlen(rule->to) > TEXT_MOST)
        return refuse(why, "options.rule.to", "a text of up to 500 bytes");
    return !from || json_is_null(from) || (rule->from && strlen(rule->from) <= TEXT_MOST) ||
           refuse(why, "options.rule.from", "a text of up to 500 bytes, or null for any");
}

static bool read_rate(const json_t *json, int64_t *rate, struct fault *why)
{
    *rate = json_integer_value(json);
    return !json || (json_is_integer(json) && *rate >= 0 && *rate <= RATE_MOST) ||
           refuse(why, "options.rate_per_s", "a whole number from 0 to 1000000");
}

static bool read_share(const json_t *json, double *share, struct fault *why)
{
    *share = json ? json_number_value(json) : stop_above_default;
    return !json || (json_is_number(json) && *share >= 0 && *share <= 1) ||
           refuse(why, "options.stop_above_share", "a number from 0 to 1");
}

static bool read_options(struct job_wish *wish, struct fault *why)
{
    json_t *json = wish->options;
    struct job_rules *rules = &wish->rules;
    const json_t *may_be_stale = json_object_get(json, "may_be_stale");
    if (!json_is_object(json))
        return refuse(why, "options", "an object");
    if (!check_members(json, option_members, why) ||
        !read_rate(json_object_get(json, "rate_per_s"), &rules->rate_per_s, why) ||
        !read_share(json_object_get(json, "stop_above_share"), &rules->stop_above, why) ||
        !read_rule(json_object_get(json, "rule"), &rules->rule, why))
        return false;
    if (may_be_stale && !json_is_boolean(may_be_stale))
        return refuse(why, "options.may_be_stale", "true or false");
    rules->may_be_stale = json_is_true(may_be_stale);
    return !rules->rule.path || wish->kind == JOB_OF_ENTRIES ||
           refuse(why, "options.rule", "for entries alone");
}

/* ---- what it is about ---- */

bool job_wish_times(const json_t *filter, int64_t *from_ms, int64_t *to_ms, struct fault *why)
{
    struct fault inner;
    const char *from = json_string_value(json_object_get(filter, "from"));
    const char *to = json_string_value(json_object_get(filter, "to"));
    *from_ms = 0;
    *to_ms = 0;
    if (from && !moment_read(from, strlen(from), from_ms, &inner))
        return refuse(why, "filter.from", "a day or a moment");
    if (to && !moment_read(to, strlen(to), to_ms, &inner))
        return refuse(why, "filter.to", "a day or a moment");
    if (to)
        *to_ms += strlen(to) <= DAY_TEXT_SIZE ? DAY_MS : 0;
    return true;
}

static bool check_filter(enum job_kind kind, json_t *filter, struct fault *why)
{
    int64_t from_ms, to_ms;
    const char *name;
    json_t *value;
    const json_t *state = json_object_get(filter, "state");
    if (!json_is_object(filter))
        return refuse(why, "filter", "an object");
    if (!check_members(filter, filter_members[kind], why) ||
        !job_wish_times(filter, &from_ms, &to_ms, why))
        return false;
    json_object_foreach (filter, name, value)
        if (strcmp(name, "offsets") != 0 &&
            (!json_is_string(value) || json_string_length(value) > TEXT_MOST))
            return refuse(why, name, "a text of up to 500 bytes");
    return !state || strcmp(json_string_value(state), "dead") == 0 ||
           refuse(why, "filter.state", "only what is dead can be replayed");
}

static bool check_selection(const json_t *selection, struct fault *why)
{
    size_t count = json_array_size(selection);
    if (!json_is_array(selection) || count == 0 || count > SELECTION_MOST)
        return refuse(why, "selection", "a list of 1 to 20000 receipts or deliveries");
    for (size_t i = 0; i < count; i++)
        if (!json_is_string(json_array_get(selection, i)))
            return refuse(why, "selection", "a list of receipts, or of d-NUMBER");
    return true;
}

/* Exactly one of the three ways to say it. */
static bool read_what(json_t *body, struct job_wish *wish, struct fault *why)
{
    static const char *const ways[] = {"filter", "selection", "group"};
    const char *way = NULL;
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        if (!json_object_get(body, ways[i]))
            continue;
        if (way)
            return refuse(why, ways[i], "a filter, a selection or a group, one of them");
        way = ways[i];
    }
    if (!way)
        return refuse(why, "filter", "a filter, a selection or a group is needed");
    json_t *value = json_object_get(body, way);
    wish->what = json_pack("{sO}", way, value);
    if (!wish->what)
        return fault_memory(why);
    if (strcmp(way, "filter") == 0)
        return check_filter(wish->kind, value, why);
    if (wish->kind == JOB_OF_EVENTS)
        return refuse(why, "filter", "events are chosen by a filter");
    if (strcmp(way, "selection") == 0)
        return check_selection(value, why);
    return json_is_string(value) || refuse(why, "group", "a fingerprint of a group of failures");
}

static bool read_kind(const json_t *body, enum job_kind *kind, struct fault *why)
{
    const char *name = json_string_value(json_object_get(body, "kind"));
    for (size_t i = 0; name && i < JOB_KINDS; i++)
        if (strcmp(job_kind_names[i], name) == 0) {
            *kind = (enum job_kind)i;
            return true;
        }
    return refuse(why, "kind", "entries, deliveries or republish");
}

static bool read_reason(const json_t *body, const char **reason, struct fault *why)
{
    *reason = json_string_value(json_object_get(body, "reason"));
    return reason_fits(*reason) || fault_set(why, FAULT_REFUSE, "%s", reason_wanted);
}

bool job_wish_read(json_t *body, struct job_wish *wish, struct fault *why)
{
    json_t *options = json_object_get(body, "options");
    *wish = (struct job_wish){.kind = JOB_OF_ENTRIES};
    if (!json_is_object(body))
        return refuse(why, "body", "a JSON object");
    wish->options = options && !json_is_null(options) ? json_incref(options) : json_object();
    if (!wish->options)
        return fault_memory(why);
    if (check_members(body, body_members, why) && read_kind(body, &wish->kind, why) &&
        read_what(body, wish, why) && read_options(wish, why) &&
        read_reason(body, &wish->reason, why))
        return true;
    job_wish_end(wish);
    return false;
}

bool job_wish_of(const struct spool_job *job, struct job_wish *wish, struct fault *why)
{
    json_t *body = json_loads(job->filter, 0, NULL);
    json_t *options = json_loads(job->options, 0, NULL);
    bool is_read = body && options &&
                   json_object_set_new(body, "kind", json_string(job->kind)) == 0 &&
                   json_object_set(body, "options", options) == 0 &&
                   json_object_set_new(body, "reason", json_string(job->reason)) == 0;
    (void)fault_set(why, FAULT_BROKEN, "a job's wish cannot be read");
    is_read = is_read && job_wish_read(body, wish, why);
    if (is_read)
        wish->reason = NULL; /* it stands in the body */
    json_decref(options);
    json_decref(body);
    return is_read;
}

void job_wish_end(struct job_wish *wish)
{
    json_decref(wish->what);
    json_decref(wish->options);
    *wish = (struct job_wish){.kind = JOB_OF_ENTRIES};
}
