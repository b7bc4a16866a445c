/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong spool key, spool rekey and dossier shred: the keys by which the spool is sealed. */
#include "cli/keys.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/keyring.h"
#include "base/moment.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/options.h"

#include <stdio.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

/* The keys live as long as the process, which is one command. */
bool keys_serve(const struct config *config, struct fault *why)
{
    const char *path = config->spool.encryption_key_file;
    if (!path)
        return true;
    struct keyring *keyring = keyring_load(path, why);
    if (!keyring)
        return file_is_handed_over(path)
                   ? fault_prefix(why, "set CREDENTIALS_DIRECTORY to where the service's files are")
                   : false;
    keyring_serve(keyring);
    return true;
}

struct spool_reader *keys_open_reader(const struct config *config, const char *file,
                                      struct fault *why)
{
    if (config && !keys_serve(config, why))
        return NULL;
    return spool_reader_open(file ? file : config->spool.file, why);
}

static json_int_t number_of(const json_t *json, const char *name)
{
    return json_integer_value(json_object_get(json, name));
}

/* ---- spool key ---- */

static int make_key(const char *command, const char *path, const char *id, bool as_json)
{
    struct fault why;
    char name[KEY_ID_MOST + 1];
    (void)snprintf(name, sizeof name, "%d", (int)moment_day(clock_now_ms()));
    if (!keyring_add(path, id ? id : name, &why))
        return cli_complain(command, &why);
    if (as_json)
        return cli_print_json(json_pack("{ss ss}", "file", path, "id", id ? id : name));
    (void)printf("key %s is the first in %s\n"
                 "Restart the daemon to have it used, then run `lienthong spool rekey`.\n",
                 id ? id : name, path);
    return CLI_OK;
}

int keys_make(int argc, char **argv)
{
    const char *id = NULL;
    bool as_json = false;
    const struct cli_option table[] = {
        {"id", "ID", &id, NULL, "its name; today, as 20261126, when left out"},
        {"json", NULL, NULL, &as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {
        "lienthong spool key",
        "FILE",
        "Makes a master key and puts it first into FILE, for spool.encryption.key_file; the keys\n"
        "that are in it stay behind it.  FILE is made, readable by you alone, when it is not "
        "there.",
        table,
        1,
        1};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    return make_key(usage.command, argv[first], id, as_json);
}

/* ---- spool rekey ---- */

static int rekey(const struct config *config, const char *command, bool as_json)
{
    struct fault why;
    auto_free(json_decref) json_t *body = json_object();
    auto_free(json_decref) json_t *answer =
        client_ask_daemon(config->admin.socket, "POST", "/operate/v1/spool/rekey", body, &why);
    if (!answer)
        return cli_complain(command, &why);
    if (as_json)
        return cli_print_json(json_incref(answer));
    (void)printf("sealed %" JSON_INTEGER_FORMAT " bodies and %" JSON_INTEGER_FORMAT
                 " files, wrapped %" JSON_INTEGER_FORMAT " keys anew, %" JSON_INTEGER_FORMAT
                 " master keys are not needed any more\n",
                 number_of(answer, "sealed"), number_of(answer, "files"),
                 number_of(answer, "wrapped"), number_of(answer, "retired"));
    if (number_of(answer, "files_damaged") > 0)
        (void)printf("%" JSON_INTEGER_FORMAT " files are damaged and stay as they are\n",
                     number_of(answer, "files_damaged"));
    if (number_of(answer, "damaged") > 0)
        (void)printf("%" JSON_INTEGER_FORMAT
                     " keys are damaged and stay as they are: see `lienthong "
                     "spool check`\n",
                     number_of(answer, "damaged"));
    return CLI_OK;
}

int keys_rekey(int argc, char **argv)
{
    const char *config_path = cli_default_config();
    bool as_json = false;
    const struct cli_option table[] = {
        {"config", "FILE", &config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {
        "lienthong spool rekey",
        "",
        "Has the daemon seal what the spool and the files hold plain, and put everything under "
        "the\n"
        "first key of spool.encryption.key_file.  Afterwards the other keys may leave the file.",
        table,
        0,
        0};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    auto_free(cli_free_config) struct config *config = cli_load_config(usage.command, config_path);
    return config ? rekey(config, usage.command, as_json) : CLI_FAILED;
}

/* ---- dossier shred ---- */

struct shred_wish {
    const char *command, *config_path, *reason;
    bool is_sure, as_json;
};

static int print_shredded(const json_t *answer)
{
    (void)printf("shredded: %" JSON_INTEGER_FORMAT " entries, %" JSON_INTEGER_FORMAT
                 " arrivals; %" JSON_INTEGER_FORMAT " keys destroyed, %" JSON_INTEGER_FORMAT
                 " files removed\n",
                 number_of(answer, "entries"), number_of(answer, "arrivals"),
                 number_of(answer, "keys"), number_of(answer, "files"));
    if (number_of(answer, "files_left") > 0)
        (void)printf("%" JSON_INTEGER_FORMAT " files are still held; they go with `lienthong files "
                     "prune`\n",
                     number_of(answer, "files_left"));
    if (!json_is_true(json_object_get(answer, "log_is_short")))
        (void)printf("the -wal file still holds what was; the daemon empties it when its readers "
                     "are through\n");
    (void)printf("Backups that were made before hold it still, and so may Kafka and partners.\n");
    return CLI_OK;
}

static int shred(const struct shred_wish *wish, const char *dossier)
{
    struct fault why;
    auto_free(cli_free_config) struct config *config =
        cli_load_config(wish->command, wish->config_path);
    if (!config)
        return CLI_FAILED;
    auto_free(json_decref) json_t *body =
        json_pack("{ss ss}", "dossier", dossier, "reason", wish->reason);
    auto_free(json_decref) json_t *answer =
        client_ask_daemon(config->admin.socket, "POST", "/operate/v1/dossiers/shred", body, &why);
    if (!answer)
        return cli_complain(wish->command, &why);
    return wish->as_json ? cli_print_json(json_incref(answer)) : print_shredded(answer);
}

static int dossier_shred(int argc, char **argv)
{
    struct shred_wish wish = {.command = "lienthong dossier shred",
                              .config_path = cli_default_config()};
    const struct cli_option table[] = {
        {"reason", "TEXT", &wish.reason, NULL, "who ordered it and why; goes on record"},
        {"yes", NULL, NULL, &wish.is_sure, "it cannot be taken back"},
        {"config", "FILE", &wish.config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &wish.as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {
        wish.command,
        "DOSSIER",
        "Makes all that the spool holds of a dossier unreadable for good: its keys are destroyed.\n"
        "That something came, when, and what became of it stays.",
        table,
        1,
        1};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    if (wish.reason && *wish.reason && wish.is_sure)
        return shred(&wish, argv[first]);
    (void)fprintf(stderr, "%s: needs --reason TEXT and --yes\n", wish.command);
    return CLI_USAGE;
}

int cli_dossier(int argc, char **argv)
{
    static const struct command commands[] = {
        {"shred", dossier_shred, "make one dossier unreadable for good"},
        {0},
    };
    return command_run("lienthong dossier", commands, argc, argv);
}
