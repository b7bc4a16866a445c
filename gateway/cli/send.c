/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong send: posts one document as a partner does, and shows the receipts or the problems. */
#include "base/cleanup.h"
#include "base/file.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/credential.h"
#include "cli/jws_file.h"
#include "cli/options.h"

#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

enum { MOST_DOCUMENT = 256 << 20, TIMEOUT_MS = 120000 };

struct send_options {
    const char *partner;
    const char *url;
    const char *keys;
    const char *media_type;
    const char *language;
    const char *ca_file;
    const char *jws;
    bool as_json;
};

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "-";
}

static void show_receipts(const json_t *answer)
{
    size_t index;
    const json_t *each;
    json_array_foreach (json_object_get(answer, "receipts"), index, each) {
        (void)printf("%-10s %-28s %-28s %s%s\n", text_of(each, "state"), text_of(each, "receipt"),
                     text_of(each, "event_type"), text_of(each, "dossier"),
                     json_is_true(json_object_get(each, "repeated")) ? "  (repeated)" : "");
    }
}

static void show_problems(const json_t *answer)
{
    const char *detail = json_string_value(json_object_get(answer, "detail"));
    (void)fprintf(stderr, "%s%s%s\n", text_of(answer, "title"), detail ? ": " : "",
                  detail ? detail : "");
    size_t index;
    const json_t *each;
    json_array_foreach (json_object_get(answer, "problems"), index, each)
        (void)fprintf(stderr, "  %s [%s]\n", text_of(each, "detail"), text_of(each, "rule"));
}

static int show_answer(const struct client_answer *answer, bool as_json)
{
    bool is_taken = answer->status == 200 || answer->status == 202;
    auto_free(json_decref) json_t *json = json_loadb(answer->body, answer->size, 0, NULL);
    if (as_json)
        (void)fwrite(answer->body, 1, answer->size, stdout);
    if (!json)
        (void)fprintf(stderr, "HTTP %d, and no JSON with it\n", answer->status);
    else if (!is_taken)
        show_problems(json);
    else if (!as_json)
        show_receipts(json);
    if (is_taken)
        return CLI_OK;
    return answer->status == 429 || answer->status == 503 ? CLI_LATER : CLI_FAILED;
}

static const char *media_type_of(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && strcmp(dot, ".json") == 0 ? "application/json" : "application/xml";
}

static bool post(const struct send_options *options, const char *path, struct client_answer *answer,
                 struct fault *why)
{
    auto_free(free) char *key = credential_of(options->keys, options->partner, why);
    if (!key)
        return false;
    size_t size = 0;
    auto_free(free) char *document = file_read(path, MOST_DOCUMENT, &size, why);
    char *signature = NULL;
    if (!document || !jws_file_read(options->jws, &signature, why))
        return false;
    auto_free(free) char *jws = signature;
    auto_free(free) char *url = NULL;
    if (asprintf(&url, "%s/v1/handoffs", options->url) < 0) {
        url = NULL;
        return fault_memory(why);
    }
    const struct client_call call = {
        .method = "POST",
        .url = url,
        .media_type = options->media_type ? options->media_type : media_type_of(path),
        .body = document,
        .size = size,
        .key = key,
        .jws = jws,
        .language = options->language,
        .ca_file = options->ca_file,
        .timeout_ms = TIMEOUT_MS,
    };
    return client_make(&call, answer, why);
}

int cli_send(int argc, char **argv)
{
    struct send_options options = {.url = "http://127.0.0.1:8080",
                                   .keys = getenv("LIENTHONG_KEYS")};
    const struct cli_option table[] = {
        {"as", "PARTNER", &options.partner, NULL, "whose credential to use"},
        {"url", "URL", &options.url, NULL, "the gateway"},
        {"keys", "FOLDER", &options.keys, NULL, "where PARTNER.key lies; else $LIENTHONG_KEYS"},
        {"type", "MEDIA", &options.media_type, NULL, "media type; else by the file's name"},
        {"jws", "FILE", &options.jws, NULL, "a detached JWS of FILE's bytes, to go along"},
        {"language", "vi|en", &options.language, NULL, "of the problems"},
        {"ca", "FILE", &options.ca_file, NULL, "PEM certificates to trust"},
        {"json", NULL, NULL, &options.as_json, "print the answer as it came"},
        {0},
    };
    const struct cli_usage usage = {
        "lienthong send",
        "FILE",
        "Posts one document as PARTNER and shows its receipts, or every problem with its place.\n"
        "Exit: 0 taken (also a repeat), 1 refused, 2 usage, 3 later.",
        table,
        1,
        1};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    if (!options.partner) {
        (void)fprintf(stderr, "lienthong send: --as PARTNER is missing\n");
        return CLI_USAGE;
    }
    struct client_answer answer = {0};
    struct fault why;
    if (!post(&options, argv[first], &answer, &why)) {
        (void)fprintf(stderr, "lienthong send: %s\n", why.text);
        return why.kind == FAULT_RETRY ? CLI_LATER : CLI_FAILED;
    }
    auto_free(free) char *body = answer.body;
    return show_answer(&answer, options.as_json);
}
