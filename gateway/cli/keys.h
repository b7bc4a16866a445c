/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_KEYS_H
#define CLI_KEYS_H

#include "base/config.h"
#include "spool/reader.h"

/** Gives the keys of the configuration's spool.encryption_key_file, if it names one, to all readers
 * that are opened later.  Called once in a process. */
bool keys_serve(const struct config *config, struct fault *why) __attribute__((warn_unused_result));

/** A reader of `file` (NULL: the configuration's spool), with the keys of the configuration's
 * spool.encryption_key_file; without a configuration none.  Called once in a process. */
struct spool_reader *keys_open_reader(const struct config *config, const char *file,
                                      struct fault *why) __attribute__((warn_unused_result));

int keys_rekey(int argc, char **argv); /**< lienthong spool rekey */
int keys_make(int argc, char **argv);  /**< lienthong spool key */

#endif
