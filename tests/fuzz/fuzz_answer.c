/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of partners' systems: any bytes must be judged, by every format's table. */
#include "adapt/service.h"
#include "base/cleanup.h"

#include <stdio.h>
#include <string.h>

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const char *const names[] = {"dvcqg-json", "dvc2026-json", "edxml", "lienthong-xml"};
static const int statuses[] = {200, 202, 401, 403, 409, 429, 500, 302};
static const struct adapters *adapters;

static void stop_if(bool is_wrong, const char *what)
{
    if (!is_wrong)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    static const struct adapt_limits limits = {1 << 20, 64, 20000, 64, 2000, 65536, 100, 100};
    (void)count, (void)arguments;
    struct fault why = {0};
    const struct schema *schema = schema_load("schemas/dossier-event.avsc", &why);
    adapters = schema ? adapters_load("adapters", schema, &limits, &why) : NULL;
    stop_if(!adapters, why.text);
    return 0;
}

/* The first two bytes choose the format and the status. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2)
        return 0;
    const struct adapter *adapter =
        adapters_find(adapters, names[bytes[0] % (sizeof names / sizeof *names)]);
    auto_free(free) char *body =
        malloc(size - 2 + (size == 2)); /* of its exact size, so that a byte over it shows */
    stop_if(!body, "no memory");
    memcpy(body, bytes + 2, size - 2);
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
