/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a document is signed as its sender agreed; before anything else is done with it. */
#include "ingest/signing.h"

#include "ingest/state.h"

bool signing_judge(struct handoff *handoff, struct fault *why)
{
    const struct signature_wish wish = {
        .bytes = handoff->bytes,
        .size = handoff->document.size,
        .jws = handoff->jws,
        .policy = &handoff->caller.partner->signatures,
        .limits = adapters_limits(handoff->ingest->options.adapters),
        .at_ms = handoff->document.received_at_ms,
    };
    if (handoff->is_judged)
        return true;
    if (!signature_check(&wish, &handoff->signature, why))
        return false;
    handoff->is_judged = true;
    handoff->document.proved = handoff->signature.proved;
    return true;
}

bool signing_refuses(const struct handoff *handoff)
{
    return handoff->signature.is_bad && !handoff->parks &&
           handoff->caller.partner->invalid == INVALID_REFUSED;
}
