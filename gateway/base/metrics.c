/* SPDX-License-Identifier: Apache-2.0 */
/* The process's numbers.  Handles are never freed, so adding needs no lock; the list of them does.
 */
#include "base/metrics.h"

#include "base/text_stream.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };
static const char *const kind_names[] = {"counter", "gauge", "histogram"};

static const struct {
    int64_t up_to_us;
    const char *label; /* the same in seconds, as Prometheus writes it */
} buckets[] = {
    {500, "0.0005"},  {1000, "0.001"},  {2500, "0.0025"}, {5000, "0.005"},
    {10000, "0.01"},  {25000, "0.025"}, {50000, "0.05"},  {100000, "0.1"},
    {250000, "0.25"}, {500000, "0.5"},  {1000000, "1"},   {2500000, "2.5"},
    {5000000, "5"},   {10000000, "10"}, {30000000, "30"}, {INT64_MAX, "+Inf"},
};
enum { BUCKET_COUNT = sizeof buckets / sizeof *buckets };

struct metric {
    struct metric *next;   /* of the family, in the order of asking */
    char *labels;          /* "" where there are none */
    _Atomic int64_t value; /* a histogram's sum, in microseconds */
    _Atomic int64_t in_bucket[BUCKET_COUNT];
};

/* All of one name: the exposition wants them together. */
struct family {
    struct family *next;
    char *name, *help;
    enum metric_kind kind;
    struct metric *metrics;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct family *families; /* guarded by lock; what it points to only grows */

/* Counts for those who asked when memory was out: their numbers are missing, nothing else. */
static struct metric unlisted = {.labels = NULL};

static void free_family(struct family *family)
{
    free(family->name);
    free(family->help);
    free(family);
}

static struct family *new_family(const char *name, const char *help, enum metric_kind kind)
{
    struct family *family = calloc(1, sizeof *family);
    if (!family)
        return NULL;
    family->name = strdup(name);
    family->help = strdup(help);
    family->kind = kind;
    if (!family->name || !family->help) {
        free_family(family);
        return NULL;
    }
    return family;
}

static struct family *find_family(const char *name, const char *help, enum metric_kind kind)
{
    struct family **place = &families;
    while (*place && strcmp((*place)->name, name) != 0)
        place = &(*place)->next;
    if (!*place)
        *place = new_family(name, help, kind);
    assert(!*place || (*place)->kind == kind);
    return *place;
}

static struct metric *new_metric(const char *labels)
{
    struct metric *metric = calloc(1, sizeof *metric);
    if (metric)
        metric->labels = strdup(labels);
    if (metric && !metric->labels) {
        free(metric);
        return NULL;
    }
    return metric;
}

static struct metric *find_metric(struct family *family, const char *labels)
{
    struct metric **place = &family->metrics;
    for (; *place; place = &(*place)->next)
        if (strcmp((*place)->labels, labels) == 0)
            return *place;
    return *place = new_metric(labels);
}

static struct metric *find(const char *name, const char *help, const char *labels,
                           enum metric_kind kind)
{
    (void)pthread_mutex_lock(&lock); /* a plain mutex that is not held: cannot fail */
    struct family *family = find_family(name, help, kind);
    struct metric *metric = family ? find_metric(family, labels ? labels : "") : NULL;
    (void)pthread_mutex_unlock(&lock);
    return metric ? metric : &unlisted;
}

struct metric *metrics_counter(const char *name, const char *help, const char *labels)
{
    return find(name, help, labels, METRIC_COUNTER);
}

struct metric *metrics_gauge(const char *name, const char *help, const char *labels)
{
    return find(name, help, labels, METRIC_GAUGE);
}

struct metric *metrics_histogram(const char *name, const char *help, const char *labels)
{
    return find(name, help, labels, METRIC_HISTOGRAM);
}

static void add(_Atomic int64_t *to, int64_t by)
{
    (void)atomic_fetch_add_explicit(to, by, memory_order_relaxed); /* the sum is not asked for */
}

static int64_t value_of(const _Atomic int64_t *number)
{
    return atomic_load_explicit(number, memory_order_relaxed);
}

void metrics_add(struct metric *metric, int64_t by)
{
    add(&metric->value, by);
}

void metrics_set(struct metric *metric, int64_t value)
{
    atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

void metrics_observe_us(struct metric *metric, int64_t microseconds)
{
    if (microseconds < 0) /* a clock that was set back */
        microseconds = 0;
    size_t bucket = 0;
    while (microseconds > buckets[bucket].up_to_us)
        bucket++;
    add(&metric->in_bucket[bucket], 1);
    add(&metric->value, microseconds);
}

int64_t metrics_value(const struct metric *metric)
{
    return value_of(&metric->value);
}

/* The format's text after HELP may not have a line end or a lone backslash. */
static void write_help(FILE *out, const char *help)
{
    for (; *help != '\0'; help++) {
        if (*help == '\n')
            (void)fputs("\\n", out);
        else if (*help == '\\')
            (void)fputs("\\\\", out);
        else
            (void)fputc(*help, out);
    }
}

/* NAME_SUFFIX{LABELS} and a blank; without braces where there are no labels. */
static void write_name(FILE *out, const char *name, const char *suffix, const char *labels)
{
    bool has_labels = labels[0] != '\0';
    (void)fprintf(out, "%s%s%s%s%s ", name, suffix, has_labels ? "{" : "", labels,
                  has_labels ? "}" : "");
}

static void write_number(FILE *out, const char *name, const struct metric *metric)
{
    write_name(out, name, "", metric->labels);
    (void)fprintf(out, "%" PRId64 "\n", value_of(&metric->value));
}

/* Count is the last bucket's, so that the two agree while others count on. */
static void write_histogram(FILE *out, const char *name, const struct metric *metric)
{
    const char *comma = metric->labels[0] != '\0' ? "," : "";
    int64_t count = 0;
    for (size_t i = 0; i < BUCKET_COUNT; i++) {
        count += value_of(&metric->in_bucket[i]);
        (void)fprintf(out, "%s_bucket{%s%sle=\"%s\"} %" PRId64 "\n", name, metric->labels, comma,
                      buckets[i].label, count);
    }
    int64_t sum_us = value_of(&metric->value);
    write_name(out, name, "_sum", metric->labels);
    (void)fprintf(out, "%" PRId64 ".%06" PRId64 "\n", sum_us / 1000000, sum_us % 1000000);
    write_name(out, name, "_count", metric->labels);
    (void)fprintf(out, "%" PRId64 "\n", count);
}

static void write_family(FILE *out, const struct family *family)
{
    (void)fprintf(out, "# HELP %s ", family->name);
    write_help(out, family->help);
    (void)fprintf(out, "\n# TYPE %s %s\n", family->name, kind_names[family->kind]);
    for (const struct metric *metric = family->metrics; metric; metric = metric->next)
        if (family->kind == METRIC_HISTOGRAM)
            write_histogram(out, family->name, metric);
        else
            write_number(out, family->name, metric);
}

char *metrics_render(size_t *size, struct fault *why)
{
    struct text_stream stream;
    FILE *out = text_stream_begin(&stream);
    if (!out) {
        (void)fault_memory(why);
        return NULL;
    }
    (void)pthread_mutex_lock(&lock); /* as in find */
    for (const struct family *family = families; family; family = family->next)
        write_family(out, family);
    (void)pthread_mutex_unlock(&lock);
    char *text = text_stream_end(&stream, size);
    if (!text)
        (void)fault_memory(why);
    return text;
}
