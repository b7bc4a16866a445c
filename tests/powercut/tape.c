/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the log of a run, which must be whole. */
#include "tape.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void must(bool is_so, const char *otherwise)
{
    if (is_so)
        return;
    (void)fprintf(stderr, "cut: %s\n", otherwise);
    exit(2);
}

static void map(struct tape *tape, const char *path)
{
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    must(file >= 0 && fstat(file, &status) == 0 && status.st_size > 0, "the log cannot be read");
    tape->size = (size_t)status.st_size;
    tape->bytes = mmap(NULL, tape->size, PROT_READ, MAP_PRIVATE, file, 0);
    must(tape->bytes != MAP_FAILED, "the log cannot be mapped");
    (void)close(file); /* mapped */
}

static struct record read_record(const struct tape *tape, size_t place)
{
    struct record record = {0};
    must(place + sizeof record <= tape->size, "the log ends within a record");
    memcpy(&record, tape->bytes + place, sizeof record);
    must(place + sizeof record + record.path_size + record.byte_count <= tape->size,
         "the log ends within a record");
    return record;
}

void tape_load(struct tape *tape, const char *path)
{
    map(tape, path);
    tape->places = calloc(tape->size / sizeof(struct record) + 1, sizeof *tape->places);
    must(tape->places, "memory is out");
    for (size_t place = 0; place < tape->size;) {
        struct record record = read_record(tape, place);
        tape->places[tape->count++] = place;
        place += sizeof record + record.path_size + record.byte_count;
    }
}

struct record tape_at(const struct tape *tape, uint64_t number)
{
    return read_record(tape, tape->places[number]);
}

const char *tape_path(const struct tape *tape, uint64_t number)
{
    return tape->bytes + tape->places[number] + sizeof(struct record);
}
