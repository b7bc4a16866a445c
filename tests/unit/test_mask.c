/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "event/mask.h"

static void each_mask_hides_most_of_a_text(void **state)
{
    (void)state;
    static const struct {
        const char *mask, *text, *masked;
    } cases[] = {
        {"initials", "Nguyễn Văn Mẫu", "N.V.M."},
        {"initials", "  Đỗ\tÁnh\nThử ", "Đ.Á.T."},
        {"initials", "Mẫu", "M."},
        {"initials", "   ", ""},
        {"initials", "a b c d e f g h i j", "a.b.c.d.e.f.g.h."},
        {"initials", "", ""},
        {"ends", "099000000001", "099******001"},
        {"ends", "0990000001-001", "099********001"},
        {"ends", "099000001", "******001"},
        {"ends", "0991", "***"},
        {"ends", "sốđịnhdanh", "***"},
        {"tail", "0990123456", "*******456"},
        {"tail", "012345", "***"},
        {"tail", "", ""},
        {NULL, "12 Đường Thử, Phú Cường", "[23]"},
        {"no such mask", "mau@example.test", "[16]"},
        {NULL, "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        auto_free(free) char *masked =
            mask_text(cases[i].mask, cases[i].text, strlen(cases[i].text));
        assert_string_equal(masked, cases[i].masked);
    }
}

static void bytes_that_are_no_text_are_masked_too(void **state)
{
    (void)state;
    auto_free(free) char *name = mask_text("initials", "\xC3 A\xFF", 4);
    assert_string_equal(name, "A.");
    auto_free(free) char *text = mask_text(NULL, "\xC3\xFF\x00", 3);
    assert_string_equal(text, "[3]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mask_hides_most_of_a_text),
        cmocka_unit_test(bytes_that_are_no_text_are_masked_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
