/* SPDX-License-Identifier: Apache-2.0 */
/* The listeners of the operators' API. */
#include "operate/server.h"

#include "base/cleanup.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    BODY_LIMIT = 16 * 1024 * 1024,
    BODY_MEMORY = 64 * 1024 * 1024,
    HEAD_LIMIT = 65536,
    CONNECTIONS = 32,
    TIMEOUT_MS = 30000
};

struct operate_server {
    struct http_server *local;
};

static struct http_server *listen_on_socket(const struct operate_options *options,
                                            struct fault *why)
{
    auto_free(free) char *listen = NULL;
    if (asprintf(&listen, "unix:%s", options->socket) < 0) {
        listen = NULL;
        (void)fault_memory(why);
        return NULL;
    }
    const struct http_options http = {
        .listen = listen,
        .threads = 2,
        .connections = CONNECTIONS,
        .head_limit = HEAD_LIMIT,
        .body_limit = BODY_LIMIT,
        .body_memory = BODY_MEMORY,
        .idle_timeout_ms = TIMEOUT_MS,
        .body_deadline_ms = TIMEOUT_MS,
        .tables = guard_tables(options->guard),
    };
    return http_open(&http, why);
}

struct operate_server *operate_open(const struct operate_options *options, struct fault *why)
{
    struct operate_server *server = calloc(1, sizeof *server);
    if (!server) {
        (void)fault_memory(why);
        return NULL;
    }
    server->local = listen_on_socket(options, why);
    if (server->local)
        return server;
    operate_close(server);
    return NULL;
}

void operate_close(struct operate_server *server)
{
    if (!server)
        return;
    http_close(server->local);
    free(server);
}
