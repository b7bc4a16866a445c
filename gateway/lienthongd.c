/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon: starts the stages in order, hears signals, stops the stages in the reverse order. */
#include "base/clock.h"
#include "base/log.h"
#include "base/notify.h"
#include "parts.h"
#include "parts_operate.h"
#include "version.h"

#include <curl/curl.h>
#include <getopt.h>
#include <inttypes.h>
#include <libxml/parser.h>
#include <signal.h>
#include <sys/resource.h>

enum { HOUR_MS = 3600000, DAY_HOURS = 24 };

static void reload(struct daemon *daemon)
{
    struct fault why;
    if (reload_on_record(daemon, &why))
        log_info("directory.reloaded", NULL);
    else
        log_error("directory.kept", "why=\"%s\"", why.text);
}

static void prune(struct daemon *daemon)
{
    int64_t before =
        clock_now_ms() - daemon->config->spool.retention_days * DAY_HOURS * (int64_t)HOUR_MS;
    int64_t count;
    struct fault why;
    if (!spool_prune(daemon->spool, before, &count, &why))
        log_warn("spool.prune_failed", "why=\"%s\"", why.text);
    else if (count > 0)
        log_info("spool.pruned", "entries=%" PRId64, count);
    if (!file_keeper_prune(daemon->keeper, &count, &why))
        log_warn("files.prune_failed", "why=\"%s\"", why.text);
    else if (count > 0)
        log_info("files.pruned", "files=%" PRId64, count);
}

/* Until SIGTERM or SIGINT; SIGHUP reloads, and once an hour old entries and files go. */
static void run(struct daemon *daemon, const sigset_t *signals)
{
    const struct timespec second = {.tv_sec = 1};
    int64_t prune_at = clock_ticks_ms() + HOUR_MS;
    for (;;) {
        int number = sigtimedwait(signals, NULL, &second);
        if (number == SIGTERM || number == SIGINT)
            return;
        if (number == SIGHUP)
            reload(daemon);
        if (clock_ticks_ms() >= prune_at) {
            prune(daemon);
            prune_at = clock_ticks_ms() + HOUR_MS;
        }
    }
}

/* Every thread inherits the mask, so that signals reach run() alone. */
static void block_signals(sigset_t *signals)
{
    (void)sigemptyset(signals);
    (void)sigaddset(signals, SIGTERM);
    (void)sigaddset(signals, SIGINT);
    (void)sigaddset(signals, SIGHUP);
    (void)pthread_sigmask(SIG_BLOCK, signals, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
}

/* A core would hold the documents of the moment.  One byte is too little for a file, and the kernel
 * takes it as "none" also where cores go to a program, which 0 does not say. */
static void forbid_cores(void)
{
    const struct rlimit none = {.rlim_cur = 1, .rlim_max = 1};
    (void)setrlimit(RLIMIT_CORE, &none); /* fails when the limit is 0 for ever, which will do */
}

static int serve(struct daemon *daemon, const char *config_path, bool only_check)
{
    struct fault why;
    size_t started = 0;
    sigset_t signals;
    block_signals(&signals);
    forbid_cores();
    if (!parts_start(daemon, only_check, &started, &why)) {
        (void)fprintf(stderr, "lienthongd: %s\n", why.text);
        return 1;
    }
    if (only_check) {
        (void)printf("%s: good\n", config_path);
    } else {
        log_info("daemon.ready", "version=%s", LIENTHONG_VERSION);
        notify("READY=1");
        run(daemon, &signals);
        notify("STOPPING=1");
        log_info("daemon.stopping", NULL);
    }
    parts_stop(daemon, started);
    if (!only_check)
        log_info("daemon.stopped", NULL);
    return 0;
}

static int load_and_serve(const char *config_path, bool only_check)
{
    struct config config = {0};
    struct fault why;
    if (!config_load(config_path, &config, &why)) {
        (void)fprintf(stderr, "lienthongd: %s\n", why.text);
        return 1;
    }
    struct daemon daemon = {
        .config = &config, .config_path = config_path, .doors = PTHREAD_MUTEX_INITIALIZER};
    log_set_level(config.log.level);
    xmlInitParser();
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    int exit_code = serve(&daemon, config_path, only_check);
    config_free(&config);
    curl_global_cleanup();
    xmlCleanupParser();
    return exit_code;
}

static const char usage[] =
    "Usage: lienthongd --config FILE     run, until SIGTERM\n"
    "       lienthongd --check FILE      read the configuration and what it names, then exit\n"
    "       lienthongd --version\n"
    "SIGHUP reloads agencies.csv, partners.yaml, operators.yaml and the certificates of HTTPS; a "
    "bad\n"
    "file keeps the old one.\n"
    "Exit: 0 stopped as asked, 1 a fault at start, 2 usage.\n";

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"check", required_argument, NULL, 'k'},
        {"version", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int found = getopt_long(argc, argv, "", options, NULL);
    if (optind != argc)
        found = -1;
    switch (found) {
    case 'c':
        return load_and_serve(optarg, false);
    case 'k':
        return load_and_serve(optarg, true);
    case 'v':
        (void)printf("lienthongd %s\n", LIENTHONG_VERSION);
        return 0;
    case 'h':
        (void)fputs(usage, stdout);
        return 0;
    default:
        (void)fputs(usage, stderr);
        return 2;
    }
}
