/* SPDX-License-Identifier: Apache-2.0 */
/* A bucket as a place for files, and the handles that calls to it share. */
#include "files/s3.h"

#include "base/file.h"
#include "files/s3_call.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

enum { IDLE_HANDLES = 4, KEY_SIZE = 3 + SHA256_HEX_SIZE };

/* SHA-256 of nothing, which a call without a body has. */
static const char nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct s3 {
    struct s3_service service; /* its texts are those below */
    const struct incoming *incoming;
    int64_t file_limit_bytes;
    char *access_key, *secret_key, *region, *ca_file;
    char *base, *path, *host;
    pthread_mutex_t lock;
    CURL *idle[IDLE_HANDLES]; /* guarded by lock; NULL where there is none */
};

static void close_s3(void *own)
{
    struct s3 *s3 = own;
    if (!s3)
        return;
    for (size_t i = 0; i < IDLE_HANDLES; i++)
        curl_easy_cleanup(s3->idle[i]);
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

static CURL *borrow(struct s3 *s3)
{
    CURL *curl = NULL;
    pthread_mutex_lock(&s3->lock);
    for (size_t i = 0; i < IDLE_HANDLES && !curl; i++)
        curl = steal(s3->idle[i]);
    pthread_mutex_unlock(&s3->lock);
    return curl ? curl : curl_easy_init();
}

static void give_back(struct s3 *s3, CURL *curl)
{
    pthread_mutex_lock(&s3->lock);
    for (size_t i = 0; i < IDLE_HANDLES && curl; i++)
        if (!s3->idle[i])
            s3->idle[i] = steal(curl);
    pthread_mutex_unlock(&s3->lock);
    curl_easy_cleanup(curl);
}

static void name_of(const uint8_t *sha256, char key[KEY_SIZE])
{
    digest_hex(sha256, 1, key);
    key[2] = '/';
    digest_hex(sha256, SHA256_SIZE, key + 3);
}

static bool call_with(struct s3 *s3, const struct s3_call *call, struct s3_answer *answer,
                      struct fault *why)
{
    CURL *curl = borrow(s3);
    if (!curl)
        return fault_memory(why);
    bool is_good = s3_call(&s3->service, curl, call, answer, why);
    give_back(s3, curl);
    return is_good;
}

static bool look(void *own, const uint8_t *sha256, int64_t *size, bool *has, struct fault *why)
{
    char key[KEY_SIZE];
    struct s3_answer answer;
    name_of(sha256, key);
    const struct s3_call call = {
        .method = "HEAD", .key = key, .payload_sha256 = nothing, .upload = -1, .download = -1};
    if (!call_with(own, &call, &answer, why))
        return false;
    *has = answer.status == 200;
    *size = *has ? answer.size : 0;
    return true;
}

static bool send_up(struct s3 *s3, const struct arrived_file *file, struct fault *why)
{
    char key[KEY_SIZE];
    struct s3_answer answer;
    name_of(file->sha256, key);
    const struct s3_call call = {.method = "PUT",
                                 .key = key,
                                 .payload_sha256 = key + 3,
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
    if (!look(own, file->sha256, &size, &has, why))
        return false;
    *was_there = has && size == file->size;
    return *was_there || send_up(own, file, why);
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

static bool bring_down(struct s3 *s3, const uint8_t *sha256, int descriptor, int64_t *size,
                       struct fault *why)
{
    char key[KEY_SIZE];
    struct s3_answer answer;
    name_of(sha256, key);
    const struct s3_call call = {.method = "GET",
                                 .key = key,
                                 .payload_sha256 = nothing,
                                 .upload = -1,
                                 .download = descriptor,
                                 .download_limit = s3->file_limit_bytes};
    if (!call_with(s3, &call, &answer, why))
        return false;
    if (answer.status == 404)
        return fault_set(why, FAULT_REFUSE, "files: %s is not in the store", key + 3);
    *size = answer.size; /* a try that was cut may have left more behind it */
    return ftruncate(descriptor, answer.size) == 0 ||
           fault_set(why, FAULT_BROKEN, "files: cannot cut a file: %s", strerrordesc_np(errno));
}

static int fetch(void *own, const uint8_t *sha256, int64_t *size, struct fault *why)
{
    int descriptor = make_nameless(own, why);
    if (descriptor < 0)
        return -1;
    if (bring_down(own, sha256, descriptor, size, why))
        return descriptor;
    (void)close(descriptor); /* nothing in it counts */
    return -1;
}

static bool remove_object(void *own, const uint8_t *sha256, struct fault *why)
{
    char key[KEY_SIZE];
    struct s3_answer answer;
    name_of(sha256, key);
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
