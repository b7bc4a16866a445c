/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_ACCESS_H
#define OPERATE_ACCESS_H

#include "operate/check.h"
#include "operate/right.h"

struct access_options {
    struct operators_place *place;
    int64_t session_minutes, idle_minutes;
    int64_t lock_after, lock_minutes;
    bool secure_cookie;
    bool has_provider;     /**< an OpenID Connect provider signs people in too */
    operate_record record; /**< may be NULL */
    void *own;
};

/**
 * Who is calling over TCP: users of operators.yaml and of an OpenID Connect provider, by a session
 * (cookie lt_session) or, for scripts, by `Authorization: Basic`.
 */
struct access;

struct access *access_open(const struct access_options *options, struct fault *why)
    __attribute__((warn_unused_result));
/** Answers whoever waits for a check, so that the servers can close; nobody may ask any more. */
void access_stop(struct access *access);
/** When the servers are closed. */
void access_free(struct access *access);

enum access_fate {
    ACCESS_KNOWN,
    ACCESS_UNKNOWN,
    ACCESS_ASK, /**< a password came along that was not checked yet: access_ask */
};

/** Whose the request is, and what they may by today's roles: a user who was removed, disabled or
 * given another password, or a provider's whose roles are all gone, is unknown from the next call
 * on. */
enum access_fate access_identify(struct access *access, const struct http_request *request,
                                 struct session *session, right_set *rights);

/** Has the password that came along checked: as checker_ask. */
struct check *access_ask(struct access *access, struct http_request *request, const char *address,
                         struct fault *why) __attribute__((warn_unused_result));
/** After a good check: spares the next call of the same password its check. */
void access_admit_script(struct access *access, const struct http_request *request,
                         const struct session_owner *owner, struct session *session,
                         right_set *rights);

/** Whether people may also sign in with an OpenID Connect provider. */
bool access_has_provider(const struct access *access);

/** Has a user's password checked, for a login. */
struct check *access_ask_login(struct access *access, struct http_request *request,
                               const struct check_wish *wish, struct fault *why)
    __attribute__((warn_unused_result));
/** A new session, its cookie on the answer; one that the request came with ends. */
void access_sign_in(struct access *access, struct http_request *request,
                    const struct session_owner *owner, struct session *session, right_set *rights);
/** Ends the request's session and takes its cookie away. */
void access_sign_out(struct access *access, struct http_request *request);

/** Whether a role of a provider's has rights here. */
bool access_knows_role(struct access *access, const char *role);
/** Whether a user of operators.yaml is disabled. */
bool access_is_disabled(struct access *access, const char *user);

/** Answers what a check that was not good is answered. */
void access_refuse(struct http_request *request, const struct check_answer *answer);

/** Puts something on record for whoever signs in or out; false: it could not be. */
bool access_record(const struct access *access, const struct spool_record *record,
                   struct fault *why) __attribute__((warn_unused_result));

/** Finds a cookie of the request; false when it is not there, empty, or does not fit. */
bool access_cookie(const struct http_request *request, const char *name, size_t size, char *value);
/** Adds a cookie to the answer; NULL takes it away.  `attributes` as "Path=/; SameSite=Strict". */
void access_set_cookie(const struct access *access, struct http_request *request, const char *name,
                       const char *value, const char *attributes);

#endif
