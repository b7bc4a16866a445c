/* SPDX-License-Identifier: Apache-2.0 */
/* The courier between a real spool and real connections. */
#include "courier_world.h"

#include "base/clock.h"

#define DONE "{\"receipts\": []}"

static int64_t wait_ms_between(int64_t since_ms)
{
    return clock_ticks_ms() - since_ms;
}

/* ---- partners ---- */

static void take_all(struct stand *stand, size_t number, const struct heard *heard,
                     char answer[STAND_TEXT])
{
    (void)stand, (void)number, (void)heard;
    stand_say(answer, 202, "", DONE);
}

/* What is answered first; then everything is taken. */
struct first {
    size_t count;
    int status; /* 0: cut */
    const char *headers;
};

static void take_later(struct stand *stand, size_t number, const struct heard *heard,
                       char answer[STAND_TEXT])
{
    const struct first *first = stand->own;
    (void)heard;
    if (number >= first->count)
        stand_say(answer, 202, "", DONE);
    else if (first->status)
        stand_say(answer, first->status, first->headers, "{}");
}

static void hang(struct stand *stand, size_t number, const struct heard *heard,
                 char answer[STAND_TEXT])
{
    (void)number, (void)heard, (void)answer;
    stand_hang(stand);
}

/* ---- tests ---- */

static struct town town;
static struct stand stand, other;

static int open_town(void **state)
{
    (void)state;
    town_make(&town);
    return 0;
}

static int close_town(void **state)
{
    (void)state;
    town_close(&town);
    return 0;
}

static void a_delivery_is_sent_as_the_format_says_and_settled(void **state)
{
    (void)state;
    char text[200];
    stand_open(&stand, 0, take_all, NULL);
    town_partner(&town, "province", "lienthong-xml", stand.port, "");
    town_open(&town);
    int64_t delivery = town_post(&town, 1, "M-1", "province");
    struct standing standing = town_await(&town, delivery, DELIVERY_DELIVERED);
    const struct heard *heard = &stand.heard[0];
    assert_int_equal(strncmp(heard->head, "POST /base HTTP/1.1\r\n", 21), 0);
    assert_string_equal(heard_header(heard, "Idempotency-Key", text),
                        "00000000-0000-0000-0000-000000000001");
    assert_string_equal(heard_header(heard, "traceparent", text),
                        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    assert_string_equal(heard_header(heard, "Authorization", text), "Bearer secret");
    assert_string_equal(heard_header(heard, "Content-Type", text), "application/xml");
    assert_string_equal(heard_header(heard, "Expect", text), "");
    assert_non_null(strstr(heard_header(heard, "User-Agent", text), "lienthong/"));
    assert_non_null(strstr(heard->body, "000.12.40.H09-250513-0001"));
    uint8_t sha256[SHA256_SIZE];
    digest_sha256(heard->body, heard->size, sha256);
    assert_true(standing.has_document);
    assert_memory_equal(standing.document, sha256, SHA256_SIZE);
    assert_int_equal(standing.attempts, 1);
    stand_close(&stand);
}

/* Whoever writes to the topic may put anything into a header. */
static void a_trace_that_is_none_holds_no_delivery_up(void **state)
{
    (void)state;
    char text[200];
    stand_open(&stand, 0, take_all, NULL);
    town_partner(&town, "province", "lienthong-xml", stand.port, "");
    town_open(&town);
    town.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n";
    (void)town_await(&town, town_post(&town, 1, "M-1", "province"), DELIVERY_DELIVERED);
    assert_int_equal(strlen(heard_header(&stand.heard[0], "traceparent", text)), 55);
    stand_close(&stand);
}

static void a_dossiers_deliveries_arrive_in_their_order_over_few_connections(void **state)
{
    (void)state;
    enum { DOSSIERS = 5, EVENTS = 8 };
    int64_t last = 0;
    int next[DOSSIERS] = {0};
    stand_open(&stand, 0, take_all, NULL);
    town_partner(&town, "province", "lienthong-xml", stand.port, ", concurrency: 3");
    town_open(&town);
    for (int event = 0; event < EVENTS; event++)
        for (int dossier = 0; dossier < DOSSIERS; dossier++) {
            char name[20];
            (void)snprintf(name, sizeof name, "M-%d-%d", dossier, event);
            last = town_post(&town, dossier, name, "province");
        }
    (void)town_await(&town, last, DELIVERY_DELIVERED);
    stand_await(&stand, DOSSIERS * EVENTS);
    for (size_t i = 0; i < stand_heard(&stand); i++) {
        int dossier;
        int event;
        const char *name = strstr(stand.heard[i].body, ">M-");
        assert_non_null(name);
        assert_int_equal(sscanf(name, ">M-%d-%d<", &dossier, &event), 2);
        assert_int_equal(event, next[dossier]++);
    }
    assert_int_equal(stand_heard(&stand), DOSSIERS * EVENTS);
    assert_in_range(stand_most_at_once(&stand), 1, 3);
    assert_in_range(stand_connections(&stand), 1, 3);
    stand_close(&stand);
}

static void an_error_is_tried_again_until_it_is_taken(void **state)
{
    (void)state;
    struct first first = {2, 500, ""};
    stand_open(&stand, 0, take_later, &first);
    town_partner(&town, "province", "lienthong-xml", stand.port, "");
    town_open(&town);
    int64_t delivery = town_post(&town, 1, "M-1", "province");
    struct standing standing = town_await(&town, delivery, DELIVERY_DELIVERED);
    assert_int_equal(standing.attempts, 3);
    assert_int_equal(stand_heard(&stand), 3);
    stand_close(&stand);
}

static void a_partners_wish_to_wait_is_granted_for_all_of_its_deliveries(void **state)
{
    (void)state;
    struct first first = {1, 429, "Retry-After: 1\r\n"};
    stand_open(&stand, 0, take_later, &first);
    town_partner(&town, "province", "lienthong-xml", stand.port, ", concurrency: 1");
    town_open(&town);
    int64_t since = clock_ticks_ms();
    int64_t one = town_post(&town, 1, "M-1", "province");
    stand_await(&stand, 1);
    int64_t two = town_post(&town, 2, "M-2", "province");
    (void)town_await(&town, one, DELIVERY_DELIVERED);
    (void)town_await(&town, two, DELIVERY_DELIVERED);
    assert_in_range(wait_ms_between(since), 800, 15000);
    assert_int_equal(stand_heard(&stand), 3);
    stand_close(&stand);
}

static void what_was_cut_after_it_was_read_comes_again_under_the_same_key(void **state)
{
    (void)state;
    char one[200], two[200];
    struct first first = {1, 0, ""};
    stand_open(&stand, 0, take_later, &first);
    town_partner(&town, "province", "lienthong-xml", stand.port, "");
    town_open(&town);
    int64_t delivery = town_post(&town, 1, "M-1", "province");
    struct standing standing = town_await(&town, delivery, DELIVERY_DELIVERED);
    assert_int_equal(standing.attempts, 1); /* what has no answer is none */
    assert_int_equal(stand_heard(&stand), 2);
    assert_string_equal(heard_header(&stand.heard[0], "Idempotency-Key", one),
                        heard_header(&stand.heard[1], "Idempotency-Key", two));
    assert_string_equal(stand.heard[0].body, stand.heard[1].body);
    stand_close(&stand);
}

/* How the courier describes a partner, under `member`. */
static void read_state(const char *partner, const char *member, char text[80])
{
    json_t *list = courier_describe(town.courier);
    assert_non_null(list);
    text[0] = '\0';
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *one = json_array_get(list, i);
        const char *value = json_string_value(json_object_get(one, member));
        if (strcmp(json_string_value(json_object_get(one, "partner")), partner) == 0 && value)
            (void)snprintf(text, 80, "%s", value);
    }
    json_decref(list);
}

static void await_state(const char *partner, const char *state)
{
    char text[80];
    for (int round = 0; read_state(partner, "state", text), strcmp(text, state) != 0; round++) {
        if (round > 2000)
            fail_msg("%s is %s instead of %s", partner, text, state);
        (void)usleep(5000); /* it is only to be asked */
    }
}

/* Until the test ends it. */
struct outage {
    _Atomic bool is_over;
    _Atomic size_t refused;
};

static void take_after_outage(struct stand *at, size_t number, const struct heard *heard,
                              char answer[STAND_TEXT])
{
    struct outage *outage = at->own;
    bool is_over = outage->is_over;
    (void)number, (void)heard;
    if (!is_over)
        outage->refused++;
    stand_say(answer, is_over ? 202 : 503, "", is_over ? DONE : "{}");
}

static void a_partner_that_is_down_is_probed_by_one_request_and_costs_no_attempts(void **state)
{
    (void)state;
    enum { COUNT = 6, REFUSED = 8 };
    int64_t deliveries[COUNT];
    struct outage outage = {false, 0};
    stand_open(&stand, 0, take_after_outage, &outage);
    town_partner(&town, "province", "lienthong-xml", stand.port, ", concurrency: 3");
    town_open(&town);
    int64_t since = clock_ticks_ms();
    for (int i = 0; i < COUNT; i++)
        deliveries[i] = town_post(&town, i, "M", "province");
    await_state("province", "down");
    stand_await(&stand, REFUSED);
    outage.is_over = true;
    for (int i = 0; i < COUNT; i++) {
        struct standing standing = town_await(&town, deliveries[i], DELIVERY_DELIVERED);
        assert_int_equal(standing.attempts, 1);
    }
    await_state("province", "up");
    /* The breaker's three, at most two more that were under way, then one at a time. */
    assert_in_range(wait_ms_between(since), 300, 20000);
    assert_int_equal(stand_heard(&stand), outage.refused + COUNT);
    stand_close(&stand);
}

static void a_refused_connection_is_no_attempt_either(void **state)
{
    (void)state;
    stand_open(&stand, 0, take_all, NULL);
    int port = stand.port;
    stand_close(&stand);
    town_partner(&town, "province", "lienthong-xml", port, "");
    town_open(&town);
    int64_t delivery = town_post(&town, 1, "M-1", "province");
    await_state("province", "down");
    assert_string_equal(town_look(&town, delivery).cause, "connect:refused");
    stand_open(&stand, port, take_all, NULL);
    assert_int_equal(town_await(&town, delivery, DELIVERY_DELIVERED).attempts, 1);
    stand_close(&stand);
}

static void a_redirect_is_not_followed(void **state)
{
    (void)state;
    char headers[80];
    stand_open(&other, 0, take_all, NULL);
    (void)snprintf(headers, sizeof headers, "Location: http://127.0.0.1:%d/\r\n", other.port);
    struct first first = {1, 307, headers};
    stand_open(&stand, 0, take_later, &first);
    town_partner(&town, "province", "lienthong-xml", stand.port, "");
    town_open(&town);
    int64_t delivery = town_post(&town, 1, "M-1", "province");
    (void)town_await(&town, delivery, DELIVERY_DELIVERED);
    assert_int_equal(stand_heard(&stand), 2);
    assert_int_equal(stand_heard(&other), 0);
    stand_close(&stand);
    stand_close(&other);
}

/* ---- a directory that comes into force while a login is under way ---- */

/* Cuts the first logins and keeps the next one until the test lets it go on. */
struct gate {
    size_t cut;
    const char *session;
    _Atomic bool is_reached, is_open, is_left;
};

static void keep_login(struct stand *at, size_t number, const struct heard *heard,
                       char answer[STAND_TEXT])
{
    char body[100];
    struct gate *gate = at->own;
    if (strncmp(heard->head, "POST /base/mapi/login", 21) != 0) {
        stand_say(answer, 200, "", "{\"error_code\": \"0\"}");
        return;
    }
    if (number < gate->cut)
        return;
    gate->is_reached = true;
    while (!gate->is_open)
        (void)usleep(5000);
    gate->is_left = true;
    (void)snprintf(body, sizeof body, "{\"error_code\": \"0\", \"session\": \"%s\"}",
                   gate->session);
    stand_say(answer, 200, "", body);
}

static void await_true(const _Atomic bool *what)
{
    for (int round = 0; !*what; round++) {
        assert_true(round < 2000);
        (void)usleep(5000);
    }
}

static void await_login(const struct gate *gate)
{
    await_true(&gate->is_reached);
}

/* Until the courier has taken it up, too. */
static void reload(const char *partners)
{
    struct fault why;
    town_write(&town, "partners.yaml", partners);
    must(directory_reload(town.place, &why), &why);
    (void)usleep(1500000); /* it looks every half second */
}

static void a_partner_that_comes_back_is_sent_to_although_its_probe_was_under_way(void **state)
{
    (void)state;
    static const char unpushed[] = "partners:\n- {id: portal, name: X, agencies: [H09], "
                                   "adapters: [dvcqg-json], deliver: {by: none}}\n";
    struct gate gate = {.cut = 3, .session = "s-1"};
    stand_open(&stand, 0, keep_login, &gate);
    town_partner(&town, "portal", "dvcqg-json", stand.port, "");
    town_open(&town);
    for (int dossier = 1; dossier <= 2; dossier++) {
        (void)town_post(&town, dossier, "M-1", "portal");
        await_login(&gate);
        reload(unpushed);
        gate.is_open = true;
        await_true(&gate.is_left);
        (void)usleep(300000); /* the login has ended */
        gate.is_left = gate.is_reached = gate.is_open = false;
        reload(town.partners);
    }
    gate.is_open = true;
    (void)town_await(&town, town_post(&town, 3, "M-1", "portal"), DELIVERY_DELIVERED);
    stand_close(&stand);
}

static void a_session_of_one_address_is_not_sent_to_another(void **state)
{
    (void)state;
    char before[TOWN_PARTNERS];
    struct gate gate = {.session = "s-old"};
    struct gate moved = {.session = "s-new", .is_open = true};
    stand_open(&stand, 0, keep_login, &gate);
    stand_open(&other, 0, keep_login, &moved);
    (void)snprintf(before, sizeof before, "%s", town.partners);
    town_partner(&town, "portal", "dvcqg-json", stand.port, "");
    town_open(&town);
    int64_t delivery = town_post(&town, 1, "M-1", "portal");
    await_login(&gate);
    (void)snprintf(town.partners, sizeof town.partners, "%s", before);
    town_partner(&town, "portal", "dvcqg-json", other.port, "");
    reload(town.partners);
    gate.is_open = true;
    (void)town_await(&town, delivery, DELIVERY_DELIVERED);
    assert_int_equal(stand_heard(&other), 2);
    assert_non_null(strstr(other.heard[1].body, "\"s-new\""));
    stand_close(&stand);
    stand_close(&other);
}

static void a_partner_that_hangs_leaves_the_others_undisturbed(void **state)
{
    (void)state;
    enum { COUNT = 40 };
    int64_t last = 0;
    stand_open(&stand, 0, hang, NULL);
    stand_open(&other, 0, take_all, NULL);
    town.options.connections = 4;
    town_partner(&town, "slow", "lienthong-xml", stand.port, ", concurrency: 100");
    town_partner(&town, "quick", "lienthong-xml", other.port, "");
    town_open(&town);
    for (int i = 0; i < COUNT; i++)
        (void)town_post(&town, i, "M", "slow");
    stand_await(&stand, 2);
    for (int i = 0; i < COUNT; i++)
        last = town_post(&town, i, "M", "quick");
    (void)town_await(&town, last, DELIVERY_DELIVERED);
    stand_await(&other, COUNT);
    assert_in_range(stand_most_at_once(&stand), 2, 3);
    stand_close(&stand);
    stand_close(&other);
}

static void a_request_without_an_answer_ends_in_time(void **state)
{
    (void)state;
    stand_open(&stand, 0, hang, NULL);
    town_partner(&town, "province", "lienthong-xml", stand.port, ", timeout_ms: 200");
    town_open(&town);
    int64_t delivery = town_post(&town, 1, "M-1", "province");
    stand_await(&stand, 2);
    assert_string_equal(town_look(&town, delivery).cause, "connect:timeout");
    stand_close(&stand);
}

/* ---- dead ones ---- */

static void refuse_first(struct stand *at, size_t number, const struct heard *heard,
                         char answer[STAND_TEXT])
{
    (void)at, (void)heard;
    stand_say(answer, number == 0 ? 422 : 202, "", DONE);
}

static bool add_outcome(void *own, const struct spool_audited *entry)
{
    char *text = own;
    size_t used = strlen(text);
    (void)snprintf(text + used, LISTING_SIZE - used, "%s%s", used ? " " : "",
                   entry->record.outcome);
    return true;
}

/* What became of the acts that are on record. */
static void assert_outcomes(const char *expected)
{
    struct fault why;
    char text[LISTING_SIZE] = "";
    must(spool_audited(town.world.reader, &(struct audit_range){0}, add_outcome, text, &why), &why);
    assert_string_equal(text, expected);
}

static void what_is_refused_holds_its_dossier_until_a_person_says_so(void **state)
{
    (void)state;
    struct fault why;
    stand_open(&stand, 0, refuse_first, NULL);
    town_partner(&town, "province", "lienthong-xml", stand.port, "");
    town_open(&town);
    int64_t one = town_post(&town, 1, "M-1", "province");
    struct standing standing = town_await(&town, one, DELIVERY_DEAD);
    assert_string_equal(standing.cause, "answer:invalid-document");
    assert_int_equal(standing.status, 422);
    int64_t two = town_post(&town, 1, "M-2", "province");
    int64_t apart = town_post(&town, 2, "M-3", "province");
    (void)town_await(&town, apart, DELIVERY_DELIVERED);
    assert_int_equal(town_look(&town, two).state, DELIVERY_PARKED);
    must(courier_release(town.courier, one, &world_word, &why), &why);
    (void)town_await(&town, one, DELIVERY_DELIVERED);
    (void)town_await(&town, two, DELIVERY_DELIVERED);
    assert_int_equal(stand_heard(&stand), 4);
    assert_false(courier_release(town.courier, one, &world_word, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    assert_false(courier_release(town.courier, 99 * DELIVERIES_PER_ARRIVAL, &world_word, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    assert_outcomes("done refused refused");
    stand_close(&stand);
}

static char *write_nothing(void *own, const struct spool_audited *entry, size_t *size)
{
    (void)own, (void)entry, (void)size;
    return NULL;
}

/* Neither who reads the record nor who did it is told anything else than what is so. */
static void what_cannot_be_on_record_is_not_done(void **state)
{
    (void)state;
    struct fault why;
    bool is_paused;
    stand_open(&stand, 0, refuse_first, NULL);
    town_partner(&town, "province", "lienthong-xml", stand.port, "");
    town_open(&town);
    int64_t one = town_post(&town, 1, "M-1", "province");
    (void)town_await(&town, one, DELIVERY_DEAD);
    must(spool_audit_schema(town.world.spool, town.schema_no, write_nothing, NULL, &why), &why);
    assert_false(courier_discard(town.courier, one, &world_word, &why));
    assert_false(courier_route(town.courier, one, "province", &world_word, &why));
    assert_false(courier_release(town.courier, one, &world_word, &why));
    assert_false(courier_pause(town.courier, "province", true, &world_word, &why));
    assert_int_equal(town_look(&town, one).state, DELIVERY_DEAD);
    must(spool_paused(town.world.reader, "province", &is_paused, &why), &why);
    assert_false(is_paused);
    assert_outcomes("");
    stand_close(&stand);
}

static void what_is_discarded_lets_the_next_one_go(void **state)
{
    (void)state;
    struct fault why;
    stand_open(&stand, 0, refuse_first, NULL);
    town_partner(&town, "province", "lienthong-xml", stand.port, "");
    town_open(&town);
    int64_t one = town_post(&town, 1, "M-1", "province");
    (void)town_await(&town, one, DELIVERY_DEAD);
    int64_t two = town_post(&town, 1, "M-2", "province");
    must(courier_discard(town.courier, one, &world_word, &why), &why);
    (void)town_await(&town, two, DELIVERY_DELIVERED);
    assert_int_equal(town_look(&town, one).state, DELIVERY_DISCARDED);
    stand_close(&stand);
}

static void what_keeps_failing_at_a_partner_that_is_up_expires(void **state)
{
    (void)state;
    struct first first = {1000, 500, ""};
    stand_open(&stand, 0, take_later, &first);
    town_partner(&town, "province", "lienthong-xml", stand.port, ", give_up_ms: 1000");
    town_open(&town);
    int64_t delivery = town_post(&town, 1, "M-1", "province");
    struct standing standing = town_await(&town, delivery, DELIVERY_DEAD);
    assert_string_equal(standing.cause, "answer:status=500");
    stand_close(&stand);
}

/* ---- where a person sends it ---- */

static void refuse(struct stand *at, size_t number, const struct heard *heard,
                   char answer[STAND_TEXT])
{
    (void)at, (void)number, (void)heard;
    stand_say(answer, 422, "", "{}");
}

/* A province that refuses all, and a ministry. */
static void open_two(stand_answer ministry)
{
    stand_open(&stand, 0, refuse, NULL);
    stand_open(&other, 0, ministry, NULL);
    town_partner(&town, "province", "lienthong-xml", stand.port, "");
    town_partner(&town, "ministry", "lienthong-xml", other.port, "");
}

static void close_two(void)
{
    stand_close(&stand);
    stand_close(&other);
}

static void what_a_person_sends_elsewhere_does_not_follow_its_closed_agency(void **state)
{
    (void)state;
    struct fault why;
    town.agency = "H10"; /* whose successor is the province's */
    open_two(take_all);
    town_open(&town);
    int64_t delivery = town_post(&town, 1, "M-1", "province");
    (void)town_await(&town, delivery, DELIVERY_DEAD);
    must(courier_route(town.courier, delivery, "ministry", &world_word, &why), &why);
    struct standing standing = town_await(&town, delivery, DELIVERY_DELIVERED);
    assert_string_equal(standing.partner, "ministry");
    assert_string_equal(standing.agency, "");
    assert_int_equal(stand_heard(&other), 1);
    assert_int_equal(stand_heard(&stand), 1);
    close_two();
}

static void what_is_dead_where_a_person_sent_it_is_not_swept_away(void **state)
{
    (void)state;
    struct fault why;
    town.agency = "H10";
    open_two(refuse);
    int64_t delivery = town_post(&town, 1, "M-1", "province");
    town.agency = "H11"; /* nobody's */
    int64_t behind = town_post(&town, 2, "M-2", "gone");
    town_open(&town);
    (void)town_await(&town, delivery, DELIVERY_DEAD);
    (void)town_await(&town, behind, DELIVERY_DEAD);
    must(courier_route(town.courier, delivery, "ministry", &world_word, &why), &why);
    stand_await(&other, 1);
    (void)town_await(&town, delivery, DELIVERY_DEAD);
    town_partner(&town, "gone", "lienthong-xml", other.port, "");
    town_write(&town, "partners.yaml", town.partners);
    must(directory_reload(town.place, &why), &why);
    stand_await(&other, 2); /* the sweep lets go what is behind it */
    assert_string_equal(town_await(&town, behind, DELIVERY_DEAD).partner, "gone");
    struct standing standing = town_look(&town, delivery);
    assert_string_equal(standing.partner, "ministry");
    assert_int_equal(standing.state, DELIVERY_DEAD);
    assert_int_equal(stand_heard(&stand), 1);
    close_two();
}

static void what_a_person_sends_to_who_gets_it_for_its_agency_is_for_that_agency(void **state)
{
    (void)state;
    struct fault why;
    open_two(refuse);
    town_open(&town);
    int64_t delivery = town_post(&town, 1, "M-1", "ministry");
    (void)town_await(&town, delivery, DELIVERY_DEAD);
    must(courier_route(town.courier, delivery, "province", &world_word, &why), &why);
    stand_await(&stand, 1);
    assert_string_equal(town_await(&town, delivery, DELIVERY_DEAD).agency, "H09");
    must(courier_route(town.courier, delivery, "ministry", &world_word, &why), &why);
    stand_await(&other, 2);
    assert_string_equal(town_await(&town, delivery, DELIVERY_DEAD).agency, "");
    close_two();
}

/* ---- one that comes into its dossier's lane before others ---- */

/* The first answer waits for the test. */
struct slow_first {
    _Atomic bool is_open;
    _Atomic int of_dossier, most_of_dossier; /* of dossier 1, being answered */
};

static void keep_first(struct stand *at, size_t number, const struct heard *heard,
                       char answer[STAND_TEXT])
{
    struct slow_first *slow_first = at->own;
    bool is_of_dossier = strstr(heard->body, "250513-0001") != NULL;
    if (is_of_dossier && ++slow_first->of_dossier > slow_first->most_of_dossier)
        slow_first->most_of_dossier = slow_first->of_dossier;
    while (number == 0 && !slow_first->is_open)
        (void)usleep(5000);
    if (is_of_dossier)
        slow_first->of_dossier--;
    stand_say(answer, 202, "", DONE);
}

/* A province whose first answer is slow, and a ministry where an event of dossier 1 is dead: its
 * number. */
static int64_t open_lane(struct slow_first *slow_first, const char *more)
{
    stand_open(&stand, 0, keep_first, slow_first);
    stand_open(&other, 0, refuse, NULL);
    town_partner(&town, "province", "lienthong-xml", stand.port, more);
    town_partner(&town, "ministry", "lienthong-xml", other.port, "");
    town_open(&town);
    int64_t old = town_post(&town, 1, "OLD", "ministry");
    (void)town_await(&town, old, DELIVERY_DEAD);
    return old;
}

static void assert_heard(size_t number, const char *name)
{
    char text[20];
    (void)snprintf(text, sizeof text, ">%s<", name);
    if (!strstr(stand.heard[number].body, text))
        fail_msg("request %zu is not %s: %s", number, name, stand.heard[number].body);
}

static void what_was_read_ahead_waits_for_one_that_comes_before_it(void **state)
{
    (void)state;
    struct fault why;
    struct slow_first slow_first = {.is_open = false};
    int64_t old = open_lane(&slow_first, ", concurrency: 1");
    must(courier_pause(town.courier, "province", true, &world_word, &why), &why);
    await_state("province", "paused");
    (void)town_post(&town, 9, "APART", "province");
    int64_t later = town_post(&town, 1, "LATER", "province");
    must(courier_pause(town.courier, "province", false, &world_word, &why), &why);
    stand_await(&stand, 1); /* both were read */
    must(courier_route(town.courier, old, "province", &world_word, &why), &why);
    assert_int_equal(town_look(&town, later).state, DELIVERY_PARKED);
    slow_first.is_open = true;
    (void)town_await(&town, later, DELIVERY_DELIVERED);
    assert_int_equal(town_look(&town, old).state, DELIVERY_DELIVERED);
    assert_int_equal(stand_heard(&stand), 3);
    assert_heard(0, "APART");
    assert_heard(1, "OLD");
    assert_heard(2, "LATER");
    assert_int_equal(stand_most_at_once(&stand), 1);
    close_two();
}

static void one_that_comes_before_what_is_under_way_waits_for_its_end(void **state)
{
    (void)state;
    struct fault why;
    struct slow_first slow_first = {.is_open = false};
    int64_t old = open_lane(&slow_first, ", concurrency: 2");
    int64_t later = town_post(&town, 1, "LATER", "province");
    stand_await(&stand, 1);
    must(courier_route(town.courier, old, "province", &world_word, &why), &why);
    int64_t apart = town_post(&town, 9, "APART", "province");
    (void)town_await(&town, apart, DELIVERY_DELIVERED); /* it is due after the one before it */
    assert_int_equal(stand_heard(&stand), 2);
    assert_int_equal(town_look(&town, old).state, DELIVERY_WAITING);
    slow_first.is_open = true;
    (void)town_await(&town, old, DELIVERY_DELIVERED);
    assert_int_equal(town_look(&town, later).state, DELIVERY_DELIVERED);
    assert_int_equal(stand_heard(&stand), 3);
    assert_heard(0, "LATER");
    assert_heard(1, "APART");
    assert_heard(2, "OLD");
    assert_int_equal(slow_first.most_of_dossier, 1);
    close_two();
}

/* ---- pauses ---- */

static void nothing_goes_to_a_partner_that_is_paused(void **state)
{
    (void)state;
    struct fault why;
    stand_open(&stand, 0, take_all, NULL);
    stand_open(&other, 0, take_all, NULL);
    town_partner(&town, "province", "lienthong-xml", stand.port, "");
    town_partner(&town, "ministry", "lienthong-xml", other.port, "");
    town_open(&town);
    must(courier_pause(town.courier, "province", true, &world_word, &why), &why);
    await_state("province", "paused");
    int64_t waiting = town_post(&town, 1, "M-1", "province");
    (void)town_await(&town, town_post(&town, 1, "M-1", "ministry"), DELIVERY_DELIVERED);
    assert_int_equal(stand_heard(&stand), 0);
    courier_stop(town.courier, 5000);
    town.courier = courier_start(&town.options, &why);
    must(town.courier, &why);
    await_state("province", "paused"); /* it was kept */
    must(courier_pause(town.courier, "province", false, &world_word, &why), &why);
    (void)town_await(&town, waiting, DELIVERY_DELIVERED);
    stand_close(&stand);
    stand_close(&other);
}

static void who_gets_nothing_is_not_paused(void **state)
{
    (void)state;
    struct fault why;
    town_partner(&town, "province", "lienthong-xml", 1, "");
    town_open(&town);
    assert_false(courier_pause(town.courier, "provincee", true, &world_word, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    assert_string_equal(why.text, "nothing is delivered to a partner provincee");
    town.agency = "H11"; /* nobody's: what is for it stays with who is gone */
    (void)town_post(&town, 1, "M-1", "gone");
    must(courier_pause(town.courier, "gone", true, &world_word, &why), &why);
    must(spool_pause_partner(town.world.spool, "left", true, &world_word, &why), &why);
    must(courier_pause(town.courier, "left", false, &world_word, &why), &why);
    assert_false(courier_pause(town.courier, "left", false, &world_word, &why));
    assert_outcomes("refused done done done refused");
}

static void *pause_or_resume(void *own)
{
    struct fault why;
    must(courier_pause(town.courier, "province", own != NULL, &world_word, &why), &why);
    return NULL;
}

static bool is_shown_paused(void)
{
    json_t *list = courier_describe(town.courier);
    const char *shown = json_string_value(json_object_get(json_array_get(list, 0), "state"));
    bool is_paused = shown && strcmp(shown, "paused") == 0;
    json_decref(list);
    return is_paused;
}

/* Whoever speaks last in the spool has spoken last in the courier, which shows it a little later.
 */
static void of_contrary_words_at_the_same_moment_one_holds(void **state)
{
    enum { ROUNDS = 100 };
    (void)state;
    struct fault why;
    town_partner(&town, "province", "lienthong-xml", 1, "");
    town_open(&town);
    for (int i = 0; i < ROUNDS; i++) {
        pthread_t one, two;
        bool is_paused = false;
        assert_int_equal(pthread_create(&one, NULL, pause_or_resume, &town), 0);
        assert_int_equal(pthread_create(&two, NULL, pause_or_resume, NULL), 0);
        (void)pthread_join(one, NULL);
        (void)pthread_join(two, NULL);
        must(spool_paused(town.world.reader, "province", &is_paused, &why), &why);
        for (int waited = 0; is_shown_paused() != is_paused; waited++) {
            assert_true(waited < 1000);
            (void)usleep(10000);
        }
    }
}

static void a_test_reaches_the_partner_and_sends_nothing(void **state)
{
    (void)state;
    struct fault why;
    stand_open(&stand, 0, take_all, NULL);
    town_partner(&town, "province", "lienthong-xml", stand.port, "");
    town_open(&town);
    json_t *json = courier_test(town.courier, "province", &why);
    assert_non_null(json);
    assert_true(json_is_true(json_object_get(json, "reached")));
    assert_int_equal(json_integer_value(json_object_get(json, "status")), 202);
    json_decref(json);
    assert_int_equal(strncmp(stand.heard[0].head, "HEAD /base", 10), 0);
    assert_null(courier_test(town.courier, "nobody", &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    stand_close(&stand);
}

/* As long as token answers are. */
static void say_long_login(struct stand *at, size_t number, const struct heard *heard,
                           char answer[STAND_TEXT])
{
    char body[2000];
    (void)at, (void)number;
    (void)snprintf(body, sizeof body,
                   "{\"error_code\": \"0\", \"session\": \"s\", \"roles\": \"%01500d\"}", 0);
    stand_say(answer, 200, "", strstr(heard->head, "login") ? body : "{\"error_code\": \"0\"}");
}

static void a_test_reads_the_whole_answer_to_a_login(void **state)
{
    (void)state;
    struct fault why;
    stand_open(&stand, 0, say_long_login, NULL);
    town_partner(&town, "portal", "dvcqg-json", stand.port, ", timeout_ms: 1000");
    town_open(&town);
    json_t *json = courier_test(town.courier, "portal", &why);
    assert_true(json_is_true(json_object_get(json, "reached")));
    json_decref(json);
    stand_close(&stand);
}

static void *test_province(void *own)
{
    struct fault *why = own;
    json_t *json = courier_test(town.courier, "province", why);
    assert_null(json);
    return NULL;
}

static void a_test_ends_when_it_is_told(void **state)
{
    (void)state;
    struct fault why;
    pthread_t tester;
    stand_open(&stand, 0, hang, NULL);
    town_partner(&town, "province", "lienthong-xml", stand.port, "");
    town_open(&town);
    assert_int_equal(pthread_create(&tester, NULL, test_province, &why), 0);
    while (stand_heard(&stand) == 0)
        (void)usleep(5000);
    int64_t since_ms = clock_ticks_ms();
    courier_end_tests(town.courier);
    assert_int_equal(pthread_join(tester, NULL), 0);
    assert_true(wait_ms_between(since_ms) < 5000);
    assert_int_equal(why.kind, FAULT_RETRY);
    stand_close(&stand);
}

/* ---- the end ---- */

static void slow(struct stand *at, size_t number, const struct heard *heard,
                 char answer[STAND_TEXT])
{
    const _Atomic bool *is_ending = at->own;
    (void)number, (void)heard;
    while (!*is_ending)
        (void)usleep(5000);
    (void)usleep(300000); /* a partner that takes its time */
    stand_say(answer, 202, "", DONE);
}

static void a_stop_lets_what_is_under_way_end(void **state)
{
    (void)state;
    struct fault why;
    _Atomic bool is_ending = false;
    stand_open(&stand, 0, slow, &is_ending);
    town_partner(&town, "province", "lienthong-xml", stand.port, ", concurrency: 1");
    town_open(&town);
    int64_t one = town_post(&town, 1, "M-1", "province");
    int64_t two = town_post(&town, 2, "M-2", "province");
    stand_await(&stand, 1);
    is_ending = true;
    courier_stop(town.courier, 10000);
    assert_int_equal(town_look(&town, one).state, DELIVERY_DELIVERED);
    assert_int_equal(town_look(&town, two).state, DELIVERY_WAITING);
    town.courier = courier_start(&town.options, &why);
    must(town.courier, &why);
    (void)town_await(&town, two, DELIVERY_DELIVERED);
    assert_int_equal(stand_heard(&stand), 2);
    stand_close(&stand);
}

int main(void)
{
#define TOWN(test) cmocka_unit_test_setup_teardown(test, open_town, close_town)
    const struct CMUnitTest tests[] = {
        TOWN(a_delivery_is_sent_as_the_format_says_and_settled),
        TOWN(a_trace_that_is_none_holds_no_delivery_up),
        TOWN(a_dossiers_deliveries_arrive_in_their_order_over_few_connections),
        TOWN(an_error_is_tried_again_until_it_is_taken),
        TOWN(a_partners_wish_to_wait_is_granted_for_all_of_its_deliveries),
        TOWN(what_was_cut_after_it_was_read_comes_again_under_the_same_key),
        TOWN(a_partner_that_is_down_is_probed_by_one_request_and_costs_no_attempts),
        TOWN(a_refused_connection_is_no_attempt_either),
        TOWN(a_redirect_is_not_followed),
        TOWN(a_partner_that_comes_back_is_sent_to_although_its_probe_was_under_way),
        TOWN(a_session_of_one_address_is_not_sent_to_another),
        TOWN(a_partner_that_hangs_leaves_the_others_undisturbed),
        TOWN(a_request_without_an_answer_ends_in_time),
        TOWN(what_is_refused_holds_its_dossier_until_a_person_says_so),
        TOWN(what_cannot_be_on_record_is_not_done),
        TOWN(what_is_discarded_lets_the_next_one_go),
        TOWN(what_keeps_failing_at_a_partner_that_is_up_expires),
        TOWN(what_a_person_sends_elsewhere_does_not_follow_its_closed_agency),
        TOWN(what_is_dead_where_a_person_sent_it_is_not_swept_away),
        TOWN(what_a_person_sends_to_who_gets_it_for_its_agency_is_for_that_agency),
        TOWN(what_was_read_ahead_waits_for_one_that_comes_before_it),
        TOWN(one_that_comes_before_what_is_under_way_waits_for_its_end),
        TOWN(nothing_goes_to_a_partner_that_is_paused),
        TOWN(who_gets_nothing_is_not_paused),
        TOWN(of_contrary_words_at_the_same_moment_one_holds),
        TOWN(a_test_reaches_the_partner_and_sends_nothing),
        TOWN(a_test_reads_the_whole_answer_to_a_login),
        TOWN(a_test_ends_when_it_is_told),
        TOWN(a_stop_lets_what_is_under_way_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
