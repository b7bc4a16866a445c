/* SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "directory/directory.h"

#include <pthread.h>
#include <stdatomic.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const char agencies_text[] =
    "code,alias_codes,name,level,parent,valid_from,valid_to,successor\n"
    "H29,,Province,PROVINCE,,20160101,,\n"
    "H29.747,,New commune,COMMUNE,H29,20250701,,\n"
    "H09,000.00.00.H09,Old province,PROVINCE,,20160101,20250630,H29\n"
    "H09.40,000.00.40.H09,District,DISTRICT,H09,20160101,20250630,H29\n"
    "H09.40.12,000.12.40.H09,Commune,COMMUNE,H09.40,20160101,20250630,H29.747\n"
    "H09.40.13,000.13.40.H09,Neighbour,COMMUNE,H09.40,20160101,20250630,H29.747\n"
    "H30,,Once a province,PROVINCE,,20160101,20180101,\n"
    "H30,,A province again,PROVINCE,,20200101,,\n";

static const char partners_text[] =
    "partners:\n"
    "- {id: commune, name: C, agencies: [000.12.40.H09], adapters: [x]}\n"
    "- {id: district, name: D, agencies: [H09.40], adapters: [x]}\n"
    "- {id: province, name: P, agencies: [000.00.00.H09], adapters: [x]}\n"
    "- {id: new-commune, name: N, agencies: [H29.747], adapters: [x]}\n"
    "- {id: city, name: H, agencies: [H29], adapters: [x]}\n"
    "- {id: other, name: O, agencies: [H30], adapters: [x]}\n";

/* The three files of one directory. */
struct files {
    char agencies[SCRATCH_PATH_SIZE], partners[SCRATCH_PATH_SIZE], pepper[SCRATCH_PATH_SIZE];
    struct directory_options options;
};

static struct files write_files(void)
{
    struct files files;
    memset(&files, 0, sizeof files);
    scratch_text(files.agencies, agencies_text);
    scratch_text(files.partners, partners_text);
    scratch_bytes(files.pepper, "0123456789abcdef0123456789abcde\n\0\n", 34);
    return files;
}

static const struct directory_options *options_of(struct files *files)
{
    files->options = (struct directory_options){
        .agencies_file = files->agencies,
        .partners_file = files->partners,
        .pepper_file = files->pepper,
    };
    return &files->options;
}

static void remove_files(const struct files *files)
{
    (void)unlink(files->agencies);
    (void)unlink(files->partners);
    (void)unlink(files->pepper);
}

static struct directory *load(void)
{
    struct fault why;
    struct files files = write_files();
    struct directory *directory = directory_load(options_of(&files), &why);
    if (!directory)
        fail_msg("%s", why.text);
    remove_files(&files);
    return directory;
}

static const struct {
    const char *partner;
    const char *code;
    int32_t day;
    bool speaks;
} asked[] = {
    /* its own code, in either form */
    {"commune", "000.12.40.H09", 20250512, true},
    {"commune", "H09.40.12", 20250512, true},
    /* not its neighbour, nor who is above it */
    {"commune", "H09.40.13", 20250512, false},
    {"commune", "000.00.40.H09", 20250512, false},
    {"commune", "H09", 20250512, false},
    /* closed: still as it stood, but not for the larger unit that it became part of */
    {"commune", "H09.40.12", 20261122, true},
    {"commune", "H29.747", 20261122, false},
    {"commune", "H09.40.13", 20261122, false},
    /* who is below */
    {"district", "H09.40", 20250512, true},
    {"district", "000.12.40.H09", 20250512, true},
    {"district", "H09", 20250512, false},
    {"district", "H09.40.12", 20261122, true},
    {"district", "H29", 20261122, false},
    {"province", "H09.40.12", 20250630, true},
    {"province", "H09.40.12", 20250701, true},
    {"province", "H29.747", 20250701, false},
    /* the successor answers for the closed, not for it while it was there */
    {"new-commune", "H29.747", 20250701, true},
    {"new-commune", "H09.40.12", 20250701, true},
    {"new-commune", "H09.40.13", 20250701, true},
    {"new-commune", "H09.40.12", 20250630, false},
    {"new-commune", "H29.747", 20250630, false},
    {"new-commune", "H09.40", 20250701, false},
    {"city", "H29.747", 20250701, true},
    {"city", "000.12.40.H09", 20250701, true},
    {"city", "H09.40", 20250701, true},
    {"city", "H09.40.12", 20250630, false},
    {"city", "H09", 20250701, true},
    /* a code that was used again */
    {"other", "H30", 20170101, true},
    {"other", "H30", 20190101, true},
    {"other", "H30", 20210101, true},
    {"other", "H30", 20151231, false},
    /* nobody's */
    {"city", "H31", 20250701, false},
    {"city", "", 20250701, false},
    {"city", "no code at all", 20250701, false},
};

static void a_partner_speaks_for_its_own_alone(void **state)
{
    (void)state;
    struct directory *directory = load();
    for (size_t i = 0; i < COUNT(asked); i++) {
        const struct partner *partner = directory_partner(directory, asked[i].partner);
        assert_non_null(partner);
        if (directory_speaks_for(directory, partner, asked[i].code, asked[i].day) !=
            asked[i].speaks)
            fail_msg("%s for %s on %d", asked[i].partner, asked[i].code, asked[i].day);
    }
    directory_release(directory);
}

static void a_made_key_is_known_by_its_hash_alone(void **state)
{
    (void)state;
    char key[API_KEY_SIZE], other[API_KEY_SIZE], hash[SHA256_HEX_SIZE], text[400];
    struct fault why;
    struct directory *directory = load();
    directory_make_key(directory, other, hash);
    directory_make_key(directory, key, hash);
    directory_release(directory);
    assert_int_equal(strlen(key), 43);
    assert_int_equal(
        strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 43);
    assert_string_not_equal(key, other);

    struct files files = write_files();
    (void)snprintf(
        text, sizeof text,
        "partners:\n- {id: a, name: A, agencies: [H29], adapters: [x], keys: [{hash: '%s',"
        " valid_to: 2026-12-31}]}\n",
        hash);
    scratch_write(files.partners, text);
    directory = directory_load(options_of(&files), &why);
    assert_non_null(directory);
    const struct partner *partner = directory_by_key(directory, key, strlen(key), 20261231);
    assert_non_null(partner);
    assert_string_equal(partner->id, "a");
    assert_null(directory_by_key(directory, key, strlen(key), 20270101));
    assert_null(directory_by_key(directory, other, strlen(other), 20261231));
    assert_null(directory_by_key(directory, key, strlen(key) - 1, 20261231));
    assert_null(directory_by_key(directory, "", 0, 20261231));
    assert_null(directory_by_key(directory, hash, strlen(hash), 20261231));
    directory_release(directory);
    remove_files(&files);
}

static void the_sample_keys_open_the_sample_partners(void **state)
{
    (void)state;
    const struct directory_options options = {
        .agencies_file = "deploy/agencies.csv",
        .partners_file = "deploy/partners.yaml",
        .pepper_file = "deploy/sample/pepper",
    };
    struct fault why;
    struct directory *directory = directory_load(&options, &why);
    if (!directory)
        fail_msg("%s", why.text);
    assert_int_equal(directory_partner_count(directory), 4);
    for (size_t i = 0; i < directory_partner_count(directory); i++) {
        char key[80];
        const struct partner *partner = directory_partner_at(directory, i);
        int size = snprintf(key, sizeof key, "demo-%s-key", partner->id);
        assert_ptr_equal(directory_by_key(directory, key, (size_t)size, 20261122), partner);
    }
    directory_release(directory);
}

static void a_pepper_that_is_short_or_missing_is_refused(void **state)
{
    (void)state;
    struct fault why;
    struct files files = write_files();
    scratch_write(files.pepper, "0123456789abcdef0123456789abcde");
    assert_null(directory_load(options_of(&files), &why));
    assert_string_equal(scratch_after_path(files.pepper, why.text), ": has under 32 bytes");
    files.options.pepper_file = NULL;
    assert_null(directory_load(&files.options, &why));
    assert_string_equal(why.text, "directory.pepper_file is not set");
    remove_files(&files);
}

static bool refuse_all(void *own, const struct directory *directory, struct fault *why)
{
    assert_int_equal(directory_partner_count(directory), 6);
    ++*(int *)own;
    return fault_set(why, FAULT_REFUSE, "not this one");
}

static void the_caller_may_refuse_a_loading(void **state)
{
    (void)state;
    int calls = 0;
    struct fault why;
    struct files files = write_files();
    struct directory_options options = *options_of(&files);
    options.accept = refuse_all;
    options.own = &calls;
    assert_null(directory_load(&options, &why));
    assert_string_equal(why.text, "not this one");
    assert_null(directory_place_open(&options, &why));
    assert_int_equal(calls, 2);
    remove_files(&files);
}

static void a_reload_takes_over_and_leaves_who_holds_the_old(void **state)
{
    (void)state;
    struct fault why;
    struct files files = write_files();
    struct directory_place *place = directory_place_open(options_of(&files), &why);
    assert_non_null(place);
    struct directory *before = directory_current(place);
    scratch_write(files.partners, "partners: []\n");
    assert_true(directory_reload(place, &why));
    struct directory *after = directory_current(place);
    assert_int_equal(directory_partner_count(before), 6);
    assert_int_equal(directory_partner_count(after), 0);
    directory_release(after);
    directory_place_close(place);
    assert_string_equal(directory_partner(before, "city")->id, "city");
    directory_release(before);
    remove_files(&files);
}

static void a_version_names_both_files(void **state)
{
    (void)state;
    struct fault why;
    struct files files = write_files();
    scratch_write(files.partners, "partners: []\n");
    struct directory *before = directory_load(options_of(&files), &why);
    assert_non_null(before);
    /* sha256sum says the same of these texts */
    assert_string_equal(directory_version(before), "e0d8967b-07b93718");
    scratch_write(files.partners, "partners: [] \n");
    struct directory *after = directory_load(options_of(&files), &why);
    assert_non_null(after);
    assert_memory_equal(directory_version(before), directory_version(after), 9);
    assert_string_not_equal(directory_version(before), directory_version(after));
    directory_release(before);
    directory_release(after);
    remove_files(&files);
}

static const struct {
    const char *agencies, *partners;
} broken[] = {
    {agencies_text, "partners: ["},
    {agencies_text, ""},
    {agencies_text, "partners:\n- {id: a, name: A, agencies: [H31], adapters: [x]}\n"},
    {"nonsense\n", partners_text},
    {"code,alias_codes,name,level,parent,valid_from,valid_to,successor\n", partners_text},
};

static void a_bad_file_keeps_the_old_in_force(void **state)
{
    (void)state;
    struct fault why;
    struct files files = write_files();
    struct directory_place *place = directory_place_open(options_of(&files), &why);
    assert_non_null(place);
    struct directory *before = directory_current(place);
    for (size_t i = 0; i < COUNT(broken); i++) {
        scratch_write(files.agencies, broken[i].agencies);
        scratch_write(files.partners, broken[i].partners);
        assert_false(directory_reload(place, &why));
        assert_int_equal(why.kind, FAULT_REFUSE);
        struct directory *still = directory_current(place);
        assert_ptr_equal(still, before);
        directory_release(still);
    }
    directory_release(before);
    directory_place_close(place);
    remove_files(&files);
}

/* What threads of a server do while another reloads. */
struct traffic {
    struct directory_place *place;
    atomic_bool is_over;
    atomic_int wrong;
};

static void *ask_often(void *own)
{
    struct traffic *traffic = own;
    while (!atomic_load(&traffic->is_over)) {
        struct directory *directory = directory_current(traffic->place);
        const struct partner *partner = directory_partner(directory, "commune");
        if (!partner || !directory_speaks_for(directory, partner, "H09.40.12", 20250512) ||
            directory_by_key(directory, "guess", 5, 20250512))
            (void)atomic_fetch_add(&traffic->wrong, 1);
        directory_release(directory);
    }
    return NULL;
}

static void threads_ask_while_it_reloads(void **state)
{
    (void)state;
    struct fault why;
    struct files files = write_files();
    struct traffic traffic = {.place = directory_place_open(options_of(&files), &why)};
    assert_non_null(traffic.place);
    pthread_t threads[3];
    int reloaded = 0;
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, &traffic), 0);
    for (int i = 0; i < 50; i++)
        reloaded += directory_reload(traffic.place, &why);
    atomic_store(&traffic.is_over, true);
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(reloaded, 50); /* only now: who asks has what lies on this stack */
    assert_int_equal(atomic_load(&traffic.wrong), 0);
    directory_place_close(traffic.place);
    remove_files(&files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_partner_speaks_for_its_own_alone),
        cmocka_unit_test(a_made_key_is_known_by_its_hash_alone),
        cmocka_unit_test(the_sample_keys_open_the_sample_partners),
        cmocka_unit_test(a_pepper_that_is_short_or_missing_is_refused),
        cmocka_unit_test(the_caller_may_refuse_a_loading),
        cmocka_unit_test(a_reload_takes_over_and_leaves_who_holds_the_old),
        cmocka_unit_test(a_version_names_both_files),
        cmocka_unit_test(a_bad_file_keeps_the_old_in_force),
        cmocka_unit_test(threads_ask_while_it_reloads),
    };
    return cmocka_run_group_tests_name("directory", tests, NULL, NULL);
}
