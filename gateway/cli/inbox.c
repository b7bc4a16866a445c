/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong inbox: a partner's mailbox, as the partner's own system uses it. */
#include "base/cleanup.h"
#include "base/file.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/credential.h"
#include "cli/options.h"

#include <inttypes.h>
#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

enum { MOST_WAIT_S = 60, MOST_LETTERS = 100, SECOND_MS = 1000, PATIENCE_MS = 60000 };

struct inbox_options {
    const char *partner;
    const char *url;
    const char *keys;
    const char *language;
    const char *ca_file;
    const char *wait, *most;
    const char *folder;
    const char *reason;
    bool as_json;
};

static struct inbox_options usual_options(void)
{
    return (struct inbox_options){.url = "http://127.0.0.1:8080",
                                  .keys = getenv("LIENTHONG_KEYS"),
                                  .wait = "0",
                                  .most = "10"};
}

/* What every word of the command takes. */
#define COMMON_OPTIONS(options)                                                                    \
    {"as", "PARTNER", &(options).partner, NULL, "whose mailbox and credential"},                   \
        {"url", "URL", &(options).url, NULL, "the gateway"},                                       \
        {"keys", "FOLDER", &(options).keys, NULL, "where PARTNER.key lies; else $LIENTHONG_KEYS"}, \
        {"language", "vi|en", &(options).language, NULL, "of the problems"},                       \
        {"ca", "FILE", &(options).ca_file, NULL, "PEM certificates to trust"},                     \
    {                                                                                              \
        "json", NULL, NULL, &(options).as_json, "print the answer as it came"                      \
    }

/* ---- calls ---- */

struct inbox_call {
    const char *method;
    const char *path;
    const char *body; /* JSON, or NULL */
    int64_t wait_ms;
};

static bool make_call(const struct inbox_options *options, const struct inbox_call *inbox,
                      struct client_answer *answer, struct fault *why)
{
    auto_free(free) char *key = credential_of(options->keys, options->partner, why);
    auto_free(free) char *url = NULL;
    if (!key)
        return false;
    if (asprintf(&url, "%s%s", options->url, inbox->path) < 0) {
        url = NULL;
        return fault_memory(why);
    }
    const struct client_call call = {
        .method = inbox->method,
        .url = url,
        .media_type = inbox->body ? "application/json" : NULL,
        .body = inbox->body,
        .size = inbox->body ? strlen(inbox->body) : 0,
        .key = key,
        .language = options->language,
        .ca_file = options->ca_file,
        .timeout_ms = (long)(inbox->wait_ms + PATIENCE_MS),
    };
    return client_make(&call, answer, why);
}

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "-";
}

static int exit_code_of(int status)
{
    if (status == 200 || status == 202)
        return CLI_OK;
    return status == 429 || status == 503 ? CLI_LATER : CLI_FAILED;
}

/* Makes the call and shows a refusal; the JSON of a good answer is the caller's. */
static int ask(const struct inbox_options *options, const struct inbox_call *call, json_t **json)
{
    struct client_answer answer = {0};
    struct fault why;
    if (!make_call(options, call, &answer, &why)) {
        (void)fprintf(stderr, "lienthong inbox: %s\n", why.text);
        return why.kind == FAULT_RETRY ? CLI_LATER : CLI_FAILED;
    }
    auto_free(free) char *body = answer.body;
    auto_free(json_decref) json_t *found = json_loadb(body, answer.size, 0, NULL);
    if (options->as_json)
        (void)fwrite(body, 1, answer.size, stdout);
    int exit_code = exit_code_of(answer.status);
    if (!found) {
        (void)fprintf(stderr, "HTTP %d, and no JSON with it\n", answer.status);
        return exit_code == CLI_OK ? CLI_FAILED : exit_code;
    }
    const char *detail = json_string_value(json_object_get(found, "detail"));
    if (exit_code != CLI_OK)
        (void)fprintf(stderr, "%s%s%s\n", text_of(found, "title"), detail ? ": " : "",
                      detail ? detail : "");
    *json = steal(found);
    return exit_code;
}

static bool has_partner(const struct inbox_options *options)
{
    if (!options->partner)
        (void)fprintf(stderr, "lienthong inbox: --as PARTNER is missing\n");
    return options->partner != NULL;
}

/* ---- list ---- */

/* FOLDER/d-17.xml, as it came. */
static bool write_document(const char *folder, const json_t *item, struct fault *why)
{
    const char *id = text_of(item, "id"), *document = text_of(item, "document");
    bool is_json = strstr(text_of(item, "media_type"), "json") != NULL;
    auto_free(free) char *path = NULL;
    if (strchr(id, '/'))
        return fault_set(why, FAULT_REFUSE, "a letter has no proper id");
    if (asprintf(&path, "%s/%s.%s", folder, id, is_json ? "json" : "xml") < 0) {
        path = NULL;
        return fault_memory(why);
    }
    FILE *file = fopen(path, "w");
    bool is_written = file && fputs(document, file) >= 0;
    bool is_closed = file && fclose(file) == 0;
    return (is_written && is_closed) || fault_set(why, FAULT_BROKEN, "%s: cannot be written", path);
}

static int show_letters(const struct inbox_options *options, const json_t *answer)
{
    struct fault why;
    size_t index;
    const json_t *item;
    json_array_foreach (json_object_get(answer, "items"), index, item) {
        if (!options->as_json)
            (void)printf("%-10s %-22s %-30s %-24s %s\n", text_of(item, "id"),
                         text_of(item, "event_type"), text_of(item, "dossier"),
                         text_of(item, "due_at"), text_of(item, "system"));
        if (options->folder && !write_document(options->folder, item, &why)) {
            (void)fprintf(stderr, "lienthong inbox: %s\n", why.text);
            return CLI_FAILED;
        }
    }
    return CLI_OK;
}

static int fetch(const struct inbox_options *options)
{
    long long wait_s = 0, most = 0;
    if (!cli_number("wait", options->wait, 0, MOST_WAIT_S, &wait_s) ||
        !cli_number("max", options->most, 1, MOST_LETTERS, &most))
        return CLI_USAGE;
    char path[64];
    (void)snprintf(path, sizeof path, "/v1/inbox?wait=%lld&max=%lld", wait_s, most);
    const struct inbox_call call = {.method = "GET", .path = path, .wait_ms = wait_s * SECOND_MS};
    auto_free(json_decref) json_t *answer = NULL;
    int exit_code = ask(options, &call, &answer);
    return exit_code == CLI_OK ? show_letters(options, answer) : exit_code;
}

static int inbox_list(int argc, char **argv)
{
    struct inbox_options options = usual_options();
    const struct cli_option table[] = {
        COMMON_OPTIONS(options),
        {"wait", "SECONDS", &options.wait, NULL, "for the first letter, when there is none"},
        {"max", "COUNT", &options.most, NULL, "letters at once"},
        {"to", "FOLDER", &options.folder, NULL, "write each document there, as d-17.xml"},
        {0},
    };
    const struct cli_usage usage = {
        "lienthong inbox list",
        "",
        "Takes what waits out of PARTNER's mailbox and shows it.  What is neither accepted nor\n"
        "refused comes again after a while.  Exit: 0, 1 refused, 2 usage, 3 later.",
        table,
        0,
        0};
    int first, exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    return has_partner(&options) ? fetch(&options) : CLI_USAGE;
}

/* ---- accept, refuse ---- */

static int answer_letter(const struct inbox_options *options, const char *id, const char *deed,
                         const char *body)
{
    auto_free(free) char *path = NULL;
    if (id[strspn(id, "d-0123456789")] != '\0') {
        (void)fprintf(stderr, "lienthong inbox: %s is no delivery, as d-17\n", id);
        return CLI_USAGE;
    }
    if (asprintf(&path, "/v1/inbox/%s/%s", id, deed) < 0) {
        path = NULL;
        return CLI_FAILED;
    }
    const struct inbox_call call = {.method = "POST", .path = path, .body = body};
    auto_free(json_decref) json_t *answer = NULL;
    int exit_code = ask(options, &call, &answer);
    if (exit_code == CLI_OK && !options->as_json)
        (void)printf("%-10s %-10s %s\n", id, text_of(answer, "state"), text_of(answer, "receipt"));
    return exit_code;
}

static int inbox_accept(int argc, char **argv)
{
    struct inbox_options options = usual_options();
    const struct cli_option table[] = {COMMON_OPTIONS(options), {0}};
    const struct cli_usage usage = {
        "lienthong inbox accept",
        "DELIVERY...",
        "Says that PARTNER has these letters (d-17) and takes them.  May be repeated.",
        table,
        1,
        MOST_LETTERS};
    int first, exit_code = CLI_OK;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    if (!has_partner(&options))
        return CLI_USAGE;
    for (; first < argc && exit_code == CLI_OK; first++)
        exit_code = answer_letter(&options, argv[first], "accept", "");
    return exit_code;
}

static int inbox_refuse(int argc, char **argv)
{
    struct inbox_options options = usual_options();
    const struct cli_option table[] = {
        COMMON_OPTIONS(options),
        {"reason", "TEXT", &options.reason, NULL, "what the sender is told; at most 2000 letters"},
        {0},
    };
    const struct cli_usage usage = {
        "lienthong inbox refuse",
        "DELIVERY",
        "Sends a handoff (d-17) back to its sender, and shows the receipt of the return.",
        table,
        1,
        1};
    int first, exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    if (!has_partner(&options))
        return CLI_USAGE;
    if (!options.reason) {
        (void)fprintf(stderr, "lienthong inbox refuse: --reason TEXT is missing\n");
        return CLI_USAGE;
    }
    auto_free(json_decref) json_t *json = json_pack("{s:s}", "reason", options.reason);
    auto_free(free) char *body = json ? json_dumps(json, JSON_COMPACT) : NULL;
    if (!body) {
        (void)fprintf(stderr, "lienthong inbox refuse: the reason is not UTF-8\n");
        return CLI_USAGE;
    }
    return answer_letter(&options, argv[first], "refuse", body);
}

int cli_inbox(int argc, char **argv)
{
    static const struct command commands[] = {
        {"list", inbox_list, "take out what waits"},
        {"accept", inbox_accept, "it is ours now"},
        {"refuse", inbox_refuse, "send a handoff back, with a reason"},
        {0},
    };
    return command_run("lienthong inbox", commands, argc, argv);
}
