/* SPDX-License-Identifier: Apache-2.0 */
/* Each test holds a child of its own: what holds once, holds for ever. */
#include "scratch.h"

#include "base/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { PATH_SIZE = 128 };

/* A folder with `read` and `write`, each with a file, and the file `outside`. */
struct house {
    char folder[SCRATCH_PATH_SIZE];
};

static const char *place(const struct house *house, const char *name)
{
    static char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/%s", house->folder, name);
    return path;
}

static void put(const struct house *house, const char *name)
{
    int made = open(place(house, name), O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
    assert_true(made >= 0);
    assert_int_equal(close(made), 0);
}

static int build(void **state)
{
    static struct house house;
    (void)snprintf(house.folder, sizeof house.folder, "/tmp/lienthong-confine-XXXXXX");
    assert_non_null(mkdtemp(house.folder));
    assert_int_equal(mkdir(place(&house, "read"), 0700), 0);
    assert_int_equal(mkdir(place(&house, "write"), 0700), 0);
    put(&house, "read/file");
    put(&house, "write/file");
    put(&house, "outside");
    *state = &house;
    return 0;
}

static int clear(void **state)
{
    static const char *const files[] = {"read/file", "write/file", "write/new", "outside",
                                        "write/in/file"};
    static const char *const folders[] = {"write/in", "read", "write", ""};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        (void)unlink(place(*state, files[i]));
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        (void)rmdir(place(*state, folders[i]));
    return 0;
}

static bool opens(const struct house *house, const char *name, int flags)
{
    int opened = open(place(house, name), flags | O_CLOEXEC, 0600);
    return opened >= 0 && close(opened) == 0;
}

static bool moves(const struct house *house, const char *from, const char *to)
{
    char before[PATH_SIZE];
    (void)snprintf(before, sizeof before, "%s", place(house, from));
    return rename(before, place(house, to)) == 0;
}

/* What does not hold in the child, as the number of its line; 0 when all holds. */
#define MUST(holds)                                                                                \
    do {                                                                                           \
        if (!(holds))                                                                              \
            return __LINE__;                                                                       \
    } while (false)

static int hold(struct house *house)
{
    struct confine confine;
    struct fault why;
    MUST(confine_open(&confine, &why));
    MUST(confine_allow(&confine, place(house, "read"), CONFINE_READ, &why));
    MUST(confine_allow(&confine, place(house, "write"), CONFINE_WRITE, &why));
    MUST(confine_allow(&confine, "/nonexistent", CONFINE_WRITE, &why));
    MUST(confine_allow(&confine, "/dev/null", CONFINE_WRITE, &why));
    MUST(confine_enforce(&confine, &why));
    confine_close(&confine);
    confine_close(&confine);
    return 0;
}

static int look(struct house *house)
{
    MUST(hold(house) == 0);
    MUST(opens(house, "read/file", O_RDONLY));
    MUST(!opens(house, "read/file", O_WRONLY));
    MUST(!opens(house, "read/new", O_WRONLY | O_CREAT));
    MUST(!opens(house, "outside", O_RDONLY) && errno == EACCES);
    MUST(opens(house, "../../dev/null", O_RDWR));
    MUST(opens(house, "write/file", O_RDWR | O_TRUNC));
    MUST(opens(house, "write/new", O_WRONLY | O_CREAT));
    MUST(mkdir(place(house, "write/in"), 0700) == 0);
    MUST(moves(house, "write/new", "write/in/file"));
    MUST(!moves(house, "write/in/file", "outside"));
    MUST(unlink(place(house, "write/in/file")) == 0 && rmdir(place(house, "write/in")) == 0);
    MUST(!opens(house, "write/../outside", O_RDONLY));
    return 0;
}

static int run_something(struct house *house)
{
    MUST(hold(house) == 0);
    (void)execl(place(house, "read/file"), "file", NULL);
    MUST(errno == EACCES);
    (void)execl("/bin/true", "true", NULL);
    MUST(errno == EACCES);
    return 0;
}

/* From the sixth version on. */
static int signal_somebody(struct house *house)
{
    struct confine confine;
    struct fault why;
    MUST(confine_open(&confine, &why));
    int level = confine.level;
    confine_close(&confine);
    MUST(hold(house) == 0);
    MUST(kill(getpid(), 0) == 0);
    MUST(level < 6 || (kill(getppid(), 0) != 0 && errno == EPERM));
    return 0;
}

static void in_a_child(void **state, int (*work)(struct house *house))
{
    struct confine confine;
    struct fault why;
    assert_true(confine_open(&confine, &why));
    confine_close(&confine);
    if (confine.level == 0)
        skip();
    int failed[2], line = -1, status = 0;
    assert_int_equal(pipe(failed), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        line = work(*state);
        _exit(write(failed[1], &line, sizeof line) == sizeof line ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(read(failed[0], &line, sizeof line), sizeof line);
    assert_int_equal(line, 0);
    assert_int_equal(close(failed[0]) | close(failed[1]), 0);
}

static void only_what_is_allowed_can_be_opened(void **state)
{
    in_a_child(state, look);
}

static void no_program_can_be_run(void **state)
{
    in_a_child(state, run_something);
}

static void nobody_outside_can_be_signalled(void **state)
{
    in_a_child(state, signal_somebody);
}

static void where_the_kernel_has_none_nothing_is_held(void **state)
{
    struct confine confine = {.ruleset = -1, .level = 0};
    struct fault why;
    assert_true(confine_allow(&confine, place(*state, "read"), CONFINE_READ, &why));
    assert_true(confine_enforce(&confine, &why));
    assert_true(opens(*state, "outside", O_RDONLY));
    confine_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_what_is_allowed_can_be_opened, build, clear),
        cmocka_unit_test_setup_teardown(no_program_can_be_run, build, clear),
        cmocka_unit_test_setup_teardown(nobody_outside_can_be_signalled, build, clear),
        cmocka_unit_test_setup_teardown(where_the_kernel_has_none_nothing_is_held, build, clear),
    };
    return cmocka_run_group_tests_name("confine", tests, NULL, NULL);
}
