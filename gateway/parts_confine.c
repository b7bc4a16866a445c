/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon needs of the file system, from its configuration and its partners.  Of a file
 * that is named its folder is allowed, since editors and renewals put another file in its place. */
#include "parts_confine.h"

#include "base/address.h"
#include "base/cleanup.h"
#include "base/confine.h"
#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

ENDS_WITH_SCOPE(struct confine *, confine_close)
ENDS_WITH_SCOPE(struct directory *, directory_release)

/* Name service, authorities' certificates, time zones, libraries that are loaded late. */
static const struct {
    const char *path;
    enum confine_use use;
} of_the_system[] = {
    {"/etc", CONFINE_READ},
    {"/usr", CONFINE_READ},
    {"/lib", CONFINE_READ},
    {"/lib64", CONFINE_READ},
    {"/proc/self", CONFINE_READ},
    {"/sys/devices/system/cpu", CONFINE_READ},
    {"/dev/null", CONFINE_WRITE},
    {"/dev/random", CONFINE_READ},
    {"/dev/urandom", CONFINE_READ},
    {"/run/systemd/resolve", CONFINE_READ},
    {"/run/resolvconf", CONFINE_READ},
    {"/run/NetworkManager", CONFINE_READ},
};

static bool allow_above(struct confine *confine, const char *path, enum confine_use use,
                        struct fault *why)
{
    const char *slash = strrchr(path, '/');
    size_t size = slash == path ? 1 : slash ? (size_t)(slash - path) : 0;
    auto_free(free) char *folder = slash ? strndup(path, size) : strdup(".");
    return folder ? confine_allow(confine, folder, use, why) : fault_memory(why);
}

/* The folder that holds `path`, and the one that holds what it links to. */
static bool allow_folder_of(struct confine *confine, const char *path, enum confine_use use,
                            struct fault *why)
{
    if (!path)
        return true;
    auto_free(free) char *real = realpath(path, NULL);
    return allow_above(confine, path, use, why) && (!real || allow_above(confine, real, use, why));
}

static bool allow_system(struct confine *confine, struct fault *why)
{
    for (size_t i = 0; i < sizeof of_the_system / sizeof *of_the_system; i++)
        if (!confine_allow(confine, of_the_system[i].path, of_the_system[i].use, why))
            return false;
    return true;
}

/* Every key that names a file or folder to be read, also those that are yet to come. */
static bool allow_settings(struct confine *confine, const struct config *config, struct fault *why)
{
    size_t count;
    const struct config_setting *settings = config_settings(&count);
    for (size_t i = 0; i < count; i++) {
        if (settings[i].kind != CONFIG_FILE && settings[i].kind != CONFIG_FOLDER)
            continue;
        const char *path =
            *(char *const *)(const void *)((const char *)config + settings[i].offset);
        if (path &&
            !(settings[i].kind == CONFIG_FILE ? allow_folder_of(confine, path, CONFINE_READ, why)
                                              : confine_allow(confine, path, CONFINE_READ, why)))
            return false;
    }
    return true;
}

/* librdkafka opens its files again whenever it connects anew. */
static bool allow_kafka(struct confine *confine, const struct config *config, struct fault *why)
{
    for (size_t i = 0; i < config->kafka.properties.count; i++) {
        const char *value = strchr(config->kafka.properties.items[i], '=');
        if (value && strchr(value, '/') && !allow_folder_of(confine, value + 1, CONFINE_READ, why))
            return false;
    }
    return true;
}

static bool allow_socket(struct confine *confine, const char *listen, struct fault *why)
{
    return !listen || allow_folder_of(confine, address_socket(listen), CONFINE_SOCKET, why);
}

static bool allow_state(struct confine *confine, const struct config *config, struct fault *why)
{
    if (mkdir(config->files.folder, S_IRWXU) != 0 && errno != EEXIST)
        return fault_set(why, FAULT_REFUSE, "%s: %s", config->files.folder, strerrordesc_np(errno));
    return allow_folder_of(confine, config->spool.file, CONFINE_WRITE, why) &&
           confine_allow(confine, config->files.folder, CONFINE_WRITE, why) &&
           (!config->confine.drop_folder ||
            confine_allow(confine, config->confine.drop_folder, CONFINE_WRITE, why)) &&
           allow_folder_of(confine, config->admin.socket, CONFINE_SOCKET, why) &&
           allow_socket(confine, config->http.listen, why) &&
           allow_socket(confine, config->operate.listen, why);
}

/* ---- what partners.yaml names ---- */

enum { PARTNER_FILES = 7 };

static void files_of(const struct partner *partner, const char *files[PARTNER_FILES])
{
    const struct partner_delivery *deliver = &partner->deliver;
    files[0] = deliver->user_file;
    files[1] = deliver->password_file;
    files[2] = deliver->ca_file;
    files[3] = deliver->certificate_file;
    files[4] = deliver->key_file;
    files[5] = partner->signatures.anchors_file;
    files[6] = partner->signatures.crl_file;
}

static bool allow_partner(struct confine *confine, const struct partner *partner, struct fault *why)
{
    const char *files[PARTNER_FILES];
    files_of(partner, files);
    for (size_t i = 0; i < PARTNER_FILES; i++)
        if (!allow_folder_of(confine, files[i], CONFINE_READ, why))
            return false;
    for (size_t i = 0; i < partner->signatures.key_count; i++)
        if (!allow_folder_of(confine, partner->signatures.keys[i].file, CONFINE_READ, why))
            return false;
    return !partner->collect.drop ||
           confine_allow(confine, partner->collect.drop, CONFINE_WRITE, why);
}

static bool allow_partners(struct confine *confine, struct directory_place *place,
                           struct fault *why)
{
    auto_free(directory_release) struct directory *directory = directory_current(place);
    for (size_t i = 0; i < directory_partner_count(directory); i++)
        if (!allow_partner(confine, directory_partner_at(directory, i), why))
            return false;
    return true;
}

bool start_confinement(struct daemon *daemon, struct fault *why)
{
    struct confine made = {.ruleset = -1};
    auto_free(confine_close) struct confine *confine = &made;
    if (!daemon->config->confine.enabled) {
        log_info("confine.off", "note=\"confine.enabled is false\"");
        return true;
    }
    if (!confine_open(confine, why) || !allow_system(confine, why) ||
        !allow_settings(confine, daemon->config, why) ||
        !allow_kafka(confine, daemon->config, why) || !allow_state(confine, daemon->config, why) ||
        !allow_partners(confine, daemon->place, why) || !confine_enforce(confine, why))
        return false;
    daemon->is_confined = confine->level > 0;
    if (daemon->is_confined)
        log_info("confine.holds", "landlock=%d", confine->level);
    else
        log_warn("confine.missing", "note=\"this kernel has no Landlock: nothing but its user's "
                                    "rights keeps the daemon from files\"");
    return true;
}

void stop_confinement(struct daemon *daemon)
{
    (void)daemon; /* it holds until the process ends */
}

/* ---- at a reload ---- */

/* Opening is the only way to ask: access(2) knows nothing of Landlock. */
static bool may_open(const char *path, int flags)
{
    int opened = open(path, flags | O_CLOEXEC | O_NONBLOCK, S_IRUSR | S_IWUSR);
    bool is_forbidden = opened < 0 && (errno == EACCES || errno == EPERM);
    if (opened >= 0)
        (void)close(opened); /* nothing was written */
    return !is_forbidden;
}

static bool permits(const struct daemon *daemon, const struct partner *partner, struct fault *why)
{
    const char *files[PARTNER_FILES];
    const char *outside = NULL;
    files_of(partner, files);
    for (size_t i = 0; i < PARTNER_FILES && !outside; i++)
        if (files[i] && !may_open(files[i], O_RDONLY))
            outside = files[i];
    if (!outside && partner->collect.drop && !may_open(partner->collect.drop, O_TMPFILE | O_WRONLY))
        outside = partner->collect.drop;
    return !outside ||
           fault_set(why, FAULT_REFUSE,
                     "%s: partner %s: %s is closed to the daemon; a new place needs a restart",
                     daemon->config->directory.partners, partner->id, outside);
}

bool confinement_permits(const struct daemon *daemon, const struct directory *directory,
                         struct fault *why)
{
    for (size_t i = 0; daemon->is_confined && i < directory_partner_count(directory); i++)
        if (!permits(daemon, directory_partner_at(directory, i), why))
            return false;
    return true;
}
