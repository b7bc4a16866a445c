/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "deliver/fetch_rule.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

static const char *const hosts[] = {"motcua.example.test", "files.example.test:8443", "10.1.2.3",
                                    "http://127.0.0.1:9000", "http://localhost:9001"};
static const struct partner partner = {.fetch_files_from = hosts, .fetch_files_from_count = 5};

static void only_hosts_of_the_list_are_asked(void **state)
{
    (void)state;
    static const struct {
        const char *uri;
        bool is_allowed, is_any_address;
    } cases[] = {
        {"https://motcua.example.test/a?b=c", true, false},
        {"https://MOTCUA.example.test:443/a", true, false},
        {"https://motcua.example.test:444/a", false, false},
        {"http://motcua.example.test/a", false, false},
        {"https://motcua.example.test.evil.test/a", false, false},
        {"https://evil.test/motcua.example.test", false, false},
        {"https://motcua.example.test@evil.test/a", false, false},
        {"https://a:b@motcua.example.test/a", false, false},
        {"https://files.example.test:8443/a", true, false},
        {"https://files.example.test/a", false, false},
        {"https://10.1.2.3/a", true, true},
        {"https://10.1.2.4/a", false, false},
        {"http://127.0.0.1:9000/a", true, true},
        {"http://127.0.0.1/a", false, false},
        {"https://127.0.0.1:9000/a", false, false},
        {"http://localhost:9001/a", true, true},
        {"file:///etc/passwd", false, false},
        {"ftp://motcua.example.test/a", false, false},
        {"not an address", false, false},
        {"", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fetch_rule rule = {.is_any_address = false};
        bool is_allowed = fetch_rule_find(&partner, cases[i].uri, &rule);
        if (is_allowed != cases[i].is_allowed || rule.is_any_address != cases[i].is_any_address)
            fail_msg("%s", cases[i].uri);
    }
}

static bool is_public(const char *text)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
        return fetch_is_public((const struct sockaddr *)&four);
    assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
    return fetch_is_public((const struct sockaddr *)&six);
}

static void addresses_that_are_not_public_are_known(void **state)
{
    (void)state;
    static const char *const closed[] = {
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "fd12::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2001:db8::1",
        "2001::1",
    };
    static const char *const open[] = {"1.1.1.1",        "172.15.0.1",      "172.32.0.1",
                                       "100.63.255.255", "203.162.0.1",     "::ffff:1.1.1.1",
                                       "2400:cb00::1",   "64:ff9b::101:101"};
    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++)
        if (is_public(closed[i]))
            fail_msg("%s", closed[i]);
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++)
        if (!is_public(open[i]))
            fail_msg("%s", open[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_hosts_of_the_list_are_asked),
        cmocka_unit_test(addresses_that_are_not_public_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
