/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_REPAIR_H
#define OPERATE_REPAIR_H

#include "directory/directory.h"
#include "operate/guard.h"
#include "operate/mend.h"
#include "spool/spool.h"

struct repair_options {
    const struct adapters *adapters;
    const struct schema *schema; /**< of the events */
    struct directory_place *place;
    struct spool *spool;
    const char *spool_file;
    const char *topic_prefix; /**< the schema's subject is named after the topic */
    struct file_store *files; /**< or NULL */
    int64_t unmask_minutes;
    bool edits_need_approval; /**< where a partner's `approval` says nothing else */
};

/**
 * One entry of the spool for operators: its story, its documents, and all that mends it.  Calls
 * below /operate/v1/entries/{receipt}: GET, GET document, POST unmask, POST validate, POST
 * revisions, GET revisions/{no}, POST revisions/{no}/approve, withdraw and apply, POST release and
 * discard.  docs/operate.md says what each takes and gives.
 */
struct repair;

/** All pointers are kept until repair_close. */
struct repair *repair_open(const struct repair_options *options, struct fault *why)
    __attribute__((warn_unused_result));
/** After the servers are closed.  Accepts NULL. */
void repair_close(struct repair *repair);

struct guard_table repair_table(struct repair *repair);

/** For those who mend many: reads documents as this does.  The repair's own. */
const struct mender *repair_mender(const struct repair *repair);
/** Whether what somebody edited for this partner needs another's approval; by today's directory. */
bool repair_needs_approval(const struct repair *repair, const char *partner);

#endif
