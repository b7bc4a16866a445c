/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_ERRAND_H
#define DELIVER_ERRAND_H

#include "base/cleanup.h"
#include "deliver/bring.h"
#include "deliver/fetch.h"
#include "deliver/request.h"
#include "deliver/wanted.h"
#include "spool/delivery.h"

struct peer;

/** One delivery on its way: what the spool says of it, and how far this try has come. */
struct errand {
    struct errand *next;     /**< in the queue that it is in */
    struct peer *peer;       /**< to whom */
    struct request *request; /**< while it is under way */
    const struct adapter *adapter;
    struct fetch *fetch;          /**< instead, while a file of it is fetched */
    struct fetched_list fetched;  /**< files that were */
    struct bring *bring;          /**< files of a service that are on their way here, or are here */
    const struct partner *sender; /**< while it is prepared: who sent the event, if it names files
                                       that may be fetched */

    struct spool_delivery row; /**< as the spool has it; `event` NULL when it is damaged */
    char *texts;               /**< what the row points to */

    bool is_known_there;      /**< update, not create */
    bool was_login_new;       /**< a new login was made for it */
    int resends;              /**< sent anew at once */
    int64_t probe;            /**< what breaker_started gave it */
    int64_t login_generation; /**< of the token that it was sent with */
    int64_t started_at_ms;    /**< time of day */
};

/** A copy of what the spool gives; NULL without memory. */
struct errand *errand_new(const struct spool_delivery *delivery);
void errand_free(struct errand *errand);
ENDS_WITH_SCOPE(struct errand *, errand_free)

/** A queue of them, in order.  Begins as {0}. */
struct errands {
    struct errand *first, *last;
    size_t count;
};
void errands_add(struct errands *errands, struct errand *errand);
void errands_add_first(struct errands *errands, struct errand *errand);
/** The first one, taken out; NULL when there is none. */
struct errand *errands_take(struct errands *errands);
/** Takes this one out. */
void errands_remove(struct errands *errands, struct errand *errand);

#endif
