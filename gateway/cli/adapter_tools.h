/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_ADAPTER_TOOLS_H
#define CLI_ADAPTER_TOOLS_H

#include "adapt/adapter.h"
#include "base/cleanup.h"

/** What a command about adapters works with; ended by close_tools. */
struct tools {
    struct schema *schema;
    struct adapters *adapters;
    struct workbench *bench;
};

/** Whether this is an adapter's own folder, so that a wrong path is called wrong before anything is
 * looked for beside it. */
bool is_adapter(const char *folder, struct fault *why) __attribute__((warn_unused_result));

/** Loads all adapters below a folder; `schemas` is where dossier-event.avsc lies, or NULL. */
bool open_tools(const char *schemas, const char *adapters, struct tools *tools, struct fault *why)
    __attribute__((warn_unused_result));
void close_tools(struct tools *tools);
ENDS_WITH_SCOPE(struct tools *, close_tools)

/** The folder above, and the last name of a path; both the caller's. */
bool split_folder(const char *path, char **above, char **name) __attribute__((warn_unused_result));

/** The adapter of that name; `folder` is for the fault. */
const struct adapter *find_adapter(const struct tools *tools, const char *name, const char *folder,
                                   struct fault *why);

/** The adapter in a folder that lies beside those that are loaded from `above`. */
const struct adapter *find_beside(const struct tools *tools, const char *above, const char *folder,
                                  struct fault *why);

/** A document of the greatest size that is tried. */
size_t tools_document_limit(void);

/** `lienthong adapter pairs`. */
int cli_adapter_pairs(int argc, char **argv);

#endif
