/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_DETAIL_H
#define OPERATE_DETAIL_H

#include "http/problem.h"

#include <jansson.h>

/**
 * What stands beside a cause, in the reader's language where it is known in it: what is stored in
 * both languages, and the gateway's own sentences.  A partner's answer is as the partner wrote it.
 * Null for NULL and for bytes that are no UTF-8; the caller owns it, NULL without memory.
 */
json_t *detail_shown(const char *detail, enum http_language language);

#endif
