/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of operators and integrators: finds the command, runs it. */
#include "cli/command.h"

static const struct command commands[] = {
    {"send", cli_send, "post a document as a partner does"},
    {"inbox", cli_inbox, "a partner's mailbox: fetch, accept, refuse"},
    {"show", cli_show, "one entry's story, by its receipt"},
    {"receipt", cli_receipt, "prove what a gateway signed"},
    {"signature", cli_signature, "would a document's signature be taken?"},
    {"entry", cli_entry, "one that failed: see, mend, release, discard"},
    {"status", cli_status, "what the running daemon says of itself"},
    {"events", cli_events, "events as consumers see them"},
    {"spool", cli_spool, "the journal: sums, check, export, backup, prune, keys"},
    {"dossier", cli_dossier, "make one dossier unreadable for good"},
    {"entries", cli_entries, "look for entries"},
    {"failures", cli_failures, "what needs a person, by cause"},
    {"audit", cli_audit, "the record of what people did: list, verify, export"},
    {"reconcile", cli_reconcile, "by partner and day: what came, what became of it"},
    {"deliveries", cli_deliveries, "what is on its way to partners, and a person's word"},
    {"replay", cli_replay, "bulk replays: preview, run, pause, report"},
    {"files", cli_files, "attachments: put, get, room, prune"},
    {"topics", cli_topics, "make the topics on Kafka"},
    {"publisher", cli_publisher, "the word that a held publisher waits for"},
    {"subscriber", cli_subscriber, "the word that a held subscriber waits for"},
    {"adapter", cli_adapter, "check and try the formats of partners"},
    {"route", cli_route, "why an event went where it went"},
    {"agency", cli_agency, "who answers for an agency code on a day"},
    {"partner", cli_partner, "keys; who gets deliveries; pause, resume, test"},
    {"operator", cli_operator, "who may use the console: passwords, list, check"},
    {0},
};

int main(int argc, char **argv)
{
    return command_run("lienthong", commands, argc, argv);
}
