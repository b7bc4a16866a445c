/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key sets and signed tokens: an input is a JWK set, a line's end, and a token.  Nobody here has a
 * private key, so what is accepted has to be one of the tokens in tests/fuzz/seeds/token, to the
 * byte of what is signed, and by the keys there.
 */
#include "fuzz.h"

#include "base/jws.h"
#include "operate/id_token.h"

ENDS_WITH_SCOPE(json_t *, json_decref)

static json_t *keys; /* of the seeds */

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    keys = json_load_file("tests/fuzz/seeds/token-keys.json", 0, NULL);
    stop_if(!keys, "no keys");
    return 0;
}

static void count_text(void *own, const char *text)
{
    *(size_t *)own += strlen(text);
}

static void read_texts(const json_t *claims)
{
    static const char *const paths[] = {"sub", "aud", "realm_access.roles", "a.b.c", "", "."};
    size_t size = 0;
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        id_token_texts(claims, paths[i], count_text, &size);
}

/* By the keys of the seeds nothing but the seeds' own claims can be proved. */
static void prove(const json_t *set, const char *token, bool is_foreign)
{
    struct fault why = {0};
    bool is_key_unknown;
    const struct id_token_rules rules = {.issuer = "https://id.example.test",
                                         .client = "lienthong",
                                         .nonce = "n-1",
                                         .now_s = 1800000000,
                                         .keys = set};
    auto_free(json_decref) json_t *claims = id_token_read(token, &rules, &is_key_unknown, &why);
    stop_if(!claims && (why.kind != FAULT_REFUSE || !*why.text), "a fault without words");
    if (claims && !is_foreign)
        stop_if(strcmp(json_string_value(json_object_get(claims, "sub")), "lan") != 0, "a forgery");
    read_texts(claims);
    auto_free(json_decref) json_t *receipt =
        jws_verify(set, JWS_RECEIPT, token, strlen(token), &why);
    stop_if(!receipt && !*why.text, "a fault without words");
    if (receipt && !is_foreign)
        stop_if(json_integer_value(json_object_get(receipt, "n")) != 7, "a forged receipt");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    auto_free(free) char *text = text_copy(bytes, size);
    char *token = strchr(text, '\n');
    if (!token)
        return 0;
    *token++ = '\0';
    token[strcspn(token, "\n")] = '\0';
    auto_free(json_decref) json_t *set = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    prove(keys, token, false);
    if (set)
        prove(set, token, true);
    return 0;
}
