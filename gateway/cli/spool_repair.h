/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SPOOL_REPAIR_H
#define CLI_SPOOL_REPAIR_H

/** lienthong spool repair: a new spool of all that can be read of a damaged one. */
int cli_spool_repair(int argc, char **argv);

#endif
