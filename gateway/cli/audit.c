/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong audit: the record of what people did, read from the spool itself, so that an inspector
 * needs to trust no daemon, and needs none that runs. */
#include "spool/audit.h"

#include "base/cleanup.h"
#include "base/moment.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/keys.h"
#include "cli/options.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

ENDS_WITH_SCOPE(struct spool_reader *, spool_reader_close)

enum { DAY_TEXT_SIZE = 10, DAY_MS = 86400000 };

/* What each word of it is called with. */
struct audit_wish {
    const char *command, *config_path;
    const char *from, *to, *out;
    bool as_json;
    struct audit_range range;
};

static struct spool_reader *open_reader(const struct audit_wish *wish)
{
    struct fault why;
    auto_free(cli_free_config) struct config *config =
        cli_load_config(wish->command, wish->config_path);
    if (!config)
        return NULL;
    struct spool_reader *reader = keys_open_reader(config, NULL, &why);
    if (!reader)
        (void)cli_complain(wish->command, &why);
    return reader;
}

/* A day of `to` is included. */
static bool read_times(struct audit_wish *wish)
{
    if ((wish->from && !cli_moment("from", wish->from, &wish->range.from_ms)) ||
        (wish->to && !cli_moment("to", wish->to, &wish->range.to_ms)))
        return false;
    if (wish->to)
        wish->range.to_ms += strlen(wish->to) <= DAY_TEXT_SIZE ? DAY_MS : 1;
    return true;
}

/* ---- the list and the export ---- */

struct writing {
    FILE *out;
    bool as_json;
    bool is_broken;
    struct fault why;
};

/* The canonical text, with the hash as one more member. */
static bool write_json(struct writing *writing, const struct spool_audited *entry)
{
    char hex[SHA256_HEX_SIZE];
    auto_free(free) char *text = audit_text(entry, &writing->why);
    writing->is_broken = !text;
    if (!text)
        return false;
    digest_hex(entry->hash, AUDIT_HASH_SIZE, hex);
    return fprintf(writing->out, "%.*s,\"hash\":\"%s\"}\n", (int)(strlen(text) - 1), text, hex) > 0;
}

static bool write_one(void *own, const struct spool_audited *entry)
{
    struct writing *writing = own;
    const struct spool_record *record = &entry->record;
    char at[MOMENT_TEXT_SIZE];
    if (writing->as_json)
        return write_json(writing, entry);
    (void)moment_write(record->at_ms, MOMENT_DASH, at);
    return fprintf(writing->out, "%8" PRId64 "  %-19s %-24s %-16s %-8s %-32s %s\n", entry->number,
                   at, record->actor.name, record->act, record->outcome, record->object,
                   record->reason) > 0;
}

static int write_all(const struct audit_wish *wish, FILE *out)
{
    struct writing writing = {.out = out, .as_json = wish->as_json};
    auto_free(spool_reader_close) struct spool_reader *reader = open_reader(wish);
    if (!reader)
        return CLI_FAILED;
    if (!wish->as_json)
        (void)fprintf(out, "%8s  %-19s %-24s %-16s %-8s %-32s %s\n", "NUMBER", "AT", "WHO", "ACT",
                      "OUTCOME", "OBJECT", "REASON");
    bool is_read = spool_audited(reader, &wish->range, write_one, &writing, &writing.why);
    if (is_read && !writing.is_broken && (fflush(out) != 0 || ferror(out)))
        is_read = fault_set(&writing.why, FAULT_BROKEN, "cannot write: %s", strerrordesc_np(errno));
    return is_read && !writing.is_broken ? CLI_OK : cli_complain(wish->command, &writing.why);
}

static int audit_list(int argc, char **argv)
{
    static const char *const orders[] = {"newest", "oldest", NULL};
    struct audit_wish wish = {.command = "lienthong audit",
                              .config_path = cli_default_config(),
                              .range = {.backwards = true}};
    const char *limit_text = "100";
    const char *order = "newest";
    long long limit;
    const struct cli_option table[] = {
        {"actor", "NAME", &wish.range.actor, NULL, "by this one, as user:an or 'unix:0 root'"},
        {"act", "ACT", &wish.range.act, NULL, "of this kind, as release or login-failed"},
        {"object", "OBJECT", &wish.range.object, NULL, "on this, as entry:RECEIPT"},
        {"from", "DAY", &wish.from, NULL, "on this day or moment, or later"},
        {"to", "DAY", &wish.to, NULL, "on this day or moment, or earlier"},
        {"order", "ORDER", &order, NULL, "newest or oldest first"},
        {"limit", "N", &limit_text, NULL, "at most so many"},
        {"config", "FILE", &wish.config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &wish.as_json, "one JSON line each"},
        {0},
    };
    const struct cli_usage usage = {wish.command,
                                    "",
                                    "Lists the record of what people did; also while the daemon is "
                                    "down.\nWords: list, verify, export.",
                                    table,
                                    0,
                                    0};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    int place = cli_word("order", order, orders);
    if (place < 0 || !cli_number("limit", limit_text, 1, 1000000000, &limit) || !read_times(&wish))
        return CLI_USAGE;
    wish.range.limit = (size_t)limit;
    wish.range.backwards = place == 0;
    return write_all(&wish, stdout);
}

static int audit_export(int argc, char **argv)
{
    struct audit_wish wish = {
        .command = "lienthong audit export", .config_path = cli_default_config(), .as_json = true};
    const struct cli_option table[] = {
        {"from", "DAY", &wish.from, NULL, "on this day or moment, or later"},
        {"to", "DAY", &wish.to, NULL, "on this day or moment, or earlier"},
        {"out", "FILE", &wish.out, NULL, "into this file; standard output when left out"},
        {"config", "FILE", &wish.config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &wish.as_json, "the lines are JSON anyway"},
        {0},
    };
    const struct cli_usage usage = {
        wish.command,
        "",
        "Writes the record for an inspector, one JSON line for each entry, oldest first.  Without\n"
        "its last member, `hash`, a line is the text that was hashed: SHA-256 of the hash before\n"
        "(32 zero bytes before the first) and of that text.",
        table,
        0,
        0};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    if (!read_times(&wish))
        return CLI_USAGE;
    FILE *out = wish.out ? fopen(wish.out, "wx") : stdout;
    if (!out) {
        (void)fprintf(stderr, "%s: %s: %s\n", wish.command, wish.out, strerrordesc_np(errno));
        return CLI_FAILED;
    }
    exit_code = write_all(&wish, out);
    if (wish.out)
        (void)fclose(out); /* it was flushed */
    return exit_code;
}

/* ---- the proof ---- */

static int verify(const struct audit_wish *wish)
{
    struct fault why;
    struct audit_finding finding;
    int64_t count = 0;
    auto_free(spool_reader_close) struct spool_reader *reader = open_reader(wish);
    if (!reader)
        return CLI_FAILED;
    bool holds = spool_audit_verify(reader, &count, &finding, &why);
    if (!holds && why.kind != FAULT_REFUSE)
        return cli_complain(wish->command, &why);
    if (wish->as_json)
        (void)cli_print_json(json_pack("{sb sI sI ss*}", "holds", holds, "entries",
                                       (json_int_t)count, "number", (json_int_t)finding.number,
                                       "finding", holds ? NULL : finding.text));
    else if (holds)
        (void)printf("the record holds: %" PRId64 " entries\n", count);
    if (holds)
        return CLI_OK;
    return cli_complain(wish->command, &why);
}

static int audit_verify(int argc, char **argv)
{
    struct audit_wish wish = {.command = "lienthong audit verify",
                              .config_path = cli_default_config()};
    const struct cli_option table[] = {
        {"config", "FILE", &wish.config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &wish.as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {
        wish.command,
        "",
        "Walks the whole record and finds any change, removal or reordering; also while the\n"
        "daemon is down.  Exit: 0 it holds, 1 it does not, and standard error says where.",
        table,
        0,
        0};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    return verify(&wish);
}

int cli_audit(int argc, char **argv)
{
    static const struct command commands[] = {
        {"list", audit_list, "what was done, by whom"},
        {"verify", audit_verify, "prove that nothing was changed, removed or reordered"},
        {"export", audit_export, "all of it for an inspector"},
        {0},
    };
    bool is_list = argc < 2 || (argv[1][0] == '-' && strcmp(argv[1], "--help") != 0);
    return is_list ? audit_list(argc, argv) : command_run("lienthong audit", commands, argc, argv);
}
