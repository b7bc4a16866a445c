/* SPDX-License-Identifier: Apache-2.0 */
/* Options by table, so that what is read and what --help shows are the same thing. */
#include "cli/options.h"

#include "base/moment.h"
#include "cli/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OPTIONS = 24, HELP_VALUE = 1000 };

static void show_usage(FILE *out, const struct cli_usage *usage)
{
    (void)fprintf(out, "Usage: %s [OPTIONS]%s%s\n\n%s\n\nOptions:\n", usage->command,
                  usage->operands[0] ? " " : "", usage->operands, usage->description);
    for (const struct cli_option *each = usage->options; each->name; each++) {
        int width = fprintf(out, "  --%s%s%s", each->name, each->value ? " " : "",
                            each->value ? each->value : "");
        (void)fprintf(out, "%*s%s", width < 26 ? 26 - width : 1, "", each->help);
        if (each->text && *each->text)
            (void)fprintf(out, " [%s]", *each->text);
        (void)fputc('\n', out);
    }
    (void)fprintf(out, "  --help                  show this\n");
}

static size_t fill_long_options(const struct cli_usage *usage, struct option *into)
{
    size_t count = 0;
    for (; count < MOST_OPTIONS && usage->options[count].name; count++)
        into[count] = (struct option){
            .name = usage->options[count].name,
            .has_arg = usage->options[count].value ? required_argument : no_argument,
            .val = (int)count,
        };
    into[count] = (struct option){.name = "help", .has_arg = no_argument, .val = HELP_VALUE};
    into[count + 1] = (struct option){0};
    return count;
}

static bool stop_with(const struct cli_usage *usage, int code, int *exit_code)
{
    if (code == CLI_OK)
        show_usage(stdout, usage);
    else
        (void)fprintf(stderr, "Try: %s --help\n", usage->command);
    *exit_code = code;
    return false;
}

static bool operand_count_fits(const struct cli_usage *usage, int argc, int first)
{
    size_t count = (size_t)(argc - first);
    if (count >= usage->least_operands && count <= usage->most_operands)
        return true;
    (void)fprintf(stderr, "%s: %s\n", usage->command,
                  count < usage->least_operands ? "something is missing" : "too many words");
    return false;
}

bool cli_parse(const struct cli_usage *usage, int argc, char **argv, int *first, int *exit_code)
{
    struct option options[MOST_OPTIONS + 2];
    size_t count = fill_long_options(usage, options);
    optind = 1;
    for (int found; (found = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (found == HELP_VALUE)
            return stop_with(usage, CLI_OK, exit_code);
        if (found < 0 || (size_t)found >= count)
            return stop_with(usage, CLI_USAGE, exit_code);
        const struct cli_option *option = &usage->options[found];
        if (option->text)
            *option->text = optarg;
        else
            *option->is_set = true;
    }
    if (!operand_count_fits(usage, argc, optind))
        return stop_with(usage, CLI_USAGE, exit_code);
    *first = optind;
    return true;
}

bool cli_number(const char *name, const char *text, long long least, long long most,
                long long *number)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value < least || value > most) {
        (void)fprintf(stderr, "--%s: a whole number from %lld to %lld, please\n", name, least,
                      most);
        return false;
    }
    *number = value;
    return true;
}

bool cli_moment(const char *name, const char *text, int64_t *moment)
{
    struct fault why;
    if (moment_read(text, strlen(text), moment, &why))
        return true;
    (void)fprintf(stderr,
                  "--%s: %s: a day, as 2026-11-01, or a time, as 2026-11-23T08:00:00, please\n",
                  name, why.text);
    return false;
}

int cli_word(const char *name, const char *text, const char *const *words)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], text) == 0)
            return i;
    (void)fprintf(stderr, "--%s: ", name);
    for (int i = 0; words[i]; i++)
        (void)fprintf(stderr, "%s%s", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
    (void)fprintf(stderr, ", please\n");
    return -1;
}
