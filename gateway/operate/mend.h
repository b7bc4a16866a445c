/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_MEND_H
#define OPERATE_MEND_H

#include "adapt/diff.h"
#include "api/found.h"
#include "directory/directory.h"
#include "files/store.h"
#include "http/problem.h"

/** What reading a dead entry's document anew takes; all is kept by the caller. */
struct mender {
    const struct adapters *adapters;
    const struct schema *schema; /**< of the events */
    int32_t schema_no;           /**< its number in the spool */
    struct directory_place *place;
    struct file_store *files; /**< or NULL */
};

/** A document that is to take the place of an entry's. */
struct mend_wish {
    const struct found *found;
    const char *bytes;
    size_t size;
    enum http_language language; /**< of the problems' sentences */
    enum render_mask mask;       /**< how its event may be shown */
    bool is_bare; /**< nothing of it is to be shown: `essence` and `event` stay empty */
};

/** What came out.  Pointers of `item` are into this. */
struct mended {
    bool is_good;     /**< nothing is wrong with it: `item` can be applied */
    bool is_silent;   /**< it is good, and says nothing that is published */
    json_t *problems; /**< as refusal_problems lists them; those of the entry's item alone */
    struct diff_render essence; /**< what the document says, also of a bad one: for comparing */
    json_t *event; /**< the whole event as it may be shown; NULL when it is not good, or bare */
    struct spool_item item;
    char *texts;
    char *datum;
    uint8_t (*files)[SHA256_SIZE];
    size_t file_count;
    uint8_t (*carried)[SHA256_SIZE]; /**< files that the document itself refers to */
    size_t carried_count;
};

/**
 * Reads a document as the gateway would if the entry's sender handed it over today: by its adapters
 * of today, its agencies and those of the directory of today, everything that is asked of a
 * handoff; the arrival is the entry's.  Nothing is stored.  FAULT_REFUSE when the sender is in the
 * directory no more or has no adapter for it.  The caller ends it with mended_free.
 */
bool mend_read(const struct mender *mender, struct station *station, const struct mend_wish *wish,
               struct mended *mended, struct fault *why) __attribute__((warn_unused_result));
void mended_free(struct mended *mended);

/** Whether an entry waits for a person because no event came of its document. */
bool mend_is_needed(const struct found *found);

/** The adapter that an entry was read by, or the sender's first for its media type; NULL when there
 * is none any more. */
const struct adapter *mend_adapter(const struct mender *mender, const struct found *found);

#endif
