/* SPDX-License-Identifier: Apache-2.0 */
/* A posted document on its whole way: recognised, guarded, parsed, checked, mapped; each good item
 * written again in every format, and what was written read. */
#ifndef FUZZ_DOCUMENT_H
#define FUZZ_DOCUMENT_H

#include "fuzz.h"

#include "adapt/problem.h"
#include "base/utf8.h"
#include "event/wire.h"

enum { FORMATS = 4 };
static const char *const all_formats[FORMATS] = {"dvcqg-json", "dvc2026-json", "edxml",
                                                 "lienthong-xml"};

struct reader {
    const struct schema *schema;
    const struct adapters *adapters;
    struct workbench *bench, *writer; /* an item is its bench's until that is used again */
    const struct adapter *candidates[FORMATS];
    size_t candidate_count;
};

static inline void reader_open(struct reader *reader, const char *const *names, size_t count)
{
    struct fault why = {0};
    reader->schema = fuzz_schema();
    reader->adapters = adapters_load("adapters", reader->schema, &fuzz_limits, &why);
    stop_if(!reader->adapters, why.text);
    reader->bench = workbench_new(reader->adapters, &why);
    reader->writer = workbench_new(reader->adapters, &why);
    stop_if(!reader->bench || !reader->writer, why.text);
    for (size_t i = 0; i < count; i++)
        reader->candidates[i] = adapters_find(reader->adapters, names[i]);
    reader->candidate_count = count;
}

/* ---- back ---- */

static inline bool pass_over(void *own, const struct adapt_item *item, struct fault *why)
{
    (void)own, (void)item, (void)why;
    return true;
}

/* What we write is a document of the format; what else is wrong with it was wrong before. */
static inline void read_again(const struct reader *reader, const struct adapter *adapter,
                              const struct adapt_written *written)
{
    const struct adapt_document document = {.bytes = written->bytes,
                                            .size = written->size,
                                            .candidates = &adapter,
                                            .candidate_count = 1};
    struct reading reading;
    struct fault why = {0};
    stop_if(!adapt_read(reader->writer, &document, pass_over, NULL, &reading, &why), why.text);
    stop_if(reading.adapter != adapter, "what was written is not recognised");
    for (size_t i = 0; i < reading.problem_count; i++)
        stop_if(reading.problems[i].rule == RULE_SYNTAX, "what was written cannot be parsed");
}

static inline void write_item(const struct reader *reader, const struct adapt_item *item,
                              const char *name)
{
    const struct adapt_writing writing = {.file_url = "https://gateway.example.test/{sha256}"};
    struct adapt_written written = {0};
    struct fault why = {0};
    const struct adapter *adapter = adapters_find(reader->adapters, name);
    if (!adapt_write(reader->writer, adapter, &item->event, &writing, &written, &why)) {
        stop_if(why.kind != FAULT_REFUSE, why.text);
        return;
    }
    stop_if(written.bytes[written.size] != '\0', "no NUL behind what was written");
    stop_if(utf8_valid(written.bytes, written.size) != written.size, "it is not UTF-8");
    if (written.size <= (size_t)fuzz_limits.document_bytes)
        read_again(reader, adapter, &written);
    adapt_written_free(&written);
}

/* ---- there ---- */

static inline bool see_item(void *own, const struct adapt_item *item, struct fault *why)
{
    struct reader *reader = own;
    size_t size = 0;
    const char *field, *code;
    avro_value_t event = item->event;
    auto_free(free) char *bytes = wire_encode(reader->schema, &event, &size, why);
    stop_if(!bytes, why->text);
    (void)adapter_speaker(item->adapter, &item->event, &field, &code);
    if (size % 7 == 0)
        adapt_report(reader->bench, RULE_AGENCY, "handoff.to_agency", "X", "an agency");
    for (size_t i = 0; item->is_valid && i < FORMATS; i++)
        write_item(reader, item, all_formats[i]);
    return true;
}

static inline void say_problems(const struct reading *reading)
{
    char text[300];
    for (size_t i = 0; i < reading->problem_count; i++) {
        const struct problem *problem = &reading->problems[i];
        problem_write(problem, i % 2 ? "vi" : "en", text, sizeof text);
        stop_if(!*text, "a problem without words");
        stop_if(problem->value &&
                    utf8_valid(problem->value, strlen(problem->value)) != strlen(problem->value),
                "a value that is not UTF-8");
    }
}

static inline void read_document(struct reader *reader, const uint8_t *bytes, size_t size)
{
    auto_free(free) char *body = exact_copy(bytes, size);
    const struct adapt_document document = {.bytes = body,
                                            .size = size,
                                            .candidates = reader->candidates,
                                            .candidate_count = reader->candidate_count};
    struct reading reading;
    struct fault why = {0};
    stop_if(!adapt_read(reader->bench, &document, see_item, reader, &reading, &why), why.text);
    stop_if(!reading.adapter && reading.problem_total == 0, "nobody's, and nothing is wrong");
    stop_if(reading.problem_count > reading.problem_total, "more problems than there are");
    say_problems(&reading);
}

#endif
