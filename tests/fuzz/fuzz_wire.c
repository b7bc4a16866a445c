/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes from Kafka: what wire_check lets pass must be decodable, showable and encodable again. */
#include "base/cleanup.h"
#include "event/render.h"
#include "event/wire.h"

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#define RECORD(fields) "{\"type\":\"record\",\"name\":\"R\",\"fields\":[" fields "]}"

static const struct wire_limits limits = {.text_size = 1000, .items = 200, .depth = 16};

/* One for the event and one for each odd type; the first byte of the input chooses. */
static const char *const odd[] = {
    "{\"type\":\"array\",\"items\":\"null\"}",
    "{\"type\":\"array\",\"items\":" RECORD("{\"name\":\"a\",\"type\":\"null\"}") "}",
    "{\"type\":\"map\",\"values\":{\"type\":\"array\",\"items\":\"bytes\"}}",
    "[\"null\",{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[\"A\",\"B\"]},\"long\",\"string\"]",
    RECORD("{\"name\":\"a\",\"type\":{\"type\":\"fixed\",\"name\":\"F\",\"size\":3}},"
           "{\"name\":\"b\",\"type\":\"float\"},{\"name\":\"c\",\"type\":\"double\"},"
           "{\"name\":\"d\",\"type\":[\"boolean\",\"int\",\"F\"]}"),
};
enum { ODD_COUNT = sizeof odd / sizeof *odd };
static struct schema *schemas[1 + ODD_COUNT];

static void stop_if(bool is_wrong, const char *what)
{
    if (!is_wrong)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    struct fault why;
    schemas[0] = schema_load("schemas/dossier-event.avsc", &why);
    for (size_t i = 0; i < ODD_COUNT; i++)
        schemas[1 + i] = schema_parse(odd[i], strlen(odd[i]), &why);
    for (size_t i = 0; i <= ODD_COUNT; i++)
        stop_if(!schemas[i], why.text);
    return 0;
}

static void use(const struct schema *schema, avro_value_t *value)
{
    struct fault why;
    size_t size = 0;
    auto_free(free) char *again = wire_encode(schema, value, &size, &why);
    stop_if(!again, why.text);
    for (int mask = RENDER_MASKED; mask <= RENDER_FULL; mask++) {
        json_t *json = render_event(schema, value, (enum render_mask)mask, &why);
        stop_if(!json, why.text);
        json_decref(json);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fault why;
    int32_t id;
    uint64_t fingerprint;
    size_t prefix;
    (void)wire_recognise(bytes, size, &id, &fingerprint, &prefix);
    if (size == 0)
        return 0;
    const struct schema *schema = schemas[*bytes % (1 + ODD_COUNT)];
    avro_value_t value;
    stop_if(avro_generic_value_new(schema->iface, &value) != 0, "no memory");
    if (wire_decode(schema, bytes + 1, size - 1, &limits, &value, &why))
        use(schema, &value);
    else
        stop_if(why.kind != FAULT_REFUSE, why.text);
    avro_value_decref(&value);
    return 0;
}
