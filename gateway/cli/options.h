/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** One option of a command: a text (`--to FILE`) or a switch (`--json`). */
struct cli_option {
    const char *name;  /**< without the dashes */
    const char *value; /**< what --help calls the text; NULL for a switch */
    const char **text; /**< where the text goes; its initial value is the default */
    bool *is_set;      /**< where the switch goes */
    const char *help;
};

/** How a command is called. */
struct cli_usage {
    const char *command;              /**< "lienthong send" */
    const char *operands;             /**< "FILE", or "" */
    const char *description;          /**< one or more sentences */
    const struct cli_option *options; /**< ends with a NULL name; --help is added */
    size_t least_operands;
    size_t most_operands;
};

/**
 * Reads the options of `argv`; operands are left at argv[*first] and after.  False when there is
 * nothing more to do: --help was shown (`*exit_code` CLI_OK) or the line is wrong (CLI_USAGE, and
 * standard error says how).
 */
bool cli_parse(const struct cli_usage *usage, int argc, char **argv, int *first, int *exit_code);

/** A whole number within bounds, or a complaint on standard error and false. */
bool cli_number(const char *name, const char *text, long long least, long long most,
                long long *number);

/** A day or a moment (base/moment.h), or a complaint on standard error and false. */
bool cli_moment(const char *name, const char *text, int64_t *moment);

/** One of `words`, which end with NULL: its place, or -1 with a complaint on standard error. */
int cli_word(const char *name, const char *text, const char *const *words);

#endif
