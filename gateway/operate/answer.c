/* SPDX-License-Identifier: Apache-2.0 */
/* JSON and problems for operators. */
#include "operate/answer.h"

#include "base/cleanup.h"
#include "base/moment.h"

#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

const struct problem_kind operate_bad_request = {"bad-request", 400, "Yêu cầu không hợp lệ",
                                                 "The request is not valid"};
const struct problem_kind operate_refused = {"refused", 409, "Không thực hiện được",
                                             "It could not be done"};
const struct problem_kind operate_not_found = {"not-found", 404, "Không tìm thấy",
                                               "There is no such thing"};
static const struct problem_kind busy = {"busy", 503, "Thử lại sau", "Try again later"};
static const struct problem_kind broken = {"internal", 500, "Lỗi của hệ thống",
                                           "A fault of the gateway"};

void operate_fault(struct http_request *request, const struct fault *why)
{
    static const struct problem_kind *const kinds[] = {
        [FAULT_NONE] = &broken,
        [FAULT_REFUSE] = &operate_refused,
        [FAULT_RETRY] = &busy,
        [FAULT_BROKEN] = &broken,
    };
    http_problem(request, kinds[why->kind], why->text, NULL);
}

void operate_fault_finding(struct http_request *request, const struct fault *why)
{
    if (why->kind == FAULT_REFUSE)
        http_problem(request, &operate_not_found, why->text, NULL);
    else
        operate_fault(request, why);
}

void operate_answer(struct http_request *request, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (text) {
        http_answer(request, 200, "application/json", text, strlen(text));
        return;
    }
    struct fault why;
    (void)fault_memory(&why);
    operate_fault(request, &why);
}

const char *operate_member(struct http_request *request, const char *name, json_t **json)
{
    size_t size;
    const char *body = http_body(request, &size);
    *json = json_loadb(body, size, JSON_REJECT_DUPLICATES, NULL);
    return json_string_value(json_object_get(*json, name));
}

/* What is not understood is refused: something would be removed by a day that nobody meant. */
static bool read_before(const char *body, size_t size, int64_t *before_ms, struct fault *why)
{
    static const char wanted[] = "{\"before\": \"2026-01-01\"}, or nothing";
    auto_free(json_decref) json_t *json = json_loadb(body, size, JSON_REJECT_DUPLICATES, NULL);
    const json_t *day = json_object_get(json, "before");
    if (!json_is_object(json) || json_object_size(json) > (day ? 1 : 0) ||
        (day && !json_is_string(day)))
        return fault_set(why, FAULT_REFUSE, "%s", wanted);
    return !day || moment_read(json_string_value(day), json_string_length(day), before_ms, why);
}

bool operate_before(struct http_request *request, int64_t *before_ms)
{
    struct fault why;
    size_t size;
    const char *body = http_body(request, &size);
    if (size == 0 || read_before(body, size, before_ms, &why))
        return true;
    http_problem(request, &operate_bad_request, why.text, NULL);
    return false;
}
