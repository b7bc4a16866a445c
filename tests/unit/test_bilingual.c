/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/bilingual.h"

#include <string.h>

static void must_be(const char *text, bool is_english, const char *wanted)
{
    size_t size = 0;
    const char *part = bilingual_part(text, is_english, &size);
    assert_int_equal(size, strlen(wanted));
    assert_memory_equal(part, wanted, size);
}

static void each_reader_gets_the_own_language(void **state)
{
    (void)state;
    must_be("thiếu" BILINGUAL_MARK "missing", false, "thiếu");
    must_be("thiếu" BILINGUAL_MARK "missing", true, "missing");
    must_be(BILINGUAL_MARK "missing", false, "");
    must_be("thiếu" BILINGUAL_MARK, true, "");
}

static void a_text_in_one_language_is_for_everybody(void **state)
{
    (void)state;
    must_be("thiếu", false, "thiếu");
    must_be("thiếu", true, "thiếu");
    must_be("", true, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reader_gets_the_own_language),
        cmocka_unit_test(a_text_in_one_language_is_for_everybody),
    };
    return cmocka_run_group_tests_name("bilingual", tests, NULL, NULL);
}
