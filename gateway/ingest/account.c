/* SPDX-License-Identifier: Apache-2.0 */
/* Rates by the generic cell rate algorithm (ITU-T I.371): one time for each partner and kind says
 * up to when an allowance is spent, which is a token bucket without anything to refill. */
#include "ingest/account.h"

#include "base/cleanup.h"
#include "base/metrics.h"

#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

enum { SECOND_US = 1000000 };

struct account {
    const char *partner; /* `text`, but in what is only sought for */
    pthread_mutex_t lock;
    int64_t spent_until_us[RATE_KINDS_]; /* guarded by lock */
    struct metric *replies[REPLY_COUNT_];
    char text[];
};

struct accounts {
    pthread_mutex_t lock;
    void *tree; /* of struct account by partner; guarded by lock */
};

static const char *const reply_names[REPLY_COUNT_] = {
    [REPLY_ACCEPTED] = "accepted", [REPLY_REPEATED] = "repeated",
    [REPLY_CONFLICT] = "conflict", [REPLY_INVALID] = "invalid",
    [REPLY_FOREIGN] = "foreign",   [REPLY_UNSUPPORTED] = "unsupported",
    [REPLY_LIMITED] = "limited",   [REPLY_UNAVAILABLE] = "unavailable",
    [REPLY_BROKEN] = "broken",
};

struct accounts *accounts_new(struct fault *why)
{
    struct accounts *accounts = calloc(1, sizeof *accounts);
    if (!accounts) {
        (void)fault_memory(why);
        return NULL;
    }
    pthread_mutex_init(&accounts->lock, NULL);
    return accounts;
}

static void free_account(void *own)
{
    struct account *account = own;
    if (!account)
        return;
    pthread_mutex_destroy(&account->lock);
    free(account);
}

void accounts_free(struct accounts *accounts)
{
    if (!accounts)
        return;
    tdestroy(accounts->tree, free_account);
    pthread_mutex_destroy(&accounts->lock);
    free(accounts);
}

static bool make_counters(struct account *account)
{
    for (size_t i = 0; i < REPLY_COUNT_; i++) {
        auto_free(free) char *labels = NULL;
        if (asprintf(&labels, "partner=\"%s\",answer=\"%s\"", account->partner, reply_names[i]) < 0)
            return false;
        account->replies[i] = metrics_counter("lienthong_handoffs_total",
                                              "Posted documents by partner and answer.", labels);
    }
    return true;
}

static struct account *new_account(const char *partner)
{
    size_t size = strlen(partner) + 1;
    struct account *account = calloc(1, sizeof *account + size);
    if (!account)
        return NULL;
    pthread_mutex_init(&account->lock, NULL);
    memcpy(account->text, partner, size);
    account->partner = account->text;
    if (make_counters(account))
        return account;
    free_account(account);
    return NULL;
}

static int compare(const void *left, const void *right)
{
    return strcmp(((const struct account *)left)->partner,
                  ((const struct account *)right)->partner);
}

/* Under the lock. */
static struct account *find_or_add(struct accounts *accounts, const char *partner)
{
    const struct account sought = {.partner = partner};
    struct account *const *found = tfind(&sought, &accounts->tree, compare);
    if (found)
        return *found;
    struct account *made = new_account(partner);
    if (made && !tsearch(made, &accounts->tree, compare)) {
        free_account(made);
        return NULL;
    }
    return made;
}

struct account *accounts_of(struct accounts *accounts, const char *partner)
{
    pthread_mutex_lock(&accounts->lock);
    struct account *account = find_or_add(accounts, partner);
    pthread_mutex_unlock(&accounts->lock);
    return account;
}

static void spend(struct account *account, const struct rate *rate, int64_t count, int64_t now_us)
{
    int64_t *until_us = &account->spent_until_us[rate->kind];
    if (*until_us < now_us)
        *until_us = now_us;
    *until_us += count * SECOND_US / rate->per_s;
}

int64_t account_take(struct account *account, const struct rate *rate, int64_t now_us)
{
    if (rate->per_s <= 0)
        return 0;
    int64_t burst = rate->burst > 0 ? rate->burst : rate->per_s;
    int64_t credit_us = (burst - 1) * SECOND_US / rate->per_s;

    pthread_mutex_lock(&account->lock);
    int64_t early_us = account->spent_until_us[rate->kind] - credit_us - now_us;
    if (early_us <= 0)
        spend(account, rate, 1, now_us);
    pthread_mutex_unlock(&account->lock);
    return early_us <= 0 ? 0 : (early_us + 999) / 1000;
}

void account_charge(struct account *account, const struct rate *rate, int64_t count, int64_t now_us)
{
    if (rate->per_s <= 0 || count <= 0)
        return;
    pthread_mutex_lock(&account->lock);
    spend(account, rate, count, now_us);
    pthread_mutex_unlock(&account->lock);
}

void account_count(struct account *account, enum reply reply)
{
    metrics_add(account->replies[reply], 1);
}
