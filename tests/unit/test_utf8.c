/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/utf8.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const struct {
    const char *bytes;
    size_t size;
    size_t length;
} characters[] = {
    {"a", 1, 1},
    {"\x7F", 1, 1},
    {"\0", 1, 1},
    {"\xC2\x80", 2, 2},
    {"\xDF\xBF", 2, 2},
    {"\xE0\xA0\x80", 3, 3},
    {"\xED\x9F\xBF", 3, 3},
    {"\xEE\x80\x80", 3, 3},
    {"\xEF\xBF\xBF", 3, 3},
    {"\xF0\x90\x80\x80", 4, 4},
    {"\xF4\x8F\xBF\xBF", 4, 4},
    {"", 0, 0},
    {"\x80", 1, 0},             /* a tail alone */
    {"\xC0\x80", 2, 0},         /* overlong */
    {"\xC1\xBF", 2, 0},         /* overlong */
    {"\xE0\x9F\xBF", 3, 0},     /* overlong */
    {"\xF0\x8F\xBF\xBF", 4, 0}, /* overlong */
    {"\xED\xA0\x80", 3, 0},     /* surrogate */
    {"\xF4\x90\x80\x80", 4, 0}, /* over U+10FFFF */
    {"\xF5\x80\x80\x80", 4, 0},
    {"\xFF", 1, 0},
    {"\xC2", 1, 0},         /* cut */
    {"\xE1\x80", 2, 0},     /* cut */
    {"\xF1\x80\x80", 3, 0}, /* cut */
    {"\xC2\x41", 2, 0},
    {"\xE1\x80\x41", 3, 0},
    {"\xF1\x80\x80\x41", 4, 0},
};

static void a_character_is_as_the_standard_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(characters); i++)
        if (utf8_length(characters[i].bytes, characters[i].size) != characters[i].length)
            fail_msg("row %zu", i);
}

static void a_text_is_valid_up_to_its_first_wrong_byte(void **state)
{
    (void)state;
    assert_int_equal(utf8_valid("Phú Cường", 12), 12);
    assert_int_equal(utf8_valid("Ph\xC3\xBA\xFF!", 6), 4);
    assert_int_equal(utf8_valid("Ph\xC3", 3), 2);
    assert_int_equal(utf8_valid("", 0), 0);
}

static void a_cut_keeps_whole_characters(void **state)
{
    (void)state;
    static const char text[] = "aờ😀"; /* 1 + 3 + 4 bytes */
    static const size_t kept[] = {0, 1, 1, 1, 4, 4, 4, 4, 8, 8};
    for (size_t limit = 0; limit < COUNT(kept); limit++)
        assert_int_equal(utf8_cut(text, 8, limit), kept[limit]);
}

static void xml_has_no_place_for_some_characters(void **state)
{
    static const struct {
        const char *text;
        size_t size;
        size_t outside;
    } rows[] = {
        {"", 0, 0},
        {"\0", 1, 1},
        {"\b", 1, 1},
        {"\t", 1, 0},
        {"\n", 1, 0},
        {"\r", 1, 0},
        {"\x1F", 1, 1},
        {" ", 1, 0},
        {"\x7F", 1, 0},
        {"\xEF\xBC\x81", 3, 0},
        {"\xEF\xBF\xBD", 3, 0},
        {"\xEF\xBF\xBE", 3, 3},
        {"\xEF\xBF\xBF", 3, 3},
        {"\xEE\xBF\xBF", 3, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (utf8_outside_xml(rows[i].text, rows[i].size) != rows[i].outside)
            fail_msg("row %zu", i);
}

static void a_place_is_counted_in_lines_and_characters(void **state)
{
    static const char text[] = "aờ😀\n\nĐ";
    static const int lines[] = {1, 1, 2, 3, 3}, columns[] = {2, 4, 1, 1, 2};
    static const size_t sizes[] = {1, 8, 9, 10, 12};
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct utf8_spot spot = {1, 1};
        utf8_pass(&spot, text, sizes[i]);
        assert_int_equal(spot.line, lines[i]);
        assert_int_equal(spot.column, columns[i]);
    }
}

static void a_wrong_byte_is_found_wherever_it_stands(void **state)
{
    (void)state;
    char text[40];
    for (size_t size = 1; size <= sizeof text; size++) {
        memset(text, 'a', sizeof text);
        assert_int_equal(utf8_valid(text, size), size);
        for (size_t at = 0; at < size; at++) {
            text[at] = '\xFF';
            assert_int_equal(utf8_valid(text, size), at);
            text[at] = 'a';
        }
    }
}

static void characters_are_counted_and_not_bytes(void **state)
{
    (void)state;
    assert_int_equal(utf8_count(""), 0);
    assert_int_equal(utf8_count("abc"), 3);
    assert_int_equal(utf8_count("\xe1\xba\xbf\xc3\xa1\xf0\x9f\x99\x82"), 3); /* 3, 2, 4 bytes */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_are_counted_and_not_bytes),
        cmocka_unit_test(a_character_is_as_the_standard_says),
        cmocka_unit_test(a_text_is_valid_up_to_its_first_wrong_byte),
        cmocka_unit_test(a_cut_keeps_whole_characters),
        cmocka_unit_test(xml_has_no_place_for_some_characters),
        cmocka_unit_test(a_place_is_counted_in_lines_and_characters),
        cmocka_unit_test(a_wrong_byte_is_found_wherever_it_stands),
    };
    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
