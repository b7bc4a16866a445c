/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_INLINE_H
#define FILES_INLINE_H

#include "base/utf8.h"
#include "files/store.h"

/**
 * Files that a document carries as base64 are moved to the store before anybody parses it.  In
 * their place stands a reference:
 *
 *     lienthong-file:SHA256HEX:SIZE:MARK
 *     lienthong-file:SHA256HEX:SIZE:SHAPE:MARK      where the base64 was wrapped or escaped
 *
 * MARK proves (files/proof.h) that the gateway put it into a document of this partner.  It does not
 * depend on the rest of the document, since an item that is sent again among others must stay the
 * same item.  A document in which the words `lienthong-file:` stand when it is received is left as
 * it is: so every reference in a shortened document is the gateway's.
 */

/** A file that stood in a document. */
struct inline_file {
    uint8_t sha256[SHA256_SIZE];
    int64_t size;
    bool may_be_document; /**< it begins as XML or JSON does; known of what inline_move moves */
};

/** Where the text goes on behind a file, in the shortened document and in what came. */
struct inline_cut {
    struct utf8_spot now, then;
};

/** Those of one document, each once; held in the store until inline_free. */
struct inline_files {
    struct file_store *store;
    struct inline_file *items;
    size_t count;
    struct inline_cut *cuts; /**< in their order; a file may have stood in several places */
    size_t cut_count;
};

/** So many files are moved out of one document; more of them stay where they are. */
enum { INLINE_FILES = 256 };

struct inline_work {
    struct file_store *store;
    int64_t above_bytes; /**< decoded; what is not larger stays in the document */
    const char *partner; /**< that sent it */
    /** Notes that the file is about to be there; NULL notes nothing. */
    bool (*note)(void *own, const struct inline_file *file, struct fault *why);
    void *own;
};

/** Whether a document has anything to move; looks at it once. */
bool inline_has(const char *bytes, size_t size, int64_t above_bytes);

/**
 * Moves the files to the store, which it waits for, and shortens the document in place.  What is
 * not good base64, not evenly wrapped or larger than the store takes stays as it is.  False when
 * the store fails; the bytes are then of no more use.
 */
bool inline_move(const struct inline_work *work, char *bytes, size_t *size,
                 struct inline_files *files, struct fault *why) __attribute__((warn_unused_result));
void inline_free(struct inline_files *files);

/** Makes of a place in the shortened document the one that it had in what came; column 0 where only
 * the line is known, which is then taken for one before the files of that line. */
void inline_place(const struct inline_files *files, int *line, int *column);

/** Whether a text, blanks around it aside, is a reference that was put into a document of this
 * partner here. */
bool inline_read(const uint8_t key[FILE_KEY_SIZE], const char *partner, const char *text,
                 size_t size, struct inline_file *file);
/** The same, and whether the file is one of these. */
bool inline_find(const struct inline_files *files, const char *partner, const char *text,
                 size_t size, struct inline_file *file);

/** A document without the files that came in it. */
struct inline_shortened {
    struct file_store *store;
    const char *partner;
    const char *bytes;
    size_t size;
};

/**
 * The document as it was received, put together from its shortened form and the store: in memory
 * that the caller owns.  NULL with FAULT_REFUSE when a file is not there any more or the whole is
 * over `limit`.
 */
char *inline_restore(const struct inline_shortened *shortened, size_t limit, size_t *restored,
                     struct fault *why) __attribute__((warn_unused_result));

#endif
