/* SPDX-License-Identifier: Apache-2.0 */
/* The console's files, as the program serves them. */
#include "unit.h"

#include "base/file.h"
#include "http/server.h"
#include "operate/assets.h"

#include "http_peer.h"

#include <dirent.h>

enum { GOT_SIZE = 256 * 1024 };
static const char folder[] = "gateway/operate/console";

/* A whole answer, of which the body may have NULs. */
struct got {
    char text[GOT_SIZE + 1];
    size_t size, head_size;
    int status;
};

static struct http_server *serve(void)
{
    const struct http_table tables[] = {{assets_routes(), NULL}, {NULL, NULL}};
    struct fault why;
    const struct http_options options = {
        .listen = "127.0.0.1:0",
        .threads = 1,
        .connections = 8,
        .head_limit = 8192,
        .body_limit = 1024,
        .body_memory = 65536,
        .idle_timeout_ms = 10000,
        .body_deadline_ms = 10000,
        .tables = tables,
    };
    struct http_server *server = http_open(&options, &why);
    assert_non_null(server);
    return server;
}

static void fetch(const struct http_server *server, const char *path, const char *headers,
                  struct got *got)
{
    char request[1024];
    int peer = peer_connect(http_port(server));
    assert_true(peer >= 0);
    int size = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: a\r\n%sConnection: close\r\n\r\n", path, headers);
    assert_true(peer_send(peer, request, (size_t)size));
    memset(got, 0, sizeof *got);
    for (ssize_t more; (more = recv(peer, got->text + got->size, GOT_SIZE - got->size, 0)) > 0;)
        got->size += (size_t)more;
    (void)close(peer);
    const char *end = strstr(got->text, "\r\n\r\n");
    assert_non_null(end);
    got->head_size = (size_t)(end - got->text) + 4;
    got->text[got->head_size - 1] = '\0';
    assert_int_equal(sscanf(got->text, "HTTP/1.1 %d", &got->status), 1);
}

static void read_etag(const struct got *got, char etag[200])
{
    const char *at = strcasestr(got->text, "\r\nETag: ");
    assert_non_null(at);
    at += strlen("\r\nETag: ");
    (void)snprintf(etag, 200, "%.*s", (int)strcspn(at, "\r\n"), at);
}

static bool is_served(const char *name)
{
    for (size_t i = 0; assets_name(i); i++)
        if (strcmp(assets_name(i), name) == 0)
            return true;
    return false;
}

static void test_every_file_of_the_folder_is_served_as_it_is(void **state)
{
    (void)state;
    struct http_server *server = serve();
    struct got *got = calloc(1, sizeof *got);
    DIR *files = opendir(folder);
    size_t count = 0;
    assert_non_null(got);
    assert_non_null(files);
    for (const struct dirent *file; (file = readdir(files));) {
        char path[600];
        size_t size;
        struct fault why;
        if (file->d_name[0] == '.')
            continue;
        if (!is_served(file->d_name))
            fail_msg("%s/%s is not in operate/assets.c", folder, file->d_name);
        (void)snprintf(path, sizeof path, "/console/%s", file->d_name);
        fetch(server, path, "", got);
        assert_int_equal(got->status, 200);
        (void)snprintf(path, sizeof path, "%s/%s", folder, file->d_name);
        char *bytes = file_read(path, GOT_SIZE, &size, &why);
        assert_non_null(bytes);
        assert_int_equal(size, got->size - got->head_size);
        assert_memory_equal(bytes, got->text + got->head_size, size);
        free(bytes);
        count++;
    }
    assert_null(assets_name(count));
    (void)closedir(files);
    free(got);
    http_close(server);
}

static void test_the_first_page_is_html_and_is_asked_for_each_time(void **state)
{
    (void)state;
    struct http_server *server = serve();
    struct got *got = calloc(1, sizeof *got);
    assert_non_null(got);
    fetch(server, "/", "", got);
    assert_int_equal(got->status, 200);
    assert_non_null(strcasestr(got->text, "Content-Type: text/html; charset=utf-8"));
    assert_non_null(strcasestr(got->text, "Cache-Control: no-cache"));
    assert_null(strcasestr(got->text, "Content-Encoding"));
    free(got);
    http_close(server);
}

static void test_who_takes_gzip_gets_less_under_another_etag(void **state)
{
    (void)state;
    struct http_server *server = serve();
    struct got *plain = calloc(1, sizeof *plain), *packed = calloc(1, sizeof *packed);
    char etags[2][200];
    assert_true(plain && packed);
    fetch(server, "/console/vi.js", "Accept-Encoding: gzip;q=0\r\n", plain);
    fetch(server, "/console/vi.js", "Accept-Encoding: br, gzip\r\n", packed);
    assert_null(strcasestr(plain->text, "Content-Encoding"));
    assert_non_null(strcasestr(packed->text, "Content-Encoding: gzip"));
    assert_non_null(strcasestr(packed->text, "Vary: Accept-Encoding"));
    assert_true(packed->size * 2 < plain->size);
    assert_memory_equal(packed->text + packed->head_size, "\x1f\x8b", 2);
    read_etag(plain, etags[0]);
    read_etag(packed, etags[1]);
    assert_string_not_equal(etags[0], etags[1]);
    free(plain);
    free(packed);
    http_close(server);
}

static void test_what_is_still_the_same_is_not_sent_again(void **state)
{
    (void)state;
    struct http_server *server = serve();
    struct got *got = calloc(1, sizeof *got);
    char etag[200], header[300];
    assert_non_null(got);
    fetch(server, "/console/style.css", "", got);
    read_etag(got, etag);
    (void)snprintf(header, sizeof header, "If-None-Match: %s\r\n", etag);
    fetch(server, "/console/style.css", header, got);
    assert_int_equal(got->status, 304);
    assert_int_equal(got->size, got->head_size);
    fetch(server, "/console/style.css", "If-None-Match: \"another\"\r\n", got);
    assert_int_equal(got->status, 200);
    free(got);
    http_close(server);
}

static void test_no_other_name_leads_to_a_file(void **state)
{
    (void)state;
    static const char *const paths[] = {"/console/",
                                        "/console/none.js",
                                        "/console/..%2f..%2fMakefile",
                                        "/console/index.html.gz",
                                        "/console/INDEX.HTML",
                                        "/index.html"};
    struct http_server *server = serve();
    struct got *got = calloc(1, sizeof *got);
    assert_non_null(got);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        fetch(server, paths[i], "", got);
        assert_int_equal(got->status, 404);
    }
    free(got);
    http_close(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_file_of_the_folder_is_served_as_it_is),
        cmocka_unit_test(test_the_first_page_is_html_and_is_asked_for_each_time),
        cmocka_unit_test(test_who_takes_gzip_gets_less_under_another_etag),
        cmocka_unit_test(test_what_is_still_the_same_is_not_sent_again),
        cmocka_unit_test(test_no_other_name_leads_to_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
