/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_OUTGOING_H
#define DELIVER_OUTGOING_H

#include "adapt/adapter.h"
#include "base/cleanup.h"
#include "files/store.h"

#include <curl/curl.h>

/** What a request sends: a document with the base64 of files in its holes, or one file.  Its size
 * is known before, its files are read while it is sent, in constant memory.  One thread's. */
struct outgoing;

/** Takes `written` in any case.  FAULT_REFUSE when the store lacks a file. */
struct outgoing *outgoing_of_document(struct adapt_written *written, struct file_store *files,
                                      struct fault *why) __attribute__((warn_unused_result));
struct outgoing *outgoing_of_file(const uint8_t sha256[SHA256_SIZE], struct file_store *files,
                                  struct fault *why) __attribute__((warn_unused_result));
void outgoing_free(struct outgoing *body);
ENDS_WITH_SCOPE(struct outgoing *, outgoing_free)

int64_t outgoing_size(const struct outgoing *body);

/** The whole body where none of it is a file: it need not be read piece by piece then, and its hash
 * is known at once.  NULL otherwise.  Lives as long as the body. */
const char *outgoing_bytes(struct outgoing *body);

/** For CURLOPT_READFUNCTION and CURLOPT_SEEKFUNCTION, whose data is the body: libcurl goes back to
 * the first byte when a kept connection turns out to be dead.  Any other place is refused. */
size_t outgoing_read(char *into, size_t one, size_t size, void *body);
int outgoing_seek(void *body, curl_off_t offset, int origin);

/** Why outgoing_read gave up; FAULT_NONE when it did not. */
const struct fault *outgoing_fault(const struct outgoing *body);
/** The hash of all that was read, once all was, or was given whole. */
bool outgoing_sha256(const struct outgoing *body, uint8_t sha256[SHA256_SIZE]);

#endif
