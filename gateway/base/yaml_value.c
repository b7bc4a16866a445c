/* SPDX-License-Identifier: Apache-2.0 */
/* Checks a file against a schema of libcyaml, exactly and with places, then lets libcyaml load it.
 * libcyaml's own faults name the event before the one at fault, and some values it takes silently.
 */
#include "base/yaml_value.h"

#include "base/cleanup.h"
#include "base/number.h"

ENDS_WITH_SCOPE(struct yaml_file *, yaml_file_close)

static const char *const node_names[] = {
    [YAML_NO_NODE] = "nothing",
    [YAML_SCALAR_NODE] = "a single value",
    [YAML_SEQUENCE_NODE] = "a list",
    [YAML_MAPPING_NODE] = "a mapping",
};

struct check {
    const struct yaml_file *file;
    struct fault *why;
};

static const char *text_of(const yaml_node_t *scalar)
{
    return (const char *)scalar->data.scalar.value;
}

static bool is_plain(const yaml_node_t *scalar)
{
    return scalar->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static bool is_null(const yaml_node_t *node, const cyaml_schema_value_t *schema)
{
    static const char *const words[] = {"", "null", "Null", "NULL", "~"};
    if (node->type != YAML_SCALAR_NODE || !is_plain(node))
        return false;
    if ((schema->flags & CYAML_FLAG_POINTER_NULL_STR) != CYAML_FLAG_POINTER_NULL_STR)
        return (schema->flags & CYAML_FLAG_POINTER_NULL) == CYAML_FLAG_POINTER_NULL &&
               node->data.scalar.length == 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(text_of(node), words[i]) == 0)
            return true;
    return false;
}

static bool check_int(const struct check *check, const yaml_node_t *node,
                      const cyaml_schema_value_t *schema)
{
    unsigned bits = schema->data_size * 8;
    bool is_signed = schema->type == CYAML_INT;
    int64_t most = INT64_MAX >> (bits == 64 ? 0 : 64 - bits - (is_signed ? 0 : 1));
    int64_t number;
    enum number_result result = number_read(text_of(node), node->data.scalar.length,
                                            is_signed ? -most - 1 : 0, most, &number);
    if (result == NUMBER_MALFORMED || !is_plain(node))
        return yaml_file_refuse_node(check->file, node, check->why, "expected a whole number");
    if (result == NUMBER_OUT_OF_RANGE)
        return yaml_file_refuse_node(check->file, node, check->why, "the number is too large");
    return true;
}

static bool check_bool(const struct check *check, const yaml_node_t *node)
{
    if (!is_plain(node) ||
        (strcmp(text_of(node), "true") != 0 && strcmp(text_of(node), "false") != 0))
        return yaml_file_refuse_node(check->file, node, check->why, "expected true or false");
    return true;
}

static bool check_float(const struct check *check, const yaml_node_t *node)
{
    char *end;
    (void)strtod(text_of(node), &end); /* only how far it reads */
    if (!is_plain(node) || node->data.scalar.length == 0 || *end != '\0')
        return yaml_file_refuse_node(check->file, node, check->why, "expected a number");
    return true;
}

static bool check_string(const struct check *check, const yaml_node_t *node,
                         const cyaml_schema_value_t *schema)
{
    size_t size = node->data.scalar.length;
    if (size < schema->string.min)
        return yaml_file_refuse_node(check->file, node, check->why,
                                     size == 0 ? "is empty" : "needs at least %u bytes",
                                     schema->string.min);
    if (size > schema->string.max)
        return yaml_file_refuse_node(check->file, node, check->why, "has over %u bytes",
                                     schema->string.max);
    return true;
}

/* The words that would have been right, as "stored, published"; cut when they are many. */
static void list_words(const cyaml_schema_value_t *schema, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < schema->enumeration.count && used < size; i++) {
        int more = snprintf(text + used, size - used, "%s%s", i > 0 ? ", " : "",
                            schema->enumeration.strings[i].str);
        used += more > 0 ? (size_t)more : 0;
    }
}

static bool check_word(const struct check *check, const yaml_node_t *node,
                       const cyaml_schema_value_t *schema)
{
    for (uint32_t i = 0; i < schema->enumeration.count; i++)
        if (strcmp(text_of(node), schema->enumeration.strings[i].str) == 0)
            return true;
    char words[160];
    list_words(schema, words, sizeof words);
    return yaml_file_refuse_node(check->file, node, check->why, "expected one of: %s", words);
}

static bool check_value(const struct check *check, const yaml_node_t *node,
                        const cyaml_schema_value_t *schema);

static const cyaml_schema_field_t *find_field(const cyaml_schema_field_t *fields, const char *key)
{
    for (; fields->key; fields++)
        if (strcmp(fields->key, key) == 0)
            return fields;
    return NULL;
}

static bool has_key(const struct check *check, const yaml_node_t *mapping, const char *key)
{
    const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
    for (; pair < mapping->data.mapping.pairs.top; pair++)
        if (strcmp(text_of(yaml_file_node(check->file, pair->key)), key) == 0)
            return true;
    return false;
}

static bool check_mapping(const struct check *check, const yaml_node_t *node,
                          const cyaml_schema_value_t *schema)
{
    const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
    for (; pair < node->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_file_node(check->file, pair->key);
        const cyaml_schema_field_t *field = find_field(schema->mapping.fields, text_of(key));
        if (!field)
            return yaml_file_refuse_node(check->file, key, check->why, "unknown key %s",
                                         text_of(key));
        if (!check_value(check, yaml_file_node(check->file, pair->value), &field->value))
            return false;
    }
    for (const cyaml_schema_field_t *field = schema->mapping.fields; field->key; field++)
        if (!(field->value.flags & CYAML_FLAG_OPTIONAL) && !has_key(check, node, field->key))
            return yaml_file_refuse_node(check->file, node, check->why, "the key %s is missing",
                                         field->key);
    return true;
}

static bool check_sequence(const struct check *check, const yaml_node_t *node,
                           const cyaml_schema_value_t *schema)
{
    const yaml_node_item_t *item = node->data.sequence.items.start;
    size_t count = (size_t)(node->data.sequence.items.top - item);
    if (count < schema->sequence.min)
        return yaml_file_refuse_node(check->file, node, check->why, "needs at least %u entries",
                                     schema->sequence.min);
    if (count > schema->sequence.max)
        return yaml_file_refuse_node(check->file, node, check->why, "has over %u entries",
                                     schema->sequence.max);
    for (; item < node->data.sequence.items.top; item++)
        if (!check_value(check, yaml_file_node(check->file, *item), schema->sequence.entry))
            return false;
    return true;
}

static yaml_node_type_t node_type_for(enum cyaml_type type)
{
    if (type == CYAML_MAPPING || type == CYAML_BITFIELD)
        return YAML_MAPPING_NODE;
    if (type == CYAML_SEQUENCE || type == CYAML_SEQUENCE_FIXED || type == CYAML_FLAGS)
        return YAML_SEQUENCE_NODE;
    return YAML_SCALAR_NODE;
}

static bool check_typed(const struct check *check, const yaml_node_t *node,
                        const cyaml_schema_value_t *schema)
{
    switch ((int)schema->type) { /* flags and bitfields are left to libcyaml */
    case CYAML_INT:
    case CYAML_UINT:
        return check_int(check, node, schema);
    case CYAML_BOOL:
        return check_bool(check, node);
    case CYAML_FLOAT:
        return check_float(check, node);
    case CYAML_STRING:
        return check_string(check, node, schema);
    case CYAML_ENUM:
        return check_word(check, node, schema);
    case CYAML_MAPPING:
        return check_mapping(check, node, schema);
    case CYAML_SEQUENCE:
    case CYAML_SEQUENCE_FIXED:
        return check_sequence(check, node, schema);
    default:
        return true;
    }
}

/* As deep as the schema, or as libyaml nests. */
static bool check_value(const struct check *check, const yaml_node_t *node,
                        const cyaml_schema_value_t *schema)
{
    if (schema->type == CYAML_IGNORE || is_null(node, schema))
        return true;
    yaml_node_type_t type = node_type_for(schema->type);
    if (node->type != type)
        return yaml_file_refuse_node(check->file, node, check->why, "expected %s, not %s",
                                     node_names[type], node_names[node->type]);
    return check_typed(check, node, schema);
}

/* libcyaml says what is wrong in the first line that it logs; the rest is its way there. */
struct said {
    char text[160];
};

static void keep_first_line(cyaml_log_t level, void *own, const char *format, va_list values)
{
    struct said *said = own;
    if (level != CYAML_LOG_ERROR || said->text[0] != '\0')
        return;
    (void)vsnprintf(said->text, sizeof said->text, format, values); /* cut as it may be */
    said->text[strcspn(said->text, "\n")] = '\0';
}

static cyaml_config_t loader(struct said *said)
{
    return (cyaml_config_t){
        .log_fn = keep_first_line,
        .log_ctx = said,
        .log_level = CYAML_LOG_ERROR,
        .mem_fn = cyaml_mem,
        .flags = CYAML_CFG_NO_ALIAS,
    };
}

static bool load(const struct yaml_file *file, const cyaml_schema_value_t *schema, void **value,
                 struct fault *why)
{
    static const char nothing[] = "{}";
    struct said said = {.text = ""};
    cyaml_config_t config = loader(&said);
    size_t size;
    const char *text = yaml_file_text(file, &size);
    bool is_empty = !yaml_file_root(file);
    void *loaded = NULL;
    cyaml_err_t failed =
        cyaml_load_data((const uint8_t *)(is_empty ? nothing : text),
                        is_empty ? sizeof nothing - 1 : size, &config, schema, &loaded, NULL);
    if (failed == CYAML_ERR_OOM)
        return fault_memory(why);
    if (failed != CYAML_OK)
        return yaml_file_refuse_node(file, NULL, why, "%s",
                                     said.text[0] ? said.text : cyaml_strerror(failed));
    *value = loaded;
    return true;
}

static bool check_nothing(const struct check *check, const cyaml_schema_value_t *schema)
{
    if (schema->type != CYAML_MAPPING)
        return yaml_file_refuse_node(check->file, NULL, check->why, "there is nothing in it");
    for (const cyaml_schema_field_t *field = schema->mapping.fields; field->key; field++)
        if (!(field->value.flags & CYAML_FLAG_OPTIONAL))
            return yaml_file_refuse_node(check->file, NULL, check->why, "the key %s is missing",
                                         field->key);
    return true;
}

bool yaml_value_read(const struct yaml_file *file, const cyaml_schema_value_t *schema, void **value,
                     struct fault *why)
{
    const struct check check = {.file = file, .why = why};
    const yaml_node_t *root = yaml_file_root(file);
    if (!(root ? check_value(&check, root, schema) : check_nothing(&check, schema)))
        return false;
    return load(file, schema, value, why);
}

bool yaml_value_load(const char *path, const cyaml_schema_value_t *schema, void **value,
                     struct fault *why)
{
    auto_free(yaml_file_close) struct yaml_file *file = yaml_file_open(path, why);
    return file && yaml_value_read(file, schema, value, why);
}

void yaml_value_free(const cyaml_schema_value_t *schema, void *value)
{
    struct said said = {.text = ""};
    cyaml_config_t config = loader(&said);
    (void)cyaml_free(&config, schema, value, 0); /* fails only for a NULL config or schema */
}
