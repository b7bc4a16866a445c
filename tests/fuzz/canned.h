/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of a service without a network: libcurl is the real one, but where it would connect it
 * gets a socket in which the whole answer already lies, from its status line on, and behind which
 * nobody is.  One file of each target's program includes this.
 */
#ifndef FUZZ_CANNED_H
#define FUZZ_CANNED_H

#include "fuzz.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <sys/socket.h>

enum { CANNED_MOST = 8, CANNED_BYTES = 128 << 10 };

/** What is answered, in turn; after the last one the connection ends without an answer. */
static struct {
    const char *bytes[CANNED_MOST];
    size_t sizes[CANNED_MOST];
    size_t count, next;
    int server; /* our end of the connection that is open; -1: none */
} canned = {.server = -1};

/** Cuts the input at lines of "--" into the answers to come. */
static inline void canned_load(const char *bytes, size_t size)
{
    static const char cut[] = "\n--\n";
    canned.count = canned.next = 0;
    while (canned.count < CANNED_MOST) {
        const char *end = size ? memmem(bytes, size, cut, sizeof cut - 1) : NULL;
        size_t piece = end ? (size_t)(end - bytes) : size;
        canned.bytes[canned.count] = bytes;
        canned.sizes[canned.count++] = piece;
        if (!end)
            return;
        bytes += piece + sizeof cut - 1;
        size -= piece + sizeof cut - 1;
    }
}

/* A piece that says no status of its own is a good answer's body. */
static inline void canned_speak(int server, const char *bytes, size_t size)
{
    static const char good[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    if (size < 5 || memcmp(bytes, "HTTP/", 5) != 0)
        (void)!send(server, good, sizeof good - 1, MSG_NOSIGNAL);
    (void)!send(server, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT); /* what fits */
}

static inline curl_socket_t canned_open(void *own, curlsocktype purpose,
                                        struct curl_sockaddr *address)
{
    int pair[2], room = CANNED_BYTES;
    (void)own, (void)purpose, (void)address;
    stop_if(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0, "no sockets");
    (void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    (void)setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    if (canned.server >= 0)
        (void)close(canned.server);
    canned.server = pair[1];
    if (canned.next < canned.count) {
        canned_speak(pair[1], canned.bytes[canned.next], canned.sizes[canned.next]);
        canned.next++;
    }
    (void)shutdown(pair[1], SHUT_WR);
    return pair[0];
}

static inline int canned_connect(void *own, curl_socket_t socket, curlsocktype purpose)
{
    (void)own, (void)socket, (void)purpose;
    return CURL_SOCKOPT_ALREADY_CONNECTED;
}

/** In place of the C library's: libcurl 7.88 connects sockets also that it is told are connected.
 */
int connect(int socket, const struct sockaddr *address, socklen_t size)
{
    (void)socket, (void)address, (void)size;
    return 0;
}

/** In place of libcurl's, which it calls. */
CURLcode curl_easy_perform(CURL *curl)
{
    static CURLcode (*perform)(CURL *);
    if (!perform) {
        void *found = dlsym(RTLD_NEXT, "curl_easy_perform");
        stop_if(!found, "no libcurl");
        memcpy(&perform, &found, sizeof perform);
    }
    (void)curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, canned_open);
    (void)curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, canned_connect);
    (void)curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
    CURLcode code = perform(curl);
    if (canned.server >= 0)
        (void)close(canned.server);
    canned.server = -1;
    return code;
}

#endif
