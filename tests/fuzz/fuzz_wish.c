/* SPDX-License-Identifier: Apache-2.0 */
/* What operators' browsers send as JSON: jobs and their filters, and changes of a document, which
 * must be one afterwards. */
#include "fuzz.h"

#include "operate/job_wish.h"

ENDS_WITH_SCOPE(json_t *, json_decref)

static const char xml[] =
    "<?xml version=\"1.0\"?><a b=\"c\">x<d>1</d><d>x</d><e><![CDATA[x]]></e></a>";
static const char json[] =
    "{\"data\":[{\"a\":\"x\",\"b\":1,\"c\":null,\"d\":\"\\u0078\"},{\"a\":\"x\"}]}";
static const struct adapter *formats[2];

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    const struct adapters *adapters = fuzz_adapters();
    formats[0] = adapters_find(adapters, "lienthong-xml");
    formats[1] = adapters_find(adapters, "dvcqg-json");
    return 0;
}

static void patch(const struct patch_rule *rule, size_t which)
{
    struct fault why = {0};
    struct patched patched = {0}, again = {0};
    const char *text = which == 0 ? xml : json;
    auto_free(free) char *document = exact_copy(text, strlen(text));
    if (!adapt_patch(formats[which], document, strlen(text), rule, &patched, &why)) {
        stop_if(why.kind != FAULT_REFUSE, why.text);
        return;
    }
    stop_if(patched.bytes[patched.size] != '\0', "no NUL behind it");
    /* It is well formed, or the second time it could not be read. */
    stop_if(!adapt_patch(formats[which], patched.bytes, patched.size, rule, &again, &why),
            "what came out is no document");
    free(patched.bytes);
    free(again.bytes);
}

static void use(struct job_wish *wish)
{
    struct fault why = {0};
    int64_t from_ms = 0, to_ms = 0;
    stop_if(wish->rules.rate_per_s < 0, "a negative rate");
    stop_if(!(wish->rules.stop_above >= 0 && wish->rules.stop_above <= 1), "no share");
    if (!job_wish_times(json_object_get(wish->what, "filter"), &from_ms, &to_ms, &why))
        stop_if(why.kind != FAULT_REFUSE, why.text);
    for (size_t i = 0; wish->rules.rule.path && i < 2; i++)
        patch(&wish->rules.rule, i);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fault why = {0};
    struct job_wish wish = {0};
    auto_free(json_decref) json_t *body =
        json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, NULL);
    if (!body)
        return 0;
    if (job_wish_read(body, &wish, &why))
        use(&wish);
    else
        stop_if(why.kind != FAULT_REFUSE || !*why.text, "a fault without words");
    job_wish_end(&wish);
    return 0;
}
