/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

/** What every command exits with, so that scripts can tell. */
enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1, /**< it was tried and did not work out; standard error says why */
    CLI_USAGE = 2,  /**< the command line itself is wrong; nothing was tried */
    CLI_LATER = 3,  /**< out of reach or busy: the same again later may work */
};

/** One word of the command line.  `argv[0]` is that word. */
struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help; /**< one line */
};

/** Finds `argv[1]` in the table, which ends with a NULL name, and runs it; or shows the table under
 * `title`.  Commands with words of their own use it for theirs. */
int command_run(const char *title, const struct command *commands, int argc, char **argv);

int cli_adapter(int argc, char **argv);
int cli_agency(int argc, char **argv);
int cli_audit(int argc, char **argv);
int cli_deliveries(int argc, char **argv);
int cli_dossier(int argc, char **argv);
int cli_receipt(int argc, char **argv);
int cli_entry(int argc, char **argv);
int cli_entries(int argc, char **argv);
int cli_events(int argc, char **argv);
int cli_failures(int argc, char **argv);
int cli_files(int argc, char **argv);
int cli_inbox(int argc, char **argv);
int cli_operator(int argc, char **argv);
int cli_partner(int argc, char **argv);
int cli_publisher(int argc, char **argv);
int cli_reconcile(int argc, char **argv);
int cli_replay(int argc, char **argv);
int cli_route(int argc, char **argv);
int cli_send(int argc, char **argv);
int cli_signature(int argc, char **argv);
int cli_show(int argc, char **argv);
int cli_spool(int argc, char **argv);
int cli_status(int argc, char **argv);
int cli_subscriber(int argc, char **argv);
int cli_topics(int argc, char **argv);

#endif
