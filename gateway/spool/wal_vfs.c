/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite writes each frame of its WAL by two calls, 24 bytes and then a page, one right behind the
 * other.  For an accepted handoff these were half of all that the writer's thread asked of the
 * kernel.  They are gathered here, and a commit is one write and one sync.
 */
#include "spool/wal_vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

/* SQLite's own VFS writes less than 128 KiB in one call, and nothing at all of more (os_unix.c). */
enum { GATHERED_MOST = 124 * 1024 };

static const char vfs_name[] = "lienthong-wal";

/* An open WAL.  The default VFS's own file follows it in the same piece of memory. */
struct wal {
    sqlite3_file base;
    sqlite3_file *real;
    char *gathered; /* what belongs at `at` */
    sqlite3_int64 at;
    int size;
};

static struct wal *wal_of(sqlite3_file *file)
{
    return (struct wal *)(void *)file;
}

/* What could not be written belongs to a transaction that now fails, and is written anew. */
static int let_out(struct wal *wal)
{
    int size = wal->size;
    wal->size = 0;
    return size > 0 ? wal->real->pMethods->xWrite(wal->real, wal->gathered, size, wal->at)
                    : SQLITE_OK;
}

static int wal_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
    struct wal *wal = wal_of(file);
    bool follows = wal->size > 0 && at == wal->at + wal->size;
    int code = SQLITE_OK;
    if (!follows || size > GATHERED_MOST - wal->size)
        code = let_out(wal);
    if (code != SQLITE_OK || size > GATHERED_MOST)
        return code != SQLITE_OK ? code : wal->real->pMethods->xWrite(wal->real, bytes, size, at);
    if (wal->size == 0)
        wal->at = at;
    memcpy(wal->gathered + wal->size, bytes, (size_t)size);
    wal->size += size;
    return SQLITE_OK;
}

static int wal_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 at)
{
    struct wal *wal = wal_of(file);
    int code = let_out(wal);
    return code != SQLITE_OK ? code : wal->real->pMethods->xRead(wal->real, bytes, size, at);
}

static int wal_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct wal *wal = wal_of(file);
    int code = let_out(wal);
    return code != SQLITE_OK ? code : wal->real->pMethods->xTruncate(wal->real, size);
}

static int wal_sync(sqlite3_file *file, int flags)
{
    struct wal *wal = wal_of(file);
    int code = let_out(wal);
    return code != SQLITE_OK ? code : wal->real->pMethods->xSync(wal->real, flags);
}

static int wal_size(sqlite3_file *file, sqlite3_int64 *size)
{
    struct wal *wal = wal_of(file);
    int code = let_out(wal);
    return code != SQLITE_OK ? code : wal->real->pMethods->xFileSize(wal->real, size);
}

/* With something gathered only when its commit failed: then nobody misses it. */
static int wal_close(sqlite3_file *file)
{
    struct wal *wal = wal_of(file);
    free(wal->gathered);
    return wal->real->pMethods->xClose(wal->real);
}

static int wal_lock(sqlite3_file *file, int level)
{
    sqlite3_file *real = wal_of(file)->real;
    return real->pMethods->xLock(real, level);
}

static int wal_unlock(sqlite3_file *file, int level)
{
    sqlite3_file *real = wal_of(file)->real;
    return real->pMethods->xUnlock(real, level);
}

static int wal_is_locked(sqlite3_file *file, int *is_locked)
{
    sqlite3_file *real = wal_of(file)->real;
    return real->pMethods->xCheckReservedLock(real, is_locked);
}

static int wal_control(sqlite3_file *file, int operation, void *argument)
{
    sqlite3_file *real = wal_of(file)->real;
    return real->pMethods->xFileControl(real, operation, argument);
}

static int wal_sector(sqlite3_file *file)
{
    sqlite3_file *real = wal_of(file)->real;
    return real->pMethods->xSectorSize(real);
}

static int wal_traits(sqlite3_file *file)
{
    sqlite3_file *real = wal_of(file)->real;
    return real->pMethods->xDeviceCharacteristics(real);
}

/* Of version 1: shared memory and mapping are asked of the database's file, never of its WAL. */
static const sqlite3_io_methods wal_methods = {
    .iVersion = 1,
    .xClose = wal_close,
    .xRead = wal_read,
    .xWrite = wal_write,
    .xTruncate = wal_truncate,
    .xSync = wal_sync,
    .xFileSize = wal_size,
    .xLock = wal_lock,
    .xUnlock = wal_unlock,
    .xCheckReservedLock = wal_is_locked,
    .xFileControl = wal_control,
    .xSectorSize = wal_sector,
    .xDeviceCharacteristics = wal_traits,
};

static int open_wal(sqlite3_vfs *default_vfs, const char *name, struct wal *wal, int flags,
                    int *flags_out)
{
    wal->real = (sqlite3_file *)(wal + 1);
    wal->gathered = malloc(GATHERED_MOST);
    if (!wal->gathered)
        return SQLITE_NOMEM;
    int code = default_vfs->xOpen(default_vfs, name, wal->real, flags, flags_out);
    if (code == SQLITE_OK)
        wal->base.pMethods = &wal_methods;
    else
        free(wal->gathered); /* without methods nobody closes it */
    return code;
}

/* All other files are the default VFS's own. */
static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                    int *flags_out)
{
    sqlite3_vfs *default_vfs = vfs->pAppData;
    if (!(flags & SQLITE_OPEN_WAL))
        return default_vfs->xOpen(default_vfs, name, file, flags, flags_out);
    memset(wal_of(file), 0, sizeof(struct wal));
    return open_wal(default_vfs, name, wal_of(file), flags, flags_out);
}

/* The one copy of the default VFS, for good: SQLite keeps a pointer to it. */
static struct {
    pthread_once_t once;
    sqlite3_vfs vfs;
    int code;
} made = {.once = PTHREAD_ONCE_INIT};

static void make(void)
{
    sqlite3_vfs *default_vfs = sqlite3_vfs_find(NULL);
    made.code = SQLITE_ERROR;
    if (!default_vfs)
        return;
    made.vfs = *default_vfs;
    made.vfs.zName = vfs_name;
    made.vfs.szOsFile += (int)sizeof(struct wal);
    made.vfs.pNext = NULL;
    made.vfs.pAppData = default_vfs;
    made.vfs.xOpen = vfs_open;
    made.code = sqlite3_vfs_register(&made.vfs, 0);
}

const char *wal_vfs(struct fault *why)
{
    (void)pthread_once(&made.once, make);
    if (made.code == SQLITE_OK)
        return vfs_name;
    (void)fault_set(why, FAULT_BROKEN, "spool: SQLite takes no VFS: %s", sqlite3_errstr(made.code));
    return NULL;
}
