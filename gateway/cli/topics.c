/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong topics create: the topics that the gateway writes to, with sensible settings. */
#include "kafka/topics.h"
#include "base/cleanup.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/options.h"

ENDS_WITH_SCOPE(json_t *, json_decref)

static void note_topic(void *own, const char *topic, enum topic_result result)
{
    static const char *const words[] = {[TOPIC_CREATED] = "created", [TOPIC_EXISTS] = "exists"};
    json_t *list = own;
    (void)json_array_append_new(list,
                                json_pack("{ss ss}", "topic", topic, "result", words[result]));
}

static int show_topics(json_t *list, bool as_json)
{
    if (as_json)
        return cli_print_json(json_incref(list));
    size_t index;
    const json_t *each;
    json_array_foreach (list, index, each) {
        (void)printf("%-8s %s\n", json_string_value(json_object_get(each, "result")),
                     json_string_value(json_object_get(each, "topic")));
    }
    return CLI_OK;
}

static int create(const struct config *config, int replication, int partitions, bool as_json)
{
    struct kafka_options kafka;
    auto_free(free) char *brokers = NULL;
    struct fault why;
    if (!config->kafka.brokers) {
        (void)fprintf(stderr,
                      "lienthong topics create: the embedded broker makes its own topics\n");
        return CLI_FAILED;
    }
    auto_free(json_decref) json_t *list = json_array();
    if (!cli_kafka(config, &kafka, &brokers, &why) ||
        !topics_create(&kafka, replication, partitions, note_topic, list, &why))
        return cli_complain("lienthong topics create", &why);
    return show_topics(list, as_json);
}

static int topics_create_command(int argc, char **argv)
{
    const char *config_path = cli_default_config();
    const char *replication_text = "-1";
    const char *partitions_text = "0";
    bool as_json = false;
    const struct cli_option table[] = {
        {"replication", "N", &replication_text, NULL, "copies of each; -1 is the broker's default"},
        {"partitions", "N", &partitions_text, NULL, "of dossier-events; 0 is our own choice"},
        {"config", "FILE", &config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {"lienthong topics create",
                                    "",
                                    "Creates the topics that are missing; changes none that exist.",
                                    table,
                                    0,
                                    0};
    int first;
    int exit_code;
    long long replication;
    long long partitions;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    if (!cli_number("replication", replication_text, -1, 100, &replication) ||
        !cli_number("partitions", partitions_text, 0, 10000, &partitions))
        return CLI_USAGE;
    auto_free(cli_free_config) struct config *config = cli_load_config(usage.command, config_path);
    return config ? create(config, (int)replication, (int)partitions, as_json) : CLI_FAILED;
}

int cli_topics(int argc, char **argv)
{
    static const struct command commands[] = {
        {"create", topics_create_command, "create what is missing"},
        {0},
    };
    return command_run("lienthong topics", commands, argc, argv);
}
