/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of operators and integrators: finds the command, runs it. */
#include <stdio.h>

int main(void)
{
    (void)fputs("lienthong: no commands yet\n", stderr);
    return 2;
}
