/* SPDX-License-Identifier: Apache-2.0 */
/* A guard with users, behind a server on 127.0.0.1 and one on a Unix socket. */
#ifndef UNIT_OPERATOR_DESK_H
#define UNIT_OPERATOR_DESK_H

#include "scratch.h"

#include "base/log.h"
#include "http/server.h"
#include "operate/access.h"
#include "operate/guard.h"
#include "operate/sign_in.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <sys/un.h>

#include "http_peer.h"

enum { DESK_NOTES = 2000, DESK_NOTE = 400 };

#define DESK_PASSWORD "mat khau de thu"

struct desk {
    char operators_path[SCRATCH_PATH_SIZE];
    char socket_path[SCRATCH_PATH_SIZE];
    struct operators_place *place;
    struct access *access;
    struct guard *guard;
    struct http_server *server, *local;
    int port;
    bool is_record_full;
    pthread_mutex_t lock;
    char notes[DESK_NOTES][DESK_NOTE]; /* guarded by lock; what came on record */
    size_t count;
};

/* A hash that takes no time. */
static inline void desk_hash(const char *password, char hash[crypto_pwhash_STRBYTES])
{
    assert_true(sodium_init() >= 0);
    assert_int_equal(crypto_pwhash_str_alg(hash, password, strlen(password),
                                           crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN,
                                           crypto_pwhash_ALG_ARGON2ID13),
                     0);
}

static inline bool desk_record(void *own, const struct spool_record *record, struct fault *why)
{
    struct desk *desk = own;
    if (desk->is_record_full)
        return fault_set(why, FAULT_RETRY, "the disk is full");
    (void)pthread_mutex_lock(&desk->lock);
    assert_true(desk->count < DESK_NOTES);
    (void)snprintf(desk->notes[desk->count++], DESK_NOTE, "%s %s|%s|%s|%s|%s|%s",
                   record->actor.name, record->actor.address ? record->actor.address : "-",
                   record->act, record->object, record->reason, record->outcome, record->detail);
    (void)pthread_mutex_unlock(&desk->lock);
    return true;
}

/* Whether a line of this start came on record; "" is none. */
static inline size_t desk_noted(struct desk *desk, const char *start)
{
    size_t count = 0;
    (void)pthread_mutex_lock(&desk->lock);
    for (size_t i = 0; i < desk->count; i++)
        count += strncmp(desk->notes[i], start, strlen(start)) == 0;
    (void)pthread_mutex_unlock(&desk->lock);
    return count;
}

static inline struct http_server *desk_listen(const struct desk *desk, const char *listen)
{
    struct fault why;
    const struct http_options http = {
        .listen = listen,
        .threads = 2,
        .connections = 100,
        .head_limit = 16384,
        .body_limit = 65536,
        .body_memory = 1 << 20,
        .idle_timeout_ms = 20000,
        .body_deadline_ms = 20000,
        .tables = guard_tables(desk->guard),
    };
    struct http_server *server = http_open(&http, &why);
    if (!server)
        fail_msg("%s", why.text);
    return server;
}

/* `operators` is the text of operators.yaml; `tables` ends with NULL routes, and sign_in's come
 * first. */
static inline struct desk *desk_open(const char *operators, const struct guard_table *tables)
{
    struct fault why;
    char listen[SCRATCH_PATH_SIZE + 8];
    struct guard_table all[40] = {{0}};
    struct desk *desk = calloc(1, sizeof *desk);
    assert_non_null(desk);
    log_set_level(LOG_LEVEL_ERROR); /* the hashes of tests are all dated */
    (void)pthread_mutex_init(&desk->lock, NULL);
    scratch_text(desk->operators_path, operators);
    scratch_text(desk->socket_path, "");
    (void)unlink(desk->socket_path);
    desk->place = operators_place_open(desk->operators_path, &why);
    if (!desk->place)
        fail_msg("%s", why.text);
    const struct access_options access = {
        .place = desk->place,
        .session_minutes = 480,
        .idle_minutes = 30,
        .lock_after = 3,
        .lock_minutes = 15,
        .secure_cookie = true,
        .record = desk_record,
        .own = desk,
    };
    desk->access = access_open(&access, &why);
    assert_non_null(desk->access);
    all[0] = sign_in_table(desk->access);
    for (size_t i = 0; tables && tables[i].routes; i++)
        all[i + 1] = tables[i];
    const struct guard_options guard = {
        .tables = all, .access = desk->access, .record = desk_record, .own = desk};
    desk->guard = guard_new(&guard, &why);
    if (!desk->guard)
        fail_msg("%s", why.text);
    (void)snprintf(listen, sizeof listen, "unix:%s", desk->socket_path);
    desk->server = desk_listen(desk, "127.0.0.1:0");
    desk->local = desk_listen(desk, listen);
    desk->port = http_port(desk->server);
    return desk;
}

static inline void desk_close(struct desk *desk)
{
    access_stop(desk->access);
    http_close(desk->server);
    http_close(desk->local);
    guard_free(desk->guard);
    access_free(desk->access);
    operators_place_close(desk->place);
    (void)unlink(desk->operators_path);
    (void)pthread_mutex_destroy(&desk->lock);
    free(desk);
}

/* Sends a call with these further headers, each with its line end; the answer's status. */
static inline int desk_say(const struct desk *desk, const char *method, const char *path,
                           const char *headers, const char *body, struct answer *answer)
{
    char *text = NULL;
    assert_true(asprintf(&text,
                         "%s %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n"
                         "Connection: close\r\n\r\n%s",
                         method, path, headers, strlen(body), body) > 0);
    say(desk->port, text, answer);
    free(text);
    return answer->status;
}

/* The same over the Unix socket. */
static inline int desk_say_locally(const struct desk *desk, const char *method, const char *path,
                                   struct answer *answer)
{
    char *text = NULL;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int peer = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", desk->socket_path);
    assert_int_equal(connect(peer, (const struct sockaddr *)&address, sizeof address), 0);
    assert_true(asprintf(&text, "%s %s HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", method,
                         path) > 0);
    *answer = (struct answer){.status = 0};
    assert_true(peer_send(peer, text, strlen(text)));
    peer_receive(peer, answer);
    (void)close(peer);
    free(text);
    return answer->status;
}

/* What a session's calls carry. */
struct desk_session {
    char cookie[120]; /* "lt_session=ID" */
    char csrf[80];
    char headers[300]; /* both, as lines */
};

static inline int desk_try(const struct desk *desk, const char *user, const char *password,
                           struct answer *answer)
{
    char body[300];
    (void)snprintf(body, sizeof body, "{\"user\":\"%s\",\"password\":\"%s\"}", user, password);
    return desk_say(desk, "POST", "/operate/v1/login", "Content-Type: application/json\r\n", body,
                    answer);
}

static inline void desk_take(const struct answer *answer, struct desk_session *session)
{
    const char *cookie = strstr(answer->text, "Set-Cookie: ");
    const char *csrf = strstr(answer->text, "\"csrf\":\"");
    assert_non_null(cookie);
    assert_non_null(csrf);
    (void)snprintf(session->cookie, sizeof session->cookie, "%.*s",
                   (int)strcspn(cookie + 12, ";\r"), cookie + 12);
    (void)snprintf(session->csrf, sizeof session->csrf, "%.*s", (int)strcspn(csrf + 8, "\""),
                   csrf + 8);
    (void)snprintf(session->headers, sizeof session->headers, "Cookie: %s\r\nX-Csrf-Token: %s\r\n",
                   session->cookie, session->csrf);
}

static inline void desk_login(const struct desk *desk, const char *user,
                              struct desk_session *session)
{
    struct answer answer;
    if (desk_try(desk, user, DESK_PASSWORD, &answer) != 200)
        fail_msg("%s: %s", user, answer.text);
    desk_take(&answer, session);
}

#endif
