/* SPDX-License-Identifier: Apache-2.0 */
/* Calls to a service whose answers no good server gives. */
#include "http_stand.h"

#include "files/s3_call.h"

/* The first answer is a good one. */
static void fold(struct stand *stand, size_t number, const struct heard *heard,
                 char answer[STAND_TEXT])
{
    (void)stand, (void)heard;
    (void)snprintf(answer, STAND_TEXT, "HTTP/1.1 200 OK\r\n%sContent-Length: 7\r\nETag: a\r\n\r\n",
                   number == 0 ? "" : " folded: into nothing\r\n");
}

static void say_well(struct stand *stand, size_t number, const struct heard *heard,
                     char answer[STAND_TEXT])
{
    (void)number;
    fold(stand, 0, heard, answer);
}

/* A service at the stand, asked again and again. */
struct asker {
    struct stand stand;
    char base[80], host[64];
    struct s3_service service;
    CURLSH *connections;
};

static void begin(struct asker *asker, stand_answer answer)
{
    stand_open(&asker->stand, 0, answer, NULL);
    (void)snprintf(asker->host, sizeof asker->host, "127.0.0.1:%d", asker->stand.port);
    (void)snprintf(asker->base, sizeof asker->base, "http://%s/bucket", asker->host);
    asker->service = (struct s3_service){
        .identity = {"key", "secret", "vn-1", "s3"},
        .base = asker->base,
        .path = "/bucket",
        .host = asker->host,
        .timeout_ms = 5000,
    };
    asker->connections = curl_share_init();
    assert_int_equal(curl_share_setopt(asker->connections, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT),
                     0);
}

static void end(struct asker *asker)
{
    assert_int_equal(curl_share_cleanup(asker->connections), 0);
    stand_close(&asker->stand);
    free(asker);
}

static bool ask(struct asker *asker, struct fault *why)
{
    const struct s3_call call = {
        .method = "HEAD", .key = "ab/abcd", .payload_sha256 = "e3b0", .upload = -1, .download = -1};
    struct s3_answer answer = {0};
    bool is_good = s3_call(&asker->service, asker->connections, &call, &answer, why);
    if (is_good) {
        assert_int_equal(answer.status, 200);
        assert_int_equal(answer.size, 7);
    }
    return is_good;
}

static void one_connection_serves_call_after_call(void **state)
{
    (void)state;
    struct fault why;
    struct asker *asker = calloc(1, sizeof *asker);
    begin(asker, say_well);
    for (int i = 0; i < 3; i++)
        if (!ask(asker, &why))
            fail_msg("%s", why.text);
    assert_int_equal(stand_connections(&asker->stand), 1);
    end(asker);
}

/* libcurl before 8.1 used freed memory at this, from the second transfer with one handle on; what
 * it says of such headers differs from version to version. */
static void headers_that_begin_with_a_folded_one_do_no_harm(void **state)
{
    (void)state;
    struct fault why;
    struct asker *asker = calloc(1, sizeof *asker);
    begin(asker, fold);
    assert_true(ask(asker, &why));
    if (!ask(asker, &why))
        assert_int_equal(why.kind, FAULT_RETRY);
    assert_true(stand_heard(&asker->stand) >= 2);
    end(asker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_connection_serves_call_after_call),
        cmocka_unit_test(headers_that_begin_with_a_folded_one_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
