/* SPDX-License-Identifier: Apache-2.0 */
/* What both syntaxes are held to before they are parsed. */
#include "adapt/guard.h"

#include "adapt/node.h"
#include "base/utf8.h"

struct seen_name {
    const char *name;
    uint32_t size;
    uint32_t hash;
    uint32_t round;
};

void name_set_free(struct name_set *set)
{
    free(set->places);
    *set = (struct name_set){0};
}

bool name_set_clear(struct name_set *set, size_t limit)
{
    uint32_t places = 64;
    while (places < limit * 2 && places < (1u << 30))
        places *= 2;
    set->count = 0;
    if (set->places && set->mask + 1 >= places && ++set->round)
        return true;
    free(set->places);
    set->places = calloc(places, sizeof *set->places);
    set->mask = places - 1;
    set->round = 1;
    return set->places != NULL;
}

bool name_set_add(struct name_set *set, const char *name, size_t size, size_t limit)
{
    uint32_t hash = name_hash(name, size, false);
    uint32_t at = hash & set->mask;
    for (; set->places[at].round == set->round; at = (at + 1) & set->mask) {
        const struct seen_name *seen = &set->places[at];
        if (seen->hash == hash && seen->size == size && memcmp(seen->name, name, size) == 0)
            return true;
    }
    if (set->count >= limit)
        return false;
    set->count++;
    set->places[at] = (struct seen_name){name, (uint32_t)size, hash, set->round};
    return true;
}

void flaw_report(const struct flaw *flaw, const char *bytes, struct findings *findings)
{
    struct utf8_spot spot = {1, 1};
    utf8_pass(&spot, bytes, flaw->offset);
    findings_add(findings, &(struct problem){.rule = flaw->rule,
                                             .path = "/",
                                             .line = spot.line,
                                             .column = spot.column,
                                             .hint = flaw->hint});
}

/* Skips bytes that are plain characters, eight at a time: none is 0, none is over 0x7F. */
static size_t plain_run(const char *bytes, size_t size)
{
    static const uint64_t ones = UINT64_C(0x0101010101010101);
    size_t at = 0;
    for (uint64_t eight; at + sizeof eight <= size; at += sizeof eight) {
        memcpy(&eight, bytes + at, sizeof eight);
        if (((eight - ones) | eight) & (ones << 7))
            break;
    }
    return at;
}

static bool continues(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

/* The length of the character, 0 for none.  Most letters of Vietnamese are met here; the rest,
 * where the second byte's range is narrower, is for base. */
static size_t length_at(const char *bytes, size_t size)
{
    unsigned char first = (unsigned char)bytes[0];
    if (first < 0x80)
        return first != 0;
    if (first >= 0xE1 && first <= 0xEC && size >= 3)
        return continues(bytes[1]) && continues(bytes[2]) ? 3 : 0;
    if (first >= 0xC2 && first <= 0xDF && size >= 2)
        return continues(bytes[1]) ? 2 : 0;
    return utf8_length(bytes, size);
}

bool guard_utf8(const char *bytes, size_t size, struct flaw *flaw)
{
    for (size_t at = 0; at < size;) {
        at += plain_run(bytes + at, size - at);
        for (size_t end = at + 16 < size ? at + 16 : size; at < end;) {
            size_t length = length_at(bytes + at, size - at);
            if (!length) {
                *flaw = (struct flaw){RULE_SYNTAX, at, bytes[at] ? "UTF-8" : "no NUL"};
                return false;
            }
            at += length;
        }
    }
    return true;
}
