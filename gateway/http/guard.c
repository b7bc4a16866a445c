/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libmicrohttpd lets pass and should not.  Headers are checked one by one as it reports them;
 * then, for the parser of 0.9.75, that the reported pieces account for every byte of the head: a
 * bare line feed, a folded line or a NUL leaves bytes over, since the parser works on NUL-ended
 * text inside the received bytes and puts two NULs where a line's end was.
 */
#include "http/guard.h"

#include "http/target.h"

#include <string.h>
#include <strings.h>

/* Headers whose meaning is lost when there are two of them. */
enum single {
    SINGLE_LENGTH,
    SINGLE_ENCODING,
    SINGLE_HOST,
    SINGLE_AUTHORIZATION,
    SINGLE_KEY,
    SINGLE_TYPE,
    SINGLE_COUNT_
};
static const char *const single_names[SINGLE_COUNT_] = {
    [SINGLE_LENGTH] = "Content-Length",
    [SINGLE_ENCODING] = "Transfer-Encoding",
    [SINGLE_HOST] = "Host",
    [SINGLE_AUTHORIZATION] = "Authorization",
    [SINGLE_KEY] = "X-Api-Key",
    [SINGLE_TYPE] = "Content-Type",
};

/* What has been seen of one head. */
struct sight {
    int counts[SINGLE_COUNT_];
    const char *fault;  /* the first reason to refuse */
    const char *next;   /* where the next header must begin */
    bool is_contiguous; /* every header began where the one before it ended */
};

/* RFC 9110 5.6.2: the bytes a header name may have. */
static bool is_token(const char *text, size_t size)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < size; i++) {
        char byte = text[i];
        bool is_plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
                        (byte >= 'a' && byte <= 'z');
        if (!is_plain && (byte == '\0' || !strchr(marks, byte)))
            return false;
    }
    return size > 0;
}

bool guard_is_plain(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        if ((byte < ' ' && byte != '\t') || byte == 0x7f)
            return false;
    }
    return true;
}

static void count_single(struct sight *sight, const char *name)
{
    for (size_t i = 0; i < SINGLE_COUNT_; i++) {
        if (strcasecmp(name, single_names[i]) == 0)
            sight->counts[i]++;
    }
}

static bool is_line_end(const char *at)
{
    return at[0] == '\0' && at[1] == '\0';
}

/* Follows the header through the received bytes: name, NUL where the colon was, blanks, value. */
static void follow(struct sight *sight, const char *name, size_t name_size, const char *value,
                   size_t value_size)
{
    if (!sight->is_contiguous || name != sight->next) {
        sight->is_contiguous = false;
        return;
    }
    const char *at = name + name_size + 1;
    at += strspn(at, " \t");
    sight->is_contiguous = at == value && is_line_end(value + value_size);
    sight->next = value + value_size + 2;
}

static enum MHD_Result see_header(void *own, enum MHD_ValueKind kind, const char *name,
                                  size_t name_size, const char *value, size_t value_size)
{
    struct sight *sight = own;
    (void)kind;
    if (!is_token(name, name_size))
        sight->fault = "A header's name has other than token characters.";
    else if (!value || !guard_is_plain(value, value_size))
        sight->fault = "A header's value has control characters.";
    if (sight->fault)
        return MHD_NO;
    count_single(sight, name);
    follow(sight, name, name_size, value, value_size);
    return MHD_YES;
}

static const char *check_counts(struct MHD_Connection *connection, const struct sight *sight)
{
    for (size_t i = 0; i < SINGLE_COUNT_; i++) {
        if (sight->counts[i] > 1)
            return "A header that may stand once stands more than once.";
    }
    if (sight->counts[SINGLE_HOST] != 1)
        return "The Host header is missing.";
    if (sight->counts[SINGLE_LENGTH] > 0 && sight->counts[SINGLE_ENCODING] > 0)
        return "Content-Length and Transfer-Encoding stand together.";

    const char *encoding =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, single_names[SINGLE_ENCODING]);
    if (encoding && strcasecmp(encoding, "chunked") != 0)
        return "The only Transfer-Encoding is chunked.";
    return NULL;
}

/* The layout that `follow` knows is that of the parser up to 0.9.75; later ones refuse such heads
 * themselves. */
static bool knows_layout(void)
{
    static const unsigned parts[] = {1000000, 1000, 1};
    const char *version = MHD_get_version();
    unsigned number = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char *end;
        number += parts[i] * (unsigned)strtoul(version, &end, 10);
        version = *end == '.' ? end + 1 : end;
    }
    return number <= 9075;
}

/* The bytes from the method to the first header; NULL when something lies between. */
static const char *after_request_line(const struct head *head)
{
    const char *target = head->method + strlen(head->method) + 1;
    if (target != head->target || target + head->target_size + 1 != head->version)
        return NULL;
    const char *end = head->version + strlen(head->version);
    return is_line_end(end) ? end + 2 : NULL;
}

static bool fills_head(struct MHD_Connection *connection, const struct head *head,
                       const struct sight *sight)
{
    const union MHD_ConnectionInfo *size =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return size && sight->is_contiguous && is_line_end(sight->next) &&
           sight->next + 2 == head->method + size->header_size;
}

const char *guard_check(struct MHD_Connection *connection, const struct head *head)
{
    if (strcmp(head->version, MHD_HTTP_VERSION_1_1) != 0)
        return "Only HTTP/1.1 is spoken here.";
    if (!head->target || !is_token(head->method, strlen(head->method)) || !head->target_is_plain)
        return "The request line is malformed.";

    struct sight sight = {.next = after_request_line(head)};
    sight.is_contiguous = sight.next != NULL;
    (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, see_header, &sight);
    if (sight.fault)
        return sight.fault;
    if (knows_layout() && !fills_head(connection, head, &sight))
        return "A line of the head is folded, ends with a bare line feed, or has a NUL.";
    return check_counts(connection, &sight);
}
