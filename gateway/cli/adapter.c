/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong adapter: for people who write a partner's format. */
#include "adapt/fixtures.h"
#include "adapt/loss.h"
#include "adapt/trial.h"
#include "base/file.h"
#include "base/text_stream.h"
#include "cli/adapter_tools.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/options.h"

ENDS_WITH_SCOPE(json_t *, json_decref)
ENDS_WITH_SCOPE(struct trial *, trial_free)

/* ---- check ---- */

struct checking {
    const char *schemas;
    bool as_json; /* what failed goes to standard error then, and the sums into the list */
    struct fixture_sums all;
    json_t *list;
};

static bool note_sums(struct checking *checking, const char *name, const struct fixture_sums *sums,
                      struct fault *why)
{
    checking->all.passed += sums->passed;
    checking->all.failed += sums->failed;
    if (!checking->as_json) {
        (void)printf("%s: %zu passed, %zu failed\n", name, sums->passed, sums->failed);
        return true;
    }
    json_t *row = json_pack("{ss sI sI}", "adapter", name, "passed", (json_int_t)sums->passed,
                            "failed", (json_int_t)sums->failed);
    return json_array_append_new(checking->list, row) == 0 || fault_memory(why);
}

static bool check_one(struct checking *checking, const char *folder, struct fault *why)
{
    auto_free(free) char *above = NULL;
    auto_free(free) char *name = NULL;
    struct tools opened = {0};
    auto_free(close_tools) struct tools *tools = &opened;
    struct fixture_sums sums = {0};
    if (!is_adapter(folder, why))
        return false;
    if (!split_folder(folder, &above, &name))
        return fault_memory(why);
    if (!open_tools(checking->schemas, above, tools, why))
        return false;
    const struct adapter *adapter = find_adapter(tools, name, folder, why);
    FILE *out = checking->as_json ? stderr : stdout;
    return adapter && fixtures_run(tools->bench, adapter, folder, out, &sums, why) &&
           note_sums(checking, name, &sums, why);
}

static int show_sums(const struct checking *checking)
{
    if (checking->as_json)
        return cli_print_json(json_pack("{sO sI sI}", "adapters", checking->list, "passed",
                                        (json_int_t)checking->all.passed, "failed",
                                        (json_int_t)checking->all.failed));
    (void)printf("%zu passed, %zu failed\n", checking->all.passed, checking->all.failed);
    return CLI_OK;
}

static int check_all(struct checking *checking, char **folders)
{
    int exit_code = CLI_OK;
    for (; *folders; folders++) {
        struct fault why;
        if (!check_one(checking, *folders, &why)) {
            (void)cli_complain("lienthong adapter check", &why);
            exit_code = CLI_FAILED;
        }
    }
    bool is_shown = show_sums(checking) == CLI_OK;
    return checking->all.failed || !is_shown ? CLI_FAILED : exit_code;
}

static int check_command(int argc, char **argv)
{
    auto_free(json_decref) json_t *list = json_array();
    struct checking checking = {.list = list};
    const struct cli_option table[] = {
        {"schema", "FOLDER", &checking.schemas, NULL,
         "where dossier-event.avsc is; else $LIENTHONG_SCHEMAS, or ../schemas beside the adapters"},
        {"json", NULL, NULL, &checking.as_json, "for scripts; what failed goes to standard error"},
        {0},
    };
    const struct cli_usage usage = {
        "lienthong adapter check",
        "DIR...",
        "Runs the fixtures of adapters, and closes with the sum: N passed, N failed.",
        table,
        1,
        1000};
    int first, exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    return check_all(&checking, argv + first); /* argv ends with NULL */
}

/* ---- try ---- */

/* What is asked of `adapter try`. */
struct request {
    const char *schemas;
    const char *as; /* the folder of the adapter that writes; NULL: the one that reads */
    bool as_json;
    bool writes_back;
};

/* Where files would be, and their bytes, to show a document as another system gets it. */
static const struct adapt_writing example = {
    .file_url = "https://gateway.example/v1/files/{sha256}", .has_files = false};

static void show_event(const struct trial *trial, size_t at)
{
    auto_free(free) char *text = json_dumps(json_array_get(trial->events, at), JSON_INDENT(2));
    (void)printf("event %zu:\n%s\n", at, text ? text : "");
}

static void show_problems(const struct trial *trial)
{
    for (size_t at = 0; at < json_array_size(trial->problems); at++) {
        auto_free(free) char *text = json_dumps(json_array_get(trial->problems, at), 0);
        (void)printf("problem: %s\n", text ? text : "");
    }
    if (trial->problem_total > json_array_size(trial->problems))
        (void)printf("%zu problems in all\n", trial->problem_total);
}

static bool show_back(const struct trial *trial, size_t at, bool *is_same, struct fault *why)
{
    bool is_this_same = false;
    if (trial->written[at])
        (void)printf("written %zu:\n%s\n", at, trial->written[at]);
    if (!trial_returns(trial, at, stdout, &is_this_same, why))
        return false;
    if (is_this_same)
        (void)printf("  back: the same event\n");
    *is_same = *is_same && is_this_same;
    return true;
}

/* ---- as another format gets it ---- */

static bool says_something(const json_t *value)
{
    return !(!value || json_is_null(value) || json_is_false(value) ||
             (json_is_string(value) && !json_string_length(value)) ||
             (json_is_integer(value) && !json_integer_value(value)) ||
             (json_is_array(value) && !json_array_size(value)) ||
             (json_is_object(value) && !json_object_size(value)));
}

/* Whether a field of a map has a value in the event: "handoff.no", "documents[].uri", "eform{}". */
static bool has_field(const json_t *value, const char *name)
{
    while (value && *name) {
        char step[64];
        size_t size = strcspn(name, ".[{");
        (void)snprintf(step, sizeof step, "%.*s", (int)size, name);
        value = json_object_get(value, step);
        name += size;
        if (strncmp(name, "[].", 3) == 0) {
            for (size_t at = 0; at < json_array_size(value); at++)
                if (has_field(json_array_get(value, at), name + 3))
                    return true;
            return false;
        }
        name += strspn(name, ".[]{}");
    }
    return says_something(value);
}

/* What this event loses: of its type, in the message that was written, in a field that is set. */
static bool is_lost(const struct trial *trial, size_t at, const struct loss *loss)
{
    const json_t *event = json_array_get(trial->events, at);
    const char *type = json_string_value(json_object_get(event, "event_type"));
    bool is_message = loss->message
                          ? trial->messages[at] && strcmp(loss->message, trial->messages[at]) == 0
                          : !trial->messages[at];
    return type && strcmp(loss->event_type, type) == 0 && is_message && loss->kind != LOSS_NEEDED &&
           has_field(event, loss->field);
}

static void show_losses(const struct trial *trial, size_t at, const struct losses *losses)
{
    if (trial->written[at])
        (void)printf("written %zu, %s:\n%s\n", at, trial->messages[at], trial->written[at]);
    else
        (void)printf("%zu is not written: %s\n", at,
                     trial->refusals[at] ? trial->refusals[at] : "the item is not valid");
    for (size_t each = 0; each < losses->count; each++)
        if (is_lost(trial, at, &losses->list[each]))
            (void)printf("  %-8s %s: %s\n", loss_kind_name(losses->list[each].kind),
                         losses->list[each].field, losses->list[each].reason);
}

static json_t *lost_json(const struct trial *trial, const struct losses *losses)
{
    json_t *events = json_array();
    for (size_t at = 0; events && at < trial->count; at++) {
        json_t *list = json_array();
        for (size_t each = 0; list && each < losses->count; each++)
            if (is_lost(trial, at, &losses->list[each]))
                (void)json_array_append_new(list, json_pack("{ss ss ss}", "field",
                                                            losses->list[each].field, "kind",
                                                            loss_kind_name(losses->list[each].kind),
                                                            "reason", losses->list[each].reason));
        (void)json_array_append_new(events, list);
    }
    return events;
}

static json_t *written_json(const struct trial *trial)
{
    json_t *list = json_array();
    for (size_t at = 0; list && at < trial->count; at++)
        (void)json_array_append_new(list, trial->written[at] ? json_string(trial->written[at])
                                                             : json_null());
    return list;
}

/* The lines that tell how one event does not return. */
static json_t *difference_lines(char *text)
{
    json_t *lines = json_array();
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        (void)json_array_append_new(lines, json_string(line + strspn(line, " ")));
    return lines;
}

static bool add_back(const struct trial *trial, size_t at, json_t *list, bool *is_same,
                     struct fault *why)
{
    struct text_stream stream;
    bool is_this_same = false;
    FILE *out = text_stream_begin(&stream);
    if (!out)
        return fault_memory(why);
    bool is_read = trial_returns(trial, at, out, &is_this_same, why);
    auto_free(free) char *text = text_stream_end(&stream, NULL);
    if (!is_read)
        return false;
    *is_same = *is_same && is_this_same;
    return (text &&
            json_array_append_new(list, json_pack("{sb so}", "same", is_this_same, "differences",
                                                  difference_lines(text))) == 0) ||
           fault_memory(why);
}

/* For each event, whether it is the same after the way back; the caller owns the list. */
static json_t *back_json(const struct trial *trial, bool *is_same, struct fault *why)
{
    auto_free(json_decref) json_t *list = json_array();
    for (size_t at = 0; at < trial->count; at++)
        if (!add_back(trial, at, list, is_same, why))
            return NULL;
    return steal(list);
}

static bool print_trial(const struct trial *trial, const struct losses *losses, bool *is_good,
                        struct fault *why)
{
    auto_free(json_decref) json_t *json =
        json_pack("{sO sO}", "events", trial->events, "problems", trial->problems);
    if (json && trial->writes)
        (void)json_object_set_new(json, "written", written_json(trial));
    if (json && trial->writer) {
        (void)json_object_set_new(json, "lost", lost_json(trial, losses));
    } else if (json && trial->writes) {
        json_t *back = back_json(trial, is_good, why);
        if (!back)
            return false;
        (void)json_object_set_new(json, "back", back);
    }
    return cli_print_json(steal(json)) == CLI_OK ||
           fault_set(why, FAULT_BROKEN, "the result cannot be printed");
}

static bool show_trial(const struct trial *trial, const struct losses *losses,
                       const struct request *request, bool *is_good, struct fault *why)
{
    if (request->as_json)
        return print_trial(trial, losses, is_good, why);
    for (size_t at = 0; at < trial->count; at++) {
        show_event(trial, at);
        if (trial->writer)
            show_losses(trial, at, losses);
        else if (request->writes_back && !show_back(trial, at, is_good, why))
            return false;
    }
    show_problems(trial);
    return true;
}

static bool try_file(struct trial *trial, const char *file, const struct request *request,
                     bool *is_good, struct fault *why)
{
    struct losses losses = {0};
    size_t size = 0;
    auto_free(free) char *bytes = file_read(file, tools_document_limit() + 1, &size, why);
    if (!bytes || !trial_run(trial, bytes, size, why) ||
        (trial->writer && !losses_find(trial->adapter, trial->writer, &losses, why)))
        return false;
    *is_good = trial->problem_total == 0;
    bool is_shown = show_trial(trial, &losses, request, is_good, why);
    losses_free(&losses);
    return is_shown;
}

/* Loads what is asked for and tries it. */
static bool try_with(const struct tools *tools, const char *above, char **operands,
                     const struct request *request, bool *is_good, struct fault *why)
{
    struct trial run = {.bench = tools->bench,
                        .adapter = find_beside(tools, above, operands[0], why),
                        .writes = request->writes_back || request->as};
    auto_free(trial_free) struct trial *trial = &run;
    if (!trial->adapter)
        return false;
    if (request->as) {
        trial->writing = &example;
        trial->writer = find_beside(tools, above, request->as, why);
        if (!trial->writer)
            return false;
    }
    return try_file(trial, operands[1], request, is_good, why);
}

static int try_command(int argc, char **argv)
{
    struct request request = {0};
    const struct cli_option table[] = {
        {"schema", "FOLDER", &request.schemas, NULL,
         "where dossier-event.avsc is; else $LIENTHONG_SCHEMAS, or ../schemas beside the adapters"},
        {"back", NULL, NULL, &request.writes_back,
         "also write the event as a document, read that, and show how the events differ: then exit "
         "1"},
        {"as", "DIR", &request.as, NULL,
         "write the event in this format, and list what the format cannot carry of it"},
        {"json", NULL, NULL, &request.as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {"lienthong adapter try",
                                    "DIR FILE",
                                    "Shows the events that an adapter makes of a document, and "
                                    "every problem. Personal data is shown.",
                                    table,
                                    2,
                                    2};
    struct tools opened = {0};
    auto_free(close_tools) struct tools *tools = &opened;
    auto_free(free) char *above = NULL;
    auto_free(free) char *name = NULL;
    struct fault why;
    int first, exit_code;
    bool is_good = false;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    if (!split_folder(argv[first], &above, &name))
        return CLI_FAILED;
    if (!is_adapter(argv[first], &why) || !open_tools(request.schemas, above, tools, &why) ||
        !try_with(tools, above, argv + first, &request, &is_good, &why))
        return cli_complain("lienthong adapter try", &why);
    return is_good ? CLI_OK : CLI_FAILED;
}

int cli_adapter(int argc, char **argv)
{
    static const struct command commands[] = {
        {"check", check_command, "run the fixtures of adapters"},
        {"try", try_command, "what an adapter makes of a document"},
        {"pairs", cli_adapter_pairs, "what formats cannot carry of one another"},
        {0},
    };
    return command_run("lienthong adapter", commands, argc, argv);
}
