/* SPDX-License-Identifier: Apache-2.0 */
/* What one event costs: putting a used value back, filling it, encoding, checking, decoding. */
#include "base/cleanup.h"
#include "event/wire.h"

#include <time.h>

enum { ROUNDS = 100000 };

ENDS_WITH_SCOPE(struct schema *, schema_free)

/** What every step below works on. */
struct bench {
    struct schema *schema;
    avro_value_t event;
    char *bytes;
    size_t size;
    struct fault why;
};

static bool reset(struct bench *bench)
{
    return schema_reset(bench->schema, &bench->event, &bench->why);
}

static bool set_text(avro_value_t *record, const char *name, const char *text)
{
    avro_value_t field;
    if (avro_value_get_by_name(record, name, &field, NULL) != 0)
        return false;
    if (avro_value_get_type(&field) == AVRO_UNION && avro_value_set_branch(&field, 1, &field) != 0)
        return false;
    return avro_value_set_string(&field, text) == 0;
}

static bool add_document(struct bench *bench, const char *name)
{
    avro_value_t documents, document;
    return avro_value_get_by_name(&bench->event, "documents", &documents, NULL) == 0 &&
           avro_value_append(&documents, &document, NULL) == 0 &&
           schema_reset_record(bench->schema, &document, &bench->why) &&
           set_text(&document, "name", name) &&
           set_text(&document, "media_type", "application/pdf");
}

static bool fill(struct bench *bench)
{
    avro_value_t applicant;
    return reset(bench) && set_text(&bench->event, "dossier_code", "000.12.40.H09-250512-0037") &&
           set_text(&bench->event, "procedure_name", "Đăng ký biến động quyền sử dụng đất") &&
           set_text(&bench->event, "summary", "Hồ sơ đăng ký biến động của ông Nguyễn Văn Mẫu") &&
           set_text(&bench->event, "receiving_agency", "000.12.40.H09") &&
           avro_value_get_by_name(&bench->event, "applicant", &applicant, NULL) == 0 &&
           avro_value_set_branch(&applicant, 1, &applicant) == 0 &&
           schema_reset_record(bench->schema, &applicant, &bench->why) &&
           set_text(&applicant, "name", "Nguyễn Văn Mẫu") &&
           set_text(&applicant, "id_number", "099000000001") &&
           add_document(bench, "don-dang-ky.pdf") && add_document(bench, "hop-dong.pdf") &&
           add_document(bench, "ban-do.pdf");
}

static bool encode(struct bench *bench)
{
    free(bench->bytes);
    bench->bytes = wire_encode(bench->schema, &bench->event, &bench->size, &bench->why);
    return bench->bytes;
}

static const struct wire_limits limits = {.text_size = 65536, .items = 10000, .depth = 16};

static bool check(struct bench *bench)
{
    return wire_check(bench->schema, bench->bytes, bench->size, &limits, &bench->why);
}

static bool decode(struct bench *bench)
{
    return wire_decode(bench->schema, bench->bytes, bench->size, &limits, &bench->event,
                       &bench->why);
}

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now); /* cannot fail for this clock */
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static bool measure(struct bench *bench, const char *name, bool (*step)(struct bench *bench))
{
    double start = seconds();
    for (int round = 0; round < ROUNDS; round++)
        if (!step(bench))
            return false;
    printf("%-8s %6.2f us\n", name, (seconds() - start) * 1e6 / ROUNDS);
    return true;
}

int main(void)
{
    struct bench bench = {0};
    auto_free(schema_free) struct schema *schema =
        schema_load("schemas/dossier-event.avsc", &bench.why);
    bench.schema = schema;
    bool is_done = schema && avro_generic_value_new(schema->iface, &bench.event) == 0 &&
                   measure(&bench, "reset", reset) && measure(&bench, "fill", fill) &&
                   measure(&bench, "encode", encode) && measure(&bench, "check", check) &&
                   measure(&bench, "decode", decode);
    if (is_done)
        printf("%zu bytes\n", bench.size);
    else
        fprintf(stderr, "event: %s\n", bench.why.text);
    if (bench.event.iface)
        avro_value_decref(&bench.event);
    free(bench.bytes);
    return is_done ? EXIT_SUCCESS : EXIT_FAILURE;
}
