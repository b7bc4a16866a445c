/* SPDX-License-Identifier: Apache-2.0 */
/* The file drop's thread: looks at every partner's folder, takes what waits, oldest first. */
#include "ingest/drop.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "ingest/drop_folder.h"
#include "ingest/intake.h"
#include "signature/detached.h"

#include <inttypes.h>
#include <jansson.h>
#include <pthread.h>
#include <string.h>

enum { FILES_AT_ONCE = 1000, HOUR_MS = 3600000, DAY_MS = 86400000 };

struct drop {
    struct drop_options options;
    struct stop stop;
    pthread_t thread;
    int64_t prune_at_ticks;
};

/* The folder of one partner while it is looked at. */
struct round {
    struct drop *drop;
    const char *partner;
    struct drop_folder folder;
    int64_t taken, failed;
};

static char *say_problem(const struct fault *why)
{
    json_t *json = json_pack("{s:[{s:s, s:s}], s:i}", "problems", "rule", "document", "detail",
                             why->text, "total", 1);
    char *text = json ? json_dumps(json, JSON_INDENT(1)) : NULL;
    json_decref(json);
    return text;
}

static bool end_file(struct round *round, const struct dropped *file, bool is_done,
                     const char *text, struct fault *why)
{
    if (!drop_folder_end(&round->folder, is_done, file,
                         is_done ? ".receipt.json" : ".problems.json", text, why))
        return false;
    *(is_done ? &round->taken : &round->failed) += 1;
    return true;
}

/* What will never be taken says so beside itself; everything else stays for the next round. */
static bool give_up(struct round *round, const struct dropped *file, struct fault *why)
{
    if (why->kind != FAULT_REFUSE)
        return false;
    auto_free(free) char *text = say_problem(why);
    return text ? end_file(round, file, false, text, why) : fault_memory(why);
}

static bool take_file(struct round *round, const struct dropped *file, struct fault *why)
{
    struct intake intake = {.partner = round->partner};
    struct intake_result result = {0};
    auto_free(free) char *jws =
        drop_folder_signature(&round->folder, file->name, DETACHED_MOST, why);
    if (!jws && why->kind != FAULT_NONE)
        return give_up(round, file, why);
    intake.jws = jws;
    intake.bytes = drop_folder_read(&round->folder, file, round->drop->options.file_limit_bytes,
                                    &intake.size, why);
    if (!intake.bytes ||
        !intake_take(round->drop->options.ingest, &intake, &round->drop->stop, &result, why))
        return give_up(round, file, why);
    auto_free(free) char *text = result.text;
    bool is_done = result.verdict == INTAKE_ACCEPTED || result.verdict == INTAKE_REPEATED;
    return end_file(round, file, is_done, text, why);
}

static bool take_files(struct round *round, struct fault *why)
{
    size_t count;
    bool is_good = true;
    struct dropped *list = drop_folder_list(&round->folder, FILES_AT_ONCE, &count, why);
    if (!list)
        return false;
    for (size_t i = 0; i < count && is_good && !stop_is_asked(&round->drop->stop); i++)
        is_good = take_file(round, &list[i], why);
    drop_list_free(list, count);
    return is_good;
}

static void look_at(struct drop *drop, const struct partner *partner, bool prunes)
{
    struct fault why;
    struct round round = {.drop = drop, .partner = partner->id};
    bool is_open = drop_folder_open(partner->collect.drop, &round.folder, &why);
    if (!is_open || !take_files(&round, &why))
        log_warn("drop.waits", "partner=%s why=\"%s\"", partner->id, why.text);
    if (prunes && is_open && round.folder.overlong > 0) /* now and then */
        log_warn("drop.passed_over", "partner=%s files=%zu why=\"their names are over %d bytes\"",
                 partner->id, round.folder.overlong, (int)DROP_NAME_MOST);
    if (round.taken > 0)
        log_info("drop.taken", "partner=%s files=%" PRId64, partner->id, round.taken);
    if (round.failed > 0)
        log_warn("drop.failed", "partner=%s files=%" PRId64, partner->id, round.failed);
    if (!is_open)
        return;
    if (prunes)
        drop_folder_prune(&round.folder, clock_now_ms() - drop->options.keep_days * DAY_MS);
    drop_folder_close(&round.folder);
}

static void *run(void *own)
{
    struct drop *drop = own;
    do {
        struct directory *directory = directory_current(drop->options.place);
        bool prunes = clock_ticks_ms() >= drop->prune_at_ticks;
        for (size_t i = 0; i < directory_partner_count(directory); i++) {
            const struct partner *partner = directory_partner_at(directory, i);
            if (partner->collect.drop && !stop_is_asked(&drop->stop))
                look_at(drop, partner, prunes);
        }
        directory_release(directory);
        if (prunes)
            drop->prune_at_ticks = clock_ticks_ms() + HOUR_MS;
    } while (!stop_wait(&drop->stop, drop->options.scan_ms));
    return NULL;
}

struct drop *drop_start(const struct drop_options *options, struct fault *why)
{
    struct drop *drop = calloc(1, sizeof *drop);
    if (!drop) {
        (void)fault_memory(why);
        return NULL;
    }
    drop->options = *options;
    if (!stop_open(&drop->stop, why)) {
        free(drop);
        return NULL;
    }
    if (pthread_create(&drop->thread, NULL, run, drop) == 0)
        return drop;
    (void)fault_set(why, FAULT_BROKEN, "the file drop's thread does not start");
    stop_close(&drop->stop);
    free(drop);
    return NULL;
}

void drop_stop(struct drop *drop)
{
    if (!drop)
        return;
    stop_ask(&drop->stop);
    (void)pthread_join(drop->thread, NULL);
    stop_close(&drop->stop);
    free(drop);
}
