/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REPAIR_H
#define CLI_REPAIR_H

#include "cli/options.h"

#include <jansson.h>
#include <stdio.h>

/** One `lienthong entry` command, as its line says it; texts are NULL where they are not given. */
struct entry_line {
    const char *command; /**< "lienthong entry show" */
    const char *config_path;
    const char *receipt;
    const char *what, *reason, *file, *revision, *sha256;
    bool may_be_stale, as_json;
};

/** Which options a command takes beside --config and --json: bits. */
enum entry_option {
    ENTRY_WHAT = 1,
    ENTRY_REASON = 2,
    ENTRY_FILE = 4,
    ENTRY_REVISION = 8,
    ENTRY_SHA256 = 16,
    ENTRY_STALE = 32,
};

struct entry_command {
    const char *command;
    const char *description;
    unsigned takes;
    unsigned needs; /**< of those */
};

/** Reads the line; false with the exit code when there is nothing more to do. */
bool entry_parse(const struct entry_command *command, int argc, char **argv,
                 struct entry_line *line, int *exit_code);

/** Calls the daemon about the entry: `path` stands behind its receipt, as "/unmask".  Takes `body`,
 * which may be NULL.  The answer is the caller's; NULL: it was complained about, with what is
 * wrong with the document where that is why, and `*exit_code` says how. */
json_t *entry_ask(const struct entry_line *line, const char *method, const char *path, json_t *body,
                  int *exit_code);

/** What is wrong with a document, one line each. */
void entry_print_problems(FILE *out, const json_t *problems);

/* The commands that show and edit: cli/repair_edit.c. */
int entry_show(int argc, char **argv);
int entry_document(int argc, char **argv);
int entry_validate(int argc, char **argv);
int entry_revise(int argc, char **argv);

#endif
