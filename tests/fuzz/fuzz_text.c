/* SPDX-License-Identifier: Apache-2.0 */
/* The small texts that are read everywhere: moments, numbers, codes, references, ranges, addresses,
 * pieces of a request's target. */
#include "fuzz.h"

#include "base/agency_code.h"
#include "base/file_reference.h"
#include "base/moment.h"
#include "base/number.h"
#include "base/utf8.h"
#include "deliver/fetch_rule.h"
#include "http/range.h"
#include "http/target.h"

#include <netinet/in.h>

/* What was read and written is read the same again. */
static void read_moment(const char *text, size_t size)
{
    struct fault why = {0};
    int64_t moment = 0, again = 0;
    char written[MOMENT_TEXT_SIZE];
    if (!moment_read(text, size, &moment, &why)) {
        stop_if(why.kind != FAULT_REFUSE, why.text);
        return;
    }
    size_t length = moment_write(moment, MOMENT_ISO, written);
    stop_if(length != strlen(written), "not of its length");
    stop_if(!moment_read(written, length, &again, &why) || again != moment, "another moment");
    stop_if(!moment_day_exists(moment_day(moment)), "a day that does not exist");
}

static void read_number(const char *text, size_t size)
{
    char written[24];
    int64_t number = 0;
    if (number_read(text, size, INT64_MIN, INT64_MAX, &number) != NUMBER_GOOD)
        return;
    (void)snprintf(written, sizeof written, "%lld", (long long)number);
    stop_if(strlen(written) != size || memcmp(written, text, size) != 0, "another number");
}

static void read_target(const char *text)
{
    for (enum target_blank blank = BLANK_IS_PLUS; blank <= BLANK_IS_PERCENT; blank++) {
        auto_free(free) char *decoded = target_decode(text, strlen(text), blank);
        if (blank == BLANK_IS_PERCENT)
            stop_if(!decoded == target_is_sound(text), "sound, and not to be decoded");
        for (const char *at = decoded; at && *at; at++)
            stop_if(strchr(text, '%') && !strchr(text, *at) &&
                        ((unsigned char)*at < ' ' || *at == 127),
                    "a control byte out of an escape");
    }
}

static void read_range(const char *text)
{
    static const int64_t sizes[] = {0, 1, 100, INT64_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct range range = {0};
        if (range_read(text, sizes[i], &range) == RANGE_PIECE)
            stop_if(range.first < 0 || range.size < 1 || range.first > sizes[i] - range.size,
                    "a piece that is not in the file");
    }
}

static void read_address(const char *text, const uint8_t *bytes, size_t size)
{
    static const char *const hosts[] = {"files.example.test", "http://localhost:8080"};
    const struct partner partner = {.fetch_files_from = hosts, .fetch_files_from_count = 2};
    struct fetch_rule rule = {0};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    if (fetch_rule_find(&partner, text, &rule))
        stop_if(!strcasestr(text, "files.example.test") && !strcasestr(text, "localhost") &&
                    !strchr(text, '%'),
                "a host that nobody named");
    if (size >= 16) {
        memcpy(&six.sin6_addr, bytes, 16);
        (void)fetch_is_public((const struct sockaddr *)&six);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    uint8_t sha256[SHA256_SIZE];
    auto_free(free) char *exact = exact_copy(bytes, size);
    auto_free(free) char *text = text_copy(bytes, size);
    read_moment(exact, size);
    read_number(exact, size);
    stop_if(agency_code_is_valid(exact, size) && size > AGENCY_CODE_LIMIT, "too long a code");
    (void)file_reference_read(exact, size, sha256);
    stop_if(utf8_valid(exact, size) > size, "more than there is");
    read_target(text);
    read_range(text);
    read_address(text, bytes, size);
    return 0;
}
