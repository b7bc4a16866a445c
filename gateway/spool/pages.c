/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of a spool's file, with its log laid over them, and the cells on them. */
#include "spool/pages.h"

#include "base/cleanup.h"
#include "spool/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_HEADER = 100, USUAL_PAGE = 4096, LEAST_PAGE = 512, MOST_PAGE = 65536 };
enum { LEAF_HEADER = 8, TREE_HEADER = 12 };
static const int64_t MOST_PAYLOAD = INT64_C(1) << 30;

/* ---- the file ---- */

/* What the header says, where it can be believed. */
static void read_header(struct pages *pages, const uint8_t *header)
{
    static const char magic[] = "SQLite format 3";
    uint32_t size = big_16(header + 16) == 1 ? MOST_PAGE : big_16(header + 16);
    pages->is_header_damaged = memcmp(header, magic, sizeof magic) != 0 || size < LEAST_PAGE ||
                               (size & (size - 1)) != 0 || header[20] > 32;
    pages->size = pages->is_header_damaged ? USUAL_PAGE : size;
    if (pages->wal.page_size > 0)
        pages->size = pages->wal.page_size;
    pages->usable = pages->size - (pages->is_header_damaged ? 0 : header[20]);
}

static bool measure(struct pages *pages, const char *file, struct fault *why)
{
    struct stat status;
    if (fstat(pages->file, &status) != 0)
        return fault_set(why, FAULT_REFUSE, "%s: %s", file, strerror(errno));
    pages->count = (uint32_t)(status.st_size / pages->size);
    if (pages->wal.pages > pages->count)
        pages->count = pages->wal.pages;
    pages->uses = calloc((size_t)pages->count + 1, 1);
    pages->chained = malloc(pages->size);
    return (pages->uses && pages->chained) || fault_memory(why);
}

bool pages_open(struct pages *pages, const char *file, struct fault *why)
{
    uint8_t header[FILE_HEADER] = {0};
    *pages = (struct pages){.file = -1, .wal = {.file = -1}};
    pages->file = open(file, O_RDONLY | O_CLOEXEC);
    if (pages->file < 0)
        return fault_set(why, FAULT_REFUSE, "%s: %s", file, strerror(errno));
    if (!wal_open(&pages->wal, file, why))
        return false;
    auto_free(free) uint8_t *first = malloc(MOST_PAGE);
    if (!first)
        return fault_memory(why);
    if (wal_page(&pages->wal, 1, first))
        memcpy(header, first, sizeof header);
    else if (pread(pages->file, header, sizeof header, 0) != (ssize_t)sizeof header)
        memset(header, 0, sizeof header);
    read_header(pages, header);
    return measure(pages, file, why);
}

void pages_close(struct pages *pages)
{
    if (pages->file >= 0)
        (void)close(pages->file); /* it was only read */
    wal_close(&pages->wal);
    free(pages->uses);
    free(pages->chained);
    *pages = (struct pages){.file = -1, .wal = {.file = -1}};
}

bool pages_read(const struct pages *pages, uint32_t page, uint8_t *to)
{
    if (page == 0 || page > pages->count)
        return false;
    if (wal_page(&pages->wal, page, to))
        return true;
    off_t at = (off_t)(page - 1) * pages->size;
    return pread(pages->file, to, pages->size, at) == (ssize_t)pages->size;
}

void pages_mark_free(struct pages *pages)
{
    uint8_t *trunk = pages->chained;
    if (pages->is_header_damaged || !pages_read(pages, 1, trunk))
        return;
    uint32_t page = big_32(trunk + 32);
    while (page > 0 && page <= pages->count && pages->uses[page] == PAGE_UNKNOWN &&
           pages_read(pages, page, trunk)) {
        uint32_t leaves = big_32(trunk + 4);
        if (leaves > pages->usable / 4 - 2)
            return;
        pages->uses[page] = PAGE_FREE;
        for (uint32_t i = 0; i < leaves; i++) {
            uint32_t leaf = big_32(trunk + 8 + (size_t)i * 4);
            if (leaf > 0 && leaf <= pages->count && pages->uses[leaf] == PAGE_UNKNOWN)
                pages->uses[leaf] = PAGE_FREE;
        }
        page = big_32(trunk);
    }
}

/* ---- pages of a tree ---- */

struct leaf leaf_of(const struct pages *pages, uint32_t page, const uint8_t *bytes)
{
    struct leaf leaf = {.bytes = bytes, .start = page == 1 ? FILE_HEADER : 0};
    int kind = bytes[leaf.start];
    bool is_tree = kind == TREE_INDEX || kind == TREE_TABLE;
    if (!is_tree && kind != LEAF_INDEX && kind != LEAF_TABLE)
        return leaf;
    leaf.cells = big_16(bytes + leaf.start + 3);
    uint32_t pointers = leaf.start + (is_tree ? TREE_HEADER : LEAF_HEADER);
    if (pointers + leaf.cells * 2 > pages->usable || bytes[leaf.start + 7] > 60)
        return leaf;
    leaf.kind = kind;
    if (is_tree)
        leaf.right = big_32(bytes + leaf.start + LEAF_HEADER);
    return leaf;
}

/* ---- cells ---- */

/* Bytes of which no more are read than there are. */
struct span {
    const uint8_t *at, *end;
    bool is_over;
};

static int64_t read_varint(struct span *span)
{
    uint64_t value = 0;
    for (int i = 0; i < 9; i++) {
        if (span->at >= span->end) {
            span->is_over = true;
            return 0;
        }
        uint8_t byte = *span->at++;
        if (i == 8)
            return (int64_t)(value << 8 | byte);
        value = value << 7 | (byte & 0x7F);
        if (byte < 0x80)
            break;
    }
    return (int64_t)value;
}

static size_t local_size(const struct pages *pages, int kind, int64_t payload)
{
    int64_t usable = pages->usable;
    int64_t most = kind == LEAF_TABLE ? usable - 35 : (usable - 12) * 64 / 255 - 23;
    int64_t least = (usable - 12) * 32 / 255 - 23;
    if (payload <= most)
        return (size_t)payload;
    int64_t local = least + (payload - least) % (usable - 4);
    return (size_t)(local <= most ? local : least);
}

/* What does not fit on the page lies on a chain of others, each for one cell alone.  Returns what
 * was read of it. */
static size_t read_chain(struct pages *pages, uint32_t page, uint8_t *to, size_t size)
{
    size_t done = 0;
    while (done < size) {
        size_t part = size - done < pages->usable - 4 ? size - done : pages->usable - 4;
        if (page == 0 || page > pages->count || pages->uses[page] != PAGE_UNKNOWN ||
            !pages_read(pages, page, pages->chained))
            break;
        bool is_last = done + part == size;
        if (is_last != (big_32(pages->chained) == 0)) {
            pages->uses[page] = PAGE_DAMAGED;
            break;
        }
        pages->uses[page] = PAGE_READ;
        memcpy(to + done, pages->chained + 4, part);
        page = big_32(pages->chained);
        done += part;
    }
    return done;
}

static int64_t read_number(const uint8_t *at, size_t size)
{
    uint64_t value = at[0] >= 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < size; i++)
        value = value << 8 | at[i];
    return (int64_t)value;
}

static bool read_column(int64_t type, struct span *body, struct column *column)
{
    static const uint8_t sizes[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0};
    *column = (struct column){.kind = COLUMN_NULL};
    if (type < 0 || type == 10 || type == 11)
        return false;
    size_t size = type >= 12 ? (size_t)(type - 12) / 2 : sizes[type];
    if (size > (size_t)(body->end - body->at))
        return false;
    if (type >= 12) {
        column->kind = type % 2 ? COLUMN_TEXT : COLUMN_BYTES;
        column->bytes = body->at;
        column->size = size;
    } else if (type >= 8) {
        column->kind = COLUMN_NUMBER;
        column->number = type - 8;
    } else if (type > 0) {
        column->kind = type == 7 ? COLUMN_REAL : COLUMN_NUMBER;
        column->number = read_number(body->at, size);
    }
    body->at += size;
    return true;
}

/* The columns that are whole in the `size` bytes that there are of `whole`. */
static void read_record(const uint8_t *payload, size_t size, size_t whole, struct cell *cell)
{
    struct span head = {.at = payload, .end = payload + size};
    int64_t head_size = read_varint(&head);
    if (head.is_over || head_size < head.at - payload || head_size > (int64_t)size)
        return;
    struct span body = {.at = payload + head_size, .end = payload + size};
    head.end = body.at;
    while (head.at < head.end) {
        int64_t type = read_varint(&head);
        if (head.is_over || cell->count == MOST_COLUMNS)
            return;
        if (!read_column(type, &body, &cell->columns[cell->count])) {
            cell->found = size < whole ? CELL_CUT : cell->found;
            return;
        }
        cell->count++;
    }
    if (size < whole)
        cell->found = CELL_CUT;
    else if (body.at == body.end)
        cell->found = CELL_WHOLE;
}

static bool read_payload(struct pages *pages, const struct leaf *leaf, struct span *span,
                         int64_t size, struct cell *cell, struct fault *why)
{
    if (size < 1 || size > MOST_PAYLOAD)
        return true;
    size_t local = local_size(pages, leaf->kind, size);
    bool is_long = (size_t)size > local;
    if (local + (is_long ? 4 : 0) > (size_t)(span->end - span->at))
        return true;
    if (is_long && (uint64_t)size / (pages->usable - 4) > pages->count)
        return true;
    cell->payload = malloc((size_t)size);
    if (!cell->payload)
        return fault_memory(why);
    size_t got = local;
    memcpy(cell->payload, span->at, local);
    if (is_long)
        got += read_chain(pages, big_32(span->at + local), cell->payload + local,
                          (size_t)size - local);
    read_record(cell->payload, got, (size_t)size, cell);
    return true;
}

bool cell_read(struct pages *pages, const struct leaf *leaf, uint32_t index, struct cell *cell,
               struct fault *why)
{
    bool is_tree = leaf->kind == TREE_INDEX || leaf->kind == TREE_TABLE;
    uint32_t pointers = leaf->start + (is_tree ? TREE_HEADER : LEAF_HEADER);
    uint32_t at = big_16(leaf->bytes + pointers + (size_t)index * 2);
    struct span span = {.at = leaf->bytes + at, .end = leaf->bytes + pages->usable};
    memset(cell, 0, offsetof(struct cell, columns));
    cell->payload = NULL;
    if (at < pointers + leaf->cells * 2 || at + 4 > pages->usable)
        return true;
    if (is_tree) {
        cell->child = big_32(span.at);
        span.at += 4;
    }
    int64_t size = leaf->kind == TREE_TABLE ? 0 : read_varint(&span);
    if (leaf->kind == TREE_TABLE || leaf->kind == LEAF_TABLE) {
        cell->number = read_varint(&span);
        cell->found = span.is_over ? CELL_DAMAGED : CELL_KEY;
    }
    return leaf->kind == TREE_TABLE || span.is_over ||
           read_payload(pages, leaf, &span, size, cell, why);
}

void cell_end(struct cell *cell)
{
    free(cell->payload);
    cell->payload = NULL;
}
