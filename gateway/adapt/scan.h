/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_SCAN_H
#define ADAPT_SCAN_H

#include "adapt/adapter.h"
#include "adapt/places.h"

/** What a piece of a document is. */
enum scan_kind {
    SCAN_STRUCTURE, /**< marks and blanks of the syntax */
    SCAN_NAME,      /**< of an element, an attribute, a member */
    SCAN_TEXT,      /**< a text between tags, or in quotation marks: its place says whose */
    SCAN_WORD,      /**< a number, a truth value, null */
    SCAN_ASIDE,     /**< a comment, CDATA, an instruction, or what cannot be told */
};

struct scan_piece {
    enum scan_kind kind;
    const char *bytes;
    size_t size;
    const struct place *place; /**< of SCAN_TEXT and SCAN_WORD; NULL: unknown */
    bool is_whole;             /**< of SCAN_TEXT: it is all that its place says */
};

/**
 * A walk over a document of either syntax that needs no tree and takes any bytes: in memory that
 * does not grow with them, in time that grows with nothing else.  Every byte is in one piece, and
 * the pieces come in order.
 */
struct scan {
    const struct adapter *adapter; /**< for the names of XML; NULL knows no place */
    const struct place *root;      /**< or NULL */
    void (*each)(void *own, const struct scan_piece *piece);
    void *own;
};

/**
 * True when the places can be trusted: what is opened is closed, and nothing stands where it may
 * not.  Of a document that is not so, places after the first fault are unknown, and those before it
 * may be wrong.
 */
bool scan_xml(const struct scan *scan, const char *bytes, size_t size);
bool scan_json(const struct scan *scan, const char *bytes, size_t size);
/** By the adapter's syntax, or by the first character where there is no adapter. */
bool scan_document(const struct scan *scan, const char *bytes, size_t size);

/** Whether any byte of the text has to be undone before it is what it says: `&` or `\`. */
bool scan_is_escaped(const char *bytes, size_t size);

#endif
