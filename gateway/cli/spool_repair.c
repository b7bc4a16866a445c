/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong spool repair: what is damaged, what can be saved, what is lost; and the new file. */
#include "cli/spool_repair.h"

#include "base/cleanup.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/keys.h"
#include "cli/options.h"
#include "spool/reader.h"
#include "spool/repair.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

ENDS_WITH_SCOPE(json_t *, json_decref)
ENDS_WITH_SCOPE(struct spool_reader *, spool_reader_close)

static const char command[] = "lienthong spool repair";

struct report {
    bool as_json;
    json_t *damages, *losses, *findings;
};

static const char *const kinds[] = {
    [LOSS_ENTRY] = "entry",       [LOSS_EVENT] = "event",      [LOSS_ORIGINAL] = "original",
    [LOSS_DELIVERY] = "delivery", [LOSS_NUMBERS] = "numbers",  [LOSS_DAY] = "day",
    [LOSS_PLACES] = "places",     [LOSS_KEY] = "repeated-ids", [LOSS_SETTING] = "setting",
};

static void note_damage(void *own, const char *line)
{
    struct report *report = own;
    (void)json_array_append_new(report->damages, json_string(line));
    if (!report->as_json)
        (void)printf("damaged: %s\n", line);
}

static json_t *loss_json(const struct spool_loss *loss)
{
    return json_pack("{ss sI sI ss* ss* sb ss}", "kind", kinds[loss->kind],         /**/
                     "first", (json_int_t)loss->first,                              /**/
                     "last", (json_int_t)loss->last,                                /**/
                     "receipt", loss->receipt[0] ? loss->receipt : NULL,            /**/
                     "dossier", loss->kind == LOSS_DAY ? NULL : loss->dossier_code, /**/
                     "published", loss->is_published,                               /**/
                     "text", loss->text);
}

static void print_loss(const struct spool_loss *loss)
{
    const char *name = kinds[loss->kind];
    const char *about = loss->dossier_code ? loss->dossier_code : "";
    switch (loss->kind) {
    case LOSS_ENTRY:
    case LOSS_EVENT:
    case LOSS_ORIGINAL:
        (void)printf("lost: %s %s%s%s: %s\n", name, loss->receipt, *about ? " of dossier " : "",
                     about, loss->text);
        break;
    case LOSS_DELIVERY:
        (void)printf("lost: delivery d-%" PRId64 ": %s\n", loss->first, loss->text);
        break;
    case LOSS_NUMBERS:
    case LOSS_PLACES:
        (void)printf("lost: %s %" PRId64 " to %" PRId64 ": %s\n", name, loss->first, loss->last,
                     loss->text);
        break;
    case LOSS_DAY:
        (void)printf("lost: %" PRId64 " entries of %s, day %" PRId64 " since 1970: %s\n",
                     loss->last, *about ? about : "?", loss->first, loss->text);
        break;
    case LOSS_KEY:
        (void)printf("lost: %" PRId64 " %s\n", loss->last, loss->text);
        break;
    case LOSS_SETTING:
        (void)printf("lost: %s\n", loss->text);
        break;
    }
}

static void note_loss(void *own, const struct spool_loss *loss)
{
    struct report *report = own;
    (void)json_array_append_new(report->losses, loss_json(loss));
    if (!report->as_json)
        print_loss(loss);
}

static void note_finding(void *own, const char *finding)
{
    struct report *report = own;
    (void)json_array_append_new(report->findings, json_string(finding));
    if (!report->as_json)
        (void)printf("in the new one: %s\n", finding);
}

static bool check(struct report *report, const char *file, bool *is_sound, struct fault *why)
{
    auto_free(spool_reader_close) struct spool_reader *reader = spool_reader_open(file, why);
    if (!reader)
        return false;
    *is_sound = spool_check(reader, note_finding, report, why);
    return *is_sound || json_array_size(report->findings) > 0;
}

static int print_sum(struct report *report, const struct spool_repair *repair,
                     const struct spool_repaired *repaired, bool is_sound, bool is_trial)
{
    if (report->as_json)
        return cli_print_json(json_pack(
            "{ss so? sI sI sI sb sb sO sO sO}", "file", repair->file, "into",
            is_trial ? NULL : json_string(repair->into), "entries", (json_int_t)repaired->entries,
            "deliveries", (json_int_t)repaired->deliveries, "numbers_after",
            (json_int_t)repaired->last_number, "sound", is_sound, "trial", is_trial, "damages",
            report->damages, "losses", report->losses, "findings", report->findings));
    (void)printf("%" PRId64 " entries and %" PRId64 " deliveries saved, %" PRId64
                 " damages, %" PRId64 " losses; numbers go on after %" PRId64 "\n",
                 repaired->entries, repaired->deliveries, repaired->damages, repaired->losses,
                 repaired->last_number);
    if (is_trial)
        (void)printf("nothing was changed: --into NEW makes the new file\n");
    else
        (void)printf("%s is %s\n", repair->into, is_sound ? "sound" : "not sound");
    return CLI_OK;
}

static int run(const struct spool_repair *repair, bool is_trial, bool as_json)
{
    auto_free(json_decref) json_t *damages = json_array();
    auto_free(json_decref) json_t *losses = json_array();
    auto_free(json_decref) json_t *findings = json_array();
    struct report report = {as_json, damages, losses, findings};
    const struct spool_repair_seen seen = {&report, note_damage, note_loss};
    struct spool_repaired repaired;
    struct fault why;
    bool is_sound = false;
    if (!spool_repair(repair, &seen, &repaired, &why))
        return cli_complain(command, &why);
    bool is_checked = check(&report, repair->into, &is_sound, &why);
    if (is_trial)
        spool_repair_undo(repair);
    if (!is_checked)
        return cli_complain(command, &why);
    int printed = print_sum(&report, repair, &repaired, is_sound, is_trial);
    return printed == CLI_OK && is_sound && repaired.losses == 0 ? CLI_OK : CLI_FAILED;
}

static int run_trial(struct spool_repair *repair, bool as_json)
{
    auto_free(free) char *trial = NULL;
    struct fault why;
    if (asprintf(&trial, "%s.trial-%ld", repair->file, (long)getpid()) < 0) {
        trial = NULL;
        (void)fault_memory(&why);
        return cli_complain(command, &why);
    }
    repair->into = trial;
    return run(repair, true, as_json);
}

static bool take_keys(const char *config_path)
{
    struct fault why;
    struct config *config = cli_load_config(command, config_path);
    bool are_taken = config && keys_serve(config, &why);
    if (config && !are_taken)
        (void)cli_complain(command, &why);
    cli_free_config(config);
    return are_taken;
}

int cli_spool_repair(int argc, char **argv)
{
    struct spool_repair repair = {0};
    bool as_json = false;
    const char *above_text = "0";
    const char *config_path = NULL;
    long long above;
    const struct cli_option table[] = {
        {"into", "NEW", &repair.into, NULL,
         "the new spool, which must not exist; left out: only say what it would be"},
        {"backup", "COPY", &repair.backup, NULL,
         "an older copy of it: names, schemas and the key of receipts, where these are lost"},
        {"above", "NUMBER", &above_text, NULL, "new entries get numbers above this one"},
        {"config", "FILE", &config_path, NULL,
         "the daemon's configuration: where bodies are sealed, for the keys that it names"},
        {"json", NULL, NULL, &as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {
        command,
        "FILE",
        "Saves all that can be read of a damaged spool, also behind damaged pages, into a new one, "
        "and names\n"
        "what is lost.  FILE is never changed; the daemon must be stopped.  Without --into as much "
        "disk as FILE\n"
        "has is used and given back.  Exit: 0 nothing is lost, 1 something is, or it failed.",
        table,
        1,
        1};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    if (!cli_number("above", above_text, 0, INT64_MAX / 2, &above))
        return CLI_USAGE;
    if (config_path && !take_keys(config_path))
        return CLI_FAILED;
    repair.above = above;
    repair.file = argv[first];
    return repair.into ? run(&repair, false, as_json) : run_trial(&repair, as_json);
}
