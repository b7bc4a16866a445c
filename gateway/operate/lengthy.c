/* SPDX-License-Identifier: Apache-2.0 */
/* An act goes to its thread and comes back to its request, where it is put on record. */
#include "operate/lengthy.h"

#include "operate/answer.h"

#include <stdlib.h>

/* The aside's part: it ends before the request may. */
struct going {
    struct aside_work work;
    struct lengthy *lengthy;
};

static void run(struct aside *aside, struct aside_work *work, struct spool_reader *reader)
{
    struct lengthy *lengthy = ((struct going *)work)->lengthy;
    (void)aside, (void)reader;
    lengthy->done = lengthy->run(lengthy, &lengthy->why);
    http_resume(work->request); /* from here on nothing of it is ours */
}

void lengthy_begin(struct aside *aside, struct operator_call *call, struct lengthy *lengthy)
{
    struct fault why;
    struct going *going = calloc(1, sizeof *going);
    call->own = lengthy;
    if (!lengthy || !going) {
        free(going);
        (void)fault_memory(&why);
        operate_fault(call->request, &why);
        return;
    }
    if (!guard_begin(call, &lengthy->act)) {
        free(going);
        return;
    }
    going->lengthy = lengthy;
    going->work.run = run;
    if (!aside_put(aside, call->request, &going->work, &why))
        guard_conclude(call, &lengthy->act, NULL, &why);
}

void lengthy_resumed(void *own, struct operator_call *call)
{
    struct lengthy *lengthy = call->own;
    json_t *done = lengthy->done;
    (void)own;
    lengthy->done = NULL;
    guard_conclude(call, &lengthy->act, done, &lengthy->why);
}

void lengthy_end(void *own, struct operator_call *call)
{
    struct lengthy *lengthy = call->own;
    (void)own;
    if (lengthy)
        json_decref(lengthy->done);
    free(lengthy);
}
