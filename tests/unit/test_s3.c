/* SPDX-License-Identifier: Apache-2.0 */
/* The store in a service: against one that fails on purpose, in this process.  tests/e2e/test_s3.py
 * runs the gateway with a real one. */
#include "store_world.h"

#include "base/cleanup.h"
#include "http/server.h"

#include <fcntl.h>
#include <stdatomic.h>

/* A bucket that holds one object, and fails as it is told. */
struct service {
    struct http_server *server;
    atomic_int calls, failures; /* so many calls to come are answered 503 */
    atomic_int status;          /* of every answer, when not 0 */
    atomic_int cut;             /* bytes that a GET's answer is short of */
    char *object;
    size_t size;
    char authorization[400], hash[100];
};

static const char text[] = "a scanned form";
enum { TEXT_SIZE = sizeof text - 1 };

static bool fails(struct service *service, struct http_request *request)
{
    static const char busy[] = "<Error><Code>SlowDown</Code><Message>x</Message></Error>";
    static const char denied[] = "<Error><Code>SignatureDoesNotMatch</Code></Error>";
    atomic_fetch_add(&service->calls, 1);
    int status = atomic_load(&service->status);
    if (status) {
        http_answer(request, status, "application/xml", strdup(denied), sizeof denied - 1);
        return true;
    }
    if (atomic_load(&service->failures) == 0)
        return false;
    atomic_fetch_sub(&service->failures, 1);
    http_answer(request, 503, "application/xml", strdup(busy), sizeof busy - 1);
    return true;
}

static void put(void *own, struct http_request *request)
{
    struct service *service = own;
    const char *authorization = http_header(request, "Authorization");
    const char *hash = http_header(request, "x-amz-content-sha256");
    if (fails(service, request))
        return;
    (void)snprintf(service->authorization, sizeof service->authorization, "%s", authorization);
    (void)snprintf(service->hash, sizeof service->hash, "%s", hash);
    free(service->object);
    service->object = http_take_body(request, &service->size);
    http_answer(request, 200, NULL, NULL, 0);
}

static void get(void *own, struct http_request *request)
{
    struct service *service = own;
    if (fails(service, request))
        return;
    if (!service->object) {
        http_answer(request, 404, NULL, NULL, 0);
        return;
    }
    size_t size = service->size - (size_t)atomic_load(&service->cut);
    char *copy = malloc(size + 1);
    memcpy(copy, service->object, size);
    http_answer(request, 200, "application/octet-stream", copy, size);
}

static void drop(void *own, struct http_request *request)
{
    struct service *service = own;
    if (fails(service, request))
        return;
    free(service->object);
    service->object = NULL;
    http_answer(request, 204, NULL, NULL, 0);
}

static const struct http_route routes[] = {
    {.method = "PUT",
     .pattern = "/bucket/{shelf}/{key}",
     .body_limit = HTTP_SERVER_LIMIT,
     .handle = put},
    {.method = "GET", .pattern = "/bucket/{shelf}/{key}", .handle = get},
    {.method = "DELETE", .pattern = "/bucket/{shelf}/{key}", .handle = drop},
    {0},
};

static void service_open(struct service *service)
{
    struct fault why;
    const struct http_table tables[] = {{routes, service}, {0}};
    const struct http_options options = {.listen = "127.0.0.1:0",
                                         .threads = 1,
                                         .connections = 50,
                                         .head_limit = 8192,
                                         .body_limit = 10 << 20,
                                         .body_memory = 20 << 20,
                                         .idle_timeout_ms = 10000,
                                         .body_deadline_ms = 10000,
                                         .tables = tables};
    service->server = http_open(&options, &why);
    must(service->server, &why);
}

/* A store in the service, with what a test may change of it. */
struct s3_world {
    struct service service;
    struct store_world store;
    char endpoint[64], secret[STORE_PATH_SIZE];
};

static void begin(struct s3_world *world)
{
    *world = (struct s3_world){.endpoint = ""};
    service_open(&world->service);
    (void)snprintf(world->endpoint, sizeof world->endpoint, "http://127.0.0.1:%d",
                   http_port(world->service.server));
    store_begin(&world->store);
    file_store_close(world->store.store);
    (void)snprintf(world->secret, sizeof world->secret, "%s/secret", world->store.folder);
    int descriptor = open(world->secret, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_int_equal(write(descriptor, "hush\n", 5), 5);
    (void)close(descriptor);
    world->store.options.s3.endpoint = world->endpoint;
    world->store.options.s3.bucket = "bucket";
    world->store.options.s3.region = "us-east-1";
    world->store.options.s3.access_key = "AKIA";
    world->store.options.s3.secret_key_file = world->secret;
    world->store.options.s3.timeout_ms = 2000;
    store_open(&world->store);
}

static void end(struct s3_world *world)
{
    store_end(&world->store);
    http_close(world->service.server);
    free(world->service.object);
}

static void a_file_goes_up_and_comes_down(void **state)
{
    struct s3_world world;
    uint8_t sha256[SHA256_SIZE];
    char hex[SHA256_HEX_SIZE], bytes[64];
    struct fault why;
    int64_t size = 0;
    bool has = false, is_removed = false;
    const struct file_removal unasked = {0};
    (void)state;
    begin(&world);
    assert_string_equal(file_store_name(world.store.store), "s3");
    store_put(&world.store, text, TEXT_SIZE, sha256);
    digest_hex(sha256, SHA256_SIZE, hex);
    assert_string_equal(world.service.hash, hex);
    assert_non_null(strstr(world.service.authorization, "Credential=AKIA/"));
    assert_null(strstr(world.service.authorization, "hush"));
    must(file_store_has(world.store.store, sha256, &size, &has, &why), &why);
    assert_true(has);
    assert_int_equal(size, TEXT_SIZE);
    struct file_reader *reader = file_store_lend(world.store.store, sha256, &size, &why);
    must(reader, &why);
    int descriptor = file_reader_take_descriptor(reader);
    assert_int_equal(pread(descriptor, bytes, sizeof bytes, 0), TEXT_SIZE);
    assert_memory_equal(bytes, text, TEXT_SIZE);
    (void)close(descriptor);
    file_reader_close(reader);
    assert_false(store_has_incoming(&world.store));
    must(file_store_remove(world.store.store, sha256, &unasked, &is_removed, &why), &why);
    must(file_store_has(world.store.store, sha256, &size, &has, &why), &why);
    assert_false(has);
    assert_null(file_reader_open(world.store.store, sha256, &size, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    end(&world);
}

static void a_file_that_is_there_is_not_sent_again(void **state)
{
    struct s3_world world;
    uint8_t sha256[SHA256_SIZE];
    (void)state;
    begin(&world);
    store_put(&world.store, text, TEXT_SIZE, sha256);
    int calls = atomic_load(&world.service.calls);
    store_put(&world.store, text, TEXT_SIZE, sha256);
    assert_int_equal(atomic_load(&world.service.calls), calls + 1);
    end(&world);
}

static void a_service_that_fails_twice_is_asked_a_third_time(void **state)
{
    struct s3_world world;
    uint8_t sha256[SHA256_SIZE];
    (void)state;
    begin(&world);
    atomic_store(&world.service.failures, 2);
    store_put(&world.store, text, TEXT_SIZE, sha256);
    assert_int_equal(atomic_load(&world.service.calls), 4);
    end(&world);
}

static bool try_has(struct s3_world *world, struct fault *why)
{
    const uint8_t sha256[SHA256_SIZE] = {1};
    int64_t size;
    bool has;
    return file_store_has(world->store.store, sha256, &size, &has, why);
}

static void a_service_that_goes_on_failing_is_for_later(void **state)
{
    struct s3_world world;
    struct fault why;
    (void)state;
    begin(&world);
    atomic_store(&world.service.failures, 1000);
    assert_false(try_has(&world, &why));
    assert_int_equal(why.kind, FAULT_RETRY);
    assert_int_equal(atomic_load(&world.service.calls), 3);
    assert_non_null(strstr(why.text, "status 503"));
    end(&world);
}

static void a_refusal_is_told_with_its_code_and_not_tried_again(void **state)
{
    struct s3_world world;
    struct fault why;
    int64_t size;
    const uint8_t sha256[SHA256_SIZE] = {0xAB};
    (void)state;
    begin(&world);
    atomic_store(&world.service.status, 403);
    assert_null(file_reader_open(world.store.store, sha256, &size, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);
    assert_int_equal(atomic_load(&world.service.calls), 1);
    assert_non_null(strstr(why.text, "GET ab/ab00"));
    assert_non_null(strstr(why.text, "status 403 SignatureDoesNotMatch"));
    assert_null(strstr(why.text, "hush"));
    end(&world);
}

static void a_short_object_is_damaged(void **state)
{
    struct s3_world world;
    uint8_t sha256[SHA256_SIZE];
    struct fault why;
    int64_t size;
    (void)state;
    begin(&world);
    store_put(&world.store, text, TEXT_SIZE, sha256);
    atomic_store(&world.service.cut, 3);
    assert_null(file_store_lend(world.store.store, sha256, &size, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);
    end(&world);
}

static void an_object_over_the_limit_is_not_taken(void **state)
{
    struct s3_world world;
    uint8_t sha256[SHA256_SIZE];
    struct fault why;
    int64_t size;
    (void)state;
    begin(&world);
    store_put(&world.store, text, TEXT_SIZE, sha256);
    file_store_close(world.store.store);
    world.store.options.file_limit_bytes = TEXT_SIZE - 1;
    store_open(&world.store);
    assert_null(file_store_lend(world.store.store, sha256, &size, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);
    end(&world);
}

static void a_service_out_of_reach_is_for_later_and_an_interrupt_ends_the_wait(void **state)
{
    struct s3_world world;
    struct fault why;
    (void)state;
    begin(&world);
    file_store_close(world.store.store);
    world.store.options.s3.endpoint = "http://127.0.0.1:1";
    store_open(&world.store);
    assert_false(try_has(&world, &why));
    assert_int_equal(why.kind, FAULT_RETRY);
    file_store_interrupt(world.store.store);
    assert_false(try_has(&world, &why));
    assert_int_equal(why.kind, FAULT_RETRY);
    end(&world);
}

static void bad_options_are_refused_by_name(void **state)
{
    static const struct {
        const char *endpoint, *bucket, *region, *says;
    } cases[] = {
        {"ftp://a", "b", "r", "s3_endpoint"},        {"https://u@a", "b", "r", "s3_endpoint"},
        {"https://a/path", "b", "r", "s3_endpoint"}, {"https://a?x=1", "b", "r", "s3_endpoint"},
        {"https://a", "b/c", "r", "s3_bucket"},      {"https://a", NULL, "r", "s3_bucket"},
        {"https://a", "b", "r r", "s3_region"},
    };
    struct s3_world world;
    (void)state;
    begin(&world);
    file_store_close(world.store.store);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fault why;
        world.store.options.s3.endpoint = cases[i].endpoint;
        world.store.options.s3.bucket = cases[i].bucket;
        world.store.options.s3.region = cases[i].region;
        assert_null(file_store_open(&world.store.options, &why));
        assert_int_equal(why.kind, FAULT_REFUSE);
        if (!strstr(why.text, cases[i].says))
            fail_msg("%s: %s", cases[i].says, why.text);
    }
    world.store.store = NULL;
    end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_goes_up_and_comes_down),
        cmocka_unit_test(a_file_that_is_there_is_not_sent_again),
        cmocka_unit_test(a_service_that_fails_twice_is_asked_a_third_time),
        cmocka_unit_test(a_service_that_goes_on_failing_is_for_later),
        cmocka_unit_test(a_refusal_is_told_with_its_code_and_not_tried_again),
        cmocka_unit_test(a_short_object_is_damaged),
        cmocka_unit_test(an_object_over_the_limit_is_not_taken),
        cmocka_unit_test(a_service_out_of_reach_is_for_later_and_an_interrupt_ends_the_wait),
        cmocka_unit_test(bad_options_are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
