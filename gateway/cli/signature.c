/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong signature check: whether a gateway would take a document's signature, and if not, why.
 */
#include "base/clock.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/jws_file.h"
#include "cli/options.h"
#include "signature/check.h"

#include <string.h>

enum { MOST_DOCUMENT = 256 << 20, SENTENCE_SIZE = 800 };

ENDS_WITH_SCOPE(struct directory *, directory_release)
ENDS_WITH_SCOPE(struct trust *, trust_free)
ENDS_WITH_SCOPE(json_t *, json_decref)

struct check_options {
    const char *config, *partner;
    const char *anchors, *crl;
    const char *jws;
    const char *language;
    bool as_json;
};

static void show_proved(const char *proved)
{
    size_t index;
    const char *name;
    json_t *each, *value;
    auto_free(json_decref) json_t *list = json_loads(proved, 0, NULL);
    json_array_foreach (list, index, each) {
        (void)printf("good\n");
        json_object_foreach (each, name, value)
            (void)printf("%-12s %s\n", name, json_string_value(value));
    }
}

static int show(const struct signature_verdict *verdict, const struct check_options *options)
{
    char sentence[SENTENCE_SIZE];
    if (!verdict->is_bad && verdict->proved) {
        if (options->as_json)
            (void)printf("%s\n", verdict->proved);
        else
            show_proved(verdict->proved);
        return CLI_OK;
    }
    if (!verdict->is_bad) {
        (void)printf("not signed, and the policy takes it so\n");
        return CLI_OK;
    }
    problem_write(&verdict->problem, options->language, sentence, sizeof sentence);
    (void)fprintf(stderr, "%s [%s]\n", sentence, rule_code(verdict->problem.rule));
    return CLI_FAILED;
}

static int judge(const struct check_options *options, const char *path,
                 const struct partner_signatures *policy, const struct adapt_limits *limits)
{
    struct fault why;
    size_t size = 0;
    char *signature = NULL;
    struct signature_verdict verdict;
    auto_free(free) char *bytes = file_read(path, MOST_DOCUMENT, &size, &why);
    if (!bytes || !jws_file_read(options->jws, &signature, &why))
        return cli_complain("lienthong signature check", &why);
    auto_free(free) char *jws = signature;
    const struct signature_wish wish = {.bytes = bytes,
                                        .size = size,
                                        .jws = jws,
                                        .policy = policy,
                                        .limits = limits,
                                        .at_ms = clock_now_ms()};
    if (!signature_check(&wish, &verdict, &why))
        return cli_complain("lienthong signature check", &why);
    int shown = show(&verdict, options);
    signature_verdict_free(&verdict);
    return shown;
}

static struct adapt_limits limits_of(const struct config *config)
{
    const struct config_limits *limits = &config->adapters.limits;
    return (struct adapt_limits){.document_bytes = limits->document_bytes,
                                 .depth = limits->depth,
                                 .nodes = limits->nodes,
                                 .attributes = limits->attributes,
                                 .names = limits->names,
                                 .text_bytes = limits->text_bytes,
                                 .items = limits->items,
                                 .problems = limits->problems};
}

/* As the gateway of this configuration would. */
static int check_as(const struct check_options *options, const char *path)
{
    static const char command[] = "lienthong signature check";
    auto_free(cli_free_config) struct config *config = cli_load_config(command, options->config);
    auto_free(directory_release) struct directory *directory =
        config ? cli_load_directory(command, config) : NULL;
    if (!directory)
        return CLI_FAILED;
    const struct partner *partner = directory_partner(directory, options->partner);
    if (!partner) {
        (void)fprintf(stderr, "%s: there is no partner %s\n", command, options->partner);
        return CLI_FAILED;
    }
    if (partner->signatures.policy == SIGNATURES_IGNORED) {
        (void)fprintf(stderr, "%s: signatures of %s are ignored\n", command, options->partner);
        return CLI_FAILED;
    }
    const struct adapt_limits limits = limits_of(config);
    return judge(options, path, &partner->signatures, &limits);
}

/* Without a configuration: whom the anchors vouch for. */
static int check_by(const struct check_options *options, const char *path)
{
    static const struct adapt_limits limits = {.document_bytes = MOST_DOCUMENT,
                                               .depth = 64,
                                               .nodes = 200000,
                                               .attributes = 64,
                                               .names = 10000,
                                               .problems = 1};
    struct fault why;
    auto_free(trust_free) struct trust *trust = trust_load(options->anchors, options->crl, &why);
    if (!trust)
        return cli_complain("lienthong signature check", &why);
    const struct partner_signatures policy = {.policy = SIGNATURES_REQUIRED, .trust = trust};
    return judge(options, path, &policy, &limits);
}

static int signature_check_command(int argc, char **argv)
{
    struct check_options options = {.config = cli_default_config(), .language = "en"};
    const struct cli_option table[] = {
        {"as", "PARTNER", &options.partner, NULL, "by the policy of this partner"},
        {"config", "FILE", &options.config, NULL, "with --as: the daemon's configuration"},
        {"anchors", "FILE", &options.anchors, NULL,
         "instead: any signer whom these PEM certificates vouch for"},
        {"crl", "FILE", &options.crl, NULL, "with --anchors: revocation lists"},
        {"jws", "FILE", &options.jws, NULL, "a detached JWS of the document's bytes"},
        {"language", "vi|en", &options.language, NULL, "of what is wrong"},
        {"json", NULL, NULL, &options.as_json, "for scripts: what was proved"},
        {0},
    };
    const struct cli_usage usage = {
        "lienthong signature check",
        "FILE",
        "Judges a document's signatures as the gateway does when it comes; asks nobody.\n"
        "Exit: 0 it would be taken, 1 it would not, 2 usage.",
        table,
        1,
        1};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    if (!options.partner == !options.anchors) {
        (void)fprintf(stderr, "lienthong signature check: either --as or --anchors\n");
        return CLI_USAGE;
    }
    return options.partner ? check_as(&options, argv[first]) : check_by(&options, argv[first]);
}

int cli_signature(int argc, char **argv)
{
    static const struct command commands[] = {
        {"check", signature_check_command, "whether a document's signature would be taken"},
        {0},
    };
    return command_run("lienthong signature", commands, argc, argv);
}
