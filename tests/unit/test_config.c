/* SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "base/config.h"
#include "base/yaml_file.h"

static void load_text(const char *text, struct config *config)
{
    char path[SCRATCH_PATH_SIZE];
    struct fault why;
    scratch_text(path, text);
    if (!config_load(path, config, &why))
        fail_msg("%s", why.text);
    (void)unlink(path);
}

static const void *member(const struct config *config, const struct config_setting *setting)
{
    return (const char *)config + setting->offset;
}

/* Paths differ by the folder of their file, so that is taken off. */
static void assert_same_text(const struct config_setting *setting, const struct config *left,
                             const struct config *right)
{
    const char *one = *(char *const *)member(left, setting);
    const char *other = *(char *const *)member(right, setting);
    bool is_path = setting->kind >= CONFIG_PATH && setting->kind <= CONFIG_FOLDER;
    if (is_path && one && other) {
        one += strlen("deploy/");
        other += strlen("/tmp/");
    }
    if (one || other)
        assert_string_equal(one ? one : "(none)", other ? other : "(none)");
}

static void assert_same(const struct config_setting *setting, const struct config *left,
                        const struct config *right)
{
    const void *one = member(left, setting), *other = member(right, setting);
    if (setting->kind <= CONFIG_FOLDER)
        assert_same_text(setting, left, right);
    else if (setting->kind == CONFIG_NUMBER)
        assert_int_equal(*(const int64_t *)one, *(const int64_t *)other);
    else if (setting->kind == CONFIG_TRUTH)
        assert_int_equal(*(const bool *)one, *(const bool *)other);
    else if (setting->kind == CONFIG_LEVEL)
        assert_int_equal(*(const enum log_level *)one, *(const enum log_level *)other);
    else
        assert_int_equal(((const struct config_list *)one)->count,
                         ((const struct config_list *)other)->count);
}

static void the_reference_file_holds_every_key_with_its_default(void **state)
{
    (void)state;
    struct config reference, empty;
    struct fault why;
    if (!config_load("deploy/lienthong.yaml", &reference, &why))
        fail_msg("%s", why.text);
    load_text("", &empty);
    struct yaml_file *file = yaml_file_open("deploy/lienthong.yaml", &why);
    assert_non_null(file);
    size_t count;
    const struct config_setting *settings = config_settings(&count);
    for (size_t i = 0; i < count; i++) {
        if (!yaml_file_find(file, settings[i].place))
            fail_msg("%s is not in deploy/lienthong.yaml", settings[i].place);
        assert_same(&settings[i], &reference, &empty);
    }
    yaml_file_close(file);
    config_free(&reference);
    config_free(&empty);
}

static void every_line_of_the_reference_file_says_what_it_means(void **state)
{
    (void)state;
    char line[300];
    FILE *file = fopen("deploy/lienthong.yaml", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        bool is_folder = strstr(line, "  folder:") != NULL; /* its section says it */
        if (line[0] != '\n' && !is_folder && !strchr(line, '#'))
            fail_msg("no comment: %s", line);
    }
    assert_int_equal(fclose(file), 0);
}

static void what_is_given_takes_the_place_of_the_default(void **state)
{
    (void)state;
    struct config config;
    load_text("http:\n  listen: '[::1]:8081'\n  threads: 4\n"
              "log: {level: debug}\n"
              "registry:\n  may_register: false\n"
              "kafka:\n  brokers: a:1,b:2\n  properties: [linger.ms=5, 'a=b=c']\n"
              "spool:\n  file: /var/lib/x.db\nstop:\n",
              &config);
    assert_string_equal(config.http.listen, "[::1]:8081");
    assert_int_equal(config.http.threads, 4);
    assert_int_equal(config.http.connections, 1000);
    assert_int_equal(config.log.level, LOG_LEVEL_DEBUG);
    assert_false(config.registry.may_register);
    assert_string_equal(config.kafka.brokers, "a:1,b:2");
    assert_int_equal(config.kafka.properties.count, 2);
    assert_string_equal(config.kafka.properties.items[1], "a=b=c");
    assert_string_equal(config.spool.file, "/var/lib/x.db");
    assert_string_equal(config.admin.socket, "/tmp/lienthong.sock");
    assert_null(config.registry.url);
    config_free(&config);
}

static const struct {
    const char *text;
    const char *fault; /* after the path */
} refused[] = {
    {"x\n", ":1:1: expected keys"},
    {"htpp: {}\n", ":1:1: unknown key htpp"},
    {"http:\n  lisen: x\n", ":2:3: unknown key http.lisen"},
    {"http:\n  threads:\n    x: 1\n", ":3:5: http.threads: expected a single value"},
    {"http: 5\n", ":1:7: http: expected keys"},
    {"http: [a]\n", ":1:7: http: expected keys"},
    {"http:\n  threads: two\n", ":2:12: http.threads: expected a whole number"},
    {"http:\n  threads: '2'\n", ":2:12: http.threads: must not be quoted"},
    {"http:\n  threads:\n", ":2:11: http.threads: expected a whole number"},
    {"http:\n  threads: 0\n", ":2:12: http.threads: must be from 1 to 64"},
    {"http:\n  threads: 65\n", ":2:12: http.threads: must be from 1 to 64"},
    {"http:\n  threads: 99999999999999999999\n", ":2:12: http.threads: must be from 1 to 64"},
    {"http:\n  threads: [2]\n", ":2:12: http.threads: expected a single value"},
    {"http:\n  threads: 2\n  threads: 2\n", ":3:3: the key threads is here twice"},
    {"log:\n  level: loud\n", ":2:10: log.level: expected error, warn, info or debug"},
    {"registry: {may_register: maybe}\n", ":1:26: registry.may_register: expected true or false"},
    {"kafka: {gateway_id: a b}\n",
     ":1:21: kafka.gateway_id: expected 1 to 200 letters, digits, dots, hyphens, underscores"},
    {"kafka: {gateway_id: }\n",
     ":1:21: kafka.gateway_id: expected 1 to 200 letters, digits, dots, hyphens, underscores"},
    {"kafka:\n  properties:\n    - linger.ms\n", ":3:7: kafka.properties[0]: expected name=value"},
    {"kafka:\n  properties:\n    - =5\n", ":3:7: kafka.properties[0]: expected name=value"},
    {"kafka: {properties: a=b}\n", ":1:21: kafka.properties: expected a list"},
    {"kafka: {properties: [[a=b]]}\n", ":1:22: kafka.properties[0]: expected a single value"},
    {"kafka: {properties: {a: b}}\n", ":1:21: kafka.properties: expected a single value"},
    {"schemas: {folder: /nonexistent}\n",
     ":1:19: schemas.folder: /nonexistent is not there or not readable"},
    {"schemas: {folder: /etc/passwd}\n", ":1:19: schemas.folder: /etc/passwd is not a folder"},
    {"directory: {agencies: /tmp}\n", ":1:23: directory.agencies: /tmp is not a file"},
    {"http: {certificate: /etc/passwd}\n",
     ":1:21: http.certificate needs http.private_key as well"},
    {"operate: {approval: twice}\n", ":1:21: operate.approval: expected none or edits"},
    {"registry: {password_file: /etc/passwd}\n",
     ":1:27: registry.password_file needs registry.user as well"},
    {"http: {listen: 127.0.0.1}\n",
     ":1:16: http.listen: expected HOST:PORT, [IPv6]:PORT or unix:PATH"},
    {"http: {listen: '127.0.0.1:'}\n", ":1:16: http.listen: the port must be from 0 to 65535"},
    {"http: {listen: '127.0.0.1:99999'}\n", ":1:16: http.listen: the port must be from 0 to 65535"},
    {"http: {listen: 'unix:'}\n", ":1:16: http.listen: the path must have 1 to 107 bytes"},
    {"http:\n  listen:\n", ":2:10: http.listen: is empty"},
    {"admin:\n  socket:\n", ":2:10: admin.socket: is empty"},
    {"operate: {listen: '0.0.0.0:8443'}\n",
     ":1:19: operate.listen needs operate.certificate as well, or a loopback address"},
    {"http: {client_ca: /etc/passwd}\n", ":1:19: http.client_ca needs http.certificate as well"},
    {"http: {client_crl: /etc/passwd}\n", ":1:20: http.client_crl needs http.client_ca as well"},
    {"http:\n\tthreads: 2\n", ":2:1: a tab: YAML is indented by blanks"},
};

static void a_fault_names_the_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        char path[SCRATCH_PATH_SIZE];
        struct config config;
        struct fault why;
        scratch_text(path, refused[i].text);
        if (config_load(path, &config, &why))
            fail_msg("taken: %s", refused[i].text);
        assert_int_equal(why.kind, FAULT_REFUSE);
        assert_string_equal(scratch_after_path(path, why.text), refused[i].fault);
        (void)unlink(path);
    }
}

static void the_settings_stand_within_the_struct_and_once(void **state)
{
    (void)state;
    size_t count;
    const struct config_setting *settings = config_settings(&count);
    for (size_t i = 0; i < count; i++) {
        assert_true(settings[i].offset < sizeof(struct config));
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(settings[i].place, settings[j].place);
            assert_int_not_equal(settings[i].offset, settings[j].offset);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_file_holds_every_key_with_its_default),
        cmocka_unit_test(every_line_of_the_reference_file_says_what_it_means),
        cmocka_unit_test(what_is_given_takes_the_place_of_the_default),
        cmocka_unit_test(a_fault_names_the_place),
        cmocka_unit_test(the_settings_stand_within_the_struct_and_once),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
