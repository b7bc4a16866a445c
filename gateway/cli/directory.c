/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong agency and lienthong partner: the directory as the gateway reads it, and new keys. */
#include "directory/directory.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/moment.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/options.h"
#include "cli/partner.h"

#include <string.h>

ENDS_WITH_SCOPE(struct directory *, directory_release)

struct directory *cli_load_directory(const char *command, const struct config *config)
{
    const struct directory_options options = {
        .agencies_file = config->directory.agencies,
        .partners_file = config->directory.partners,
        .pepper_file = config->directory.pepper_file,
    };
    struct fault why;
    struct directory *directory = directory_load(&options, &why);
    if (!directory)
        (void)cli_complain(command, &why);
    return directory;
}

static struct directory *load_directory(const char *command, const char *config_path)
{
    auto_free(cli_free_config) struct config *config = cli_load_config(command, config_path);
    return config ? cli_load_directory(command, config) : NULL;
}

static json_t *describe_agency(const char *asked, const struct agency *agency, bool succeeded)
{
    static const char *const levels[] = {
        [LEVEL_COMMUNE] = "COMMUNE",   [LEVEL_DISTRICT] = "DISTRICT", [LEVEL_PROVINCE] = "PROVINCE",
        [LEVEL_MINISTRY] = "MINISTRY", [LEVEL_VERTICAL] = "VERTICAL",
    };
    return json_pack("{ss ss ss ss ss* si si ss* sb}", "asked", asked, "code", agency->code, /**/
                     "name", agency->name, "level", levels[agency->level],                   /**/
                     "parent", agency->parent, "valid_from", (int)agency->valid_from,        /**/
                     "valid_to", (int)agency->valid_to, "successor", agency->successor,      /**/
                     "succeeded", succeeded);
}

static int explain(const struct directory *directory, const char *code, int32_t day, bool as_json)
{
    bool succeeded = false;
    struct fault why;
    const struct agency *agency =
        agencies_resolve(directory_agencies(directory), code, day, &succeeded, &why);
    if (!agency)
        return cli_complain("lienthong agency", &why);
    if (as_json)
        return cli_print_json(describe_agency(code, agency, succeeded));
    (void)printf("%s on %d: %s %s%s\n", code, (int)day, agency->code, agency->name,
                 succeeded ? " (its successor)" : "");
    return CLI_OK;
}

int cli_agency(int argc, char **argv)
{
    const char *config_path = cli_default_config();
    const char *at = NULL;
    bool as_json = false;
    const struct cli_option table[] = {
        {"at", "DAY", &at, NULL, "the day that counts, as 2025-06-30; today when left out"},
        {"config", "FILE", &config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {"lienthong agency",
                                    "CODE",
                                    "Says who answers for an agency code, of either era, on a day.",
                                    table,
                                    1,
                                    1};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    int64_t moment = clock_now_ms();
    if (at && !cli_moment("at", at, &moment))
        return CLI_USAGE;
    auto_free(directory_release) struct directory *directory =
        load_directory(usage.command, config_path);
    return directory ? explain(directory, argv[first], moment_day(moment), as_json) : CLI_FAILED;
}

static int print_key(const struct directory *directory, bool as_json)
{
    char key[API_KEY_SIZE];
    char hash[SHA256_HEX_SIZE];
    directory_make_key(directory, key, hash);
    if (as_json)
        return cli_print_json(json_pack("{ss ss}", "key", key, "hash", hash));
    (void)printf("key (give it to the partner; it is shown only now):\n  %s\n"
                 "line for its `keys` in partners.yaml:\n  - {hash: %s}\n",
                 key, hash);
    return CLI_OK;
}

static int partner_key(int argc, char **argv)
{
    const char *config_path = cli_default_config();
    bool as_json = false;
    const struct cli_option table[] = {
        {"config", "FILE", &config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {
        "lienthong partner key",
        "",
        "Makes an API key and its hash.  Only the hash belongs into partners.yaml; a partner may\n"
        "have two while it changes from one to the other.",
        table,
        0,
        0};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    auto_free(directory_release) struct directory *directory =
        load_directory(usage.command, config_path);
    return directory ? print_key(directory, as_json) : CLI_FAILED;
}

int cli_partner(int argc, char **argv)
{
    static const struct command commands[] = {
        {"key", partner_key, "make a new API key"},
        {"list", partner_list, "who gets deliveries, and how they do"},
        {"pause", partner_pause, "let nothing go to one"},
        {"resume", partner_resume, "let deliveries go on"},
        {"test", partner_test, "whether one can be reached"},
        {0},
    };
    return command_run("lienthong partner", commands, argc, argv);
}
