/* SPDX-License-Identifier: Apache-2.0 */
#include "realm.h"

#include "base/cleanup.h"
#include "base/utf8.h"
#include "deliver/route.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define OURS         "H09.40.12-250512-0037"

ENDS_WITH_SCOPE(struct schema *, schema_free)
ENDS_WITH_SCOPE(struct directory *, directory_release)

/* What is sent by whom, and where it goes: "PARTNER=AGENCY ...", "*" for a subscription, "!CAUSE"
 * for what cannot be routed. */
struct way {
    const char *source;
    struct saying saying;
    const char *targets;
    const char *text; /* in the first reason, or in the note when there is no target */
};

static const struct way handoffs[] = {
    {"commune",
     {.type = "HANDED_OFF", .at = "2025-05-12", .code = OURS, .from = "H09.40.12", .to = "H09.40"},
     "district=H09.40",
     "handed over to H09.40 (District) on 2025-05-12"},
    /* by either form of the code */
    {"commune",
     {.type = "HANDED_OFF",
      .at = "2025-05-12",
      .code = OURS,
      .from = "000.12.40.H09",
      .to = "000.00.40.H09"},
     "district=000.00.40.H09",
     "handed over to 000.00.40.H09 (District) on 2025-05-12"},
    /* to one without a system: the nearest above it */
    {"commune",
     {.type = "HANDED_OFF",
      .at = "2025-05-12",
      .code = OURS,
      .from = "H09.40.12",
      .to = "H09.40.13"},
     "district=H09.40.13",
     "(Neighbour) on 2025-05-12, by the system of H09.40"},
    /* to one with a system that is not delivered to: another of the same agency */
    {"district",
     {.type = "HANDED_OFF", .at = "2025-05-12", .code = OURS, .from = "H09.40", .to = "H09.40.12"},
     "commune=H09.40.12",
     "H09.40.12 (Commune)"},
    /* on the last day, and on the first after it, whenever it is posted */
    {"commune",
     {.type = "HANDED_OFF", .at = "2025-06-30", .code = OURS, .from = "H09.40.12", .to = "H09.40"},
     "district=H09.40",
     "(District) on 2025-06-30"},
    {"commune",
     {.type = "HANDED_OFF", .at = "2025-07-01", .code = OURS, .from = "H09.40.12", .to = "H09.40"},
     "city=H09.40",
     "H09.40, closed after 2025-06-30; on 2025-07-01 its successor H29 (New province) answers"},
    {"commune",
     {.type = "HANDED_OFF",
      .at = "2025-07-01",
      .code = OURS,
      .from = "H09.40.12",
      .to = "000.00.40.H09"},
     "city=000.00.40.H09",
     "its successor H29"},
    {"city",
     {.type = "HANDED_OFF", .at = "2025-07-02", .code = OURS, .from = "H29", .to = "H09.40.12"},
     "ward=H09.40.12",
     "its successor H29.747 (New commune)"},
    /* two steps, and one */
    {"commune",
     {.type = "HANDED_OFF", .at = "2025-07-01", .code = OURS, .from = "H09.40.12", .to = "H07"},
     "city=H07",
     "H07, closed after 2023-12-31; on 2025-07-01 its successor H29"},
    {"commune",
     {.type = "HANDED_OFF", .at = "2025-06-30", .code = OURS, .from = "H09.40.12", .to = "H07"},
     "second=H07",
     "its successor H08 (Second)"},
    /* what else the handing side says of it */
    {"commune",
     {.type = "HANDOFF_RECALLED",
      .at = "2025-05-12",
      .code = OURS,
      .from = "H09.40.12",
      .to = "H09.40"},
     "district=H09.40",
     ""},
    {"commune",
     {.type = "SUPPLEMENTED",
      .at = "2025-05-12",
      .code = OURS,
      .from = "H09.40.12",
      .to = "H09.40"},
     "district=H09.40",
     ""},
    {"commune-out",
     {.type = "RESOLVED", .at = "2025-05-12", .code = OURS, .from = "H09.40.12", .to = "H09.40"},
     "district=H09.40",
     ""},
    {"gone",
     {.type = "SUPPLEMENTED",
      .at = "2025-05-12",
      .code = OURS,
      .from = "H09.40.12",
      .to = "H09.40"},
     "district=H09.40",
     ""},
    /* not back to the sender, and not to who reads Kafka */
    {"district",
     {.type = "HANDED_OFF", .at = "2025-05-12", .code = OURS, .from = "H09.40.12", .to = "H09.40"},
     "",
     "it stays with the system that sent it"},
    {"commune",
     {.type = "HANDED_OFF", .at = "2025-05-12", .code = OURS, .from = "H09.40.12", .to = "G15"},
     "",
     "handed over to G15 (Ministry) on 2025-05-12: its system reads Kafka itself"},
};

static const struct way answers[] = {
    {"district",
     {.type = "HANDOFF_ACCEPTED",
      .at = "2025-05-12",
      .code = OURS,
      .from = "H09.40.12",
      .to = "H09.40"},
     "commune=H09.40.12",
     "answered to H09.40.12 (Commune) on 2025-05-12"},
    {"district",
     {.type = "HANDOFF_RETURNED",
      .at = "2025-05-12",
      .code = OURS,
      .from = "000.12.40.H09",
      .to = "H09.40"},
     "commune=000.12.40.H09",
     ""},
    {"district",
     {.type = "STEP_RECORDED",
      .at = "2025-05-12",
      .code = OURS,
      .from = "H09.40.12",
      .to = "H09.40"},
     "commune=H09.40.12",
     ""},
    {"district",
     {.type = "SUPPLEMENT_REQUESTED",
      .at = "2025-05-12",
      .code = OURS,
      .from = "H09.40.12",
      .to = "H09.40"},
     "commune=H09.40.12",
     ""},
    {"gone",
     {.type = "RESOLVED", .at = "2025-05-12", .code = OURS, .from = "H09.40.12", .to = "H09.40"},
     "commune=H09.40.12",
     ""},
    /* a recall that is agreed to */
    {"district",
     {.type = "HANDOFF_RECALLED",
      .at = "2025-05-12",
      .code = OURS,
      .from = "H09.40.12",
      .to = "H09.40"},
     "commune=H09.40.12",
     ""},
    /* from one that speaks for both */
    {"province",
     {.type = "RESOLVED", .at = "2025-05-12", .code = OURS, .from = "H09.40.12", .to = "H09.41"},
     "commune=H09.40.12 hub=*",
     ""},
    /* after the end: to the successor of the origin */
    {"city",
     {.type = "RESOLVED", .at = "2025-07-10", .code = OURS, .from = "H09.40.12", .to = "H29"},
     "ward=H09.40.12",
     "its successor H29.747"},
    /* no handoff: by the front of the code, in either form; else who received it */
    {"district", {.type = "RESOLVED", .at = "2025-05-12", .code = OURS}, "commune=H09.40.12", ""},
    {"district",
     {.type = "RESOLVED", .at = "2025-05-12", .code = "000.12.40.H09-250512-0037"},
     "commune=H09.40.12",
     "answered to H09.40.12"},
    {"district",
     {.type = "RESOLVED",
      .at = "2025-05-12",
      .code = "LOCAL/2026/412",
      .receiving = "000.12.40.H09"},
     "commune=000.12.40.H09",
     ""},
    {"district",
     {.type = "RESOLVED",
      .at = "2025-05-12",
      .code = "H99.10-250512-0037",
      .receiving = "H09.40.12"},
     "commune=H09.40.12",
     ""},
    {"district",
     {.type = "RESOLVED", .at = "2025-05-12", .code = OURS, .receiving = "H09"},
     "commune=H09.40.12",
     ""},
    /* whose origin nobody speaks for */
    {"district",
     {.type = "RESOLVED", .at = "2025-05-12", .code = OURS, .from = "H50", .to = "H09.40"},
     "commune=H09.40.12",
     ""},
    {"district",
     {.type = "RESOLVED",
      .at = "2025-05-12",
      .code = "H50-250512-0037",
      .from = "H50",
      .to = "H09.40"},
     "",
     "no system speaks for H50 (Without system) on 2025-05-12"},
    {"district",
     {.type = "RESOLVED", .at = "2025-05-12", .code = "LOCAL/2026/412"},
     "",
     "names no agency"},
    {"district",
     {.type = "HANDOFF_ACCEPTED", .at = "2025-05-12", .code = "x", .from = "H50", .to = "H09.40"},
     "",
     "H50"},
    /* who reads Kafka itself, and who said it */
    {"district",
     {.type = "RESOLVED", .at = "2025-05-12", .code = "G15-250512-0037"},
     "",
     "answered to G15 (Ministry) on 2025-05-12: its system reads Kafka itself"},
    {"district",
     {.type = "HANDOFF_ACCEPTED",
      .at = "2025-05-12",
      .code = OURS,
      .from = "H09.40",
      .to = "H09.40.12"},
     "",
     "it stays with the system that sent it"},
};

static const struct way later_words[] = {
    {"commune",
     {.type = "SUPPLEMENTED", .at = "2025-05-12", .code = OURS, .holder = "H09.40"},
     "district=H09.40",
     "sent on to the holder, H09.40 (District) on 2025-05-12"},
    {"commune-out",
     {.type = "STEP_RECORDED", .at = "2025-05-12", .code = OURS, .holder = "H09.40"},
     "district=H09.40",
     ""},
    {"commune",
     {.type = "SUPPLEMENTED", .at = "2025-07-02", .code = OURS, .holder = "H09.40"},
     "ward=H09.40.12",
     ""}, /* the office of the code is another by then */
    {"ward",
     {.type = "SUPPLEMENTED", .at = "2025-07-02", .code = OURS, .holder = "H09.40"},
     "city=H09.40",
     "its successor H29"},
    {"commune",
     {.type = "RECEIVED", .at = "2025-05-12", .code = OURS, .holder = "H09.40.12"},
     "",
     "it stays with the system that sent it"},
    {"commune",
     {.type = "RECEIVED", .at = "2025-05-12", .code = OURS},
     "",
     "it names nobody but its sender"},
    {"commune",
     {.type = "RECEIVED", .at = "2025-05-12", .code = OURS, .holder = "H50"},
     "",
     "no system speaks for H50"},
};

static const struct way unroutable[] = {
    {"commune",
     {.type = "HANDED_OFF", .at = "2025-05-12", .code = OURS, .from = "H09.40.12", .to = "H99.10"},
     "!route /handoff/to_agency unknown=H99.10",
     "H99.10 is no agency of our directory: check the code with the sender"},
    {"commune",
     {.type = "HANDED_OFF", .at = "2025-05-12", .code = OURS, .from = "H09.40.12", .to = "H60"},
     "!route /handoff/to_agency not-yet-valid=H60",
     "H60 did not exist yet on 2025-05-12"},
    {"commune",
     {.type = "HANDED_OFF", .at = "2025-07-02", .code = OURS, .from = "H09.40.12", .to = "H51"},
     "!route /handoff/to_agency closed=H51",
     "H51 (Without successor) was closed by 2025-07-02 and no successor is known"},
    {"commune",
     {.type = "HANDED_OFF", .at = "2025-05-12", .code = OURS, .from = "H09.40.12", .to = "H50"},
     "!route /handoff/to_agency nobody=H50",
     "no system speaks for H50 (Without system) on 2025-05-12: enter its system in partners.yaml"},
    {"commune",
     {.type = "HANDED_OFF",
      .at = "2025-05-12",
      .code = OURS,
      .from = "H09.40.12",
      .to = "UBND phường"},
     "!route /handoff/to_agency malformed",
     "has not the form of one"},
    {"commune",
     {.type = "HANDED_OFF", .at = "2025-05-12", .code = OURS},
     "!route /handoff/to_agency missing",
     "names no agency that should get it"},
    {"commune",
     {.type = "HANDOFF_RECALLED",
      .at = "2025-05-12",
      .code = OURS,
      .from = "H09.40.12",
      .to = "H50"},
     "!route /handoff/to_agency nobody=H50",
     "no system speaks for"},
    /* what comes back is owed as much as what is handed over */
    {"district",
     {.type = "HANDOFF_RETURNED", .at = "2025-05-12", .code = "X", .from = "H50", .to = "H09.40"},
     "!route /handoff/from_agency nobody=H50",
     "no system speaks for H50"},
    /* nobody but the dossier's code says to whom it comes back */
    {"district",
     {.type = "HANDOFF_RETURNED", .at = "2025-05-12", .code = "H50-250512-0037", .to = "H09.40"},
     "!route /handoff/from_agency nobody=H50",
     "no system speaks for H50"},
    /* what is no handoff is not owed to anybody */
    {"commune",
     {.type = "SUPPLEMENTED", .at = "2025-05-12", .code = OURS, .from = "H09.40.12", .to = "H50"},
     "",
     "no system speaks for H50"},
    {"commune",
     {.type = "HANDOFF_RECALLED", .at = "2025-05-12", .code = OURS},
     "",
     "names nobody but its sender"},
};

static const struct way subscriptions[] = {
    /* events and procedures: exactly, or by the national code */
    {"district",
     {.type = "RESOLVED", .at = "2025-05-12", .code = OURS, .procedure = "1.011442"},
     "commune=H09.40.12 hub=*",
     ""},
    {"commune",
     {.type = "RESOLVED", .at = "2025-05-12", .code = OURS, .procedure = "1.011442.000.00.00.H38"},
     "hub=*",
     "subscribed to: subscription 1 of hub in partners.yaml"},
    {"commune",
     {.type = "RECEIVED", .at = "2025-05-12", .code = OURS, .procedure = "1.011442"},
     "",
     ""},
    {"commune",
     {.type = "RESOLVED", .at = "2025-05-12", .code = OURS, .procedure = "1.0114421"},
     "",
     ""},
    {"commune",
     {.type = "RESOLVED", .at = "2025-05-12", .code = OURS, .procedure = "1.011443"},
     "",
     ""},
    {"commune",
     {.type = "RECEIVED", .at = "2025-05-12", .code = OURS, .procedure = "LOCAL.1.2"},
     "hub=*",
     "subscription 3"},
    {"commune",
     {.type = "RECEIVED", .at = "2025-05-12", .code = OURS, .procedure = "LOCAL.1"},
     "",
     ""},
    /* a field */
    {"commune",
     {.type = "RECEIVED", .at = "2025-05-12", .code = OURS, .field = "G15-ZZ00"},
     "hub=*",
     "subscription 2"},
    {"commune",
     {.type = "RECEIVED", .at = "2025-05-12", .code = OURS, .field = "G15-ZZ01"},
     "",
     ""},
    /* an agency and those below it, in any part of the event, in either form, in its time */
    {"commune",
     {.type = "RECEIVED", .at = "2025-05-12", .code = OURS, .competent = "H09.41"},
     "hub=*",
     "subscription 4"},
    {"commune",
     {.type = "HANDED_OFF",
      .at = "2025-05-12",
      .code = OURS,
      .from = "H09.40.12",
      .to = "000.00.41.H09"},
     "province=000.00.41.H09 hub=*",
     ""},
    {"commune",
     {.type = "RECEIVED", .at = "2025-05-12", .code = OURS, .competent = "H09.40"},
     "",
     ""},
    {"commune", {.type = "RECEIVED", .at = "2025-05-12", .code = OURS, .competent = "H09"}, "", ""},
    /* a level */
    {"commune",
     {.type = "RECEIVED", .at = "2025-05-12", .code = OURS, .competent = "G12.18"},
     "hub=*",
     "subscription 5"},
    /* agency and level are of one agency */
    {"commune",
     {.type = "SNAPSHOT", .at = "2025-05-12", .code = OURS, .competent = "H09.40"},
     "hub=*",
     "subscription 6"},
    {"commune",
     {.type = "SNAPSHOT", .at = "2025-05-12", .code = OURS, .competent = "H09.40.13"},
     "",
     ""},
    {"commune",
     {.type = "SNAPSHOT",
      .at = "2025-05-12",
      .code = OURS,
      .competent = "H50",
      .receiving = "H09.40.12"},
     "",
     ""},
    /* not back, and not twice */
    {"hub",
     {.type = "RECEIVED", .at = "2025-05-12", .code = OURS, .field = "G15-ZZ00"},
     "commune=H09.40.12",
     ""},
    {"commune",
     {.type = "HANDED_OFF",
      .at = "2025-05-12",
      .code = OURS,
      .from = "H09.40.12",
      .to = "G12.18",
      .field = "G15-ZZ00"},
     "hub=G12.18",
     "by the system of G12"},
    /* beside what cannot be routed */
    {"commune",
     {.type = "HANDED_OFF",
      .at = "2025-05-12",
      .code = OURS,
      .from = "H09.40.12",
      .to = "H50",
      .field = "G15-ZZ00"},
     "!route /handoff/to_agency nobody=H50 hub=*",
     ""},
};

static void list_targets(const struct route *route, char *text, size_t size)
{
    FILE *out = fmemopen(text, size, "w");
    assert_non_null(out);
    for (size_t i = 0; i < route->count; i++) {
        const struct route_target *target = &route->targets[i];
        (void)fputs(i > 0 ? " " : "", out);
        if (target->partner)
            (void)fprintf(out, "%s=%s", target->partner->id, target->agency ? target->agency : "*");
        else
            (void)fprintf(out, "!%s%s%s", target->cause, target->agency ? "=" : "",
                          target->agency ? target->agency : "");
        assert_true((target->partner == NULL) == (target->cause != NULL));
        assert_true(target->reason[0] != '\0' && target->reason_vi[0] != '\0');
    }
    assert_int_equal(fclose(out), 0);
}

static void check_way(const struct directory *directory, const avro_value_t *event,
                      const struct way *way)
{
    struct fault why;
    struct route route;
    char targets[400] = "";
    assert_true(route_event(directory, event, way->source, &route, &why));
    list_targets(&route, targets, sizeof targets);
    const char *text = route.count > 0 ? route.targets[0].reason : route.note;
    if (strcmp(targets, way->targets) != 0 || !strstr(text, way->text))
        fail_msg("%s by %s to %s on %s: \"%s\" (%s), not \"%s\" (%s)", way->saying.type,
                 way->source, way->saying.to ? way->saying.to : "nobody", way->saying.at, targets,
                 text, way->targets, way->text);
    bool is_addressed = route.count > 0 && route.targets[0].agency;
    bool is_missing = route.count > 0 && !route.targets[0].partner;
    assert_int_equal(route.note[0] == '\0', is_addressed || is_missing);
    assert_int_equal(route.note_vi[0] == '\0', route.note[0] == '\0');
    route_free(&route);
}

static void check_ways(const struct way *ways, size_t count)
{
    struct fault why;
    avro_value_t event;
    auto_free(directory_release) struct directory *directory = realm_directory();
    auto_free(schema_free) struct schema *schema = schema_load("schemas/dossier-event.avsc", &why);
    assert_non_null(schema);
    assert_int_equal(avro_generic_value_new(schema->iface, &event), 0);
    for (size_t i = 0; i < count; i++) {
        realm_event(schema, &ways[i].saying, &event);
        check_way(directory, &event, &ways[i]);
    }
    avro_value_decref(&event);
}

static void a_handoff_goes_to_who_answered_for_its_agency_then(void **state)
{
    (void)state;
    check_ways(handoffs, COUNT(handoffs));
}

static void an_answer_goes_back_to_the_origin(void **state)
{
    (void)state;
    check_ways(answers, COUNT(answers));
}

static void what_the_origin_says_later_goes_to_the_holder(void **state)
{
    (void)state;
    check_ways(later_words, COUNT(later_words));
}

static void a_handoff_that_reaches_nobody_says_why(void **state)
{
    (void)state;
    check_ways(unroutable, COUNT(unroutable));
}

static void a_subscription_gets_what_passes_all_its_filters(void **state)
{
    (void)state;
    check_ways(subscriptions, COUNT(subscriptions));
}

static void an_event_without_a_source_is_routed_too(void **state)
{
    (void)state;
    const struct way way = {NULL,
                            {.type = "HANDED_OFF",
                             .at = "2025-05-12",
                             .code = OURS,
                             .from = "H09.40.12",
                             .to = "H09.40"},
                            "district=H09.40",
                            ""};
    check_ways(&way, 1);
}

static void a_reason_is_told_in_vietnamese_too(void **state)
{
    (void)state;
    struct fault why;
    struct route route;
    avro_value_t event;
    auto_free(directory_release) struct directory *directory = realm_directory();
    auto_free(schema_free) struct schema *schema = schema_load("schemas/dossier-event.avsc", &why);
    assert_non_null(schema);
    assert_int_equal(avro_generic_value_new(schema->iface, &event), 0);
    const struct saying saying = {.type = "HANDED_OFF",
                                  .at = "2025-07-02",
                                  .code = OURS,
                                  .from = "H09.40.12",
                                  .to = "H09.40"};
    realm_event(schema, &saying, &event);
    assert_true(route_event(directory, &event, "commune", &route, &why));
    assert_string_equal(route.targets[0].reason_vi,
                        "chuyển đến H09.40, đã kết thúc sau ngày 30/06/2025; ngày 02/07/2025 đơn "
                        "vị kế thừa là H29 (New province)");
    route_free(&route);
    avro_value_decref(&event);
}

/* A name of 400 bytes, all of two bytes a character. */
static void a_long_name_is_cut_at_a_whole_character(void **state)
{
    (void)state;
    struct fault why;
    struct realm realm;
    char name[401], text[1200];
    for (size_t i = 0; i < 400; i += 2)
        memcpy(name + i, "é", 2);
    name[400] = '\0';
    realm_begin(&realm);
    for (int shift = 0; shift < 2; shift++) {
        (void)snprintf(text, sizeof text,
                       "code,alias_codes,name,level,parent,valid_from,valid_to,successor\n"
                       "H29,,%s%s,PROVINCE,,20160101,,\n",
                       shift ? "x" : "", name);
        scratch_write(realm.agencies, text);
        scratch_write(realm.partners, "partners: []\n");
        struct directory *directory = directory_load(&realm.options, &why);
        assert_non_null(directory);
        struct schema *schema = schema_load("schemas/dossier-event.avsc", &why);
        avro_value_t event;
        struct route route;
        assert_int_equal(avro_generic_value_new(schema->iface, &event), 0);
        realm_event(
            schema,
            &(struct saying){
                .type = "HANDED_OFF", .at = "2025-05-12", .code = "x", .from = "H29", .to = "H29"},
            &event);
        assert_true(route_event(directory, &event, "x", &route, &why));
        size_t size = strlen(route.targets[0].reason);
        assert_true(size > ROUTE_TEXT_SIZE - 4);
        assert_int_equal(utf8_valid(route.targets[0].reason, size), size);
        route_free(&route);
        avro_value_decref(&event);
        schema_free(schema);
        directory_release(directory);
    }
    realm_end(&realm);
}

static const struct {
    struct route_waiting waiting;
    int32_t today;
    const char *partner, *reason;
} again[] = {
    {{"H09.40", 20250619, 20250620}, 20250630, NULL, ""},
    {{"H09.40", 20250619, 20250620},
     20250701,
     "city",
     "re-routed: for H09.40, closed after 2025-06-30; on 2025-07-01 its successor H29 (New "
     "province) answers"},
    {{"H09.40", 20250630, 20250630},
     20250701,
     "city",
     "re-routed: for H09.40, closed after 2025-06-30; on 2025-07-01 its successor H29 (New "
     "province) answers"},
    {{"000.12.40.H09", 20250619, 20250620},
     20250710,
     "ward",
     "re-routed: for 000.12.40.H09, closed after 2025-06-30; on 2025-07-10 its successor H29.747 "
     "(New commune) answers"},
    /* from before the end, and come after it: whoever has it keeps it, whatever closes later */
    {{"H09.40", 20250630, 20250701}, 20261122, NULL, ""},
    {{"H07", 20230619, 20240105}, 20240106, NULL, ""},
    {{"H07", 20230619, 20240105}, 20250701, NULL, ""},
    /* from after the end: with the successor, or with the closed one while nobody knew */
    {{"H09.40", 20250701, 20250702},
     20250705,
     "city",
     "re-routed: for H09.40, closed after 2025-06-30; on 2025-07-05 its successor H29 (New "
     "province) answers"},
    /* a second step while it waits */
    {{"H07", 20230619, 20230620},
     20240101,
     "second",
     "re-routed: for H07, closed after 2023-12-31; on 2024-01-01 its successor H08 (Second) "
     "answers"},
    {{"H07", 20240619, 20240620},
     20250701,
     "city",
     "re-routed: for H07, closed after 2023-12-31; on 2025-07-01 its successor H29 (New province) "
     "answers"},
    /* nothing has closed, or there is nowhere to go */
    {{"H29", 20250619, 20250620}, 20261122, NULL, ""},
    {{"H51", 20250619, 20250620}, 20250701, NULL, ""},
    {{"H99.10", 20250619, 20250620}, 20250701, NULL, ""},
    {{NULL, 20250619, 20250620}, 20250701, NULL, ""},
};

static void what_waits_for_a_closed_agency_goes_to_its_successor(void **state)
{
    (void)state;
    auto_free(directory_release) struct directory *directory = realm_directory();
    for (size_t i = 0; i < COUNT(again); i++) {
        const struct partner *partner = NULL;
        char reason[ROUTE_TEXT_SIZE];
        route_again(directory, &again[i].waiting, again[i].today, &partner, reason);
        if ((partner != NULL) != (again[i].partner != NULL))
            fail_msg("row %zu: %s", i, partner ? partner->id : "nobody");
        if (partner)
            assert_string_equal(partner->id, again[i].partner);
        assert_string_equal(reason, again[i].reason);
    }
}

static const struct {
    struct route_waiting waiting;
    int32_t today;
    const char *partner;
    bool is_for;
} for_whom[] = {
    {{"H09.40", 20250619, 20250620}, 20250630, "district", true},
    {{"H09.40", 20250619, 20250620}, 20250630, "district-2", false},
    {{"H09.40", 20250619, 20250620}, 20250630, "province", false},
    /* it closed while this waits, or before it happened */
    {{"H09.40", 20250619, 20250620}, 20250701, "district", false},
    {{"H09.40", 20250619, 20250620}, 20250701, "city", true},
    {{"H09.40", 20250701, 20250702}, 20250705, "city", true},
    /* what came late is asked for by who was right, and may be given to who is now */
    {{"H09.40", 20250630, 20250701}, 20261122, "district", true},
    {{"H09.40", 20250630, 20250701}, 20261122, "city", true},
    {{"H09.40", 20250630, 20250701}, 20261122, "province", false},
    /* nobody's */
    {{"H99.10", 20250619, 20250620}, 20250701, "city", false},
    {{NULL, 20250619, 20250620}, 20250701, "city", false},
};

static void what_waits_is_for_who_would_get_it_for_its_agency(void **state)
{
    (void)state;
    auto_free(directory_release) struct directory *directory = realm_directory();
    for (size_t i = 0; i < COUNT(for_whom); i++)
        if (route_is_for(directory, &for_whom[i].waiting, for_whom[i].today, for_whom[i].partner) !=
            for_whom[i].is_for)
            fail_msg("row %zu: %s", i, for_whom[i].partner);
}

static const struct {
    struct route_gone gone;
    int32_t today;
    const char *partner, *reason;
} gone[] = {
    /* as a new event of that day would go */
    {{{"H09.40", 20250619, 20250620}, "old", "commune"},
     20250620,
     "district",
     "re-routed: old is not delivered to any more; for H09.40 (District) on 2025-06-19"},
    {{{"H09.41", 20250619, 20250620}, "old", "commune"},
     20260101,
     "province",
     "re-routed: old is not delivered to any more; for H09.41 (Other district) on 2025-06-19, by "
     "the system of H09"},
    /* nobody speaks for the first of a line of successors */
    {{{"H07", 20230619, 20230620}, "old", "commune"},
     20250701,
     "city",
     "re-routed: old is not delivered to any more; for H07, closed after 2023-12-31; on "
     "2025-07-01 its successor H29 (New province) answers"},
    /* nobody, who reads Kafka itself, who sent it, or a subscription */
    {{{"H50", 20250619, 20250620}, "old", "commune"},
     20250620,
     NULL,
     "old is not in partners.yaml any more, and no other system is to get this: enter it again and "
     "this goes out by itself, or give this to another system"},
    {{{"G15", 20250619, 20250620}, "reader", "commune"},
     20250620,
     NULL,
     "reader is not delivered to any more (deliver.by: none in partners.yaml), and no other system "
     "is to get this: enter it again and this goes out by itself, or give this to another system"},
    {{{"H29", 20250619, 20250620}, "old", "city"},
     20250620,
     NULL,
     "old is not in partners.yaml any more, and no other system is to get this: enter it again and "
     "this goes out by itself, or give this to another system"},
    {{{NULL, 20250619, 20250620}, "old", NULL},
     20250620,
     NULL,
     "old is not in partners.yaml any more, and no other system is to get this: enter it again and "
     "this goes out by itself, or give this to another system"},
};

static void what_waits_for_a_partner_that_is_gone_goes_to_who_speaks_now(void **state)
{
    (void)state;
    auto_free(directory_release) struct directory *directory = realm_directory();
    for (size_t i = 0; i < COUNT(gone); i++) {
        const struct partner *partner = NULL;
        char reason[ROUTE_TEXT_SIZE];
        route_instead(directory, &gone[i].gone, gone[i].today, &partner, reason);
        if ((partner != NULL) != (gone[i].partner != NULL))
            fail_msg("row %zu: %s", i, partner ? partner->id : "nobody");
        if (partner)
            assert_string_equal(partner->id, gone[i].partner);
        assert_string_equal(reason, gone[i].reason);
    }
    assert_true(route_reaches(directory, "district"));
    assert_false(route_reaches(directory, "reader"));
    assert_false(route_reaches(directory, "old"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handoff_goes_to_who_answered_for_its_agency_then),
        cmocka_unit_test(an_answer_goes_back_to_the_origin),
        cmocka_unit_test(what_the_origin_says_later_goes_to_the_holder),
        cmocka_unit_test(a_handoff_that_reaches_nobody_says_why),
        cmocka_unit_test(a_subscription_gets_what_passes_all_its_filters),
        cmocka_unit_test(an_event_without_a_source_is_routed_too),
        cmocka_unit_test(a_reason_is_told_in_vietnamese_too),
        cmocka_unit_test(a_long_name_is_cut_at_a_whole_character),
        cmocka_unit_test(what_waits_for_a_closed_agency_goes_to_its_successor),
        cmocka_unit_test(what_waits_is_for_who_would_get_it_for_its_agency),
        cmocka_unit_test(what_waits_for_a_partner_that_is_gone_goes_to_who_speaks_now),
    };
    return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}
