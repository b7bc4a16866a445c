/* SPDX-License-Identifier: Apache-2.0 */
/* `deliver:` of a partner: what is needed or excluded by what, defaults, paths, subscriptions. */
#include "directory/partner_delivery.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <inttypes.h>
#include <sys/stat.h>

#define HOUR_MS        INT64_C(3600000)
#define COUNT(table)   (sizeof(table) / sizeof *(table))
#define LOWER          "abcdefghijklmnopqrstuvwxyz"
#define LETTERS_DIGITS LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

enum { KEY_SIZE = 80, MEMBER_SIZE = 96, PORT_DIGITS = 5 };

/* Numbers, by what they are when they are left out. */
static const struct {
    const char *key;
    size_t offset;
    int64_t otherwise, least, most;
} numbers[] = {
    {"concurrency", offsetof(struct partner_delivery, concurrency), 4, 1, 1000},
    {"rate_per_s", offsetof(struct partner_delivery, rate_per_s), 0, 0, 1000000},
    {"timeout_ms", offsetof(struct partner_delivery, timeout_ms), 30000, 100, HOUR_MS},
    {"give_up_ms", offsetof(struct partner_delivery, give_up_ms), 72 * HOUR_MS, 1000,
     8760 * HOUR_MS},
};

/* Paths as the file has them, and where the settings want them. */
static const struct {
    const char *key;
    size_t row, setting;
} paths[] = {
    {"user_file", offsetof(struct delivery_row, user_file),
     offsetof(struct partner_delivery, user_file)},
    {"password_file", offsetof(struct delivery_row, password_file),
     offsetof(struct partner_delivery, password_file)},
    {"ca_file", offsetof(struct delivery_row, ca_file), offsetof(struct partner_delivery, ca_file)},
    {"certificate_file", offsetof(struct delivery_row, certificate_file),
     offsetof(struct partner_delivery, certificate_file)},
    {"key_file", offsetof(struct delivery_row, key_file),
     offsetof(struct partner_delivery, key_file)},
};

/* Keys that say nothing, or too much, without or with another. */
static const struct {
    const char *given, *other;
    bool is_needed;
} pairs[] = {
    {"certificate_file", "key_file", true}, {"key_file", "certificate_file", true},
    {"user", "password_file", true},        {"user_file", "password_file", true},
    {"user_file", "user", false},
};

/* The event types of schemas/dossier-event.avsc; a test holds them against it. */
static const char *const event_types[] = {
    "SUBMITTED",
    "RECEIVED",
    "INTAKE_REFUSED",
    "HANDED_OFF",
    "HANDOFF_ACCEPTED",
    "HANDOFF_RETURNED",
    "HANDOFF_RECALLED",
    "STEP_RECORDED",
    "SUPPLEMENT_REQUESTED",
    "SUPPLEMENTED",
    "FINANCIAL_OBLIGATION_RAISED",
    "FINANCIAL_OBLIGATION_SETTLED",
    "SUSPENDED",
    "RESUMED",
    "STOPPED",
    "WITHDRAWN",
    "RESOLVED",
    "RESULT_RETURNED",
    "DUE_DATE_CHANGED",
    "APOLOGY_ISSUED",
    "OVERDUE",
    "CORRECTED",
    "SNAPSHOT",
};

/* "deliver.KEY" of the partner. */
static bool refuse(const struct partner_place *place, const char *key, struct fault *why,
                   const char *what)
{
    char member[MEMBER_SIZE];
    (void)snprintf(member, sizeof member, "deliver.%s", key);
    return partner_refuse(place, member, why, what);
}

static bool has(const struct partner_place *place, const char *key)
{
    char member[MEMBER_SIZE];
    (void)snprintf(member, sizeof member, "deliver.%s", key);
    return partner_has(place, member);
}

static bool read_numbers(const struct partner_place *place, struct partner_delivery *settings,
                         struct fault *why)
{
    for (size_t i = 0; i < COUNT(numbers); i++) {
        int64_t *number = (int64_t *)(void *)((char *)settings + numbers[i].offset);
        if (!has(place, numbers[i].key))
            *number = numbers[i].otherwise;
        char range[80];
        (void)snprintf(range, sizeof range, "must be from %" PRId64 " to %" PRId64,
                       numbers[i].least, numbers[i].most);
        if (*number < numbers[i].least || *number > numbers[i].most)
            return refuse(place, numbers[i].key, why, range);
    }
    return true;
}

/* --- files --- */

/* The row's text becomes the path as this process sees it. */
static bool resolve(const struct partner_place *place, const char *key, char **text,
                    struct fault *why)
{
    struct stat status;
    char *path = file_beside(yaml_file_path(place->file), *text, why);
    if (!path)
        return false;
    free(*text);
    *text = path;
    if (stat(path, &status) != 0)
        return refuse(place, key, why, "is not there or not readable");
    return S_ISREG(status.st_mode) || refuse(place, key, why, "is not a file");
}

static bool read_paths(const struct partner_place *place, struct delivery_row *row,
                       struct partner_delivery *settings, struct fault *why)
{
    for (size_t i = 0; i < COUNT(paths); i++) {
        char **text = (char **)(void *)((char *)row + paths[i].row);
        if (!*text)
            continue;
        if (!resolve(place, paths[i].key, text, why))
            return false;
        *(const char **)(void *)((char *)settings + paths[i].setting) = *text;
    }
    return true;
}

/* --- texts --- */

static bool is_host(const char *text, size_t size)
{
    return size > 0 && strspn(text, LETTERS_DIGITS ".-") >= size;
}

/* HOST or HOST:PORT, up to the end of `text`. */
static bool is_address(const char *text)
{
    size_t host = strcspn(text, ":");
    if (!is_host(text, host))
        return false;
    if (text[host] == '\0')
        return true;
    const char *port = text + host + 1;
    size_t digits = strspn(port, "0123456789");
    return digits > 0 && digits <= PORT_DIGITS && port[digits] == '\0';
}

/* Who calls it appends paths: nothing may stand behind the base's own. */
static bool is_base_url(const char *url)
{
    static const char *const schemes[] = {"https://", "http://"};
    for (size_t i = 0; i < COUNT(schemes); i++) {
        size_t size = strlen(schemes[i]);
        if (strncmp(url, schemes[i], size) != 0)
            continue;
        char host[300];
        int length = (int)strcspn(url + size, "/");
        (void)snprintf(host, sizeof host, "%.*s", length, url + size);
        return length < (int)sizeof host && is_address(host) &&
               url[strspn(url, LETTERS_DIGITS "-._~:/%+,=@!$")] == '\0';
    }
    return false;
}

static bool check_url(const struct partner_place *place, const struct partner_delivery *settings,
                      struct fault *why)
{
    if (!settings->url)
        return settings->by != DELIVER_PUSH || refuse(place, "by", why, "push needs url as well");
    return is_base_url(settings->url) ||
           refuse(place, "url", why, "expected http:// or https://, a host, and at most a path");
}

static bool check_pairs(const struct partner_place *place, struct fault *why)
{
    for (size_t i = 0; i < COUNT(pairs); i++) {
        if (!has(place, pairs[i].given) || has(place, pairs[i].other) == pairs[i].is_needed)
            continue;
        char what[MEMBER_SIZE];
        (void)snprintf(what, sizeof what, pairs[i].is_needed ? "needs %s as well" : "not with %s",
                       pairs[i].other);
        return refuse(place, pairs[i].given, why, what);
    }
    return true;
}

static bool is_given(const struct partner_delivery *settings, const char *name)
{
    for (size_t i = 0; i < settings->given_count; i++)
        if (strcmp(settings->given[i].name, name) == 0)
            return true;
    return false;
}

/* `given` is where settings->given points to. */
static bool read_given(const struct partner_place *place, const struct delivery_row *row,
                       struct partner_given *given, struct partner_delivery *settings,
                       struct fault *why)
{
    for (size_t i = 0; i < row->given_count; i++) {
        char key[KEY_SIZE], *name = row->given[i], *equals = strchr(name, '=');
        (void)snprintf(key, sizeof key, "given[%zu]", i);
        if (!equals || equals == name || name + strspn(name, LETTERS_DIGITS "_-") != equals)
            return refuse(place, key, why, "expected NAME=TEXT");
        *equals = '\0';
        if (is_given(settings, name))
            return refuse(place, key, why, "this name is here twice");
        given[settings->given_count++] = (struct partner_given){name, equals + 1};
    }
    return true;
}

/* --- subscriptions --- */

static bool is_event_type(const char *text)
{
    for (size_t i = 0; i < COUNT(event_types); i++)
        if (strcmp(event_types[i], text) == 0)
            return true;
    return false;
}

static bool check_subscription(const struct partner_place *place,
                               const struct subscription *subscription, size_t index,
                               struct fault *why)
{
    char key[KEY_SIZE], member[MEMBER_SIZE];
    for (size_t i = 0; i < subscription->events_count; i++) {
        (void)snprintf(key, sizeof key, "subscriptions[%zu].events[%zu]", index, i);
        if (!is_event_type(subscription->events[i]))
            return refuse(place, key, why, "no such event type");
    }
    (void)snprintf(member, sizeof member, "deliver.subscriptions[%zu].agencies", index);
    return partner_check_codes(place, member, subscription->agencies, subscription->agencies_count,
                               why);
}

static bool check_subscriptions(const struct partner_place *place,
                                const struct partner_delivery *settings, struct fault *why)
{
    if (settings->subscription_count > 0 && settings->by == DELIVER_NONE)
        return refuse(place, "subscriptions", why, "needs by: push or mailbox");
    for (size_t i = 0; i < settings->subscription_count; i++)
        if (!check_subscription(place, &settings->subscriptions[i], i, why))
            return false;
    return true;
}

/* --- all of it --- */

static bool check_adapter(const struct partner_place *place,
                          const struct partner_delivery *settings, struct fault *why)
{
    return settings->adapter[strspn(settings->adapter, LETTERS_DIGITS "._-")] == '\0' ||
           refuse(place, "adapter", why, "expected a folder of adapters");
}

/* Without TLS from this machine alone. */
static bool is_fetched_from(const char *text)
{
    static const char *const here[] = {"http://127.0.0.1", "http://localhost"};
    for (size_t i = 0; i < sizeof here / sizeof here[0]; i++)
        if (strncmp(text, here[i], strlen(here[i])) == 0 && strchr(":", text[strlen(here[i])]))
            return is_address(text + sizeof "http://" - 1);
    return is_address(text);
}

static bool check_hosts(const struct partner_place *place, const struct partner_row *row,
                        struct fault *why)
{
    for (size_t i = 0; i < row->fetch_files_from_count; i++) {
        char member[MEMBER_SIZE];
        (void)snprintf(member, sizeof member, "fetch_files_from[%zu]", i);
        if (!is_fetched_from(row->fetch_files_from[i]))
            return partner_refuse(place, member, why, "expected HOST or HOST:PORT");
    }
    return true;
}

bool partner_delivery_read(const struct partner_place *place, struct partner_row *row,
                           struct partner_given *given, struct partner_delivery *settings,
                           struct fault *why)
{
    *settings = row->deliver.settings;
    settings->given = given;
    settings->subscriptions = row->deliver.subscriptions;
    settings->subscription_count = row->deliver.subscriptions_count;
    if (!has(place, "allow_http2"))
        settings->allow_http2 = true;
    if (!settings->adapter)
        settings->adapter = row->adapters[0];
    return check_adapter(place, settings, why) && read_numbers(place, settings, why) &&
           check_url(place, settings, why) && check_pairs(place, why) &&
           read_paths(place, &row->deliver, settings, why) &&
           read_given(place, &row->deliver, given, settings, why) &&
           check_subscriptions(place, settings, why) && check_hosts(place, row, why);
}
