/* SPDX-License-Identifier: Apache-2.0 */
/* Removing what nothing uses, while others bring files and begin to use them. */
#include "master_keys.h"
#include "spool_world.h"
#include "store_world.h"

#include "operate/file_keeper.h"
#include "spool/filing.h"

#include <pthread.h>
#include <stdatomic.h>

struct place {
    struct world spool;
    struct store_world store;
    struct file_keeper *keeper;
    atomic_bool is_stopping;
    pthread_t pruner;
    /* Of the pruner, once it has ended. */
    int64_t removed;
    bool has_failed;
    struct fault why;
};

/* Days below 0: everything is old. */
static void open_place(struct place *place, int64_t upload_days)
{
    struct fault why;
    memset(place, 0, sizeof *place);
    world_make(&place->spool);
    store_begin(&place->store);
    const struct file_keeper_options options = {.files = place->store.store,
                                                .spool = place->spool.spool,
                                                .spool_file = place->spool.file,
                                                .upload_days = upload_days};
    place->keeper = file_keeper_new(&options, &why);
    must(place->keeper, &why);
}

static void close_place(struct place *place)
{
    file_keeper_free(place->keeper);
    store_end(&place->store);
    world_end(&place->spool);
}

/* As an upload does. */
static void bring(struct place *place, int number, uint8_t sha256[SHA256_SIZE])
{
    struct fault why;
    bool was_there;
    int64_t size;
    struct file_writer *writer = file_writer_open(place->store.store, &why);
    must(writer && file_writer_add(writer, &number, sizeof number, &why) &&
             file_writer_end(writer, sha256, &size, &why),
         &why);
    must(spool_note_upload(place->spool.spool, "motcua", sha256, size, 1747035900000, &why), &why);
    must(file_writer_keep(writer, NULL, &was_there, &why), &why);
    file_writer_close(writer);
}

static bool is_there(struct place *place, const uint8_t *sha256)
{
    struct fault why;
    int64_t size;
    bool has = false;
    must(file_store_has(place->store.store, sha256, &size, &has, &why), &why);
    return has;
}

static void use(struct place *place, int number, const uint8_t *sha256)
{
    struct parcel parcel;
    uint8_t files[1][SHA256_SIZE];
    memcpy(files[0], sha256, SHA256_SIZE);
    parcel_begin(&parcel, "motcua", 1747035900000 + number);
    struct spool_item *item = parcel_item(&parcel, number, number + 1, 1);
    item->files = (const uint8_t(*)[SHA256_SIZE])files;
    item->file_count = 1;
    (void)world_add(&place->spool, &parcel);
}

static void only_old_files_that_nothing_uses_go(void **state)
{
    struct place place;
    struct fault why;
    uint8_t used[SHA256_SIZE], unused[SHA256_SIZE];
    int64_t count = 0;
    (void)state;
    open_place(&place, 36500);
    bring(&place, 1, used);
    bring(&place, 2, unused);
    use(&place, 1, used);
    must(file_keeper_prune(place.keeper, &count, &why), &why);
    assert_int_equal(count, 0);
    file_keeper_free(place.keeper);
    const struct file_keeper_options options = {.files = place.store.store,
                                                .spool = place.spool.spool,
                                                .spool_file = place.spool.file,
                                                .upload_days = -1};
    place.keeper = file_keeper_new(&options, &why);
    must(place.keeper && file_keeper_prune(place.keeper, &count, &why), &why);
    assert_int_equal(count, 1);
    assert_true(is_there(&place, used));
    assert_false(is_there(&place, unused));
    close_place(&place);
}

static void pruning_ends_with_the_daemon(void **state)
{
    struct place place;
    struct fault why;
    uint8_t unused[SHA256_SIZE];
    int64_t count = 0;
    (void)state;
    open_place(&place, -1);
    bring(&place, 1, unused);
    file_keeper_interrupt(place.keeper);
    assert_false(file_keeper_prune(place.keeper, &count, &why));
    assert_int_equal(why.kind, FAULT_RETRY);
    assert_true(is_there(&place, unused));
    close_place(&place);
}

static void *prune_on(void *own)
{
    struct place *place = own;
    while (!atomic_load(&place->is_stopping)) {
        int64_t count = 0;
        if (!file_keeper_prune(place->keeper, &count, &place->why)) {
            place->has_failed = true; /* cmocka's asserts are for the thread that runs the test */
            break;
        }
        place->removed += count;
    }
    return NULL;
}

static void a_file_that_somebody_begins_to_use_stays(void **state)
{
    enum { FILES = 300 };
    struct place place;
    uint8_t sha256[SHA256_SIZE];
    int used = 0;
    (void)state;
    open_place(&place, -1);
    assert_int_equal(pthread_create(&place.pruner, NULL, prune_on, &place), 0);
    for (int number = 0; number < FILES; number++) {
        bring(&place, number, sha256);
        if (!file_store_hold(place.store.store, sha256))
            continue;
        if (is_there(&place, sha256)) {
            use(&place, number, sha256);
            used++;
            file_store_let_go(place.store.store, sha256);
            assert_true(is_there(&place, sha256));
        } else {
            file_store_let_go(place.store.store, sha256);
        }
    }
    atomic_store(&place.is_stopping, true);
    pthread_join(place.pruner, NULL);
    must(!place.has_failed, &place.why);
    assert_true(used > 0);
    print_message("%d used, %d removed\n", used, (int)place.removed);
    close_place(&place);
}

static void a_file_that_is_still_there_is_remembered(void **state)
{
    struct place place;
    struct fault why;
    uint8_t sha256[SHA256_SIZE];
    char path[STORE_PATH_SIZE];
    int64_t count = 0;
    bool is_uploaded = false;
    (void)state;
    open_place(&place, -1);
    bring(&place, 1, sha256);
    store_path(&place.store, sha256, path);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, S_IRWXU), 0); /* which cannot be removed as a file is */
    assert_false(file_keeper_prune(place.keeper, &count, &why));
    must(spool_uploaded(place.spool.reader, sha256, "motcua", &is_uploaded, &why), &why);
    assert_true(is_uploaded);
    assert_int_equal(rmdir(path), 0);
    must(file_keeper_prune(place.keeper, &count, &why),
         &why); /* nor does it matter who removed it */
    must(spool_uploaded(place.spool.reader, sha256, "motcua", &is_uploaded, &why), &why);
    assert_false(is_uploaded);
    close_place(&place);
}

/* More than are asked for at once; one is not what it says, and holds up no other. */
static void rekeying_seals_every_file_that_lies_plain(void **state)
{
    enum { FILES = 450 };
    struct place place;
    struct fault why;
    struct files_rekeyed done;
    uint8_t sha256[SHA256_SIZE];
    char path[STORE_PATH_SIZE];
    (void)state;
    open_place(&place, 36500);
    for (int i = 0; i < FILES; i++)
        bring(&place, i, sha256);
    assert_false(file_keeper_rekey(place.keeper, &done, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    store_path(&place.store, sha256, path);
    assert_int_equal(truncate(path, 1), 0);

    struct keyring *masters = keyring_of("a " MASTER_A "\n");
    file_keeper_free(place.keeper);
    file_store_close(place.store.store);
    place.store.options.masters = masters;
    store_open(&place.store);
    const struct file_keeper_options options = {
        .files = place.store.store, .spool = place.spool.spool, .spool_file = place.spool.file};
    place.keeper = file_keeper_new(&options, &why);
    must(place.keeper && file_keeper_rekey(place.keeper, &done, &why), &why);
    assert_int_equal(done.sealed, FILES - 1);
    assert_int_equal(done.damaged, 1);
    must(file_keeper_rekey(place.keeper, &done, &why), &why);
    assert_int_equal(done.sealed, 0);
    close_place(&place);
    keyring_free(masters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_old_files_that_nothing_uses_go),
        cmocka_unit_test(pruning_ends_with_the_daemon),
        cmocka_unit_test(a_file_that_somebody_begins_to_use_stays),
        cmocka_unit_test(a_file_that_is_still_there_is_remembered),
        cmocka_unit_test(rekeying_seals_every_file_that_lies_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
