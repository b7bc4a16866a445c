/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_ANSWER_H
#define ADAPT_ANSWER_H

#include "adapt/path.h"
#include "adapt/service.h"

/**
 * A foreign system's answer, parsed as far as it can be: JSON, XML or plain text by its first
 * character.  Nothing of it is trusted: it is bounded by its size, by depth and by count.
 */
struct answer;

/** NULL when memory is out.  The body is borrowed. */
struct answer *answer_new(const struct service_answer *answer);
void answer_free(struct answer *answer);

/** The text of a value at a path, which the caller owns; NULL when there is none: an object, null
 * or a number that is not whole says nothing. */
char *answer_text(const struct answer *answer, const struct path *path);

/** Whether `text` has `part` within it, whatever the case of its letters, Vietnamese ones too. */
bool answer_contains(const char *text, size_t size, const char *part);

#endif
