/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_PROBLEM_H
#define HTTP_PROBLEM_H

#include "http/server.h"

#include <jansson.h>

enum http_language { LANGUAGE_VI, LANGUAGE_EN };

/** The better of Vietnamese and English by Accept-Language (RFC 9110 12.5.4); English when silent.
 */
enum http_language http_language(const struct http_request *request);

/** One kind of refusal: stable code for machines, title for people in both languages. */
struct problem_kind {
    const char *code; /**< "unknown-credential"; also the end of the problem's type URI */
    int status;
    const char *title_vi;
    const char *title_en;
};

/**
 * Answers with application/problem+json (RFC 9457): type, title, status, code, and `detail` and the
 * members of `more` when not NULL.  Takes `more`.  Adds Content-Language.
 */
void http_problem(struct http_request *request, const struct problem_kind *kind, const char *detail,
                  json_t *more);

#endif
