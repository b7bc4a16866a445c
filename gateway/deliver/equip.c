/* SPDX-License-Identifier: Apache-2.0 */
/* The texts and credentials that a request to a partner needs, whatever it asks for. */
#include "deliver/equip.h"

#include "api/addressee.h"

enum { OWN_TEXTS = 8 }; /* that we give beside the partner's own */

/* ---- what is given ---- */

void equip_give(struct given *given, struct adapt_given *texts, const char *name, const char *text)
{
    if (name && text)
        texts[given->count++] = (struct adapt_given){name, text};
}

/* Texts of an adapter's list that have room. */
static void give_all(struct given *given, struct adapt_given *texts,
                     const struct service_text *list)
{
    for (size_t i = 0; list && list[i].name && i < OWN_TEXTS / 2; i++)
        equip_give(given, texts, list[i].name, list[i].text);
}

/* The partner's own first: ours are found before them. */
struct adapt_given *equip_gather(const struct peer *peer, const struct errand *errand,
                                 struct given *given)
{
    const struct service_auth *auth = service_auth(peer->adapter);
    const char *agency = errand ? errand->row.agency : NULL;
    size_t count;
    struct adapt_given *texts = addressee_texts(peer->partner, agency, OWN_TEXTS, &count);
    if (!texts)
        return NULL;
    *given = (struct given){texts, count};
    equip_give(given, texts, "user", peer->user);
    equip_give(given, texts, "password", peer->password);
    if (auth->kind == AUTH_SESSION)
        equip_give(given, texts, auth->given, peer->login.token);
    if (errand && errand->is_known_there)
        give_all(given, texts, service_when_exists(peer->adapter));
    else if (errand && errand->resends > 0)
        give_all(given, texts, service_when_missing(peer->adapter));
    return texts;
}

/* ---- credentials ---- */

bool equip_headers(struct request *request, const struct service_text *headers,
                   const struct given *given, struct fault *why)
{
    for (; headers && headers->name; headers++) {
        auto_free(free) char *value = given_fill(headers->text, given, GIVEN_HEADER, why);
        if (!value || !request_add_header(request, headers->name, value, why))
            return false;
    }
    return true;
}

static bool add_bearer(struct request *request, const char *token, struct fault *why)
{
    auto_free(free) char *value = NULL;
    if (asprintf(&value, "Bearer %s", token ? token : "") < 0) {
        value = NULL;
        return fault_memory(why);
    }
    return request_add_header(request, "Authorization", value, why);
}

bool equip_credentials(struct request *request, const struct peer *peer, const struct given *given,
                       struct fault *why)
{
    const struct service_auth *auth = service_auth(peer->adapter);
    if (auth->kind == AUTH_BASIC && peer->user && peer->password &&
        !request_set_basic(request, peer->user, peer->password, why))
        return false;
    if (auth->kind == AUTH_OAUTH2 && !add_bearer(request, peer->login.token, why))
        return false;
    return equip_headers(request, auth->headers, given, why);
}
