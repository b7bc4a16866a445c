/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts and stops libmicrohttpd, and keeps the list of connections.  Its epoll mode stalls for
 * good above 128 connections (0.9.75), so it polls; it must never be stopped while a connection is
 * suspended, so closing answers all of those first.
 */
#include "http/server.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/acceptor.h"
#include "http/dispatch.h"
#include "http/listen.h"
#include "http/reaper.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The library wipes a connection's whole memory after each request, so that is kept small: the head
 * itself and, in HEAD_RECORDS, the library's notes about its headers. */
enum { LOG_TEXT = 256, TICK_US = 2000, HEAD_RECORDS = 8192 };

/* The library gives each thread a share of its limit, and shuts what is over it.  Ours, which lets
 * who connects wait, is looked at when connections are accepted; some may be on their way then. */
enum { LIMIT_SLACK = 64 };

struct http_server {
    struct http_options options; /* its texts are our own copies */
    char *listen;
    struct http_table *tables;
    struct dispatcher dispatcher;
    struct reaper *reaper;
    struct MHD_Daemon *daemon;
    struct acceptor *acceptor; /* NULL once nothing more is accepted */
    atomic_int connections;
    int socket;
    int port;
    pthread_mutex_t lock;
    struct peer *gone; /* guarded by lock; peers that closed while the server closes */
};

static void start_peer(struct http_server *server, struct MHD_Connection *connection, void **place)
{
    struct peer *peer = calloc(1, sizeof *peer);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *place = peer;
    if (!peer || !info) {
        free(peer);
        *place = NULL; /* its requests are cut */
        return;
    }
    peer->dispatcher = &server->dispatcher;
    peer->request.load = &server->dispatcher.load;
    peer->watched.socket = info->connect_fd;
    atomic_init(&peer->watched.deadline_ticks, clock_ticks_ms() + server->options.idle_timeout_ms);
    atomic_init(&peer->watched.wake_ticks, NEVER);
    reaper_watch(server->reaper, &peer->watched);
    atomic_fetch_add(&server->connections, 1);
    meter_connections(server->dispatcher.meter, 1);
}

static void free_peer(struct peer *peer)
{
    free(peer->certificate);
    free(peer);
}

/* While the server closes, a stage may still hold the request that it was too late to answer. */
static void end_peer(struct http_server *server, struct peer *peer)
{
    reaper_forget(server->reaper, &peer->watched);
    atomic_fetch_sub(&server->connections, 1);
    meter_connections(server->dispatcher.meter, -1);
    if (!atomic_load(&server->dispatcher.load.is_refusing)) {
        free_peer(peer);
        return;
    }
    pthread_mutex_lock(&server->lock);
    peer->next_gone = server->gone;
    server->gone = peer;
    pthread_mutex_unlock(&server->lock);
}

static void notice_connection(void *own, struct MHD_Connection *connection, void **place,
                              enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        start_peer(own, connection, place);
    else if (*place)
        end_peer(own, *place);
}

static bool has_room(void *own)
{
    struct http_server *server = own;
    return atomic_load(&server->connections) < server->options.connections;
}

/* The library closes what it does not take, and says so at debug. */
static void take_connection(void *own, int connection, const struct sockaddr *address,
                            socklen_t size)
{
    struct http_server *server = own;
    (void)MHD_add_connection(server->daemon, connection, address, size);
}

/* The library unescapes in place and before routes are looked at; we split first, then decode. */
static size_t leave_escaped(void *own, struct MHD_Connection *connection, char *text)
{
    (void)own;
    (void)connection;
    return strlen(text);
}

static void pass_log(void *own, const char *format, va_list values)
    __attribute__((format(printf, 2, 0)));

static void pass_log(void *own, const char *format, va_list values)
{
    char text[LOG_TEXT];
    (void)own;
    (void)vsnprintf(text, sizeof text, format, values);
    log_debug("http.library", "text=\"%s\"", text);
}

static struct peer *peer_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/* GnuTLS asks in each handshake; of its session we know what the library put into it. */
static int show_certificate(gnutls_session_t session, const gnutls_datum_t *authorities, int count,
                            const gnutls_pk_algorithm_t *algorithms, int algorithm_count,
                            gnutls_pcert_st **chain, unsigned *size, gnutls_privkey_t *key)
{
    /* #lizard forgives: the signature is the library's */
    struct MHD_Connection *connection = gnutls_session_get_ptr(session);
    const struct peer *peer = connection ? peer_of(connection) : NULL;
    (void)authorities, (void)count, (void)algorithms, (void)algorithm_count;
    return peer ? tls_show(peer->dispatcher->tls, session, chain, size, key) : -1;
}

static bool check_options(const struct http_options *options, struct fault *why)
{
    const struct {
        const char *name;
        int64_t value;
    } positive[] = {
        {"threads", options->threads},
        {"connections", options->connections - options->threads + 1}, /* each thread has a share */
        {"head_limit", options->head_limit},
        {"body_memory", options->body_memory},
        {"idle_timeout_ms", options->idle_timeout_ms},
        {"body_deadline_ms", options->body_deadline_ms},
    };
    for (size_t i = 0; i < sizeof positive / sizeof *positive; i++) {
        if (positive[i].value <= 0 || positive[i].value > INT32_MAX * INT64_C(1024))
            return fault_set(why, FAULT_REFUSE, "%s: out of range", positive[i].name);
    }
    if (!options->certificate != !options->private_key)
        return fault_set(why, FAULT_REFUSE, "certificate, private_key: one without the other");
    if ((options->client_ca && !options->certificate) ||
        (options->client_crl && !options->client_ca))
        return fault_set(why, FAULT_REFUSE,
                         "client_ca needs certificate, and client_crl client_ca");
    return true;
}

static bool start_daemon(struct http_server *server, struct fault *why)
{
    const struct http_options *options = &server->options;
    static char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE";
    struct MHD_OptionItem list[] = {
        {MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)options->threads, NULL},
        {server->dispatcher.tls ? MHD_OPTION_HTTPS_PRIORITIES : MHD_OPTION_END, 0, priorities},
        {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)show_certificate},
        {MHD_OPTION_END, 0, NULL},
    };
    unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
                     MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG |
                     (server->dispatcher.tls ? MHD_USE_TLS : 0);
    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, dispatch_call, NULL, MHD_OPTION_EXTERNAL_LOGGER, pass_log, NULL,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_CONNECTION, notice_connection, server,
        MHD_OPTION_NOTIFY_COMPLETED, dispatch_over, NULL, MHD_OPTION_URI_LOG_CALLBACK,
        dispatch_target, NULL, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
        MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)(options->connections + LIMIT_SLACK * options->threads),
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)options->connections_per_address,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)options->head_limit + HEAD_RECORDS,
        MHD_OPTION_ARRAY, list, MHD_OPTION_END);
    if (!server->daemon)
        return fault_set(why, FAULT_REFUSE, "listen %s: the HTTP server does not start",
                         server->listen);
    const struct acceptor_options accepts = {server->socket, has_room, take_connection, server};
    server->acceptor = acceptor_open(&accepts, why);
    return server->acceptor != NULL;
}

static struct http_table *copy_tables(const struct http_table *tables)
{
    size_t count = 1; /* with the end */
    while (tables[count - 1].routes)
        count++;
    struct http_table *copy = calloc(count, sizeof *copy);
    if (copy)
        memcpy(copy, tables, count * sizeof *copy);
    return copy;
}

/* It is suspended since, so it is there. */
static void wake(struct watched *connection)
{
    MHD_resume_connection(((struct peer *)connection)->request.connection);
}

/* Everything but the daemon. */
static bool prepare(struct http_server *server, struct fault *why)
{
    server->listen = strdup(server->options.listen);
    server->tables = copy_tables(server->options.tables);
    if (!server->listen || !server->tables)
        return fault_memory(why);
    server->options.tables = server->tables;
    if (server->options.certificate && !(server->dispatcher.tls = tls_open(&server->options, why)))
        return false;

    server->dispatcher.options = &server->options;
    server->dispatcher.load.body_memory = server->options.body_memory;
    server->dispatcher.meter = meter_new(server->tables, why);
    if (!server->dispatcher.meter)
        return false;
    server->reaper = reaper_open(wake, why);
    if (!server->reaper)
        return false;
    server->socket = listen_open(server->listen, why);
    if (server->socket < 0)
        return false;
    server->port = listen_port(server->socket);
    return true;
}

static void free_gone(struct peer *peer)
{
    while (peer) {
        struct peer *next = peer->next_gone;
        free_peer(peer);
        peer = next;
    }
}

static void free_server(struct http_server *server)
{
    if (server->reaper)
        reaper_stop(server->reaper);
    acceptor_close(server->acceptor);
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    reaper_close(server->reaper);
    if (server->socket >= 0) {
        (void)close(server->socket); /* nobody is on it any more */
        listen_forget(server->listen);
    }
    tls_close(server->dispatcher.tls);
    meter_free(server->dispatcher.meter);
    free_gone(server->gone);
    pthread_mutex_destroy(&server->lock);
    free(server->listen);
    free(server->tables);
    free(server);
}

struct http_server *http_open(const struct http_options *options, struct fault *why)
{
    if (!check_options(options, why))
        return NULL;
    struct http_server *server = calloc(1, sizeof *server);
    if (!server) {
        (void)fault_memory(why);
        return NULL;
    }
    server->options = *options;
    server->socket = -1;
    pthread_mutex_init(&server->lock, NULL);
    if (prepare(server, why) && start_daemon(server, why))
        return server;
    free_server(server);
    return NULL;
}

bool http_reload(struct http_server *server, struct fault *why)
{
    return !server->dispatcher.tls || tls_reload(server->dispatcher.tls, why);
}

static bool judge(struct peer *peer, gnutls_session_t session)
{
    unsigned generation = tls_generation(peer->dispatcher->tls);
    if (peer->certificate && peer->judged == generation && time(NULL) <= peer->judged_until)
        return true;
    if (!peer->certificate)
        peer->certificate = malloc(sizeof *peer->certificate);
    if (!peer->certificate)
        return false;
    peer->judged_until = tls_judge(peer->dispatcher->tls, session, peer->certificate);
    peer->judged = generation;
    return true;
}

void http_certificate(const struct http_request *request, struct http_certificate *certificate)
{
    struct peer *peer = peer_of(request->connection);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    *certificate = (struct http_certificate){.trust = HTTP_TRUST_NONE};
    if (peer && peer->dispatcher->tls && info && info->tls_session &&
        judge(peer, info->tls_session))
        *certificate = *peer->certificate;
}

/* Also shuts the socket, so that who connects now is refused by the system and goes elsewhere. */
static void accept_no_more(struct http_server *server)
{
    if (!server->acceptor)
        return;
    acceptor_close(server->acceptor);
    server->acceptor = NULL;
    (void)shutdown(server->socket, SHUT_RDWR);
    atomic_store(&server->dispatcher.load.is_draining, true);
}

static bool wait_for_none(const atomic_int *count, int64_t until_ticks)
{
    while (atomic_load(count) > 0) {
        if (clock_ticks_ms() >= until_ticks)
            return false;
        (void)usleep(TICK_US);
    }
    return true;
}

bool http_drain(struct http_server *server, int64_t timeout_ms)
{
    int64_t until = clock_ticks_ms() + timeout_ms;
    struct http_load *load = &server->dispatcher.load;
    accept_no_more(server);
    bool is_done = wait_for_none(&load->requests, until);
    atomic_store(&load->is_refusing, true); /* for what comes on connections that are open still */
    return wait_for_none(&load->busy, until) && is_done;
}

static void give_up(struct watched *connection)
{
    request_give_up(&((struct peer *)connection)->request);
    if (atomic_exchange(&connection->wake_ticks, NEVER) != NEVER)
        wake(connection);
}

void http_close(struct http_server *server)
{
    if (!server)
        return;
    struct http_load *load = &server->dispatcher.load;
    accept_no_more(server);
    atomic_store(&load->is_refusing, true);
    while (atomic_load(&load->busy) > 0) {
        reaper_each(server->reaper, give_up);
        (void)usleep(TICK_US);
    }
    free_server(server);
}

int http_port(const struct http_server *server)
{
    return server->port;
}
