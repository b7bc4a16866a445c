/* SPDX-License-Identifier: Apache-2.0 */
/* The documents of an entry side by side: as it came, as an event, as it was mended, as it went. */
#include "adapt/veil.h"
#include "base/cleanup.h"
#include "base/number.h"
#include "base/utf8.h"
#include "operate/answer.h"
#include "operate/delivered.h"
#include "operate/repair_own.h"

ENDS_WITH_SCOPE(json_t *, json_decref)
ENDS_WITH_SCOPE(struct subject *, subject_end)
ENDS_WITH_SCOPE(struct mended *, mended_free)

/* A document to be shown. */
struct sheet {
    const struct adapter *adapter; /* whose map says what is personal in it; NULL: nobody's */
    const char *media_type;
    const char *bytes;
    size_t size;
};

/* The text as this session may see it. */
static char *write_text(const struct subject *subject, const struct sheet *sheet, size_t *size,
                        struct fault *why)
{
    return subject->mask == RENDER_FULL
               ? veil_nothing(sheet->bytes, sheet->size, size, why)
               : veil_document(sheet->adapter, sheet->bytes, sheet->size, size, why);
}

static json_t *describe(const struct subject *subject, const struct sheet *sheet, struct fault *why)
{
    size_t size = 0;
    uint8_t sha256[SHA256_SIZE];
    auto_free(free) char *text = write_text(subject, sheet, &size, why);
    if (!text)
        return NULL;
    bool is_cut = size > REPAIR_SHOWN_LIMIT;
    size_t shown = is_cut ? utf8_cut(text, size, REPAIR_SHOWN_LIMIT) : size;
    digest_sha256(sheet->bytes, sheet->size, sha256);
    json_t *json =
        json_pack("{s:s, s:o, s:b, s:b, s:I, s:o, s:[]}", "media_type", sheet->media_type, "text",
                  json_stringn(text, shown), "masked", subject->mask == RENDER_MASKED, "cut",
                  is_cut, "size", (json_int_t)sheet->size, "sha256", subject_hash(sha256), "lines");
    if (!json)
        (void)fault_memory(why);
    return json;
}

/* Which lines of it are at fault, by today's adapters; a document that nobody can read any more
 * has none. */
static bool mark_lines(const struct subject *subject, const struct sheet *sheet, json_t *json,
                       struct fault *why)
{
    struct mended held = {.is_good = false};
    auto_free(mended_free) struct mended *mended = &held;
    size_t index;
    json_t *problem;
    if (!subject_mend(subject, sheet->bytes, sheet->size, mended, why))
        return why->kind == FAULT_REFUSE;
    json_array_foreach (mended->problems, index, problem) {
        json_t *line = json_object_get(problem, "line");
        json_t *mark = json_pack(
            "{s:O*, s:O*, s:O*, s:O*}", "line", line, "problem", json_object_get(problem, "detail"),
            "rule", json_object_get(problem, "rule"), "path", json_object_get(problem, "path"));
        if (json_array_append_new(json_object_get(json, "lines"), mark) != 0)
            return fault_memory(why);
    }
    return true;
}

static json_t *show_marked(const struct subject *subject, const struct sheet *sheet,
                           struct fault *why)
{
    auto_free(json_decref) json_t *json = describe(subject, sheet, why);
    return json && mark_lines(subject, sheet, json, why) ? steal(json) : NULL;
}

/* Takes both; NULL stays NULL, with its fault. */
static json_t *add_members(json_t *json, json_t *more, struct fault *why)
{
    if (!json) {
        json_decref(more);
        return NULL;
    }
    if (json_object_update_new(json, more) == 0)
        return json;
    json_decref(json);
    (void)fault_memory(why);
    return NULL;
}

/* ---- what can be shown ---- */

static json_t *show_original(const struct subject *subject, const char *name, struct fault *why)
{
    (void)name;
    size_t size = 0;
    uint8_t sha256[SHA256_SIZE];
    const struct spool_entry *entry = &subject->found.entry;
    auto_free(free) char *bytes = subject_original(subject, &size, why);
    if (!bytes)
        return NULL;
    const struct sheet sheet = {mend_adapter(&subject->repair->mender, &subject->found),
                                entry->media_type, bytes, size};
    bool has_problems = mend_is_needed(&subject->found);
    json_t *json =
        has_problems ? show_marked(subject, &sheet, why) : describe(subject, &sheet, why);
    digest_sha256(bytes, size, sha256);
    bool is_shortened =
        entry->document_sha256 && memcmp(sha256, entry->document_sha256, sizeof sha256) != 0;
    json_t *more = json_pack("{s:b, s:o}", "shortened", is_shortened, "received_sha256",
                             subject_hash(entry->document_sha256));
    return add_members(json, more, why);
}

static json_t *show_event(const struct subject *subject, const char *name, struct fault *why)
{
    (void)name;
    const struct spool_entry *entry = &subject->found.entry;
    const struct stored_event stored = {entry->schema_no, entry->event, entry->event_size};
    if (!entry->event) {
        (void)fault_set(why, FAULT_REFUSE,
                        entry->is_shredded ? SPOOL_SHREDDED : "the entry has no event");
        return NULL;
    }
    const struct schema *schema = subject->repair->options.schema;
    const avro_value_t *event =
        recall_as_ours(subject->station->recall, subject->station->reader, &stored, schema, why);
    auto_free(json_decref) json_t *rendered =
        event ? render_event(schema, event, subject->mask, why) : NULL;
    auto_free(free) char *text = rendered ? json_dumps(rendered, JSON_INDENT(2)) : NULL;
    if (!rendered)
        return NULL;
    json_t *json = json_pack("{s:s, s:o, s:b, s:O, s:[]}", "media_type", "application/json", "text",
                             subject_text(text), "masked", subject->mask == RENDER_MASKED, "event",
                             rendered, "lines");
    if (!json)
        (void)fault_memory(why);
    return json;
}

static json_t *show_revision(const struct subject *subject, const char *name, struct fault *why)
{
    int64_t no = 0;
    struct revision_found found = {.no = 0};
    if (number_read(name, strlen(name), 1, INT32_MAX, &no) != NUMBER_GOOD) {
        (void)fault_set(why, FAULT_REFUSE, "a revision is a number from 1");
        return NULL;
    }
    auto_free(free) char *bytes = subject_revision(subject, (int32_t)no, &found, why);
    const struct sheet sheet = {mend_adapter(&subject->repair->mender, &subject->found),
                                subject->found.entry.media_type, bytes, found.size};
    return bytes ? show_marked(subject, &sheet, why) : NULL;
}

static json_t *show_delivered(const struct subject *subject, const char *name, struct fault *why)
{
    int64_t no = 0;
    struct delivered delivered;
    if (strncmp(name, "d-", 2) != 0 ||
        number_read(name + 2, strlen(name + 2), 1, INT64_MAX, &no) != NUMBER_GOOD) {
        (void)fault_set(why, FAULT_REFUSE, "a delivery is called d-NUMBER");
        return NULL;
    }
    if (!delivered_write(subject, no, &delivered, why))
        return NULL;
    auto_free(free) char *bytes = delivered.bytes;
    const struct sheet sheet = {delivered.adapter, delivered.media_type, bytes, delivered.size};
    json_t *json = describe(subject, &sheet, why);
    json_t *more =
        json_pack("{s:o, s:o}", "delivered_sha256",
                  delivered.has_then ? subject_hash(delivered.then) : json_null(), "same",
                  delivered.has_then ? json_boolean(delivered.is_same) : json_null());
    return add_members(json, more, why);
}

static const struct {
    const char *name; /* up to what follows a colon */
    bool takes_name;
    json_t *(*show)(const struct subject *subject, const char *name, struct fault *why);
} sheets[] = {
    {"original", false, show_original},
    {"event", false, show_event},
    {"revision", true, show_revision},
    {"delivery", true, show_delivered},
};

static void show(const struct subject *subject, const char *what)
{
    struct fault why;
    size_t size = strcspn(what, ":");
    for (size_t at = 0; at < sizeof sheets / sizeof *sheets; at++) {
        if (strlen(sheets[at].name) != size || memcmp(sheets[at].name, what, size) != 0 ||
            sheets[at].takes_name != (what[size] == ':'))
            continue;
        json_t *json = sheets[at].show(subject, what[size] ? what + size + 1 : "", &why);
        if (json)
            operate_answer(subject->call->request, json);
        else
            operate_fault(subject->call->request, &why);
        return;
    }
    http_problem(subject->call->request, &operate_bad_request,
                 "what: original, event, revision:N or delivery:d-N", NULL);
}

void document_show(void *own, struct operator_call *call)
{
    struct subject found = {.receipt = NULL};
    auto_free(subject_end) struct subject *subject = &found;
    const char *what = http_query(call->request, "what");
    if (subject_find(own, call, subject))
        show(subject, what ? what : "original");
}
