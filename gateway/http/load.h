/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_LOAD_H
#define HTTP_LOAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/** What all requests of one server share: how much is going on, and whether it still may. */
struct http_load {
    int64_t body_memory;        /**< limit of `body_bytes` */
    _Atomic int64_t body_bytes; /**< reserved by bodies that are being received or handled */
    atomic_int requests;        /**< between their head and their end */
    atomic_int busy;            /**< given to a route's handle and not yet answered */
    atomic_bool is_draining;    /**< every answer now ends its connection */
    atomic_bool is_refusing;    /**< no route is called any more */
};

#endif
