/* SPDX-License-Identifier: Apache-2.0 */
/* Authentication by API key, client certificate, or both.  The presented key is compared and never
 * kept or logged. */
#include "api/caller.h"

#include "api/refusal.h"
#include "base/moment.h"

#include <string.h>
#include <strings.h>

enum {
    KEY_LIMIT = 512,
    GUESS_MS = 1000, /* what a wrong key's answer waits: so many seconds are so many guesses */
};

static const char *presented_key(const struct http_request *request)
{
    static const char scheme[] = "Bearer";
    const char *text = http_header(request, "Authorization");
    size_t size = sizeof scheme - 1;
    if (!text)
        return http_header(request, "X-Api-Key");
    if (strncasecmp(text, scheme, size) != 0 || (text[size] != ' ' && text[size] != '\0'))
        return NULL;
    return text + size + strspn(text + size, " ");
}

static bool refuse_caller(struct http_request *request, enum refusal refusal, const char *detail)
{
    http_add_header(request, "WWW-Authenticate", "Bearer realm=\"lienthong\"");
    refuse(request, refusal, detail, NULL);
    return false;
}

/* Whom the key names; NULL when nobody. */
static const struct partner *by_key(const struct directory *directory, const char *key, int32_t day)
{
    size_t size = strnlen(key, KEY_LIMIT + 1);
    return size > KEY_LIMIT ? NULL : directory_by_key(directory, key, size, day);
}

static const struct partner *by_certificate(const struct directory *directory,
                                            const struct http_certificate *certificate, int32_t day)
{
    return certificate->trust != HTTP_TRUST_GOOD
               ? NULL
               : directory_by_certificate(directory, certificate->fingerprint, certificate->subject,
                                          certificate->issuer, day);
}

/* A certificate that is no good is not passed over: somebody thinks that it counts.  Who shows both
 * must mean the same by both. */
static enum refusal judge(const struct directory *directory, const char *key,
                          const struct http_certificate *certificate, int32_t day,
                          const struct partner **partner)
{
    const struct partner *shown = by_certificate(directory, certificate, day);
    const struct partner *told = key ? by_key(directory, key, day) : NULL;
    *partner = told ? told : shown;
    if (certificate->trust == HTTP_TRUST_REFUSED)
        return REFUSAL_BAD_CERTIFICATE;
    if (!key && certificate->trust == HTTP_TRUST_NONE)
        return REFUSAL_NO_CREDENTIAL;
    if ((key && !told) || (certificate->trust == HTTP_TRUST_GOOD && !shown))
        return REFUSAL_UNKNOWN_CREDENTIAL;
    if (told && shown && told != shown)
        return REFUSAL_UNKNOWN_CREDENTIAL;
    return (*partner)->needs_certificate && !shown ? REFUSAL_NEEDS_CERTIFICATE : REFUSAL_NONE;
}

bool caller_identify(struct directory_place *place, struct http_request *request,
                     struct caller *caller)
{
    const char *key = presented_key(request);
    struct http_certificate certificate;
    http_certificate(request, &certificate);
    struct directory *directory = directory_current(place);
    const struct partner *partner;
    enum refusal refusal = judge(directory, key && key[0] ? key : NULL, &certificate,
                                 moment_day(http_arrived_ms(request)), &partner);
    if (refusal != REFUSAL_NONE) {
        directory_release(directory);
        if (refusal == REFUSAL_UNKNOWN_CREDENTIAL)
            http_hold(request, GUESS_MS);
        return refuse_caller(request, refusal, certificate.flaw);
    }
    *caller = (struct caller){.directory = directory, .partner = partner};
    return true;
}

void caller_forget(struct caller *caller)
{
    directory_release(caller->directory);
    *caller = (struct caller){0};
}
