/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files into memory, within a limit. */
#include "base/file.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECRET_LIMIT = 4096 };

/* O_NONBLOCK: opening a named pipe must not wait for its other end. */
static FILE *open_regular(const char *path, struct fault *why)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        fault_set(why, FAULT_REFUSE, "%s: %s", path, strerrordesc_np(errno));
        return NULL;
    }
    struct stat status;
    FILE *file = NULL;
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode))
        fault_set(why, FAULT_REFUSE, "%s: not a regular file", path);
    else if (!(file = fdopen(descriptor, "rb")))
        fault_memory(why);
    if (!file)
        (void)close(descriptor); /* only read from */
    return file;
}

/* One byte over the limit is asked for, so that a file that is too large shows itself. */
static char *read_open(FILE *file, const char *path, size_t limit, size_t *size, struct fault *why)
{
    size_t room = 0, count = 0;
    auto_free(free) char *bytes = NULL;
    do {
        room = room == 0 ? 4096 : room * 2;
        if (room > limit + 2)
            room = limit + 2;
        char *larger = realloc(bytes, room);
        if (!larger) {
            fault_memory(why);
            return NULL;
        }
        bytes = larger;
        count += fread(bytes + count, 1, room - 1 - count, file);
    } while (count == room - 1 && count <= limit);
    if (ferror(file)) {
        fault_set(why, FAULT_REFUSE, "%s: %s", path, strerrordesc_np(errno));
        return NULL;
    }
    if (count > limit) {
        fault_set(why, FAULT_REFUSE, "%s: over %zu bytes", path, limit);
        return NULL;
    }
    bytes[count] = '\0';
    *size = count;
    return steal(bytes);
}

char *file_read(const char *path, size_t limit, size_t *size, struct fault *why)
{
    auto_free(fclose) FILE *file = open_regular(path, why);
    return file ? read_open(file, path, limit, size, why) : NULL;
}

static size_t without_line_end(const char *text, size_t size)
{
    if (size > 0 && text[size - 1] == '\n')
        size--;
    if (size > 0 && text[size - 1] == '\r')
        size--;
    return size;
}

char *file_read_secret(const char *path, struct fault *why)
{
    size_t size = 0;
    auto_free(free) char *secret = file_read(path, SECRET_LIMIT, &size, why);
    if (!secret)
        return NULL;
    size = without_line_end(secret, size);
    secret[size] = '\0';
    if (size == 0 || strlen(secret) != size) {
        fault_set(why, FAULT_REFUSE, "%s: %s", path, size == 0 ? "is empty" : "has a NUL byte");
        return NULL;
    }
    return steal(secret);
}

char *file_join(const char *folder, const char *name, struct fault *why)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s", folder, name) < 0) {
        fault_memory(why);
        return NULL;
    }
    return path;
}

/* The service manager hands secrets over in a folder that it names only to what it starts. */
static const char handed_over[] = "$CREDENTIALS_DIRECTORY/";

bool file_is_handed_over(const char *path)
{
    return strncmp(path, handed_over, sizeof handed_over - 1) == 0;
}

char *file_beside(const char *path, const char *name, struct fault *why)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    if (file_is_handed_over(name))
        return file_join(credentials ? credentials : "$CREDENTIALS_DIRECTORY",
                         name + sizeof handed_over - 1, why);
    const char *slash = strrchr(path, '/');
    int folder_size = name[0] == '/' || !slash ? 0 : (int)(slash - path) + 1;
    char *joined = NULL;
    if (asprintf(&joined, "%.*s%s", folder_size, path, name) < 0) {
        fault_memory(why);
        return NULL;
    }
    return joined;
}
