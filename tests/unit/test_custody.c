/* SPDX-License-Identifier: Apache-2.0 */
/* Which files an event brings along: those that its entry was taken in with. */
#include "spool_world.h"

#include "api/custody.h"

static void name_of(char file, uint8_t sha256[SHA256_SIZE])
{
    digest_sha256(&file, 1, sha256);
}

static bool brings(struct world *world, uint8_t event, char file)
{
    struct fault why;
    uint8_t event_id[UUID_SIZE] = {event}, sha256[SHA256_SIZE];
    bool does = false;
    name_of(file, sha256);
    world_must(custody_event_brings(world->reader, event_id, sha256, &does, &why), &why);
    return does;
}

/* An entry of that event id which uses the file. */
static void add(struct world *world, uint8_t event, char file)
{
    struct parcel parcel;
    uint8_t files[1][SHA256_SIZE];
    parcel_begin(&parcel, "motcua", 1747035900000 + event);
    struct spool_item *item = parcel_item(&parcel, event, event, 1);
    item->event_id[0] = event;
    name_of(file, files[0]);
    item->files = (const uint8_t(*)[SHA256_SIZE])files;
    item->file_count = 1;
    (void)world_add(world, &parcel);
}

static void an_event_brings_what_its_own_entry_uses(void **state)
{
    struct world world;
    (void)state;
    world_make(&world);
    add(&world, 1, 'a');
    add(&world, 2, 'b');
    add(&world, 3, 'a');
    assert_true(brings(&world, 1, 'a'));
    assert_true(brings(&world, 3, 'a'));
    assert_true(brings(&world, 2, 'b'));
    assert_false(brings(&world, 2, 'a'));
    assert_false(brings(&world, 1, 'b'));
    assert_false(brings(&world, 9, 'a'));
    assert_false(brings(&world, 1, 'c'));
    world_end(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_brings_what_its_own_entry_uses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
