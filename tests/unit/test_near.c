/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "files/near.h"

#include <fcntl.h>
#include <unistd.h>

static void a_copy_is_near_until_its_last_holder_drops_it(void **state)
{
    struct fault why;
    (void)state;
    uint8_t one[SHA256_SIZE] = {1}, other[SHA256_SIZE] = {2};
    int64_t size = 0;
    bool has = false;
    struct near *near = near_new(&why);
    assert_non_null(near);
    assert_false(near_hold(near, one));
    assert_true(near_keep(near, one, open("/dev/null", O_RDONLY), 7, &why));
    assert_true(near_keep(near, other, -1, 0, &why));
    assert_true(near_hold(near, one));
    assert_true(near_look(near, one, &size, &has) && has);
    assert_int_equal(size, 7);
    assert_true(near_look(near, other, &size, &has));
    assert_false(has);
    assert_int_equal(near_open(near, other, &size), -1);
    near_drop(near, one);
    int descriptor = near_open(near, one, &size);
    assert_true(descriptor >= 0);
    assert_int_equal(close(descriptor), 0);
    near_drop(near, one);
    assert_false(near_look(near, one, &size, &has));
    near_drop(near, one);
    near_free(near);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_is_near_until_its_last_holder_drops_it),
    };
    return cmocka_run_group_tests_name("near", tests, NULL, NULL);
}
