/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon knows of itself, and what only it may do. */
#include "operate/admin.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/moment.h"
#include "operate/answer.h"

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

/* `json` NULL: memory is out, and it is done all the same. */
static void conclude(const struct operator_call *call, const char *act, const char *object,
                     json_t *json)
{
    struct fault why;
    const struct operator_act done = {.act = act, .object = object, .reason = ""};
    (void)fault_memory(&why);
    guard_conclude(call, &done, json, &why);
}

static void resume_publisher(void *own, struct operator_call *call)
{
    struct admin *admin = own;
    auto_free(json_decref) json_t *json = NULL;
    const char *from = operate_member(call->request, "from", &json);
    bool from_spool = from && strcmp(from, "spool") == 0;
    if (!from || (!from_spool && strcmp(from, "kafka") != 0)) {
        http_problem(call->request, &operate_bad_request, "from: \"kafka\" or \"spool\"", NULL);
        return;
    }
    admin->options.hooks.resume(admin->options.hooks.own, from_spool);
    conclude(call, "resume", "publisher", json_pack("{ss}", "resumed", from));
}

static void resume_subscriber(void *own, struct operator_call *call)
{
    struct admin *admin = own;
    const struct admin_hooks *hooks = &admin->options.hooks;
    auto_free(json_decref) json_t *json = NULL;
    const char *from = operate_member(call->request, "from", &json);
    bool from_end = from && strcmp(from, "end") == 0;
    if (!from || (!from_end && strcmp(from, "start") != 0)) {
        http_problem(call->request, &operate_bad_request, "from: \"start\" or \"end\"", NULL);
        return;
    }
    if (!hooks->resume_subscriber) {
        http_problem(call->request, &operate_refused, "this gateway delivers nothing", NULL);
        return;
    }
    hooks->resume_subscriber(hooks->own, from_end);
    conclude(call, "resume", "subscriber", json_pack("{ss}", "resumed", from));
}

static bool prune_before(const struct admin *admin, const char *day, int64_t *before,
                         struct fault *why)
{
    if (day)
        return moment_read(day, strlen(day), before, why);
    *before = clock_now_ms() - admin->options.retention_days * DAY_MS;
    return true;
}

static void prune_spool(void *own, struct operator_call *call)
{
    struct admin *admin = own;
    auto_free(json_decref) json_t *json = NULL;
    const char *day = operate_member(call->request, "before", &json);
    int64_t before;
    int64_t count;
    struct fault why;
    if (!prune_before(admin, day, &before, &why)) {
        http_problem(call->request, &operate_bad_request, why.text, NULL);
        return;
    }
    const struct operator_act act = {.act = "prune", .object = "spool", .reason = ""};
    json_t *done = NULL;
    if (spool_prune(admin->options.spool, before, &count, &why)) {
        (void)fault_memory(&why); /* for an answer without memory */
        done = json_pack("{sI so}", "pruned", (json_int_t)count, "before", moment_or_null(before));
    }
    guard_conclude(call, &act, done, &why);
}

static void reload_all(void *own, struct operator_call *call)
{
    struct admin *admin = own;
    const struct admin_hooks *hooks = &admin->options.hooks;
    const struct operator_act act = {.act = "reload", .object = "configuration", .reason = ""};
    struct fault why;
    json_t *done = NULL;
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
         .handle = prune_spool},
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
