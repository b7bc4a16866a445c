/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "adapt/node.h"
#include "adapt/path.h"

static uint32_t add(struct tree *tree, uint32_t parent, const char *name, enum node_kind kind)
{
    struct node node = {.name = name,
                        .name_size = (uint32_t)strlen(name),
                        .name_hash = name_hash(name, strlen(name), kind == NODE_ATTRIBUTE),
                        .kind = (uint8_t)kind};
    uint32_t index = tree_add(tree, parent, &node);
    assert_true(index != NODE_NONE);
    return index;
}

/* <root a=""><x/><y><x/></y><x/></root> */
static void build(struct tree *tree)
{
    struct fault why = {0};
    uint32_t root = add(tree, NODE_NONE, "root", NODE_BRANCH);
    (void)add(tree, root, "a", NODE_ATTRIBUTE);
    (void)add(tree, root, "x", NODE_BRANCH);
    uint32_t inner = add(tree, root, "y", NODE_BRANCH);
    (void)add(tree, inner, "x", NODE_BRANCH);
    tree_close(tree, inner);
    (void)add(tree, root, "x", NODE_BRANCH);
    tree_close(tree, root);
    assert_true(tree_number(tree, &why));
}

static void siblings_of_one_name_are_counted(void **state)
{
    (void)state;
    struct tree tree = {0};
    build(&tree);
    assert_int_equal(tree.nodes[2].ordinal, 0);
    assert_true(tree.nodes[2].is_repeated);
    assert_int_equal(tree.nodes[4].ordinal, 0);
    assert_false(tree.nodes[4].is_repeated);
    assert_int_equal(tree.nodes[5].ordinal, 1);
    assert_int_equal(tree.nodes[3].end, 5);
    tree_free(&tree);
}

static void a_path_names_the_way_from_the_root_or_a_base(void **state)
{
    (void)state;
    struct tree tree = {0};
    struct arena arena = {0};
    build(&tree);
    assert_string_equal(tree_path(&tree, 0, 0, true, &arena), "/");
    assert_string_equal(tree_path(&tree, 1, 0, true, &arena), "/@a");
    assert_string_equal(tree_path(&tree, 5, 0, true, &arena), "/x[1]");
    assert_string_equal(tree_path(&tree, 4, 3, false, &arena), "x");
    assert_string_equal(tree_path(&tree, 3, 3, false, &arena), ".");
    arena_free(&arena);
    tree_free(&tree);
}

static void a_passed_sibling_is_not_counted_in_a_key(void **state)
{
    (void)state;
    struct tree tree = {0};
    struct arena arena = {0};
    build(&tree);
    tree.nodes[2].is_passed = tree.has_passed = true;
    assert_string_equal(tree_key(&tree, 5, 0, true, &arena), "/x[0]");
    assert_string_equal(tree_path(&tree, 5, 0, true, &arena), "/x[1]");
    arena_free(&arena);
    tree_free(&tree);
}

static void names_that_look_like_paths_come_back(void **state)
{
    (void)state;
    static const char *const names[] = {"a/b", "a[0]", "{a/b}c", "~1", "@a~", "a"};
    for (size_t at = 0; at < sizeof names / sizeof names[0]; at++) {
        struct tree tree = {.source = ""};
        struct arena arena = {0};
        struct path path;
        struct fault why = {0};
        uint32_t root = add(&tree, NODE_NONE, "", NODE_BRANCH);
        uint32_t index = add(&tree, root, names[at], NODE_TEXT);
        assert_true(path_parse(tree_path(&tree, index, 0, true, &arena), &path, &why));
        assert_int_equal(path.count, 1);
        assert_string_equal(path.steps[0].name, names[at]);
        assert_int_equal(path.steps[0].kind, STEP_ELEMENT);
        path_free(&path);
        arena_free(&arena);
        tree_free(&tree);
    }
}

static void a_place_in_json_is_a_line_and_a_column(void **state)
{
    (void)state;
    struct tree tree = {.source = "{\n  \"a\": 1\n}"};
    int line, column;
    uint32_t index = add(&tree, NODE_NONE, "", NODE_BRANCH);
    tree.nodes[index].place = 9;
    tree_place(&tree, index, &line, &column);
    assert_int_equal(line, 2);
    assert_int_equal(column, 8);
    tree_free(&tree);
}

static const struct {
    const char *text;
    size_t steps; /* 0 with `is_bad`: refused */
    bool from_root;
    bool is_bad;
} paths[] = {
    {".", 0, false, false},        {"/", 0, true, false},       {"a", 1, false, false},
    {"/a/b[]/@c", 3, true, false}, {"/[]/a", 2, true, false},   {"a/{urn:x/y}b/c", 3, false, false},
    {"a/*", 2, false, false},      {"a[+]/b", 2, false, false}, {"a[0]/b", 2, false, false},
    {"", 0, false, true},          {"a//b", 0, false, true},    {"@a/b", 0, false, true},
    {"*/a", 0, false, true},       {"a[x]", 0, false, true},    {"a[]b", 0, false, true},
    {"@", 0, false, true},         {"@a[]", 0, false, true},    {"a[99999999]", 0, false, true},
    {"a/b/", 0, false, true},
};

static void paths_are_read_as_documented(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof paths / sizeof paths[0]; at++) {
        struct path path = {0};
        struct fault why = {0};
        bool is_read = path_parse(paths[at].text, &path, &why);
        if (is_read == paths[at].is_bad)
            fail_msg("%s", paths[at].text);
        if (!is_read)
            continue;
        assert_int_equal(path.count, paths[at].steps);
        assert_int_equal(path.from_root, paths[at].from_root);
        path_free(&path);
    }
}

static void an_arena_gives_aligned_memory_of_any_size(void **state)
{
    (void)state;
    struct arena arena = {0};
    char *small = arena_take(&arena, 3);
    char *large = arena_take(&arena, 1 << 20);
    char *next = arena_text(&arena, "abc", 2);
    assert_non_null(small);
    assert_non_null(large);
    memset(large, 1, 1 << 20);
    assert_string_equal(next, "ab");
    assert_int_equal((uintptr_t)next % sizeof(void *), 0);
    assert_null(arena_take(&arena, SIZE_MAX));
    arena_reset(&arena);
    assert_non_null(arena_take(&arena, 1));
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siblings_of_one_name_are_counted),
        cmocka_unit_test(a_path_names_the_way_from_the_root_or_a_base),
        cmocka_unit_test(a_passed_sibling_is_not_counted_in_a_key),
        cmocka_unit_test(names_that_look_like_paths_come_back),
        cmocka_unit_test(a_place_in_json_is_a_line_and_a_column),
        cmocka_unit_test(paths_are_read_as_documented),
        cmocka_unit_test(an_arena_gives_aligned_memory_of_any_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
