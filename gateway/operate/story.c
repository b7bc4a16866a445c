/* SPDX-License-Identifier: Apache-2.0 */
/* One entry's story: what is known of it, what happened to it and by whom, what is wrong with it.
 */
#include "adapt/problem.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "operate/answer.h"
#include "operate/cause.h"
#include "operate/detail.h"
#include "operate/item.h"
#include "operate/repair_own.h"
#include "spool/receipt.h"

#include <inttypes.h>

ENDS_WITH_SCOPE(json_t *, json_decref)
ENDS_WITH_SCOPE(struct subject *, subject_end)
ENDS_WITH_SCOPE(struct mended *, mended_free)

enum { ACTS_MOST = 500 };

/* What is being gathered. */
struct story {
    const struct subject *subject;
    json_t *timeline;
    json_t *revisions;
    json_t *deliveries;
    json_t *delivery; /* the one whose trail is read */
    bool is_out_of_memory;
};

static bool append(struct story *story, json_t *list, json_t *json)
{
    story->is_out_of_memory = json_array_append_new(list, json) != 0;
    return !story->is_out_of_memory;
}

/* The cause, and what an operator can do about it. */
static json_t *words_of(const struct subject *subject, const char *cause)
{
    return cause ? json_string(cause_text(cause, subject->call->language)) : json_null();
}

/* Until when this session may see its personal data. */
static json_t *open_until(const struct subject *subject)
{
    return subject->unmasked_ms > 0 ? subject_moment(clock_now_ms() + subject->unmasked_ms)
                                    : json_null();
}

/* ---- the timeline ---- */

enum moment_kind {
    HAPPENED_ACCEPTED,
    HAPPENED_DEAD,
    HAPPENED_FAILED,
    HAPPENED_PARKED,
    HAPPENED_PUBLISHED,
    HAPPENED_ARRIVED,
    HAPPENED_DELIVERED,
    HAPPENED_COUNT_
};

static const struct {
    const char *what;
    const char *sentences[2]; /* by enum http_language; %s is the detail */
} moments[HAPPENED_COUNT_] = {
    [HAPPENED_ACCEPTED] = {"accepted", {"Đã nhận từ %s", "Accepted from %s"}},
    [HAPPENED_DEAD] = {"dead", {"Chờ người xử lý: %s", "Waits for a person: %s"}},
    [HAPPENED_FAILED] = {"failed", {"Bị lỗi: %s", "Failed: %s"}},
    [HAPPENED_PARKED] = {"parked", {"Chờ sau %s cùng hồ sơ", "Waits behind %s of the dossier"}},
    [HAPPENED_PUBLISHED] = {"published", {"Đã phát lên Kafka, %s", "Published to Kafka, %s"}},
    [HAPPENED_ARRIVED] = {"arrived", {"Chuyển tới %s", "On its way to %s"}},
    [HAPPENED_DELIVERED] = {"delivered", {"Đã giao cho %s", "Delivered to %s"}},
};

struct happening {
    enum moment_kind kind;
    int64_t at_ms;
    const char *who;
    const char *detail;
    int status;
};

static bool tell_moment(struct story *story, const struct happening *happening)
{
    char text[400];
    const char *format = moments[happening->kind].sentences[story->subject->call->language];
    const char *mark = strstr(format, "%s");
    size_t head = mark ? (size_t)(mark - format) : strlen(format);
    (void)snprintf(text, sizeof text, "%.*s%s%s", (int)head, format,
                   happening->detail ? happening->detail : "", mark ? mark + 2 : "");
    json_t *sentence = json_stringn(text, strlen(text));
    if (!sentence) /* it was cut within a letter */
        sentence = json_string(happening->detail ? moments[happening->kind].what : "");
    return append(story, story->timeline,
                  json_pack("{s:o, s:s, s:o, s:o, s:o}", "at", subject_moment(happening->at_ms),
                            "what", moments[happening->kind].what, "who",
                            subject_text(happening->who), "status",
                            happening->status ? json_integer(happening->status) : json_null(),
                            "text", sentence));
}

/* What people did is in the record, with who and why. */
static bool tell_act(void *own, const struct spool_audited *entry)
{
    struct story *story = own;
    const struct spool_record *record = &entry->record;
    bool is_refused = strcmp(record->outcome, "done") != 0;
    return append(story, story->timeline,
                  json_pack("{s:o, s:s, s:s, s:n, s:s, s:b}", "at", subject_moment(record->at_ms),
                            "what", record->act, "who", record->actor.name, "status", "text",
                            record->reason, "refused", is_refused));
}

static bool tell_acts(struct story *story, struct fault *why)
{
    char object[SUBJECT_OBJECT_SIZE];
    (void)snprintf(object, sizeof object, "entry:%s", story->subject->receipt);
    const struct audit_range range = {.limit = ACTS_MOST, .object = object};
    return spool_audited(story->subject->station->reader, &range, tell_act, story, why);
}

/* Whether it was found as the document was read, which is when it came. */
static bool is_of_document(const char *cause)
{
    for (int rule = 0; cause && rule < RULE_COUNT_; rule++) {
        const char *code = rule_code((enum rule)rule);
        size_t size = strlen(code);
        if (strncmp(cause, code, size) == 0 && (cause[size] == ' ' || !cause[size]))
            return true;
    }
    return false;
}

/* What is wrong with it, or was until somebody dealt with it. */
static bool tell_failure(struct story *story)
{
    const struct spool_entry *entry = &story->subject->found.entry;
    bool is_dead = entry->state == ENTRY_DEAD;
    auto_free(json_decref) json_t *detail =
        detail_shown(entry->detail, story->subject->call->language);
    const struct happening failed = {.kind = is_dead ? HAPPENED_DEAD : HAPPENED_FAILED,
                                     .at_ms =
                                         is_of_document(entry->cause) ? entry->received_at_ms : 0,
                                     .detail = json_string_value(detail)};
    return (!is_dead && !entry->cause) || tell_moment(story, &failed);
}

static bool tell_beginning(struct story *story)
{
    const struct spool_entry *entry = &story->subject->found.entry;
    const struct happening accepted = {.kind = HAPPENED_ACCEPTED,
                                       .at_ms = entry->received_at_ms,
                                       .who = entry->partner,
                                       .detail = entry->partner};
    char receipt[RECEIPT_TEXT_SIZE] = "";
    if (entry->behind)
        receipt_write(spool_receipt_key(story->subject->repair->options.spool), entry->behind,
                      receipt);
    const struct happening parked = {.kind = HAPPENED_PARKED, .detail = receipt};
    return tell_moment(story, &accepted) && tell_failure(story) &&
           (entry->state != ENTRY_PARKED || tell_moment(story, &parked));
}

static bool tell_publishing(struct story *story)
{
    const struct found *found = &story->subject->found;
    char place[64] = "";
    if (found->place.number)
        (void)snprintf(place, sizeof place, "%" PRId32 ":%" PRId64, found->place.partition,
                       found->place.offset);
    const struct happening published = {
        .kind = HAPPENED_PUBLISHED, .at_ms = found->place.at_ms, .detail = place};
    return !found->entry.is_published || !found->entry.event_type || tell_moment(story, &published);
}

/* ---- deliveries ---- */

static bool tell_line(void *own, const struct spool_trail *line)
{
    struct story *story = own;
    json_t *json = json_pack(
        "{s:o, s:s, s:o, s:o}", "at", subject_moment(line->at_ms), "what", line->kind, "status",
        line->status ? json_integer(line->status) : json_null(), "text", subject_text(line->text));
    return append(story, json_object_get(story->delivery, "trail"), json);
}

static json_t *id_or_null(int64_t delivery)
{
    return delivery ? json_sprintf("d-%" PRId64, delivery) : json_null();
}

static const char *state_of(enum delivery_state state)
{
    static const char *const names[] = {
        [DELIVERY_WAITING] = "waiting",     [DELIVERY_PARKED] = "parked",
        [DELIVERY_DEAD] = "dead",           [DELIVERY_DISCARDED] = "discarded",
        [DELIVERY_DELIVERED] = "delivered",
    };
    return names[state];
}

static bool tell_delivery(void *own, const struct spool_delivery *delivery)
{
    struct story *story = own;
    bool is_delivered = delivery->state == DELIVERY_DELIVERED;
    const struct happening arrived = {.kind = HAPPENED_ARRIVED,
                                      .at_ms = delivery->arrived_at_ms,
                                      .who = delivery->partner,
                                      .detail = delivery->partner ? delivery->partner : "?"};
    const struct happening over = {.kind = HAPPENED_DELIVERED,
                                   .at_ms = delivery->last_at_ms,
                                   .who = delivery->partner,
                                   .detail = delivery->partner,
                                   .status = delivery->last_status};
    json_t *json = json_pack(
        "{s:o, s:o, s:s, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:[]}", "id",
        id_or_null(delivery->delivery), "partner", subject_text(delivery->partner), "state",
        state_of(delivery->state), "agency", subject_text(delivery->agency), "routed",
        subject_text(delivery->reason), "attempts", (json_int_t)delivery->attempts, "status",
        delivery->last_status ? json_integer(delivery->last_status) : json_null(), "cause",
        subject_text(delivery->cause), "cause_text", words_of(story->subject, delivery->cause),
        "detail", detail_shown(delivery->detail, story->subject->call->language), "last_at",
        subject_moment(delivery->last_at_ms), "next_at",
        subject_moment(delivery->state == DELIVERY_WAITING ? delivery->next_at_ms : 0), "behind",
        id_or_null(delivery->behind), "document_sha256", subject_hash(delivery->document_sha256),
        "trail");
    return append(story, story->deliveries, json) && tell_moment(story, &arrived) &&
           (!is_delivered || tell_moment(story, &over));
}

static bool tell_trails(struct story *story, struct fault *why)
{
    size_t index;
    json_t *delivery;
    json_array_foreach (story->deliveries, index, delivery) {
        const char *id = json_string_value(json_object_get(delivery, "id"));
        story->delivery = delivery;
        if (!spool_trail(story->subject->station->reader, id ? strtoll(id + 2, NULL, 10) : 0,
                         tell_line, story, why))
            return false;
    }
    return true;
}

static bool tell_deliveries(struct story *story, struct fault *why)
{
    const struct spool_entry *entry = &story->subject->found.entry;
    const struct delivery_filter filter = {
        .dossier_code = entry->dossier_code, .event_id = entry->event_id, .state = -1};
    if (!entry->dossier_code || !entry->event_type || !entry->event_id)
        return true; /* nothing of it went to Kafka */
    return spool_deliveries(story->subject->station->reader, &filter, tell_delivery, story, why) &&
           tell_trails(story, why);
}

/* ---- facts ---- */

static json_t *tell_place(const struct found *found)
{
    if (!found->entry.is_published)
        return json_null();
    return json_pack("{s:o, s:o}", "partition",
                     found->place.number ? json_integer(found->place.partition) : json_null(),
                     "offset",
                     found->place.number ? json_integer(found->place.offset) : json_null());
}

static json_t *receipt_or_null(const struct subject *subject, int64_t entry)
{
    char text[RECEIPT_TEXT_SIZE];
    if (!entry)
        return json_null();
    receipt_write(spool_receipt_key(subject->repair->options.spool), entry, text);
    return json_string(text);
}

static json_t *id_of_event(const struct spool_entry *entry)
{
    char text[UUID_TEXT_SIZE];
    if (!entry->event_id || !entry->event_type)
        return json_null();
    uuid_text(entry->event_id, text);
    return json_string(text);
}

static json_t *name_of_partner(const struct subject *subject)
{
    struct directory *directory = directory_current(subject->repair->options.place);
    const struct partner *row = directory_partner(directory, subject->found.entry.partner);
    json_t *name = subject_text(row ? row->name : NULL);
    directory_release(directory);
    return name;
}

static json_t *tell_facts(const struct subject *subject)
{
    const struct spool_entry *entry = &subject->found.entry;
    json_t *facts = json_pack(
        "{s:s, s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:s, s:b, s:b}", "receipt", subject->receipt,
        "partner", entry->partner, "partner_name", name_of_partner(subject), "adapter",
        entry->adapter, "media_type", entry->media_type, "dossier",
        subject_text(entry->dossier_code), "event_type", subject_text(entry->event_type),
        "event_id", id_of_event(entry), "state", item_entry_state(entry), "released",
        entry->state == ENTRY_RELEASED, "is_published", entry->is_published && entry->event_type);
    json_t *more = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:I, s:o, s:b, s:b, s:b}",
        "received_at", subject_moment(entry->received_at_ms), "occurred_at",
        subject_moment(entry->occurred_at_ms), "due_at", subject_moment(entry->due_at_ms), "cause",
        subject_text(entry->cause), "cause_text", words_of(subject, entry->cause), "detail",
        detail_shown(entry->detail, subject->call->language), "behind",
        receipt_or_null(subject, entry->behind), "document",
        receipt_or_null(subject, entry->document), "published", tell_place(&subject->found), "item",
        entry->item_no, "number", (json_int_t)entry->number, "document_sha256",
        subject_hash(entry->document_sha256), "damaged", entry->is_damaged, "has_event",
        entry->event != NULL, "shredded", entry->is_shredded);
    if (!facts || json_object_update_new(facts, more) != 0) {
        json_decref(facts);
        return NULL;
    }
    return facts;
}

/* ---- problems ---- */

/* What today's adapter says of the original of an entry that has no event. */
static json_t *find_problems(const struct subject *subject, bool *would_pass, struct fault *why)
{
    size_t size = 0;
    struct mended held = {.is_good = false};
    auto_free(mended_free) struct mended *mended = &held;
    if (!mend_is_needed(&subject->found))
        return json_array();
    auto_free(free) char *bytes = subject_original(subject, &size, why);
    if (!bytes)
        return NULL;
    if (!subject_mend(subject, bytes, size, mended, why))
        return why->kind == FAULT_REFUSE ? json_array() : NULL; /* its sender is gone */
    *would_pass = mended->is_good;
    return json_incref(mended->problems);
}

/* ---- the whole ---- */

static bool tell_revision(void *own, const struct spool_revision *revision)
{
    struct story *story = own;
    return append(story, story->revisions, subject_tell_revision(revision));
}

static bool gather(struct story *story, struct fault *why)
{
    const struct subject *subject = story->subject;
    if (!tell_beginning(story) || !tell_publishing(story))
        return fault_memory(why);
    if (!tell_acts(story, why) || !tell_deliveries(story, why) ||
        !spool_revisions(subject->station->reader, subject->found.entry.entry, 0, tell_revision,
                         story, why))
        return false;
    return !story->is_out_of_memory || fault_memory(why);
}

/* By time; what has none keeps its place behind what was said before it. */
static json_t *sort_timeline(json_t *timeline)
{
    size_t count = json_array_size(timeline);
    for (size_t at = 1; at < count; at++) {
        const char *time = json_string_value(json_object_get(json_array_get(timeline, at), "at"));
        size_t to = at;
        while (time && to > 0) {
            const char *other =
                json_string_value(json_object_get(json_array_get(timeline, to - 1), "at"));
            if (!other || strcmp(other, time) <= 0)
                break;
            to--;
        }
        if (to < at) {
            json_t *moved = json_incref(json_array_get(timeline, at));
            (void)json_array_remove(timeline, at);
            (void)json_array_insert_new(timeline, to, moved);
        }
    }
    return timeline;
}

static void tell(struct story *story)
{
    struct fault why;
    bool would_pass = false;
    const struct subject *subject = story->subject;
    auto_free(json_decref) json_t *problems = find_problems(subject, &would_pass, &why);
    if (!problems || !gather(story, &why)) {
        operate_fault(subject->call->request, &why);
        return;
    }
    bool needs = repair_needs_approval(subject->repair, subject->found.entry.partner);
    operate_answer(subject->call->request,
                   json_pack("{s:o, s:O, s:O, s:b, s:O, s:O, s:b, s:b, s:o}", "facts",
                             tell_facts(subject), "timeline", sort_timeline(story->timeline),
                             "problems", problems, "would_pass", would_pass, "revisions",
                             story->revisions, "deliveries", story->deliveries, "needs_approval",
                             needs, "masked", subject->mask == RENDER_MASKED, "unmasked_until",
                             open_until(subject)));
}

void story_show(void *own, struct operator_call *call)
{
    struct subject found = {.receipt = NULL};
    auto_free(subject_end) struct subject *subject = &found;
    auto_free(json_decref) json_t *timeline = json_array();
    auto_free(json_decref) json_t *revisions = json_array();
    auto_free(json_decref) json_t *deliveries = json_array();
    struct story story = {
        .subject = subject, .timeline = timeline, .revisions = revisions, .deliveries = deliveries};
    if (subject_find(own, call, subject))
        tell(&story);
}
