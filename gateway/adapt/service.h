/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ADAPT_SERVICE_H
#define ADAPT_SERVICE_H

#include "adapt/adapter.h"

/** How a partner's system of this format is spoken to: `send:`, `auth:` and `answers:` of
 * adapter.yaml.  Immutable; borrowed from the adapter. */

/** What an answer means, and so what is to be done next. */
enum answer_meaning {
    ANSWER_DONE,
    ANSWER_DUPLICATE, /**< it had it already: as good as done */
    ANSWER_EXISTS, /**< send it again at once, with `given` of when_exists: create becomes update */
    ANSWER_MISSING, /**< the other way round: update becomes create */
    ANSWER_LOGIN,   /**< the session or token is not good any more: log in and send again, once */
    ANSWER_AGAIN,   /**< later */
    ANSWER_REFUSED, /**< this document will never be taken */
};

/** One answer of a partner's system. */
struct service_answer {
    int status;
    const char *body; /**< as far as it was read */
    size_t size;
};

/**
 * The first rule that fits; without one 2xx is DONE, 401 LOGIN where there is a login, 408, 425,
 * 429 and 5xx AGAIN, everything else REFUSED.  `cause` (stable, as "answer:error_code=5") and
 * `detail` (a text of the adapter's, never of the answer's; NULL where the rule has none) are
 * borrowed or written into the given buffer.  The answer is foreign: what cannot be parsed fits no
 * condition on its members.  From any thread.
 */
enum { ANSWER_CAUSE_SIZE = 80 };
enum answer_meaning service_judge(const struct adapter *adapter,
                                  const struct service_answer *answer,
                                  char cause[ANSWER_CAUSE_SIZE], const char **detail);

enum service_body { BODY_RAW, BODY_MULTIPART };

/** A header or a form field whose text may hold {names} of what is given; a name that is not given
 * is an empty text.  So it is in `path` and `body` below. */
struct service_text {
    const char *name;
    const char *text;
};

/** How one message is sent. */
struct service_send {
    const char *message; /**< NULL: any */
    const char *method;
    const char *path; /**< appended to the partner's address; may hold {given} names */
    const char *media_type;
    enum service_body body;
    const char *part;       /**< multipart: the name of the document's part */
    const char *file_name;  /**< multipart: of the document */
    const char *files_part; /**< multipart: the name of each attachment's part; NULL: none */
    const struct service_text *fields; /**< multipart: further parts; ends with a NULL name */
    const struct service_text *headers;
};
const struct service_send *service_send(const struct adapter *adapter, const char *message);

enum service_auth_kind {
    AUTH_NONE,
    AUTH_HEADERS, /**< headers with given texts, as X-SystemId: {user}, X-SecretKey: {password} */
    AUTH_BASIC,
    AUTH_OAUTH2,  /**< client credentials (RFC 6749 4.4), sent as a bearer token */
    AUTH_SESSION, /**< a login call whose token is given to the document and to headers */
};

struct service_auth {
    enum service_auth_kind kind;
    const char *path;       /**< of the login or token call, appended to the partner's address */
    const char *media_type; /**< of its body */
    const char *body;       /**< with {user} and {password}, escaped for the media type */
    const char *token;      /**< where the token stands in its answer, as /session */
    const char *expires_in; /**< where the seconds of its life stand; NULL: unknown */
    const char *given;      /**< AUTH_SESSION: the name under which rows get the token */
    const struct service_text *headers; /**< ends with a NULL name */
    const struct service_text *require; /**< members of the login's answer that must be so */
};
const struct service_auth *service_auth(const struct adapter *adapter);

/** One call to a mailbox; its texts may hold {id}, {from} and {to} (days, yyyy/MM/dd) beside what
 * is given. */
struct service_call {
    const char *method; /**< GET or POST */
    const char *path;
    const char *media_type; /**< of the body; NULL without one */
    const char *body;
    const char *items; /**< of the list: where its array stands, as /data; "": it is the answer */
    const char *id;    /**< of the list: the member of an item that names it */
    const char *document; /**< where the document stands, as /data, in an item of the list when
                               there is no fetch; NULL: the answer is the document */
    bool is_base64;       /**< it stands there as base64 */
    const char *state;    /**< of the list: the member that says whether an item waits; NULL: all */
    const char *const *waits; /**< which texts of it mean that it does */
    size_t waits_count;
};

/**
 * How a mailbox of this format is emptied: list what waits, fetch each (or the list has it), and
 * say that it is taken once it is safe, or that it cannot be taken.
 */
struct service_mailbox {
    struct service_call list, done;
    bool has_fetch, has_failed;
    struct service_call fetch, failed;
};
/** NULL when the format has none. */
const struct service_mailbox *service_mailbox(const struct adapter *adapter);

/** What ANSWER_EXISTS gives to the writer, as {"updating", "True"}; ends with a NULL name, NULL
 * when the format has none. */
const struct service_text *service_when_exists(const struct adapter *adapter);
/** The same for ANSWER_MISSING. */
const struct service_text *service_when_missing(const struct adapter *adapter);

/** What stands at a path of an answer, JSON or XML, as `token` and the names of `require` say: a
 * text, a whole number or a truth value as text, which the caller owns.  NULL when the answer is
 * neither, or has nothing of that kind there. */
char *service_member(const struct service_answer *answer, const char *path);

#endif
