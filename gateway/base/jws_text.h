/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_JWS_TEXT_H
#define BASE_JWS_TEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * What is looked at before cjose sees a foreign token or key: its decoder of base64url ends the
 * program by an assertion at some texts with padding (0.6.2: "AAAAA=AA").
 */

/** Whether these are three texts in base64url without padding (RFC 7515 2), between dots: a compact
 * JWS by its form.  The parts may be empty. */
bool jws_text_is_compact(const char *text, size_t size);

/** Whether the numbers of a JWK (RFC 7518 6.2.1, 6.3.1) that are there are texts in base64url. */
bool jws_text_is_key(const json_t *key);

#endif
