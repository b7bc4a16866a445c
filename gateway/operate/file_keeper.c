/* SPDX-License-Identifier: Apache-2.0 */
/* Which files may go is the spool's to say; it is asked again when the file cannot be held any
 * more. */
#include "operate/file_keeper.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "operate/answer.h"
#include "operate/lengthy.h"
#include "spool/filing.h"

#include <jansson.h>
#include <stdatomic.h>
#include <string.h>

ENDS_WITH_SCOPE(struct spool_reader *, spool_reader_close)

enum { PAGE = 200, DAY_MS = 86400000 };

struct file_keeper {
    struct file_keeper_options options;
    struct metric *removed;
    struct aside *aside;
    _Atomic bool is_interrupted;
};

static bool may_go_on(const struct file_keeper *keeper, struct fault *why)
{
    return !atomic_load(&keeper->is_interrupted) ||
           fault_set(why, FAULT_RETRY, "the gateway stops: the rest is for another time");
}

struct file_keeper *file_keeper_new(const struct file_keeper_options *options, struct fault *why)
{
    struct file_keeper *keeper = calloc(1, sizeof *keeper);
    if (!keeper) {
        (void)fault_memory(why);
        return NULL;
    }
    keeper->options = *options;
    keeper->removed =
        metrics_counter("lienthong_files_removed_total", "Files that nothing used.", NULL);
    return keeper;
}

void file_keeper_free(struct file_keeper *keeper)
{
    free(keeper);
}

struct file_page {
    uint8_t list[PAGE][SHA256_SIZE];
    size_t count;
};

static bool keep_one(void *own, const uint8_t *sha256)
{
    struct file_page *page = own;
    memcpy(page->list[page->count++], sha256, SHA256_SIZE);
    return page->count < PAGE;
}

/* --- pruning --- */

/* One file on its way out. */
struct removal {
    const struct file_keeper *keeper;
    struct spool_reader *reader;
    int64_t before_ms;
    struct fault fault;
};

/* It may have been brought again, or be used, since it was listed: from here on nobody can. */
static bool is_unused(void *own, const uint8_t *sha256)
{
    struct removal *removal = own;
    struct fault why;
    bool is_idle = false;
    if (spool_file_is_idle(removal->reader, sha256, removal->before_ms, &is_idle, &why))
        return is_idle;
    removal->fault = why;
    return false;
}

/* Not sooner: what the spool has forgotten is never looked for again. */
static void forget(void *own, const uint8_t *sha256)
{
    struct removal *removal = own;
    struct fault why;
    if (!spool_forget_upload(removal->keeper->options.spool, sha256, removal->before_ms, &why) &&
        why.kind != FAULT_REFUSE)
        removal->fault = why;
}

static bool remove_one(struct removal *removal, const uint8_t *sha256, int64_t *count,
                       struct fault *why)
{
    const struct file_removal asked = {is_unused, forget, removal};
    bool is_removed = false;
    if (!file_store_remove(removal->keeper->options.files, sha256, &asked, &is_removed, why))
        return false;
    *count += is_removed;
    metrics_add(removal->keeper->removed, is_removed);
    if (removal->fault.kind == FAULT_NONE)
        return true;
    *why = removal->fault;
    return false;
}

static bool remove_page(struct removal *removal, int64_t *count, bool *has_more, struct fault *why)
{
    auto_free(free) struct file_page *page = calloc(1, sizeof *page);
    if (!page)
        return fault_memory(why);
    if (!spool_idle_files(removal->reader, removal->before_ms, PAGE, keep_one, page, why))
        return false;
    int64_t before = *count;
    for (size_t i = 0; i < page->count; i++)
        if (!may_go_on(removal->keeper, why) || !remove_one(removal, page->list[i], count, why))
            return false;
    *has_more = page->count == PAGE && *count > before;
    return true;
}

static bool prune_before(struct file_keeper *keeper, int64_t before_ms, int64_t *count,
                         struct fault *why)
{
    *count = 0;
    auto_free(spool_reader_close) struct spool_reader *reader =
        spool_reader_open(keeper->options.spool_file, why);
    if (!reader)
        return false;
    struct removal removal = {.keeper = keeper, .reader = reader, .before_ms = before_ms};
    for (bool has_more = true; has_more;)
        if (!remove_page(&removal, count, &has_more, why))
            return false;
    return true;
}

bool file_keeper_prune(struct file_keeper *keeper, int64_t *count, struct fault *why)
{
    return prune_before(keeper, clock_now_ms() - keeper->options.upload_days * DAY_MS, count, why);
}

bool file_keeper_drop(struct file_keeper *keeper, const uint8_t (*files)[SHA256_SIZE], size_t count,
                      int64_t *removed, struct fault *why)
{
    *removed = 0;
    auto_free(spool_reader_close) struct spool_reader *reader =
        spool_reader_open(keeper->options.spool_file, why);
    if (!reader)
        return false;
    struct removal removal = {.keeper = keeper, .reader = reader, .before_ms = clock_now_ms() + 1};
    for (size_t i = 0; i < count; i++)
        if (!remove_one(&removal, files[i], removed, why))
            return false;
    return true;
}

/* --- keys --- */

static bool seal_one(const struct file_keeper *keeper, const uint8_t *sha256,
                     struct files_rekeyed *done, struct fault *why)
{
    struct fault damage;
    bool is_sealed = false;
    if (file_store_seal(keeper->options.files, sha256, &is_sealed, &damage)) {
        done->sealed += is_sealed;
        return true;
    }
    if (damage.kind != FAULT_REFUSE) {
        *why = damage;
        return false;
    }
    done->damaged++;
    return true;
}

static bool seal_all(const struct file_keeper *keeper, struct files_rekeyed *done,
                     struct fault *why)
{
    auto_free(free) struct file_page *page = calloc(1, sizeof *page);
    auto_free(spool_reader_close) struct spool_reader *reader =
        spool_reader_open(keeper->options.spool_file, why);
    if (!reader)
        return false;
    if (!page)
        return fault_memory(why);
    uint8_t last[SHA256_SIZE];
    for (const uint8_t *after = NULL;; after = last) {
        page->count = 0;
        if (!spool_files(reader, after, PAGE, keep_one, page, why))
            return false;
        if (page->count == 0)
            return true;
        for (size_t i = 0; i < page->count; i++)
            if (!may_go_on(keeper, why) || !seal_one(keeper, page->list[i], done, why))
                return false;
        memcpy(last, page->list[page->count - 1], SHA256_SIZE);
    }
}

bool file_keeper_rekey(struct file_keeper *keeper, struct files_rekeyed *done, struct fault *why)
{
    *done = (struct files_rekeyed){0};
    return file_store_rekey(keeper->options.files, &done->wrapped, why) &&
           seal_all(keeper, done, why);
}

void file_keeper_use(struct file_keeper *keeper, struct aside *aside)
{
    keeper->aside = aside;
}

void file_keeper_interrupt(struct file_keeper *keeper)
{
    atomic_store(&keeper->is_interrupted, true);
}

struct spool *file_keeper_spool(struct file_keeper *keeper)
{
    return keeper->options.spool;
}

struct aside *file_keeper_aside(struct file_keeper *keeper)
{
    return keeper->aside;
}

/* --- the operators' calls --- */

static void show(void *own, struct operator_call *call)
{
    const struct file_keeper *keeper = own;
    bool is_low = false;
    int64_t free_bytes = file_store_free(keeper->options.files, &is_low);
    operate_answer(
        call->request,
        json_pack("{ss sI sb sI sI}",                                                      /**/
                  "place", file_store_name(keeper->options.files),                         /**/
                  "free_bytes", (json_int_t)free_bytes, "below_reserve", (int)is_low,      /**/
                  "file_limit_bytes", (json_int_t)file_store_limit(keeper->options.files), /**/
                  "upload_days", (json_int_t)keeper->options.upload_days));
}

struct pruning {
    struct lengthy lengthy;
    struct file_keeper *keeper;
    int64_t before_ms;
};

static json_t *run_prune(struct lengthy *lengthy, struct fault *why)
{
    const struct pruning *pruning = (const struct pruning *)lengthy;
    int64_t count = 0;
    if (!prune_before(pruning->keeper, pruning->before_ms, &count, why))
        return NULL;
    (void)fault_memory(why); /* for an answer without memory */
    return json_pack("{sI}", "removed", (json_int_t)count);
}

static void prune(void *own, struct operator_call *call)
{
    struct file_keeper *keeper = own;
    int64_t before = clock_now_ms() - keeper->options.upload_days * DAY_MS;
    if (!operate_before(call->request, &before))
        return;
    struct pruning *pruning = calloc(1, sizeof *pruning);
    if (pruning)
        *pruning = (struct pruning){
            .lengthy = {.act = {.act = "prune", .object = "files", .reason = ""}, .run = run_prune},
            .keeper = keeper,
            .before_ms = before};
    lengthy_begin(keeper->aside, call, pruning ? &pruning->lengthy : NULL);
}

struct guard_table file_keeper_table(struct file_keeper *keeper)
{
    static const struct guard_route routes[] = {
        {.method = "GET", .pattern = "/operate/v1/files", .right = RIGHT_VIEW, .handle = show},
        {.method = "POST",
         .pattern = "/operate/v1/files/prune",
         .right = RIGHT_ADMINISTER,
         .body_limit = OPERATE_BODY_LIMIT,
         .handle = prune,
         .resumed = lengthy_resumed,
         .end = lengthy_end},
        {0},
    };
    return (struct guard_table){routes, keeper};
}
