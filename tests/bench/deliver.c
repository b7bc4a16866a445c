/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The yardstick of deliveries in `make bench`: what posting costs at the least on this machine. One
 * thread, libcurl's multi interface, connections kept, the same body to the same server; nothing
 * is stored and nothing decided.
 *
 *     deliver URL BODY COUNT CONCURRENCY      prints "COUNT SECONDS"
 */
#include "base/cleanup.h"
#include "base/clock.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_LIMIT = 1 << 20, HEADER_SIZE = 80 };

struct deliver {
    CURLM *multi;
    const char *url;
    char *body;
    size_t size;
    long count, started, done;
};

static _Noreturn void die(const char *what, const char *detail)
{
    (void)fprintf(stderr, "deliver: %s: %s\n", what, detail);
    exit(1);
}

static size_t drop(char *bytes, size_t size, size_t count, void *own)
{
    (void)bytes;
    (void)own;
    return size * count;
}

static void read_body(struct deliver *deliver, const char *path)
{
    FILE *file = fopen(path, "rb");
    deliver->body = malloc(BODY_LIMIT);
    if (!file || !deliver->body)
        die(path, "cannot read");
    deliver->size = fread(deliver->body, 1, BODY_LIMIT, file);
    (void)fclose(file);
}

/* The next post on a handle that is free; the headers that the gateway sends, too. */
static void start_one(struct deliver *deliver, CURL *easy)
{
    static const char *const fixed[] = {
        "Content-Type: application/xml",
        "Expect:", "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"};
    char key[HEADER_SIZE];
    (void)snprintf(key, sizeof key, "Idempotency-Key: %08lx-0000-5000-8000-000000000000",
                   deliver->started++);
    struct curl_slist *headers = curl_slist_append(NULL, key);
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        headers = curl_slist_append(headers, fixed[i]);
    (void)curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(easy, CURLOPT_PRIVATE, headers);
    if (!headers || curl_multi_add_handle(deliver->multi, easy) != CURLM_OK)
        die("curl", "cannot start a request");
}

static CURL *make_handle(const struct deliver *deliver)
{
    CURL *easy = curl_easy_init();
    if (!easy)
        die("curl", "out of memory");
    (void)curl_easy_setopt(easy, CURLOPT_URL, deliver->url);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, drop);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDS, deliver->body);
    (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)deliver->size);
    return easy;
}

static void end_one(struct deliver *deliver, CURL *easy, CURLcode result)
{
    long status = 0;
    struct curl_slist *headers = NULL;
    (void)curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&headers);
    if (result != CURLE_OK || status != 202)
        die("request", result == CURLE_OK ? "not 202" : curl_easy_strerror(result));
    (void)curl_multi_remove_handle(deliver->multi, easy);
    curl_slist_free_all(headers);
    deliver->done++;
    if (deliver->started < deliver->count)
        start_one(deliver, easy);
    else
        curl_easy_cleanup(easy);
}

static void run(struct deliver *deliver)
{
    while (deliver->done < deliver->count) {
        int running, left;
        if (curl_multi_perform(deliver->multi, &running) != CURLM_OK)
            die("curl", "multi_perform");
        bool any = false;
        CURLMsg *message;
        while ((message = curl_multi_info_read(deliver->multi, &left))) {
            any = true;
            end_one(deliver, message->easy_handle, message->data.result);
        }
        if (!any)
            (void)curl_multi_poll(deliver->multi, NULL, 0, 1000, NULL);
    }
}

int main(int argc, char **argv)
{
    if (argc != 5)
        die("usage", "deliver URL BODY COUNT CONCURRENCY");
    struct deliver deliver = {.url = argv[1], .count = strtol(argv[3], NULL, 10)};
    read_body(&deliver, argv[2]);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(deliver.multi = curl_multi_init()))
        die("curl", "cannot start");
    long concurrency = strtol(argv[4], NULL, 10);
    int64_t began = clock_ticks_us();
    for (long i = 0; i < concurrency && i < deliver.count; i++)
        start_one(&deliver, make_handle(&deliver));
    run(&deliver);
    (void)printf("%ld %.6f\n", deliver.done, (double)(clock_ticks_us() - began) / 1e6);
    (void)curl_multi_cleanup(deliver.multi);
    curl_global_cleanup();
    free(deliver.body);
    return 0;
}
