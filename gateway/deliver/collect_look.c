/* SPDX-License-Identifier: Apache-2.0 */
/* One look into a mailbox: what is listed is fetched, taken and marked, letter by letter. */
#include "deliver/collect_look.h"

#include "base/clock.h"
#include "base/moment.h"
#include "deliver/call.h"
#include "deliver/collect_list.h"

#include <inttypes.h>

enum { MOST_MISSES = 20, DAY_SIZE = 16 };

ENDS_WITH_SCOPE(struct letter_list *, letter_list_free)

/* What is on while it lasts. */
struct look {
    const struct look_settings *settings;
    struct peer *peer;
    const struct service_mailbox *mailbox;
    struct look_result *result;
    char from[DAY_SIZE], to[DAY_SIZE];
    int misses; /* in a row */
};

/* ---- calls ---- */

static void write_day(int64_t moment_ms, char text[DAY_SIZE])
{
    int32_t day = moment_day(moment_ms);
    (void)snprintf(text, DAY_SIZE, "%04d/%02d/%02d", (int)(day / 10000), (int)(day / 100 % 100),
                   (int)(day % 100));
}

/* A letter that is not to be had is left, and the look goes on to the next one; when it is one
 * after the other, it is the mailbox rather than the letter. */
static bool miss(struct look *look, struct fault *why)
{
    why->kind = ++look->misses < MOST_MISSES ? FAULT_REFUSE : FAULT_RETRY;
    return false;
}

/* It was sent, and the answer did not come. */
static bool is_unanswered(CURLcode result)
{
    return result == CURLE_OPERATION_TIMEDOUT || result == CURLE_GOT_NOTHING ||
           result == CURLE_RECV_ERROR || result == CURLE_PARTIAL_FILE;
}

static bool perform(struct look *look, struct request *request, struct fault *why)
{
    CURLcode result =
        request_result(request, request_perform(request, &look->settings->stop->asked));
    if (result == CURLE_OK)
        return true;
    (void)fault_set(why, FAULT_RETRY, "%s", curl_easy_strerror(result));
    return is_unanswered(result) && miss(look, why);
}

static bool log_in(struct look *look, struct fault *why)
{
    const struct service_auth *auth = service_auth(look->peer->adapter);
    int64_t now = clock_ticks_ms();
    if (!login_is_needed(auth) || login_is_good(&look->peer->login, now))
        return true;
    auto_free(request_free) struct request *request =
        call_login(look->peer, look->settings->options->answer_limit_bytes, why);
    if (!request)
        return false;
    if (!perform(look, request, why))
        return fault_prefix(why, "login");
    const struct service_answer answer = request_answer(request);
    return login_take(&look->peer->login, auth, &answer, now, why);
}

/* What says that the mailbox is out of reach, or does not want us now, whatever is asked for. */
static bool is_closed(int status, enum answer_meaning meaning)
{
    return meaning == ANSWER_LOGIN || status == 401 || status == 407 || status == 429 ||
           (status >= 502 && status <= 504);
}

/* Fetches and marks say no more than that they were heard: a 2xx that the adapter's rules for
 * documents do not refuse. */
static bool is_good(struct look *look, const struct service_answer *answer, struct fault *why)
{
    char cause[ANSWER_CAUSE_SIZE];
    const char *detail;
    enum answer_meaning meaning = service_judge(look->peer->adapter, answer, cause, &detail);
    if (meaning == ANSWER_LOGIN)
        login_drop(&look->peer->login, look->peer->login.generation);
    if (answer->status >= 200 && answer->status <= 299 && meaning != ANSWER_REFUSED &&
        meaning != ANSWER_LOGIN)
        return true;
    (void)fault_set(why, FAULT_RETRY, "the mailbox answered %d (%s)", answer->status, cause);
    if (is_closed(answer->status, meaning))
        return false;
    if (answer->status != 404 && answer->status != 410)
        return miss(look, why);
    why->kind = FAULT_REFUSE; /* there is no such letter: that is no doubt about the mailbox */
    return false;
}

/* The caller frees the request, whose answer it reads.  FAULT_REFUSE where it is but this call that
 * the mailbox does not answer as it should. */
static struct request *call(struct look *look, const struct service_call *what, const char *id,
                            int64_t limit, struct fault *why)
{
    const struct adapt_given texts[] = {{"id", id}, {"from", look->from}, {"to", look->to}};
    const struct given given = {texts, sizeof texts / sizeof *texts};
    if (!log_in(look, why)) {
        why->kind = FAULT_RETRY;
        return NULL;
    }
    auto_free(request_free) struct request *request =
        call_mailbox(look->peer, what, &given, limit, why);
    if (!request || !perform(look, request, why))
        return NULL;
    const struct service_answer answer = request_answer(request);
    return is_good(look, &answer, why) ? steal(request) : NULL;
}

/* ---- letters ---- */

static bool mark(struct look *look, const struct service_call *as, const char *id,
                 struct fault *why)
{
    auto_free(request_free) struct request *request =
        call(look, as, id, look->settings->options->answer_limit_bytes, why);
    return request != NULL;
}

/* What is no document at all is told to the mailbox where it can be told; else it stays there, for
 * a person. */
static bool mark_failed(struct look *look, const char *id, struct fault *why)
{
    look->result->refused++;
    metrics_add(look->settings->refused, 1);
    return look->mailbox->has_failed && mark(look, &look->mailbox->failed, id, why);
}

/* The document of a letter; FAULT_REFUSE when there is none in what the mailbox gave. */
static char *read_letter(const struct look *look, const struct listed *letter,
                         const struct request *fetched, size_t *size, struct fault *why)
{
    const struct service_mailbox *mailbox = look->mailbox;
    const struct service_answer none = {0};
    if (!fetched)
        return letter_document(&mailbox->list, &none, letter->document ? letter->document : "",
                               size, why);
    if (request_is_cut(fetched)) {
        (void)fault_set(why, FAULT_BROKEN, "it is longer than http.body_limit_bytes allows");
        return NULL;
    }
    const struct service_answer answer = request_answer(fetched);
    return letter_document(&mailbox->fetch, &answer, NULL, size, why);
}

/* FAULT_RETRY when the next one would not be taken either. */
static bool take(struct look *look, const struct listed *letter, struct fault *why)
{
    const struct collector_options *options = look->settings->options;
    const struct service_mailbox *mailbox = look->mailbox;
    size_t size;
    auto_free(request_free) struct request *request = NULL;
    if (mailbox->has_fetch &&
        !(request = call(look, &mailbox->fetch, letter->id, options->document_limit_bytes, why)))
        return false;
    char *bytes = read_letter(look, letter, request, &size, why);
    if (!bytes)
        return why->kind == FAULT_REFUSE ? mark_failed(look, letter->id, why) : miss(look, why);
    if (!options->take(options->own, look->peer->id, bytes, size, why))
        return false;
    look->result->taken++;
    metrics_add(look->settings->taken, 1);
    if (!mark(look, &mailbox->done, letter->id, why))
        return false;
    look->misses = 0;
    return true;
}

static bool is_superseded(const struct look_settings *settings)
{
    struct directory *directory = directory_current(settings->options->place);
    bool is_another = directory != settings->directory;
    directory_release(directory);
    return is_another;
}

static void leave_nameless(struct look *look, const struct letter_list *list)
{
    look->result->left = (int64_t)letter_list_nameless(list);
    if (look->result->left > 0)
        (void)fault_set(&look->result->last, FAULT_REFUSE, "a letter without %s",
                        look->mailbox->list.id);
}

static bool take_all(struct look *look, const struct letter_list *list, struct fault *why)
{
    size_t count = letter_list_count(list), first = count ? look->settings->first % count : 0;
    leave_nameless(look, list);
    for (size_t i = 0; i < count; i++) {
        const struct listed letter = letter_list_at(list, (first + i) % count);
        if (stop_is_asked(look->settings->stop) || is_superseded(look->settings))
            return true;
        if (take(look, &letter, why))
            continue;
        (void)fault_prefix(why, "letter %s", letter.id);
        if (why->kind == FAULT_RETRY) {
            look->result->next_first = look->misses < MOST_MISSES ? first : first + i + 1;
            return false;
        }
        look->result->left++;
        look->result->last = *why;
    }
    look->result->is_whole = look->result->left == 0 && count < LETTER_LIST_MOST;
    return true;
}

/* Without a list, what the adapter's rules say of the answer counts: else "busy" would be taken for
 * an empty mailbox, and what was left there be forgotten. */
static bool is_list(const struct look *look, const struct letter_list *list,
                    const struct service_answer *answer, struct fault *why)
{
    char cause[ANSWER_CAUSE_SIZE];
    const char *detail;
    return letter_list_has_items(list) ||
           service_judge(look->peer->adapter, answer, cause, &detail) != ANSWER_AGAIN ||
           fault_set(why, FAULT_RETRY, "the mailbox gave no list (%s)", cause);
}

static bool empty(struct look *look, struct fault *why)
{
    auto_free(request_free) struct request *request =
        call(look, &look->mailbox->list, "", look->settings->options->document_limit_bytes, why);
    if (!request)
        return false;
    const struct service_answer answer = request_answer(request);
    auto_free(letter_list_free) struct letter_list *list =
        letter_list_read(&look->mailbox->list, &answer, why);
    return list && is_list(look, list, &answer, why) && take_all(look, list, why);
}

bool look_into(struct peer *peer, const struct look_settings *settings, struct look_result *result,
               struct fault *why)
{
    struct look look = {.settings = settings,
                        .peer = peer,
                        .mailbox = service_mailbox(peer->adapter),
                        .result = result};
    *result = (struct look_result){.taken = 0};
    write_day(settings->from_ms, look.from);
    write_day(settings->to_ms, look.to);
    return peer_read_secrets(peer, clock_ticks_ms(), why) && empty(&look, why);
}
