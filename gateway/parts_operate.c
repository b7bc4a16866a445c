/* SPDX-License-Identifier: Apache-2.0 */
/* How the operators' calls are joined to the stages that they are about. */
#include "parts_operate.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "operate/assets.h"
#include "operate/keys.h"
#include "operate/sign_in.h"
#include "parts_delivery.h"
#include "parts_jobs.h"
#include "parts_views.h"
#include "version.h"

#include <assert.h>

static json_t *describe_publisher(void *own)
{
    static const char *const names[] = {
        [PUBLISHER_STARTING] = "starting",
        [PUBLISHER_RUNNING] = "running",
        [PUBLISHER_WAITING] = "waiting",
        [PUBLISHER_HELD] = "held",
    };
    const struct daemon *daemon = own;
    struct fault why = {.kind = FAULT_NONE};
    enum publisher_state state = publisher_state(daemon->publisher, &why);
    bool has_reason = state != PUBLISHER_RUNNING && why.kind != FAULT_NONE;
    return json_pack("{ss ss* ss}", "state", names[state], /**/
                     "why", has_reason ? why.text : NULL,  /**/
                     "brokers",
                     daemon->embedded ? embedded_brokers(daemon->embedded)
                                      : daemon->config->kafka.brokers);
}

static json_t *list_partners(void *own)
{
    const struct daemon *daemon = own;
    return daemon->deliveries.partners(daemon->deliveries.own);
}

static bool resume_publisher(void *own, bool from_spool)
{
    const struct daemon *daemon = own;
    return publisher_resume(daemon->publisher, from_spool);
}

static json_t *tell_subscriber(void *own)
{
    return describe_subscriber(own);
}

static bool resume_subscriber(void *own, bool from_end)
{
    const struct daemon *daemon = own;
    return subscriber_resume(daemon->subscriber, from_end);
}

/* ---- the record ---- */

static bool put_on_record(void *own, const struct spool_record *record, struct fault *why)
{
    const struct daemon *daemon = own;
    return spool_audit(daemon->spool, record, why);
}

/* ---- who may ---- */

static bool start_access(struct daemon *daemon, struct fault *why)
{
    const struct config *config = daemon->config;
    const struct access_options options = {
        .place = daemon->operators,
        .session_minutes = config->operate.session_minutes,
        .idle_minutes = config->operate.idle_minutes,
        .lock_after = config->operate.lock_after,
        .lock_minutes = config->operate.lock_minutes,
        .secure_cookie = config->operate.secure_cookie,
        .has_provider = config->operate.oidc_issuer != NULL,
        .record = put_on_record,
        .own = daemon,
    };
    daemon->access = access_open(&options, why);
    return daemon->access != NULL;
}

static bool start_oidc(struct daemon *daemon, struct fault *why)
{
    const struct config *config = daemon->config;
    if (!config->operate.oidc_issuer)
        return true;
    const struct oidc_options options = {
        .issuer = config->operate.oidc_issuer,
        .client_id = config->operate.oidc_client_id,
        .client_secret_file = config->operate.oidc_client_secret_file,
        .public_url = config->operate.public_url,
        .role_claim = config->operate.oidc_role_claim,
        .ca_file = config->operate.oidc_ca_file,
        .access = daemon->access,
    };
    daemon->oidc = oidc_open(&options, why);
    return daemon->oidc != NULL;
}

bool start_operators(struct daemon *daemon, struct fault *why)
{
    daemon->operators = operators_place_open(daemon->config->operate.operators, why);
    return daemon->operators != NULL;
}

void stop_operators(struct daemon *daemon)
{
    operators_place_close(daemon->operators);
}

static bool reload_directory(struct daemon *daemon, struct fault *why)
{
    return directory_reload(daemon->place, why);
}

static bool reload_operators(struct daemon *daemon, struct fault *why)
{
    return operators_reload(daemon->operators, why);
}

/* Operators are there before partners are listened to, and after. */
static bool reload_certificates(struct daemon *daemon, struct fault *why)
{
    (void)pthread_mutex_lock(&daemon->doors);
    bool is_good = (!daemon->server || http_reload(daemon->server, why)) &&
                   (!daemon->operate || operate_reload(daemon->operate, why));
    (void)pthread_mutex_unlock(&daemon->doors);
    return is_good;
}

bool reload_files(struct daemon *daemon, struct fault *why)
{
    static const struct {
        bool (*reload)(struct daemon *daemon, struct fault *why);
        const char *kept; /* said of what failed after another */
    } files[] = {
        {reload_directory, "directory.kept"},
        {reload_operators, "operators.kept"},
        {reload_certificates, "certificates.kept"},
    };
    bool is_good = true;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct fault other;
        if (files[i].reload(daemon, is_good ? why : &other))
            continue;
        if (!is_good)
            log_error(files[i].kept, "why=\"%s\"", other.text);
        is_good = false;
    }
    return is_good;
}

static bool reload(void *own, struct fault *why)
{
    return reload_files(own, why);
}

bool reload_on_record(struct daemon *daemon, struct fault *why)
{
    struct fault inner;
    bool is_good = reload_files(daemon, why);
    const struct spool_record record = {
        .actor = {.name = "gateway"},
        .act = "reload",
        .object = "configuration",
        .reason = "SIGHUP",
        .outcome = is_good ? "done" : "refused",
        .detail = "",
        .at_ms = clock_now_ms(),
    };
    if (!put_on_record(daemon, &record, &inner))
        log_error("operate.not_on_record", "act=reload why=\"%s\"", inner.text);
    return is_good;
}

/* ---- what they call ---- */

static bool start_admin(struct daemon *daemon, struct fault *why)
{
    const struct admin_options options = {
        .version = LIENTHONG_VERSION,
        .spool = daemon->spool,
        .place = daemon->place,
        .aside = daemon->acts,
        .hooks =
            {
                .own = daemon,
                .publisher = describe_publisher,
                .resume = resume_publisher,
                .subscriber = daemon->subscriber ? tell_subscriber : NULL,
                .resume_subscriber = daemon->subscriber ? resume_subscriber : NULL,
                .reload = reload,
            },
        .retention_days = daemon->config->spool.retention_days,
    };
    daemon->admin = admin_new(&options, why);
    return daemon->admin != NULL;
}

static bool start_repair(struct daemon *daemon, struct fault *why)
{
    const struct config *config = daemon->config;
    const struct repair_options options = {
        .adapters = daemon->adapters,
        .schema = daemon->event_schema,
        .place = daemon->place,
        .spool = daemon->spool,
        .spool_file = config->spool.file,
        .topic_prefix = config->kafka.topic_prefix,
        .files = daemon->files,
        .unmask_minutes = config->operate.unmask_minutes,
        .edits_need_approval = strcmp(config->operate.approval, "edits") == 0,
    };
    daemon->repair = repair_open(&options, why);
    return daemon->repair != NULL;
}

static bool start_lookout(struct daemon *daemon, struct fault *why)
{
    const struct lookout_hooks hooks = {
        .own = daemon,
        .partners = daemon->courier ? list_partners : NULL,
        .publisher = describe_publisher,
        .subscriber = daemon->subscriber ? tell_subscriber : NULL,
    };
    return start_views(daemon, &hooks, why);
}

void operate_tables(struct daemon *daemon, struct guard_table tables[OPERATE_TABLES])
{
    size_t count = 0;
    tables[count++] = sign_in_table(daemon->access);
    if (daemon->oidc)
        tables[count++] = oidc_table(daemon->oidc);
    tables[count++] = admin_table(daemon->admin);
    tables[count++] = file_keeper_table(daemon->keeper);
    tables[count++] = keys_table(daemon->keeper);
    tables[count++] = repair_table(daemon->repair);
    tables[count++] = job_calls_table(daemon->job_calls);
    if (daemon->courier)
        tables[count++] = deliveries_table(&daemon->deliveries);
    count += views_tables(daemon, &tables[count]);
    assert(count < OPERATE_TABLES);
    tables[count] = (struct guard_table){0};
}

static bool start_guard(struct daemon *daemon, struct fault *why)
{
    struct guard_table tables[OPERATE_TABLES];
    operate_tables(daemon, tables);
    const struct guard_options options = {
        .tables = tables,
        .access = daemon->access,
        .record = put_on_record,
        .own = daemon,
    };
    daemon->guard = guard_new(&options, why);
    return daemon->guard != NULL;
}

static void let_go(void *own)
{
    const struct daemon *daemon = own;
    spool_interrupt(daemon->spool);
    file_keeper_interrupt(daemon->keeper);
    if (daemon->courier)
        courier_end_tests(daemon->courier);
    aside_stop(daemon->acts);
    aside_stop(daemon->tests);
    aside_stop(daemon->views.aside);
    oidc_stop(daemon->oidc);
    access_stop(daemon->access);
}

/* Prunes and changes of keys go one after the other; a partner that does not answer keeps nobody
 * from testing another. */
static bool start_asides(struct daemon *daemon, struct fault *why)
{
    daemon->acts = aside_open(NULL, 1, why);
    if (!daemon->acts)
        return false;
    file_keeper_use(daemon->keeper, daemon->acts);
    daemon->tests = aside_open(NULL, ASIDE_THREADS, why);
    if (!daemon->tests)
        return false;
    daemon->deliveries = deliveries_hooks_of(daemon);
    return true;
}

bool start_operate(struct daemon *daemon, struct fault *why)
{
    const struct config *config = daemon->config;
    if (!start_asides(daemon, why) || !start_access(daemon, why) || !start_oidc(daemon, why) ||
        !start_admin(daemon, why) || !start_repair(daemon, why) || !start_lookout(daemon, why) ||
        !start_jobs(daemon, why) || !start_guard(daemon, why))
        return false;
    const struct operate_options options = {
        .socket = config->admin.socket,
        .listen = config->operate.listen,
        .certificate = config->operate.certificate,
        .private_key = config->operate.private_key,
        .guard = daemon->guard,
        .assets = assets_routes(),
        .let_go = let_go,
        .own = daemon,
    };
    struct operate_server *operate = operate_open(&options, why);
    if (!operate)
        return false;
    (void)pthread_mutex_lock(&daemon->doors);
    daemon->operate = operate;
    (void)pthread_mutex_unlock(&daemon->doors);
    if (config->operate.listen)
        log_info("operate.listening", "listen=%s port=%d", config->operate.listen,
                 operate_port(operate));
    return true;
}

void stop_operate(struct daemon *daemon)
{
    (void)pthread_mutex_lock(&daemon->doors);
    struct operate_server *operate = steal(daemon->operate);
    (void)pthread_mutex_unlock(&daemon->doors);
    operate_close(operate); /* a reload under way has not the lock any more, or finds nothing */
    guard_free(daemon->guard);
    stop_jobs(daemon);
    repair_close(daemon->repair);
    stop_views(daemon);
    aside_free(daemon->acts);
    aside_free(daemon->tests);
    admin_free(daemon->admin);
    oidc_free(daemon->oidc);
    access_free(daemon->access);
}
