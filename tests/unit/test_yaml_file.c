/* SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "base/yaml_file.h"

static const char sample[] = "kafka:\n"
                             "  brokers: a:1\n"
                             "  properties:\n"
                             "    - linger.ms=5\n"
                             "    - {name: x}\n"
                             "empty: {}\n";

static struct yaml_file *open_sample(void)
{
    char path[SCRATCH_PATH_SIZE];
    struct fault why;
    scratch_text(path, sample);
    struct yaml_file *file = yaml_file_open(path, &why);
    if (!file)
        fail_msg("%s", why.text);
    (void)unlink(path);
    return file;
}

static const struct {
    const char *place;
    const char *text; /* NULL: nothing there, or no scalar */
    const char *fault;
} places[] = {
    {"kafka.brokers", "a:1", ":2:12: x"},
    {"kafka.properties[0]", "linger.ms=5", ":4:7: x"},
    {"kafka.properties[1].name", "x", ":5:14: x"},
    {"kafka.properties[2]", NULL, ":4:5: x"},
    {"kafka.properties.x", NULL, ":4:5: x"},
    {"kafka.brokers.x", NULL, ":2:12: x"},
    {"kafka.broker", NULL, ":2:3: x"},
    {"", NULL, ":1:1: x"},
    {"nowhere.at[7]", NULL, ":1:1: x"},
};

static void a_place_finds_its_value(void **state)
{
    (void)state;
    struct yaml_file *file = open_sample();
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct fault why;
        const yaml_node_t *node = yaml_file_find(file, places[i].place);
        if (places[i].text)
            assert_string_equal(node->data.scalar.value, places[i].text);
        else
            assert_true(!node || node->type == YAML_MAPPING_NODE);
        assert_false(yaml_file_refuse(file, places[i].place, &why, "%s", "x"));
        assert_int_equal(why.kind, FAULT_REFUSE);
        assert_string_equal(scratch_after_path(yaml_file_path(file), why.text), places[i].fault);
    }
    yaml_file_close(file);
}

static bool note(void *own, const struct yaml_entry *entry, struct fault *why)
{
    (void)why;
    char *notes = own;
    size_t used = strlen(notes);
    bool is_scalar = entry->value->type == YAML_SCALAR_NODE;
    (void)snprintf(notes + used, 400 - used, "%s=%s\n", entry->place,
                   is_scalar ? (const char *)entry->value->data.scalar.value : "");
    assert_int_equal(entry->key == NULL, entry->place[strlen(entry->place) - 1] == ']');
    return true;
}

static void a_walk_shows_every_value_in_order(void **state)
{
    (void)state;
    char notes[400] = "";
    struct fault why;
    struct yaml_file *file = open_sample();
    assert_true(yaml_file_walk(file, note, notes, &why));
    assert_string_equal(notes, "kafka=\nkafka.brokers=a:1\nkafka.properties=\n"
                               "kafka.properties[0]=linger.ms=5\nkafka.properties[1]=\n"
                               "kafka.properties[1].name=x\nempty=\n");
    yaml_file_close(file);
}

static bool stop_at_brokers(void *own, const struct yaml_entry *entry, struct fault *why)
{
    ++*(int *)own;
    return strcmp(entry->place, "kafka.brokers") != 0 || fault_set(why, FAULT_REFUSE, "enough");
}

static void a_walk_ends_at_the_first_fault(void **state)
{
    (void)state;
    int visits = 0;
    struct fault why;
    struct yaml_file *file = open_sample();
    assert_false(yaml_file_walk(file, stop_at_brokers, &visits, &why));
    assert_int_equal(visits, 2);
    assert_string_equal(why.text, "enough");
    yaml_file_close(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_finds_its_value),
        cmocka_unit_test(a_walk_shows_every_value_in_order),
        cmocka_unit_test(a_walk_ends_at_the_first_fault),
    };
    return cmocka_run_group_tests_name("yaml_file", tests, NULL, NULL);
}
