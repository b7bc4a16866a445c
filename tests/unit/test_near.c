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
    struct near *near = near_new(&why);
    const struct stored_file there = {open("/dev/null", O_RDONLY), 7, true},
                             lacking = {-1, 0, true};
    struct stored_file file = {.descriptor = -1};
    assert_non_null(near);
    assert_false(near_hold(near, one));
    assert_true(near_keep(near, one, &there, &why));
    assert_true(near_keep(near, other, &lacking, &why));
    assert_true(near_hold(near, one));
    assert_true(near_look(near, one, &file) && file.descriptor == there.descriptor);
    assert_true(file.size == 7 && file.is_sealed);
    assert_true(near_look(near, other, &file) && file.descriptor < 0);
    assert_false(near_open(near, other, &file));
    near_drop(near, one);
    assert_true(near_open(near, one, &file) && file.descriptor != there.descriptor);
    assert_true(file.size == 7 && file.is_sealed);
    assert_int_equal(close(file.descriptor), 0);
    near_drop(near, one);
    assert_false(near_look(near, one, &file));
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
