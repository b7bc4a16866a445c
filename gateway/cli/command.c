/* SPDX-License-Identifier: Apache-2.0 */
/* A word, the command it names, and the list of commands when it names none. */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

static int show(FILE *out, const char *title, const struct command *commands, int exit_code)
{
    (void)fprintf(out, "Usage: %s COMMAND [OPTIONS]\n\nCommands:\n", title);
    for (const struct command *each = commands; each->name; each++)
        (void)fprintf(out, "  %-10s %s\n", each->name, each->help);
    (void)fprintf(out, "\n%s COMMAND --help tells more.\n", title);
    return exit_code;
}

int command_run(const char *title, const struct command *commands, int argc, char **argv)
{
    if (argc < 2)
        return show(stderr, title, commands, CLI_USAGE);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
        return show(stdout, title, commands, CLI_OK);
    for (const struct command *each = commands; each->name; each++)
        if (strcmp(each->name, argv[1]) == 0)
            return each->run(argc - 1, argv + 1);
    (void)fprintf(stderr, "%s: no such command: %s\n", title, argv[1]);
    return show(stderr, title, commands, CLI_USAGE);
}
