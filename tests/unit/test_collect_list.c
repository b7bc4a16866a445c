/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "deliver/collect_list.h"

static const char *const waiting[] = {"initial", "sent"};
static const struct service_call call = {
    .items = "/data/list", .id = "docId", .state = "status", .waits = waiting, .waits_count = 2};

static struct service_answer answer_of(const char *text)
{
    return (struct service_answer){.status = 200, .body = text, .size = strlen(text)};
}

static void only_what_waits_is_listed_in_its_order(void **state)
{
    (void)state;
    struct fault why;
    const struct service_answer answer =
        answer_of("{\"data\":{\"list\":[{\"docId\":\"b\",\"status\":\"initial\"},"
                  "{\"docId\":\"c\",\"status\":\"done\"},{\"docId\":7,\"status\":\"sent\"},"
                  "{\"docId\":\"x\"}]}}");
    struct letter_list *list = letter_list_read(&call, &answer, &why);
    assert_non_null(list);
    assert_int_equal(letter_list_count(list), 2);
    assert_string_equal(letter_list_at(list, 0).id, "b");
    assert_string_equal(letter_list_at(list, 1).id, "7");
    assert_null(letter_list_at(list, 1).document);
    letter_list_free(list);
}

/* Those that are done are listed for days. */
static void what_is_done_takes_no_place_of_what_waits(void **state)
{
    (void)state;
    enum { DONE = LETTER_LIST_MOST, WAITING = LETTER_LIST_MOST + 1 };
    struct fault why;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    (void)fputs("{\"data\":{\"list\":[", out);
    for (int i = 0; i < DONE + WAITING; i++)
        (void)fprintf(out, "%s{\"docId\":%d,\"status\":\"%s\"}", i > 0 ? "," : "", i,
                      i < DONE ? "done" : "initial");
    (void)fputs("]}}", out);
    assert_int_equal(fclose(out), 0);
    const struct service_answer answer = answer_of(text);
    struct letter_list *list = letter_list_read(&call, &answer, &why);
    assert_non_null(list);
    assert_int_equal(letter_list_count(list), LETTER_LIST_MOST);
    assert_string_equal(letter_list_at(list, 0).id, "1000");
    letter_list_free(list);
    free(text);
}

static void an_empty_mailbox_may_say_so_in_many_ways(void **state)
{
    (void)state;
    static const char *const answers[] = {"{\"data\":{\"list\":[]}}", "{\"data\":{\"list\":null}}",
                                          "{\"data\":{}}", "{}"};
    struct fault why;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        const struct service_answer answer = answer_of(answers[i]);
        struct letter_list *list = letter_list_read(&call, &answer, &why);
        assert_non_null(list);
        assert_int_equal(letter_list_count(list), 0);
        letter_list_free(list);
    }
}

static void what_is_no_list_is_tried_again(void **state)
{
    (void)state;
    static const char *const answers[] = {"", "<html>", "{\"data\":{\"list\":\"x\"}}"};
    struct fault why;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        const struct service_answer answer = answer_of(answers[i]);
        assert_null(letter_list_read(&call, &answer, &why));
        assert_int_equal(why.kind, FAULT_RETRY);
    }
}

static void what_has_no_id_is_counted_and_hides_no_other(void **state)
{
    (void)state;
    struct fault why;
    const struct service_answer answer = answer_of(
        "{\"data\":{\"list\":[{\"status\":\"initial\"},{\"docId\":\"\",\"status\":\"sent\"},"
        "{\"status\":\"done\"},{\"docId\":7,\"status\":\"initial\"}]}}");
    struct letter_list *list = letter_list_read(&call, &answer, &why);
    assert_non_null(list);
    assert_int_equal(letter_list_nameless(list), 2);
    assert_int_equal(letter_list_count(list), 1);
    assert_string_equal(letter_list_at(list, 0).id, "7");
    letter_list_free(list);
}

static void a_letter_is_found_wherever_it_stands(void **state)
{
    (void)state;
    static const struct service_call inside = {.document = "/data", .is_base64 = true};
    static const struct service_call whole = {.document = NULL};
    static const struct {
        const struct service_call *call;
        const char *answer, *text, *letter; /* NULL: none */
        enum fault_kind kind;
    } rows[] = {
        {&inside, "{\"data\":\"PGEvPg==\"}", NULL, "<a/>", FAULT_NONE},
        {&inside, "\n<edXML/>", NULL, "\n<edXML/>", FAULT_NONE},
        {&inside, "{\"data\":\"PGEvPg=\"}", NULL, NULL, FAULT_REFUSE},
        {&inside, "{\"data\":5}", NULL, NULL, FAULT_RETRY},
        {&inside, "", "PGEvPg==", "<a/>", FAULT_NONE},
        {&whole, "{\"a\":1}", NULL, "{\"a\":1}", FAULT_NONE},
        {&whole, "", "<a/>", "<a/>", FAULT_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fault why;
        size_t size;
        const struct service_answer answer = answer_of(rows[i].answer);
        char *letter = letter_document(rows[i].call, &answer, rows[i].text, &size, &why);
        if (!rows[i].letter) {
            assert_null(letter);
            assert_int_equal(why.kind, rows[i].kind);
            continue;
        }
        assert_non_null(letter);
        assert_int_equal(size, strlen(rows[i].letter));
        assert_string_equal(letter, rows[i].letter);
        free(letter);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_waits_is_listed_in_its_order),
        cmocka_unit_test(what_is_done_takes_no_place_of_what_waits),
        cmocka_unit_test(an_empty_mailbox_may_say_so_in_many_ways),
        cmocka_unit_test(what_is_no_list_is_tried_again),
        cmocka_unit_test(what_has_no_id_is_counted_and_hides_no_other),
        cmocka_unit_test(a_letter_is_found_wherever_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
