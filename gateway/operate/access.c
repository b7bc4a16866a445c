/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a request is: its cookie or its password, against who may today. */
#include "operate/access.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "http/problem.h"
#include "operate/answer.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

enum { SESSIONS_MOST = 1000, SESSIONS_OF_USER = 10, MINUTE_MS = 60000, BASIC_SIZE = 1500 };

static const char cookie_name[] = "lt_session";
static const char cookie_attributes[] = "Path=/; HttpOnly; SameSite=Strict";

static const struct problem_kind wrong_password = {"wrong-password", 401,
                                                   "Tên đăng nhập hoặc mật khẩu không đúng",
                                                   "The user name or the password is wrong"};
static const struct problem_kind locked_out = {"locked-out", 429,
                                               "Đăng nhập sai quá nhiều lần, xin thử lại sau",
                                               "Too many failed logins, come again later"};

struct access {
    struct access_options options;
    struct sessions *sessions;
    struct checker *checker;
};

ENDS_WITH_SCOPE(struct operators *, operators_release)

/* ---- cookies ---- */

/* The value of NAME=VALUE in "a=b; c=d". */
static const char *find_cookie(const char *text, const char *name, size_t *size)
{
    size_t name_size = strlen(name);
    while (text && *text != '\0') {
        text += strspn(text, " ;");
        size_t whole = strcspn(text, ";");
        if (whole > name_size && memcmp(text, name, name_size) == 0 && text[name_size] == '=') {
            *size = whole - name_size - 1;
            return text + name_size + 1;
        }
        text += whole;
    }
    return NULL;
}

bool access_cookie(const struct http_request *request, const char *name, size_t size, char *value)
{
    size_t found_size = 0;
    const char *found = find_cookie(http_header(request, "Cookie"), name, &found_size);
    if (!found || found_size == 0 || found_size >= size)
        return false;
    memcpy(value, found, found_size);
    value[found_size] = '\0';
    return true;
}

void access_set_cookie(const struct access *access, struct http_request *request, const char *name,
                       const char *value, const char *attributes)
{
    char text[512];
    (void)snprintf(text, sizeof text, "%s=%s; %s%s%s", name, value ? value : "", attributes,
                   access->options.secure_cookie ? "; Secure" : "", value ? "" : "; Max-Age=0");
    http_add_header(request, "Set-Cookie", text);
}

/* ---- passwords that come along ---- */

/* "USER:PASSWORD" of an `Authorization: Basic`, and its second half; the text is a secret. */
struct basic {
    char text[BASIC_SIZE];
    const char *password;
};

static bool read_basic(const struct http_request *request, struct basic *basic)
{
    static const char scheme[] = "Basic ";
    const char *text = http_header(request, "Authorization");
    size_t size = 0;
    if (!text || strncasecmp(text, scheme, sizeof scheme - 1) != 0)
        return false;
    text += sizeof scheme - 1;
    if (sodium_base642bin((unsigned char *)basic->text, sizeof basic->text - 1, text, strlen(text),
                          NULL, &size, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        return false;
    basic->text[size] = '\0';
    char *colon = strchr(basic->text, ':');
    if (!colon || strlen(basic->text) != size)
        return false;
    *colon = '\0';
    basic->password = colon + 1;
    return true;
}

/* ---- who it is ---- */

static bool is_same_password(const struct operator_user *user, const struct session_owner *owner)
{
    uint8_t hash[SHA256_SIZE];
    if (!user->password)
        return false;
    digest_sha256(user->password, strlen(user->password), hash);
    return memcmp(hash, owner->password, sizeof hash) == 0;
}

/* By today's roles, of which some may be gone. */
static right_set foreign_rights(const struct operators *operators,
                                const struct session_owner *owner)
{
    right_set rights = 0;
    for (const char *role = owner->roles; *role; role += strlen(role) + 1)
        rights |= operators_role(operators, role);
    return rights;
}

/* What the owner of a session may now; false when they may no longer be here at all. */
static bool find_rights(const struct access *access, const struct session_owner *owner,
                        right_set *rights)
{
    auto_free(operators_release) struct operators *operators =
        operators_current(access->options.place);
    const struct operator_user *user = operators_find(operators, owner->user);
    right_set found = 0;
    if (owner->is_foreign)
        found = foreign_rights(operators, owner);
    else if (user && is_same_password(user, owner))
        found = user->rights;
    if (found == 0 || (user && user->disabled))
        return false;
    *rights = found;
    return true;
}

static bool find_session(struct access *access, const struct http_request *request, const char *id,
                         struct session *session, right_set *rights)
{
    bool is_use = !http_header(request, "X-Lienthong-Poll");
    if (!session_find(access->sessions, id, is_use, clock_ticks_ms(), session))
        return false;
    if (find_rights(access, &session->owner, rights))
        return true;
    session_end(access->sessions, id);
    return false;
}

enum access_fate access_identify(struct access *access, const struct http_request *request,
                                 struct session *session, right_set *rights)
{
    char id[SESSION_ID_SIZE];
    struct basic basic;
    if (access_cookie(request, cookie_name, sizeof id, id)) {
        bool is_known = find_session(access, request, id, session, rights) && !session->is_script;
        return is_known ? ACCESS_KNOWN : ACCESS_UNKNOWN;
    }
    if (!read_basic(request, &basic))
        return ACCESS_UNKNOWN;
    session_script_id(access->sessions, basic.text, basic.password, id);
    explicit_bzero(&basic, sizeof basic);
    return find_session(access, request, id, session, rights) ? ACCESS_KNOWN : ACCESS_ASK;
}

struct check *access_ask(struct access *access, struct http_request *request, const char *address,
                         struct fault *why)
{
    struct basic basic = {.password = ""};
    (void)read_basic(request, &basic); /* it was read before */
    const struct check_wish wish = {basic.text, basic.password, address, "script"};
    struct check *check = checker_ask(access->checker, request, &wish, why);
    explicit_bzero(&basic, sizeof basic);
    return check;
}

void access_admit_script(struct access *access, const struct http_request *request,
                         const struct session_owner *owner, struct session *session,
                         right_set *rights)
{
    char id[SESSION_ID_SIZE];
    struct basic basic = {.password = ""};
    (void)read_basic(request, &basic); /* it was read before */
    session_script_id(access->sessions, basic.text, basic.password, id);
    explicit_bzero(&basic, sizeof basic);
    session_open_script(access->sessions, owner, id, clock_ticks_ms(), session);
    if (!find_rights(access, owner, rights))
        *rights = 0;
}

/* ---- signing in and out ---- */

bool access_has_provider(const struct access *access)
{
    return access->options.has_provider;
}

struct check *access_ask_login(struct access *access, struct http_request *request,
                               const struct check_wish *wish, struct fault *why)
{
    return checker_ask(access->checker, request, wish, why);
}

static void end_session(struct access *access, const struct http_request *request)
{
    char id[SESSION_ID_SIZE];
    if (access_cookie(request, cookie_name, sizeof id, id))
        session_end(access->sessions, id);
}

void access_sign_in(struct access *access, struct http_request *request,
                    const struct session_owner *owner, struct session *session, right_set *rights)
{
    char id[SESSION_ID_SIZE];
    end_session(access, request);
    session_open(access->sessions, owner, clock_ticks_ms(), id, session);
    access_set_cookie(access, request, cookie_name, id, cookie_attributes);
    explicit_bzero(id, sizeof id);
    if (!find_rights(access, owner, rights))
        *rights = 0;
}

void access_sign_out(struct access *access, struct http_request *request)
{
    end_session(access, request);
    access_set_cookie(access, request, cookie_name, NULL, cookie_attributes);
}

bool access_knows_role(struct access *access, const char *role)
{
    auto_free(operators_release) struct operators *operators =
        operators_current(access->options.place);
    return operators_role(operators, role) != 0;
}

bool access_is_disabled(struct access *access, const char *user)
{
    auto_free(operators_release) struct operators *operators =
        operators_current(access->options.place);
    const struct operator_user *found = operators_find(operators, user);
    return found && found->disabled;
}

void access_refuse(struct http_request *request, const struct check_answer *answer)
{
    char seconds[32];
    switch (answer->fate) {
    case CHECK_LOCKED:
        (void)snprintf(seconds, sizeof seconds, "%" PRId64, answer->wait_ms / 1000 + 1);
        http_add_header(request, "Retry-After", seconds);
        http_problem(request, &locked_out, NULL, NULL);
        return;
    case CHECK_FAILED:
        operate_fault(request, &answer->why);
        return;
    case CHECK_GOOD:
    case CHECK_WRONG:
    default:
        http_problem(request, &wrong_password, NULL, NULL);
    }
}

bool access_record(const struct access *access, const struct spool_record *record,
                   struct fault *why)
{
    const struct access_options *options = &access->options;
    return !options->record || options->record(options->own, record, why);
}

/* ---- its life ---- */

static bool start(struct access *access, struct fault *why)
{
    const struct access_options *options = &access->options;
    const struct sessions_options sessions = {
        .most = SESSIONS_MOST,
        .most_of_user = SESSIONS_OF_USER,
        .session_ms = options->session_minutes * MINUTE_MS,
        .idle_ms = options->idle_minutes * MINUTE_MS,
    };
    const struct checker_options checker = {
        .place = options->place,
        .lockout = {.after = options->lock_after, .lock_ms = options->lock_minutes * MINUTE_MS},
        .record = options->record,
        .own = options->own,
    };
    access->sessions = sessions_new(&sessions, why);
    access->checker = access->sessions ? checker_open(&checker, why) : NULL;
    return access->checker != NULL;
}

struct access *access_open(const struct access_options *options, struct fault *why)
{
    struct access *access = calloc(1, sizeof *access);
    if (!access || sodium_init() < 0) {
        free(access);
        (void)fault_memory(why);
        return NULL;
    }
    access->options = *options;
    if (start(access, why))
        return access;
    access_free(access);
    return NULL;
}

void access_stop(struct access *access)
{
    if (access)
        checker_stop(access->checker);
}

void access_free(struct access *access)
{
    if (!access)
        return;
    checker_free(access->checker);
    sessions_free(access->sessions);
    free(access);
}
