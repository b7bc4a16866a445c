/* SPDX-License-Identifier: Apache-2.0 */
/* The Parsing Canonical Form: the one text, and so the one fingerprint, of equal schemas. */
#include "event/canonical.h"

#include "base/cleanup.h"
#include "base/text_stream.h"

/** A named type is written out where it first stands, and by its name alone after that. */
struct writer {
    FILE *out;
    const struct shape **written;
    size_t count;
};

/* Names hold letters, digits, `_` and `.` alone, so nothing below needs an escape. */
static void put(struct writer *writer, const struct shape *shape);

static bool is_written(const struct writer *writer, const struct shape *shape)
{
    for (size_t at = 0; at < writer->count; at++)
        if (writer->written[at] == shape)
            return true;
    return false;
}

static void put_fields(struct writer *writer, const struct shape *shape)
{
    fputs(",\"fields\":[", writer->out);
    for (size_t at = 0; at < shape->count; at++) {
        fprintf(writer->out, "%s{\"name\":\"%s\",\"type\":", at ? "," : "", shape->fields[at].name);
        put(writer, shape->fields[at].shape);
        fputc('}', writer->out);
    }
    fputc(']', writer->out);
}

static void put_symbols(struct writer *writer, const struct shape *shape)
{
    fputs(",\"symbols\":[", writer->out);
    for (size_t at = 0; at < shape->count; at++)
        fprintf(writer->out, "%s\"%s\"", at ? "," : "", shape->symbols[at]);
    fputc(']', writer->out);
}

static void put_named(struct writer *writer, const struct shape *shape)
{
    if (is_written(writer, shape)) {
        fprintf(writer->out, "\"%s\"", shape->name);
        return;
    }
    writer->written[writer->count++] = shape;
    fprintf(writer->out, "{\"name\":\"%s\",\"type\":\"%s\"", shape->name,
            shape_type_name(shape->type));
    if (shape->type == AVRO_RECORD)
        put_fields(writer, shape);
    else if (shape->type == AVRO_ENUM)
        put_symbols(writer, shape);
    else
        fprintf(writer->out, ",\"size\":%zu", shape->size);
    fputc('}', writer->out);
}

static void put_container(struct writer *writer, const struct shape *shape, const char *key)
{
    fprintf(writer->out, "{\"type\":\"%s\",\"%s\":", shape_type_name(shape->type), key);
    put(writer, shape->parts[0]);
    fputc('}', writer->out);
}

static void put_union(struct writer *writer, const struct shape *shape)
{
    for (size_t at = 0; at < shape->count; at++) {
        fputc(at ? ',' : '[', writer->out);
        put(writer, shape->parts[at]);
    }
    fputc(']', writer->out);
}

static void put(struct writer *writer, const struct shape *shape)
{
    if (shape->name)
        put_named(writer, shape);
    else if (shape->type == AVRO_UNION)
        put_union(writer, shape);
    else if (shape->type == AVRO_ARRAY)
        put_container(writer, shape, "items");
    else if (shape->type == AVRO_MAP)
        put_container(writer, shape, "values");
    else
        fprintf(writer->out, "\"%s\"", shape_type_name(shape->type));
}

char *canonical_write(const struct shapes *shapes, size_t *size, struct fault *why)
{
    struct text_stream stream;
    char *text = NULL;
    auto_free(free) const struct shape **written = calloc(shapes->count, sizeof(struct shape *));
    FILE *out = written ? text_stream_begin(&stream) : NULL;
    if (out) {
        put(&(struct writer){.out = out, .written = written}, shapes->root);
        text = text_stream_end(&stream, size);
    }
    if (!text)
        (void)fault_memory(why);
    return text;
}

uint64_t canonical_fingerprint(const char *canonical, size_t size)
{
    const uint64_t empty = UINT64_C(0xC15D213AA4D7A795);
    uint64_t fingerprint = empty;
    for (size_t at = 0; at < size; at++) {
        uint64_t row = (fingerprint ^ (unsigned char)canonical[at]) & 0xFF;
        for (int bit = 0; bit < 8; bit++)
            row = (row >> 1) ^ (empty & -(row & 1));
        fingerprint = (fingerprint >> 8) ^ row;
    }
    return fingerprint;
}
