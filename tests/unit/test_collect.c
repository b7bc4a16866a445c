/* SPDX-License-Identifier: Apache-2.0 */
/* The collector between mailboxes on this machine and a test that takes the letters. */
#include "courier_world.h"

#include "base/moment.h"
#include "deliver/collect.h"

#include <dlfcn.h>
#include <time.h>

enum { DAY_S = 86400, LETTERS = 32, FEW = 8 };

/* The time of day is the test's. */
static _Atomic time_t ahead_s;

int clock_gettime(clockid_t clock, struct timespec *now)
{
    static int (*_Atomic real)(clockid_t, struct timespec *);
    int (*call)(clockid_t, struct timespec *) = real;
    if (!call) {
        void *found = dlsym(RTLD_NEXT, "clock_gettime");
        memcpy(&call, &found, sizeof call);
        real = call;
    }
    int result = call(clock, now);
    if (clock == CLOCK_REALTIME)
        now->tv_sec += ahead_s;
    return result;
}

/* ---- a mailbox ---- */

enum fate { GOOD, PAGE, LOST, EMPTY, FAILING, CUT };

static const char *const answers[] = {
    [GOOD] = "{\"status\":\"OK\",\"data\":\"PGEvPg==\"}",     /* <a/> */
    [PAGE] = "{\"status\":\"OK\",\"data\":\"JVBERi0xLjQ=\"}", /* %PDF-1.4 */
    [LOST] = "{}",
    [EMPTY] = "{\"status\":\"OK\"}",
    [FAILING] = "{}",
};

/* Its letters d0 to d9, da to dv: what becomes of a fetch, and which are marked. */
static const char digits[LETTERS + 1] = "0123456789abcdefghijklmnopqrstuv";

static size_t number_of(char digit)
{
    const char *at = strchr(digits, digit);
    assert_true(at && digit);
    return (size_t)(at - digits);
}

struct box {
    _Atomic enum fate fates[LETTERS];
    _Atomic bool is_marked[LETTERS];
    _Atomic size_t count;
    int slow_ms;              /* each answer */
    bool is_stuck;            /* fetches get none */
    _Atomic bool is_busy;     /* lists are an error inside 200 */
    _Atomic bool is_nameless; /* an item without an id stands before the letters */
};

static void list(const struct box *box, char answer[STAND_TEXT])
{
    char body[2000];
    int used = snprintf(body, sizeof body, "{\"status\":\"OK\",\"data\":[%s",
                        box->is_nameless ? "{\"status\":\"initial\"}," : "");
    for (size_t i = 0; i < box->count; i++)
        used += snprintf(body + used, sizeof body - (size_t)used,
                         "%s{\"docId\":\"d%c\",\"status\":\"%s\"}", i > 0 ? "," : "", digits[i],
                         box->is_marked[i] ? "done" : "initial");
    (void)snprintf(body + used, sizeof body - (size_t)used, "]}");
    stand_say(answer, 200, "", body);
}

static void serve(struct stand *stand, size_t number, const struct heard *heard,
                  char answer[STAND_TEXT])
{
    static const int statuses[] = {
        [GOOD] = 200, [PAGE] = 200, [LOST] = 404, [EMPTY] = 200, [FAILING] = 500};
    struct box *box = stand->own;
    const char *id;
    (void)number;
    (void)usleep((useconds_t)box->slow_ms * 1000);
    if (strstr(heard->head, "syncReceived") && box->is_busy) {
        stand_say(answer, 200, "", "{\"ErrorCode\":\"20\"}");
    } else if (strstr(heard->head, "syncReceived")) {
        list(box, answer);
    } else if ((id = strstr(heard->head, "getEdoc?docId=d"))) {
        enum fate fate = box->fates[number_of(id[15])];
        if (box->is_stuck)
            stand_hang(stand);
        else if (fate != CUT)
            stand_say(answer, statuses[fate], "", answers[fate]);
    } else if ((id = strstr(heard->body, "\"docId\":\"d"))) {
        box->is_marked[number_of(id[10])] = true;
        stand_say(answer, 200, "", "{\"status\":\"OK\"}");
    }
}

/* ---- who takes the letters ---- */

struct taker {
    enum fault_kind kind; /* why it does not take a page */
    _Atomic int taken;
};

static bool take(void *own, const char *partner, char *bytes, size_t size, struct fault *why)
{
    struct taker *taker = own;
    bool is_page = size > 0 && bytes[0] == '%';
    (void)partner;
    free(bytes);
    if (is_page)
        return fault_set(why, taker->kind, "it is a page");
    taker->taken++;
    return true;
}

/* ---- tests ---- */

static struct town town;
static struct stand stand, other;
static struct box box, other_box;
static struct collector *collector;

static int open_town(void **state)
{
    (void)state;
    ahead_s = 0;
    memset(&box, 0, sizeof box);
    memset(&other_box, 0, sizeof other_box);
    town_make(&town);
    stand_open(&stand, 0, serve, &box);
    return 0;
}

static int close_town(void **state)
{
    (void)state;
    collector_stop(collector);
    stand_close(&stand);
    town_close(&town);
    return 0;
}

static void add_mailbox(const char *id, int port)
{
    size_t used = strlen(town.partners);
    (void)snprintf(town.partners + used, sizeof town.partners - used,
                   "- {id: %s, name: X, agencies: [H09], adapters: [edxml], collect: "
                   "{poll_every_ms: 1000}, deliver: {by: none, url: 'http://127.0.0.1:%d', "
                   "user: u, password_file: password}}\n",
                   id, port);
}

static void start(struct taker *taker)
{
    struct fault why;
    add_mailbox("axis", stand.port);
    town_open(&town);
    const struct collector_options options = {.adapters = town.adapters,
                                              .place = town.place,
                                              .answer_limit_bytes = 65536,
                                              .document_limit_bytes = 65536,
                                              .take = take,
                                              .own = taker};
    collector = collector_start(&options, &why);
    must(collector, &why);
}

static void await_mark(const struct box *at, size_t letter)
{
    for (int round = 0; !at->is_marked[letter]; round++) {
        if (round > 2000)
            fail_msg("d%c is not marked", digits[letter]);
        (void)usleep(5000);
    }
}

static void a_letter_that_nobody_takes_holds_up_none(void **state)
{
    (void)state;
    static const enum fault_kind kinds[] = {FAULT_REFUSE, FAULT_BROKEN};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct taker taker = {.kind = kinds[i]};
        if (i > 0) {
            (void)close_town(state);
            (void)open_town(state);
        }
        box.count = 2;
        box.fates[0] = PAGE;
        start(&taker);
        await_mark(&box, 1);
        assert_false(box.is_marked[0]);
        box.fates[0] = GOOD;
        await_mark(&box, 0); /* it was asked for again */
    }
}

static void a_letter_that_is_not_to_be_had_holds_up_none(void **state)
{
    (void)state;
    struct taker taker = {.kind = FAULT_NONE};
    box.count = 5;
    box.fates[0] = LOST;
    box.fates[1] = EMPTY;
    box.fates[2] = FAILING;
    box.fates[3] = CUT;
    start(&taker);
    await_mark(&box, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_false(box.is_marked[i]);
        box.fates[i] = GOOD;
    }
    for (size_t i = 0; i < 4; i++)
        await_mark(&box, i);
    assert_int_equal(taker.taken, 5);
}

static void many_in_a_row_hold_up_none_behind_them(void **state)
{
    (void)state;
    struct taker taker = {.kind = FAULT_NONE};
    box.count = LETTERS;
    for (size_t i = 0; i < LETTERS - 1; i++)
        box.fates[i] = FAILING;
    start(&taker);
    await_mark(&box, LETTERS - 1);
    box.fates[0] = GOOD;
    await_mark(&box, 0);
}

static void an_item_without_an_id_holds_up_none(void **state)
{
    (void)state;
    struct taker taker = {.kind = FAULT_NONE};
    box.count = 1;
    box.is_nameless = true;
    start(&taker);
    await_mark(&box, 0);
}

static void when_nothing_can_be_taken_now_the_look_ends(void **state)
{
    (void)state;
    struct taker taker = {.kind = FAULT_RETRY};
    box.count = 2;
    box.fates[0] = PAGE;
    start(&taker);
    stand_await(&stand, 3);
    assert_non_null(strstr(stand.heard[1].head, "docId=d0"));
    assert_non_null(strstr(stand.heard[2].head, "syncReceived"));
    box.fates[0] = GOOD;
    await_mark(&box, 1);
}

/* The first day that the last look asked for, as days before today. */
static int looked_back(void)
{
    const char *last = NULL;
    size_t count = stand_heard(&stand);
    stand_await(&stand, count + 2); /* of now */
    for (size_t i = 0; i < stand_heard(&stand); i++)
        if (strstr(stand.heard[i].head, "syncReceived"))
            last = strstr(stand.heard[i].head, "fromDate=");
    assert_non_null(last);
    for (int days = 0; days < 100; days++) {
        char text[40];
        int32_t day = moment_day(clock_now_ms() - days * (int64_t)DAY_S * 1000);
        (void)snprintf(text, sizeof text, "fromDate=%04d/%02d/%02d", (int)(day / 10000),
                       (int)(day / 100 % 100), (int)(day % 100));
        if (strncmp(last, text, strlen(text)) == 0)
            return days;
    }
    fail_msg("%.30s is far away", last);
    return -1;
}

static void what_is_left_is_listed_for_as_long_as_it_is_there(void **state)
{
    (void)state;
    struct taker taker = {.kind = FAULT_NONE};
    box.count = 2;
    start(&taker);
    await_mark(&box, 1);
    assert_int_equal(looked_back(), 7);
    box.count = 3;
    box.fates[2] = LOST;
    assert_int_equal(looked_back(), 7);
    ahead_s = 30 * (time_t)DAY_S;
    assert_int_equal(looked_back(), 37);
    box.fates[2] = GOOD;
    await_mark(&box, 2);
    assert_int_equal(looked_back(), 7);
}

static void the_first_look_reaches_back_further(void **state)
{
    (void)state;
    struct taker taker = {.kind = FAULT_NONE};
    box.count = 1;
    box.fates[0] = LOST;
    start(&taker);
    assert_int_equal(looked_back(), 28);
}

static void a_mailbox_that_is_busy_is_not_empty(void **state)
{
    (void)state;
    struct taker taker = {.kind = FAULT_NONE};
    box.is_busy = true;
    start(&taker);
    assert_int_equal(looked_back(), 28);
    box.is_busy = false;
    (void)looked_back(); /* the first one that is answered */
    assert_int_equal(looked_back(), 7);
}

static void a_slow_mailbox_leaves_the_others_alone(void **state)
{
    (void)state;
    enum { SLOW_MS = 3000 };
    struct taker taker = {.kind = FAULT_NONE};
    box = (struct box){.count = FEW, .slow_ms = SLOW_MS};
    other_box.count = FEW;
    stand_open(&other, 0, serve, &other_box);
    start(&taker);
    stand_await(&stand, 1);
    (void)snprintf(town.partners, sizeof town.partners, "partners:\n");
    add_mailbox("axis", stand.port);
    add_mailbox("other", other.port);
    town_write(&town, "partners.yaml", town.partners);
    struct fault why;
    must(directory_reload(town.place, &why), &why);
    int64_t since = clock_ticks_ms();
    await_mark(&other_box, FEW - 1);
    assert_in_range(clock_ticks_ms() - since, 0, SLOW_MS);
    stand_close(&other);
}

static void a_stop_ends_the_call_under_way(void **state)
{
    (void)state;
    struct taker taker = {.kind = FAULT_NONE};
    box = (struct box){.count = 1, .is_stuck = true};
    start(&taker);
    stand_await(&stand, 2);
    int64_t since = clock_ticks_ms();
    collector_stop(collector);
    collector = NULL;
    assert_in_range(clock_ticks_ms() - since, 0, 5000);
}

int main(void)
{
#define TOWN(test) cmocka_unit_test_setup_teardown(test, open_town, close_town)
    const struct CMUnitTest tests[] = {
        TOWN(a_letter_that_nobody_takes_holds_up_none),
        TOWN(a_letter_that_is_not_to_be_had_holds_up_none),
        TOWN(many_in_a_row_hold_up_none_behind_them),
        TOWN(an_item_without_an_id_holds_up_none),
        TOWN(when_nothing_can_be_taken_now_the_look_ends),
        TOWN(what_is_left_is_listed_for_as_long_as_it_is_there),
        TOWN(the_first_look_reaches_back_further),
        TOWN(a_mailbox_that_is_busy_is_not_empty),
        TOWN(a_slow_mailbox_leaves_the_others_alone),
        TOWN(a_stop_ends_the_call_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
