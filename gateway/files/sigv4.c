/* SPDX-License-Identifier: Apache-2.0 */
/* AWS Signature Version 4: a canonical form of the request, hashed, and signed under a key that
 * holds for one day, region and service. */
#include "files/sigv4.h"

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/text_stream.h"

enum { DAY_SIZE = 8 };

static const char algorithm[] = "AWS4-HMAC-SHA256";

void sigv4_date(int64_t at_ms, char date[SIGV4_DATE_SIZE])
{
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm parts;
    (void)gmtime_r(&seconds, &parts); /* fails for years that no clock shows */
    (void)strftime(date, SIGV4_DATE_SIZE, "%Y%m%dT%H%M%SZ", &parts);
}

/* "host;x-amz-date" */
static void write_names(FILE *out, const struct sigv4_request *request)
{
    for (size_t i = 0; i < request->header_count; i++)
        (void)fprintf(out, "%s%s", i > 0 ? ";" : "", request->headers[i].name);
}

static void write_canonical(FILE *out, const struct sigv4_request *request)
{
    (void)fprintf(out, "%s\n%s\n%s\n", request->method, request->path, request->query);
    for (size_t i = 0; i < request->header_count; i++)
        (void)fprintf(out, "%s:%s\n", request->headers[i].name, request->headers[i].value);
    (void)fputc('\n', out);
    write_names(out, request);
    (void)fprintf(out, "\n%s", request->payload_sha256);
}

static bool hash_canonical(const struct sigv4_request *request, char hex[SHA256_HEX_SIZE],
                           struct fault *why)
{
    struct text_stream stream;
    size_t size = 0;
    uint8_t digest[SHA256_SIZE];
    FILE *out = text_stream_begin(&stream);
    if (!out)
        return fault_memory(why);
    write_canonical(out, request);
    auto_free(free) char *text = text_stream_end(&stream, &size);
    if (!text)
        return fault_memory(why);
    digest_sha256(text, size, digest);
    digest_hex(digest, SHA256_SIZE, hex);
    return true;
}

static void sign_next(uint8_t key[SHA256_SIZE], const char *text, size_t size)
{
    uint8_t next[SHA256_SIZE];
    digest_hmac(key, SHA256_SIZE, text, size, next);
    memcpy(key, next, sizeof next);
}

static bool make_key(const struct sigv4_identity *identity, const char *date,
                     uint8_t key[SHA256_SIZE], struct fault *why)
{
    auto_free(free) char *secret = NULL;
    int size = asprintf(&secret, "AWS4%s", identity->secret_key);
    if (size < 0) {
        secret = NULL;
        return fault_memory(why);
    }
    digest_hmac(secret, (size_t)size, date, DAY_SIZE, key);
    explicit_bzero(secret, (size_t)size);
    sign_next(key, identity->region, strlen(identity->region));
    sign_next(key, identity->service, strlen(identity->service));
    sign_next(key, "aws4_request", strlen("aws4_request"));
    return true;
}

static bool sign(const struct sigv4_identity *identity, const struct sigv4_request *request,
                 const char *scope, char hex[SHA256_HEX_SIZE], struct fault *why)
{
    char canonical[SHA256_HEX_SIZE];
    uint8_t key[SHA256_SIZE];
    auto_free(free) char *text = NULL;
    if (!hash_canonical(request, canonical, why) || !make_key(identity, request->date, key, why))
        return false;
    int size = asprintf(&text, "%s\n%s\n%s\n%s", algorithm, request->date, scope, canonical);
    if (size < 0) {
        text = NULL;
        return fault_memory(why);
    }
    sign_next(key, text, (size_t)size);
    digest_hex(key, SHA256_SIZE, hex);
    return true;
}

static char *write_authorization(const struct sigv4_identity *identity,
                                 const struct sigv4_request *request, const char *scope,
                                 const char *signature)
{
    struct text_stream stream;
    FILE *out = text_stream_begin(&stream);
    if (!out)
        return NULL;
    (void)fprintf(out, "%s Credential=%s/%s,SignedHeaders=", algorithm, identity->access_key,
                  scope);
    write_names(out, request);
    (void)fprintf(out, ",Signature=%s", signature);
    return text_stream_end(&stream, NULL);
}

char *sigv4_authorization(const struct sigv4_identity *identity,
                          const struct sigv4_request *request, struct fault *why)
{
    char signature[SHA256_HEX_SIZE];
    auto_free(free) char *scope = NULL;
    if (asprintf(&scope, "%.*s/%s/%s/aws4_request", (int)DAY_SIZE, request->date, identity->region,
                 identity->service) < 0) {
        scope = NULL;
        (void)fault_memory(why);
        return NULL;
    }
    if (!sign(identity, request, scope, signature, why))
        return NULL;
    char *text = write_authorization(identity, request, scope, signature);
    if (!text)
        (void)fault_memory(why);
    return text;
}
