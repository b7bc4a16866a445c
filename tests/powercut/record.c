/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaded before the C library: writes down every call that changes or syncs a file under one
 * folder, and every HTTP answer, in the order in which they take effect.
 *
 *     POWERCUT_FOLDER=/…  POWERCUT_LOG=/…  [POWERCUT_KILL_AT=N]  LD_PRELOAD=record.so lienthongd …
 *
 * The folder's path has no symbolic link.  With POWERCUT_KILL_AT the process is killed as by kill
 * -9 after its Nth record.  A file NAME-shm is memory that SQLite's connections share: it means
 * nothing after a power cut, and is passed over.
 */
#include "record.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { MOST_DESCRIPTORS = 4096, PATH_SIZE = 1024, LOG_MODE = 0600 };

/* The same function under the name that it has for large files. */
#define SAME(declaration, name) declaration __attribute__((alias(#name)));

/* What is recorded of a descriptor. */
enum watched { UNWATCHED, WATCHED, SHARED_MEMORY };

static struct {
    pthread_mutex_t lock;
    const char *folder; /* NULL: nothing is recorded */
    size_t folder_size;
    int log;
    long kill_at;
    long count;
    uint32_t syncs;
    unsigned char watched[MOST_DESCRIPTORS];
} recorder = {.lock = PTHREAD_MUTEX_INITIALIZER, .log = -1};

/* A record that is not whole is worth nothing, nor is what comes after it. */
static void give_up(const char *why)
{
    (void)!write(STDERR_FILENO, why, strlen(why));
    abort();
}

static void put(struct record record, const char *path, const void *bytes, size_t size)
{
    record.path_size = path ? (uint32_t)strlen(path) : 0;
    record.byte_count = (uint32_t)size;
    const struct iovec parts[] = {{&record, sizeof record},
                                  {(void *)(uintptr_t)path, record.path_size},
                                  {(void *)(uintptr_t)bytes, size}};
    ssize_t whole = (ssize_t)(sizeof record + record.path_size + size);
    if (syscall(SYS_writev, recorder.log, parts, 3) != whole)
        give_up("record: the log cannot be written\n");
    if (++recorder.count == recorder.kill_at)
        (void)kill(getpid(), SIGKILL);
}

__attribute__((constructor)) static void begin(void)
{
    const char *log = getenv("POWERCUT_LOG");
    const char *kill_at = getenv("POWERCUT_KILL_AT");
    const char *folder = getenv("POWERCUT_FOLDER");
    if (!log || !folder)
        return;
    recorder.log = (int)syscall(SYS_openat, AT_FDCWD, log,
                                O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, LOG_MODE);
    if (recorder.log < 0)
        give_up("record: the log cannot be opened\n");
    recorder.folder_size = strlen(folder);
    recorder.kill_at = kill_at ? strtol(kill_at, NULL, 10) : -1;
    recorder.folder = folder;
    put((struct record){.kind = RECORD_START}, NULL, NULL, 0);
}

static void enter(void)
{
    (void)pthread_mutex_lock(&recorder.lock);
}

/* errno is the call's. */
static void leave(void)
{
    int number = errno;
    (void)pthread_mutex_unlock(&recorder.lock);
    errno = number;
}

static enum watched watched(int descriptor)
{
    if (!recorder.folder || descriptor < 0 || descriptor >= MOST_DESCRIPTORS)
        return UNWATCHED;
    return recorder.watched[descriptor];
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text);
    size_t end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

/* The path of `name` seen from the folder of a descriptor; false when it is longer than any here.
 */
static bool whole_path(int folder, const char *name, char path[PATH_SIZE])
{
    char link[64];
    int size = 0;
    if (name[0] == '/') {
        size = snprintf(path, PATH_SIZE, "%s", name);
    } else {
        (void)snprintf(link, sizeof link,
                       folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
        ssize_t base = readlink(link, path, PATH_SIZE - 1);
        if (base < 0)
            return false;
        size = (int)base + snprintf(path + base, PATH_SIZE - (size_t)base, "/%s", name);
    }
    return size < PATH_SIZE;
}

/* The part of the path that is recorded; NULL when it does not lie in the folder. */
static const char *inside(const char *path)
{
    const char *rest = path + recorder.folder_size;
    if (strncmp(path, recorder.folder, recorder.folder_size) != 0)
        return NULL;
    if (rest[0] == '\0')
        return rest;
    return rest[0] == '/' ? rest + 1 : NULL;
}

static const char *recorded(int folder, const char *name, char path[PATH_SIZE])
{
    return recorder.folder && whole_path(folder, name, path) ? inside(path) : NULL;
}

/* ---- descriptors ---- */

/* Under the name that it has, however it was asked for. */
static void note_opened(int opened, int flags)
{
    char path[PATH_SIZE] = "";
    char link[64];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", opened);
    ssize_t size = readlink(link, path, PATH_SIZE - 1);
    path[size > 0 ? size : 0] = '\0';
    const char *rest = inside(path);
    if (opened >= MOST_DESCRIPTORS)
        give_up("record: too many descriptors\n");
    if (!rest)
        return;
    recorder.watched[opened] = ends_with(rest, "-shm") ? SHARED_MEMORY : WATCHED;
    bool is_foreign = flags & O_DSYNC || (flags & O_TMPFILE) == O_TMPFILE;
    if (recorder.watched[opened] == WATCHED)
        put((struct record){.kind = is_foreign ? RECORD_FOREIGN : RECORD_OPEN,
                            .descriptor = opened,
                            .flags = (uint32_t)flags},
            rest, NULL, 0);
}

static int record_open(int folder, const char *name, int flags, mode_t mode)
{
    char path[PATH_SIZE];
    if (!recorded(folder, name, path))
        return (int)syscall(SYS_openat, folder, name, flags, mode);
    enter();
    int opened = (int)syscall(SYS_openat, folder, name, flags, mode);
    if (opened >= 0)
        note_opened(opened, flags);
    leave();
    return opened;
}

static mode_t mode_of(int flags, va_list arguments)
{
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(arguments, mode_t) : 0;
}

#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        mode_t mode = mode_of(flags, arguments);                                                   \
        va_end(arguments);                                                                         \
        return record_open(AT_FDCWD, path, flags, mode);                                           \
    }
#define OPEN_AT(name)                                                                              \
    int name(int folder, const char *path, int flags, ...)                                         \
    {                                                                                              \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        mode_t mode = mode_of(flags, arguments);                                                   \
        va_end(arguments);                                                                         \
        return record_open(folder, path, flags, mode);                                             \
    }
OPEN(open)
OPEN(open64)
OPEN_AT(openat)
OPEN_AT(openat64)

static void forget(int descriptor)
{
    if (watched(descriptor) == UNWATCHED)
        return;
    enter();
    if (watched(descriptor) == WATCHED)
        put((struct record){.kind = RECORD_CLOSE, .descriptor = descriptor}, NULL, NULL, 0);
    recorder.watched[descriptor] = UNWATCHED;
    leave();
}

int close(int descriptor)
{
    forget(descriptor);
    return (int)syscall(SYS_close, descriptor);
}

/* These two close without calling close(). */
int fclose(FILE *file)
{
    int (*real)(FILE * file);
    *(void **)&real = dlsym(RTLD_NEXT, "fclose");
    forget(fileno(file));
    return real(file);
}

int closedir(DIR *listing)
{
    int (*real)(DIR * listing);
    *(void **)&real = dlsym(RTLD_NEXT, "closedir");
    forget(dirfd(listing));
    return real(listing);
}

static int record_duplicate(int from, int to)
{
    if (to >= 0 && to < MOST_DESCRIPTORS && watched(from) != UNWATCHED) {
        enter();
        recorder.watched[to] = (unsigned char)watched(from);
        if (watched(from) == WATCHED)
            put((struct record){.kind = RECORD_DUPLICATE,
                                .descriptor = from,
                                .number = (uint32_t)to},
                NULL, NULL, 0);
        leave();
    }
    return to;
}

int dup(int descriptor)
{
    return record_duplicate(descriptor, (int)syscall(SYS_dup, descriptor));
}

static int record_fcntl(int descriptor, int command, void *argument)
{
    int code = (int)syscall(SYS_fcntl, descriptor, command, argument);
    return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? record_duplicate(descriptor, code)
                                                            : code;
}

#define FCNTL(name)                                                                                \
    int name(int descriptor, int command, ...)                                                     \
    {                                                                                              \
        va_list arguments;                                                                         \
        va_start(arguments, command);                                                              \
        void *argument = va_arg(arguments, void *);                                                \
        va_end(arguments);                                                                         \
        return record_fcntl(descriptor, command, argument);                                        \
    }
FCNTL(fcntl)
FCNTL(fcntl64)

/* ---- bytes ---- */

/* It is done all the same; the replayer then says that it cannot go on. */
static void put_foreign(const char *call)
{
    enter();
    put((struct record){.kind = RECORD_FOREIGN}, call, NULL, 0);
    leave();
}

static void put_bytes(int descriptor, int64_t offset, const void *bytes, ssize_t size)
{
    if (size > 0)
        put((struct record){.kind = RECORD_WRITE, .descriptor = descriptor, .offset = offset}, NULL,
            bytes, (size_t)size);
}

static void note_answer(int descriptor, const char *bytes, size_t size)
{
    static const char start[] = "HTTP/1.1 ";
    enum { STATUS_AT = sizeof start - 1, STATUS_END = STATUS_AT + 3, FINAL = 200 };
    struct sockaddr_in peer;
    socklen_t peer_size = sizeof peer;
    if (!recorder.folder || size < STATUS_END || memcmp(bytes, start, STATUS_AT) != 0 ||
        getpeername(descriptor, (struct sockaddr *)&peer, &peer_size) != 0 ||
        peer.sin_family != AF_INET)
        return;
    long status = strtol(bytes + STATUS_AT, NULL, 10);
    if (status < FINAL)
        return;
    enter();
    put((struct record){.kind = RECORD_ANSWER, .offset = status, .number = ntohs(peer.sin_port)},
        NULL, NULL, 0);
    leave();
}

ssize_t write(int descriptor, const void *bytes, size_t size)
{
    if (watched(descriptor) != WATCHED) {
        note_answer(descriptor, bytes, size);
        return syscall(SYS_write, descriptor, bytes, size);
    }
    enter();
    int flags = (int)syscall(SYS_fcntl, descriptor, F_GETFL);
    int64_t offset = lseek(descriptor, 0, flags & O_APPEND ? SEEK_END : SEEK_CUR);
    ssize_t count = syscall(SYS_write, descriptor, bytes, size);
    put_bytes(descriptor, offset, bytes, count);
    leave();
    return count;
}

ssize_t pwrite(int descriptor, const void *bytes, size_t size, off_t offset)
{
    if (watched(descriptor) != WATCHED)
        return syscall(SYS_pwrite64, descriptor, bytes, size, offset);
    enter();
    ssize_t count = syscall(SYS_pwrite64, descriptor, bytes, size, offset);
    put_bytes(descriptor, offset, bytes, count);
    leave();
    return count;
}
SAME(ssize_t pwrite64(int descriptor, const void *bytes, size_t size, off_t offset), pwrite)

/* Of a watched file in pieces; each is one call to whoever asks how far it came. */
ssize_t writev(int descriptor, const struct iovec *parts, int count)
{
    if (watched(descriptor) == WATCHED)
        return count > 0 ? write(descriptor, parts[0].iov_base, parts[0].iov_len) : 0;
    if (count > 0)
        note_answer(descriptor, parts[0].iov_base, parts[0].iov_len);
    return syscall(SYS_writev, descriptor, parts, count);
}

ssize_t send(int descriptor, const void *bytes, size_t size, int flags)
{
    note_answer(descriptor, bytes, size);
    return syscall(SYS_sendto, descriptor, bytes, size, flags, NULL, 0);
}

ssize_t sendmsg(int descriptor, const struct msghdr *message, int flags)
{
    if (message->msg_iovlen > 0)
        note_answer(descriptor, message->msg_iov[0].iov_base, message->msg_iov[0].iov_len);
    return syscall(SYS_sendmsg, descriptor, message, flags);
}

int ftruncate(int descriptor, off_t size)
{
    if (watched(descriptor) != WATCHED)
        return (int)syscall(SYS_ftruncate, descriptor, size);
    enter();
    int code = (int)syscall(SYS_ftruncate, descriptor, size);
    if (code == 0)
        put((struct record){.kind = RECORD_TRUNCATE, .descriptor = descriptor, .offset = size},
            NULL, NULL, 0);
    leave();
    return code;
}
SAME(int ftruncate64(int descriptor, off_t size), ftruncate)

int fallocate(int descriptor, int mode, off_t offset, off_t size)
{
    if (watched(descriptor) != WATCHED)
        return (int)syscall(SYS_fallocate, descriptor, mode, offset, size);
    enter();
    int code = (int)syscall(SYS_fallocate, descriptor, mode, offset, size);
    if (code == 0)
        put((struct record){.kind = mode == 0 ? RECORD_EXTEND : RECORD_FOREIGN,
                            .descriptor = descriptor,
                            .offset = offset + size},
            "fallocate", NULL, 0);
    leave();
    return code;
}
SAME(int fallocate64(int descriptor, int mode, off_t offset, off_t size), fallocate)

int posix_fallocate(int descriptor, off_t offset, off_t size)
{
    return fallocate(descriptor, 0, offset, size) == 0 ? 0 : errno;
}
SAME(int posix_fallocate64(int descriptor, off_t offset, off_t size), posix_fallocate)

void *mmap(void *at, size_t size, int protection, int flags, int descriptor, off_t offset)
{
    if (watched(descriptor) == WATCHED && protection & PROT_WRITE && flags & MAP_SHARED)
        put_foreign("mmap");
    return (void *)syscall(SYS_mmap, at, size, protection, flags, descriptor, offset);
}
SAME(void *mmap64(void *at, size_t size, int protection, int flags, int descriptor, off_t offset),
     mmap)

/* ---- names ---- */

/* The end of a call that changes a name, and of what enter() began. */
static int named(int code, enum record_kind kind, const char *path, const char *to)
{
    if (code == 0 && !ends_with(path, "-shm"))
        put((struct record){.kind = kind}, path, to, to ? strlen(to) : 0);
    leave();
    return code;
}

int mkdirat(int folder, const char *name, mode_t mode)
{
    char path[PATH_SIZE];
    const char *rest = recorded(folder, name, path);
    if (!rest)
        return (int)syscall(SYS_mkdirat, folder, name, mode);
    enter();
    return named((int)syscall(SYS_mkdirat, folder, name, mode), RECORD_FOLDER, rest, NULL);
}

int mkdir(const char *name, mode_t mode)
{
    return mkdirat(AT_FDCWD, name, mode);
}

int unlinkat(int folder, const char *name, int flags)
{
    char path[PATH_SIZE];
    const char *rest = recorded(folder, name, path);
    if (!rest)
        return (int)syscall(SYS_unlinkat, folder, name, flags);
    enter();
    return named((int)syscall(SYS_unlinkat, folder, name, flags), RECORD_UNLINK, rest, NULL);
}

int unlink(const char *name)
{
    return unlinkat(AT_FDCWD, name, 0);
}

int rmdir(const char *name)
{
    return unlinkat(AT_FDCWD, name, AT_REMOVEDIR);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    char path[PATH_SIZE], to_path[PATH_SIZE];
    const char *rest = recorded(from_folder, from, path);
    const char *to_rest = recorded(to_folder, to, to_path);
    if (!rest != !to_rest)
        put_foreign("rename across the folder");
    if (!rest || !to_rest)
        return (int)syscall(SYS_renameat, from_folder, from, to_folder, to);
    enter();
    return named((int)syscall(SYS_renameat, from_folder, from, to_folder, to), RECORD_RENAME, rest,
                 to_rest);
}

int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags)
{
    char path[PATH_SIZE], to_path[PATH_SIZE];
    const char *rest = recorded(from_folder, from, path);
    const char *to_rest = recorded(to_folder, to, to_path);
    if (!rest != !to_rest)
        put_foreign("link across the folder");
    if (!rest || !to_rest)
        return (int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags);
    enter();
    return named((int)syscall(SYS_linkat, from_folder, from, to_folder, to, flags), RECORD_LINK,
                 rest, to_rest);
}

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* ---- syncs ---- */

/* Others go on meanwhile: it covers what was written before it began, and from its end on. */
static int record_sync(int descriptor, long call)
{
    if (watched(descriptor) != WATCHED)
        return (int)syscall(call, descriptor);
    enter();
    uint32_t number = ++recorder.syncs;
    put((struct record){.kind = RECORD_SYNC_BEGIN, .descriptor = descriptor, .number = number},
        NULL, NULL, 0);
    leave();
    int code = (int)syscall(call, descriptor);
    if (code != 0)
        return code;
    enter();
    put((struct record){.kind = RECORD_SYNC_END, .number = number}, NULL, NULL, 0);
    leave();
    return code;
}

int fsync(int descriptor)
{
    return record_sync(descriptor, SYS_fsync);
}

int fdatasync(int descriptor)
{
    return record_sync(descriptor, SYS_fdatasync);
}

/* ---- calls that the gateway does not make on these files ---- */

static ssize_t record_foreign(int descriptor, const char *call)
{
    if (watched(descriptor) == WATCHED)
        put_foreign(call);
    errno = ENOSYS;
    return -1;
}

ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t size,
                        unsigned flags)
{
    if (watched(to) == WATCHED)
        return record_foreign(to, "copy_file_range");
    return syscall(SYS_copy_file_range, from, from_at, to, to_at, size, flags);
}

ssize_t pwritev(int descriptor, const struct iovec *parts, int count, off_t offset)
{
    if (watched(descriptor) == WATCHED)
        return record_foreign(descriptor, "pwritev");
    return syscall(SYS_pwritev, descriptor, parts, count, offset, 0);
}

int truncate(const char *name, off_t size)
{
    char path[PATH_SIZE];
    if (recorded(AT_FDCWD, name, path))
        put_foreign("truncate");
    return (int)syscall(SYS_truncate, name, size);
}
