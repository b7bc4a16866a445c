/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARTS_H
#define PARTS_H

#include "adapt/adapter.h"
#include "base/config.h"
#include "base/keyring.h"
#include "base/stop.h"
#include "deliver/collect.h"
#include "deliver/courier.h"
#include "deliver/dispatch.h"
#include "deliver/mailbox.h"
#include "directory/directory.h"
#include "event/registry.h"
#include "event/schema.h"
#include "files/filer.h"
#include "files/store.h"
#include "http/server.h"
#include "ingest/drop.h"
#include "ingest/ingest.h"
#include "kafka/embedded.h"
#include "kafka/publisher.h"
#include "kafka/subscriber.h"
#include "operate/access.h"
#include "operate/admin.h"
#include "operate/deliveries.h"
#include "operate/file_keeper.h"
#include "operate/guard.h"
#include "operate/job_calls.h"
#include "operate/job_runner.h"
#include "operate/oidc.h"
#include "operate/operators.h"
#include "operate/repair.h"
#include "operate/server.h"
#include "operate/views.h"
#include "spool/spool.h"

#include <pthread.h>

/* Everything that runs.  A member is NULL until its part has started. */
struct daemon {
    const struct config *config;
    const char *config_path;
    struct schema *event_schema;
    struct schema *dead_letter_schema;
    struct schema *receipt_schema;
    struct schema *audit_schema;
    struct adapters *adapters;
    struct directory_place *place;
    bool is_confined;        /* the kernel holds us to what start_confinement allowed */
    struct keyring *keyring; /* NULL: the spool is plain */
    struct spool *spool;
    struct file_store *files;
    struct filer *filer;
    struct file_keeper *keeper;
    struct embedded_broker *embedded;
    struct registry *registry;
    struct publisher *publisher;
    struct tell_schemas tells; /* numbered once the spool is open */
    struct registry *subscriber_registry;
    struct dispatch *dispatch;
    struct spool_reader *dispatch_reader;
    struct subscriber *subscriber;
    struct courier *courier;
    struct deliveries_hooks deliveries;
    struct mailbox *mailbox;
    struct jws_keys *signing_keys; /* of receipts; NULL: they are not signed */
    struct ingest *ingest;
    struct drop *drop;
    struct stop collecting; /* asked for when the collector is to stop */
    struct collector *collector;
    pthread_mutex_t doors; /* guards `server` and `operate`, which an operator's reload uses */
    struct http_server *server;
    struct operators_place *operators;
    struct access *access;
    struct oidc *oidc;
    struct admin *admin;
    struct repair *repair;
    struct views views;
    struct aside *acts, *tests; /* where operators' acts that take long are done */
    struct registry *jobs_registry;
    struct job_runner *job_runner;
    struct job_calls *job_calls;
    struct guard *guard;
    struct operate_server *operate;
};

/** The Kafka of the configuration, or the embedded one. */
struct kafka_options kafka_of(const struct daemon *daemon);

/**
 * Starts the parts in their order; with `only_checked` those alone that do nothing but read files.
 * Stops again what had started when a part fails; `*started` is for parts_stop.
 */
bool parts_start(struct daemon *daemon, bool only_checked, size_t *started, struct fault *why)
    __attribute__((warn_unused_result));
/** Stops them in the reverse order. */
void parts_stop(struct daemon *daemon, size_t started);

#endif
