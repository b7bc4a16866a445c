/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions in one list under one lock: there are as many as people. */
#include "operate/session.h"

#include "base/cleanup.h"

#include <pthread.h>

enum { ID_BYTES = 32, NAME_BYTES = 8 };

/* One place of the list. */
struct seat {
    bool is_taken;
    uint8_t hash[SHA256_SIZE]; /* of the id */
    int64_t opened_at, used_at;
    struct session session;
};

struct sessions {
    struct sessions_options options;
    uint8_t key[SHA256_SIZE]; /* of the scripts' ids */
    pthread_mutex_t lock;     /* guards the seats */
    struct seat seats[];
};

struct sessions *sessions_new(const struct sessions_options *options, struct fault *why)
{
    struct sessions *sessions =
        calloc(1, sizeof *sessions + options->most * sizeof sessions->seats[0]);
    if (!sessions || pthread_mutex_init(&sessions->lock, NULL) != 0) {
        free(sessions);
        (void)fault_memory(why);
        return NULL;
    }
    sessions->options = *options;
    random_fill(sessions->key, sizeof sessions->key);
    return sessions;
}

void sessions_free(struct sessions *sessions)
{
    if (!sessions)
        return;
    (void)pthread_mutex_destroy(&sessions->lock); /* nobody holds it any more */
    explicit_bzero(sessions->key, sizeof sessions->key);
    free(sessions);
}

static void hash_id(const char *id, uint8_t hash[SHA256_SIZE])
{
    digest_sha256(id, strlen(id), hash);
}

static bool is_over(const struct sessions *sessions, const struct seat *seat, int64_t now)
{
    return now - seat->opened_at >= sessions->options.session_ms ||
           now - seat->used_at >= sessions->options.idle_ms;
}

static void leave(struct seat *seat)
{
    explicit_bzero(seat, sizeof *seat);
}

/* These are hashes of random texts: how long a comparison takes says nothing of the ids. */
static struct seat *find(struct sessions *sessions, const uint8_t hash[SHA256_SIZE], int64_t now)
{
    for (size_t i = 0; i < sessions->options.most; i++) {
        struct seat *seat = &sessions->seats[i];
        if (!seat->is_taken)
            continue;
        if (is_over(sessions, seat, now))
            leave(seat);
        else if (memcmp(seat->hash, hash, SHA256_SIZE) == 0)
            return seat;
    }
    return NULL;
}

/* A provider's name may be one of here too, and is somebody else. */
static bool is_same_user(const struct session_owner *one, const struct session_owner *other)
{
    return one->is_foreign == other->is_foreign && strcmp(one->user, other->user) == 0;
}

/* Of those of this user the one that has been unused for longest; NULL while they have few. */
static struct seat *stalest_of(struct sessions *sessions, const struct session_owner *user)
{
    struct seat *oldest = NULL;
    size_t count = 0;
    for (size_t i = 0; i < sessions->options.most; i++) {
        struct seat *seat = &sessions->seats[i];
        if (!seat->is_taken || !is_same_user(&seat->session.owner, user))
            continue;
        count++;
        if (!oldest || seat->used_at < oldest->used_at)
            oldest = seat;
    }
    return count >= sessions->options.most_of_user ? oldest : NULL;
}

static struct seat *free_seat(struct sessions *sessions, const struct session_owner *user)
{
    struct seat *oldest = stalest_of(sessions, user);
    if (oldest)
        return oldest;
    oldest = &sessions->seats[0];
    for (size_t i = 0; i < sessions->options.most && oldest->is_taken; i++) {
        struct seat *seat = &sessions->seats[i];
        if (!seat->is_taken || seat->used_at < oldest->used_at)
            oldest = seat;
    }
    return oldest;
}

static void random_text(size_t size, char *text)
{
    uint8_t bytes[ID_BYTES];
    random_fill(bytes, size);
    digest_hex(bytes, size, text);
    explicit_bzero(bytes, sizeof bytes);
}

static void take_seat(struct sessions *sessions, const char *id, int64_t now,
                      const struct session *session)
{
    uint8_t hash[SHA256_SIZE];
    hash_id(id, hash);
    (void)pthread_mutex_lock(&sessions->lock);
    struct seat *seat = find(sessions, hash, now); /* also lets go of what is over */
    if (!seat)
        seat = free_seat(sessions, &session->owner);
    leave(seat);
    seat->is_taken = true;
    seat->opened_at = seat->used_at = now;
    seat->session = *session;
    memcpy(seat->hash, hash, sizeof hash);
    (void)pthread_mutex_unlock(&sessions->lock);
}

void session_open(struct sessions *sessions, const struct session_owner *owner, int64_t now,
                  char id[SESSION_ID_SIZE], struct session *session)
{
    *session = (struct session){.owner = *owner};
    random_text(NAME_BYTES, session->name);
    random_text(ID_BYTES, session->csrf);
    random_text(ID_BYTES, id);
    take_seat(sessions, id, now, session);
}

void session_open_script(struct sessions *sessions, const struct session_owner *owner,
                         const char *id, int64_t now, struct session *session)
{
    *session = (struct session){.owner = *owner, .is_script = true};
    random_text(NAME_BYTES, session->name);
    take_seat(sessions, id, now, session);
}

void session_script_id(const struct sessions *sessions, const char *user, const char *password,
                       char id[SESSION_ID_SIZE])
{
    uint8_t digests[2][SHA256_SIZE], both[SHA256_SIZE];
    digest_hmac(sessions->key, sizeof sessions->key, user, strlen(user), digests[0]);
    digest_hmac(sessions->key, sizeof sessions->key, password, strlen(password), digests[1]);
    digest_hmac(sessions->key, sizeof sessions->key, digests, sizeof digests, both);
    digest_hex(both, sizeof both, id);
    explicit_bzero(digests, sizeof digests);
}

bool session_find(struct sessions *sessions, const char *id, bool is_use, int64_t now,
                  struct session *session)
{
    uint8_t hash[SHA256_SIZE];
    hash_id(id, hash);
    (void)pthread_mutex_lock(&sessions->lock);
    struct seat *seat = find(sessions, hash, now);
    if (seat) {
        if (is_use)
            seat->used_at = now;
        *session = seat->session;
    }
    (void)pthread_mutex_unlock(&sessions->lock);
    return seat != NULL;
}

void session_end(struct sessions *sessions, const char *id)
{
    uint8_t hash[SHA256_SIZE];
    hash_id(id, hash);
    (void)pthread_mutex_lock(&sessions->lock);
    struct seat *seat = find(sessions, hash, 0); /* over or not */
    if (seat)
        leave(seat);
    (void)pthread_mutex_unlock(&sessions->lock);
}

size_t sessions_count(struct sessions *sessions, int64_t now)
{
    size_t count = 0;
    (void)pthread_mutex_lock(&sessions->lock);
    for (size_t i = 0; i < sessions->options.most; i++)
        count += sessions->seats[i].is_taken && !is_over(sessions, &sessions->seats[i], now);
    (void)pthread_mutex_unlock(&sessions->lock);
    return count;
}
