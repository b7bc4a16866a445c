/* SPDX-License-Identifier: Apache-2.0 */
/* `deliver:` and `fetch_files_from:` of partners.yaml. */
#include "scratch.h"

#include "base/cleanup.h"
#include "directory/partner.h"
#include "event/schema.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

ENDS_WITH_SCOPE(struct schema *, schema_free)

static struct partners *load_from(const char *path, const char *text, struct fault *why)
{
    struct agencies *agencies = agencies_load("deploy/agencies.csv", why);
    assert_non_null(agencies);
    scratch_write(path, text);
    struct partners *partners = partners_load(path, agencies, why);
    agencies_free(agencies); /* nothing of it is kept */
    return partners;
}

static struct partners *load(const char *path, const char *text)
{
    struct fault why;
    struct partners *partners = load_from(path, text, &why);
    if (!partners)
        fail_msg("%s", why.text);
    return partners;
}

#define HEAD "partners:\n- id: a\n  name: A\n  agencies: [H09]\n  adapters: [x, y]\n"
#define PUSH HEAD "  deliver:\n    by: push\n    url: https://a.example.test\n"

/* /dev/null is there, but is no file to read; /etc/hostname is one. */
static const struct {
    const char *text;
    const char *fault; /* after the path */
} refused[] = {
    {HEAD "  deliver:\n", ":6:11: expected a mapping, not a single value"},
    {HEAD "  deliver:\n    by: pigeon\n", ":7:9: expected one of: none, push, mailbox"},
    {HEAD "  deliver:\n    how: push\n", ":7:5: unknown key how"},
    {HEAD "  deliver:\n    by: push\n", ":7:9: partners[0].deliver.by: push needs url as well"},
    {HEAD "  deliver:\n    url: ftp://a.example.test\n",
     ":7:10: partners[0].deliver.url: expected http:// or https://, a host, and at most a path"},
    {HEAD "  deliver:\n    url: https://\n",
     ":7:10: partners[0].deliver.url: expected http:// or https://, a host, and at most a path"},
    {HEAD "  deliver:\n    url: https://user@a.example.test\n",
     ":7:10: partners[0].deliver.url: expected http:// or https://, a host, and at most a path"},
    {HEAD "  deliver:\n    url: https://a.example.test:x/\n",
     ":7:10: partners[0].deliver.url: expected http:// or https://, a host, and at most a path"},
    {HEAD "  deliver:\n    url: https://a.example.test/?x=1\n",
     ":7:10: partners[0].deliver.url: expected http:// or https://, a host, and at most a path"},
    {PUSH "    adapter: ../x\n",
     ":9:14: partners[0].deliver.adapter: expected a folder of adapters"},
    {PUSH "    user: me\n", ":9:11: partners[0].deliver.user: needs password_file as well"},
    {PUSH "    user_file: /etc/hostname\n",
     ":9:16: partners[0].deliver.user_file: needs password_file as well"},
    {PUSH "    user: me\n    user_file: /etc/hostname\n    password_file: /etc/hostname\n",
     ":10:16: partners[0].deliver.user_file: not with user"},
    {PUSH "    password_file: nowhere/at/all\n",
     ":9:20: partners[0].deliver.password_file: is not there or not readable"},
    {PUSH "    ca_file: /dev/null\n", ":9:14: partners[0].deliver.ca_file: is not a file"},
    {PUSH "    certificate_file: /etc/hostname\n",
     ":9:23: partners[0].deliver.certificate_file: needs key_file as well"},
    {PUSH "    key_file: /etc/hostname\n",
     ":9:15: partners[0].deliver.key_file: needs certificate_file as well"},
    {PUSH "    given: [a=1, b]\n", ":9:18: partners[0].deliver.given[1]: expected NAME=TEXT"},
    {PUSH "    given: [=1]\n", ":9:13: partners[0].deliver.given[0]: expected NAME=TEXT"},
    {PUSH "    given: [a b=1]\n", ":9:13: partners[0].deliver.given[0]: expected NAME=TEXT"},
    {PUSH "    given: [a=1, a=2]\n",
     ":9:18: partners[0].deliver.given[1]: this name is here twice"},
    {PUSH "    concurrency: 0\n", ":9:18: partners[0].deliver.concurrency: must be from 1 to 1000"},
    {PUSH "    concurrency: many\n", ":9:18: expected a whole number"},
    {PUSH "    rate_per_s: -1\n",
     ":9:17: partners[0].deliver.rate_per_s: must be from 0 to 1000000"},
    {PUSH "    timeout_ms: 99\n",
     ":9:17: partners[0].deliver.timeout_ms: must be from 100 to 3600000"},
    {PUSH "    give_up_ms: 0\n",
     ":9:17: partners[0].deliver.give_up_ms: must be from 1000 to 31536000000"},
    {PUSH "    allow_http2: 1\n", ":9:18: expected true or false"},
    {PUSH "    files: both\n", ":9:12: expected one of: inline, url"},
    {HEAD "  deliver:\n    subscriptions: [{}]\n",
     ":7:20: partners[0].deliver.subscriptions: needs by: push or mailbox"},
    {PUSH "    subscriptions: [{events: [RESOLVED, BORN]}]\n",
     ":9:41: partners[0].deliver.subscriptions[0].events[1]: no such event type"},
    {PUSH "    subscriptions: [{events: []}]\n", ":9:30: needs at least 1 entries"},
    {PUSH "    subscriptions:\n    - {agencies: [H09]}\n    - {agencies: [H09, H99.99]}\n",
     ":11:24: partners[0].deliver.subscriptions[1].agencies[1]: no such agency in agencies.csv"},
    {PUSH "    subscriptions: [{levels: [VILLAGE]}]\n",
     ":9:31: expected one of: COMMUNE, DISTRICT, PROVINCE, MINISTRY, VERTICAL"},
    {PUSH "    subscriptions: [{sender: [a]}]\n", ":9:22: unknown key sender"},
    {HEAD "  fetch_files_from: [a.example.test, 'https://b.example.test']\n",
     ":6:38: partners[0].fetch_files_from[1]: expected HOST or HOST:PORT"},
    {HEAD "  fetch_files_from: ['a:123456']\n",
     ":6:22: partners[0].fetch_files_from[0]: expected HOST or HOST:PORT"},
};

static void a_bad_setting_is_refused_with_its_place(void **state)
{
    (void)state;
    char path[SCRATCH_PATH_SIZE];
    scratch_text(path, "");
    for (size_t i = 0; i < COUNT(refused); i++) {
        struct fault why;
        if (load_from(path, refused[i].text, &why))
            fail_msg("taken: %s", refused[i].text);
        assert_int_equal(why.kind, FAULT_REFUSE);
        assert_string_equal(scratch_after_path(path, why.text), refused[i].fault);
    }
    (void)unlink(path);
}

static void every_setting_is_read(void **state)
{
    (void)state;
    char path[SCRATCH_PATH_SIZE];
    scratch_text(path, "");
    struct partners *partners =
        load(path, PUSH "    adapter: y\n    user: me\n    password_file: /etc/hostname\n"
                        "    given: [madonvi=H09, key=a=b, empty=]\n    ca_file: /etc/hostname\n"
                        "    certificate_file: /etc/hostname\n    key_file: /etc/hostname\n"
                        "    concurrency: 8\n    rate_per_s: 50\n    timeout_ms: 1000\n"
                        "    give_up_ms: 2000\n    allow_http2: false\n    files: url\n"
                        "    subscriptions:\n"
                        "    - {events: [RESOLVED, SNAPSHOT], procedures: ['1.011442'],"
                        " fields: [G15-LT01], agencies: [H09], levels: [COMMUNE, VERTICAL]}\n"
                        "    - {}\n"
                        "  fetch_files_from: [a.example.test, b.example.test:8443]\n");
    const struct partner *partner = partners_at(partners, 0);
    const struct partner_delivery *deliver = &partner->deliver;
    assert_int_equal(deliver->by, DELIVER_PUSH);
    assert_string_equal(deliver->adapter, "y");
    assert_string_equal(deliver->url, "https://a.example.test");
    assert_string_equal(deliver->user, "me");
    assert_null(deliver->user_file);
    assert_string_equal(deliver->password_file, "/etc/hostname");
    assert_int_equal(deliver->given_count, 3);
    assert_string_equal(deliver->given[0].name, "madonvi");
    assert_string_equal(deliver->given[0].text, "H09");
    assert_string_equal(deliver->given[1].text, "a=b");
    assert_string_equal(deliver->given[2].text, "");
    assert_string_equal(deliver->ca_file, "/etc/hostname");
    assert_string_equal(deliver->certificate_file, "/etc/hostname");
    assert_string_equal(deliver->key_file, "/etc/hostname");
    assert_int_equal(deliver->concurrency, 8);
    assert_int_equal(deliver->rate_per_s, 50);
    assert_int_equal(deliver->timeout_ms, 1000);
    assert_int_equal(deliver->give_up_ms, 2000);
    assert_false(deliver->allow_http2);
    assert_int_equal(deliver->files, FILES_URL);
    assert_int_equal(deliver->subscription_count, 2);
    assert_int_equal(deliver->subscriptions[0].events_count, 2);
    assert_string_equal(deliver->subscriptions[0].events[1], "SNAPSHOT");
    assert_string_equal(deliver->subscriptions[0].procedures[0], "1.011442");
    assert_string_equal(deliver->subscriptions[0].fields[0], "G15-LT01");
    assert_string_equal(deliver->subscriptions[0].agencies[0], "H09");
    assert_int_equal(deliver->subscriptions[0].levels_count, 2);
    assert_int_equal(deliver->subscriptions[0].levels[1], LEVEL_VERTICAL);
    assert_int_equal(deliver->subscriptions[1].events_count, 0);
    assert_int_equal(partner->fetch_files_from_count, 2);
    assert_string_equal(partner->fetch_files_from[1], "b.example.test:8443");
    partners_free(partners);
    (void)unlink(path);
}

static void what_is_left_out_has_its_default(void **state)
{
    (void)state;
    char path[SCRATCH_PATH_SIZE];
    scratch_text(path, "");
    struct partners *partners = load(path, HEAD);
    const struct partner *partner = partners_at(partners, 0);
    const struct partner_delivery *deliver = &partner->deliver;
    assert_int_equal(deliver->by, DELIVER_NONE);
    assert_string_equal(deliver->adapter, "x");
    assert_null(deliver->url);
    assert_null(deliver->password_file);
    assert_int_equal(deliver->given_count, 0);
    assert_int_equal(deliver->concurrency, 4);
    assert_int_equal(deliver->rate_per_s, 0);
    assert_int_equal(deliver->timeout_ms, 30000);
    assert_int_equal(deliver->give_up_ms, 72 * 3600 * 1000);
    assert_true(deliver->allow_http2);
    assert_int_equal(deliver->files, FILES_INLINE);
    assert_int_equal(deliver->subscription_count, 0);
    assert_int_equal(partner->fetch_files_from_count, 0);
    partners_free(partners);
    (void)unlink(path);
}

static void paths_are_seen_from_the_file(void **state)
{
    (void)state;
    char path[SCRATCH_PATH_SIZE], secret[SCRATCH_PATH_SIZE], text[600];
    scratch_text(path, "");
    scratch_text(secret, "x\n");
    (void)snprintf(text, sizeof text, PUSH "    user_file: %s\n    password_file: ./%s\n",
                   strrchr(secret, '/') + 1, strrchr(secret, '/') + 1);
    struct partners *partners = load(path, text);
    const struct partner_delivery *deliver = &partners_at(partners, 0)->deliver;
    assert_string_equal(deliver->user_file, secret);
    assert_int_equal(access(deliver->password_file, R_OK), 0);
    partners_free(partners);
    (void)unlink(path);
    (void)unlink(secret);
}

static void settings_of_many_partners_stay_apart(void **state)
{
    (void)state;
    char path[SCRATCH_PATH_SIZE];
    scratch_text(path, "");
    struct partners *partners =
        load(path, "partners:\n- {id: b, name: B, agencies: [H09], adapters: [x],"
                   " deliver: {by: mailbox, given: [n=1, m=2]}}\n"
                   "- {id: a, name: A, agencies: [H09], adapters: [y], deliver: {given: [n=3]}}\n");
    const struct partner *one = partners_find(partners, "b"), *other = partners_find(partners, "a");
    assert_string_equal(one->deliver.given[1].text, "2");
    assert_int_equal(one->deliver.by, DELIVER_MAILBOX);
    assert_string_equal(other->deliver.given[0].text, "3");
    assert_int_equal(other->deliver.given_count, 1);
    assert_string_equal(other->deliver.adapter, "y");
    partners_free(partners);
    (void)unlink(path);
}

/* The directory may not look into the schema, so it has a list of its own. */
static void every_event_type_of_the_schema_can_be_subscribed_to(void **state)
{
    (void)state;
    char path[SCRATCH_PATH_SIZE], text[400];
    struct fault why;
    auto_free(schema_free) struct schema *schema = schema_load("schemas/dossier-event.avsc", &why);
    assert_non_null(schema);
    const struct shape *root = schema->shapes->root;
    const struct shape *types = root->fields[shape_field_index(root, "event_type")].shape;
    assert_true(types->count > 20);
    scratch_text(path, "");
    for (size_t i = 0; i < types->count; i++) {
        if (strcmp(types->symbols[i], "UNKNOWN") == 0)
            continue; /* what a reader puts for what it does not know; nobody sends it */
        (void)snprintf(text, sizeof text, PUSH "    subscriptions: [{events: [%s]}]\n",
                       types->symbols[i]);
        partners_free(load(path, text));
    }
    (void)unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bad_setting_is_refused_with_its_place),
        cmocka_unit_test(every_setting_is_read),
        cmocka_unit_test(what_is_left_out_has_its_default),
        cmocka_unit_test(paths_are_seen_from_the_file),
        cmocka_unit_test(settings_of_many_partners_stay_apart),
        cmocka_unit_test(every_event_type_of_the_schema_can_be_subscribed_to),
    };
    return cmocka_run_group_tests_name("partner_delivery", tests, NULL, NULL);
}
