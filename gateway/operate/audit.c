/* SPDX-License-Identifier: Apache-2.0 */
/* GET audit?after&actor&act&object&from&to&order&limit, audit/verify and audit/export: the record
 * of what people did. */
#include "spool/audit.h"

#include "base/cleanup.h"
#include "operate/answer.h"
#include "operate/asked.h"
#include "operate/item.h"
#include "operate/page.h"
#include "operate/views.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* ---- the list ---- */

static json_t *hash_of(const struct spool_audited *entry)
{
    char hex[SHA256_HEX_SIZE];
    digest_hex(entry->hash, AUDIT_HASH_SIZE, hex);
    return json_string(hex);
}

static json_t *detail_of(const char *detail)
{
    json_t *json = detail && *detail ? json_loads(detail, 0, NULL) : NULL;
    return json ? json : item_text(detail && *detail ? detail : NULL);
}

static bool add_one(void *own, const struct spool_audited *entry)
{
    struct page *page = own;
    const struct spool_record *record = &entry->record;
    if (json_array_size(page->items) == page->limit)
        return false; /* there is one more: the cursor stays */
    page->next = entry->number;
    return page_add(page, json_pack("{sI so so so so so so so so so}",           /**/
                                    "number", (json_int_t)entry->number,         /**/
                                    "at", item_moment(record->at_ms),            /**/
                                    "actor", item_text(record->actor.name),      /**/
                                    "address", item_text(record->actor.address), /**/
                                    "act", item_text(record->act),               /**/
                                    "object", item_text(record->object),         /**/
                                    "reason", item_text(record->reason),         /**/
                                    "outcome", item_text(record->outcome),       /**/
                                    "detail", detail_of(record->detail),         /**/
                                    "hash", hash_of(entry)));
}

static void answer(struct page *page, const struct audit_range *range)
{
    struct fault why;
    if (!spool_audited(page->reader, range, add_one, page, &why)) {
        page_fail(page, &why);
        return;
    }
    if (json_array_size(page->items) < page->limit)
        page->next = 0;
    page_answer(page);
}

static void list(void *own, struct operator_call *call)
{
    static const char *const orders[] = {"newest", "oldest", NULL};
    struct views *views = own;
    struct audit_range range = {0};
    int order = 0;
    size_t limit;
    const struct asked table[] = {
        {.name = "after", .kind = ASKED_NUMBER, .to = &range.after},
        {.name = "actor", .kind = ASKED_TEXT, .to = &range.actor},
        {.name = "act", .kind = ASKED_TEXT, .to = &range.act},
        {.name = "object", .kind = ASKED_TEXT, .to = &range.object},
        {.name = "from", .kind = ASKED_FROM, .to = &range.from_ms},
        {.name = "to", .kind = ASKED_UNTIL, .to = &range.to_ms},
        {.name = "order", .kind = ASKED_WORD, .to = &order, .words = orders},
        {0},
    };
    struct spool_reader *reader = views_reader(views, call);
    if (!reader || !asked_read(call->request, table) || !asked_limit(call->request, &limit))
        return;
    struct page page = page_begin(call->request, call->language, reader);
    page.limit = limit;
    range.limit = limit + 1;
    range.backwards = order == 0;
    answer(&page, &range);
}

/* ---- the proof ---- */

static void run_verify(struct aside *aside, struct aside_work *work, struct spool_reader *reader)
{
    struct audit_finding finding;
    struct fault why;
    int64_t count = 0;
    (void)aside; /* some hundred thousand entries a second: nobody waits long for it */
    bool holds = spool_audit_verify(reader, &count, &finding, &why);
    if (!holds && why.kind != FAULT_REFUSE)
        operate_fault(work->request, &why);
    else if (holds)
        operate_answer(work->request, json_pack("{sb sI}", "holds", true, "entries", /**/
                                                (json_int_t)count));
    else
        operate_answer(work->request,
                       json_pack("{sb sI sI so}", "holds", false, "entries", (json_int_t)count,
                                 "number", (json_int_t)finding.number, /**/
                                 "finding", item_text(finding.text)));
}

static void verify(void *own, struct operator_call *call)
{
    struct views *views = own;
    struct aside_work *work = calloc(1, sizeof *work);
    if (work)
        work->run = run_verify;
    aside_do(views->aside, call->request, work);
}

/* ---- the export ---- */

struct export_work {
    struct aside_work work;
    int64_t from_ms, to_ms;
};

struct exporting {
    const struct aside *aside;
    FILE *out;
    struct fault *why;
    char *last; /* the hash of the last line, of SHA256_HEX_SIZE */
    bool is_broken;
};

/* The canonical text with the hash as its last member: without that it is what was hashed. */
static bool write_line(void *own, const struct spool_audited *entry)
{
    struct exporting *exporting = own;
    auto_free(free) char *text = audit_text(entry, exporting->why);
    exporting->is_broken = !text;
    if (!text)
        return false;
    if (aside_is_over(exporting->aside)) {
        exporting->is_broken = !fault_set(exporting->why, FAULT_RETRY, "the gateway stops");
        return false;
    }
    digest_hex(entry->hash, AUDIT_HASH_SIZE, exporting->last);
    (void)fprintf(exporting->out, "%.*s,\"hash\":\"%s\"}\n", (int)(strlen(text) - 1), text,
                  exporting->last);
    return true; /* the stream knows whether it could be written */
}

static bool write_export(struct exporting *exporting, const struct export_work *wanted,
                         struct spool_reader *reader)
{
    struct fault *why = exporting->why;
    FILE *out = exporting->out;
    const struct audit_range range = {.from_ms = wanted->from_ms, .to_ms = wanted->to_ms};
    if (!spool_audited(reader, &range, write_line, exporting, why) || exporting->is_broken)
        return false;
    return (fflush(out) == 0 && !ferror(out)) ||
           fault_set(why, FAULT_RETRY, "the export cannot be written: %s", strerrordesc_np(errno));
}

/* Through a file without a name, so that memory does not grow with the record. */
static void run_export(struct aside *aside, struct aside_work *work, struct spool_reader *reader)
{
    struct fault why;
    int descriptor = -1;
    char last[SHA256_HEX_SIZE] = "";
    char etag[SHA256_HEX_SIZE + 4];
    FILE *out = aside_scratch(aside, &why);
    struct exporting exporting = {aside, out, &why, last, false};
    bool is_written = out && write_export(&exporting, (const struct export_work *)work, reader);
    int64_t size = is_written ? ftell(out) : -1;
    if (size >= 0)
        descriptor = dup(fileno(out));
    if (out)
        (void)fclose(out); /* it was flushed, or is thrown away */
    if (descriptor >= 0) {
        (void)snprintf(etag, sizeof etag, "\"%s\"", last);
        const struct http_file file = {.descriptor = descriptor,
                                       .size = size,
                                       .media_type = "application/jsonl",
                                       .etag = etag};
        http_answer_file(work->request, &file);
        return;
    }
    if (is_written)
        (void)fault_set(&why, FAULT_RETRY, "no descriptor is left");
    operate_fault(work->request, &why);
}

static void export_record(void *own, struct operator_call *call)
{
    struct views *views = own;
    int64_t from_ms = 0, to_ms = 0;
    const struct asked table[] = {
        {.name = "from", .kind = ASKED_FROM, .to = &from_ms},
        {.name = "to", .kind = ASKED_UNTIL, .to = &to_ms},
        {0},
    };
    if (!asked_read(call->request, table))
        return;
    struct export_work *wanted = calloc(1, sizeof *wanted);
    if (wanted)
        *wanted = (struct export_work){{.run = run_export}, from_ms, to_ms};
    http_add_header(call->request, "Content-Disposition", "attachment; filename=\"audit.jsonl\"");
    aside_do(views->aside, call->request, wanted ? &wanted->work : NULL);
}

struct guard_table audit_table(struct views *views)
{
    static const struct guard_route routes[] = {
        {.method = "GET", .pattern = "/operate/v1/audit", .right = RIGHT_VIEW, .handle = list},
        {.method = "GET",
         .pattern = "/operate/v1/audit/verify",
         .right = RIGHT_VIEW,
         .handle = verify},
        {.method = "GET",
         .pattern = "/operate/v1/audit/export",
         .right = RIGHT_VIEW,
         .handle = export_record},
        {0},
    };
    return (struct guard_table){routes, views};
}
