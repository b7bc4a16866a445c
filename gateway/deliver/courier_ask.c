/* SPDX-License-Identifier: Apache-2.0 */
/* What people ask of the courier and want of deliveries; on their own threads. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/moment.h"
#include "deliver/call.h"
#include "deliver/courier_own.h"
#include "deliver/route.h"

ENDS_WITH_SCOPE(json_t *, json_decref)
ENDS_WITH_SCOPE(struct spool_reader *, spool_reader_close)
ENDS_WITH_SCOPE(struct directory *, directory_release)
ENDS_WITH_SCOPE(struct peer *, peer_free)

enum { TEST_MS = 10000 };

/* ---- how the partners do ---- */

static json_t *moment_or_null(int64_t moment)
{
    char text[MOMENT_TEXT_SIZE];
    if (!moment)
        return json_null();
    (void)moment_write(moment, MOMENT_ISO, text);
    return json_string(text);
}

static const char *state_name(const struct peer_view *view)
{
    if (view->is_paused)
        return "paused";
    return view->state == BREAKER_CLOSED ? "up" : "down";
}

struct describing {
    struct courier *courier;
    struct spool_reader *reader;
    const struct directory *directory;
    json_t *list;
};

/* A mailbox has no connection that could be down. */
static struct peer_view view_of(const struct describing *describing, const struct partner *partner)
{
    struct fault why;
    struct peer_view view = {.state = BREAKER_CLOSED};
    if (!courier_view(describing->courier, partner->id, &view) &&
        !spool_paused(describing->reader, partner->id, &view.is_paused, &why))
        view.is_paused = false; /* it could not be read: what is shown is only that */
    return view;
}

static json_t *describe(const struct describing *describing, const struct partner *partner)
{
    static const char *const ways[] = {
        [DELIVER_NONE] = "none", [DELIVER_PUSH] = "push", [DELIVER_MAILBOX] = "mailbox"};
    struct peer_view view = view_of(describing, partner);
    return json_pack("{ss ss ss sI sI sI sI so so so ss}", "partner", partner->id, /**/
                     "by", ways[partner->deliver.by],                              /**/
                     "state", state_name(&view),                                   /**/
                     "in_flight", (json_int_t)view.in_flight,                      /**/
                     "waiting", (json_int_t)0,                                     /**/
                     "parked", (json_int_t)0,                                      /**/
                     "dead", (json_int_t)0,                                        /**/
                     "oldest", json_null(),                                        /**/
                     "next_probe", moment_or_null(view.next_probe_ms),             /**/
                     "last_answer", moment_or_null(view.last_answer_ms),           /**/
                     "cause", view.state == BREAKER_CLOSED ? "" : view.cause);
}

static json_t *find_described(json_t *list, const char *partner)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *one = json_array_get(list, i);
        const char *id = json_string_value(json_object_get(one, "partner"));
        if (id && strcmp(id, partner) == 0)
            return one;
    }
    return NULL;
}

static bool add_sum(void *own, const struct delivery_sum *sum)
{
    struct describing *describing = own;
    json_t *one = sum->partner ? find_described(describing->list, sum->partner) : NULL;
    if (!one)
        return true;
    return json_object_set_new(one, "waiting", json_integer(sum->waiting)) == 0 &&
           json_object_set_new(one, "parked", json_integer(sum->parked)) == 0 &&
           json_object_set_new(one, "dead", json_integer(sum->dead)) == 0 &&
           json_object_set_new(one, "oldest", moment_or_null(sum->oldest_ms)) == 0;
}

json_t *courier_describe(struct courier *courier)
{
    struct fault why;
    auto_free(directory_release) struct directory *directory =
        directory_current(courier->options.place);
    auto_free(spool_reader_close) struct spool_reader *reader =
        spool_reader_open(courier->options.spool_file, &why);
    auto_free(json_decref) json_t *list = json_array();
    struct describing describing = {courier, reader, directory, list};
    if (!reader || !list)
        return NULL;
    for (size_t i = 0; i < directory_partner_count(directory); i++) {
        const struct partner *partner = directory_partner_at(directory, i);
        if (partner->deliver.by != DELIVER_NONE &&
            json_array_append_new(list, describe(&describing, partner)) != 0)
            return NULL;
    }
    return spool_delivery_sums(reader, add_sum, &describing, &why) ? steal(list) : NULL;
}

/* ---- whether a partner is there ---- */

static bool log_in(struct courier *courier, struct peer *peer, struct fault *why)
{
    auto_free(request_free) struct request *request =
        call_login(peer, courier->options.answer_limit_bytes, why);
    if (!request)
        return false;
    CURLcode result = request_result(request, request_perform(request, &courier->tests_end));
    if (result != CURLE_OK)
        return fault_set(why, FAULT_RETRY, "login: %s", curl_easy_strerror(result));
    struct service_answer answer = request_answer(request);
    return login_take(&peer->login, service_auth(peer->adapter), &answer, clock_ticks_ms(), why);
}

static json_t *call(struct courier *courier, struct peer *peer, struct fault *why)
{
    auto_free(request_free) struct request *request = call_address(peer, why);
    if (!request || !request_want_certificate(request, why))
        return NULL;
    CURLcode result = request_result(request, request_perform(request, &courier->tests_end));
    const char *refusal = request_refusal(request);
    auto_free(free) char *certificate = request_certificate(request);
    return json_pack("{sb si sI ss* ss*}", "reached", result == CURLE_OK && !refusal, /**/
                     "status", request_answer(request).status,                        /**/
                     "ms", (json_int_t)(request_took_us(request) / 1000),             /**/
                     "certificate", certificate,                                      /**/
                     "why",
                     refusal              ? refusal
                     : result == CURLE_OK ? NULL
                                          : curl_easy_strerror(result));
}

/* What could not be done is an answer, too. */
static json_t *not_reached(const struct fault *why)
{
    return json_pack("{sb si ss}", "reached", 0, "status", 0, "why", why->text);
}

static json_t *test(struct courier *courier, struct peer *peer, struct fault *why)
{
    struct fault failure;
    if (!peer_read_secrets(peer, clock_ticks_ms(), why))
        return NULL;
    if (login_is_needed(service_auth(peer->adapter)) && !log_in(courier, peer, &failure))
        return not_reached(&failure);
    json_t *json = call(courier, peer, &failure);
    return json ? json : not_reached(&failure);
}

json_t *courier_test(struct courier *courier, const char *id, struct fault *why)
{
    static const struct outcome_settings unused = {.give_up_ms = 0};
    auto_free(directory_release) struct directory *directory =
        directory_current(courier->options.place);
    const struct partner *partner = directory_partner(directory, id);
    if (!partner || partner->deliver.by != DELIVER_PUSH) {
        (void)fault_set(why, FAULT_REFUSE, "no partner %s with deliver.by: push", id);
        return NULL;
    }
    auto_free(peer_free) struct peer *peer = peer_new(id, why);
    if (!peer)
        return NULL;
    struct partner hasty = *partner; /* somebody waits for the answer */
    if (hasty.deliver.timeout_ms > TEST_MS)
        hasty.deliver.timeout_ms = TEST_MS;
    peer_bind(peer, &hasty, courier->options.adapters, &unused);
    if (!peer->adapter) {
        (void)fault_set(why, FAULT_REFUSE, "partner %s: its adapter is not there", id);
        return NULL;
    }
    auto_free(json_decref) json_t *json = test(courier, peer, why);
    if (!json || !atomic_load(&courier->tests_end))
        return steal(json);
    (void)fault_set(why, FAULT_RETRY, "the gateway stops");
    return NULL;
}

void courier_end_tests(struct courier *courier)
{
    atomic_store(&courier->tests_end, true);
}

/* ---- a person's word about a delivery ---- */

struct wish {
    struct courier *courier;
    enum settlement_kind kind;
    enum outcome outcome;
    const char *partner; /* to whom it is to go; NULL: where it goes */
    const struct spool_record *record;
    struct fault *why;
    bool is_put; /* to the spool, which has it on record */
    bool is_done;
};

static bool is_reached(struct courier *courier, const char *partner)
{
    struct directory *directory = directory_current(courier->options.place);
    bool is_one = route_reaches(directory, partner);
    directory_release(directory);
    return is_one;
}

static bool refuse_unreached(const char *partner, struct fault *why)
{
    return fault_set(why, FAULT_REFUSE, "nothing is delivered to a partner %s", partner);
}

/* What the spool was not asked for is on record, too. */
static bool refuse(struct courier *courier, const struct spool_record *record, struct fault *why)
{
    struct fault inner;
    struct spool_record refused = *record;
    refused.outcome = "refused";
    if (why->kind == FAULT_REFUSE && !spool_audit(courier->options.spool, &refused, &inner))
        *why = inner;
    return false;
}

/* Whether the spool may be asked. */
static bool may(const struct wish *wish, const struct spool_delivery *delivery)
{
    bool is_release = wish->kind == SETTLE_RELEASE;
    const char *partner = is_release ? delivery->partner : wish->partner;
    if (partner && !is_reached(wish->courier, partner))
        return refuse_unreached(partner, wish->why);
    return !wish->partner || delivery->state == DELIVERY_DEAD ||
           fault_set(wish->why, FAULT_REFUSE, "the delivery is not dead");
}

/* What it is for where it goes now: its agency while that partner is who gets it for the agency.
 * Else none: a partner that a person chose gets it in its own name, and the agency's successors
 * have no part in it. */
static const char *agency_there(const struct wish *wish, const struct spool_delivery *delivery)
{
    const struct route_waiting waiting = route_waiting_of(delivery);
    if (!wish->partner)
        return NULL;
    struct directory *directory = directory_current(wish->courier->options.place);
    bool is_for = route_is_for(directory, &waiting, moment_day(clock_now_ms()), wish->partner);
    directory_release(directory);
    return is_for ? delivery->agency : NULL;
}

/* With the delivery at hand: what is told of it names what it is. */
static bool grant(void *own, const struct spool_delivery *delivery)
{
    struct wish *wish = own;
    struct tellings tellings = {.count = 0};
    struct spool_settlement settlement = {.delivery = delivery->delivery,
                                          .kind = wish->kind,
                                          .at_ms = clock_now_ms(),
                                          .detail = wish->record->reason,
                                          .partner = wish->partner,
                                          .agency = agency_there(wish, delivery)};
    const struct told told = {.outcome = wish->outcome,
                              .at_ms = settlement.at_ms,
                              .attempts = delivery->attempts,
                              .status = delivery->last_status,
                              .cause = delivery->cause,
                              .detail = wish->record->reason,
                              .partner = wish->partner};
    if (!may(wish, delivery) ||
        !tell_outcome(wish->courier->options.tells, delivery, &told, &tellings, wish->why))
        return false;
    settlement.notices = tellings.notices;
    settlement.notice_count = tellings.count;
    wish->is_put = true;
    wish->is_done =
        spool_settle_on_record(wish->courier->options.spool, &settlement, wish->record, wish->why);
    tell_free(&tellings);
    return false;
}

static bool ask(struct courier *courier, int64_t delivery, struct wish *wish, struct fault *why)
{
    auto_free(spool_reader_close) struct spool_reader *reader =
        spool_reader_open(courier->options.spool_file, why);
    wish->courier = courier;
    wish->why = why;
    bool is_found = reader && spool_find_delivery(reader, delivery, grant, wish, why);
    return wish->is_put ? is_found && wish->is_done : refuse(courier, wish->record, why);
}

bool courier_release(struct courier *courier, int64_t delivery, const struct spool_record *record,
                     struct fault *why)
{
    struct wish wish = {.kind = SETTLE_RELEASE, .outcome = OUTCOME_RELEASED, .record = record};
    return ask(courier, delivery, &wish, why);
}

bool courier_discard(struct courier *courier, int64_t delivery, const struct spool_record *record,
                     struct fault *why)
{
    struct wish wish = {.kind = SETTLE_DISCARD, .outcome = OUTCOME_DISCARDED, .record = record};
    return ask(courier, delivery, &wish, why);
}

bool courier_route(struct courier *courier, int64_t delivery, const char *partner,
                   const struct spool_record *record, struct fault *why)
{
    struct wish wish = {
        .kind = SETTLE_REROUTE, .outcome = OUTCOME_REROUTED, .record = record, .partner = partner};
    return ask(courier, delivery, &wish, why);
}

/* ---- a person's word about a partner ---- */

/* What is under way for one partner. */
struct waiting {
    const char *partner;
    bool is_any;
};

static bool look_for_waiting(void *own, const struct delivery_sum *sum)
{
    struct waiting *waiting = own;
    if (!sum->partner || strcmp(sum->partner, waiting->partner) != 0)
        return true;
    waiting->is_any = sum->waiting + sum->parked + sum->dead > 0;
    return false;
}

bool courier_knows(struct courier *courier, const char *partner, const struct spool_record *record,
                   struct fault *why)
{
    bool is_paused = false;
    struct waiting waiting = {.partner = partner};
    if (is_reached(courier, partner))
        return true;
    auto_free(spool_reader_close) struct spool_reader *reader =
        spool_reader_open(courier->options.spool_file, why);
    if (!reader || !spool_paused(reader, partner, &is_paused, why) ||
        !spool_delivery_sums(reader, look_for_waiting, &waiting, why))
        return false;
    if (is_paused || waiting.is_any)
        return true;
    (void)refuse_unreached(partner, why);
    return refuse(courier, record, why);
}
