/* SPDX-License-Identifier: Apache-2.0 */
/* Discovery, keys and tokens of an OpenID Connect provider. */
#include "operate/provider.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/text_stream.h"
#include "operate/fetch.h"
#include "operate/id_token.h"

#include <curl/curl.h>
#include <sodium.h>
#include <string.h>

enum { KEPT_MS = 3600 * 1000, CHALLENGE_SIZE = 48 };

ENDS_WITH_SCOPE(json_t *, json_decref)

struct provider {
    struct provider_options options;
    json_t *description; /* its discovery document; NULL before it was asked */
    json_t *keys;
    int64_t asked_ticks;
};

struct provider *provider_new(const struct provider_options *options, struct fault *why)
{
    struct provider *provider = calloc(1, sizeof *provider);
    if (!provider) {
        (void)fault_memory(why);
        return NULL;
    }
    provider->options = *options;
    return provider;
}

void provider_free(struct provider *provider)
{
    if (!provider)
        return;
    json_decref(provider->description);
    json_decref(provider->keys);
    free(provider);
}

/* ---- what it says of itself ---- */

static json_t *ask(const struct provider *provider, const char *url, struct fault *why)
{
    const struct fetch_wish wish = {.url = url, .ca_file = provider->options.ca_file};
    return fetch_json(&wish, why);
}

static const char *described(const struct provider *provider, const char *name)
{
    return json_string_value(json_object_get(provider->description, name));
}

static bool ask_keys(struct provider *provider, struct fault *why)
{
    json_t *keys = ask(provider, described(provider, "jwks_uri"), why);
    if (!keys)
        return false;
    json_decref(provider->keys);
    provider->keys = keys;
    return true;
}

static bool is_whole(const struct provider *provider, struct fault *why)
{
    const char *issuer = described(provider, "issuer");
    if (!issuer || strcmp(issuer, provider->options.issuer) != 0)
        return fault_set(why, FAULT_REFUSE, "%s: its discovery document is of another issuer",
                         provider->options.issuer);
    return (described(provider, "authorization_endpoint") &&
            described(provider, "token_endpoint") && described(provider, "jwks_uri")) ||
           fault_set(why, FAULT_REFUSE, "%s: its discovery document lacks an endpoint",
                     provider->options.issuer);
}

static bool ask_description(struct provider *provider, struct fault *why)
{
    const char *issuer = provider->options.issuer;
    size_t size = strlen(issuer);
    auto_free(free) char *url = NULL;
    if (asprintf(&url, "%s%s.well-known/openid-configuration", issuer,
                 size > 0 && issuer[size - 1] == '/' ? "" : "/") < 0) {
        url = NULL;
        return fault_memory(why);
    }
    json_t *description = ask(provider, url, why);
    if (!description)
        return false;
    json_decref(provider->description);
    provider->description = description;
    return is_whole(provider, why) && ask_keys(provider, why);
}

static bool know(struct provider *provider, struct fault *why)
{
    int64_t now = clock_ticks_ms();
    if (provider->asked_ticks && now - provider->asked_ticks < KEPT_MS)
        return true;
    provider->asked_ticks = 0;
    if (!ask_description(provider, why))
        return false;
    provider->asked_ticks = now;
    return true;
}

/* ---- forms ---- */

/* "a=b&c=d" of pairs that end with NULL, each text escaped; the caller owns it. */
static char *write_form(const char *const *pairs, struct fault *why)
{
    struct text_stream stream;
    FILE *out = text_stream_begin(&stream);
    bool is_good = out != NULL;
    for (size_t i = 0; is_good && pairs[i]; i += 2) {
        char *value = curl_easy_escape(NULL, pairs[i + 1], 0);
        is_good = value && fprintf(out, "%s%s=%s", i > 0 ? "&" : "", pairs[i], value) > 0;
        curl_free(value);
    }
    auto_free(free) char *text = out ? text_stream_end(&stream, NULL) : NULL;
    if (is_good && text)
        return steal(text);
    (void)fault_memory(why);
    return NULL;
}

static void challenge_of(const char *verifier, char challenge[CHALLENGE_SIZE])
{
    uint8_t hash[SHA256_SIZE];
    digest_sha256(verifier, strlen(verifier), hash);
    (void)sodium_bin2base64(challenge, CHALLENGE_SIZE, hash, sizeof hash,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING); /* it gives the same back */
}

char *provider_address(struct provider *provider, const struct provider_login *login,
                       struct fault *why)
{
    if (!know(provider, why))
        return NULL;
    char challenge[CHALLENGE_SIZE];
    challenge_of(login->verifier, challenge);
    const char *const pairs[] = {
        "response_type",
        "code",
        "client_id",
        provider->options.client_id,
        "redirect_uri",
        provider->options.redirect_url,
        "scope",
        "openid profile",
        "state",
        login->state,
        "nonce",
        login->nonce,
        "code_challenge",
        challenge,
        "code_challenge_method",
        "S256",
        NULL,
    };
    const char *endpoint = described(provider, "authorization_endpoint");
    auto_free(free) char *form = write_form(pairs, why);
    char *address = NULL;
    if (!form)
        return NULL;
    if (asprintf(&address, "%s%c%s", endpoint, strchr(endpoint, '?') ? '&' : '?', form) < 0) {
        (void)fault_memory(why);
        return NULL;
    }
    return address;
}

/* ---- a code for a token ---- */

/* In the form where the provider does not know the header, which is the default. */
static bool wants_secret_in_form(const struct provider *provider)
{
    const json_t *ways =
        json_object_get(provider->description, "token_endpoint_auth_methods_supported");
    const json_t *way;
    size_t index;
    bool knows_form = false;
    json_array_foreach (ways, index, way) {
        const char *text = json_string_value(way);
        if (text && strcmp(text, "client_secret_basic") == 0)
            return false;
        knows_form |= text && strcmp(text, "client_secret_post") == 0;
    }
    return knows_form;
}

static json_t *post_form(const struct provider *provider, const char *form, bool by_header,
                         struct fault *why)
{
    char *user = curl_easy_escape(NULL, provider->options.client_id, 0);
    char *secret = by_header ? curl_easy_escape(NULL, provider->options.client_secret, 0) : NULL;
    const struct fetch_wish wish = {
        .url = described(provider, "token_endpoint"),
        .form = form,
        .user = by_header ? user : NULL,
        .password = secret,
        .ca_file = provider->options.ca_file,
    };
    json_t *answer = NULL;
    if (user && (!by_header || secret))
        answer = fetch_json(&wish, why);
    else
        (void)fault_memory(why);
    curl_free(user);
    curl_free(secret);
    return answer;
}

static json_t *ask_token(const struct provider *provider, const char *code,
                         const struct provider_login *login, struct fault *why)
{
    const char *secret = provider->options.client_secret;
    bool in_form = secret && wants_secret_in_form(provider);
    const char *const pairs[] = {
        "grant_type",
        "authorization_code",
        "code",
        code,
        "redirect_uri",
        provider->options.redirect_url,
        "code_verifier",
        login->verifier,
        "client_id",
        provider->options.client_id,
        in_form ? "client_secret" : NULL,
        secret,
        NULL,
    };
    auto_free(free) char *form = write_form(pairs, why);
    return form ? post_form(provider, form, secret && !in_form, why) : NULL;
}

static json_t *read_token(struct provider *provider, const char *token,
                          const struct provider_login *login, struct fault *why)
{
    bool is_key_unknown;
    struct id_token_rules rules = {
        .issuer = provider->options.issuer,
        .client = provider->options.client_id,
        .nonce = login->nonce,
        .now_s = clock_now_ms() / 1000,
        .keys = provider->keys,
    };
    json_t *claims = id_token_read(token, &rules, &is_key_unknown, why);
    if (claims || !is_key_unknown || !ask_keys(provider, why))
        return claims;
    rules.keys = provider->keys; /* it has changed them since */
    return id_token_read(token, &rules, &is_key_unknown, why);
}

json_t *provider_redeem(struct provider *provider, const char *code,
                        const struct provider_login *login, struct fault *why)
{
    if (!know(provider, why))
        return NULL;
    auto_free(json_decref) json_t *answer = ask_token(provider, code, login, why);
    const char *token = json_string_value(json_object_get(answer, "id_token"));
    if (token)
        return read_token(provider, token, login, why);
    if (answer)
        (void)fault_set(why, FAULT_REFUSE, "%s: gave no ID token", provider->options.issuer);
    return NULL;
}
