/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EVENT_REGISTRY_H
#define EVENT_REGISTRY_H

#include "base/config.h"
#include "base/fault.h"

#include <stddef.h>
#include <stdint.h>

/** A schema registry that speaks the Confluent REST API v1; the URL may have a path. */
struct registry_options {
    const char *url;
    const char *user; /**< HTTP Basic; NULL for none */
    const char *password;
    const char *ca_file; /**< PEM; NULL for the system's */
    int64_t timeout_ms;  /**< of one try */
    int tries;           /**< some registries never answer a call: each is tried this often */
    bool may_register;   /**< false: only look up what someone else registered */
};

/** A client of one registry, with its connection: one thread uses it at a time. */
struct registry;

struct registry *registry_open(const struct registry_options *options, struct fault *why)
    __attribute__((warn_unused_result));

/** The registry of a configuration, whose password is read from its file; `*registry` is NULL when
 * none is configured. */
bool registry_configured(const struct config *config, struct registry **registry, struct fault *why)
    __attribute__((warn_unused_result));

void registry_close(struct registry *registry);

/** From any thread, before a stop: a call under way ends within about a second, and later ones at
 * once, with FAULT_RETRY.  Accepts NULL. */
void registry_interrupt(struct registry *registry);

/**
 * The id of `text` under `subject`: looked up, and when absent checked for compatibility with the
 * latest version and registered.  FAULT_RETRY when the registry cannot be reached or answers 5xx or
 * garbage; FAULT_REFUSE when it says that the schema is invalid or incompatible (its message
 * follows) or that it is absent and may_register is false; FAULT_BROKEN on 401 and 403, where the
 * certificate or the URL is not the registry's, and on redirects.  Nobody's answer makes it wait
 * longer than `tries` times `timeout_ms` and short pauses between, for each of up to three calls.
 */
bool registry_id(struct registry *registry, const char *subject, const char *text, int32_t *id,
                 struct fault *why) __attribute__((warn_unused_result));

/** The text of a schema by id; the caller owns it. At most 1 MiB. */
char *registry_text(struct registry *registry, int32_t id, struct fault *why)
    __attribute__((warn_unused_result));

#endif
