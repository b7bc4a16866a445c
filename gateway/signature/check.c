/* SPDX-License-Identifier: Apache-2.0 */
/* The policy: which signatures a document has, and whether they are enough. */
#include "signature/check.h"

#include "adapt/xml.h"
#include "base/cleanup.h"
#include "base/opening.h"
#include "signature/detached.h"
#include "signature/xml.h"

#include <jansson.h>
#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

void signature_verdict_free(struct signature_verdict *verdict)
{
    free(verdict->path);
    free(verdict->proved);
    *verdict = (struct signature_verdict){.is_bad = false};
}

/* Who signs for himself is his own issuer, and a name is not kept. */
static const char *issuer_of(const struct trust_signer *signer)
{
    bool is_other = signer->issuer && strcmp(signer->issuer, signer->subject) != 0;
    return is_other ? signer->issuer : NULL;
}

static json_t *describe(const struct signature_found *found)
{
    char sha256[SHA256_HEX_SIZE];
    const struct trust_signer *signer = &found->signer;
    digest_hex(signer->fingerprint, SHA256_SIZE, sha256);
    return json_pack("{s:s, s:s, s:s*, s:s*, s:s*, s:s*}", "method", found->method, "algorithm",
                     found->algorithm, "sha256", signer->serial ? sha256 : NULL, "serial",
                     signer->serial, "issuer", issuer_of(signer), "kid", found->kid);
}

static bool spoil(const struct signature_found *found, struct signature_verdict *verdict,
                  struct fault *why)
{
    verdict->path = strdup(found->path ? found->path : "/");
    verdict->is_bad = true;
    verdict->problem = (struct problem){.rule = found->rule,
                                        .item = -1,
                                        .path = verdict->path,
                                        .line = found->line,
                                        .column = found->column,
                                        .hint = found->flaw};
    return verdict->path || fault_memory(why);
}

/* Takes in one signature that was judged. */
static bool take(const struct signature_found *found, json_t *list,
                 struct signature_verdict *verdict, struct fault *why)
{
    if (verdict->is_bad)
        return true;
    if (found->flaw)
        return spoil(found, verdict, why);
    return json_array_append_new(list, describe(found)) == 0 || fault_memory(why);
}

static bool check_detached(const struct signature_input *input, const char *jws, json_t *list,
                           struct signature_verdict *verdict, struct fault *why)
{
    struct signature_found found = {.flaw = NULL};
    bool is_done = signature_detached(input, jws, &found, why) && take(&found, list, verdict, why);
    trust_signer_free(&found.signer);
    return is_done;
}

static bool check_xml(const struct signature_input *input, json_t *list,
                      struct signature_verdict *verdict, struct fault *why)
{
    struct signature_found found = {.flaw = NULL};
    bool is_there = false;
    bool is_done = signature_in_xml(input, &is_there, &found, why) &&
                   (!is_there || take(&found, list, verdict, why));
    trust_signer_free(&found.signer);
    return is_done;
}

static bool check_all(const struct signature_input *input, const char *jws, json_t *list,
                      struct signature_verdict *verdict, struct fault *why)
{
    const struct signature_found none = {
        .flaw = "a signature", .rule = RULE_SIGNATURE, .path = "/"};
    if (jws && !check_detached(input, jws, list, verdict, why))
        return false;
    if (opening_is_xml(input->bytes, input->size) && !check_xml(input, list, verdict, why))
        return false;
    if (verdict->is_bad || json_array_size(list) > 0)
        return true;
    return input->policy->policy != SIGNATURES_REQUIRED || spoil(&none, verdict, why);
}

bool signature_check(const struct signature_wish *wish, struct signature_verdict *verdict,
                     struct fault *why)
{
    *verdict = (struct signature_verdict){.is_bad = false};
    if (wish->policy->policy == SIGNATURES_IGNORED)
        return true;
    struct arena arena = {NULL};
    const struct signature_input input = {.bytes = wish->bytes,
                                          .size = wish->size,
                                          .policy = wish->policy,
                                          .limits = wish->limits,
                                          .at_ms = wish->at_ms,
                                          .arena = &arena};
    auto_free(json_decref) json_t *list = json_array();
    bool is_done = list ? check_all(&input, wish->jws, list, verdict, why) : fault_memory(why);
    if (is_done && !verdict->is_bad && json_array_size(list) > 0) {
        verdict->proved = json_dumps(list, JSON_COMPACT);
        is_done = verdict->proved || fault_memory(why);
    }
    arena_free(&arena);
    if (!is_done)
        signature_verdict_free(verdict);
    return is_done;
}
