/* SPDX-License-Identifier: Apache-2.0 */
/* The mailbox as its partners see it: letters, long polls, answers, and what a crash leaves. */
#include "mailbox_house.h"

#include "api/member.h"
#include "deliver/document.h"
#include "deliver/hand_out.h"
#include "deliver/reply.h"
#include "deliver/send_back.h"
#include "spool/deed.h"

#include <dirent.h>

enum { LINE_SIZE = 128, CROWD = 200 };

static const struct sample first = {"M-1", "000.12.40.H09-250512-0001"};
static const struct sample second = {"M-2", "000.12.40.H09-250512-0001"};
static const struct sample other = {"M-3", "000.12.40.H09-250512-0002"};

static const json_t *item_at(const json_t *answer, size_t index)
{
    return json_array_get(json_object_get(answer, "items"), index);
}

static size_t count_items(const json_t *answer)
{
    return json_array_size(json_object_get(answer, "items"));
}

/* Asks for letters; exactly so many must come. */
static json_t *fetch(const struct house *house, const char *partner, const char *query,
                     size_t count)
{
    char line[LINE_SIZE];
    (void)snprintf(line, sizeof line, "GET /v1/inbox%s", query);
    json_t *answer = ask(house, partner, line, "", 200);
    if (count_items(answer) != count)
        fail_msg("%zu letters, not %zu", count_items(answer), count);
    return answer;
}

static void fetch_nothing(const struct house *house, const char *partner)
{
    json_decref(fetch(house, partner, "", 0));
}

static const char *line_of(char line[LINE_SIZE], int64_t delivery, const char *deed)
{
    (void)snprintf(line, LINE_SIZE, "POST /v1/inbox/d-%" PRId64 "/%s", delivery, deed);
    return line;
}

/* ---- handing out ---- */

static void what_waits_comes_in_the_partner_s_format(void **state)
{
    struct house *house = *state;
    char id[DELIVERY_TEXT_SIZE];
    int64_t delivery = land(house, &first, "district");
    delivery_text(delivery, id);
    json_t *answer = fetch(house, "district", "", 1);
    const json_t *item = item_at(answer, 0);
    assert_string_equal(text_at(item, "id"), id);
    assert_string_equal(text_at(item, "dossier"), first.dossier);
    assert_string_equal(text_at(item, "event_type"), "HANDED_OFF");
    assert_string_equal(text_at(item, "system"), "commune");
    assert_string_equal(text_at(item, "media_type"), "application/xml");
    assert_int_equal(json_integer_value(json_object_get(item, "times")), 1);
    assert_non_null(strstr(text_at(item, "document"), "<HandoffMessage"));
    assert_non_null(strstr(text_at(item, "document"), "Nguyễn Thị Mẫu"));
    json_decref(answer);
    fetch_nothing(house, "district"); /* it is being worked on */
    fetch_nothing(house, "neighbour");
}

static void a_bare_document_comes_with_its_names_in_headers(void **state)
{
    struct house *house = *state;
    struct answer answer;
    char header[LINE_SIZE];
    int64_t delivery = land(house, &first, "district");
    int peer =
        start_call(house, "district", "GET /v1/inbox?max=1", "Accept: application/xml\r\n", "");
    peer_receive(peer, &answer);
    (void)close(peer);
    assert_int_equal(answer.status, 200);
    (void)snprintf(header, sizeof header, "Lienthong-Delivery: d-%" PRId64 "\r\n", delivery);
    assert_non_null(strstr(answer.text, header));
    assert_non_null(strstr(answer.text, "Lienthong-Event-Id: "));
    assert_non_null(strstr(answer.text, "Content-Type: application/xml"));
    const char *body = strstr(answer.text, "\r\n\r\n") + 4;
    assert_true(strncmp(body, "<?xml", 5) == 0 || strncmp(body, "<HandoffMessage", 15) == 0);
    call(house, "district", "GET /v1/inbox?as=document", "", &answer);
    assert_int_equal(answer.status, 204);
}

static void a_dossier_s_letters_come_one_after_the_other(void **state)
{
    struct house *house = *state;
    char line[LINE_SIZE];
    int64_t before = land(house, &first, "district");
    int64_t behind = land(house, &second, "district");
    int64_t beside = land(house, &other, "district");
    json_decref(fetch(house, "district", "?max=10", 2));
    expect(house, "district", line_of(line, behind, "accept"), "", 409, "delivery-not-open");
    json_decref(ask(house, "district", line_of(line, before, "accept"), "", 200));
    json_decref(ask(house, "district", line_of(line, beside, "accept"), "", 200));
    json_t *answer = fetch(house, "district", "?wait=10", 1);
    char id[DELIVERY_TEXT_SIZE];
    delivery_text(behind, id);
    assert_string_equal(text_at(item_at(answer, 0), "id"), id);
    json_decref(answer);
}

static void max_bounds_a_batch(void **state)
{
    struct house *house = *state;
    (void)land(house, &first, "district");
    (void)land(house, &other, "district");
    json_decref(fetch(house, "district", "?max=1", 1));
    json_decref(fetch(house, "district", "?max=1", 1));
    fetch_nothing(house, "district");
}

static void silence_brings_a_letter_again(void **state)
{
    struct house *house = *state;
    (void)land(house, &first, "district");
    json_decref(fetch(house, "district", "", 1));
    json_t *again = fetch(house, "district", "?wait=20", 1);
    assert_int_equal(json_integer_value(json_object_get(item_at(again, 0), "times")), 2);
    json_decref(again);
}

static void a_restart_brings_a_letter_again(void **state)
{
    struct house *house = *state;
    (void)land(house, &first, "district");
    json_decref(fetch(house, "district", "", 1));
    stop(house);
    start(house);
    json_decref(fetch(house, "district", "?wait=20", 1));
}

static void a_long_poll_ends_when_something_arrives(void **state)
{
    struct house *house = *state;
    struct answer answer;
    int peer = start_call(house, "district", "GET /v1/inbox?wait=60", "", "");
    int64_t arrived = clock_ticks_ms();
    (void)land(house, &first, "district");
    peer_receive(peer, &answer);
    (void)close(peer);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.text, "HandoffMessage"));
    assert_true(clock_ticks_ms() - arrived < 5000);
}

static void a_long_poll_ends_empty_at_its_time(void **state)
{
    struct house *house = *state;
    int64_t begun = clock_ticks_ms();
    json_decref(fetch(house, "district", "?wait=1", 0));
    assert_true(clock_ticks_ms() - begun >= 1000);
}

static bool note_attempts(void *own, const struct spool_delivery *delivery)
{
    int64_t *attempts = own;
    *attempts = delivery->attempts;
    return false;
}

static void wait_for_attempts(struct house *house, int64_t delivery, int64_t wanted)
{
    int64_t attempts = 0, until = clock_ticks_ms() + PATIENCE_S * 1000;
    struct fault why;
    while (attempts < wanted && clock_ticks_ms() < until) {
        must(spool_find_delivery(house->reader, delivery, note_attempts, &attempts, &why), &why);
        (void)usleep(2000);
    }
    assert_int_equal(attempts, wanted);
}

static int count_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int count = 0;
    assert_non_null(tasks);
    while (readdir(tasks))
        count++;
    (void)closedir(tasks);
    return count;
}

static void a_crowd_waits_without_threads_and_one_gets_the_letter(void **state)
{
    struct house *house = *state;
    int before = count_threads(), letters = 0;
    int peers[CROWD];
    for (size_t i = 0; i < CROWD; i++)
        peers[i] = start_call(house, "district", "GET /v1/inbox?wait=60", "", "");
    int64_t delivery = land(house, &first, "district"); /* the two threads still serve */
    assert_int_equal(count_threads(), before);
    fetch_nothing(house, "neighbour");
    wait_for_attempts(house, delivery, 1);
    mailbox_hush(house->mailbox); /* whoever has none is told so now */
    for (size_t i = 0; i < CROWD; i++) {
        struct answer answer;
        peer_receive(peers[i], &answer);
        (void)close(peers[i]);
        assert_int_equal(answer.status, 200);
        letters += strstr(answer.text, "HandoffMessage") != NULL;
    }
    assert_int_equal(letters, 1);
}

static void a_waiting_crowd_shares_what_arrives(void **state)
{
    struct house *house = *state;
    static const struct sample samples[] = {{"A-1", "000.12.40.H09-250512-0011"},
                                            {"A-2", "000.12.40.H09-250512-0012"},
                                            {"A-3", "000.12.40.H09-250512-0013"}};
    int peers[3];
    for (size_t i = 0; i < 3; i++)
        peers[i] = start_call(house, "district", "GET /v1/inbox?wait=60&max=1", "", "");
    for (size_t i = 0; i < 3; i++)
        (void)land(house, &samples[i], "district");
    unsigned seen = 0;
    for (size_t i = 0; i < 3; i++) {
        struct answer answer;
        peer_receive(peers[i], &answer);
        (void)close(peers[i]);
        for (unsigned j = 0; j < 3; j++)
            seen |= strstr(answer.text, samples[j].dossier) ? 1U << j : 0;
    }
    assert_int_equal(seen, 7);
}

static void a_letter_is_not_given_to_a_client_that_is_gone(void **state)
{
    struct house *house = *state;
    int peer = start_call(house, "district", "GET /v1/inbox?wait=60", "", "");
    assert_int_equal(shutdown(peer, SHUT_WR), 0);
    (void)close(peer);
    (void)land(house, &first, "district");
    json_decref(fetch(house, "district", "?wait=20", 1));
}

static void a_letter_that_cannot_be_said_is_dead_and_blocks_nobody(void **state)
{
    struct house *house = *state;
    struct landing landing = {.house = house, .partner = "district", .is_cut = true};
    int64_t unreadable = land_so(&first, &landing);
    (void)land(house, &other, "district");
    json_decref(fetch(house, "district", "", 1));
    assert_int_equal(state_of(house, unreadable), DELIVERY_DEAD);
}

static void a_letter_that_never_has_room_is_dead(void **state)
{
    struct house *house = *state;
    int64_t large = land(house, &first, "district");
    json_decref(fetch(house, "district", "", 0));
    assert_int_equal(state_of(house, large), DELIVERY_DEAD);
}

static void a_poll_goes_on_waiting_past_what_cannot_be_said(void **state)
{
    struct house *house = *state;
    int peer = start_call(house, "portal", "GET /v1/inbox?wait=60", "", "");
    int64_t delivery = land(house, &first, "portal");
    for (int round = 0; state_of(house, delivery) != DELIVERY_DEAD; round++) {
        assert_true(round < 5000);
        (void)usleep(2000);
    }
    mailbox_hush(house->mailbox); /* that alone ends it */
    struct answer answer;
    peer_receive(peer, &answer);
    (void)close(peer);
    assert_non_null(strstr(answer.text, "{\"items\":[]}"));
}

static void nothing_goes_to_a_partner_that_is_paused(void **state)
{
    static const struct spool_record word = {.actor = {.name = "user:lan"},
                                             .act = "pause",
                                             .object = "partner:district",
                                             .reason = "they mend it",
                                             .detail = ""};
    struct house *house = *state;
    struct fault why;
    must(spool_pause_partner(house->spool, "district", true, &word, &why), &why);
    (void)land(house, &first, "district");
    fetch_nothing(house, "district");
    int peer = start_call(house, "district", "GET /v1/inbox?wait=60", "", "");
    must(spool_pause_partner(house->spool, "district", false, &word, &why), &why);
    struct answer answer;
    peer_receive(peer, &answer);
    (void)close(peer);
    assert_non_null(strstr(answer.text, "HandoffMessage"));
}

static void only_mailbox_partners_have_a_mailbox(void **state)
{
    struct house *house = *state;
    expect(house, "commune", "GET /v1/inbox", "", 404, "no-mailbox");
    expect(house, "nobody", "GET /v1/inbox", "", 401, "unknown-credential");
    expect(house, "district", "GET /v1/inbox?wait=61", "", 400, "bad-parameter");
    expect(house, "district", "GET /v1/inbox?max=0", "", 400, "bad-parameter");
    expect(house, "district", "GET /v1/inbox?as=document&max=2", "", 400, "bad-parameter");
}

/* It may be on its way to them. */
static void what_is_sent_to_a_partner_is_not_answered_as_a_letter(void **state)
{
    struct house *house = *state;
    char line[LINE_SIZE];
    int64_t delivery = land(house, &first, "commune");
    expect(house, "commune", line_of(line, delivery, "accept"), "", 404, "no-mailbox");
    expect(house, "commune", line_of(line, delivery, "refuse"), "{\"reason\": \"sai nơi\"}", 404,
           "no-mailbox");
    assert_int_equal(state_of(house, delivery), DELIVERY_WAITING);
}

static void looking_at_the_head_takes_nothing_out(void **state)
{
    struct house *house = *state;
    (void)land(house, &first, "district");
    char text[PATH_SIZE];
    int peer = start_call(house, "district", "HEAD /v1/inbox", "Connection: close\r\n", "");
    while (recv(peer, text, sizeof text, 0) > 0)
        continue;
    (void)close(peer);
    json_decref(fetch(house, "district", "", 1));
}

/* ---- answering ---- */

static void accepting_is_for_the_addressee_and_may_be_repeated(void **state)
{
    struct house *house = *state;
    char line[LINE_SIZE];
    int64_t delivery = land(house, &first, "district");
    json_decref(fetch(house, "district", "", 1));
    line_of(line, delivery, "accept");
    expect(house, "neighbour", line, "", 404, "unknown-delivery");
    expect(house, "district", "POST /v1/inbox/d-999999/accept", "", 404, "unknown-delivery");
    expect(house, "district", "POST /v1/inbox/17/accept", "", 404, "unknown-delivery");
    for (int i = 0; i < 2; i++) {
        json_t *answer = ask(house, "district", line, "", 200);
        assert_string_equal(text_at(answer, "state"), "accepted");
        json_decref(answer);
    }
    assert_int_equal(state_of(house, delivery), DELIVERY_DELIVERED);
    expect(house, "district", line_of(line, delivery, "refuse"), "{\"reason\": \"muộn\"}", 409,
           "already-answered");
    fetch_nothing(house, "district");
}

/* What the spool has of a return. */
struct returned {
    struct house *house;
    int64_t entry;
    char native_id[RETURNED_ID_SIZE];
    char event_type[RETURNED_ID_SIZE];
    char partner[RETURNED_ID_SIZE];
    char *event;
    size_t event_size;
    int32_t schema_no;
};

static bool copy_returned(void *own, const struct spool_entry *entry)
{
    struct returned *returned = own;
    (void)snprintf(returned->native_id, sizeof returned->native_id, "%s", entry->native_id);
    (void)snprintf(returned->event_type, sizeof returned->event_type, "%s", entry->event_type);
    (void)snprintf(returned->partner, sizeof returned->partner, "%s", entry->partner);
    returned->event = malloc(entry->event_size);
    memcpy(returned->event, entry->event, entry->event_size);
    returned->event_size = entry->event_size;
    returned->schema_no = entry->schema_no;
    return false;
}

static void assert_member(const avro_value_t *event, const char *path, const char *text)
{
    const char *found = member_text(event, path);
    if (!text)
        assert_null(found);
    else
        assert_string_equal(found ? found : "(none)", text);
}

static void assert_return(struct house *house, int64_t entry, int64_t delivery)
{
    struct fault why;
    char native_id[RETURNED_ID_SIZE];
    struct returned returned = {.house = house};
    must(spool_find(house->reader, entry, copy_returned, &returned, &why), &why);
    struct letter letter;
    must(letter_load(house->reader, delivery, &letter, &why), &why);
    returned_write_id(letter.delivery.event_id, native_id);
    letter_free(&letter);
    assert_string_equal(returned.native_id, native_id);
    assert_string_equal(returned.event_type, "HANDOFF_RETURNED");
    assert_string_equal(returned.partner, "district");
    struct recall *recall = recall_new();
    assert_non_null(recall);
    const struct stored_event stored = {returned.schema_no, returned.event, returned.event_size};
    const avro_value_t *event = recall_as_ours(recall, house->reader, &stored, house->schema, &why);
    must(event, &why);
    assert_string_equal(member_symbol(event, "event_type"), "HANDOFF_RETURNED");
    assert_member(event, "dossier_code", first.dossier);
    assert_member(event, "procedure_code", "1.011442");
    assert_member(event, "handoff.handoff_id", "HO-1");
    assert_member(event, "handoff.from_agency", "000.12.40.H09");
    assert_member(event, "handoff.to_agency", "000.00.40.H09");
    assert_member(event, "holder_agency", "000.12.40.H09");
    assert_member(event, "reason", "Thiếu bản chính");
    assert_member(event, "source.system", "district");
    assert_member(event, "source.format", "INBOX");
    assert_member(event, "applicant.name", NULL);
    assert_member(event, "summary", NULL);
    recall_free(recall);
    free(returned.event);
}

static void refusing_sends_a_handoff_back_once(void **state)
{
    struct house *house = *state;
    char line[LINE_SIZE], receipt[LINE_SIZE];
    int64_t delivery = land(house, &first, "district");
    json_decref(fetch(house, "district", "", 1));
    line_of(line, delivery, "refuse");
    expect(house, "neighbour", line, "{\"reason\": \"x\"}", 404, "unknown-delivery");
    json_t *answer = ask(house, "district", line, "{\"reason\": \" Thiếu bản chính\\n\"}", 202);
    assert_string_equal(text_at(answer, "state"), "refused");
    (void)snprintf(receipt, sizeof receipt, "%s", text_at(answer, "receipt"));
    json_decref(answer);
    assert_return(house, strtoll(receipt, NULL, 10), delivery);
    assert_int_equal(state_of(house, delivery), DELIVERY_DELIVERED);

    answer = ask(house, "district", line, "{\"reason\": \"khác\"}", 200);
    assert_string_equal(text_at(answer, "receipt"), receipt);
    json_decref(answer);
    expect(house, "district", line_of(line, delivery, "accept"), "", 409, "already-answered");
    fetch_nothing(house, "district");
}

static void only_handoffs_can_be_refused(void **state)
{
    struct house *house = *state;
    char line[LINE_SIZE];
    struct landing landing = {.house = house, .partner = "district", .event_type = "RESOLVED"};
    int64_t delivery = land_so(&first, &landing);
    expect(house, "district", line_of(line, delivery, "refuse"), "{\"reason\": \"x\"}", 409,
           "not-a-handoff");
    json_decref(ask(house, "district", line_of(line, delivery, "accept"), "", 200));
}

static void a_refusal_needs_a_reason(void **state)
{
    struct house *house = *state;
    char line[LINE_SIZE];
    int64_t delivery = land(house, &first, "district");
    line_of(line, delivery, "refuse");
    expect(house, "district", line, "{\"reason\": \"  \"}", 422, "bad-reason");
    expect(house, "district", line, "", 422, "bad-reason");
    assert_int_equal(state_of(house, delivery), DELIVERY_WAITING);
}

static void note_stored(void *own, const struct spool_receipt *receipts, size_t count,
                        const struct fault *why)
{
    atomic_bool *is_stored = own;
    (void)count;
    (void)why;
    assert_non_null(receipts);
    atomic_store(is_stored, true);
}

/* As if the process had died after the return was stored and before the delivery was settled. */
static void leave_half_refused(struct house *house, int64_t delivery)
{
    struct fault why;
    struct letter letter;
    struct recall *recall = recall_new();
    assert_non_null(recall);
    must(letter_load(house->reader, delivery, &letter, &why), &why);
    const struct stored_event stored = {letter.delivery.schema_no, letter.delivery.event,
                                        letter.delivery.event_size};
    const avro_value_t *event = recall_as_ours(recall, house->reader, &stored, house->schema, &why);
    must(event, &why);
    const struct refusal_facts facts = {.partner = "district",
                                        .reason = "Thiếu bản chính",
                                        .bytes = "{}",
                                        .size = 2,
                                        .at_ms = clock_now_ms()};
    struct send_back *back =
        send_back_new(&letter, event, &facts, house->schema, letter.delivery.schema_no, &why);
    must(back, &why);
    atomic_bool is_stored = false;
    must(spool_add(house->spool, &back->document, note_stored, &is_stored, &why), &why);
    while (!atomic_load(&is_stored))
        (void)usleep(1000);
    send_back_free(back);
    letter_free(&letter);
    recall_free(recall);
}

static void a_crash_within_a_refusal_neither_loses_nor_doubles_it(void **state)
{
    struct house *house = *state;
    char line[LINE_SIZE];
    int64_t delivery = land(house, &first, "district");
    leave_half_refused(house, delivery);
    json_t *answer =
        ask(house, "district", line_of(line, delivery, "refuse"), "{\"reason\": \"lại\"}", 200);
    assert_true(json_is_true(json_object_get(answer, "repeated")));
    assert_return(house, strtoll(text_at(answer, "receipt"), NULL, 10), delivery);
    json_decref(answer);
    assert_int_equal(state_of(house, delivery), DELIVERY_DELIVERED);
}

static void accepting_after_half_a_refusal_ends_the_refusal(void **state)
{
    struct house *house = *state;
    char line[LINE_SIZE];
    int64_t delivery = land(house, &first, "district");
    leave_half_refused(house, delivery);
    expect(house, "district", line_of(line, delivery, "accept"), "", 409, "already-answered");
    assert_int_equal(state_of(house, delivery), DELIVERY_DELIVERED);
}

/* What came of an answer whose call was sent; one that came too soon is said again. */
static bool is_taken(struct house *house, int peer, const char *line, const char *body, int good)
{
    struct answer answer;
    peer_receive(peer, &answer);
    (void)close(peer);
    while (answer.status == 503)
        call(house, "district", line, body, &answer);
    if (answer.status != good && answer.status != 409)
        fail_msg("%s: %s", line, answer.text);
    return answer.status == good;
}

/* A letter to the district, of a dossier of its own. */
static int64_t land_numbered(struct house *house, const char *name, int number)
{
    char id[LINE_SIZE], dossier[LINE_SIZE];
    (void)snprintf(id, sizeof id, "%s-%d", name, number);
    (void)snprintf(dossier, sizeof dossier, "000.12.40.H09-250512-%04d", number);
    const struct sample sample = {id, dossier};
    return land(house, &sample, "district");
}

static void of_two_answers_at_the_same_moment_one_counts(void **state)
{
    enum { ROUNDS = 20 };
    static const char reason[] = "{\"reason\": \"muộn\"}";
    struct house *house = *state;
    for (int i = 0; i < ROUNDS; i++) {
        char accept[LINE_SIZE], refuse[LINE_SIZE];
        int64_t delivery = land_numbered(house, "AT-ONCE", i);
        line_of(accept, delivery, "accept");
        line_of(refuse, delivery, "refuse");
        int one = start_call(house, "district", accept, "", "");
        int two = start_call(house, "district", refuse, "", reason);
        bool is_accepted = is_taken(house, one, accept, "", 200);
        assert_int_equal(is_taken(house, two, refuse, reason, 202), !is_accepted);
        assert_int_equal(state_of(house, delivery), DELIVERY_DELIVERED);
    }
}

struct pruner {
    struct spool *spool;
    atomic_bool is_over, has_failed;
};

static void *prune_on(void *own)
{
    struct pruner *pruner = own;
    struct fault why;
    int64_t count;
    while (!atomic_load(&pruner->is_over))
        if (!spool_prune(pruner->spool, INT64_MAX, &count, &why))
            atomic_store(&pruner->has_failed, true);
    return NULL;
}

/* Between being settled and answered, too. */
static void what_is_accepted_may_be_pruned_at_once(void **state)
{
    enum { ROUNDS = 30 };
    struct house *house = *state;
    struct pruner pruner = {.spool = house->spool};
    int accepted = 0;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, prune_on, &pruner), 0);
    for (int i = 0; i < ROUNDS; i++) {
        char line[LINE_SIZE];
        struct answer answer;
        line_of(line, land_numbered(house, "OVER", i), "accept");
        call(house, "district", line, "", &answer);
        accepted += answer.status == 200;
    }
    atomic_store(&pruner.is_over, true);
    (void)pthread_join(thread, NULL);
    assert_false(atomic_load(&pruner.has_failed));
    assert_int_equal(accepted, ROUNDS);
}

/* ---- decisions ---- */

static void what_an_answer_does_follows_from_the_state(void **state)
{
    static const struct {
        enum delivery_state state;
        const char *event_type;
        int64_t returned;
        bool is_refusal;
        enum reply_deed deed;
    } cases[] = {
        {DELIVERY_WAITING, "HANDED_OFF", 0, false, DEED_SETTLE},
        {DELIVERY_WAITING, "HANDED_OFF", 0, true, DEED_SETTLE},
        {DELIVERY_WAITING, "RESOLVED", 0, false, DEED_SETTLE},
        {DELIVERY_WAITING, "RESOLVED", 0, true, DEED_NO_HANDOFF},
        {DELIVERY_WAITING, NULL, 0, true, DEED_NO_HANDOFF},
        {DELIVERY_WAITING, "HANDED_OFF", 7, true, DEED_FINISH},
        {DELIVERY_WAITING, "HANDED_OFF", 7, false, DEED_FINISH},
        {DELIVERY_DELIVERED, "HANDED_OFF", 0, false, DEED_REPEAT},
        {DELIVERY_DELIVERED, "HANDED_OFF", 7, true, DEED_REPEAT},
        {DELIVERY_DELIVERED, "HANDED_OFF", 0, true, DEED_OTHERWISE},
        {DELIVERY_DELIVERED, "HANDED_OFF", 7, false, DEED_OTHERWISE},
        {DELIVERY_PARKED, "HANDED_OFF", 0, false, DEED_NOT_OPEN},
        {DELIVERY_DEAD, "HANDED_OFF", 0, true, DEED_NOT_OPEN},
        {DELIVERY_DISCARDED, "HANDED_OFF", 0, false, DEED_NOT_OPEN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct spool_delivery delivery = {.state = cases[i].state,
                                                .event_type = cases[i].event_type};
        assert_int_equal(reply_judge(&delivery, cases[i].returned, cases[i].is_refusal),
                         cases[i].deed);
    }
}

static void reasons_have_something_to_read(void **state)
{
    static const struct {
        const char *body, *reason;
    } cases[] = {
        {"{\"reason\": \"Thiếu\"}", "Thiếu"},
        {"{\"reason\": \"\\t Thiếu bản \\n\"}", "Thiếu bản"},
        {"{\"reason\": \"a\\nb\", \"more\": 1}", "a\nb"},
        {"{\"reason\": \"\"}", NULL},
        {"{\"reason\": \" \\n\"}", NULL},
        {"{\"reason\": 7}", NULL},
        {"{\"reason\": \"a\\u0001b\"}", NULL},
        {"{\"reason\": \"a\", \"reason\": \"b\"}", NULL},
        {"[\"reason\"]", NULL},
        {"", NULL},
        {"reason=a", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *detail = NULL;
        char *reason = reply_reason(cases[i].body, strlen(cases[i].body), &detail);
        assert_string_equal(reason ? reason : "(none)",
                            cases[i].reason ? cases[i].reason : "(none)");
        free(reason);
    }
}

static void a_reason_is_counted_in_characters(void **state)
{
    char body[8000] = "{\"reason\": \"";
    const char *detail = NULL;
    size_t at = strlen(body);
    (void)state;
    for (int i = 0; i < 2000; i++)
        at += (size_t)snprintf(body + at, sizeof body - at, "ế");
    (void)snprintf(body + at, sizeof body - at, "\"}");
    char *reason = reply_reason(body, strlen(body), &detail);
    assert_non_null(reason);
    free(reason);
    (void)snprintf(body + at, sizeof body - at, "ế\"}");
    assert_null(reply_reason(body, strlen(body), &detail));
}

static void a_letter_is_put_off_or_dead_by_what_became_of_its_document(void **state)
{
    static const struct {
        enum fault_kind fault;
        bool is_damaged;
        const char *said;
        enum settlement_kind kind;
        const char *cause;
    } cases[] = {
        {FAULT_NONE, false, NULL, SETTLE_AGAIN, "inbox:unanswered"},
        {FAULT_REFUSE, false, NULL, SETTLE_DEAD, "format:cannot-say"},
        {FAULT_REFUSE, false, "file:missing", SETTLE_DEAD, "file:missing"},
        {FAULT_REFUSE, false, "document:too-large", SETTLE_DEAD, "document:too-large"},
        {FAULT_BROKEN, true, NULL, SETTLE_DEAD, "event:damaged"},
        {FAULT_BROKEN, false, NULL, SETTLE_AGAIN, "write:failed"},
        {FAULT_RETRY, false, "file:missing", SETTLE_AGAIN, "write:failed"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct put_off letter = {
            .letter.delivery = {.delivery = 1024, .is_damaged = cases[i].is_damaged},
            .fault.kind = cases[i].fault,
            .cause = cases[i].said};
        const struct spool_settlement settlement = hand_out_settle(&letter, 5000, 60000);
        assert_int_equal(settlement.kind, cases[i].kind);
        assert_string_equal(settlement.cause, cases[i].cause);
        assert_int_equal(settlement.is_attempt, cases[i].fault == FAULT_NONE);
        assert_int_equal(settlement.next_at_ms, 65000);
    }
}

static void a_document_by_address_must_name_every_file(void **state)
{
    struct adapt_hole holes[2] = {{.sha256 = {0xab, 0xcd}}, {.sha256 = {0x12}}};
    const struct adapt_written written = {.holes = holes, .hole_count = 2};
    char both[400], one[200], hex[SHA256_HEX_SIZE];
    (void)state;
    digest_hex(holes[0].sha256, SHA256_SIZE, hex);
    (void)snprintf(one, sizeof one, "<a>/v1/files/%s</a>", hex);
    digest_hex(holes[1].sha256, SHA256_SIZE, hex);
    (void)snprintf(both, sizeof both, "%s<a>/v1/files/%s</a>", one, hex);
    assert_true(document_names_all(&written, both));
    assert_false(document_names_all(&written, one));
}

/* The writer stands still from `hold` on. */
struct stillness {
    atomic_bool has_begun, is_over;
};

static void hold(void *own, const struct fault *why)
{
    struct stillness *stillness = own;
    (void)why;
    atomic_store(&stillness->has_begun, true);
    while (!atomic_load(&stillness->is_over))
        (void)usleep(1000);
}

static void *end_soon(void *own)
{
    struct stillness *stillness = own;
    (void)usleep(300000);
    atomic_store(&stillness->is_over, true);
    return NULL;
}

/* As at a stop whose time is over: requests are cut, and the spool still has their settlements. */
static void a_mailbox_outlives_what_the_spool_does_for_it(void **state)
{
    struct house *house = *state;
    struct fault why;
    struct answer answer;
    pthread_t ender;
    struct stillness stillness = {false, false};
    struct spool_levels before, now;
    const struct spool_settlement nothing = {.delivery = 999999999, .kind = SETTLE_AGAIN};
    (void)land(house, &first, "district");
    must(spool_settle(house->spool, &nothing, 1, hold, &stillness, &why), &why);
    while (!atomic_load(&stillness.has_begun))
        (void)usleep(1000);
    spool_levels(house->spool, &before);
    now = before;
    int peer = start_call(house, "district", "GET /v1/inbox", "", "");
    for (int round = 0; now.queue_entries == before.queue_entries && round < 10000; round++) {
        (void)usleep(1000);
        spool_levels(house->spool, &now); /* until it is on its way there */
    }
    mailbox_hush(house->mailbox);
    http_close(house->server);
    peer_receive(peer, &answer);
    (void)close(peer);
    assert_int_equal(pthread_create(&ender, NULL, end_soon, &stillness), 0);
    mailbox_close(house->mailbox);
    bool was_over = atomic_load(&stillness.is_over);
    (void)pthread_join(ender, NULL);
    ingest_close(house->ingest);
    start_stages(house); /* for who closes the house */
    house->server = NULL;
    assert_true(was_over);
}

#define IN_HOUSE(test)        cmocka_unit_test_setup_teardown(test, open_house, close_house)
#define IN_HASTY_HOUSE(test)  cmocka_unit_test_setup_teardown(test, open_hasty_house, close_house)
#define IN_NARROW_HOUSE(test) cmocka_unit_test_setup_teardown(test, open_narrow_house, close_house)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_HOUSE(what_waits_comes_in_the_partner_s_format),
        IN_HOUSE(a_bare_document_comes_with_its_names_in_headers),
        IN_HOUSE(a_dossier_s_letters_come_one_after_the_other),
        IN_HOUSE(max_bounds_a_batch),
        IN_HASTY_HOUSE(silence_brings_a_letter_again),
        IN_HASTY_HOUSE(a_restart_brings_a_letter_again),
        IN_HOUSE(a_long_poll_ends_when_something_arrives),
        IN_HOUSE(a_long_poll_ends_empty_at_its_time),
        IN_HOUSE(a_crowd_waits_without_threads_and_one_gets_the_letter),
        IN_HOUSE(a_waiting_crowd_shares_what_arrives),
        IN_HOUSE(a_letter_is_not_given_to_a_client_that_is_gone),
        IN_HOUSE(a_letter_that_cannot_be_said_is_dead_and_blocks_nobody),
        IN_NARROW_HOUSE(a_letter_that_never_has_room_is_dead),
        IN_HOUSE(a_poll_goes_on_waiting_past_what_cannot_be_said),
        IN_HOUSE(nothing_goes_to_a_partner_that_is_paused),
        IN_HOUSE(only_mailbox_partners_have_a_mailbox),
        IN_HOUSE(what_is_sent_to_a_partner_is_not_answered_as_a_letter),
        IN_HOUSE(looking_at_the_head_takes_nothing_out),
        IN_HOUSE(accepting_is_for_the_addressee_and_may_be_repeated),
        IN_HOUSE(refusing_sends_a_handoff_back_once),
        IN_HOUSE(only_handoffs_can_be_refused),
        IN_HOUSE(a_refusal_needs_a_reason),
        IN_HOUSE(a_crash_within_a_refusal_neither_loses_nor_doubles_it),
        IN_HOUSE(accepting_after_half_a_refusal_ends_the_refusal),
        IN_HOUSE(of_two_answers_at_the_same_moment_one_counts),
        IN_HOUSE(what_is_accepted_may_be_pruned_at_once),
        IN_HOUSE(a_mailbox_outlives_what_the_spool_does_for_it),
        cmocka_unit_test(what_an_answer_does_follows_from_the_state),
        cmocka_unit_test(reasons_have_something_to_read),
        cmocka_unit_test(a_reason_is_counted_in_characters),
        cmocka_unit_test(a_letter_is_put_off_or_dead_by_what_became_of_its_document),
        cmocka_unit_test(a_document_by_address_must_name_every_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
