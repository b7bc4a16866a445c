/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNATURE_XADES_H
#define SIGNATURE_XADES_H

#include "base/trust.h"

#include <libxml/tree.h>

#define XADES                   "http://uri.etsi.org/01903/v1.3.2#"
#define XADES_SIGNED_PROPERTIES "http://uri.etsi.org/01903#SignedProperties"

/** The SignedProperties of a signature, whose QualifyingProperties must name it where they name
 * one; NULL when it has none. */
xmlNode *xades_find(const xmlNode *signature);

/** Whether they name this certificate as the signer's, by a digest of SHA-256 or stronger. */
bool xades_names(const xmlNode *signed_properties, const struct trust_shown *certificate);

#endif
