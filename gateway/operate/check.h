/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_CHECK_H
#define OPERATE_CHECK_H

#include "http/server.h"
#include "operate/lockout.h"
#include "operate/operators.h"
#include "operate/session.h"
#include "spool/audit.h"

/** Puts an act on record, and waits until it is. */
typedef bool (*operate_record)(void *own, const struct spool_record *record, struct fault *why);

struct checker_options {
    struct operators_place *place;
    struct lockout_options lockout;
    operate_record record; /**< may be NULL */
    void *own;
};

/**
 * Checks passwords on a thread of its own, one at a time, since each takes as long as a thousand
 * calls: those who serve connections go on.  Each check counts for the lock-out and is on record
 * before it is answered; a name that nobody has takes the same time as a wrong password.
 */
struct checker;

struct checker *checker_open(const struct checker_options *options, struct fault *why)
    __attribute__((warn_unused_result));
/** Answers what waits and takes nothing any more.  Accepts NULL, as the next. */
void checker_stop(struct checker *checker);
void checker_free(struct checker *checker);

enum check_fate {
    CHECK_GOOD,
    CHECK_WRONG,  /**< the name or the password, or the user is disabled */
    CHECK_LOCKED, /**< too many were wrong: `wait_ms` says until when */
    CHECK_FAILED, /**< it could not be put on record: `why` */
};

struct check_answer {
    enum check_fate fate;
    struct session_owner owner; /**< of a good one */
    int64_t wait_ms;
    struct fault why;
};

struct check_wish {
    const char *user, *password, *address;
    const char *how; /**< for the record: "password", "script" */
};

struct check;

/**
 * Suspends the request and resumes it when the answer is there.  The caller releases the check when
 * the request is over.  NULL with FAULT_RETRY when too many wait or it has stopped: the request is
 * suspended all the same and has to be answered.
 */
struct check *checker_ask(struct checker *checker, struct http_request *request,
                          const struct check_wish *wish, struct fault *why)
    __attribute__((warn_unused_result));
/** After the request was resumed. */
const struct check_answer *check_answered(const struct check *check);
void check_release(struct check *check);

#endif
