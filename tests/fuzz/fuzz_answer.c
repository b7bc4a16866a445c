/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of partners' systems: any bytes must be judged, by every format's table. */
#include "fuzz.h"

#include "adapt/service.h"

static const char *const names[] = {"dvcqg-json", "dvc2026-json", "edxml", "lienthong-xml"};
static const int statuses[] = {200, 202, 401, 403, 409, 429, 500, 302};
static const struct adapters *adapters;

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    adapters = fuzz_adapters();
    return 0;
}

/* The first two bytes choose the format and the status. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2)
        return 0;
    const struct adapter *adapter =
        adapters_find(adapters, names[bytes[0] % (sizeof names / sizeof *names)]);
    auto_free(free) char *body = exact_copy(bytes + 2, size - 2);
    const struct service_answer answer = {statuses[bytes[1] % (sizeof statuses / sizeof *statuses)],
                                          body, size - 2};
    char cause[ANSWER_CAUSE_SIZE];
    const char *detail;
    enum answer_meaning meaning = service_judge(adapter, &answer, cause, &detail);
    stop_if(meaning > ANSWER_REFUSED, "no such meaning");
    stop_if(strncmp(cause, "answer:", 7) != 0 || !memchr(cause, 0, sizeof cause), "no cause");
    free(service_member(&answer, "/session"));
    free(service_member(&answer, "/data[1]/token"));
    return 0;
}
