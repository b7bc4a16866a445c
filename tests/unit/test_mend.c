/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "house.h"
#include "realm.h"
#include "spool_world.h"

#include "api/station.h"
#include "event/wire.h"
#include "operate/mend.h"

/* A commune of the old province that sends two formats. */
static const char partners[] =
    "partners:\n"
    "- {id: motcua, name: M, agencies: [H09.40.12], adapters: [lienthong-xml, dvcqg-json]}\n";

struct bench {
    struct house *house;
    struct realm realm;
    struct world world;
    struct directory_place *place;
    struct stations *stations;
    struct mender mender;
};

static void bench_open(struct bench *bench, struct house *house)
{
    struct fault why;
    *bench = (struct bench){.house = house};
    realm_begin(&bench->realm);
    scratch_write(bench->realm.partners, partners);
    bench->place = directory_place_open(&bench->realm.options, &why);
    if (!bench->place)
        fail_msg("%s", why.text);
    world_make(&bench->world);
    bench->stations = stations_open(house->adapters, bench->world.file, &why);
    assert_non_null(bench->stations);
    bench->mender = (struct mender){.adapters = house->adapters,
                                    .schema = house->schema,
                                    .schema_no = 3,
                                    .place = bench->place};
}

static void bench_close(struct bench *bench)
{
    stations_close(bench->stations);
    directory_place_close(bench->place);
    world_end(&bench->world);
    realm_end(&bench->realm);
}

/* A dead document of so many items; the number of the first. */
static int64_t bury(struct bench *bench, const char *partner, const char *media_type, int count)
{
    struct parcel parcel;
    parcel_begin(&parcel, partner, 1740000000000); /* 2025-02-19 */
    parcel.document.media_type = media_type;
    for (int at = 0; at < count; at++) {
        struct spool_item *item = parcel_item(&parcel, at + 1, 0, 1);
        item->event = NULL;
        item->event_size = 0;
        item->event_type = NULL;
        item->schema_no = 0;
        item->cause = "agency /Dossier/ReceivingAgency";
        item->detail = "x";
    }
    return world_add(&bench->world, &parcel).receipts[0].entry;
}

static bool mend(struct bench *bench, int64_t entry, const char *document, struct mended *mended,
                 struct fault *why)
{
    struct found found;
    struct station *station = stations_here(bench->stations, why);
    assert_non_null(station);
    world_must(found_load(station, entry, &found, why), why);
    const struct mend_wish wish = {.found = &found,
                                   .bytes = document,
                                   .size = strlen(document),
                                   .language = LANGUAGE_EN,
                                   .mask = RENDER_MASKED};
    bool is_read = mend_read(&bench->mender, station, &wish, mended, why);
    found_free(&found);
    return is_read;
}

#define XML(sender, agency)                                                                        \
    "<HandoffMessage xmlns=\"urn:x-lienthong:handoff:1\" version=\"1.0\">\n"                       \
    "<Envelope><MessageId>m-1</MessageId><MessageType>HANDOFF</MessageType>"                       \
    "<OccurredAt>2025-02-19T08:00:00+07:00</OccurredAt></Envelope>\n"                              \
    "<Handoff><HandoffId>HO-8</HandoffId><From><AgencyCode>" sender                                \
    "</AgencyCode></From><To><AgencyCode>000.00.40.H09</AgencyCode></To></Handoff>\n"              \
    "<Dossier><DossierCode>H09.40.12-250219-0412</DossierCode>"                                    \
    "<ReceivingAgency>" agency "</ReceivingAgency><Applicant><Kind>1</Kind>"                       \
    "<FullName>Trần Văn Thử</FullName></Applicant></Dossier>\n</HandoffMessage>\n"

#define ITEM(code)                                                                                 \
    "{\"MaHoSo\": \"" code "\", \"NguoiXuLy\": \"Trần Thử\", \"ChucDanh\": \"CV\","            \
    " \"ThoiDiemXuLy\": \"20250219080000\", \"PhongBanXuLy\": \"x\", \"NoiDungXuLy\": \"x\","      \
    " \"TrangThai\": \"4\"}"
#define JSON(items)                                                                                \
    "{\"session\": \"\", \"madonvi\": \"H09.40.12\", \"service\": \"CapNhatTienDoHoSoMC\","        \
    " \"data\": [" items "]}"

static const struct {
    const char *what;
    const char *media_type;
    int items; /* of the document that is dead */
    const char *document;
    const char *rule; /* NULL: it is good */
} rows[] = {
    {"a good one", "application/xml", 1, XML("H09.40.12", "H09.40.12"), NULL},
    {"an agency that never was", "application/xml", 1, XML("H09.40.12", "H09.99.99"), "agency"},
    {"an agency that is not the sender's", "application/xml", 1, XML("H09.40.13", "H09.40.12"),
     "agency"},
    {"what does not parse", "application/xml", 1, "<HandoffMessage>", "syntax"},
    {"one item, of a document that could not be read", "application/json", 1,
     JSON(ITEM("H09.40.12-250219-0001")), NULL},
    {"two of them, for one entry", "application/json", 1,
     JSON(ITEM("H09.40.12-250219-0001") "," ITEM("H09.40.12-250219-0002")), "items"},
    {"the first of two", "application/json", 2,
     JSON(ITEM("H09.40.12-250219-0001") "," ITEM("not a code")), NULL},
    {"a bad first of two", "application/json", 2,
     JSON("{\"ThoiDiemXuLy\": \"20250219080000\", \"TrangThai\": \"4\"}," ITEM(
         "H09.40.12-250219-0002")),
     "missing"},
};

static void a_mended_document_is_judged_as_if_it_came_today(void **state)
{
    for (size_t at = 0; at < sizeof rows / sizeof *rows; at++) {
        struct bench bench;
        struct mended mended;
        struct fault why = {0};
        bench_open(&bench, *state);
        print_message("%s\n", rows[at].what);
        int64_t entry = bury(&bench, "motcua", rows[at].media_type, rows[at].items);
        world_must(mend(&bench, entry, rows[at].document, &mended, &why), &why);
        const json_t *problem = json_array_get(mended.problems, 0);
        const char *rule = json_string_value(json_object_get(problem, "rule"));
        assert_string_equal(rule ? rule : "", rows[at].rule ? rows[at].rule : "");
        assert_int_equal(mended.is_good, rows[at].rule == NULL);
        assert_int_equal(mended.is_good, mended.item.event != NULL && mended.event != NULL);
        mended_free(&mended);
        bench_close(&bench);
    }
}

static void its_event_is_complete_and_its_names_are_masked(void **state)
{
    struct bench bench;
    struct mended mended;
    struct fault why = {0};
    bench_open(&bench, *state);
    int64_t entry = bury(&bench, "motcua", "application/xml", 1);
    world_must(mend(&bench, entry, XML("H09.40.12", "H09.40.12"), &mended, &why), &why);
    assert_string_equal(mended.item.event_type, "HANDED_OFF");
    assert_string_equal(mended.item.dossier_code, "H09.40.12-250219-0412");
    assert_string_equal(mended.item.native_id, "m-1");
    assert_int_equal(mended.item.schema_no, 3);
    assert_true(mended.item.event_size > 0);
    const json_t *applicant = json_object_get(mended.event, "applicant");
    assert_string_equal(json_string_value(json_object_get(applicant, "name")), "T.V.T.");
    assert_string_equal(json_string_value(json_object_get(mended.event, "received_at")),
                        "2025-02-19T21:20:00.000Z");
    mended_free(&mended);
    bench_close(&bench);
}

static void a_sender_that_is_gone_or_takes_no_such_type_is_refused(void **state)
{
    struct bench bench;
    struct mended mended;
    struct fault why = {0};
    bench_open(&bench, *state);
    int64_t gone = bury(&bench, "nobody", "application/xml", 1);
    assert_false(mend(&bench, gone, "<x/>", &mended, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    int64_t other = bury(&bench, "motcua", "text/csv", 1);
    assert_false(mend(&bench, other, "<x/>", &mended, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    bench_close(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mended_document_is_judged_as_if_it_came_today),
        cmocka_unit_test(its_event_is_complete_and_its_names_are_masked),
        cmocka_unit_test(a_sender_that_is_gone_or_takes_no_such_type_is_refused),
    };
    return cmocka_run_group_tests(tests, house_open, house_close);
}
