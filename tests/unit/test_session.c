/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "operate/session.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { SESSION_MS = 10000, IDLE_MS = 1000, MOST = 20, MOST_OF_USER = 3 };

static struct sessions *open_it(void)
{
    struct fault why;
    const struct sessions_options options = {
        .most = MOST, .most_of_user = MOST_OF_USER, .session_ms = SESSION_MS, .idle_ms = IDLE_MS};
    struct sessions *sessions = sessions_new(&options, &why);
    assert_non_null(sessions);
    return sessions;
}

static struct session sign_in(struct sessions *sessions, const char *user, int64_t now,
                              char id[SESSION_ID_SIZE])
{
    struct session session;
    struct session_owner owner = {.is_foreign = false};
    (void)snprintf(owner.user, sizeof owner.user, "%s", user);
    session_open(sessions, &owner, now, id, &session);
    return session;
}

static bool is_there(struct sessions *sessions, const char *id, int64_t now)
{
    struct session found;
    return session_find(sessions, id, true, now, &found);
}

static void a_session_is_found_by_its_id_and_by_no_other(void **state)
{
    struct sessions *sessions = open_it();
    struct session found;
    char id[SESSION_ID_SIZE], other[SESSION_ID_SIZE];
    (void)state;
    struct session opened = sign_in(sessions, "an", 1, id);
    (void)sign_in(sessions, "binh", 1, other);
    assert_true(session_find(sessions, id, true, 2, &found));
    assert_string_equal(found.owner.user, "an");
    assert_string_equal(found.csrf, opened.csrf);
    assert_string_equal(found.name, opened.name);
    assert_false(is_there(sessions, "", 2));
    id[0] = id[0] == '0' ? '1' : '0';
    assert_false(is_there(sessions, id, 2));
    sessions_free(sessions);
}

static void ids_tokens_and_names_are_all_different_and_of_full_size(void **state)
{
    struct sessions *sessions = open_it();
    char id[2][SESSION_ID_SIZE];
    (void)state;
    struct session one = sign_in(sessions, "an", 1, id[0]);
    struct session other = sign_in(sessions, "an", 1, id[1]);
    assert_int_equal(strlen(id[0]), 64);
    assert_int_equal(strlen(one.csrf), 64);
    assert_string_not_equal(id[0], id[1]);
    assert_string_not_equal(one.csrf, other.csrf);
    assert_string_not_equal(one.csrf, id[0]);
    assert_string_not_equal(one.name, other.name);
    assert_null(strstr(id[0], one.name));
    sessions_free(sessions);
}

static void a_session_that_nobody_uses_ends(void **state)
{
    struct sessions *sessions = open_it();
    char id[SESSION_ID_SIZE];
    (void)state;
    (void)sign_in(sessions, "an", 0, id);
    assert_true(is_there(sessions, id, IDLE_MS - 1));
    assert_true(is_there(sessions, id, 2 * IDLE_MS - 2));
    assert_false(is_there(sessions, id, 3 * IDLE_MS - 2));
    assert_false(is_there(sessions, id, 3 * IDLE_MS - 3)); /* gone, not asleep */
    sessions_free(sessions);
}

static void a_page_that_asks_by_itself_does_not_keep_it(void **state)
{
    struct sessions *sessions = open_it();
    struct session found;
    char id[SESSION_ID_SIZE];
    (void)state;
    (void)sign_in(sessions, "an", 0, id);
    for (int64_t now = 0; now < IDLE_MS; now += 100)
        assert_true(session_find(sessions, id, false, now, &found));
    assert_false(session_find(sessions, id, false, IDLE_MS, &found));
    sessions_free(sessions);
}

static void a_session_ends_at_last_however_much_it_is_used(void **state)
{
    struct sessions *sessions = open_it();
    char id[SESSION_ID_SIZE];
    (void)state;
    (void)sign_in(sessions, "an", 0, id);
    for (int64_t now = 0; now < SESSION_MS; now += IDLE_MS / 2)
        assert_true(is_there(sessions, id, now));
    assert_false(is_there(sessions, id, SESSION_MS));
    sessions_free(sessions);
}

static void an_ended_session_is_gone_and_others_stay(void **state)
{
    struct sessions *sessions = open_it();
    char id[SESSION_ID_SIZE], other[SESSION_ID_SIZE];
    (void)state;
    (void)sign_in(sessions, "an", 0, id);
    (void)sign_in(sessions, "an", 0, other);
    session_end(sessions, id);
    session_end(sessions, "no such one");
    assert_false(is_there(sessions, id, 1));
    assert_true(is_there(sessions, other, 1));
    assert_int_equal(sessions_count(sessions, 1), 1);
    sessions_free(sessions);
}

static void a_user_has_a_few_and_the_unused_one_goes(void **state)
{
    struct sessions *sessions = open_it();
    char id[MOST_OF_USER + 1][SESSION_ID_SIZE];
    (void)state;
    for (int i = 0; i < MOST_OF_USER; i++)
        (void)sign_in(sessions, "an", i, id[i]);
    assert_true(is_there(sessions, id[0], 10));
    (void)sign_in(sessions, "an", 11, id[MOST_OF_USER]);
    assert_true(is_there(sessions, id[0], 12));
    assert_false(is_there(sessions, id[1], 12));
    assert_true(is_there(sessions, id[2], 12));
    assert_true(is_there(sessions, id[MOST_OF_USER], 12));
    sessions_free(sessions);
}

static void a_foreign_user_of_the_same_name_is_another(void **state)
{
    struct sessions *sessions = open_it();
    const struct session_owner foreign = {.user = "an", .is_foreign = true};
    struct session session;
    char own[SESSION_ID_SIZE], id[SESSION_ID_SIZE];
    (void)state;
    (void)sign_in(sessions, "an", 0, own);
    for (int i = 0; i <= MOST_OF_USER; i++)
        session_open(sessions, &foreign, i + 1, id, &session);
    assert_true(is_there(sessions, own, 10));
    assert_int_equal(sessions_count(sessions, 10), MOST_OF_USER + 1);
    sessions_free(sessions);
}

static void all_together_have_a_bound(void **state)
{
    struct sessions *sessions = open_it();
    char first[SESSION_ID_SIZE], id[SESSION_ID_SIZE], user[20];
    (void)state;
    (void)sign_in(sessions, "first", 0, first);
    for (int i = 0; i < MOST; i++) {
        (void)snprintf(user, sizeof user, "user-%d", i);
        (void)sign_in(sessions, user, 1, id);
    }
    assert_int_equal(sessions_count(sessions, 1), MOST);
    assert_false(is_there(sessions, first, 1));
    assert_true(is_there(sessions, id, 1));
    sessions_free(sessions);
}

static void a_script_is_found_again_by_its_password_alone(void **state)
{
    struct sessions *sessions = open_it(), *others = open_it();
    const struct session_owner owner = {.user = "an"};
    struct session session;
    char id[SESSION_ID_SIZE], again[SESSION_ID_SIZE], wrong[SESSION_ID_SIZE];
    (void)state;
    session_script_id(sessions, "an", "pw", id);
    session_script_id(sessions, "an", "pw", again);
    assert_string_equal(id, again);
    session_open_script(sessions, &owner, id, 0, &session);
    assert_true(session.is_script);
    assert_true(is_there(sessions, again, 1));
    session_script_id(sessions, "a", "npw", wrong);
    assert_false(is_there(sessions, wrong, 1));
    session_script_id(others, "an", "pw", wrong);
    assert_string_not_equal(id, wrong); /* each process has a key of its own */
    session_open_script(sessions, &owner, id, 2, &session);
    assert_int_equal(sessions_count(sessions, 2), 1);
    sessions_free(sessions);
    sessions_free(others);
}

static void *use_it(void *own)
{
    struct sessions *sessions = own;
    char id[SESSION_ID_SIZE];
    for (int i = 0; i < 500; i++) {
        (void)sign_in(sessions, "an", i, id);
        (void)is_there(sessions, id, i); /* another thread may have taken its place */
        session_end(sessions, id);
    }
    return NULL;
}

static void threads_share_them(void **state)
{
    struct sessions *sessions = open_it();
    pthread_t threads[4];
    (void)state;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_it, sessions), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(sessions_count(sessions, 500), 0);
    sessions_free(sessions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_found_by_its_id_and_by_no_other),
        cmocka_unit_test(ids_tokens_and_names_are_all_different_and_of_full_size),
        cmocka_unit_test(a_session_that_nobody_uses_ends),
        cmocka_unit_test(a_page_that_asks_by_itself_does_not_keep_it),
        cmocka_unit_test(a_session_ends_at_last_however_much_it_is_used),
        cmocka_unit_test(an_ended_session_is_gone_and_others_stay),
        cmocka_unit_test(a_user_has_a_few_and_the_unused_one_goes),
        cmocka_unit_test(a_foreign_user_of_the_same_name_is_another),
        cmocka_unit_test(all_together_have_a_bound),
        cmocka_unit_test(a_script_is_found_again_by_its_password_alone),
        cmocka_unit_test(threads_share_them),
    };
    return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
