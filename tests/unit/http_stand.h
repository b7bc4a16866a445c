/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP server of a test's own, that may misbehave: it hears whole requests and then answers,
 * waits or cuts, as the test says. */
#ifndef UNIT_HTTP_STAND_H
#define UNIT_HTTP_STAND_H

#include "unit.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STAND_MOST = 512, STAND_CONNECTIONS = 128, STAND_TEXT = 4096, STAND_PATIENCE_S = 20 };

/* One request as it was heard. */
struct heard {
    char head[STAND_TEXT]; /* request line and headers */
    char *body;            /* NUL-terminated; the stand's */
    size_t size;
    size_t connection; /* its number, from 0 */
};

struct stand;
/* Writes the whole answer into `answer`, or nothing: then the connection is cut.  `number` is the
 * request's, from 0.  May wait; runs on the connection's thread. */
typedef void (*stand_answer)(struct stand *stand, size_t number, const struct heard *heard,
                             char answer[STAND_TEXT]);

struct stand {
    int listener;
    int port;
    stand_answer answer;
    void *own;
    pthread_t thread;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    struct heard heard[STAND_MOST];
    size_t count;
    size_t at_once, most_at_once; /* requests that are being answered */
    int sockets[STAND_CONNECTIONS];
    pthread_t threads[STAND_CONNECTIONS];
    size_t connections;
    bool is_open; /* false: answers wait no longer */
};

struct stand_line {
    struct stand *stand;
    size_t number;
    int socket;
};

/* The value of a header in `text`, cut at its line's end; "" when there is none. */
static inline const char *heard_header(const struct heard *heard, const char *name, char text[200])
{
    char start[80];
    (void)snprintf(start, sizeof start, "\r\n%s: ", name);
    const char *at = strcasestr(heard->head, start);
    text[0] = '\0';
    if (at) {
        at += strlen(start);
        (void)snprintf(text, 200, "%.*s", (int)strcspn(at, "\r\n"), at);
    }
    return text;
}

static inline bool stand_receive(int from, char *into, size_t size)
{
    for (ssize_t got; size > 0; into += got, size -= (size_t)got)
        if ((got = recv(from, into, size, 0)) <= 0)
            return false;
    return true;
}

static inline bool stand_hear(int from, struct heard *heard)
{
    size_t size = 0;
    char text[200];
    memset(heard->head, 0, sizeof heard->head);
    while (!strstr(heard->head, "\r\n\r\n")) {
        if (size + 1 >= sizeof heard->head || !stand_receive(from, heard->head + size, 1))
            return false;
        size++;
    }
    heard->size = strtoul(heard_header(heard, "Content-Length", text), NULL, 10);
    heard->body = calloc(1, heard->size + 1);
    if (heard->body && stand_receive(from, heard->body, heard->size))
        return true;
    free(heard->body);
    return false;
}

static inline size_t stand_note(struct stand *stand, const struct heard *heard)
{
    (void)pthread_mutex_lock(&stand->lock);
    size_t number = stand->count < STAND_MOST ? stand->count++ : STAND_MOST - 1;
    free(stand->heard[number].body);
    stand->heard[number] = *heard;
    if (++stand->at_once > stand->most_at_once)
        stand->most_at_once = stand->at_once;
    (void)pthread_cond_broadcast(&stand->changed);
    (void)pthread_mutex_unlock(&stand->lock);
    return number;
}

static inline void *stand_serve(void *own)
{
    struct stand_line line = *(struct stand_line *)own;
    struct stand *stand = line.stand;
    char answer[STAND_TEXT];
    free(own);
    for (struct heard heard = {.connection = line.number}; stand_hear(line.socket, &heard);) {
        size_t number = stand_note(stand, &heard);
        answer[0] = '\0';
        stand->answer(stand, number, &heard, answer);
        (void)pthread_mutex_lock(&stand->lock);
        stand->at_once--;
        (void)pthread_mutex_unlock(&stand->lock);
        if (!answer[0] || send(line.socket, answer, strlen(answer), MSG_NOSIGNAL) < 0)
            break;
        heard.body = NULL;
    }
    (void)shutdown(line.socket, SHUT_RDWR);
    return NULL;
}

static inline void *stand_accept(void *own)
{
    struct stand *stand = own;
    for (int socket; (socket = accept(stand->listener, NULL, NULL)) >= 0;) {
        struct stand_line *line = malloc(sizeof *line);
        assert_non_null(line);
        assert_true(stand->connections < STAND_CONNECTIONS);
        (void)pthread_mutex_lock(&stand->lock);
        *line = (struct stand_line){stand, stand->connections, socket};
        stand->sockets[stand->connections] = socket;
        assert_int_equal(
            pthread_create(&stand->threads[stand->connections], NULL, stand_serve, line), 0);
        stand->connections++;
        (void)pthread_mutex_unlock(&stand->lock);
    }
    return NULL;
}

/* At a port of its own, or at `port` when that is not 0. */
static inline void stand_open(struct stand *stand, int port, stand_answer answer, void *own)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    const int yes = 1;
    memset(stand, 0, sizeof *stand);
    stand->answer = answer;
    stand->own = own;
    stand->is_open = true;
    (void)pthread_mutex_init(&stand->lock, NULL);
    (void)pthread_cond_init(&stand->changed, NULL);
    stand->listener = socket(AF_INET, SOCK_STREAM, 0);
    (void)setsockopt(stand->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    assert_int_equal(bind(stand->listener, (const struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(stand->listener, 64), 0);
    assert_int_equal(getsockname(stand->listener, (struct sockaddr *)&address, &size), 0);
    stand->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&stand->thread, NULL, stand_accept, stand), 0);
}

/* Ends all connections and waits for their threads. */
static inline void stand_close(struct stand *stand)
{
    (void)pthread_mutex_lock(&stand->lock);
    stand->is_open = false;
    (void)pthread_cond_broadcast(&stand->changed);
    (void)pthread_mutex_unlock(&stand->lock);
    (void)shutdown(stand->listener, SHUT_RDWR);
    (void)pthread_join(stand->thread, NULL);
    (void)close(stand->listener);
    for (size_t i = 0; i < stand->connections; i++) {
        (void)shutdown(stand->sockets[i], SHUT_RDWR);
        (void)pthread_join(stand->threads[i], NULL);
        (void)close(stand->sockets[i]);
    }
    for (size_t i = 0; i < STAND_MOST; i++)
        free(stand->heard[i].body);
    (void)pthread_cond_destroy(&stand->changed);
    (void)pthread_mutex_destroy(&stand->lock);
}

/* Waits until so many requests were heard. */
static inline void stand_await(struct stand *stand, size_t count)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += STAND_PATIENCE_S;
    int result = 0;
    (void)pthread_mutex_lock(&stand->lock);
    while (stand->count < count && result == 0)
        result = pthread_cond_timedwait(&stand->changed, &stand->lock, &until);
    size_t heard = stand->count;
    (void)pthread_mutex_unlock(&stand->lock);
    if (heard < count)
        fail_msg("%zu requests instead of %zu", heard, count);
}

static inline size_t stand_count(struct stand *stand, const size_t *counter)
{
    (void)pthread_mutex_lock(&stand->lock);
    size_t count = *counter;
    (void)pthread_mutex_unlock(&stand->lock);
    return count;
}

/* How many were heard; at once, at most; over how many connections. */
static inline size_t stand_heard(struct stand *stand)
{
    return stand_count(stand, &stand->count);
}

static inline size_t stand_most_at_once(struct stand *stand)
{
    return stand_count(stand, &stand->most_at_once);
}

static inline size_t stand_connections(struct stand *stand)
{
    return stand_count(stand, &stand->connections);
}

/* For an answer that never comes: until the stand is closed. */
static inline void stand_hang(struct stand *stand)
{
    (void)pthread_mutex_lock(&stand->lock);
    while (stand->is_open)
        (void)pthread_cond_wait(&stand->changed, &stand->lock);
    (void)pthread_mutex_unlock(&stand->lock);
}

/* An answer with a JSON body; `more` are further header lines, each with its line end. */
static inline void stand_say(char answer[STAND_TEXT], int status, const char *more,
                             const char *body)
{
    (void)snprintf(answer, STAND_TEXT,
                   "HTTP/1.1 %d Said\r\nContent-Type: application/json\r\n%sContent-Length: "
                   "%zu\r\n\r\n%s",
                   status, more, strlen(body), body);
}

#endif
