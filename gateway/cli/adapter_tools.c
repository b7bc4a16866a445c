/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands about adapters work with: the schema, and all adapters of one folder. */
#include "cli/adapter_tools.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

/* The daemon's defaults: what passes here passes there. */
static const struct adapt_limits limits = {.document_bytes = 8 << 20,
                                           .depth = 64,
                                           .nodes = 200000,
                                           .attributes = 64,
                                           .names = 2000,
                                           .text_bytes = 65536,
                                           .items = 1000,
                                           .problems = 100};

void close_tools(struct tools *tools)
{
    workbench_free(tools->bench);
    adapters_free(tools->adapters);
    schema_free(tools->schema);
}

size_t tools_document_limit(void)
{
    return (size_t)limits.document_bytes;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool is_adapter(const char *folder, struct fault *why)
{
    struct stat status;
    auto_free(free) char *file = file_join(folder, "adapter.yaml", why);
    if (!file)
        return false;
    if (stat(folder, &status) != 0)
        return fault_set(why, FAULT_REFUSE, "%s: %s", folder, strerrordesc_np(errno));
    return stat(file, &status) == 0 ||
           fault_set(why, FAULT_REFUSE, "%s: there is no adapter.yaml", folder);
}

bool split_folder(const char *path, char **above, char **name)
{
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/')
        size--;
    const char *slash = memrchr(path, '/', size);
    const char *start = slash ? slash + 1 : path;
    *name = strndup(start, size - (size_t)(start - path));
    *above = !slash          ? strdup(".")
             : slash == path ? strdup("/")
                             : strndup(path, (size_t)(slash - path));
    return *name && *above;
}

/* --schema, $LIENTHONG_SCHEMAS, the folder beside the adapters, or where they are installed. */
static char *schema_path(const char *given, const char *adapters, struct fault *why)
{
    const char *environment = getenv("LIENTHONG_SCHEMAS");
    const char *folder = given ? given : environment;
    if (folder)
        return file_join(folder, "dossier-event.avsc", why);
    auto_free(free) char *beside = file_join(adapters, "../schemas", why);
    if (!beside)
        return NULL;
    return file_join(is_folder(beside) ? beside : "/usr/local/share/lienthong/schemas",
                     "dossier-event.avsc", why);
}

bool open_tools(const char *schemas, const char *adapters, struct tools *tools, struct fault *why)
{
    auto_free(free) char *path = schema_path(schemas, adapters, why);
    if (path && access(path, R_OK) != 0)
        return fault_set(why, FAULT_REFUSE,
                         "%s: %s: name its folder by --schema or $LIENTHONG_SCHEMAS", path,
                         strerrordesc_np(errno));
    tools->schema = path ? schema_load(path, why) : NULL;
    tools->adapters = tools->schema ? adapters_load(adapters, tools->schema, &limits, why) : NULL;
    tools->bench = tools->adapters ? workbench_new(tools->adapters, why) : NULL;
    return tools->bench != NULL;
}

const struct adapter *find_adapter(const struct tools *tools, const char *name, const char *folder,
                                   struct fault *why)
{
    const struct adapter *adapter = adapters_find(tools->adapters, name);
    if (!adapter)
        (void)fault_set(why, FAULT_REFUSE, "%s: there is no adapter.yaml", folder);
    return adapter;
}

const struct adapter *find_beside(const struct tools *tools, const char *above, const char *folder,
                                  struct fault *why)
{
    auto_free(free) char *other = NULL;
    auto_free(free) char *name = NULL;
    if (!split_folder(folder, &other, &name)) {
        (void)fault_memory(why);
        return NULL;
    }
    auto_free(free) char *here = realpath(above, NULL);
    auto_free(free) char *there = realpath(other, NULL);
    if (here && there && strcmp(here, there) == 0)
        return find_adapter(tools, name, folder, why);
    (void)fault_set(why, FAULT_REFUSE, "%s: it does not lie beside the other adapters", folder);
    return NULL;
}
