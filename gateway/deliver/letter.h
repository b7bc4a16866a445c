/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DELIVER_LETTER_H
#define DELIVER_LETTER_H

#include "spool/delivery.h"

/** One delivery, copied so that the spool can be asked more while it is looked at. */
struct letter {
    struct spool_delivery delivery; /**< its pointers are into `memory`, or NULL */
    char *memory;
};

/** FAULT_REFUSE when there is none of that number.  The caller ends it with letter_free. */
bool letter_load(struct spool_reader *reader, int64_t delivery, struct letter *letter,
                 struct fault *why) __attribute__((warn_unused_result));
void letter_free(struct letter *letter);

/** Whether it is addressed to that partner. */
bool letter_is_to(const struct letter *letter, const char *partner);

/** "d-17", as partners know it. */
enum { LETTER_ID_SIZE = 24 };
void letter_write_id(int64_t delivery, char text[LETTER_ID_SIZE]);
bool letter_read_id(const char *text, int64_t *delivery);

#endif
