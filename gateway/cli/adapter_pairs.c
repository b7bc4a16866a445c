/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong adapter pairs: what each format cannot carry of each other one, and why. */
#include "adapt/loss.h"
#include "base/cleanup.h"
#include "cli/adapter_tools.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/options.h"

ENDS_WITH_SCOPE(struct losses *, losses_free)

static json_t *pair_json(const struct adapter *from, const struct adapter *to,
                         const struct losses *losses)
{
    json_t *list = json_array();
    for (size_t at = 0; list && at < losses->count; at++) {
        const struct loss *loss = &losses->list[at];
        (void)json_array_append_new(
            list, json_pack("{ss ss? ss ss ss}", "event_type", loss->event_type, "message",
                            loss->message, "field", loss->field, "kind", loss_kind_name(loss->kind),
                            "reason", loss->reason));
    }
    return json_pack("{ss ss so}", "from", adapter_name(from), "to", adapter_name(to), "losses",
                     list);
}

/* ---- for people: the types of events in one line ---- */

static bool same_text(const char *one, const char *other)
{
    return one == other || (one && other && strcmp(one, other) == 0);
}

/* The same loss, of another type of event. */
static bool same_loss(const struct loss *one, const struct loss *other)
{
    return one->kind == other->kind && same_text(one->message, other->message) &&
           strcmp(one->field, other->field) == 0 && strcmp(one->reason, other->reason) == 0;
}

static bool is_told(const struct losses *losses, size_t number)
{
    for (size_t at = 0; at < number; at++)
        if (same_loss(&losses->list[at], &losses->list[number]))
            return true;
    return false;
}

/* How many types of events the message is written for. */
static size_t types_of(const struct losses *losses, const char *message)
{
    size_t count = 0;
    const char *last = NULL;
    for (size_t at = 0; at < losses->count; at++) {
        const struct loss *loss = &losses->list[at];
        if (!same_text(loss->message, message) || same_text(last, loss->event_type))
            continue;
        last = loss->event_type;
        count++;
    }
    return count;
}

static void show_types(const struct losses *losses, size_t number)
{
    const struct loss *loss = &losses->list[number];
    size_t count = 0;
    for (size_t at = number; at < losses->count; at++)
        count += same_loss(&losses->list[at], loss);
    if (loss->message && count == types_of(losses, loss->message)) {
        (void)printf("all");
        return;
    }
    const char *comma = "";
    for (size_t at = number; at < losses->count; at++)
        if (same_loss(&losses->list[at], loss)) {
            (void)printf("%s%s", comma, losses->list[at].event_type);
            comma = ",";
        }
}

static void show_pair(const struct adapter *from, const struct adapter *to,
                      const struct losses *losses)
{
    (void)printf("%s -> %s\n", adapter_name(from), adapter_name(to));
    for (size_t at = 0; at < losses->count; at++) {
        const struct loss *loss = &losses->list[at];
        if (is_told(losses, at))
            continue;
        (void)printf("  %-20s %-9s %-28s ", loss->message ? loss->message : "-",
                     loss_kind_name(loss->kind), loss->field);
        show_types(losses, at);
        (void)printf(": %s\n", loss->reason);
    }
}

/* ---- the command ---- */

static bool tell_pair(const struct adapter *from, const struct adapter *to, json_t *list,
                      struct fault *why)
{
    struct losses found = {0};
    auto_free(losses_free) struct losses *losses = &found;
    if (!losses_find(from, to, losses, why))
        return false;
    if (!list)
        show_pair(from, to, losses);
    return !list || json_array_append_new(list, pair_json(from, to, losses)) == 0 ||
           fault_memory(why);
}

static bool tell_pairs(const struct tools *tools, const char *above, char **folders, json_t *list,
                       struct fault *why)
{
    for (char **one = folders; *one; one++)
        for (char **other = folders; *other; other++) {
            const struct adapter *from = find_beside(tools, above, *one, why);
            const struct adapter *to = from ? find_beside(tools, above, *other, why) : NULL;
            if (!to || !tell_pair(from, to, list, why))
                return false;
        }
    return true;
}

int cli_adapter_pairs(int argc, char **argv)
{
    const char *schemas = NULL;
    bool as_json = false;
    const struct cli_option table[] = {
        {"schema", "FOLDER", &schemas, NULL,
         "where dossier-event.avsc is; else $LIENTHONG_SCHEMAS, or ../schemas beside the adapters"},
        {"json", NULL, NULL, &as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {
        "lienthong adapter pairs",
        "DIR...",
        "Lists, for each pair of formats, the fields that the second cannot carry of what the "
        "first "
        "says, by type of event, and why. What is not listed arrives as it was.",
        table,
        1,
        100};
    struct tools opened = {0};
    auto_free(close_tools) struct tools *tools = &opened;
    auto_free(free) char *above = NULL;
    auto_free(free) char *name = NULL;
    struct fault why;
    int first, exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    json_t *list = as_json ? json_array() : NULL;
    if (!split_folder(argv[first], &above, &name))
        return CLI_FAILED;
    if (!is_adapter(argv[first], &why) || !open_tools(schemas, above, tools, &why) ||
        !tell_pairs(tools, above, argv + first, list, &why)) {
        json_decref(list);
        return cli_complain("lienthong adapter pairs", &why);
    }
    return as_json ? cli_print_json(json_pack("{so}", "pairs", list)) : CLI_OK;
}
