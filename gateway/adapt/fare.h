/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_FARE_H
#define ADAPT_FARE_H

#include "adapt/loss.h"
#include "adapt/map.h"

/** How a field fares when it is written and read again. */
struct fare {
    enum loss_kind kind;
    char reason[400];
};

/** One message that writes one type of event, and what its reader makes of it. */
struct view {
    const struct message *message;
    uint64_t type; /**< the bit of the type that is written */
    int symbol;
    int back;                      /**< the type that is read; -1: nothing is published */
    bool is_own;                   /**< the event came in this format */
    const struct message *carried; /**< what is within it or beside it, or NULL */
};

struct view view_of(const struct message *message, int symbol, bool is_own);
struct fare fare_of(const struct view *view, const struct field *field);
struct fare fare_of_type(const struct view *view);

/** The name of an event type; NULL when there are not so many, or after the bits of a map. */
const char *event_type_name(const struct adapter *adapter, int symbol);
/** Whether a message has a row for writing the type. */
bool says_type(const struct message *message, int symbol);
/** Whether some document of the adapter becomes an event of the type. */
bool can_become(const struct adapter *adapter, int symbol);
/** Whether some row may fill the field in such an event. */
bool can_read(const struct adapter *adapter, int symbol, const struct field *field);

#endif
