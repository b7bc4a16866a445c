/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XML signatures: each case is signed by xmlsec with a key that is trusted, unless it says
 * otherwise, so that what is refused is refused for what it is.  The wrappings are those that
 * Somorovsky and others described for SAML (XSW 1 to 8), carried over to a letter.
 */
#include "limits.h"
#include "seal.h"
#include "short.h"

#include "adapt/xml.h"
#include "base/clock.h"
#include "signature/check.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

#define C14N      "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
#define EXCLUSIVE "http://www.w3.org/2001/10/xml-exc-c14n#"
#define RSA256    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
#define ECDSA256  "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
#define SHA256    "http://www.w3.org/2001/04/xmlenc#sha256"
#define ENVELOPED "http://www.w3.org/2000/09/xmldsig#enveloped-signature"

#define TRANSFORM(uri) "<Transform Algorithm=\"" uri "\"/>"
#define USUAL          TRANSFORM(ENVELOPED) TRANSFORM(EXCLUSIVE)
#define REFERENCE(attributes, transforms, digest)                                                  \
    "<Reference " attributes "><Transforms>" transforms                                            \
    "</Transforms><DigestMethod Algorithm=\"" digest "\"/><DigestValue></DigestValue></Reference>"
#define INFO(writing, method, references)                                                          \
    "<SignedInfo><CanonicalizationMethod Algorithm=\"" writing                                     \
    "\"/><SignatureMethod Algorithm=\"" method "\"/>" references                                   \
    "</SignedInfo><SignatureValue></SignatureValue>"
#define KEY "<KeyInfo><X509Data><X509Certificate>%s</X509Certificate></X509Data></KeyInfo>"
#define SIGNATURE(inside)                                                                          \
    "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\" Id=\"s\">" inside "</Signature>"
#define WHOLE      REFERENCE("URI=\"\"", USUAL, SHA256)
#define BY_ID      REFERENCE("URI=\"#letter\"", USUAL, SHA256)
#define GOOD       SIGNATURE(INFO(EXCLUSIVE, ECDSA256, WHOLE) KEY)
#define GOOD_BY_ID SIGNATURE(INFO(EXCLUSIVE, ECDSA256, BY_ID) KEY)

#define CONTENT      "<Code Id=\"code\">G15</Code><Name>B\xC3\xACnh D\xC6\xB0\xC6\xA1ng</Name>"
#define LETTER(rest) "<Letter xmlns=\"urn:x\" Id=\"letter\">" CONTENT rest "</Letter>"

static const char whole_document[] = "a signature over the whole document";
static const char as_signed[] = "the document as it was signed";
static const char transforms[] = "no transforms but enveloped-signature and canonicalisation";
static const char as_dsig[] = "a signature built as XML-DSig says";
static const char elsewhere[] = "certificates and no references to keys elsewhere";
static const char references[] = "references to elements of this document alone";
static const char one_id[] = "an id that no other element has";

struct house {
    struct seal authority, middle, below, es, rs, small, stranger, old, early, weak, other_use;
    char anchors[SCRATCH_PATH_SIZE];
    struct trust *trust;
    struct partner_signatures policy;
};

static struct house house;

static void expect(const char *text, const char *expected);

static struct seal below(const char *name, const struct seal *issuer, unsigned rsa_bits)
{
    return seal_make(&(struct seal_wish){.name = name, .issuer = issuer, .rsa_bits = rsa_bits});
}

static struct trust *load(const char *anchors, const char *crl)
{
    struct fault why;
    struct trust *trust = trust_load(anchors, crl, &why);
    if (!trust)
        fail_msg("%s", why.text);
    return trust;
}

static int build(void **state)
{
    (void)state;
    house.authority = seal_make(&(struct seal_wish){.name = "CA", .is_authority = true});
    const struct seal *issuer = &house.authority;
    house.middle =
        seal_make(&(struct seal_wish){.name = "Sub CA", .issuer = issuer, .is_authority = true});
    house.below = below("Below", &house.middle, 0);
    house.es = below("C\xC3\xA1n b\xE1\xBB\x99 V\xC3\xAD D\xE1\xBB\xA5", issuer, 0);
    house.rs = below("RS", issuer, 2048);
    house.small = below("Small", issuer, 1024);
    house.stranger = below("Stranger", NULL, 0);
    house.old = seal_make(
        &(struct seal_wish){.name = "Old", .issuer = issuer, .from_day = -30, .until_day = -1});
    house.early = seal_make(
        &(struct seal_wish){.name = "Early", .issuer = issuer, .from_day = 1, .until_day = 30});
    house.weak =
        seal_make(&(struct seal_wish){.name = "Weak", .issuer = issuer, .digest = EVP_sha1()});
    house.other_use = seal_make(
        &(struct seal_wish){.name = "Use", .issuer = issuer, .usage = "critical,keyAgreement"});
    seal_file(house.anchors, (const struct seal *const[]){issuer, NULL});
    house.trust = load(house.anchors, NULL);
    house.policy = (struct partner_signatures){.policy = SIGNATURES_REQUIRED, .trust = house.trust};
    expect("<Letter/>", "a signature"); /* starts xmlsec, with which we sign */
    return 0;
}

static int tear_down(void **state)
{
    struct seal *all[] = {&house.authority, &house.middle, &house.below,    &house.es,
                          &house.rs,        &house.small,  &house.old,      &house.stranger,
                          &house.early,     &house.weak,   &house.other_use};
    (void)state;
    for (size_t i = 0; i < COUNT(all); i++)
        seal_end(all[i]);
    trust_free(house.trust);
    (void)unlink(house.anchors);
    return 0;
}

/* ---- asking ---- */

static void check(const char *text, const struct partner_signatures *policy,
                  struct signature_verdict *verdict)
{
    struct fault why;
    const struct signature_wish wish = {.bytes = text,
                                        .size = strlen(text),
                                        .policy = policy,
                                        .limits = &usual_limits,
                                        .at_ms = clock_now_ms()};
    if (!signature_check(&wish, verdict, &why))
        fail_msg("%s", why.text);
}

/* `expected` NULL: it is good. */
static void expect_by(const char *text, const struct partner_signatures *policy,
                      const char *expected)
{
    struct signature_verdict verdict;
    check(text, policy, &verdict);
    if (!expected && verdict.is_bad)
        fail_msg("refused: expected %s: %s", verdict.problem.hint, text);
    if (expected && !verdict.is_bad)
        fail_msg("taken, and should have been refused (%s): %s", expected, text);
    if (expected) {
        if (strcmp(verdict.problem.hint, expected) != 0)
            fail_msg("\"%s\" and not \"%s\": %s", verdict.problem.hint, expected, text);
        assert_int_equal(verdict.problem.rule, RULE_SIGNATURE);
        assert_null(verdict.proved);
    }
    signature_verdict_free(&verdict);
}

static void expect(const char *text, const char *expected)
{
    expect_by(text, &house.policy, expected);
}

/* The template with the seal's certificate for %s. */
static char *fill(const char *text, const struct seal *seal)
{
    char *certificate = seal_base64(seal), *whole = NULL;
    const char *hole = strstr(text, "%s");
    assert_non_null(hole);
    assert_true(asprintf(&whole, "%.*s%s%s", (int)(hole - text), text, certificate, hole + 2) > 0);
    free(certificate);
    return whole;
}

static char *sign(const char *text, const struct seal *seal)
{
    char *whole = fill(text, seal);
    char *made = seal_xml(whole, seal->key);
    free(whole);
    return made;
}

/* Signed by the trusted key, or, where xmlsec cannot, not signed at all. */
static void expect_made(const char *text, const struct seal *seal, bool is_signed,
                        const char *expected)
{
    char *made = is_signed ? sign(text, seal) : fill(text, seal);
    expect(made, expected);
    free(made);
}

/* The text with one part replaced; the caller frees it. */
static char *changed(const char *text, const char *from, const char *to)
{
    char *made = NULL;
    const char *at = strstr(text, from);
    if (!at)
        fail_msg("no \"%s\" in %s", from, text);
    assert_true(asprintf(&made, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
    return made;
}

static void expect_changed(const char *text, const char *from, const char *to, const char *expected)
{
    char *made = changed(text, from, to);
    expect(made, expected);
    free(made);
}

/* ---- what is good ---- */

static void signatures_over_the_whole_letter_are_proved(void **state)
{
    static const struct {
        const char *text;
        const struct seal *seal;
    } good[] = {
        {LETTER(GOOD), &house.es},
        {LETTER(GOOD_BY_ID), &house.es},
        {LETTER(SIGNATURE(INFO(C14N, RSA256, REFERENCE("URI=\"\"", TRANSFORM(ENVELOPED), SHA256))
                              KEY)),
         &house.rs},
        {LETTER(SIGNATURE(INFO(C14N "#WithComments", ECDSA256,
                               REFERENCE("URI=\"\"",
                                         TRANSFORM(ENVELOPED) TRANSFORM(
                                             "http://www.w3.org/2006/12/xml-c14n11#WithComments"),
                                         "http://www.w3.org/2001/04/xmlenc#sha512")) KEY)),
         &house.es},
        {LETTER("<!-- a comment -->" GOOD), &house.es},
        {LETTER(SIGNATURE(INFO(EXCLUSIVE, ECDSA256, WHOLE) "<KeyInfo><KeyName>x</KeyName><X509Data>"
                                                           "<X509SubjectName>CN=x</X509SubjectName>"
                                                           "<X509Certificate>%s</X509Certificate>"
                                                           "</X509Data></KeyInfo>")),
         &house.es},
        {"<Letter xmlns=\"urn:x\"><Head><Seal>" GOOD "</Seal></Head>" CONTENT "</Letter>",
         &house.es},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        expect_made(good[i].text, good[i].seal, true, NULL);
}

static void what_is_kept_names_the_certificate_and_not_the_person(void **state)
{
    struct signature_verdict verdict;
    (void)state;
    char *text = sign(LETTER(GOOD), &house.es);
    check(text, &house.policy, &verdict);
    assert_false(verdict.is_bad);
    assert_non_null(
        strstr(verdict.proved, "\"method\":\"xmldsig\",\"algorithm\":\"ecdsa-sha256\""));
    assert_non_null(strstr(verdict.proved, "\"issuer\":\"CN=CA\""));
    assert_non_null(strstr(verdict.proved, "\"serial\":\""));
    assert_null(strstr(verdict.proved, "V\xC3\xAD D\xE1\xBB\xA5"));
    signature_verdict_free(&verdict);
    free(text);
}

static void the_place_of_what_is_wrong_is_told(void **state)
{
    struct signature_verdict verdict;
    (void)state;
    char *text =
        sign("<Letter xmlns=\"urn:x\">\n<Head>\n" GOOD "</Head></Letter>", &house.stranger);
    check(text, &house.policy, &verdict);
    assert_true(verdict.is_bad);
    assert_string_equal(verdict.problem.path, "/Letter/Head/Signature");
    assert_int_equal(verdict.problem.line, 4); /* xmlsec writes a declaration before it */
    assert_int_equal(verdict.problem.item, -1);
    signature_verdict_free(&verdict);
    free(text);
    expect("<Letter/>", "a signature");
    check("<Letter>", &house.policy, &verdict);
    assert_true(verdict.is_bad);
    assert_int_equal(verdict.problem.rule, RULE_SYNTAX);
    signature_verdict_free(&verdict);
}

/* ---- what it covers ---- */

static void without_memory_a_good_signature_is_not_called_bad(void **state)
{
    char *text = sign(LETTER(GOOD), &house.es);
    const struct signature_wish wish = {.bytes = text,
                                        .size = strlen(text),
                                        .policy = &house.policy,
                                        .limits = &usual_limits,
                                        .at_ms = clock_now_ms()};
    (void)state;
    expect(text, NULL);
    short_libxml(true);
    for (long at = short_left = 0; short_left < 0 || at == 0; at++) {
        struct signature_verdict verdict;
        struct fault why = {0};
        short_left = at;
        if (!signature_check(&wish, &verdict, &why)) {
            assert_int_equal(why.kind, FAULT_BROKEN);
            continue;
        }
        if (verdict.is_bad)
            fail_msg("%ld: %s", at, verdict.problem.hint);
        signature_verdict_free(&verdict);
    }
    short_libxml(false);
    print_message("\n"); /* libxml2 says much then, and ends no line */
    free(text);
}

static void every_change_of_the_letter_is_found(void **state)
{
    (void)state;
    char *text = sign(LETTER(GOOD), &house.es);
    expect(text, NULL);
    expect_changed(text, ">G15<", ">G16<", as_signed);
    expect_changed(text, ">G15<", "> G15<", as_signed);
    expect_changed(text, "<Name>", "<Name a=\"1\">", as_signed);
    expect_changed(text, "xmlns=\"urn:x\"", "xmlns=\"urn:y\"", as_signed);
    expect_changed(text, "<Code", "<More/><Code", as_signed);
    expect_changed(text, "<Code Id=\"code\">G15</Code>", "", as_signed);
    expect_changed(text, ">G15<", "><?x y?>G15<", as_signed);
    expect_changed(text, "</Letter>", "</Letter><?x y?>", as_signed);
    expect_changed(text, "<SignatureValue>", "<SignatureValue>AAAA", as_signed);
    expect_changed(text, "<DigestValue>", "<DigestValue>AAAA", as_signed);

    /* What canonical XML holds for the same, and so does the map. */
    expect_changed(text, ">G15<", ">G<!-- a comment -->15<", NULL);
    expect_changed(text, ">G15<", "><![CDATA[G]]>&#49;5<", NULL);
    expect_changed(text, "</Letter>", "</Letter>\n<!-- behind -->", NULL);
    free(text);
}

static void a_signature_over_less_is_refused(void **state)
{
    static const struct {
        const char *text;
        bool is_signed;
        const char *expected;
    } cases[] = {
        {LETTER(SIGNATURE(INFO(C14N, ECDSA256, REFERENCE("URI=\"#code\"", TRANSFORM(C14N), SHA256))
                              KEY)),
         false, transforms},
        {LETTER(SIGNATURE(INFO(C14N, ECDSA256, REFERENCE("URI=\"#code\"", USUAL, SHA256)) KEY)),
         false, whole_document},
        {LETTER(SIGNATURE(INFO(C14N, ECDSA256, "") KEY)), false, whole_document},
        {LETTER(SIGNATURE(INFO(C14N, ECDSA256, WHOLE WHOLE) KEY)), true, whole_document},
        {LETTER(SIGNATURE(INFO(C14N, ECDSA256, WHOLE BY_ID) KEY)), true, whole_document},
        {LETTER(
             SIGNATURE(INFO(C14N, ECDSA256, WHOLE REFERENCE("URI=\"#o\"", TRANSFORM(C14N), SHA256))
                           KEY "<Object Id=\"o\">x</Object>")),
         false, transforms},
        {LETTER(
             SIGNATURE(INFO(C14N, ECDSA256, REFERENCE("URI=\"#xpointer(/)\"", USUAL, SHA256)) KEY)),
         true, references},
        {LETTER(SIGNATURE(INFO(C14N, ECDSA256,
                               REFERENCE("URI=\"#xpointer(id('letter'))\"", USUAL, SHA256)) KEY)),
         true, references},
        {LETTER(SIGNATURE(INFO(C14N, ECDSA256, REFERENCE("", USUAL, SHA256)) KEY)), false,
         references},
        {LETTER(SIGNATURE(
             INFO(C14N, ECDSA256, REFERENCE("URI=\"file:///etc/passwd\"", USUAL, SHA256)) KEY)),
         false, references},
        {LETTER(SIGNATURE(
             INFO(C14N, ECDSA256, REFERENCE("URI=\"http://127.0.0.1:9/x\"", USUAL, SHA256)) KEY)),
         false, references},
        {LETTER(
             SIGNATURE(INFO(C14N, ECDSA256, REFERENCE("URI=\"x.xml#letter\"", USUAL, SHA256)) KEY)),
         false, references},
        {LETTER(GOOD GOOD_BY_ID), false, "one signature"},
        {LETTER(SIGNATURE(INFO(C14N, ECDSA256, WHOLE) KEY "<Object>" GOOD_BY_ID "</Object>")),
         false, "one signature"},
        {SIGNATURE(INFO(C14N, ECDSA256, REFERENCE("URI=\"#o\"", TRANSFORM(C14N), SHA256)) KEY
                   "<Object Id=\"o\">" CONTENT "</Object>"),
         false, "a signature inside the document"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        expect_made(cases[i].text, &house.es, cases[i].is_signed, cases[i].expected);
}

/* ---- wrapping ---- */

#define SIGNATURE_END "</Signature>"

/* A signed letter in two parts: without its signature, and the signature. */
static void part(const char *text, char **letter, char **signature)
{
    const char *from = strstr(text, "<Signature"), *start = strstr(text, "<Letter");
    const char *until = strstr(text, SIGNATURE_END) + strlen(SIGNATURE_END);
    *signature = strndup(from, (size_t)(until - from));
    assert_true(asprintf(letter, "%.*s%s", (int)(from - start), start, until) > 0);
    (*letter)[strcspn(*letter, "\n")] = '\0';
}

/* The parts for @L, @S and, @O: the signature with the letter in an Object. */
static char *compose(const char *shape, const char *letter, const char *signature)
{
    char *made = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&made, &size);
    for (; *shape; shape++) {
        if (*shape != '@')
            (void)putc(*shape, out);
        else if (*++shape == 'L')
            (void)fputs(letter, out);
        else if (*shape == 'S')
            (void)fputs(signature, out);
        else
            (void)fprintf(out, "%.*s<Object>%s</Object>" SIGNATURE_END,
                          (int)(strlen(signature) - strlen(SIGNATURE_END)), signature, letter);
    }
    (void)fclose(out);
    return made;
}

#define EVIL(attributes, rest)                                                                     \
    "<Letter xmlns=\"urn:x\"" attributes "><Code>EVIL</Code><Name>x</Name>" rest "</Letter>"

static void wrapped_signatures_are_refused(void **state)
{
    static const struct {
        const char *shape;
        const char *by_id, *as_whole; /* what each of the two references meets */
    } shapes[] = {
        {EVIL(" Id=\"evil\"", "@O"), whole_document, as_signed},            /* XSW 1 */
        {EVIL(" Id=\"evil\"", "@L@S"), whole_document, as_signed},          /* XSW 2 */
        {EVIL(" Id=\"evil\"", "@S@L"), whole_document, as_signed},          /* XSW 3 */
        {EVIL(" Id=\"evil\"", "<In>@L</In>@S"), whole_document, as_signed}, /* XSW 4 */
        {EVIL(" Id=\"letter\"", "@S@L"), one_id, as_signed}, /* XSW 5: the id twice */
        {EVIL(" Id=\"letter\"", "@O"), one_id, as_signed},   /* XSW 6 */
        {EVIL("", "<Extensions>@L</Extensions>@S"), whole_document, as_signed}, /* XSW 7 */
        {EVIL("", "@O"), whole_document, as_signed},                            /* XSW 8 */
        {EVIL(" ID=\"letter\"", "@O"), one_id, as_signed}, /* by other names of ids */
        {EVIL(" xml:id=\"letter\"", "@O"), one_id, as_signed},
        {EVIL(" xmlns:u=\"urn:u\" u:Id=\"letter\"", "@O"), one_id, as_signed},
        {EVIL(" id=\"letter\"", "@S"), as_signed, as_signed}, /* the letter is gone */
    };
    static const char *const templates[] = {LETTER(GOOD_BY_ID), LETTER(GOOD)};
    (void)state;
    for (size_t t = 0; t < COUNT(templates); t++) {
        char *text = sign(templates[t], &house.es), *letter, *signature;
        part(text, &letter, &signature);
        for (size_t i = 0; i < COUNT(shapes); i++) {
            char *made = compose(shapes[i].shape, letter, signature);
            expect(made, t == 0 ? shapes[i].by_id : shapes[i].as_whole);
            free(made);
        }
        free(text);
        free(letter);
        free(signature);
    }
}

static void a_signature_may_stand_anywhere_and_is_not_read(void **state)
{
    (void)state;
    char *text = sign(LETTER(GOOD), &house.es), *letter, *signature;
    part(text, &letter, &signature);
    char *inside = changed(letter, "G15", "G@S15");
    char *moved = compose(inside, letter, signature);
    expect(moved, NULL);
    xmlDocPtr document = xmlReadMemory(moved, (int)strlen(moved), NULL, NULL, XML_PARSE_NONET);
    xml_drop_signatures(document);
    xmlChar *read = NULL;
    int size = 0;
    xmlDocDumpMemory(document, &read, &size);
    assert_non_null(strstr((const char *)read, ">G15<"));
    assert_null(strstr((const char *)read, "Signature"));
    xmlFree(read);
    xmlFreeDoc(document);
    free(moved);
    free(inside);
    free(text);
    free(letter);
    free(signature);
}

/* ---- how it is made ---- */

static void weak_and_foreign_algorithms_are_refused(void **state)
{
    static const char strong[] = "RSA or ECDSA with SHA-256 or stronger";
    static const char digests[] = "digests by SHA-256 or stronger";
    static const struct {
        const char *text;
        const struct seal *seal;
        bool is_signed;
        const char *expected;
    } cases[] = {
        {LETTER(SIGNATURE(INFO(C14N, "http://www.w3.org/2000/09/xmldsig#rsa-sha1", WHOLE) KEY)),
         &house.rs, true, strong},
        {LETTER(SIGNATURE(INFO(C14N, "http://www.w3.org/2001/04/xmldsig-more#rsa-md5", WHOLE) KEY)),
         &house.rs, false, strong},
        {LETTER(
             SIGNATURE(INFO(C14N, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1", WHOLE) KEY)),
         &house.es, true, strong},
        {LETTER(SIGNATURE(INFO(C14N, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256", WHOLE)
                              KEY)),
         &house.rs, false, strong},
        {LETTER(SIGNATURE(INFO(C14N, "http://www.w3.org/2000/09/xmldsig#hmac-sha1", WHOLE) KEY)),
         &house.rs, false, strong},
        {LETTER(SIGNATURE(
             INFO(C14N, ECDSA256,
                  REFERENCE("URI=\"\"", USUAL, "http://www.w3.org/2000/09/xmldsig#sha1")) KEY)),
         &house.es, true, digests},
        {LETTER(SIGNATURE(
             INFO(C14N, ECDSA256,
                  REFERENCE("URI=\"\"", USUAL, "http://www.w3.org/2001/04/xmldsig-more#md5")) KEY)),
         &house.es, false, digests},
        {LETTER(SIGNATURE(INFO("http://www.w3.org/2000/09/xmldsig#base64", ECDSA256, WHOLE) KEY)),
         &house.es, false, as_dsig},
        {LETTER(SIGNATURE(INFO(C14N, RSA256, WHOLE) KEY)), &house.es, false, as_signed},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        expect_made(cases[i].text, cases[i].seal, cases[i].is_signed, cases[i].expected);
}

static void transforms_that_choose_or_compute_are_refused(void **state)
{
    static const char *const bad[] = {
        "<Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"><XPath>"
        "not(ancestor-or-self::*[local-name()='Name'])</XPath></Transform>",
        "<Transform Algorithm=\"http://www.w3.org/2002/06/xmldsig-filter2\"><XPath xmlns=\"http://"
        "www.w3.org/2002/06/xmldsig-filter2\" Filter=\"subtract\">//*[1]</XPath></Transform>",
        "<Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"><x:stylesheet "
        "version=\"1.0\" xmlns:x=\"http://www.w3.org/1999/XSL/Transform\"><x:template match=\"/\"/>"
        "</x:stylesheet></Transform>",
        TRANSFORM("http://www.w3.org/2000/09/xmldsig#base64"),
        TRANSFORM(ENVELOPED),
        TRANSFORM(C14N) TRANSFORM(C14N),
        "<Transform Algorithm=\"" C14N "\"><XPath>x</XPath></Transform>",
        "<Transform Algorithm=\"" EXCLUSIVE "\"><InclusiveNamespaces xmlns=\"urn:z\"/></Transform>",
        "<Transform/>",
        "<Other Algorithm=\"" C14N "\"/>",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        char *text = changed(LETTER(GOOD), TRANSFORM(EXCLUSIVE), bad[i]);
        expect_made(text, &house.es, false, transforms);
        free(text);
    }
    expect_made(LETTER(SIGNATURE(
                    INFO(C14N, ECDSA256,
                         REFERENCE("URI=\"\"", TRANSFORM(C14N) TRANSFORM(ENVELOPED), SHA256)) KEY)),
                &house.es, false, transforms); /* the wrong way round */
}

static void a_shape_that_readers_could_see_differently_is_refused(void **state)
{
    static const struct {
        const char *from, *to;
        const char *expected;
    } cases[] = {
        {"<DigestValue>", "<DigestValue><!-- x -->", as_dsig},
        {"<SignatureMethod", "<!-- x --><SignatureMethod", as_dsig},
        {"<SignatureMethod", "<?x y?><SignatureMethod", as_dsig},
        {"<SignatureValue>", "<SignatureValue><!-- x -->", as_dsig},
        {"<SignedInfo>", "<Object/><SignedInfo>", as_dsig},
        {"</KeyInfo>", "</KeyInfo><KeyInfo/>", as_dsig},
        {"</KeyInfo>", "</KeyInfo><x xmlns=\"urn:x\"/>", as_dsig},
        {"</KeyInfo>", "</KeyInfo><Object/><Object/><Object/><Object/><Object/>", as_dsig},
        {"<DigestMethod", "<x xmlns=\"urn:x\"/><DigestMethod", as_dsig},
    };
    (void)state;
    char *text = sign(LETTER(GOOD), &house.es);
    for (size_t i = 0; i < COUNT(cases); i++)
        expect_changed(text, cases[i].from, cases[i].to, cases[i].expected);
    free(text);
    expect("<Letter xmlns=\"urn:x\"><Signature "
           "xmlns=\"http://www.w3.org/2000/09/xmldsig#\"/></Letter>",
           as_dsig);
    expect("<Letter><Signature xmlns=\"urn:other\"/></Letter>", "a signature");
}

/* ---- who signed ---- */

static void keys_come_from_certificates_alone(void **state)
{
    static const char *const infos[] = {
        "<KeyInfo><RetrievalMethod URI=\"#x\" Type=\"http://www.w3.org/2000/09/xmldsig#X509Data\"/>"
        "<X509Data><X509Certificate>%s</X509Certificate></X509Data></KeyInfo>",
        "<KeyInfo><X509Data><X509Certificate>%s</X509Certificate></X509Data><KeyInfoReference "
        "xmlns=\"http://www.w3.org/2009/xmldsig11#\" URI=\"#x\"/></KeyInfo>",
        "<KeyInfo><X509Data><X509Certificate>%s</X509Certificate></X509Data><EncryptedKey "
        "xmlns=\"http://www.w3.org/2001/04/xmlenc#\"/></KeyInfo>",
        "<KeyInfo><X509Data><X509Certificate>%s</X509Certificate></X509Data><MgmtData>x</MgmtData>"
        "</KeyInfo>",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(infos); i++) {
        char *text = changed(LETTER(GOOD), KEY, infos[i]);
        expect_made(text, &house.es, false, elsewhere);
        free(text);
    }
    char *text = sign(LETTER(GOOD), &house.es);
    const char *from = strstr(text, "<KeyInfo>");
    char *info = strndup(from, (size_t)(strstr(from, "</KeyInfo>") + 10 - from));
    expect_changed(text, info, "", "the signer's certificate in KeyInfo");
    expect_changed(text, info, "<KeyInfo/>", "the signer's certificate in KeyInfo");
    expect_changed(
        text, info,
        "<KeyInfo><KeyValue><RSAKeyValue><Modulus>AQ==</Modulus><Exponent>AQAB</Exponent>"
        "</RSAKeyValue></KeyValue></KeyInfo>",
        "the signer's certificate in KeyInfo");
    expect_changed(text, "<X509Certificate>", "<X509Certificate>AAAA",
                   "certificates that can be read");
    expect_changed(text, "<X509Certificate>", "<X509Certificate><!-- x -->",
                   "certificates that can be read");
    free(info);
    free(text);
}

static void the_certificate_must_be_good_on_that_day(void **state)
{
    static const char authority[] = "a certificate of a trusted authority";
    static const struct {
        const struct seal *seal;
        const char *expected;
    } cases[] = {
        {&house.stranger, authority},
        {&house.below, authority}, /* its authority's certificate did not come along */
        {&house.old, "a certificate that has not expired"},
        {&house.early, "a certificate that is valid already"},
        {&house.weak, "certificates without SHA-1 or MD5"},
        {&house.other_use, "a certificate that is meant for signing"},
        {&house.authority, "a certificate that is meant for signing"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        expect_made(LETTER(GOOD), cases[i].seal, true, cases[i].expected);
    expect_made(LETTER(SIGNATURE(INFO(EXCLUSIVE, RSA256, WHOLE) KEY)), &house.small, true,
                "an RSA key of 2048 to 8192 bits, or one on P-256, P-384 or P-521");

    /* Another's good certificate does not make a signature his. */
    char *text = fill(LETTER(GOOD), &house.es);
    char *made = seal_xml(text, house.stranger.key);
    expect(made, as_signed);
    free(made);
    free(text);
}

static void a_chain_may_come_in_any_order_and_has_one_signer(void **state)
{
    static const char both[] =
        "<KeyInfo><X509Data><X509Certificate>%s</X509Certificate><X509Certificate>";
    const struct seal *second[] = {&house.middle, &house.es};
    (void)state;
    for (size_t i = 0; i < COUNT(second); i++) {
        char *other = seal_base64(second[i]), *info = NULL;
        assert_true(asprintf(&info, "%s%s</X509Certificate></X509Data></KeyInfo>", both, other) >
                    0);
        char *text = changed(LETTER(GOOD), KEY, info);
        expect_made(text, &house.below, true, i == 0 ? NULL : "the certificates of one signer");
        free(text);
        free(info);
        free(other);
    }
    char *first = seal_base64(&house.middle), *info = NULL;
    assert_true(asprintf(&info,
                         "<KeyInfo><X509Data><X509Certificate>%s</X509Certificate>"
                         "<X509Certificate>%%s</X509Certificate></X509Data></KeyInfo>",
                         first) > 0);
    char *text = changed(LETTER(GOOD), KEY, info);
    expect_made(text, &house.below, true, NULL);
    free(text);
    free(info);
    free(first);
}

static void a_pinned_certificate_needs_no_authority(void **state)
{
    char path[SCRATCH_PATH_SIZE];
    (void)state;
    seal_file(path, (const struct seal *const[]){&house.stranger, NULL});
    struct trust *trust = load(path, NULL);
    const struct partner_signatures policy = {.policy = SIGNATURES_REQUIRED, .trust = trust};
    struct signature_verdict verdict;
    char *text = sign(LETTER(GOOD), &house.stranger);
    check(text, &policy, &verdict);
    assert_non_null(verdict.proved);
    assert_null(strstr(verdict.proved, "Stranger")); /* its issuer is the signer himself */
    signature_verdict_free(&verdict);
    free(text);
    text = sign(LETTER(GOOD), &house.es);
    expect_by(text, &policy, "a certificate of a trusted authority");
    free(text);
    trust_free(trust);
    (void)unlink(path);
}

static void what_an_authority_took_back_does_not_count(void **state)
{
    const struct {
        const struct seal *revoked, *issuer;
        int until_day;
        const char *expected;
    } cases[] = {
        {NULL, &house.authority, 1, NULL},
        {&house.rs, &house.authority, 1, NULL},
        {&house.es, &house.authority, 1, "a certificate that is not revoked"},
        {NULL, &house.authority, -1, "a revocation list that is not too old"},
        {NULL, &house.middle, 1, "a revocation list of each authority"},
        {NULL, &house.stranger, 1, "a revocation list of each authority"},
    };
    (void)state;
    char *text = sign(LETTER(GOOD), &house.es);
    for (size_t i = 0; i < COUNT(cases); i++) {
        char path[SCRATCH_PATH_SIZE];
        seal_list(path, cases[i].issuer, cases[i].revoked, cases[i].until_day);
        struct trust *trust = load(house.anchors, path);
        const struct partner_signatures policy = {.policy = SIGNATURES_REQUIRED, .trust = trust};
        expect_by(text, &policy, cases[i].expected);
        trust_free(trust);
        (void)unlink(path);
    }
    free(text);
}

static void signers_may_be_bound_to_the_partner(void **state)
{
    struct signature_verdict verdict;
    struct partner_certificate signer = {.valid_to = DAY_OPEN_END};
    struct partner_signatures policy = house.policy;
    static const char agreed[] = "a certificate that was agreed with this system";
    (void)state;
    policy.signers = &signer;
    policy.signer_count = 1;
    char *text = sign(LETTER(GOOD), &house.es);
    expect_by(text, &policy, agreed);

    unsigned char *der = NULL;
    int size = i2d_X509(house.es.certificate, &der);
    digest_sha256(der, (size_t)size, signer.fingerprint);
    OPENSSL_free(der);
    expect_by(text, &policy, NULL);
    signer.valid_to = 20200101;
    expect_by(text, &policy, agreed);

    signer = (struct partner_certificate){.subject =
                                              "CN=C\xC3\xA1n b\xE1\xBB\x99 V\xC3\xAD D\xE1\xBB\xA5",
                                          .issuer = "CN=CA",
                                          .valid_to = DAY_OPEN_END};
    expect_by(text, &policy, NULL);
    signer.issuer = "CN=Sub CA";
    expect_by(text, &policy, agreed);
    check(text, &house.policy, &verdict);
    signature_verdict_free(&verdict);
    free(text);
}

/* ---- XAdES ---- */

#define PROPERTIES_TYPE "http://uri.etsi.org/01903#SignedProperties"
#define TO_PART(attributes)                                                                        \
    "<Reference " attributes "><DigestMethod Algorithm=\"" SHA256                                  \
    "\"/><DigestValue></DigestValue></Reference>"
#define TO_PROPERTIES TO_PART("URI=\"#p\" Type=\"" PROPERTIES_TYPE "\"")
#define TO_KEY        TO_PART("URI=\"#k\"")
#define KEY_WITH_ID                                                                                \
    "<KeyInfo Id=\"k\"><X509Data><X509Certificate>%s</X509Certificate></X509Data></KeyInfo>"
#define PROPERTIES(target, method)                                                                 \
    "<Object><q:QualifyingProperties xmlns:q=\"http://uri.etsi.org/01903/v1.3.2#\" "               \
    "Target=\"" target "\"><q:SignedProperties "                                                   \
    "Id=\"p\"><q:SignedSignatureProperties><q:SigningTime>2026-01-01T00:00:"                       \
    "00Z</q:SigningTime><q:SigningCertificateV2><q:Cert><q:CertDigest><DigestMethod "              \
    "Algorithm=\"" method                                                                          \
    "\"/><DigestValue>@D</DigestValue></q:CertDigest></q:Cert></q:SigningCertificateV2>"           \
    "</q:SignedSignatureProperties></q:SignedProperties></q:QualifyingProperties></Object>"
#define XADES_WITH(more)                                                                           \
    LETTER(SIGNATURE(INFO(EXCLUSIVE, ECDSA256, WHOLE TO_PROPERTIES more)                           \
                         KEY_WITH_ID PROPERTIES("#s", SHA256)))

/* The template with the digest of that certificate for @D, signed by `signer`. */
static char *sign_xades(const char *text, const struct seal *named, const struct seal *signer)
{
    unsigned char *der = NULL;
    uint8_t digest[SHA256_SIZE];
    char written[64];
    int size = i2d_X509(named->certificate, &der);
    digest_sha256(der, (size_t)size, digest);
    EVP_EncodeBlock((unsigned char *)written, digest, SHA256_SIZE);
    OPENSSL_free(der);
    char *whole = changed(text, "@D", written);
    char *made = sign(whole, signer);
    free(whole);
    return made;
}

static void signed_properties_belong_to_their_signature(void **state)
{
    static const char properties[] = "signed properties of this very signature";
    static const char named[] = "signed properties that name the signer's certificate";
    const struct {
        const char *text;
        const struct seal *named;
        const char *expected;
    } cases[] = {
        {XADES_WITH(""), &house.es, NULL},
        {XADES_WITH(TO_KEY), &house.es, NULL},
        {XADES_WITH(""), &house.rs, named}, /* another's certificate */
        {XADES_WITH(TO_PROPERTIES), &house.es, properties},
        {XADES_WITH(TO_KEY TO_KEY), &house.es, as_dsig},
        {XADES_WITH(TO_PART("URI=\"#p\"")), &house.es, transforms}, /* not said to be what it is */
        {LETTER(SIGNATURE(INFO(EXCLUSIVE, ECDSA256, WHOLE TO_PROPERTIES)
                              KEY PROPERTIES("#other", SHA256))),
         &house.es, properties},
        {LETTER(SIGNATURE(INFO(EXCLUSIVE, ECDSA256, WHOLE TO_PROPERTIES)
                              KEY PROPERTIES("#s", "http://www.w3.org/2000/09/xmldsig#sha1"))),
         &house.es, named},
        {LETTER(SIGNATURE(INFO(EXCLUSIVE, ECDSA256, TO_PROPERTIES) KEY PROPERTIES("#s", SHA256))),
         &house.es, whole_document},
        {"<Letter xmlns=\"urn:x\"><p Id=\"q\"/>" SIGNATURE(
             INFO(EXCLUSIVE, ECDSA256, WHOLE TO_PART("URI=\"#q\" Type=\"" PROPERTIES_TYPE "\""))
                 KEY PROPERTIES("#s", SHA256)) "</Letter>",
         &house.es, properties}, /* which lie elsewhere */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *text = sign_xades(cases[i].text, cases[i].named, &house.es);
        expect(text, cases[i].expected);
        free(text);
    }
    char *text = sign_xades(XADES_WITH(TO_KEY), &house.es, &house.es);
    expect_changed(text, "2026-01-01", "2025-01-01", as_signed);
    expect_changed(text, "<Code", "<Code Id=\"p\"/><Code", one_id);
    expect_changed(text, "<Code", "<Code id=\"k\"/><Code", one_id);
    free(text);
}

/* ---- what is in files ---- */

static void files_that_cannot_be_used_are_named(void **state)
{
    char path[SCRATCH_PATH_SIZE];
    struct fault why;
    (void)state;
    assert_null(trust_load("/nowhere/x.pem", NULL, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    scratch_text(path, "nothing");
    assert_null(trust_load(path, NULL, &why));
    assert_string_equal(scratch_after_path(path, why.text),
                        ": no certificates in PEM that can be used");
    assert_null(trust_load(house.anchors, path, &why));
    assert_string_equal(scratch_after_path(path, why.text),
                        ": no revocation lists in PEM that can be used");
    scratch_write(path, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    assert_null(trust_load(path, NULL, &why));
    (void)unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_over_the_whole_letter_are_proved),
        cmocka_unit_test(what_is_kept_names_the_certificate_and_not_the_person),
        cmocka_unit_test(the_place_of_what_is_wrong_is_told),
        cmocka_unit_test(without_memory_a_good_signature_is_not_called_bad),
        cmocka_unit_test(every_change_of_the_letter_is_found),
        cmocka_unit_test(a_signature_over_less_is_refused),
        cmocka_unit_test(wrapped_signatures_are_refused),
        cmocka_unit_test(a_signature_may_stand_anywhere_and_is_not_read),
        cmocka_unit_test(weak_and_foreign_algorithms_are_refused),
        cmocka_unit_test(transforms_that_choose_or_compute_are_refused),
        cmocka_unit_test(a_shape_that_readers_could_see_differently_is_refused),
        cmocka_unit_test(keys_come_from_certificates_alone),
        cmocka_unit_test(the_certificate_must_be_good_on_that_day),
        cmocka_unit_test(a_chain_may_come_in_any_order_and_has_one_signer),
        cmocka_unit_test(a_pinned_certificate_needs_no_authority),
        cmocka_unit_test(what_an_authority_took_back_does_not_count),
        cmocka_unit_test(signers_may_be_bound_to_the_partner),
        cmocka_unit_test(signed_properties_belong_to_their_signature),
        cmocka_unit_test(files_that_cannot_be_used_are_named),
    };
    return cmocka_run_group_tests(tests, build, tear_down);
}
