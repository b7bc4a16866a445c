/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of operators and integrators: finds the command, runs it. */
#include "cli/command.h"

static const struct command commands[] = {
    {0},
};

int main(int argc, char **argv)
{
    return command_run("lienthong", commands, argc, argv);
}
