/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_PAGE_H
#define OPERATE_PAGE_H

#include "operate/guard.h"
#include "spool/reader.h"

#include <jansson.h>

/** One page of a list, being filled.  Begins as page_begin makes it; ends with page_answer or
 * page_drop. */
struct page {
    struct http_request *request;
    enum http_language language;
    struct spool_reader *reader;
    json_t *items; /**< NULL: memory was out */
    size_t limit;
    int64_t next; /**< the cursor for more; 0: there is no more */
};

struct page page_begin(struct http_request *request, enum http_language language,
                       struct spool_reader *reader);
/** Adds an item, which it takes; false, which ends a reading, when memory is out. */
bool page_add(struct page *page, json_t *item);
/** Answers {"items": [...], "next": cursor or null}. */
void page_answer(struct page *page);
/** Answers with a fault. */
void page_fail(struct page *page, const struct fault *why);

#endif
