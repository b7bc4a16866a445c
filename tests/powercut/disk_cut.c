/* SPDX-License-Identifier: Apache-2.0 */
/* What is on the disk after a cut, by chance: writes whole, in part or not at all, names there or
 * not.  Of two writes of one place the older never comes after the newer: the cache has one copy of
 * each page, so what is lost is at the end. */
#include "disk_own.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

uint64_t disk_random(uint64_t *state)
{
    uint64_t mixed = *state += UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ (mixed >> 31);
}

/* How what was not synced fares: chosen for each file. */
enum fate { LOST, KEPT, BY_CALL, BY_PAGE, BY_SECTOR, UP_TO_ONE, FATES };

struct cut {
    const struct disk *disk;
    uint64_t *chance; /* NULL: nothing is lost */
    uint64_t until;   /* in the ordered model: names changed after it are lost */
};

static bool flip(const struct cut *cut, uint64_t percent)
{
    return !cut->chance || disk_random(cut->chance) % 100 < percent;
}

/* Piece by piece of `unit` bytes, each there or not. */
static void apply_in_part(const struct cut *cut, char **bytes, int64_t *size,
                          const struct edit *edit, int64_t unit)
{
    uint64_t percent = 10 + disk_random(cut->chance) % 81;
    for (int64_t done = 0, step; done < (int64_t)edit->size; done += step) {
        int64_t at = edit->offset + done;
        step = unit - at % unit;
        if (step > (int64_t)edit->size - done)
            step = (int64_t)edit->size - done;
        struct edit piece = {
            .kind = RECORD_WRITE, .offset = at, .bytes = edit->bytes + done, .size = (size_t)step};
        if (flip(cut, percent))
            edit_apply(&piece, bytes, size);
    }
}

static void apply_by_chance(const struct cut *cut, enum fate fate, char **bytes, int64_t *size,
                            const struct edit *edit)
{
    enum { PAGE = 4096, SECTOR = 512, HALF = 50 };
    bool is_small = edit->kind != RECORD_WRITE;
    if (fate == KEPT || ((fate == BY_CALL || is_small) && fate != LOST && flip(cut, HALF)))
        edit_apply(edit, bytes, size);
    else if (!is_small && (fate == BY_PAGE || fate == BY_SECTOR))
        apply_in_part(cut, bytes, size, edit, fate == BY_PAGE ? PAGE : SECTOR);
}

/* The bytes that a file has after the cut; the caller owns them. */
static char *cut_bytes(const struct cut *cut, const struct node *node, int64_t *size)
{
    enum { SIZE_PERCENT = 25 };
    char *bytes = node->size ? malloc((size_t)node->size) : NULL;
    size_t count = node->edit_count;
    enum fate fate = cut->chance ? (enum fate)(disk_random(cut->chance) % FATES) : KEPT;
    size_t whole = fate == UP_TO_ONE && count ? disk_random(cut->chance) % count : 0;
    int64_t longest = *size = node->size;
    if (node->size)
        memcpy(bytes, node->bytes, (size_t)node->size);
    for (size_t i = 0; i < count; i++) {
        enum fate of_this = fate;
        if (fate == UP_TO_ONE)
            of_this = i < whole ? KEPT : i == whole ? BY_SECTOR : LOST;
        apply_by_chance(cut, of_this, &bytes, size, &node->edits[i]);
        longest = node->edits[i].offset + (int64_t)node->edits[i].size;
    }
    /* The size can reach the disk before the bytes do: then there are zeros. */
    if (cut->chance && longest > *size && flip(cut, SIZE_PERCENT))
        bytes_resize(&bytes, size, longest);
    return bytes;
}

static bool write_file(const char *path, const char *bytes, int64_t size)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (file < 0)
        return false;
    int64_t done = 0;
    for (ssize_t count = 1; done < size && count > 0; done += count)
        count = write(file, bytes + done, (size_t)(size - done));
    return close(file) == 0 && done == size;
}

static struct names cut_names(const struct cut *cut, const struct node *node)
{
    enum { NAME_PERCENT = 50 };
    struct names names = {0};
    uint64_t percent = !cut->chance || flip(cut, NAME_PERCENT) ? NAME_PERCENT : 0;
    for (size_t i = 0; i < node->synced.count; i++)
        names_add(&names, &node->synced.list[i]);
    for (size_t i = 0; i < node->changes.count; i++) {
        const struct name *change = &node->changes.list[i];
        bool is_kept =
            cut->disk->model == DISK_ORDERED ? change->at < cut->until : flip(cut, percent);
        if (is_kept || !cut->chance)
            names_set(&names, change);
    }
    return names;
}

static bool write_node(const struct cut *cut, int number, const char *path, int depth);

static bool write_names(const struct cut *cut, const struct names *names, const char *path,
                        int depth)
{
    char inner[PATH_SIZE];
    for (size_t i = 0; i < names->count; i++) {
        if (snprintf(inner, sizeof inner, "%s/%s", path, names->list[i].text) >= PATH_SIZE ||
            !write_node(cut, names->list[i].node, inner, depth + 1))
            return false;
    }
    return true;
}

static bool write_node(const struct cut *cut, int number, const char *path, int depth)
{
    enum { DEEPEST = 16 };
    const struct node *node = &cut->disk->nodes[number];
    if (depth > DEEPEST)
        return false;
    if (!node->is_folder) {
        int64_t size = 0;
        char *bytes = cut_bytes(cut, node, &size);
        bool is_written = write_file(path, bytes, size);
        free(bytes);
        return is_written;
    }
    struct names names = cut_names(cut, node);
    bool is_written =
        (number == ROOT || mkdir(path, S_IRWXU) == 0) && write_names(cut, &names, path, depth);
    free(names.list);
    return is_written;
}

/* In the ordered model: one of the moments at which names that are not settled changed. */
static uint64_t choose_moment(const struct disk *disk, uint64_t *chance)
{
    uint64_t first = disk->now + 1;
    for (int i = 0; i < disk->node_count; i++)
        if (disk->nodes[i].changes.count > 0 && disk->nodes[i].changes.list[0].at < first)
            first = disk->nodes[i].changes.list[0].at;
    return first + disk_random(chance) % (disk->now + 2 - first);
}

bool disk_cut(const struct disk *disk, uint64_t *chance, const char *folder)
{
    const struct cut cut = {.disk = disk, .chance = chance, .until = choose_moment(disk, chance)};
    return write_node(&cut, ROOT, folder, 0);
}

bool disk_write(const struct disk *disk, const char *folder)
{
    const struct cut cut = {.disk = disk, .until = UINT64_MAX};
    return write_node(&cut, ROOT, folder, 0);
}
