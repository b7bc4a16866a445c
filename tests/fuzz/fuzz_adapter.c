/* SPDX-License-Identifier: Apache-2.0 */
/*
 * adapter.yaml: whatever compiles must read documents, judge answers and write events.  It lies in
 * the folder that it names, with the code lists of all adapters and an XSD; beside it is a good
 * adapter, where a message carries one.
 */
#include "fuzz.h"

#include "adapt/service.h"
#include "adapt/veil.h"
#include "base/file.h"

#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>

enum { DOCUMENTS = 4 };
static const char *const folders[DOCUMENTS] = {"dvcqg-json", "dvc2026-json", "edxml",
                                               "lienthong-xml"};
static const char *const document_paths[DOCUMENTS] = {
    "adapters/dvcqg-json/fixtures/accept/received-full.json",
    "adapters/dvc2026-json/fixtures/accept/create.json",
    "adapters/edxml/fixtures/accept/letter-with-our-xml.edxml",
    "adapters/lienthong-xml/fixtures/accept/handoff-full.xml",
};
static char *documents[DOCUMENTS];
static size_t sizes[DOCUMENTS];
static char roots[DOCUMENTS][FUZZ_PATH_SIZE];
static const struct schema *schema;

/* ---- the folders: ROOT/NAME, one root each ---- */

static void link_tables(const char *from, const char *to)
{
    DIR *list = opendir(from);
    char source[PATH_MAX], target[PATH_MAX], whole[PATH_MAX];
    stop_if(!list, from);
    for (struct dirent *entry; (entry = readdir(list));) {
        if (entry->d_name[0] == '.' || strcmp(entry->d_name, "adapter.yaml") == 0)
            continue;
        (void)snprintf(source, sizeof source, "%s/%s", from, entry->d_name);
        (void)snprintf(target, sizeof target, "%s/%s", to, entry->d_name);
        stop_if(!realpath(source, whole), source);
        (void)!symlink(whole, target); /* of lists of one name the first */
    }
    (void)closedir(list);
}

static void make_root(size_t which)
{
    char folder[FUZZ_PATH_SIZE * 2], from[FUZZ_PATH_SIZE];
    fuzz_folder(roots[which]);
    (void)snprintf(folder, sizeof folder, "%s/%s", roots[which], folders[which]);
    stop_if(mkdir(folder, 0700) != 0, folder);
    for (size_t i = 0; i < DOCUMENTS; i++) {
        (void)snprintf(from, sizeof from, "adapters/%s", folders[(which + i) % DOCUMENTS]);
        link_tables(from, folder);
    }
}

/* Compiling the good one takes longer than all else here. */
static void put_beside(const char *root, bool is_wanted)
{
    char good[FUZZ_PATH_SIZE * 2], whole[PATH_MAX];
    (void)snprintf(good, sizeof good, "%s/lienthong-xml", root);
    if (!is_wanted)
        (void)unlink(good); /* or it is not there */
    else if (realpath("adapters/lienthong-xml", whole))
        (void)!symlink(whole, good); /* or it is there */
}

/* Which of the folders the file says that it is in; the first when it says another. */
static size_t put(const uint8_t *bytes, size_t size)
{
    char name[FUZZ_PATH_SIZE], path[FUZZ_PATH_SIZE * 2];
    bool carries = memmem(bytes, size, "carries:", 8) && memmem(bytes, size, "lienthong-xml", 13);
    size_t which = DOCUMENTS - 1;
    for (; which > 0; which--) {
        (void)snprintf(name, sizeof name, "name: %s\n", folders[which]);
        if (memmem(bytes, size, name, strlen(name)))
            break;
    }
    (void)snprintf(path, sizeof path, "%s/%s/adapter.yaml", roots[which], folders[which]);
    fuzz_write(path, bytes, size);
    if (which < DOCUMENTS - 1)
        put_beside(roots[which], carries);
    return which;
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    struct fault why = {0};
    (void)count, (void)arguments;
    schema = fuzz_schema();
    for (size_t i = 0; i < DOCUMENTS; i++) {
        make_root(i);
        documents[i] = file_read(document_paths[i], 1 << 20, &sizes[i], &why);
        stop_if(!documents[i], why.text);
    }
    return 0;
}

/* ---- what compiled ---- */

struct use {
    const struct adapter *adapter;
    struct workbench *writer;
};

static bool write_back(void *own, const struct adapt_item *item, struct fault *why)
{
    const struct use *use = own;
    struct adapt_written written = {0};
    struct fault refused = {0};
    (void)why;
    if (adapt_write(use->writer, use->adapter, &item->event, NULL, &written, &refused))
        adapt_written_free(&written);
    else
        stop_if(refused.kind != FAULT_REFUSE, refused.text);
    return true;
}

static void read_with(struct workbench *bench, struct use *use, size_t which)
{
    const struct adapt_document document = {.bytes = documents[which],
                                            .size = sizes[which],
                                            .candidates = &use->adapter,
                                            .candidate_count = 1};
    struct fault why = {0};
    struct reading reading;
    size_t veiled_size = 0;
    stop_if(!adapt_read(bench, &document, write_back, use, &reading, &why), why.text);
    auto_free(free) char *veiled =
        veil_document(use->adapter, documents[which], sizes[which], &veiled_size, &why);
    stop_if(!veiled, why.text);
}

static void judge(const struct adapter *adapter)
{
    static const char body[] = "{\"error_code\":\"5\",\"result\":[{\"code\":1}],\"message\":\"x\"}";
    static const int statuses[] = {200, 401, 409, 503};
    char cause[ANSWER_CAUSE_SIZE];
    const char *detail;
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        const struct service_answer answer = {statuses[i], body, sizeof body - 1};
        (void)service_judge(adapter, &answer, cause, &detail);
    }
    (void)service_send(adapter, "Letter");
    (void)service_auth(adapter);
    (void)service_mailbox(adapter);
}

static void use_all(const struct adapters *adapters, const char *name)
{
    struct fault why = {0};
    struct workbench *bench = workbench_new(adapters, &why);
    struct use use = {.adapter = adapters_find(adapters, name),
                      .writer = workbench_new(adapters, &why)};
    stop_if(!bench || !use.writer || !use.adapter, "it is not there");
    for (size_t i = 0; i < DOCUMENTS; i++)
        read_with(bench, &use, i);
    judge(use.adapter);
    workbench_free(bench);
    workbench_free(use.writer);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fault why = {0};
    size_t which = put(bytes, size);
    struct adapters *adapters = adapters_load(roots[which], schema, &fuzz_limits, &why);
    if (adapters)
        use_all(adapters, folders[which]);
    else
        stop_if(why.kind != FAULT_REFUSE || !*why.text, why.text);
    adapters_free(adapters);
    return 0;
}
