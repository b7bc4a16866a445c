/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_PAGES_H
#define SPOOL_PAGES_H

#include "spool/wal.h"

#include <stddef.h>

/**
 * The pages of a spool's file as its log leaves them, and the rows on them
 * (https://sqlite.org/fileformat2.html), read without SQLite, which gives nothing of a tree behind
 * a page that is damaged.  (The library of Debian 12 has no access to pages, and its program's
 * .recover needs that.)  Reads only, and never trusts what it reads.
 */
struct pages {
    int file;
    uint32_t size;   /**< of a page */
    uint32_t usable; /**< of it, without what is reserved at its end */
    uint32_t count;
    bool is_header_damaged;
    struct wal wal;
    uint8_t *uses;    /**< by page: enum page_use */
    uint8_t *chained; /**< a page of the chain at hand */
};

enum page_use {
    PAGE_UNKNOWN, /**< no tree has it */
    PAGE_READ,
    PAGE_FREE,
    PAGE_DAMAGED,
};

/** FAULT_REFUSE when the file cannot be opened.  `pages` is to be closed in any case. */
bool pages_open(struct pages *pages, const char *file, struct fault *why)
    __attribute__((warn_unused_result));
void pages_close(struct pages *pages);

/** Reads a page, from 1.  False when it is not there, or the disk does not give it. */
bool pages_read(const struct pages *pages, uint32_t page, uint8_t *to)
    __attribute__((warn_unused_result));

/** Marks what the list of free pages has, as far as that can be followed. */
void pages_mark_free(struct pages *pages);

/* The kinds of a tree's pages: the first byte behind the file's header. */
enum { TREE_INDEX = 2, TREE_TABLE = 5, LEAF_INDEX = 10, LEAF_TABLE = 13 };

/** A page of a tree in memory. */
struct leaf {
    const uint8_t *bytes;
    uint32_t start; /**< of its header: 100 on page 1 */
    int kind;       /**< one of the kinds, or 0: it is no such page */
    uint32_t cells;
    uint32_t right; /**< the last child; 0 on a leaf */
};
struct leaf leaf_of(const struct pages *pages, uint32_t page, const uint8_t *bytes);

enum { MOST_COLUMNS = 40 };

struct column {
    enum { COLUMN_NULL, COLUMN_NUMBER, COLUMN_REAL, COLUMN_TEXT, COLUMN_BYTES } kind;
    int64_t number; /**< the bits of a real one */
    const uint8_t *bytes;
    size_t size;
};

/** One cell: what is known of it says `found`. */
struct cell {
    enum {
        CELL_DAMAGED, /**< nothing but perhaps `child` */
        CELL_KEY,     /**< its number alone: what it holds cannot be read */
        CELL_CUT,     /**< its first columns: a further page is damaged */
        CELL_WHOLE,
    } found;
    uint32_t child; /**< on a page that is no leaf */
    int64_t number; /**< of a table's row */
    int count;
    struct column columns[MOST_COLUMNS];
    uint8_t *payload; /**< to be freed by cell_end */
};
/** Reads one cell, with what lies on further pages.  FAULT_BROKEN when memory is out. */
bool cell_read(struct pages *pages, const struct leaf *leaf, uint32_t index, struct cell *cell,
               struct fault *why) __attribute__((warn_unused_result));
void cell_end(struct cell *cell);

#endif
