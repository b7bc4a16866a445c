/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARTS_DELIVERY_H
#define PARTS_DELIVERY_H

#include "parts.h"

/* The parts of delivery, for the table of parts.c: what they start, and how they are stopped. */

bool start_files(struct daemon *daemon, struct fault *why) __attribute__((warn_unused_result));
void stop_files(struct daemon *daemon);

/** Kafka's events into deliveries: the subscriber, and what routes for it. */
bool start_subscriber(struct daemon *daemon, struct fault *why) __attribute__((warn_unused_result));
void stop_subscriber(struct daemon *daemon);

bool start_courier(struct daemon *daemon, struct fault *why) __attribute__((warn_unused_result));
void stop_courier(struct daemon *daemon);
/** What operators may ask of it. */
struct deliveries_hooks deliveries_hooks_of(const struct daemon *daemon);

/** Partners' mailboxes, from which documents go to ingest. */
bool start_collector(struct daemon *daemon, struct fault *why) __attribute__((warn_unused_result));
void stop_collector(struct daemon *daemon);

bool start_mailbox(struct daemon *daemon, struct fault *why) __attribute__((warn_unused_result));
void stop_mailbox(struct daemon *daemon);

/** {"state", "why", "lag"} of the subscriber; the caller owns it. */
json_t *describe_subscriber(const struct daemon *daemon);

/** The spool's number of the schema that a topic's records have. */
bool number_schema(struct daemon *daemon, const char *topic, const struct schema *schema,
                   int32_t *number, struct fault *why) __attribute__((warn_unused_result));

#endif
