/* SPDX-License-Identifier: Apache-2.0 */
/* Which files may go is the spool's to say; it is asked again when the file cannot be held any
 * more. */
#include "operate/file_keeper.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/moment.h"
#include "operate/answer.h"
#include "spool/filing.h"

#include <jansson.h>
#include <string.h>

ENDS_WITH_SCOPE(struct spool_reader *, spool_reader_close)
ENDS_WITH_SCOPE(json_t *, json_decref)

enum { PAGE = 200, DAY_MS = 86400000 };

struct file_keeper {
    struct file_keeper_options options;
    struct metric *removed;
};

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

/* --- pruning --- */

struct idle {
    uint8_t list[PAGE][SHA256_SIZE];
    size_t count;
};

static bool keep_idle(void *own, const uint8_t *sha256)
{
    struct idle *idle = own;
    memcpy(idle->list[idle->count++], sha256, SHA256_SIZE);
    return idle->count < PAGE;
}

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
    auto_free(free) struct idle *idle = calloc(1, sizeof *idle);
    if (!idle)
        return fault_memory(why);
    if (!spool_idle_files(removal->reader, removal->before_ms, PAGE, keep_idle, idle, why))
        return false;
    int64_t before = *count;
    for (size_t i = 0; i < idle->count; i++)
        if (!remove_one(removal, idle->list[i], count, why))
            return false;
    *has_more = idle->count == PAGE && *count > before;
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

static void prune(void *own, struct operator_call *call)
{
    struct file_keeper *keeper = own;
    struct fault why;
    int64_t count = 0;
    int64_t before = clock_now_ms() - keeper->options.upload_days * DAY_MS;
    auto_free(json_decref) json_t *json = NULL;
    const char *day = operate_member(call->request, "before", &json);
    if (day && !moment_read(day, strlen(day), &before, &why)) {
        http_problem(call->request, &operate_bad_request, why.text, NULL);
        return;
    }
    const struct operator_act act = {.act = "prune", .object = "files", .reason = ""};
    json_t *done = NULL;
    if (prune_before(keeper, before, &count, &why)) {
        (void)fault_memory(&why); /* for an answer without memory */
        done = json_pack("{sI}", "removed", (json_int_t)count);
    }
    guard_conclude(call, &act, done, &why);
}

struct guard_table file_keeper_table(struct file_keeper *keeper)
{
    static const struct guard_route routes[] = {
        {.method = "GET", .pattern = "/operate/v1/files", .right = RIGHT_VIEW, .handle = show},
        {.method = "POST",
         .pattern = "/operate/v1/files/prune",
         .right = RIGHT_ADMINISTER,
         .body_limit = OPERATE_BODY_LIMIT,
         .handle = prune},
        {0},
    };
    return (struct guard_table){routes, keeper};
}
