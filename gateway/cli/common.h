/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_COMMON_H
#define CLI_COMMON_H

#include "base/cleanup.h"
#include "base/config.h"
#include "base/fault.h"
#include "directory/directory.h"
#include "kafka/client.h"

#include <jansson.h>

/** Where a command looks for the configuration: $LIENTHONG_CONFIG, else /etc/lienthong. */
const char *cli_default_config(void);

/** Loads it, or says on standard error why not, after the command's name. */
struct config *cli_load_config(const char *command, const char *path);
void cli_free_config(struct config *config);
ENDS_WITH_SCOPE(struct config *, cli_free_config)

/** The directory that it names, or says why not, after the command's name. */
struct directory *cli_load_directory(const char *command, const struct config *config);

/** "COMMAND: text" on standard error; the exit code that fits the fault's kind. */
int cli_complain(const char *command, const struct fault *why);

/** Prints `json` on one line and releases it. */
int cli_print_json(json_t *json);

/** The Kafka side of a configuration.  With the embedded broker its address is the daemon's to
 * know: it is asked, and `*brokers` is the caller's to free. */
bool cli_kafka(const struct config *config, struct kafka_options *options, char **brokers,
               struct fault *why) __attribute__((warn_unused_result));

#endif
