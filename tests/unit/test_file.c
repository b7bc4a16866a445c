/* SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "base/file.h"

#include <sys/stat.h>

static void a_file_is_read_up_to_its_limit(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char path[SCRATCH_PATH_SIZE];
        struct fault why;
        size_t size = 42;
        char *bytes = malloc(sizes[i] + 1);
        assert_non_null(bytes);
        memset(bytes, 'x', sizes[i]);
        scratch_bytes(path, bytes, sizes[i]);
        char *again = file_read(path, sizes[i], &size, &why);
        assert_non_null(again);
        assert_int_equal(size, sizes[i]);
        assert_memory_equal(again, bytes, size);
        assert_int_equal(again[size], '\0');
        if (size > 0) {
            assert_null(file_read(path, size - 1, &size, &why));
            assert_int_equal(why.kind, FAULT_REFUSE);
            assert_non_null(strstr(scratch_after_path(path, why.text), ": over "));
        }
        free(again);
        free(bytes);
        (void)unlink(path);
    }
}

static void what_is_no_file_is_refused(void **state)
{
    (void)state;
    char path[SCRATCH_PATH_SIZE];
    struct fault why;
    size_t size;
    assert_null(file_read("/nonexistent", 10, &size, &why));
    assert_string_equal(why.text, "/nonexistent: No such file or directory");
    assert_null(file_read("/tmp", 10, &size, &why));
    assert_string_equal(why.text, "/tmp: not a regular file");
    assert_null(file_read("/dev/zero", 10, &size, &why));
    assert_string_equal(why.text, "/dev/zero: not a regular file");
    scratch_text(path, "");
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_null(file_read(path, 10, &size, &why)); /* and does not wait for a writer */
    assert_string_equal(scratch_after_path(path, why.text), ": not a regular file");
    (void)unlink(path);
}

static const struct {
    const char *bytes;
    size_t size;
    const char *secret; /* or the fault after the path */
    bool is_good;
} secrets[] = {
    {"word", 4, "word", true},      {"word\n", 5, "word", true},
    {"word\r\n", 6, "word", true},  {"word\n\n", 6, "word\n", true},
    {" w ", 3, " w ", true},        {"", 0, ": is empty", false},
    {"\n", 1, ": is empty", false}, {"a\0b", 3, ": has a NUL byte", false},
};

static void a_secret_is_one_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        char path[SCRATCH_PATH_SIZE];
        struct fault why;
        scratch_bytes(path, secrets[i].bytes, secrets[i].size);
        char *secret = file_read_secret(path, &why);
        assert_int_equal(secret != NULL, secrets[i].is_good);
        assert_string_equal(secret ? secret : scratch_after_path(path, why.text),
                            secrets[i].secret);
        free(secret);
        (void)unlink(path);
    }
}

static const struct {
    const char *path, *name, *beside;
} neighbours[] = {
    {"/etc/lienthong/lienthong.yaml", "partners.yaml", "/etc/lienthong/partners.yaml"},
    {"/etc/lienthong/lienthong.yaml", "/var/x", "/var/x"},
    {"/etc/lienthong/lienthong.yaml", "../x", "/etc/lienthong/../x"},
    {"deploy/lienthong.yaml", "x", "deploy/x"},
    {"lienthong.yaml", "x", "x"},
    {"/lienthong.yaml", "x", "/x"},
};

static void a_relative_path_is_seen_from_the_files_folder(void **state)
{
    (void)state;
    struct fault why;
    for (size_t i = 0; i < sizeof neighbours / sizeof *neighbours; i++) {
        char *beside = file_beside(neighbours[i].path, neighbours[i].name, &why);
        assert_string_equal(beside, neighbours[i].beside);
        free(beside);
    }
    char *joined = file_join("a/b", "c", &why);
    assert_string_equal(joined, "a/b/c");
    free(joined);
}

static void a_credential_lies_where_the_service_manager_puts_it(void **state)
{
    (void)state;
    struct fault why;
    assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x", 1), 0);
    char *handed = file_beside("/etc/x.yaml", "$CREDENTIALS_DIRECTORY/pepper", &why);
    assert_string_equal(handed, "/run/credentials/x/pepper");
    assert_false(file_is_handed_over(handed));
    free(handed);
    assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
    handed = file_beside("/etc/x.yaml", "$CREDENTIALS_DIRECTORY/pepper", &why);
    assert_string_equal(handed, "$CREDENTIALS_DIRECTORY/pepper");
    assert_true(file_is_handed_over(handed));
    free(handed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_up_to_its_limit),
        cmocka_unit_test(what_is_no_file_is_refused),
        cmocka_unit_test(a_secret_is_one_line),
        cmocka_unit_test(a_relative_path_is_seen_from_the_files_folder),
        cmocka_unit_test(a_credential_lies_where_the_service_manager_puts_it),
    };
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
