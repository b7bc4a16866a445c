/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "kafka/client.h"

#include <string.h>
#include <unistd.h>

ENDS_WITH_SCOPE(rd_kafka_conf_t *, rd_kafka_conf_destroy)

static rd_kafka_conf_t *configure_with(const char *property, struct fault *why)
{
    const char *const properties[] = {property};
    const struct kafka_options options = {
        .brokers = "127.0.0.1:1",
        .gateway_id = "gw",
        .topic_prefix = "lienthong.",
        .properties = properties,
        .property_count = 1,
    };
    return kafka_configure_producer(&options, why);
}

static void what_the_promises_rest_on_cannot_be_set(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "acks=1",
        "request.required.acks=1",
        "enable.idempotence=false",
        "transactional.id=other",
        "isolation.level=read_uncommitted",
        "enable.auto.commit=true",
        "auto.commit.enable=true",
        "delivery.report.only.error=true",
        "bootstrap.servers=elsewhere:9092",
        "metadata.broker.list=elsewhere:9092",
        "test.mock.num.brokers=3",
        "no.such.property=1",
        "linger.ms=soon",
        "linger.ms",
        "=5",
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct fault why = {.kind = FAULT_NONE};
        assert_null(configure_with(refused[i], &why));
        assert_int_equal(why.kind, FAULT_REFUSE);
        assert_non_null(strstr(why.text, "kafka.properties"));
    }
}

static void assert_property(const rd_kafka_conf_t *conf, const char *name, const char *expected)
{
    char value[64];
    size_t size = sizeof value;
    assert_int_equal(rd_kafka_conf_get(conf, name, value, &size), RD_KAFKA_CONF_OK);
    assert_string_equal(value, expected);
}

static void a_property_of_the_operator_wins_over_a_default(void **state)
{
    (void)state;
    struct fault why;
    auto_free(rd_kafka_conf_destroy) rd_kafka_conf_t *conf =
        configure_with("compression.codec=zstd", &why);
    assert_non_null(conf);
    assert_property(conf, "compression.codec", "zstd");
    assert_property(conf, "socket.nagle.disable", "true");
    assert_property(conf, "enable.idempotence", "true");
    assert_property(conf, "transactional.id", "gw");
}

static void a_refused_property_is_named_without_its_value(void **state)
{
    (void)state;
    struct fault why;
    assert_null(configure_with("ssl.keystore.pasword=hunter2", &why));
    assert_non_null(strstr(why.text, "ssl.keystore.pasword"));
    assert_null(strstr(why.text, "hunter2"));
}

static void scram_is_refused_where_librdkafka_cannot_do_it(void **state)
{
    (void)state;
    assert_false(kafka_can_scram(0x020002ff));
    assert_false(kafka_can_scram(0x020600ff));
    assert_true(kafka_can_scram(0x020601ff));
    assert_true(kafka_can_scram(0x020800ff));

    static const char *const scrams[] = {"sasl.mechanism=SCRAM-SHA-256",
                                         "sasl.mechanisms=SCRAM-SHA-512"};
    for (size_t i = 0; i < 2; i++) {
        struct fault why = {.kind = FAULT_NONE};
        auto_free(rd_kafka_conf_destroy) rd_kafka_conf_t *conf = configure_with(scrams[i], &why);
        assert_int_equal(conf != NULL, kafka_can_scram(rd_kafka_version()));
        if (!conf)
            assert_non_null(strstr(why.text, "2.6.1"));
    }
    struct fault why;
    auto_free(rd_kafka_conf_destroy) rd_kafka_conf_t *plain =
        configure_with("sasl.mechanism=PLAIN", &why);
    assert_non_null(plain);
}

static void a_secret_property_is_read_from_a_file(void **state)
{
    (void)state;
    char path[] = "/tmp/lienthong-secret-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, "geheim\n", 7), 7);
    close(file);

    char property[128];
    snprintf(property, sizeof property, "sasl.password.file=%s", path);
    struct fault why;
    auto_free(rd_kafka_conf_destroy) rd_kafka_conf_t *conf = configure_with(property, &why);
    unlink(path);
    assert_non_null(conf);
    assert_property(conf, "sasl.password", "geheim");

    assert_null(configure_with(property, &why)); /* the file is gone now */
    assert_int_equal(why.kind, FAULT_REFUSE);
    assert_null(configure_with("client.id.file=/etc/hostname", &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_promises_rest_on_cannot_be_set),
        cmocka_unit_test(a_property_of_the_operator_wins_over_a_default),
        cmocka_unit_test(a_refused_property_is_named_without_its_value),
        cmocka_unit_test(scram_is_refused_where_librdkafka_cannot_do_it),
        cmocka_unit_test(a_secret_property_is_read_from_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
