/* SPDX-License-Identifier: Apache-2.0 */
/* How the operators' lists and views are made. */
#include "parts_views.h"

#include "operate/facets.h"

static bool start_finder(struct daemon *daemon, struct fault *why)
{
    const struct finder_options options = {
        .spool_file = daemon->config->spool.file,
        .spool = daemon->spool,
        .teller = daemon->views.teller,
    };
    daemon->views.finder = finder_start(&options, why);
    return daemon->views.finder != NULL;
}

bool start_views(struct daemon *daemon, const struct lookout_hooks *hooks, struct fault *why)
{
    const struct config *config = daemon->config;
    struct views *views = &daemon->views;
    const struct lookout_options options = {
        .spool = daemon->spool,
        .spool_file = config->spool.file,
        .place = daemon->place,
        .silence_hours = config->operate.silence_hours,
        .hooks = *hooks,
    };
    views->spool = daemon->spool;
    views->stations = stations_open(daemon->adapters, config->spool.file, why);
    if (!views->stations)
        return false;
    views->teller = facets_teller(views->stations);
    if (!start_finder(daemon, why))
        return false;
    views->aside = aside_open(config->spool.file, 1, why);
    if (!views->aside)
        return false;
    views->lookout = lookout_start(&options, why);
    return views->lookout != NULL;
}

void stop_views(struct daemon *daemon)
{
    lookout_stop(daemon->views.lookout);
    finder_stop(daemon->views.finder);
    aside_free(daemon->views.aside);
    stations_close(daemon->views.stations);
}

size_t views_tables(struct daemon *daemon, struct guard_table tables[VIEWS_TABLES])
{
    struct views *views = &daemon->views;
    const struct guard_table all[VIEWS_TABLES] = {
        overview_table(views),      search_table(views),  failures_table(views),
        delivery_list_table(views), filters_table(views), audit_table(views),
        reconcile_table(views),
    };
    for (size_t i = 0; i < VIEWS_TABLES; i++)
        tables[i] = all[i];
    return VIEWS_TABLES;
}
