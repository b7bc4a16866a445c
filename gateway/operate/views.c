/* SPDX-License-Identifier: Apache-2.0 */
/* What all views share. */
#include "operate/views.h"

#include "operate/answer.h"

struct spool_reader *views_reader(const struct views *views, const struct operator_call *call)
{
    struct fault why;
    struct station *station = stations_here(views->stations, &why);
    if (station)
        return station->reader;
    operate_fault(call->request, &why);
    return NULL;
}
