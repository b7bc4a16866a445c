/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lets the tests see what no outsider sees directly: the registry client's answers, and the
 * canonical form of a schema.  Prints one line: the result, or the fault's kind and text.
 *
 *     probe canonical FILE
 *     probe id URL SUBJECT FILE [USER PASSWORD-FILE [CA-FILE]]     `-` for none
 *     probe text URL ID
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "event/canonical.h"
#include "event/registry.h"
#include "event/schema.h"

#include <inttypes.h>

ENDS_WITH_SCOPE(struct schema *, schema_free)
ENDS_WITH_SCOPE(struct registry *, registry_close)

enum { FILE_LIMIT = 1024 * 1024 };

static bool show_canonical(char **arguments, struct fault *why)
{
    size_t size = 0;
    auto_free(schema_free) struct schema *schema = schema_load(arguments[0], why);
    auto_free(free) char *text = schema ? canonical_write(schema->shapes, &size, why) : NULL;
    if (!text)
        return false;
    printf("%016" PRIx64 " %s\n", schema->fingerprint, text);
    return true;
}

/** A later argument; NULL where it is missing or "-". */
static const char *optional(char **arguments, size_t index)
{
    for (size_t at = 0; at <= index; at++)
        if (!arguments[at])
            return NULL;
    return strcmp(arguments[index], "-") == 0 ? NULL : arguments[index];
}

static bool show_id(char **arguments, struct fault *why)
{
    const char *secret = optional(arguments, 4);
    size_t size = 0;
    auto_free(free) char *password = secret ? file_read_secret(secret, why) : NULL;
    auto_free(free) char *text = file_read(arguments[2], FILE_LIMIT, &size, why);
    if (!text || (secret && !password))
        return false;
    const struct registry_options options = {.url = arguments[0],
                                             .user = optional(arguments, 3),
                                             .password = password,
                                             .ca_file = optional(arguments, 5),
                                             .timeout_ms = 5000,
                                             .tries = 3,
                                             .may_register = true};
    auto_free(registry_close) struct registry *registry = registry_open(&options, why);
    int32_t id = -1;
    if (!registry || !registry_id(registry, arguments[1], text, &id, why))
        return false;
    printf("%" PRId32 "\n", id);
    return true;
}

static bool show_text(char **arguments, struct fault *why)
{
    const struct registry_options options = {.url = arguments[0], .timeout_ms = 5000, .tries = 3};
    auto_free(registry_close) struct registry *registry = registry_open(&options, why);
    int32_t id = (int32_t)strtol(arguments[1], NULL, 10);
    auto_free(free) char *text = registry ? registry_text(registry, id, why) : NULL;
    if (!text)
        return false;
    printf("%s\n", text);
    return true;
}

static const struct {
    const char *name;
    int arguments; /**< at least */
    bool (*show)(char **arguments, struct fault *why);
} verbs[] = {{"canonical", 1, show_canonical}, {"id", 3, show_id}, {"text", 2, show_text}};

int main(int count, char **arguments)
{
    static const char *const kinds[] = {"none", "refuse", "retry", "broken"};
    for (size_t i = 0; count > 1 && i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(arguments[1], verbs[i].name) != 0 || count - 2 < verbs[i].arguments)
            continue;
        struct fault why = {0};
        if (verbs[i].show(arguments + 2, &why))
            return EXIT_SUCCESS;
        printf("%s: %s\n", kinds[why.kind], why.text);
        return EXIT_FAILURE;
    }
    fprintf(stderr, "probe canonical FILE | id URL SUBJECT FILE [...] | text URL ID\n");
    return 2;
}
