/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_WAL_VFS_H
#define SPOOL_WAL_VFS_H

#include "base/fault.h"

/**
 * The name of a VFS of SQLite for the one connection that writes: the default one, but that what is
 * written to the WAL is gathered and goes out in few large writes, at the latest before the WAL is
 * synced, read, measured, truncated or closed.
 *
 * Only for connections with `synchronous = FULL` or more: these sync before they publish a commit
 * in the WAL's index, so nobody looks for frames that are still gathered.  What an application may
 * expect of a VFS stays as it was, with one difference: a write that fails is reported by the call
 * that brings it to the file, where it can also be the sync.  Registers itself at the first call;
 * any thread may call.  NULL with the reason when it cannot.
 */
const char *wal_vfs(struct fault *why) __attribute__((warn_unused_result));

#endif
