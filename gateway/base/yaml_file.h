/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_YAML_FILE_H
#define BASE_YAML_FILE_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

enum { YAML_FILE_LIMIT = 1 << 20 };

/**
 * A YAML file as a tree in which every value knows its line and column.  Of YAML it takes mappings
 * with plain keys, sequences and scalars; aliases, tags, a key twice, a second document and NUL
 * characters are refused.  Faults read "FILE:LINE:COLUMN: what".
 */
struct yaml_file;

/** FAULT_REFUSE when the file is missing, over YAML_FILE_LIMIT bytes or not as said above. */
struct yaml_file *yaml_file_open(const char *path, struct fault *why)
    __attribute__((warn_unused_result));
void yaml_file_close(struct yaml_file *file);

const char *yaml_file_path(const struct yaml_file *file);
/** The text as it was read. */
const char *yaml_file_text(const struct yaml_file *file, size_t *size);
/** NULL when there is nothing but comments. */
yaml_node_t *yaml_file_root(const struct yaml_file *file);
yaml_node_t *yaml_file_node(const struct yaml_file *file, int index);

/** A value's place in the tree, as "map[3].convert"; "" for the root.  NULL when there is none. */
yaml_node_t *yaml_file_find(const struct yaml_file *file, const char *place);

/** Fills `why` with FAULT_REFUSE at the node's line and column, 1:1 for NULL.  Returns false. */
bool yaml_file_refuse_node(const struct yaml_file *file, const yaml_node_t *node, struct fault *why,
                           const char *format, ...) __attribute__((format(printf, 4, 5)));
/** The same for a place; of the part of it that is there when the rest is missing. */
bool yaml_file_refuse(const struct yaml_file *file, const char *place, struct fault *why,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));

struct yaml_entry {
    const char *place;
    const yaml_node_t *key; /**< NULL in a sequence */
    const yaml_node_t *value;
};

/** Calls `each` with every value below the root, in order, mappings and sequences before what is in
 * them, until it returns false. */
bool yaml_file_walk(const struct yaml_file *file,
                    bool (*each)(void *own, const struct yaml_entry *entry, struct fault *why),
                    void *own, struct fault *why) __attribute__((warn_unused_result));

#endif
