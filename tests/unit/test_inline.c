/* SPDX-License-Identifier: Apache-2.0 */
/* Files in documents: what is moved out, what stays, and that what was moved is put back to the
 * byte. */
#include "store_world.h"

#include "base/cleanup.h"
#include "files/inline.h"

#include <string.h>

enum { ABOVE = 300, BODY = 400 };

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* How a test writes base64: letters in a line, what stands between lines, how a slash is written.
 */
struct style {
    size_t line;
    const char *between, *slash;
};
static const struct style plain = {0, "", "/"};

static void write_letter(FILE *out, const struct style *style, size_t *column, char letter)
{
    if (style->line > 0 && *column == style->line) {
        (void)fputs(style->between, out);
        *column = 0;
    }
    ++*column;
    if (letter == '/')
        (void)fputs(style->slash, out);
    else
        (void)fputc(letter, out);
}

static void write_base64(FILE *out, const uint8_t *bytes, size_t size, const struct style *style)
{
    size_t column = 0;
    for (size_t at = 0; at < size; at += 3) {
        uint32_t bits = (uint32_t)bytes[at] << 16;
        bits |= at + 1 < size ? (uint32_t)bytes[at + 1] << 8 : 0;
        bits |= at + 2 < size ? (uint32_t)bytes[at + 2] : 0;
        for (size_t i = 0; i < 4; i++)
            write_letter(out, style, &column,
                         at + i <= size ? letters[bits >> (18 - 6 * i) & 63] : '=');
    }
}

/* Bytes of every value, so that all letters occur. */
static void fill(uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 64);
}

/* "BEFORE base64 AFTER" */
static char *document(const char *before, size_t size, const struct style *style, const char *after,
                      size_t *whole)
{
    char *text = NULL;
    uint8_t *bytes = malloc(size + 1);
    FILE *out = open_memstream(&text, whole);
    fill(bytes, size);
    (void)fputs(before, out);
    write_base64(out, bytes, size, style);
    (void)fputs(after, out);
    assert_int_equal(fclose(out), 0);
    free(bytes);
    return text;
}

static const char partner[] = "motcua";

/* Moves out of a copy, which the test frees. */
static char *moved(struct store_world *world, const char *bytes, size_t size, size_t *shortened,
                   struct inline_files *files)
{
    struct fault why;
    struct inline_work work = {.store = world->store, .above_bytes = ABOVE, .partner = partner};
    char *copy = malloc(size + 1);
    memcpy(copy, bytes, size);
    copy[size] = '\0';
    *shortened = size;
    must(inline_move(&work, copy, shortened, files, &why), &why);
    return copy;
}

static void assert_restored(struct store_world *world, const char *name, const char *original,
                            size_t size, const char *copy, size_t shortened)
{
    struct fault why;
    size_t restored = 0;
    auto_free(free) char *again = inline_restore(
        &(struct inline_shortened){world->store, partner, copy, shortened}, size, &restored, &why);
    must(again, &why);
    if (restored != size || memcmp(again, original, size) != 0)
        fail_msg("%s: not restored: %.*s", name, (int)restored, again);
}

static const struct style wrapped = {76, "\n", "/"}, mime = {76, "\r\n", "/"},
                          indented = {64, "\n      ", "/"}, entity = {76, "&#13;\n", "/"},
                          java = {76, "&#xD;\n", "/"}, escaped = {0, "", "\\/"},
                          json_wrapped = {76, "\\r\\n", "/"}, json_both = {64, "\\n", "\\/"},
                          json_raw = {76, "\n", "/"}, too_deep = {64, "\n          ", "/"};

static const struct {
    const char *name, *before;
    size_t size;
    const struct style *style;
    const char *after;
    bool is_moved;
} cases[] = {
    {"xml", "<a><b>", BODY, &plain, "</b></a>", true},
    {"xml, two bytes at the end", "<b>", BODY + 1, &plain, "</b>", true},
    {"xml, one byte at the end", "<b>", BODY + 2, &plain, "</b>", true},
    {"xml with attributes", "<b x=\"1\" y='>'>", BODY, &plain, "</b>", true},
    {"xml with blanks around", "<b>\n\t ", BODY, &plain, "\n </b>", true},
    {"xml in a CDATA section", "<b><![CDATA[", BODY, &plain, "]]></b>", true},
    {"xml after a mark", "\xEF\xBB\xBF<b>", BODY, &plain, "</b>", true},
    {"xml in lines", "<b>", BODY, &wrapped, "</b>", true},
    {"xml in MIME lines", "<b>\r\n", BODY, &mime, "\r\n</b>", true},
    {"xml in lines that fill the last", "<b>", 57 * 8, &mime, "</b>", true},
    {"xml in indented lines", "<b>\n      ", BODY, &indented, "\n    </b>", true},
    {"xml with escaped line ends", "<b>", BODY, &entity, "&#13;\n</b>", true},
    {"xml as Java writes it", "<b>", BODY, &java, "</b>", true},
    {"json", "{\"a\": \"", BODY, &plain, "\"}", true},
    {"json with escaped slashes", "{\"a\": \"", BODY, &escaped, "\"}", true},
    {"json in lines", "{\"a\": \"", BODY, &json_wrapped, "\"}", true},
    {"json with both", "[\"", BODY, &json_both, "\\n\"]", true},
    {"json after other strings", "{\"q\\\"\\\\\": \"a\\\\\", \"b\":\"", BODY, &plain, "\"}", true},
    {"json in an array", "[1, \"x\", \"", BODY, &plain, "\" , 2]", true},
    {"small", "<b>", ABOVE, &plain, "</b>", false},
    {"just large enough", "<b>", ABOVE + 1, &plain, "</b>", true},
    {"a member's name", "{\"", BODY, &plain, "\" : 1}", false},
    {"a data address", "{\"a\": \"data:application/pdf;base64,", BODY, &plain, "\"}", false},
    {"text before", "<b>see: ", BODY, &plain, "</b>", false},
    {"text behind", "<b>", BODY, &plain, " !</b>", false},
    {"a letter too many", "<b>", BODY, &plain, "A</b>", false},
    {"a pad too many", "<b>", BODY, &plain, "=</b>", false},
    {"cut off", "<b>", BODY, &plain, "", false},
    {"json cut off", "{\"a\": \"", BODY, &plain, "", false},
    {"json cut off behind a backslash", "{\"a\": \"", BODY, &plain, "\\", false},
    {"json with a bare line end", "{\"a\": \"", BODY, &json_raw, "\"}", false},
    {"deep blanks", "<b>", BODY, &too_deep, "</b>", false},
    {"a child", "<b>", BODY, &plain, "<c/></b>", true},
};

static void what_is_moved_is_put_back(void **state)
{
    struct store_world world;
    (void)state;
    store_begin(&world);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct inline_files files;
        uint8_t bytes[BODY + 100], right[SHA256_SIZE];
        size_t size = 0, shortened = 0;
        auto_free(free) char *original =
            document(cases[i].before, cases[i].size, cases[i].style, cases[i].after, &size);
        auto_free(free) char *copy = moved(&world, original, size, &shortened, &files);
        if ((files.count == 1) != cases[i].is_moved || (shortened < size) != cases[i].is_moved)
            fail_msg("%s: %zu files, %.*s", cases[i].name, files.count, (int)shortened, copy);
        assert_true(inline_has(original, size, ABOVE) == cases[i].is_moved);
        assert_restored(&world, cases[i].name, original, size, copy, shortened);
        fill(bytes, sizeof bytes);
        digest_sha256(bytes, cases[i].size, right);
        if (cases[i].is_moved)
            assert_memory_equal(files.items[0].sha256, right, SHA256_SIZE);
        inline_free(&files);
    }
    store_end(&world);
}

/* Base64 that is good in sum, in lines of 200, 200 and 200 letters with these ends. */
static const struct {
    const char *first, *second;
    bool is_moved;
} line_ends[] = {
    {"\n", "\n", true}, {"\n", "\r\n", false}, {"\n", "\n\n", false},
    {"\n", "", false},  {"", "\n", true},
};

static void only_even_lines_are_moved(void **state)
{
    struct store_world world;
    (void)state;
    store_begin(&world);
    for (size_t i = 0; i < sizeof line_ends / sizeof *line_ends; i++) {
        struct inline_files files;
        size_t shortened = 0;
        char text[700];
        size_t size = (size_t)snprintf(text, sizeof text, "<b>%0200d%s%0200d%s%0200d</b>", 0,
                                       line_ends[i].first, 0, line_ends[i].second, 0);
        auto_free(free) char *copy = moved(&world, text, size, &shortened, &files);
        assert_int_equal(files.count, line_ends[i].is_moved);
        assert_restored(&world, "lines", text, size, copy, shortened);
        inline_free(&files);
    }
    store_end(&world);
}

static void spare_bits_stay_since_they_could_not_be_put_back(void **state)
{
    struct store_world world;
    struct inline_files files;
    size_t size = 0, shortened = 0;
    (void)state;
    store_begin(&world);
    auto_free(free) char *text = document("<b>", BODY, &plain, "</b>", &size);
    char *pad = strchr(text, '=');
    assert_non_null(pad);
    pad[-1]++; /* 400 bytes leave one over: its last letter has four spare bits */
    auto_free(free) char *copy = moved(&world, text, size, &shortened, &files);
    assert_int_equal(files.count, 0);
    assert_int_equal(shortened, size);
    inline_free(&files);
    store_end(&world);
}

static void two_of_the_same_are_one_file_and_other_text_is_kept(void **state)
{
    struct store_world world;
    struct inline_files files;
    size_t size = 0, one = 0, shortened = 0;
    (void)state;
    store_begin(&world);
    auto_free(free) char *run = document("<b>", BODY, &plain, "</b>", &one);
    char *text = NULL;
    FILE *out = open_memstream(&text, &size);
    (void)fprintf(out, "<a><n>Đơn đăng ký</n>%s<m/>%s<o>QUJD</o></a>", run, run);
    assert_int_equal(fclose(out), 0);
    auto_free(free) char *copy = moved(&world, text, size, &shortened, &files);
    assert_int_equal(files.count, 1);
    assert_non_null(memmem(copy, shortened, "<a><n>Đơn đăng ký</n><b>lienthong-file:", 40));
    assert_non_null(memmem(copy, shortened, "</b><m/><b>lienthong-file:", 26));
    assert_non_null(memmem(copy, shortened, "</b><o>QUJD</o></a>", 19));
    assert_restored(&world, "two", text, size, copy, shortened);
    inline_free(&files);
    free(text);
    store_end(&world);
}

static void a_place_is_told_as_it_was_in_what_came(void **state)
{
    static const struct style lines = {76, "\n", "/"};
    struct store_world world;
    struct inline_files files;
    size_t size = 0, one = 0, shortened = 0;
    (void)state;
    store_begin(&world);
    auto_free(free) char *run = document("<b>", BODY, &lines, "</b>", &one);
    char *text = NULL;
    FILE *out = open_memstream(&text, &size);
    (void)fprintf(out, "<a>\n<c/>Đơn%s<d/>\n<e/>%s\n<f/></a>", run, run);
    assert_int_equal(fclose(out), 0);
    auto_free(free) char *copy = moved(&world, text, size, &shortened, &files);
    assert_int_equal(files.cut_count, 2);
    static const char *const marks[] = {"<a>", "<c/>", "<d/>", "<e/>", "<f/>"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        struct utf8_spot spots[2] = {{1, 1}, {1, 1}};
        utf8_pass(&spots[0], copy, (size_t)(strstr(copy, marks[i]) - copy));
        utf8_pass(&spots[1], text, (size_t)(strstr(text, marks[i]) - text));
        inline_place(&files, &spots[0].line, &spots[0].column);
        assert_int_equal(spots[0].line, spots[1].line);
        assert_int_equal(spots[0].column, spots[1].column);
    }
    int line = 3, column = 0; /* of a line that XML's parser tells without a column */
    inline_place(&files, &line, &column);
    assert_int_equal(line, 3 + (int)(one / 77));
    inline_free(&files);
    free(text);
    store_end(&world);
}

static const char *reference_in(const char *copy, size_t shortened, size_t *size)
{
    const char *begin = memmem(copy, shortened, "lienthong-file:", 15);
    assert_non_null(begin);
    const char *end = memchr(begin, '<', shortened - (size_t)(begin - copy));
    assert_non_null(end);
    *size = (size_t)(end - begin);
    return begin;
}

static void a_reference_is_its_partners_alone(void **state)
{
    struct store_world world;
    struct inline_files files;
    struct inline_file file;
    size_t size = 0, shortened = 0, length = 0;
    (void)state;
    store_begin(&world);
    const uint8_t *key = file_store_key(world.store);
    auto_free(free) char *text = document("<b>", BODY, &wrapped, "</b>", &size);
    auto_free(free) char *copy = moved(&world, text, size, &shortened, &files);
    const char *reference = reference_in(copy, shortened, &length);
    assert_true(inline_read(key, partner, reference, length, &file));
    assert_int_equal(file.size, BODY);
    assert_memory_equal(file.sha256, files.items[0].sha256, SHA256_SIZE);
    assert_false(inline_read(key, "motcub", reference, length, &file));

    /* Any byte of it changed, and any cut of it, is no reference; blanks around it do not matter.
     */
    char changed[200];
    for (size_t i = 0; i < length; i++) {
        memcpy(changed, reference, length);
        changed[i] = changed[i] == '0' ? '1' : '0';
        assert_false(inline_read(key, partner, changed, length, &file));
        assert_false(inline_read(key, partner, reference, i, &file));
    }
    int spaced = snprintf(changed, sizeof changed, "\n  %.*s\r\n", (int)length, reference);
    assert_true(inline_read(key, partner, changed, (size_t)spaced, &file));
    inline_free(&files);
    store_end(&world);
}

static void the_same_file_in_another_document_has_the_same_reference(void **state)
{
    struct store_world world;
    struct inline_files files, others;
    size_t size = 0, other_size = 0, shortened = 0, other_shortened = 0, length = 0, other = 0;
    (void)state;
    store_begin(&world);
    auto_free(free) char *text = document("<b>", BODY, &plain, "</b>", &size);
    auto_free(free) char *later = document("<a at='2'/><b>", BODY, &plain, "</b>", &other_size);
    auto_free(free) char *copy = moved(&world, text, size, &shortened, &files);
    auto_free(free) char *again = moved(&world, later, other_size, &other_shortened, &others);
    const char *reference = reference_in(copy, shortened, &length);
    assert_memory_equal(reference, reference_in(again, other_shortened, &other), length);
    assert_int_equal(length, other);
    inline_free(&files);
    inline_free(&others);
    store_end(&world);
}

/* Who sends a reference in a document of its own: nothing of that document is moved, and nothing in
 * it is taken for a file. */
static void a_document_that_comes_with_references_is_left_alone(void **state)
{
    struct store_world world;
    struct inline_files files, others;
    struct inline_file file;
    size_t size = 0, shortened = 0, length = 0, left = 0, whole = 0;
    (void)state;
    store_begin(&world);
    auto_free(free) char *text = document("<b>", BODY, &plain, "</b>", &size);
    auto_free(free) char *copy = moved(&world, text, size, &shortened, &files);
    char *forged = NULL;
    FILE *out = open_memstream(&forged, &whole);
    (void)fprintf(out, "<a>%s%s</a>", copy, text);
    assert_int_equal(fclose(out), 0);
    assert_false(inline_has(forged, whole, ABOVE));
    auto_free(free) char *kept = moved(&world, forged, whole, &left, &others);
    assert_int_equal(others.count, 0);
    assert_int_equal(left, whole);
    assert_memory_equal(kept, forged, whole);
    const char *reference = reference_in(forged, whole, &length);
    assert_true(inline_find(&files, partner, reference, length, &file));
    assert_false(inline_find(&others, partner, reference, length, &file));
    inline_free(&files);
    inline_free(&others);
    free(forged);
    store_end(&world);
}

static void a_file_over_the_limit_of_the_store_stays(void **state)
{
    struct store_world world;
    struct inline_files files;
    size_t size = 0, shortened = 0;
    (void)state;
    store_begin(&world);
    file_store_close(world.store);
    world.options.file_limit_bytes = BODY - 1;
    store_open(&world);
    auto_free(free) char *text = document("<b>", BODY, &plain, "</b>", &size);
    auto_free(free) char *copy = moved(&world, text, size, &shortened, &files);
    assert_int_equal(files.count, 0);
    assert_int_equal(shortened, size);
    inline_free(&files);
    store_end(&world);
}

static void no_more_than_so_many_files_are_moved(void **state)
{
    struct store_world world;
    struct inline_files files;
    char *text = NULL;
    size_t size = 0, shortened = 0;
    (void)state;
    store_begin(&world);
    FILE *out = open_memstream(&text, &size);
    (void)fputs("[", out);
    for (unsigned i = 0; i < INLINE_FILES + 3; i++) {
        (void)fprintf(out, "\"%08u", i);
        for (int j = 0; j < 100; j++)
            (void)fputs("AAAA", out);
        (void)fputs("\",", out);
    }
    (void)fputs("0]", out);
    assert_int_equal(fclose(out), 0);
    auto_free(free) char *copy = moved(&world, text, size, &shortened, &files);
    assert_int_equal(files.count, INLINE_FILES);
    inline_free(&files);
    free(text);
    store_end(&world);
}

/* Documents that are made to be looked at again and again. */
static void almost_base64_takes_linear_time(void **state)
{
    enum { SIZE = 10 << 20 };
    static const char *const units[] = {"A",          ">A",     "\"A", "> ",  "\"\\",
                                        "&#13;",      ">&#xD;", "\\/", "A\n", "<![CDATA[",
                                        "><![CDATA[", "A=",     "=",   "\"",  ">"};
    static const char *const starts[] = {"<b>", "[\""};
    (void)state;
    for (size_t i = 0; i < 2 * sizeof units / sizeof *units; i++) {
        const char *unit = units[i / 2], *start = starts[i % 2];
        size_t unit_size = strlen(unit);
        auto_free(free) char *text = malloc(SIZE);
        for (size_t at = 0; at < SIZE; at++)
            text[at] = unit[at % unit_size];
        memcpy(text, start, strlen(start));
        text[SIZE - 1] = '!';
        int64_t before = spent_ms();
        (void)inline_has(text, SIZE, SIZE);
        int64_t took = spent_ms() - before;
        if (took > 60000) /* what is not linear takes hours */
            fail_msg("%s%s...: %d ms", start, unit, (int)took);
    }
}

static void nothing_is_nothing(void **state)
{
    (void)state;
    assert_false(inline_has("", 0, 0));
    assert_false(inline_has("<", 1, 0));
    assert_false(inline_has("\"", 1, 0));
    assert_false(inline_has(">", 1, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_moved_is_put_back),
        cmocka_unit_test(a_place_is_told_as_it_was_in_what_came),
        cmocka_unit_test(only_even_lines_are_moved),
        cmocka_unit_test(spare_bits_stay_since_they_could_not_be_put_back),
        cmocka_unit_test(two_of_the_same_are_one_file_and_other_text_is_kept),
        cmocka_unit_test(a_reference_is_its_partners_alone),
        cmocka_unit_test(the_same_file_in_another_document_has_the_same_reference),
        cmocka_unit_test(a_document_that_comes_with_references_is_left_alone),
        cmocka_unit_test(a_file_over_the_limit_of_the_store_stays),
        cmocka_unit_test(no_more_than_so_many_files_are_moved),
        cmocka_unit_test(almost_base64_takes_linear_time),
        cmocka_unit_test(nothing_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
