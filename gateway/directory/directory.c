/* SPDX-License-Identifier: Apache-2.0 */
/* Who is who and who may speak for whom: both files together, and the place where a newer loading
 * takes over while requests go on with theirs. */
#include "directory/directory.h"

#include "base/base64url.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "directory/seats.h"

#include <pthread.h>
#include <stdatomic.h>

enum { PEPPER_LEAST = 32, PEPPER_MOST = 4096, KEY_BYTES = 32 };
enum { FILE_MOST = 16 << 20, DIGITS = 8, VERSION_SIZE = 2 * DIGITS + 2 };

struct directory {
    atomic_size_t holders;
    struct agencies *agencies;
    struct partners *partners;
    struct seats *seats;
    char *pepper;
    size_t pepper_size;
    char version[VERSION_SIZE];
};

static void directory_free(struct directory *directory)
{
    if (directory->pepper)
        explicit_bzero(directory->pepper, directory->pepper_size);
    free(directory->pepper);
    seats_free(directory->seats);
    partners_free(directory->partners);
    agencies_free(directory->agencies);
    free(directory);
}

struct directory *directory_hold(struct directory *directory)
{
    (void)atomic_fetch_add(&directory->holders, 1); /* how many there were does not matter */
    return directory;
}

void directory_release(struct directory *directory)
{
    if (directory && atomic_fetch_sub(&directory->holders, 1) == 1)
        directory_free(directory);
}

ENDS_WITH_SCOPE(struct directory *, directory_release)

/* The file's bytes as they are, so that it may be random ones. */
static bool load_pepper(struct directory *directory, const char *path, struct fault *why)
{
    if (!path)
        return fault_set(why, FAULT_REFUSE, "directory.pepper_file is not set");
    directory->pepper = file_read(path, PEPPER_MOST, &directory->pepper_size, why);
    if (!directory->pepper)
        return false;
    if (directory->pepper_size < PEPPER_LEAST)
        return fault_set(why, FAULT_REFUSE, "%s: has under %d bytes", path, PEPPER_LEAST);
    return true;
}

static bool hash_file(const char *path, char hex[SHA256_HEX_SIZE], struct fault *why)
{
    size_t size;
    uint8_t digest[SHA256_SIZE];
    auto_free(free) char *bytes = file_read(path, FILE_MOST, &size, why);
    if (!bytes)
        return false;
    digest_sha256(bytes, size, digest);
    digest_hex(digest, sizeof digest, hex);
    return true;
}

static bool read_version(const struct directory_options *options, char version[VERSION_SIZE],
                         struct fault *why)
{
    char agencies[SHA256_HEX_SIZE], partners[SHA256_HEX_SIZE];
    if (!hash_file(options->agencies_file, agencies, why) ||
        !hash_file(options->partners_file, partners, why))
        return false;
    (void)snprintf(version, VERSION_SIZE, "%.*s-%.*s", DIGITS, agencies, DIGITS, partners);
    return true;
}

/* A version must not name other files than those that were read. */
static bool check_version(const struct directory_options *options, const char *version,
                          struct fault *why)
{
    char after[VERSION_SIZE];
    return read_version(options, after, why) &&
           (strcmp(after, version) == 0 ||
            fault_set(why, FAULT_RETRY, "%s or %s changed while it was read",
                      options->agencies_file, options->partners_file));
}

struct directory *directory_load(const struct directory_options *options, struct fault *why)
{
    auto_free(directory_release) struct directory *directory = calloc(1, sizeof *directory);
    if (!directory) {
        fault_memory(why);
        return NULL;
    }
    atomic_init(&directory->holders, 1);
    if (!load_pepper(directory, options->pepper_file, why) ||
        !read_version(options, directory->version, why) ||
        !(directory->agencies = agencies_load(options->agencies_file, why)) ||
        !(directory->partners = partners_load(options->partners_file, directory->agencies, why)) ||
        !check_version(options, directory->version, why) ||
        !(directory->seats = seats_new(directory->agencies, directory->partners, why)))
        return NULL;
    if (options->accept && !options->accept(options->own, directory, why))
        return NULL;
    return steal(directory);
}

const char *directory_version(const struct directory *directory)
{
    return directory->version;
}

const struct agencies *directory_agencies(const struct directory *directory)
{
    return directory->agencies;
}

const struct partner *directory_partner(const struct directory *directory, const char *id)
{
    return partners_find(directory->partners, id);
}

size_t directory_partner_count(const struct directory *directory)
{
    return partners_count(directory->partners);
}

const struct partner *directory_partner_at(const struct directory *directory, size_t index)
{
    return partners_at(directory->partners, index);
}

/* --- keys --- */

static void hash_key(const struct directory *directory, const char *key, size_t size,
                     uint8_t hash[SHA256_SIZE])
{
    digest_hmac(directory->pepper, directory->pepper_size, key, size, hash);
}

const struct partner *directory_by_key(const struct directory *directory, const char *key,
                                       size_t size, int32_t day)
{
    uint8_t hash[SHA256_SIZE];
    hash_key(directory, key, size, hash);
    return partners_by_hash(directory->partners, hash, day);
}

const struct partner *directory_by_certificate(const struct directory *directory,
                                               const uint8_t fingerprint[SHA256_SIZE],
                                               const char *subject, const char *issuer, int32_t day)
{
    return partners_by_certificate(directory->partners, fingerprint, subject, issuer, day);
}

void directory_make_key(const struct directory *directory, char key[API_KEY_SIZE],
                        char hash[SHA256_HEX_SIZE])
{
    uint8_t bytes[KEY_BYTES], digest[SHA256_SIZE];
    random_fill(bytes, sizeof bytes);
    base64url_encode(bytes, sizeof bytes, key);
    key[base64url_size(sizeof bytes)] = '\0';
    hash_key(directory, key, strlen(key), digest);
    digest_hex(digest, sizeof digest, hash);
    explicit_bzero(bytes, sizeof bytes);
}

/* --- who may speak --- */

/* Codes of agencies, and the loading that they are seen in. */
struct codes {
    const struct directory *directory;
    const char *const *codes;
    size_t count;
};

/* Whether one of the codes names this agency on that day. */
static bool name_it(const struct codes *codes, const struct agency *agency, int32_t day)
{
    for (size_t i = 0; i < codes->count; i++)
        if (agencies_find(codes->directory->agencies, codes->codes[i], day) == agency)
            return true;
    return false;
}

/* The agency itself, or one above it. */
static bool cover_it(const struct codes *codes, const struct agency *agency, int32_t day)
{
    while (agency && !name_it(codes, agency, day))
        agency = agencies_parent(codes->directory->agencies, agency, day);
    return agency != NULL;
}

bool directory_covers(const struct directory *directory, const char *const *codes, size_t count,
                      const char *code, int32_t day)
{
    const struct codes those = {directory, codes, count};
    const struct agency *named = agencies_named(directory->agencies, code, day);
    if (!named)
        return false;
    int32_t last_day = named->valid_to < day ? named->valid_to : day;
    if (cover_it(&those, named, last_day))
        return true;
    bool succeeded;
    struct fault ignored; /* no successor: then nobody speaks by it */
    const struct agency *successor =
        agencies_resolve(directory->agencies, code, day, &succeeded, &ignored);
    return successor && succeeded && cover_it(&those, successor, day);
}

bool directory_speaks_for(const struct directory *directory, const struct partner *partner,
                          const char *code, int32_t day)
{
    return directory_covers(directory, partner->agencies, partner->agency_count, code, day);
}

bool directory_has_seat(const struct directory *directory, const struct partner *partner,
                        const struct agency *agency)
{
    return seats_has(directory->seats, partner, agency);
}

static const struct partner *nearest(const struct directory *directory, const struct agency *agency,
                                     int32_t day, bool is_delivered_to, const struct agency **seat)
{
    for (; agency; agency = agencies_parent(directory->agencies, agency, day)) {
        const struct partner *partner = seats_first(directory->seats, agency, is_delivered_to);
        *seat = agency;
        if (partner)
            return partner;
    }
    return NULL;
}

const struct partner *directory_partner_for(const struct directory *directory,
                                            const struct agency *agency, int32_t day,
                                            const struct agency **seat)
{
    const struct partner *partner = nearest(directory, agency, day, true, seat);
    return partner ? partner : nearest(directory, agency, day, false, seat);
}

/* --- the one in force --- */

struct directory_place {
    struct directory_options options; /* with texts of our own */
    char *agencies_file, *partners_file, *pepper_file;
    pthread_mutex_t lock;
    struct directory *current; /* guarded by lock */
};

static bool copy_text(char **copy, const char *text, struct fault *why)
{
    *copy = text ? strdup(text) : NULL;
    return !text || *copy || fault_memory(why);
}

static bool keep_options(struct directory_place *place, const struct directory_options *options,
                         struct fault *why)
{
    if (!copy_text(&place->agencies_file, options->agencies_file, why) ||
        !copy_text(&place->partners_file, options->partners_file, why) ||
        !copy_text(&place->pepper_file, options->pepper_file, why))
        return false;
    place->options = *options;
    place->options.agencies_file = place->agencies_file;
    place->options.partners_file = place->partners_file;
    place->options.pepper_file = place->pepper_file;
    return true;
}

void directory_place_close(struct directory_place *place)
{
    if (!place)
        return;
    directory_release(place->current);
    (void)pthread_mutex_destroy(&place->lock); /* nobody holds it any more */
    free(place->agencies_file);
    free(place->partners_file);
    free(place->pepper_file);
    free(place);
}

ENDS_WITH_SCOPE(struct directory_place *, directory_place_close)

struct directory_place *directory_place_open(const struct directory_options *options,
                                             struct fault *why)
{
    struct directory_place *made = calloc(1, sizeof *made);
    if (!made || pthread_mutex_init(&made->lock, NULL) != 0) {
        free(made);
        fault_memory(why);
        return NULL;
    }
    auto_free(directory_place_close) struct directory_place *place = made;
    if (!keep_options(place, options, why) ||
        !(place->current = directory_load(&place->options, why)))
        return NULL;
    return steal(place);
}

/* A plain mutex that this thread does not hold: locking and unlocking cannot fail. */
struct directory *directory_current(struct directory_place *place)
{
    (void)pthread_mutex_lock(&place->lock);
    struct directory *current = directory_hold(place->current);
    (void)pthread_mutex_unlock(&place->lock);
    return current;
}

bool directory_reload(struct directory_place *place, struct fault *why)
{
    struct directory *loaded = directory_load(&place->options, why);
    if (!loaded)
        return false;
    (void)pthread_mutex_lock(&place->lock);
    struct directory *before = place->current;
    place->current = loaded;
    (void)pthread_mutex_unlock(&place->lock);
    directory_release(before);
    return true;
}
