/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_JOB_NOTE_H
#define OPERATE_JOB_NOTE_H

#include <stdbool.h>

/** Why an item did not pass, as one line beside it: "=CAUSE" when it is the cause that it has
 * already, "+CAUSE" of another one, or a sentence of the spool's. */
struct job_note {
    const char *cause; /**< never NULL; the whole note when it is a sentence */
    bool is_new;       /**< it fails for another reason than before */
};

/** Borrowed from the text, which may be NULL. */
struct job_note job_note_read(const char *text);
/** The caller owns it; NULL without memory. */
char *job_note_write(const char *cause, const char *before);

#endif
