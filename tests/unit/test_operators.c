/* SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "operate/operators.h"
#include "operate/password.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define HASH                                                                                       \
    "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$5zVzOfWxZ1/"                                \
    "zKmMzBK0gOOuMJ8tVJ0u1Y0cmYDb6Rg0"

static struct operators *load(const char *text)
{
    char path[SCRATCH_PATH_SIZE];
    struct fault why;
    scratch_text(path, text);
    struct operators *operators = operators_load(path, &why);
    if (!operators)
        fail_msg("%s", why.text);
    (void)unlink(path);
    return operators;
}

static const struct {
    const char *text;
    const char *fault; /* after the path */
} refused[] = {
    {"users: [", ":2:1: did not find expected node content"},
    {"operators: []\n", ":1:1: unknown key operators"},
    {"users:\n- {name: an}\n", ":2:3: the key roles is missing"},
    {"users:\n- {name: an, roles: [viewer], pasword: x}\n", ":2:31: unknown key pasword"},
    {"users:\n- {name: An, roles: [viewer]}\n",
     ":2:10: users[0].name: expected a-z, 0-9, dots, hyphens and underscores"},
    {"users:\n- {name: an, roles: [viewer]}\n- {name: an, roles: [viewer]}\n",
     ":3:10: users[1].name: a user of this name is above"},
    {"users:\n- {name: an, roles: [viewer, boss]}\n",
     ":2:30: users[0].roles[1]: there is no such role"},
    {"users:\n- name: an\n  roles: [viewer]\n  password: secret\n",
     ":4:13: users[0].password: expected a hash as `lienthong operator password` prints it"},
    {"users:\n- name: an\n  roles: [viewer]\n  disabled: yes\n", ":4:13: expected true or false"},
    {"roles:\n- {name: boss, rights: [view, everything]}\n",
     ":2:31: expected one of: view, content, repair, approve, administer"},
    {"roles:\n- {name: boss, rights: []}\n", ":2:24: needs at least 1 entries"},
    {"roles:\n- {name: a, rights: [view]}\n- {name: a, rights: [view]}\n",
     ":3:10: roles[1].name: a role of this name is above"},
};

static void what_is_wrong_is_said_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        char path[SCRATCH_PATH_SIZE];
        struct fault why;
        scratch_text(path, refused[i].text);
        struct operators *operators = operators_load(path, &why);
        if (operators)
            fail_msg("%s is taken", refused[i].text);
        assert_int_equal(why.kind, FAULT_REFUSE);
        const char *said = scratch_after_path(path, why.text);
        if (strncmp(said, refused[i].fault, strlen(refused[i].fault)) != 0)
            fail_msg("%s: said \"%s\", not \"%s\"", refused[i].text, said, refused[i].fault);
        (void)unlink(path);
    }
}

static void the_usual_roles_are_there_without_a_file(void **state)
{
    struct fault why;
    struct operators *operators = operators_load(NULL, &why);
    right_set view = right_bit(RIGHT_VIEW), content = right_bit(RIGHT_CONTENT);
    (void)state;
    assert_non_null(operators);
    assert_int_equal(operators_count(operators), 0);
    assert_null(operators_find(operators, "an"));
    assert_int_equal(operators_role(operators, "viewer"), view);
    assert_int_equal(operators_role(operators, "operator"),
                     view | content | right_bit(RIGHT_REPAIR));
    assert_int_equal(operators_role(operators, "approver"),
                     view | content | right_bit(RIGHT_APPROVE));
    assert_int_equal(operators_role(operators, "administrator"), right_all());
    assert_int_equal(operators_role(operators, "boss"), 0);
    operators_release(operators);
}

static void a_user_has_the_rights_of_all_roles(void **state)
{
    struct operators *operators =
        load("roles:\n"
             "- {name: boss, rights: [administer]}\n"
             "- {name: viewer, rights: [view, content]}\n" /* in place of the usual one */
             "users:\n"
             "- {name: an, title: Nguyễn An, roles: [viewer, boss], password: '" HASH "'}\n"
             "- {name: binh, roles: [approver], disabled: true}\n");
    (void)state;
    const struct operator_user *an = operators_find(operators, "an");
    const struct operator_user *binh = operators_find(operators, "binh");
    assert_non_null(an);
    assert_non_null(binh);
    assert_int_equal(an->rights, right_bit(RIGHT_VIEW) | right_bit(RIGHT_CONTENT) |
                                     right_bit(RIGHT_ADMINISTER));
    assert_string_equal(an->title, "Nguyễn An");
    assert_string_equal(an->password, HASH);
    assert_false(an->disabled);
    assert_string_equal(binh->title, "binh");
    assert_null(binh->password);
    assert_true(binh->disabled);
    assert_ptr_equal(operators_at(operators, 1), binh);
    operators_release(operators);
}

static void a_newer_loading_takes_over_and_a_bad_one_does_not(void **state)
{
    char path[SCRATCH_PATH_SIZE];
    struct fault why;
    (void)state;
    scratch_text(path, "users: [{name: an, roles: [viewer]}]\n");
    struct operators_place *place = operators_place_open(path, &why);
    assert_non_null(place);
    struct operators *before = operators_current(place);

    scratch_write(path, "users: [{name: an, roles: [administrator]}]\n");
    assert_true(operators_reload(place, &why));
    struct operators *after = operators_current(place);
    assert_int_equal(operators_find(before, "an")->rights, right_bit(RIGHT_VIEW));
    assert_int_equal(operators_find(after, "an")->rights, right_all());

    scratch_write(path, "users: [{name: an, roles: [nobody]}]\n");
    assert_false(operators_reload(place, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    struct operators *kept = operators_current(place);
    assert_ptr_equal(kept, after);
    operators_release(before);
    operators_release(after);
    operators_release(kept);
    operators_place_close(place);
    (void)unlink(path);
}

static void the_sample_loads_and_lets_nobody_in(void **state)
{
    struct fault why;
    struct operators *operators = operators_load("deploy/operators.yaml", &why);
    (void)state;
    if (!operators)
        fail_msg("%s", why.text);
    assert_true(operators_count(operators) > 0);
    for (size_t i = 0; i < operators_count(operators); i++)
        assert_null(operators_at(operators, i)->password);
    operators_release(operators);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_wrong_is_said_with_its_place),
        cmocka_unit_test(the_usual_roles_are_there_without_a_file),
        cmocka_unit_test(a_user_has_the_rights_of_all_roles),
        cmocka_unit_test(a_newer_loading_takes_over_and_a_bad_one_does_not),
        cmocka_unit_test(the_sample_loads_and_lets_nobody_in),
    };
    return cmocka_run_group_tests_name("operators", tests, NULL, NULL);
}
