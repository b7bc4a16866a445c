/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway's own sentences about what failed, which are stored in English.  The test of this
 * table asks those who say them. */
#include "operate/detail.h"

#include "base/bilingual.h"

#include <string.h>

static const struct {
    const char *en, *vi;
} sentences[] = {
    /* spool/document.c */
    {"the same id was sent before with other content",
     "mã thông điệp này đã được gửi trước đó với nội dung khác"},

    /* deliver/outcome.c */
    {"the host's name has no address", "tên máy chủ không phân giải được thành địa chỉ"},
    {"nobody takes connections there", "không có ai nhận kết nối tại địa chỉ đó"},
    {"no answer in time; it may have been received",
     "không có trả lời kịp thời; có thể bên nhận đã nhận được"},
    {"no common TLS, or it wants a certificate of ours",
     "hai bên không có TLS chung, hoặc bên nhận đòi chứng thư của cổng"},
    {"its certificate is not to be trusted", "chứng thư của bên nhận không đáng tin cậy"},
    {"the partner's ca_file cannot be used", "không dùng được ca_file của đối tác"},
    {"our certificate or key cannot be used", "không dùng được chứng thư hoặc khóa của cổng"},
    {"cut while sending", "đứt kết nối khi đang gửi"},
    {"cut before the answer; it may have been received",
     "đứt kết nối trước khi trả lời; có thể bên nhận đã nhận được"},
    {"cut inside the answer; it may have been received",
     "đứt kết nối giữa câu trả lời; có thể bên nhận đã nhận được"},
    {"HTTP/2 failed", "lỗi HTTP/2"},
    {"it does not speak HTTP", "bên nhận không nói HTTP"},
    {"the partner's address leads elsewhere; redirects are not followed",
     "địa chỉ của đối tác dẫn sang nơi khác; cổng không đi theo chuyển hướng"},
    {"it wants a certificate of ours: set certificate_file and key_file",
     "bên nhận đòi chứng thư của cổng: khai báo certificate_file và key_file"},
    {"our certificate has ended", "chứng thư của cổng đã hết hạn"},
    {"our certificate was revoked", "chứng thư của cổng đã bị thu hồi"},
    {"it does not know the authority of our certificate",
     "bên nhận không biết CA đã cấp chứng thư của cổng"},
    {"it does not take our certificate", "bên nhận không chấp nhận chứng thư của cổng"},
    {"it cannot use our certificate", "bên nhận không dùng được chứng thư của cổng"},
    {"our certificate may not do this there", "chứng thư của cổng không được phép làm việc này"},
    {"user or password is not accepted", "tên hoặc mật khẩu không được chấp nhận"},
};

json_t *detail_shown(const char *detail, enum http_language language)
{
    size_t size = 0;
    if (!detail)
        return json_null();
    const char *part = bilingual_part(detail, language == LANGUAGE_EN, &size);
    for (size_t at = 0; at < sizeof sentences / sizeof sentences[0]; at++)
        if (language == LANGUAGE_VI && strcmp(sentences[at].en, detail) == 0)
            return json_string(sentences[at].vi);
    json_t *json = json_stringn(part, size);
    return json ? json : json_null();
}
