/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/digest.h"
#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/**
 * An HTTP/1.1 server over libmicrohttpd, with what that library leaves to its user: refusal of
 * ambiguous requests (request smuggling), absolute deadlines, limits before allocation, and answers
 * that come later from another thread without holding one of its own.
 */
struct http_server;

/** One request, from its head to its answer. */
struct http_request;

/** Values of a route's body_limit. */
enum {
    HTTP_SERVER_LIMIT = -1, /**< http_options.body_limit */
    HTTP_OWN_LIMIT = -2,    /**< only with `piece`: begin and piece look to it themselves */
};

struct http_route {
    const char *method;
    const char *pattern; /**< "/v1/handoffs/{receipt}"; {name} matches one segment */
    int64_t
        body_limit; /**< bytes; 0 for a call without a body; HTTP_SERVER_LIMIT, HTTP_OWN_LIMIT */

    /**
     * Called when the head is in, before any body is read: who is calling, may they, how fast?
     * Answers (http_answer) to refuse.  May be NULL.
     */
    void (*begin)(void *own, struct http_request *request);

    /** Called when the body is in.  Must answer, or http_suspend and have another thread answer or
     * resume it. */
    void (*handle)(void *own, struct http_request *request);

    /** Called on the request's own thread after http_resume; what holds for handle holds here. */
    void (*resumed)(void *own, struct http_request *request);

    /** Called once for every request that reached begin, when it is over, answered or cut. */
    void (*end)(void *own, struct http_request *request);

    /**
     * Called with each piece of the body as it comes, instead of keeping it: memory does not grow
     * with the body, and http_body is empty.  May answer, to refuse; it is then called no more.  It
     * must not suspend, so whoever writes to disk here must not wait for it.  NULL keeps the body.
     */
    void (*piece)(void *own, struct http_request *request, const char *bytes, size_t size);
};

/** What one stage answers. */
struct http_table {
    const struct http_route *routes; /**< ends with a NULL method */
    void *own;                       /**< given to every call of a route */
};

/** A header of every answer. */
struct http_header {
    const char *name, *value;
};

struct http_options {
    const char *listen;      /**< "127.0.0.1:8080", "[::1]:8080", or "unix:/run/lienthong/admin" */
    const char *certificate; /**< PEM files; NULL for plain HTTP */
    const char *private_key;
    const char *client_ca;  /**< PEM of the authorities of clients' certificates; NULL: clients are
                                 not asked for one.  Needs certificate */
    const char *client_crl; /**< PEM of their revocation lists; NULL: none.  Needs client_ca */
    int64_t threads;
    int64_t connections;
    int64_t connections_per_address; /**< 0 for no limit of its own */
    int64_t head_limit;              /**< bytes of request line and headers */
    int64_t body_limit;
    int64_t body_memory;     /**< bytes of all bodies being received together; more get 503 */
    int64_t idle_timeout_ms; /**< a connection without a whole request head for so long is closed */
    int64_t body_deadline_ms; /**< from the head to the last byte of the body, however it trickles;
                                   and from an answer to its last byte */
    int64_t body_least_rate;  /**< bytes a second: so much longer a deadline is for what did come,
                                   and for what is to go; so a large body may take its time, and one
                                   that trickles is cut all the same.  0: not longer at all */
    const struct http_table *tables; /**< ends with NULL routes; copied, its routes are borrowed */
    const struct http_header *headers; /**< of every answer to a request whose head was whole; ends
                                            with a NULL name, kept; may be NULL */
};

/** Listens and serves from its own threads.  FAULT_REFUSE names the option at fault. */
struct http_server *http_open(const struct http_options *options, struct fault *why)
    __attribute__((warn_unused_result));

/** Accepts no new connections and waits until every request is answered, at most `timeout_ms`. */
bool http_drain(struct http_server *server, int64_t timeout_ms);

/** Ends all connections; what is still suspended is answered 503.  Accepts NULL.  Nobody may answer
 * a request after this returns. */
void http_close(struct http_server *server);

/** Reads its certificate, its key, and whom it trusts again: new connections get the new ones, open
 * ones go on.  On a fault the old ones stay.  Nothing to do for plain HTTP. */
bool http_reload(struct http_server *server, struct fault *why) __attribute__((warn_unused_result));

/** The port that it listens on, as chosen by the system for ":0"; 0 for a Unix socket. */
int http_port(const struct http_server *server);

const char *http_method(const struct http_request *request);
const char *http_path(const struct http_request *request);
/** NULL when absent.  Header names are compared without case. */
const char *http_header(const struct http_request *request, const char *name);
/** Decoded, and kept until the request ends; NULL when absent: a broken escape is refused before.
 * In begin or handle. */
const char *http_query(struct http_request *request, const char *name);
/** The path's segment for {name}, percent-decoded; kept until the request ends. */
const char *http_segment(struct http_request *request, const char *name);
/** The body; complete in handle, empty in begin.  Borrowed until the request ends. */
const char *http_body(const struct http_request *request, size_t *size);
/** The same, given away: the caller owns it, NULL when it was empty.  For what outlives a request
 * that is cut. */
char *http_take_body(struct http_request *request, size_t *size);
/** What its Content-Length says; -1 when it says nothing (no body, or a chunked one). */
int64_t http_said_size(const struct http_request *request);
/** When its head was in: time of day, and clock_ticks_us. */
int64_t http_arrived_ms(const struct http_request *request);
int64_t http_arrived_ticks_us(const struct http_request *request);
/** A place for the route's own state of this request. */
void http_set_own(struct http_request *request, void *own);
void *http_own(const struct http_request *request);

/** Adds a header to the answer to come; name and value are copied. */
void http_add_header(struct http_request *request, const char *name, const char *value);
/** The same for a header that there is once: the value takes the place of the one before. */
void http_set_header(struct http_request *request, const char *name, const char *value);

/** Has the answer go out so much later, to the nearest fifth of a second.  In begin and handle.  An
 * answer that has to go out before a large body does not wait: its connection ends with it. */
void http_hold(struct http_request *request, int64_t hold_ms);

/** Takes the request off its thread until it is answered or resumed.  Only in handle and resumed,
 * before the work is handed on. */
void http_suspend(struct http_request *request);

enum { HTTP_ADDRESS_SIZE = 64 };

/** Who is on the other side of a connection, as the system says. */
struct http_peer {
    bool is_unix;                    /**< over a Unix socket: then `uid` is known */
    bool is_known;                   /**< false: the system does not say */
    uid_t uid;                       /**< of the process that connected */
    char address[HTTP_ADDRESS_SIZE]; /**< numeric; "" over a Unix socket */
};
void http_peer(const struct http_request *request, struct http_peer *peer);

enum http_trust {
    HTTP_TRUST_NONE,    /**< it showed no certificate, or was not asked for one */
    HTTP_TRUST_GOOD,    /**< an authority of client_ca vouches for it today */
    HTTP_TRUST_REFUSED, /**< it showed one that is expired, revoked, or nobody's whom we trust */
};

enum { HTTP_NAME_SIZE = 1024 };

/** The certificate that a client showed in the TLS handshake. */
struct http_certificate {
    enum http_trust trust;
    const char *flaw; /**< of one that is refused: "expired"; else NULL.  Not to be freed */
    uint8_t fingerprint[SHA256_SIZE]; /**< SHA-256 of its DER */
    char subject[HTTP_NAME_SIZE];     /**< as RFC 4514 writes it: "CN=a,O=b"; "" when too long */
    char issuer[HTTP_NAME_SIZE];
};
/** In begin, handle or resumed.  Judged once for a connection, and again after http_reload and when
 * a certificate or a list of revoked ones comes to its end. */
void http_certificate(const struct http_request *request, struct http_certificate *certificate);

/** Whether the client has closed its side: nobody is there to take an answer, as far as the system
 * knows.  On the request's thread. */
bool http_is_gone(const struct http_request *request);

/** Brings a suspended request back to its thread, where `resumed` goes on with it: so whoever must
 * not lose time needs not write the answer.  From any thread, instead of http_answer. */
void http_resume(struct http_request *request);

/**
 * Answers, once: in begin or handle, or after http_suspend from any thread.  Takes `body` (heap, or
 * NULL).  Errors go through http/problem.h.
 */
void http_answer(struct http_request *request, int status, const char *media_type, char *body,
                 size_t size);

/** Bytes that are made as they are sent: the same each time for the same place. */
struct http_source {
    /** Some of up to `size` bytes from the one with number `at`; false ends the connection. */
    bool (*read)(void *own, int64_t at, char *bytes, size_t size, size_t *got);
    void (*end)(void *own); /**< nothing more is read */
    void *own;
};

/** A file as an answer. */
struct http_file {
    int descriptor;            /**< taken: it is closed; -1: it is `source` */
    struct http_source source; /**< taken: it is ended; without one for HEAD */
    int64_t size;
    const char *media_type;
    const char *etag; /**< with its quotation marks */
};

/**
 * Answers 200 with the file, in constant memory; to a GET with a Range of one piece 206 or 416
 * (RFC 9110 14), with If-Range in mind.  As http_answer, from any thread.
 */
void http_answer_file(struct http_request *request, const struct http_file *file);

#endif
