/* SPDX-License-Identifier: Apache-2.0 */
/* What partners' mailboxes answer: lists of letters, and letters, plain and in base64. */
#include "fuzz.h"

#include "deliver/collect_list.h"
#include "deliver/reply.h"
#include "deliver/retry_after.h"

static const char *const waiting[] = {"initial", "sent"};
static const struct service_call own_calls[] = {
    {.items = "", .id = "id"},
    {.items = "/data/list",
     .id = "docId",
     .state = "status",
     .waits = waiting,
     .waits_count = 2,
     .document = "data",
     .is_base64 = true},
};
static const struct service_call fetches[] = {
    {.document = "/data", .is_base64 = true}, {.document = "/a/b"}, {.document = NULL}};
static const struct service_mailbox *mailbox;

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    mailbox = service_mailbox(adapters_find(fuzz_adapters(), "edxml"));
    stop_if(!mailbox, "edXML has no mailbox");
    return 0;
}

static void read_document(const struct service_call *call, const struct service_answer *answer,
                          const char *text)
{
    struct fault why = {0};
    size_t size = 0;
    auto_free(free) char *document = letter_document(call, answer, text, &size, &why);
    stop_if(!document && why.kind != FAULT_REFUSE && why.kind != FAULT_RETRY, why.text);
}

static void read_list(const struct service_call *call, const struct service_answer *answer)
{
    struct fault why = {0};
    struct letter_list *list = letter_list_read(call, answer, &why);
    stop_if(!list && why.kind != FAULT_RETRY, why.text);
    for (size_t i = 0; list && i < letter_list_count(list); i++) {
        struct listed letter = letter_list_at(list, i);
        stop_if(!*letter.id, "a letter without a name");
        if (letter.document)
            read_document(call, answer, letter.document);
    }
    letter_list_free(list);
}

/* What a partner says in headers and in the body of a refusal. */
static void read_rest(const char *bytes, size_t size)
{
    const char *detail = NULL;
    auto_free(free) char *text = text_copy(bytes, size);
    auto_free(free) char *reason = reply_reason(bytes, size, &detail);
    stop_if(!reason && !detail, "refused without a word");
    int64_t wait_ms = retry_after_ms(text, 1800000000000);
    stop_if(wait_ms < RETRY_AFTER_NONE || wait_ms > RETRY_AFTER_LONGEST_MS, "a wait of any length");
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    auto_free(free) char *body = exact_copy(bytes, size);
    const struct service_answer answer = {.status = 200, .body = body, .size = size};
    read_list(&mailbox->list, &answer);
    for (size_t i = 0; i < sizeof own_calls / sizeof *own_calls; i++)
        read_list(&own_calls[i], &answer);
    if (mailbox->has_fetch)
        read_document(&mailbox->fetch, &answer, NULL);
    for (size_t i = 0; i < sizeof fetches / sizeof *fetches; i++)
        read_document(&fetches[i], &answer, NULL);
    read_rest(body, size);
    return 0;
}
