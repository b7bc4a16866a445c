/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_ASSETS_H
#define OPERATE_ASSETS_H

#include "http/server.h"

/**
 * The console's pages, scripts and styles: GET / and GET /console/NAME, for everybody, since they
 * hold nothing of anybody's.  They were put into the program by the linker, as they are and
 * compressed.  Browsers keep them and ask each time whether they are still the same (ETag).
 */
const struct http_route *assets_routes(void);

/** The names below /console/, in no order; NULL behind the last. */
const char *assets_name(size_t at);

#endif
