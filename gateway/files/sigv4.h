/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_SIGV4_H
#define FILES_SIGV4_H

#include "base/fault.h"

#include <stddef.h>
#include <stdint.h>

/** Who signs, and for which service. */
struct sigv4_identity {
    const char *access_key;
    const char *secret_key;
    const char *region;
    const char *service; /**< "s3" */
};

/** A header that is signed: its name in lower case, its value without blanks around it. */
struct sigv4_header {
    const char *name, *value;
};

struct sigv4_request {
    const char *method;
    const char *path;                   /**< percent-encoded as it is sent */
    const char *query;                  /**< the same, sorted, each name with a `=`; "" for none */
    const struct sigv4_header *headers; /**< by name: host, x-amz-content-sha256 and x-amz-date */
    size_t header_count;
    const char *payload_sha256; /**< hex, as in x-amz-content-sha256 */
    const char *date;           /**< as in x-amz-date */
};

enum { SIGV4_DATE_SIZE = 17 };

/** UTC milliseconds as "20130524T000000Z". */
void sigv4_date(int64_t at_ms, char date[SIGV4_DATE_SIZE]);

/**
 * The value of the Authorization header by AWS Signature Version 4, which the caller owns; NULL
 * when memory is out.
 */
char *sigv4_authorization(const struct sigv4_identity *identity,
                          const struct sigv4_request *request, struct fault *why)
    __attribute__((warn_unused_result));

#endif
