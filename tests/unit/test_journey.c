/* SPDX-License-Identifier: Apache-2.0 */
/* What the parties to a dossier are told of its deliveries. */
#include "mailbox_house.h"

#include "ingest/sentence.h"

static const struct sample first = {"M-1", "000.12.40.H09-250512-0001"};
static const struct sample second = {"M-2", "000.12.40.H09-250512-0001"};

#define DOSSIER "GET /v1/dossiers/000.12.40.H09-250512-0001"

static json_t *entry_of(const json_t *journey, size_t index)
{
    return json_array_get(json_object_get(journey, "entries"), index);
}

static json_t *deliveries_of(const json_t *entry)
{
    return json_object_get(entry, "deliveries");
}

/* The first delivery of an entry of the dossier, as somebody sees it. */
static json_t *look(const struct house *house, const char *partner, size_t index)
{
    json_t *journey = ask(house, partner, DOSSIER, "", 200);
    json_t *delivery = json_array_get(deliveries_of(entry_of(journey, index)), 0);
    json_incref(delivery);
    json_decref(journey);
    if (!delivery)
        fail_msg("no delivery of entry %zu for %s", index, partner);
    return delivery;
}

static void assert_state(const struct house *house, const char *partner, size_t index,
                         const char *state)
{
    json_t *delivery = look(house, partner, index);
    assert_string_equal(text_at(delivery, "state"), state);
    json_decref(delivery);
}

static void answer_letter(const struct house *house, int64_t delivery, const char *deed,
                          const char *body, int status)
{
    char line[80];
    (void)snprintf(line, sizeof line, "POST /v1/inbox/d-%" PRId64 "/%s", delivery, deed);
    json_decref(ask(house, "district", line, body, status));
}

static void the_sender_follows_each_delivery(void **state)
{
    struct house *house = *state;
    int64_t head = land(house, &first, "district");
    (void)land(house, &second, "district");
    json_t *delivery = look(house, "commune", 0);
    assert_string_equal(text_at(delivery, "state"), "waiting");
    assert_string_equal(text_at(delivery, "partner"), "district");
    assert_string_equal(text_at(delivery, "agency"), "H09.40");
    assert_string_equal(text_at(delivery, "routed"), "handed over to H09.40");
    assert_non_null(strstr(text_at(delivery, "text"), "Waits for district since"));
    json_decref(delivery);

    char behind[32];
    delivery = look(house, "commune", 1);
    (void)snprintf(behind, sizeof behind, "d-%" PRId64, head);
    assert_string_equal(text_at(delivery, "state"), "parked");
    assert_string_equal(text_at(delivery, "behind"), behind);
    json_decref(delivery);

    json_decref(ask(house, "district", "GET /v1/inbox", "", 200));
    delivery = look(house, "commune", 0);
    assert_int_equal(json_integer_value(json_object_get(delivery, "attempts")), 1);
    assert_true(strlen(text_at(delivery, "next_at")) > 0);
    assert_non_null(strstr(text_at(delivery, "text"), "district fetched it 1 times"));
    json_decref(delivery);

    answer_letter(house, head, "accept", "", 200);
    assert_state(house, "commune", 0, "accepted");
    assert_state(house, "commune", 1, "waiting");
}

static void a_receipt_tells_its_deliveries_too(void **state)
{
    struct house *house = *state;
    (void)land(house, &first, "district");
    json_t *journey = ask(house, "commune", DOSSIER, "", 200);
    char line[120];
    (void)snprintf(line, sizeof line, "GET /v1/handoffs/%s",
                   text_at(entry_of(journey, 0), "receipt"));
    json_decref(journey);
    json_t *entry = ask(house, "commune", line, "", 200);
    assert_int_equal(json_array_size(deliveries_of(entry)), 1);
    json_decref(entry);
}

static void a_refusal_is_told_with_its_reason(void **state)
{
    struct house *house = *state;
    int64_t delivery = land(house, &first, "district");
    answer_letter(house, delivery, "refuse", "{\"reason\": \"Thiếu bản chính\"}", 202);
    json_t *told = look(house, "commune", 0);
    assert_string_equal(text_at(told, "state"), "refused");
    assert_string_equal(text_at(told, "reason"), "Thiếu bản chính");
    json_decref(told);
    json_t *journey = ask(house, "commune", DOSSIER, "", 200);
    assert_string_equal(text_at(entry_of(journey, 1), "event_type"), "HANDOFF_RETURNED");
    assert_string_equal(text_at(entry_of(journey, 1), "system"), "district");
    json_decref(journey);
}

static void others_see_what_the_event_itself_led_to(void **state)
{
    struct house *house = *state;
    struct landing subscribed = {.house = house, .partner = "neighbour", .is_subscription = true};
    (void)land(house, &first, "district");
    (void)land_so(&second, &subscribed);
    json_t *journey = ask(house, "district", DOSSIER, "", 200); /* concerned, not the sender */
    json_t *own = json_array_get(deliveries_of(entry_of(journey, 0)), 0);
    assert_string_equal(text_at(own, "partner"), "district");
    assert_string_equal(text_at(own, "routed"), "handed over to H09.40");
    assert_int_equal(json_array_size(deliveries_of(entry_of(journey, 1))), 0);
    json_decref(journey);
    journey = ask(house, "portal", DOSSIER, "", 200);
    json_t *seen = json_array_get(deliveries_of(entry_of(journey, 0)), 0);
    assert_string_equal(text_at(seen, "state"), "waiting");
    assert_null(json_object_get(seen, "routed"));
    json_decref(journey);
    assert_state(house, "commune", 1, "waiting"); /* its sender sees who gets it */
}

static void an_event_that_went_nowhere_has_no_deliveries(void **state)
{
    struct house *house = *state;
    (void)post_sample(house, &first);
    json_t *journey = ask(house, "commune", DOSSIER, "", 200);
    assert_true(json_is_array(deliveries_of(entry_of(journey, 0))));
    assert_int_equal(json_array_size(deliveries_of(entry_of(journey, 0))), 0);
    json_decref(journey);
}

static void every_state_has_its_sentence(void **state)
{
    static const struct {
        struct spool_delivery delivery;
        const char *state, *en, *vi;
    } cases[] = {
        {{.state = DELIVERY_WAITING, .partner = "d"},
         "waiting",
         "Waits for Huyện since 1970-01-01 07:00:00",
         "Đang chờ giao cho Huyện từ 01/01/1970 07:00:00"},
        {{.state = DELIVERY_WAITING, .partner = "d", .attempts = 3, .cause = "http:503"},
         "waiting",
         "Waits for Huyện: tried 3 times, next at 1970-01-01 07:00:00",
         "Đang chờ giao cho Huyện: đã thử 3 lần, lần tới lúc 01/01/1970 07:00:00"},
        {{.state = DELIVERY_WAITING, .partner = "d", .attempts = 2, .cause = "inbox:unanswered"},
         "waiting",
         "Huyện fetched it 2 times, last at 1970-01-01 07:00:00, and has not answered",
         "Huyện đã lấy 2 lần, lần cuối lúc 01/01/1970 07:00:00, chưa trả lời"},
        {{.state = DELIVERY_PARKED, .partner = "d", .behind = 17},
         "parked",
         "Waits behind d-17 of the same dossier",
         "Đang chờ sau d-17 của cùng hồ sơ"},
        {{.state = DELIVERY_DEAD, .partner = "d"},
         "dead",
         "Could not be delivered to Huyện, a person has to look",
         "Chưa giao được cho Huyện, cần người xử lý"},
        {{.state = DELIVERY_DEAD},
         "dead",
         "Nobody was found to deliver it to, a person has to look",
         "Chưa biết giao cho hệ thống nào, cần người xử lý"},
        {{.state = DELIVERY_DISCARDED, .partner = "d"},
         "discarded",
         "An operator ended the delivery to Huyện at 1970-01-01 07:00:00",
         "Người vận hành đã kết thúc việc giao cho Huyện lúc 01/01/1970 07:00:00"},
        {{.state = DELIVERY_DELIVERED, .partner = "d", .cause = "http:503"},
         "delivered",
         "Delivered to Huyện at 1970-01-01 07:00:00",
         "Đã giao cho Huyện lúc 01/01/1970 07:00:00"},
        {{.state = DELIVERY_DELIVERED, .partner = "d", .cause = "inbox:accepted"},
         "accepted",
         "Accepted by Huyện at 1970-01-01 07:00:00",
         "Huyện đã tiếp nhận lúc 01/01/1970 07:00:00"},
        {{.state = DELIVERY_DELIVERED, .partner = "d", .cause = "inbox:refused"},
         "refused",
         "Refused by Huyện at 1970-01-01 07:00:00",
         "Huyện đã từ chối lúc 01/01/1970 07:00:00"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(sentence_state(&cases[i].delivery), cases[i].state);
        char *en = sentence_write(&cases[i].delivery, "Huyện", LANGUAGE_EN);
        char *vi = sentence_write(&cases[i].delivery, "Huyện", LANGUAGE_VI);
        assert_string_equal(en, cases[i].en);
        assert_string_equal(vi, cases[i].vi);
        free(en);
        free(vi);
    }
}

#define IN_HOUSE(test) cmocka_unit_test_setup_teardown(test, open_house, close_house)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_HOUSE(the_sender_follows_each_delivery),
        IN_HOUSE(a_receipt_tells_its_deliveries_too),
        IN_HOUSE(a_refusal_is_told_with_its_reason),
        IN_HOUSE(others_see_what_the_event_itself_led_to),
        IN_HOUSE(an_event_that_went_nowhere_has_no_deliveries),
        cmocka_unit_test(every_state_has_its_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
