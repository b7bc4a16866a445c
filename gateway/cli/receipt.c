/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong receipt: proves what a gateway signed, without asking it. */
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/jws.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/options.h"

#include <string.h>

enum { MOST_BYTES = 1 << 20, MOST_DOCUMENT = 1 << 30 };

ENDS_WITH_SCOPE(json_t *, json_decref)

static json_t *read_json(const char *path, struct fault *why)
{
    size_t size = 0;
    json_error_t error;
    auto_free(free) char *text = file_read(path, MOST_BYTES, &size, why);
    json_t *json = text ? json_loadb(text, size, 0, &error) : NULL;
    if (text && !json)
        (void)fault_set(why, FAULT_REFUSE, "%s:%d:%d: %s", path, error.line, error.column,
                        error.text);
    return json;
}

/* The `signed` of an answer that was kept, or a bare JWS. */
static char *read_signed(const char *path, struct fault *why)
{
    size_t size = 0;
    auto_free(free) char *text = file_read(path, MOST_BYTES, &size, why);
    if (!text)
        return NULL;
    auto_free(json_decref) json_t *answer = json_loadb(text, size, 0, NULL);
    const char *found = json_string_value(json_object_get(answer, "signed"));
    if (answer && !found) {
        (void)fault_set(why, FAULT_REFUSE, "%s: an answer without \"signed\"", path);
        return NULL;
    }
    text[strcspn(text, "\r\n")] = '\0';
    char *copy = strdup(found ? found : text);
    if (!copy)
        (void)fault_memory(why);
    return copy;
}

/* Is it this document that was taken? */
static bool is_of(const json_t *claims, const char *path, struct fault *why)
{
    size_t size = 0;
    uint8_t digest[SHA256_SIZE];
    char hex[SHA256_HEX_SIZE];
    auto_free(free) char *document = file_read(path, MOST_DOCUMENT, &size, why);
    if (!document)
        return false;
    digest_sha256(document, size, digest);
    digest_hex(digest, sizeof digest, hex);
    const char *said = json_string_value(json_object_get(claims, "document_sha256"));
    return (said && strcmp(said, hex) == 0) ||
           fault_set(why, FAULT_REFUSE, "%s: another document than the one that was signed", path);
}

static void show_claims(const json_t *claims)
{
    static const char *const names[] = {"iss", "sub", "received_at", "document_sha256"};
    static const char *const titles[] = {"signed by", "taken from", "received at", "document"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *text = json_string_value(json_object_get(claims, names[i]));
        (void)printf("%-12s %s\n", titles[i], text ? text : "-");
    }
    size_t index;
    const json_t *each;
    json_array_foreach (json_object_get(claims, "receipts"), index, each) {
        const char *receipt = json_string_value(json_object_get(each, "receipt"));
        const char *dossier = json_string_value(json_object_get(each, "dossier"));
        (void)printf("%-12s %s  dossier %s\n", "receipt", receipt ? receipt : "-",
                     dossier ? dossier : "-");
    }
}

static json_t *verify(const char *path, const char *keys, const char *document, struct fault *why)
{
    auto_free(json_decref) json_t *key_set = read_json(keys, why);
    auto_free(free) char *text = key_set ? read_signed(path, why) : NULL;
    auto_free(json_decref) json_t *claims =
        text ? jws_verify(key_set, JWS_RECEIPT, text, strlen(text), why) : NULL;
    return claims && (!document || is_of(claims, document, why)) ? steal(claims) : NULL;
}

static int receipt_verify(int argc, char **argv)
{
    const char *keys = NULL, *document = NULL;
    bool as_json = false;
    int first, exit_code;
    const struct cli_option table[] = {
        {"keys", "FILE", &keys, NULL, "the gateway's public keys, as GET /v1/keys gives them"},
        {"document", "FILE", &document, NULL, "the document that was sent: is it this one?"},
        {"json", NULL, NULL, &as_json, "print what was signed, for scripts"},
        {0},
    };
    const struct cli_usage usage = {
        "lienthong receipt verify",
        "FILE",
        "Proves that a gateway signed the receipts in FILE: its answer as it came, or the text of\n"
        "\"signed\" alone.  Asks nobody.  Exit: 0 proved, 1 not.",
        table,
        1,
        1};
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    if (!keys) {
        (void)fprintf(stderr, "%s: --keys FILE is missing\n", usage.command);
        return CLI_USAGE;
    }
    struct fault why;
    auto_free(json_decref) json_t *claims = verify(argv[first], keys, document, &why);
    if (!claims)
        return cli_complain(usage.command, &why);
    if (as_json)
        return cli_print_json(json_incref(claims));
    show_claims(claims);
    return CLI_OK;
}

int cli_receipt(int argc, char **argv)
{
    static const struct command commands[] = {
        {"verify", receipt_verify, "prove that a gateway signed it"},
        {0},
    };
    return command_run("lienthong receipt", commands, argc, argv);
}
