/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong files: the store of attachments, as operators and partners see it. */
#include "base/digest.h"
#include "base/file.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/credential.h"
#include "cli/options.h"
#include "cli/transfer.h"

#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

/* --- what the daemon knows --- */

static int show_status(const struct config *config, bool as_json)
{
    struct fault why;
    auto_free(json_decref) json_t *answer =
        client_ask_daemon(config->admin.socket, "GET", "/operate/v1/files", NULL, &why);
    if (!answer)
        return cli_complain("lienthong files status", &why);
    if (as_json)
        return cli_print_json(json_incref(answer));
    const char *place = json_string_value(json_object_get(answer, "place"));
    (void)printf("place            %s\n", place ? place : "-");
    (void)printf("free             %" JSON_INTEGER_FORMAT " bytes%s\n",
                 json_integer_value(json_object_get(answer, "free_bytes")),
                 json_is_true(json_object_get(answer, "below_reserve")) ? ", BELOW THE RESERVE"
                                                                        : "");
    (void)printf("limit of a file  %" JSON_INTEGER_FORMAT " bytes\n",
                 json_integer_value(json_object_get(answer, "file_limit_bytes")));
    (void)printf("unused files go  after %" JSON_INTEGER_FORMAT " days\n",
                 json_integer_value(json_object_get(answer, "upload_days")));
    return CLI_OK;
}

static int files_status(int argc, char **argv)
{
    const char *config_path = cli_default_config();
    bool as_json = false;
    int first, exit_code;
    const struct cli_option table[] = {
        {"config", "FILE", &config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {
        "lienthong files status",
        "",
        "Shows where the daemon keeps files, and how much room is left.",
        table,
        0,
        0};
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    auto_free(cli_free_config) struct config *config = cli_load_config(usage.command, config_path);
    return config ? show_status(config, as_json) : CLI_FAILED;
}

static int prune(const struct config *config, const char *before, bool as_json)
{
    struct fault why;
    auto_free(json_decref) json_t *body = json_pack("{ss*}", "before", before);
    auto_free(json_decref) json_t *answer =
        client_ask_daemon(config->admin.socket, "POST", "/operate/v1/files/prune", body, &why);
    if (!answer)
        return cli_complain("lienthong files prune", &why);
    if (as_json)
        return cli_print_json(json_incref(answer));
    (void)printf("removed %" JSON_INTEGER_FORMAT " files\n",
                 json_integer_value(json_object_get(answer, "removed")));
    return CLI_OK;
}

static int files_prune(int argc, char **argv)
{
    const char *config_path = cli_default_config(), *before = NULL;
    bool as_json = false;
    int first, exit_code;
    const struct cli_option table[] = {
        {"before", "DAY", &before, NULL, "brought before it; files.upload_days when left out"},
        {"config", "FILE", &config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {
        "lienthong files prune",
        "",
        "Has the daemon remove files that nobody brought since and nothing uses; never others.",
        table,
        0,
        0};
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    auto_free(cli_free_config) struct config *config = cli_load_config(usage.command, config_path);
    return config ? prune(config, before, as_json) : CLI_FAILED;
}

/* --- as a partner --- */

struct partner_options {
    const char *partner, *url, *keys, *ca_file, *to;
    bool as_json;
};

static int refuse(const char *command, const struct transfer_answer *answer, const json_t *problem)
{
    struct fault why;
    (void)client_refuse(answer->status, problem, &why);
    return cli_complain(command, &why);
}

static int show_put(const char *command, const struct transfer_answer *answer, bool as_json)
{
    auto_free(json_decref) json_t *json = json_loads(answer->text, 0, NULL);
    const char *sha256 = json_string_value(json_object_get(json, "sha256"));
    if (answer->status != 200 && answer->status != 201)
        return refuse(command, answer, json);
    if (as_json)
        return cli_print_json(steal(json));
    (void)printf("%s%s\n", sha256 ? sha256 : "-", answer->status == 200 ? "  (was there)" : "");
    return CLI_OK;
}

static int put(const struct partner_options *options, const char *path, const char *command)
{
    struct fault why;
    struct transfer_answer answer;
    auto_free(free) char *key = credential_of(options->keys, options->partner, &why);
    const struct cli_transfer transfer = {
        .url = options->url, .key = key, .ca_file = options->ca_file, .path = path};
    if (!key || !transfer_put(&transfer, &answer, &why))
        return cli_complain(command, &why);
    return show_put(command, &answer, options->as_json);
}

static int show_get(const char *command, const struct transfer_answer *answer,
                    const struct partner_options *options, const char *sha256)
{
    auto_free(json_decref) json_t *problem = json_loads(answer->text, 0, NULL);
    if (answer->status != 200)
        return refuse(command, answer, problem);
    return options->as_json
               ? cli_print_json(json_pack("{ss ss}", "sha256", sha256, "file", options->to))
               : CLI_OK;
}

static int get(const struct partner_options *options, const char *sha256, const char *command)
{
    struct fault why;
    struct transfer_answer answer;
    uint8_t bytes[SHA256_SIZE];
    if (!digest_unhex(sha256, SHA256_SIZE, bytes)) {
        (void)fprintf(stderr, "%s: %s: not 64 hex digits\n", command, sha256);
        return CLI_USAGE;
    }
    auto_free(free) char *key = credential_of(options->keys, options->partner, &why);
    const struct cli_transfer transfer = {
        .url = options->url, .key = key, .ca_file = options->ca_file, .path = options->to};
    if (!key || !transfer_get(&transfer, bytes, &answer, &why))
        return cli_complain(command, &why);
    return show_get(command, &answer, options, sha256);
}

static int as_partner(int argc, char **argv, bool is_get)
{
    struct partner_options options = {.url = "http://127.0.0.1:8080",
                                      .keys = getenv("LIENTHONG_KEYS")};
    const struct cli_option to = {"to", "FILE", &options.to, NULL, "where the bytes go"};
    const struct cli_option table[] = {
        {"as", "PARTNER", &options.partner, NULL, "whose credential to use"},
        {"url", "URL", &options.url, NULL, "the gateway"},
        {"keys", "FOLDER", &options.keys, NULL, "where PARTNER.key lies; else $LIENTHONG_KEYS"},
        {"ca", "FILE", &options.ca_file, NULL, "PEM certificates to trust"},
        {"json", NULL, NULL, &options.as_json, "for scripts"},
        is_get ? to : (struct cli_option){0},
        {0},
    };
    const struct cli_usage usage = {
        is_get ? "lienthong files get" : "lienthong files put",
        is_get ? "SHA256" : "FILE",
        is_get
            ? "Fetches a file as PARTNER and checks its hash; FILE is written when it is right.\n"
              "Exit: 0 there, 1 not there or not for this partner, 2 usage, 3 later."
            : "Uploads a file as PARTNER and prints its hash, by which documents name it.\n"
              "Exit: 0 stored or there already, 1 refused, 2 usage, 3 later.",
        table,
        1,
        1};
    int first, exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    if (!options.partner || (is_get && !options.to)) {
        (void)fprintf(stderr, "%s: %s is missing\n", usage.command,
                      options.partner ? "--to FILE" : "--as PARTNER");
        return CLI_USAGE;
    }
    return is_get ? get(&options, argv[first], usage.command)
                  : put(&options, argv[first], usage.command);
}

static int files_put(int argc, char **argv)
{
    return as_partner(argc, argv, false);
}

static int files_get(int argc, char **argv)
{
    return as_partner(argc, argv, true);
}

int cli_files(int argc, char **argv)
{
    static const struct command commands[] = {
        {"status", files_status, "where files are kept, and how much room is left"},
        {"put", files_put, "upload one as a partner does"},
        {"get", files_get, "fetch one as a partner does"},
        {"prune", files_prune, "remove what nothing uses"},
        {0},
    };
    return command_run("lienthong files", commands, argc, argv);
}
