/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include "base/fault.h"
#include "base/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config_list {
    char **items;
    size_t count;
};

/** Bounds of one document; the adapters' limits by the same names. */
struct config_limits {
    int64_t document_bytes;
    int64_t depth;
    int64_t nodes;
    int64_t attributes;
    int64_t names;
    int64_t text_bytes;
    int64_t items;
    int64_t problems;
};

/**
 * The daemon's configuration: one member for each key of lienthong.yaml, which says what each
 * means.  A text that is not set is NULL; paths are already seen from the file's folder.
 */
struct config {
    struct {
        char *listen;
        char *certificate, *private_key, *client_ca, *client_crl;
        int64_t threads;
        int64_t connections, connections_per_address;
        int64_t head_limit_bytes, body_limit_bytes, body_memory_bytes;
        int64_t idle_timeout_ms, body_deadline_ms, body_least_rate;
        int64_t rate_per_s, burst, reads_per_s;
    } http;
    struct {
        char *signing_keys, *issuer;
    } receipts;
    struct {
        char *socket;
    } admin;
    struct {
        char *listen;
        char *certificate, *private_key;
        char *public_url;
        char *operators;
        int64_t session_minutes, idle_minutes;
        int64_t lock_after, lock_minutes;
        int64_t unmask_minutes;
        int64_t silence_hours;
        char *approval;
        bool secure_cookie;
        char *oidc_issuer, *oidc_client_id, *oidc_client_secret_file;
        char *oidc_role_claim, *oidc_ca_file;
    } operate;
    struct {
        enum log_level level;
    } log;
    struct {
        char *agencies, *partners, *pepper_file;
    } directory;
    struct {
        char *folder;
        struct config_limits limits;
    } adapters;
    struct {
        char *folder;
    } schemas;
    struct {
        char *file;
        int64_t queue_entries, queue_bytes;
        int64_t reserve_bytes;
        int64_t compress_above_bytes;
        int64_t checkpoint_pages;
        int64_t overdue_ms;
        int64_t retention_days;
        int64_t publish_wait_ms;
        char *encryption_key_file;
    } spool;
    struct {
        char *folder;
        int64_t file_limit_bytes, inline_above_bytes;
        char *public_url;
        int64_t link_hours, upload_days;
        int64_t threads;
        char *s3_endpoint, *s3_bucket, *s3_region;
        char *s3_access_key, *s3_secret_key_file;
        char *s3_ca_file;
        int64_t s3_timeout_ms;
    } files;
    struct {
        char *brokers;
        char *gateway_id;
        char *topic_prefix;
        int64_t pace_ms;
        int64_t batch_entries, batch_bytes;
        int64_t deadline_ms;
        struct config_list properties;
    } kafka;
    struct {
        bool enabled;
        int64_t connections;
        int64_t answer_limit_bytes;
        int64_t first_delay_ms, longest_delay_ms;
        int64_t breaker_failures, probe_ms;
        int64_t redeliver_ms;
        int64_t batch_entries, batch_bytes;
    } deliver;
    struct {
        char *url;
        char *user, *password_file;
        char *ca_file;
        int64_t timeout_ms;
        int64_t tries;
        bool may_register;
    } registry;
    struct {
        bool enabled;
        char *drop_folder;
    } confine;
    struct {
        int64_t drain_ms;
    } stop;
};

/**
 * Reads a configuration.  FAULT_REFUSE as "FILE:LINE:COLUMN: what" for an unknown key, a wrong
 * type, a number out of range, an address that is none, a file or folder that is named and not
 * there, and for keys that only make sense together.  The caller frees the value.
 */
bool config_load(const char *path, struct config *config, struct fault *why)
    __attribute__((warn_unused_result));
void config_free(struct config *config);

/** Puts "FILE:LINE:COLUMN: PLACE: " before a FAULT_REFUSE about what a key names, found out after
 * the file at `path` was loaded; of the part of the place that is there.  Returns false. */
bool config_refuse(const char *path, const char *place, struct fault *why);

enum config_kind {
    CONFIG_TEXT,   /**< char *, may be empty: NULL */
    CONFIG_NAME,   /**< char *, letters, digits, '.', '_', '-' */
    CONFIG_LISTEN, /**< char *, an address of base/address.h */
    CONFIG_PATH,   /**< char *, seen from the file's folder */
    CONFIG_FILE,   /**< a path at which a file must be, when it is given */
    CONFIG_FOLDER, /**< a path at which a folder must be, when it is given */
    CONFIG_NUMBER, /**< int64_t */
    CONFIG_TRUTH,  /**< bool */
    CONFIG_LEVEL,  /**< enum log_level */
    CONFIG_LIST,   /**< struct config_list of name=value */
};

/** One key: where it stands in the file and in struct config, and what it is when not given. */
struct config_setting {
    const char *place; /**< as "http.listen" */
    enum config_kind kind;
    size_t offset;
    const char *otherwise; /**< the default, as it would stand in the file; "" for none */
    int64_t least, most;   /**< of a number */
};

/** The whole table. */
const struct config_setting *config_settings(size_t *count);

#endif
