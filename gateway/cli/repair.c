/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong entry: one entry's story and documents, and all that mends it. */
#include "cli/repair.h"

#include "base/cleanup.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/common.h"

ENDS_WITH_SCOPE(json_t *, json_decref)

/* ---- the line ---- */

enum { OPTIONS_MOST = 10 };

/* The options that this command takes, into `table`. */
static void choose_options(const struct entry_command *command, struct entry_line *line,
                           struct cli_option table[OPTIONS_MOST])
{
    const struct {
        unsigned bit;
        struct cli_option option;
    } all[] = {
        {ENTRY_WHAT,
         {"what", "NAME", &line->what, NULL, "original, event, revision:N or delivery:d-N"}},
        {ENTRY_REASON, {"reason", "TEXT", &line->reason, NULL, "why; it is kept on record"}},
        {ENTRY_FILE, {"file", "FILE", &line->file, NULL, "the mended document; - for input"}},
        {ENTRY_REVISION, {"revision", "N", &line->revision, NULL, "the number of the revision"}},
        {ENTRY_SHA256,
         {"sha256", "HEX", &line->sha256, NULL, "of the revision that you looked at"}},
        {ENTRY_STALE,
         {"may-be-stale", NULL, NULL, &line->may_be_stale,
          "although a later event of the dossier went out"}},
    };
    size_t count = 0;
    for (size_t at = 0; at < sizeof all / sizeof *all; at++)
        if (command->takes & all[at].bit)
            table[count++] = all[at].option;
    table[count++] = (struct cli_option){"config", "FILE", &line->config_path, NULL,
                                         "the daemon's configuration"};
    table[count++] = (struct cli_option){"json", NULL, NULL, &line->as_json, "for scripts"};
    table[count] = (struct cli_option){0};
}

static bool has_all(const struct entry_command *command, const struct entry_line *line)
{
    const struct {
        unsigned bit;
        const char *name, *text;
    } needed[] = {{ENTRY_REASON, "reason", line->reason},
                  {ENTRY_FILE, "file", line->file},
                  {ENTRY_REVISION, "revision", line->revision},
                  {ENTRY_SHA256, "sha256", line->sha256}};
    for (size_t at = 0; at < sizeof needed / sizeof *needed; at++)
        if ((command->needs & needed[at].bit) && !needed[at].text) {
            (void)fprintf(stderr, "%s: --%s is needed\n", command->command, needed[at].name);
            return false;
        }
    return true;
}

/* Receipts and numbers become a path of the call. */
static bool is_word(const char *text)
{
    return !text || (*text && strspn(text, "0123456789abcdefABCDEF-") == strlen(text));
}

bool entry_parse(const struct entry_command *command, int argc, char **argv,
                 struct entry_line *line, int *exit_code)
{
    struct cli_option table[OPTIONS_MOST];
    int first;
    *line = (struct entry_line){.command = command->command, .config_path = cli_default_config()};
    choose_options(command, line, table);
    const struct cli_usage usage = {command->command, "RECEIPT", command->description, table, 1, 1};
    if (!cli_parse(&usage, argc, argv, &first, exit_code))
        return false;
    line->receipt = argv[first];
    *exit_code = CLI_USAGE;
    if (!is_word(line->receipt) || !is_word(line->revision)) {
        (void)fprintf(stderr, "%s: a receipt is NUMBER-HEX, a revision a number\n",
                      command->command);
        return false;
    }
    return has_all(command, line);
}

json_t *entry_ask(const struct entry_line *line, const char *method, const char *path, json_t *body,
                  int *exit_code)
{
    struct fault why;
    auto_free(json_decref) json_t *said = body;
    auto_free(free) char *whole = NULL;
    auto_free(cli_free_config) struct config *config =
        cli_load_config(line->command, line->config_path);
    *exit_code = CLI_FAILED;
    if (!config)
        return NULL;
    if (asprintf(&whole, "/operate/v1/entries/%s%s", line->receipt, path) < 0) {
        whole = NULL;
        (void)fault_memory(&why);
        *exit_code = cli_complain(line->command, &why);
        return NULL;
    }
    auto_free(json_decref) json_t *problems = NULL;
    json_t *answer = client_ask_about(config->admin.socket, method, whole, said, &problems, &why);
    *exit_code = answer ? CLI_OK : cli_complain(line->command, &why);
    entry_print_problems(stderr, problems);
    return answer;
}

/* ---- acts ---- */

/* What is sent, and what is said when it is done. */
struct act {
    struct entry_command command;
    const char *word;
    const char *done;
};

static json_t *write_body(const struct entry_line *line)
{
    return json_pack("{s:s*, s:s*, s:b}", "reason", line->reason, "sha256", line->sha256,
                     "may_be_stale", line->may_be_stale);
}

static int act(const struct act *act, int argc, char **argv)
{
    struct entry_line line;
    int exit_code;
    auto_free(free) char *path = NULL;
    if (!entry_parse(&act->command, argc, argv, &line, &exit_code))
        return exit_code;
    int size = line.revision ? asprintf(&path, "/revisions/%s/%s", line.revision, act->word)
                             : asprintf(&path, "/%s", act->word);
    if (size < 0) {
        path = NULL;
        return CLI_FAILED;
    }
    json_t *answer = entry_ask(&line, "POST", path, write_body(&line), &exit_code);
    if (!answer)
        return exit_code;
    if (line.as_json)
        return cli_print_json(answer);
    const char *until = json_string_value(json_object_get(answer, "until"));
    (void)printf("%s %s%s\n", line.receipt, act->done, until ? until : "");
    json_decref(answer);
    return CLI_OK;
}

static int entry_approve(int argc, char **argv)
{
    static const struct act approve = {
        {"lienthong entry approve",
         "Says that another person's revision is right: the very one with this hash.",
         ENTRY_REVISION | ENTRY_SHA256, ENTRY_REVISION | ENTRY_SHA256},
        "approve",
        "is approved"};
    return act(&approve, argc, argv);
}

static int entry_withdraw(int argc, char **argv)
{
    static const struct act withdraw = {
        {"lienthong entry withdraw", "Takes a revision back that was not applied.",
         ENTRY_REVISION | ENTRY_REASON, ENTRY_REVISION | ENTRY_REASON},
        "withdraw",
        "has the revision withdrawn"};
    return act(&withdraw, argc, argv);
}

static int entry_apply(int argc, char **argv)
{
    static const struct act apply = {
        {"lienthong entry apply",
         "Makes the revision's event the entry's, and lets it and its lane go on.",
         ENTRY_REVISION | ENTRY_SHA256 | ENTRY_STALE, ENTRY_REVISION | ENTRY_SHA256},
        "apply",
        "is mended and goes out"};
    return act(&apply, argc, argv);
}

static int entry_release(int argc, char **argv)
{
    static const struct act release = {
        {"lienthong entry release",
         "Lets a dead entry go on as it is, if today's adapters and directory take it.",
         ENTRY_REASON | ENTRY_STALE, ENTRY_REASON},
        "release",
        "is released"};
    return act(&release, argc, argv);
}

static int entry_discard(int argc, char **argv)
{
    static const struct act discard = {{"lienthong entry discard",
                                        "Ends a dead entry for good; its lane goes on without it.",
                                        ENTRY_REASON, ENTRY_REASON},
                                       "discard",
                                       "is discarded"};
    return act(&discard, argc, argv);
}

static int entry_unmask(int argc, char **argv)
{
    static const struct act unmask = {
        {"lienthong entry unmask",
         "Lets you see personal data of one entry for a while; the reason is on record.",
         ENTRY_REASON, ENTRY_REASON},
        "unmask",
        "can be seen until "};
    return act(&unmask, argc, argv);
}

int cli_entry(int argc, char **argv)
{
    static const struct command commands[] = {
        {"show", entry_show, "its story: what happened, what is wrong with it"},
        {"document", entry_document, "a document of it, masked unless unmasked"},
        {"unmask", entry_unmask, "see its personal data for a while, with a reason"},
        {"validate", entry_validate, "try a mended document; nothing is kept"},
        {"revise", entry_revise, "keep a mended document as a revision; by $EDITOR without --file"},
        {"approve", entry_approve, "another person's revision"},
        {"withdraw", entry_withdraw, "a revision"},
        {"apply", entry_apply, "a revision: the entry goes on with it"},
        {"release", entry_release, "let it go on as it is"},
        {"discard", entry_discard, "end it for good"},
        {0},
    };
    return command_run("lienthong entry", commands, argc, argv);
}
