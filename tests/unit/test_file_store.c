/* SPDX-License-Identifier: Apache-2.0 */
/* The store of files on disk: what it keeps, what it refuses, and what is left after a kill. */
#include "store_world.h"

#include "base/cleanup.h"
#include "files/proof.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const char text[] = "a scanned form";
enum { TEXT_SIZE = sizeof text - 1 };

static bool is_there(struct store_world *world, const uint8_t *sha256)
{
    struct fault why;
    int64_t size = 0;
    bool has = false;
    must(file_store_has(world->store, sha256, &size, &has, &why), &why);
    return has;
}

static size_t read_all(struct store_world *world, const uint8_t *sha256, char *bytes, size_t room,
                       struct fault *why)
{
    int64_t size = 0;
    size_t total = 0, got = 0;
    struct file_reader *reader = file_reader_open(world->store, sha256, &size, why);
    bool is_good = reader != NULL;
    do {
        is_good = is_good && file_reader_read(reader, bytes + total, room - total, &got, why);
        total += is_good ? got : 0;
    } while (is_good && got > 0);
    file_reader_close(reader);
    return is_good ? total : SIZE_MAX;
}

static void what_is_kept_is_read_again(void **state)
{
    struct store_world world;
    uint8_t sha256[SHA256_SIZE], right[SHA256_SIZE];
    char bytes[64];
    struct fault why = {.kind = FAULT_NONE};
    (void)state;
    store_begin(&world);
    store_put(&world, text, TEXT_SIZE, sha256);
    digest_sha256(text, TEXT_SIZE, right);
    assert_memory_equal(sha256, right, SHA256_SIZE);
    assert_int_equal(read_all(&world, sha256, bytes, sizeof bytes, &why), TEXT_SIZE);
    assert_int_equal(why.kind, FAULT_NONE); /* who sends a file takes a fault for why it failed */
    assert_memory_equal(bytes, text, TEXT_SIZE);
    assert_false(store_has_incoming(&world));
    store_end(&world);
}

static void an_empty_file_is_a_file(void **state)
{
    struct store_world world;
    uint8_t sha256[SHA256_SIZE];
    char bytes[8];
    struct fault why;
    (void)state;
    store_begin(&world);
    store_put(&world, "", 0, sha256);
    assert_true(is_there(&world, sha256));
    assert_int_equal(read_all(&world, sha256, bytes, sizeof bytes, &why), 0);
    store_end(&world);
}

static void a_file_of_another_hash_is_refused_and_forgotten(void **state)
{
    struct store_world world;
    uint8_t other[SHA256_SIZE], sha256[SHA256_SIZE];
    struct fault why;
    bool was_there;
    int64_t size;
    (void)state;
    store_begin(&world);
    digest_sha256("other", 5, other);
    struct file_writer *writer = file_writer_open(world.store, &why);
    must(writer && file_writer_add(writer, text, TEXT_SIZE, &why), &why);
    assert_false(file_writer_keep(writer, other, &was_there, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    must(file_writer_end(writer, sha256, &size, &why), &why);
    file_writer_close(writer);
    assert_false(is_there(&world, other));
    assert_false(is_there(&world, sha256));
    assert_false(store_has_incoming(&world));
    store_end(&world);
}

static void a_file_over_the_limit_is_refused(void **state)
{
    struct store_world world;
    struct fault why;
    (void)state;
    store_begin(&world);
    file_store_close(world.store);
    world.options.file_limit_bytes = TEXT_SIZE;
    store_open(&world);
    struct file_writer *writer = file_writer_open(world.store, &why);
    must(writer && file_writer_add(writer, text, TEXT_SIZE, &why), &why);
    assert_false(file_writer_add(writer, "!", 1, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    file_writer_close(writer);
    store_end(&world);
}

static void nothing_is_written_below_the_reserve(void **state)
{
    struct store_world world;
    struct fault why;
    (void)state;
    store_begin(&world);
    file_store_close(world.store);
    world.options.reserve_bytes = INT64_MAX;
    store_open(&world);
    bool is_low = false;
    assert_true(file_store_free(world.store, &is_low) > 0);
    assert_true(is_low);
    assert_null(file_writer_open(world.store, &why));
    assert_int_equal(why.kind, FAULT_RETRY);
    store_end(&world);
}

static void a_full_disk_asks_to_come_again(void **state)
{
    struct store_world world;
    struct fault why;
    char piece[4096] = "";
    struct rlimit before;
    (void)state;
    store_begin(&world);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit small = {.rlim_cur = 16384, .rlim_max = before.rlim_max};
    struct file_writer *writer = file_writer_open(world.store, &why);
    must(writer, &why);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    bool is_good = true;
    for (int i = 0; i < 8 && is_good; i++)
        is_good = file_writer_add(writer, piece, sizeof piece, &why);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(is_good);
    assert_int_equal(why.kind, FAULT_RETRY);
    file_writer_close(writer);
    assert_false(store_has_incoming(&world));
    store_end(&world);
}

static void a_damaged_file_fails_at_its_end(void **state)
{
    struct store_world world;
    uint8_t sha256[SHA256_SIZE];
    char path[STORE_PATH_SIZE], bytes[64];
    struct fault why;
    int64_t size;
    (void)state;
    store_begin(&world);
    store_put(&world, text, TEXT_SIZE, sha256);
    store_path(&world, sha256, path);
    int descriptor = open(path, O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(descriptor, "A", 1, 0), 1);
    (void)close(descriptor);
    assert_true(read_all(&world, sha256, bytes, sizeof bytes, &why) == SIZE_MAX);
    assert_int_equal(why.kind, FAULT_BROKEN);
    assert_null(file_store_lend(world.store, sha256, &size, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);

    store_put(&world, text, TEXT_SIZE, sha256); /* who sends it again mends it */
    assert_int_equal(read_all(&world, sha256, bytes, sizeof bytes, &why), TEXT_SIZE);
    store_end(&world);
}

static void a_shortened_file_fails_too(void **state)
{
    struct store_world world;
    uint8_t sha256[SHA256_SIZE];
    char path[STORE_PATH_SIZE], bytes[64];
    struct fault why;
    (void)state;
    store_begin(&world);
    store_put(&world, text, TEXT_SIZE, sha256);
    store_path(&world, sha256, path);
    assert_int_equal(truncate(path, 3), 0);
    assert_true(read_all(&world, sha256, bytes, sizeof bytes, &why) == SIZE_MAX);
    assert_int_equal(why.kind, FAULT_BROKEN);
    store_end(&world);
}

static void a_reader_starts_again(void **state)
{
    struct store_world world;
    uint8_t sha256[SHA256_SIZE];
    char bytes[64];
    struct fault why;
    int64_t size;
    size_t got;
    (void)state;
    store_begin(&world);
    store_put(&world, text, TEXT_SIZE, sha256);
    struct file_reader *reader = file_reader_open(world.store, sha256, &size, &why);
    must(reader, &why);
    must(file_reader_read(reader, bytes, 5, &got, &why), &why);
    must(file_reader_rewind(reader, &why), &why);
    must(file_reader_read(reader, bytes, sizeof bytes, &got, &why), &why);
    assert_int_equal(got, TEXT_SIZE);
    must(file_reader_read(reader, bytes, sizeof bytes, &got, &why), &why);
    assert_int_equal(got, 0);
    file_reader_close(reader);
    store_end(&world);
}

static void an_unknown_file_is_refused(void **state)
{
    struct store_world world;
    uint8_t sha256[SHA256_SIZE] = {1};
    struct fault why;
    int64_t size;
    (void)state;
    store_begin(&world);
    assert_null(file_reader_open(world.store, sha256, &size, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    store_end(&world);
}

enum { WRITERS = 8, PIECES = 64, PIECE = 4096 };

static void *write_same(void *own)
{
    struct store_world *world = own;
    static const char piece[PIECE] = "the same everywhere";
    struct fault why;
    bool was_there;
    struct file_writer *writer = file_writer_open(world->store, &why);
    bool is_good = writer != NULL;
    for (int i = 0; i < PIECES && is_good; i++)
        is_good = file_writer_add(writer, piece, PIECE, &why);
    is_good = is_good && file_writer_keep(writer, NULL, &was_there, &why);
    file_writer_close(writer);
    return is_good ? own : NULL;
}

static void several_writers_of_one_file_all_succeed(void **state)
{
    struct store_world world;
    pthread_t threads[WRITERS];
    (void)state;
    store_begin(&world);
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_same, &world), 0);
    for (int i = 0; i < WRITERS; i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        assert_non_null(result);
    }
    assert_false(store_has_incoming(&world));
    store_end(&world);
}

static void one_process_has_the_folder(void **state)
{
    struct store_world world;
    struct fault why;
    (void)state;
    store_begin(&world);
    assert_null(file_store_open(&world.options, &why));
    assert_int_equal(why.kind, FAULT_RETRY);
    store_end(&world);
}

static void the_key_outlives_the_process(void **state)
{
    struct store_world world;
    uint8_t key[FILE_KEY_SIZE], nothing[FILE_KEY_SIZE] = {0};
    (void)state;
    store_begin(&world);
    memcpy(key, file_store_key(world.store), sizeof key);
    assert_memory_not_equal(key, nothing, sizeof key);
    file_store_close(world.store);
    store_open(&world);
    assert_memory_equal(file_store_key(world.store), key, sizeof key);
    store_end(&world);
}

/* Writes files for ever and tells their numbers once kept. */
static void write_until_killed(struct store_world *world, int told)
{
    struct fault why;
    bool was_there;
    struct file_store *store = file_store_open(&world->options, &why);
    if (!store)
        _exit(2);
    for (int number = 0;; number++) {
        struct file_writer *writer = file_writer_open(store, &why);
        if (!writer || !file_writer_add(writer, &number, sizeof number, &why) ||
            !file_writer_keep(writer, NULL, &was_there, &why))
            _exit(3);
        file_writer_close(writer);
        if (write(told, &number, sizeof number) != (ssize_t)sizeof number)
            _exit(4);
    }
}

/* Kills the child after some files; the last number that it told. */
static int kill_one(struct store_world *world, int round)
{
    int ends[2], number = -1, last = -1;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        write_until_killed(world, ends[1]);
    }
    (void)close(ends[1]);
    while (read(ends[0], &number, sizeof number) == (ssize_t)sizeof number) {
        last = number;
        if (number == 3 * round)
            (void)kill(child, SIGKILL);
    }
    (void)close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    return last;
}

static void what_was_kept_before_a_kill_is_there_and_nothing_half(void **state)
{
    struct store_world world;
    (void)state;
    store_begin(&world);
    for (int round = 0; round < 10; round++) {
        file_store_close(world.store);
        world.store = NULL;
        int last = kill_one(&world, round);
        store_open(&world); /* which removes what is half */
        assert_false(store_has_incoming(&world));
        for (int number = 0; number <= last; number++) {
            uint8_t sha256[SHA256_SIZE];
            digest_sha256(&number, sizeof number, sha256);
            assert_true(is_there(&world, sha256));
        }
    }
    store_end(&world);
}

static bool yes(void *own, const uint8_t *sha256)
{
    (void)own, (void)sha256;
    return true;
}

static bool no(void *own, const uint8_t *sha256)
{
    (void)own, (void)sha256;
    return false;
}

static const struct file_removal unused = {.is_unused = yes}, used = {.is_unused = no};

static void only_an_unused_file_that_nobody_holds_is_removed(void **state)
{
    struct store_world world;
    uint8_t sha256[SHA256_SIZE];
    struct fault why;
    bool is_removed = true;
    (void)state;
    store_begin(&world);
    store_put(&world, text, TEXT_SIZE, sha256);
    assert_true(file_store_hold(world.store, sha256));
    must(file_store_remove(world.store, sha256, &unused, &is_removed, &why), &why);
    assert_false(is_removed);
    file_store_let_go(world.store, sha256);
    must(file_store_remove(world.store, sha256, &used, &is_removed, &why), &why);
    assert_false(is_removed);
    assert_true(is_there(&world, sha256));
    must(file_store_remove(world.store, sha256, &unused, &is_removed, &why), &why);
    assert_true(is_removed);
    assert_false(is_there(&world, sha256));
    store_end(&world);
}

/* While one file leaves: it cannot be held, and who brings it anew waits and then has it. */
struct leaving {
    struct store_world *world;
    pthread_t writer;
    bool could_be_held;
};

static void *bring_anew(void *own)
{
    struct leaving *leaving = own;
    uint8_t sha256[SHA256_SIZE];
    store_put(leaving->world, text, TEXT_SIZE, sha256);
    return NULL;
}

static bool while_leaving(void *own, const uint8_t *sha256)
{
    struct leaving *leaving = own;
    leaving->could_be_held = file_store_hold(leaving->world->store, sha256);
    return pthread_create(&leaving->writer, NULL, bring_anew, leaving) == 0;
}

static void a_file_brought_anew_while_it_leaves_is_there(void **state)
{
    struct store_world world;
    uint8_t sha256[SHA256_SIZE];
    struct fault why;
    bool is_removed = false;
    struct leaving leaving = {.world = &world};
    const struct file_removal removal = {.is_unused = while_leaving, .own = &leaving};
    (void)state;
    store_begin(&world);
    for (int i = 0; i < 50; i++) {
        store_put(&world, text, TEXT_SIZE, sha256);
        must(file_store_remove(world.store, sha256, &removal, &is_removed, &why), &why);
        assert_true(is_removed);
        assert_false(leaving.could_be_held);
        pthread_join(leaving.writer, NULL);
        assert_true(is_there(&world, sha256));
    }
    store_end(&world);
}

static void a_link_proves_itself_and_nothing_else(void **state)
{
    const uint8_t key[FILE_KEY_SIZE] = {1, 2, 3}, other_key[FILE_KEY_SIZE] = {3, 2, 1};
    struct file_link link = {.sha256 = {9}, .partner = "motcua", .until_s = 1800000000};
    struct fault why;
    (void)state;
    auto_free(free) char *url = proof_link(key, "https://lt.example.test", &link, &why);
    must(url, &why);
    const char *proof = strstr(url, "&key=") + 5;
    assert_non_null(strstr(url, "https://lt.example.test/v1/files/0900"));
    assert_non_null(strstr(url, "?to=motcua&until=1800000000&key="));
    assert_true(proof_is_of_link(key, &link, proof));
    assert_false(proof_is_of_link(other_key, &link, proof));
    assert_false(proof_is_of_link(key, &link, ""));
    link.until_s++;
    assert_false(proof_is_of_link(key, &link, proof));
    link.until_s--;
    link.partner = "motcub";
    assert_false(proof_is_of_link(key, &link, proof));
    link.partner = "motcua";
    link.sha256[31] = 1;
    assert_false(proof_is_of_link(key, &link, proof));
}

static void a_mark_holds_for_one_partner(void **state)
{
    const uint8_t key[FILE_KEY_SIZE] = {1};
    char mark[PROOF_MARK_SIZE];
    (void)state;
    proof_mark(key, "motcua", "lienthong-file:x", 16, mark);
    assert_true(proof_is_mark(key, "motcua", "lienthong-file:x", 16, mark));
    assert_false(proof_is_mark(key, "motcub", "lienthong-file:x", 16, mark));
    assert_false(proof_is_mark(key, "motcua", "lienthong-file:y", 16, mark));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_is_read_again),
        cmocka_unit_test(an_empty_file_is_a_file),
        cmocka_unit_test(a_file_of_another_hash_is_refused_and_forgotten),
        cmocka_unit_test(a_file_over_the_limit_is_refused),
        cmocka_unit_test(nothing_is_written_below_the_reserve),
        cmocka_unit_test(a_full_disk_asks_to_come_again),
        cmocka_unit_test(a_damaged_file_fails_at_its_end),
        cmocka_unit_test(a_shortened_file_fails_too),
        cmocka_unit_test(a_reader_starts_again),
        cmocka_unit_test(an_unknown_file_is_refused),
        cmocka_unit_test(several_writers_of_one_file_all_succeed),
        cmocka_unit_test(one_process_has_the_folder),
        cmocka_unit_test(the_key_outlives_the_process),
        cmocka_unit_test(what_was_kept_before_a_kill_is_there_and_nothing_half),
        cmocka_unit_test(only_an_unused_file_that_nobody_holds_is_removed),
        cmocka_unit_test(a_file_brought_anew_while_it_leaves_is_there),
        cmocka_unit_test(a_link_proves_itself_and_nothing_else),
        cmocka_unit_test(a_mark_holds_for_one_partner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
