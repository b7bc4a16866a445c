/* SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "directory/partner.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define HASH         "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"
#define OTHER        "1123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef"

static struct agencies *load_agencies(void)
{
    struct fault why;
    struct agencies *agencies = agencies_load("deploy/agencies.csv", &why);
    if (!agencies)
        fail_msg("%s", why.text);
    return agencies;
}

static struct partners *load(const char *text)
{
    char path[SCRATCH_PATH_SIZE];
    struct fault why;
    struct agencies *agencies = load_agencies();
    scratch_text(path, text);
    struct partners *partners = partners_load(path, agencies, &why);
    if (!partners)
        fail_msg("%s", why.text);
    (void)unlink(path);
    agencies_free(agencies); /* nothing of it is kept */
    return partners;
}

#define ROW "partners:\n- {id: a, name: A, agencies: [H09], adapters: [x]"

static const struct {
    const char *text;
    const char *fault; /* after the path */
} refused[] = {
    {"", ":1:1: the key partners is missing"},
    {"partners: [", ":2:1: did not find expected node content"},
    {"partners: {}", ":1:11: expected a list, not a mapping"},
    {"partners:\n- id: x\n  nonsense: 1\n", ":3:3: unknown key nonsense"},
    {"partners:\n- {name: A, agencies: [H09], adapters: [x]}\n", ":2:3: the key id is missing"},
    {"partners:\n- {id: a, name: A, agencies: [], adapters: [x]}\n",
     ":2:30: needs at least 1 entries"},
    {"partners:\n- {id: a, name: A, agencies: [H09], adapters: []}\n",
     ":2:47: needs at least 1 entries"},
    {"partners:\n- {id: a, name: A, agencies: [H09, nowhere], adapters: [x]}\n",
     ":2:36: partners[0].agencies[1]: no such agency in agencies.csv"},
    {"partners:\n- {id: A, name: A, agencies: [H09], adapters: [x]}\n",
     ":2:8: partners[0].id: expected a-z, 0-9 and hyphens"},
    {"partners:\n- {id: a b, name: A, agencies: [H09], adapters: [x]}\n",
     ":2:8: partners[0].id: expected a-z, 0-9 and hyphens"},
    {"partners:\n- {id: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, name: A, agencies: [H09],"
     " adapters: [x]}\n",
     ":2:8: has over 40 bytes"},
    {ROW "}\n- {id: a, name: B, agencies: [H09], adapters: [x]}\n",
     ":3:8: partners[1].id: this id is here twice"},
    {ROW ", keys: [{hash: 01}]}\n", ":2:66: partners[0].keys[0].hash: expected 64 hex digits"},
    {ROW ", keys: [{}]}\n", ":2:59: the key hash is missing"},
    {ROW ", keys: [{hash: " HASH "}, {hash: " HASH "}]}\n",
     ":2:140: partners[0].keys[1].hash: this key is here twice"},
    {ROW ", keys: [{hash: " HASH "}]}\n- {id: b, name: B, agencies: [H09], adapters: [x],"
         " keys: [{hash: " HASH "}]}\n",
     ":3:66: partners[1].keys[0].hash: this key is here twice"},
    {ROW ", keys: [{hash: " HASH ", valid_to: 2026-02-30}]}\n",
     ":2:142: partners[0].keys[0].valid_to: expected a day as 2026-12-31"},
    {ROW ", keys: [{hash: " HASH ", valid_to: 31/12/2026}]}\n",
     ":2:142: partners[0].keys[0].valid_to: expected a day as 2026-12-31"},
    {ROW ", keys: [{hash: " HASH ", valid_to: 20261231}]}\n", ":2:142: needs at least 10 bytes"},
    {ROW ", certificates: [{}]}\n",
     ":2:67: partners[0].certificates[0]: expected fingerprint, or subject and issuer"},
    {ROW ", certificates: [{subject: CN=a}]}\n",
     ":2:67: partners[0].certificates[0]: expected fingerprint, or subject and issuer"},
    {ROW ", certificates: [{subject: CN=a, issuer: CN=b, fingerprint: " HASH "}]}\n",
     ":2:67: partners[0].certificates[0]: expected fingerprint, or subject and issuer"},
    {ROW ", certificates: [{fingerprint: 01}]}\n",
     ":2:81: partners[0].certificates[0].fingerprint: expected 64 hex digits"},
    {ROW ", certificates: [{fingerprint: " HASH ", valid_to: 2026-02-30}]}\n",
     ":2:157: partners[0].certificates[0].valid_to: expected a day as 2026-12-31"},
    {ROW ", certificates: [{subject: CN=a, issuer: CN=b}]}\n- {id: b, name: B, agencies: [H09],"
         " adapters: [x], certificates: [{subject: CN=a, issuer: CN=b}]}\n",
     ":3:67: partners[1].certificates[0]: this certificate is here twice"},
    {ROW ", certificate_required: true}\n",
     ":2:74: partners[0].certificate_required: needs certificates"},
    {ROW ", signatures: {}}\n", ":2:64: the key policy is missing"},
    {ROW ", signatures: {policy: maybe}}\n",
     ":2:73: expected one of: ignored, if_present, required"},
    {ROW ", signatures: {policy: required}}\n",
     ":2:73: partners[0].signatures.policy: needs anchors or keys as well"},
    {ROW ", signatures: {policy: required, crl: x}}\n",
     ":2:88: partners[0].signatures.crl: needs anchors as well"},
    {ROW ", signatures: {policy: ignored, signers: [{fingerprint: " HASH "}]}}\n",
     ":2:91: partners[0].signatures.signers: needs anchors as well"},
    {ROW ", signatures: {policy: required, anchors: /nowhere/x.pem}}\n",
     ":2:92: partners[0].signatures.anchors: /nowhere/x.pem: No such file or directory"},
    {ROW ", signatures: {policy: required, anchors: /etc/hostname}}\n",
     ":2:92: partners[0].signatures.anchors: /etc/hostname: no certificates in PEM that can be "
     "used"},
    {ROW ", signatures: {policy: required, keys: [{kid: a, file: /etc/hostname}]}}\n",
     ":2:105: partners[0].signatures.keys[0].file: /etc/hostname: no public key in PEM"},
    {ROW ", invalid: ignored}\n", ":2:61: expected one of: refused, parked"},
    {ROW ", ack: never}\n", ":2:57: expected one of: stored, published"},
    {ROW ", approval: maybe}\n", ":2:62: expected one of: none, edits"},
    {ROW ", rate_per_s: -1}\n", ":2:64: partners[0].rate_per_s: must not be below 0"},
    {ROW ", burst: -1}\n", ":2:59: partners[0].burst: must not be below 0"},
    {ROW ", silence_hours: -2}\n", ":2:67: partners[0].silence_hours: must not be below -1"},
};

static void a_bad_file_is_refused_with_its_place(void **state)
{
    (void)state;
    struct agencies *agencies = load_agencies();
    for (size_t i = 0; i < COUNT(refused); i++) {
        char path[SCRATCH_PATH_SIZE];
        struct fault why;
        scratch_text(path, refused[i].text);
        if (partners_load(path, agencies, &why))
            fail_msg("taken: %s", refused[i].text);
        assert_int_equal(why.kind, FAULT_REFUSE);
        assert_string_equal(scratch_after_path(path, why.text), refused[i].fault);
        (void)unlink(path);
    }
    agencies_free(agencies);
}

static void every_key_is_read(void **state)
{
    (void)state;
    struct partners *partners =
        load("partners:\n- id: motcua-1\n  name: Một cửa\n  agencies: [H09.40, 000.12.40.H09]\n"
             "  adapters: [x, y]\n  keys: [{hash: " HASH "}, {hash: " OTHER
             ", valid_to: 2026-12-31}]\n  certificates: [{fingerprint: " OTHER
             "}, {subject: CN=x, issuer: CN=y, valid_to: 2026-12-31}]\n  certificate_required: "
             "true\n  invalid: parked\n"
             "  ack: published\n  approval: none\n  rate_per_s: 50\n  burst: 100\n");
    assert_int_equal(partners_count(partners), 1);
    const struct partner *partner = partners_at(partners, 0);
    assert_ptr_equal(partners_find(partners, "motcua-1"), partner);
    assert_string_equal(partner->name, "Một cửa");
    assert_int_equal(partner->agency_count, 2);
    assert_string_equal(partner->agencies[1], "000.12.40.H09");
    assert_int_equal(partner->adapter_count, 2);
    assert_string_equal(partner->adapters[1], "y");
    assert_int_equal(partner->key_count, 2);
    assert_int_equal(partner->keys[0].valid_to, DAY_OPEN_END);
    assert_int_equal(partner->keys[1].valid_to, 20261231);
    assert_int_equal(partner->certificate_count, 2);
    assert_null(partner->certificates[0].subject);
    assert_int_equal(partner->certificates[0].valid_to, DAY_OPEN_END);
    assert_string_equal(partner->certificates[1].subject, "CN=x");
    assert_string_equal(partner->certificates[1].issuer, "CN=y");
    assert_int_equal(partner->certificates[1].valid_to, 20261231);
    assert_true(partner->needs_certificate);
    assert_int_equal(partner->invalid, INVALID_PARKED);
    assert_int_equal(partner->ack, ACK_PUBLISHED);
    assert_int_equal(partner->approval, APPROVAL_NONE);
    assert_int_equal(partner->rate_per_s, 50);
    assert_int_equal(partner->burst, 100);
    partners_free(partners);
}

static void what_is_left_out_has_the_careful_default(void **state)
{
    (void)state;
    struct partners *partners = load(ROW "}\n");
    const struct partner *partner = partners_at(partners, 0);
    assert_int_equal(partner->key_count, 0);
    assert_int_equal(partner->certificate_count, 0);
    assert_false(partner->needs_certificate);
    assert_int_equal(partner->invalid, INVALID_REFUSED);
    assert_int_equal(partner->ack, ACK_STORED);
    assert_int_equal(partner->approval, APPROVAL_UNSAID);
    assert_int_equal(partner->rate_per_s, 0);
    partners_free(partners);
}

static void nobody_at_all_is_a_file_too(void **state)
{
    (void)state;
    struct partners *partners = load("partners: []\n");
    uint8_t hash[SHA256_SIZE] = {0};
    assert_int_equal(partners_count(partners), 0);
    assert_null(partners_find(partners, "a"));
    assert_null(partners_by_hash(partners, hash, 20261122));
    partners_free(partners);
}

static void a_key_is_good_until_its_last_day(void **state)
{
    (void)state;
    struct partners *partners =
        load(ROW ", keys: [{hash: " HASH "}, {hash: " OTHER ", valid_to: 2026-12-31}]}\n");
    uint8_t hash[SHA256_SIZE];
    assert_true(digest_unhex(OTHER, SHA256_SIZE, hash));
    assert_non_null(partners_by_hash(partners, hash, 20261231));
    assert_null(partners_by_hash(partners, hash, 20270101));
    assert_true(digest_unhex(HASH, SHA256_SIZE, hash));
    assert_non_null(partners_by_hash(partners, hash, 20270101));
    hash[31] ^= 1;
    assert_null(partners_by_hash(partners, hash, 20270101));
    partners_free(partners);
}

static void a_certificate_is_found_by_its_print_or_by_its_name(void **state)
{
    (void)state;
    struct partners *partners =
        load(ROW ", certificates: [{fingerprint: " HASH ", valid_to: 2026-12-31}]}\n"
                 "- {id: b, name: B, agencies: [H09], adapters: [x],"
                 " certificates: [{subject: CN=a, issuer: CN=b}]}\n");
    uint8_t known[SHA256_SIZE], unknown[SHA256_SIZE] = {0};
    assert_true(digest_unhex(HASH, SHA256_SIZE, known));
    const struct partner *one = partners_at(partners, 0), *other = partners_at(partners, 1);
    assert_ptr_equal(partners_by_certificate(partners, known, "CN=x", "CN=y", 20261231), one);
    assert_null(partners_by_certificate(partners, known, "CN=x", "CN=y", 20270101));
    assert_ptr_equal(partners_by_certificate(partners, unknown, "CN=a", "CN=b", 20270101), other);
    assert_null(partners_by_certificate(partners, unknown, "CN=a", "CN=c", 20261231));
    assert_null(partners_by_certificate(partners, unknown, "CN=aa", "CN=b", 20261231));
    assert_null(partners_by_certificate(partners, unknown, "", "", 20261231));
    partners_free(partners);
}

static void many_partners_are_all_found(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    (void)fputs("partners:\n", file);
    for (int i = 0; i < 3000; i++)
        (void)fprintf(file,
                      "- {id: p-%d, name: P, agencies: [H09], adapters: [x],"
                      " keys: [{hash: '%064d'}]}\n",
                      i, i);
    assert_int_equal(fclose(file), 0);
    struct partners *partners = load(text);
    for (int i = 0; i < 3000; i++) {
        char id[16], hex[65];
        uint8_t hash[SHA256_SIZE];
        (void)snprintf(id, sizeof id, "p-%d", i);
        (void)snprintf(hex, sizeof hex, "%064d", i);
        assert_true(digest_unhex(hex, SHA256_SIZE, hash));
        assert_non_null(partners_find(partners, id));
        assert_ptr_equal(partners_by_hash(partners, hash, 20261122), partners_find(partners, id));
    }
    partners_free(partners);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bad_file_is_refused_with_its_place),
        cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(what_is_left_out_has_the_careful_default),
        cmocka_unit_test(nobody_at_all_is_a_file_too),
        cmocka_unit_test(a_key_is_good_until_its_last_day),
        cmocka_unit_test(a_certificate_is_found_by_its_print_or_by_its_name),
        cmocka_unit_test(many_partners_are_all_found),
    };
    return cmocka_run_group_tests_name("partner", tests, NULL, NULL);
}
