/* SPDX-License-Identifier: Apache-2.0 */
/* How partners' systems are spoken to, and what their answers mean. */
#include "house.h"
#include "workshop.h"

#include "adapt/answer.h"
#include "adapt/service.h"

/* ---- the real tables ---- */

static const struct {
    const char *adapter;
    int status;
    const char *body;
    enum answer_meaning meaning;
    const char *cause;
    const char *detail; /* a part of it; NULL: there is none */
} answers[] = {
    {"dvcqg-json", 200, "{\"error_code\": \"00\", \"message\": \"\"}", ANSWER_DONE,
     "answer:error_code=00", NULL},
    {"dvcqg-json", 200, "{\"error_code\": 0}", ANSWER_DONE, "answer:error_code=0", NULL},
    {"dvcqg-json", 200, "\xEF\xBB\xBF {\"error_code\": 0.0}", ANSWER_DONE, "answer:error_code=0",
     NULL},
    {"dvcqg-json", 200, "{\"error_code\": \"0\", \"message\": \"Thành công\"}", ANSWER_DONE,
     "answer:error_code=0", NULL},
    {"dvcqg-json", 200, "{\"error_code\": 3, \"message\": \"Hồ sơ ĐÃ TỒN TẠI trên hệ thống\"}",
     ANSWER_EXISTS, "answer:error_code=3", "đã tồn tại"},
    {"dvcqg-json", 200, "{\"error_code\": \"-3\", \"message\": \"Hồ sơ đã tồn tại\"}",
     ANSWER_EXISTS, "answer:error_code=-3", "đã tồn tại"},
    {"dvcqg-json", 200, "{\"error_code\": -3, \"message\": \"Đồng bộ thành công\"}", ANSWER_DONE,
     "answer:error_code=-3", NULL},
    {"dvcqg-json", 200, "{\"error_code\": \"5\", \"message\": \"Hồ sơ không tồn tại\"}",
     ANSWER_MISSING, "answer:error_code=5", "chưa có"},
    {"dvcqg-json", 200, "{\"error_code\": 9, \"message\": \"Session hết hạn\"}", ANSWER_LOGIN,
     "answer:error_code=9", "phiên"},
    {"dvcqg-json", 401, "", ANSWER_LOGIN, "answer:status=401", "phiên"},
    {"dvcqg-json", 200, "{\"error_code\": 99, \"message\": \"Hệ thống bận, vui lòng thử lại\"}",
     ANSWER_AGAIN, "answer:error_code=99", "tạm thời"},
    {"dvcqg-json", 200, "{\"error_code\": 7, \"message\": \"Sai mã TTHC\"}", ANSWER_REFUSED,
     "answer:error_code=7", "từ chối"},
    {"dvcqg-json", 200, "{\"error_code\": \"099190000001\"}", ANSWER_REFUSED, "answer:status=200",
     "từ chối"},
    {"dvcqg-json", 200, "<html><body>Bảo trì</body></html>", ANSWER_AGAIN, "answer:unclear",
     "Không hiểu"},
    {"dvcqg-json", 200, "{\"error_code\": 0", ANSWER_AGAIN, "answer:unclear", "Không hiểu"},
    {"dvcqg-json", 200, "", ANSWER_AGAIN, "answer:unclear", "Không hiểu"},
    {"dvcqg-json", 502, "Bad gateway", ANSWER_AGAIN, "answer:status=502", NULL},
    {"dvcqg-json", 404, "", ANSWER_REFUSED, "answer:status=404", NULL},
    {"dvc2026-json", 200, "{\"code\": 200, \"message\": \"OK\", \"data\": {}}", ANSWER_DONE,
     "answer:code=200", NULL},
    {"dvc2026-json", 200, "{\"code\": 1, \"message\": \"Hồ sơ đã tồn tại\"}", ANSWER_DUPLICATE,
     "answer:status=200", "đã có"},
    {"dvc2026-json", 401, "", ANSWER_LOGIN, "answer:status=401", NULL},
    {"dvc2026-json", 400, "{\"code\": 400}", ANSWER_REFUSED, "answer:status=400", "thiếu"},
    {"dvc2026-json", 200, "{\"code\": \"502\"}", ANSWER_AGAIN, "answer:code=502", "tạm thời"},
    {"dvc2026-json", 502, "", ANSWER_AGAIN, "answer:status=502", NULL},
    {"edxml", 200, "{\"ErrorCode\": \"0\", \"ErrorDesc\": \"Thanh cong\"}", ANSWER_DONE,
     "answer:ErrorCode=0", NULL},
    {"edxml", 200, "<Result><ErrorCode> 0 </ErrorCode></Result>", ANSWER_DONE, "answer:ErrorCode=0",
     NULL},
    {"edxml", 200, "{\"ErrorCode\": 20}", ANSWER_AGAIN, "answer:ErrorCode=20", "Lỗi phía LGSP"},
    {"edxml", 200, "{\"ErrorCode\": \"15\"}", ANSWER_REFUSED, "answer:ErrorCode=15",
     "SystemId hoặc SecretKey"},
    {"edxml", 400, "{\"ErrorCode\": \"19\"}", ANSWER_REFUSED, "answer:ErrorCode=19",
     "đơn vị gửi không đăng ký"},
    {"edxml", 200, "<e:r xmlns:e='x'><e:ErrorCode>23</e:ErrorCode></e:r>", ANSWER_REFUSED,
     "answer:ErrorCode=23", "đã khóa"},
    {"edxml", 200, "{\"ErrorCode\": \"77\"}", ANSWER_REFUSED, "answer:ErrorCode=77", "ngoài"},
    {"edxml", 200, "{\"status\": \"OK\"}", ANSWER_DONE, "answer:status=OK", NULL},
    {"edxml", 200, "<!DOCTYPE a [<!ENTITY b '0'>]><a><ErrorCode>&b;</ErrorCode></a>", ANSWER_AGAIN,
     "answer:unclear", "Không hiểu"},
    {"edxml", 503, "{}", ANSWER_AGAIN, "answer:status=503", NULL},
    {"lienthong-xml", 202, "{\"receipts\": [{\"receipt\": \"1-a\", \"state\": \"accepted\"}]}",
     ANSWER_DONE, "answer:status=202", NULL},
    {"lienthong-xml", 200, "{\"receipts\": [{\"receipt\": \"1-a\", \"state\": \"published\"}]}",
     ANSWER_DUPLICATE, "answer:repeated", NULL},
    {"lienthong-xml", 202, "{\"receipts\": [{\"receipt\": \"1-a\", \"state\": \"dead\"}]}",
     ANSWER_REFUSED, "answer:state=dead", "chờ người"},
    {"lienthong-xml", 409, "{\"code\": \"conflict\"}", ANSWER_REFUSED, "answer:conflict",
     "khác nội dung"},
    {"lienthong-xml", 422, "{}", ANSWER_REFUSED, "answer:invalid-document", "không hợp lệ"},
    {"lienthong-xml", 401, "", ANSWER_REFUSED, "answer:status=401", "khóa API"},
    {"lienthong-xml", 429, "", ANSWER_AGAIN, "answer:status=429", NULL},
    {"lienthong-xml", 503, "", ANSWER_AGAIN, "answer:status=503", NULL},
    {"lienthong-xml", 302, "", ANSWER_REFUSED, "answer:status=302", NULL},
};

static void each_answer_means_what_the_table_says(void **state)
{
    struct house *house = *state;
    for (size_t at = 0; at < sizeof answers / sizeof answers[0]; at++) {
        const struct service_answer answer = {answers[at].status, answers[at].body,
                                              strlen(answers[at].body)};
        char cause[ANSWER_CAUSE_SIZE];
        const char *detail = "?";
        enum answer_meaning meaning =
            service_judge(house_adapter(house, answers[at].adapter), &answer, cause, &detail);
        bool is_said = answers[at].detail ? detail && strstr(detail, answers[at].detail) : !detail;
        if (meaning != answers[at].meaning || strcmp(cause, answers[at].cause) != 0 || !is_said)
            fail_msg("%s %d %s: %d %s %s", answers[at].adapter, answers[at].status,
                     answers[at].body, meaning, cause, detail ? detail : "-");
    }
}

static void each_format_says_how_it_is_sent(void **state)
{
    struct house *house = *state;
    const struct service_send *letter = service_send(house_adapter(house, "edxml"), "Letter");
    assert_int_equal(letter->body, BODY_MULTIPART);
    assert_string_equal(letter->part, "edocFile");
    assert_string_equal(letter->fields[0].text, "edoc");
    assert_null(letter->fields[1].name);
    const struct service_send *status = service_send(house_adapter(house, "edxml"), "Status");
    assert_string_equal(status->fields[0].text, "status");
    const struct service_send *native =
        service_send(house_adapter(house, "lienthong-xml"), "HandoffMessage");
    assert_string_equal(native->path, "");
    assert_string_equal(native->method, "POST");
    assert_string_equal(native->media_type, "application/xml");
    assert_int_equal(native->body, BODY_RAW);
    assert_null(native->headers[0].name);
    assert_null(native->fields[0].name);
}

static void each_format_says_how_one_logs_in(void **state)
{
    struct house *house = *state;
    const struct service_auth *portal = service_auth(house_adapter(house, "dvcqg-json"));
    assert_int_equal(portal->kind, AUTH_SESSION);
    assert_string_equal(portal->token, "/session");
    assert_string_equal(portal->given, "session");
    const struct service_auth *ministry = service_auth(house_adapter(house, "dvc2026-json"));
    assert_int_equal(ministry->kind, AUTH_OAUTH2);
    assert_string_equal(ministry->token, "/access_token");
    assert_non_null(strstr(ministry->body, "client_credentials"));
    const struct service_auth *exchange = service_auth(house_adapter(house, "edxml"));
    assert_int_equal(exchange->kind, AUTH_HEADERS);
    assert_string_equal(exchange->headers[1].text, "{password}");
    const struct service_text *exists = service_when_exists(house_adapter(house, "dvcqg-json"));
    assert_string_equal(exists[0].text, "True");
    assert_null(exists[1].name);
    assert_string_equal(service_when_missing(house_adapter(house, "dvcqg-json"))[0].text, "False");
    assert_null(service_when_exists(house_adapter(house, "edxml")));
}

/* ---- members and words ---- */

static void a_member_of_an_answer_is_found_by_its_path(void **state)
{
    static const struct {
        const char *body;
        const char *path;
        const char *expected;
    } members[] = {
        {"{\"session\": \"s\"}", "/session", "s"},
        {"{\"data\": {\"token\": \"t\"}}", "/data/token", "t"},
        {"{\"list\": [{\"a\": 1}, {\"a\": true}]}", "/list[1]/a", "true"},
        {"{\"list\": [{\"a\": 1}]}", "/list/a", "1"},
        {"[{\"a\": -7}]", "/[0]/a", "-7"},
        {"{\"a\": 3600.0}", "/a", "3600"},
        {"{\"a\": 1.5}", "/a", NULL},
        {"{\"a\": {}}", "/a", NULL},
        {"{\"a\": null}", "/a", NULL},
        {"{\"a\": 1, \"a\": 2}", "/a", NULL},
        {"{\"a\": 1}", "/b", NULL},
        {"<r><a>1</a><a> 2 </a></r>", "/a[1]", "2"},
        {"<r><a>1</r>", "/a", NULL},
        {"plain", "/a", NULL},
        {"", "/a", NULL},
    };
    (void)state;
    for (size_t at = 0; at < sizeof members / sizeof members[0]; at++) {
        const struct service_answer answer = {200, members[at].body, strlen(members[at].body)};
        auto_free(free) char *text = service_member(&answer, members[at].path);
        if (members[at].expected ? !text || strcmp(text, members[at].expected) != 0 : text != NULL)
            fail_msg("%s %s: %s", members[at].body, members[at].path, text ? text : "nothing");
    }
}

static void words_are_found_whatever_their_case(void **state)
{
    static const struct {
        const char *text;
        const char *part;
        bool is_within;
    } words[] = {
        {"Hồ sơ đã tồn tại", "đã tồn tại", true},
        {"HỒ SƠ ĐÃ TỒN TẠI", "đã tồn tại", true},
        {"đã tồn tại", "ĐÃ TỒN TẠI", true},
        {"Ưu tiên, Ơn", "ưu", true},
        {"ưu", "ƯU", true},
        {"ơn", "Ơn", true},
        {"đa ton tai", "đã", false},
        {"đ", "đã", false},
        {"\xC4", "đ", false},
        {"", "a", false},
        {"\xFF\xC4\x91", "đ", true},
    };
    (void)state;
    for (size_t at = 0; at < sizeof words / sizeof words[0]; at++)
        if (answer_contains(words[at].text, strlen(words[at].text), words[at].part) !=
            words[at].is_within)
            fail_msg("%s in %s", words[at].part, words[at].text);
}

/* ---- what an adapter may not say ---- */

#define BASE                                                                                       \
    "name: test\ntitle: test\nsyntax: json\nmedia_types: [application/json]\n"                     \
    "messages:\n  - name: M\n    format: TEST\n    shapes: [{when: [{path: /code}]}]\n"            \
    "    native_id: [code]\n    event_type: {from: [type], table: type.tsv}\n"                     \
    "    speaks_for: [{field: receiving_agency}]\n"                                                \
    "    map:\n      - {path: token, given: token}\n"                                              \
    "      - {field: dossier_code, path: code, required: true}\n"

static const struct {
    const char *keys;
    const char *fault; /* with the line and column of what is wrong */
} faults[] = {
    {"send: [{message: N}]\n", "adapter.yaml:15:18: no message is called N"},
    {"send: [{method: GET}]\n", "15:17: a method is POST or PUT"},
    {"send: [{path: v1}]\n", "15:15: what is appended"},
    {"send: [{body: multipart}]\n", "15:15: multipart needs part"},
    {"send: [{part: a}]\n", "15:8: part, file_name"},
    {"send: [{body: form}]\n", "15:15: expected one of: raw"},
    {"auth: {kind: basic, path: /a}\n", "15:7: path, body, token"},
    {"auth: {kind: session, path: /a}\n", "15:7: a session needs"},
    {"auth: {kind: oauth2}\n", "15:7: the login needs a path"},
    {"auth: {kind: headers}\n", "15:7: headers are missing"},
    {"auth: {kind: session, path: /a, body: b, token: t}\n", "15:49: the path begins with /"},
    {"auth: {kind: session, path: /a, body: b, token: '/t[]'}\n", "15:49: the path is of one"},
    {"auth: {kind: session, path: /a, body: b, token: /t, given: no}\n", "15:60: no row"},
    {"when_exists: [{name: updating, text: a}]\n", "15:14: no row has given: updating"},
    {"answers: [{meaning: done}]\n", "15:11: a rule needs status or where"},
    {"answers: [{status: ['600'], meaning: done}]\n", "15:20: a status is 100 to 599"},
    {"answers: [{status: [2x], meaning: done}]\n", "15:20: a status is 100 to 599"},
    {"answers: [{status: ['401'], meaning: login}]\n", "15:38: there is no login"},
    {"answers: [{status: ['200'], meaning: exists}]\n", "15:38: exists needs when_exists"},
    {"answers: [{status: ['200'], meaning: missing}]\n", "15:38: missing needs when_missing"},
    {"answers: [{status: ['200'], meaning: maybe}]\n", "15:38: expected one of: done"},
    {"answers: [{where: [{is: [a]}], meaning: done}]\n", "15:19: without a path"},
    {"answers: [{where: [{path: /a, absent: true, is: [a]}], meaning: done}]\n",
     "15:19: it cannot"},
    {"answers: [{where: [{path: '/a[]'}], meaning: done}]\n", "15:19: the path is of one"},
    {"answers: [{where: [{contains: ['']}], meaning: done}]\n", "15:19: contains needs a text"},
};

static bool load(struct workshop *shop, const char *keys, struct fault *why)
{
    char text[2000];
    (void)snprintf(text, sizeof text, BASE "%s", keys);
    workshop_open(shop);
    workshop_file(shop, "adapter.yaml", text);
    workshop_file(shop, "type.tsv", "*\tRECEIVED\n");
    return workshop_load(shop, &workshop_limits, why);
}

static void each_mistake_is_refused_with_its_place(void **state)
{
    (void)state;
    for (size_t at = 0; at < sizeof faults / sizeof faults[0]; at++) {
        struct workshop shop;
        struct fault why = {0};
        assert_false(load(&shop, faults[at].keys, &why));
        if (!strstr(why.text, faults[at].fault) || !strstr(why.text, "/test/"))
            fail_msg("%s: %s", faults[at].keys, why.text);
        workshop_close(&shop);
    }
}

/* ---- rules of a test's own ---- */

static void conditions_are_of_status_member_text_and_absence(void **state)
{
    static const char keys[] =
        "answers:\n"
        "  - {status: ['200', 3xx], where: [{path: /a, is: [x, y]}, {path: /b, absent: true}], "
        "meaning: duplicate}\n"
        "  - {where: [{contains: [Bận]}], meaning: again, cause: busy}\n";
    static const struct {
        int status;
        const char *body;
        enum answer_meaning meaning;
        const char *cause;
    } cases[] = {
        {200, "{\"a\": \"y\"}", ANSWER_DUPLICATE, "answer:a=y"},
        {303, "{\"a\": \"x\"}", ANSWER_DUPLICATE, "answer:a=x"},
        {201, "{\"a\": \"x\"}", ANSWER_DONE, "answer:status=201"},
        {200, "{\"a\": \"x\", \"b\": 1}", ANSWER_DONE, "answer:status=200"},
        {200, "máy chủ bận", ANSWER_AGAIN, "answer:busy"},
        {401, "", ANSWER_REFUSED, "answer:status=401"},
        {408, "", ANSWER_AGAIN, "answer:status=408"},
        {425, "", ANSWER_AGAIN, "answer:status=425"},
    };
    (void)state;
    struct workshop shop;
    struct fault why = {0};
    if (!load(&shop, keys, &why))
        fail_msg("%s", why.text);
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        const struct service_answer answer = {cases[at].status, cases[at].body,
                                              strlen(cases[at].body)};
        char cause[ANSWER_CAUSE_SIZE];
        const char *detail;
        assert_int_equal(service_judge(shop.adapter, &answer, cause, &detail), cases[at].meaning);
        assert_string_equal(cause, cases[at].cause);
    }
    workshop_close(&shop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_answer_means_what_the_table_says),
        cmocka_unit_test(each_format_says_how_it_is_sent),
        cmocka_unit_test(each_format_says_how_one_logs_in),
        cmocka_unit_test(a_member_of_an_answer_is_found_by_its_path),
        cmocka_unit_test(words_are_found_whatever_their_case),
        cmocka_unit_test(each_mistake_is_refused_with_its_place),
        cmocka_unit_test(conditions_are_of_status_member_text_and_absence),
    };
    return cmocka_run_group_tests(tests, house_open, house_close);
}
