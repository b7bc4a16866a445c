/* SPDX-License-Identifier: Apache-2.0 */
/* Master keys, from a file into guarded memory. */
#include "base/keyring.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MOST = 16384, FORBIDDEN_MODE = 037, OWN_MODE = 0600 };
static const char id_letters[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

struct master_key {
    char id[KEY_ID_MOST + 1];
    uint8_t key[MASTER_KEY_SIZE];
};

struct keyring {
    size_t count;
    struct master_key keys[MASTER_KEYS_MOST];
};

/* Set before the first thread that asks. */
static _Atomic(const struct keyring *) served;

void keyring_serve(const struct keyring *keyring)
{
    atomic_store(&served, keyring);
}

const struct keyring *keyring_served(void)
{
    return atomic_load(&served);
}

void keyring_free(struct keyring *keyring)
{
    sodium_free(keyring); /* wipes it; takes NULL */
}

ENDS_WITH_SCOPE(struct keyring *, keyring_free)

const char *keyring_current(const struct keyring *keyring)
{
    return keyring->keys[0].id;
}

const uint8_t *keyring_find(const struct keyring *keyring, const char *id)
{
    for (size_t i = 0; i < keyring->count; i++)
        if (strcmp(keyring->keys[i].id, id) == 0)
            return keyring->keys[i].key;
    return NULL;
}

/* ---- reading the file ---- */

/* Text of a key file, wiped when its scope ends. */
struct secret {
    char *text; /* FILE_MOST + 1 bytes, ended by a NUL */
    struct stat facts;
};

static void end_secret(struct secret *secret)
{
    sodium_free(secret->text);
}

static bool read_all(int file, struct secret *secret, const char *path, struct fault *why)
{
    size_t size = 0;
    while (size <= FILE_MOST) {
        ssize_t got = read(file, secret->text + size, FILE_MOST + 1 - size);
        if (got < 0)
            return fault_set(why, FAULT_REFUSE, "%s: %s", path, strerrordesc_np(errno));
        if (got == 0)
            break;
        size += (size_t)got;
    }
    if (size > FILE_MOST)
        return fault_set(why, FAULT_REFUSE, "%s: over %d bytes, which is no key file", path,
                         FILE_MOST);
    secret->text[size] = '\0';
    return strlen(secret->text) == size ||
           fault_set(why, FAULT_REFUSE, "%s: has a NUL, which is no key file", path);
}

static bool judge_file(const struct stat *facts, const char *path, struct fault *why)
{
    if (!S_ISREG(facts->st_mode))
        return fault_set(why, FAULT_REFUSE, "%s: no regular file", path);
    return !(facts->st_mode & FORBIDDEN_MODE) ||
           fault_set(why, FAULT_REFUSE,
                     "%s: mode %04o lets others at the keys; `chmod 600` it, and make new keys if "
                     "somebody may have read it",
                     path, (unsigned)facts->st_mode & 07777U);
}

static bool read_secret(const char *path, struct secret *secret, struct fault *why)
{
    if (sodium_init() < 0 || !(secret->text = sodium_malloc(FILE_MOST + 1)))
        return fault_memory(why);
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return fault_set(why, FAULT_REFUSE, "%s: %s", path, strerrordesc_np(errno));
    bool is_read = fstat(file, &secret->facts) == 0 ||
                   fault_set(why, FAULT_REFUSE, "%s: %s", path, strerrordesc_np(errno));
    is_read = is_read && judge_file(&secret->facts, path, why) && read_all(file, secret, path, why);
    (void)close(file); /* nothing was written */
    return is_read;
}

static bool is_id(const char *text, size_t size)
{
    return size > 0 && size <= KEY_ID_MOST && strspn(text, id_letters) >= size;
}

/* One line without its end, as "ID KEY". */
static bool read_line(struct keyring *keyring, const char *line, size_t size, struct fault *why)
{
    struct master_key *key = &keyring->keys[keyring->count];
    size_t id = strcspn(line, " \t\r\n");
    size_t key_at = id + strspn(line + id, " \t");
    size_t used = 0;
    if (!is_id(line, id))
        return fault_set(why, FAULT_REFUSE, "an id of 1 to %d letters, digits, '.', '_', '-'",
                         KEY_ID_MOST);
    if (keyring->count == MASTER_KEYS_MOST)
        return fault_set(why, FAULT_REFUSE, "over %d keys", MASTER_KEYS_MOST);
    memcpy(key->id, line, id);
    if (keyring_find(keyring, key->id))
        return fault_set(why, FAULT_REFUSE, "the id %s is there twice", key->id);
    const char *end = NULL;
    bool is_key = key_at <= size &&
                  sodium_base642bin(key->key, sizeof key->key, line + key_at, size - key_at,
                                    " \t\r", &used, &end, sodium_base64_VARIANT_ORIGINAL) == 0 &&
                  used == sizeof key->key && end == line + size;
    if (!is_key || sodium_is_zero(key->key, sizeof key->key))
        return fault_set(why, FAULT_REFUSE, "key %s: not 32 bytes as base64", key->id);
    keyring->count++;
    return true;
}

static bool read_lines(struct keyring *keyring, const char *text, const char *path,
                       struct fault *why)
{
    int no = 1;
    for (const char *line = text; *line; no++) {
        size_t size = strcspn(line, "\n");
        size_t blank = strspn(line, " \t\r");
        bool is_empty = blank >= size || line[blank] == '#';
        if (!is_empty && !read_line(keyring, line, size, why))
            return fault_prefix(why, "%s:%d", path, no);
        line += size + (line[size] == '\n');
    }
    return keyring->count > 0 || fault_set(why, FAULT_REFUSE, "%s: holds no key", path);
}

struct keyring *keyring_load(const char *path, struct fault *why)
{
    __attribute__((cleanup(end_secret))) struct secret secret = {NULL, {0}};
    if (!read_secret(path, &secret, why))
        return NULL;
    auto_free(keyring_free) struct keyring *keyring = sodium_malloc(sizeof *keyring);
    if (!keyring) {
        (void)fault_memory(why);
        return NULL;
    }
    memset(keyring, 0, sizeof *keyring);
    if (!read_lines(keyring, secret.text, path, why))
        return NULL;
    (void)sodium_mprotect_readonly(keyring); /* a guard more, where the system can */
    return steal(keyring);
}

/* ---- making a key ---- */

/* The new line, then what was there. */
static bool write_file(int file, const char *id, const struct secret *old)
{
    enum { TEXT_SIZE = sodium_base64_ENCODED_LEN(MASTER_KEY_SIZE, sodium_base64_VARIANT_ORIGINAL) };
    uint8_t key[MASTER_KEY_SIZE];
    char text[TEXT_SIZE];
    randombytes_buf(key, sizeof key);
    (void)sodium_bin2base64(text, sizeof text, key, sizeof key,
                            sodium_base64_VARIANT_ORIGINAL); /* it gives the same back */
    bool is_written = dprintf(file, "%s %s\n", id, text) > 0 &&
                      (!old->text || !*old->text || dprintf(file, "%s", old->text) > 0) &&
                      fsync(file) == 0;
    sodium_memzero(key, sizeof key);
    sodium_memzero(text, sizeof text);
    return is_written;
}

static bool sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    auto_free(free) char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    int opened = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    bool is_synced = opened >= 0 && fsync(opened) == 0;
    if (opened >= 0)
        (void)close(opened); /* nothing was written */
    return is_synced;
}

static bool replace(const char *path, const char *id, const struct secret *old, struct fault *why)
{
    auto_free(free) char *fresh = NULL;
    if (asprintf(&fresh, "%s.new", path) < 0) {
        fresh = NULL;
        return fault_memory(why);
    }
    int file = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, OWN_MODE);
    if (file < 0)
        return fault_set(why, FAULT_REFUSE, "%s: %s", fresh, strerrordesc_np(errno));
    bool is_like_it = !old->text || (fchown(file, old->facts.st_uid, old->facts.st_gid) == 0 &&
                                     fchmod(file, old->facts.st_mode & 0777) == 0);
    bool is_done = is_like_it && write_file(file, id, old);
    is_done = close(file) == 0 && is_done;
    is_done = is_done && rename(fresh, path) == 0 && sync_folder(path);
    if (is_done)
        return true;
    (void)fault_set(why, FAULT_REFUSE, "%s: %s", path, strerrordesc_np(errno));
    (void)unlink(fresh); /* half a file of keys helps nobody */
    return false;
}

bool keyring_add(const char *path, const char *id, struct fault *why)
{
    __attribute__((cleanup(end_secret))) struct secret old = {NULL, {0}};
    if (!is_id(id, strlen(id)))
        return fault_set(why, FAULT_REFUSE, "a key's id has 1 to %d letters, digits, '.', '_', '-'",
                         KEY_ID_MOST);
    if (sodium_init() < 0)
        return fault_set(why, FAULT_BROKEN, "libsodium does not start");
    if (access(path, F_OK) != 0)
        return replace(path, id, &old, why);
    auto_free(keyring_free) struct keyring *keyring = keyring_load(path, why);
    if (!keyring)
        return false;
    if (keyring_find(keyring, id))
        return fault_set(why, FAULT_REFUSE, "%s: has a key %s already", path, id);
    return read_secret(path, &old, why) && replace(path, id, &old, why);
}
