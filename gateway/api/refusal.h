/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_REFUSAL_H
#define API_REFUSAL_H

#include "adapt/adapter.h"
#include "http/problem.h"

/** Every way in which this API says no; docs/http.md has one row for each. */
enum refusal {
    REFUSAL_NO_CREDENTIAL,
    REFUSAL_UNKNOWN_CREDENTIAL,
    REFUSAL_BAD_CERTIFICATE,
    REFUSAL_NEEDS_CERTIFICATE,
    REFUSAL_FOREIGN_AGENCY,
    REFUSAL_UNKNOWN_RECEIPT,
    REFUSAL_UNKNOWN_DOSSIER,
    REFUSAL_NO_MAILBOX,
    REFUSAL_UNKNOWN_DELIVERY,
    REFUSAL_UNKNOWN_FILE,
    REFUSAL_LINK_EXPIRED,
    REFUSAL_FILE_TOO_LARGE,
    REFUSAL_HASH_DIFFERS,
    REFUSAL_CONFLICT,
    REFUSAL_ALREADY_ANSWERED,
    REFUSAL_NOT_OPEN,
    REFUSAL_NOT_A_HANDOFF,
    REFUSAL_MEDIA_TYPE,
    REFUSAL_INVALID_DOCUMENT,
    REFUSAL_BAD_REASON,
    REFUSAL_BAD_CURSOR,
    REFUSAL_RATE,
    REFUSAL_QUEUE_FULL,
    REFUSAL_DISK_RESERVE,
    REFUSAL_SPOOL_DAMAGED,
    REFUSAL_OVERDUE,
    REFUSAL_NOT_YET_PUBLISHED,
    REFUSAL_INTERNAL,
    REFUSAL_COUNT_,
    REFUSAL_NONE, /**< there is nothing to refuse */
};

/** Answers; `detail` may be NULL, `more` is taken.  Adds Retry-After where coming again helps. */
void refuse(struct http_request *request, enum refusal refusal, const char *detail, json_t *more);

/** A fault of our own: 503 when the same may pass later, else 500.  What broke is for the log. */
void refuse_fault(struct http_request *request, const struct fault *fault);

/** The problems of a reading as the member "problems" lists them; NULL when memory is out. */
json_t *refusal_problems(const struct problem *problems, size_t count, enum http_language language);

#endif
