/* SPDX-License-Identifier: Apache-2.0 */
/* What a sender's id stands for already. */
#include "spool/repeat.h"

#include "spool/reader.h"
#include "spool/row.h"

#include <string.h>

void repeat_read(sqlite3_stmt *row, const uint8_t *content_sha256, struct spool_receipt *receipt)
{
    const void *content = sqlite3_column_blob(row, 0);
    bool is_same =
        !content_sha256 || (content && sqlite3_column_bytes(row, 0) == SHORT_DIGEST_SIZE &&
                            memcmp(content, content_sha256, SHORT_DIGEST_SIZE) == 0);
    *receipt = (struct spool_receipt){
        .verdict = is_same ? SPOOL_REPEATED : SPOOL_CONFLICT,
        .entry = sqlite3_column_int64(row, 1),
        .number = sqlite3_column_int64(row, 4),
        .received_at_ms = sqlite3_column_int64(row, 2),
        .item_no = sqlite3_column_int(row, 5),
        .state = (enum entry_state)sqlite3_column_int(row, 3),
    };
    const void *document = sqlite3_column_blob(row, 6);
    if (document && sqlite3_column_bytes(row, 6) == SHA256_SIZE)
        memcpy(receipt->document_sha256, document, SHA256_SIZE);
}

bool spool_look_up(struct spool_reader *reader, const struct spool_id *id,
                   struct spool_receipt *receipt, bool *found, struct fault *why)
{
    uint8_t key[SHORT_DIGEST_SIZE];
    auto_free(statement_rest) sqlite3_stmt *find = row_statement(reader, REPEAT_SQL, why);
    if (!find)
        return false;
    dedupe_key(id->partner, id->native_id, id->native_id_size, NULL, key);
    bind_bytes(find, 1, key, sizeof key);
    if (!database_next(reader->database, find, "look for an id", found, why))
        return false;
    if (*found)
        repeat_read(find, id->content_sha256, receipt);
    return true;
}
