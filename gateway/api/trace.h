/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_TRACE_H
#define API_TRACE_H

enum { TRACEPARENT_SIZE = 56, TRACE_ID_SIZE = 33 };

/** One trace: where a handoff came from and where it is seen again. */
struct trace {
    char parent[TRACEPARENT_SIZE]; /**< the W3C header's value */
    char id[TRACE_ID_SIZE];        /**< the trace id in it: 32 hex digits */
};

/** Goes on with the caller's `traceparent` (W3C Trace Context, level 1); a new trace when it gave
 * none or a malformed one. */
void trace_from(const char *header, struct trace *trace);

#endif
