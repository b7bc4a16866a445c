/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_FINDING_H
#define DELIVER_FINDING_H

#include "deliver/route.h"

/** Why nobody is found. */
enum miss {
    MISS_NONE,
    MISS_MISSING, /**< there is no code */
    MISS_MALFORMED,
    MISS_UNKNOWN,
    MISS_NOT_YET, /**< its time begins later */
    MISS_CLOSED,  /**< and no successor is there on that day */
    MISS_NOBODY,  /**< an agency, but no partner speaks for it */
};

/** Who gets what is for one code on one day. */
struct finding {
    const char *code; /**< borrowed; NULL with MISS_MISSING */
    int32_t day;
    enum miss miss;
    const struct agency *named;    /**< what the code named last, up to that day */
    const struct agency *agency;   /**< who answers for it: itself or a successor */
    const struct agency *seat;     /**< by whose code the partner is found */
    const struct partner *partner; /**< NULL unless MISS_NONE */
};

struct finding finding_of(const struct directory *directory, const char *code, int32_t day);

/** A line in two languages, cut at whole characters. */
struct finding_text {
    char *english;    /**< of ROUTE_TEXT_SIZE */
    char *vietnamese; /**< the same */
};

/** What led to an agency, in both languages: "handed over to". */
struct finding_role {
    const char *english;
    const char *vietnamese;
};

/** "ROLE H09.40 (NAME) on DAY", with its successor and the seat where those are others.  Needs an
 * agency. */
void finding_tell(const struct finding *finding, const struct finding_role *role,
                  const struct finding_text *text);
/** Why nobody is found, and what can be done about it. */
void finding_tell_miss(const struct finding *finding, const struct finding_text *text);
/** The cause of an unroutable handoff, or of an unroutable return of one; a constant. */
const char *finding_cause(enum miss miss, bool is_return);

/** Writes one of the two texts. */
void finding_format(char text[ROUTE_TEXT_SIZE], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
