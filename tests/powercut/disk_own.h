/* SPDX-License-Identifier: Apache-2.0 */
#ifndef POWERCUT_DISK_OWN_H
#define POWERCUT_DISK_OWN_H

#include "disk.h"

/** The disk within, for the two files that it is in: how it comes to be, and how it is cut. */

enum { MOST_DESCRIPTORS = 4096, NOBODY = -1, ROOT = 0, NAME_SIZE = 128, PATH_SIZE = 1024 };

/** A change of a file since it was synced. */
struct edit {
    uint64_t at;
    enum record_kind kind;
    int64_t offset;
    const char *bytes;
    size_t size;
};

/** A name in a folder, or a change of one since the folder was synced. */
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

/** Makes the change in bytes that are a file's now; these are the caller's. */
void edit_apply(const struct edit *edit, char **bytes, int64_t *size);
/** Bytes without any, or zeros added. */
void bytes_resize(char **bytes, int64_t *size, int64_t to);

void names_add(struct names *names, const struct name *name);
/** Puts the name in the place of an older one, or takes it away. */
void names_set(struct names *names, const struct name *name);

#endif
