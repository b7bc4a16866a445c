/* SPDX-License-Identifier: Apache-2.0 */
/* A client that sends exactly the bytes it is given, also those that no HTTP library would. */
#ifndef UNIT_HTTP_PEER_H
#define UNIT_HTTP_PEER_H

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { ANSWER_SIZE = 64 * 1024, PATIENCE_S = 10 };

/** What came back for one request. */
struct answer {
    int status;  /**< 0: the connection ended without an answer */
    bool closed; /**< the server ended the connection behind it; only set by say() */
    char text[ANSWER_SIZE];
};

static inline int peer_connect(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    int peer = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(peer, (const struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0) {
        (void)close(peer);
        return -1;
    }
    return peer;
}

static inline bool peer_send(int peer, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(peer, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        size -= (size_t)sent;
    }
    return true;
}

/** The size of the first whole answer in the text; 0 while it is not whole. */
static inline size_t answer_size(const char *text)
{
    const char *head_end = strstr(text, "\r\n\r\n");
    if (!head_end)
        return 0;
    const char *length = strcasestr(text, "content-length:");
    size_t body = length && length < head_end ? strtoul(length + 15, NULL, 10) : 0;
    size_t whole = (size_t)(head_end - text) + 4 + body;
    return strlen(text) >= whole ? whole : 0;
}

/** Reads one answer whose body is no HEAD's; what came with it of the next is lost. */
static inline void peer_receive(int peer, struct answer *answer)
{
    size_t got = 0;
    answer->status = 0;
    answer->text[0] = '\0';
    while (got < ANSWER_SIZE - 1 && answer_size(answer->text) == 0) {
        ssize_t more = recv(peer, answer->text + got, ANSWER_SIZE - 1 - got, 0);
        if (more <= 0)
            return;
        got += (size_t)more;
        answer->text[got] = '\0';
    }
    (void)sscanf(answer->text, "HTTP/1.1 %d", &answer->status);
}

static inline bool peer_is_closed(int peer, int wait_ms)
{
    const struct timeval patience = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};
    char byte;
    (void)setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ssize_t got = recv(peer, &byte, 1, 0);
    return got == 0 || (got < 0 && errno == ECONNRESET);
}

/** Connects, sends, reads one answer, closes.  NUL bytes in a literal need the size. */
static inline void say_bytes(int port, const char *bytes, size_t size, struct answer *answer)
{
    int peer = peer_connect(port);
    *answer = (struct answer){.status = 0};
    if (peer < 0)
        return;
    (void)peer_send(peer, bytes, size); /* the server may end before it read all */
    peer_receive(peer, answer);
    answer->closed = peer_is_closed(peer, 300);
    (void)close(peer);
}

static inline void say(int port, const char *text, struct answer *answer)
{
    say_bytes(port, text, strlen(text), answer);
}

#endif
