/* SPDX-License-Identifier: Apache-2.0 */
/* What an S3 service answers, headers and all, while a file is looked for, fetched, kept and
 * removed: no more than it promised, of a size that it has, or a fault. */
#include "canned.h"

#include "files/s3.h"
#include "files/sealed.h"

#include <sys/stat.h>

enum { FILE_LIMIT = 4096 };

static char folder[FUZZ_PATH_SIZE];
static struct incoming *incoming;
static struct s3 *s3;

/* A pause before another try costs the run its time, and tells nothing. */
int usleep(useconds_t time)
{
    (void)time;
    return 0;
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    struct fault why = {0};
    char secret[FUZZ_PATH_SIZE + 10];
    (void)count, (void)arguments;
    fuzz_folder(folder);
    (void)snprintf(secret, sizeof secret, "%s/secret", folder);
    fuzz_write(secret, "not-a-secret\n", 13);
    const struct file_store_options options = {
        .folder = folder,
        .file_limit_bytes = FILE_LIMIT,
        .s3 = {.endpoint = "http://127.0.0.1:9",
               .bucket = "files",
               .region = "vn-1",
               .access_key = "key",
               .secret_key_file = secret,
               .timeout_ms = 1000},
    };
    incoming = incoming_open(folder, 0, &why);
    s3 = incoming ? s3_open(&options, incoming, &why) : NULL;
    stop_if(!s3, why.text);
    return 0;
}

static void fetch(const struct file_name *name)
{
    struct fault why = {0};
    struct stat status;
    int64_t size = -1;
    int descriptor = s3_place.fetch(s3, name, &size, &why);
    stop_if(descriptor < 0 && !*why.text, "a fault without words");
    if (descriptor < 0)
        return;
    stop_if(fstat(descriptor, &status) != 0 || status.st_size != size, "not of its size");
    stop_if(size < 0 || size > (name->is_sealed ? sealed_size(FILE_LIMIT) : FILE_LIMIT),
            "larger than may be");
    (void)close(descriptor);
}

static void look(const struct file_name *name)
{
    struct fault why = {0};
    int64_t size = 0;
    bool has = false;
    if (!s3_place.look(s3, name, &size, &has, &why))
        stop_if(!*why.text, "a fault without words");
}

static void keep(const uint8_t *sha256)
{
    struct fault why = {0};
    char path[FUZZ_PATH_SIZE + 10];
    bool was_there = false;
    (void)snprintf(path, sizeof path, "%s/arrived", folder);
    fuzz_write(path, "a scanned form", 14);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    struct arrived_file file = {.path = path, .descriptor = descriptor, .size = 14};
    memcpy(file.sha256, sha256, SHA256_SIZE);
    if (!s3_place.keep(s3, &file, &was_there, &why))
        stop_if(!*why.text, "a fault without words");
    (void)close(descriptor);
}

/* The first byte says what is asked; the answers follow it. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const uint8_t sha256[SHA256_SIZE] = {0xab, 0xcd};
    const struct file_name name = {sha256, .is_sealed = size % 2};
    struct fault why = {0};
    if (size == 0)
        return 0;
    auto_free(free) char *answers = exact_copy(bytes + 1, size - 1);
    canned_load(answers, size - 1);
    switch (*bytes % 4) {
    case 0:
        look(&name);
        break;
    case 1:
        keep(sha256);
        break;
    case 2:
        (void)!s3_place.remove(s3, &name, &why);
        break;
    default:
        fetch(&name);
    }
    return 0;
}
