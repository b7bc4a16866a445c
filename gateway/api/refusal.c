/* SPDX-License-Identifier: Apache-2.0 */
/* The table of refusals, and lists of what is wrong with a document. */
#include "api/refusal.h"

#include "base/cleanup.h"
#include "base/log.h"

ENDS_WITH_SCOPE(json_t *, json_decref)

enum { DETAIL_SIZE = 400 };

static const struct {
    struct problem_kind kind;
    const char *retry_after_s; /* NULL: the same again would be refused again */
} table[REFUSAL_COUNT_] = {
    [REFUSAL_NO_CREDENTIAL] = {{"no-credential", 401, "Thiếu thông tin xác thực",
                                "The request has no credential"},
                               NULL},
    [REFUSAL_UNKNOWN_CREDENTIAL] = {{"unknown-credential", 401, "Thông tin xác thực không đúng",
                                     "The credential is not known"},
                                    NULL},
    [REFUSAL_BAD_CERTIFICATE] = {{"bad-certificate", 401,
                                  "Chứng thư của bên gọi không được chấp nhận",
                                  "The client certificate is not accepted"},
                                 NULL},
    [REFUSAL_NEEDS_CERTIFICATE] = {{"certificate-needed", 401,
                                    "Hệ thống này phải xuất trình chứng thư",
                                    "This system must show a client certificate"},
                                   NULL},
    [REFUSAL_FOREIGN_AGENCY] = {{"foreign-agency", 403,
                                 "Hệ thống gửi không được thay mặt cơ quan này",
                                 "The sender does not speak for this agency"},
                                NULL},
    [REFUSAL_UNKNOWN_RECEIPT] = {{"unknown-receipt", 404, "Không có biên nhận này",
                                  "There is no such receipt"},
                                 NULL},
    [REFUSAL_UNKNOWN_DOSSIER] = {{"unknown-dossier", 404, "Không có hồ sơ này",
                                  "There is no such dossier"},
                                 NULL},
    [REFUSAL_NO_MAILBOX] = {{"no-mailbox", 404, "Hệ thống này không có hộp thư",
                             "There is no mailbox for this system"},
                            NULL},
    [REFUSAL_UNKNOWN_DELIVERY] = {{"unknown-delivery", 404, "Không có thư này",
                                   "There is no such delivery"},
                                  NULL},
    [REFUSAL_ALREADY_ANSWERED] = {{"already-answered", 409, "Thư này đã được trả lời khác",
                                   "The delivery was answered otherwise before"},
                                  NULL},
    [REFUSAL_NOT_OPEN] = {{"delivery-not-open", 409, "Thư này hiện không chờ trả lời",
                           "The delivery does not wait for an answer"},
                          NULL},
    [REFUSAL_NOT_A_HANDOFF] = {{"not-a-handoff", 409, "Chỉ được từ chối hồ sơ chuyển đến",
                                "Only a handoff can be refused"},
                               NULL},
    [REFUSAL_BAD_REASON] = {{"bad-reason", 422, "Lý do từ chối không hợp lệ",
                             "The reason of a refusal is not valid"},
                            NULL},
    [REFUSAL_UNKNOWN_FILE] = {{"unknown-file", 404, "Không có tệp này", "There is no such file"},
                              NULL},
    [REFUSAL_LINK_EXPIRED] = {{"link-expired", 410, "Liên kết đã hết hạn",
                               "The link does not hold any more"},
                              NULL},
    [REFUSAL_FILE_TOO_LARGE] = {{"file-too-large", 413, "Tệp quá lớn", "The file is too large"},
                                NULL},
    [REFUSAL_HASH_DIFFERS] = {{"hash-differs", 422, "Nội dung không khớp mã băm SHA-256",
                               "The content does not have this SHA-256"},
                              NULL},
    [REFUSAL_CONFLICT] = {{"conflict", 409, "Mã thông điệp đã dùng cho nội dung khác",
                           "The message id was used for another content"},
                          NULL},
    [REFUSAL_MEDIA_TYPE] = {{"unsupported-media-type", 415, "Kiểu nội dung không được hỗ trợ",
                             "The media type is not taken"},
                            NULL},
    [REFUSAL_INVALID_DOCUMENT] = {{"invalid-document", 422, "Nội dung gửi không hợp lệ",
                                   "The document is not valid"},
                                  NULL},
    [REFUSAL_BAD_CURSOR] = {{"bad-parameter", 400, "Tham số không hợp lệ",
                             "A parameter is not valid"},
                            NULL},
    [REFUSAL_RATE] = {{"rate-limit", 429, "Gọi quá nhanh", "Too many calls in a short time"}, NULL},
    [REFUSAL_QUEUE_FULL] = {{"queue-full", 503, "Hàng đợi đang đầy, xin gửi lại sau",
                             "The queue is full, send again later"},
                            "2"},
    [REFUSAL_DISK_RESERVE] = {{"disk-reserve", 503, "Máy chủ sắp hết chỗ lưu, xin gửi lại sau",
                               "Storage is running out, send again later"},
                              "60"},
    [REFUSAL_SPOOL_DAMAGED] = {{"spool-damaged", 503,
                                "Kho lưu của máy chủ bị hỏng, xin gửi lại sau",
                                "The storage is damaged, send again later"},
                               "60"},
    [REFUSAL_OVERDUE] = {{"spool-overdue", 503, "Việc chuyển tiếp đang bị chậm, xin gửi lại sau",
                          "Publishing is overdue, send again later"},
                         "60"},
    [REFUSAL_NOT_YET_PUBLISHED] = {{"not-yet-published", 503, "Đã lưu nhưng chưa phát đi",
                                    "Stored, but not yet published"},
                                   "5"},
    [REFUSAL_INTERNAL] = {{"internal-error", 500, "Lỗi bên trong máy chủ",
                           "Something failed on our side"},
                          NULL},
};

void refuse(struct http_request *request, enum refusal refusal, const char *detail, json_t *more)
{
    if (table[refusal].retry_after_s)
        http_add_header(request, "Retry-After", table[refusal].retry_after_s);
    http_problem(request, &table[refusal].kind, detail, more);
}

void refuse_fault(struct http_request *request, const struct fault *fault)
{
    bool may_pass_later = fault->kind == FAULT_RETRY;
    if (!may_pass_later)
        log_error("api.failed", "why=\"%s\"", fault->text);
    refuse(request, may_pass_later ? REFUSAL_QUEUE_FULL : REFUSAL_INTERNAL, NULL, NULL);
}

static json_t *text_or_absent(const char *text)
{
    return text ? json_string(text) : NULL;
}

static json_t *number_or_absent(int number, int least)
{
    return number >= least ? json_integer(number) : NULL;
}

static json_t *describe(const struct problem *problem, enum http_language language)
{
    char detail[DETAIL_SIZE];
    problem_write(problem, language == LANGUAGE_VI ? "vi" : "en", detail, sizeof detail);
    return json_pack(
        "{s:s, s:o*, s:o*, s:o*, s:o*, s:o*, s:o*, s:s}", "rule", rule_code(problem->rule), "item",
        number_or_absent(problem->item, 0), "path", text_or_absent(problem->path), "line",
        number_or_absent(problem->line, 1), "column", number_or_absent(problem->column, 1), "field",
        text_or_absent(problem->field), "value", text_or_absent(problem->value), "detail", detail);
}

json_t *refusal_problems(const struct problem *problems, size_t count, enum http_language language)
{
    auto_free(json_decref) json_t *list = json_array();
    for (size_t i = 0; list && i < count; i++) {
        if (json_array_append_new(list, describe(&problems[i], language)) != 0)
            return NULL;
    }
    return steal(list);
}
