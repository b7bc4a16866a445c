/* SPDX-License-Identifier: Apache-2.0 */
/* HTTPS, by a client of other people's making, with a certificate made for the moment. */
#include "unit.h"

#include "base/cleanup.h"
#include "http/server.h"

#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <unistd.h>

enum { DAY_S = 86400, PATH_SIZE = 64, ROUNDS = 20 };

ENDS_WITH_SCOPE(CURL *, curl_easy_cleanup)

static void hello(void *own, struct http_request *request)
{
    size_t size = 0;
    const char *body = http_body(request, &size);
    (void)own;
    http_answer(request, 200, "text/plain", strndup(body, size), size);
}

static const struct http_route routes[] = {
    {.method = "POST", .pattern = "/hello", .body_limit = -1, .handle = hello},
    {0},
};

static const struct http_table tables[] = {{.routes = routes}, {0}};

static FILE *make_file(char path[PATH_SIZE])
{
    (void)snprintf(path, PATH_SIZE, "/tmp/lienthong-test-XXXXXX");
    FILE *file = fdopen(mkstemp(path), "w");
    assert_non_null(file);
    return file;
}

static void write_pair(char certificate[PATH_SIZE], char private_key[PATH_SIZE])
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *made = X509_new();
    X509_NAME *name = X509_get_subject_name(made);
    assert_int_equal(X509_set_version(made, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(made), 1), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(made), -DAY_S));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(made), DAY_S));
    assert_int_equal(X509_set_pubkey(made, key), 1);
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                                (const unsigned char *)"localhost", -1, -1, 0),
                     1);
    assert_int_equal(X509_set_issuer_name(made, name), 1);
    assert_true(X509_sign(made, key, EVP_sha256()) > 0);
    FILE *file = make_file(certificate);
    assert_int_equal(PEM_write_X509(file, made), 1);
    (void)fclose(file);
    file = make_file(private_key);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    (void)fclose(file);
    X509_free(made);
    EVP_PKEY_free(key);
}

static struct http_options options_with(const char *certificate, const char *private_key)
{
    return (struct http_options){.listen = "127.0.0.1:0",
                                 .certificate = certificate,
                                 .private_key = private_key,
                                 .threads = 2,
                                 .connections = 50,
                                 .head_limit = 8192,
                                 .body_limit = 1 << 20,
                                 .body_memory = 4 << 20,
                                 .idle_timeout_ms = 5000,
                                 .body_deadline_ms = 5000,
                                 .tables = tables};
}

static size_t count_bytes(char *bytes, size_t size, size_t count, void *own)
{
    size_t *sum = own;
    (void)bytes;
    *sum += size * count;
    return size * count;
}

static void bodies_come_back_over_tls(void **state)
{
    char certificate[PATH_SIZE], private_key[PATH_SIZE], url[64], *body = calloc(1, 200001);
    struct fault why = {0};
    (void)state;
    memset(body, 'x', 200000);
    write_pair(certificate, private_key);
    const struct http_options options = options_with(certificate, private_key);
    struct http_server *server = http_open(&options, &why);
    if (!server)
        fail_msg("%s", why.text);
    (void)snprintf(url, sizeof url, "https://localhost:%d/hello", http_port(server));
    auto_free(curl_easy_cleanup) CURL *client = curl_easy_init();
    size_t got = 0;
    curl_easy_setopt(client, CURLOPT_URL, url);
    curl_easy_setopt(client, CURLOPT_CAINFO, certificate);
    curl_easy_setopt(client, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(client, CURLOPT_WRITEFUNCTION, count_bytes);
    curl_easy_setopt(client, CURLOPT_WRITEDATA, &got);
    for (int i = 0; i < ROUNDS; i++) {
        long status = 0;
        assert_int_equal(curl_easy_perform(client), CURLE_OK);
        assert_int_equal(curl_easy_getinfo(client, CURLINFO_RESPONSE_CODE, &status), CURLE_OK);
        assert_int_equal(status, 200);
    }
    assert_int_equal(got, ROUNDS * 200000);
    http_close(server);
    assert_int_equal(unlink(certificate) + unlink(private_key), 0);
    free(body);
}

static void a_key_of_another_certificate_is_refused(void **state)
{
    char certificate[PATH_SIZE], private_key[PATH_SIZE], other[PATH_SIZE], other_key[PATH_SIZE];
    struct fault why = {0};
    (void)state;
    write_pair(certificate, private_key);
    write_pair(other, other_key);
    struct http_options options = options_with(certificate, other_key);
    assert_null(http_open(&options, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    options = options_with(certificate, NULL);
    assert_null(http_open(&options, &why));
    assert_non_null(strstr(why.text, "private_key"));
    assert_int_equal(unlink(certificate) + unlink(private_key) + unlink(other) + unlink(other_key),
                     0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_come_back_over_tls),
        cmocka_unit_test(a_key_of_another_certificate_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
