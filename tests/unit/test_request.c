/* SPDX-License-Identifier: Apache-2.0 */
#include "http_stand.h"

#include "deliver/request.h"

#include <stdatomic.h>

static struct stand stand;

static void say_good(struct stand *at, size_t number, const struct heard *heard,
                     char answer[STAND_TEXT])
{
    (void)at, (void)number, (void)heard;
    stand_say(answer, 200, "", "{}");
}

static int open_stand(void **state)
{
    (void)state;
    stand_open(&stand, 0, say_good, NULL);
    return curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK;
}

static int close_stand(void **state)
{
    (void)state;
    stand_close(&stand);
    return 0;
}

static void an_address_is_asked_for_as_it_is_written(void **state)
{
    (void)state;
    static const struct {
        const char *address, *path, *asked;
    } cases[] = {
        {"/base", "", "/base"},
        {"/base/", "", "/base/"},
        {"/f?token=abc/", "", "/f?token=abc/"},
        {"/base", NULL, "/base"},
        {"/base/", NULL, "/base/"},
        {"/base/", "?id=1", "/base/?id=1"},
        {"/base", "?id=1", "/base?id=1"},
        {"/base", "/list", "/base/list"},
        {"/base/", "/list", "/base/list"}, /* one between what is joined */
        {"/base//", "list", "/base/list"},
        {"/base", "list", "/base/list"},
    };
    const atomic_bool never = false;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fault why;
        char url[100], line[100];
        (void)snprintf(url, sizeof url, "http://127.0.0.1:%d%s", stand.port, cases[i].address);
        (void)snprintf(line, sizeof line, "GET %s HTTP/1.1\r\n", cases[i].asked);
        const struct partner_delivery to = {.url = url, .timeout_ms = 5000};
        struct request *request = request_new(&to, "GET", cases[i].path, &why);
        assert_non_null(request);
        assert_int_equal(request_perform(request, &never), CURLE_OK);
        request_free(request);
        if (strncmp(stand.heard[i].head, line, strlen(line)) != 0)
            fail_msg("%.60s instead of %s", stand.heard[i].head, line);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_address_is_asked_for_as_it_is_written, open_stand,
                                        close_stand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
