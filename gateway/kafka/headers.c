/* SPDX-License-Identifier: Apache-2.0 */
/* The headers of our records: CloudEvents 1.0, Kafka protocol binding, binary content mode. */
#include "kafka/headers.h"

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/moment.h"
#include "base/text_stream.h"
#include "kafka/topics.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

enum { HEADER_COUNT = 12, NUMBER_TEXT_SIZE = 32 };

ENDS_WITH_SCOPE(rd_kafka_headers_t *, rd_kafka_headers_destroy)

struct header {
    const char *name;
    const char *value; /* NULL: the record goes without */
};

static rd_kafka_headers_t *build(const struct header *headers, size_t count, struct fault *why)
{
    auto_free(rd_kafka_headers_destroy) rd_kafka_headers_t *built = rd_kafka_headers_new(count);
    for (size_t i = 0; i < count; i++) {
        if (!headers[i].value)
            continue;
        rd_kafka_resp_err_t error =
            rd_kafka_header_add(built, headers[i].name, -1, headers[i].value, -1);
        if (error) {
            fault_set(why, FAULT_BROKEN, "%s: %s", headers[i].name, rd_kafka_err2str(error));
            return NULL;
        }
    }
    return steal(built);
}

/* One segment of a URI path (RFC 3986): whatever is not unreserved is written as %XX. */
static void write_segment(FILE *to, const char *text)
{
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte < 0x80 && (isalnum(byte) || strchr("-._~", byte)))
            (void)fputc(byte, to);
        else
            (void)fprintf(to, "%%%02X", byte);
    }
}

/* `partner` NULL: the gateway itself. */
static char *write_source(const char *gateway_id, const char *partner, struct fault *why)
{
    struct text_stream stream;
    char *source = NULL;
    FILE *to = text_stream_begin(&stream);
    if (to) {
        (void)fputs("/lienthong/", to);
        write_segment(to, gateway_id);
        if (partner) {
            (void)fputc('/', to);
            write_segment(to, partner);
        }
        source = text_stream_end(&stream, NULL);
    }
    if (!source)
        (void)fault_memory(why);
    return source;
}

/* "HANDED_OFF" is vn.lienthong.dossier.handed_off: reverse domain first, as CloudEvents asks. */
static char *write_type(const char *event_type, struct fault *why)
{
    char *type = NULL;
    int size = asprintf(&type, "vn.lienthong.dossier.%s", event_type ? event_type : "unknown");
    if (size < 0) {
        fault_memory(why);
        return NULL;
    }
    for (char *at = type; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    return type;
}

static void write_number(int64_t number, char text[NUMBER_TEXT_SIZE])
{
    (void)snprintf(text, NUMBER_TEXT_SIZE, "%" PRId64, number); /* always fits */
}

rd_kafka_headers_t *headers_of_event(const struct spool_entry *entry, const char *gateway_id,
                                     struct fault *why)
{
    char id[UUID_TEXT_SIZE];
    char time[MOMENT_TEXT_SIZE];
    char number[NUMBER_TEXT_SIZE];
    uuid_text(entry->event_id, id);
    (void)moment_write(entry->occurred_at_ms, MOMENT_ISO_UTC, time); /* its length is not needed */
    char revision[NUMBER_TEXT_SIZE];
    write_number(entry->entry, number);
    write_number(entry->revision, revision);
    auto_free(free) char *type = write_type(entry->event_type, why);
    auto_free(free) char *source = type ? write_source(gateway_id, entry->partner, why) : NULL;
    if (!source)
        return NULL;

    const struct header headers[] = {
        {"ce_specversion", "1.0"},
        {"ce_id", id},
        {"ce_type", type},
        {"ce_source", source},
        {"ce_time", time},
        {"ce_subject", entry->dossier_code},
        {"content-type", "application/avro"},
        {"traceparent", entry->traceparent},
        {"lt_entry", number},
        {"lt_revision", entry->revision ? revision : NULL},
    };
    return build(headers, sizeof headers / sizeof headers[0], why);
}

rd_kafka_headers_t *headers_of_dead_letter(const struct spool_entry *entry, const char *gateway_id,
                                           struct fault *why)
{
    char time[MOMENT_TEXT_SIZE];
    char number[NUMBER_TEXT_SIZE];
    char id[NUMBER_TEXT_SIZE + sizeof "dead-"];
    (void)moment_write(entry->received_at_ms, MOMENT_ISO_UTC, time); /* its length is not needed */
    write_number(entry->entry, number);
    (void)snprintf(id, sizeof id, "dead-%" PRId64, entry->number); /* always fits */
    auto_free(free) char *source = write_source(gateway_id, entry->partner, why);
    if (!source)
        return NULL;

    const struct header headers[] = {
        {"ce_specversion", "1.0"},
        {"ce_id", id},
        {"ce_type", "vn.lienthong.dead-letter"},
        {"ce_source", source},
        {"ce_time", time},
        {"ce_subject", entry->dossier_code},
        {"content-type", "application/avro"},
        {"traceparent", entry->traceparent},
        {"lt_entry", number},
    };
    return build(headers, sizeof headers / sizeof headers[0], why);
}

static const char *notice_type(const char *topic)
{
    if (strcmp(topic, TOPIC_AUDIT) == 0)
        return "vn.lienthong.audit";
    return strcmp(topic, TOPIC_DEAD_LETTERS) == 0 ? "vn.lienthong.dead-letter"
                                                  : "vn.lienthong.delivery";
}

rd_kafka_headers_t *headers_of_notice(const struct spool_entry *entry, const char *gateway_id,
                                      struct fault *why)
{
    char time[MOMENT_TEXT_SIZE];
    char id[NUMBER_TEXT_SIZE + sizeof "notice-"];
    (void)moment_write(entry->received_at_ms, MOMENT_ISO_UTC, time); /* its length is not needed */
    (void)snprintf(id, sizeof id, "notice-%" PRId64, entry->number); /* always fits */
    auto_free(free) char *source = write_source(gateway_id, NULL, why);
    if (!source)
        return NULL;

    const struct header headers[] = {
        {"ce_specversion", "1.0"},
        {"ce_id", id},
        {"ce_type", notice_type(entry->notice->topic)},
        {"ce_source", source},
        {"ce_time", time},
        {"ce_subject", entry->notice->key},
        {"content-type", "application/avro"},
    };
    return build(headers, sizeof headers / sizeof headers[0], why);
}
