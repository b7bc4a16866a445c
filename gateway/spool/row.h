/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_ROW_H
#define SPOOL_ROW_H

#include "spool/database.h"
#include "spool/reader.h"
#include "spool/vault.h"

/** What every query of entries gives, in this order; behind it the event, or NULL where it is not
 * even to be loaded. */
#define ENTRY_COLUMNS                                                                              \
    "e.number, ifnull(e.released, e.number), e.state, e.partner, e.adapter, e.media_type,"         \
    " e.event_type, e.document, e.item, e.received_at, e.occurred_at, e.due_at, e.schema_no,"      \
    " e.dossier_code, e.native_id, e.event_id, e.traceparent, e.cause, e.detail, e.sha256,"        \
    " e.event_digest, CASE e.state WHEN 0 THEN 0 ELSE"                                             \
    " (SELECT revision FROM mended WHERE number = e.number) END, e.event_sealed"

enum query {
    QUERY_FIND,
    QUERY_NEXT_OWN,
    QUERY_NEXT_RELEASED,
    QUERY_NEXT_NOTICE,
    QUERY_DOSSIER,
    QUERY_LIST,
    QUERY_BEHIND,
    QUERY_WATERMARK,
    QUERY_COUNT
};

/** Prepared when they are first asked for: most readers never look at deliveries. */
enum delivery_query {
    DELIVERY_DUE,
    DELIVERY_NEXT_DUE,
    DELIVERY_IS_WAITING,
    DELIVERY_FIND,
    DELIVERY_LIST,
    DELIVERY_LIST_UNDONE,
    DELIVERY_LIST_DOSSIER,
    DELIVERY_NEWEST,
    DELIVERY_NEWEST_UNDONE,
    DELIVERY_NEWEST_DOSSIER,
    DELIVERY_TRAIL,
    DELIVERY_SUMS,
    DELIVERY_PARTNER,
    DELIVERY_QUERY_COUNT
};

struct spool_reader {
    sqlite3 *database;
    sqlite3_stmt *queries[QUERY_COUNT];
    sqlite3_stmt *delivery_queries[DELIVERY_QUERY_COUNT];
    struct statement_cache kept; /* the rest of what is asked often */
    struct vault vault;
    char *opened;      /* the event of the row at hand, when it was sealed */
    int64_t watermark; /* as it was when the call at hand began */
    int64_t damaged;   /* number at which the call at hand found damage; 0: nowhere */
    char **names;      /* by number; NULL where it was not asked for yet */
    size_t name_count;
    uint8_t receipt_key[SHA256_SIZE];
    sqlite3 *facets;        /* FILE.find; NULL: it was not asked for yet, or is not there */
    uint64_t facets_number; /* of that file, which may be replaced */
    int64_t damaged_facets; /* when the one was made that is damaged; 0: none is */
};

/** database_statement of the reader's own. */
sqlite3_stmt *row_statement(struct spool_reader *reader, const char *sql, struct fault *why)
    __attribute__((warn_unused_result));

/** Reads the watermark for what is_published says of the rows to come. */
bool row_watermark(struct spool_reader *reader, struct fault *why)
    __attribute__((warn_unused_result));

/** The text of a name, borrowed from the reader.  One that is not there is damage: `*text` stays as
 * it is. */
bool row_name(struct spool_reader *reader, int64_t no, const char **text, struct fault *why)
    __attribute__((warn_unused_result));

/** Why an entry has no event that is published, or dead in the place of one that is lost; written
 * by rebuild.sql. */
#define LOST_CAUSE "spool:lost"

/** What is said of an entry, by its number, whose is_damaged is set. */
#define DAMAGED_ENTRY "entry %" PRId64 " is damaged: its event is not what was stored"

/** The row at hand as an entry that points into it.  What is damaged is given as far as it can be
 * told. */
bool row_read(struct spool_reader *reader, sqlite3_stmt *row, struct spool_entry *entry,
              struct fault *why) __attribute__((warn_unused_result));

/** A body as its row has it. */
struct kept_body {
    struct body_place place;
    enum sealed_state state;
    struct stored_body stored;
    size_t packed_from; /**< of an original or a revision: size before compression, or 0 */
};
/** What became of an event's bytes. */
struct opened_event {
    const char *bytes; /**< opened when it is sealed: borrowed from the row, or from the reader
                        * until the next one; NULL when it is damaged or shredded */
    size_t size;
    bool is_damaged;
    bool is_shredded;
};
/** False when that cannot be told now: memory or the database failed, or a master key is missing.
 */
bool row_open_event(struct spool_reader *reader, const struct kept_body *event,
                    struct opened_event *opened, struct fault *why)
    __attribute__((warn_unused_result));
/** An original's or a revision's bytes, opened and decompressed, with a NUL behind them; the caller
 * owns them.  FAULT_REFUSE when it was shredded, FAULT_BROKEN when it is damaged. */
char *row_unpack(struct spool_reader *reader, const struct kept_body *body, size_t *size,
                 struct fault *why) __attribute__((warn_unused_result));

#endif
