/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of adapter.yaml. */
#include "adapt/draft.h"

#include "base/yaml_value.h"

/* Short names for the shapes of keys; a table of them reads as the file's description. */
#define TEXT(key, holder, member)                                                                  \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER, holder, member, 1, CYAML_UNLIMITED)
#define TEXT_MAYBE(key, holder, member)                                                            \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, holder, member, 0,       \
                           CYAML_UNLIMITED)
#define FLAG(key, holder, member) CYAML_FIELD_BOOL(key, CYAML_FLAG_OPTIONAL, holder, member)
#define LIST(key, holder, member, entry, least)                                                    \
    CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER, holder, member, entry, least, CYAML_UNLIMITED)
#define LIST_MAYBE(key, holder, member, entry)                                                     \
    CYAML_FIELD_SEQUENCE(key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, holder, member, entry, 0,  \
                         CYAML_UNLIMITED)
/* `for` is C's word, so its list is kept as `types`. */
#define LIST_FOR(holder)                                                                           \
    CYAML_FIELD_SEQUENCE_COUNT("for", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, holder, types,     \
                               types_count, &text_value, 1, CYAML_UNLIMITED)

static const cyaml_schema_value_t text_value = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED)};

static const cyaml_schema_field_t condition_fields[] = {
    TEXT("path", struct draft_condition, path), TEXT_MAYBE("is", struct draft_condition, is),
    FLAG("absent", struct draft_condition, absent), CYAML_FIELD_END};
static const cyaml_schema_value_t condition_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct draft_condition, condition_fields)};

static const cyaml_schema_field_t shape_fields[] = {
    LIST_MAYBE("when", struct draft_shape, when, &condition_value),
    TEXT_MAYBE("items", struct draft_shape, items), CYAML_FIELD_END};
static const cyaml_schema_value_t shape_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct draft_shape, shape_fields)};

static const cyaml_schema_field_t event_type_fields[] = {
    LIST("from", struct draft_event_type, from, &text_value, 1),
    TEXT("table", struct draft_event_type, table), CYAML_FIELD_END};

static const cyaml_schema_field_t speaker_fields[] = {
    TEXT("field", struct draft_speaker, field), LIST_FOR(struct draft_speaker), CYAML_FIELD_END};
static const cyaml_schema_value_t speaker_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct draft_speaker, speaker_fields)};

static const cyaml_schema_field_t array_fields[] = {
    TEXT("field", struct draft_array, field),
    TEXT("path", struct draft_array, path),
    TEXT_MAYBE("join", struct draft_array, join),
    TEXT_MAYBE("on", struct draft_array, on),
    CYAML_FIELD_MAPPING_PTR("skip", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct draft_array,
                            skip, condition_fields),
    TEXT_MAYBE("set", struct draft_array, set),
    LIST_MAYBE("to", struct draft_array, to, &text_value),
    LIST_MAYBE("also", struct draft_array, also, &text_value),
    CYAML_FIELD_END};
static const cyaml_schema_value_t array_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct draft_array, array_fields)};

static const cyaml_strval_t onlys[] = {{"read", ONLY_READ}, {"write", ONLY_WRITE}};
static const cyaml_strval_t kinds[] = {
    {"text", AS_TEXT}, {"number", AS_NUMBER}, {"boolean", AS_BOOLEAN}};
static const cyaml_schema_field_t row_fields[] = {
    TEXT_MAYBE("field", struct draft_row, field),
    TEXT_MAYBE("path", struct draft_row, path),
    TEXT_MAYBE("convert", struct draft_row, convert),
    TEXT_MAYBE("form", struct draft_row, form),
    TEXT_MAYBE("table", struct draft_row, table),
    FLAG("open", struct draft_row, open),
    FLAG("required", struct draft_row, required),
    CYAML_FIELD_ENUM("only", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct draft_row, only, onlys,
                     2),
    LIST_FOR(struct draft_row),
    TEXT_MAYBE("default", struct draft_row, fallback),
    TEXT_MAYBE("constant", struct draft_row, constant),
    TEXT_MAYBE("template", struct draft_row, template),
    TEXT_MAYBE("given", struct draft_row, given),
    LIST_MAYBE("absent", struct draft_row, absent, &text_value),
    FLAG("always", struct draft_row, always),
    CYAML_FIELD_ENUM("as", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct draft_row, as, kinds, 3),
    CYAML_FIELD_UINT("max", CYAML_FLAG_OPTIONAL, struct draft_row, max),
    TEXT_MAYBE("key", struct draft_row, key),
    FLAG("ignore", struct draft_row, ignore),
    FLAG("foreign", struct draft_row, foreign),
    FLAG("content", struct draft_row, content),
    CYAML_FIELD_END};
static const cyaml_schema_value_t row_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct draft_row, row_fields)};

static const cyaml_strval_t ways[] = {{"inline", WAY_INLINE}, {"file", WAY_FILE}};
static const cyaml_schema_field_t carries_fields[] = {
    TEXT("adapter", struct draft_carries, adapter),
    CYAML_FIELD_ENUM("as", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct draft_carries, as, ways,
                     2),
    TEXT_MAYBE("off", struct draft_carries, off),
    TEXT("path", struct draft_carries, path),
    TEXT("content", struct draft_carries, content),
    TEXT("name", struct draft_carries, name),
    TEXT("is", struct draft_carries, is),
    LIST_MAYBE("refines", struct draft_carries, refines, &text_value),
    LIST_FOR(struct draft_carries),
    LIST_MAYBE("write", struct draft_carries, write, &row_value),
    CYAML_FIELD_END};

static const cyaml_schema_field_t message_fields[] = {
    TEXT("name", struct draft_message, name),
    TEXT("format", struct draft_message, format),
    LIST("shapes", struct draft_message, shapes, &shape_value, 1),
    LIST("native_id", struct draft_message, native_id, &text_value, 1),
    CYAML_FIELD_MAPPING("event_type", CYAML_FLAG_DEFAULT, struct draft_message, event_type,
                        event_type_fields),
    LIST("speaks_for", struct draft_message, speaks_for, &speaker_value, 1),
    LIST_MAYBE("reference", struct draft_message, reference, &text_value),
    LIST_MAYBE("refers_to", struct draft_message, refers_to, &text_value),
    LIST_MAYBE("arrays", struct draft_message, arrays, &array_value),
    CYAML_FIELD_MAPPING_PTR("carries", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
                            struct draft_message, carries, carries_fields),
    LIST("map", struct draft_message, map, &row_value, 1),
    CYAML_FIELD_END};
static const cyaml_schema_value_t message_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct draft_message, message_fields)};

static const cyaml_schema_field_t prefix_fields[] = {
    TEXT_MAYBE("element", struct draft_prefix, element),
    TEXT_MAYBE("namespace", struct draft_prefix, name_space),
    TEXT("prefix", struct draft_prefix, prefix), CYAML_FIELD_END};
static const cyaml_schema_value_t prefix_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct draft_prefix, prefix_fields)};

static const cyaml_schema_field_t xml_fields[] = {
    TEXT("root", struct draft_xml, root),
    LIST_MAYBE("namespaces", struct draft_xml, namespaces, &text_value),
    TEXT_MAYBE("schema", struct draft_xml, schema),
    LIST_MAYBE("prefixes", struct draft_xml, prefixes, &prefix_value), CYAML_FIELD_END};

static const cyaml_schema_field_t given_fields[] = {
    TEXT("name", struct draft_text, name), TEXT("text", struct draft_text, text), CYAML_FIELD_END};
static const cyaml_schema_value_t given_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct draft_text, given_fields)};

static const cyaml_strval_t bodies[] = {{"raw", BODY_RAW}, {"multipart", BODY_MULTIPART}};
static const cyaml_schema_field_t send_fields[] = {
    TEXT_MAYBE("message", struct draft_send, message),
    TEXT_MAYBE("method", struct draft_send, method),
    TEXT_MAYBE("path", struct draft_send, path),
    TEXT_MAYBE("media_type", struct draft_send, media_type),
    CYAML_FIELD_ENUM("body", CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct draft_send, body,
                     bodies, 2),
    TEXT_MAYBE("part", struct draft_send, part),
    TEXT_MAYBE("file_name", struct draft_send, file_name),
    TEXT_MAYBE("files_part", struct draft_send, files_part),
    LIST_MAYBE("fields", struct draft_send, fields, &given_value),
    LIST_MAYBE("headers", struct draft_send, headers, &given_value),
    CYAML_FIELD_END};
static const cyaml_schema_value_t send_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct draft_send, send_fields)};

static const cyaml_strval_t auths[] = {{"none", AUTH_NONE},
                                       {"headers", AUTH_HEADERS},
                                       {"basic", AUTH_BASIC},
                                       {"oauth2", AUTH_OAUTH2},
                                       {"session", AUTH_SESSION}};
static const cyaml_schema_field_t auth_fields[] = {
    CYAML_FIELD_ENUM("kind", CYAML_FLAG_STRICT, struct draft_auth, kind, auths, 5),
    TEXT_MAYBE("path", struct draft_auth, path),
    TEXT_MAYBE("media_type", struct draft_auth, media_type),
    TEXT_MAYBE("body", struct draft_auth, body),
    TEXT_MAYBE("token", struct draft_auth, token),
    TEXT_MAYBE("expires_in", struct draft_auth, expires_in),
    TEXT_MAYBE("given", struct draft_auth, given),
    LIST_MAYBE("headers", struct draft_auth, headers, &given_value),
    LIST_MAYBE("require", struct draft_auth, require, &given_value),
    CYAML_FIELD_END};

static const cyaml_schema_field_t call_fields[] = {
    TEXT_MAYBE("method", struct draft_call, method),
    TEXT("path", struct draft_call, path),
    TEXT_MAYBE("media_type", struct draft_call, media_type),
    TEXT_MAYBE("body", struct draft_call, body),
    TEXT_MAYBE("items", struct draft_call, items),
    TEXT_MAYBE("id", struct draft_call, id),
    TEXT_MAYBE("document", struct draft_call, document),
    FLAG("base64", struct draft_call, base64),
    TEXT_MAYBE("state", struct draft_call, state),
    LIST_MAYBE("waits", struct draft_call, waits, &text_value),
    CYAML_FIELD_END};
#define CALL(name, flags)                                                                          \
    CYAML_FIELD_MAPPING_PTR(#name, CYAML_FLAG_POINTER | flags, struct draft_mailbox, name,         \
                            call_fields)
static const cyaml_schema_field_t mailbox_fields[] = {
    CALL(list, CYAML_FLAG_DEFAULT), CALL(fetch, CYAML_FLAG_OPTIONAL),
    CALL(done, CYAML_FLAG_DEFAULT), CALL(failed, CYAML_FLAG_OPTIONAL), CYAML_FIELD_END};

static const cyaml_schema_field_t where_fields[] = {
    TEXT_MAYBE("path", struct draft_where, path),
    LIST_MAYBE("is", struct draft_where, is, &text_value),
    LIST_MAYBE("contains", struct draft_where, contains, &text_value),
    FLAG("absent", struct draft_where, absent), CYAML_FIELD_END};
static const cyaml_schema_value_t where_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct draft_where, where_fields)};

static const cyaml_strval_t meanings[] = {
    {"done", ANSWER_DONE},       {"duplicate", ANSWER_DUPLICATE}, {"exists", ANSWER_EXISTS},
    {"missing", ANSWER_MISSING}, {"login", ANSWER_LOGIN},         {"again", ANSWER_AGAIN},
    {"refused", ANSWER_REFUSED}};
static const cyaml_schema_field_t answer_fields[] = {
    LIST_MAYBE("status", struct draft_answer, status, &text_value),
    LIST_MAYBE("where", struct draft_answer, where, &where_value),
    CYAML_FIELD_ENUM("meaning", CYAML_FLAG_STRICT, struct draft_answer, meaning, meanings, 7),
    TEXT_MAYBE("cause", struct draft_answer, cause),
    TEXT_MAYBE("detail", struct draft_answer, detail),
    CYAML_FIELD_END};
static const cyaml_schema_value_t answer_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct draft_answer, answer_fields)};

static const cyaml_schema_field_t cannot_fields[] = {
    LIST("fields", struct draft_cannot, fields, &text_value, 1),
    TEXT("reason", struct draft_cannot, reason), CYAML_FIELD_END};
static const cyaml_schema_value_t cannot_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct draft_cannot, cannot_fields)};

static const cyaml_strval_t syntaxes[] = {{"json", SYNTAX_JSON}, {"xml", SYNTAX_XML}};
static const cyaml_schema_field_t draft_fields[] = {
    TEXT("name", struct draft, name),
    TEXT("title", struct draft, title),
    CYAML_FIELD_ENUM("syntax", CYAML_FLAG_STRICT, struct draft, syntax, syntaxes, 2),
    LIST("media_types", struct draft, media_types, &text_value, 1),
    CYAML_FIELD_MAPPING_PTR("xml", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct draft, xml,
                            xml_fields),
    LIST("messages", struct draft, messages, &message_value, 1),
    LIST_MAYBE("send", struct draft, send, &send_value),
    CYAML_FIELD_MAPPING_PTR("auth", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct draft, auth,
                            auth_fields),
    CYAML_FIELD_MAPPING_PTR("mailbox", CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct draft,
                            mailbox, mailbox_fields),
    LIST_MAYBE("answers", struct draft, answers, &answer_value),
    LIST_MAYBE("cannot", struct draft, cannot, &cannot_value),
    LIST_MAYBE("when_exists", struct draft, when_exists, &given_value),
    LIST_MAYBE("when_missing", struct draft, when_missing, &given_value),
    CYAML_FIELD_END};
static const cyaml_schema_value_t draft_value = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct draft, draft_fields)};

struct draft *draft_read(const struct yaml_file *file, struct fault *why)
{
    void *draft = NULL;
    return yaml_value_read(file, &draft_value, &draft, why) ? draft : NULL;
}

void draft_free(struct draft *draft)
{
    yaml_value_free(&draft_value, draft);
}
