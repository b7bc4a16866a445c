/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_SESSION_H
#define OPERATE_SESSION_H

#include "base/digest.h"
#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SESSION_ID_SIZE = SHA256_HEX_SIZE, /**< 256 random bits in hex, and a NUL */
    SESSION_NAME_SIZE = 17,
    SESSION_USER_SIZE = 128,
    SESSION_TITLE_SIZE = 256,
    SESSION_ROLES_SIZE = 512,
};

/** Who a session is of.  Texts are whole: longer ones are refused when it is opened. */
struct session_owner {
    char user[SESSION_USER_SIZE];   /**< of operators.yaml; of OpenID Connect its subject */
    char title[SESSION_TITLE_SIZE]; /**< as people know them */
    bool is_foreign;                /**< signed in by OpenID Connect */
    char roles[SESSION_ROLES_SIZE]; /**< of a foreign one: the names of those of its roles that were
                                         known here at its login, one NUL after each and one more */
    uint8_t password[SHA256_SIZE];  /**< SHA-256 of the hash by which they signed in */
};

/** A session as it is found. */
struct session {
    struct session_owner owner;
    char name[SESSION_NAME_SIZE]; /**< names it to others; no secret */
    char csrf[SESSION_ID_SIZE];
    bool is_script; /**< kept for one who sends the password with each call: no csrf is asked */
};

struct sessions_options {
    size_t most;         /**< of all; the one unused for longest ends for a new one */
    size_t most_of_user; /**< the same among those of one user, of here or foreign */
    int64_t session_ms;  /**< from its login */
    int64_t idle_ms;     /**< from its last call */
};

/**
 * Who is signed in.  Ids are kept as their SHA-256 alone and in memory alone: a restart ends all.
 * Times are clock_ticks_ms.
 */
struct sessions;

struct sessions *sessions_new(const struct sessions_options *options, struct fault *why)
    __attribute__((warn_unused_result));
void sessions_free(struct sessions *sessions);

/** A new session under a new id, which is given once and nowhere kept. */
void session_open(struct sessions *sessions, const struct session_owner *owner, int64_t now,
                  char id[SESSION_ID_SIZE], struct session *session);

/** A session for a script under an id that follows from its password; see session_script_id. */
void session_open_script(struct sessions *sessions, const struct session_owner *owner,
                         const char *id, int64_t now, struct session *session);
/** The id under which a script's session is found again: by a key that lives in this process. */
void session_script_id(const struct sessions *sessions, const char *user, const char *password,
                       char id[SESSION_ID_SIZE]);

/** False when there is none or its time is over.  `is_use`: somebody is there, so that its idle
 * time begins anew; a page that asks by itself is no use. */
bool session_find(struct sessions *sessions, const char *id, bool is_use, int64_t now,
                  struct session *session);

/** Ends it, if it is there. */
void session_end(struct sessions *sessions, const char *id);

size_t sessions_count(struct sessions *sessions, int64_t now);

#endif
