/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILES_STORE_H
#define FILES_STORE_H

#include "base/digest.h"
#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Attachments by their SHA-256: written once, never changed.  On local disk (FOLDER/ab/abcdef...,
 * written beside, fsynced, renamed, folder fsynced) or in an S3-compatible service.  Memory is
 * constant, whatever the size.  All calls may be made from any thread; a writer or a reader is one
 * thread's.
 */
struct file_store;

struct file_store_options {
    const char *folder;       /**< of the local store, and of what is being written */
    int64_t file_limit_bytes; /**< of one file */
    int64_t reserve_bytes;    /**< free disk below which nothing more is written: FAULT_RETRY */
    struct {
        const char *endpoint; /**< https://host[:port]; NULL: files stay on local disk */
        const char *bucket;
        const char *region;
        const char *access_key;
        const char *secret_key_file;
        const char *ca_file; /**< PEM; NULL for the system's */
        int64_t timeout_ms;
    } s3;
};

struct file_store *file_store_open(const struct file_store_options *options, struct fault *why)
    __attribute__((warn_unused_result));
void file_store_close(struct file_store *store);

/** One file on its way in. */
struct file_writer;
struct file_writer *file_writer_open(struct file_store *store, struct fault *why)
    __attribute__((warn_unused_result));
/** FAULT_REFUSE when the file is over its limit; FAULT_RETRY when the disk is full. */
bool file_writer_add(struct file_writer *writer, const void *bytes, size_t size, struct fault *why)
    __attribute__((warn_unused_result));
/**
 * Makes it durable under its hash; `sha256` and `size` are given back.  With `expected` not NULL
 * and another hash: FAULT_REFUSE, and nothing is kept.  A file that is there already is left.
 */
bool file_writer_keep(struct file_writer *writer, const uint8_t *expected,
                      uint8_t sha256[SHA256_SIZE], int64_t *size, struct fault *why)
    __attribute__((warn_unused_result));
/** Ends it; what was not kept is gone.  Accepts NULL. */
void file_writer_close(struct file_writer *writer);

/** One file on its way out.  The hash is checked while reading: the last read of a damaged file
 * fails with FAULT_BROKEN. */
struct file_reader;
/** FAULT_REFUSE when the store does not have it; FAULT_RETRY when the service is out of reach. */
struct file_reader *file_reader_open(struct file_store *store, const uint8_t sha256[SHA256_SIZE],
                                     int64_t *size, struct fault *why)
    __attribute__((warn_unused_result));
/** Up to `size` bytes; `*got` 0 at the end. */
bool file_reader_read(struct file_reader *reader, void *bytes, size_t size, size_t *got,
                      struct fault *why) __attribute__((warn_unused_result));
/** Back to the first byte, as a client that sends anew needs it. */
bool file_reader_rewind(struct file_reader *reader, struct fault *why)
    __attribute__((warn_unused_result));
void file_reader_close(struct file_reader *reader);

bool file_store_has(struct file_store *store, const uint8_t sha256[SHA256_SIZE], int64_t *size,
                    bool *has, struct fault *why) __attribute__((warn_unused_result));
bool file_store_remove(struct file_store *store, const uint8_t sha256[SHA256_SIZE],
                       struct fault *why) __attribute__((warn_unused_result));

#endif
