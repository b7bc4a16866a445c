/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_ROOM_H
#define DELIVER_ROOM_H

#include "deliver/visit.h"
#include "spool/delivery.h"

/**
 * Where those wait who ask for letters.  No thread waits with them: one thread for all looks into
 * the spool whenever a delivery changed there, and wakes the first visit of each partner that has
 * something due.  That visit has its partner's turn until it gives it back, so two visits of one
 * partner are never handed the same letter.
 */
struct room;

struct room *room_open(struct spool *spool, const char *spool_file, struct fault *why)
    __attribute__((warn_unused_result));
/** When the requests of all visits are over, and before spool_close.  Accepts NULL. */
void room_close(struct room *room);

/**
 * The visit, whose request sleeps, is woken once: with `has_turn` as soon as something is due for
 * its partner, else at `until_ticks`.  One whose time is up already is told what is due now.
 * False when memory is out; it is then not woken.
 */
bool room_enter(struct room *room, struct visit *visit, struct fault *why)
    __attribute__((warn_unused_result));
/** Gives its turn back, if it has it.  From any thread. */
void room_leave(struct room *room, struct visit *visit);

/** From now on nobody waits: who is there and who comes is woken at once, without a turn. */
void room_hush(struct room *room);

#endif
