/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps schemas/ FULL_TRANSITIVE: every version reads what every other wrote.  The rules are the
 * specification's, and stricter where those let a meaning change silently: the same branches in the
 * same order, the same defaults, logical types and names, and nothing personal unmarked.
 */
#include "unit.h"

#include "base/cleanup.h"
#include "event/schema.h"

#include <glob.h>

ENDS_WITH_SCOPE(struct schema *, schema_free)

/* ---- the rules ---- */

static bool fits(const struct shape *old, const struct shape *new, struct fault *why);

static bool is_same_text(const char *one, const char *other)
{
    return one && other ? strcmp(one, other) == 0 : one == other;
}

static bool same_field(const struct shape_field *old, const struct shape_field *new,
                       struct fault *why)
{
    if (!fits(old->shape, new->shape, why))
        return false;
    if (!old->fallback != !new->fallback ||
        (old->fallback && !json_equal(old->fallback, new->fallback)))
        return fault_set(why, FAULT_REFUSE, "the default changes");
    if (old->personal && !is_same_text(old->personal, new->personal))
        return fault_set(why, FAULT_REFUSE, "the mark of personal data changes");
    return true;
}

/* Who has a field that the other has not must have a default for what the other wrote. */
static bool has_fallbacks(const struct shape *with, const struct shape *without, const char *change,
                          struct fault *why)
{
    for (size_t at = 0; at < with->count; at++) {
        const struct shape_field *field = &with->fields[at];
        if (shape_field_index(without, field->name) < 0 && !field->fallback)
            return fault_set(why, FAULT_REFUSE, "%s is %s, without a default", field->name, change);
    }
    return true;
}

static bool same_record(const struct shape *old, const struct shape *new, struct fault *why)
{
    for (size_t at = 0; at < old->count; at++) {
        const struct shape_field *field = &old->fields[at];
        int index = shape_field_index(new, field->name);
        if (index >= 0 && !same_field(field, &new->fields[index], why))
            return fault_prefix(why, "%s", field->name);
    }
    return has_fallbacks(old, new, "removed", why) && has_fallbacks(new, old, "added", why);
}

/* Whoever reads a symbol that it does not know needs a default. */
static bool knows(const struct shape *reader, const struct shape *writer, struct fault *why)
{
    for (size_t at = 0; at < writer->count && reader->fallback < 0; at++)
        if (shape_symbol_index(reader, writer->symbols[at]) < 0)
            return fault_set(why, FAULT_REFUSE, "symbol %s changes, without a default",
                             writer->symbols[at]);
    return true;
}

static const char *fallback_symbol(const struct shape *shape)
{
    return shape->fallback < 0 ? NULL : shape->symbols[shape->fallback];
}

static bool same_enum(const struct shape *old, const struct shape *new, struct fault *why)
{
    if (!knows(old, new, why) || !knows(new, old, why))
        return false;
    return is_same_text(fallback_symbol(old), fallback_symbol(new)) ||
           fault_set(why, FAULT_REFUSE, "the default symbol changes");
}

static bool same_parts(const struct shape *old, const struct shape *new, struct fault *why)
{
    if (old->count != new->count)
        return fault_set(why, FAULT_REFUSE, "the branches of a union change");
    for (size_t at = 0; at < old->count; at++)
        if (!fits(old->parts[at], new->parts[at], why))
            return false;
    return true;
}

static bool fits(const struct shape *old, const struct shape *new, struct fault *why)
{
    if (old->type != new->type)
        return fault_set(why, FAULT_REFUSE, "%s becomes %s", shape_type_name(old->type),
                         shape_type_name(new->type));
    if (!is_same_text(old->name, new->name) || old->size != new->size)
        return fault_set(why, FAULT_REFUSE, "the name or the size of a type changes");
    if (!is_same_text(old->logical, new->logical))
        return fault_set(why, FAULT_REFUSE, "the logical type changes");
    if (old->type == AVRO_RECORD)
        return same_record(old, new, why);
    if (old->type == AVRO_ENUM)
        return same_enum(old, new, why);
    return !old->parts || same_parts(old, new, why);
}

static bool is_compatible(const struct schema *old, const struct schema *new, struct fault *why)
{
    return fits(old->shapes->root, new->shapes->root, why);
}

/* ---- our schemas ---- */

static struct schema *load(const char *path)
{
    struct fault why;
    struct schema *schema = schema_load(path, &why);
    if (!schema)
        fail_msg("%s", why.text);
    return schema;
}

/** "schemas/NAME.avsc" to all of its released versions; fails when there is none. */
static glob_t released(const char *path)
{
    char pattern[200];
    const char *name = strrchr(path, '/') + 1;
    snprintf(pattern, sizeof pattern, "schemas/released/%.*s-[0-9]*.avsc", (int)strcspn(name, "."),
             name);
    glob_t found;
    if (glob(pattern, 0, NULL, &found) != 0)
        fail_msg("%s has no released version", path);
    return found;
}

static void a_schema_fits_every_version_released(void **state)
{
    (void)state;
    struct fault why;
    glob_t current;
    assert_int_equal(glob("schemas/*.avsc", 0, NULL, &current), 0);
    for (size_t i = 0; i < current.gl_pathc; i++) {
        auto_free(schema_free) struct schema *new = load(current.gl_pathv[i]);
        glob_t versions = released(current.gl_pathv[i]);
        for (size_t j = 0; j < versions.gl_pathc; j++) {
            auto_free(schema_free) struct schema *old = load(versions.gl_pathv[j]);
            if (!is_compatible(old, new, &why))
                fail_msg("%s to %s: %s", versions.gl_pathv[j], current.gl_pathv[i], why.text);
        }
        globfree(&versions);
    }
    globfree(&current);
}

/* ---- edits, compatible and not ---- */

#define RECORD(name, fields)                                                                       \
    "{\"type\":\"record\",\"name\":\"" name "\",\"namespace\":\"n\",\"fields\":[" fields "]}"
#define A           "{\"name\":\"a\",\"type\":\"int\"}"
#define FIELD(type) RECORD("R", "{\"name\":\"a\",\"type\":" type "}")
#define ENUM(symbols, rest)                                                                        \
    FIELD("{\"type\":\"enum\",\"name\":\"E\",\"symbols\":[" symbols "]" rest "}")
#define LONG(logical) "{\"type\":\"long\",\"logicalType\":\"" logical "\"}"
#define FIXED(size)   "{\"type\":\"fixed\",\"name\":\"F\",\"size\":" size "}"

struct edit {
    const char *what, *before, *after;
};

static bool passes(const struct edit *edit)
{
    struct fault why;
    auto_free(schema_free) struct schema *old =
        schema_parse(edit->before, strlen(edit->before), &why);
    auto_free(schema_free) struct schema *new =
        schema_parse(edit->after, strlen(edit->after), &why);
    if (!old || !new)
        fail_msg("%s: %s", edit->what, why.text);
    bool is_forth = is_compatible(old, new, &why), is_back = is_compatible(new, old, &why);
    assert_int_equal(is_forth, is_back); /* full: in both directions alike */
    return is_forth;
}

static void compatible_edits_pass(void **state)
{
    (void)state;
    static const struct edit edits[] = {
        {"nothing", RECORD("R", A), RECORD("R", A)},
        {"a doc and an alias", RECORD("R", A),
         RECORD("R", "{\"name\":\"a\",\"type\":\"int\",\"doc\":\"d\",\"aliases\":[\"o\"]}")},
        {"a field with a default", RECORD("R", A),
         RECORD("R", A ",{\"name\":\"b\",\"type\":\"int\",\"default\":0}")},
        {"the order of fields", RECORD("R", A ",{\"name\":\"b\",\"type\":\"int\"}"),
         RECORD("R", "{\"name\":\"b\",\"type\":\"int\"}," A)},
        {"a symbol where there is a default", ENUM("\"A\",\"U\"", ",\"default\":\"U\""),
         ENUM("\"A\",\"B\",\"U\"", ",\"default\":\"U\"")},
        {"the order of symbols", ENUM("\"A\",\"B\"", ""), ENUM("\"B\",\"A\"", "")},
    };
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++)
        if (!passes(&edits[i]))
            fail_msg("refused: %s", edits[i].what);
}

static void incompatible_edits_are_refused(void **state)
{
    (void)state;
    static const struct edit edits[] = {
        {"a field without a default", RECORD("R", A),
         RECORD("R", A ",{\"name\":\"b\",\"type\":\"int\"}")},
        {"a renamed field", RECORD("R", A), RECORD("R", "{\"name\":\"b\",\"type\":\"int\"}")},
        {"a renamed field with an alias", RECORD("R", A),
         RECORD("R", "{\"name\":\"b\",\"type\":\"int\",\"aliases\":[\"a\"]}")},
        {"a renamed record", RECORD("R", A), RECORD("S", A)},
        {"another namespace", "{\"type\":\"record\",\"name\":\"m.R\",\"fields\":[" A "]}",
         "{\"type\":\"record\",\"name\":\"n.R\",\"fields\":[" A "]}"},
        {"int to long", FIELD("\"int\""), FIELD("\"long\"")},
        {"float to double", FIELD("\"float\""), FIELD("\"double\"")},
        {"string to bytes", FIELD("\"string\""), FIELD("\"bytes\"")},
        {"string to int", FIELD("\"string\""), FIELD("\"int\"")},
        {"a type to a union with it", FIELD("\"int\""), FIELD("[\"null\",\"int\"]")},
        {"a branch more", FIELD("[\"null\",\"int\"]"), FIELD("[\"null\",\"int\",\"string\"]")},
        {"another branch", FIELD("[\"null\",\"int\"]"), FIELD("[\"null\",\"string\"]")},
        {"branches in another order", FIELD("[\"null\",\"int\"]"), FIELD("[\"int\",\"null\"]")},
        {"a symbol without a default", ENUM("\"A\"", ""), ENUM("\"A\",\"B\"", "")},
        {"another default symbol", ENUM("\"A\",\"B\"", ",\"default\":\"A\""),
         ENUM("\"A\",\"B\"", ",\"default\":\"B\"")},
        {"a default symbol less", ENUM("\"A\"", ",\"default\":\"A\""), ENUM("\"A\"", "")},
        {"another default", RECORD("R", "{\"name\":\"a\",\"type\":\"int\",\"default\":0}"),
         RECORD("R", "{\"name\":\"a\",\"type\":\"int\",\"default\":1}")},
        {"a default less", RECORD("R", "{\"name\":\"a\",\"type\":\"int\",\"default\":0}"),
         RECORD("R", A)},
        {"another logical type", FIELD(LONG("timestamp-millis")), FIELD(LONG("timestamp-micros"))},
        {"a logical type less", FIELD(LONG("timestamp-millis")), FIELD("\"long\"")},
        {"another size", FIELD(FIXED("4")), FIELD(FIXED("8"))},
        {"an array's items", FIELD("{\"type\":\"array\",\"items\":\"int\"}"),
         FIELD("{\"type\":\"array\",\"items\":\"long\"}")},
        {"a map's values", FIELD("{\"type\":\"map\",\"values\":\"int\"}"),
         FIELD("{\"type\":\"map\",\"values\":\"string\"}")},
        {"array to map", FIELD("{\"type\":\"array\",\"items\":\"int\"}"),
         FIELD("{\"type\":\"map\",\"values\":\"int\"}")},
        {"a field deep inside",
         FIELD("[\"null\",{\"type\":\"array\",\"items\":" RECORD("I", A) "}]"),
         FIELD("[\"null\",{\"type\":\"array\",\"items\":" RECORD(
             "I", "{\"name\":\"b\",\"type\":\"int\"}") "}]")},
    };
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++)
        if (passes(&edits[i]))
            fail_msg("taken: %s", edits[i].what);
}

static void what_was_personal_stays_so(void **state)
{
    (void)state;
    struct fault why;
    static const char marked[] = RECORD("R", "{\"name\":\"a\",\"type\":\"int\",\"pii\":\"basic\"}");
    static const char plain[] = RECORD("R", A);
    auto_free(schema_free) struct schema *with = schema_parse(marked, strlen(marked), &why);
    auto_free(schema_free) struct schema *without = schema_parse(plain, strlen(plain), &why);
    assert_true(is_compatible(without, with, &why));
    assert_false(is_compatible(with, without, &why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schema_fits_every_version_released),
        cmocka_unit_test(compatible_edits_pass),
        cmocka_unit_test(incompatible_edits_are_refused),
        cmocka_unit_test(what_was_personal_stays_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
