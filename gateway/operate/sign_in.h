/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_SIGN_IN_H
#define OPERATE_SIGN_IN_H

#include "operate/access.h"
#include "operate/guard.h"

/**
 * POST /operate/v1/login {"user", "password"} answers 200 {"user", "title", "rights", "csrf"} and
 * the session's cookie; 401, or 429 while locked out.  POST logout ends the session; GET me says
 * who one is: what login answers.  GET login says how one may sign in: {"password", "oidc"}.
 */
struct guard_table sign_in_table(struct access *access);

/** {"user", "title", "rights", "csrf"}; the caller owns it, NULL: memory is out. */
json_t *sign_in_describe(const char *user, const char *title, right_set rights, const char *csrf);

#endif
