/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_ANSWER_H
#define OPERATE_ANSWER_H

#include "http/problem.h"
#include "http/server.h"

#include <jansson.h>

/* How the calls of operators are answered. */

enum { OPERATE_BODY_LIMIT = 65536 };

extern const struct problem_kind operate_bad_request, operate_refused, operate_not_found;

/** Answers 200 with `json`, which it takes; NULL: memory is out. */
void operate_answer(struct http_request *request, json_t *json);
/** Answers with the status that fits the fault's kind. */
void operate_fault(struct http_request *request, const struct fault *why);
/** The same after a look for one thing by its name: FAULT_REFUSE is 404. */
void operate_fault_finding(struct http_request *request, const struct fault *why);

/** The text of the body's member `name`, or NULL without one; the JSON, in which it stands, is the
 * caller's to release. */
const char *operate_member(struct http_request *request, const char *name, json_t **json);

/** Reads the day in the body's one member, "before", into `*before_ms`, which stays as it is
 * without a body and without the member.  False: the body says anything else, and the call is
 * answered. */
bool operate_before(struct http_request *request, int64_t *before_ms)
    __attribute__((warn_unused_result));

#endif
