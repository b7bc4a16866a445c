/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong.yaml into struct config: one table says every key, its type, default and range. */
#include "base/config.h"

#include "base/address.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/number.h"
#include "base/yaml_file.h"

#include <inttypes.h>
#include <sys/stat.h>

ENDS_WITH_SCOPE(struct yaml_file *, yaml_file_close)

#define AT(member) offsetof(struct config, member)
#define KIB        INT64_C(1024)
#define MIB        (1024 * KIB)
#define GIB        (1024 * MIB)
#define HOUR_MS    INT64_C(3600000)

static const struct config_setting settings[] = {
    {"http.listen", CONFIG_LISTEN, AT(http.listen), "127.0.0.1:8080", 0, 0},
    {"http.certificate", CONFIG_FILE, AT(http.certificate), "", 0, 0},
    {"http.private_key", CONFIG_FILE, AT(http.private_key), "", 0, 0},
    {"http.client_ca", CONFIG_FILE, AT(http.client_ca), "", 0, 0},
    {"http.client_crl", CONFIG_FILE, AT(http.client_crl), "", 0, 0},
    {"http.threads", CONFIG_NUMBER, AT(http.threads), "2", 1, 64},
    {"http.connections", CONFIG_NUMBER, AT(http.connections), "1000", 1, 100000},
    {"http.connections_per_address", CONFIG_NUMBER, AT(http.connections_per_address), "0", 0,
     100000},
    {"http.head_limit_bytes", CONFIG_NUMBER, AT(http.head_limit_bytes), "16384", KIB, MIB},
    {"http.body_limit_bytes", CONFIG_NUMBER, AT(http.body_limit_bytes), "104857600", KIB, GIB},
    {"http.body_memory_bytes", CONFIG_NUMBER, AT(http.body_memory_bytes), "268435456", KIB,
     1024 * GIB},
    {"http.idle_timeout_ms", CONFIG_NUMBER, AT(http.idle_timeout_ms), "60000", 100, HOUR_MS},
    {"http.body_deadline_ms", CONFIG_NUMBER, AT(http.body_deadline_ms), "60000", 100, HOUR_MS},
    {"http.body_least_rate", CONFIG_NUMBER, AT(http.body_least_rate), "65536", 0, GIB},
    {"http.rate_per_s", CONFIG_NUMBER, AT(http.rate_per_s), "0", 0, 1000000},
    {"http.burst", CONFIG_NUMBER, AT(http.burst), "0", 0, 1000000},
    {"http.reads_per_s", CONFIG_NUMBER, AT(http.reads_per_s), "1000", 0, 1000000},
    {"receipts.signing_keys", CONFIG_FILE, AT(receipts.signing_keys), "", 0, 0},
    {"receipts.issuer", CONFIG_TEXT, AT(receipts.issuer), "", 0, 0},
    {"admin.socket", CONFIG_PATH, AT(admin.socket), "lienthong.sock", 0, 0},
    {"operate.listen", CONFIG_LISTEN, AT(operate.listen), "", 0, 0},
    {"operate.certificate", CONFIG_FILE, AT(operate.certificate), "", 0, 0},
    {"operate.private_key", CONFIG_FILE, AT(operate.private_key), "", 0, 0},
    {"operate.public_url", CONFIG_TEXT, AT(operate.public_url), "", 0, 0},
    {"operate.operators", CONFIG_FILE, AT(operate.operators), "", 0, 0},
    {"operate.session_minutes", CONFIG_NUMBER, AT(operate.session_minutes), "480", 1, 10080},
    {"operate.idle_minutes", CONFIG_NUMBER, AT(operate.idle_minutes), "30", 1, 10080},
    {"operate.lock_after", CONFIG_NUMBER, AT(operate.lock_after), "5", 1, 1000},
    {"operate.lock_minutes", CONFIG_NUMBER, AT(operate.lock_minutes), "15", 1, 10080},
    {"operate.unmask_minutes", CONFIG_NUMBER, AT(operate.unmask_minutes), "10", 1, 1440},
    {"operate.silence_hours", CONFIG_NUMBER, AT(operate.silence_hours), "0", 0, 8760},
    {"operate.approval", CONFIG_NAME, AT(operate.approval), "edits", 0, 0},
    {"operate.secure_cookie", CONFIG_TRUTH, AT(operate.secure_cookie), "true", 0, 0},
    {"operate.oidc_issuer", CONFIG_TEXT, AT(operate.oidc_issuer), "", 0, 0},
    {"operate.oidc_client_id", CONFIG_TEXT, AT(operate.oidc_client_id), "", 0, 0},
    {"operate.oidc_client_secret_file", CONFIG_FILE, AT(operate.oidc_client_secret_file), "", 0, 0},
    {"operate.oidc_role_claim", CONFIG_TEXT, AT(operate.oidc_role_claim), "roles", 0, 0},
    {"operate.oidc_ca_file", CONFIG_FILE, AT(operate.oidc_ca_file), "", 0, 0},
    {"log.level", CONFIG_LEVEL, AT(log.level), "info", 0, 0},
    {"directory.agencies", CONFIG_FILE, AT(directory.agencies), "agencies.csv", 0, 0},
    {"directory.partners", CONFIG_FILE, AT(directory.partners), "partners.yaml", 0, 0},
    {"directory.pepper_file", CONFIG_FILE, AT(directory.pepper_file), "", 0, 0},
    {"adapters.folder", CONFIG_FOLDER, AT(adapters.folder), "../adapters", 0, 0},
    {"adapters.limits.document_bytes", CONFIG_NUMBER, AT(adapters.limits.document_bytes), "8388608",
     KIB, GIB},
    {"adapters.limits.depth", CONFIG_NUMBER, AT(adapters.limits.depth), "64", 1, 1000},
    {"adapters.limits.nodes", CONFIG_NUMBER, AT(adapters.limits.nodes), "200000", 1, 100000000},
    {"adapters.limits.attributes", CONFIG_NUMBER, AT(adapters.limits.attributes), "64", 1, 1000},
    {"adapters.limits.names", CONFIG_NUMBER, AT(adapters.limits.names), "2000", 1, 100000},
    {"adapters.limits.text_bytes", CONFIG_NUMBER, AT(adapters.limits.text_bytes), "65536", 1, GIB},
    {"adapters.limits.items", CONFIG_NUMBER, AT(adapters.limits.items), "1000", 1, 1000000},
    {"adapters.limits.problems", CONFIG_NUMBER, AT(adapters.limits.problems), "100", 1, 100000},
    {"schemas.folder", CONFIG_FOLDER, AT(schemas.folder), "../schemas", 0, 0},
    {"spool.file", CONFIG_PATH, AT(spool.file), "spool.db", 0, 0},
    {"spool.queue_entries", CONFIG_NUMBER, AT(spool.queue_entries), "10000", 1, 10000000},
    {"spool.queue_bytes", CONFIG_NUMBER, AT(spool.queue_bytes), "134217728", MIB, 1024 * GIB},
    {"spool.reserve_bytes", CONFIG_NUMBER, AT(spool.reserve_bytes), "268435456", 0, 1024 * GIB},
    {"spool.compress_above_bytes", CONFIG_NUMBER, AT(spool.compress_above_bytes), "16384", 0, GIB},
    {"spool.checkpoint_pages", CONFIG_NUMBER, AT(spool.checkpoint_pages), "8000", 1, 10000000},
    {"spool.overdue_ms", CONFIG_NUMBER, AT(spool.overdue_ms), "86400000", 1000, 8760 * HOUR_MS},
    {"spool.retention_days", CONFIG_NUMBER, AT(spool.retention_days), "30", 1, 36500},
    {"spool.publish_wait_ms", CONFIG_NUMBER, AT(spool.publish_wait_ms), "30000", 1, HOUR_MS},
    {"spool.encryption.key_file", CONFIG_FILE, AT(spool.encryption_key_file), "", 0, 0},
    {"files.folder", CONFIG_PATH, AT(files.folder), "files", 0, 0},
    {"files.file_limit_bytes", CONFIG_NUMBER, AT(files.file_limit_bytes), "62914560", KIB,
     16 * GIB},
    {"files.inline_above_bytes", CONFIG_NUMBER, AT(files.inline_above_bytes), "4096", 256, GIB},
    {"files.public_url", CONFIG_TEXT, AT(files.public_url), "", 0, 0},
    {"files.link_hours", CONFIG_NUMBER, AT(files.link_hours), "168", 1, 8760},
    {"files.upload_days", CONFIG_NUMBER, AT(files.upload_days), "7", 1, 36500},
    {"files.threads", CONFIG_NUMBER, AT(files.threads), "2", 1, 64},
    {"files.s3_endpoint", CONFIG_TEXT, AT(files.s3_endpoint), "", 0, 0},
    {"files.s3_bucket", CONFIG_TEXT, AT(files.s3_bucket), "", 0, 0},
    {"files.s3_region", CONFIG_NAME, AT(files.s3_region), "us-east-1", 0, 0},
    {"files.s3_access_key", CONFIG_TEXT, AT(files.s3_access_key), "", 0, 0},
    {"files.s3_secret_key_file", CONFIG_FILE, AT(files.s3_secret_key_file), "", 0, 0},
    {"files.s3_ca_file", CONFIG_FILE, AT(files.s3_ca_file), "", 0, 0},
    {"files.s3_timeout_ms", CONFIG_NUMBER, AT(files.s3_timeout_ms), "30000", 100, HOUR_MS},
    {"kafka.brokers", CONFIG_TEXT, AT(kafka.brokers), "", 0, 0},
    {"kafka.gateway_id", CONFIG_NAME, AT(kafka.gateway_id), "lienthong-1", 0, 0},
    {"kafka.topic_prefix", CONFIG_NAME, AT(kafka.topic_prefix), "lienthong.", 0, 0},
    {"kafka.pace_ms", CONFIG_NUMBER, AT(kafka.pace_ms), "200", 0, 60000},
    {"kafka.batch_entries", CONFIG_NUMBER, AT(kafka.batch_entries), "2000", 1, 100000},
    {"kafka.batch_bytes", CONFIG_NUMBER, AT(kafka.batch_bytes), "8388608", KIB, GIB},
    {"kafka.deadline_ms", CONFIG_NUMBER, AT(kafka.deadline_ms), "30000", 1000, HOUR_MS},
    {"kafka.properties", CONFIG_LIST, AT(kafka.properties), "", 0, 0},
    {"deliver.enabled", CONFIG_TRUTH, AT(deliver.enabled), "true", 0, 0},
    {"deliver.connections", CONFIG_NUMBER, AT(deliver.connections), "64", 1, 10000},
    {"deliver.answer_limit_bytes", CONFIG_NUMBER, AT(deliver.answer_limit_bytes), "65536", KIB,
     64 * MIB},
    {"deliver.first_delay_ms", CONFIG_NUMBER, AT(deliver.first_delay_ms), "1000", 1, HOUR_MS},
    {"deliver.longest_delay_ms", CONFIG_NUMBER, AT(deliver.longest_delay_ms), "900000", 1,
     24 * HOUR_MS},
    {"deliver.breaker_failures", CONFIG_NUMBER, AT(deliver.breaker_failures), "5", 1, 1000},
    {"deliver.probe_ms", CONFIG_NUMBER, AT(deliver.probe_ms), "15000", 1, HOUR_MS},
    {"deliver.redeliver_ms", CONFIG_NUMBER, AT(deliver.redeliver_ms), "60000", 100, HOUR_MS},
    {"deliver.batch_entries", CONFIG_NUMBER, AT(deliver.batch_entries), "500", 1, 100000},
    {"deliver.batch_bytes", CONFIG_NUMBER, AT(deliver.batch_bytes), "8388608", KIB, GIB},
    {"registry.url", CONFIG_TEXT, AT(registry.url), "", 0, 0},
    {"registry.user", CONFIG_TEXT, AT(registry.user), "", 0, 0},
    {"registry.password_file", CONFIG_FILE, AT(registry.password_file), "", 0, 0},
    {"registry.ca_file", CONFIG_FILE, AT(registry.ca_file), "", 0, 0},
    {"registry.timeout_ms", CONFIG_NUMBER, AT(registry.timeout_ms), "3000", 10, HOUR_MS},
    {"registry.tries", CONFIG_NUMBER, AT(registry.tries), "3", 1, 100},
    {"registry.may_register", CONFIG_TRUTH, AT(registry.may_register), "true", 0, 0},
    {"confine.enabled", CONFIG_TRUTH, AT(confine.enabled), "true", 0, 0},
    {"confine.drop_folder", CONFIG_FOLDER, AT(confine.drop_folder), "", 0, 0},
    {"stop.drain_ms", CONFIG_NUMBER, AT(stop.drain_ms), "10000", 0, HOUR_MS},
};
enum { SETTING_COUNT = sizeof settings / sizeof *settings };

/* Keys that say nothing, or something dangerous, without the other. */
static const struct {
    const char *given, *needed;
} pairs[] = {
    {"http.certificate", "http.private_key"},
    {"http.private_key", "http.certificate"},
    {"http.client_ca", "http.certificate"},
    {"http.client_crl", "http.client_ca"},
    {"registry.user", "registry.password_file"},
    {"operate.certificate", "operate.private_key"},
    {"operate.private_key", "operate.certificate"},
    {"operate.oidc_issuer", "operate.oidc_client_id"},
    {"operate.oidc_issuer", "operate.public_url"},
    {"files.s3_endpoint", "files.s3_bucket"},
    {"files.s3_endpoint", "files.s3_access_key"},
    {"files.s3_access_key", "files.s3_secret_key_file"},
    {"registry.password_file", "registry.user"},
};

/* Texts that are one of a few words. */
static const struct {
    const char *place;
    const char *words[2];
} choices[] = {
    {"operate.approval", {"none", "edits"}},
};

const struct config_setting *config_settings(size_t *count)
{
    *count = SETTING_COUNT;
    return settings;
}

static void *member(struct config *config, const struct config_setting *setting)
{
    return (char *)config + setting->offset;
}

static const struct config_setting *find_setting(const char *place, size_t size)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (strlen(settings[i].place) == size && memcmp(settings[i].place, place, size) == 0)
            return &settings[i];
    return NULL;
}

/* Whether settings lie below this place, as below "adapters.limits". */
static bool is_section(const char *place)
{
    size_t size = strlen(place);
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (strncmp(settings[i].place, place, size) == 0 && settings[i].place[size] == '.')
            return true;
    return false;
}

/* --- one value, by its kind; the text is the file's or the default --- */

struct load {
    struct config *config;
    const char *path;
};

static bool set_text(char **text, const char *value, struct fault *why)
{
    auto_free(free) char *copy = *value == '\0' ? NULL : strdup(value);
    if (*value != '\0' && !copy)
        return fault_memory(why);
    free(*text);
    *text = steal(copy);
    return true;
}

static bool set_name(char **text, const char *value, struct fault *why)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789._-";
    size_t size = strlen(value);
    if (size == 0 || size > 200 || strspn(value, allowed) != size)
        return fault_set(why, FAULT_REFUSE,
                         "expected 1 to 200 letters, digits, dots, hyphens, underscores");
    return set_text(text, value, why);
}

static bool set_listen(char **text, const char *value, struct fault *why)
{
    return (*value == '\0' || address_check(value, why)) && set_text(text, value, why);
}

static bool set_path(const struct load *load, char **text, const char *value, struct fault *why)
{
    char *path = NULL;
    if (*value != '\0' && !(path = file_beside(load->path, value, why)))
        return false;
    free(*text);
    *text = path;
    return true;
}

static bool set_number(const struct config_setting *setting, int64_t *number, const char *value,
                       struct fault *why)
{
    switch (number_read(value, strlen(value), setting->least, setting->most, number)) {
    case NUMBER_GOOD:
        return true;
    case NUMBER_OUT_OF_RANGE:
        return fault_set(why, FAULT_REFUSE, "must be from %" PRId64 " to %" PRId64, setting->least,
                         setting->most);
    case NUMBER_MALFORMED:
    default:
        return fault_set(why, FAULT_REFUSE, "expected a whole number");
    }
}

static bool set_truth(bool *truth, const char *value, struct fault *why)
{
    if (strcmp(value, "true") != 0 && strcmp(value, "false") != 0)
        return fault_set(why, FAULT_REFUSE, "expected true or false");
    *truth = *value == 't';
    return true;
}

static bool set_level(enum log_level *level, const char *value, struct fault *why)
{
    return log_level_named(value, level) ||
           fault_set(why, FAULT_REFUSE, "expected error, warn, info or debug");
}

/* A text that has a default is there; a name says for itself what it must be. */
static bool needs_text(const struct config_setting *setting)
{
    return setting->kind <= CONFIG_FOLDER && setting->kind != CONFIG_NAME &&
           *setting->otherwise != '\0';
}

static bool set_value(const struct load *load, const struct config_setting *setting,
                      const char *value, struct fault *why)
{
    void *at = member(load->config, setting);
    if (*value == '\0' && needs_text(setting))
        return fault_set(why, FAULT_REFUSE, "is empty");
    switch (setting->kind) {
    case CONFIG_TEXT:
        return set_text(at, value, why);
    case CONFIG_NAME:
        return set_name(at, value, why);
    case CONFIG_LISTEN:
        return set_listen(at, value, why);
    case CONFIG_PATH:
    case CONFIG_FILE:
    case CONFIG_FOLDER:
        return set_path(load, at, value, why);
    case CONFIG_NUMBER:
        return set_number(setting, at, value, why);
    case CONFIG_TRUTH:
        return set_truth(at, value, why);
    case CONFIG_LEVEL:
        return set_level(at, value, why);
    case CONFIG_LIST:
        return *value == '\0' || fault_set(why, FAULT_REFUSE, "expected a list");
    default:
        return fault_set(why, FAULT_BROKEN, "a setting of no kind");
    }
}

static bool add_item(struct config_list *list, const char *value, struct fault *why)
{
    if (*value == '=' || !strchr(value, '='))
        return fault_set(why, FAULT_REFUSE, "expected name=value");
    auto_free(free) char *item = strdup(value);
    char **items = reallocarray(list->items, list->count + 1, sizeof *items);
    if (items)
        list->items = items;
    if (!items || !item)
        return fault_memory(why);
    items[list->count++] = steal(item);
    return true;
}

/* --- the file --- */

struct visit {
    struct load load;
    const struct yaml_file *file;
};

static bool check_there(struct config *config, const struct config_setting *setting,
                        struct fault *why)
{
    struct stat status;
    char *const *path = member(config, setting);
    if ((setting->kind != CONFIG_FILE && setting->kind != CONFIG_FOLDER) || !*path)
        return true;
    if (file_is_handed_over(*path))
        return true; /* the command line need not see the daemon's secrets; who reads one says so */
    if (stat(*path, &status) != 0)
        return fault_set(why, FAULT_REFUSE, "%s is not there or not readable", *path);
    if (setting->kind == CONFIG_FILE && !S_ISREG(status.st_mode))
        return fault_set(why, FAULT_REFUSE, "%s is not a file", *path);
    if (setting->kind == CONFIG_FOLDER && !S_ISDIR(status.st_mode))
        return fault_set(why, FAULT_REFUSE, "%s is not a folder", *path);
    return true;
}

/* What is wrong with the value was said without its place. */
static bool refuse_value(const struct visit *visit, const struct yaml_entry *entry,
                         struct fault *why)
{
    struct fault inner = *why;
    if (inner.kind != FAULT_REFUSE)
        return false;
    return yaml_file_refuse_node(visit->file, entry->value, why, "%s: %s", entry->place,
                                 inner.text);
}

static bool take_scalar(const struct visit *visit, const struct config_setting *setting,
                        const struct yaml_entry *entry, struct fault *why)
{
    const char *text = (const char *)entry->value->data.scalar.value;
    bool is_plain = entry->value->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    bool is_text = setting->kind <= CONFIG_FOLDER || setting->kind == CONFIG_LIST;
    bool good;
    if (!is_plain && !is_text)
        good = fault_set(why, FAULT_REFUSE, "must not be quoted");
    else if (setting->kind == CONFIG_LIST && !entry->key)
        good = add_item(member(visit->load.config, setting), text, why);
    else
        good = set_value(&visit->load, setting, text, why) &&
               check_there(visit->load.config, setting, why);
    return good || refuse_value(visit, entry, why);
}

static bool refuse_unknown(const struct visit *visit, const struct yaml_entry *entry,
                           struct fault *why)
{
    return yaml_file_refuse_node(visit->file, entry->key ? entry->key : entry->value, why,
                                 "unknown key %s", entry->place);
}

/* A section with nothing in it, or all of it commented out, is as good as none. */
static bool is_nothing(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE && node->data.scalar.length == 0;
}

static bool take_entry(void *own, const struct yaml_entry *entry, struct fault *why)
{
    const struct visit *visit = own;
    if (is_section(entry->place))
        return entry->value->type == YAML_MAPPING_NODE || is_nothing(entry->value) ||
               yaml_file_refuse_node(visit->file, entry->value, why, "%s: expected keys",
                                     entry->place);
    const struct config_setting *setting = find_setting(entry->place, strcspn(entry->place, "["));
    if (!setting || (!entry->key && setting->kind != CONFIG_LIST))
        return refuse_unknown(visit, entry, why);
    if (entry->value->type == YAML_SCALAR_NODE)
        return take_scalar(visit, setting, entry, why);
    if (entry->value->type == YAML_SEQUENCE_NODE && setting->kind == CONFIG_LIST && entry->key)
        return true; /* its items come next */
    return yaml_file_refuse_node(visit->file, entry->value, why, "%s: expected a single value",
                                 entry->place);
}

static bool take_defaults(const struct load *load, struct fault *why)
{
    for (size_t i = 0; i < SETTING_COUNT; i++)
        if (!set_value(load, &settings[i], settings[i].otherwise, why))
            return false;
    return true;
}

static bool is_given(struct config *config, const char *place)
{
    const struct config_setting *setting = find_setting(place, strlen(place));
    return setting && *(char **)member(config, setting);
}

static bool check_pairs(const struct visit *visit, struct fault *why)
{
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (is_given(visit->load.config, pairs[i].given) &&
            !is_given(visit->load.config, pairs[i].needed))
            return yaml_file_refuse(visit->file, pairs[i].given, why, "%s needs %s as well",
                                    pairs[i].given, pairs[i].needed);
    return true;
}

static bool check_choices(const struct visit *visit, struct fault *why)
{
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
        const char *place = choices[i].place;
        const struct config_setting *setting = find_setting(place, strlen(place));
        const char *text = setting ? *(char **)member(visit->load.config, setting) : NULL;
        if (text && strcmp(text, choices[i].words[0]) != 0 &&
            strcmp(text, choices[i].words[1]) != 0)
            return yaml_file_refuse(visit->file, place, why, "%s: expected %s or %s", place,
                                    choices[i].words[0], choices[i].words[1]);
    }
    return true;
}

/* What operators send and see goes over TLS, or not over a network. */
static bool check_console(const struct visit *visit, struct fault *why)
{
    const struct config *config = visit->load.config;
    return !config->operate.listen || config->operate.certificate ||
           address_is_loopback(config->operate.listen) ||
           yaml_file_refuse(visit->file, "operate.listen", why,
                            "operate.listen needs operate.certificate as well, or a loopback "
                            "address");
}

static bool check_root(const struct yaml_file *file, struct fault *why)
{
    const yaml_node_t *root = yaml_file_root(file);
    return !root || root->type == YAML_MAPPING_NODE ||
           yaml_file_refuse_node(file, root, why, "expected keys");
}

bool config_load(const char *path, struct config *config, struct fault *why)
{
    auto_free(yaml_file_close) struct yaml_file *file = yaml_file_open(path, why);
    if (!file)
        return false;
    struct config loaded = {.http.listen = NULL};
    struct visit visit = {.load = {.config = &loaded, .path = path}, .file = file};
    if (!take_defaults(&visit.load, why) || !check_root(file, why) ||
        !yaml_file_walk(file, take_entry, &visit, why) || !check_pairs(&visit, why) ||
        !check_choices(&visit, why) || !check_console(&visit, why)) {
        config_free(&loaded);
        return false;
    }
    *config = loaded;
    return true;
}

bool config_refuse(const char *path, const char *place, struct fault *why)
{
    struct fault about = *why, other;
    auto_free(yaml_file_close) struct yaml_file *file =
        about.kind == FAULT_REFUSE ? yaml_file_open(path, &other) : NULL;
    return file && yaml_file_refuse(file, place, why, "%s: %s", place, about.text);
}

static void free_list(struct config_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
}

void config_free(struct config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (settings[i].kind <= CONFIG_FOLDER)
            free(*(char **)member(config, &settings[i]));
        else if (settings[i].kind == CONFIG_LIST)
            free_list(member(config, &settings[i]));
    }
    *config = (struct config){.http.listen = NULL};
}
