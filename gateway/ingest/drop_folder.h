/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INGEST_DROP_FOLDER_H
#define INGEST_DROP_FOLDER_H

#include "base/fault.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** One partner's folder, and the two in it where its files end. */
struct drop_folder {
    const char *path; /**< borrowed */
    int inbox, done, failed;
    size_t overlong; /**< files that the list passed over: no name beside theirs would fit */
};

/** FAULT_RETRY when it is not there or not ours to write in; makes done and failed. */
bool drop_folder_open(const char *path, struct drop_folder *folder, struct fault *why)
    __attribute__((warn_unused_result));
void drop_folder_close(struct drop_folder *folder);

/** Bytes of a name, so that NAME.problems.json with a time fits beside it, with a dot in front
 * while it is written. */
enum { DROP_NAME_MOST = NAME_MAX - (sizeof "..4102444800000.problems.json" - 1) };

/** A file that waits, and which one it is: its sender may give another the name at any time. */
struct dropped {
    char *name;
    int64_t written_ns; /**< when it was last written */
    uint64_t device, number;
    int64_t size;
};

/** The oldest files that wait, oldest first, by time and then by name: at most `limit`.  The caller
 * owns the list and frees it with drop_list_free. */
struct dropped *drop_folder_list(struct drop_folder *folder, size_t limit, size_t *count,
                                 struct fault *why) __attribute__((warn_unused_result));
void drop_list_free(struct dropped *list, size_t count);

/** Reads a file; the caller owns the bytes.  FAULT_REFUSE when it is over `limit` or no regular
 * file, FAULT_RETRY when it cannot be read, or its name is another's by now. */
char *drop_folder_read(const struct drop_folder *folder, const struct dropped *file, int64_t limit,
                       size_t *size, struct fault *why) __attribute__((warn_unused_result));

/** The detached signature in NAME.jws, without blanks at its end, which the caller owns; NULL
 * without a fault kind when there is none.  FAULT_REFUSE when it is over the limit. */
char *drop_folder_signature(const struct drop_folder *folder, const char *name, size_t limit,
                            struct fault *why) __attribute__((warn_unused_result));

/** Puts NAME + `suffix` with the text into done or failed, then moves the file there, and
 * NAME.jws where that is; where such a name is there already, all get the time too.  Another file
 * that has the name by now stays and waits. */
bool drop_folder_end(const struct drop_folder *folder, bool is_done, const struct dropped *file,
                     const char *suffix, const char *text, struct fault *why)
    __attribute__((warn_unused_result));

/** Removes what was put into done before that moment. */
void drop_folder_prune(const struct drop_folder *folder, int64_t before_ms);

#endif
