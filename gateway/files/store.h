/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_STORE_H
#define FILES_STORE_H

#include "base/digest.h"
#include "base/fault.h"
#include "base/keyring.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Attachments by their SHA-256: written once, never changed.  On local disk (FOLDER/ab/abcdef...,
 * written beside, fsynced, renamed, folder fsynced) or in an S3-compatible service.  Memory is
 * constant, whatever the size.  All calls may be made from any thread; a writer or a reader is one
 * thread's at a time.
 *
 * With master keys no byte of a file lies anywhere but sealed (files/sealed.h), neither while it
 * comes nor while it goes; files that were stored before there were keys are read all the same.
 *
 * Whoever makes a file used or unused says so: file_store_hold keeps one from being removed while
 * something that uses it is on its way to the spool.
 */
struct file_store;

enum { FILE_KEY_SIZE = 32 };

struct file_store_options {
    const char *folder;       /**< of the local store, of what is being written, and of the key */
    int64_t file_limit_bytes; /**< of one file */
    bool is_beside;           /**< only reads, beside the process that has the folder */
    int64_t reserve_bytes;    /**< free disk below which nothing more is written: FAULT_RETRY */
    const struct keyring *masters; /**< NULL: files are not sealed */
    struct {
        const char *endpoint; /**< https://host[:port]; NULL: files stay on local disk */
        const char *bucket;
        const char *region;
        const char *access_key;
        const char *secret_key_file;
        const char *ca_file; /**< PEM; NULL for the system's */
        int64_t timeout_ms;  /**< of no progress, and of each small call */
    } s3;
};

/**
 * Makes the folder when it is missing, removes what a dead process left half-written.  FAULT_RETRY
 * when another process has the folder; FAULT_REFUSE names what is wrong with the options, and the
 * master key that files are sealed under when it is not there.
 */
struct file_store *file_store_open(const struct file_store_options *options, struct fault *why)
    __attribute__((warn_unused_result));
/** Ends waits for a service soon, now and from now on: those calls fail with FAULT_RETRY.  Accepts
 * NULL. */
void file_store_interrupt(struct file_store *store);
void file_store_close(struct file_store *store);

/** "disk" or "s3". */
const char *file_store_name(const struct file_store *store);
int64_t file_store_limit(const struct file_store *store);
/** FILE_KEY_SIZE random bytes that live in the folder, for files/proof.h; borrowed. */
const uint8_t *file_store_key(const struct file_store *store);
/** Free bytes of the folder's disk, and whether they are below the reserve. */
int64_t file_store_free(const struct file_store *store, bool *is_low);

/** One file on its way in. */
struct file_writer;
/** FAULT_RETRY when the disk is below its reserve. */
struct file_writer *file_writer_open(struct file_store *store, struct fault *why)
    __attribute__((warn_unused_result));
/** FAULT_REFUSE when the file is over its limit; FAULT_RETRY when the disk is full.  Does not wait
 * for the disk. */
bool file_writer_add(struct file_writer *writer, const void *bytes, size_t size, struct fault *why)
    __attribute__((warn_unused_result));
/** No more is added: its hash and size. */
bool file_writer_end(struct file_writer *writer, uint8_t sha256[SHA256_SIZE], int64_t *size,
                     struct fault *why) __attribute__((warn_unused_result));
/**
 * Makes it durable under its hash; waits for the disk or the service.  After file_writer_end, or
 * instead of it.  With `expected` not NULL and another hash: FAULT_REFUSE, and nothing is kept.
 * `*was_there` says that the same file was there already.
 */
bool file_writer_keep(struct file_writer *writer, const uint8_t *expected, bool *was_there,
                      struct fault *why) __attribute__((warn_unused_result));
/** Ends it; what was not kept is gone.  Accepts NULL. */
void file_writer_close(struct file_writer *writer);

/** One file on its way out.  The hash is checked while reading: the last read of a damaged file
 * fails with FAULT_BROKEN. */
struct file_reader;
/** FAULT_REFUSE when the store does not have it; FAULT_RETRY when the service is out of reach.  A
 * file of a service is fetched whole, to disk, before this returns. */
struct file_reader *file_reader_open(struct file_store *store, const uint8_t sha256[SHA256_SIZE],
                                     int64_t *size, struct fault *why)
    __attribute__((warn_unused_result));
/** Up to `size` bytes; `*got` 0 at the end. */
bool file_reader_read(struct file_reader *reader, void *bytes, size_t size, size_t *got,
                      struct fault *why) __attribute__((warn_unused_result));
/** From the byte with number `at`, in any order; damage shows here only in what is sealed. */
bool file_reader_read_at(struct file_reader *reader, int64_t at, void *bytes, size_t size,
                         size_t *got, struct fault *why) __attribute__((warn_unused_result));
/** Back to the first byte, as a client that sends anew needs it. */
bool file_reader_rewind(struct file_reader *reader, struct fault *why)
    __attribute__((warn_unused_result));
/** A descriptor of the file itself, which the caller closes, where it lies as it is; -1 where it is
 * sealed. */
int file_reader_take_descriptor(struct file_reader *reader);
void file_reader_close(struct file_reader *reader);

/**
 * A reader of a file whose hash is checked already, for file_reader_read_at and
 * file_reader_take_descriptor; NULL with the faults of file_reader_open, and FAULT_BROKEN when it
 * is damaged.  Reads it once.
 */
struct file_reader *file_store_lend(struct file_store *store, const uint8_t sha256[SHA256_SIZE],
                                    int64_t *size, struct fault *why)
    __attribute__((warn_unused_result));

/**
 * Brings a file of a service onto this machine until file_store_drop: meanwhile file_store_has and
 * file_reader_open wait for nobody.  That the service lacks it is known so, too.  Does nothing
 * where files are here anyway; fails with FAULT_RETRY when the service is out of reach.
 */
bool file_store_bring(struct file_store *store, const uint8_t sha256[SHA256_SIZE],
                      struct fault *why) __attribute__((warn_unused_result));
void file_store_drop(struct file_store *store, const uint8_t sha256[SHA256_SIZE]);
/** Whether there is a service to wait for. */
bool file_store_is_far(const struct file_store *store);

bool file_store_has(struct file_store *store, const uint8_t sha256[SHA256_SIZE], int64_t *size,
                    bool *has, struct fault *why) __attribute__((warn_unused_result));

/**
 * From now until file_store_let_go the file is not removed.  False when it is being removed at this
 * moment (it is then as good as not there), or when memory is out.  Never waits for the disk.
 */
bool file_store_hold(struct file_store *store, const uint8_t sha256[SHA256_SIZE])
    __attribute__((warn_unused_result));
void file_store_let_go(struct file_store *store, const uint8_t sha256[SHA256_SIZE]);

/** Who is asked and told about a removal, while nobody can take hold of the file; both may wait. */
struct file_removal {
    bool (*is_unused)(void *own, const uint8_t *sha256); /**< NULL: it is not asked */
    void (*removed)(void *own, const uint8_t *sha256); /**< it will not come back; NULL: not told */
    void *own;
};

/**
 * Removes the file if nobody holds it and `is_unused` says so: `*is_removed` tells.  Once `removed`
 * is called no power cut brings it back, so what remembers the file may forget it then.
 */
bool file_store_remove(struct file_store *store, const uint8_t sha256[SHA256_SIZE],
                       const struct file_removal *removal, bool *is_removed, struct fault *why)
    __attribute__((warn_unused_result));

/** Puts what files are sealed by under the current master key: `*count` keys were under another.
 * FAULT_REFUSE without master keys. */
bool file_store_rekey(struct file_store *store, int64_t *count, struct fault *why)
    __attribute__((warn_unused_result));
/** Seals a file that was stored before there were keys; `*is_sealed` says that it was one.
 * FAULT_REFUSE when it is damaged: it stays as it is. */
bool file_store_seal(struct file_store *store, const uint8_t sha256[SHA256_SIZE], bool *is_sealed,
                     struct fault *why) __attribute__((warn_unused_result));

#endif
