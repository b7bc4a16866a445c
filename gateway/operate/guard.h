/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_GUARD_H
#define OPERATE_GUARD_H

#include "http/problem.h"
#include "http/server.h"
#include "operate/access.h"
#include "operate/right.h"
#include "spool/audit.h"

#include <jansson.h>

struct guard;

/**
 * One call of an operator who is known and may make it.  It lives until the request is over, on the
 * request's thread: another thread, after http_suspend, holds `request` and copies of what it
 * needs.
 */
struct operator_call {
    const struct guard *guard; /**< for guard_conclude */
    struct http_request *request;
    struct spool_actor actor; /**< for records; "user:NAME" and an address, or "unix:UID NAME" */
    const char *title;        /**< as people know the operator; the actor's name without one */
    right_set rights;         /**< of right_held */
    const char *session;      /**< names the session through all of its calls; no secret.
                                   NULL for calls of RIGHT_ANYBODY */
    const char *csrf;         /**< of a session by cookie; NULL for others */
    enum http_language language;
    void *own; /**< a place for the handler's own state, to be freed by `end` */
};

/** One call of the API.  A row without a right, or with a pattern elsewhere, is a fault at start.
 */
struct guard_route {
    const char *method;
    const char *pattern; /**< below /operate/v1/ */
    enum right right;
    int64_t body_limit; /**< as in struct http_route */
    void (*handle)(void *own, struct operator_call *call);
    void (*resumed)(void *own, struct operator_call *call); /**< may be NULL, as the next */
    void (*end)(void *own, struct operator_call *call);     /**< of every call that `handle` got */
};

/** What one module answers. */
struct guard_table {
    const struct guard_route *routes; /**< ends with a NULL method */
    void *own;                        /**< given to its handlers */
};

struct guard_options {
    const struct guard_table *tables; /**< ends with NULL routes; copied, its routes are borrowed */
    struct access *access;            /**< who may over TCP; NULL: only Unix sockets are served */
    operate_record record;            /**< for what is refused; may be NULL */
    void *own;
};

/**
 * The one way to the operators' calls: finds out who is calling, whether they may, and only then
 * calls the handler.  401 and 403 are answered here, as problems; a call that a known person may
 * not make is on record before it is answered.
 *
 * Over a Unix socket the system says who it is: root and the gateway's own user may do everything.
 * Over TCP it is the session of a login, and every call but GET and HEAD must carry the session's
 * token in the header X-Csrf-Token; or a name and password with each call (Basic), for scripts.
 */
struct guard *guard_new(const struct guard_options *options, struct fault *why)
    __attribute__((warn_unused_result));
/** After the servers are closed. */
void guard_free(struct guard *guard);

/** What somebody did, for the record. */
struct operator_act {
    const char *act;    /**< as "pause" */
    const char *object; /**< as "partner:ID" */
    const char *reason; /**< "" without one */
};

/** The same as the spool puts it on record, in one transaction with what it does; its texts are
 * those of both. */
struct spool_record guard_record(const struct operator_call *call, const struct operator_act *act);

/**
 * Begins what cannot be one transaction with its record, because it is many, or is done elsewhere:
 * puts on record that it is begun, so that nothing is done of which nobody knows whose it is.
 * False: that could not be, the call is answered, and nothing may be done.
 */
bool guard_begin(const struct operator_call *call, const struct operator_act *act)
    __attribute__((warn_unused_result));
/**
 * Ends what was begun: puts it on record, done with `json`, which it takes, refused by `why`
 * without; then answers with the one or the other.  Where the record takes nothing more, its
 * beginning has to do: the answer says what is so.
 */
void guard_conclude(const struct operator_call *call, const struct operator_act *act, json_t *json,
                    const struct fault *why);

/** The routes for http_options.tables; ends with NULL routes and lives as long as the guard. */
const struct http_table *guard_tables(const struct guard *guard);

#endif
