/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_OPERATORS_H
#define OPERATE_OPERATORS_H

#include "base/fault.h"
#include "operate/right.h"

#include <stdbool.h>
#include <stddef.h>

/** One person of operators.yaml. */
struct operator_user {
    const char *name;  /**< a-z, 0-9, '.', '_', '-', at most 40 */
    const char *title; /**< as people know them; the name without one */
    const char
        *password;    /**< an argon2id hash; NULL: nobody signs in by password under this name */
    right_set rights; /**< of all their roles */
    bool disabled;
};

/**
 * Who may: one loading of operators.yaml.  It is held while it is used, so that a newer one can
 * take over.  Without a file there are no users, and the roles that always are: viewer (view),
 * operator (view, content, repair), approver (view, content, approve), administrator (everything).
 */
struct operators;

/** FAULT_REFUSE as "FILE:LINE:COLUMN: what".  `path` NULL: no file. */
struct operators *operators_load(const char *path, struct fault *why)
    __attribute__((warn_unused_result));
void operators_release(struct operators *operators);

/** NULL when there is none of that name. */
const struct operator_user *operators_find(const struct operators *operators, const char *name);
size_t operators_count(const struct operators *operators);
const struct operator_user *operators_at(const struct operators *operators, size_t index);
/** What a role may; 0 for one that is not there. */
right_set operators_role(const struct operators *operators, const char *role);

/** The loading in force. */
struct operators_place;
struct operators_place *operators_place_open(const char *path, struct fault *why)
    __attribute__((warn_unused_result));
void operators_place_close(struct operators_place *place);
/** Held for the caller, who releases it. */
struct operators *operators_current(struct operators_place *place);
/** A bad file keeps the loading before. */
bool operators_reload(struct operators_place *place, struct fault *why)
    __attribute__((warn_unused_result));

#endif
