/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_SPOOL_RESTORE_H
#define CLI_SPOOL_RESTORE_H

/** lienthong spool restore: a copy becomes the spool, and what that may repeat is said. */
int cli_spool_restore(int argc, char **argv);

#endif
