/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_FIXTURES_H
#define ADAPT_FIXTURES_H

#include "adapt/adapter.h"

#include <stdio.h>

struct fixture_sums {
    size_t passed;
    size_t failed;
};

/**
 * Runs an adapter's fixtures: accept/NAME.ext must become the events of accept/NAME.ext.event.json
 * (a list, in the order of items; a member left out of the file must be at its default), and come
 * back the same through write and read; reject/NAME.ext must get exactly the problems of
 * reject/NAME.ext.problems.json ([{"rule","path","line"?}]).  Says on `out` what failed and how it
 * differs.  False only when the folder cannot be used.
 */
bool fixtures_run(struct workbench *bench, const struct adapter *adapter, const char *folder,
                  FILE *out, struct fixture_sums *sums, struct fault *why)
    __attribute__((warn_unused_result));

#endif
