/* SPDX-License-Identifier: Apache-2.0 */
/* What a schema registry answers, headers and all: an id, a usable schema, or a fault. */
#include "canned.h"

#include "event/registry.h"

static struct registry *registry;

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    const struct registry_options options = {.url = "http://127.0.0.1:9/apis/ccompat",
                                             .timeout_ms = 1000,
                                             .tries = 1,
                                             .may_register = true};
    struct fault why = {0};
    (void)count, (void)arguments;
    registry = registry_open(&options, &why);
    stop_if(!registry, why.text);
    return 0;
}

static void check(const struct fault *why)
{
    stop_if(why->kind == FAULT_NONE || !*why->text, "a fault without words");
    for (const char *at = why->text; *at; at++)
        stop_if((unsigned char)*at < ' ', "a fault of several lines");
}

static void ask_text(void)
{
    struct fault why = {0};
    auto_free(free) char *text = registry_text(registry, 7, &why);
    struct schema *schema = text ? schema_parse(text, strlen(text), &why) : NULL;
    if (!schema)
        check(&why);
    schema_free(schema);
}

static void ask_id(void)
{
    struct fault why = {0};
    int32_t id = -1;
    if (registry_id(registry, "lienthong.dossier-events-value", "\"int\"", &id, &why))
        stop_if(id < 0, "a negative id");
    else
        check(&why);
}

/* The first byte says which is asked first; the answers follow it. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0)
        return 0;
    auto_free(free) char *answers = exact_copy(bytes + 1, size - 1);
    canned_load(answers, size - 1);
    if (*bytes != 'i')
        ask_text();
    ask_id();
    ask_id();
    return 0;
}
