/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Certificates by GnuTLS, which libmicrohttpd is built on.  The library itself reads them once and
 * judges no client; so it is given ours at each handshake, and clients are judged here.
 */
#include "http/tls.h"

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/file.h"

#include <gnutls/x509.h>
#include <pthread.h>
#include <string.h>

enum { PEM_LIMIT = 1024 * 1024, CHAIN_MOST = 16, KEY_ID_SIZE = 64 };

/* What one reading of the files gave.  A handshake may still use an older one, so they are kept:
 * reloads are few. */
struct stand {
    gnutls_pcert_st chain[CHAIN_MOST];
    unsigned size;
    gnutls_privkey_t key;
    gnutls_x509_trust_list_t trusted; /* NULL: clients are not asked */
    gnutls_x509_crt_t *authorities;   /* of `trusted`, whose they are */
    unsigned authority_count;
    time_t checked_until; /* what is revoked after it is not known; 0: no list is kept */
    unsigned generation;
    struct stand *older;
};

struct tls {
    char *certificate, *private_key, *client_ca, *client_crl;
    pthread_mutex_t lock;
    struct stand *stand; /* guarded by lock; what it points to does not change */
};

static void free_stand(struct stand *stand)
{
    for (unsigned i = 0; i < stand->size; i++)
        gnutls_pcert_deinit(&stand->chain[i]);
    if (stand->key)
        gnutls_privkey_deinit(stand->key);
    if (stand->trusted)
        gnutls_x509_trust_list_deinit(stand->trusted, 1);
    gnutls_free(stand->authorities);
    free(stand);
}

ENDS_WITH_SCOPE(struct stand *, free_stand)

static bool refuse(struct fault *why, const char *path, int code)
{
    return fault_set(why, FAULT_REFUSE, "%s: %s", path, gnutls_strerror(code));
}

/* ---- what we show ---- */

static bool read_chain(const char *path, struct stand *stand, struct fault *why)
{
    size_t size = 0;
    auto_free(free) char *text = file_read(path, PEM_LIMIT, &size, why);
    unsigned count = CHAIN_MOST;
    if (!text)
        return false;
    const gnutls_datum_t pem = {(unsigned char *)text, (unsigned)size};
    int code =
        gnutls_pcert_list_import_x509_raw(stand->chain, &count, &pem, GNUTLS_X509_FMT_PEM, 0);
    if (code < 0)
        return refuse(why, path, code);
    stand->size = count;
    return true;
}

static bool read_key(const char *path, struct stand *stand, struct fault *why)
{
    size_t size = 0;
    auto_free(free) char *text = file_read(path, PEM_LIMIT, &size, why);
    if (!text)
        return false;
    const gnutls_datum_t pem = {(unsigned char *)text, (unsigned)size};
    int code = gnutls_privkey_init(&stand->key);
    if (code >= 0)
        code = gnutls_privkey_import_x509_raw(stand->key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
    gnutls_memset(text, 0, size);
    return code >= 0 || refuse(why, path, code);
}

ENDS_WITH_SCOPE(gnutls_pubkey_t, gnutls_pubkey_deinit)

static int key_id(gnutls_pubkey_t key, unsigned char id[KEY_ID_SIZE], size_t *size)
{
    *size = KEY_ID_SIZE;
    return gnutls_pubkey_get_key_id(key, GNUTLS_KEYID_USE_SHA256, id, size);
}

/* Is the key the certificate's? */
static bool match(const char *path, const struct stand *stand, struct fault *why)
{
    auto_free(gnutls_pubkey_deinit) gnutls_pubkey_t public_key = NULL;
    unsigned char shown[KEY_ID_SIZE], held[KEY_ID_SIZE];
    size_t shown_size, held_size;
    int code = gnutls_pubkey_init(&public_key);
    if (code >= 0)
        code = gnutls_pubkey_import_privkey(public_key, stand->key, 0, 0);
    if (code >= 0)
        code = key_id(public_key, held, &held_size);
    if (code >= 0)
        code = key_id(stand->chain[0].pubkey, shown, &shown_size);
    if (code < 0)
        return refuse(why, path, code);
    return (shown_size == held_size && memcmp(shown, held, held_size) == 0) ||
           fault_set(why, FAULT_REFUSE, "%s: the key is not the certificate's", path);
}

/* ---- whom we trust ---- */

static bool read_authorities(const char *path, struct stand *stand, struct fault *why)
{
    size_t size = 0;
    auto_free(free) char *text = file_read(path, PEM_LIMIT, &size, why);
    if (!text)
        return false;
    const gnutls_datum_t pem = {(unsigned char *)text, (unsigned)size};
    int code = gnutls_x509_crt_list_import2(&stand->authorities, &stand->authority_count, &pem,
                                            GNUTLS_X509_FMT_PEM, 0);
    if (code >= 0)
        code = gnutls_x509_trust_list_init(&stand->trusted, 0);
    if (code < 0)
        return refuse(why, path, code);
    int added = gnutls_x509_trust_list_add_cas(stand->trusted, stand->authorities,
                                               stand->authority_count, 0);
    return added == (int)stand->authority_count ||
           fault_set(why, FAULT_REFUSE, "%s: not every certificate can be used", path);
}

/* Signed by one of the authorities?  That a list is too old is said at each judgement and not here:
 * it grows old while it is in force. */
static bool is_signed(gnutls_x509_crl_t revoked, const struct stand *by)
{
    unsigned status = GNUTLS_CERT_INVALID;
    int code = gnutls_x509_crl_verify(revoked, by->authorities, by->authority_count, 0, &status);
    unsigned age = (unsigned)(GNUTLS_CERT_INVALID | GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED);
    return code >= 0 && (status == 0 || status == age);
}

/* Takes the lists. */
static bool add_revoked(const char *path, gnutls_x509_crl_t *lists, unsigned count,
                        struct stand *stand, struct fault *why)
{
    bool are_signed = true;
    for (unsigned i = 0; i < count; i++) {
        time_t until = gnutls_x509_crl_get_next_update(lists[i]);
        if (!stand->checked_until || until < stand->checked_until)
            stand->checked_until = until;
        are_signed &= is_signed(lists[i], stand);
    }
    int added = gnutls_x509_trust_list_add_crls(stand->trusted, lists, count, 0, 0);
    if (added != (int)count)
        return fault_set(why, FAULT_REFUSE, "%s: not every list can be used", path);
    return are_signed || fault_set(why, FAULT_REFUSE,
                                   "%s: a revocation list that none of client_ca signed", path);
}

static bool read_revoked(const char *path, struct stand *stand, struct fault *why)
{
    size_t size = 0;
    unsigned count = 0;
    auto_free(free) char *text = file_read(path, PEM_LIMIT, &size, why);
    gnutls_x509_crl_t *lists = NULL;
    if (!text)
        return false;
    const gnutls_datum_t pem = {(unsigned char *)text, (unsigned)size};
    int code = gnutls_x509_crl_list_import2(&lists, &count, &pem, GNUTLS_X509_FMT_PEM, 0);
    if (code < 0)
        return refuse(why, path, code);
    bool is_good = add_revoked(path, lists, count, stand, why);
    gnutls_free(lists);
    return is_good;
}

static bool read_trusted(const struct tls *tls, struct stand *stand, struct fault *why)
{
    return read_authorities(tls->client_ca, stand, why) &&
           (!tls->client_crl || read_revoked(tls->client_crl, stand, why));
}

static struct stand *read_stand(const struct tls *tls, struct fault *why)
{
    auto_free(free_stand) struct stand *stand = calloc(1, sizeof *stand);
    if (!stand) {
        (void)fault_memory(why);
        return NULL;
    }
    if (!read_chain(tls->certificate, stand, why) || !read_key(tls->private_key, stand, why) ||
        !match(tls->private_key, stand, why) || (tls->client_ca && !read_trusted(tls, stand, why)))
        return NULL;
    return steal(stand);
}

/* ---- the whole ---- */

static bool copy_path(const char *path, char **copy, struct fault *why)
{
    *copy = path ? strdup(path) : NULL;
    return !path || *copy || fault_memory(why);
}

static bool prepare(struct tls *tls, const struct http_options *options, struct fault *why)
{
    return copy_path(options->certificate, &tls->certificate, why) &&
           copy_path(options->private_key, &tls->private_key, why) &&
           copy_path(options->client_ca, &tls->client_ca, why) &&
           copy_path(options->client_crl, &tls->client_crl, why);
}

struct tls *tls_open(const struct http_options *options, struct fault *why)
{
    struct tls *tls = calloc(1, sizeof *tls);
    if (!tls) {
        (void)fault_memory(why);
        return NULL;
    }
    pthread_mutex_init(&tls->lock, NULL);
    if (prepare(tls, options, why))
        tls->stand = read_stand(tls, why);
    if (tls->stand)
        return tls;
    tls_close(tls);
    return NULL;
}

void tls_close(struct tls *tls)
{
    if (!tls)
        return;
    for (struct stand *stand = tls->stand, *older; stand; stand = older) {
        older = stand->older;
        free_stand(stand);
    }
    pthread_mutex_destroy(&tls->lock);
    free(tls->certificate);
    free(tls->private_key);
    free(tls->client_ca);
    free(tls->client_crl);
    free(tls);
}

static struct stand *stand_of(struct tls *tls)
{
    pthread_mutex_lock(&tls->lock);
    struct stand *stand = tls->stand;
    pthread_mutex_unlock(&tls->lock);
    return stand;
}

bool tls_reload(struct tls *tls, struct fault *why)
{
    struct stand *stand = read_stand(tls, why);
    if (!stand)
        return false;
    pthread_mutex_lock(&tls->lock);
    stand->older = tls->stand;
    stand->generation = tls->stand->generation + 1;
    tls->stand = stand;
    pthread_mutex_unlock(&tls->lock);
    return true;
}

unsigned tls_generation(struct tls *tls)
{
    return stand_of(tls)->generation;
}

int tls_show(struct tls *tls, gnutls_session_t session, gnutls_pcert_st **chain, unsigned *size,
             gnutls_privkey_t *key)
{
    struct stand *stand = stand_of(tls);
    if (stand->trusted)
        gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
    *chain = stand->chain;
    *size = stand->size;
    *key = stand->key;
    return 0;
}

/* ---- clients ---- */

struct shown {
    gnutls_x509_crt_t chain[CHAIN_MOST];
    unsigned size;
};

static void forget_shown(struct shown *shown)
{
    for (unsigned i = 0; i < shown->size; i++)
        gnutls_x509_crt_deinit(shown->chain[i]);
}

/* False: there is none, or one that cannot be read; of a chain that is too long the end is left
 * out, which then nobody vouches for. */
static bool read_shown(gnutls_session_t session, struct shown *shown, const gnutls_datum_t **first)
{
    unsigned count = 0;
    *first = gnutls_certificate_get_peers(session, &count);
    for (unsigned i = 0; *first && i < count && i < CHAIN_MOST; i++) {
        if (gnutls_x509_crt_init(&shown->chain[i]) < 0)
            break;
        shown->size++;
        if (gnutls_x509_crt_import(shown->chain[i], *first + i, GNUTLS_X509_FMT_DER) < 0)
            return false;
    }
    return shown->size > 0;
}

static const char *flaw_of(unsigned status)
{
    static const struct {
        unsigned status;
        const char *flaw;
    } flaws[] = {
        {GNUTLS_CERT_REVOKED, "revoked"},
        {GNUTLS_CERT_EXPIRED, "expired"},
        {GNUTLS_CERT_NOT_ACTIVATED, "not yet valid"},
        {GNUTLS_CERT_SIGNER_NOT_FOUND, "of an unknown authority"},
        {GNUTLS_CERT_SIGNER_NOT_CA, "of an unknown authority"},
        {GNUTLS_CERT_PURPOSE_MISMATCH, "not for clients"},
        {GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED, "not checked: the revocation list is too old"},
        {GNUTLS_CERT_INSECURE_ALGORITHM, "made with a weak algorithm"},
    };
    for (size_t i = 0; i < sizeof flaws / sizeof *flaws; i++)
        if (status & flaws[i].status)
            return flaws[i].flaw;
    return "not trusted";
}

static void read_name(int (*read)(gnutls_x509_crt_t, gnutls_datum_t *, unsigned),
                      gnutls_x509_crt_t certificate, char name[HTTP_NAME_SIZE])
{
    gnutls_datum_t text = {NULL, 0};
    name[0] = '\0'; /* one that does not fit is nobody's */
    if (read(certificate, &text, 0) >= 0 && text.size < HTTP_NAME_SIZE) {
        memcpy(name, text.data, text.size);
        name[text.size] = '\0';
    }
    gnutls_free(text.data);
}

static unsigned verify(const struct stand *stand, struct shown *shown)
{
    unsigned char client[] = GNUTLS_KP_TLS_WWW_CLIENT;
    gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID, .data = client};
    unsigned status = GNUTLS_CERT_INVALID;
    int code = gnutls_x509_trust_list_verify_crt2(stand->trusted, shown->chain, shown->size,
                                                  &purpose, 1, 0, &status, NULL);
    if (code < 0)
        return GNUTLS_CERT_INVALID;
    if (stand->checked_until && time(NULL) > stand->checked_until)
        status |= GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED;
    return status;
}

static void note_turn(time_t turn, time_t now, time_t *next)
{
    if (turn >= now && turn < *next)
        *next = turn;
}

static void note_turns(const gnutls_x509_crt_t *chain, unsigned size, time_t now, time_t *next)
{
    for (unsigned i = 0; i < size; i++) {
        note_turn(gnutls_x509_crt_get_activation_time(chain[i]), now, next);
        note_turn(gnutls_x509_crt_get_expiration_time(chain[i]), now, next);
    }
}

/* Until when what is found at `now` stays so.  Of which authority it depends is not asked: to judge
 * again without need is harmless. */
static time_t next_turn(const struct stand *stand, const struct shown *shown, time_t now)
{
    time_t next = INT64_MAX;
    note_turns(shown->chain, shown->size, now, &next);
    note_turns(stand->authorities, stand->authority_count, now, &next);
    note_turn(stand->checked_until, now, &next);
    return next;
}

time_t tls_judge(struct tls *tls, gnutls_session_t session, struct http_certificate *certificate)
{
    const struct stand *stand = stand_of(tls);
    struct shown shown = {.size = 0};
    const gnutls_datum_t *first = NULL;
    const time_t now = time(NULL);
    *certificate = (struct http_certificate){.trust = HTTP_TRUST_NONE};
    if (!stand->trusted)
        return INT64_MAX;
    if (read_shown(session, &shown, &first)) {
        unsigned status = verify(stand, &shown);
        certificate->trust = status ? HTTP_TRUST_REFUSED : HTTP_TRUST_GOOD;
        certificate->flaw = status ? flaw_of(status) : NULL;
        digest_sha256(first->data, first->size, certificate->fingerprint);
        read_name(gnutls_x509_crt_get_dn3, shown.chain[0], certificate->subject);
        read_name(gnutls_x509_crt_get_issuer_dn3, shown.chain[0], certificate->issuer);
    } else if (first) {
        certificate->trust = HTTP_TRUST_REFUSED;
        certificate->flaw = "not readable";
    }
    time_t until = next_turn(stand, &shown, now);
    forget_shown(&shown);
    return until;
}
