/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The yardstick of `make bench`: what an accepted handoff costs at the least on this machine. HTTP,
 * XML against the XSD, SHA-256, a group commit of SQLite with fsync, 202; nothing else.
 *
 *     baseline PORT XSD DATABASE
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/digest.h"

#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BODY_LIMIT = 1 << 20, CONNECTIONS = 1000, THREADS = 2, WORD_SIZE = 64 };

/* One request, from its head to its answer. */
struct handoff {
    struct handoff *next;
    struct MHD_Connection *connection;
    char *bytes;
    size_t size;
    bool is_stored;
    int64_t arrived_ms;
    uint8_t sha256[SHA256_SIZE];
    char message_id[WORD_SIZE];
    char dossier_code[WORD_SIZE];
};

/* Where the HTTP threads and the writer meet. */
struct queue {
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t filled;
    struct handoff *first;
    struct handoff **end;
    bool is_stopping;
};

struct baseline {
    xmlSchemaPtr schema;
    struct queue queue;
    atomic_int open_requests; /* begun and not ended */
    sqlite3 *database;
    sqlite3_stmt *begin, *commit, *insert, *remember;
    struct MHD_Response *accepted, *refused;
};

static _Noreturn void die(const char *what, const char *detail)
{
    (void)fprintf(stderr, "baseline: %s: %s\n", what, detail);
    exit(1);
}

static void take_text(const xmlNode *node, const char *name, char text[WORD_SIZE])
{
    if (strcmp((const char *)node->name, name) == 0 && node->children && node->children->content)
        (void)snprintf(text, WORD_SIZE, "%s", (const char *)node->children->content);
}

static void walk(const xmlNode *node, struct handoff *handoff)
{
    for (; node; node = node->next) {
        if (node->type != XML_ELEMENT_NODE)
            continue;
        take_text(node, "MessageId", handoff->message_id);
        take_text(node, "DossierCode", handoff->dossier_code);
        walk(node->children, handoff);
    }
}

/* The contexts are a thread's own and live as long as it does. */
static bool is_valid(xmlSchemaPtr schema, struct handoff *handoff)
{
    static _Thread_local xmlParserCtxtPtr parser;
    static _Thread_local xmlSchemaValidCtxtPtr validator;
    if (!parser)
        parser = xmlNewParserCtxt();
    if (!validator)
        validator = xmlSchemaNewValidCtxt(schema);
    xmlDocPtr document =
        xmlCtxtReadMemory(parser, handoff->bytes, (int)handoff->size, "handoff", NULL,
                          XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_COMPACT);
    bool valid = document && xmlSchemaValidateDoc(validator, document) == 0;
    if (valid)
        walk(xmlDocGetRootElement(document), handoff);
    xmlFreeDoc(document);
    return valid;
}

static void execute(sqlite3_stmt *statement)
{
    int result = sqlite3_step(statement);
    if (result != SQLITE_DONE)
        die("cannot write", sqlite3_errstr(result));
    (void)sqlite3_reset(statement);
}

static void store(const struct baseline *baseline, const struct handoff *handoff)
{
    uint8_t key[SHA256_SIZE];
    digest_sha256(handoff->message_id, strlen(handoff->message_id), key);
    sqlite3_stmt *insert = baseline->insert;
    (void)sqlite3_bind_text(insert, 1, handoff->message_id, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(insert, 2, handoff->dossier_code, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(insert, 3, handoff->arrived_ms);
    (void)sqlite3_bind_blob(insert, 4, handoff->sha256, SHA256_SIZE, SQLITE_STATIC);
    (void)sqlite3_bind_blob(insert, 5, handoff->bytes, (int)handoff->size, SQLITE_STATIC);
    execute(insert);
    (void)sqlite3_bind_blob(baseline->remember, 1, key, UUID_SIZE, SQLITE_STATIC);
    execute(baseline->remember);
}

/* All that queued up while the last group was written; NULL when it is time to stop. */
static struct handoff *take_group(struct queue *queue)
{
    (void)pthread_mutex_lock(&queue->lock);
    while (!queue->first && !queue->is_stopping)
        (void)pthread_cond_wait(&queue->filled, &queue->lock);
    struct handoff *group = queue->first;
    queue->first = NULL;
    queue->end = &queue->first;
    (void)pthread_mutex_unlock(&queue->lock);
    return group;
}

static void *write_groups(void *own)
{
    struct baseline *baseline = own;
    struct handoff *group;
    while ((group = take_group(&baseline->queue))) {
        execute(baseline->begin);
        for (const struct handoff *one = group; one; one = one->next)
            store(baseline, one);
        execute(baseline->commit);
        while (group) {
            struct handoff *next = group->next; /* a resumed request may be gone at once */
            group->is_stored = true;
            MHD_resume_connection(group->connection);
            group = next;
        }
    }
    return NULL;
}

static void enqueue(struct queue *queue, struct handoff *handoff)
{
    MHD_suspend_connection(handoff->connection);
    (void)pthread_mutex_lock(&queue->lock);
    *queue->end = handoff;
    queue->end = &handoff->next;
    (void)pthread_cond_signal(&queue->filled);
    (void)pthread_mutex_unlock(&queue->lock);
}

static enum MHD_Result begin_request(struct baseline *baseline, struct MHD_Connection *connection,
                                     void **place)
{
    const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
    size_t room = length ? strtoul(length, NULL, 10) : 0;
    if (room == 0 || room > BODY_LIMIT)
        return MHD_NO;
    struct handoff *handoff = calloc(1, sizeof *handoff);
    char *bytes = malloc(room);
    if (!handoff || !bytes) {
        free(handoff);
        free(bytes);
        return MHD_NO;
    }
    *handoff =
        (struct handoff){.connection = connection, .bytes = bytes, .arrived_ms = clock_now_ms()};
    *place = handoff;
    atomic_fetch_add(&baseline->open_requests, 1);
    return MHD_YES;
}

static enum MHD_Result finish_request(struct baseline *baseline, struct handoff *handoff)
{
    if (handoff->is_stored)
        return MHD_queue_response(handoff->connection, MHD_HTTP_ACCEPTED, baseline->accepted);
    if (!is_valid(baseline->schema, handoff))
        return MHD_queue_response(handoff->connection, MHD_HTTP_UNPROCESSABLE_CONTENT,
                                  baseline->refused);
    digest_sha256(handoff->bytes, handoff->size, handoff->sha256);
    enqueue(&baseline->queue, handoff);
    return MHD_YES;
}

static enum MHD_Result serve(void *own, struct MHD_Connection *connection, const char *path,
                             const char *method, const char *version, const char *body,
                             size_t *body_size, void **place)
{
    (void)path;
    (void)method;
    (void)version;
    struct handoff *handoff = *place;
    if (!handoff)
        return begin_request(own, connection, place);
    if (*body_size == 0)
        return finish_request(own, handoff);
    memcpy(handoff->bytes + handoff->size, body, *body_size);
    handoff->size += *body_size;
    *body_size = 0;
    return MHD_YES;
}

static void end_request(void *own, struct MHD_Connection *connection, void **place,
                        enum MHD_RequestTerminationCode code)
{
    (void)connection;
    (void)code;
    struct baseline *baseline = own;
    struct handoff *handoff = *place;
    if (!handoff)
        return;
    free(handoff->bytes);
    free(handoff);
    atomic_fetch_sub(&baseline->open_requests, 1);
    *place = NULL;
}

static void prepare(sqlite3 *database, const char *text, sqlite3_stmt **statement)
{
    if (sqlite3_prepare_v3(database, text, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL) !=
        SQLITE_OK)
        die(text, sqlite3_errmsg(database));
}

/* The settings that the gateway's spool has too, so that the fsyncs are alike. */
static void open_database(struct baseline *baseline, const char *file)
{
    static const char schema[] =
        "PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        "PRAGMA wal_autocheckpoint=4000; PRAGMA cache_size=-65536;"
        "CREATE TABLE handoff(id INTEGER PRIMARY KEY, message_id TEXT, dossier TEXT,"
        " arrived_ms INTEGER, sha256 BLOB, body BLOB);"
        "CREATE TABLE seen(key BLOB PRIMARY KEY) WITHOUT ROWID;"
        "CREATE INDEX handoff_by_dossier ON handoff(dossier);";
    if (sqlite3_open_v2(file, &baseline->database,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK ||
        sqlite3_exec(baseline->database, schema, NULL, NULL, NULL) != SQLITE_OK)
        die(file, sqlite3_errmsg(baseline->database));
    prepare(baseline->database, "BEGIN IMMEDIATE", &baseline->begin);
    prepare(baseline->database, "COMMIT", &baseline->commit);
    prepare(baseline->database,
            "INSERT INTO handoff(message_id, dossier, arrived_ms, sha256, body)"
            " VALUES(?, ?, ?, ?, ?)",
            &baseline->insert);
    prepare(baseline->database, "INSERT INTO seen VALUES(?) ON CONFLICT DO NOTHING",
            &baseline->remember);
}

static struct MHD_Response *make_response(char *text)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_PERSISTENT);
    if (!response)
        die("response", "out of memory");
    return response;
}

static xmlSchemaPtr load_schema(const char *file)
{
    xmlSchemaParserCtxtPtr parser = xmlSchemaNewParserCtxt(file);
    xmlSchemaPtr schema = parser ? xmlSchemaParse(parser) : NULL;
    xmlSchemaFreeParserCtxt(parser);
    if (!schema)
        die(file, "no usable schema");
    return schema;
}

static struct MHD_Daemon *listen_on(const char *port, struct baseline *baseline)
{
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, (uint16_t)strtoul(port, NULL, 10),
        NULL, NULL, serve, baseline, MHD_OPTION_NOTIFY_COMPLETED, end_request, baseline,
        MHD_OPTION_THREAD_POOL_SIZE, (unsigned int)THREADS, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned int)CONNECTIONS, MHD_OPTION_END);
    if (!daemon)
        die(port, "cannot listen");
    return daemon;
}

/* libmicrohttpd ends the process when it is stopped with a request that is suspended. */
static void stop_listening(struct MHD_Daemon *daemon, struct baseline *baseline)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    (void)close(MHD_quiesce_daemon(daemon));
    for (int turns = 0; turns < 1000 && atomic_load(&baseline->open_requests) > 0; turns++)
        (void)nanosleep(&pause, NULL);
}

static void stop_writer(struct queue *queue, pthread_t writer)
{
    (void)pthread_mutex_lock(&queue->lock);
    queue->is_stopping = true;
    (void)pthread_cond_signal(&queue->filled);
    (void)pthread_mutex_unlock(&queue->lock);
    (void)pthread_join(writer, NULL);
}

static void close_all(struct baseline *baseline)
{
    (void)sqlite3_finalize(baseline->begin);
    (void)sqlite3_finalize(baseline->commit);
    (void)sqlite3_finalize(baseline->insert);
    (void)sqlite3_finalize(baseline->remember);
    (void)sqlite3_close(baseline->database);
    MHD_destroy_response(baseline->accepted);
    MHD_destroy_response(baseline->refused);
    xmlSchemaFree(baseline->schema);
}

/* What a request needs before the first can come. */
static void prepare_all(struct baseline *baseline, const char *xsd, const char *file)
{
    static char accepted[] = "{\"status\":\"accepted\"}\n";
    static char refused[] = "{\"status\":\"refused\"}\n";
    xmlInitParser();
    baseline->schema = load_schema(xsd);
    baseline->accepted = make_response(accepted);
    baseline->refused = make_response(refused);
    open_database(baseline, file);
}

/* Blocked in every thread, so that only main's sigwait sees them. */
static sigset_t block_ends(void)
{
    sigset_t ends;
    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigaddset(&ends, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &ends, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    return ends;
}

int main(int argc, char **argv)
{
    if (argc != 4)
        die("usage", "baseline PORT XSD DATABASE");
    struct baseline baseline = {
        .queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER}};
    baseline.queue.end = &baseline.queue.first;
    sigset_t ends = block_ends();
    prepare_all(&baseline, argv[2], argv[3]);
    pthread_t writer;
    if (pthread_create(&writer, NULL, write_groups, &baseline) != 0)
        die("writer", "cannot start its thread");
    struct MHD_Daemon *daemon = listen_on(argv[1], &baseline);

    int received;
    (void)sigwait(&ends, &received);
    stop_listening(daemon, &baseline);
    stop_writer(&baseline.queue, writer);
    MHD_stop_daemon(daemon);
    close_all(&baseline);
    return 0;
}
