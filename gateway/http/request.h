/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "http/body.h"
#include "http/load.h"
#include "http/server.h"

#include <microhttpd.h>
#include <stdatomic.h>

/**
 * Where a request is.  Its connection's thread makes every step but one: a suspended request is
 * claimed by whoever answers it first, a stage or the closing server.
 */
enum request_state {
    REQUEST_NONE, /**< the connection waits for the next head */
    REQUEST_OPEN,
    REQUEST_SUSPENDED,
    REQUEST_RESUMED, /**< as SUSPENDED, but its thread has it again or will soon */
    REQUEST_ANSWERED,
};

/** A text that lives until the request ends: a decoded segment, a header of the answer. */
struct kept_text {
    struct kept_text *next;
    const char *name; /**< of a header, within `text`; NULL for others */
    const char *value;
    char text[];
};

struct http_request {
    struct http_load *load;
    atomic_int state;

    /* From here on everything is zero between requests. */
    struct MHD_Connection *connection;
    const struct http_route *route;
    void *stage; /**< `own` of the route's table */
    const char *method;
    const char *path;   /**< undecoded, without query */
    const char *target; /**< as it came, before the library cut it */
    size_t target_size;
    bool target_is_plain;
    bool target_is_sound;
    void *own;
    struct body body;
    int64_t received;  /**< bytes of the body, kept or not */
    int64_t discarded; /**< bytes of a body that nobody wants any more */
    struct kept_text *kept;
    struct MHD_Response *response; /**< set before `state` says ANSWERED */
    int64_t answer_size;           /**< of its body */
    int status;
    int64_t hold_ms; /**< what the answer waits before it goes out */
    int64_t arrived_ms;
    int64_t arrived_ticks_us;
    bool has_begun;     /**< the route's begin was called, so its end must be */
    bool is_handled;    /**< the route's handle was called */
    bool is_busy;       /**< counted in the load's `busy` */
    bool was_suspended; /**< by the last call of its route: who has it now is not known */
    bool must_close;    /**< what follows on this connection cannot be trusted or is not wanted */
};

/** Starts the next request of a connection. */
void request_open(struct http_request *request, struct MHD_Connection *connection,
                  const char *method, const char *path);
/** Marks it as given to its route, or held, from now until request_send or request_end. */
void request_busy(struct http_request *request);
/** Forgets the request, answered or not. */
void request_end(struct http_request *request);

/** True once after http_resume: the request is OPEN again. */
bool request_was_resumed(struct http_request *request);
bool request_is_answered(const struct http_request *request);
/** Hands the answer to the library. */
enum MHD_Result request_send(struct http_request *request);

/** Answers a suspended request with 503, if nobody else did: the server closes. */
void request_give_up(struct http_request *request);

#endif
