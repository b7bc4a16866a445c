/* SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "base/agency_code.h"
#include "directory/agency.h"

#define HEADER       "code,alias_codes,name,level,parent,valid_from,valid_to,successor\n"
#define COUNT(table) (sizeof(table) / sizeof *(table))

static struct agencies *load(const char *rows)
{
    char path[SCRATCH_PATH_SIZE], text[4000];
    struct fault why;
    (void)snprintf(text, sizeof text, HEADER "%s", rows);
    scratch_text(path, text);
    struct agencies *agencies = agencies_load(path, &why);
    if (!agencies)
        fail_msg("%s", why.text);
    (void)unlink(path);
    return agencies;
}

static const struct {
    const char *code;
    bool is_valid;
} shapes[] = {
    {"H56", true},
    {"H56.14", true},
    {"H15.50.05.13", true},
    {"H55.242", true},
    {"H37.DN.001", true},
    {"G09.20", true},
    {"H29.V1", true},
    {"A00.AAAA.BBBB.CCCC.DDDD.EEEE.FFFF", true},
    {"000.00.00.H41", true},
    {"000.17.22.H56", true},
    {"A1B.00.18.G12", true},
    {"", false},
    {"H", false},
    {"H5", false},
    {"H567", false},
    {"h56", false},
    {"H56.", false},
    {"H56.1", false},
    {"H56.12345", false},
    {"H56..14", false},
    {".H56", false},
    {"H56.14.", false},
    {"H56.1a", false},
    {"H56-14", false},
    {"56H", false},
    {"A00.AA.BB.CC.DD.EE.FF.GG", false},
    {"000.00.00.H4", false},
    {"000.00.00.H411", false},
    {"000.0A.00.H41", false},
    {"00.00.00.H41", false},
    {"000.00.00.h41", false},
    {"000.00.00", false},
    {"25747", false},
    {"12334", false},
    {"test.from", false},
};

static void a_code_has_the_shape_of_either_era(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(shapes); i++)
        if (agency_code_is_valid(shapes[i].code, strlen(shapes[i].code)) != shapes[i].is_valid)
            fail_msg("%s", shapes[i].code);
    assert_true(agency_code_is_valid("H56.14xyz", 6));
    assert_false(agency_code_is_valid("H56\0", 4));
}

static const struct {
    const char *rows;
    const char *fault; /* after the path */
} refused[] = {
    {"H1,,A,PROVINCE,,20160101,,\n", ":2: malformed code H1"},
    {"H01,25747,A,PROVINCE,,20160101,,\n", ":2: malformed code 25747"},
    {"H01,000.00.00.H01;;,A,PROVINCE,,20160101,,\n", ":2: malformed code "},
    {"H01,,,PROVINCE,,20160101,,\n", ":2: has no name: H01"},
    {"H01,,A,TOWN,,20160101,,\n", ":2: unknown level TOWN"},
    {"H01,,A,PROVINCE,,,,\n", ":2: no such day: "},
    {"H01,,A,PROVINCE,,20250229,,\n", ":2: no such day: 20250229"},
    {"H01,,A,PROVINCE,,20160101,2025-06-30,\n", ":2: no such day: 2025-06-30"},
    {"H01,,A,PROVINCE,,20160101,20151231,\n", ":2: ends before it begins: H01"},
    {"H01,,A,PROVINCE,,20160101,,H02\n", ":2: has a successor but no last day: H01"},
    {"H01,,A,PROVINCE,,20160101,\n", ":2:1: 7 cells, expected 8"},
    {"H01,,A,PROVINCE,,20160101,,,\n", ":2:28: more cells than columns"},
    /* times that overlap, by code, by alias, by an alias that is another's code */
    {"H01,,A,PROVINCE,,20160101,20200101,\n# between\nH01,,B,PROVINCE,,20200101,,\n",
     ":4: H01 is used at the same time in line 2"},
    {"H01,,A,PROVINCE,,20160101,,\nH01,,B,PROVINCE,,20160101,,\n",
     ":3: H01 is used at the same time in line 2"},
    {"H01,000.00.00.H01,A,PROVINCE,,20160101,,\nH02,000.00.00.H01,B,PROVINCE,,20170101,,\n",
     ":3: 000.00.00.H01 is used at the same time in line 2"},
    {"H01,,A,PROVINCE,,20160101,,\nH02,H01,B,PROVINCE,,20170101,,\n",
     ":3: H01 is used at the same time in line 2"},
    {"H01,H01,A,PROVINCE,,20160101,,\n", ":2: H01 is used at the same time in line 2"},
    /* parents */
    {"H01.10,,A,DISTRICT,H01,20160101,,\n", ":2: not there on its first or last day: parent H01"},
    {"H01,,A,PROVINCE,,20160101,20200101,\nH01.10,,A,DISTRICT,H01,20160101,20200102,\n",
     ":3: not there on its first or last day: parent H01"},
    {"H01,,A,PROVINCE,,20160102,,\nH01.10,,A,DISTRICT,H01,20160101,,\n",
     ":3: not there on its first or last day: parent H01"},
    {"H01,,A,PROVINCE,H02,20160101,,\nH02,,B,PROVINCE,H01,20160101,,\n",
     ":2: a circle, or too many, of parents above H01"},
    {"H01,,A,PROVINCE,H01,20160101,,\n", ":2: a circle, or too many, of parents above H01"},
    /* successors */
    {"H01,,A,PROVINCE,,20160101,20200101,H02\n", ":2: unknown successor H02"},
    {"H01,,A,PROVINCE,,20160101,20200101,H02\nH02,,B,PROVINCE,,20160101,20200101,H01\n",
     ":2: ends no later, or is part of a circle: successor H02"},
    {"H01,,A,PROVINCE,,20160101,20200101,H01\n",
     ":2: ends no later, or is part of a circle: successor H01"},
    {"H01,,A,PROVINCE,,20160101,20180101,H02\nH02,,B,PROVINCE,,20160101,20190101,H03\n"
     "H03,,C,PROVINCE,,20160101,20200101,H01\n",
     ":4: ends no later, or is part of a circle: successor H01"},
};

static void a_bad_row_is_refused_with_its_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refused); i++) {
        char path[SCRATCH_PATH_SIZE], text[2000];
        struct fault why;
        (void)snprintf(text, sizeof text, HEADER "%s", refused[i].rows);
        scratch_text(path, text);
        if (agencies_load(path, &why))
            fail_msg("taken: %s", refused[i].rows);
        assert_int_equal(why.kind, FAULT_REFUSE);
        assert_string_equal(scratch_after_path(path, why.text), refused[i].fault);
        (void)unlink(path);
    }
}

static void a_file_without_its_header_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *fault;
    } files[] = {
        {"", ": has no rows"},
        {"# only words\n", ": has no rows"},
        {"H01,,A,PROVINCE,,20160101,,\n", ":1: the header should say code"},
        {"code,alias_codes,name,level,parent,valid_to,valid_from,successor\n",
         ":1: the header should say valid_from"},
    };
    for (size_t i = 0; i < COUNT(files); i++) {
        char path[SCRATCH_PATH_SIZE];
        struct fault why;
        scratch_text(path, files[i].text);
        assert_null(agencies_load(path, &why));
        assert_string_equal(scratch_after_path(path, why.text), files[i].fault);
        (void)unlink(path);
    }
}

/* H01 was one unit until 2020 and is another since 2022; H02 took over the first, H03 took over
 * H02.  H04 closed for good. */
static const char history[] = "H01,000.00.00.H01,First,PROVINCE,,20160101,20191231,H02\n"
                              "H01,,Second,PROVINCE,,20220101,,\n"
                              "H02,,Heir,PROVINCE,,20180101,20230630,H03\n"
                              "H03,,Heir of the heir,PROVINCE,,20230801,,\n"
                              "H04,,Gone,PROVINCE,,20160101,20191231,\n";

static const struct {
    const char *code;
    int32_t day;
    const char *found;    /* by agencies_find */
    const char *resolved; /* by agencies_resolve; a fault when it begins with "agency" */
} asked[] = {
    {"H01", 20151231, NULL, "agency H01 is not yet valid"},
    {"H01", 20160101, "First", "First"},
    {"H01", 20191231, "First", "First"},
    {"H01", 20200101, NULL, "Heir"},
    {"H01", 20211231, NULL, "Heir"},
    {"H01", 20220101, "Second", "Second"},
    {"000.00.00.H01", 20191231, "First", "First"},
    {"000.00.00.H01", 20200101, NULL, "Heir"},
    {"000.00.00.H01", 20230630, NULL, "Heir"},
    {"000.00.00.H01", 20230701, NULL,
     "agency 000.00.00.H01 is closed and its successor not yet "
     "valid"},
    {"000.00.00.H01", 20230801, NULL, "Heir of the heir"},
    {"H02", 20230701, NULL, "agency H02 is closed and its successor not yet valid"},
    {"H02", 20261122, NULL, "Heir of the heir"},
    {"H04", 20200101, NULL, "agency H04 is closed and has no successor"},
    {"H05", 20200101, NULL, "agency H05 is unknown"},
    {"nowhere", 20200101, NULL, "not an agency code"},
};

static void a_code_means_what_it_named_on_that_day(void **state)
{
    (void)state;
    struct agencies *agencies = load(history);
    assert_int_equal(agencies_count(agencies), 5);
    for (size_t i = 0; i < COUNT(asked); i++) {
        bool succeeded = false;
        struct fault why = {.text = ""};
        const struct agency *found = agencies_find(agencies, asked[i].code, asked[i].day);
        assert_string_equal(found ? found->name : "none", asked[i].found ? asked[i].found : "none");
        const struct agency *resolved =
            agencies_resolve(agencies, asked[i].code, asked[i].day, &succeeded, &why);
        assert_string_equal(resolved ? resolved->name : why.text, asked[i].resolved);
        assert_int_equal(succeeded, resolved && resolved != found);
        if (!resolved)
            assert_int_equal(why.kind, FAULT_REFUSE);
    }
    agencies_free(agencies);
}

static void a_fault_does_not_repeat_what_is_no_code(void **state)
{
    (void)state;
    struct agencies *agencies = load(history);
    bool succeeded;
    struct fault why;
    assert_null(agencies_resolve(agencies, "Nguyễn Văn A", 20200101, &succeeded, &why));
    assert_null(strstr(why.text, "Nguyễn"));
    agencies_free(agencies);
}

static const struct {
    const char *code;
    int32_t day;
    const char *name;
} real[] = {
    {"000.12.40.H09", 20250512, "UBND phường Phú Cường"},
    {"H09.40.12", 20250630, "UBND phường Phú Cường"},
    {"000.12.40.H09", 20250701, "UBND phường Thủ Dầu Một"},
    {"000.00.40.H09", 20250512, "UBND thành phố Thủ Dầu Một"},
    {"H09.40", 20250701, "UBND Thành phố Hồ Chí Minh"},
    {"000.00.00.H09", 20250512, "UBND tỉnh Bình Dương"},
    {"H09", 20261122, "UBND Thành phố Hồ Chí Minh"},
    {"G09.20", 20260609, "Đơn vị G09.20 thuộc Bộ Nội vụ (tên minh họa)"},
    {"000.00.00.G22", 20250512, "Văn phòng Chính phủ"},
    {"H06", 20250701, "UBND Thành phố Hồ Chí Minh"},
    {"H09.90", 20250701, "Chi nhánh Văn phòng Đăng ký đất đai Thủ Dầu Một (minh họa)"},
};

static void the_shipped_file_knows_both_sides_of_july_2025(void **state)
{
    (void)state;
    struct fault why;
    struct agencies *agencies = agencies_load("deploy/agencies.csv", &why);
    if (!agencies)
        fail_msg("%s", why.text);
    for (size_t i = 0; i < COUNT(real); i++) {
        bool succeeded;
        const struct agency *agency =
            agencies_resolve(agencies, real[i].code, real[i].day, &succeeded, &why);
        assert_string_equal(agency ? agency->name : why.text, real[i].name);
    }
    agencies_free(agencies);
}

static void the_shipped_file_has_every_unit_of_binh_duong(void **state)
{
    (void)state;
    struct fault why;
    struct agencies *agencies = agencies_load("deploy/agencies.csv", &why);
    assert_non_null(agencies);
    size_t districts = 0, old_communes = 0, new_communes = 0, provinces = 0;
    for (size_t i = 0; i < agencies_count(agencies); i++) {
        const struct agency *agency = agencies_at(agencies, i);
        bool is_new = agency->valid_from == 20250701;
        districts += agency->level == LEVEL_DISTRICT;
        provinces += agency->level == LEVEL_PROVINCE;
        old_communes += agency->level == LEVEL_COMMUNE && !is_new;
        new_communes += agency->level == LEVEL_COMMUNE && is_new;
    }
    assert_int_equal(provinces, 63);
    assert_int_equal(districts, 9);
    assert_int_equal(old_communes, 91);
    assert_int_equal(new_communes, 36);
    agencies_free(agencies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_has_the_shape_of_either_era),
        cmocka_unit_test(a_bad_row_is_refused_with_its_line),
        cmocka_unit_test(a_file_without_its_header_is_refused),
        cmocka_unit_test(a_code_means_what_it_named_on_that_day),
        cmocka_unit_test(a_fault_does_not_repeat_what_is_no_code),
        cmocka_unit_test(the_shipped_file_knows_both_sides_of_july_2025),
        cmocka_unit_test(the_shipped_file_has_every_unit_of_binh_duong),
    };
    return cmocka_run_group_tests_name("agency", tests, NULL, NULL);
}
