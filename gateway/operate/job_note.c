/* SPDX-License-Identifier: Apache-2.0 */
/* Why an item did not pass. */
#include "operate/job_note.h"

#include <stdio.h>
#include <string.h>

struct job_note job_note_read(const char *text)
{
    if (!text)
        return (struct job_note){"", false};
    bool is_note = text[0] == '=' || text[0] == '+';
    return (struct job_note){is_note ? text + 1 : text, text[0] == '+'};
}

char *job_note_write(const char *cause, const char *before)
{
    char *note = NULL;
    bool is_new = !before || strcmp(cause, before) != 0;
    return asprintf(&note, "%c%s", is_new ? '+' : '=', cause) < 0 ? NULL : note;
}
