/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_JSON_TEXT_H
#define API_JSON_TEXT_H

#include <stddef.h>
#include <stdio.h>

/** Writes `text` as a JSON string with its quotation marks. */
void json_text_write(FILE *out, const char *text);
/** The inside of one, in pieces of any size.  What is not ASCII goes as it is. */
void json_text_piece(FILE *out, const char *text, size_t size);

#endif
