/* SPDX-License-Identifier: Apache-2.0 */
/* What a person does to an entry: judged and done inside the transaction that has its record, so
 * that neither is ever without the other.  What is refused is on record too. */
#include "spool/deed.h"

#include "spool/revision.h"
#include "spool/writer.h"

#include <jansson.h>
#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

#define IN(state) (1U << (state))

/* What each kind needs of the revision that it is about; 0: it is about none. */
static const unsigned needs[] = {
    [DEED_APPROVE] = IN(REVISION_PROPOSED),
    [DEED_WITHDRAW] = IN(REVISION_PROPOSED) | IN(REVISION_APPROVED),
    [DEED_APPLY] = IN(REVISION_PROPOSED) | IN(REVISION_APPROVED),
};

/* The original is no revision: read anew, it can be applied as it is. */
static unsigned needs_of(const struct spool_deed *deed)
{
    if (deed->kind == DEED_APPLY && deed->revision == 0)
        return 0;
    return (size_t)deed->kind < sizeof needs / sizeof needs[0] ? needs[deed->kind] : 0;
}

/* ---- may it be done ---- */

static bool judge_entry(struct store *store, int64_t entry, struct fault *why)
{
    static const char sql[] = "SELECT state FROM entry WHERE number = ?";
    auto_free(statement_rest) sqlite3_stmt *find = store_statement(store, sql, why);
    bool found = false;
    if (!find)
        return false;
    bind_number(find, 1, entry);
    if (!database_next(store->database, find, "find an entry", &found, why))
        return false;
    if (!found)
        return fault_set(why, FAULT_REFUSE, "spool: there is no such entry");
    return sqlite3_column_int(find, 0) == ENTRY_DEAD ||
           fault_set(why, FAULT_REFUSE, "spool: the entry is not dead");
}

/* Why a revision does not fit a deed; NULL when it does. */
static const char *misfit(const struct spool_deed *deed, const struct revision_facts *facts)
{
    bool is_by_author =
        deed->record.actor.name && strcmp(facts->author, deed->record.actor.name) == 0;
    bool is_withdrawal = deed->kind == DEED_WITHDRAW;
    if (!(needs_of(deed) & IN(facts->state)))
        return "the revision is not in a state for that";
    if (!is_withdrawal && !facts->is_newest)
        return "there is a newer revision";
    if (!is_withdrawal &&
        (!deed->sha256 || memcmp(facts->sha256, deed->sha256, sizeof facts->sha256) != 0))
        return "the revision is not what was looked at";
    if (deed->kind == DEED_APPROVE && is_by_author)
        return "nobody approves what he wrote himself";
    if (deed->kind == DEED_APPLY && deed->needs_approval && facts->state != REVISION_APPROVED)
        return "another person has to approve the revision first";
    return NULL;
}

static bool judge_revision(struct store *store, const struct spool_deed *deed, struct fault *why)
{
    __attribute__((cleanup(revision_facts_end))) struct revision_facts facts = {0};
    if (needs_of(deed) == 0)
        return true;
    if (!revision_find(store, deed->entry, deed->revision, &facts, why))
        return false;
    const char *reason = misfit(deed, &facts);
    return !reason || fault_set(why, FAULT_REFUSE, "spool: %s", reason);
}

static bool judge_order(struct store *store, const struct spool_deed *deed, bool *is_stale,
                        struct fault *why)
{
    bool mends = deed->kind == DEED_APPLY;
    if (mends && !deed->item)
        return fault_set(why, FAULT_REFUSE, "spool: the revision gives no event");
    if (!mends && deed->kind != DEED_RELEASE)
        return true;
    /* A revision without a dossier has no order to keep. */
    if (mends && !deed->item->dossier_code)
        return true;
    if (!lane_is_stale(store, deed->entry, mends ? deed->item->dossier_code : NULL, is_stale, why))
        return false;
    return !*is_stale || deed->may_be_stale ||
           fault_set(why, FAULT_REFUSE, "spool: a later event of the dossier is out already");
}

static bool judge(struct store *store, const struct spool_deed *deed, struct deed_outcome *outcome)
{
    struct fault *why = &outcome->why;
    if (deed->kind == DEED_PROPOSE && !deed->bytes)
        return fault_set(why, FAULT_REFUSE, "spool: the revision has no document");
    if (!judge_entry(store, deed->entry, why)) {
        outcome->is_gone = true;
        return false;
    }
    return judge_revision(store, deed, why) && judge_order(store, deed, &outcome->is_stale, why);
}

/* ---- doing it ---- */

static bool apply(struct store *store, const struct spool_deed *deed, struct fault *why)
{
    return lane_mend(store, deed->entry, deed->item, deed->revision, why) &&
           (deed->revision == 0 || revision_set(store, deed, REVISION_APPLIED, why));
}

/* False with FAULT_REFUSE only when nothing was written. */
static bool act(struct store *store, const struct spool_deed *deed, int32_t *revision,
                struct fault *why)
{
    switch (deed->kind) {
    case DEED_RELEASE:
        return lane_release(store, deed->entry, why);
    case DEED_DISCARD:
        return lane_discard(store, deed->entry, deed->record.reason, why);
    case DEED_PROPOSE:
        return revision_add(store, deed, revision, why);
    case DEED_APPROVE:
        return revision_set(store, deed, REVISION_APPROVED, why);
    case DEED_WITHDRAW:
        return revision_set(store, deed, REVISION_WITHDRAWN, why);
    case DEED_APPLY:
        return apply(store, deed, why);
    }
    return fault_set(why, FAULT_BROKEN, "spool: no such deed");
}

/* ---- its record ---- */

static bool add_facts(json_t *detail, const struct spool_deed *deed,
                      const struct deed_outcome *outcome)
{
    char hex[SHA256_HEX_SIZE];
    uint8_t digest[SHA256_SIZE];
    const uint8_t *sha256 = deed->sha256;
    int32_t revision = deed->kind == DEED_PROPOSE ? outcome->revision : deed->revision;
    if (deed->kind == DEED_PROPOSE && deed->bytes) {
        digest_sha256(deed->bytes, deed->size, digest);
        sha256 = digest;
    }
    bool is_added = true;
    if (revision != 0)
        is_added = json_object_set_new(detail, "revision", json_integer(revision)) == 0;
    if (sha256) {
        digest_hex(sha256, SHA256_SIZE, hex);
        is_added = is_added && json_object_set_new(detail, "sha256", json_string(hex)) == 0;
    }
    if (outcome->is_stale)
        is_added = is_added && json_object_set_new(detail, "stale", json_true()) == 0;
    if (!outcome->is_done)
        is_added =
            is_added && json_object_set_new(detail, "refused", json_string(outcome->why.text)) == 0;
    return is_added;
}

/* The detail that the caller gave, with what the deed knows; the caller of this owns it. */
static char *write_detail(const struct spool_deed *deed, const struct deed_outcome *outcome,
                          struct fault *why)
{
    const char *given = deed->record.detail;
    json_t *parsed = given && given[0] ? json_loads(given, 0, NULL) : NULL;
    auto_free(json_decref) json_t *detail =
        json_is_object(parsed) ? json_incref(parsed) : json_object();
    json_decref(parsed);
    if (!detail || !add_facts(detail, deed, outcome)) {
        (void)fault_memory(why);
        return NULL;
    }
    char *text = json_object_size(detail) > 0 ? json_dumps(detail, JSON_COMPACT | JSON_SORT_KEYS)
                                              : strdup("");
    if (!text)
        (void)fault_memory(why);
    return text;
}

static bool put_on_record(struct store *store, const struct spool_deed *deed,
                          const struct deed_outcome *outcome, struct fault *why)
{
    struct spool_record record = deed->record;
    if (!record.act)
        return true;
    auto_free(free) char *detail = write_detail(deed, outcome, why);
    if (!detail)
        return false;
    record.detail = detail;
    record.outcome = outcome->is_done ? "done" : "refused";
    return audit_append(store, &record, why);
}

/* ---- one and many ---- */

bool deed_do(struct store *store, const struct spool_deed *deed, struct deed_outcome *outcome,
             struct fault *why)
{
    *outcome = (struct deed_outcome){.is_done = true};
    if (!judge(store, deed, outcome) || !act(store, deed, &outcome->revision, &outcome->why)) {
        outcome->is_done = false;
        if (outcome->why.kind != FAULT_REFUSE) {
            *why = outcome->why;
            return false;
        }
    }
    return put_on_record(store, deed, outcome, why);
}

struct deeds {
    const struct spool_deed *deeds;
    size_t count;
    struct deed_outcome *outcomes;
};

static bool work_deeds(struct store *store, void *arguments, struct fault *why)
{
    const struct deeds *deeds = arguments;
    for (size_t i = 0; i < deeds->count; i++)
        if (!deed_do(store, &deeds->deeds[i], &deeds->outcomes[i], why))
            return false;
    return true;
}

bool spool_do_all(struct spool *spool, const struct spool_deed *deeds, size_t count,
                  struct deed_outcome *outcomes, struct fault *why)
{
    struct deeds call = {deeds, count, outcomes};
    return writer_do(spool, work_deeds, &call, why);
}

bool spool_do(struct spool *spool, const struct spool_deed *deed, int32_t *revision, bool *is_stale,
              struct fault *why)
{
    struct deed_outcome outcome;
    if (!spool_do_all(spool, deed, 1, &outcome, why))
        return false;
    if (revision)
        *revision = outcome.revision;
    if (is_stale)
        *is_stale = outcome.is_stale && !outcome.is_done;
    if (!outcome.is_done)
        *why = outcome.why;
    return outcome.is_done;
}
