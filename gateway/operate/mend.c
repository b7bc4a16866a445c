/* SPDX-License-Identifier: Apache-2.0 */
/* A dead entry's document, read as if it came today. */
#include "operate/mend.h"

#include "api/complete.h"
#include "api/custody.h"
#include "api/judge.h"
#include "api/keeping.h"
#include "api/reference.h"
#include "api/refusal.h"
#include "api/trace.h"
#include "base/cleanup.h"
#include "event/wire.h"
#include "files/inline.h"

#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)
ENDS_WITH_SCOPE(struct caller *, caller_forget)

enum { FILES_MOST = 1024 };

/* What one reading works on. */
struct mending {
    const struct mender *mender;
    struct station *station;
    const struct mend_wish *wish;
    struct mended *mended;
    struct caller caller;
    struct circumstances circumstances;
    int wanted; /* the item that is the entry's */
    bool is_seen;
};

void mended_free(struct mended *mended)
{
    json_decref(mended->problems);
    diff_render_free(&mended->essence);
    json_decref(mended->event);
    free(mended->texts);
    free(mended->datum);
    free(mended->files);
    free(mended->carried);
    *mended = (struct mended){.is_good = false};
}

/* ---- files ---- */

static bool is_among(uint8_t (*list)[SHA256_SIZE], size_t count, const uint8_t *sha256)
{
    for (size_t i = 0; i < count; i++)
        if (memcmp(list[i], sha256, SHA256_SIZE) == 0)
            return true;
    return false;
}

static bool add_file(uint8_t (**list)[SHA256_SIZE], size_t *count, const uint8_t *sha256)
{
    if (is_among(*list, *count, sha256) || *count == FILES_MOST)
        return true;
    uint8_t(*more)[SHA256_SIZE] = reallocarray(*list, *count + 1, sizeof *more);
    if (!more)
        return false;
    *list = more;
    memcpy(more[(*count)++], sha256, SHA256_SIZE);
    return true;
}

/* A reference that this gateway put into a document of this sender. */
static bool find_file(void *own, const char *text, size_t size, uint8_t sha256[SHA256_SIZE],
                      int64_t *bytes)
{
    struct mending *mending = own;
    struct file_store *files = mending->mender->files;
    struct inline_file file;
    if (!files ||
        !inline_read(file_store_key(files), mending->caller.partner->id, text, size, &file) ||
        !add_file(&mending->mended->carried, &mending->mended->carried_count, file.sha256))
        return false;
    memcpy(sha256, file.sha256, SHA256_SIZE);
    *bytes = file.size;
    return true;
}

static bool load_file(void *own, const uint8_t sha256[SHA256_SIZE], char *bytes, size_t size,
                      struct fault *why)
{
    const struct mending *mending = own;
    int64_t whole = 0;
    size_t total = 0;
    struct file_reader *reader = file_reader_open(mending->mender->files, sha256, &whole, why);
    bool is_read = reader != NULL;
    for (size_t got = 1; is_read && got > 0 && total < size; total += got)
        is_read = file_reader_read(reader, bytes + total, size - total, &got, why);
    file_reader_close(reader);
    if (!is_read)
        return false;
    return total == size || fault_set(why, FAULT_BROKEN, "files: a file is not of its size");
}

static bool came_along(const void *own, const uint8_t *sha256)
{
    const struct mended *mended = own;
    return is_among(mended->carried, mended->carried_count, sha256);
}

static bool use_file(void *own, const uint8_t *sha256, struct fault *why)
{
    struct mended *mended = own;
    return add_file(&mended->files, &mended->file_count, sha256) || fault_memory(why);
}

/* ---- one item ---- */

static bool encode(struct mending *mending, avro_value_t *event, struct fault *why)
{
    struct mended *mended = mending->mended;
    struct spool_item *stored = &mended->item;
    mended->datum = wire_encode(mending->mender->schema, event, &stored->event_size, why);
    const struct custody_naming naming = {mending->station, &mending->caller, came_along,
                                          use_file,         mended,           NULL};
    if (!mended->datum || !custody_use_named(&naming, event, why))
        return false;
    stored->event = mended->datum;
    stored->schema_no = mending->mender->schema_no;
    keeping_of_event(event, stored);
    return true;
}

static bool show(struct mending *mending, const avro_value_t *event, struct fault *why)
{
    struct mended *mended = mending->mended;
    if (mending->wish->is_bare)
        return true;
    mended->event = render_event(mending->mender->schema, event, mending->wish->mask, why);
    return mended->event != NULL;
}

/* What is asked of a handoff beside its adapter's rules. */
static bool finish(struct mending *mending, const struct adapt_item *item, struct fault *why)
{
    struct mended *mended = mending->mended;
    avro_value_t event = item->event;
    enum verdict verdict = VERDICT_GOOD;
    if (!complete_event(mending->station->bench, item, &mending->circumstances,
                        mended->item.event_id, why) ||
        !judge_event(mending->station->bench, item->adapter, &event, &mending->caller, &verdict,
                     why))
        return false;
    if (verdict != VERDICT_GOOD)
        return true;
    mended->is_good = true;
    mended->is_silent = item->is_silent;
    return show(mending, &event, why) && (item->is_silent || encode(mending, &event, why));
}

static bool take_item(void *own, const struct adapt_item *item, struct fault *why)
{
    struct mending *mending = own;
    struct mended *mended = mending->mended;
    const struct diff_side side = {&item->event, mending->wish->mask};
    bool is_valid = item->is_valid;
    if (item->number != mending->wanted)
        return true;
    mending->is_seen = true;
    return reference_fill(mending->station, &mending->caller, item, &is_valid, why) &&
           keeping_of_item(item, &mended->item, &mended->texts, why) &&
           (mending->wish->is_bare ||
            diff_render(mending->mender->schema, &side, &mended->essence, why)) &&
           (!is_valid || finish(mending, item, why));
}

/* ---- which item ---- */

struct neighbour {
    int64_t document;
    bool is_there;
};

static bool note_neighbour(void *own, const struct spool_entry *entry)
{
    struct neighbour *neighbour = own;
    neighbour->is_there = entry->document == neighbour->document;
    return false;
}

/* An entry of a document that could not be read at all stands for all that is in it. */
static bool stands_for_all(const struct mending *mending, bool *does, struct fault *why)
{
    const struct spool_entry *entry = &mending->wish->found->entry;
    struct neighbour neighbour = {.document = entry->document};
    const struct spool_range next = {.after = entry->document, .limit = 1};
    if (entry->item_no == 0 &&
        !spool_list(mending->station->reader, next, note_neighbour, &neighbour, why))
        return false;
    *does = entry->item_no == 0 && !neighbour.is_there;
    return true;
}

/* ---- problems ---- */

enum extra { EXTRA_GONE, EXTRA_MANY, EXTRA_TAKEN, EXTRA_UNSIGNED };

static const struct {
    const char *rule;
    const char *sentences[2]; /* by enum http_language */
} extras[] = {
    [EXTRA_GONE] = {"items",
                    {"Văn bản sửa không còn mục này",
                     "The document does not have this item any more"}},
    [EXTRA_MANY] = {"items",
                    {"Văn bản có nhiều mục, nhưng bản ghi này chỉ đứng cho một",
                     "The document has several items, and this entry can stand for one alone"}},
    [EXTRA_TAKEN] = {"conflict",
                     {"Mã thông điệp này đã dùng cho nội dung khác",
                      "This message id was used for another content"}},
    [EXTRA_UNSIGNED] =
        {"signature",
         {"Chữ ký số không được chấp nhận; bên gửi phải gửi lại văn bản có chữ ký đúng",
          "Its signature does not count; the sender must send it again, signed"}},
};

static bool add_extra(const struct mending *mending, enum extra extra, struct fault *why)
{
    json_t *problem = json_pack("{s:s, s:s, s:s}", "rule", extras[extra].rule, "path", "/",
                                "detail", extras[extra].sentences[mending->wish->language]);
    return json_array_append_new(mending->mended->problems, problem) == 0 || fault_memory(why);
}

/* An entry that came under an id which was taken stays so under that id. */
static bool has_taken_id(const struct mending *mending)
{
    const struct spool_entry *entry = &mending->wish->found->entry;
    const struct spool_item *item = &mending->mended->item;
    return entry->cause && strcmp(entry->cause, "conflict") == 0 && entry->native_id &&
           item->native_id && strcmp(entry->native_id, item->native_id) == 0;
}

/* What was sent without a good signature is not good by being read again.  A person who changes it
 * speaks for it himself. */
static bool is_unsigned(const struct mending *mending, bool *is, struct fault *why)
{
    static const char code[] = "signature ";
    const struct spool_entry *entry = &mending->wish->found->entry;
    size_t size = 0;
    *is = false;
    if (!entry->cause || strncmp(entry->cause, code, sizeof code - 1) != 0)
        return true;
    auto_free(free) char *kept = spool_original(mending->station->reader, entry->entry, &size, why);
    *is = kept && size == mending->wish->size && memcmp(kept, mending->wish->bytes, size) == 0;
    return kept != NULL;
}

/* What no adapter can find. */
static bool add_extras(const struct mending *mending, bool is_many, struct fault *why)
{
    bool is_bare = false;
    if (is_many || !mending->is_seen)
        return add_extra(mending, is_many ? EXTRA_MANY : EXTRA_GONE, why);
    if (!is_unsigned(mending, &is_bare, why))
        return false;
    if (is_bare)
        return add_extra(mending, EXTRA_UNSIGNED, why);
    return !has_taken_id(mending) || add_extra(mending, EXTRA_TAKEN, why);
}

/* A problem of the whole document takes down an item that is good by itself. */
static void drop_event(struct mended *mended)
{
    json_decref(mended->event);
    mended->event = NULL;
    mended->item.event = NULL;
    mended->is_good = false;
    mended->is_silent = false;
}

/* Those of the document and of the entry's item; the rest is not the entry's. */
static bool list_problems(struct mending *mending, const struct reading *reading, bool is_alone,
                          struct fault *why)
{
    struct mended *mended = mending->mended;
    bool is_many = is_alone && reading->item_count > 1;
    auto_free(free) struct problem *own = calloc(reading->problem_count + 1, sizeof *own);
    size_t count = 0;
    for (size_t i = 0; own && i < reading->problem_count; i++)
        if (reading->problems[i].item < 0 || reading->problems[i].item == mending->wanted)
            own[count++] = reading->problems[i];
    mended->problems = own ? refusal_problems(own, count, mending->wish->language) : NULL;
    if (!mended->problems)
        return fault_memory(why);
    if (count == 0 && !add_extras(mending, is_many, why))
        return false;
    if (json_array_size(mended->problems) > 0)
        drop_event(mended);
    return true;
}

/* ---- the whole ---- */

static size_t choose_candidates(const struct mending *mending, const struct adapter **candidates)
{
    const struct partner *partner = mending->caller.partner;
    const char *media_type = mending->wish->found->entry.media_type;
    size_t count = 0;
    for (size_t i = 0; i < partner->adapter_count; i++) {
        const struct adapter *adapter =
            adapters_find(mending->mender->adapters, partner->adapters[i]);
        if (adapter && adapter_takes(adapter, media_type))
            candidates[count++] = adapter;
    }
    return count;
}

static bool read(struct mending *mending, const uint8_t *sha256, struct fault *why)
{
    const struct partner *partner = mending->caller.partner;
    struct reading reading;
    bool is_alone = false;
    auto_free(free) const struct adapter **candidates =
        calloc(partner->adapter_count + 1, sizeof *candidates);
    if (!candidates)
        return fault_memory(why);
    const struct adapt_document document = {
        .bytes = mending->wish->bytes,
        .size = mending->wish->size,
        .candidates = candidates,
        .candidate_count = choose_candidates(mending, candidates),
        .sha256 = sha256,
        .file = find_file,
        .load = load_file,
        .files = mending,
        .without_signatures = partner->signatures.policy != SIGNATURES_IGNORED};
    if (document.candidate_count == 0)
        return fault_set(why, FAULT_REFUSE, "%s has no adapter for it any more", partner->id);
    return stands_for_all(mending, &is_alone, why) &&
           adapt_read(mending->station->bench, &document, take_item, mending, &reading, why) &&
           list_problems(mending, &reading, is_alone, why);
}

static bool find_sender(struct mending *mending, struct fault *why)
{
    struct caller *caller = &mending->caller;
    const char *id = mending->wish->found->entry.partner;
    caller->directory = directory_current(mending->mender->place);
    caller->partner = directory_partner(caller->directory, id);
    return caller->partner ||
           fault_set(why, FAULT_REFUSE, "there is no partner %s in the directory", id);
}

bool mend_read(const struct mender *mender, struct station *station, const struct mend_wish *wish,
               struct mended *mended, struct fault *why)
{
    const struct spool_entry *entry = &wish->found->entry;
    uint8_t sha256[SHA256_SIZE];
    char hex[SHA256_HEX_SIZE];
    struct trace trace;
    struct mending mending = {.mender = mender,
                              .station = station,
                              .wish = wish,
                              .mended = mended,
                              .wanted = entry->item_no};
    auto_free(caller_forget) struct caller *caller = &mending.caller;
    *mended = (struct mended){.is_good = false};
    digest_sha256(wish->bytes, wish->size, sha256);
    digest_hex(sha256, sizeof sha256, hex);
    trace_from(entry->traceparent, &trace);
    mending.circumstances = (struct circumstances){.system = entry->partner,
                                                   .payload_sha256 = hex,
                                                   .trace_id = trace.id,
                                                   .received_at_ms = entry->received_at_ms};
    if (!find_sender(&mending, why) || !read(&mending, sha256, why)) {
        mended_free(mended);
        return false;
    }
    mended->item.files = (const uint8_t(*)[SHA256_SIZE])mended->files;
    mended->item.file_count = mended->file_count;
    (void)caller;
    return true;
}

bool mend_is_needed(const struct found *found)
{
    const struct spool_entry *entry = &found->entry;
    return entry->state == ENTRY_DEAD && !entry->event && !entry->is_damaged;
}

const struct adapter *mend_adapter(const struct mender *mender, const struct found *found)
{
    return adapters_find(mender->adapters, found->entry.adapter);
}
