/* SPDX-License-Identifier: Apache-2.0 */
/* Which addresses may be asked for files: a partner's document must not make us knock at others. */
#include "deliver/fetch_rule.h"

#include "base/cleanup.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>

ENDS_WITH_SCOPE(CURLU *, curl_url_cleanup)
ENDS_WITH_SCOPE(char *, curl_free)

static const char plain[] = "http://";

/* ---- names ---- */

/* Whether "HOST" or "HOST:PORT" is where the parsed address leads. */
static bool is_there(const char *entry, const char *host, const char *port, const char *usual)
{
    size_t size = strlen(host);
    if (strncasecmp(entry, host, size) != 0)
        return false;
    if (entry[size] == ':')
        return strcmp(entry + size + 1, port) == 0;
    return entry[size] == '\0' && strcmp(port, usual) == 0;
}

static bool is_literal(const char *host)
{
    struct in_addr four;
    return inet_pton(AF_INET, host, &four) == 1;
}

static bool allows(const char *entry, const char *scheme, const char *host, const char *port)
{
    if (strcmp(scheme, "https") == 0)
        return is_there(entry, host, port, "443");
    return strcmp(scheme, "http") == 0 && strncmp(entry, plain, sizeof plain - 1) == 0 &&
           is_there(entry + sizeof plain - 1, host, port, "80");
}

bool fetch_rule_find(const struct partner *partner, const char *uri, struct fetch_rule *rule)
{
    auto_free(curl_url_cleanup) CURLU *url = curl_url();
    auto_free(curl_free) char *scheme = NULL;
    auto_free(curl_free) char *host = NULL;
    auto_free(curl_free) char *port = NULL;
    auto_free(curl_free) char *user = NULL;
    if (!url || curl_url_set(url, CURLUPART_URL, uri, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_USER, &user, 0) == CURLUE_OK ||
        curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK)
        return false;
    for (size_t i = 0; i < partner->fetch_files_from_count; i++)
        if (allows(partner->fetch_files_from[i], scheme, host, port)) {
            rule->is_any_address = is_literal(host) || strcasecmp(host, "localhost") == 0;
            return true;
        }
    return false;
}

/* ---- addresses ---- */

/* Special-purpose blocks (RFC 6890 and its registry), as address and prefix length. */
static const struct {
    uint32_t address;
    int length;
} special_four[] = {
    {0x00000000, 8},  /* this network */
    {0x0A000000, 8},  /* private */
    {0x64400000, 10}, /* shared */
    {0x7F000000, 8},  /* loopback */
    {0xA9FE0000, 16}, /* link-local */
    {0xAC100000, 12}, /* private */
    {0xC0000000, 24}, /* protocol assignments */
    {0xC0000200, 24}, /* documentation */
    {0xC0A80000, 16}, /* private */
    {0xC6120000, 15}, /* benchmarking */
    {0xC6336400, 24}, /* documentation */
    {0xCB007100, 24}, /* documentation */
    {0xE0000000, 3},  /* multicast, reserved, broadcast */
};

static bool is_public_four(uint32_t address)
{
    for (size_t i = 0; i < sizeof special_four / sizeof special_four[0]; i++)
        if ((address ^ special_four[i].address) >> (32 - special_four[i].length) == 0)
            return false;
    return true;
}

static uint32_t four_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool is_public_six(const uint8_t address[16])
{
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    static const uint8_t translated[12] = {0x00, 0x64, 0xFF, 0x9B};
    if (memcmp(address, mapped, sizeof mapped) == 0 ||
        memcmp(address, translated, sizeof translated) == 0)
        return is_public_four(four_at(address + 12));
    if (address[0] == 0x20 && address[1] == 0x02) /* 6to4 */
        return is_public_four(four_at(address + 2));
    bool is_special = address[0] == 0x20 && address[1] == 0x01 &&
                      (address[2] < 0x02 || (address[2] == 0x0D && address[3] == 0xB8));
    return (address[0] & 0xE0) == 0x20 && !is_special; /* 2000::/3 is what is given out */
}

bool fetch_is_public(const struct sockaddr *address)
{
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    switch (address->sa_family) {
    case AF_INET:
        memcpy(&four, address, sizeof four);
        return is_public_four(ntohl(four.sin_addr.s_addr));
    case AF_INET6:
        memcpy(&six, address, sizeof six);
        return is_public_six(six.sin6_addr.s6_addr);
    default:
        return false;
    }
}
