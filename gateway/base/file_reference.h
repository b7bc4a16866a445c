/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_FILE_REFERENCE_H
#define BASE_FILE_REFERENCE_H

#include "base/digest.h"

#include <stdbool.h>
#include <stddef.h>

/** What a text begins with that stands for a file which was moved out of a document, before the
 * file's hash: files/inline.h. */
#define FILE_REFERENCE_PREFIX "lienthong-file:"

/** Whether a text, blanks before it aside, has the form of such a reference, and then its hash.  It
 * proves nothing: anybody can write one. */
bool file_reference_read(const char *text, size_t size, uint8_t sha256[SHA256_SIZE]);

#endif
