/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_RIGHT_H
#define OPERATE_RIGHT_H

#include <stdbool.h>
#include <stddef.h>

/** What a call needs.  A route without one is refused when the gateway starts. */
enum right {
    RIGHT_MISSING,    /**< of no route */
    RIGHT_VIEW,       /**< lists and states, without personal data */
    RIGHT_CONTENT,    /**< the content of documents, and to unmask it */
    RIGHT_REPAIR,     /**< edit, release, discard, jobs */
    RIGHT_APPROVE,    /**< another person's edit */
    RIGHT_ADMINISTER, /**< partners, publisher, prune, reload, operators */
    RIGHT_SIGNED_IN,  /**< nothing but to be known: me, logout */
    RIGHT_ANYBODY,    /**< not even that: login */
};

/** A set of rights: one bit each. */
typedef unsigned right_set;

/** Whether who holds the set, and is known, may make a call that needs the right. */
bool right_held(right_set held, enum right right);
right_set right_bit(enum right right);
/** The five that roles are made of. */
right_set right_all(void);

/** "view", "content", "repair", "approve", "administer"; NULL for what no role holds. */
const char *right_name(enum right right);
/** RIGHT_MISSING when no right has the name. */
enum right right_named(const char *name);

#endif
