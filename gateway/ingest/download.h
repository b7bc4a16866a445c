/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INGEST_DOWNLOAD_H
#define INGEST_DOWNLOAD_H

#include "http/server.h"

/* GET and HEAD /v1/files/{sha256}, as the calls of its route. */
void download_handle(void *own, struct http_request *request);
void download_resumed(void *own, struct http_request *request);
void download_end(void *own, struct http_request *request);

#endif
