/* SPDX-License-Identifier: Apache-2.0 */
/* Documents shown to people: any bytes must be veiled, line by line, by every format's map. */
#include "fuzz.h"

#include "adapt/scan.h"
#include "adapt/veil.h"
#include "base/utf8.h"

static const char *const names[] = {"dvcqg-json", "dvc2026-json", "edxml", "lienthong-xml", "none"};
static const struct adapters *adapters;

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    adapters = fuzz_adapters();
    return 0;
}

static size_t line_count(const char *bytes, size_t size)
{
    size_t count = 0;
    for (size_t at = 0; at < size; at++)
        count += bytes[at] == '\n';
    return count;
}

static void add_up(void *own, const struct scan_piece *piece)
{
    const char **at = own;
    stop_if(piece->bytes != *at, "a piece is missing");
    *at += piece->size;
}

/* The first byte chooses the format. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 1)
        return 0;
    struct fault why = {0};
    size_t veiled_size = 0;
    const struct adapter *adapter =
        adapters_find(adapters, names[bytes[0] % (sizeof names / sizeof *names)]);
    size--;
    auto_free(free) char *body = exact_copy(bytes + 1, size);

    const char *end = body;
    const struct scan scan = {.adapter = adapter, .each = add_up, .own = &end};
    (void)scan_document(&scan, body, size);
    stop_if(end != body + size, "the pieces are not the document");

    auto_free(free) char *veiled = veil_document(adapter, body, size, &veiled_size, &why);
    stop_if(!veiled, why.text);
    stop_if(line_count(veiled, veiled_size) != line_count(body, size), "a line is lost");
    stop_if(utf8_valid(veiled, veiled_size) != veiled_size, "it is not UTF-8");
    free(veil_nothing(body, size, &veiled_size, &why));
    return 0;
}
