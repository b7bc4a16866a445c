/* SPDX-License-Identifier: Apache-2.0 */
/* A mended document while it is written: tried on the server, compared, kept as a revision. */
#include "base/cleanup.h"
#include "operate/answer.h"
#include "operate/reason.h"
#include "operate/repair_own.h"

#include <ctype.h>

ENDS_WITH_SCOPE(json_t *, json_decref)
ENDS_WITH_SCOPE(struct subject *, subject_end)
ENDS_WITH_SCOPE(struct mended *, mended_free)

/* ---- what comes ---- */

/* A document as the editor sends it. */
struct draft {
    json_t *body;
    const char *bytes;
    size_t size;
};

static bool read_draft(const struct operator_call *call, struct draft *draft)
{
    (void)operate_member(call->request, "document", &draft->body);
    const json_t *document = json_object_get(draft->body, "document");
    draft->bytes = json_string_value(document);
    draft->size = json_string_length(document);
    if (draft->bytes && draft->size > 0)
        return true;
    http_problem(call->request, &operate_bad_request, "document: a text", NULL);
    return false;
}

/* "[12]" between quotation marks or tags, with what stands around it; 0 when there is none. */
static size_t hidden_at(const char *at, const char *end)
{
    const char *digit = at + 2;
    if (end - at < 5 || (*at != '"' && *at != '>') || at[1] != '[')
        return 0;
    while (digit < end && isdigit((unsigned char)*digit))
        digit++;
    if (digit == at + 2 || end - digit < 2 || digit[0] != ']' ||
        (digit[1] != '"' && digit[1] != '<'))
        return 0;
    return (size_t)(digit + 2 - at);
}

/* A text that was hidden must not become the partner's: it stands so in no document before. */
static bool is_masked(const struct draft *draft, const char *before, size_t before_size)
{
    const char *end = draft->bytes + draft->size;
    for (const char *at = draft->bytes; at < end; at++) {
        size_t size = hidden_at(at, end);
        if (size > 0 && !memmem(before, before_size, at, size))
            return true;
    }
    return false;
}

static bool refuse_masked(const struct subject *subject, const struct draft *draft)
{
    struct fault why;
    size_t size = 0;
    auto_free(free) char *original = subject_original(subject, &size, &why);
    if (!original) {
        operate_fault(subject->call->request, &why);
        return true;
    }
    if (!is_masked(draft, original, size))
        return false;
    http_problem(subject->call->request, &operate_refused,
                 "values of the document are masked: unmask the entry and edit that", NULL);
    return true;
}

/* ---- comparing ---- */

struct earlier {
    int32_t below;
    int32_t no; /* the newest that is not withdrawn; 0: the original */
};

static bool keep_earlier(void *own, const struct spool_revision *revision)
{
    struct earlier *earlier = own;
    if (revision->no < earlier->below && revision->state != REVISION_WITHDRAWN)
        earlier->no = revision->no;
    return true;
}

/* The document before revision `no`. */
static char *read_before(const struct subject *subject, int32_t no, size_t *size, struct fault *why)
{
    struct earlier earlier = {.below = no};
    struct revision_found found;
    if (!spool_revisions(subject->station->reader, subject->found.entry.entry, 0, keep_earlier,
                         &earlier, why))
        return NULL;
    if (earlier.no == 0)
        return subject_original(subject, size, why);
    char *bytes = subject_revision(subject, earlier.no, &found, why);
    *size = bytes ? found.size : 0;
    return bytes;
}

static json_t *compare(const struct subject *subject, int32_t no, const struct mended *after,
                       struct fault *why)
{
    size_t size = 0;
    struct mended held = {.is_good = false};
    auto_free(mended_free) struct mended *before = &held;
    auto_free(free) char *bytes = read_before(subject, no, &size, why);
    if (!bytes || !subject_mend(subject, bytes, size, before, why))
        return NULL;
    return diff_events(&before->essence, &after->essence, why);
}

/* What came of a reading, with the difference to the document before revision `no`.  Who may mend
 * but not look is told whether it is good, and nothing of what others wrote. */
static json_t *describe(const struct subject *subject, int32_t no, struct mended *mended,
                        struct fault *why)
{
    bool may_look = right_held(subject->call->rights, RIGHT_CONTENT);
    json_t *event = may_look && mended->event ? json_incref(mended->event) : json_null();
    json_t *diff = may_look ? compare(subject, no, mended, why) : json_null();
    if (!diff) {
        json_decref(event);
        return NULL;
    }
    bool needs = repair_needs_approval(subject->repair, subject->found.entry.partner);
    json_t *json = json_pack("{s:b, s:b, s:O, s:o, s:o, s:b}", "good", mended->is_good, "silent",
                             mended->is_silent, "problems", mended->problems, "event", event,
                             "diff", diff, "masked", subject->mask == RENDER_MASKED);
    if (!json || json_object_set_new(json, "needs_approval", json_boolean(needs)) != 0) {
        json_decref(json);
        (void)fault_memory(why);
        return NULL;
    }
    return json;
}

/* ---- the calls ---- */

void repair_validate(void *own, struct operator_call *call)
{
    struct subject found = {.receipt = NULL};
    auto_free(subject_end) struct subject *subject = &found;
    struct mended held = {.is_good = false};
    auto_free(mended_free) struct mended *mended = &held;
    struct draft draft = {.body = NULL};
    struct fault why;
    json_t *json = NULL;
    if (read_draft(call, &draft) && subject_find(own, call, subject)) {
        if (subject_mend(subject, draft.bytes, draft.size, mended, &why) &&
            (json = describe(subject, INT32_MAX, mended, &why)))
            operate_answer(call->request, json);
        else
            operate_fault(call->request, &why);
    }
    json_decref(draft.body);
}

static bool store(const struct subject *subject, const struct draft *draft,
                  const struct mended *mended, int32_t *no, struct fault *why)
{
    char object[SUBJECT_OBJECT_SIZE];
    const char *reason = json_string_value(json_object_get(draft->body, "reason"));
    const struct spool_deed deed = {.kind = DEED_PROPOSE,
                                    .entry = subject->found.entry.entry,
                                    .bytes = draft->bytes,
                                    .size = draft->size,
                                    .files = (const uint8_t(*)[SHA256_SIZE])mended->carried,
                                    .file_count = mended->carried_count,
                                    .record = subject_record(subject, "revise", reason, object)};
    return spool_do(subject->repair->options.spool, &deed, no, NULL, why);
}

static void answer_stored(const struct subject *subject, const struct draft *draft, int32_t no,
                          struct mended *mended)
{
    struct fault why;
    uint8_t sha256[SHA256_SIZE];
    digest_sha256(draft->bytes, draft->size, sha256);
    json_t *json = describe(subject, no, mended, &why);
    if (!json) {
        operate_fault(subject->call->request, &why);
        return;
    }
    (void)json_object_set_new(json, "no",
                              json_integer(no)); /* without memory the answer lacks it */
    (void)json_object_set_new(json, "sha256", subject_hash(sha256));
    operate_answer(subject->call->request, json);
}

static void propose(const struct subject *subject, const struct draft *draft)
{
    struct mended held = {.is_good = false};
    auto_free(mended_free) struct mended *mended = &held;
    struct fault why;
    int32_t no = 0;
    if (subject_mend(subject, draft->bytes, draft->size, mended, &why) &&
        store(subject, draft, mended, &no, &why))
        answer_stored(subject, draft, no, mended);
    else
        operate_fault(subject->call->request, &why);
}

void repair_propose(void *own, struct operator_call *call)
{
    struct subject found = {.receipt = NULL};
    auto_free(subject_end) struct subject *subject = &found;
    struct draft draft = {.body = NULL};
    auto_free(json_decref) json_t *again = NULL;
    if (read_draft(call, &draft) && reason_asked(call->request, &again) &&
        subject_find(own, call, subject) && !refuse_masked(subject, &draft))
        propose(subject, &draft);
    json_decref(draft.body);
}

/* ---- one revision ---- */

struct telling {
    int32_t no;
    json_t *json;
};

static bool tell(void *own, const struct spool_revision *revision)
{
    struct telling *telling = own;
    if (revision->no == telling->no)
        telling->json = subject_tell_revision(revision);
    return !telling->json;
}

static json_t *describe_revision(const struct subject *subject, int32_t no, struct fault *why)
{
    struct telling telling = {.no = no};
    struct revision_found found;
    struct mended held = {.is_good = false};
    auto_free(mended_free) struct mended *mended = &held;
    auto_free(free) char *bytes = subject_revision(subject, no, &found, why);
    if (!bytes || !subject_mend(subject, bytes, found.size, mended, why) ||
        !spool_revisions(subject->station->reader, subject->found.entry.entry, 0, tell, &telling,
                         why))
        return NULL;
    auto_free(json_decref) json_t *facts = telling.json;
    json_t *json = describe(subject, no, mended, why);
    if (json && (!facts || json_object_update(json, facts) != 0)) {
        json_decref(json);
        (void)fault_memory(why);
        return NULL;
    }
    return json;
}

void repair_show_revision(void *own, struct operator_call *call)
{
    struct subject found = {.receipt = NULL};
    auto_free(subject_end) struct subject *subject = &found;
    struct fault why;
    int32_t no = subject_number(call);
    if (no == 0 || !subject_find(own, call, subject))
        return;
    json_t *json = describe_revision(subject, no, &why);
    if (json)
        operate_answer(call->request, json);
    else
        operate_fault(call->request, &why);
}
