/* SPDX-License-Identifier: Apache-2.0 */
/* XML signatures: the shape is ours to judge, the signature xmlsec's, the signer OpenSSL's. */
#include "signature/xml.h"

#include "adapt/xml.h"
#include "adapt/xml_part.h"
#include "base/cleanup.h"
#include "signature/key_info.h"
#include "signature/signer.h"
#include "signature/xades.h"
#include "signature/xml_shape.h"

#include <errno.h>
#include <pthread.h>
#include <xmlsec/xmlsec.h> /* before errors.h, which needs it */

#include <xmlsec/errors.h>
#include <xmlsec/io.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/openssl/evp.h>
#include <xmlsec/xmldsig.h>

enum { PATH_SIZE = 400, FINDINGS_MOST = 1 };

static const char changed[] = "the document as it was signed";

ENDS_WITH_SCOPE(struct xml_parser *, xml_parser_free)
ENDS_WITH_SCOPE(xmlSecDSigCtxPtr, xmlSecDSigCtxDestroy)
ENDS_WITH_SCOPE(xmlSecKeyPtr, xmlSecKeyDestroy)
ENDS_WITH_SCOPE(xmlSecKeyDataPtr, xmlSecKeyDataDestroy)

/* ---- the library ---- */

static bool is_started; /* written once, by the thread that starts it */

static void start(void)
{
    xmlInitParser();
    is_started = xmlSecInit() == 0 && xmlSecOpenSSLInit() == 0;
    xmlSecIOCleanupCallbacks(); /* nothing that it could open a file or an address with */
    xmlSecErrorsDefaultCallbackEnableOutput(0); /* messages quote documents */
}

static bool start_once(struct fault *why)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    return (pthread_once(&once, start) == 0 && is_started) ||
           fault_set(why, FAULT_BROKEN, "xmlsec does not start");
}

/* ---- the signature ---- */

static bool enable(xmlSecDSigCtxPtr context)
{
    const xmlSecTransformId writing[] = {
        xmlSecTransformInclC14NId,   xmlSecTransformInclC14NWithCommentsId,
        xmlSecTransformInclC14N11Id, xmlSecTransformInclC14N11WithCommentsId,
        xmlSecTransformExclC14NId,   xmlSecTransformExclC14NWithCommentsId,
    };
    const xmlSecTransformId of_references[] = {
        xmlSecTransformEnvelopedId,
        xmlSecOpenSSLTransformSha256Id,
        xmlSecOpenSSLTransformSha384Id,
        xmlSecOpenSSLTransformSha512Id,
    };
    const xmlSecTransformId signing[] = {
        xmlSecOpenSSLTransformRsaSha256Id,   xmlSecOpenSSLTransformRsaSha384Id,
        xmlSecOpenSSLTransformRsaSha512Id,   xmlSecOpenSSLTransformEcdsaSha256Id,
        xmlSecOpenSSLTransformEcdsaSha384Id, xmlSecOpenSSLTransformEcdsaSha512Id,
    };
    bool is_good = true;
    for (size_t i = 0; i < sizeof writing / sizeof *writing; i++)
        is_good &= xmlSecDSigCtxEnableReferenceTransform(context, writing[i]) == 0 &&
                   xmlSecDSigCtxEnableSignatureTransform(context, writing[i]) == 0;
    for (size_t i = 0; i < sizeof of_references / sizeof *of_references; i++)
        is_good &= xmlSecDSigCtxEnableReferenceTransform(context, of_references[i]) == 0;
    for (size_t i = 0; i < sizeof signing / sizeof *signing; i++)
        is_good &= xmlSecDSigCtxEnableSignatureTransform(context, signing[i]) == 0;
    return is_good;
}

/* With the key given, the library does not look into KeyInfo. */
static bool give_key(xmlSecDSigCtxPtr context, EVP_PKEY *key)
{
    auto_free(xmlSecKeyDestroy) xmlSecKeyPtr given = xmlSecKeyCreate();
    if (!given || EVP_PKEY_up_ref(key) != 1)
        return false;
    auto_free(xmlSecKeyDataDestroy) xmlSecKeyDataPtr value = xmlSecOpenSSLEvpKeyAdopt(key);
    if (!value) {
        EVP_PKEY_free(key);
        return false;
    }
    if (xmlSecKeySetValue(given, value) != 0)
        return false;
    (void)steal(value);
    context->signKey = steal(given);
    return true;
}

/* What the library counted must be what we looked at. */
static bool has_succeeded(xmlSecDSigCtxPtr context, const struct xml_shape *shape)
{
    xmlSecPtrListPtr references = &context->signedInfoReferences;
    if (context->status != xmlSecDSigStatusSucceeded ||
        xmlSecPtrListGetSize(references) != shape->references)
        return false;
    for (size_t i = 0; i < shape->references; i++) {
        const xmlSecDSigReferenceCtx *each = xmlSecPtrListGetItem(references, (xmlSecSize)i);
        if (!each || each->status != xmlSecDSigStatusSucceeded)
            return false;
    }
    return true;
}

static bool verify(const struct xml_shape *shape, EVP_PKEY *key, bool *is_good, struct fault *why)
{
    auto_free(xmlSecDSigCtxDestroy) xmlSecDSigCtxPtr context = xmlSecDSigCtxCreate(NULL);
    if (!context || !enable(context) || !give_key(context, key))
        return fault_memory(why);
    context->flags |= XMLSEC_DSIG_FLAGS_IGNORE_MANIFESTS;
    context->enabledReferenceUris =
        xmlSecTransformUriTypeEmpty | xmlSecTransformUriTypeSameDocument;
    errno = 0;
    *is_good = xmlSecDSigCtxVerify(context, shape->signature) == 0 && has_succeeded(context, shape);
    return *is_good || errno != ENOMEM || fault_memory(why);
}

/* ---- the document ---- */

/* "/A/B/Signature", as far as it fits. */
static const char *path_of(const xmlNode *node, struct arena *arena)
{
    char text[PATH_SIZE];
    size_t at = sizeof text - 1;
    text[at] = '\0';
    for (; node && node->type == XML_ELEMENT_NODE; node = node->parent) {
        size_t size = strlen((const char *)node->name);
        if (size + 1 > at)
            break;
        at -= size;
        memcpy(text + at, node->name, size);
        text[--at] = '/';
    }
    const char *path = arena_text(arena, text + at, sizeof text - 1 - at);
    return path && *path ? path : "/";
}

static bool flaw_at(struct signature_found *found, const struct signature_input *input,
                    const xmlNode *node, const char *flaw)
{
    if (node->type != XML_ELEMENT_NODE)
        node = node->parent;
    found->path = path_of(node, input->arena);
    found->line = (int)xmlGetLineNo(node);
    return signature_flaw(found, flaw);
}

static size_t count_signatures(xmlNode *root, xmlNode **first)
{
    size_t count = 0;
    *first = NULL;
    for (xmlNode *node = root; node; node = xml_next(root, node)) {
        if (!xml_is(node, XML_DSIG, "Signature"))
            continue;
        count++;
        if (!*first)
            *first = node;
    }
    return count;
}

static bool judge_signer(const struct signature_input *input, const struct xml_shape *shape,
                         struct signature_found *found, struct fault *why)
{
    struct trust_shown shown[TRUST_CHAIN_MOST];
    size_t count = 0;
    const char *flaw = key_info_read(shape->key_info, input->arena, shown, &count);
    if (flaw)
        return flaw_at(found, input, shape->key_info, flaw);
    if (!signer_judge(input, shown, count, found, why))
        return false;
    if (!found->flaw && shape->signed_properties &&
        !xades_names(shape->signed_properties, &shown[found->signer.which]))
        return flaw_at(found, input, shape->signed_properties,
                       "signed properties that name the signer's certificate");
    return true;
}

static bool judge(const struct signature_input *input, xmlDocPtr document, xmlNode *signature,
                  struct signature_found *found, struct fault *why)
{
    struct xml_shape shape;
    bool is_good = false;
    if (!xml_shape_read(document, signature, &shape))
        return shape.flaw ? flaw_at(found, input, shape.at, shape.flaw) : fault_memory(why);
    found->method = shape.signed_properties ? "xades" : "xmldsig";
    found->algorithm = shape.algorithm;
    found->path = path_of(signature, input->arena);
    found->line = (int)xmlGetLineNo(signature);
    if (!judge_signer(input, &shape, found, why))
        return false;
    if (found->flaw)
        return true;
    if (!verify(&shape, found->signer.key, &is_good, why))
        return false;
    return is_good || flaw_at(found, input, signature, changed);
}

/* Those that the adapter's own parser would give, which reads the same bytes the same way. */
static bool parse(const struct signature_input *input, struct xml_parser *parser,
                  xmlDocPtr *document, struct signature_found *found, struct fault *why)
{
    struct problem problem;
    uint32_t place;
    struct findings findings = {
        .list = &problem, .places = &place, .limit = FINDINGS_MOST, .arena = input->arena};
    const struct word bytes = {input->bytes, input->size};
    findings_clear(&findings);
    if (!xml_parse(parser, &bytes, input->limits, &findings, document, why))
        return false;
    if (*document)
        return true;
    found->path = "/";
    found->line = findings.count ? problem.line : 0;
    found->column = findings.count ? problem.column : 0;
    (void)signature_flaw(found, findings.count && problem.hint ? problem.hint : "well-formed XML");
    found->rule = findings.count ? problem.rule : RULE_SYNTAX;
    return true;
}

static bool look(const struct signature_input *input, struct xml_parser *parser, bool *is_there,
                 struct signature_found *found, struct fault *why)
{
    xmlDocPtr document = NULL;
    xmlNode *signature = NULL;
    if (!parse(input, parser, &document, found, why))
        return false;
    *is_there = true;
    if (!document)
        return true;
    size_t count = count_signatures(xmlDocGetRootElement(document), &signature);
    *is_there = count > 0;
    if (count > 1)
        return flaw_at(found, input, signature, "one signature");
    return count == 0 || judge(input, document, signature, found, why);
}

bool signature_in_xml(const struct signature_input *input, bool *is_there,
                      struct signature_found *found, struct fault *why)
{
    auto_free(xml_parser_free) struct xml_parser *parser =
        start_once(why) ? xml_parser_new(why) : NULL;
    if (!parser)
        return false;
    xml_parser_take_long_texts(parser);
    return look(input, parser, is_there, found, why);
}
