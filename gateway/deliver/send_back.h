/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_SEND_BACK_H
#define DELIVER_SEND_BACK_H

#include "api/returned.h"
#include "api/trace.h"
#include "deliver/letter.h"
#include "event/schema.h"
#include "spool/spool.h"

/** What a partner says when it refuses a handoff, and when. */
struct refusal_facts {
    const char *partner;
    const char *reason;
    const char *bytes; /**< the request's body, which is the original of the return */
    size_t size;
    int64_t at_ms;
    const char *traceparent; /**< of the request; NULL: the handoff's trace goes on */
};

/**
 * The return of a handoff (HANDOFF_RETURNED), as a document of the partner that refused it.  Its
 * native id is "refuse|EVENT-ID": however often a refusal is repeated, it is one event, and the
 * first reason stands.
 */
struct send_back {
    struct spool_document document; /**< its pointers are into this */
    struct spool_item item;
    struct letter letter; /**< that is refused */
    char native_id[RETURNED_ID_SIZE];
    struct trace trace;
    char *texts; /**< partner, dossier, body */
    char *event;
    struct spool_receipt receipt;
    bool has_receipt;
};

/** `event` is the handoff's, in `schema`.  The caller owns the result, which takes the letter. */
struct send_back *send_back_new(struct letter *letter, const avro_value_t *event,
                                const struct refusal_facts *facts, const struct schema *schema,
                                int32_t schema_no, struct fault *why)
    __attribute__((warn_unused_result));
void send_back_free(struct send_back *back);

/** Turns a handoff's event into that of its return: the same dossier, codes and agencies, and
 * nothing of the applicant and the papers. */
bool send_back_turn(avro_value_t *event, const struct send_back *back,
                    const struct refusal_facts *facts, struct fault *why)
    __attribute__((warn_unused_result));

#endif
