/* SPDX-License-Identifier: Apache-2.0 */
/* Signature Version 4 against the examples that AWS publishes for S3 ("Authenticating Requests:
 * Using the Authorization Header"). */
#include "unit.h"

#include "base/cleanup.h"
#include "files/sigv4.h"

#include <string.h>

static const struct sigv4_identity identity = {
    .access_key = "AKIAIOSFODNN7EXAMPLE",
    .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    .region = "us-east-1",
    .service = "s3",
};

#define DATE    "20130524T000000Z"
#define HOST    "examplebucket.s3.amazonaws.com"
#define NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define WELCOME "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"

enum { HEADERS = 6 };

static const struct {
    const char *name;
    const char *method, *path, *query, *payload;
    struct sigv4_header headers[HEADERS];
    size_t header_count;
    const char *signature;
} examples[] = {
    {"get an object",
     "GET",
     "/test.txt",
     "",
     NOTHING,
     {{"host", HOST},
      {"range", "bytes=0-9"},
      {"x-amz-content-sha256", NOTHING},
      {"x-amz-date", DATE}},
     4,
     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
    {"put an object",
     "PUT",
     "/test%24file.text",
     "",
     WELCOME,
     {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
      {"host", HOST},
      {"x-amz-content-sha256", WELCOME},
      {"x-amz-date", DATE},
      {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
     5,
     "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"},
    {"get a bucket's lifecycle",
     "GET",
     "/",
     "lifecycle=",
     NOTHING,
     {{"host", HOST}, {"x-amz-content-sha256", NOTHING}, {"x-amz-date", DATE}},
     3,
     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"},
    {"list objects",
     "GET",
     "/",
     "max-keys=2&prefix=J",
     NOTHING,
     {{"host", HOST}, {"x-amz-content-sha256", NOTHING}, {"x-amz-date", DATE}},
     3,
     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"},
};

static void the_published_examples_are_signed_as_published(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct fault why;
        const struct sigv4_request request = {
            .method = examples[i].method,
            .path = examples[i].path,
            .query = examples[i].query,
            .headers = examples[i].headers,
            .header_count = examples[i].header_count,
            .payload_sha256 = examples[i].payload,
            .date = DATE,
        };
        auto_free(free) char *given = sigv4_authorization(&identity, &request, &why);
        assert_non_null(given);
        const char *signature = strstr(given, ",Signature=");
        assert_non_null(signature);
        if (strcmp(signature + 11, examples[i].signature) != 0)
            fail_msg("%s: %s", examples[i].name, signature);
    }
}

static void the_header_names_the_scope_and_the_signed_headers(void **state)
{
    struct fault why;
    const struct sigv4_request request = {.method = "GET",
                                          .path = "/",
                                          .query = "lifecycle=",
                                          .headers = examples[2].headers,
                                          .header_count = 3,
                                          .payload_sha256 = NOTHING,
                                          .date = DATE};
    (void)state;
    auto_free(free) char *given = sigv4_authorization(&identity, &request, &why);
    assert_non_null(given);
    static const char begin[] =
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
        "SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=";
    assert_memory_equal(given, begin, sizeof begin - 1);
}

static void a_date_is_written_in_utc(void **state)
{
    char date[SIGV4_DATE_SIZE];
    (void)state;
    sigv4_date(INT64_C(1369353600000), date);
    assert_string_equal(date, DATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_examples_are_signed_as_published),
        cmocka_unit_test(the_header_names_the_scope_and_the_signed_headers),
        cmocka_unit_test(a_date_is_written_in_utc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
