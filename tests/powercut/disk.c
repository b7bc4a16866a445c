/* SPDX-License-Identifier: Apache-2.0 */
/* The disk of a run: files and folders as they were synced, and what was done to each since. */
#include "disk_own.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *grow(void *list, size_t count, size_t size)
{
    if (count & (count - 1)) /* it is as long as the next power of two */
        return list;
    void *larger = reallocarray(list, count ? 2 * count : 1, size);
    if (!larger)
        abort();
    return larger;
}

static int add_node(struct disk *disk, bool is_folder, const char *path)
{
    disk->nodes = grow(disk->nodes, (size_t)disk->node_count, sizeof *disk->nodes);
    struct node *node = &disk->nodes[disk->node_count];
    char text[PATH_SIZE];
    (void)snprintf(text, sizeof text, "%s%s", path, is_folder ? "/" : "");
    *node = (struct node){.is_folder = is_folder};
    node->is_deaf = disk->deaf_to && fnmatch(disk->deaf_to, text, 0) == 0;
    return disk->node_count++;
}

static void forget_processes(struct disk *disk)
{
    for (int i = 0; i < MOST_DESCRIPTORS; i++)
        disk->descriptors[i] = NOBODY;
    disk->sync_count = 0;
}

struct disk *disk_new(enum disk_model model, const char *deaf_to)
{
    struct disk *disk = calloc(1, sizeof *disk);
    if (!disk)
        return NULL;
    disk->model = model;
    disk->deaf_to = deaf_to;
    forget_processes(disk);
    (void)add_node(disk, true, ""); /* ROOT */
    return disk;
}

void disk_free(struct disk *disk)
{
    if (!disk)
        return;
    for (int i = 0; i < disk->node_count; i++) {
        free(disk->nodes[i].bytes);
        free(disk->nodes[i].edits);
        free(disk->nodes[i].now.list);
        free(disk->nodes[i].synced.list);
        free(disk->nodes[i].changes.list);
    }
    free(disk->nodes);
    free(disk->syncs);
    free(disk);
}

/* ---- names ---- */

static int find(const struct names *names, const char *text)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->list[i].text, text) == 0)
            return names->list[i].node;
    return NOBODY;
}

void names_add(struct names *names, const struct name *name)
{
    names->list = grow(names->list, names->count, sizeof *names->list);
    names->list[names->count++] = *name;
}

void names_set(struct names *names, const struct name *name)
{
    size_t place = 0;
    while (place < names->count && strcmp(names->list[place].text, name->text) != 0)
        place++;
    if (name->node == NOBODY && place < names->count)
        names->list[place] = names->list[--names->count];
    else if (name->node != NOBODY && place < names->count)
        names->list[place].node = name->node;
    else if (name->node != NOBODY)
        names_add(names, name);
}

/* The folder of a path, as the processes see it; `last` becomes its last name. */
static int folder_of(const struct disk *disk, const char *path, char last[NAME_SIZE])
{
    int folder = ROOT;
    for (const char *end; (end = strchr(path, '/')); path = end + 1) {
        (void)snprintf(last, NAME_SIZE, "%.*s", (int)(end - path), path);
        folder = find(&disk->nodes[folder].now, last);
        if (folder == NOBODY)
            return NOBODY;
    }
    (void)snprintf(last, NAME_SIZE, "%s", path);
    return folder;
}

static int look_up(const struct disk *disk, const char *path)
{
    char last[NAME_SIZE];
    int folder = folder_of(disk, path, last);
    return path[0] == '\0' || folder == NOBODY ? folder : find(&disk->nodes[folder].now, last);
}

static bool change_name(struct disk *disk, const char *path, int node)
{
    struct name name = {.at = disk->now, .node = node};
    int folder = folder_of(disk, path, name.text);
    if (folder == NOBODY)
        return false;
    names_set(&disk->nodes[folder].now, &name);
    names_add(&disk->nodes[folder].changes, &name);
    return true;
}

/* ---- bytes ---- */

void bytes_resize(char **bytes, int64_t *size, int64_t to)
{
    if (to > *size) {
        char *larger = realloc(*bytes, (size_t)to);
        if (!larger)
            abort();
        memset(larger + *size, 0, (size_t)(to - *size));
        *bytes = larger;
    }
    *size = to;
}

void edit_apply(const struct edit *edit, char **bytes, int64_t *size)
{
    int64_t end = edit->offset + (int64_t)edit->size;
    if (edit->kind == RECORD_TRUNCATE || end > *size)
        bytes_resize(bytes, size, end);
    if (edit->size > 0)
        memcpy(*bytes + edit->offset, edit->bytes, edit->size);
}

static void add_edit(struct disk *disk, int node, const struct record *record, const char *bytes)
{
    struct node *file = &disk->nodes[node];
    file->edits = grow(file->edits, file->edit_count, sizeof *file->edits);
    file->edits[file->edit_count++] = (struct edit){.at = disk->now,
                                                    .kind = (enum record_kind)record->kind,
                                                    .offset = record->offset,
                                                    .bytes = bytes,
                                                    .size = record->byte_count};
}

/* ---- syncs ---- */

static void settle_bytes(struct node *node, uint64_t before)
{
    size_t done = 0;
    while (done < node->edit_count && node->edits[done].at < before)
        edit_apply(&node->edits[done++], &node->bytes, &node->size);
    node->edit_count -= done;
    if (node->edit_count > 0)
        memmove(node->edits, node->edits + done, node->edit_count * sizeof *node->edits);
}

static void settle_names(struct node *node, uint64_t before)
{
    struct names *changes = &node->changes;
    size_t done = 0;
    while (done < changes->count && changes->list[done].at < before)
        names_set(&node->synced, &changes->list[done++]);
    changes->count -= done;
    if (changes->count > 0)
        memmove(changes->list, changes->list + done, changes->count * sizeof *changes->list);
}

static void begin_sync(struct disk *disk, const struct record *record)
{
    disk->syncs = grow(disk->syncs, disk->sync_count, sizeof *disk->syncs);
    disk->syncs[disk->sync_count++] = (struct sync){
        .number = record->number, .node = disk->descriptors[record->descriptor], .at = disk->now};
}

static bool end_sync(struct disk *disk, uint32_t number)
{
    size_t place = 0;
    while (place < disk->sync_count && disk->syncs[place].number != number)
        place++;
    if (place == disk->sync_count)
        return false;
    const struct sync sync = disk->syncs[place];
    disk->syncs[place] = disk->syncs[--disk->sync_count];
    struct node *node = &disk->nodes[sync.node];
    if (node->is_deaf)
        return true;
    settle_bytes(node, sync.at);
    settle_names(node, sync.at);
    for (int i = 0; disk->model == DISK_ORDERED && i < disk->node_count; i++)
        settle_names(&disk->nodes[i], sync.at);
    return true;
}

/* ---- records ---- */

static bool play_open(struct disk *disk, const struct record *record, const char *path)
{
    int node = look_up(disk, path);
    if (node == NOBODY && record->flags & O_CREAT) {
        node = add_node(disk, false, path);
        if (!change_name(disk, path, node))
            return false;
    }
    if (node == NOBODY)
        return false;
    const struct record cut = {.kind = RECORD_TRUNCATE};
    if (record->flags & O_TRUNC)
        add_edit(disk, node, &cut, NULL);
    disk->descriptors[record->descriptor] = node;
    return true;
}

static bool play_rename(struct disk *disk, const char *from, const char *to)
{
    int node = look_up(disk, from);
    return node != NOBODY && change_name(disk, to, node) && change_name(disk, from, NOBODY);
}

static bool play_folder(struct disk *disk, const struct record *record, const char *path)
{
    char last[NAME_SIZE];
    int outer = folder_of(disk, path, last);
    if (!change_name(disk, path, add_node(disk, true, path)))
        return false;
    if (record->flags != 0)
        settle_names(&disk->nodes[outer], UINT64_MAX);
    return true;
}

/* A record of the names. */
static bool play_names(struct disk *disk, const struct record *record, const char *path,
                       const char *bytes)
{
    char to[PATH_SIZE];
    (void)snprintf(to, sizeof to, "%.*s", (int)record->byte_count, bytes);
    switch (record->kind) {
    case RECORD_OPEN:
        return play_open(disk, record, path);
    case RECORD_FOLDER:
        return play_folder(disk, record, path);
    case RECORD_RENAME:
        return play_rename(disk, path, to);
    case RECORD_LINK:
        return look_up(disk, path) != NOBODY && change_name(disk, to, look_up(disk, path));
    case RECORD_UNLINK:
        return change_name(disk, path, NOBODY);
    default:
        return false;
    }
}

static bool play_bytes(struct disk *disk, const struct record *record, const char *bytes)
{
    int node = disk->descriptors[record->descriptor];
    if (node == NOBODY)
        return false;
    if (record->kind == RECORD_SYNC_BEGIN)
        begin_sync(disk, record);
    else if (record->kind == RECORD_DUPLICATE)
        disk->descriptors[record->number] = node;
    else if (record->kind == RECORD_CLOSE)
        disk->descriptors[record->descriptor] = NOBODY;
    else
        add_edit(disk, node, record, bytes);
    return true;
}

bool disk_play(struct disk *disk, const struct record *record, const char *path, const char *bytes)
{
    char text[PATH_SIZE];
    disk->now++;
    (void)snprintf(text, sizeof text, "%.*s", (int)record->path_size, path);
    switch (record->kind) {
    case RECORD_START:
        forget_processes(disk);
        return true;
    case RECORD_CLOSE:
    case RECORD_DUPLICATE:
    case RECORD_WRITE:
    case RECORD_TRUNCATE:
    case RECORD_EXTEND:
    case RECORD_SYNC_BEGIN:
        return play_bytes(disk, record, bytes);
    case RECORD_SYNC_END:
        return end_sync(disk, record->number);
    case RECORD_ANSWER:
    case RECORD_MARK:
        return true;
    default:
        return play_names(disk, record, text, bytes);
    }
}
