/* SPDX-License-Identifier: Apache-2.0 */
/* Avro data as bytes: what stands before a datum, writing one, and reading one safely. */
#include "event/wire.h"

#include "base/cleanup.h"
#include "base/utf8.h"

#include <errno.h>

enum {
    CONFLUENT_MARK = 0x00,
    SINGLE_OBJECT_MARK_1 = 0xC3,
    SINGLE_OBJECT_MARK_2 = 0x01,
};

ENDS_WITH_SCOPE(avro_writer_t, avro_writer_free)
ENDS_WITH_SCOPE(avro_reader_t, avro_reader_free)

/* ---- prefixes ---- */

struct wire_prefix wire_confluent(int32_t schema_id)
{
    struct wire_prefix prefix = {.size = WIRE_CONFLUENT_SIZE, .bytes = {CONFLUENT_MARK}};
    for (unsigned at = 0; at < sizeof schema_id; at++)
        prefix.bytes[1 + at] = (uint8_t)((uint32_t)schema_id >> (24 - 8 * at));
    return prefix;
}

struct wire_prefix wire_single_object(uint64_t fingerprint)
{
    struct wire_prefix prefix = {.size = WIRE_SINGLE_OBJECT_SIZE,
                                 .bytes = {SINGLE_OBJECT_MARK_1, SINGLE_OBJECT_MARK_2}};
    for (unsigned at = 0; at < sizeof fingerprint; at++)
        prefix.bytes[2 + at] = (uint8_t)(fingerprint >> (8 * at));
    return prefix;
}

enum wire_framing wire_recognise(const void *bytes, size_t size, int32_t *schema_id,
                                 uint64_t *fingerprint, size_t *prefix_size)
{
    const uint8_t *at = bytes;
    if (size >= WIRE_CONFLUENT_SIZE && at[0] == CONFLUENT_MARK) {
        uint32_t id = (uint32_t)at[1] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 8 | at[4];
        *schema_id = (int32_t)id;
        *prefix_size = WIRE_CONFLUENT_SIZE;
        return WIRE_CONFLUENT;
    }
    if (size >= WIRE_SINGLE_OBJECT_SIZE && at[0] == SINGLE_OBJECT_MARK_1 &&
        at[1] == SINGLE_OBJECT_MARK_2) {
        *fingerprint = 0;
        for (unsigned byte = 0; byte < sizeof *fingerprint; byte++)
            *fingerprint |= (uint64_t)at[2 + byte] << (8 * byte);
        *prefix_size = WIRE_SINGLE_OBJECT_SIZE;
        return WIRE_SINGLE_OBJECT;
    }
    return WIRE_UNKNOWN;
}

/* ---- writing ---- */

/* 0, or what avro-c says: ENOSPC when it does not fit. */
static int write_into(avro_value_t *value, char *bytes, size_t room, size_t *size)
{
    auto_free(avro_writer_free) avro_writer_t writer = avro_writer_memory(bytes, (int64_t)room);
    int error = writer ? avro_value_write(writer, value) : ENOMEM;
    *size = error ? 0 : (size_t)avro_writer_tell(writer);
    return error;
}

static char *write_measured(avro_value_t *value, size_t *size, struct fault *why)
{
    size_t room = 0;
    if (avro_value_sizeof(value, &room) != 0) {
        (void)fault_set(why, FAULT_BROKEN, "an event with a union that has no branch");
        return NULL;
    }
    auto_free(free) char *bytes = malloc(room > 0 ? room : 1);
    int error = bytes ? write_into(value, bytes, room, size) : ENOMEM;
    if (error == 0)
        return steal(bytes);
    if (error == ENOMEM)
        (void)fault_memory(why);
    else
        (void)fault_set(why, FAULT_BROKEN, "an event that avro-c cannot write");
    return NULL;
}

/* Measuring costs as much as writing, and most events are small. */
static char *write_value(avro_value_t *value, size_t *size, struct fault *why)
{
    enum { SMALL = 4096 };
    static _Thread_local char small[SMALL];
    if (write_into(value, small, sizeof small, size) != 0)
        return write_measured(value, size, why);
    char *bytes = malloc(*size > 0 ? *size : 1);
    if (bytes)
        memcpy(bytes, small, *size);
    else
        (void)fault_memory(why);
    return bytes;
}

char *wire_encode(const struct schema *schema, avro_value_t *value, size_t *size, struct fault *why)
{
    size_t written = 0;
    auto_free(free) char *bytes = write_value(value, &written, why);
    /* avro-c has looked at neither enum indexes nor the encoding of texts. */
    const struct wire_limits any = {.text_size = SIZE_MAX, .items = SIZE_MAX, .depth = INT32_MAX};
    if (!bytes || !wire_check(schema, bytes, written, &any, why))
        return NULL;
    *size = written;
    return steal(bytes);
}

/* ---- checking ---- */

/** What is left of the datum, and of what it may hold. */
struct rest {
    const uint8_t *at;
    const uint8_t *end;
    size_t text_size;
    size_t items;
};

static bool check(struct rest *rest, const struct shape *shape, struct fault *why);

static size_t left(const struct rest *rest)
{
    return (size_t)(rest->end - rest->at);
}

static bool refuse(struct fault *why, const char *text)
{
    return fault_set(why, FAULT_REFUSE, "%s", text);
}

static bool check_null(struct rest *rest, const struct shape *shape, struct fault *why)
{
    (void)rest, (void)shape, (void)why;
    return true;
}

static bool check_boolean(struct rest *rest, const struct shape *shape, struct fault *why)
{
    (void)shape;
    if (left(rest) < 1)
        return refuse(why, "the datum ends early");
    return *rest->at++ <= 1 || refuse(why, "a boolean is neither 0 nor 1");
}

/* Seven bits a byte, the lowest first; the tenth byte has room for one bit alone. */
static bool take_long(struct rest *rest, int64_t *number, struct fault *why)
{
    uint64_t bits = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (left(rest) < 1)
            return refuse(why, "the datum ends early");
        uint8_t byte = *rest->at++;
        if (shift == 63 && byte > 1)
            break;
        bits |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            *number = (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
            return true;
        }
    }
    return refuse(why, "a number has over 64 bits");
}

static bool check_int(struct rest *rest, const struct shape *shape, struct fault *why)
{
    (void)shape;
    int64_t number = 0;
    if (!take_long(rest, &number, why))
        return false;
    return (number >= INT32_MIN && number <= INT32_MAX) || refuse(why, "an int has over 32 bits");
}

static bool check_long(struct rest *rest, const struct shape *shape, struct fault *why)
{
    (void)shape;
    int64_t number = 0;
    return take_long(rest, &number, why);
}

static bool skip(struct rest *rest, size_t size, struct fault *why)
{
    if (left(rest) < size)
        return refuse(why, "the datum ends early");
    rest->at += size;
    return true;
}

static bool check_float(struct rest *rest, const struct shape *shape, struct fault *why)
{
    (void)shape;
    return skip(rest, sizeof(float), why);
}

static bool check_double(struct rest *rest, const struct shape *shape, struct fault *why)
{
    (void)shape;
    return skip(rest, sizeof(double), why);
}

static bool check_fixed(struct rest *rest, const struct shape *shape, struct fault *why)
{
    return skip(rest, shape->size, why);
}

static bool check_bytes(struct rest *rest, const struct shape *shape, struct fault *why)
{
    (void)shape;
    int64_t size = 0;
    if (!take_long(rest, &size, why))
        return false;
    if (size < 0)
        return refuse(why, "a length is negative");
    if ((uint64_t)size > rest->text_size)
        return refuse(why, "a text is longer than allowed");
    return skip(rest, (size_t)size, why);
}

static bool check_string(struct rest *rest, const struct shape *shape, struct fault *why)
{
    int64_t size = 0;
    struct rest ahead = *rest; /* to know how much of what check_bytes passes is the text */
    if (!check_bytes(rest, shape, why) || !take_long(&ahead, &size, why))
        return false;
    return utf8_valid((const char *)ahead.at, (size_t)size) == (size_t)size ||
           refuse(why, "a text is not UTF-8");
}

static bool take_index(struct rest *rest, size_t count, const char *text, size_t *index,
                       struct fault *why)
{
    int64_t number = 0;
    if (!take_long(rest, &number, why))
        return false;
    if (number < 0 || (uint64_t)number >= count)
        return refuse(why, text);
    *index = (size_t)number;
    return true;
}

static bool check_enum(struct rest *rest, const struct shape *shape, struct fault *why)
{
    size_t index = 0;
    return take_index(rest, shape->count, "an enum's number is none of its symbols", &index, why);
}

static bool check_union(struct rest *rest, const struct shape *shape, struct fault *why)
{
    size_t index = 0;
    return take_index(rest, shape->count, "a union's number is none of its branches", &index,
                      why) &&
           check(rest, shape->parts[index], why);
}

struct block {
    int64_t count;      /**< 0 ends the list */
    const uint8_t *end; /**< as the block itself says; NULL when it does not */
};

/** A negative count is followed by the block's size in bytes, for readers that skip it. */
static bool take_block(struct rest *rest, struct block *block, struct fault *why)
{
    *block = (struct block){0};
    if (!take_long(rest, &block->count, why))
        return false;
    if (block->count < 0) {
        int64_t size = 0;
        if (block->count == INT64_MIN || !take_long(rest, &size, why))
            return refuse(why, "a block's head is out of range");
        if (size < 0 || (uint64_t)size > left(rest))
            return refuse(why, "a block is longer than the datum");
        block->count = -block->count;
        block->end = rest->at + size;
    }
    /* Items may be of no size, so the bytes that are left do not bound their number. */
    if ((uint64_t)block->count > rest->items)
        return refuse(why, "more items than allowed");
    rest->items -= (size_t)block->count;
    return true;
}

static bool check_item(struct rest *rest, const struct shape *shape, struct fault *why)
{
    return (shape->type != AVRO_MAP || check_string(rest, shape, why)) &&
           check(rest, shape->parts[0], why);
}

static bool check_items(struct rest *rest, const struct shape *shape, struct fault *why)
{
    struct block block;
    do {
        if (!take_block(rest, &block, why))
            return false;
        for (int64_t at = 0; at < block.count; at++)
            if (!check_item(rest, shape, why))
                return false;
        if (block.end && block.end != rest->at)
            return refuse(why, "a block is not of the size that it says");
    } while (block.count > 0);
    return true;
}

static bool check_record(struct rest *rest, const struct shape *shape, struct fault *why)
{
    for (size_t at = 0; at < shape->count; at++)
        if (!check(rest, shape->fields[at].shape, why))
            return fault_prefix(why, "%s", shape->fields[at].name);
    return true;
}

static bool check(struct rest *rest, const struct shape *shape, struct fault *why)
{
    static bool (*const by_type[])(struct rest * rest, const struct shape *shape,
                                   struct fault *why) = {
        [AVRO_NULL] = check_null,   [AVRO_BOOLEAN] = check_boolean, [AVRO_INT32] = check_int,
        [AVRO_INT64] = check_long,  [AVRO_FLOAT] = check_float,     [AVRO_DOUBLE] = check_double,
        [AVRO_BYTES] = check_bytes, [AVRO_STRING] = check_string,   [AVRO_FIXED] = check_fixed,
        [AVRO_ENUM] = check_enum,   [AVRO_UNION] = check_union,     [AVRO_ARRAY] = check_items,
        [AVRO_MAP] = check_items,   [AVRO_RECORD] = check_record,
    };
    return by_type[shape->type](rest, shape, why);
}

bool wire_check(const struct schema *schema, const void *bytes, size_t size,
                const struct wire_limits *limits, struct fault *why)
{
    const struct shape *root = schema->shapes->root;
    if (root->height > limits->depth) /* no type contains itself: the data is as deep as these */
        return fault_set(why, FAULT_REFUSE, "the schema is over %d levels deep", limits->depth);
    struct rest rest = {.at = bytes,
                        .end = (const uint8_t *)bytes + size,
                        .text_size = limits->text_size,
                        .items = limits->items};
    if (!check(&rest, root, why))
        return false;
    return left(&rest) == 0 || refuse(why, "bytes are left over after the datum");
}

bool wire_decode(const struct schema *schema, const void *bytes, size_t size,
                 const struct wire_limits *limits, avro_value_t *value, struct fault *why)
{
    if (!wire_check(schema, bytes, size, limits, why))
        return false;
    auto_free(avro_reader_free) avro_reader_t reader = avro_reader_memory(bytes, (int64_t)size);
    if (!reader)
        return fault_memory(why);
    return avro_value_read(reader, value) == 0 ||
           fault_set(why, FAULT_BROKEN, "avro-c does not read what was checked");
}
