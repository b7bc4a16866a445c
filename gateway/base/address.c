/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that say where to listen, taken apart in one place: what is checked is what is used. */
#include "base/address.h"

#include "base/cleanup.h"
#include "base/number.h"

#include <stdint.h>
#include <string.h>
#include <sys/un.h>

enum { PORT_MOST = 65535, PATH_MOST = sizeof((struct sockaddr_un){0}.sun_path) - 1 };

const char *address_socket(const char *text)
{
    static const char scheme[] = "unix:";
    size_t size = sizeof scheme - 1;
    return strncmp(text, scheme, size) == 0 ? text + size : NULL;
}

char *address_host(const char *text, const char **port, struct fault *why)
{
    const char *colon = strrchr(text, ':');
    int64_t number;
    if (!colon) {
        (void)fault_set(why, FAULT_REFUSE, "expected HOST:PORT, [IPv6]:PORT or unix:PATH");
        return NULL;
    }
    if (number_read(colon + 1, strlen(colon + 1), 0, PORT_MOST, &number) != NUMBER_GOOD) {
        (void)fault_set(why, FAULT_REFUSE, "the port must be from 0 to %d", PORT_MOST);
        return NULL;
    }
    size_t size = (size_t)(colon - text);
    bool has_brackets = size >= 2 && text[0] == '[' && text[size - 1] == ']';
    char *host = has_brackets ? strndup(text + 1, size - 2) : strndup(text, size);
    if (!host)
        (void)fault_memory(why);
    *port = colon + 1;
    return host;
}

bool address_check(const char *text, struct fault *why)
{
    const char *path = address_socket(text);
    const char *port;
    if (path)
        return (*path && strlen(path) <= PATH_MOST) ||
               fault_set(why, FAULT_REFUSE, "the path must have 1 to %d bytes", PATH_MOST);
    auto_free(free) char *host = address_host(text, &port, why);
    return host != NULL;
}

bool address_is_loopback(const char *text)
{
    return strncmp(text, "127.", 4) == 0 || strncmp(text, "[::1]:", 6) == 0 ||
           strncmp(text, "localhost:", 10) == 0;
}
