/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_AGENCY_CODE_H
#define BASE_AGENCY_CODE_H

#include <stdbool.h>
#include <stddef.h>

enum { AGENCY_CODE_LIMIT = 35 /**< bytes of the longest code */ };

/**
 * True when the text has the shape of an agency code of either era, H09.40 (QĐ 20/2020/QĐ-TTg) or
 * 000.00.40.H09 (QCVN 102:2016/BTTTT); says nothing of existence.
 */
bool agency_code_is_valid(const char *code, size_t size);

#endif
