/* SPDX-License-Identifier: Apache-2.0 */
#ifndef INGEST_HEALTH_H
#define INGEST_HEALTH_H

#include "http/server.h"
#include "ingest/state.h"

/** Makes the gauges of the spool's levels. */
void health_open(struct ingest *ingest);

void health_live(void *own, struct http_request *request);
void health_ready(void *own, struct http_request *request);
void health_metrics(void *own, struct http_request *request);
void health_openapi(void *own, struct http_request *request);

#endif
