/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands share: the configuration, complaints, and ways to print. */
#include "cli/common.h"

#include "cli/client.h"
#include "cli/command.h"

#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

const char *cli_default_config(void)
{
    const char *named = getenv("LIENTHONG_CONFIG");
    return named ? named : "/etc/lienthong/lienthong.yaml";
}

struct config *cli_load_config(const char *command, const char *path)
{
    struct fault why;
    auto_free(free) struct config *config = calloc(1, sizeof *config);
    if (config ? config_load(path, config, &why) : fault_memory(&why))
        return steal(config);
    (void)cli_complain(command, &why);
    return NULL;
}

void cli_free_config(struct config *config)
{
    if (!config)
        return;
    config_free(config);
    free(config);
}

int cli_complain(const char *command, const struct fault *why)
{
    (void)fprintf(stderr, "%s: %s\n", command, why->text);
    return why->kind == FAULT_RETRY ? CLI_LATER : CLI_FAILED;
}

int cli_print_json(json_t *json)
{
    int failed = json ? json_dumpf(json, stdout, JSON_COMPACT | JSON_ENCODE_ANY) : -1;
    json_decref(json);
    if (failed == 0 && putchar('\n') != EOF)
        return CLI_OK;
    (void)fprintf(stderr, "could not print the answer\n");
    return CLI_FAILED;
}

static bool ask_for_brokers(const struct config *config, char **brokers, struct fault *why)
{
    auto_free(json_decref) json_t *status =
        client_ask_daemon(config->admin.socket, "GET", "/operate/v1/status", NULL, why);
    if (!status)
        return fault_prefix(why, "the embedded broker's address");
    const json_t *publisher = json_object_get(status, "publisher");
    const char *text = json_string_value(json_object_get(publisher, "brokers"));
    if (!text)
        return fault_set(why, FAULT_BROKEN, "the daemon does not say where its broker is");
    *brokers = strdup(text);
    return *brokers || fault_memory(why);
}

bool cli_kafka(const struct config *config, struct kafka_options *options, char **brokers,
               struct fault *why)
{
    *brokers = NULL;
    if (!config->kafka.brokers && !ask_for_brokers(config, brokers, why))
        return false;
    *options = (struct kafka_options){
        .brokers = *brokers ? *brokers : config->kafka.brokers,
        .gateway_id = config->kafka.gateway_id,
        .topic_prefix = config->kafka.topic_prefix,
        .properties = (const char *const *)config->kafka.properties.items,
        .property_count = config->kafka.properties.count,
    };
    return true;
}
