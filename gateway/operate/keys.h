/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_KEYS_H
#define OPERATE_KEYS_H

#include "operate/file_keeper.h"

/**
 * What only an administrator does to keys, on record either way:
 *
 * POST /operate/v1/spool/rekey: seals what is plain, in the spool and among files, and wraps all
 * data keys by the current master key; answers when it is through, {"sealed", "wrapped", "damaged",
 * "retired", "files", "files_damaged"}.
 * POST /operate/v1/dossiers/shred {"dossier", "reason"}: makes one dossier unreadable for good, and
 * removes the files that only it used; {"entries", "arrivals", "keys", "files", "files_left",
 * "log_is_short"}.
 */
struct guard_table keys_table(struct file_keeper *keeper);

#endif
