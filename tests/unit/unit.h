/* SPDX-License-Identifier: Apache-2.0 */
/* cmocka's header needs these before it, in this order. */
#ifndef UNIT_UNIT_H
#define UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
