/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/operate/console, in the program. */
#include "operate/assets.h"

#include "base/digest.h"
#include "http/problem.h"

#include <stdlib.h>
#include <string.h>

/* Every file of the folder: the name as the linker writes it, as browsers ask for it, its type. */
#define EACH_FILE(FILE)                                                                            \
    FILE(index_html, "index.html", HTML)                                                           \
    FILE(style_css, "style.css", CSS)                                                              \
    FILE(icon_svg, "icon.svg", SVG)                                                                \
    FILE(api_js, "api.js", SCRIPT)                                                                 \
    FILE(chart_js, "chart.js", SCRIPT)                                                             \
    FILE(dialog_js, "dialog.js", SCRIPT)                                                           \
    FILE(document_js, "document.js", SCRIPT)                                                       \
    FILE(dom_js, "dom.js", SCRIPT)                                                                 \
    FILE(en_js, "en.js", SCRIPT)                                                                   \
    FILE(job_form_js, "job_form.js", SCRIPT)                                                       \
    FILE(list_js, "list.js", SCRIPT)                                                               \
    FILE(main_js, "main.js", SCRIPT)                                                               \
    FILE(page_audit_js, "page_audit.js", SCRIPT)                                                   \
    FILE(page_deliveries_js, "page_deliveries.js", SCRIPT)                                         \
    FILE(page_edit_js, "page_edit.js", SCRIPT)                                                     \
    FILE(page_entry_js, "page_entry.js", SCRIPT)                                                   \
    FILE(page_failures_js, "page_failures.js", SCRIPT)                                             \
    FILE(page_jobs_js, "page_jobs.js", SCRIPT)                                                     \
    FILE(page_login_js, "page_login.js", SCRIPT)                                                   \
    FILE(page_overview_js, "page_overview.js", SCRIPT)                                             \
    FILE(page_partners_js, "page_partners.js", SCRIPT)                                             \
    FILE(page_reconciliation_js, "page_reconciliation.js", SCRIPT)                                 \
    FILE(page_revision_js, "page_revision.js", SCRIPT)                                             \
    FILE(page_search_js, "page_search.js", SCRIPT)                                                 \
    FILE(panes_js, "panes.js", SCRIPT)                                                             \
    FILE(parts_js, "parts.js", SCRIPT)                                                             \
    FILE(text_js, "text.js", SCRIPT)                                                               \
    FILE(vi_js, "vi.js", SCRIPT)

#define HTML   "text/html; charset=utf-8"
#define CSS    "text/css; charset=utf-8"
#define SVG    "image/svg+xml"
#define SCRIPT "text/javascript; charset=utf-8"

#define BYTES(symbol, end) _binary_gateway_operate_console_##symbol##end
#define DECLARE(symbol, name, type)                                                                \
    extern const char BYTES(symbol, _start)[], BYTES(symbol, _end)[];                              \
    extern const char BYTES(symbol, _gz_start)[], BYTES(symbol, _gz_end)[];
EACH_FILE(DECLARE)

/* From the first byte to behind the last one. */
struct run {
    const char *start, *end;
};

struct asset {
    const char *name, *media_type;
    struct run plain, packed;
};

#define DESCRIBE(symbol, name, type)                                                               \
    {name,                                                                                         \
     type,                                                                                         \
     {BYTES(symbol, _start), BYTES(symbol, _end)},                                                 \
     {BYTES(symbol, _gz_start), BYTES(symbol, _gz_end)}},
static const struct asset assets[] = {EACH_FILE(DESCRIBE)};
enum { ASSET_COUNT = sizeof assets / sizeof *assets, ETAG_SIZE = SHA256_HEX_SIZE + 8 };

static const struct problem_kind no_such_asset = {"not-found", 404, "Không có địa chỉ này",
                                                  "There is nothing at this address"};

/* By way of numbers: to the compiler the two ends are different objects. */
static size_t size_of(const struct run *run)
{
    return (size_t)((uintptr_t)run->end - (uintptr_t)run->start);
}

/* "gzip" among the codings that the browser takes, not as "gzip;q=0". */
static bool takes_gzip(const struct http_request *request)
{
    const char *text = http_header(request, "Accept-Encoding");
    const char *found = text ? strcasestr(text, "gzip") : NULL;
    if (!found)
        return false;
    found += strlen("gzip");
    found += strspn(found, " ;");
    return strncmp(found, "q=", 2) != 0 || strtod(found + 2, NULL) > 0;
}

static void write_etag(const struct asset *asset, bool is_packed, char etag[static ETAG_SIZE])
{
    uint8_t digest[SHA256_SIZE];
    char hex[SHA256_HEX_SIZE];
    digest_sha256(asset->plain.start, size_of(&asset->plain), digest);
    digest_hex(digest, sizeof digest, hex);
    (void)snprintf(etag, ETAG_SIZE, "\"%s%s\"", hex, is_packed ? "-gz" : "");
}

static void send_bytes(struct http_request *request, const struct asset *asset,
                       const struct run *run)
{
    size_t size = size_of(run);
    char *copy = malloc(size);
    if (copy)
        memcpy(copy, run->start, size);
    http_answer(request, copy ? 200 : 503, asset->media_type, copy, copy ? size : 0);
}

static void answer(struct http_request *request, const struct asset *asset)
{
    char etag[ETAG_SIZE];
    bool is_packed = takes_gzip(request) && size_of(&asset->packed) < size_of(&asset->plain);
    const char *known = http_header(request, "If-None-Match");
    write_etag(asset, is_packed, etag);
    http_set_header(request, "Cache-Control", "no-cache");
    http_add_header(request, "Vary", "Accept-Encoding");
    http_add_header(request, "ETag", etag);
    if (known && strstr(known, etag)) {
        http_answer(request, 304, asset->media_type, NULL, 0);
        return;
    }
    if (is_packed)
        http_add_header(request, "Content-Encoding", "gzip");
    send_bytes(request, asset, is_packed ? &asset->packed : &asset->plain);
}

static void show_index(void *own, struct http_request *request)
{
    (void)own;
    answer(request, &assets[0]);
}

static void show_named(void *own, struct http_request *request)
{
    (void)own;
    const char *name = http_segment(request, "name");
    for (size_t i = 0; name && i < ASSET_COUNT; i++) {
        if (strcmp(assets[i].name, name) != 0)
            continue;
        answer(request, &assets[i]);
        return;
    }
    http_problem(request, &no_such_asset, NULL, NULL);
}

const struct http_route *assets_routes(void)
{
    static const struct http_route routes[] = {
        {.method = "GET", .pattern = "/", .handle = show_index},
        {.method = "GET", .pattern = "/console/{name}", .handle = show_named},
        {0},
    };
    return routes;
}

const char *assets_name(size_t at)
{
    return at < ASSET_COUNT ? assets[at].name : NULL;
}
