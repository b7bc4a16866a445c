/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INGEST_UPLOAD_H
#define INGEST_UPLOAD_H

#include "http/server.h"

/* PUT /v1/files/{sha256}, as the calls of its route. */
void upload_begin(void *own, struct http_request *request);
void upload_piece(void *own, struct http_request *request, const char *bytes, size_t size);
void upload_handle(void *own, struct http_request *request);
void upload_resumed(void *own, struct http_request *request);
void upload_end(void *own, struct http_request *request);

#endif
