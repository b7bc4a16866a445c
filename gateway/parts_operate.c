/* SPDX-License-Identifier: Apache-2.0 */
/* How the operators' calls are joined to the stages that they are about. */
#include "parts_operate.h"

#include "base/cleanup.h"
#include "parts_delivery.h"
#include "version.h"

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
    return json_pack("{ss ss* ss}", "state", names[state],            /**/
                     "why", why.kind == FAULT_NONE ? NULL : why.text, /**/
                     "brokers",
                     daemon->embedded ? embedded_brokers(daemon->embedded)
                                      : daemon->config->kafka.brokers);
}

static void resume_publisher(void *own, bool from_spool)
{
    const struct daemon *daemon = own;
    publisher_resume(daemon->publisher, from_spool);
}

static json_t *tell_subscriber(void *own)
{
    return describe_subscriber(own);
}

static void resume_subscriber(void *own, bool from_end)
{
    const struct daemon *daemon = own;
    subscriber_resume(daemon->subscriber, from_end);
}

static bool start_admin(struct daemon *daemon, struct fault *why)
{
    const struct admin_options options = {
        .version = LIENTHONG_VERSION,
        .spool = daemon->spool,
        .place = daemon->place,
        .hooks =
            {
                .own = daemon,
                .publisher = describe_publisher,
                .resume = resume_publisher,
                .subscriber = daemon->subscriber ? tell_subscriber : NULL,
                .resume_subscriber = daemon->subscriber ? resume_subscriber : NULL,
            },
        .retention_days = daemon->config->spool.retention_days,
    };
    daemon->admin = admin_new(&options, why);
    return daemon->admin != NULL;
}

/* Every module's calls; the row says who may. */
static bool start_guard(struct daemon *daemon, struct fault *why)
{
    const struct guard_table end = {0};
    const struct guard_table tables[] = {
        admin_table(daemon->admin),
        file_keeper_table(daemon->keeper),
        daemon->courier ? deliveries_table(&daemon->deliveries) : end,
        end,
    };
    const struct guard_options options = {.tables = tables};
    daemon->guard = guard_new(&options, why);
    return daemon->guard != NULL;
}

bool start_operate(struct daemon *daemon, struct fault *why)
{
    daemon->deliveries = deliveries_hooks_of(daemon);
    if (!start_admin(daemon, why) || !start_guard(daemon, why))
        return false;
    const struct operate_options options = {
        .socket = daemon->config->admin.socket,
        .guard = daemon->guard,
    };
    daemon->operate = operate_open(&options, why);
    return daemon->operate != NULL;
}

void stop_operate(struct daemon *daemon)
{
    operate_close(daemon->operate);
    guard_free(daemon->guard);
    admin_free(daemon->admin);
}
