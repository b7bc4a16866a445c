/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "operate/peer.h"

#include <unistd.h>

static void root_and_the_gateways_own_user_may_everything_and_others_nothing(void **state)
{
    (void)state;
    assert_int_equal(peer_rights(0), right_all());
    assert_int_equal(peer_rights(geteuid()), right_all());
    assert_int_equal(peer_rights(geteuid() + 1), 0);
    assert_int_equal(peer_rights((uid_t)-1), 0);
}

static void a_peer_is_named_by_number_and_name(void **state)
{
    struct peer_name name;
    (void)state;
    peer_name(0, &name);
    assert_string_equal(name.text, "unix:0 root");
    peer_name(3999999999u, &name); /* nobody's */
    assert_string_equal(name.text, "unix:3999999999");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_and_the_gateways_own_user_may_everything_and_others_nothing),
        cmocka_unit_test(a_peer_is_named_by_number_and_name),
    };
    return cmocka_run_group_tests_name("peer", tests, NULL, NULL);
}
