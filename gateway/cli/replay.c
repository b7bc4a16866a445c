/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong replay: bulk replays, from their preview to their report. */
#include "base/cleanup.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/options.h"
#include "cli/replay_shown.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

enum { POLL_NS = 300000000, PATH_SIZE = 96 };

/* ---- the daemon ---- */

/* What a command works with. */
struct replay {
    const char *command;
    struct config *config;
    bool as_json;
    bool waits; /* for what it began, showing how far it is */
};

static json_t *ask(const struct replay *replay, const char *method, const char *job,
                   const char *word, const json_t *body, struct fault *why)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "/operate/v1/jobs%s%s%s%s", job ? "/" : "", job ? job : "",
                   word ? "/" : "", word ? word : "");
    return client_ask_daemon(replay->config->admin.socket, method, path, body, why);
}

static bool is_state(const json_t *job, const char *state)
{
    const char *text = json_string_value(json_object_get(job, "state"));
    return text && strcmp(text, state) == 0;
}

static bool is_at_work(const json_t *job)
{
    return is_state(job, "collecting") || is_state(job, "running");
}

/* Takes `job`, as it was told last; the caller owns what it gives.  NULL with `why`. */
static json_t *follow(const struct replay *replay, json_t *job, struct fault *why)
{
    const struct timespec moment = {.tv_nsec = POLL_NS};
    char number[24];
    bool shows = !replay->as_json && isatty(STDERR_FILENO);
    (void)snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT,
                   json_integer_value(json_object_get(job, "job")));
    while (job && replay->waits && is_at_work(job)) {
        if (shows)
            replay_show_progress(job);
        (void)nanosleep(&moment, NULL); /* a signal only makes it shorter */
        json_decref(job);
        job = ask(replay, "GET", number, NULL, NULL, why);
    }
    if (shows)
        replay_end_progress();
    return job;
}

/* Follows a job as far as is wanted and shows it; takes it, or complains without one. */
static int conclude(const struct replay *replay, json_t *job, struct fault *why)
{
    auto_free(json_decref) json_t *last = job ? follow(replay, job, why) : NULL;
    if (!last)
        return cli_complain(replay->command, why);
    bool has_stopped = is_state(last, "stopped");
    if (replay->as_json)
        (void)cli_print_json(json_incref(last)); /* what it could not print it has said */
    else
        replay_show_job(last);
    return has_stopped ? CLI_FAILED : CLI_OK;
}

/* ---- preview ---- */

struct asked {
    const char *kind, *group;
    const char *members[10]; /* of the filter, by the names below */
    const char *rate, *stop_above;
    const char *rule_path, *rule_from, *rule_to;
    bool may_be_stale;
    const char *reason;
};

static const char *const filter_names[] = {"dossier", "partner", "agency", "procedure", "type",
                                           "alias",   "cause",   "due",    "from",      "to"};
enum { FILTER_NAMES = sizeof filter_names / sizeof filter_names[0] };

static json_t *filter_of(const struct asked *asked)
{
    json_t *filter = json_object();
    for (size_t i = 0; i < FILTER_NAMES; i++)
        if (asked->members[i])
            (void)json_object_set_new(filter, filter_names[i], json_string(asked->members[i]));
    return filter;
}

/* What was asked for beside the one way that counts would be let fall, and more be chosen than the
 * person meant. */
static bool check_asked(const char *command, const struct asked *asked, int count)
{
    bool has_filter = false;
    for (size_t i = 0; i < FILTER_NAMES; i++)
        has_filter |= asked->members[i] != NULL;
    if ((count > 0) + (asked->group != NULL) + has_filter > 1)
        (void)fprintf(stderr, "%s: receipts, --group or a filter, one of them\n", command);
    else if (!asked->reason)
        (void)fprintf(stderr, "%s: --reason is needed\n", command);
    else
        return true;
    return false;
}

/* Operands are the selection. */
static bool add_what(json_t *body, const struct asked *asked, int count, char **names)
{
    if (asked->group)
        return json_object_set_new(body, "group", json_string(asked->group)) == 0;
    if (count == 0)
        return json_object_set_new(body, "filter", filter_of(asked)) == 0;
    json_t *selection = json_array();
    for (int i = 0; i < count; i++)
        (void)json_array_append_new(selection, json_string(names[i]));
    return json_object_set_new(body, "selection", selection) == 0;
}

static bool read_options(const struct asked *asked, json_t *options)
{
    long long rate;
    char *end = NULL;
    if (!cli_number("rate", asked->rate, 0, 1000000, &rate))
        return false;
    double share = strtod(asked->stop_above, &end);
    if (end == asked->stop_above || *end || share < 0 || share > 1) {
        (void)fprintf(stderr, "--stop-above: a share from 0 to 1, please\n");
        return false;
    }
    if ((asked->rule_path != NULL) != (asked->rule_to != NULL)) {
        (void)fprintf(stderr, "--rule-path and --rule-to belong together\n");
        return false;
    }
    json_t *rule = asked->rule_path ? json_pack("{ss ss? ss}", "path", asked->rule_path, "from",
                                                asked->rule_from, "to", asked->rule_to)
                                    : NULL;
    return json_object_set_new(options, "rate_per_s", json_integer(rate)) == 0 &&
           json_object_set_new(options, "stop_above_share", json_real(share)) == 0 &&
           json_object_set_new(options, "may_be_stale", json_boolean(asked->may_be_stale)) == 0 &&
           (!rule || json_object_set_new(options, "rule", rule) == 0);
}

static int preview(struct replay *replay, const struct asked *asked, int count, char **names)
{
    struct fault why;
    auto_free(json_decref) json_t *options = json_object();
    auto_free(json_decref) json_t *body =
        json_pack("{ss sO ss}", "kind", asked->kind, "options", options, "reason", asked->reason);
    if (!read_options(asked, options))
        return CLI_USAGE;
    if (!body || !add_what(body, asked, count, names)) {
        (void)fault_memory(&why);
        return cli_complain(replay->command, &why);
    }
    return conclude(replay, ask(replay, "POST", NULL, NULL, body, &why), &why);
}

static int replay_preview(int argc, char **argv)
{
    const char *config_path = cli_default_config();
    struct asked asked = {.kind = "entries", .rate = "0", .stop_above = "0.2"};
    const char **members = asked.members;
    bool no_wait = false;
    struct replay replay = {.command = "lienthong replay preview"};
    const struct cli_option table[] = {
        {"kind", "KIND", &asked.kind, NULL, "entries, deliveries or republish"},
        {"group", "ID", &asked.group, NULL, "a group of `lienthong failures`"},
        {"dossier", "CODE", &members[0], NULL, "of this dossier"},
        {"partner", "ID", &members[1], NULL, "of, or toward, this partner"},
        {"agency", "CODE", &members[2], NULL, "about this agency"},
        {"procedure", "CODE", &members[3], NULL, "of this procedure"},
        {"type", "TYPE", &members[4], NULL, "of this event type"},
        {"alias", "CODE", &members[5], NULL, "of the dossier of this other code"},
        {"cause", "CAUSE", &members[6], NULL, "whose cause begins so"},
        {"due", "WHEN", &members[7], NULL, "overdue or today"},
        {"from", "TIME", &members[8], NULL, "that came then or later"},
        {"to", "TIME", &members[9], NULL, "that came before, or on that day"},
        {"rate", "N", &asked.rate, NULL, "so many a second at most; 0: no limit"},
        {"stop-above", "SHARE", &asked.stop_above, NULL, "stop when more than this share fails"},
        {"may-be-stale", NULL, NULL, &asked.may_be_stale,
         "also what is behind a later event of its dossier"},
        {"rule-path", "PATH", &asked.rule_path, NULL, "put --rule-to at this place of documents"},
        {"rule-from", "TEXT", &asked.rule_from, NULL, "only in place of this text"},
        {"rule-to", "TEXT", &asked.rule_to, NULL, "what is to stand there"},
        {"reason", "TEXT", &asked.reason, NULL, "why; it is kept"},
        {"no-wait", NULL, NULL, &no_wait, "do not wait for the preview"},
        {"config", "FILE", &config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &replay.as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {
        replay.command,
        "[RECEIPT|d-NUMBER ...]",
        "Makes a bulk replay of what is named, of a group, or of all that the filter chooses: one\n"
        "of the three.  Each is tried with today's adapters, schema and directory; nothing is\n"
        "changed by it.\n"
        "--kind republish sends events of the topic once more, for a consumer that lost them.",
        table,
        0,
        20000};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    if (!check_asked(replay.command, &asked, argc - first))
        return CLI_USAGE;
    auto_free(cli_free_config) struct config *config = cli_load_config(replay.command, config_path);
    replay.config = config;
    replay.waits = !no_wait;
    return config ? preview(&replay, &asked, argc - first, argv + first) : CLI_FAILED;
}

/* ---- a person's word ---- */

/* What a word does, and how it is called. */
struct word {
    const char *word; /* of the daemon's call; NULL: it only looks */
    bool waits;
    bool needs_reason;
    const char *command, *description;
};

static int say(const struct replay *replay, const struct word *word, const char *job,
               const char *reason)
{
    struct fault why;
    auto_free(json_decref) json_t *body = json_pack("{ss}", "reason", reason ? reason : "");
    const char *method = word->word ? "POST" : "GET";
    return conclude(replay, ask(replay, method, job, word->word, word->word ? body : NULL, &why),
                    &why);
}

static bool is_number(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 20;
}

static int word_for(const struct word *word, int argc, char **argv)
{
    const char *config_path = cli_default_config();
    const char *reason = NULL;
    bool no_wait = false;
    struct replay replay = {.command = word->command};
    const struct cli_option table[] = {
        {"reason", "TEXT", &reason, NULL, "why; it is kept"},
        {"no-wait", NULL, NULL, &no_wait, "do not wait until it is over"},
        {"config", "FILE", &config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &replay.as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {word->command, "JOB", word->description, table, 1, 1};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    if (!is_number(argv[first]) || (word->needs_reason && !reason)) {
        (void)fprintf(stderr, "%s: %s\n", word->command,
                      is_number(argv[first]) ? "--reason is needed" : "a job is a number");
        return CLI_USAGE;
    }
    auto_free(cli_free_config) struct config *config = cli_load_config(word->command, config_path);
    replay.config = config;
    replay.waits = word->waits && !no_wait;
    return config ? say(&replay, word, argv[first], reason) : CLI_FAILED;
}

static int replay_run(int argc, char **argv)
{
    static const struct word word = {
        "run", true, false, "lienthong replay run",
        "Runs a job that has its preview, by due date and each dossier in its order."};
    return word_for(&word, argc, argv);
}

static int replay_status(int argc, char **argv)
{
    static const struct word word = {NULL, false, false, "lienthong replay status",
                                     "Shows a job: its preview, how far it is, its report."};
    return word_for(&word, argc, argv);
}

static int replay_watch(int argc, char **argv)
{
    static const struct word word = {NULL, true, false, "lienthong replay watch",
                                     "Follows a job until it is over, or waits for a person."};
    return word_for(&word, argc, argv);
}

static int replay_pause(int argc, char **argv)
{
    static const struct word word = {"pause", false, false, "lienthong replay pause",
                                     "Has a running job wait."};
    return word_for(&word, argc, argv);
}

static int replay_resume(int argc, char **argv)
{
    static const struct word word = {"resume", true, false, "lienthong replay resume",
                                     "Has a job go on that was paused, or that stopped by itself."};
    return word_for(&word, argc, argv);
}

static int replay_cancel(int argc, char **argv)
{
    static const struct word word = {"cancel", false, true, "lienthong replay cancel",
                                     "Ends a job; what it did stays done."};
    return word_for(&word, argc, argv);
}

static int replay_approve(int argc, char **argv)
{
    static const struct word word = {
        "approve", false, false, "lienthong replay approve",
        "Approves the rule of another person's job, for all that it edits."};
    return word_for(&word, argc, argv);
}

/* ---- the list ---- */

static int list(const struct replay *replay)
{
    struct fault why;
    size_t index;
    json_t *job;
    auto_free(json_decref) json_t *answer = ask(replay, "GET", NULL, NULL, NULL, &why);
    if (!answer)
        return cli_complain(replay->command, &why);
    json_array_foreach (json_object_get(answer, "items"), index, job) {
        if (!replay->as_json)
            replay_show_line(job);
        else if (cli_print_json(json_incref(job)) != CLI_OK)
            return CLI_FAILED;
    }
    return CLI_OK;
}

static int replay_list(int argc, char **argv)
{
    const char *config_path = cli_default_config();
    struct replay replay = {.command = "lienthong replay list"};
    const struct cli_option table[] = {
        {"config", "FILE", &config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &replay.as_json, "one JSON line each"},
        {0},
    };
    const struct cli_usage usage = {
        replay.command, "", "Lists the last hundred jobs, newest first.", table, 0, 0};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    auto_free(cli_free_config) struct config *config = cli_load_config(replay.command, config_path);
    replay.config = config;
    return config ? list(&replay) : CLI_FAILED;
}

int cli_replay(int argc, char **argv)
{
    static const struct command commands[] = {
        {"preview", replay_preview, "how many, and how each would do; nothing is changed"},
        {"run", replay_run, "run a job that has its preview"},
        {"status", replay_status, "one job as it stands"},
        {"watch", replay_watch, "follow one job"},
        {"pause", replay_pause, "have a running job wait"},
        {"resume", replay_resume, "have it go on"},
        {"cancel", replay_cancel, "end it"},
        {"approve", replay_approve, "approve the rule of another person's job"},
        {"list", replay_list, "the last jobs"},
        {0},
    };
    return command_run("lienthong replay", commands, argc, argv);
}
