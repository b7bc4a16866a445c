/* SPDX-License-Identifier: Apache-2.0 */
/* Makes listening sockets: TCP with no delay, which accepted connections inherit, or Unix. */
#include "http/listen.h"

#include "base/address.h"
#include "base/cleanup.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

ENDS_WITH_SCOPE(struct addrinfo *, freeaddrinfo)

enum { BACKLOG = 1024 };

/* Says what failed and lets go of the socket. */
static int give_up(int socket, const char *listen, struct fault *why)
{
    (void)fault_set(why, FAULT_REFUSE, "listen %s: %s", listen, strerror(errno));
    if (socket >= 0)
        (void)close(socket); /* it never listened */
    return -1;
}

static bool somebody_listens(const struct sockaddr_un *address)
{
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0)
        return true; /* unknown: better to leave the file alone */
    int result = connect(probe, (const struct sockaddr *)address, sizeof *address);
    bool is_stale = result != 0 && errno == ECONNREFUSED;
    (void)close(probe);
    return !is_stale;
}

static bool make_way(const struct sockaddr_un *address, const char *listen, struct fault *why)
{
    struct stat found;
    if (lstat(address->sun_path, &found) != 0)
        return true; /* nothing there; bind says what else may be wrong */
    if (!S_ISSOCK(found.st_mode))
        return fault_set(why, FAULT_REFUSE, "listen %s: a file that is no socket lies there",
                         listen);
    if (somebody_listens(address))
        return fault_set(why, FAULT_REFUSE, "listen %s: another process listens there", listen);
    if (unlink(address->sun_path) != 0)
        return fault_set(why, FAULT_REFUSE, "listen %s: %s", listen, strerror(errno));
    return true;
}

static int listen_unix(const char *path, const char *listen_text, struct fault *why)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (!make_way(&address, listen_text, why))
        return -1;

    /* Nobody can connect before listen, so the mode is right before the first who could. */
    int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0 || bind(made, (const struct sockaddr *)&address, sizeof address) != 0 ||
        chmod(path, S_IRUSR | S_IWUSR) != 0 || listen(made, BACKLOG) != 0)
        return give_up(made, listen_text, why);
    return made;
}

static int listen_address(const struct addrinfo *address, const char *listen_text,
                          struct fault *why)
{
    const int on = 1;
    int made = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (made < 0 || setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        bind(made, address->ai_addr, address->ai_addrlen) != 0 || listen(made, BACKLOG) != 0)
        return give_up(made, listen_text, why);
    return made;
}

static int listen_tcp(const char *listen_text, struct fault *why)
{
    const char *port = NULL;
    auto_free(free) char *host = address_host(listen_text, &port, why);
    if (!host)
        return -1;

    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    auto_free(freeaddrinfo) struct addrinfo *addresses = NULL;
    int result = getaddrinfo(host[0] != '\0' ? host : NULL, port, &hints, &addresses);
    if (result != 0) {
        (void)fault_set(why, FAULT_REFUSE, "listen %s: %s", listen_text, gai_strerror(result));
        return -1;
    }
    return listen_address(addresses, listen_text, why);
}

int listen_open(const char *listen, struct fault *why)
{
    const char *path = address_socket(listen);
    if (!address_check(listen, why)) {
        (void)fault_prefix(why, "listen %s", listen);
        return -1;
    }
    return path ? listen_unix(path, listen, why) : listen_tcp(listen, why);
}

int listen_port(int socket)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getsockname(socket, (struct sockaddr *)&address, &size) != 0)
        return 0;
    if (address.ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)&address)->sin_port);
    if (address.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)&address)->sin6_port);
    return 0;
}

void listen_forget(const char *listen)
{
    const char *path = address_socket(listen);
    if (path)
        (void)unlink(path); /* the next start would remove it too */
}
