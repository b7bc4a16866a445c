/* SPDX-License-Identifier: Apache-2.0 */
#include "http/acceptor.h"

#include "base/log.h"
#include "base/stop.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { PAUSE_MS = 50 }; /* while there is no room, or the system has nothing left to give */

struct acceptor {
    struct acceptor_options options;
    struct stop stop;
    pthread_t thread;
    bool has_failed; /* when last asked; told once, and once when it is over */
};

static void tell(struct acceptor *acceptor, int error)
{
    if (error && !acceptor->has_failed)
        log_warn("http.accept_failed", "why=\"%s\"", strerrordesc_np(error));
    if (!error && acceptor->has_failed)
        log_info("http.accept_well", NULL);
    acceptor->has_failed = error != 0;
}

/* False when it is no use to ask again at once. */
static bool accept_one(struct acceptor *acceptor)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    int connection = accept4(acceptor->options.socket, (struct sockaddr *)&address, &size,
                             SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (connection < 0 && (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR))
        return true; /* who connected is gone again */
    tell(acceptor, connection < 0 ? errno : 0);
    if (connection < 0)
        return false;
    acceptor->options.take(acceptor->options.own, connection, (struct sockaddr *)&address, size);
    return true;
}

static void *run(void *own)
{
    struct acceptor *acceptor = own;
    (void)pthread_setname_np(pthread_self(), "acceptor"); /* only to be told apart in top -H */
    while (!stop_is_asked(&acceptor->stop)) {
        struct pollfd waited[] = {{acceptor->stop.wake, POLLIN, 0},
                                  {acceptor->options.socket, POLLIN, 0}};
        if (poll(waited, 2, -1) <= 0 || !waited[1].revents)
            continue;
        if (!acceptor->options.has_room(acceptor->options.own) || !accept_one(acceptor))
            (void)stop_wait(&acceptor->stop, PAUSE_MS); /* the loop asks again */
    }
    return NULL;
}

static void free_acceptor(struct acceptor *acceptor)
{
    stop_close(&acceptor->stop);
    free(acceptor);
}

struct acceptor *acceptor_open(const struct acceptor_options *options, struct fault *why)
{
    struct acceptor *acceptor = calloc(1, sizeof *acceptor);
    if (!acceptor) {
        (void)fault_memory(why);
        return NULL;
    }
    acceptor->options = *options;
    acceptor->stop.wake = -1;
    if (stop_open(&acceptor->stop, why)) {
        if (pthread_create(&acceptor->thread, NULL, run, acceptor) == 0)
            return acceptor;
        (void)fault_set(why, FAULT_BROKEN, "cannot start the thread that accepts connections");
    }
    free_acceptor(acceptor);
    return NULL;
}

void acceptor_close(struct acceptor *acceptor)
{
    if (!acceptor)
        return;
    stop_ask(&acceptor->stop);
    pthread_join(acceptor->thread, NULL);
    free_acceptor(acceptor);
}
