/* SPDX-License-Identifier: Apache-2.0 */
/* What a person decides about a dead entry: each act goes to the spool together with its record. */
#include "base/cleanup.h"
#include "base/log.h"
#include "operate/answer.h"
#include "operate/reason.h"
#include "operate/repair_own.h"

#include <inttypes.h>

ENDS_WITH_SCOPE(json_t *, json_decref)
ENDS_WITH_SCOPE(struct subject *, subject_end)
ENDS_WITH_SCOPE(struct mended *, mended_free)

static const struct problem_kind stale = {"stale", 409,
                                          "Đã có sự kiện sau của hồ sơ này được phát đi",
                                          "A later event of the dossier went out already"};
static const struct problem_kind still_bad = {"invalid-document", 422, "Văn bản vẫn chưa hợp lệ",
                                              "The document is still not valid"};
static const struct problem_kind nothing_to_publish = {
    "nothing-to-publish", 409, "Văn bản này không tạo ra sự kiện nào",
    "Nothing of the document would be published"};

/* What the body of an act says. */
struct wish {
    json_t *body;
    const char *reason;
    uint8_t sha256[SHA256_SIZE];
    bool may_be_stale;
};

static void wish_end(struct wish *wish)
{
    json_decref(wish->body);
}

static bool read_hash(const struct operator_call *call, struct wish *wish)
{
    const char *hex = operate_member(call->request, "sha256", &wish->body);
    wish->may_be_stale = json_is_true(json_object_get(wish->body, "may_be_stale"));
    wish->reason = json_string_value(json_object_get(wish->body, "reason"));
    if (!reason_fits(wish->reason))
        wish->reason = ""; /* the revision has one */
    if (hex && digest_unhex(hex, SHA256_SIZE, wish->sha256))
        return true;
    http_problem(call->request, &operate_bad_request, "sha256: of the revision, 64 hex digits",
                 NULL);
    return false;
}

static bool read_reason(const struct operator_call *call, struct wish *wish)
{
    wish->reason = reason_asked(call->request, &wish->body);
    wish->may_be_stale = json_is_true(json_object_get(wish->body, "may_be_stale"));
    return wish->reason != NULL;
}

/* ---- doing ---- */

/* Does it and answers; whether it was done. */
static bool do_it(const struct subject *subject, const struct spool_deed *deed)
{
    struct fault why;
    bool is_stale = false;
    struct http_request *request = subject->call->request;
    bool is_done = spool_do(subject->repair->options.spool, deed, NULL, &is_stale, &why);
    if (is_done)
        operate_answer(request,
                       json_pack("{ss ss}", "receipt", subject->receipt, "done", deed->record.act));
    else if (is_stale)
        http_problem(request, &stale, why.text, NULL);
    else
        operate_fault(request, &why);
    return is_done;
}

/* An act that is about a revision alone. */
static void judge_revision(struct repair *repair, struct operator_call *call,
                           const struct spool_deed *like, const struct wish *wish)
{
    struct subject found = {.receipt = NULL};
    auto_free(subject_end) struct subject *subject = &found;
    char object[SUBJECT_OBJECT_SIZE];
    int32_t no = subject_number(call);
    if (no == 0 || !subject_find(repair, call, subject))
        return;
    struct spool_deed deed = *like;
    deed.entry = found.found.entry.entry;
    deed.revision = no;
    deed.record = subject_record(subject, like->record.act, wish->reason, object);
    (void)do_it(subject, &deed); /* it answers */
}

void repair_approve(void *own, struct operator_call *call)
{
    __attribute__((cleanup(wish_end))) struct wish wish = {.body = NULL};
    const struct spool_deed deed = {
        .kind = DEED_APPROVE, .sha256 = wish.sha256, .record = {.act = "approve"}};
    if (read_hash(call, &wish))
        judge_revision(own, call, &deed, &wish);
}

void repair_withdraw(void *own, struct operator_call *call)
{
    __attribute__((cleanup(wish_end))) struct wish wish = {.body = NULL};
    const struct spool_deed deed = {.kind = DEED_WITHDRAW, .record = {.act = "withdraw"}};
    if (read_reason(call, &wish))
        judge_revision(own, call, &deed, &wish);
}

/* ---- applying ---- */

/* What today's adapters and directory make of it must be an event; false: the call is answered. */
static bool is_good(const struct subject *subject, const struct mended *mended)
{
    if (!mended->is_good)
        http_problem(subject->call->request, &still_bad, NULL,
                     json_pack("{sO}", "problems", mended->problems));
    else if (mended->is_silent)
        http_problem(subject->call->request, &nothing_to_publish, NULL, NULL);
    return mended->is_good && !mended->is_silent;
}

static bool apply(const struct subject *subject, const struct revision_found *revision,
                  const struct mended *mended, const struct wish *wish, bool needs_approval)
{
    char object[SUBJECT_OBJECT_SIZE];
    const struct spool_deed deed = {.kind = DEED_APPLY,
                                    .entry = subject->found.entry.entry,
                                    .revision = revision->no,
                                    .sha256 = wish->sha256,
                                    .item = &mended->item,
                                    .may_be_stale = wish->may_be_stale,
                                    .needs_approval = needs_approval,
                                    .record =
                                        subject_record(subject, "apply", wish->reason, object)};
    return do_it(subject, &deed);
}

/* An unedited original needs nobody's approval: it is what the partner sent. */
static bool is_original(const struct subject *subject, const struct revision_found *revision)
{
    struct fault why;
    size_t size = 0;
    uint8_t sha256[SHA256_SIZE];
    auto_free(free) char *original = subject_original(subject, &size, &why);
    if (!original)
        return false;
    digest_sha256(original, size, sha256);
    return memcmp(sha256, revision->sha256, sizeof sha256) == 0;
}

static void apply_revision(const struct subject *subject, int32_t no, const struct wish *wish)
{
    struct fault why;
    struct revision_found revision;
    struct mended held = {.is_good = false};
    auto_free(mended_free) struct mended *mended = &held;
    auto_free(free) char *bytes = subject_revision(subject, no, &revision, &why);
    if (!bytes || !subject_mend(subject, bytes, revision.size, mended, &why)) {
        operate_fault(subject->call->request, &why);
        return;
    }
    bool needs = repair_needs_approval(subject->repair, subject->found.entry.partner) &&
                 !is_original(subject, &revision);
    if (is_good(subject, mended))
        (void)apply(subject, &revision, mended, wish, needs); /* it answers */
}

void repair_apply(void *own, struct operator_call *call)
{
    __attribute__((cleanup(wish_end))) struct wish wish = {.body = NULL};
    struct subject found = {.receipt = NULL};
    auto_free(subject_end) struct subject *subject = &found;
    int32_t no = subject_number(call);
    if (no != 0 && read_hash(call, &wish) && subject_find(own, call, subject))
        apply_revision(subject, no, &wish);
}

/* ---- releasing and discarding ---- */

static void release_event(const struct subject *subject, const struct wish *wish)
{
    char object[SUBJECT_OBJECT_SIZE];
    const struct spool_deed deed = {.kind = DEED_RELEASE,
                                    .entry = subject->found.entry.entry,
                                    .may_be_stale = wish->may_be_stale,
                                    .record =
                                        subject_record(subject, "release", wish->reason, object)};
    (void)do_it(subject, &deed); /* it answers */
}

/* A revision that nobody wrote and that did not go out is of no more use. */
static void take_back(const struct subject *subject, int32_t no)
{
    struct fault why;
    char object[SUBJECT_OBJECT_SIZE];
    const struct spool_deed deed = {
        .kind = DEED_WITHDRAW,
        .entry = subject->found.entry.entry,
        .revision = no,
        .record = subject_record(subject, "withdraw", "release refused", object)};
    if (!spool_do(subject->repair->options.spool, &deed, NULL, NULL, &why))
        log_warn("repair.revision_stays", "entry=%" PRId64 " revision=%" PRId32 " why=\"%s\"",
                 deed.entry, deed.revision, why.text);
}

/* An entry without an event may pass by today's adapters: its original is then its revision. */
static void release_original(const struct subject *subject, struct wish *wish)
{
    struct fault why;
    size_t size = 0;
    char object[SUBJECT_OBJECT_SIZE];
    struct revision_found revision = {.no = 0};
    struct mended held = {.is_good = false};
    auto_free(mended_free) struct mended *mended = &held;
    auto_free(free) char *bytes = subject_original(subject, &size, &why);
    if (!bytes || !subject_mend(subject, bytes, size, mended, &why)) {
        operate_fault(subject->call->request, &why);
        return;
    }
    if (!is_good(subject, mended))
        return;
    const struct spool_deed deed = {.kind = DEED_PROPOSE,
                                    .entry = subject->found.entry.entry,
                                    .bytes = bytes,
                                    .size = size,
                                    .record =
                                        subject_record(subject, "revise", wish->reason, object)};
    digest_sha256(bytes, size, wish->sha256);
    if (!spool_do(subject->repair->options.spool, &deed, &revision.no, NULL, &why))
        operate_fault(subject->call->request, &why);
    else if (!apply(subject, &revision, mended, wish, false))
        take_back(subject, revision.no);
}

void repair_release(void *own, struct operator_call *call)
{
    __attribute__((cleanup(wish_end))) struct wish wish = {.body = NULL};
    struct subject found = {.receipt = NULL};
    auto_free(subject_end) struct subject *subject = &found;
    if (!read_reason(call, &wish) || !subject_find(own, call, subject))
        return;
    if (mend_is_needed(&found.found))
        release_original(subject, &wish);
    else
        release_event(subject, &wish);
}

void repair_discard(void *own, struct operator_call *call)
{
    __attribute__((cleanup(wish_end))) struct wish wish = {.body = NULL};
    struct subject found = {.receipt = NULL};
    auto_free(subject_end) struct subject *subject = &found;
    char object[SUBJECT_OBJECT_SIZE];
    if (!read_reason(call, &wish) || !subject_find(own, call, subject))
        return;
    const struct spool_deed deed = {.kind = DEED_DISCARD,
                                    .entry = found.found.entry.entry,
                                    .record =
                                        subject_record(subject, "discard", wish.reason, object)};
    (void)do_it(subject, &deed); /* it answers */
}
