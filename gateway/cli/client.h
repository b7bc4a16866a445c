/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include "base/fault.h"

#include <jansson.h>
#include <stddef.h>

/** One call over HTTP, to the partner API or, by its Unix socket, to the daemon's own. */
struct client_call {
    const char *method;
    const char *url;
    const char *socket;     /**< path of a Unix socket; NULL for TCP */
    const char *media_type; /**< of the body; NULL without one */
    const char *body;
    size_t size;
    const char *key;      /**< partner's API key, sent as a bearer credential; NULL for none */
    const char *jws;      /**< of the body, detached: X-JWS-Signature; NULL for none */
    const char *language; /**< Accept-Language; NULL for the server's choice */
    const char *ca_file;  /**< PEM; NULL for the system's */
    long timeout_ms;
};

struct client_answer {
    int status;
    char *body; /**< the caller owns it; NUL-terminated; at most 16 MiB */
    size_t size;
};

/** Makes the call.  FAULT_RETRY when the other side cannot be reached or does not answer in time,
 * FAULT_REFUSE when the caller may not open the socket; an answer of any status is success. */
bool client_make(const struct client_call *call, struct client_answer *answer, struct fault *why)
    __attribute__((warn_unused_result));

/**
 * "TITLE: DETAIL" of a problem document, or the status where there is none (NULL): FAULT_RETRY for
 * 503 and 429, FAULT_REFUSE for the others.  Returns false.
 */
bool client_refuse(int status, const json_t *problem, struct fault *why);

/**
 * Calls the daemon of a configuration by its admin socket and parses the JSON answer, which the
 * caller owns.  `body` is sent as JSON when not NULL.  An answer of 4xx or 5xx is a fault, as of
 * client_refuse.
 */
json_t *client_ask_daemon(const char *socket, const char *method, const char *path,
                          const json_t *body, struct fault *why)
    __attribute__((warn_unused_result));

/** The same; the list of `problems` of a refusal, where it has one, is put into `*problems`, which
 * was NULL, and is the caller's. */
json_t *client_ask_about(const char *socket, const char *method, const char *path,
                         const json_t *body, json_t **problems, struct fault *why)
    __attribute__((warn_unused_result));

#endif
