/* SPDX-License-Identifier: Apache-2.0 */
/* Which side of a handoff speaks, which agency it speaks to, and who gets what is for that agency.
 */
#include "deliver/route.h"

#include "api/concern.h"
#include "api/member.h"
#include "base/agency_code.h"
#include "base/cleanup.h"
#include "base/moment.h"
#include "deliver/finding.h"
#include "deliver/subscriptions.h"

/* Whose word an event is. */
enum side { SIDE_HANDING, SIDE_ANSWERING };

/* What each type is when its sender does not show it.  What is not here answers. */
static const struct {
    const char *type;
    bool is_always; /* whoever sends it */
    enum side side;
} sides[] = {
    {"HANDED_OFF", true, SIDE_HANDING},
    {"HANDOFF_ACCEPTED", true, SIDE_ANSWERING},
    {"HANDOFF_RETURNED", true, SIDE_ANSWERING},
    {"HANDOFF_RECALLED", false, SIDE_HANDING},
    {"SUBMITTED", false, SIDE_HANDING},
    {"RECEIVED", false, SIDE_HANDING},
    {"INTAKE_REFUSED", false, SIDE_HANDING},
    {"SUPPLEMENTED", false, SIDE_HANDING},
    {"FINANCIAL_OBLIGATION_SETTLED", false, SIDE_HANDING},
    {"WITHDRAWN", false, SIDE_HANDING},
    {"CORRECTED", false, SIDE_HANDING},
};
enum { SIDE_COUNT = sizeof sides / sizeof *sides };

static const struct finding_role to_receiver = {"handed over to", "chuyển đến"};
static const struct finding_role to_origin = {"answered to", "trả lời cho"};
static const struct finding_role to_holder = {"sent on to the holder,",
                                              "gửi thêm cho cơ quan đang giữ hồ sơ,"};

struct routing {
    const struct directory *directory;
    const avro_value_t *event;
    const char *type;
    const struct partner *source; /* NULL when the directory has it no more */
    int32_t day;
    const char *front; /* the agency's code that the dossier's code begins with; NULL: none */
    struct route *route;
};

void route_free(struct route *route)
{
    free(route->targets);
    route->targets = NULL;
    route->count = 0;
}

static struct route_target *add_target(struct route *route, struct fault *why)
{
    struct route_target *targets = reallocarray(route->targets, route->count + 1, sizeof *targets);
    if (!targets) {
        fault_memory(why);
        return NULL;
    }
    route->targets = targets;
    targets[route->count] = (struct route_target){.partner = NULL};
    return &targets[route->count++];
}

/* --- who speaks --- */

static struct finding find(const struct routing *routing, const char *field)
{
    return finding_of(routing->directory, member_text(routing->event, field), routing->day);
}

/* Whether the sender sits where the partner of that agency does: it is the same office's. */
static bool is_at(const struct routing *routing, const struct finding *finding)
{
    return routing->source && finding->partner &&
           directory_has_seat(routing->directory, routing->source, finding->seat);
}

static enum side side_of_type(const char *type, bool *is_always)
{
    *is_always = false;
    for (size_t i = 0; i < SIDE_COUNT; i++) {
        if (strcmp(sides[i].type, type) == 0) {
            *is_always = sides[i].is_always;
            return sides[i].side;
        }
    }
    return SIDE_ANSWERING;
}

static enum side side_of(const struct routing *routing)
{
    bool is_always;
    enum side side = side_of_type(routing->type, &is_always);
    if (is_always)
        return side;
    const struct finding from = find(routing, "handoff.from_agency");
    const struct finding to = find(routing, "handoff.to_agency");
    bool is_from = is_at(routing, &from), is_to = is_at(routing, &to);
    if (is_from == is_to)
        return side;
    return is_from ? SIDE_HANDING : SIDE_ANSWERING;
}

/* --- one address --- */

static void note_role(const struct routing *routing, const struct finding *finding,
                      const struct finding_role *role, const char *english, const char *vietnamese)
{
    char led[ROUTE_TEXT_SIZE], led_vi[ROUTE_TEXT_SIZE];
    const struct finding_text text = {led, led_vi};
    finding_tell(finding, role, &text);
    finding_format(routing->route->note, "%s: %s", led, english);
    finding_format(routing->route->note_vi, "%s: %s", led_vi, vietnamese);
}

/* Found: a target, or why it is none. */
static bool add_found(const struct routing *routing, const struct finding *finding,
                      const struct finding_role *role, struct fault *why)
{
    if (finding->partner == routing->source) {
        note_role(routing, finding, role, "it stays with the system that sent it",
                  "bên nhận chính là hệ thống đã gửi");
        return true;
    }
    if (finding->partner->deliver.by == DELIVER_NONE) {
        note_role(routing, finding, role,
                  "its system reads Kafka itself (deliver.by: none in partners.yaml)",
                  "hệ thống này tự đọc Kafka (deliver.by: none trong partners.yaml)");
        return true;
    }
    struct route_target *target = add_target(routing->route, why);
    if (!target)
        return false;
    const struct finding_text text = {target->reason, target->reason_vi};
    target->partner = finding->partner;
    target->agency = finding->code;
    finding_tell(finding, role, &text);
    return true;
}

/* A dossier that comes back and reaches nobody would be nobody's. */
static bool is_returned(const struct routing *routing)
{
    return strcmp(routing->type, "HANDOFF_RETURNED") == 0;
}

static bool add_unroutable(const struct routing *routing, const struct finding *finding,
                           struct fault *why)
{
    struct route_target *target = add_target(routing->route, why);
    if (!target)
        return false;
    /* What is no code may be any text, of persons too. */
    target->agency = finding->miss == MISS_MALFORMED ? NULL : finding->code;
    target->cause = finding_cause(finding->miss, is_returned(routing));
    finding_tell_miss(finding, &(struct finding_text){target->reason, target->reason_vi});
    return true;
}

static void note_miss(const struct routing *routing, const struct finding *finding)
{
    finding_tell_miss(finding,
                      &(struct finding_text){routing->route->note, routing->route->note_vi});
}

static bool go_to_receiver(const struct routing *routing, struct fault *why)
{
    bool is_owed =
        strcmp(routing->type, "HANDED_OFF") == 0 || strcmp(routing->type, "HANDOFF_RECALLED") == 0;
    const struct finding receiver = find(routing, "handoff.to_agency");
    if (receiver.partner)
        return add_found(routing, &receiver, &to_receiver, why);
    if (is_owed)
        return add_unroutable(routing, &receiver, why);
    note_miss(routing, &receiver);
    return true;
}

/* --- the origin --- */

/* H09.40.12 of H09.40.12-250512-0037; `code` has room for one. */
static const char *read_front(const avro_value_t *event, char code[AGENCY_CODE_LIMIT + 1])
{
    const char *dossier = member_text(event, "dossier_code");
    size_t size = dossier ? strcspn(dossier, "-") : 0;
    if (size == 0 || size > AGENCY_CODE_LIMIT || !agency_code_is_valid(dossier, size))
        return NULL;
    memcpy(code, dossier, size);
    code[size] = '\0';
    return code;
}

/* Nothing of the event says this code by itself: what is found has it from the directory. */
static struct finding find_front(const struct routing *routing)
{
    struct finding finding = finding_of(routing->directory, routing->front, routing->day);
    if (finding.partner)
        finding.code = finding.named->code;
    return finding;
}

static struct finding find_origin(const struct routing *routing)
{
    struct finding from = find(routing, "handoff.from_agency");
    if (from.partner)
        return from;
    struct finding front = find_front(routing);
    if (front.partner)
        return front;
    struct finding receiving = find(routing, "receiving_agency");
    if (receiving.partner)
        return receiving;
    /* Nobody: the first that the event names is the one to tell of. */
    return from.code ? from : front.code ? front : receiving;
}

static bool go_to_origin(const struct routing *routing, const struct finding *origin,
                         struct fault *why)
{
    if (origin->partner)
        return add_found(routing, origin, &to_origin, why);
    if (is_returned(routing))
        return add_unroutable(routing, origin, why);
    note_miss(routing, origin);
    return true;
}

static bool go_to_holder(const struct routing *routing, struct fault *why)
{
    const struct finding holder = find(routing, "holder_agency");
    if (holder.partner)
        return add_found(routing, &holder, &to_holder, why);
    if (holder.code) {
        note_miss(routing, &holder);
    } else {
        finding_format(routing->route->note, "it names nobody but its sender");
        finding_format(routing->route->note_vi, "không ghi cơ quan nào khác ngoài bên gửi");
    }
    return true;
}

static bool go_by_address(const struct routing *routing, struct fault *why)
{
    bool has_handoff = member_text(routing->event, "handoff.to_agency") != NULL;
    if (strcmp(routing->type, "HANDED_OFF") == 0 ||
        (has_handoff && side_of(routing) == SIDE_HANDING))
        return go_to_receiver(routing, why);
    const struct finding origin = find_origin(routing);
    return !has_handoff && is_at(routing, &origin) ? go_to_holder(routing, why)
                                                   : go_to_origin(routing, &origin, why);
}

/* --- subscriptions --- */

static bool is_target(const struct route *route, const struct partner *partner)
{
    for (size_t i = 0; i < route->count; i++)
        if (route->targets[i].partner == partner)
            return true;
    return false;
}

static bool go_by_subscription(const struct routing *routing, struct fault *why)
{
    const struct subscribed_event event = {routing->directory, routing->event, routing->type,
                                           routing->day};
    for (size_t i = 0; i < directory_partner_count(routing->directory); i++) {
        const struct partner *partner = directory_partner_at(routing->directory, i);
        size_t number = subscriptions_match(&event, &partner->deliver);
        if (number == 0 || partner == routing->source || is_target(routing->route, partner))
            continue;
        struct route_target *target = add_target(routing->route, why);
        if (!target)
            return false;
        target->partner = partner;
        finding_format(target->reason, "subscribed to: subscription %zu of %s in partners.yaml",
                       number, partner->id);
        finding_format(target->reason_vi, "theo đăng ký nhận số %zu của %s trong partners.yaml",
                       number, partner->id);
    }
    return true;
}

bool route_event(const struct directory *directory, const avro_value_t *event, const char *source,
                 struct route *route, struct fault *why)
{
    const char *type = member_symbol(event, "event_type");
    *route = (struct route){.targets = NULL};
    const struct routing routing = {
        .directory = directory,
        .event = event,
        .type = type ? type : "",
        .source = source ? directory_partner(directory, source) : NULL,
        .day = concern_day(event),
        .front = read_front(event, route->front),
        .route = route,
    };
    if (go_by_address(&routing, why) && go_by_subscription(&routing, why))
        return true;
    route_free(route);
    return false;
}

/* --- again --- */

struct route_waiting route_waiting_of(const struct spool_delivery *delivery)
{
    return (struct route_waiting){.agency = delivery->agency,
                                  .event_day = moment_day(delivery->occurred_at_ms),
                                  .arrived_day = moment_day(delivery->arrived_at_ms)};
}

void route_again(const struct directory *directory, const struct route_waiting *waiting,
                 int32_t today, const struct partner **partner, char reason[ROUTE_TEXT_SIZE])
{
    static const struct finding_role again = {"re-routed: for", "chuyển hướng: cho"};
    char ignored[ROUTE_TEXT_SIZE];
    *partner = NULL;
    reason[0] = '\0';
    const struct finding then = finding_of(directory, waiting->agency, waiting->event_day);
    const struct finding now = finding_of(directory, waiting->agency, today);
    if (!then.agency || !now.partner || now.agency == now.named ||
        now.partner->deliver.by == DELIVER_NONE)
        return;
    if (then.agency->valid_to < waiting->arrived_day)
        return; /* it came late, to who was right when it happened */
    *partner = now.partner;
    finding_tell(&now, &again, &(struct finding_text){reason, ignored});
}

static bool is_named(const struct partner *partner, const char *id)
{
    return partner && strcmp(partner->id, id) == 0;
}

bool route_is_for(const struct directory *directory, const struct route_waiting *waiting,
                  int32_t today, const char *partner)
{
    const struct partner *again = NULL;
    char ignored[ROUTE_TEXT_SIZE];
    route_again(directory, waiting, today, &again, ignored);
    if (again)
        return is_named(again, partner);
    return is_named(finding_of(directory, waiting->agency, waiting->event_day).partner, partner) ||
           is_named(finding_of(directory, waiting->agency, today).partner, partner);
}

/* --- instead --- */

bool route_reaches(const struct directory *directory, const char *partner)
{
    const struct partner *found = directory_partner(directory, partner);
    return found && found->deliver.by != DELIVER_NONE;
}

static void tell_gone(const struct directory *directory, const char *partner,
                      char reason[ROUTE_TEXT_SIZE])
{
    finding_format(reason,
                   "%s %s, and no other system is to get this: enter it again and this goes out by "
                   "itself, or give this to another system",
                   partner,
                   directory_partner(directory, partner)
                       ? "is not delivered to any more (deliver.by: none in partners.yaml)"
                       : "is not in partners.yaml any more");
}

/* Not who sent it: it has that already. */
static bool is_taker(const struct finding *finding, const struct route_gone *gone)
{
    const struct partner *partner = finding->partner;
    return partner && partner->deliver.by != DELIVER_NONE &&
           !(gone->source && strcmp(partner->id, gone->source) == 0);
}

void route_instead(const struct directory *directory, const struct route_gone *gone, int32_t today,
                   const struct partner **partner, char reason[ROUTE_TEXT_SIZE])
{
    static const struct finding_role instead = {"for", "cho"};
    char led[ROUTE_TEXT_SIZE], ignored[ROUTE_TEXT_SIZE];
    struct finding found = finding_of(directory, gone->waiting.agency, gone->waiting.event_day);
    if (!is_taker(&found, gone))
        found = finding_of(directory, gone->waiting.agency, today);
    *partner = is_taker(&found, gone) ? found.partner : NULL;
    if (!*partner) {
        tell_gone(directory, gone->partner, reason);
        return;
    }
    finding_tell(&found, &instead, &(struct finding_text){led, ignored});
    finding_format(reason, "re-routed: %s is not delivered to any more; %s", gone->partner, led);
}
