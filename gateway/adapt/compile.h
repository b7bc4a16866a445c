/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_COMPILE_H
#define ADAPT_COMPILE_H

#include "adapt/map.h"
#include "base/yaml_file.h"

/** What compiling one adapter needs at every place of its file. */
struct compiler {
    const struct yaml_file *file;
    struct adapters *adapters;
    struct adapter *adapter;
    char place[160]; /**< of the file, as "messages[0].map[3]"; faults point there */
};

/** Remembers a place of the file for the faults to come. */
void compile_at(struct compiler *compiler, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/** Refuses the value of `key` at the compiler's place; "" for the place itself.  Returns false. */
bool compile_refuse(const struct compiler *compiler, const char *key, struct fault *why,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));

/** Zeroed memory of the adapter. */
void *compile_take(struct compiler *compiler, size_t count, size_t size, struct fault *why);

/** Parses a path of `key` into the adapter's memory. */
bool compile_path(struct compiler *compiler, const char *key, const char *text, struct path *path,
                  struct fault *why);

/** The field named at `key`; false with a fault when there is none. */
bool compile_field(const struct compiler *compiler, const char *key, const char *name,
                   const struct field **field, struct fault *why);

/** The bits of a `for:` or `refines:` list; all when it is empty. */
bool compile_types(const struct compiler *compiler, const char *key, char *const *names,
                   size_t count, uint64_t *types, struct fault *why);

struct word word_of(const char *text);

/** One row; the compiler's place is the row's. */
bool compile_row(struct compiler *compiler, const struct draft_row *draft, struct row *row,
                 struct fault *why);

/** How one shape of a message is read; the message's rows are compiled. */
bool compile_plan(struct compiler *compiler, const struct message *message,
                  const struct draft_shape *shape, struct plan *plan, struct fault *why);

/** The order of places in what the message writes, by its first shape. */
bool compile_layout(struct compiler *compiler, struct message *message, struct fault *why);

/** How the format's systems are spoken to; the messages are compiled. */
bool compile_service(struct compiler *compiler, const struct draft *draft, struct fault *why);

/** Loads FOLDER/adapter.yaml; `adapter` is ended by compile_free whether it worked or not. */
bool compile_adapter(struct adapters *adapters, const char *folder, struct adapter *adapter,
                     struct fault *why);

/** Finds the adapters that messages carry, once all are compiled. */
bool compile_carries(struct adapters *adapters, struct fault *why);

void compile_free(struct adapter *adapter);

#endif
