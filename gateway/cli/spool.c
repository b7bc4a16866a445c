/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong spool: what is in the journal, whether it is sound, copies of it, and its pruning. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/moment.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/entry.h"
#include "cli/keys.h"
#include "cli/options.h"
#include "cli/spool_repair.h"
#include "cli/spool_restore.h"
#include "spool/reader.h"

#include <inttypes.h>
#include <string.h>

ENDS_WITH_SCOPE(struct spool_reader *, spool_reader_close)
ENDS_WITH_SCOPE(json_t *, json_decref)

/* What every word of `lienthong spool` is called with, and what it works on. */
struct spool_job {
    const char *command;
    const char *config_path; /* NULL: the usual place, or none where a file is named */
    const char *file;        /* NULL: the one of the configuration */
    bool as_json;
    struct config *config;
    struct spool_reader *reader;
};

static bool open_job(struct spool_job *job)
{
    struct fault why;
    if (!job->file && !job->config_path)
        job->config_path = cli_default_config();
    if (job->config_path && !(job->config = cli_load_config(job->command, job->config_path)))
        return false;
    job->reader = keys_open_reader(job->config, job->file, &why);
    if (!job->reader)
        (void)cli_complain(job->command, &why);
    return job->reader != NULL;
}

static int close_job(struct spool_job *job, int exit_code)
{
    spool_reader_close(job->reader);
    cli_free_config(job->config);
    return exit_code;
}

static json_t *sum_json(const struct spool_sum *sum)
{
    return json_pack("{si ss sI sI sI sI sI sI sI sI sI}", "day", (int)sum->day, /**/
                     "partner", sum->partner,                                    /**/
                     "received", (json_int_t)sum->received,                      /**/
                     "published", (json_int_t)sum->published,                    /**/
                     "waiting", (json_int_t)sum->waiting,                        /**/
                     "parked", (json_int_t)sum->parked,                          /**/
                     "dead", (json_int_t)sum->dead,                              /**/
                     "discarded", (json_int_t)sum->discarded,                    /**/
                     "refused", (json_int_t)sum->refused,                        /**/
                     "pruned", (json_int_t)sum->pruned,                          /**/
                     "repeated", (json_int_t)sum->repeated);
}

struct summing {
    bool as_json;
    json_t *list;
    int64_t differences; /* of all days together: what was received and is in no state */
};

static bool note_sum(void *own, const struct spool_sum *sum)
{
    struct summing *summing = own;
    int64_t accounted = sum->published + sum->waiting + sum->parked + sum->dead + sum->discarded +
                        sum->refused + sum->pruned;
    summing->differences +=
        sum->received > accounted ? sum->received - accounted : accounted - sum->received;
    if (summing->as_json)
        return json_array_append_new(summing->list, sum_json(sum)) == 0;
    (void)printf("%8d  %-24s %9" PRId64 " %9" PRId64 " %8" PRId64 " %7" PRId64 " %6" PRId64
                 " %8" PRId64 " %8" PRId64 " %8" PRId64 "%s\n",
                 (int)sum->day, sum->partner, sum->received, sum->published, sum->waiting,
                 sum->parked, sum->dead, sum->discarded, sum->refused, sum->pruned,
                 sum->received == accounted ? "" : "  DIFFERS");
    return true;
}

static int show_sums(const struct spool_job *job, int32_t from, int32_t to)
{
    auto_free(json_decref) json_t *list = json_array();
    struct summing summing = {.as_json = job->as_json, .list = list};
    struct fault why;
    if (!job->as_json)
        (void)printf("%8s  %-24s %9s %9s %8s %7s %6s %8s %8s %8s\n", "day", "partner", "received",
                     "published", "waiting", "parked", "dead", "discard.", "refused", "pruned");
    if (!spool_sums(job->reader, from, to, note_sum, &summing, &why))
        return cli_complain(job->command, &why);
    if (job->as_json && cli_print_json(json_incref(list)) != CLI_OK)
        return CLI_FAILED;
    if (!summing.differences)
        return CLI_OK;
    (void)fprintf(stderr, "%s: the sums do not match\n", job->command);
    return CLI_FAILED;
}

static bool read_day(const char *name, const char *text, int32_t *day)
{
    int64_t moment;
    if (!text)
        return true;
    if (!cli_moment(name, text, &moment))
        return false;
    *day = moment_day(moment);
    return true;
}

static int spool_status(int argc, char **argv)
{
    struct spool_job job = {.command = "lienthong spool status",
                            .config_path = cli_default_config()};
    const char *from_text = NULL;
    const char *to_text = NULL;
    const struct cli_option table[] = {
        {"from", "DAY", &from_text, NULL, "first day, as 2026-11-01; a week ago when left out"},
        {"to", "DAY", &to_text, NULL, "last day; today when left out"},
        {"config", "FILE", &job.config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &job.as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {job.command,
                                    "",
                                    "Counts, for each partner and day, what was received and what "
                                    "became of it, and proves that\n"
                                    "nothing disappeared.  Exit: 0 the sums match, 1 they do not.",
                                    table,
                                    0,
                                    0};
    int first;
    int exit_code;
    int32_t from = moment_day(clock_now_ms() - INT64_C(7) * 86400000);
    int32_t to = moment_day(clock_now_ms());
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    if (!read_day("from", from_text, &from) || !read_day("to", to_text, &to))
        return CLI_USAGE;
    return close_job(&job, open_job(&job) ? show_sums(&job, from, to) : CLI_FAILED);
}

struct finding_list {
    bool as_json;
    json_t *list;
};

static void note_finding(void *own, const char *finding)
{
    struct finding_list *findings = own;
    (void)json_array_append_new(findings->list, json_string(finding));
    if (!findings->as_json)
        (void)printf("%s\n", finding);
}

static int check(const struct spool_job *job)
{
    auto_free(json_decref) json_t *list = json_array();
    struct finding_list findings = {.as_json = job->as_json, .list = list};
    struct fault why;
    bool is_sound = spool_check(job->reader, note_finding, &findings, &why);
    if (job->as_json &&
        cli_print_json(json_pack("{sb sO}", "sound", is_sound, "findings", list)) != 0)
        return CLI_FAILED;
    if (!is_sound)
        return cli_complain(job->command, &why);
    if (!job->as_json)
        (void)printf("sound\n");
    return CLI_OK;
}

static int spool_check_command(int argc, char **argv)
{
    struct spool_job job = {.command = "lienthong spool check"};
    const struct cli_option table[] = {
        {"config", "FILE", &job.config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &job.as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {
        job.command,
        "[FILE]",
        "Reads everything: the database's own check, the digest of every\n"
        "body, the state of every entry; of FILE, a copy say, else of the daemon's spool.\n"
        "Where bodies of FILE are sealed by keys, name the configuration too.\n"
        "Exit: 0 sound, 1 not.",
        table,
        0,
        1};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    job.file = argv[first]; /* NULL behind the last */
    return close_job(&job, open_job(&job) ? check(&job) : CLI_FAILED);
}

static bool print_entry(void *own, const struct spool_entry *entry)
{
    const struct spool_job *job = own;
    return cli_print_json(entry_json(job->reader, entry)) == CLI_OK;
}

static int spool_export(int argc, char **argv)
{
    struct spool_job job = {.command = "lienthong spool export",
                            .config_path = cli_default_config()};
    const char *after_text = "0";
    const char *limit_text = "1000000000";
    const struct cli_option table[] = {
        {"after", "NUMBER", &after_text, NULL, "entries with higher numbers"},
        {"limit", "N", &limit_text, NULL, "at most so many"},
        {"config", "FILE", &job.config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &job.as_json, "the lines are JSON anyway"},
        {0},
    };
    const struct cli_usage usage = {job.command,
                                    "",
                                    "Prints every entry as one JSON line: state, keys, times, "
                                    "faults; no content.  An original\n"
                                    "is had by `lienthong show RECEIPT --original`.",
                                    table,
                                    0,
                                    0};
    int first;
    int exit_code;
    long long after;
    long long limit;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    if (!cli_number("after", after_text, 0, INT64_MAX, &after) ||
        !cli_number("limit", limit_text, 1, INT64_MAX, &limit))
        return CLI_USAGE;
    if (!open_job(&job))
        return close_job(&job, CLI_FAILED);
    struct fault why;
    bool done = spool_list(job.reader, (struct spool_range){after, limit}, print_entry, &job, &why);
    return close_job(&job, done ? CLI_OK : cli_complain(job.command, &why));
}

static int spool_backup_command(int argc, char **argv)
{
    struct spool_job job = {.command = "lienthong spool backup",
                            .config_path = cli_default_config()};
    const struct cli_option table[] = {
        {"config", "FILE", &job.config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &job.as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {
        job.command,
        "FILE",
        "Copies the spool as it is at one moment, also while the daemon\n"
        "runs.  FILE must not exist.",
        table,
        1,
        1};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    if (!open_job(&job))
        return close_job(&job, CLI_FAILED);
    struct fault why;
    if (!spool_backup(job.reader, argv[first], &why))
        return close_job(&job, cli_complain(job.command, &why));
    if (job.as_json)
        return close_job(&job, cli_print_json(json_pack("{ss}", "file", argv[first])));
    (void)printf("copied to %s\n", argv[first]);
    return close_job(&job, CLI_OK);
}

static int prune(const struct config *config, const char *before, bool as_json)
{
    struct fault why;
    auto_free(json_decref) json_t *body = json_pack("{ss*}", "before", before);
    auto_free(json_decref) json_t *answer =
        client_ask_daemon(config->admin.socket, "POST", "/operate/v1/spool/prune", body, &why);
    if (!answer)
        return cli_complain("lienthong spool prune", &why);
    if (as_json)
        return cli_print_json(json_incref(answer));
    (void)printf("pruned %" JSON_INTEGER_FORMAT " entries received before %s\n",
                 json_integer_value(json_object_get(answer, "pruned")),
                 json_string_value(json_object_get(answer, "before")));
    return CLI_OK;
}

static int spool_prune_command(int argc, char **argv)
{
    const char *config_path = cli_default_config();
    const char *before = NULL;
    bool as_json = false;
    const struct cli_option table[] = {
        {"before", "DAY", &before, NULL, "by arrival; the configured retention when left out"},
        {"config", "FILE", &config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {
        "lienthong spool prune",
        "",
        "Has the daemon delete old entries that are published or discarded; never others.",
        table,
        0,
        0};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    auto_free(cli_free_config) struct config *config = cli_load_config(usage.command, config_path);
    return config ? prune(config, before, as_json) : CLI_FAILED;
}

int cli_spool(int argc, char **argv)
{
    static const struct command commands[] = {
        {"status", spool_status, "what came in and what became of it, by partner and day"},
        {"check", spool_check_command, "read everything and find damage"},
        {"repair", cli_spool_repair, "save what can be read of a damaged one into a new one"},
        {"export", spool_export, "all entries as JSON lines"},
        {"backup", spool_backup_command, "a consistent copy"},
        {"restore", cli_spool_restore, "put a copy in its place, and say what that may repeat"},
        {"prune", spool_prune_command, "delete what is old and done"},
        {"key", keys_make, "make a master key"},
        {"rekey", keys_rekey, "put everything under the current master key"},
        {0},
    };
    return command_run("lienthong spool", commands, argc, argv);
}
