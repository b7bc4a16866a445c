/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_REQUEST_H
#define DELIVER_REQUEST_H

#include "adapt/service.h"
#include "deliver/outgoing.h"
#include "directory/partner.h"

#include <curl/curl.h>

/**
 * One HTTP request to a partner's system, and its answer.  TLS is always verified, redirects are
 * never followed, nothing but HTTP is spoken, and everything has its end in time.
 */
struct request;

/** What a request carries besides its headers. */
struct request_part {
    const char *name;       /**< of the form's part */
    const char *file_name;  /**< or NULL */
    const char *media_type; /**< or NULL */
};

/** To `to->url` as it is written, with `path` behind it, one slash between them; NULL and "" are no
 * path.  `to` is borrowed until the request ends. */
struct request *request_new(const struct partner_delivery *to, const char *method, const char *path,
                            struct fault *why) __attribute__((warn_unused_result));
void request_free(struct request *request);
ENDS_WITH_SCOPE(struct request *, request_free)

/** How much of the answer is read; the rest is cut.  64 KiB when not said. */
void request_limit_answer(struct request *request, int64_t bytes);

/** FAULT_REFUSE when a control character stands in it. */
bool request_add_header(struct request *request, const char *name, const char *value,
                        struct fault *why) __attribute__((warn_unused_result));
bool request_set_basic(struct request *request, const char *user, const char *password,
                       struct fault *why) __attribute__((warn_unused_result));

/** What it sends: one body, which it takes in any case, or a text that it copies, or a form whose
 * parts are added one by one. */
bool request_set_body(struct request *request, struct outgoing *body, struct fault *why)
    __attribute__((warn_unused_result));
bool request_set_text(struct request *request, const char *text, struct fault *why)
    __attribute__((warn_unused_result));
bool request_add_field(struct request *request, const char *name, const char *text,
                       struct fault *why) __attribute__((warn_unused_result));
/** Takes `body` in any case.  The first part that is added counts as the document. */
bool request_add_part(struct request *request, const struct request_part *part,
                      struct outgoing *body, struct fault *why) __attribute__((warn_unused_result));

/** For what is fetched: asks `open` before every connection, keeps to no proxy and gives the answer
 * to `store`; `own` is given to both. */
bool request_guard(struct request *request, curl_opensocket_callback open,
                   curl_write_callback store, void *own, struct fault *why)
    __attribute__((warn_unused_result));

/** Gives it to `multi`; `own` comes back by request_own.  It is taken back by request_free. */
bool request_start(struct request *request, CURLM *multi, void *own, struct fault *why)
    __attribute__((warn_unused_result));
/** Or makes it at once, on this thread; it is cut soon after `is_over` became true. */
CURLcode request_perform(struct request *request, const _Atomic bool *is_over);

/** Whether it is the one with that handle. */
bool request_is(const struct request *request, const CURL *curl);
/** What was given to request_start with the handle that curl_multi_info_read names. */
void *request_own(CURL *curl);

/** Before it is made: asks for the server's certificate. */
bool request_want_certificate(struct request *request, struct fault *why)
    __attribute__((warn_unused_result));
/** After its end: why the partner's side does not take our certificate, for people; NULL when it
 * said nothing of the kind. */
const char *request_refusal(const struct request *request);
/** The certificate's subject and last day, which the caller owns; NULL without one. */
char *request_certificate(const struct request *request);

/** After its end: the result, CURLE_OK also when the answer was cut at its limit. */
CURLcode request_result(const struct request *request, CURLcode result);
bool request_is_cut(const struct request *request);
struct service_answer request_answer(const struct request *request);
/** As retry_after_ms has it. */
int64_t request_retry_after(const struct request *request, int64_t now_ms);
int64_t request_took_us(const struct request *request);
/** Why the body could not be read, when it is that which ended the request; else NULL. */
const struct fault *request_fault(const struct request *request);
/** The hash of the document as it was sent; false when it was not sent whole. */
bool request_sha256(const struct request *request, uint8_t sha256[SHA256_SIZE]);

#endif
