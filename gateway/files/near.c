/* SPDX-License-Identifier: Apache-2.0 */
/* A short list of open copies, each with how many count on it. */
#include "files/near.h"

#include "base/cleanup.h"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

struct copy {
    struct copy *next;
    uint8_t sha256[SHA256_SIZE];
    struct stored_file file; /* descriptor -1: the service lacks it */
    size_t holders;
};

struct near {
    pthread_mutex_t lock;
    struct copy *first; /* guarded by lock */
};

struct near *near_new(struct fault *why)
{
    struct near *near = calloc(1, sizeof *near);
    if (near)
        pthread_mutex_init(&near->lock, NULL);
    else
        (void)fault_memory(why);
    return near;
}

static void free_copy(struct copy *copy)
{
    if (copy->file.descriptor >= 0)
        (void)close(copy->file.descriptor); /* it was only read */
    free(copy);
}

void near_free(struct near *near)
{
    if (!near)
        return;
    while (near->first) {
        struct copy *copy = near->first;
        near->first = copy->next;
        free_copy(copy);
    }
    pthread_mutex_destroy(&near->lock);
    free(near);
}

/* Under lock: where it hangs, or where the list ends. */
static struct copy **find(struct near *near, const uint8_t *sha256)
{
    struct copy **at = &near->first;
    while (*at && memcmp((*at)->sha256, sha256, SHA256_SIZE) != 0)
        at = &(*at)->next;
    return at;
}

bool near_keep(struct near *near, const uint8_t sha256[SHA256_SIZE], const struct stored_file *file,
               struct fault *why)
{
    struct copy *copy = calloc(1, sizeof *copy);
    if (!copy) {
        if (file->descriptor >= 0)
            (void)close(file->descriptor); /* it was only read */
        return fault_memory(why);
    }
    copy->file = *file;
    memcpy(copy->sha256, sha256, SHA256_SIZE);
    pthread_mutex_lock(&near->lock);
    struct copy **at = find(near, sha256);
    if (*at) /* somebody else was faster */
        free_copy(copy);
    else
        *at = copy;
    (*at)->holders++;
    pthread_mutex_unlock(&near->lock);
    return true;
}

bool near_hold(struct near *near, const uint8_t sha256[SHA256_SIZE])
{
    pthread_mutex_lock(&near->lock);
    struct copy *copy = *find(near, sha256);
    if (copy)
        copy->holders++;
    pthread_mutex_unlock(&near->lock);
    return copy != NULL;
}

void near_drop(struct near *near, const uint8_t sha256[SHA256_SIZE])
{
    struct copy *gone = NULL;
    pthread_mutex_lock(&near->lock);
    struct copy **at = find(near, sha256);
    if (*at && --(*at)->holders == 0) {
        gone = *at;
        *at = gone->next;
    }
    pthread_mutex_unlock(&near->lock);
    if (gone)
        free_copy(gone);
}

bool near_look(struct near *near, const uint8_t sha256[SHA256_SIZE], struct stored_file *file)
{
    pthread_mutex_lock(&near->lock);
    const struct copy *copy = *find(near, sha256);
    if (copy)
        *file = copy->file;
    pthread_mutex_unlock(&near->lock);
    return copy != NULL;
}

bool near_open(struct near *near, const uint8_t sha256[SHA256_SIZE], struct stored_file *file)
{
    int descriptor = -1;
    pthread_mutex_lock(&near->lock);
    const struct copy *copy = *find(near, sha256);
    if (copy && copy->file.descriptor >= 0) {
        char path[40]; /* the file has no name of its own; a duplicate would share the place */
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", copy->file.descriptor);
        descriptor = open(path, O_RDONLY | O_CLOEXEC);
        *file = copy->file;
        file->descriptor = descriptor;
    }
    pthread_mutex_unlock(&near->lock);
    return descriptor >= 0;
}
