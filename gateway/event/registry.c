/* SPDX-License-Identifier: Apache-2.0 */
/* What the gateway asks of a schema registry: the id of its schemas, and schemas by their ids. */
#include "event/registry.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "event/rest.h"

#include <ctype.h>

enum { TEXT_LIMIT = 1024 * 1024, MESSAGE_SIZE = 160 };

/** Confluent's codes for what is not there; any other 404 is no registry's. */
enum { SUBJECT_ABSENT = 40401, VERSION_ABSENT = 40402, SCHEMA_ABSENT = 40403 };

ENDS_WITH_SCOPE(json_t *, json_decref)
ENDS_WITH_SCOPE(struct registry *, registry_close)

struct registry {
    struct rest *rest;
    bool may_register;
};

struct registry *registry_open(const struct registry_options *options, struct fault *why)
{
    auto_free(registry_close) struct registry *registry = calloc(1, sizeof *registry);
    if (!registry) {
        (void)fault_memory(why);
        return NULL;
    }
    const struct rest_options rest = {.url = options->url,
                                      .user = options->user,
                                      .password = options->password,
                                      .ca_file = options->ca_file,
                                      .timeout_ms = options->timeout_ms,
                                      .tries = options->tries};
    registry->may_register = options->may_register;
    registry->rest = rest_open(&rest, why);
    if (!registry->rest) {
        (void)fault_prefix(why, "schema registry");
        return NULL;
    }
    return steal(registry);
}

bool registry_configured(const struct config *config, struct registry **registry, struct fault *why)
{
    auto_free(free) char *password = NULL;
    if (config->registry.password_file) {
        password = file_read_secret(config->registry.password_file, why);
        if (!password)
            return false;
    }
    const struct registry_options options = {
        .url = config->registry.url,
        .user = config->registry.user,
        .password = password,
        .ca_file = config->registry.ca_file,
        .timeout_ms = config->registry.timeout_ms,
        .tries = (int)config->registry.tries,
        .may_register = config->registry.may_register,
    };
    *registry = config->registry.url ? registry_open(&options, why) : NULL;
    return *registry || !config->registry.url;
}

void registry_close(struct registry *registry)
{
    if (!registry)
        return;
    rest_close(registry->rest);
    free(registry);
}

void registry_interrupt(struct registry *registry)
{
    if (registry)
        rest_interrupt(registry->rest);
}

/* ---- answers ---- */

static bool is_absent(const struct rest_answer *answer)
{
    json_int_t code = json_integer_value(json_object_get(answer->json, "error_code"));
    return answer->status == 404 &&
           (code == SUBJECT_ABSENT || code == VERSION_ABSENT || code == SCHEMA_ABSENT);
}

/** The registry's own words, as part of one line. */
static void message_of(const struct rest_answer *answer, char text[MESSAGE_SIZE])
{
    const char *message = json_string_value(json_object_get(answer->json, "message"));
    snprintf(text, MESSAGE_SIZE, "%s", message ? message : "no message");
    for (char *at = text; *at; at++)
        if (iscntrl((unsigned char)*at))
            *at = ' ';
}

/* A status that the call did not hope for. */
static bool refuse(const struct rest_answer *answer, struct fault *why)
{
    char message[MESSAGE_SIZE];
    message_of(answer, message);
    if (answer->status == 404 && !json_is_integer(json_object_get(answer->json, "error_code")))
        return fault_set(why, FAULT_BROKEN, "answered 404: no registry's API is at this URL");
    if (answer->status == 409)
        return fault_set(why, FAULT_REFUSE, "the schema is incompatible: %s", message);
    return fault_set(why, FAULT_REFUSE, "answered %ld: %s", answer->status, message);
}

static bool take_id(json_t *json, int32_t *id, struct fault *why)
{
    json_t *member = json_object_get(json, "id");
    json_int_t number = json_integer_value(member);
    if (!json_is_integer(member) || number < 0 || number > INT32_MAX)
        return fault_set(why, FAULT_RETRY, "answered without an id");
    *id = (int32_t)number;
    return true;
}

/* ---- the id of a schema ---- */

/** A schema on its way to an id. */
struct errand {
    struct registry *registry;
    char *subject; /**< percent-encoded */
    char *body;
};

static bool post(const struct errand *errand, const char *before, const char *behind,
                 struct rest_answer *answer, struct fault *why)
{
    auto_free(free) char *path = NULL;
    if (asprintf(&path, "%s/subjects/%s%s", before, errand->subject, behind) < 0)
        return fault_memory(why);
    return rest_call(errand->registry->rest, path, errand->body, answer, why);
}

static bool look_up(const struct errand *errand, bool *is_found, int32_t *id, struct fault *why)
{
    struct rest_answer answer;
    if (!post(errand, "", "", &answer, why))
        return false;
    auto_free(json_decref) json_t *json = answer.json;
    *is_found = answer.status == 200;
    if (*is_found)
        return take_id(json, id, why);
    return is_absent(&answer) || refuse(&answer, why);
}

/* Asked before registering: a registry without a level set for the subject would take anything. */
static bool check_compatible(const struct errand *errand, struct fault *why)
{
    struct rest_answer answer;
    if (!post(errand, "/compatibility", "/versions/latest?verbose=true", &answer, why))
        return false;
    auto_free(json_decref) json_t *json = answer.json;
    if (is_absent(&answer)) /* the first version has nothing to be compatible with */
        return true;
    if (answer.status != 200)
        return refuse(&answer, why);
    json_t *verdict = json_object_get(json, "is_compatible");
    if (!json_is_boolean(verdict))
        return fault_set(why, FAULT_RETRY, "answered without a verdict");
    return json_is_true(verdict) ||
           fault_set(why, FAULT_REFUSE, "the schema is incompatible with the latest version");
}

static bool add(const struct errand *errand, int32_t *id, struct fault *why)
{
    struct rest_answer answer;
    if (!post(errand, "", "/versions", &answer, why))
        return false;
    auto_free(json_decref) json_t *json = answer.json;
    return answer.status == 200 ? take_id(json, id, why) : refuse(&answer, why);
}

static bool find_or_add(const struct errand *errand, int32_t *id, struct fault *why)
{
    bool is_found = false;
    if (!look_up(errand, &is_found, id, why))
        return false;
    if (is_found)
        return true;
    if (!errand->registry->may_register)
        return fault_set(why, FAULT_REFUSE, "the schema is not registered, and we may not do it");
    return check_compatible(errand, why) && add(errand, id, why);
}

static char *body_of(const char *text, struct fault *why)
{
    auto_free(json_decref) json_t *json =
        json_pack("{s:s, s:s}", "schemaType", "AVRO", "schema", text);
    char *body = json ? json_dumps(json, JSON_COMPACT) : NULL;
    if (!body)
        (void)fault_set(why, FAULT_BROKEN, "a schema that is no UTF-8, or no memory");
    return body;
}

bool registry_id(struct registry *registry, const char *subject, const char *text, int32_t *id,
                 struct fault *why)
{
    auto_free(free) char *encoded = rest_encode(subject, why);
    auto_free(free) char *body = encoded ? body_of(text, why) : NULL;
    if (!body)
        return false;
    const struct errand errand = {.registry = registry, .subject = encoded, .body = body};
    int32_t found = -1;
    if (!find_or_add(&errand, &found, why))
        return fault_prefix(why, "schema registry, %s", subject);
    *id = found;
    return true;
}

/* ---- a schema by its id ---- */

static char *text_of(const struct rest_answer *answer, struct fault *why)
{
    const char *text = json_string_value(json_object_get(answer->json, "schema"));
    const char *type = json_string_value(json_object_get(answer->json, "schemaType"));
    char *own = NULL;
    if (answer->status != 200)
        (void)refuse(answer, why);
    else if (!text)
        (void)fault_set(why, FAULT_RETRY, "answered without a schema");
    else if (type && strcmp(type, "AVRO") != 0)
        (void)fault_set(why, FAULT_REFUSE, "the schema is not Avro's");
    else if (json_array_size(json_object_get(answer->json, "references")) > 0)
        (void)fault_set(why, FAULT_REFUSE, "the schema refers to others, which are not followed");
    else if (strlen(text) > TEXT_LIMIT)
        (void)fault_set(why, FAULT_REFUSE, "the schema has over %d bytes", TEXT_LIMIT);
    else if (!(own = strdup(text)))
        (void)fault_memory(why);
    return own;
}

char *registry_text(struct registry *registry, int32_t id, struct fault *why)
{
    char path[40];
    snprintf(path, sizeof path, "/schemas/ids/%d", (int)id);
    struct rest_answer answer = {0};
    char *text = NULL;
    if (rest_call(registry->rest, path, NULL, &answer, why))
        text = text_of(&answer, why);
    json_decref(answer.json);
    if (!text)
        (void)fault_prefix(why, "schema registry, id %d", (int)id);
    return text;
}
