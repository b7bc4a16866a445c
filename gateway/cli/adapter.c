/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong adapter: for people who write a partner's format. */
#include "adapt/fixtures.h"
#include "adapt/trial.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/options.h"

#include <sys/stat.h>

ENDS_WITH_SCOPE(json_t *, json_decref)
ENDS_WITH_SCOPE(struct schema *, schema_free)
ENDS_WITH_SCOPE(struct adapters *, adapters_free)
ENDS_WITH_SCOPE(struct workbench *, workbench_free)
ENDS_WITH_SCOPE(struct trial *, trial_free)

/* The daemon's defaults: what passes here passes there. */
static const struct adapt_limits limits = {.document_bytes = 8 << 20,
                                           .depth = 64,
                                           .nodes = 200000,
                                           .attributes = 64,
                                           .names = 2000,
                                           .text_bytes = 65536,
                                           .items = 1000,
                                           .problems = 100};

/* What a command works with; ended by close_tools. */
struct tools {
    struct schema *schema;
    struct adapters *adapters;
    struct workbench *bench;
};

static void close_tools(struct tools *tools)
{
    workbench_free(tools->bench);
    adapters_free(tools->adapters);
    schema_free(tools->schema);
}
ENDS_WITH_SCOPE(struct tools *, close_tools)

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* The folder above, and the last name of a path; both the caller's. */
static bool split(const char *path, char **above, char **name)
{
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/')
        size--;
    const char *slash = memrchr(path, '/', size);
    const char *start = slash ? slash + 1 : path;
    *name = strndup(start, size - (size_t)(start - path));
    *above = !slash          ? strdup(".")
             : slash == path ? strdup("/")
                             : strndup(path, (size_t)(slash - path));
    return *name && *above;
}

/* --schema, $LIENTHONG_SCHEMAS, the folder beside the adapters, or where they are installed. */
static char *schema_path(const char *given, const char *adapters, struct fault *why)
{
    const char *environment = getenv("LIENTHONG_SCHEMAS");
    const char *folder = given ? given : environment;
    if (folder)
        return file_join(folder, "dossier-event.avsc", why);
    auto_free(free) char *beside = file_join(adapters, "../schemas", why);
    if (!beside)
        return NULL;
    return file_join(is_folder(beside) ? beside : "/usr/local/share/lienthong/schemas",
                     "dossier-event.avsc", why);
}

static bool open_tools(const char *schemas, const char *adapters, struct tools *tools,
                       struct fault *why)
{
    auto_free(free) char *path = schema_path(schemas, adapters, why);
    tools->schema = path ? schema_load(path, why) : NULL;
    tools->adapters = tools->schema ? adapters_load(adapters, tools->schema, &limits, why) : NULL;
    tools->bench = tools->adapters ? workbench_new(tools->adapters, why) : NULL;
    return tools->bench != NULL;
}

static const struct adapter *find(const struct tools *tools, const char *name, const char *folder,
                                  struct fault *why)
{
    const struct adapter *adapter = adapters_find(tools->adapters, name);
    if (!adapter)
        (void)fault_set(why, FAULT_REFUSE, "%s: there is no adapter.yaml", folder);
    return adapter;
}

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
    if (!split(folder, &above, &name))
        return fault_memory(why);
    if (!open_tools(checking->schemas, above, tools, why))
        return false;
    const struct adapter *adapter = find(tools, name, folder, why);
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
        {"schema", "FOLDER", &checking.schemas, NULL, "where dossier-event.avsc is"},
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
    bool as_json;
    bool writes_back;
};

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

static json_t *written_json(const struct trial *trial)
{
    json_t *list = json_array();
    for (size_t at = 0; list && at < trial->count; at++)
        (void)json_array_append_new(list, trial->written[at] ? json_string(trial->written[at])
                                                             : json_null());
    return list;
}

static int print_trial(const struct trial *trial, bool writes_back)
{
    json_t *json = json_pack("{sO sO}", "events", trial->events, "problems", trial->problems);
    if (json && writes_back)
        (void)json_object_set_new(json, "written", written_json(trial));
    return cli_print_json(json);
}

static bool try_file(const struct tools *tools, const struct adapter *adapter, const char *file,
                     const struct request *request, bool *is_good, struct fault *why)
{
    struct trial run = {.bench = tools->bench, .adapter = adapter, .writes = request->writes_back};
    auto_free(trial_free) struct trial *trial = &run;
    size_t size = 0;
    auto_free(free) char *bytes = file_read(file, (size_t)limits.document_bytes + 1, &size, why);
    if (!bytes || !trial_run(trial, bytes, size, why))
        return false;
    *is_good = trial->problem_total == 0;
    if (request->as_json)
        return print_trial(trial, request->writes_back) == CLI_OK ||
               fault_set(why, FAULT_BROKEN, "the result cannot be printed");
    for (size_t at = 0; at < trial->count; at++) {
        show_event(trial, at);
        if (request->writes_back && !show_back(trial, at, is_good, why))
            return false;
    }
    show_problems(trial);
    return true;
}

static int try_command(int argc, char **argv)
{
    struct request request = {0};
    const struct cli_option table[] = {
        {"schema", "FOLDER", &request.schemas, NULL, "where dossier-event.avsc is"},
        {"back", NULL, NULL, &request.writes_back,
         "also write the event as a document, read that, and show how the events differ"},
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
    if (!split(argv[first], &above, &name))
        return CLI_FAILED;
    const struct adapter *adapter = open_tools(request.schemas, above, tools, &why)
                                        ? find(tools, name, argv[first], &why)
                                        : NULL;
    if (!adapter || !try_file(tools, adapter, argv[first + 1], &request, &is_good, &why))
        return cli_complain("lienthong adapter try", &why);
    return is_good ? CLI_OK : CLI_FAILED;
}

int cli_adapter(int argc, char **argv)
{
    static const struct command commands[] = {
        {"check", check_command, "run the fixtures of adapters"},
        {"try", try_command, "what an adapter makes of a document"},
        {0},
    };
    return command_run("lienthong adapter", commands, argc, argv);
}
