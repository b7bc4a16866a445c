/* SPDX-License-Identifier: Apache-2.0 */
#ifndef API_STATION_H
#define API_STATION_H

#include "adapt/adapter.h"
#include "api/recall.h"
#include "spool/reader.h"

/** What one HTTP thread works with and no other touches. */
struct station {
    struct workbench *bench;
    struct spool_reader *reader;
    struct recall *recall;
    struct station *next;
};

/** The stations of all threads.  Each is made when its thread first asks, and lives until close. */
struct stations;

struct stations *stations_open(const struct adapters *adapters, const char *spool_file,
                               struct fault *why) __attribute__((warn_unused_result));
/** When none of the threads that asked is at work any more. */
void stations_close(struct stations *stations);

/** The calling thread's own. */
struct station *stations_here(struct stations *stations, struct fault *why)
    __attribute__((warn_unused_result));

#endif
