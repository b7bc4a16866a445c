/* SPDX-License-Identifier: Apache-2.0 */
/* Forced into every file by the Makefile: calls that have no safe use here do not compile. */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok atoi atol atoll
#pragma GCC poison asctime ctime gmtime localtime tmpnam mktemp

#endif
