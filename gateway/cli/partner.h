/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_PARTNER_H
#define CLI_PARTNER_H

#include "cli/command.h"

/* Words of `lienthong partner` that ask the daemon. */

int partner_list(int argc, char **argv);
int partner_pause(int argc, char **argv);
int partner_resume(int argc, char **argv);
int partner_test(int argc, char **argv);

#endif
