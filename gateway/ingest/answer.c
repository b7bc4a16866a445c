/* SPDX-License-Identifier: Apache-2.0 */
/* The answer of the hot path, written straight as text. */
#include "ingest/answer.h"

#include "api/json_text.h"
#include "base/moment.h"
#include "base/text_stream.h"
#include "ingest/proof.h"
#include "ingest/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const state_names[] = {
    [ENTRY_READY] = "accepted",      [ENTRY_PARKED] = "parked",     [ENTRY_DEAD] = "dead",
    [ENTRY_DISCARDED] = "discarded", [ENTRY_RELEASED] = "accepted",
};

/* The spool has what is kept and not published as discarded on arrival, without a cause. */
static const char *name_of(enum entry_state state, const char *cause)
{
    return state == ENTRY_DISCARDED && !cause ? "kept" : state_names[state];
}

const char *answer_state_of(const struct spool_entry *entry)
{
    bool is_on_its_way = entry->state == ENTRY_READY || entry->state == ENTRY_RELEASED;
    if (entry->is_published && is_on_its_way)
        return "published";
    return name_of(entry->state, entry->cause);
}

static void write_member(FILE *out, const char *name, const char *text)
{
    (void)fprintf(out, ",\"%s\":", name);
    if (text)
        json_text_write(out, text);
    else
        (void)fputs("null", out);
}

static void write_agencies(FILE *out, const json_t *agencies)
{
    if (!agencies)
        return;
    (void)fputs(",\"agencies\":", out);
    (void)json_dumpf(agencies, out, JSON_COMPACT); /* the stream knows if memory is out */
}

static void write_receipt(FILE *out, const struct handoff *handoff, size_t index)
{
    const struct spool_item *item = &handoff->items[index];
    const struct spool_receipt *receipt = &handoff->receipts[index];
    char text[RECEIPT_TEXT_SIZE], event_id[UUID_TEXT_SIZE];
    receipt_write(handoff->ingest->receipt_key, receipt->entry, text);
    uuid_text(item->event_id, event_id);
    (void)fprintf(out, "{\"item\":%zu,\"receipt\":\"%s\"", index, text);
    write_member(out, "dossier", item->dossier_code);
    write_member(out, "event_id", item->event_type ? event_id : NULL);
    write_member(out, "event_type", item->event_type);
    /* What has an event was never meant to be but kept: it was discarded since. */
    write_member(out, "state",
                 name_of(receipt->state, item->cause ? item->cause : item->event_type));
    write_agencies(out, handoff->memory[index].agencies);
    (void)fprintf(out, ",\"repeated\":%s}", receipt->verdict == SPOOL_REPEATED ? "true" : "false");
}

static void write_problems(FILE *out, const struct handoff *handoff)
{
    if (!handoff->problems)
        return;
    (void)fputs(",\"problems\":", out);
    (void)json_dumpf(handoff->problems, out, JSON_COMPACT); /* the stream knows if memory is out */
    (void)fprintf(out, ",\"total\":%zu", handoff->problem_total);
}

static void write_proof(FILE *out, const struct handoff *handoff)
{
    char *proof = proof_of_handoff(handoff);
    if (proof)
        (void)fprintf(out, ",\"signed\":\"%s\"", proof); /* base64url and dots */
    free(proof);
}

/* Of several documents nothing is true of all items but how this one came. */
static void write_document(FILE *out, const struct handoff *handoff)
{
    const struct spool_receipt *kept = handoff_kept(handoff);
    const struct spool_document *came = &handoff->document;
    char hex[SHA256_HEX_SIZE], received[MOMENT_TEXT_SIZE];
    digest_hex(kept ? kept->document_sha256 : came->sha256, SHA256_SIZE, hex);
    (void)moment_write(kept ? kept->received_at_ms : came->received_at_ms, MOMENT_ISO_UTC,
                       received);
    (void)fprintf(out, ",\"document_sha256\":\"%s\",\"received_at\":\"%s\"", hex, received);
}

char *answer_receipts(const struct handoff *handoff, size_t *size)
{
    struct text_stream stream;
    FILE *out = text_stream_begin(&stream);
    if (!out)
        return NULL;
    (void)fputs("{\"receipts\":[", out);
    for (size_t i = 0; i < handoff->document.item_count; i++) {
        if (i > 0)
            (void)putc(',', out);
        write_receipt(out, handoff, i);
    }
    (void)putc(']', out);
    write_document(out, handoff);
    write_problems(out, handoff);
    write_proof(out, handoff);
    (void)fputs("}\n", out);
    return text_stream_end(&stream, size);
}
