/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon: wires the stages together, and stops them in order. */
#include <stdio.h>

int main(void)
{
    (void)fputs("lienthongd: nothing wired yet\n", stderr);
    return 1;
}
