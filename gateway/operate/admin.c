/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon knows of itself, and what only it may do. */
#include "operate/admin.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/moment.h"
#include "operate/answer.h"
#include "operate/lengthy.h"

#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

enum { DAY_MS = 86400000 };

/* gateway/operate/openapi.yaml, put into the program by the linker. */
extern const char _binary_gateway_operate_openapi_yaml_start[];
extern const char _binary_gateway_operate_openapi_yaml_end[];

struct admin {
    struct admin_options options;
    int64_t started_ms;
};

static json_t *moment_or_null(int64_t moment)
{
    char text[MOMENT_TEXT_SIZE];
    if (!moment)
        return json_null();
    (void)moment_write(moment, MOMENT_ISO, text);
    return json_string(text);
}

static json_t *describe_spool(struct spool *spool)
{
    struct spool_levels levels;
    spool_levels(spool, &levels);
    return json_pack("{sI sI so sI sI sI sI sI sI sb sb}",                   /**/
                     "watermark", (json_int_t)spool_watermark(spool),        /**/
                     "unpublished", (json_int_t)levels.unpublished,          /**/
                     "oldest_unpublished", moment_or_null(levels.oldest_ms), /**/
                     "parked", (json_int_t)levels.parked,                    /**/
                     "dead", (json_int_t)levels.dead,                        /**/
                     "queued", (json_int_t)levels.queue_entries,             /**/
                     "stored_since_start", (json_int_t)levels.entries,       /**/
                     "file_bytes", (json_int_t)levels.file_bytes,            /**/
                     "free_bytes", (json_int_t)levels.free_bytes,            /**/
                     "below_reserve", levels.below_reserve,                  /**/
                     "overdue", levels.is_overdue);
}

static json_t *describe_directory(struct directory_place *place)
{
    struct directory *directory = directory_current(place);
    json_t *json =
        json_pack("{sI sI}", "partners", (json_int_t)directory_partner_count(directory), /**/
                  "agencies", (json_int_t)agencies_count(directory_agencies(directory)));
    directory_release(directory);
    return json;
}

static void show_status(void *own, struct operator_call *call)
{
    struct admin *admin = own;
    const struct admin_options *options = &admin->options;
    json_t *subscriber =
        options->hooks.subscriber ? options->hooks.subscriber(options->hooks.own) : NULL;
    operate_answer(call->request,
                   json_pack("{ss so so so so* so}", "version", options->version,       /**/
                             "started", moment_or_null(admin->started_ms),              /**/
                             "spool", describe_spool(options->spool),                   /**/
                             "publisher", options->hooks.publisher(options->hooks.own), /**/
                             "subscriber", subscriber,                                  /**/
                             "directory", describe_directory(options->place)));
}

static void show_openapi(void *own, struct operator_call *call)
{
    (void)own;
    const char *start = _binary_gateway_operate_openapi_yaml_start;
    size_t size = (size_t)((uintptr_t)_binary_gateway_operate_openapi_yaml_end - (uintptr_t)start);
    char *copy = malloc(size);
    if (copy)
        memcpy(copy, start, size);
    http_answer(call->request, copy ? 200 : 503, "application/yaml", copy, copy ? size : 0);
}

/* A stage that may be held, and from where it may go on then. */
struct stage {
    const char *name;
    const char *ways[2];
    const char *hint;
    bool (*resume)(void *own, bool by_second); /* NULL: it is not there */
};

static void resume(const struct admin *admin, const struct operator_call *call,
                   const struct stage *stage)
{
    struct fault why;
    auto_free(json_decref) json_t *json = NULL;
    const struct operator_act act = {.act = "resume", .object = stage->name, .reason = ""};
    const char *from = operate_member(call->request, "from", &json);
    bool by_second = from && strcmp(from, stage->ways[1]) == 0;
    if (!from || (!by_second && strcmp(from, stage->ways[0]) != 0)) {
        http_problem(call->request, &operate_bad_request, stage->hint, NULL);
        return;
    }
    if (!stage->resume) {
        http_problem(call->request, &operate_refused, "this gateway delivers nothing", NULL);
        return;
    }
    if (!guard_begin(call, &act))
        return;
    json_t *done = NULL;
    if (stage->resume(admin->options.hooks.own, by_second)) {
        (void)fault_memory(&why); /* for an answer without memory */
        done = json_pack("{ss}", "resumed", from);
    } else
        (void)fault_set(&why, FAULT_REFUSE, "the %s is not held: it waits for no word",
                        stage->name);
    guard_conclude(call, &act, done, &why);
}

static void resume_publisher(void *own, struct operator_call *call)
{
    const struct admin *admin = own;
    const struct stage publisher = {"publisher",
                                    {"kafka", "spool"},
                                    "from: \"kafka\" or \"spool\"",
                                    admin->options.hooks.resume};
    resume(admin, call, &publisher);
}

static void resume_subscriber(void *own, struct operator_call *call)
{
    const struct admin *admin = own;
    const struct stage subscriber = {"subscriber",
                                     {"start", "end"},
                                     "from: \"start\" or \"end\"",
                                     admin->options.hooks.resume_subscriber};
    resume(admin, call, &subscriber);
}

struct pruning {
    struct lengthy lengthy;
    struct spool *spool;
    int64_t before_ms;
};

static json_t *prune(struct lengthy *lengthy, struct fault *why)
{
    const struct pruning *pruning = (const struct pruning *)lengthy;
    int64_t count;
    if (!spool_prune(pruning->spool, pruning->before_ms, &count, why))
        return NULL;
    (void)fault_memory(why); /* for an answer without memory */
    return json_pack("{sI so}", "pruned", (json_int_t)count, "before",
                     moment_or_null(pruning->before_ms));
}

static void prune_spool(void *own, struct operator_call *call)
{
    const struct admin *admin = own;
    int64_t before = clock_now_ms() - admin->options.retention_days * DAY_MS;
    if (!operate_before(call->request, &before))
        return;
    struct pruning *pruning = calloc(1, sizeof *pruning);
    if (pruning)
        *pruning = (struct pruning){
            .lengthy = {.act = {.act = "prune", .object = "spool", .reason = ""}, .run = prune},
            .spool = admin->options.spool,
            .before_ms = before};
    lengthy_begin(admin->options.aside, call, pruning ? &pruning->lengthy : NULL);
}

static void reload_all(void *own, struct operator_call *call)
{
    struct admin *admin = own;
    const struct admin_hooks *hooks = &admin->options.hooks;
    const struct operator_act act = {.act = "reload", .object = "configuration", .reason = ""};
    struct fault why;
    json_t *done = NULL;
    if (!guard_begin(call, &act))
        return;
    if (hooks->reload(hooks->own, &why)) {
        (void)fault_memory(&why); /* for an answer without memory */
        done = describe_directory(admin->options.place);
    }
    guard_conclude(call, &act, done, &why);
}

struct guard_table admin_table(struct admin *admin)
{
    static const struct guard_route routes[] = {
        {.method = "GET",
         .pattern = "/operate/v1/status",
         .right = RIGHT_VIEW,
         .handle = show_status},
        {.method = "GET",
         .pattern = "/operate/v1/openapi.yaml",
         .right = RIGHT_VIEW,
         .handle = show_openapi},
        {.method = "POST",
         .pattern = "/operate/v1/spool/prune",
         .right = RIGHT_ADMINISTER,
         .body_limit = OPERATE_BODY_LIMIT,
         .handle = prune_spool,
         .resumed = lengthy_resumed,
         .end = lengthy_end},
        {.method = "POST",
         .pattern = "/operate/v1/publisher/resume",
         .right = RIGHT_ADMINISTER,
         .body_limit = OPERATE_BODY_LIMIT,
         .handle = resume_publisher},
        {.method = "POST",
         .pattern = "/operate/v1/subscriber/resume",
         .right = RIGHT_ADMINISTER,
         .body_limit = OPERATE_BODY_LIMIT,
         .handle = resume_subscriber},
        {.method = "POST",
         .pattern = "/operate/v1/directory/reload",
         .right = RIGHT_ADMINISTER,
         .body_limit = OPERATE_BODY_LIMIT,
         .handle = reload_all},
        {0},
    };
    return (struct guard_table){routes, admin};
}

struct admin *admin_new(const struct admin_options *options, struct fault *why)
{
    struct admin *admin = calloc(1, sizeof *admin);
    if (!admin) {
        (void)fault_memory(why);
        return NULL;
    }
    admin->options = *options;
    admin->started_ms = clock_now_ms();
    return admin;
}

void admin_free(struct admin *admin)
{
    free(admin);
}
