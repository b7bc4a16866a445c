/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_SALVAGE_H
#define SPOOL_SALVAGE_H

#include "spool/database.h"
#include "spool/pages.h"

/** Hears a line of what is found. */
typedef void (*salvage_note)(void *own, const char *line);

/**
 * Puts every row of a damaged spool that can be read into the tables of a new one, which are empty,
 * whatever it says: what fits together is for rebuild_spool to see to.  Rows that hang on their
 * tree come first; then those on pages that no tree reaches any more, where they are of one table
 * without doubt, and into its holes.  Bodies are not looked at.
 *
 * Into the database come beside it, as temporary tables: `hole` (table, page, after, last), `lane`
 * (key, number) from the index of entries by dossier, `undone` (partner, lane, number, state) from
 * that of deliveries.  FAULT_BROKEN where there is nothing of a spool in it.
 */
bool salvage_rows(struct pages *pages, sqlite3 *into, salvage_note note, void *own,
                  struct fault *why) __attribute__((warn_unused_result));

#endif
