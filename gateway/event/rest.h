/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVENT_REST_H
#define EVENT_REST_H

#include "base/fault.h"

#include <jansson.h>
#include <stdint.h>

/** Where a JSON service is, and how long it is waited for.  Texts are borrowed while opening. */
struct rest_options {
    const char *url; /**< http or https, with a path if need be; without user, query and fragment */
    const char *user; /**< HTTP Basic; NULL for none */
    const char *password;
    const char *ca_file; /**< PEM; NULL for the system's */
    int64_t timeout_ms;  /**< of one try */
    int tries;
};

/** A client of one JSON service.  It is one connection's worth of state: one thread uses it. */
struct rest;

struct rest *rest_open(const struct rest_options *options, struct fault *why)
    __attribute__((warn_unused_result));
void rest_close(struct rest *rest);

/** From any thread: the call under way ends within about a second, as do all later ones at once,
 * with FAULT_RETRY. */
void rest_interrupt(struct rest *rest);

struct rest_answer {
    long status;
    json_t *json; /**< an object, which the caller owns; NULL when the body was none */
};

/**
 * POSTs `body`, or GETs where that is NULL.  `path` stands behind the URL, as "/schemas/ids/7".
 * Tried again, after a short pause, when nobody answers, too slowly, too much (4 MiB), with 5xx,
 * 408 or 429, or with 2xx and no JSON object; FAULT_RETRY when no try is left.  FAULT_BROKEN when
 * the certificate or the URL cannot be right, and on 401, 403 and redirects, which are not
 * followed. Every other answer is the caller's to judge.
 */
bool rest_call(struct rest *rest, const char *path, const char *body, struct rest_answer *answer,
               struct fault *why) __attribute__((warn_unused_result));

/** `text` with everything but letters, digits and -._~ percent-encoded; the caller owns it. */
char *rest_encode(const char *text, struct fault *why) __attribute__((warn_unused_result));

#endif
