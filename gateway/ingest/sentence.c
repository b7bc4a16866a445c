/* SPDX-License-Identifier: Apache-2.0 */
/* What became of a delivery, as an official would say it. */
#include "ingest/sentence.h"

#include "api/returned.h"
#include "base/moment.h"
#include "base/text_stream.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum situation {
    IS_WAITING,
    IS_TRIED,
    IS_FETCHED,
    IS_PARKED,
    IS_DEAD,
    IS_UNROUTABLE,
    IS_DISCARDED,
    IS_DELIVERED,
    IS_ACCEPTED,
    IS_REFUSED
};

static const struct {
    const char *state, *vi, *en;
} sentences[] = {
    [IS_WAITING] = {"waiting", "Đang chờ giao cho {partner} từ {since}",
                    "Waits for {partner} since {since}"},
    [IS_TRIED] = {"waiting", "Đang chờ giao cho {partner}: đã thử {times} lần, lần tới lúc {next}",
                  "Waits for {partner}: tried {times} times, next at {next}"},
    [IS_FETCHED] = {"waiting", "{partner} đã lấy {times} lần, lần cuối lúc {at}, chưa trả lời",
                    "{partner} fetched it {times} times, last at {at}, and has not answered"},
    [IS_PARKED] = {"parked", "Đang chờ sau {behind} của cùng hồ sơ",
                   "Waits behind {behind} of the same dossier"},
    [IS_DEAD] = {"dead", "Chưa giao được cho {partner}, cần người xử lý",
                 "Could not be delivered to {partner}, a person has to look"},
    [IS_UNROUTABLE] = {"dead", "Chưa biết giao cho hệ thống nào, cần người xử lý",
                       "Nobody was found to deliver it to, a person has to look"},
    [IS_DISCARDED] = {"discarded", "Người vận hành đã kết thúc việc giao cho {partner} lúc {at}",
                      "An operator ended the delivery to {partner} at {at}"},
    [IS_DELIVERED] = {"delivered", "Đã giao cho {partner} lúc {at}",
                      "Delivered to {partner} at {at}"},
    [IS_ACCEPTED] = {"accepted", "{partner} đã tiếp nhận lúc {at}",
                     "Accepted by {partner} at {at}"},
    [IS_REFUSED] = {"refused", "{partner} đã từ chối lúc {at}", "Refused by {partner} at {at}"},
};

static bool has_cause(const struct spool_delivery *delivery, const char *cause)
{
    return delivery->cause && strcmp(delivery->cause, cause) == 0;
}

static enum situation waiting_of(const struct spool_delivery *delivery)
{
    if (has_cause(delivery, FETCHED_CAUSE))
        return IS_FETCHED;
    return delivery->attempts > 0 ? IS_TRIED : IS_WAITING;
}

static enum situation situation_of(const struct spool_delivery *delivery)
{
    switch (delivery->state) {
    case DELIVERY_WAITING:
        return waiting_of(delivery);
    case DELIVERY_PARKED:
        return IS_PARKED;
    case DELIVERY_DEAD:
        return delivery->partner ? IS_DEAD : IS_UNROUTABLE;
    case DELIVERY_DISCARDED:
        return IS_DISCARDED;
    case DELIVERY_DELIVERED:
    default:
        if (has_cause(delivery, RETURNED_CAUSE))
            return IS_REFUSED;
        return has_cause(delivery, ACCEPTED_CAUSE) ? IS_ACCEPTED : IS_DELIVERED;
    }
}

const char *sentence_state(const struct spool_delivery *delivery)
{
    return sentences[situation_of(delivery)].state;
}

/* What may stand in braces. */
struct words {
    const char *name, *text;
};
enum { WORD_COUNT = 6 };

/* The word at `at`, which is behind a brace; NULL when none of them stands there. */
static const struct words *word_at(const struct words words[WORD_COUNT], const char *at)
{
    size_t size = strcspn(at, "}");
    for (size_t i = 0; i < WORD_COUNT; i++) {
        if (strlen(words[i].name) == size && memcmp(words[i].name, at, size) == 0)
            return &words[i];
    }
    return NULL;
}

static void fill(FILE *out, const char *sentence, const struct words words[WORD_COUNT])
{
    while (*sentence != '\0') {
        size_t plain = strcspn(sentence, "{");
        (void)fwrite(sentence, 1, plain, out);
        sentence += plain;
        if (*sentence == '\0')
            return;
        const struct words *word = word_at(words, sentence + 1);
        if (word)
            (void)fputs(word->text, out);
        sentence += strcspn(sentence, "}") + 1;
    }
}

char *sentence_write(const struct spool_delivery *delivery, const char *name,
                     enum http_language language)
{
    char since[MOMENT_TEXT_SIZE], at[MOMENT_TEXT_SIZE], next[MOMENT_TEXT_SIZE];
    char times[24], behind[24];
    struct text_stream stream;
    enum moment_form form = language == LANGUAGE_VI ? MOMENT_DAY_FIRST : MOMENT_DASH;
    enum situation situation = situation_of(delivery);
    (void)moment_write(delivery->since_ms, form, since);
    (void)moment_write(delivery->last_at_ms, form, at);
    (void)moment_write(delivery->next_at_ms, form, next);
    (void)snprintf(times, sizeof times, "%" PRId64, delivery->attempts);
    (void)snprintf(behind, sizeof behind, "d-%" PRId64, delivery->behind);
    const struct words words[WORD_COUNT] = {
        {"partner", name ? name : "-"},
        {"since", since},
        {"at", at},
        {"next", next},
        {"times", times},
        {"behind", behind},
    };
    FILE *out = text_stream_begin(&stream);
    if (!out)
        return NULL;
    fill(out, language == LANGUAGE_VI ? sentences[situation].vi : sentences[situation].en, words);
    return text_stream_end(&stream, NULL);
}
