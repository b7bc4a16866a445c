/* SPDX-License-Identifier: Apache-2.0 */
/* The store of files with master keys: what is on the disk, what opens it, and what damage does. */
#include "master_keys.h"
#include "store_world.h"

#include "base/cleanup.h"
#include "files/file_keys.h"
#include "files/place.h"
#include "files/sealed.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define KEYS_A  "a " MASTER_A "\n"
#define KEYS_BA "b " MASTER_B "\na " MASTER_A "\n"
#define KEYS_B  "b " MASTER_B "\n"

enum { CHUNK = SEALED_CHUNK, PIECE = CHUNK + SEALED_TAG, MANY = 3 * CHUNK + 77 };

static const char text[] = "Nguyễn Văn A, 099203001234";
enum { TEXT_SIZE = sizeof text - 1 };

struct sealed_store {
    struct store_world world;
    struct keyring *masters;
};

/* Opened anew with these master keys; NULL: none. */
static bool try_reopen(struct sealed_store *sealed, const char *lines, struct fault *why)
{
    file_store_close(sealed->world.store);
    keyring_free(sealed->masters);
    sealed->masters = lines ? keyring_of(lines) : NULL;
    sealed->world.options.masters = sealed->masters;
    sealed->world.store = file_store_open(&sealed->world.options, why);
    return sealed->world.store != NULL;
}

static void reopen(struct sealed_store *sealed, const char *lines)
{
    struct fault why;
    must(try_reopen(sealed, lines, &why), &why);
}

static void begin_plain(struct sealed_store *sealed)
{
    sealed->masters = NULL;
    store_begin(&sealed->world);
}

/* Nothing was there before: no key lay plain. */
static void begin(struct sealed_store *sealed)
{
    char path[STORE_PATH_SIZE];
    begin_plain(sealed);
    (void)snprintf(path, sizeof path, "%s/key", sealed->world.folder);
    assert_int_equal(unlink(path), 0);
    reopen(sealed, KEYS_A);
}

static void end(struct sealed_store *sealed)
{
    store_end(&sealed->world);
    keyring_free(sealed->masters);
}

/* ---- bytes of a file ---- */

static void sealed_path(const struct sealed_store *sealed, const uint8_t *sha256,
                        char path[STORE_PATH_SIZE])
{
    store_path(&sealed->world, sha256, path);
    size_t size = strlen(path);
    (void)snprintf(path + size, STORE_PATH_SIZE - size, SEALED_SUFFIX);
}

static char *load(const char *path, size_t *size)
{
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(fstat(file, &status), 0);
    *size = (size_t)status.st_size;
    char *bytes = malloc(*size + 1);
    assert_non_null(bytes);
    assert_int_equal(read(file, bytes, *size), *size);
    (void)close(file);
    return bytes;
}

static void save(const char *path, const void *bytes, size_t size)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, size), size);
    (void)close(file);
}

/* No two chunks are alike. */
static char *make_content(size_t size)
{
    char *bytes = malloc(size + 1);
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(i * 31 + i / CHUNK * 7 + i / 251);
    return bytes;
}

static bool try_read(struct sealed_store *sealed, const uint8_t *sha256, char *bytes, size_t room,
                     size_t *total, struct fault *why)
{
    int64_t size = 0;
    size_t got = 1;
    struct file_reader *reader = file_reader_open(sealed->world.store, sha256, &size, why);
    bool is_good = reader != NULL;
    for (*total = 0; is_good && got > 0; *total += is_good ? got : 0)
        is_good = file_reader_read(reader, bytes + *total, room - *total, &got, why);
    file_reader_close(reader);
    return is_good && (int64_t)*total == size;
}

static void must_read(struct sealed_store *sealed, const uint8_t *sha256, const char *content,
                      size_t size)
{
    struct fault why = {.text = "another size"};
    size_t got = 0;
    auto_free(free) char *bytes = malloc(size + 1);
    assert_non_null(bytes);
    must(try_read(sealed, sha256, bytes, size + 1, &got, &why), &why);
    assert_int_equal(got, size);
    assert_memory_equal(bytes, content, size);
}

static void must_be_damaged(struct sealed_store *sealed, const uint8_t *sha256)
{
    struct fault why = {.kind = FAULT_NONE};
    int64_t size;
    assert_null(file_store_lend(sealed->world.store, sha256, &size, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);
}

static bool is_file(const char *path)
{
    return access(path, F_OK) == 0;
}

static const char *sought;
static size_t sought_size;

static int look_for(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status, (void)place;
    if (kind != FTW_F)
        return 0;
    size_t size;
    auto_free(free) char *bytes = load(path, &size);
    return memmem(bytes, size, sought, sought_size) != NULL;
}

/* Whether a file below the store's folder holds these bytes. */
static bool is_on_disk(const struct sealed_store *sealed, const char *bytes, size_t size)
{
    sought = bytes;
    sought_size = size;
    return nftw(sealed->world.folder, look_for, 16, FTW_PHYS) != 0;
}

/* ---- what comes and goes ---- */

static void every_size_comes_back(void **state)
{
    static const size_t sizes[] = {0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, MANY};
    struct sealed_store sealed;
    (void)state;
    begin(&sealed);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t sha256[SHA256_SIZE], right[SHA256_SIZE];
        char path[STORE_PATH_SIZE];
        struct stat status;
        struct fault why;
        int64_t size = 0;
        bool has = false;
        auto_free(free) char *content = make_content(sizes[i]);
        store_put(&sealed.world, content, sizes[i], sha256);
        digest_sha256(content, sizes[i], right);
        assert_memory_equal(sha256, right, SHA256_SIZE);
        must_read(&sealed, sha256, content, sizes[i]);
        must(file_store_has(sealed.world.store, sha256, &size, &has, &why), &why);
        assert_true(has);
        assert_int_equal(size, sizes[i]);
        sealed_path(&sealed, sha256, path);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_size, sealed_size((int64_t)sizes[i]));
        assert_int_equal(sealed_content(status.st_size), sizes[i]);
    }
    end(&sealed);
}

static void sizes_that_no_sealed_file_has_are_known(void **state)
{
    static const int64_t none[] = {-1,
                                   0,
                                   SEALED_HEADER,
                                   SEALED_HEADER + SEALED_TAG - 1,
                                   SEALED_HEADER + PIECE + 1,
                                   SEALED_HEADER + PIECE + SEALED_TAG};
    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_int_equal(sealed_content(none[i]), -1);
}

static void pieces_of_any_size_make_the_same_file(void **state)
{
    static const size_t steps[] = {1000, CHUNK, CHUNK + 1, 2 * CHUNK - 1};
    struct sealed_store sealed;
    auto_free(free) char *content = make_content(MANY);
    (void)state;
    begin(&sealed);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        uint8_t sha256[SHA256_SIZE];
        struct fault why;
        bool was_there = false;
        int64_t size;
        struct file_writer *writer = file_writer_open(sealed.world.store, &why);
        must(writer, &why);
        for (size_t at = 0, more; at < MANY; at += more) {
            more = MANY - at < steps[i] ? MANY - at : steps[i];
            must(file_writer_add(writer, content + at, more, &why), &why);
        }
        must(file_writer_end(writer, sha256, &size, &why), &why);
        must(file_writer_keep(writer, NULL, &was_there, &why), &why);
        assert_int_equal(was_there, i > 0);
        file_writer_close(writer);
        must_read(&sealed, sha256, content, MANY);
    }
    end(&sealed);
}

static void no_byte_lies_plain_while_it_comes_nor_after(void **state)
{
    struct sealed_store sealed;
    uint8_t sha256[SHA256_SIZE];
    struct fault why;
    bool was_there;
    int64_t size;
    (void)state;
    begin(&sealed);
    struct file_writer *writer = file_writer_open(sealed.world.store, &why);
    must(writer, &why);
    for (int i = 0; i < 2 * CHUNK / TEXT_SIZE; i++)
        must(file_writer_add(writer, text, TEXT_SIZE, &why), &why);
    assert_true(store_has_incoming(&sealed.world));
    assert_false(is_on_disk(&sealed, text, TEXT_SIZE));
    must(file_writer_end(writer, sha256, &size, &why), &why);
    must(file_writer_keep(writer, NULL, &was_there, &why), &why);
    file_writer_close(writer);
    assert_false(is_on_disk(&sealed, text, TEXT_SIZE));
    assert_false(
        is_on_disk(&sealed, (const char *)file_store_key(sealed.world.store), FILE_KEY_SIZE));
    end(&sealed);
}

static void ranges_are_read_in_any_order(void **state)
{
    struct sealed_store sealed;
    uint8_t sha256[SHA256_SIZE];
    struct fault why;
    int64_t size;
    char bytes[3000];
    auto_free(free) char *content = make_content(MANY);
    (void)state;
    begin(&sealed);
    store_put(&sealed.world, content, MANY, sha256);
    struct file_reader *reader = file_store_lend(sealed.world.store, sha256, &size, &why);
    must(reader, &why);
    assert_int_equal(size, MANY);
    assert_int_equal(file_reader_take_descriptor(reader), -1);
    for (size_t i = 0; i < 500; i++) {
        size_t at = i * 7919 * 13 % (MANY + 10), got = 0;
        size_t right = at >= MANY ? 0 : MANY - at < sizeof bytes ? MANY - at : sizeof bytes;
        must(file_reader_read_at(reader, (int64_t)at, bytes, sizeof bytes, &got, &why), &why);
        assert_int_equal(got, right);
        assert_memory_equal(bytes, content + (right ? at : 0), right);
    }
    file_reader_close(reader);
    end(&sealed);
}

static void a_full_disk_asks_to_come_again(void **state)
{
    struct sealed_store sealed;
    struct fault why;
    struct rlimit before;
    uint8_t sha256[SHA256_SIZE];
    int64_t size;
    auto_free(free) char *content = make_content(MANY);
    (void)state;
    begin(&sealed);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit small = {.rlim_cur = CHUNK / 2, .rlim_max = before.rlim_max};
    struct file_writer *writer = file_writer_open(sealed.world.store, &why);
    must(writer, &why);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    bool is_added = file_writer_add(writer, content, MANY, &why);
    enum fault_kind kind = why.kind;
    bool is_ended = file_writer_end(writer, sha256, &size, &why);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(is_added);
    assert_int_equal(kind, FAULT_RETRY);
    assert_false(is_ended); /* a part is not the file */
    file_writer_close(writer);
    assert_false(store_has_incoming(&sealed.world));
    end(&sealed);
}

/* ---- damage ---- */

static void every_changed_byte_is_found(void **state)
{
    struct sealed_store sealed;
    uint8_t sha256[SHA256_SIZE];
    char path[STORE_PATH_SIZE];
    size_t size;
    (void)state;
    begin(&sealed);
    store_put(&sealed.world, text, TEXT_SIZE, sha256);
    sealed_path(&sealed, sha256, path);
    auto_free(free) char *bytes = load(path, &size);
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 1;
        save(path, bytes, size);
        must_be_damaged(&sealed, sha256);
        bytes[i] ^= 1;
    }
    save(path, bytes, size);
    must_read(&sealed, sha256, text, TEXT_SIZE);
    end(&sealed);
}

/* Also where a chunk ends, which is where nothing but the last one's mark tells. */
static void a_file_that_was_cut_is_found(void **state)
{
    struct sealed_store sealed;
    uint8_t sha256[SHA256_SIZE];
    char path[STORE_PATH_SIZE];
    auto_free(free) char *content = make_content(MANY);
    (void)state;
    begin(&sealed);
    store_put(&sealed.world, content, MANY, sha256);
    sealed_path(&sealed, sha256, path);
    assert_int_equal(truncate(path, sealed_size(MANY) - 1), 0);
    must_be_damaged(&sealed, sha256);
    for (int chunks = 3; chunks >= 0; chunks--) {
        assert_int_equal(truncate(path, SEALED_HEADER + chunks * PIECE), 0);
        must_be_damaged(&sealed, sha256);
    }
    for (int left = SEALED_HEADER - 1; left >= 0; left--) {
        assert_int_equal(truncate(path, left), 0);
        must_be_damaged(&sealed, sha256);
    }
    end(&sealed);
}

/* A reader that goes by place finds it too: nothing is checked there but the chunk. */
static void chunks_open_nowhere_else(void **state)
{
    struct sealed_store sealed;
    uint8_t sha256[SHA256_SIZE];
    char path[STORE_PATH_SIZE], byte;
    size_t size, got;
    int64_t whole;
    struct fault why;
    auto_free(free) char *content = make_content(MANY);
    auto_free(free) char *kept = malloc(PIECE);
    (void)state;
    assert_non_null(kept);
    begin(&sealed);
    store_put(&sealed.world, content, MANY, sha256);
    sealed_path(&sealed, sha256, path);
    auto_free(free) char *bytes = load(path, &size);
    memcpy(kept, bytes + SEALED_HEADER, PIECE);
    memcpy(bytes + SEALED_HEADER, bytes + SEALED_HEADER + PIECE, PIECE);
    memcpy(bytes + SEALED_HEADER + PIECE, kept, PIECE);
    save(path, bytes, size);
    must_be_damaged(&sealed, sha256);
    struct file_reader *reader = file_reader_open(sealed.world.store, sha256, &whole, &why);
    must(reader, &why);
    assert_false(file_reader_read_at(reader, CHUNK, &byte, 1, &got, &why));
    assert_int_equal(why.kind, FAULT_BROKEN);
    must(file_reader_read_at(reader, 2 * CHUNK, &byte, 1, &got, &why), &why);
    assert_true(byte == content[2 * CHUNK]);
    file_reader_close(reader);
    end(&sealed);
}

static void a_file_is_no_other_one(void **state)
{
    struct sealed_store sealed;
    uint8_t first[SHA256_SIZE], second[SHA256_SIZE];
    char path[STORE_PATH_SIZE];
    size_t size;
    (void)state;
    begin(&sealed);
    store_put(&sealed.world, "first", 5, first);
    store_put(&sealed.world, "other", 5, second);
    sealed_path(&sealed, first, path);
    auto_free(free) char *bytes = load(path, &size);
    sealed_path(&sealed, second, path);
    auto_free(free) char *own = load(path, &size);
    save(path, bytes, size); /* all of it */
    must_be_damaged(&sealed, second);
    memcpy(own, bytes, SEALED_HEADER); /* the header alone */
    save(path, own, size);
    must_be_damaged(&sealed, second);
    store_put(&sealed.world, "other", 5, second); /* who sends it again mends it */
    must_read(&sealed, second, "other", 5);
    end(&sealed);
}

/* ---- master keys ---- */

static void must_not_open(struct sealed_store *sealed, const char *lines, const char *says)
{
    struct fault why = {.text = ""};
    assert_false(try_reopen(sealed, lines, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    assert_non_null(strstr(why.text, says));
}

static void a_master_key_that_is_missing_or_another_is_told_by_name(void **state)
{
    struct sealed_store sealed;
    uint8_t sha256[SHA256_SIZE];
    (void)state;
    begin(&sealed);
    store_put(&sealed.world, text, TEXT_SIZE, sha256);
    must_not_open(&sealed, NULL, "under the master key a, and spool.encryption.key_file is not");
    must_not_open(&sealed, KEYS_B, "under the master key a, which is not in the file");
    must_not_open(&sealed, "a " MASTER_B "\n", "the master key a of spool.encryption.key_file is");
    reopen(&sealed, KEYS_A);
    must_read(&sealed, sha256, text, TEXT_SIZE);
    end(&sealed);
}

static void a_changed_byte_among_the_keys_is_found(void **state)
{
    struct sealed_store sealed;
    char path[STORE_PATH_SIZE];
    size_t size;
    struct fault why;
    (void)state;
    begin(&sealed);
    (void)snprintf(path, sizeof path, "%s/sealed-keys", sealed.world.folder);
    auto_free(free) char *bytes = load(path, &size);
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 1;
        save(path, bytes, size);
        assert_false(try_reopen(&sealed, KEYS_A, &why));
        assert_int_equal(why.kind, FAULT_REFUSE);
        bytes[i] ^= 1;
    }
    save(path, bytes, size);
    reopen(&sealed, KEYS_A);
    end(&sealed);
}

/* Files stay as they are; what comes after the change is not under a key that the old one opens. */
static void after_a_rekeying_the_old_master_key_may_go(void **state)
{
    struct sealed_store sealed;
    uint8_t older[SHA256_SIZE], newer[SHA256_SIZE];
    char path[STORE_PATH_SIZE];
    size_t size;
    struct fault why;
    int64_t count = 0;
    (void)state;
    begin(&sealed);
    store_put(&sealed.world, text, TEXT_SIZE, older);
    sealed_path(&sealed, older, path);
    auto_free(free) char *before = load(path, &size);
    reopen(&sealed, KEYS_BA);
    store_put(&sealed.world, "newer", 5, newer);
    sealed_path(&sealed, newer, path);
    auto_free(free) char *bytes = load(path, &size);
    assert_int_equal(sealed_key_no((const uint8_t *)bytes),
                     sealed_key_no((const uint8_t *)before) + 1);
    must_not_open(&sealed, KEYS_B, "under the master key a, which is not in the file");
    reopen(&sealed, KEYS_BA);
    must(file_store_rekey(sealed.world.store, &count, &why), &why);
    assert_int_equal(count, 2); /* the one that signs, and the one that sealed */
    must(file_store_rekey(sealed.world.store, &count, &why), &why);
    assert_int_equal(count, 0);
    reopen(&sealed, KEYS_B);
    must_read(&sealed, older, text, TEXT_SIZE);
    must_read(&sealed, newer, "newer", 5);
    end(&sealed);
}

static void kill_while_rekeying(struct sealed_store *sealed, const char *lines, unsigned after_us)
{
    pid_t child = fork();
    if (child == 0) {
        struct fault why;
        int64_t count;
        while (try_reopen(sealed, lines, &why) &&
               file_store_rekey(sealed->world.store, &count, &why)) {
            lines = strcmp(lines, KEYS_BA) == 0 ? "a " MASTER_A "\nb " MASTER_B "\n" : KEYS_BA;
        }
        _exit(1);
    }
    (void)usleep(after_us);
    (void)kill(child, SIGKILL);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

static void a_rekeying_that_is_killed_loses_nothing(void **state)
{
    struct sealed_store sealed;
    uint8_t sha256[SHA256_SIZE];
    (void)state;
    begin(&sealed);
    store_put(&sealed.world, text, TEXT_SIZE, sha256);
    for (unsigned round = 0; round < 12; round++) {
        file_store_close(sealed.world.store);
        sealed.world.store = NULL;
        kill_while_rekeying(&sealed, KEYS_BA, 700 * round);
        reopen(&sealed, KEYS_BA);
        must_read(&sealed, sha256, text, TEXT_SIZE);
    }
    end(&sealed);
}

static void without_keys_nothing_is_sealed_or_rekeyed(void **state)
{
    struct sealed_store sealed;
    uint8_t sha256[SHA256_SIZE];
    char path[STORE_PATH_SIZE];
    size_t size;
    struct fault why;
    int64_t count;
    bool is_sealed;
    (void)state;
    begin_plain(&sealed);
    store_put(&sealed.world, text, TEXT_SIZE, sha256);
    assert_false(file_store_rekey(sealed.world.store, &count, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    assert_false(file_store_seal(sealed.world.store, sha256, &is_sealed, &why));
    store_path(&sealed.world, sha256, path);
    auto_free(free) char *bytes = load(path, &size);
    assert_int_equal(size, TEXT_SIZE);
    assert_memory_equal(bytes, text, TEXT_SIZE);
    end(&sealed);
}

/* ---- what was there before there were keys ---- */

static void what_was_stored_before_is_read_and_can_be_sealed(void **state)
{
    struct sealed_store sealed;
    uint8_t sha256[SHA256_SIZE];
    char plain[STORE_PATH_SIZE], path[STORE_PATH_SIZE];
    struct fault why;
    bool is_sealed = false;
    (void)state;
    begin_plain(&sealed);
    store_put(&sealed.world, text, TEXT_SIZE, sha256);
    reopen(&sealed, KEYS_A);
    must_read(&sealed, sha256, text, TEXT_SIZE);
    must(file_store_seal(sealed.world.store, sha256, &is_sealed, &why), &why);
    assert_true(is_sealed);
    store_path(&sealed.world, sha256, plain);
    sealed_path(&sealed, sha256, path);
    assert_false(is_file(plain));
    assert_true(is_file(path));
    must_read(&sealed, sha256, text, TEXT_SIZE);
    must(file_store_seal(sealed.world.store, sha256, &is_sealed, &why), &why);
    assert_false(is_sealed);
    end(&sealed);
}

static void who_brings_it_again_has_it_sealed(void **state)
{
    struct sealed_store sealed;
    uint8_t sha256[SHA256_SIZE];
    char plain[STORE_PATH_SIZE];
    struct fault why;
    bool was_there = false;
    (void)state;
    begin_plain(&sealed);
    store_put(&sealed.world, text, TEXT_SIZE, sha256);
    reopen(&sealed, KEYS_A);
    struct file_writer *writer = file_writer_open(sealed.world.store, &why);
    must(writer && file_writer_add(writer, text, TEXT_SIZE, &why) &&
             file_writer_keep(writer, NULL, &was_there, &why),
         &why);
    assert_true(was_there);
    file_writer_close(writer);
    store_path(&sealed.world, sha256, plain);
    assert_false(is_file(plain));
    must_read(&sealed, sha256, text, TEXT_SIZE);
    end(&sealed);
}

static void one_that_is_damaged_already_stays_as_it_is(void **state)
{
    struct sealed_store sealed;
    uint8_t sha256[SHA256_SIZE];
    char plain[STORE_PATH_SIZE];
    struct fault why;
    bool is_sealed = true;
    (void)state;
    begin_plain(&sealed);
    store_put(&sealed.world, text, TEXT_SIZE, sha256);
    store_path(&sealed.world, sha256, plain);
    save(plain, "another", 7);
    reopen(&sealed, KEYS_A);
    assert_false(file_store_seal(sealed.world.store, sha256, &is_sealed, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    assert_false(is_sealed);
    assert_true(is_file(plain));
    assert_false(store_has_incoming(&sealed.world));
    end(&sealed);
}

/* Whoever sends a sealed file as content gets it back as it is, before there are keys and after. */
static void content_is_never_taken_for_a_sealed_file(void **state)
{
    struct sealed_store sealed;
    uint8_t sha256[SHA256_SIZE], own[SHA256_SIZE], later[SHA256_SIZE];
    char path[STORE_PATH_SIZE];
    size_t size;
    (void)state;
    begin(&sealed);
    store_put(&sealed.world, text, TEXT_SIZE, sha256);
    sealed_path(&sealed, sha256, path);
    auto_free(free) char *bytes = load(path, &size);
    digest_sha256(bytes, size, own);
    store_path(&sealed.world, own, path);
    *strrchr(path, '/') = '\0';
    assert_true(mkdir(path, 0700) == 0 || is_file(path));
    store_path(&sealed.world, own, path);
    save(path, bytes, size); /* as it was stored without keys */
    must_read(&sealed, own, bytes, size);
    store_put(&sealed.world, bytes, size, later);
    must_read(&sealed, later, bytes, size);
    end(&sealed);
}

static void the_key_that_signs_stays_the_same_and_lies_plain_no_more(void **state)
{
    struct sealed_store sealed;
    uint8_t key[FILE_KEY_SIZE];
    char path[STORE_PATH_SIZE];
    (void)state;
    begin_plain(&sealed);
    memcpy(key, file_store_key(sealed.world.store), sizeof key);
    (void)snprintf(path, sizeof path, "%s/key", sealed.world.folder);
    assert_true(is_file(path));
    for (int i = 0; i < 2; i++) {
        reopen(&sealed, KEYS_A);
        assert_memory_equal(file_store_key(sealed.world.store), key, sizeof key);
        assert_false(is_file(path));
    }
    end(&sealed);
}

static void one_beside_reads_and_changes_nothing(void **state)
{
    struct sealed_store sealed;
    uint8_t sha256[SHA256_SIZE];
    char path[STORE_PATH_SIZE];
    size_t size, again;
    struct fault why;
    int64_t whole;
    (void)state;
    begin(&sealed);
    store_put(&sealed.world, text, TEXT_SIZE, sha256);
    (void)snprintf(path, sizeof path, "%s/sealed-keys", sealed.world.folder);
    auto_free(free) char *before = load(path, &size);
    struct keyring *masters = keyring_of(KEYS_BA);
    struct file_store_options options = sealed.world.options;
    options.is_beside = true;
    options.masters = masters;
    struct file_store *beside = file_store_open(&options, &why);
    must(beside, &why);
    struct file_reader *reader = file_store_lend(beside, sha256, &whole, &why);
    must(reader, &why);
    file_reader_close(reader);
    file_store_close(beside);
    keyring_free(masters);
    auto_free(free) char *after = load(path, &again);
    assert_int_equal(size, again);
    assert_memory_equal(before, after, size);
    end(&sealed);
}

/* ---- removal ---- */

/* Where the disk writes in place, nothing is left to open the rest by. */
static void a_removed_file_leaves_no_key_behind(void **state)
{
    static const struct file_removal unused = {.is_unused = NULL};
    static const char nothing[SEALED_HEADER];
    struct sealed_store sealed;
    uint8_t sha256[SHA256_SIZE];
    char path[STORE_PATH_SIZE], header[SEALED_HEADER];
    struct fault why;
    bool is_removed = false, has = true;
    int64_t size;
    (void)state;
    begin(&sealed);
    store_put(&sealed.world, text, TEXT_SIZE, sha256);
    sealed_path(&sealed, sha256, path);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    must(file_store_remove(sealed.world.store, sha256, &unused, &is_removed, &why), &why);
    assert_true(is_removed);
    assert_false(is_file(path));
    assert_int_equal(pread(descriptor, header, sizeof header, 0), sizeof header);
    (void)close(descriptor);
    assert_memory_equal(header, nothing, sizeof header);
    must(file_store_has(sealed.world.store, sha256, &size, &has, &why), &why);
    assert_false(has);
    end(&sealed);
}

static void one_that_is_replaced_leaves_no_key_behind_either(void **state)
{
    static const char nothing[SEALED_HEADER];
    struct sealed_store sealed;
    uint8_t sha256[SHA256_SIZE];
    char path[STORE_PATH_SIZE], header[SEALED_HEADER];
    (void)state;
    begin(&sealed);
    store_put(&sealed.world, text, TEXT_SIZE, sha256);
    sealed_path(&sealed, sha256, path);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    store_put(&sealed.world, text, TEXT_SIZE, sha256);
    assert_int_equal(pread(descriptor, header, sizeof header, 0), sizeof header);
    (void)close(descriptor);
    assert_memory_equal(header, nothing, sizeof header);
    must_read(&sealed, sha256, text, TEXT_SIZE);
    end(&sealed);
}

static void *read_on(void *own)
{
    struct sealed_store *sealed = own;
    uint8_t sha256[SHA256_SIZE];
    digest_sha256(text, TEXT_SIZE, sha256);
    for (int i = 0; i < 2000; i++)
        must_read(sealed, sha256, text, TEXT_SIZE);
    return NULL;
}

static void it_is_read_while_it_is_brought_again(void **state)
{
    struct sealed_store sealed;
    uint8_t sha256[SHA256_SIZE];
    pthread_t readers[4];
    (void)state;
    begin(&sealed);
    store_put(&sealed.world, text, TEXT_SIZE, sha256);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_on, &sealed), 0);
    for (int i = 0; i < 300; i++)
        store_put(&sealed.world, text, TEXT_SIZE, sha256);
    for (size_t i = 0; i < 4; i++)
        pthread_join(readers[i], NULL);
    end(&sealed);
}

static void a_file_goes_in_both_its_forms(void **state)
{
    static const struct file_removal unused = {.is_unused = NULL};
    struct sealed_store sealed;
    uint8_t sha256[SHA256_SIZE];
    char plain[STORE_PATH_SIZE], path[STORE_PATH_SIZE];
    struct fault why;
    bool is_removed = false;
    (void)state;
    begin(&sealed);
    store_put(&sealed.world, text, TEXT_SIZE, sha256);
    store_path(&sealed.world, sha256, plain);
    sealed_path(&sealed, sha256, path);
    save(plain, text, TEXT_SIZE); /* as a power cut may leave both */
    must(file_store_remove(sealed.world.store, sha256, &unused, &is_removed, &why), &why);
    assert_true(is_removed && !is_file(plain) && !is_file(path));
    end(&sealed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_comes_back),
        cmocka_unit_test(sizes_that_no_sealed_file_has_are_known),
        cmocka_unit_test(pieces_of_any_size_make_the_same_file),
        cmocka_unit_test(no_byte_lies_plain_while_it_comes_nor_after),
        cmocka_unit_test(ranges_are_read_in_any_order),
        cmocka_unit_test(a_full_disk_asks_to_come_again),
        cmocka_unit_test(every_changed_byte_is_found),
        cmocka_unit_test(a_file_that_was_cut_is_found),
        cmocka_unit_test(chunks_open_nowhere_else),
        cmocka_unit_test(a_file_is_no_other_one),
        cmocka_unit_test(a_master_key_that_is_missing_or_another_is_told_by_name),
        cmocka_unit_test(a_changed_byte_among_the_keys_is_found),
        cmocka_unit_test(after_a_rekeying_the_old_master_key_may_go),
        cmocka_unit_test(a_rekeying_that_is_killed_loses_nothing),
        cmocka_unit_test(without_keys_nothing_is_sealed_or_rekeyed),
        cmocka_unit_test(what_was_stored_before_is_read_and_can_be_sealed),
        cmocka_unit_test(who_brings_it_again_has_it_sealed),
        cmocka_unit_test(one_that_is_damaged_already_stays_as_it_is),
        cmocka_unit_test(content_is_never_taken_for_a_sealed_file),
        cmocka_unit_test(the_key_that_signs_stays_the_same_and_lies_plain_no_more),
        cmocka_unit_test(one_beside_reads_and_changes_nothing),
        cmocka_unit_test(a_removed_file_leaves_no_key_behind),
        cmocka_unit_test(one_that_is_replaced_leaves_no_key_behind_either),
        cmocka_unit_test(it_is_read_while_it_is_brought_again),
        cmocka_unit_test(a_file_goes_in_both_its_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
