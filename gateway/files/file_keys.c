/* SPDX-License-Identifier: Apache-2.0 */
/* Keys between the master keys, which come and go, and the files, which stay as they are. */
#include "files/file_keys.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/number.h"
#include "base/text_stream.h"
#include "files/durable.h"
#include "files/secret.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sodium.h>
#include <unistd.h>

enum {
    KEYS_MOST = 256,
    WRAPPED_SIZE = SEAL_KEY_SIZE + SEAL_OVERHEAD,
    WRAPPED_TEXT_SIZE = sodium_base64_ENCODED_LEN(WRAPPED_SIZE, sodium_base64_VARIANT_ORIGINAL),
    FILE_MOST = KEYS_MOST * (20 + KEY_ID_MOST + WRAPPED_TEXT_SIZE),
    PURPOSE_SIZE = 16,
    IDENTITY_MOST = PURPOSE_SIZE + sizeof(int64_t) + KEY_ID_MOST,
};
static const char name[] = "sealed-keys";
static const char purpose[PURPOSE_SIZE + 1] = "lienthong files ";

struct file_key {
    char master[KEY_ID_MOST + 1]; /* guarded by the lock of all, once they are open */
    uint8_t key[SEAL_KEY_SIZE];
};

/* What a key's number is, is its place in the list. */
struct file_keys {
    char *folder;
    const struct keyring *masters;
    pthread_mutex_t lock; /* one at a time writes the file */
    size_t count;
    struct file_key *list; /* KEYS_MOST of them, in guarded memory */
};

ENDS_WITH_SCOPE(struct file_keys *, file_keys_close)

void file_keys_close(struct file_keys *keys)
{
    if (!keys)
        return;
    sodium_free(keys->list); /* wipes it; takes NULL */
    pthread_mutex_destroy(&keys->lock);
    free(keys->folder);
    free(keys);
}

static struct file_keys *new_keys(const char *folder, const struct keyring *masters,
                                  struct fault *why)
{
    auto_free(file_keys_close) struct file_keys *keys = calloc(1, sizeof *keys);
    if (!keys) {
        (void)fault_memory(why);
        return NULL;
    }
    pthread_mutex_init(&keys->lock, NULL);
    keys->masters = masters;
    keys->folder = strdup(folder);
    keys->list = sodium_init() < 0 ? NULL : sodium_allocarray(KEYS_MOST, sizeof *keys->list);
    if (keys->folder && keys->list)
        return steal(keys);
    (void)fault_memory(why);
    return NULL;
}

/* What a sealed key is: so none passes for another, nor under another master key's id. */
static size_t identify(size_t no, const char *master, uint8_t identity[IDENTITY_MOST])
{
    const uint64_t number = htole64(no);
    memcpy(identity, purpose, PURPOSE_SIZE);
    memcpy(identity + PURPOSE_SIZE, &number, sizeof number);
    memcpy(identity + PURPOSE_SIZE + sizeof number, master, strlen(master));
    return PURPOSE_SIZE + sizeof number + strlen(master);
}

/* ---- reading ---- */

/* One line, without its end, in its parts. */
struct line {
    int64_t no;
    char master[KEY_ID_MOST + 1];
    uint8_t wrapped[WRAPPED_SIZE];
};

static bool read_line(const char *text, size_t size, struct line *line)
{
    const char *blank = memchr(text, ' ', size);
    size_t no = blank ? (size_t)(blank - text) : size;
    size_t id_at = no + 1;
    const char *next = id_at < size ? memchr(text + id_at, ' ', size - id_at) : NULL;
    size_t id = next ? (size_t)(next - text) - id_at : 0;
    size_t used = 0;
    const char *end = NULL;
    if (id == 0 || id > KEY_ID_MOST ||
        number_read(text, no, 0, KEYS_MOST, &line->no) != NUMBER_GOOD)
        return false;
    memcpy(line->master, text + id_at, id);
    line->master[id] = '\0';
    return sodium_base642bin(line->wrapped, sizeof line->wrapped, next + 1, size - id_at - id - 1,
                             NULL, &used, &end, sodium_base64_VARIANT_ORIGINAL) == 0 &&
           used == sizeof line->wrapped && end == text + size;
}

static bool open_line(struct file_keys *keys, const struct line *line, struct fault *why)
{
    uint8_t identity[IDENTITY_MOST];
    struct file_key *key = &keys->list[keys->count];
    const uint8_t *master = keys->masters ? keyring_find(keys->masters, line->master) : NULL;
    if (!master)
        return fault_set(why, FAULT_REFUSE, "files are sealed under the master key %s, %s",
                         line->master,
                         keys->masters ? "which is not in the file of spool.encryption.key_file"
                                       : "and spool.encryption.key_file is not set");
    const struct seal seal = {master, identity, identify(keys->count, line->master, identity)};
    if (!seal_open(&seal, line->wrapped, sizeof line->wrapped, key->key))
        return fault_set(why, FAULT_REFUSE,
                         "the master key %s of spool.encryption.key_file is not the one that files "
                         "are sealed under, or the line is damaged",
                         line->master);
    memcpy(key->master, line->master, sizeof key->master);
    keys->count++;
    return true;
}

static bool read_lines(struct file_keys *keys, const char *text, const char *path,
                       struct fault *why)
{
    for (const char *at = text; *at;) {
        struct line line;
        size_t size = strcspn(at, "\n");
        bool is_next = keys->count < KEYS_MOST && read_line(at, size, &line) &&
                       line.no == (int64_t)keys->count && at[size] == '\n';
        if (!is_next)
            (void)fault_set(why, FAULT_REFUSE, "expected key %zu", keys->count);
        if (!is_next || !open_line(keys, &line, why))
            return fault_prefix(why, "%s:%zu", path, keys->count + 1);
        at += size + 1;
    }
    return keys->count >= 2 || fault_set(why, FAULT_REFUSE, "%s: holds no key", path);
}

/* ---- writing ---- */

/* With `master`, which is the current one, all under that; else each under its own. */
static bool write_lines(const struct file_keys *keys, FILE *stream, const char *master)
{
    bool is_written = true;
    for (size_t i = 0; i < keys->count; i++) {
        const char *id = master ? master : keys->list[i].master;
        uint8_t identity[IDENTITY_MOST], wrapped[WRAPPED_SIZE];
        char text[WRAPPED_TEXT_SIZE];
        const struct seal seal = {keyring_find(keys->masters, id), identity,
                                  identify(i, id, identity)};
        seal_close(&seal, keys->list[i].key, SEAL_KEY_SIZE, wrapped);
        (void)sodium_bin2base64(text, sizeof text, wrapped, sizeof wrapped,
                                sodium_base64_VARIANT_ORIGINAL); /* it gives the same back */
        is_written = is_written && fprintf(stream, "%zu %s %s\n", i, id, text) > 0;
    }
    return is_written;
}

static bool write_file(const struct file_keys *keys, const char *master, struct fault *why)
{
    struct text_stream stream;
    size_t size = 0;
    FILE *out = text_stream_begin(&stream);
    bool is_written = out && write_lines(keys, out, master);
    auto_free(free) char *text = out ? text_stream_end(&stream, &size) : NULL;
    return is_written && text ? durable_write(keys->folder, name, text, size, why)
                              : fault_memory(why);
}

static bool add(struct file_keys *keys, const uint8_t *key, struct fault *why)
{
    const char *current = keyring_current(keys->masters);
    if (keys->count == KEYS_MOST)
        return fault_set(why, FAULT_REFUSE, "%s/%s: %d keys, and no room for one more",
                         keys->folder, name, KEYS_MOST);
    struct file_key *added = &keys->list[keys->count++];
    (void)snprintf(added->master, sizeof added->master, "%s", current);
    if (key)
        memcpy(added->key, key, sizeof added->key);
    else
        randombytes_buf(added->key, sizeof added->key);
    return true;
}

/* The key that signed until now goes on signing. */
static bool make(struct file_keys *keys, struct fault *why)
{
    uint8_t signing[SEAL_KEY_SIZE];
    bool found = false;
    bool is_made = secret_find(keys->folder, signing, sizeof signing, &found, why) &&
                   add(keys, found ? signing : NULL, why) && add(keys, NULL, why) &&
                   write_file(keys, NULL, why);
    sodium_memzero(signing, sizeof signing);
    return is_made;
}

static bool follow_master(struct file_keys *keys, struct fault *why)
{
    const char *newest = keys->list[keys->count - 1].master;
    return strcmp(newest, keyring_current(keys->masters)) == 0 ||
           (add(keys, NULL, why) && write_file(keys, NULL, why));
}

/* ---- as the store opens ---- */

static bool open_there(struct file_keys *keys, const char *path, struct fault *why)
{
    size_t size = 0;
    auto_free(free) char *text = file_read(path, FILE_MOST, &size, why);
    return text && read_lines(keys, text, path, why);
}

bool file_keys_open(const char *folder, const struct keyring *masters, bool is_beside,
                    struct file_keys **keys, struct fault *why)
{
    auto_free(free) char *path = file_join(folder, name, why);
    if (!path)
        return false;
    *keys = NULL;
    bool is_there = access(path, F_OK) == 0;
    if (!is_there && errno != ENOENT)
        return fault_set(why, FAULT_REFUSE, "%s: %s", path, strerrordesc_np(errno));
    if (!is_there && (!masters || is_beside))
        return true;
    auto_free(file_keys_close) struct file_keys *opened = new_keys(folder, masters, why);
    if (!opened || !(is_there ? open_there(opened, path, why) : make(opened, why)))
        return false;
    if (!is_beside && (!follow_master(opened, why) || !secret_remove(folder, why)))
        return false;
    *keys = steal(opened);
    return true;
}

const uint8_t *file_keys_signing(const struct file_keys *keys)
{
    return keys->list[0].key;
}

struct sealed_by file_keys_newest(const struct file_keys *keys)
{
    return (struct sealed_by){(int64_t)keys->count - 1, keys->list[keys->count - 1].key};
}

const uint8_t *file_keys_find(const struct file_keys *keys, int64_t no)
{
    return no > 0 && no < (int64_t)keys->count ? keys->list[no].key : NULL;
}

bool file_keys_rekey(struct file_keys *keys, int64_t *count, struct fault *why)
{
    const char *current = keyring_current(keys->masters);
    int64_t others = 0;
    pthread_mutex_lock(&keys->lock);
    for (size_t i = 0; i < keys->count; i++)
        others += strcmp(keys->list[i].master, current) != 0;
    bool is_done = others == 0 || write_file(keys, current, why);
    for (size_t i = 0; i < keys->count && is_done; i++)
        (void)snprintf(keys->list[i].master, sizeof keys->list[i].master, "%s", current);
    pthread_mutex_unlock(&keys->lock);
    if (is_done)
        *count = others;
    return is_done;
}
