/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_OPENING_H
#define BASE_OPENING_H

#include <stdbool.h>
#include <stddef.h>

/** How many bytes a byte order mark takes at the start, which some systems write before their
 * UTF-8 (RFC 8259, section 8.1, lets a JSON reader pass over it; XML 1.0, appendix F, has it): 3 or
 * 0. */
size_t opening_mark(const char *bytes, size_t size);

/** Where the first byte is that is no blank, behind a mark; `size` when there is none.  Blanks are
 * those of XML and of JSON: space, tab, CR, LF. */
size_t opening_first(const char *bytes, size_t size);

/** Whether a document begins with "<" there: then it is XML, and nothing else is.  Whoever judges
 * a document by its kind asks here, so that all judge the same. */
bool opening_is_xml(const char *bytes, size_t size);

#endif
