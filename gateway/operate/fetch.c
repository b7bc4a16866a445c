/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to an OpenID Connect provider, by libcurl. */
#include "operate/fetch.h"

#include "base/cleanup.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

enum { ANSWER_MOST = 256 << 10, CONNECT_MS = 5000, WHOLE_MS = 10000 };

typedef struct curl_slist *header_list;
ENDS_WITH_SCOPE(CURL *, curl_easy_cleanup)
ENDS_WITH_SCOPE(header_list, curl_slist_free_all)

/* Secrets go there: plain HTTP only where nobody listens in. */
static bool is_safe(const char *url)
{
    static const char *const starts[] = {"https://",
                                         "http://127.0.0.1:", "http://[::1]:", "http://localhost:"};
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (strncmp(url, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

struct answer {
    char *bytes;
    size_t size;
};

static size_t collect(char *bytes, size_t one, size_t count, void *own)
{
    struct answer *answer = own;
    size_t size = one * count;
    if (answer->size + size > ANSWER_MOST)
        return 0;
    memcpy(answer->bytes + answer->size, bytes, size);
    answer->size += size;
    return size;
}

static void set_options(CURL *curl, const struct fetch_wish *wish)
{
    /* curl copies what it is given; a failed option shows when the call is made. */
    (void)curl_easy_setopt(curl, CURLOPT_URL, wish->url);
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)WHOLE_MS);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
    if (wish->ca_file)
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO, wish->ca_file);
    if (wish->form)
        (void)curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, wish->form);
    if (!wish->user)
        return;
    (void)curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
    (void)curl_easy_setopt(curl, CURLOPT_USERNAME, wish->user);
    (void)curl_easy_setopt(curl, CURLOPT_PASSWORD, wish->password);
}

static bool perform(CURL *curl, const char *url, struct fault *why)
{
    long status = 0;
    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK)
        return fault_set(why, FAULT_RETRY, "%s: %s", url, curl_easy_strerror(code));
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status); /* 0 is no 200 */
    if (status == 200)
        return true;
    return fault_set(why, status >= 500 ? FAULT_RETRY : FAULT_REFUSE, "%s: answered %ld", url,
                     status);
}

json_t *fetch_json(const struct fetch_wish *wish, struct fault *why)
{
    if (!is_safe(wish->url)) {
        (void)fault_set(why, FAULT_REFUSE, "%s: only https is used", wish->url);
        return NULL;
    }
    auto_free(curl_easy_cleanup) CURL *curl = curl_easy_init();
    auto_free(curl_slist_free_all) header_list headers =
        curl_slist_append(NULL, "Accept: application/json");
    auto_free(free) char *bytes = malloc(ANSWER_MOST);
    struct answer answer = {.bytes = bytes};
    if (!curl || !headers || !bytes) {
        (void)fault_memory(why);
        return NULL;
    }
    set_options(curl, wish);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    if (!perform(curl, wish->url, why))
        return NULL;
    json_t *json = json_loadb(bytes, answer.size, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(json))
        return json;
    json_decref(json);
    (void)fault_set(why, FAULT_REFUSE, "%s: the answer is no JSON object", wish->url);
    return NULL;
}
