/* SPDX-License-Identifier: Apache-2.0 */
/* GET reconcile?from&to: JSON, or CSV by Accept or format=csv.  It reads every row of its days. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/moment.h"
#include "operate/answer.h"
#include "operate/asked.h"
#include "operate/reconcile.h"
#include "operate/views.h"

#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

enum { DAYS_MOST = 366, DAYS_USUAL = 7 };
static const int64_t day_ms = 86400000;

struct reconcile_work {
    struct aside_work work;
    struct reconcile_days days;
    bool is_csv;
};

static void run(struct aside *aside, struct aside_work *work, struct spool_reader *reader)
{
    struct fault why;
    size_t size;
    const struct reconcile_work *wanted = (const struct reconcile_work *)work;
    (void)aside; /* two statements: there is no place to look */
    auto_free(json_decref) json_t *answer = reconcile(reader, &wanted->days, &why);
    if (!answer) {
        operate_fault(work->request, &why);
        return;
    }
    if (!wanted->is_csv) {
        operate_answer(work->request, json_incref(answer));
        return;
    }
    char *text = reconcile_csv(answer, &size);
    if (text)
        http_answer(work->request, 200, "text/csv; charset=utf-8", text, size);
    else
        operate_answer(work->request, NULL);
}

static bool wants_csv(const struct http_request *request, int format)
{
    const char *accept = http_header(request, "Accept");
    return format == 1 || (format < 0 && accept && strstr(accept, "text/csv"));
}

static void handle(void *own, struct operator_call *call)
{
    static const char *const formats[] = {"json", "csv", NULL};
    struct views *views = own;
    int64_t to_ms = clock_now_ms();
    int64_t from_ms = 0;
    int format = -1;
    const struct asked table[] = {
        {.name = "from", .kind = ASKED_FROM, .to = &from_ms},
        {.name = "to", .kind = ASKED_FROM, .to = &to_ms},
        {.name = "format", .kind = ASKED_WORD, .to = &format, .words = formats},
        {0},
    };
    if (!asked_read(call->request, table))
        return;
    if (!from_ms)
        from_ms = to_ms - (DAYS_USUAL - 1) * day_ms;
    if (from_ms > to_ms || to_ms - from_ms > DAYS_MOST * day_ms) {
        http_problem(call->request, &operate_bad_request,
                     from_ms > to_ms ? "from: is after to" : "from, to: at most 366 days", NULL);
        return;
    }
    struct reconcile_work *wanted = calloc(1, sizeof *wanted);
    if (wanted)
        *wanted = (struct reconcile_work){
            .work = {.run = run},
            .days = {moment_day(from_ms), moment_day(to_ms)},
            .is_csv = wants_csv(call->request, format),
        };
    aside_do(views->aside, call->request, wanted ? &wanted->work : NULL);
}

struct guard_table reconcile_table(struct views *views)
{
    static const struct guard_route routes[] = {
        {.method = "GET",
         .pattern = "/operate/v1/reconcile",
         .right = RIGHT_VIEW,
         .handle = handle},
        {0},
    };
    return (struct guard_table){routes, views};
}
