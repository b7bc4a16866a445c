/* SPDX-License-Identifier: Apache-2.0 */
/* The memory and the life of one call on the mailbox. */
#include "deliver/visit.h"

#include "deliver/claims.h"
#include "deliver/hand_out.h"
#include "deliver/send_back.h"

#include <stdlib.h>

struct visit *visit_new(struct mailbox *mailbox, struct http_request *request,
                        struct caller *caller)
{
    struct visit *visit = calloc(1, sizeof *visit);
    if (!visit) {
        caller_forget(caller);
        return NULL;
    }
    pthread_mutex_init(&visit->lock, NULL);
    tally_add(&mailbox->visits);
    atomic_init(&visit->holders, 1);
    atomic_init(&visit->has_turn, false);
    visit->mailbox = mailbox;
    visit->request = request;
    visit->caller = *caller;
    http_set_own(request, visit);
    return visit;
}

struct visit *visit_hold(struct visit *visit)
{
    atomic_fetch_add(&visit->holders, 1);
    return visit;
}

void visit_release(struct visit *visit)
{
    if (!visit || atomic_fetch_sub(&visit->holders, 1) != 1)
        return;
    visit_let_go(visit);
    hand_out_free(visit->hand_out);
    send_back_free(visit->send_back);
    caller_forget(&visit->caller);
    pthread_mutex_destroy(&visit->lock);
    struct mailbox *mailbox = visit->mailbox;
    free(visit);
    tally_drop(&mailbox->visits);
}

void visit_let_go(struct visit *visit)
{
    if (!visit->claims)
        return;
    claims_give_back(visit->claims, visit->delivery);
    visit->claims = NULL;
}

void visit_sleep(struct visit *visit, struct http_request *request, visit_step next_step)
{
    pthread_mutex_lock(&visit->lock);
    visit->next_step = next_step;
    visit->is_asleep = true;
    http_suspend(request);
    pthread_mutex_unlock(&visit->lock);
}

bool visit_wake(struct visit *visit)
{
    pthread_mutex_lock(&visit->lock);
    bool is_there = visit->is_asleep && visit->request;
    visit->is_asleep = false;
    if (is_there)
        http_resume(visit->request); /* under the lock, so that it cannot end before */
    pthread_mutex_unlock(&visit->lock);
    return is_there;
}

void visit_over(struct visit *visit)
{
    pthread_mutex_lock(&visit->lock);
    visit->request = NULL;
    pthread_mutex_unlock(&visit->lock);
    visit_release(visit);
}
