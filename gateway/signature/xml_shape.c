/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an XML signature may look like here.  XML-DSig allows nearly everything; attacks live on
 * what a verifier allows and a reader does not expect.  So: one shape, looked at before anything is
 * computed.
 */
#include "signature/xml_shape.h"

#include "adapt/xml_part.h"
#include "signature/xades.h"

#include <libxml/valid.h>
#include <string.h>

enum { ID_MOST = 200, OBJECTS_MOST = 4 };

static const char as_dsig[] = "a signature built as XML-DSig says";
static const char whole[] = "a signature over the whole document";

/* ---- algorithms ---- */

struct algorithm {
    const char *uri, *name;
};

static const struct algorithm signing[] = {
    {"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "rsa-sha256"},
    {"http://www.w3.org/2001/04/xmldsig-more#rsa-sha384", "rsa-sha384"},
    {"http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", "rsa-sha512"},
    {"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", "ecdsa-sha256"},
    {"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384", "ecdsa-sha384"},
    {"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", "ecdsa-sha512"},
    {NULL, NULL},
};
static const struct algorithm digests[] = {
    {"http://www.w3.org/2001/04/xmlenc#sha256", "sha256"},
    {"http://www.w3.org/2001/04/xmldsig-more#sha384", "sha384"},
    {"http://www.w3.org/2001/04/xmlenc#sha512", "sha512"},
    {NULL, NULL},
};
#define EXCLUSIVE "http://www.w3.org/2001/10/xml-exc-c14n#"
static const struct algorithm canonical[] = {
    {"http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "c14n"},
    {"http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments", "c14n"},
    {"http://www.w3.org/2006/12/xml-c14n11", "c14n"},
    {"http://www.w3.org/2006/12/xml-c14n11#WithComments", "c14n"},
    {EXCLUSIVE, "exclusive"},
    {EXCLUSIVE "WithComments", "exclusive"},
    {NULL, NULL},
};
static const struct algorithm enveloped[] = {
    {XML_DSIG "enveloped-signature", "enveloped"},
    {NULL, NULL},
};

static const char *algorithm_of(const xmlNode *method, const struct algorithm *list)
{
    const char *uri = xml_value(method, "Algorithm");
    for (; uri && list->uri; list++)
        if (strcmp(list->uri, uri) == 0)
            return list->name;
    return NULL;
}

static bool refuse(struct xml_shape *shape, const xmlNode *at, const char *flaw)
{
    shape->flaw = flaw;
    shape->at = at;
    return false;
}

/* Parameters would be another algorithm: a shorter HMAC, an XPath. */
static bool is_bare(const xmlNode *method)
{
    return !xml_element(method->children);
}

/* The exclusive form may name prefixes, which only makes more of them count. */
static bool is_canonical(const xmlNode *method)
{
    const char *name = algorithm_of(method, canonical);
    xmlNode *parameter = xml_element(method->children);
    if (!name)
        return false;
    if (!parameter)
        return true;
    return strcmp(name, "exclusive") == 0 && xml_is(parameter, EXCLUSIVE, "InclusiveNamespaces") &&
           is_bare(parameter) && !xml_element(parameter->next);
}

/* ---- ids ---- */

static bool is_id(const char *text)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_.-";
    size_t size = strlen(text);
    return size > 0 && size <= ID_MOST && text[strspn(text, letters)] == '\0';
}

static bool may_be_id(const xmlAttr *attribute)
{
    return xmlStrcasecmp(attribute->name, (const xmlChar *)"id") == 0;
}

static bool has_value(xmlDoc *document, const xmlAttr *attribute, const char *value)
{
    xmlChar *text = xmlNodeListGetString(document, attribute->children, 1);
    bool has = text && strcmp((const char *)text, value) == 0;
    xmlFree(text);
    return has;
}

/* How many elements have this id, by whatever name and namespace of the attribute. */
static size_t count_id(xmlDoc *document, const char *value)
{
    xmlNode *root = xmlDocGetRootElement(document);
    size_t count = 0;
    for (xmlNode *node = root; node; node = xml_next(root, node))
        for (xmlAttr *each = node->type == XML_ELEMENT_NODE ? node->properties : NULL; each;
             each = each->next)
            count += may_be_id(each) && has_value(document, each, value);
    return count;
}

static xmlAttr *find_id(xmlDoc *document, const xmlNode *element, const char *value)
{
    for (xmlAttr *each = element->properties; each; each = each->next)
        if (may_be_id(each) && has_value(document, each, value))
            return each;
    return NULL;
}

/* Makes the id known to libxml2, which looks it up for "#id"; xml:id it knows by itself. */
static bool register_id(struct xml_shape *shape, const xmlNode *element, const char *value)
{
    xmlDoc *document = shape->document;
    xmlAttr *attribute = find_id(document, element, value);
    if (!attribute)
        return refuse(shape, element, whole);
    if (count_id(document, value) != 1)
        return refuse(shape, element, "an id that no other element has");
    if (attribute->atype != XML_ATTRIBUTE_ID &&
        !xmlAddID(NULL, document, (const xmlChar *)value, attribute))
        return refuse(shape, element, NULL);
    return true;
}

/* ---- references ---- */

static bool check_transforms(struct xml_shape *shape, const xmlNode *transforms, bool is_of_root)
{
    static const char flaw[] = "no transforms but enveloped-signature and canonicalisation";
    size_t removed = 0, written = 0;
    xmlNode *each = transforms ? xml_element(transforms->children) : NULL;
    for (; each; each = xml_element(each->next)) {
        bool is_removal = algorithm_of(each, enveloped) && is_bare(each);
        if (!xml_is(each, XML_DSIG, "Transform") || (!is_removal && !is_canonical(each)))
            return refuse(shape, each, flaw);
        if (written > 0)
            return refuse(shape, each, flaw);
        removed += is_removal;
        written += !is_removal;
    }
    return removed == (is_of_root ? 1 : 0) || refuse(shape, shape->signed_info, flaw);
}

static bool check_root(struct xml_shape *shape, const xmlNode *reference, const char *uri)
{
    (void)reference;
    return uri[0] == '\0' || register_id(shape, xmlDocGetRootElement(shape->document), uri + 1);
}

static bool check_properties(struct xml_shape *shape, const xmlNode *reference, const char *uri)
{
    static const char flaw[] = "signed properties of this very signature";
    xmlNode *properties = xades_find(shape->signature);
    if (shape->signed_properties || !properties || uri[0] != '#' ||
        !find_id(shape->document, properties, uri + 1))
        return refuse(shape, reference, flaw);
    shape->signed_properties = properties;
    return register_id(shape, properties, uri + 1);
}

static bool check_key(struct xml_shape *shape, const xmlNode *reference, const char *uri)
{
    if (shape->has_signed_key)
        return refuse(shape, reference, as_dsig);
    shape->has_signed_key = true;
    return register_id(shape, shape->key_info, uri + 1);
}

/* Transforms, if any, then how the digest is made, and the digest. */
static bool check_digest(struct xml_shape *shape, const xmlNode *reference, bool is_of_root)
{
    xmlNode *next = xml_element(reference->children);
    const xmlNode *transforms = xml_is(next, XML_DSIG, "Transforms") ? next : NULL;
    xmlNode *method = transforms ? xml_element(next->next) : next;
    xmlNode *value = method ? xml_element(method->next) : NULL;
    if (!xml_is(method, XML_DSIG, "DigestMethod") || !xml_is(value, XML_DSIG, "DigestValue") ||
        xml_element(value->next) || !xml_text(value))
        return refuse(shape, reference, as_dsig);
    if (!algorithm_of(method, digests) || !is_bare(method))
        return refuse(shape, method, "digests by SHA-256 or stronger");
    return check_transforms(shape, transforms, is_of_root);
}

typedef bool check_target(struct xml_shape *shape, const xmlNode *reference, const char *uri);

/* What the reference is to: parts of this signature, which nobody reads, or the root. */
static check_target *target_of(const struct xml_shape *shape, const xmlNode *reference,
                               const char *uri)
{
    const char *type = xml_value(reference, "Type");
    if (type && strcmp(type, XADES_SIGNED_PROPERTIES) == 0)
        return check_properties;
    if (uri[0] == '#' && find_id(shape->document, shape->key_info, uri + 1))
        return check_key;
    return check_root;
}

static bool check_reference(struct xml_shape *shape, const xmlNode *reference, bool *is_of_root)
{
    const char *uri = xml_value(reference, "URI");
    if (!xml_is(reference, XML_DSIG, "Reference"))
        return refuse(shape, reference, as_dsig);
    if (!uri || (uri[0] != '\0' && (uri[0] != '#' || !is_id(uri + 1))))
        return refuse(shape, reference, "references to elements of this document alone");
    check_target *check = target_of(shape, reference, uri);
    *is_of_root = check == check_root;
    return check_digest(shape, reference, *is_of_root) && check(shape, reference, uri);
}

static bool check_references(struct xml_shape *shape, xmlNode *first)
{
    size_t roots = 0;
    for (xmlNode *each = first; each; each = xml_element(each->next)) {
        bool is_of_root = false;
        if (!check_reference(shape, each, &is_of_root))
            return false;
        roots += is_of_root;
        shape->references++;
        if (roots > 1)
            return refuse(shape, each, whole);
    }
    return roots == 1 || refuse(shape, shape->signed_info, whole);
}

/* ---- the whole ---- */

/* A comment inside a digest is read by some and not by others. */
static bool check_nodes(struct xml_shape *shape)
{
    xmlNode *top = shape->signed_info;
    for (xmlNode *node = xml_next(top, top); node; node = xml_next(top, node))
        if (node->type != XML_ELEMENT_NODE && node->type != XML_TEXT_NODE)
            return refuse(shape, node, as_dsig);
    return true;
}

static bool check_signed_info(struct xml_shape *shape)
{
    xmlNode *writing = xml_element(shape->signed_info->children);
    xmlNode *method = writing ? xml_element(writing->next) : NULL;
    if (!xml_is(writing, XML_DSIG, "CanonicalizationMethod") ||
        !xml_is(method, XML_DSIG, "SignatureMethod") || !is_canonical(writing))
        return refuse(shape, shape->signed_info, as_dsig);
    shape->algorithm = is_bare(method) ? algorithm_of(method, signing) : NULL;
    if (!shape->algorithm)
        return refuse(shape, method, "RSA or ECDSA with SHA-256 or stronger");
    return check_nodes(shape) && check_references(shape, xml_element(method->next));
}

static bool check_parts(struct xml_shape *shape)
{
    xmlNode *info = xml_element(shape->signature->children);
    xmlNode *value = info ? xml_element(info->next) : NULL;
    xmlNode *key = value ? xml_element(value->next) : NULL;
    size_t objects = 0;
    if (!xml_is(info, XML_DSIG, "SignedInfo") || !xml_is(value, XML_DSIG, "SignatureValue") ||
        !xml_text(value))
        return refuse(shape, shape->signature, as_dsig);
    if (!xml_is(key, XML_DSIG, "KeyInfo"))
        return refuse(shape, shape->signature, "the signer's certificate in KeyInfo");
    for (xmlNode *each = xml_element(key->next); each; each = xml_element(each->next))
        if (!xml_is(each, XML_DSIG, "Object") || ++objects > OBJECTS_MOST)
            return refuse(shape, each, as_dsig);
    shape->signed_info = info;
    shape->key_info = key;
    return true;
}

bool xml_shape_read(xmlDoc *document, xmlNode *signature, struct xml_shape *shape)
{
    *shape = (struct xml_shape){.document = document, .signature = signature};
    if (signature == xmlDocGetRootElement(document))
        return refuse(shape, signature, "a signature inside the document");
    return check_parts(shape) && check_signed_info(shape);
}
