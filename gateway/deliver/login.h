/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_LOGIN_H
#define DELIVER_LOGIN_H

#include "adapt/service.h"

#include <stdbool.h>
#include <stdint.h>

/** The session or token that a partner's system gave us. */
struct login {
    char *token;           /**< NULL: none yet, or none that is good */
    int64_t expires_at_ms; /**< clock_ticks_ms; INT64_MAX when its life is not told */
    int64_t generation;    /**< counts tokens, so that an old one's end does not end a new one */
};

/** Whether this kind of authentication needs one. */
bool login_is_needed(const struct service_auth *auth);

/** Whether the token can be used at `now_ms`. */
bool login_is_good(const struct login *login, int64_t now_ms);

/**
 * Takes the token out of the answer to the login call.  FAULT_RETRY when the answer is none
 * (5xx, 408, 429); FAULT_REFUSE when it says no: another status, a required member that is not so,
 * no token.  Nothing of the answer gets into `why`.
 */
bool login_take(struct login *login, const struct service_auth *auth,
                const struct service_answer *answer, int64_t now_ms, struct fault *why)
    __attribute__((warn_unused_result));

/** The token of that generation is not good any more; one that came since stays. */
void login_drop(struct login *login, int64_t generation);
void login_free(struct login *login);

#endif
