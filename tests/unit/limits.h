/* SPDX-License-Identifier: Apache-2.0 */
/* How much documents may hold in tests that are about something else. */
#ifndef UNIT_LIMITS_H
#define UNIT_LIMITS_H

#include "adapt/adapter.h"

static const struct adapt_limits usual_limits = {.document_bytes = 1 << 20,
                                                 .depth = 64,
                                                 .nodes = 20000,
                                                 .attributes = 64,
                                                 .names = 2000,
                                                 .text_bytes = 65536,
                                                 .items = 100,
                                                 .problems = 20};

#endif
