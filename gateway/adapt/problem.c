/* SPDX-License-Identifier: Apache-2.0 */
/* The rules that documents are held to, in the words of machines and of people. */
#include "adapt/problem.h"

#include "base/utf8.h"

#include <assert.h>
#include <stdarg.h>

static const struct {
    const char *code;
    const char *vi;
    const char *en;
} rules[RULE_COUNT_] = {
    [RULE_SYNTAX] = {"syntax", "tài liệu không đúng cú pháp hoặc không phải UTF-8",
                     "the document is not well-formed or not UTF-8"},
    [RULE_FORBIDDEN] = {"forbidden-xml", "tài liệu chứa DOCTYPE hoặc thực thể, không được phép",
                        "the document has a DOCTYPE or an entity, which is not allowed"},
    [RULE_LIMIT] = {"limit", "tài liệu vượt quá giới hạn cho phép", "the document is over a limit"},
    [RULE_NAMESPACE] = {"namespace", "không gian tên (namespace) không thuộc định dạng này",
                        "the namespace is not this format's"},
    [RULE_SCHEMA] = {"schema", "không hợp lệ theo lược đồ (XSD) của định dạng",
                     "the format's schema (XSD) does not allow this"},
    [RULE_UNRECOGNISED] = {"unrecognised", "không nhận ra loại thông điệp",
                           "no message of the format looks like this"},
    [RULE_MISSING] = {"missing", "thiếu giá trị bắt buộc", "a required value is missing"},
    [RULE_TIME] = {"time", "thời gian không tồn tại hoặc sai dạng",
                   "there is no such time, or it is written in no known form"},
    [RULE_NUMBER] = {"number", "không phải số nguyên hợp lệ", "this is no whole number in range"},
    [RULE_TRUTH] = {"boolean", "không phải giá trị đúng/sai", "this is neither true nor false"},
    [RULE_CODE] = {"code", "mã không có trong danh mục", "the code is not in the list"},
    [RULE_AGENCY] = {"agency", "mã cơ quan sai dạng, không tồn tại hoặc không còn hiệu lực",
                     "the agency's code is malformed, unknown or not valid at that time"},
    [RULE_HANDOFF] = {"handoff", "thiếu nơi chuyển hoặc nơi nhận, hoặc hai nơi trùng nhau",
                      "the handoff lacks its sender or receiver, or they are the same"},
    [RULE_BASE64] = {"base64", "nội dung tệp đính kèm không phải base64 hợp lệ",
                     "the attachment is not valid base64"},
    [RULE_HASH] = {"hash", "mã băm sai dạng hoặc không khớp với tệp",
                   "the hash is malformed or not that of the file"},
    [RULE_TEXT] = {"text", "văn bản có ký tự điều khiển, quá dài hoặc không dùng được ở đây",
                   "the text has control characters, is too long or cannot stand here"},
    [RULE_CONFLICT] = {"conflict", "mã thông điệp đã được dùng cho nội dung khác",
                       "the message's id was used before with another content"},
    [RULE_SIGNATURE] = {"signature", "chữ ký số không có hoặc không được chấp nhận",
                        "the document is not signed, or its signature does not count"},
};

/* What may be expected, in Vietnamese; the first row with which a hint begins counts.  What is in
 * no row is a name: of a list, a conversion, an element, a key of the configuration. */
static const struct {
    const char *hint, *vi;
} expected[] = {
    /* of agencies: api/judge.c */
    {"an agency of that day", "cơ quan có hiệu lực vào ngày đó"},
    {"an agency of the sender", "cơ quan của bên gửi"},

    /* of values and files */
    {"a shorter text", "văn bản ngắn hơn"},
    {"the file that the hash is of", "tệp có đúng mã băm này"},
    {"one item", "một mục"},
    {"items", "các mục"},

    /* of limits */
    {"nodes", "ít phần tử hơn"},
    {"names", "ít tên hơn"},
    {"depth", "ít cấp lồng nhau hơn"},
    {"attributes", "ít thuộc tính hơn"},

    /* of syntax */
    {"a document", "một tài liệu"},
    {"a name", "một tên"},
    {"the end tag of the element", "thẻ đóng của phần tử"},
    {"the end", "hết tài liệu"},
    {"more", "phần còn lại"},
    {"no entities", "không có thực thể"},
    {"no DOCTYPE", "không có DOCTYPE"},
    {"no NUL", "không có ký tự NUL"},
    {"characters of XML 1.0", "ký tự của XML 1.0"},
    {"an attribute once", "mỗi thuộc tính một lần"},
    {"each member once", "mỗi thành phần một lần"},
    {"a declared prefix", "tiền tố đã khai báo"},
    {"a smaller number", "số nhỏ hơn"},
    {"well-formed XML", "XML đúng cú pháp"},

    /* of signatures: signature/, base/trust.c */
    {"a signature", "chữ ký số"},
    {"one signature", "đúng một chữ ký số"},
    {"a signature inside the document", "chữ ký nằm bên trong tài liệu"},
    {"a signature built as XML-DSig says", "chữ ký có cấu trúc đúng chuẩn XML-DSig"},
    {"a signature over the whole document", "chữ ký trên toàn bộ tài liệu"},
    {"the document as it was signed", "tài liệu đúng như lúc ký"},
    {"references to elements of this document alone",
     "chỉ tham chiếu đến phần tử của chính tài liệu này"},
    {"no transforms but enveloped-signature and canonicalisation",
     "không có phép biến đổi nào ngoài enveloped-signature và chuẩn hóa"},
    {"RSA or ECDSA with SHA-256 or stronger", "RSA hoặc ECDSA với SHA-256 trở lên"},
    {"digests by SHA-256 or stronger", "mã băm SHA-256 trở lên"},
    {"an id that no other element has", "Id không trùng với phần tử khác"},
    {"signed properties of this very signature", "thuộc tính được ký của chính chữ ký này"},
    {"signed properties that name the signer's certificate",
     "thuộc tính được ký nêu đúng chứng thư của người ký"},
    {"the signer's certificate in KeyInfo", "chứng thư của người ký trong KeyInfo"},
    {"certificates and no references to keys elsewhere",
     "chứng thư kèm theo, không tham chiếu đến khóa ở nơi khác"},
    {"a detached JWS, HEADER..SIGNATURE", "JWS tách rời, dạng HEADER..SIGNATURE"},
    {"a JWS header: one JSON object, each member once",
     "tiêu đề JWS là một đối tượng JSON, mỗi thành phần một lần"},
    {"no critical headers but b64", "không có tiêu đề bắt buộc (crit) nào ngoài b64"},
    {"RS256 or ES256", "RS256 hoặc ES256"},
    {"a key that was agreed with this system", "khóa đã thỏa thuận với hệ thống này"},
    {"a certificate that was agreed with this system", "chứng thư đã thỏa thuận với hệ thống này"},
    {"certificates that can be read", "chứng thư đọc được"},
    {"fewer certificates", "ít chứng thư hơn"},
    {"the certificates of one signer", "chứng thư của đúng một người ký"},
    {"a certificate of a trusted authority", "chứng thư do tổ chức chứng thực được tin cậy cấp"},
    {"a certificate that is meant for signing", "chứng thư được dùng để ký"},
    {"a certificate that has not expired", "chứng thư còn hạn"},
    {"a certificate that is valid already", "chứng thư đã có hiệu lực"},
    {"a certificate that is not revoked", "chứng thư không bị thu hồi"},
    {"a revocation list that is not too old", "danh sách thu hồi chưa quá hạn"},
    {"a revocation list that is valid already", "danh sách thu hồi đã có hiệu lực"},
    {"a revocation list of each authority", "danh sách thu hồi của từng tổ chức chứng thực"},
    {"authorities with strong keys", "tổ chức chứng thực dùng khóa đủ mạnh"},
    {"certificates without SHA-1 or MD5", "chứng thư không dùng SHA-1 hoặc MD5"},
    {"an RSA key of 2048 to 8192 bits, or one on P-256, P-384 or P-521",
     "khóa RSA từ 2048 đến 8192 bit, hoặc khóa trên P-256, P-384, P-521"},

    /* of an XSD: adapt/xml_check.c; what follows is the schema's own */
    {"elements only", "chỉ các phần tử"},
    {"no such attribute", "không có thuộc tính này"},
    {"the schema's root element", "phần tử gốc của lược đồ"},
    {"a text, no elements", "văn bản, không có phần tử con"},
    {"nothing more", "không có gì thêm"},
    {"one of ", "một trong "},
    {"length at least ", "độ dài ít nhất "},
    {"length at most ", "độ dài nhiều nhất "},
    {"length ", "độ dài "},
    {"at least ", "ít nhất "},
    {"at most ", "nhiều nhất "},
    {"over ", "lớn hơn "},
    {"under ", "nhỏ hơn "},
    {"digits after the point: ", "số chữ số sau dấu phẩy: "},
    {"digits: ", "số chữ số: "},
    {"pattern ", "mẫu "},
    {"unique: ", "duy nhất: "},
};

/* The small words around a rule's sentence. */
struct words {
    const char *line;
    const char *expected;
    const char *got;
};
static const struct words vietnamese = {"dòng", "cần", "nhận được"};
static const struct words english = {"line", "expected", "got"};

const char *rule_code(enum rule rule)
{
    assert(rule < RULE_COUNT_);
    return rules[rule].code;
}

/* Adds to the text; what does not fit is cut. */
static void append(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void append(char *text, size_t size, const char *format, ...)
{
    size_t used = strlen(text);
    va_list values;
    va_start(values, format);
    (void)vsnprintf(text + used, size - used, format, values); /* cut below */
    va_end(values);
}

/* A row that ends in a blank is followed by what the schema says; another one is the whole hint. */
static void append_hint_vi(char *text, size_t size, const char *hint)
{
    for (size_t at = 0; at < sizeof expected / sizeof expected[0]; at++) {
        size_t length = strlen(expected[at].hint);
        bool is_open = expected[at].hint[length - 1] == ' ';
        if (strncmp(hint, expected[at].hint, length) != 0 || (!is_open && hint[length]))
            continue;
        append(text, size, "%s%s", expected[at].vi, hint + length);
        return;
    }
    append(text, size, "%s", hint);
}

void problem_write(const struct problem *problem, const char *language, char *text, size_t size)
{
    assert(problem->rule < RULE_COUNT_);
    if (!size)
        return;
    bool is_english = strcmp(language, "en") == 0;
    const struct words *words = is_english ? &english : &vietnamese;
    *text = '\0';
    append(text, size, "%s", problem->path ? problem->path : "/");
    if (problem->line > 0)
        append(text, size, " (%s %d)", words->line, problem->line);
    append(text, size, ": %s", is_english ? rules[problem->rule].en : rules[problem->rule].vi);
    if (problem->hint)
        append(text, size, "; %s: ", words->expected);
    if (problem->hint && is_english)
        append(text, size, "%s", problem->hint);
    else if (problem->hint)
        append_hint_vi(text, size, problem->hint);
    if (problem->value)
        append(text, size, "; %s: \"%s\"", words->got, problem->value);
    text[utf8_valid(text, strlen(text))] = '\0'; /* a cut may have split a character */
}
