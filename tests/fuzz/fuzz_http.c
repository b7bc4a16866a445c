/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes on the HTTP port: whole connections against a real server.  A strict reader of our own
 * follows beside it: what the server handled must be the requests that the reader sees, one after
 * another, with the same body; so no request hides in another.  The server may refuse more.
 */
#include "fuzz.h"

#include "http/server.h"
#include "operate/asked.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { MOST = 16, BODY_LIMIT = 4096, HEAD_LIMIT = 4096, ANSWER_SIZE = 65536 };

/* What a stage was given. */
struct handled {
    char *method, *path;
    size_t size; /* of the body */
    uint32_t sum;
};

static struct {
    pthread_mutex_t lock; /* guards the rest */
    struct handled list[MOST];
    size_t count;
} seen = {.lock = PTHREAD_MUTEX_INITIALIZER};

static char socket_path[FUZZ_PATH_SIZE + 32];

/* ---- the server ---- */

/* Of letters alone, which `settle` leaves as they are. */
static uint32_t add_up(uint32_t sum, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (isalnum((unsigned char)bytes[i]))
            sum = sum * 31 + (unsigned char)bytes[i];
    return sum;
}

static void note(struct http_request *request, size_t size, uint32_t sum)
{
    pthread_mutex_lock(&seen.lock);
    if (seen.count < MOST) {
        struct handled *handled = &seen.list[seen.count++];
        *handled =
            (struct handled){strdup(http_method(request)), strdup(http_path(request)), size, sum};
        stop_if(!handled->method || !handled->path, "no memory");
    }
    pthread_mutex_unlock(&seen.lock);
}

static void take(void *own, struct http_request *request)
{
    size_t size = 0;
    const char *body = http_body(request, &size);
    (void)own;
    note(request, size, add_up(0, body, size));
    http_answer(request, 202, NULL, NULL, 0);
}

/* A list, as the operators' calls read their parameters. */
static void list(void *own, struct http_request *request)
{
    static const char *const words[] = {"a", "b", NULL};
    const char *text = NULL;
    int64_t number = 0, from = 0, until = 0;
    int word = 0;
    size_t limit = 0;
    (void)own;
    const struct asked table[] = {
        {"q", ASKED_TEXT, &text, NULL},      {"after", ASKED_NUMBER, &number, NULL},
        {"from", ASKED_FROM, &from, NULL},   {"to", ASKED_UNTIL, &until, NULL},
        {"state", ASKED_WORD, &word, words}, {0}};
    note(request, 0, 0);
    if (!asked_read(request, table) || !asked_limit(request, &limit))
        return;
    stop_if(number < 0 || limit < 1 || limit > LIST_LIMIT_MOST, "a parameter out of bounds");
    http_answer(request, 200, NULL, NULL, 0);
}

static void show(void *own, struct http_request *request)
{
    const char *segment = http_segment(request, "name");
    struct fault why;
    (void)own, (void)why;
    note(request, 0, 0);
    http_add_header(request, "X-Name", segment ? "there" : "broken");
    int file = open("LICENSE", O_RDONLY | O_CLOEXEC);
    const struct http_file answered = {
        .descriptor = file, .size = 500, .media_type = "text/plain", .etag = "\"a\""};
    http_answer_file(request, &answered);
}

struct upload {
    size_t size;
    uint32_t sum;
};

static void begin_upload(void *own, struct http_request *request)
{
    (void)own;
    http_set_own(request, calloc(1, sizeof(struct upload)));
}

static void take_piece(void *own, struct http_request *request, const char *bytes, size_t size)
{
    struct upload *upload = http_own(request);
    (void)own;
    upload->size += size;
    upload->sum = add_up(upload->sum, bytes, size);
}

static void end_upload(void *own, struct http_request *request)
{
    const struct upload *upload = http_own(request);
    (void)own;
    note(request, upload->size, upload->sum);
    http_answer(request, 201, NULL, NULL, 0);
}

static void forget_upload(void *own, struct http_request *request)
{
    (void)own;
    free(http_own(request));
}

static const struct http_route routes[] = {
    {.method = "POST", .pattern = "/x", .body_limit = HTTP_SERVER_LIMIT, .handle = take},
    {.method = "GET", .pattern = "/list", .handle = list},
    {.method = "GET", .pattern = "/f/{name}", .handle = show},
    {.method = "PUT",
     .pattern = "/f/{name}",
     .body_limit = HTTP_OWN_LIMIT,
     .begin = begin_upload,
     .piece = take_piece,
     .handle = end_upload,
     .end = forget_upload},
    {0},
};

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    static const struct http_table tables[] = {{.routes = routes}, {0}};
    static char listen[FUZZ_PATH_SIZE + 40];
    char folder[FUZZ_PATH_SIZE];
    struct fault why = {0};
    (void)count, (void)arguments;
    fuzz_folder(folder);
    (void)snprintf(socket_path, sizeof socket_path, "%s/http", folder);
    (void)snprintf(listen, sizeof listen, "unix:%s", socket_path);
    const struct http_options options = {.listen = listen,
                                         .threads = 1,
                                         .connections = 50,
                                         .head_limit = HEAD_LIMIT,
                                         .body_limit = BODY_LIMIT,
                                         .body_memory = 1000000,
                                         .idle_timeout_ms = 5000,
                                         .body_deadline_ms = 5000,
                                         .tables = tables};
    stop_if(!http_open(&options, &why), why.text);
    return 0;
}

/* ---- the strict reader ---- */

struct text {
    const char *at, *end;
};

/* What libmicrohttpd makes of these in a head and of proper ends of lines is the same to the byte,
 * so no guard behind it can tell them apart (docs/security.md, "What is left"): such input is only
 * to do no harm. */
static bool can_be_told(const char *bytes, size_t size)
{
    return !memchr(bytes, '\0', size) && !memmem(bytes, size, "\r\n:\n", 4) &&
           !memmem(bytes, size, "\n:\r\n", 4);
}

/* A line without its CRLF; false when there is none, or a bare CR, LF or NUL is in it. */
static bool read_line(struct text *text, struct text *line)
{
    const char *end = memchr(text->at, '\n', (size_t)(text->end - text->at));
    if (!end || end == text->at || end[-1] != '\r')
        return false;
    *line = (struct text){text->at, end - 1};
    text->at = end + 1;
    size_t size = (size_t)(line->end - line->at);
    return !memchr(line->at, '\r', size) && !memchr(line->at, '\0', size);
}

/* What of a head says where its body ends. */
struct framing {
    bool has_length, is_chunked, is_bad;
    size_t length;
};

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static struct text trim(struct text text)
{
    while (text.at < text.end && is_blank(*text.at))
        text.at++;
    while (text.end > text.at && is_blank(text.end[-1]))
        text.end--;
    return text;
}

static bool is_named(struct text name, const char *wanted)
{
    size_t size = (size_t)(name.end - name.at);
    return size == strlen(wanted) && strncasecmp(name.at, wanted, size) == 0;
}

static void read_length(struct framing *framing, struct text value)
{
    framing->is_bad |= framing->has_length || value.at == value.end || value.end - value.at > 9;
    framing->has_length = true;
    framing->length = 0;
    for (const char *at = value.at; at < value.end && !framing->is_bad; at++) {
        framing->is_bad |= *at < '0' || *at > '9';
        framing->length = framing->length * 10 + (size_t)(*at - '0');
    }
}

static void read_header(struct framing *framing, struct text line)
{
    const char *colon = memchr(line.at, ':', (size_t)(line.end - line.at));
    if (is_blank(*line.at) || !colon || colon == line.at || is_blank(colon[-1])) {
        framing->is_bad = true;
        return;
    }
    struct text name = {line.at, colon}, value = trim((struct text){colon + 1, line.end});
    if (is_named(name, "Content-Length")) {
        read_length(framing, value);
    } else if (is_named(name, "Transfer-Encoding")) {
        framing->is_bad |= framing->is_chunked || !is_named(value, "chunked");
        framing->is_chunked = true;
    }
}

static bool read_chunk_size(struct text line, size_t *size)
{
    const char *extension = memchr(line.at, ';', (size_t)(line.end - line.at));
    struct text digits = trim((struct text){line.at, extension ? extension : line.end});
    *size = 0;
    for (const char *at = digits.at; at < digits.end; at++) {
        const char *all = "0123456789abcdef", *digit = strchr(all, *at | 0x20);
        if (!*at || !digit || at - digits.at > 7)
            return false;
        *size = *size * 16 + (size_t)(digit - all);
    }
    return digits.at < digits.end;
}

/* libmicrohttpd takes a bare line feed among chunks.  It hides nothing: the server ends the
 * connection behind a chunked body. */
static bool read_chunk_line(struct text *text, struct text *line)
{
    const char *end = memchr(text->at, '\n', (size_t)(text->end - text->at));
    if (!end)
        return false;
    *line = (struct text){text->at, end > text->at && end[-1] == '\r' ? end - 1 : end};
    text->at = end + 1;
    return true;
}

static bool read_chunks(struct text *text, struct handled *request)
{
    struct text line;
    size_t size;
    while (read_chunk_line(text, &line) && read_chunk_size(line, &size)) {
        if (size == 0) { /* what trails is not looked at: nothing follows a chunked body */
            text->at = text->end;
            return true;
        }
        if ((size_t)(text->end - text->at) <= size)
            return false;
        request->size += size;
        request->sum = add_up(request->sum, text->at, size);
        text->at += size;
        if (!read_chunk_line(text, &line) || line.at != line.end)
            return false;
    }
    return false;
}

static bool read_body(struct text *text, const struct framing *framing, struct handled *request)
{
    if (framing->is_bad || (framing->has_length && framing->is_chunked))
        return false;
    if (framing->is_chunked)
        return read_chunks(text, request);
    if (framing->length > (size_t)(text->end - text->at))
        return false;
    request->size = framing->length;
    request->sum = add_up(0, text->at, framing->length);
    text->at += framing->length;
    return true;
}

/* Empty lines before a request are passed over (RFC 9112 2.2); for libmicrohttpd a line that begins
 * with NUL is one. */
static void skip_empty(struct text *text)
{
    while (text->at < text->end && strchr("\r\n", *text->at)) {
        const char *end = memchr(text->at, '\n', (size_t)(text->end - text->at));
        text->at = *text->at != '\0' ? text->at + 1 : end ? end + 1 : text->end;
    }
}

/* The next request, as it can only be read; method and path are borrowed. */
static bool read_request(struct text *text, struct text *method, struct text *path,
                         struct handled *request)
{
    struct text line;
    struct framing framing = {0};
    *request = (struct handled){0};
    skip_empty(text);
    if (!read_line(text, &line))
        return false;
    const char *first = memchr(line.at, ' ', (size_t)(line.end - line.at));
    const char *last = memrchr(line.at, ' ', (size_t)(line.end - line.at));
    if (!first || last <= first || !is_named((struct text){last + 1, line.end}, "HTTP/1.1"))
        return false;
    *method = (struct text){line.at, first};
    *path = (struct text){first + 1, last};
    const char *query = memchr(path->at, '?', (size_t)(path->end - path->at));
    path->end = query ? query : path->end;
    while (read_line(text, &line)) {
        if (line.at == line.end)
            return read_body(text, &framing, request);
        read_header(&framing, line);
    }
    return false;
}

/* ---- the comparison ---- */

static bool is_text(struct text text, const char *wanted)
{
    size_t size = (size_t)(text.end - text.at);
    return strlen(wanted) == size && memcmp(text.at, wanted, size) == 0;
}

static bool is_same(const struct handled *request, struct text method, struct text path,
                    const struct handled *handled)
{
    bool keeps_body = strcmp(handled->method, "POST") == 0 || strcmp(handled->method, "PUT") == 0;
    return is_text(method, handled->method) && is_text(path, handled->path) &&
           (!keeps_body || (request->size == handled->size && request->sum == handled->sum));
}

/* Requests that were refused or are nobody's are passed over. */
static void compare(const char *bytes, size_t size)
{
    bool is_judged = can_be_told(bytes, size);
    struct text text = {bytes, bytes + size}, method, path;
    struct handled request;
    pthread_mutex_lock(&seen.lock);
    for (size_t i = 0; i < seen.count && is_judged; i++) {
        bool is_found = false;
        while (!is_found && read_request(&text, &method, &path, &request))
            is_found = is_same(&request, method, path, &seen.list[i]);
        if (!is_found)
            fprintf(stderr, "%s %s with %zu bytes\n", seen.list[i].method, seen.list[i].path,
                    seen.list[i].size);
        stop_if(!is_found, "a request was handled that is not there");
    }
    for (size_t i = 0; i < seen.count; i++) {
        free(seen.list[i].method);
        free(seen.list[i].path);
    }
    seen.count = 0;
    pthread_mutex_unlock(&seen.lock);
}

/* ---- one connection ---- */

/* libFuzzer's clock interrupts it: who went on then had the next input blamed for this one. */
static ssize_t receive(int peer, char *bytes, size_t size, int flags)
{
    ssize_t got = -1;
    do
        got = recv(peer, bytes, size, flags);
    while (got < 0 && errno == EINTR);
    return got;
}

static void exchange(const char *bytes, size_t size)
{
    static char answer[ANSWER_SIZE];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path);
    int peer = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    stop_if(connect(peer, (const struct sockaddr *)&address, sizeof address) != 0, "no connection");
    (void)!send(peer, bytes, size, MSG_NOSIGNAL); /* the server may end before it read all */
    (void)shutdown(peer, SHUT_WR);
    ssize_t got = receive(peer, answer, 12, MSG_WAITALL);
    stop_if(got == 12 && memcmp(answer, "HTTP/1.1 ", 9) != 0, "an answer that is none");
    while (receive(peer, answer, sizeof answer, 0) > 0)
        continue;
    (void)close(peer);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    auto_free(free) char *copy = exact_copy(bytes, size);
    exchange(copy, size);
    compare(copy, size);
    return 0;
}
