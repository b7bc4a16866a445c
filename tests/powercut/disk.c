/* SPDX-License-Identifier: Apache-2.0 */
/* The disk of a run: files and folders as they were synced, and what was done to each since. */
#include "disk.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_DESCRIPTORS = 4096, NOBODY = -1, ROOT = 0, NAME_SIZE = 128, PATH_SIZE = 1024 };

/* A change of a file since it was synced. */
struct edit {
    uint64_t at;
    enum record_kind kind;
    int64_t offset;
    const char *bytes;
    size_t size;
};

/* A name in a folder, or a change of one since the folder was synced. */
struct name {
    uint64_t at;
    char text[NAME_SIZE];
    int node; /* NOBODY: it went */
};

struct names {
    struct name *list;
    size_t count;
};

struct node {
    bool is_folder;
    bool is_deaf;
    char *bytes; /* as synced */
    int64_t size;
    struct edit *edits;
    size_t edit_count;
    struct names now, synced, changes; /* of a folder */
};

struct sync {
    uint32_t number;
    int node;
    uint64_t at;
};

struct disk {
    enum disk_model model;
    const char *deaf_to;
    uint64_t now; /* number of the record */
    struct node *nodes;
    int node_count;
    int descriptors[MOST_DESCRIPTORS];
    struct sync *syncs; /* under way */
    size_t sync_count;
};

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
    size_t size = (size_t)snprintf(text, sizeof text, "%s%s", path, is_folder ? "/" : "");
    size_t end = disk->deaf_to ? strlen(disk->deaf_to) : SIZE_MAX;
    *node = (struct node){.is_folder = is_folder};
    node->is_deaf = end <= size && strcmp(text + size - end, disk->deaf_to) == 0;
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

static void add_name(struct names *names, const struct name *name)
{
    names->list = grow(names->list, names->count, sizeof *names->list);
    names->list[names->count++] = *name;
}

static void set_name(struct names *names, const struct name *name)
{
    size_t place = 0;
    while (place < names->count && strcmp(names->list[place].text, name->text) != 0)
        place++;
    if (name->node == NOBODY && place < names->count)
        names->list[place] = names->list[--names->count];
    else if (name->node != NOBODY && place < names->count)
        names->list[place].node = name->node;
    else if (name->node != NOBODY)
        add_name(names, name);
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
    set_name(&disk->nodes[folder].now, &name);
    add_name(&disk->nodes[folder].changes, &name);
    return true;
}

/* ---- bytes ---- */

/* Bytes of a file that somebody writes: their size is free to grow. */
static void resize(char **bytes, int64_t *size, int64_t to)
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

static void apply(char **bytes, int64_t *size, const struct edit *edit)
{
    int64_t end = edit->offset + (int64_t)edit->size;
    if (edit->kind == RECORD_TRUNCATE || end > *size)
        resize(bytes, size, end);
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
        apply(&node->bytes, &node->size, &node->edits[done++]);
    node->edit_count -= done;
    if (node->edit_count > 0)
        memmove(node->edits, node->edits + done, node->edit_count * sizeof *node->edits);
}

static void settle_names(struct node *node, uint64_t before)
{
    struct names *changes = &node->changes;
    size_t done = 0;
    while (done < changes->count && changes->list[done].at < before)
        set_name(&node->synced, &changes->list[done++]);
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

/* ---- a cut ---- */

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
            apply(bytes, size, &piece);
    }
}

static void apply_by_chance(const struct cut *cut, enum fate fate, char **bytes, int64_t *size,
                            const struct edit *edit)
{
    enum { PAGE = 4096, SECTOR = 512, HALF = 50 };
    bool is_small = edit->kind != RECORD_WRITE;
    if (fate == KEPT || ((fate == BY_CALL || is_small) && fate != LOST && flip(cut, HALF)))
        apply(bytes, size, edit);
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
        resize(&bytes, size, longest);
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
        add_name(&names, &node->synced.list[i]);
    for (size_t i = 0; i < node->changes.count; i++) {
        const struct name *change = &node->changes.list[i];
        bool is_kept =
            cut->disk->model == DISK_ORDERED ? change->at < cut->until : flip(cut, percent);
        if (is_kept || !cut->chance)
            set_name(&names, change);
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
