/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_LEAP_H
#define SPOOL_LEAP_H

/** Where the highest number that was ever given is not known, the next one is so much higher than
 * the highest that is left.  More than a page, a log or a queue can hold. */
enum { NUMBER_LEAP = 1000000 };

#endif
