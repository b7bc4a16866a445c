/* SPDX-License-Identifier: Apache-2.0 */
/* Documents with files in them: whatever is moved out must come back to the byte, and the shortened
 * document must not be longer. */
#include "fuzz.h"

#include "files/inline.h"

enum { ABOVE = 256, FILE_LIMIT = 1 << 20 };

static struct file_store *store;
static char folder[FUZZ_PATH_SIZE];

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    struct fault why;
    fuzz_folder(folder);
    const struct file_store_options options = {.folder = folder, .file_limit_bytes = FILE_LIMIT};
    store = file_store_open(&options, &why);
    stop_if(!store, why.text);
    return 0;
}

/* Libfuzzer has few long runs of base64 to offer: an input is also tried with a run in each place
 * of the byte 1. */
static char *widen(const uint8_t *bytes, size_t size, size_t *wide)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, wide);
    stop_if(!out, "no memory");
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == 1)
            fprintf(out, "%0400d", (int)(i % 10));
        else
            fputc(bytes[i], out);
    }
    stop_if(fclose(out) != 0, "no memory");
    return text;
}

static void copy_hashes(const struct inline_files *files, uint8_t (*hashes)[SHA256_SIZE])
{
    for (size_t i = 0; i < files->count; i++)
        memcpy(hashes[i], files->items[i].sha256, SHA256_SIZE);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fault why;
    struct inline_work work = {.store = store, .above_bytes = ABOVE, .partner = "motcua"};
    struct inline_files files;
    uint8_t hashes[INLINE_FILES][SHA256_SIZE];
    size_t wide = 0, restored = 0;
    auto_free(free) char *text = widen(bytes, size, &wide);
    auto_free(free) char *copy = malloc(wide + 1);
    size_t shortened = wide;
    memcpy(copy, text, wide);
    stop_if(!inline_move(&work, copy, &shortened, &files, &why), why.text);
    stop_if(shortened > wide, "longer than it was");
    stop_if(files.count == 0 && shortened != wide, "shorter without a file");
    if (files.count == 0) {
        inline_free(&files);
        return 0;
    }
    auto_free(free) char *again = inline_restore(
        &(struct inline_shortened){store, work.partner, copy, shortened}, wide, &restored, &why);
    stop_if(!again, why.text);
    stop_if(restored != wide || memcmp(again, text, wide) != 0, "not what it was");

    size_t count = files.count;
    copy_hashes(&files, hashes);
    inline_free(&files);
    for (size_t i = 0; i < count; i++) {
        const struct file_removal unasked = {0};
        bool is_removed = false;
        stop_if(!file_store_remove(store, hashes[i], &unasked, &is_removed, &why), why.text);
        stop_if(!is_removed, "still held");
    }
    return 0;
}
