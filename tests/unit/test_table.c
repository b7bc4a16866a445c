/* SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "base/table.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* The cells of all rows, each row as "line:cell|cell;". */
static void show(const struct table *table, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < table->count; i++) {
        const struct table_row *row = &table->rows[i];
        used += (size_t)snprintf(text + used, size - used, "%d:", row->line);
        for (size_t j = 0; j < row->count; j++)
            used +=
                (size_t)snprintf(text + used, size - used, "%s%s", j > 0 ? "|" : "", row->cells[j]);
        used += (size_t)snprintf(text + used, size - used, ";");
    }
}

static const struct {
    const char *text;
    char separator;
    size_t columns;
    const char *cells;
} accepted[] = {
    {"a,b\nc,d\n", ',', 2, "1:a|b;2:c|d;"},
    {"a,b", ',', 2, "1:a|b;"},
    {"a,b\r\nc,d\r\n", ',', 2, "1:a|b;2:c|d;"},
    {"", ',', 2, ""},
    {"\n\n \n", ',', 2, ""},
    {"# a,b\n\n  \na,b\n#,\n", ',', 2, "4:a|b;"},
    {"\xEF\xBB\xBF"
     "a,b\n",
     ',', 2, "1:a|b;"},
    {" a , b \n", ',', 2, "1:a|b;"},
    {",\n", ',', 2, "1:|;"},
    {" , \n", ',', 2, "1:|;"},
    {"a,#b\n", ',', 2, "1:a|#b;"},
    {"a\n", ',', 1, "1:a;"},
    {"Bộ Nội vụ,Phú Cường\n", ',', 2, "1:Bộ Nội vụ|Phú Cường;"},
    {"\"a,b\",c\n", ',', 2, "1:a,b|c;"},
    {"\"a \"\"b\"\"\", \"c\" \n", ',', 2, "1:a \"b\"|c;"},
    {"\"\",\"\"\n", ',', 2, "1:|;"},
    {"\"\"\"\",x\n", ',', 2, "1:\"|x;"},
    {"\"a\nb\",c\nd,e\n", ',', 2, "1:a\nb|c;3:d|e;"},
    {"a\"b,c\n", ',', 2, "1:a\"b|c;"},
    {"\" a \",c\n", ',', 2, "1:a|c;"},
    {"a\tb\n", '\t', 2, "1:a|b;"},
    {"\t\n", '\t', 2, "1:|;"},
    {"\"a\tb\"\n", '\t', 2, "1:\"a|b\";"},
    {" a\tb \n", '\t', 2, "1:a|b;"},
    {"x,y\tb\n", '\t', 2, "1:x,y|b;"},
};

static void cells_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(accepted); i++) {
        char path[SCRATCH_PATH_SIZE], shown[400];
        struct table table;
        struct fault why;
        scratch_text(path, accepted[i].text);
        if (!table_load(path, accepted[i].separator, accepted[i].columns, &table, &why))
            fail_msg("%s", why.text);
        show(&table, shown, sizeof shown);
        assert_string_equal(shown, accepted[i].cells);
        table_free(&table);
        (void)unlink(path);
    }
}

static const struct {
    const char *text;
    size_t size;
    const char *fault; /* after the path */
} refused[] = {
    {"a\n", 2, ":1:1: 1 cells, expected 2"},
    {"a,b\n\nc\n", 7, ":3:1: 1 cells, expected 2"},
    {"a,b,c\n", 6, ":1:4: more cells than columns"},
    {"a,b,\n", 5, ":1:4: more cells than columns"},
    {"a,b\nx,\"b\n", 9, ":2:3: the quotation mark is not closed"},
    {"a,\"b\"c\n", 7, ":1:6: text after the closing quotation mark"},
    {"\"a\nb\"c,d\n", 9, ":2:3: text after the closing quotation mark"},
    {"a,b\nc,\xFF\n", 8, ":2:3: not UTF-8"},
    {"a,b\nc,\xE1\xBB\n", 9, ":2:3: not UTF-8"},
    {"a,b\nc\0,d\n", 9, ":2:2: a NUL byte"},
};

static void a_fault_names_file_line_and_column(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        char path[SCRATCH_PATH_SIZE];
        struct table table;
        struct fault why;
        scratch_bytes(path, refused[i].text, refused[i].size);
        assert_false(table_load(path, ',', 2, &table, &why));
        assert_int_equal(why.kind, FAULT_REFUSE);
        assert_string_equal(scratch_after_path(path, why.text), refused[i].fault);
        (void)unlink(path);
    }
}

static void many_rows_are_kept_apart(void **state)
{
    (void)state;
    char path[SCRATCH_PATH_SIZE];
    struct table table;
    struct fault why;
    scratch_text(path, "");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < 5000; i++)
        (void)fprintf(file, "r%d,%d,x\n", i, i * 7);
    assert_int_equal(fclose(file), 0);
    assert_true(table_load(path, ',', 3, &table, &why));
    assert_int_equal(table.count, 5000);
    for (int i = 0; i < 5000; i++) {
        char expected[32];
        (void)snprintf(expected, sizeof expected, "%d", i * 7);
        assert_string_equal(table.rows[i].cells[1], expected);
        assert_int_equal(table.rows[i].line, i + 1);
    }
    table_free(&table);
    table_free(&table);
    (void)unlink(path);
}

static void a_missing_file_is_a_fault(void **state)
{
    (void)state;
    struct table table;
    struct fault why;
    assert_false(table_load("/nonexistent/x.csv", ',', 2, &table, &why));
    assert_string_equal(why.text, "/nonexistent/x.csv: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_are_read),
        cmocka_unit_test(a_fault_names_file_line_and_column),
        cmocka_unit_test(many_rows_are_kept_apart),
        cmocka_unit_test(a_missing_file_is_a_fault),
    };
    return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
