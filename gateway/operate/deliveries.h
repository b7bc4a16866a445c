/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_DELIVERIES_H
#define OPERATE_DELIVERIES_H

#include "base/fault.h"
#include "operate/aside.h"
#include "operate/guard.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/** What operators may do to deliveries and to those who get them; main() joins them to the courier,
 * whose header says what each promises.  Those that take a record put it with what they do, or
 * refuse, so that nobody else has to. */
struct deliveries_hooks {
    void *own;
    struct aside *aside;            /**< for tests, which may take long */
    json_t *(*partners)(void *own); /**< a list, which the caller owns */
    bool (*pause)(void *own, const char *partner, bool is_paused, const struct spool_record *record,
                  struct fault *why);
    json_t *(*test)(void *own, const char *partner, struct fault *why);
    bool (*release)(void *own, int64_t delivery, const struct spool_record *record,
                    struct fault *why);
    bool (*discard)(void *own, int64_t delivery, const struct spool_record *record,
                    struct fault *why);
    bool (*route)(void *own, int64_t delivery, const char *partner,
                  const struct spool_record *record, struct fault *why);
};

/**
 * Calls of the operators' API: GET /operate/v1/partners, POST /operate/v1/partners/ID/pause,
 * resume (404 for one to which nothing is delivered) and test, POST
 * /operate/v1/deliveries/d-NUMBER/retry and discard {"reason": "..."}.  The hooks are borrowed for
 * as long as the calls come.
 */
struct guard_table deliveries_table(struct deliveries_hooks *hooks);

#endif
