/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_CONTRADICTION_H
#define SPOOL_CONTRADICTION_H

/** One kind of contradiction, and how to count the rows that have it. */
struct contradiction {
    const char *what;
    const char *sql;
};
extern const struct contradiction contradictions[]; /**< ends with a NULL */

#endif
