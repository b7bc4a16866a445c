/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka's header needs these before it, in this order. */
#ifndef UNIT_UNIT_H
#define UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

/* What this process has had of the processors, whatever else the machine does meanwhile. */
static inline int64_t spent_ms(void)
{
    struct timespec spent;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
    return (int64_t)spent.tv_sec * 1000 + spent.tv_nsec / 1000000;
}

#endif
