/* SPDX-License-Identifier: Apache-2.0 */
/* How a dead entry would do if its document came today. */
#include "operate/job_trial.h"

#include "base/cleanup.h"
#include "operate/job_note.h"

#include <string.h>

enum { CAUSE_SIZE = 240 };

ENDS_WITH_SCOPE(struct found *, found_free)

void job_trial_end(struct job_trial *trial)
{
    mended_free(&trial->mended);
    free(trial->note);
    free(trial->bytes);
    *trial = (struct job_trial){.state = ITEM_SKIPPED};
}

bool job_trial_fail(struct job_trial *trial, const char *cause, const char *before,
                    struct fault *why)
{
    trial->state = ITEM_WOULD_FAIL;
    trial->note = job_note_write(cause, before);
    return trial->note || fault_memory(why);
}

/* ---- which document ---- */

/* What is there of an entry's revisions. */
struct history {
    int32_t last;     /* the highest number */
    int32_t newest;   /* of those that are not withdrawn */
    bool is_approved; /* the newest is, or was applied */
    bool is_applied;
    uint8_t sha256[SHA256_SIZE];
    char *bytes;
    size_t size;
};

static bool note_revision(void *own, const struct spool_revision *revision)
{
    struct history *history = own;
    history->last = revision->no;
    if (revision->state == REVISION_WITHDRAWN)
        return true;
    history->newest = revision->no;
    history->is_approved = revision->state != REVISION_PROPOSED;
    history->is_applied = revision->state == REVISION_APPLIED;
    memcpy(history->sha256, revision->sha256, SHA256_SIZE);
    return true;
}

static bool keep_bytes(void *own, const struct spool_revision *revision)
{
    struct history *history = own;
    if (!revision->bytes)
        return true;
    history->bytes = malloc(revision->size + 1);
    history->size = revision->size;
    if (history->bytes)
        *(char *)mempcpy(history->bytes, revision->bytes, revision->size) = '\0';
    return false;
}

/* The document that counts: the newest revision that somebody approved, else the original. */
static bool load_document(struct spool_reader *reader, int64_t entry, struct history *history,
                          struct job_trial *trial, struct fault *why)
{
    if (!spool_revisions(reader, entry, 0, note_revision, history, why))
        return false;
    trial->last_revision = history->last;
    if (history->newest > 0 && history->is_approved) {
        if (!spool_revisions(reader, entry, history->newest, keep_bytes, history, why))
            return false;
        trial->revision = history->newest;
        trial->is_applied = history->is_applied;
        trial->bytes = steal(history->bytes);
        trial->size = history->size;
        return trial->bytes || fault_memory(why);
    }
    trial->bytes = spool_original(reader, entry, &trial->size, why);
    return trial->bytes != NULL;
}

/* ---- the rule ---- */

/* What a killed process proposed is there already, and is taken for what it is. */
static void find_own_revision(struct job_trial *trial, const struct history *history)
{
    if (history->newest == 0 || memcmp(history->sha256, trial->sha256, SHA256_SIZE) != 0)
        return;
    trial->revision = history->newest;
    trial->is_edited = false;
}

static bool apply_rule(const struct job_bench *bench, const struct job_rules *rules,
                       const struct found *found, struct job_trial *trial, struct fault *why)
{
    struct patched patched;
    const struct adapter *adapter = mend_adapter(bench->mender, found);
    if (!rules->rule.path || !adapter)
        return true;
    if (!adapt_patch(adapter, trial->bytes, trial->size, &rules->rule, &patched, why))
        return false;
    trial->is_edited = patched.changed > 0;
    if (!trial->is_edited) {
        free(patched.bytes);
        return true;
    }
    free(trial->bytes);
    trial->bytes = patched.bytes;
    trial->size = patched.size;
    trial->revision = 0;
    trial->is_applied = false;
    trial->needs_approval = bench->needs_approval(bench->own, found->entry.partner);
    return true;
}

/* ---- reading it ---- */

static bool fail_by_problem(struct job_trial *trial, const struct found *found, struct fault *why)
{
    char cause[CAUSE_SIZE];
    const json_t *problem = json_array_get(trial->mended.problems, 0);
    const char *rule = json_string_value(json_object_get(problem, "rule"));
    const char *path = json_string_value(json_object_get(problem, "path"));
    (void)snprintf(cause, sizeof cause, "%s %s", rule ? rule : "unknown", path ? path : "/");
    return job_trial_fail(trial, cause, found->entry.cause, why);
}

static bool is_conflict(const struct found *found, const struct job_trial *trial)
{
    const char *cause = found->entry.cause;
    return cause && strcmp(cause, "conflict") == 0 && !trial->is_edited && trial->revision == 0;
}

static bool look_along_lane(const struct job_bench *bench, struct job_trial *trial, int64_t entry,
                            struct fault *why)
{
    bool is_stale = false;
    const char *code = trial->mended.item.dossier_code;
    trial->state = ITEM_WOULD_PASS;
    if (!code)
        return true;
    uint8_t digest[SHA256_SIZE];
    digest_sha256(code, strlen(code), digest);
    memcpy(&trial->lane, digest, sizeof trial->lane);
    if (!spool_is_stale(bench->station->reader, entry, code, &is_stale, why))
        return false;
    if (is_stale)
        trial->state = ITEM_STALE;
    return true;
}

static bool judge(const struct job_bench *bench, const struct found *found, struct job_trial *trial,
                  struct fault *why)
{
    if (trial->mended.item.due_at_ms)
        trial->due_at_ms = trial->mended.item.due_at_ms;
    if (!trial->mended.is_good)
        return fail_by_problem(trial, found, why);
    if (trial->mended.is_silent)
        return job_trial_fail(trial, "nothing-to-publish", found->entry.cause, why);
    if (is_conflict(found, trial))
        return job_trial_fail(trial, "conflict", found->entry.cause, why);
    return look_along_lane(bench, trial, found->entry.entry, why);
}

static bool read_anew(const struct job_bench *bench, const struct found *found,
                      struct job_trial *trial, struct fault *why)
{
    const struct mend_wish wish = {
        .found = found, .bytes = trial->bytes, .size = trial->size, .is_bare = true};
    if (mend_read(bench->mender, bench->station, &wish, &trial->mended, why))
        return judge(bench, found, trial, why);
    if (why->kind != FAULT_REFUSE)
        return false;
    const struct fault reason = *why;
    return job_trial_fail(trial, reason.text, found->entry.cause, why);
}

static bool try_found(const struct job_bench *bench, const struct job_rules *rules,
                      const struct found *found, struct job_trial *trial, struct fault *why)
{
    struct history history = {.last = 0};
    int64_t entry = found->entry.entry;
    trial->due_at_ms = found->entry.due_at_ms;
    trial->arrived_at_ms = found->entry.received_at_ms;
    if (found->entry.state != ENTRY_DEAD)
        return true;
    bool is_loaded = load_document(bench->station->reader, entry, &history, trial, why) &&
                     apply_rule(bench, rules, found, trial, why);
    free(history.bytes);
    if (!is_loaded) {
        const struct fault reason = *why;
        return why->kind == FAULT_REFUSE &&
               job_trial_fail(trial, reason.text, found->entry.cause, why);
    }
    digest_sha256(trial->bytes, trial->size, trial->sha256);
    if (trial->is_edited)
        find_own_revision(trial, &history);
    bool is_waiting = history.newest > 0 && !history.is_approved && trial->revision == 0;
    if (is_waiting) /* somebody is at work on it */
        return job_trial_fail(trial, "revision-proposed", found->entry.cause, why);
    return read_anew(bench, found, trial, why);
}

bool job_try_entry(const struct job_bench *bench, const struct job_rules *rules, int64_t entry,
                   struct job_trial *trial, struct fault *why)
{
    struct found held = {.memory = NULL};
    auto_free(found_free) struct found *found = &held;
    *trial = (struct job_trial){.state = ITEM_SKIPPED};
    if (!found_load(bench->station, entry, found, why))
        return why->kind == FAULT_REFUSE;
    return try_found(bench, rules, found, trial, why);
}
