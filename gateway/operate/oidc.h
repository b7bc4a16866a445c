/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_OIDC_H
#define OPERATE_OIDC_H

#include "operate/access.h"
#include "operate/guard.h"

struct oidc_options {
    const char *issuer; /**< as https://id.example.test */
    const char *client_id;
    const char *client_secret_file; /**< NULL: a public client */
    const char *public_url;         /**< of ourselves, as browsers know it */
    const char *role_claim;         /**< the claim that lists roles */
    const char *ca_file;            /**< PEM; NULL: the system's */
    struct access *access;
};

/**
 * Signing in with an OpenID Connect provider: authorization code flow with PKCE, state and nonce.
 * GET /operate/v1/oidc/login sends the browser there, and GET /operate/v1/oidc/callback takes it
 * back and opens a session of "oidc:SUBJECT", with the rights of the roles that the ID token names.
 * Nothing is kept between the two but in the browser.  A subject that is a disabled user of
 * operators.yaml is refused.
 *
 * The provider is asked on a thread of its own, first when somebody signs in; what it said of
 * itself is kept for an hour.
 */
struct oidc;

/** FAULT_REFUSE when the secret cannot be read. */
struct oidc *oidc_open(const struct oidc_options *options, struct fault *why)
    __attribute__((warn_unused_result));
/** As access_stop and access_free. */
void oidc_stop(struct oidc *oidc);
void oidc_free(struct oidc *oidc);

/** The calls above. */
struct guard_table oidc_table(struct oidc *oidc);

#endif
