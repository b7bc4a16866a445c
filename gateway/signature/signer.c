/* SPDX-License-Identifier: Apache-2.0 */
/* Who signed: the anchors must vouch for him, and he must be one of those who were agreed. */
#include "signature/signer.h"

#include "adapt/base64.h"
#include "base/moment.h"

enum { BASE64_MOST = 2 * TRUST_CERTIFICATE_MOST };

bool signer_decode(struct arena *arena, const char *text, size_t size, struct trust_shown *shown)
{
    if (size > BASE64_MOST)
        return false;
    shown->der = (const unsigned char *)base64_decode(text, size, arena, &shown->size);
    return shown->der && shown->size > 0;
}

static bool is_named(const struct partner_certificate *agreed, const struct trust_signer *signer)
{
    if (!agreed->subject)
        return memcmp(agreed->fingerprint, signer->fingerprint, SHA256_SIZE) == 0;
    return strcmp(agreed->subject, signer->subject) == 0 &&
           strcmp(agreed->issuer, signer->issuer) == 0;
}

static bool is_agreed(const struct signature_input *input, const struct trust_signer *signer)
{
    const struct partner_signatures *policy = input->policy;
    int32_t day = moment_day(input->at_ms);
    for (size_t i = 0; i < policy->signer_count; i++)
        if (day <= policy->signers[i].valid_to && is_named(&policy->signers[i], signer))
            return true;
    return policy->signer_count == 0;
}

bool signer_judge(const struct signature_input *input, const struct trust_shown *shown,
                  size_t count, struct signature_found *found, struct fault *why)
{
    const char *flaw = NULL;
    if (!input->policy->trust)
        return signature_flaw(found, "a key that was agreed with this system");
    const struct trust_chain chain = {shown, count, input->at_ms};
    if (!trust_judge(input->policy->trust, &chain, &found->signer, &flaw, why))
        return false;
    if (flaw)
        return signature_flaw(found, flaw);
    return is_agreed(input, &found->signer) ||
           signature_flaw(found, "a certificate that was agreed with this system");
}
