/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows, and a stream of it; also when there is no memory for it. */
#include "unit.h"

#include "base/cleanup.h"
#include "base/text_stream.h"

#include <stdint.h>

static void a_text_grows_and_ends_with_a_nul(void **state)
{
    enum { LINES = 3000 };
    struct text text = {.bytes = NULL};
    size_t size = 0;
    (void)state;
    for (int i = 0; i < LINES; i++) {
        text_say(&text, "một cửa");
        text_put(&text, '\n');
    }
    auto_free(free) char *whole = text_take(&text, &size);
    assert_non_null(whole);
    assert_int_equal(size, LINES * sizeof "một cửa");
    assert_int_equal(strlen(whole), size);
    assert_null(text.bytes);
}

static void an_empty_text_is_a_text(void **state)
{
    struct text text = {.bytes = NULL};
    struct text_stream stream;
    size_t size = 1;
    (void)state;
    auto_free(free) char *whole = text_take(&text, &size);
    assert_string_equal(whole, "");
    assert_int_equal(size, 0);
    size = 1;
    assert_non_null(text_stream_begin(&stream));
    auto_free(free) char *written = text_stream_end(&stream, &size);
    assert_string_equal(written, "");
    assert_int_equal(size, 0);
}

static void a_stream_keeps_what_is_written_to_it(void **state)
{
    enum { LINES = 3000 };
    struct text_stream stream;
    size_t size = 0;
    (void)state;
    FILE *out = text_stream_begin(&stream);
    assert_non_null(out);
    for (int i = 0; i < LINES; i++) {
        (void)fprintf(out, "%04d", i);
        (void)fputc('\0', out);
    }
    auto_free(free) char *whole = text_stream_end(&stream, &size);
    assert_int_equal(size, LINES * 5);
    assert_string_equal(whole + size - 5, "2999");
    assert_non_null(text_stream_begin(&stream));
    (void)fputs("unasked", stream.out);
    auto_free(free) char *short_one = text_stream_end(&stream, NULL);
    assert_string_equal(short_one, "unasked");
}

/* What is written before and behind makes no whole of it. */
static void a_text_that_memory_ran_out_for_is_none(void **state)
{
    struct text text = {.bytes = NULL};
    struct text_stream stream;
    size_t size = 0;
    (void)state;
    text_say(&text, "before");
    assert_false(text_reserve(&text, SIZE_MAX / 2));
    text_say(&text, "behind");
    assert_null(text_take(&text, &size));

    FILE *out = text_stream_begin(&stream);
    assert_non_null(out);
    (void)fputs("before", out);
    (void)fflush(out);
    assert_false(text_reserve(&stream.text, SIZE_MAX / 2));
    (void)fputs("behind", out);
    assert_null(text_stream_end(&stream, &size));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_grows_and_ends_with_a_nul),
        cmocka_unit_test(an_empty_text_is_a_text),
        cmocka_unit_test(a_stream_keeps_what_is_written_to_it),
        cmocka_unit_test(a_text_that_memory_ran_out_for_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
