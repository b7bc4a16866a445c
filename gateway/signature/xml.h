/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNATURE_XML_H
#define SIGNATURE_XML_H

#include "signature/found.h"

/**
 * The enveloped XML signature of a document: XML-DSig, or XAdES with signed properties, judged over
 * these bytes.  `*is_there` is false for a document without one.  A document that cannot be parsed
 * within the limits has the rule that it breaks for a flaw.  False for faults of our own.
 *
 * Nothing is fetched and no file is read.  Any thread may call it.
 */
bool signature_in_xml(const struct signature_input *input, bool *is_there,
                      struct signature_found *found, struct fault *why)
    __attribute__((warn_unused_result));

#endif
