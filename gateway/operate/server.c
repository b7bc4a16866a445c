/* SPDX-License-Identifier: Apache-2.0 */
/* The listeners of the operators' API. */
#include "operate/server.h"

#include "base/address.h"
#include "base/cleanup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    BODY_LIMIT = 16 << 20,
    BODY_MEMORY = 64 << 20,
    HEAD_LIMIT = 32768,
    LOCAL_THREADS = 2,
    LOCAL_CONNECTIONS = 32,
    THREADS = 4,
    CONNECTIONS = 256,
    CONNECTIONS_PER_ADDRESS = 64,
    TIMEOUT_MS = 30000,
    DRAIN_MS = 2000,
};

#define COMMON_HEADERS                                                                             \
    {"Content-Security-Policy",                                                                    \
     "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "           \
     "object-src 'none'"},                                                                         \
        {"X-Content-Type-Options", "nosniff"}, {"X-Frame-Options", "DENY"},                        \
        {"Referrer-Policy", "no-referrer"}, {"Cross-Origin-Opener-Policy", "same-origin"},         \
    {                                                                                              \
        "Cross-Origin-Resource-Policy", "same-origin"                                              \
    }

static const struct http_header plain_headers[] = {COMMON_HEADERS, {0}};
static const struct http_header secure_headers[] = {
    COMMON_HEADERS,
    {"Strict-Transport-Security", "max-age=31536000"},
    {0},
};

struct operate_server {
    struct http_server *local;
    struct http_server *console; /* NULL: it is not wanted */
    void (*let_go)(void *own);
    void *own;
};

static struct http_server *listen_locally(const struct operate_options *options, struct fault *why)
{
    auto_free(free) char *listen = NULL;
    if (asprintf(&listen, "unix:%s", options->socket) < 0) {
        listen = NULL;
        (void)fault_memory(why);
        return NULL;
    }
    const struct http_options http = {
        .listen = listen,
        .threads = LOCAL_THREADS,
        .connections = LOCAL_CONNECTIONS,
        .head_limit = HEAD_LIMIT,
        .body_limit = BODY_LIMIT,
        .body_memory = BODY_MEMORY,
        .idle_timeout_ms = TIMEOUT_MS,
        .body_deadline_ms = TIMEOUT_MS,
        .tables = guard_tables(options->guard),
    };
    return http_open(&http, why);
}

/* ---- HTTPS ---- */

/* The guard's and, last, the pages; the caller frees the list. */
static struct http_table *join_tables(const struct operate_options *options, struct fault *why)
{
    const struct http_table *guarded = guard_tables(options->guard);
    size_t count = 0;
    while (guarded[count].routes)
        count++;
    struct http_table *tables = calloc(count + 2, sizeof *tables);
    if (!tables) {
        (void)fault_memory(why);
        return NULL;
    }
    memcpy(tables, guarded, count * sizeof *tables);
    tables[count].routes = options->assets;
    return tables;
}

static struct http_server *listen_for_consoles(const struct operate_options *options,
                                               struct fault *why)
{
    if (!options->certificate && !address_is_loopback(options->listen)) {
        (void)fault_set(why, FAULT_REFUSE,
                        "operate.listen %s: needs operate.certificate; without it only a loopback "
                        "address",
                        options->listen);
        return NULL;
    }
    auto_free(free) struct http_table *tables = join_tables(options, why);
    if (!tables)
        return NULL;
    const struct http_options http = {
        .listen = options->listen,
        .certificate = options->certificate,
        .private_key = options->private_key,
        .threads = THREADS,
        .connections = CONNECTIONS,
        .connections_per_address = CONNECTIONS_PER_ADDRESS,
        .head_limit = HEAD_LIMIT,
        .body_limit = BODY_LIMIT,
        .body_memory = BODY_MEMORY,
        .idle_timeout_ms = TIMEOUT_MS,
        .body_deadline_ms = TIMEOUT_MS,
        .tables = tables,
        .headers = options->certificate ? secure_headers : plain_headers,
    };
    return http_open(&http, why);
}

static bool start(struct operate_server *server, const struct operate_options *options,
                  struct fault *why)
{
    server->local = listen_locally(options, why);
    if (!server->local)
        return false;
    if (!options->listen)
        return true;
    server->console = listen_for_consoles(options, why);
    return server->console != NULL;
}

struct operate_server *operate_open(const struct operate_options *options, struct fault *why)
{
    struct operate_server *server = calloc(1, sizeof *server);
    if (!server) {
        (void)fault_memory(why);
        return NULL;
    }
    server->let_go = options->let_go;
    server->own = options->own;
    if (start(server, options, why))
        return server;
    operate_close(server);
    return NULL;
}

/* A thread that answers later must not find its request gone: so it ends while the servers are
 * still there, and takes nothing new. */
void operate_close(struct operate_server *server)
{
    if (!server)
        return;
    if (server->console)
        (void)http_drain(server->console, DRAIN_MS); /* what is still open is cut */
    if (server->local)
        (void)http_drain(server->local, DRAIN_MS);
    if (server->let_go)
        server->let_go(server->own);
    http_close(server->console);
    http_close(server->local);
    free(server);
}

bool operate_reload(struct operate_server *server, struct fault *why)
{
    return !server->console || http_reload(server->console, why);
}

int operate_port(const struct operate_server *server)
{
    return server->console ? http_port(server->console) : 0;
}
