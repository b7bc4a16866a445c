/* SPDX-License-Identifier: Apache-2.0 */
/* Authentication by API key.  The presented key is compared and never kept or logged. */
#include "api/caller.h"

#include "api/refusal.h"
#include "base/moment.h"

#include <string.h>
#include <strings.h>

enum { KEY_LIMIT = 512 };

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

static bool refuse_caller(struct http_request *request, enum refusal refusal)
{
    http_add_header(request, "WWW-Authenticate", "Bearer realm=\"lienthong\"");
    refuse(request, refusal, NULL, NULL);
    return false;
}

bool caller_identify(struct directory_place *place, struct http_request *request,
                     struct caller *caller)
{
    const char *key = presented_key(request);
    if (!key || key[0] == '\0')
        return refuse_caller(request, REFUSAL_NO_CREDENTIAL);

    size_t size = strnlen(key, KEY_LIMIT + 1);
    struct directory *directory = directory_current(place);
    const struct partner *partner =
        size > KEY_LIMIT
            ? NULL
            : directory_by_key(directory, key, size, moment_day(http_arrived_ms(request)));
    if (!partner) {
        directory_release(directory);
        return refuse_caller(request, REFUSAL_UNKNOWN_CREDENTIAL);
    }
    *caller = (struct caller){.directory = directory, .partner = partner};
    return true;
}

void caller_forget(struct caller *caller)
{
    directory_release(caller->directory);
    *caller = (struct caller){0};
}
