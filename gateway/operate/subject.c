/* SPDX-License-Identifier: Apache-2.0 */
/* The entry that a call is about: found by its receipt, with what its session may see of it. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/moment.h"
#include "base/number.h"
#include "operate/answer.h"
#include "operate/repair_own.h"
#include "spool/receipt.h"

static const struct problem_kind unknown_entry = {"unknown-receipt", 404, "Không có biên nhận này",
                                                  "There is no such receipt"};

static bool find(struct subject *subject, int64_t entry)
{
    struct fault why;
    struct operator_call *call = subject->call;
    subject->station = stations_here(subject->repair->stations, &why);
    if (subject->station && found_load(subject->station, entry, &subject->found, &why))
        return true;
    if (subject->station && why.kind == FAULT_REFUSE)
        http_problem(call->request, &unknown_entry, NULL, NULL);
    else
        operate_fault(call->request, &why);
    return false;
}

bool subject_find(struct repair *repair, struct operator_call *call, struct subject *subject)
{
    int64_t entry = 0;
    *subject = (struct subject){.repair = repair, .call = call};
    subject->receipt = http_segment(call->request, "receipt");
    if (!receipt_read(spool_receipt_key(repair->options.spool), subject->receipt, &entry)) {
        http_problem(call->request, &unknown_entry, NULL, NULL);
        return false;
    }
    if (!find(subject, entry))
        return false;
    const struct unmask_look look = {call->session, entry, clock_ticks_ms()};
    if (right_held(call->rights, RIGHT_CONTENT))
        subject->unmasked_ms = unmask_left(repair->unmask, &look);
    subject->mask = subject->unmasked_ms > 0 ? RENDER_FULL : RENDER_MASKED;
    return true;
}

void subject_end(struct subject *subject)
{
    found_free(&subject->found);
}

struct spool_record subject_record(const struct subject *subject, const char *act,
                                   const char *reason, char object[SUBJECT_OBJECT_SIZE])
{
    (void)snprintf(object, SUBJECT_OBJECT_SIZE, "entry:%s", subject->receipt);
    return (struct spool_record){.actor = subject->call->actor,
                                 .act = act,
                                 .object = object,
                                 .reason = reason,
                                 .outcome = "done",
                                 .detail = "",
                                 .at_ms = clock_now_ms()};
}

char *subject_original(const struct subject *subject, size_t *size, struct fault *why)
{
    return spool_original(subject->station->reader, subject->found.entry.entry, size, why);
}

/* ---- revisions ---- */

struct looking {
    int32_t no;
    struct revision_found *found;
    char *bytes;
    bool is_found;
};

static bool keep_revision(void *own, const struct spool_revision *revision)
{
    struct looking *looking = own;
    if (revision->no != looking->no)
        return true;
    looking->is_found = true;
    *looking->found = (struct revision_found){
        .no = revision->no, .state = revision->state, .size = revision->size};
    memcpy(looking->found->sha256, revision->sha256, SHA256_SIZE);
    looking->bytes = malloc(revision->size + 1);
    if (looking->bytes && revision->bytes) {
        memcpy(looking->bytes, revision->bytes, revision->size);
        looking->bytes[revision->size] = '\0';
    }
    return false;
}

char *subject_revision(const struct subject *subject, int32_t no, struct revision_found *found,
                       struct fault *why)
{
    struct looking looking = {.no = no, .found = found};
    if (!spool_revisions(subject->station->reader, subject->found.entry.entry, no, keep_revision,
                         &looking, why))
        return NULL;
    if (!looking.is_found)
        (void)fault_set(why, FAULT_REFUSE, "there is no revision %d", no);
    else if (!looking.bytes)
        (void)fault_memory(why);
    return looking.bytes;
}

bool subject_mend(const struct subject *subject, const char *bytes, size_t size,
                  struct mended *mended, struct fault *why)
{
    const struct mend_wish wish = {.found = &subject->found,
                                   .bytes = bytes,
                                   .size = size,
                                   .language = subject->call->language,
                                   .mask = subject->mask};
    return mend_read(&subject->repair->mender, subject->station, &wish, mended, why);
}

/* ---- what calls say ---- */

int32_t subject_number(const struct operator_call *call)
{
    int64_t no = 0;
    const char *text = http_segment(call->request, "no");
    if (number_read(text, strlen(text), 1, INT32_MAX, &no) == NUMBER_GOOD)
        return (int32_t)no;
    http_problem(call->request, &operate_bad_request, "a revision is a number from 1", NULL);
    return 0;
}

/* ---- what is told ---- */

json_t *subject_text(const char *text)
{
    return text ? json_string(text) : json_null();
}

json_t *subject_moment(int64_t moment)
{
    char text[MOMENT_TEXT_SIZE];
    if (moment == 0)
        return json_null();
    (void)moment_write(moment, MOMENT_ISO_UTC, text);
    return json_string(text);
}

json_t *subject_hash(const uint8_t *sha256)
{
    char hex[SHA256_HEX_SIZE];
    if (!sha256)
        return json_null();
    digest_hex(sha256, SHA256_SIZE, hex);
    return json_string(hex);
}

static const char *state_name(enum revision_state state)
{
    static const char *const names[] = {[REVISION_PROPOSED] = "proposed",
                                        [REVISION_APPROVED] = "approved",
                                        [REVISION_APPLIED] = "applied",
                                        [REVISION_WITHDRAWN] = "withdrawn"};
    return names[state];
}

json_t *subject_tell_revision(const struct spool_revision *revision)
{
    return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o, s:s, s:o}", "no", (int)revision->no, "at",
                     subject_moment(revision->at_ms), "author", subject_text(revision->author),
                     "reason", subject_text(revision->reason), "approver",
                     subject_text(revision->approver), "approved_at",
                     subject_moment(revision->approved_at_ms), "state", state_name(revision->state),
                     "sha256", subject_hash(revision->sha256));
}
