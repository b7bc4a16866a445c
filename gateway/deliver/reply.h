/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_REPLY_H
#define DELIVER_REPLY_H

#include "deliver/letter.h"
#include "http/server.h"

/** POST /v1/inbox/{id}/accept: `handle` of its route. */
void reply_accept(void *own, struct http_request *request);
/** POST /v1/inbox/{id}/refuse. */
void reply_refuse(void *own, struct http_request *request);

/** What an answer to a letter is to do. */
enum reply_deed {
    DEED_SETTLE,    /**< it is the first */
    DEED_REPEAT,    /**< the same was answered before */
    DEED_OTHERWISE, /**< the other was answered before */
    DEED_FINISH,    /**< refused before, but a crash kept that from being settled: settle it now */
    DEED_NOT_OPEN,  /**< it waits for no answer: parked, dead or discarded */
    DEED_NO_HANDOFF /**< only handoffs can be refused */
};

/** `returned` is the entry of its refusal, 0 without one. */
enum reply_deed reply_judge(const struct spool_delivery *delivery, int64_t returned,
                            bool is_refusal);

/** The reason in the body of a refusal: 1 to 2000 characters with something to read in them.  The
 * caller owns it; NULL when there is none, and `*detail` (a constant) says what is wrong. */
char *reply_reason(const char *body, size_t size, const char **detail);

#endif
