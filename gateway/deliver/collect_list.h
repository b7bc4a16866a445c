/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_COLLECT_LIST_H
#define DELIVER_COLLECT_LIST_H

#include "adapt/service.h"

/** One letter that a mailbox lists; texts are borrowed from the list. */
struct listed {
    const char *id;
    const char *document; /**< NULL: it has to be fetched */
};

enum { LETTER_LIST_MOST = 1000 };

/** The letters of a list's answer that wait, in its order; the first LETTER_LIST_MOST of them.  The
 * caller frees it. */
struct letter_list;
struct letter_list *letter_list_read(const struct service_call *call,
                                     const struct service_answer *answer, struct fault *why)
    __attribute__((warn_unused_result));
void letter_list_free(struct letter_list *list);
size_t letter_list_count(const struct letter_list *list);
/** How many more wait that have no id, by which they could be asked for. */
size_t letter_list_nameless(const struct letter_list *list);
/** Whether the answer has an array of letters, be it empty. */
bool letter_list_has_items(const struct letter_list *list);
struct listed letter_list_at(const struct letter_list *list, size_t index);

/**
 * The document of a fetch's answer, or of a text in a list: decoded where it stands as base64.
 * `text` NULL: looked for in the answer; one that is no JSON, or has nothing there and begins as
 * XML does, is the document itself.  The caller owns the bytes.
 */
char *letter_document(const struct service_call *call, const struct service_answer *answer,
                      const char *text, size_t *size, struct fault *why)
    __attribute__((warn_unused_result));

#endif
