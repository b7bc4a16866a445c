/* SPDX-License-Identifier: Apache-2.0 */
/* What the clients were told, and at which records. */
#include "promises.h"

#include "base/cleanup.h"

#include <inttypes.h>

static bool read_promise(const char *line, struct promise *promise)
{
    char hex[SHA256_HEX_SIZE] = "";
    *promise = (struct promise){.given_at = UINT64_MAX,
                                .gone_at = UINT64_MAX,
                                .shredding_at = UINT64_MAX,
                                .shredded_at = UINT64_MAX};
    if (sscanf(line, "handoff %" SCNu32 " %" SCNu32 " %" SCNu32 " %63s %d %64s", &promise->process,
               &promise->port, &promise->answer, promise->receipt, &promise->item, hex) == 6)
        return digest_unhex(hex, SHA256_SIZE, promise->sha256);
    promise->kind = PROMISE_DELIVERY;
    if (sscanf(line, "delivery %" SCNu32 " %" SCNu32 " %" SCNu32 " %" SCNd64, &promise->process,
               &promise->port, &promise->answer, &promise->delivery) == 4)
        return true;
    promise->kind = PROMISE_FILE;
    return sscanf(line, "file %" SCNu32 " %" SCNu32 " %" SCNu32 " %63s %64s", &promise->process,
                  &promise->port, &promise->answer, promise->partner, hex) == 5 &&
           digest_unhex(hex, SHA256_SIZE, promise->sha256);
}

static uint64_t find_mark(const struct tape *tape, uint32_t mark)
{
    uint64_t number = 0;
    bool is_found = false;
    for (; !is_found && number < tape->count; number++) {
        struct record record = tape_at(tape, number);
        is_found = record.kind == RECORD_MARK && record.number == mark;
    }
    must(is_found, "a mark is not in the log");
    return number;
}

static bool read_gone(struct promises *promises, const char *line, const struct tape *tape)
{
    uint32_t mark = 0;
    size_t number = 0;
    if (sscanf(line, "gone %" SCNu32 " %zu", &mark, &number) != 2 || number >= promises->count)
        return false;
    promises->list[number].gone_at = find_mark(tape, mark);
    return true;
}

/* The first order counts: a document of several dossiers may have more than one. */
static bool read_shredded(struct promises *promises, const char *line, const struct tape *tape)
{
    uint32_t before = 0, after = 0;
    size_t number = 0;
    if (sscanf(line, "shredded %" SCNu32 " %" SCNu32 " %zu", &before, &after, &number) != 3 ||
        number >= promises->count)
        return false;
    struct promise *promise = &promises->list[number];
    if (promise->shredding_at == UINT64_MAX) {
        promise->shredding_at = find_mark(tape, before);
        promise->shredded_at = find_mark(tape, after);
    }
    return true;
}

static void read_lines(struct promises *promises, FILE *file, const struct tape *tape)
{
    auto_free(free) char *line = NULL;
    size_t room = 0, most = 0;
    while (getline(&line, &room, file) > 0) {
        if (promises->count == most) {
            most = most ? 2 * most : 1024;
            promises->list = reallocarray(promises->list, most, sizeof *promises->list);
            must(promises->list, "memory is out");
        }
        if (read_promise(line, &promises->list[promises->count]))
            promises->count++;
        else
            must(read_gone(promises, line, tape) || read_shredded(promises, line, tape),
                 "a line of the answers is not understood");
    }
}

/* Ports of one process of the daemon, and how many answers went to each. */
struct ports {
    uint32_t process;
    uint32_t answers[UINT16_MAX + 1];
};

static void give(struct promises *promises, const struct ports *ports, uint32_t port, uint64_t at)
{
    for (size_t i = 0; i < promises->count; i++) {
        struct promise *promise = &promises->list[i];
        if (promise->process == ports->process && promise->port == port &&
            promise->answer == ports->answers[port])
            promise->given_at = at;
    }
}

/* A promise without an answer would never be judged. */
static void match(struct promises *promises, const struct tape *tape, uint64_t early)
{
    static struct ports ports;
    for (uint64_t i = 0; i < tape->count; i++) {
        struct record record = tape_at(tape, i);
        if (record.kind == RECORD_START) {
            uint32_t process = ports.process + 1;
            ports = (struct ports){.process = process};
        } else if (record.kind == RECORD_ANSWER) {
            uint32_t port = record.number & UINT16_MAX;
            ports.answers[port]++;
            give(promises, &ports, port, i + 1 > early ? i + 1 - early : 1);
        }
    }
    for (size_t i = 0; i < promises->count; i++)
        must(promises->list[i].given_at != UINT64_MAX, "an answer is not in the log");
}

void promises_load(struct promises *promises, const char *path, const struct tape *tape,
                   uint64_t early)
{
    auto_free(fclose) FILE *file = fopen(path, "re");
    must(file != NULL, "the answers cannot be read");
    read_lines(promises, file, tape);
    match(promises, tape, early);
}
