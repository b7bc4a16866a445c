/* SPDX-License-Identifier: Apache-2.0 */
/* What an arena remembers of memory that was out, and what a reading makes of it. */
#include "house.h"

#include "adapt/bench.h"

static void what_was_not_given_is_remembered_until_all_is_given_back(void **state)
{
    struct arena arena = {0};
    (void)state;
    assert_non_null(arena_take(&arena, 100));
    assert_false(arena.is_short);
    assert_null(arena_take(&arena, SIZE_MAX));
    assert_non_null(arena_take(&arena, 100));
    assert_true(arena.is_short);
    arena_reset(&arena);
    assert_false(arena.is_short);
    arena_free(&arena);
}

static bool take_too_much(void *own, const struct adapt_item *item, struct fault *why)
{
    struct workbench *bench = own;
    (void)item, (void)why;
    assert_null(arena_take(&bench->arena, SIZE_MAX));
    return true;
}

static void what_had_no_memory_was_not_read(void **state)
{
    struct house *house = *state;
    struct reading reading;
    struct fault why = {0};
    const struct adapter *adapter = house_adapter(house, "edxml");
    struct adapt_document document = {.candidates = &adapter, .candidate_count = 1};
    auto_free(free) char *bytes =
        house_fixture("edxml/fixtures/accept/letter.edxml", &document.size);
    document.bytes = bytes;
    assert_false(adapt_read(house->bench, &document, take_too_much, house->bench, &reading, &why));
    assert_string_equal(why.text, "out of memory");
    assert_int_equal(why.kind, FAULT_BROKEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_not_given_is_remembered_until_all_is_given_back),
        cmocka_unit_test(what_had_no_memory_was_not_read),
    };
    return cmocka_run_group_tests(tests, house_open, house_close);
}
