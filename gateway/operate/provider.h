/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_PROVIDER_H
#define OPERATE_PROVIDER_H

#include "base/fault.h"

#include <jansson.h>

struct provider_options {
    const char *issuer, *client_id;
    const char *client_secret; /**< NULL: a public client */
    const char *redirect_url;
    const char *ca_file;
};

/** What a login hands to the provider, and gets back. */
struct provider_login {
    const char *state, *nonce, *verifier;
};

/**
 * An OpenID Connect provider as its discovery document describes it.  For one thread alone: its
 * calls ask the provider and wait.
 */
struct provider;
struct provider *provider_new(const struct provider_options *options, struct fault *why)
    __attribute__((warn_unused_result));
void provider_free(struct provider *provider);

/** The address to which a browser goes to sign in; the caller owns it. */
char *provider_address(struct provider *provider, const struct provider_login *login,
                       struct fault *why) __attribute__((warn_unused_result));

/** Gives the code for an ID token and checks it; its claims, which the caller owns. */
json_t *provider_redeem(struct provider *provider, const char *code,
                        const struct provider_login *login, struct fault *why)
    __attribute__((warn_unused_result));

#endif
