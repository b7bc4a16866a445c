/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNATURE_KEY_INFO_H
#define SIGNATURE_KEY_INFO_H

#include "adapt/arena.h"
#include "base/trust.h"

#include <libxml/tree.h>

/** The certificates of a KeyInfo, in the arena: at most TRUST_CHAIN_MOST.  What it says beside is
 * not asked; what would send a reader elsewhere is refused.  NULL, or what was expected. */
const char *key_info_read(const xmlNode *key_info, struct arena *arena,
                          struct trust_shown shown[TRUST_CHAIN_MOST], size_t *count);

#endif
