/* SPDX-License-Identifier: Apache-2.0 */
/* Working memory and a connection to the spool for each thread, found by thread-specific storage.
 */
#include "api/station.h"

#include "base/cleanup.h"

#include <pthread.h>

struct stations {
    const struct adapters *adapters;
    char *spool_file;
    pthread_key_t here;
    pthread_mutex_t lock;
    struct station *first; /* guarded by lock */
};

static void free_station(struct station *station)
{
    if (!station)
        return;
    recall_free(station->recall);
    spool_reader_close(station->reader);
    workbench_free(station->bench);
    free(station);
}

ENDS_WITH_SCOPE(struct station *, free_station)

struct stations *stations_open(const struct adapters *adapters, const char *spool_file,
                               struct fault *why)
{
    auto_free(free) struct stations *stations = calloc(1, sizeof *stations);
    auto_free(free) char *file = strdup(spool_file);
    if (!stations || !file) {
        (void)fault_memory(why);
        return NULL;
    }
    if (pthread_key_create(&stations->here, NULL) != 0) {
        (void)fault_set(why, FAULT_BROKEN, "no thread-specific storage is left");
        return NULL;
    }
    pthread_mutex_init(&stations->lock, NULL);
    stations->adapters = adapters;
    stations->spool_file = steal(file);
    return steal(stations);
}

void stations_close(struct stations *stations)
{
    if (!stations)
        return;
    while (stations->first) {
        struct station *station = stations->first;
        stations->first = station->next;
        free_station(station);
    }
    pthread_key_delete(stations->here);
    pthread_mutex_destroy(&stations->lock);
    free(stations->spool_file);
    free(stations);
}

static struct station *make(struct stations *stations, struct fault *why)
{
    auto_free(free_station) struct station *station = calloc(1, sizeof *station);
    if (station)
        station->recall = recall_new();
    if (!station || !station->recall) {
        (void)fault_memory(why);
        return NULL;
    }
    station->bench = workbench_new(stations->adapters, why);
    if (!station->bench)
        return NULL;
    station->reader = spool_reader_open(stations->spool_file, why);
    return station->reader ? steal(station) : NULL;
}

struct station *stations_here(struct stations *stations, struct fault *why)
{
    struct station *here = pthread_getspecific(stations->here);
    if (here)
        return here;
    auto_free(free_station) struct station *station = make(stations, why);
    if (!station)
        return NULL;
    if (pthread_setspecific(stations->here, station) != 0) {
        (void)fault_memory(why);
        return NULL;
    }
    pthread_mutex_lock(&stations->lock);
    station->next = stations->first;
    stations->first = station;
    pthread_mutex_unlock(&stations->lock);
    return steal(station);
}
