/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_REASON_H
#define OPERATE_REASON_H

#include "http/server.h"

#include <jansson.h>
#include <stdbool.h>

/* Why a person does something: it goes into the record. */

/** What whoever gives none, or too much of it, is told. */
extern const char reason_wanted[];

/** Whether it may go into the record: 1 to 500 characters; not NULL. */
bool reason_fits(const char *reason);

/** The body's reason; NULL: the call is answered.  The JSON, in which it stands, is the caller's to
 * release. */
const char *reason_asked(struct http_request *request, json_t **json);

#endif
