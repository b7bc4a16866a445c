/* SPDX-License-Identifier: Apache-2.0 */
/* The file of master keys. */
#include "scratch.h"
#include "unit.h"

#include "base/cleanup.h"
#include "base/keyring.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

ENDS_WITH_SCOPE(struct keyring *, keyring_free)

#define KEY_A "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define KEY_B "IAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

enum { PATH_SIZE = 64 };

static void name_file(char path[PATH_SIZE])
{
    (void)snprintf(path, PATH_SIZE, "/tmp/lienthong-keys-XXXXXX");
    int file = mkstemp(path);
    assert_true(file >= 0);
    (void)close(file);
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    scratch_write(path, text);
    assert_int_equal(chmod(path, mode), 0);
}

static void the_first_key_is_current_and_all_are_found(void **state)
{
    (void)state;
    struct fault why;
    char path[PATH_SIZE];
    name_file(path);
    write_file(path, "# keys\n\n  # more\nnew " KEY_A "\r\nold\t" KEY_B "   \n", 0600);
    auto_free(keyring_free) struct keyring *keyring = keyring_load(path, &why);
    assert_non_null(keyring);
    assert_string_equal(keyring_current(keyring), "new");
    assert_int_equal(keyring_find(keyring, "new")[1], 1);
    assert_int_equal(keyring_find(keyring, "old")[0], 32);
    assert_null(keyring_find(keyring, "ol"));
    assert_int_equal(unlink(path), 0);
}

static void what_is_no_key_file_is_refused_by_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
        mode_t mode;
    } cases[] = {
        {"", "holds no key", 0600},
        {"# nothing\n", "holds no key", 0600},
        {"a " KEY_A "\na " KEY_B "\n", ":2: the id a is there twice", 0600},
        {"a/b " KEY_A "\n", ":1: an id of 1 to 32", 0600},
        {"a123456789012345678901234567890123 " KEY_A "\n", ":1: an id of 1 to 32", 0600},
        {"a\n", ":1: key a: not 32 bytes", 0600},
        {"a AAEC\n", ":1: key a: not 32 bytes", 0600},
        {"a " KEY_A "AA\n", ":1: key a: not 32 bytes", 0600},
        {"a " KEY_A " b\n", ":1: key a: not 32 bytes", 0600},
        {"a AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", ":1: key a: not 32 bytes", 0600},
        {"a " KEY_A "\n", "mode 0604 lets others", 0604},
        {"a " KEY_A "\n", "mode 0620 lets others", 0620},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fault why = {.kind = FAULT_NONE};
        char path[PATH_SIZE];
        name_file(path);
        write_file(path, cases[i].text, cases[i].mode);
        assert_null(keyring_load(path, &why));
        assert_int_equal(why.kind, FAULT_REFUSE);
        if (!strstr(why.text, cases[i].says) || strstr(why.text, "AAEC"))
            fail_msg("%zu: %s", i, why.text);
        assert_int_equal(unlink(path), 0);
    }
}

static void a_file_that_is_not_there_or_too_large_is_refused(void **state)
{
    (void)state;
    struct fault why;
    char path[PATH_SIZE];
    assert_null(keyring_load("/tmp/lienthong-no-such-keys", &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    assert_null(keyring_load("/tmp", &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    name_file(path);
    assert_int_equal(truncate(path, 20000), 0);
    assert_null(keyring_load(path, &why));
    assert_non_null(strstr(why.text, "no key file"));
    assert_int_equal(unlink(path), 0);
}

static void a_new_key_comes_first_and_the_others_stay(void **state)
{
    (void)state;
    struct fault why;
    struct stat facts;
    char path[PATH_SIZE];
    name_file(path);
    assert_int_equal(unlink(path), 0);
    assert_true(keyring_add(path, "one", &why));
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0600);
    assert_int_equal(chmod(path, 0400), 0);
    assert_true(keyring_add(path, "two", &why));
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 07777, 0400);
    auto_free(keyring_free) struct keyring *keyring = keyring_load(path, &why);
    assert_non_null(keyring);
    assert_string_equal(keyring_current(keyring), "two");
    assert_non_null(keyring_find(keyring, "one"));
    assert_memory_not_equal(keyring_find(keyring, "one"), keyring_find(keyring, "two"), 32);
    assert_false(keyring_add(path, "one", &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    assert_false(keyring_add(path, "no blank", &why));
    assert_false(keyring_add(path, "", &why));
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_key_is_current_and_all_are_found),
        cmocka_unit_test(what_is_no_key_file_is_refused_by_its_line),
        cmocka_unit_test(a_file_that_is_not_there_or_too_large_is_refused),
        cmocka_unit_test(a_new_key_comes_first_and_the_others_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
