/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_PROBLEM_H
#define ADAPT_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>

/**
 * What can be wrong with a document.  The code is stable and for machines, the texts are for people
 * (adapt/problem.c holds the table); docs/http.md lists them.  R1 to R8 are DOMAIN.md 9.3's.
 */
enum rule {
    RULE_SYNTAX,       /**< "syntax": not XML, not JSON, not UTF-8 (R5) */
    RULE_FORBIDDEN,    /**< "forbidden-xml": DOCTYPE, entity, processing of foreign parts (R5) */
    RULE_LIMIT,        /**< "limit": deeper, wider or more than the configuration allows (R5) */
    RULE_NAMESPACE,    /**< "namespace": not the format's (R5) */
    RULE_SCHEMA,       /**< "schema": the XSD does not allow it here */
    RULE_UNRECOGNISED, /**< "unrecognised": no message of the adapter looks like this */
    RULE_MISSING,      /**< "missing": required and absent or empty (R1 for the dossier code) */
    RULE_TIME,         /**< "time": no such time, or no known form (R3) */
    RULE_NUMBER,       /**< "number" */
    RULE_TRUTH,        /**< "boolean" */
    RULE_CODE,         /**< "code": not in the adapter's list (R4) */
    RULE_AGENCY,       /**< "agency": malformed, unknown or not valid then (R2) */
    RULE_HANDOFF,      /**< "handoff": without from or to, or from equals to (R7) */
    RULE_BASE64,       /**< "base64": broken attachment (R6) */
    RULE_HASH,         /**< "hash": attachment is not what its hash says (R6) */
    RULE_TEXT,         /**< "text": control characters or over the length limit */
    RULE_CONFLICT,     /**< "conflict": same id, other content (R8) */
    RULE_SIGNATURE,    /**< "signature": not signed as was agreed with the partner */
    RULE_COUNT_
};

/** One finding, with its place. */
struct problem {
    enum rule rule;
    int item;          /**< item of the document, from 0; -1 for the document itself */
    const char *path;  /**< in the document, as /Envelope/MessageId or /data[0]/MaHoSo */
    int line;          /**< from 1; 0 where the syntax has none */
    int column;        /**< from 1, in characters; 0 where unknown */
    const char *field; /**< the event's field, or NULL */
    const char *value; /**< the offending text, masked if personal, cut; or NULL */
    const char *hint;  /**< what was expected, a constant or a code list's name; or NULL */
};

const char *rule_code(enum rule rule);

/** One sentence about the problem, "vi" or "en", into `text`; cut at `size`.  No personal data. */
void problem_write(const struct problem *problem, const char *language, char *text, size_t size);

#endif
