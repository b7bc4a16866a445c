/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include "base/fault.h"
#include "http/server.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <time.h>

/**
 * What a server shows in a TLS handshake, and whom it trusts.  The files are read again by
 * tls_reload: handshakes after it use the new ones, connections that are open go on.  Shared by all
 * threads of the server.
 */
struct tls;

/** Reads the files that `options` names.  FAULT_REFUSE names the one that cannot be used. */
struct tls *tls_open(const struct http_options *options, struct fault *why)
    __attribute__((warn_unused_result));
void tls_close(struct tls *tls);
/** On a fault what was read before stays in force. */
bool tls_reload(struct tls *tls, struct fault *why) __attribute__((warn_unused_result));

/** Gives the session the certificate in force, and asks the client for its own where client_ca is
 * set.  The chain and the key stay the tls's.  0, or a negative code of GnuTLS. */
int tls_show(struct tls *tls, gnutls_session_t session, gnutls_pcert_st **chain, unsigned *size,
             gnutls_privkey_t *key);

/** Changes with every reload: what tls_judge said before may not hold any more. */
unsigned tls_generation(struct tls *tls);

/** Whose certificate the client showed, and whether an authority that is trusted now vouches for
 * it now.  Returns the last second in which that holds: a certificate or a list ends then. */
time_t tls_judge(struct tls *tls, gnutls_session_t session, struct http_certificate *certificate);

#endif
