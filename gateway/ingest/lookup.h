/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INGEST_LOOKUP_H
#define INGEST_LOOKUP_H

#include "http/server.h"

/** GET /v1/handoffs/{receipt}: where one's own handoff is. */
void lookup_receipt(void *own, struct http_request *request);

/** GET /v1/dossiers/{code}: a dossier's entries, as far as they are the caller's to see. */
void lookup_dossier(void *own, struct http_request *request);

#endif
