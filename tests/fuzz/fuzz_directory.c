/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agencies.csv and partners.yaml: an input is the one, when its first line without a mark names
 * columns, and else the other; the other file is then deploy's.  What loads must answer every
 * question about who is who.
 */
#include "fuzz.h"

#include "directory/directory.h"

#include <limits.h>

static char folder[FUZZ_PATH_SIZE];
static char agencies[FUZZ_PATH_SIZE + 32], partners[FUZZ_PATH_SIZE + 32];
static char pepper[FUZZ_PATH_SIZE + 32], secrets[FUZZ_PATH_SIZE + 32];
static const int32_t days[] = {20160101, 20250630, 20250701, 99991231};

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    char whole[PATH_MAX];
    (void)count, (void)arguments;
    fuzz_folder(folder);
    (void)snprintf(agencies, sizeof agencies, "%s/agencies.csv", folder);
    (void)snprintf(partners, sizeof partners, "%s/partners.yaml", folder);
    (void)snprintf(pepper, sizeof pepper, "%s/pepper", folder);
    (void)snprintf(secrets, sizeof secrets, "%s/sample", folder);
    fuzz_write(pepper, "0123456789abcdef0123456789abcdef", 32);
    if (realpath("deploy/sample", whole)) /* what deploy's partners.yaml names */
        stop_if(symlink(whole, secrets) != 0, secrets);
    return 0;
}

static void ask_agency(const struct directory *directory, const struct agency *agency, int32_t day)
{
    const struct agencies *all = directory_agencies(directory);
    struct fault why = {0};
    bool succeeded = false;
    const struct agency *seat = NULL;
    const struct agency *found = agencies_resolve(all, agency->code, day, &succeeded, &why);
    stop_if(!found && why.kind != FAULT_REFUSE, why.text);
    (void)agencies_named(all, agency->code, day);
    if (!found)
        return;
    const struct partner *partner = directory_partner_for(directory, found, day, &seat);
    stop_if(partner && !seat, "a partner without a seat");
    for (const struct agency *up = found; up;) /* without end if there were a circle */
        up = agencies_parent(all, up, day);
}

static void ask_partner(const struct directory *directory, const struct partner *partner)
{
    const struct agencies *all = directory_agencies(directory);
    stop_if(directory_partner(directory, partner->id) != partner, "another of the same name");
    for (size_t i = 0; i < agencies_count(all) && i < 50; i++)
        (void)directory_speaks_for(directory, partner, agencies_at(all, i)->code, 20250701);
    for (size_t i = 0; i < partner->key_count; i++)
        (void)directory_by_key(directory, "a-key", 5, 20250701);
}

static void ask(const struct directory *directory)
{
    const struct agencies *all = directory_agencies(directory);
    for (size_t i = 0; i < agencies_count(all); i++)
        for (size_t day = 0; day < sizeof days / sizeof *days; day++)
            ask_agency(directory, agencies_at(all, i), days[day]);
    for (size_t i = 0; i < directory_partner_count(directory); i++)
        ask_partner(directory, directory_partner_at(directory, i));
}

static bool are_agencies(const char *text)
{
    while (*text == '#' || *text == '\n') {
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
    return strncmp(text, "code", 4) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fault why = {0};
    auto_free(free) char *text = text_copy(bytes, size);
    bool is_first = are_agencies(text);
    fuzz_write(is_first ? agencies : partners, bytes, size);
    const struct directory_options options = {
        .agencies_file = is_first ? agencies : "tests/fuzz/seeds/directory/agencies.csv",
        .partners_file = is_first ? "tests/fuzz/seeds/directory/partners.yaml" : partners,
        .pepper_file = pepper,
    };
    struct directory *directory = directory_load(&options, &why);
    if (directory)
        ask(directory);
    else
        stop_if(why.kind != FAULT_REFUSE || !*why.text, why.text);
    directory_release(directory);
    return 0;
}
