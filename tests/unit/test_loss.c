/* SPDX-License-Identifier: Apache-2.0 */
/* What is lost between two formats is told: an event that says everything, through each of them. */
#include "house.h"

#include "adapt/loss.h"
#include "event/render.h"

ENDS_WITH_SCOPE(json_t *, json_decref)
ENDS_WITH_SCOPE(struct losses *, losses_free)

#define ADDRESS "https://gateway.example.test/v1/files/{sha256}"
#define HASH    "3fdba35f04dc8c462986c992bcf875546257113072a909c162f7e470e581e278"
#define DOCUMENT(id, role)                                                                         \
    "<Document id=\"" id "\" role=\"" role "\"><Name>" id ".pdf</Name>"                            \
    "<ComponentCode>KQ.G15." id "</ComponentCode><ResultCode>R." id "</ResultCode>"                \
    "<CopyKind>1</CopyKind><MediaType>application/pdf</MediaType><Size>17</Size><Sha256>" HASH     \
    "</Sha256><Uri>https://motcua.example.test/" id "</Uri><Deleted>true</Deleted>"                \
    "<Digitised>true</Digitised><Reused>1</Reused><Description>Mô tả " id                          \
    "</Description></Document>"

/* Everything that an event can say; the type of message, the event and the status are to be put in.
 * Times have a fraction of a second. */
static const char everything[] =
    "<HandoffMessage xmlns=\"urn:x-lienthong:handoff:1\" version=\"1.0\"><Envelope>"
    "<MessageId>M1</MessageId><MessageType>%s</MessageType><Event>%s</Event>"
    "<OccurredAt>2025-05-13T09:05:00.250+07:00</OccurredAt>"
    "<CorrelationId>LT-1</CorrelationId></Envelope>"
    "<Handoff><HandoffId>HO-1</HandoffId><HandoffNo>2</HandoffNo><Reason>RETURN_RESULT</Reason>"
    "<From><AgencyCode>000.12.40.H09</AgencyCode><AgencyName>Phường Một</AgencyName></From>"
    "<To><AgencyCode>000.00.40.H09</AgencyCode><AgencyName>Thành phố Hai</AgencyName></To>"
    "<RespondBy>2025-05-20T17:00:00.250+07:00</RespondBy>"
    "<PaperOriginalsFollow>true</PaperOriginalsFollow><Note>Kèm bản giấy</Note></Handoff>"
    "<Supplement><RequestId>12</RequestId><Content>Bổ sung bản sao</Content>"
    "<RequestedBy>Phạm Văn Thử</RequestedBy><RequestedAt>2025-05-14T09:00:00.250+07:00"
    "</RequestedAt><SupplementBy>2025-05-15T09:00:00.250+07:00</SupplementBy>"
    "<SupplementedAt>2025-05-16T09:00:00.250+07:00</SupplementedAt>"
    "<DueBefore>2025-05-27T17:00:00.250+07:00</DueBefore>"
    "<DueAfter>2025-05-28T17:00:00.250+07:00</DueAfter></Supplement>"
    "<Step><Officer>Trần Văn Ví Dụ</Officer><Title>Chuyên viên</Title><Unit>Một cửa</Unit>"
    "<Content>Đã kiểm tra</Content><StartedAt>2025-05-13T08:00:00.250+07:00</StartedAt>"
    "<DueAt>2025-05-14T08:00:00.250+07:00</DueAt></Step>"
    "<Outcome><Kind>APPROVED</Kind><DecisionNo>112/QĐ</DecisionNo><SignedBy>Lê Thị Minh Họa"
    "</SignedBy><Note>Cấp mới</Note></Outcome><Explanation>Vì lý do</Explanation>";

static const char dossier[] =
    "<Dossier><DossierCode>000.12.40.H09-250513-0008</DossierCode>"
    "<AliasCodes><AliasCode>A1</AliasCode><AliasCode>A2</AliasCode></AliasCodes>"
    "<ProcedureCode>1.011442</ProcedureCode><ProcedureName>Đăng ký</ProcedureName>"
    "<FieldCode>G15-ZZ00</FieldCode><FieldName>Đất đai</FieldName><Channel>2</Channel>"
    "<StatusCode>%d</StatusCode><ReceivingAgency>000.12.40.H09</ReceivingAgency>"
    "<CompetentAgency>000.00.40.H09</CompetentAgency><HolderAgency>000.00.40.H09</HolderAgency>"
    "<HolderName>Thành phố Hai</HolderName>"
    "<SubmittedAt>2025-05-13T08:01:10.250+07:00</SubmittedAt>"
    "<ReceivedAt>2025-05-13T08:20:00.250+07:00</ReceivedAt>"
    "<DueAt>2025-05-27T17:00:00.250+07:00</DueAt>"
    "<ResolvedAt>2025-05-26T17:00:00.250+07:00</ResolvedAt>"
    "<ReturnedAt>2025-05-26T18:00:00.250+07:00</ReturnedAt>"
    "<RefusedAt>2025-05-13T18:00:00.250+07:00</RefusedAt><ReturnMethod>1</ReturnMethod>"
    "<Summary>Thay đổi nội dung</Summary><Applicant><Kind>5</Kind><FullName>Nguyễn Thị Mẫu"
    "</FullName><Identity type=\"PASSPORT\">099190000001</Identity><Phone>0900000000</Phone>"
    "<Email>mau@example.test</Email><Address provinceCode=\"74\" districtCode=\"718\" "
    "communeCode=\"25747\">Số 1</Address></Applicant><Documents>" DOCUMENT("d1", "SUBMITTED")
        DOCUMENT("d2", "SUPPLEMENT") DOCUMENT("d3", "SLIP") DOCUMENT("d4", "OTHER") DOCUMENT(
            "d5", "RESULT") "</Documents>"
                            "<Fees><Fee code=\"F1\" kind=\"1\" "
                            "collectAt=\"1\"><Name>Phí</Name><Amount currency=\"VND\">"
                            "80000</Amount><Paid>true</Paid></Fee></Fees>"
                            "<EForm schema=\"S1\"><Field "
                            "name=\"thuaDat\">321</Field></EForm></Dossier></HandoffMessage>";

static const struct {
    const char *family, *event;
    int status;
} types[] = {
    {"HANDOFF", "HANDED_OFF", 4},
    {"ACCEPT", "HANDOFF_ACCEPTED", 4},
    {"RETURN", "HANDOFF_RETURNED", 4},
    {"RECALL", "HANDOFF_RECALLED", 4},
    {"SUPPLEMENT", "SUPPLEMENT_REQUESTED", 5},
    {"SUPPLEMENT", "SUPPLEMENTED", 4},
    {"RESULT", "RESOLVED", 9},
    {"RESULT", "RESULT_RETURNED", 10},
    {"STATUS", "SUBMITTED", 1},
    {"STATUS", "RECEIVED", 2},
    {"STATUS", "INTAKE_REFUSED", 3},
    {"STATUS", "STEP_RECORDED", 4},
    {"STATUS", "FINANCIAL_OBLIGATION_RAISED", 6},
    {"STATUS", "FINANCIAL_OBLIGATION_SETTLED", 4},
    {"STATUS", "SUSPENDED", 8},
    {"STATUS", "RESUMED", 4},
    {"STATUS", "STOPPED", 8},
    {"STATUS", "WITHDRAWN", 7},
    {"STATUS", "DUE_DATE_CHANGED", 4},
    {"STATUS", "APOLOGY_ISSUED", 4},
    {"STATUS", "OVERDUE", 4},
    {"STATUS", "CORRECTED", 4},
    {"STATUS", "SNAPSHOT", 4},
};

/* One event on its way: as it was, as it was written, as it was read again. */
struct trip {
    struct house *house;
    const struct adapter *to; /* NULL: it is only read */
    json_t *event;
    struct adapt_written written;
    bool is_written;
};

static bool take(void *own, const struct adapt_item *item, struct fault *why)
{
    struct trip *trip = own;
    const struct adapt_writing writing = {.file_url = ADDRESS};
    json_decref(trip->event);
    trip->event = render_event(trip->house->schema, &item->event, RENDER_FULL, why);
    if (trip->to)
        trip->is_written =
            adapt_write(trip->house->bench, trip->to, &item->event, &writing, &trip->written, why);
    return trip->event != NULL;
}

static void read_by(struct trip *trip, const struct adapter *reader, const char *bytes, size_t size)
{
    struct reading reading;
    struct fault why = {0};
    const struct adapt_document posted = {
        .bytes = bytes, .size = size, .candidates = &reader, .candidate_count = 1};
    if (!adapt_read(trip->house->bench, &posted, take, trip, &reading, &why))
        fail_msg("%s", why.text);
    for (size_t at = 0; at < reading.problem_count; at++)
        fail_msg("%s: %s %s %s\n%s", adapter_name(reader), rule_code(reading.problems[at].rule),
                 reading.problems[at].path, reading.problems[at].hint, bytes);
}

/* ---- fields of rendered events ---- */

static const json_t *element_named(const json_t *list, const json_t *like)
{
    for (size_t at = 0; at < json_array_size(list); at++)
        if (json_equal(json_object_get(json_array_get(list, at), "name"),
                       json_object_get(like, "name")))
            return json_array_get(list, at);
    return NULL;
}

/* Whether a field that is set in the one event is the same in the other; elements of arrays are
 * known by their names. */
static bool is_same(const json_t *one, const json_t *other, const char *name)
{
    char step[64];
    size_t size = strcspn(name, ".[{");
    (void)snprintf(step, sizeof step, "%.*s", (int)size, name);
    const json_t *first = json_object_get(one, step), *second = json_object_get(other, step);
    name += size;
    if (!first || json_is_null(first))
        return true;
    if (*name == '.')
        return is_same(first, second, name + 1);
    if (strncmp(name, "[].", 3) != 0)
        return json_equal(first, second);
    for (size_t at = 0; at < json_array_size(first); at++)
        if (!is_same(json_array_get(first, at), element_named(second, json_array_get(first, at)),
                     name + 3))
            return false;
    return true;
}

static const struct loss *loss_of(const struct losses *losses, const char *type,
                                  const char *message, const char *field)
{
    for (size_t at = 0; at < losses->count; at++) {
        const struct loss *loss = &losses->list[at];
        if (loss->kind != LOSS_NEEDED && strcmp(loss->event_type, type) == 0 &&
            strcmp(loss->message ? loss->message : "", message) == 0 &&
            strcmp(loss->field, field) == 0)
            return loss;
    }
    return NULL;
}

static const char *const fields[] = {"event_type",
                                     "occurred_at",
                                     "dossier_code",
                                     "alias_codes[]",
                                     "correlation_id",
                                     "procedure_code",
                                     "procedure_name",
                                     "field_code",
                                     "field_name",
                                     "status",
                                     "channel",
                                     "receiving_agency",
                                     "competent_agency",
                                     "holder_agency",
                                     "holder_name",
                                     "times.submitted_at",
                                     "times.accepted_at",
                                     "times.due_at",
                                     "times.resolved_at",
                                     "times.returned_at",
                                     "times.refused_at",
                                     "applicant.kind",
                                     "applicant.name",
                                     "applicant.id_type",
                                     "applicant.id_number",
                                     "applicant.phone",
                                     "applicant.email",
                                     "applicant.province_code",
                                     "applicant.district_code",
                                     "applicant.commune_code",
                                     "applicant.address",
                                     "summary",
                                     "handoff.handoff_id",
                                     "handoff.no",
                                     "handoff.from_agency",
                                     "handoff.from_name",
                                     "handoff.to_agency",
                                     "handoff.to_name",
                                     "handoff.reason",
                                     "handoff.respond_by",
                                     "handoff.paper_originals_follow",
                                     "handoff.note",
                                     "supplement.request_id",
                                     "supplement.content",
                                     "supplement.requested_by",
                                     "supplement.requested_at",
                                     "supplement.supplement_by",
                                     "supplement.supplemented_at",
                                     "supplement.due_before",
                                     "supplement.due_after",
                                     "step.officer",
                                     "step.title",
                                     "step.unit",
                                     "step.content",
                                     "step.started_at",
                                     "step.step_due_at",
                                     "outcome.kind",
                                     "outcome.decision_no",
                                     "outcome.signed_by",
                                     "outcome.note",
                                     "return_method",
                                     "reason",
                                     "documents[].id",
                                     "documents[].role",
                                     "documents[].name",
                                     "documents[].component_code",
                                     "documents[].result_code",
                                     "documents[].copy_kind",
                                     "documents[].media_type",
                                     "documents[].size",
                                     "documents[].sha256",
                                     "documents[].uri",
                                     "documents[].deleted",
                                     "documents[].digitised",
                                     "documents[].reused",
                                     "documents[].description",
                                     "fees[].code",
                                     "fees[].name",
                                     "fees[].kind",
                                     "fees[].collect_at",
                                     "fees[].amount_vnd",
                                     "fees[].paid",
                                     "eform{}",
                                     "eform_schema"};
enum { FIELD_COUNT = sizeof fields / sizeof fields[0] };

/* ---- the tests ---- */

/* How much the table was needed, so that a table of everything is noticed. */
struct tally {
    size_t same, told, wrong;
};

static void judge(struct trip *there, const json_t *back, const json_t *beside,
                  const struct losses *losses, const char *type, struct tally *tally)
{
    for (size_t at = 0; at < FIELD_COUNT; at++) {
        const struct loss *loss = loss_of(losses, type, there->written.message, fields[at]);
        bool same = is_same(there->event, back, fields[at]);
        tally->same += same;
        tally->told += !same && loss;
        if (!same && !loss) {
            print_error("%s as %s loses %s and does not say so\n", type, there->written.message,
                        fields[at]);
            tally->wrong++;
        }
        if (loss && loss->kind == LOSS_BESIDE && !is_same(there->event, beside, fields[at])) {
            print_error("%s as %s: %s is not beside it\n", type, there->written.message,
                        fields[at]);
            tally->wrong++;
        }
    }
}

static void go(struct house *house, const char *to, size_t number, const struct losses *losses,
               struct tally *tally)
{
    char document[16384];
    const struct adapter *native = house_adapter(house, "lienthong-xml");
    struct trip there = {.house = house, .to = house_adapter(house, to)};
    struct trip back = {.house = house};
    struct trip beside = {.house = house};
    int used =
        snprintf(document, sizeof document, everything, types[number].family, types[number].event);
    (void)snprintf(document + used, sizeof document - (size_t)used, dossier, types[number].status);
    read_by(&there, native, document, strlen(document));
    if (there.is_written) {
        read_by(&back, there.to, there.written.bytes, there.written.size);
        if (there.written.attached_count)
            read_by(&beside, native, there.written.attached[0].bytes,
                    there.written.attached[0].size);
        judge(&there, back.event, beside.event, losses, types[number].event, tally);
    } else {
        assert_non_null(loss_of(losses, types[number].event, "", "event_type"));
    }
    adapt_written_free(&there.written);
    json_decref(there.event);
    json_decref(back.event);
    json_decref(beside.event);
}

static void a_field_is_the_same_at_the_far_end_or_told_as_lost(void **state)
{
    static const char *const formats[] = {"lienthong-xml", "dvcqg-json", "edxml", "dvc2026-json"};
    struct house *house = *state;
    struct tally tally = {0};
    for (size_t to = 0; to < sizeof formats / sizeof formats[0]; to++) {
        struct losses found = {0};
        auto_free(losses_free) struct losses *losses = &found;
        struct fault why = {0};
        if (!losses_find(house_adapter(house, "lienthong-xml"), house_adapter(house, formats[to]),
                         losses, &why))
            fail_msg("%s", why.text);
        for (size_t at = 0; at < sizeof types / sizeof types[0]; at++)
            go(house, formats[to], at, losses, &tally);
    }
    print_message("%zu the same, %zu told, %zu wrong\n", tally.same, tally.told, tally.wrong);
    assert_int_equal(tally.wrong, 0);
    assert_true(tally.same > 0 && tally.told > 0);
}

/* What each pair must not lose, or re-entry would not end. */
static void nothing_that_ends_reentry_is_lost(void **state)
{
    static const char *const formats[] = {"lienthong-xml", "edxml"};
    static const char *const kept[] = {
        "dossier_code",       "procedure_code",      "eform{}",           "documents[].sha256",
        "documents[].id",     "times.due_at",        "times.accepted_at", "applicant.id_number",
        "competent_agency",   "handoff.from_agency", "handoff.to_agency", "status",
        "supplement.content", "outcome.decision_no", "event_type"};
    static const char *const events[] = {"HANDED_OFF", "SUPPLEMENT_REQUESTED", "RESOLVED"};
    struct house *house = *state;
    for (size_t pair = 0; pair < 4; pair++) {
        struct losses found = {0};
        auto_free(losses_free) struct losses *losses = &found;
        struct fault why = {0};
        assert_true(losses_find(house_adapter(house, formats[pair / 2]),
                                house_adapter(house, formats[pair % 2]), losses, &why));
        const char *messages[] = {"HandoffMessage", "Letter"};
        for (size_t at = 0; at < sizeof kept / sizeof kept[0]; at++)
            for (size_t event = 0; event < 3; event++) {
                const struct loss *loss =
                    loss_of(losses, events[event], messages[pair % 2], kept[at]);
                if (loss && loss->kind > LOSS_NARROWED)
                    fail_msg("%s to %s: %s %s: %s", formats[pair / 2], formats[pair % 2],
                             events[event], loss->field, loss->reason);
            }
    }
}

static void the_portals_format_has_the_rest_beside_it(void **state)
{
    struct house *house = *state;
    struct losses found = {0};
    auto_free(losses_free) struct losses *losses = &found;
    struct fault why = {0};
    assert_true(losses_find(house_adapter(house, "lienthong-xml"),
                            house_adapter(house, "dvcqg-json"), losses, &why));
    const struct loss *form = loss_of(losses, "HANDED_OFF", "DongBoHoSoMC", "eform{}");
    assert_non_null(form);
    assert_int_equal(form->kind, LOSS_BESIDE);
    assert_non_null(strstr(form->reason, "tờ khai"));
    assert_int_equal(loss_of(losses, "HANDED_OFF", "CapNhatTienDoHoSoMC", "eform{}")->kind,
                     LOSS_ABSENT);
    assert_null(loss_of(losses, "HANDED_OFF", "DongBoHoSoMC", "procedure_code"));
    assert_null(loss_of(losses, "OVERDUE", "DongBoHoSoMC", "status"));
    assert_non_null(loss_of(losses, "OVERDUE", "", "event_type"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_is_the_same_at_the_far_end_or_told_as_lost),
        cmocka_unit_test(nothing_that_ends_reentry_is_lost),
        cmocka_unit_test(the_portals_format_has_the_rest_beside_it),
    };
    return cmocka_run_group_tests(tests, house_open, house_close);
}
