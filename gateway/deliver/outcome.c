/* SPDX-License-Identifier: Apache-2.0 */
/* What one request means for its delivery and for its partner. */
#include "deliver/outcome.h"

#include "deliver/backoff.h"

enum { MOST_RESENDS = 2 };

/* libcurl's results that tell more than that the connection failed; the code is what groups
 * failures for people, so it must not change. */
static const struct {
    CURLcode result;
    const char *cause, *detail;
} connection_causes[] = {
    {CURLE_COULDNT_RESOLVE_HOST, "connect:dns", "the host's name has no address"},
    {CURLE_COULDNT_CONNECT, "connect:refused", "nobody takes connections there"},
    {CURLE_OPERATION_TIMEDOUT, "connect:timeout", "no answer in time; it may have been received"},
    {CURLE_SSL_CONNECT_ERROR, "tls:handshake", "no common TLS, or it wants a certificate of ours"},
    {CURLE_PEER_FAILED_VERIFICATION, "tls:certificate", "its certificate is not to be trusted"},
    {CURLE_SSL_CACERT_BADFILE, "tls:ca_file", "the partner's ca_file cannot be used"},
    {CURLE_SSL_CERTPROBLEM, "tls:certificate_file", "our certificate or key cannot be used"},
    {CURLE_SEND_ERROR, "connect:cut", "cut while sending"},
    {CURLE_RECV_ERROR, "connect:cut", "cut before the answer; it may have been received"},
    {CURLE_GOT_NOTHING, "connect:cut", "cut before the answer; it may have been received"},
    {CURLE_PARTIAL_FILE, "connect:cut", "cut inside the answer; it may have been received"},
    {CURLE_HTTP2, "connect:http2", "HTTP/2 failed"},
    {CURLE_HTTP2_STREAM, "connect:http2", "HTTP/2 failed"},
    {CURLE_UNSUPPORTED_PROTOCOL, "connect:protocol", "it does not speak HTTP"},
    {CURLE_WEIRD_SERVER_REPLY, "connect:protocol", "it does not speak HTTP"},
};

static void explain_connection(CURLcode result, struct ruling *outcome)
{
    outcome->cause = "connect:failed";
    outcome->detail = curl_easy_strerror(result);
    for (size_t i = 0; i < sizeof connection_causes / sizeof connection_causes[0]; i++)
        if (connection_causes[i].result == result) {
            outcome->cause = connection_causes[i].cause;
            outcome->detail = connection_causes[i].detail;
        }
}

static bool is_expired(const struct attempt *attempt, const struct outcome_settings *settings)
{
    return attempt->age_ms >= settings->give_up_ms;
}

/* Uncounted failures double by themselves when the bound is as long as they have gone on; a probe's
 * length is enough to spare both sides. */
static int64_t delay_uncounted(const struct attempt *attempt,
                               const struct outcome_settings *settings)
{
    int64_t bound = attempt->age_ms;
    if (bound < settings->first_delay_ms)
        bound = settings->first_delay_ms;
    return backoff_part(bound < settings->probe_ms ? bound : settings->probe_ms, attempt->chance);
}

static struct ruling fail(const struct attempt *attempt, const struct outcome_settings *settings,
                          struct ruling outcome)
{
    outcome.is_failure = true;
    outcome.verdict =
        attempt->is_partner_up && is_expired(attempt, settings) ? VERDICT_EXPIRED : VERDICT_AGAIN;
    outcome.delay_ms = delay_uncounted(attempt, settings);
    if (attempt->retry_after_ms > 0)
        outcome.pause_ms = attempt->retry_after_ms;
    return outcome;
}

/* The partner's wish is a lower bound: "at once" does not end the backoff. */
static struct ruling wait(const struct attempt *attempt, const struct outcome_settings *settings,
                          struct ruling outcome)
{
    const struct backoff backoff = {settings->first_delay_ms, settings->longest_delay_ms};
    outcome.verdict = is_expired(attempt, settings) ? VERDICT_EXPIRED : VERDICT_AGAIN;
    outcome.delay_ms = backoff_ms(&backoff, attempt->attempts + 1, attempt->chance);
    if (attempt->retry_after_ms > outcome.delay_ms)
        outcome.delay_ms = attempt->retry_after_ms;
    if (attempt->retry_after_ms > 0 && attempt->status == 429)
        outcome.pause_ms = attempt->retry_after_ms;
    return outcome;
}

/* Gateways between us and the partner say these; the document was not looked at. */
static bool is_out_of_reach(int status)
{
    return status == 502 || status == 503 || status == 504;
}

static bool is_redirect(int status)
{
    return status >= 300 && status < 400;
}

static bool is_credential(const struct attempt *attempt)
{
    bool is_rejected = attempt->meaning == ANSWER_LOGIN || attempt->meaning == ANSWER_REFUSED;
    return is_rejected && (attempt->status == 401 || attempt->status == 407);
}

static struct ruling resend(const struct attempt *attempt, struct ruling outcome)
{
    outcome.verdict = attempt->resends < MOST_RESENDS ? VERDICT_RESEND : VERDICT_REFUSED;
    return outcome;
}

static struct ruling judge_answer(const struct attempt *attempt,
                                  const struct outcome_settings *settings, struct ruling outcome)
{
    switch (attempt->meaning) {
    case ANSWER_DONE:
    case ANSWER_DUPLICATE:
        outcome.verdict = VERDICT_DONE;
        return outcome;
    case ANSWER_EXISTS:
    case ANSWER_MISSING:
        return resend(attempt, outcome);
    case ANSWER_AGAIN:
        return wait(attempt, settings, outcome);
    case ANSWER_LOGIN: /* without one, or after one: nothing that this document could change */
    case ANSWER_REFUSED:
    default:
        outcome.verdict = VERDICT_REFUSED;
        return outcome;
    }
}

struct ruling outcome_judge(const struct attempt *attempt, const struct outcome_settings *settings)
{
    struct ruling outcome = {.cause = attempt->cause, .detail = attempt->detail};
    if (attempt->refusal) {
        outcome.cause = "tls:certificate_refused";
        outcome.detail = attempt->refusal;
        return fail(attempt, settings, outcome);
    }
    if (attempt->result != CURLE_OK) {
        explain_connection(attempt->result, &outcome);
        return fail(attempt, settings, outcome);
    }
    if (is_redirect(attempt->status)) {
        outcome.cause = "http:redirect";
        outcome.detail = "the partner's address leads elsewhere; redirects are not followed";
        return fail(attempt, settings, outcome);
    }
    if (attempt->meaning == ANSWER_AGAIN && is_out_of_reach(attempt->status))
        return fail(attempt, settings, outcome);
    if (attempt->meaning == ANSWER_LOGIN && attempt->has_login && !attempt->was_login_new) {
        outcome.is_answer = true;
        outcome.verdict = VERDICT_LOGIN;
        return outcome;
    }
    if (attempt->meaning == ANSWER_LOGIN || is_credential(attempt)) {
        outcome.detail = "user or password is not accepted";
        return fail(attempt, settings, outcome);
    }
    outcome.is_answer = true;
    outcome.is_attempt = true;
    return judge_answer(attempt, settings, outcome);
}

int64_t outcome_delay_while_down(const struct outcome_settings *settings)
{
    return settings->probe_ms + settings->first_delay_ms;
}
