/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong show RECEIPT: one entry's story, from the spool itself. */
#include "base/cleanup.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/decoder.h"
#include "cli/entry.h"
#include "cli/keys.h"
#include "cli/options.h"
#include "cli/original.h"
#include "spool/reader.h"
#include "spool/receipt.h"

#include <inttypes.h>

ENDS_WITH_SCOPE(struct schema *, schema_free)
ENDS_WITH_SCOPE(struct decoder *, decoder_free)
ENDS_WITH_SCOPE(struct spool_reader *, spool_reader_close)
ENDS_WITH_SCOPE(json_t *, json_decref)

struct show_options {
    const char *config;
    bool event;
    bool original, kept;
    bool unmasked;
    bool as_json;
};

static int show_original(const struct config *config, struct spool_reader *reader, int64_t entry,
                         bool as_kept)
{
    struct fault why;
    size_t size = 0;
    auto_free(free) char *bytes = original_read(config, reader, entry, as_kept, &size, &why);
    if (!bytes)
        return cli_complain("lienthong show", &why);
    return fwrite(bytes, 1, size, stdout) == size ? CLI_OK : CLI_FAILED;
}

static int show_members(const json_t *entry)
{
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)entry, name, value) {
        if (json_is_string(value))
            (void)printf("%-16s %s\n", name, json_string_value(value));
        else if (json_is_integer(value))
            (void)printf("%-16s %" JSON_INTEGER_FORMAT "\n", name, json_integer_value(value));
        else if (json_is_object(value) || json_is_array(value)) {
            auto_free(free) char *text = json_dumps(value, JSON_INDENT(2));
            (void)printf("%s:\n%s\n", name, text ? text : "");
        }
    }
    return CLI_OK;
}

static int show_entry(struct spool_reader *reader, int64_t entry, struct decoder *decoder,
                      const struct show_options *options)
{
    struct fault why;
    auto_free(json_decref) json_t *json = entry_describe(reader, entry, decoder, &why);
    if (!json)
        return cli_complain("lienthong show", &why);
    int shown = options->as_json ? cli_print_json(json_incref(json)) : show_members(json);
    if (!json_is_true(json_object_get(json, "damaged")))
        return shown;
    (void)fprintf(stderr,
                  "lienthong show: entry %" PRId64 " is damaged: this is not all that was stored\n",
                  entry);
    return CLI_FAILED;
}

static int show_with_event(const struct config *config, struct spool_reader *reader, int64_t entry,
                           const struct show_options *options)
{
    struct fault why;
    auto_free(free) char *path = file_join(config->schemas.folder, "dossier-event.avsc", &why);
    auto_free(schema_free) struct schema *schema = path ? schema_load(path, &why) : NULL;
    if (!schema)
        return cli_complain("lienthong show", &why);
    const struct schema *const ours[] = {schema, NULL};
    const struct decoder_options decoding = {
        .ours = ours, .mask = options->unmasked ? RENDER_FULL : RENDER_MASKED};
    auto_free(decoder_free) struct decoder *decoder = decoder_new(&decoding, &why);
    if (!decoder)
        return cli_complain("lienthong show", &why);
    return show_entry(reader, entry, decoder, options);
}

static int show(const struct config *config, const char *receipt,
                const struct show_options *options)
{
    struct fault why;
    auto_free(spool_reader_close) struct spool_reader *reader =
        keys_open_reader(config, NULL, &why);
    if (!reader)
        return cli_complain("lienthong show", &why);
    int64_t entry;
    if (!receipt_read(spool_reader_key(reader), receipt, &entry)) {
        (void)fprintf(stderr, "lienthong show: no receipt of this spool\n");
        return CLI_FAILED;
    }
    if (options->original || options->kept)
        return show_original(config, reader, entry, options->kept);
    if (options->event)
        return show_with_event(config, reader, entry, options);
    return show_entry(reader, entry, NULL, options);
}

int cli_show(int argc, char **argv)
{
    struct show_options options = {.config = cli_default_config()};
    const struct cli_option table[] = {
        {"event", NULL, NULL, &options.event, "with the event, personal data masked"},
        {"unmasked", NULL, NULL, &options.unmasked, "with --event: personal data too"},
        {"original", NULL, NULL, &options.original,
         "the document's bytes as they came, and nothing else"},
        {"kept", NULL, NULL, &options.kept,
         "the same as the spool has it: files that came in it are moved out"},
        {"config", "FILE", &options.config, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &options.as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {
        "lienthong show",
        "RECEIPT",
        "Shows where one entry is and how it came there, also while no\n"
        "daemon runs.",
        table,
        1,
        1};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    auto_free(cli_free_config) struct config *config =
        cli_load_config(usage.command, options.config);
    return config ? show(config, argv[first], &options) : CLI_FAILED;
}
