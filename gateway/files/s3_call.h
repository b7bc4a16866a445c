/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_S3_CALL_H
#define FILES_S3_CALL_H

#include "files/sigv4.h"

#include <curl/curl.h>
#include <stdatomic.h>
#include <stdbool.h>

/** What all calls to one service share. */
struct s3_service {
    struct sigv4_identity identity;
    const char *base; /**< "https://host:port/bucket" */
    const char *path; /**< "/bucket" */
    const char *host; /**< "host:port", as in the Host header */
    const char *ca_file;
    int64_t timeout_ms;
    atomic_bool is_interrupted;
};

/** One call about one object. */
struct s3_call {
    const char *method;
    const char *key;            /**< "ab/abcdef..." */
    const char *payload_sha256; /**< hex, of what is sent */
    int upload;                 /**< descriptor of what is sent; -1: nothing */
    int64_t upload_size;
    int download; /**< descriptor of where a good answer goes; -1: nowhere */
    int64_t download_limit;
};

struct s3_answer {
    int status;
    int64_t size; /**< Content-Length of a HEAD's answer, or the bytes that came; -1: not said */
};

/**
 * Makes the call, up to three times while the service is out of reach or says 5xx.  True for the
 * statuses 200, 204 and 404; every other is a fault that names the key, the status and the
 * service's own code.  FAULT_RETRY when the same may pass later.  Keeps its connection among
 * `connections`, which are one call's at a time and share CURL_LOCK_DATA_CONNECT.
 */
bool s3_call(const struct s3_service *service, CURLSH *connections, const struct s3_call *call,
             struct s3_answer *answer, struct fault *why) __attribute__((warn_unused_result));

#endif
