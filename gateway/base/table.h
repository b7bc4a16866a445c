/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include "base/fault.h"

#include <stddef.h>

/** One line of a delimited file: its cells, and where it stood. */
struct table_row {
    char **cells; /**< `count` texts, UTF-8, never NULL, blanks at both ends removed */
    size_t count;
    int line; /**< from 1 */
};

struct table {
    struct table_row *rows;
    size_t count;
    char *text; /**< what the cells point into */
};

/**
 * Loads a file of cells between `separator`s (',' with RFC 4180 quotes, or '\t' without any).
 * Empty lines and lines that begin with '#' are skipped.  Every row must have `columns` cells.
 * Faults name file, line and column.  The file may have up to 16 MiB.
 */
bool table_load(const char *path, char separator, size_t columns, struct table *table,
                struct fault *why) __attribute__((warn_unused_result));

void table_free(struct table *table);

#endif
