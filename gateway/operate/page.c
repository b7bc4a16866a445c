/* SPDX-License-Identifier: Apache-2.0 */
/* Lists with a cursor. */
#include "operate/page.h"

#include "operate/answer.h"

struct page page_begin(struct http_request *request, enum http_language language,
                       struct spool_reader *reader)
{
    return (struct page){
        .request = request, .language = language, .reader = reader, .items = json_array()};
}

bool page_add(struct page *page, json_t *item)
{
    if (page->items && item && json_array_append_new(page->items, item) == 0)
        return true;
    json_decref(page->items);
    page->items = NULL;
    return false;
}

void page_answer(struct page *page)
{
    json_t *next = page->next ? json_integer(page->next) : json_null();
    operate_answer(page->request,
                   page->items ? json_pack("{so so}", "items", page->items, "next", next) : NULL);
    page->items = NULL;
}

void page_fail(struct page *page, const struct fault *why)
{
    json_decref(page->items);
    page->items = NULL;
    operate_fault(page->request, why);
}
