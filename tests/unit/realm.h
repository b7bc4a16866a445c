/* SPDX-License-Identifier: Apache-2.0 */
/* A small directory of both eras, and events made by hand. */
#ifndef UNIT_REALM_H
#define UNIT_REALM_H

#include "scratch.h"

#include "api/member.h"
#include "base/moment.h"
#include "directory/directory.h"
#include "event/schema.h"

/* Districts end on 30 June 2025.  H07 ended earlier, so that its end takes two steps. */
static const char realm_agencies[] =
    "code,alias_codes,name,level,parent,valid_from,valid_to,successor\n"
    "H29,000.00.00.H29,New province,PROVINCE,,20160101,,\n"
    "H29.747,,New commune,COMMUNE,H29,20250701,,\n"
    "H09,000.00.00.H09,Old province,PROVINCE,,20160101,20250630,H29\n"
    "H09.40,000.00.40.H09,District,DISTRICT,H09,20160101,20250630,H29\n"
    "H09.40.12,000.12.40.H09,Commune,COMMUNE,H09.40,20160101,20250630,H29.747\n"
    "H09.40.13,000.13.40.H09,Neighbour,COMMUNE,H09.40,20160101,20250630,H29\n"
    "H09.41,000.00.41.H09,Other district,DISTRICT,H09,20160101,20250630,H29\n"
    "H07,,First,PROVINCE,,20160101,20231231,H08\n"
    "H08,,Second,PROVINCE,,20160101,20250630,H29\n"
    "H50,,Without system,PROVINCE,,20160101,,\n"
    "H51,,Without successor,PROVINCE,,20160101,20250630,\n"
    "H60,,Of the future,PROVINCE,,20300101,,\n"
    "G15,000.00.00.G15,Ministry,MINISTRY,,20160101,,\n"
    "G12,,Other ministry,MINISTRY,,20160101,,\n"
    "G12.18,000.00.18.G12,Branch,VERTICAL,G12,20160101,,\n";

static const char realm_partners[] =
    "partners:\n"
    "- {id: commune-out, name: C, agencies: [H09.40.12], adapters: [x]}\n"
    "- {id: commune, name: C, agencies: [000.12.40.H09], adapters: [x], deliver: {by: mailbox}}\n"
    "- {id: ward, name: W, agencies: [H29.747], adapters: [x], deliver: {by: mailbox}}\n"
    "- {id: district, name: D, agencies: [H09.40], adapters: [x], deliver: {by: mailbox}}\n"
    "- {id: district-2, name: D, agencies: [H09.40], adapters: [x], deliver: {by: mailbox}}\n"
    "- {id: province, name: P, agencies: [H09], adapters: [x], deliver: {by: mailbox}}\n"
    "- {id: second, name: S, agencies: [H08], adapters: [x], deliver: {by: mailbox}}\n"
    "- {id: city, name: H, agencies: [H29], adapters: [x], deliver: {by: mailbox}}\n"
    "- {id: reader, name: R, agencies: [G15], adapters: [x]}\n"
    "- {id: hub, name: B, agencies: [G12], adapters: [x], deliver: {by: mailbox,\n"
    "   subscriptions: [{events: [RESOLVED], procedures: ['1.011442']},\n"
    "                   {fields: [G15-ZZ00]}, {procedures: [LOCAL.1.2]},\n"
    "                   {agencies: [H09.41]}, {levels: [VERTICAL]},\n"
    "                   {events: [SNAPSHOT], agencies: [H09], levels: [DISTRICT]}]}}\n";

struct realm {
    char agencies[SCRATCH_PATH_SIZE], partners[SCRATCH_PATH_SIZE], pepper[SCRATCH_PATH_SIZE];
    struct directory_options options;
};

/* Writes the three files; realm_end removes them. */
static inline void realm_begin(struct realm *realm)
{
    *realm = (struct realm){.agencies = ""};
    scratch_text(realm->agencies, realm_agencies);
    scratch_text(realm->partners, realm_partners);
    scratch_text(realm->pepper, "0123456789abcdef0123456789abcdef");
    realm->options = (struct directory_options){
        .agencies_file = realm->agencies,
        .partners_file = realm->partners,
        .pepper_file = realm->pepper,
    };
}

static inline void realm_end(const struct realm *realm)
{
    (void)unlink(realm->agencies);
    (void)unlink(realm->partners);
    (void)unlink(realm->pepper);
}

static inline struct directory *realm_directory(void)
{
    struct fault why;
    struct realm realm;
    realm_begin(&realm);
    struct directory *directory = directory_load(&realm.options, &why);
    if (!directory)
        fail_msg("%s", why.text);
    realm_end(&realm);
    return directory;
}

/* What an event says; NULL is not said. */
struct saying {
    const char *type;
    const char *at; /* a day */
    const char *code;
    const char *from, *to; /* of the handoff, when there is one */
    const char *receiving, *competent, *holder;
    const char *procedure, *field;
};

static inline void realm_say(avro_value_t *event, const char *path, const char *text)
{
    if (text && !member_set_text(event, path, text))
        fail_msg("%s cannot be set", path);
}

static inline void realm_handoff(const struct schema *schema, avro_value_t *event)
{
    struct fault why;
    avro_value_t handoff, record;
    assert_int_equal(avro_value_get_by_name(event, "handoff", &handoff, NULL), 0);
    assert_int_equal(avro_value_set_branch(&handoff, 1, &record), 0);
    assert_true(schema_reset_record(schema, &record, &why));
}

/* `event` is new: made from schema->iface. */
static inline void realm_event(const struct schema *schema, const struct saying *saying,
                               avro_value_t *event)
{
    struct fault why;
    avro_value_t type;
    int64_t moment;
    assert_true(schema_reset(schema, event, &why));
    assert_int_equal(avro_value_get_by_name(event, "event_type", &type, NULL), 0);
    int symbol = avro_schema_enum_get_by_name(avro_value_get_schema(&type), saying->type);
    assert_true(symbol >= 0);
    assert_int_equal(avro_value_set_enum(&type, symbol), 0);
    assert_true(moment_read(saying->at, strlen(saying->at), &moment, &why));
    assert_true(member_set_number(event, "occurred_at", moment));
    realm_say(event, "dossier_code", saying->code);
    if (saying->from || saying->to)
        realm_handoff(schema, event);
    realm_say(event, "handoff.from_agency", saying->from);
    realm_say(event, "handoff.to_agency", saying->to);
    realm_say(event, "receiving_agency", saying->receiving);
    realm_say(event, "competent_agency", saying->competent);
    realm_say(event, "holder_agency", saying->holder);
    realm_say(event, "procedure_code", saying->procedure);
    realm_say(event, "field_code", saying->field);
}

#endif
