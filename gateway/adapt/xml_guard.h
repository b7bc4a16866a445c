/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_XML_GUARD_H
#define ADAPT_XML_GUARD_H

#include "adapt/adapter.h"
#include "adapt/guard.h"

/**
 * Whether the bytes may be given to libxml2: UTF-8 without DOCTYPE, within the limits of depth,
 * nodes, attributes and names.  It refuses some documents that are not well-formed, and leaves the
 * others to libxml2, which stops at their first fault.
 */
bool xml_guard(const char *bytes, size_t size, const struct adapt_limits *limits,
               struct name_set *names, struct flaw *flaw);

#endif
