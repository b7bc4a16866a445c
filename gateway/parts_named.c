/* SPDX-License-Identifier: Apache-2.0 */
/* What keys of the configuration name, looked at before anything runs. */
#include "parts_named.h"

#include "base/cleanup.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

bool start_receipt_keys(struct daemon *daemon, struct fault *why)
{
    const char *file = daemon->config->receipts.signing_keys;
    if (!file)
        return true;
    daemon->signing_keys = jws_keys_open(file, why);
    return daemon->signing_keys || config_refuse(daemon->config_path, "receipts.signing_keys", why);
}

void stop_receipt_keys(struct daemon *daemon)
{
    jws_keys_close(daemon->signing_keys);
}

bool start_kafka_properties(struct daemon *daemon, struct fault *why)
{
    const struct config_list *properties = &daemon->config->kafka.properties;
    for (size_t i = 0; i < properties->count; i++) {
        char place[64];
        (void)snprintf(place, sizeof place, "kafka.properties[%zu]", i);
        if (!kafka_takes(properties->items[i], why))
            return config_refuse(daemon->config_path, place, why);
    }
    return true;
}

bool start_socket_folder(struct daemon *daemon, struct fault *why)
{
    struct stat status;
    auto_free(free) char *path = strdup(daemon->config->admin.socket);
    if (!path)
        return fault_memory(why);
    const char *folder = dirname(path);
    if (stat(folder, &status) == 0)
        return true;
    (void)fault_set(why, FAULT_REFUSE, "%s: %s", folder, strerrordesc_np(errno));
    return config_refuse(daemon->config_path, "admin.socket", why);
}

void stop_nothing(struct daemon *daemon)
{
    (void)daemon;
}
