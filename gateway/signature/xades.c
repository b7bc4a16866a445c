/* SPDX-License-Identifier: Apache-2.0 */
/* What XAdES adds to a signature: properties that are signed too (ETSI EN 319 132-1). */
#include "signature/xades.h"

#include "adapt/xml_part.h"

#include <openssl/evp.h>
#include <string.h>

enum { BASE64_MOST = 128 };

/* Target="#ID" of the signature: properties of another one say nothing of this. */
static bool is_target(const xmlNode *qualifying, const xmlNode *signature)
{
    const char *target = xml_value(qualifying, "Target");
    const char *id = xml_value(signature, "Id");
    return target && id && target[0] == '#' && strcmp(target + 1, id) == 0;
}

xmlNode *xades_find(const xmlNode *signature)
{
    for (xmlNode *object = xml_element(signature->children); object;
         object = xml_element(object->next)) {
        const xmlNode *qualifying = xml_is(object, XML_DSIG, "Object")
                                        ? xml_below(object, XADES, "QualifyingProperties")
                                        : NULL;
        if (qualifying && is_target(qualifying, signature))
            return xml_below(qualifying, XADES, "SignedProperties");
    }
    return NULL;
}

static const EVP_MD *digest_of(const xmlNode *method)
{
    static const struct {
        const char *uri;
        const EVP_MD *(*digest)(void);
    } digests[] = {
        {"http://www.w3.org/2001/04/xmlenc#sha256", EVP_sha256},
        {"http://www.w3.org/2001/04/xmldsig-more#sha384", EVP_sha384},
        {"http://www.w3.org/2001/04/xmlenc#sha512", EVP_sha512},
    };
    const char *uri = method ? xml_value(method, "Algorithm") : NULL;
    for (size_t i = 0; uri && i < sizeof digests / sizeof *digests; i++)
        if (strcmp(digests[i].uri, uri) == 0)
            return digests[i].digest();
    return NULL;
}

/* Base64 of a digest in the one way to write it, but for blanks. */
static bool is_written(const unsigned char *digest, unsigned size, const char *text)
{
    unsigned char wanted[BASE64_MOST];
    size_t at = 0;
    int count = EVP_EncodeBlock(wanted, digest, (int)size);
    for (; *text; text++) {
        if (strchr(" \t\r\n", *text))
            continue;
        if (at == (size_t)count || (unsigned char)*text != wanted[at++])
            return false;
    }
    return at == (size_t)count;
}

static bool is_of(const xmlNode *cert, const struct trust_shown *certificate)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    const xmlNode *said = xml_below(cert, XADES, "CertDigest");
    const EVP_MD *method = digest_of(xml_below(said, XML_DSIG, "DigestMethod"));
    const xmlNode *value = xml_below(said, XML_DSIG, "DigestValue");
    const char *text = value ? xml_text(value) : NULL;
    return method && text &&
           EVP_Digest(certificate->der, certificate->size, digest, &size, method, NULL) == 1 &&
           is_written(digest, size, text);
}

bool xades_names(const xmlNode *signed_properties, const struct trust_shown *certificate)
{
    const xmlNode *properties = xml_below(signed_properties, XADES, "SignedSignatureProperties");
    const xmlNode *signing = xml_below(properties, XADES, "SigningCertificateV2");
    if (!signing)
        signing = xml_below(properties, XADES, "SigningCertificate");
    return is_of(xml_below(signing, XADES, "Cert"), certificate); /* the first is the signer's */
}
