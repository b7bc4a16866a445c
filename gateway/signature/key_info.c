/* SPDX-License-Identifier: Apache-2.0 */
/* The certificates that a signature brings.  The key is a certificate's and nothing else's. */
#include "signature/key_info.h"

#include "adapt/xml_part.h"
#include "signature/signer.h"

static const char *take(const xmlNode *element, struct arena *arena,
                        struct trust_shown shown[TRUST_CHAIN_MOST], size_t *count)
{
    const char *text = xml_text(element);
    if (*count == TRUST_CHAIN_MOST)
        return "fewer certificates";
    if (!text || !signer_decode(arena, text, strlen(text), &shown[*count]))
        return "certificates that can be read";
    ++*count;
    return NULL;
}

static const char *take_all(const xmlNode *x509, struct arena *arena,
                            struct trust_shown shown[TRUST_CHAIN_MOST], size_t *count)
{
    const char *flaw = NULL;
    xmlNode *each = xml_element(x509->children);
    for (; each && !flaw; each = xml_element(each->next))
        if (xml_is(each, XML_DSIG, "X509Certificate"))
            flaw = take(each, arena, shown, count);
    return flaw;
}

const char *key_info_read(const xmlNode *key_info, struct arena *arena,
                          struct trust_shown shown[TRUST_CHAIN_MOST], size_t *count)
{
    const char *flaw = NULL;
    *count = 0;
    xmlNode *each = xml_element(key_info->children);
    for (; each && !flaw; each = xml_element(each->next)) {
        if (xml_is(each, XML_DSIG, "X509Data"))
            flaw = take_all(each, arena, shown, count);
        else if (!xml_is(each, XML_DSIG, "KeyValue") && !xml_is(each, XML_DSIG, "KeyName"))
            flaw = "certificates and no references to keys elsewhere";
    }
    if (!flaw && *count == 0)
        flaw = "the signer's certificate in KeyInfo";
    return flaw;
}
