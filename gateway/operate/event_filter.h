/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_EVENT_FILTER_H
#define OPERATE_EVENT_FILTER_H

#include "directory/directory.h"
#include "event/registry.h"
#include "event/schema.h"

/** Which events of a topic are meant. */
struct event_filter_options {
    const struct schema *schema; /**< our own */
    int32_t schema_no;           /**< its number in the spool, which knows the ones before it */
    const char *spool_file;
    struct registry *registry; /**< for schemas of others; or NULL */
    struct directory_place *place;
    const char *partner; /**< who sent it; NULL: anybody */
    const char *agency;  /**< one that it names, or one above that; NULL: any */
};

/** Reads records of the events' topic, framing and all, to tell which are meant.  One thread's. */
struct event_filter;

/** Keeps what the options point to but the two texts. */
struct event_filter *event_filter_new(const struct event_filter_options *options, struct fault *why)
    __attribute__((warn_unused_result));
void event_filter_free(struct event_filter *filter);

/** What cannot be read is not meant.  FAULT_RETRY while the registry is out of reach. */
bool event_filter_wants(struct event_filter *filter, const void *bytes, size_t size, bool *wants,
                        struct fault *why) __attribute__((warn_unused_result));

#endif
