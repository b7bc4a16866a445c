/* SPDX-License-Identifier: Apache-2.0 */
/* Files in a partner's folder: which wait, and where they go. */
#include "ingest/drop_folder.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDER_MODE = 0770, FILE_MODE = 0640, NAME_SIZE = 300, NS_PER_MS = 1000000 };

ENDS_WITH_SCOPE(DIR *, closedir)

static void scope_end_descriptor(const int *descriptor)
{
    if (*descriptor >= 0)
        (void)close(*descriptor); /* what was to be written was flushed before */
}
#define auto_close __attribute__((cleanup(scope_end_descriptor)))

/* ---- the folder ---- */

static int open_below(int folder, const char *name)
{
    if (mkdirat(folder, name, FOLDER_MODE) != 0 && errno != EEXIST)
        return -1;
    return openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

bool drop_folder_open(const char *path, struct drop_folder *folder, struct fault *why)
{
    *folder = (struct drop_folder){.path = path, .inbox = -1, .done = -1, .failed = -1};
    folder->inbox = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder->inbox >= 0)
        folder->done = open_below(folder->inbox, "done");
    if (folder->done >= 0)
        folder->failed = open_below(folder->inbox, "failed");
    if (folder->failed >= 0)
        return true;
    (void)fault_set(why, FAULT_RETRY, "%s: %s", path, strerror(errno));
    drop_folder_close(folder);
    return false;
}

void drop_folder_close(struct drop_folder *folder)
{
    const int all[] = {folder->inbox, folder->done, folder->failed};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        scope_end_descriptor(&all[i]);
    folder->inbox = folder->done = folder->failed = -1;
}

/* ---- what waits ---- */

static bool ends_in(const char *name, const char *ending)
{
    size_t size = strlen(name), ending_size = strlen(ending);
    return size > ending_size && strcmp(name + size - ending_size, ending) == 0;
}

static bool is_complete(const char *name)
{
    static const char *const endings[] = {".tmp", ".part", ".filepart", ".jws"};
    if (name[0] == '.')
        return false;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_in(name, endings[i]))
            return false;
    return true;
}

static int compare(const void *one, const void *other)
{
    const struct dropped *first = one, *second = other;
    if (first->written_ns != second->written_ns)
        return first->written_ns < second->written_ns ? -1 : 1;
    return strcmp(first->name, second->name);
}

static void cut(struct dropped *list, size_t *count, size_t limit)
{
    qsort(list, *count, sizeof *list, compare);
    while (*count > limit)
        free(list[--*count].name);
}

static struct dropped dropped_as(char *name, const struct stat *status)
{
    return (struct dropped){.name = name,
                            .written_ns = (int64_t)status->st_mtim.tv_sec * 1000 * NS_PER_MS +
                                          status->st_mtim.tv_nsec,
                            .device = status->st_dev,
                            .number = status->st_ino,
                            .size = status->st_size};
}

static bool is_it(const struct dropped *file, const struct stat *status)
{
    const struct dropped now = dropped_as(NULL, status);
    return now.written_ns == file->written_ns && now.device == file->device &&
           now.number == file->number && now.size == file->size;
}

static bool look_at(struct drop_folder *folder, const char *name, struct dropped *file, bool *waits)
{
    struct stat status;
    *waits = is_complete(name) && fstatat(folder->inbox, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
             S_ISREG(status.st_mode);
    if (*waits && strlen(name) > DROP_NAME_MOST) {
        *waits = false;
        folder->overlong++;
    }
    if (!*waits)
        return true;
    *file = dropped_as(strdup(name), &status);
    return file->name != NULL;
}

/* Keeps twice the limit while it looks, so that any number of files costs bounded memory. */
static bool gather(struct drop_folder *folder, DIR *listing, struct dropped *list, size_t limit,
                   size_t *count)
{
    for (struct dirent *entry; (entry = readdir(listing));) {
        bool waits;
        if (!look_at(folder, entry->d_name, &list[*count], &waits))
            return false;
        *count += waits;
        if (*count == 2 * limit)
            cut(list, count, limit);
    }
    cut(list, count, limit);
    return true;
}

struct dropped *drop_folder_list(struct drop_folder *folder, size_t limit, size_t *count,
                                 struct fault *why)
{
    *count = folder->overlong = 0;
    auto_free(closedir) DIR *listing = opendir(folder->path);
    if (!listing) {
        (void)fault_set(why, FAULT_RETRY, "%s: %s", folder->path, strerror(errno));
        return NULL;
    }
    auto_free(free) struct dropped *list = calloc(2 * limit, sizeof *list);
    if (list && gather(folder, listing, list, limit, count))
        return steal(list);
    for (size_t i = 0; list && i < *count; i++)
        free(list[i].name);
    (void)fault_memory(why);
    return NULL;
}

void drop_list_free(struct dropped *list, size_t count)
{
    for (size_t i = 0; list && i < count; i++)
        free(list[i].name);
    free(list);
}

/* ---- one file ---- */

static char *read_open(int file, size_t length, size_t *size, struct fault *why)
{
    auto_free(free) char *bytes = malloc(length + 1);
    if (!bytes) {
        (void)fault_memory(why);
        return NULL;
    }
    *size = 0;
    for (ssize_t got; *size < length; *size += (size_t)got) {
        got = read(file, bytes + *size, length - *size);
        if (got <= 0) {
            (void)fault_set(why, FAULT_RETRY, "a file changed while it was read");
            return NULL;
        }
    }
    return steal(bytes);
}

char *drop_folder_read(const struct drop_folder *folder, const struct dropped *file, int64_t limit,
                       size_t *size, struct fault *why)
{
    struct stat status;
    /* Without waiting: the partner may have put a fifo there since it was looked at. */
    auto_close int open =
        openat(folder->inbox, file->name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (open < 0 || fstat(open, &status) != 0) {
        (void)fault_set(why, FAULT_RETRY, "a file cannot be read: %s", strerror(errno));
        return NULL;
    }
    if (!is_it(file, &status)) {
        (void)fault_set(why, FAULT_RETRY, "a file changed since it was looked at");
        return NULL;
    }
    if (!S_ISREG(status.st_mode)) {
        (void)fault_set(why, FAULT_REFUSE, "it is no ordinary file");
        return NULL;
    }
    if (status.st_size > limit) {
        (void)fault_set(why, FAULT_REFUSE, "the file has over %" PRId64 " bytes", limit);
        return NULL;
    }
    return read_open(open, (size_t)status.st_size, size, why);
}

char *drop_folder_signature(const struct drop_folder *folder, const char *name, size_t limit,
                            struct fault *why)
{
    char beside[NAME_SIZE];
    struct stat status;
    size_t size = 0;
    (void)snprintf(beside, sizeof beside, "%s.jws", name);
    if (fstatat(folder->inbox, beside, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        (void)fault_set(why, FAULT_NONE, "there is none");
        return NULL;
    }
    const struct dropped file = dropped_as(beside, &status);
    char *text = drop_folder_read(folder, &file, (int64_t)limit, &size, why);
    while (text && size > 0 && strchr(" \t\r\n", text[size - 1]))
        size--;
    if (text)
        text[size] = '\0';
    return text;
}

/* NAME, or NAME with the time in front of `suffix` when there is one already. */
static void free_name(int folder, const char *name, char free[NAME_SIZE])
{
    struct stat status;
    (void)snprintf(free, NAME_SIZE, "%s", name);
    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
        (void)snprintf(free, NAME_SIZE, "%s.%" PRId64, name, clock_now_ms());
}

/* Under a hidden name first, so that whoever waits for the file finds all of it.  What bears either
 * name, from an earlier try or the partner's, who may write here too, is not written through. */
static bool write_text(int folder, const char *name, const char *text)
{
    char hidden[NAME_SIZE + 40];
    (void)snprintf(hidden, sizeof hidden, ".%s", name);
    if (unlinkat(folder, hidden, 0) != 0 && errno != ENOENT)
        return false;
    auto_close int file =
        openat(folder, hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    size_t size = strlen(text);
    return file >= 0 && write(file, text, size) == (ssize_t)size &&
           renameat(folder, hidden, folder, name) == 0;
}

/* The document is over, so that a signature which stays behind does no harm. */
static void move_signature(const struct drop_folder *folder, int to, const char *name,
                           const char *target)
{
    char from[NAME_SIZE + 32], beside[NAME_SIZE + 32];
    (void)snprintf(from, sizeof from, "%s.jws", name);
    (void)snprintf(beside, sizeof beside, "%s.jws", target);
    (void)renameat(folder->inbox, from, to, beside); /* mostly there is none */
}

/* What took the name since waits in its turn, under another one when a third has it by now. */
static bool give_back(const struct drop_folder *folder, int from, const char *target,
                      const char *name)
{
    char again[NAME_SIZE];
    if (renameat2(from, target, folder->inbox, name, RENAME_NOREPLACE) == 0)
        return true;
    free_name(folder->inbox, name, again);
    return renameat(from, target, folder->inbox, again) == 0;
}

static bool move(const struct drop_folder *folder, const struct dropped *file, int to,
                 const char *target)
{
    struct stat status;
    if (renameat(folder->inbox, file->name, to, target) != 0 ||
        fstatat(to, target, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    if (!is_it(file, &status))
        return give_back(folder, to, target, file->name);
    move_signature(folder, to, file->name, target);
    return true;
}

bool drop_folder_end(const struct drop_folder *folder, bool is_done, const struct dropped *file,
                     const char *suffix, const char *text, struct fault *why)
{
    int to = is_done ? folder->done : folder->failed;
    char target[NAME_SIZE], beside[NAME_SIZE + 32];
    free_name(to, file->name, target);
    (void)snprintf(beside, sizeof beside, "%s%s", target, suffix);
    if (write_text(to, beside, text) && move(folder, file, to, target))
        return true;
    return fault_set(why, FAULT_RETRY, "%s: a file cannot be moved: %s", folder->path,
                     strerror(errno));
}

void drop_folder_prune(const struct drop_folder *folder, int64_t before_ms)
{
    int copy = dup(folder->done);
    auto_free(closedir) DIR *listing = copy >= 0 ? fdopendir(copy) : NULL;
    if (!listing)
        return; /* the next hour looks again */
    rewinddir(listing);
    for (struct dirent *entry; (entry = readdir(listing));) {
        struct stat status;
        if (fstatat(folder->done, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(status.st_mode) && (int64_t)status.st_ctim.tv_sec * 1000 < before_ms)
            (void)unlinkat(folder->done, entry->d_name, 0); /* the next hour tries again */
    }
}
