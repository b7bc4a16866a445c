/* SPDX-License-Identifier: Apache-2.0 */
/* Detached JWS on documents: what counts, and what is refused and why. */
#include "limits.h"
#include "seal.h"

#include "base/clock.h"
#include "signature/check.h"

#include <jansson.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const char document[] = "{\"data\": [{\"MaHoSo\": \"000.12.40.H09-250512-0001\"}]}";

/* ES and RS: under the same authority; the small one has 1024 bits, the stranger is nobody's. */
struct house {
    struct seal authority, es, rs, small, stranger;
    char anchors[SCRATCH_PATH_SIZE];
    struct trust *trust;
    struct partner_signing_key keys[2];
    struct partner_signatures policy;
};

static struct house house;

static int build(void **state)
{
    struct fault why;
    (void)state;
    house.authority = seal_make(&(struct seal_wish){.name = "CA", .is_authority = true});
    house.es = seal_make(&(struct seal_wish){.name = "ES", .issuer = &house.authority});
    house.rs =
        seal_make(&(struct seal_wish){.name = "RS", .issuer = &house.authority, .rsa_bits = 2048});
    house.small = seal_make(
        &(struct seal_wish){.name = "Small", .issuer = &house.authority, .rsa_bits = 1024});
    house.stranger = seal_make(&(struct seal_wish){.name = "Stranger"});
    seal_file(house.anchors, (const struct seal *const[]){&house.authority, NULL});
    house.trust = trust_load(house.anchors, NULL, &why);
    assert_non_null(house.trust);
    house.keys[0] =
        (struct partner_signing_key){.kid = "k-1", .key = house.rs.key, .valid_to = DAY_OPEN_END};
    house.keys[1] =
        (struct partner_signing_key){.kid = "k-old", .key = house.rs.key, .valid_to = 20200101};
    house.policy = (struct partner_signatures){.policy = SIGNATURES_REQUIRED,
                                               .trust = house.trust,
                                               .keys = house.keys,
                                               .key_count = COUNT(house.keys)};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    trust_free(house.trust);
    (void)unlink(house.anchors);
    struct seal *all[] = {&house.authority, &house.es, &house.rs, &house.small, &house.stranger};
    for (size_t i = 0; i < COUNT(all); i++)
        seal_end(all[i]);
    return 0;
}

static void check(const char *jws, const char *bytes, size_t size,
                  struct signature_verdict *verdict)
{
    struct fault why;
    const struct signature_wish wish = {.bytes = bytes,
                                        .size = size,
                                        .jws = jws,
                                        .policy = &house.policy,
                                        .limits = &usual_limits,
                                        .at_ms = clock_now_ms()};
    if (!signature_check(&wish, verdict, &why))
        fail_msg("%s", why.text);
}

/* `expected` NULL: it is good. */
static void expect(const char *jws, const char *bytes, size_t size, const char *expected)
{
    struct signature_verdict verdict;
    check(jws, bytes, size, &verdict);
    if (!expected && verdict.is_bad)
        fail_msg("refused: expected %s: %s", verdict.problem.hint, jws ? jws : "unsigned");
    if (expected && !verdict.is_bad)
        fail_msg("taken, and should have been refused (%s): %s", expected, jws ? jws : "unsigned");
    if (expected) {
        assert_string_equal(verdict.problem.hint, expected);
        assert_int_equal(verdict.problem.rule, RULE_SIGNATURE);
        assert_null(verdict.proved);
    }
    signature_verdict_free(&verdict);
}

/* `header` with %s for the seal's certificate. */
static char *sign(const char *header, const struct seal *seal, bool is_plain)
{
    char *certificate = seal_base64(seal), *whole = NULL;
    const char *hole = strstr(header, "%s");
    if (hole)
        assert_true(
            asprintf(&whole, "%.*s%s%s", (int)(hole - header), header, certificate, hole + 2) > 0);
    else
        whole = strdup(header);
    char *jws = seal_jws(whole, document, sizeof document - 1, is_plain, seal->key);
    free(whole);
    free(certificate);
    return jws;
}

static void a_certificate_or_an_agreed_key_proves_a_document(void **state)
{
    static const struct {
        const char *header;
        const struct seal *seal;
        bool is_plain;
        const char *proved;
    } good[] = {
        {"{\"alg\":\"ES256\",\"x5c\":[\"%s\"]}", &house.es, false, "\"ES256\""},
        {"{\"alg\":\"RS256\",\"x5c\":[\"%s\"]}", &house.rs, false, "\"RS256\""},
        {"{\"alg\":\"RS256\",\"kid\":\"k-1\",\"typ\":\"JOSE\"}", &house.rs, false,
         "\"kid\":\"k-1\""},
        {"{\"alg\":\"ES256\",\"x5c\":[\"%s\"],\"b64\":false,\"crit\":[\"b64\"]}", &house.es, true,
         "\"ES256\""},
        {"{\"alg\":\"ES256\",\"x5c\":[\"%s\"],\"b64\":true,\"crit\":[\"b64\"]}", &house.es, false,
         "\"ES256\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        struct signature_verdict verdict;
        char *jws = sign(good[i].header, good[i].seal, good[i].is_plain);
        check(jws, document, sizeof document - 1, &verdict);
        if (verdict.is_bad)
            fail_msg("%s: expected %s", good[i].header, verdict.problem.hint);
        assert_non_null(strstr(verdict.proved, good[i].proved));
        assert_null(strstr(verdict.proved, "CN=ES")); /* the signer's name is not kept */
        signature_verdict_free(&verdict);
        free(jws);
    }
}

static void what_does_not_count_is_refused_with_its_reason(void **state)
{
    static const char algorithm[] = "RS256 or ES256", critical[] = "no critical headers but b64";
    static const char elsewhere[] = "certificates and no references to keys elsewhere";
    static const char agreed[] = "a key that was agreed with this system";
    static const char unreadable[] = "a JWS header: one JSON object, each member once";
    static const char changed[] = "the document as it was signed";
    static const struct {
        const char *header;
        const struct seal *seal;
        const char *expected;
    } bad[] = {
        {"{\"alg\":\"none\",\"x5c\":[\"%s\"]}", &house.es, algorithm},
        {"{\"alg\":\"HS256\",\"kid\":\"k-1\"}", &house.rs, algorithm},
        {"{\"alg\":\"ES384\",\"x5c\":[\"%s\"]}", &house.es, algorithm},
        {"{\"alg\":[\"ES256\"],\"x5c\":[\"%s\"]}", &house.es, algorithm},
        {"{\"x5c\":[\"%s\"]}", &house.es, algorithm},
        {"{\"alg\":\"ES256\",\"x5c\":[\"%s\"],\"jku\":\"https://localhost/k\"}", &house.es,
         elsewhere},
        {"{\"alg\":\"ES256\",\"x5u\":\"https://localhost/k\"}", &house.es, elsewhere},
        {"{\"alg\":\"ES256\",\"jwk\":{\"kty\":\"EC\"}}", &house.es, elsewhere},
        {"{\"alg\":\"ES256\",\"x5c\":[\"%s\"],\"crit\":[\"exp\"],\"exp\":1}", &house.es, critical},
        {"{\"alg\":\"ES256\",\"x5c\":[\"%s\"],\"crit\":[]}", &house.es, critical},
        {"{\"alg\":\"ES256\",\"x5c\":[\"%s\"],\"crit\":[\"b64\"]}", &house.es, critical},
        {"{\"alg\":\"ES256\",\"x5c\":[\"%s\"],\"crit\":[\"b64\",\"b64\"],\"b64\":true}", &house.es,
         critical},
        {"{\"alg\":\"ES256\",\"x5c\":[\"%s\"],\"b64\":false}", &house.es, critical},
        {"{\"alg\":\"ES256\",\"alg\":\"ES256\",\"x5c\":[\"%s\"]}", &house.es, unreadable},
        {"[\"ES256\"]", &house.es, unreadable},
        {"{\"alg\":\"ES256\"", &house.es, unreadable},
        {"{\"alg\":\"ES256\"}", &house.es, agreed},
        {"{\"alg\":\"RS256\",\"kid\":\"k-2\"}", &house.rs, agreed},
        {"{\"alg\":\"RS256\",\"kid\":\"k-old\"}", &house.rs, agreed},
        {"{\"alg\":\"ES256\",\"kid\":\"k-1\"}", &house.es, changed},  /* an RSA key */
        {"{\"alg\":\"RS256\",\"kid\":\"k-1\"}", &house.es, changed},  /* another's signature */
        {"{\"alg\":\"RS256\",\"x5c\":[\"%s\"]}", &house.es, changed}, /* a key of P-256 */
        {"{\"alg\":\"ES256\",\"x5c\":[]}", &house.es, "certificates that can be read"},
        {"{\"alg\":\"ES256\",\"x5c\":[1]}", &house.es, "certificates that can be read"},
        {"{\"alg\":\"ES256\",\"x5c\":[\"!\"]}", &house.es, "certificates that can be read"},
        {"{\"alg\":\"ES256\",\"x5c\":[\"%s\"]}", &house.stranger,
         "a certificate of a trusted authority"},
        {"{\"alg\":\"RS256\",\"x5c\":[\"%s\"]}", &house.small,
         "an RSA key of 2048 to 8192 bits, or one on P-256, P-384 or P-521"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        char *jws = sign(bad[i].header, bad[i].seal, false);
        expect(jws, document, sizeof document - 1, bad[i].expected);
        free(jws);
    }
}

static void exactly_the_bytes_that_came_are_covered(void **state)
{
    static const char changed[] = "the document as it was signed";
    static const char *const others[] = {
        "{\"data\":[{\"MaHoSo\":\"000.12.40.H09-250512-0001\"}]}",
        "{\"data\": [{\"MaHoSo\": \"000.12.40.H09-250512-0001\"}]}\n",
        "{\"data\": [{\"MaHoSo\": \"000.12.40.H09-250512-0002\"}]}",
        "",
    };
    (void)state;
    char *jws = sign("{\"alg\":\"ES256\",\"x5c\":[\"%s\"]}", &house.es, false);
    expect(jws, document, sizeof document - 1, NULL);
    for (size_t i = 0; i < COUNT(others); i++)
        expect(jws, others[i], strlen(others[i]), changed);
    free(jws);
    jws = sign("{\"alg\":\"ES256\",\"x5c\":[\"%s\"],\"b64\":false,\"crit\":[\"b64\"]}", &house.es,
               false);
    expect(jws, document, sizeof document - 1, changed); /* signed in the other way */
    free(jws);
}

static void its_form_is_the_detached_one_alone(void **state)
{
    static const char form[] = "a detached JWS, HEADER..SIGNATURE";
    static const char *const forms[] = {
        "", ".", "..=", "e30", "e30.e30.AAAA", "e30..AA AA", "e30..A", "e30..AAAA.", "e30..AB=="};
    (void)state;
    for (size_t i = 0; i < COUNT(forms); i++)
        expect(forms[i], document, sizeof document - 1, form);

    char *jws = sign("{\"alg\":\"ES256\",\"x5c\":[\"%s\"]}", &house.es, false), *longer = NULL;
    size_t size = strlen(jws);
    char last = jws[size - 1]; /* of 86 digits: its low bits stand for nothing, and must be 0 */
    jws[size - 1] = last == 'A' ? 'B' : last == 'Q' ? 'R' : last == 'g' ? 'h' : 'x';
    expect(jws, document, sizeof document - 1, form);
    jws[size - 1] = last;
    assert_true(asprintf(&longer, "%s=", jws) > 0);
    expect(longer, document, sizeof document - 1, form);
    free(longer);
    longer = calloc(1, 40000);
    memset(longer, 'A', 39999);
    expect(longer, document, sizeof document - 1, form);
    free(longer);
    free(jws);
}

static void the_policy_says_whether_one_must_be_there(void **state)
{
    (void)state;
    expect(NULL, document, sizeof document - 1, "a signature");
    house.policy.policy = SIGNATURES_IF_PRESENT;
    expect(NULL, document, sizeof document - 1, NULL);
    expect("e30", document, sizeof document - 1, "a detached JWS, HEADER..SIGNATURE");
    house.policy.policy = SIGNATURES_IGNORED;
    expect("e30", document, sizeof document - 1, NULL);
    house.policy.policy = SIGNATURES_REQUIRED;
}

static void base64_for_addresses_is_written_in_one_way(void **state)
{
    static const struct {
        const char *bytes, *digits;
    } pairs[] = {{"", ""},        {"f", "Zg"},        {"fo", "Zm8"},
                 {"foo", "Zm9v"}, {"foob", "Zm9vYg"}, {"\xFB\xFF\xFE", "-__-"}};
    static const char *const bad[] = {"Z", "Zh", "Zm9", "Zg==", "Zm9v\n", "Zm+v", "Zm/v", "Zm9vY"};
    (void)state;
    for (size_t i = 0; i < COUNT(pairs); i++) {
        char digits[16] = "";
        uint8_t bytes[8];
        size_t size = 0;
        base64url_encode((const uint8_t *)pairs[i].bytes, strlen(pairs[i].bytes), digits);
        assert_string_equal(digits, pairs[i].digits);
        assert_true(base64url_decode(digits, strlen(digits), bytes, sizeof bytes, &size));
        assert_int_equal(size, strlen(pairs[i].bytes));
        assert_memory_equal(bytes, pairs[i].bytes, size);
        assert_int_equal(base64url_size(size), strlen(digits));
        assert_true(size == 0 || !base64url_decode(digits, strlen(digits), bytes, size - 1, &size));
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        uint8_t bytes[8];
        size_t size;
        assert_false(base64url_decode(bad[i], strlen(bad[i]), bytes, sizeof bytes, &size));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_or_an_agreed_key_proves_a_document),
        cmocka_unit_test(what_does_not_count_is_refused_with_its_reason),
        cmocka_unit_test(exactly_the_bytes_that_came_are_covered),
        cmocka_unit_test(its_form_is_the_detached_one_alone),
        cmocka_unit_test(the_policy_says_whether_one_must_be_there),
        cmocka_unit_test(base64_for_addresses_is_written_in_one_way),
    };
    return cmocka_run_group_tests(tests, build, tear_down);
}
