/* SPDX-License-Identifier: Apache-2.0 */
/* A bucket as a place for files, and the connections that calls to it share. */
#include "files/s3.h"

#include "base/file.h"
#include "files/hasher.h"
#include "files/s3_call.h"
#include "files/sealed.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

enum { IDLE_LINES = 4, PIECE_SIZE = 64 * 1024 };

/* SHA-256 of nothing, which a call without a body has. */
static const char nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct s3 {
    struct s3_service service; /* its texts are those below */
    const struct incoming *incoming;
    int64_t file_limit_bytes;
    char *access_key, *secret_key, *region, *ca_file;
    char *base, *path, *host;
    pthread_mutex_t lock;
    CURLSH *idle[IDLE_LINES]; /* connections, guarded by lock; NULL where there are none */
};

static void close_s3(void *own)
{
    struct s3 *s3 = own;
    if (!s3)
        return;
    for (size_t i = 0; i < IDLE_LINES; i++)
        (void)curl_share_cleanup(s3->idle[i]); /* nobody uses it */
    if (s3->secret_key)
        explicit_bzero(s3->secret_key, strlen(s3->secret_key));
    free(s3->access_key);
    free(s3->secret_key);
    free(s3->region);
    free(s3->ca_file);
    free(s3->base);
    free(s3->path);
    free(s3->host);
    pthread_mutex_destroy(&s3->lock);
    free(s3);
}

ENDS_WITH_SCOPE(CURLU *, curl_url_cleanup)
ENDS_WITH_SCOPE(struct s3 *, close_s3)

static bool is_plain_name(const char *text, const char *also)
{
    size_t size = strlen(text);
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    for (size_t i = 0; i < size; i++)
        if (!strchr(letters, text[i]) && !strchr(also, text[i]))
            return false;
    return size > 0 && size <= 200;
}

static bool check_options(const struct file_store_options *options, struct fault *why)
{
    if (!options->s3.bucket || !is_plain_name(options->s3.bucket, ".-"))
        return fault_set(why, FAULT_REFUSE, "files.s3_bucket: expected the name of a bucket");
    if (!options->s3.region || !is_plain_name(options->s3.region, "-"))
        return fault_set(why, FAULT_REFUSE, "files.s3_region: expected the name of a region");
    if (!options->s3.access_key || !is_plain_name(options->s3.access_key, "._-+=@"))
        return fault_set(why, FAULT_REFUSE, "files.s3_access_key: expected the id of a key");
    if (!options->s3.secret_key_file)
        return fault_set(why, FAULT_REFUSE, "files.s3_secret_key_file: missing");
    return true;
}

static bool has_part(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return has;
}

static bool is_bare(CURLU *url)
{
    char *path = NULL;
    bool is = !has_part(url, CURLUPART_USER) && !has_part(url, CURLUPART_PASSWORD) &&
              !has_part(url, CURLUPART_QUERY) && !has_part(url, CURLUPART_FRAGMENT) &&
              curl_url_get(url, CURLUPART_PATH, &path, 0) == CURLUE_OK && strcmp(path, "/") == 0;
    curl_free(path);
    return is;
}

/* "host", or "host:port" where the scheme does not say the port: what is signed is what is sent. */
static char *host_of(CURLU *url)
{
    char *name = NULL, *port = NULL, *host = NULL;
    if (curl_url_get(url, CURLUPART_HOST, &name, 0) != CURLUE_OK)
        return NULL;
    bool has_port = curl_url_get(url, CURLUPART_PORT, &port, CURLU_NO_DEFAULT_PORT) == CURLUE_OK;
    if (asprintf(&host, "%s%s%s", name, has_port ? ":" : "", has_port ? port : "") < 0)
        host = NULL;
    curl_free(name);
    curl_free(port);
    return host;
}

static bool is_web(CURLU *url, bool *is_secure)
{
    char *scheme = NULL;
    bool is = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
              (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    *is_secure = is && strcmp(scheme, "https") == 0;
    curl_free(scheme);
    return is;
}

static bool name_bucket(struct s3 *s3, const char *bucket, bool is_secure)
{
    if (asprintf(&s3->path, "/%s", bucket) < 0)
        s3->path = NULL;
    else if (asprintf(&s3->base, "%s://%s/%s", is_secure ? "https" : "http", s3->host, bucket) < 0)
        s3->base = NULL;
    return s3->path && s3->base;
}

static bool read_endpoint(struct s3 *s3, const struct file_store_options *options,
                          struct fault *why)
{
    auto_free(curl_url_cleanup) CURLU *url = curl_url();
    bool is_secure = false;
    if (!url)
        return fault_memory(why);
    if (curl_url_set(url, CURLUPART_URL, options->s3.endpoint, CURLU_NON_SUPPORT_SCHEME) !=
            CURLUE_OK ||
        !is_web(url, &is_secure) || !is_bare(url))
        return fault_set(why, FAULT_REFUSE, "files.s3_endpoint: expected https://host[:port]");
    s3->host = host_of(url);
    return (s3->host && name_bucket(s3, options->s3.bucket, is_secure)) || fault_memory(why);
}

static bool copy_texts(struct s3 *s3, const struct file_store_options *options, struct fault *why)
{
    s3->access_key = strdup(options->s3.access_key);
    s3->region = strdup(options->s3.region);
    s3->ca_file = options->s3.ca_file ? strdup(options->s3.ca_file) : NULL;
    if (!s3->access_key || !s3->region || (options->s3.ca_file && !s3->ca_file))
        return fault_memory(why);
    s3->secret_key = file_read_secret(options->s3.secret_key_file, why);
    return s3->secret_key != NULL;
}

struct s3 *s3_open(const struct file_store_options *options, const struct incoming *incoming,
                   struct fault *why)
{
    auto_free(close_s3) struct s3 *s3 = calloc(1, sizeof *s3);
    if (!s3) {
        (void)fault_memory(why);
        return NULL;
    }
    pthread_mutex_init(&s3->lock, NULL);
    s3->incoming = incoming;
    s3->file_limit_bytes = options->file_limit_bytes;
    if (!check_options(options, why) || !read_endpoint(s3, options, why) ||
        !copy_texts(s3, options, why))
        return NULL;
    s3->service.identity =
        (struct sigv4_identity){s3->access_key, s3->secret_key, s3->region, "s3"};
    s3->service.base = s3->base;
    s3->service.path = s3->path;
    s3->service.host = s3->host;
    s3->service.ca_file = s3->ca_file;
    s3->service.timeout_ms = options->s3.timeout_ms;
    return steal(s3);
}

static void interrupt_s3(void *own)
{
    struct s3 *s3 = own;
    atomic_store(&s3->service.is_interrupted, true);
}

static CURLSH *new_line(void)
{
    CURLSH *line = curl_share_init();
    if (line && curl_share_setopt(line, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT) == CURLSHE_OK)
        return line;
    (void)curl_share_cleanup(line); /* nobody uses it */
    return NULL;
}

static CURLSH *borrow(struct s3 *s3)
{
    CURLSH *line = NULL;
    pthread_mutex_lock(&s3->lock);
    for (size_t i = 0; i < IDLE_LINES && !line; i++)
        line = steal(s3->idle[i]);
    pthread_mutex_unlock(&s3->lock);
    return line ? line : new_line();
}

static void give_back(struct s3 *s3, CURLSH *line)
{
    pthread_mutex_lock(&s3->lock);
    for (size_t i = 0; i < IDLE_LINES && line; i++)
        if (!s3->idle[i])
            s3->idle[i] = steal(line);
    pthread_mutex_unlock(&s3->lock);
    (void)curl_share_cleanup(line); /* one too many; nobody uses it */
}

static bool call_with(struct s3 *s3, const struct s3_call *call, struct s3_answer *answer,
                      struct fault *why)
{
    CURLSH *line = borrow(s3);
    if (!line)
        return fault_memory(why);
    bool is_good = s3_call(&s3->service, line, call, answer, why);
    give_back(s3, line);
    return is_good;
}

static bool look(void *own, const struct file_name *file, int64_t *size, bool *has,
                 struct fault *why)
{
    char key[PLACE_NAME_SIZE];
    struct s3_answer answer;
    place_name(file, key);
    const struct s3_call call = {
        .method = "HEAD", .key = key, .payload_sha256 = nothing, .upload = -1, .download = -1};
    if (!call_with(own, &call, &answer, why))
        return false;
    *has = answer.status == 200;
    *size = *has ? answer.size : 0;
    return true;
}

static bool hash_all(const struct arrived_file *file, uint8_t sha256[SHA256_SIZE],
                     struct fault *why)
{
    auto_free(free) char *piece = malloc(PIECE_SIZE);
    auto_free(hasher_free) struct hasher *hasher = hasher_new(why);
    if (!hasher)
        return false;
    if (!piece)
        return fault_memory(why);
    for (int64_t at = 0; at < file->size;) {
        ssize_t count = pread(file->descriptor, piece, PIECE_SIZE, at);
        if (count <= 0)
            return fault_set(why, FAULT_BROKEN, "files: a file cannot be read");
        if (!hasher_add(hasher, piece, (size_t)count, why))
            return false;
        at += count;
    }
    return hasher_end(hasher, sha256, why);
}

/* The hash that the service checks is of what goes up: of a sealed file it is not the content's. */
static bool hash_of(const struct arrived_file *file, char hex[SHA256_HEX_SIZE], struct fault *why)
{
    uint8_t sha256[SHA256_SIZE];
    if (file->is_sealed && !hash_all(file, sha256, why))
        return false;
    digest_hex(file->is_sealed ? sha256 : file->sha256, SHA256_SIZE, hex);
    return true;
}

static bool send_up(struct s3 *s3, const struct arrived_file *file, struct fault *why)
{
    char key[PLACE_NAME_SIZE], hash[SHA256_HEX_SIZE];
    struct s3_answer answer;
    place_name(&(struct file_name){file->sha256, file->is_sealed}, key);
    if (!hash_of(file, hash, why))
        return false;
    const struct s3_call call = {.method = "PUT",
                                 .key = key,
                                 .payload_sha256 = hash,
                                 .upload = file->descriptor,
                                 .upload_size = file->size,
                                 .download = -1};
    if (!call_with(s3, &call, &answer, why))
        return false;
    return answer.status != 404 ||
           fault_set(why, FAULT_BROKEN, "s3: PUT %s: status 404: is there such a bucket?", key);
}

static bool keep(void *own, const struct arrived_file *file, bool *was_there, struct fault *why)
{
    int64_t size = 0;
    bool has = false;
    const struct file_name name = {file->sha256, file->is_sealed};
    if (!look(own, &name, &size, &has, why))
        return false;
    *was_there = has && size == file->size;
    /* One that is sealed may lie there under a key that was lost, which only opening it would tell.
     */
    return (*was_there && !file->is_sealed) || send_up(own, file, why);
}

/* Nameless from the start: it is gone when its descriptor is. */
static int make_nameless(const struct s3 *s3, struct fault *why)
{
    auto_free(free) char *path = NULL;
    if (!incoming_check(s3->incoming, why))
        return -1;
    int descriptor = incoming_make(s3->incoming, &path, why);
    if (descriptor >= 0)
        (void)unlink(path); /* else the next start does it */
    return descriptor;
}

static bool bring_down(struct s3 *s3, const struct file_name *file, int descriptor, int64_t *size,
                       struct fault *why)
{
    char key[PLACE_NAME_SIZE];
    struct s3_answer answer;
    place_name(file, key);
    const struct s3_call call = {.method = "GET",
                                 .key = key,
                                 .payload_sha256 = nothing,
                                 .upload = -1,
                                 .download = descriptor,
                                 .download_limit = file->is_sealed
                                                       ? sealed_size(s3->file_limit_bytes)
                                                       : s3->file_limit_bytes};
    if (!call_with(s3, &call, &answer, why))
        return false;
    if (answer.status == 404)
        return fault_set(why, FAULT_REFUSE, "files: %.*s is not in the store", 2 * SHA256_SIZE,
                         key + PLACE_SHELF_SIZE + 1);
    *size = answer.size; /* a try that was cut may have left more behind it */
    return ftruncate(descriptor, answer.size) == 0 ||
           fault_set(why, FAULT_BROKEN, "files: cannot cut a file: %s", strerrordesc_np(errno));
}

static int fetch(void *own, const struct file_name *file, int64_t *size, struct fault *why)
{
    int descriptor = make_nameless(own, why);
    if (descriptor < 0)
        return -1;
    if (bring_down(own, file, descriptor, size, why))
        return descriptor;
    (void)close(descriptor); /* nothing in it counts */
    return -1;
}

static bool remove_object(void *own, const struct file_name *file, struct fault *why)
{
    char key[PLACE_NAME_SIZE];
    struct s3_answer answer;
    place_name(file, key);
    const struct s3_call call = {
        .method = "DELETE", .key = key, .payload_sha256 = nothing, .upload = -1, .download = -1};
    return call_with(own, &call, &answer, why);
}

const struct file_place s3_place = {
    .name = "s3",
    .keep = keep,
    .fetch = fetch,
    .look = look,
    .remove = remove_object,
    .interrupt = interrupt_s3,
    .close = close_s3,
};
