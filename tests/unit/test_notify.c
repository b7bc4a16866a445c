/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/notify.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A service manager's socket at `path`, or at an abstract name that begins with '@'. */
static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen(path);
    memcpy(address.sun_path, path, size);
    if (*path == '@')
        address.sun_path[0] = '\0';
    int made = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t whole = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
    assert_true(made >= 0);
    assert_int_equal(bind(made, (const struct sockaddr *)&address, whole), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
    return made;
}

static void assert_told(const char *path)
{
    char text[32] = "";
    int manager = listen_at(path);
    notify("READY=1");
    assert_int_equal(recv(manager, text, sizeof text - 1, MSG_DONTWAIT), strlen("READY=1"));
    assert_string_equal(text, "READY=1");
    assert_int_equal(close(manager), 0);
}

static void the_service_manager_is_told(void **state)
{
    (void)state;
    char path[64];
    (void)snprintf(path, sizeof path, "/tmp/lienthong-notify-%d", (int)getpid());
    assert_told(path);
    notify("READY=1"); /* nobody listens there any more */
    assert_int_equal(unlink(path), 0);
    (void)snprintf(path, sizeof path, "@lienthong-notify-%d", (int)getpid());
    assert_told(path);
}

static void without_one_nothing_happens(void **state)
{
    (void)state;
    char endless[300];
    memset(endless, '/', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    static const char *const names[] = {"", "/", "relative", "/nonexistent/notify"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_int_equal(setenv("NOTIFY_SOCKET", names[i], 1), 0);
        notify("READY=1");
    }
    assert_int_equal(setenv("NOTIFY_SOCKET", endless, 1), 0);
    notify("READY=1");
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    notify("READY=1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_service_manager_is_told),
        cmocka_unit_test(without_one_nothing_happens),
    };
    return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
