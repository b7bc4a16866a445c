/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "cli/decoder.h"
#include "event/wire.h"

ENDS_WITH_SCOPE(struct schema *, schema_free)
ENDS_WITH_SCOPE(struct decoder *, decoder_free)
ENDS_WITH_SCOPE(json_t *, json_decref)

#define EVENT(name, rest)                                                                          \
    "{\"type\":\"record\",\"name\":\"n." name "\",\"fields\":["                                    \
    "{\"name\":\"who\",\"type\":\"string\"" rest "}]}"

static struct schema *parse(const char *text)
{
    struct fault why;
    struct schema *schema = schema_parse(text, strlen(text), &why);
    if (!schema)
        fail_msg("%s", why.text);
    return schema;
}

/** What the decoder shows of `theirs`, or its refusal, beginning with "refused: ". */
static char *shown(const char *theirs_text, enum render_mask mask)
{
    static const char bytes[] = "\x12Mau Thu 9";
    struct fault why;
    auto_free(schema_free) struct schema *ours = parse(EVENT("Event", ",\"pii\":\"basic\""));
    auto_free(schema_free) struct schema *theirs = parse(theirs_text);
    const struct schema *const known[] = {ours, NULL};
    const struct decoder_options options = {.ours = known, .mask = mask};
    auto_free(decoder_free) struct decoder *decoder = decoder_new(&options, &why);
    assert_non_null(decoder);
    /* Under a fingerprint of their own, as a registry's schemas stand under ids of their own. */
    auto_free(json_decref) json_t *json =
        decoder_datum(decoder, theirs->text, 1, bytes, sizeof bytes - 1, &why);
    char *text = NULL;
    if (json)
        return json_dumps(json, JSON_COMPACT);
    return asprintf(&text, "refused: %s", why.text) < 0 ? NULL : text;
}

static void marks_lost_on_the_way_do_not_unmask(void **state)
{
    (void)state;
    auto_free(free) char *masked = shown(EVENT("Event", ""), RENDER_MASKED);
    assert_string_equal(masked, "{\"who\":\"[9]\"}");
    auto_free(free) char *full = shown(EVENT("Event", ""), RENDER_FULL);
    assert_string_equal(full, "{\"who\":\"Mau Thu 9\"}");
}

static void what_is_none_of_ours_is_shown_only_unmasked(void **state)
{
    (void)state;
    auto_free(free) char *masked = shown(EVENT("Other", ""), RENDER_MASKED);
    assert_memory_equal(masked, "refused: ", 9);
    auto_free(free) char *full = shown(EVENT("Other", ""), RENDER_FULL);
    assert_string_equal(full, "{\"who\":\"Mau Thu 9\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_lost_on_the_way_do_not_unmask),
        cmocka_unit_test(what_is_none_of_ours_is_shown_only_unmasked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
