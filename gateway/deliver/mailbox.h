/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_MAILBOX_H
#define DELIVER_MAILBOX_H

#include "adapt/adapter.h"
#include "directory/directory.h"
#include "files/store.h"
#include "http/server.h"
#include "spool/delivery.h"

/** What the mailbox works with; all pointers are kept until mailbox_close. */
struct mailbox_options {
    const struct adapters *adapters;
    const struct schema *schema;  /**< of the events */
    const struct schema *receipt; /**< of lienthong.deliveries */
    const struct schema *dead_letter;
    struct directory_place *place;
    struct spool *spool;
    const char *spool_file;
    const char *topic_prefix; /**< "lienthong."; the schemas' subjects are named after the topics */
    struct file_store *files; /**< NULL: documents are without files */
    const char *public_url;   /**< under which partners reach /v1/files; NULL: files go inline */
    int64_t link_hours;       /**< for which the address of a file holds */
    int64_t redeliver_ms;     /**< how long what was handed out stays away until it comes again */
    int64_t held_bytes;       /**< at most, of all answers that are not sent yet.  A document takes
                                   twice its size: what has no room alone is dead */
};

/**
 * The mailbox of partners with `deliver.by: mailbox`, who need no address of their own:
 *
 *     GET  /v1/inbox?wait=30&max=10   what waits, in the partner's format
 *     POST /v1/inbox/{id}/accept      it is theirs now
 *     POST /v1/inbox/{id}/refuse      it goes back, with a reason
 *
 * Only the heads of lanes wait, so what is handed out is in the order of each dossier.  A letter
 * that was handed out is durably put off by `redeliver_ms` before its document is sent: it comes
 * again until it is answered, after a restart too, and two clients of one partner share the work.
 * docs/http.md tells it to partners.
 */
struct mailbox;

struct mailbox *mailbox_open(const struct mailbox_options *options, struct fault *why)
    __attribute__((warn_unused_result));
/** Before http_drain: nobody waits for letters any more. */
void mailbox_hush(struct mailbox *mailbox);
/** After http_close of the server that has its routes, and before spool_close.  Accepts NULL. */
void mailbox_close(struct mailbox *mailbox);

/** For a table of http_options, whose `own` is the mailbox. */
const struct http_route *mailbox_routes(void);

#endif
