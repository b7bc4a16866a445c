/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INGEST_RECEIVE_H
#define INGEST_RECEIVE_H

#include "http/server.h"

/* POST /v1/handoffs, as the calls of its route. */
void receive_begin(void *own, struct http_request *request);
void receive_handle(void *own, struct http_request *request);
void receive_resumed(void *own, struct http_request *request);
void receive_end(void *own, struct http_request *request);

#endif
