/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts the power of a recorded run at many moments, and judges what each leaves.
 *
 *     cut [--seed S] [--points N] [--ordered] [--deaf PATTERN] [--early N] [--jobs N] LOG ANSWERS
 *     cut … --only POINT [--write FOLDER] LOG ANSWERS
 *     cut --whole FOLDER LOG ANSWERS
 *
 * LOG is the recorder's, ANSWERS what the clients were told (workload.py).  Half of the points are
 * where something has just become durable, is just about to, or was just answered; some lie near a
 * start of the daemon, the rest anywhere.  A seed and a point's number give the same cut again;
 * --write leaves it in a folder and lists the promises that hold there by their lines in ANSWERS,
 * instead of judging.  --whole writes the end of the run with nothing lost.  --deaf and --early are
 * for the test of the judge: syncs of files of that name do nothing, answers are given so many
 * records too soon.  --keys is the file of master keys of a sealed spool.
 */
#include "base/cleanup.h"
#include "base/keyring.h"
#include "disk.h"
#include "judge.h"

#include <ftw.h>
#include <getopt.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_SIZE = 256, MOST_FINDINGS = 5, MOST_JOBS = 64 };

struct options {
    uint64_t seed, points, only, early, jobs;
    const char *write, *whole, *deaf, *keys;
    bool is_ordered;
};

struct point {
    uint64_t number;
    uint64_t at; /* records before it */
};

struct run {
    struct options options;
    struct tape tape;
    struct promises promises;
    struct point *points;
    size_t point_count;
    char folder[PATH_SIZE];
    uint64_t bad; /* points with findings */
};

static void play(const struct run *run, struct disk *disk, uint64_t number)
{
    struct record record = tape_at(&run->tape, number);
    const char *path = tape_path(&run->tape, number);
    if (disk_play(disk, &record, path, path + record.path_size))
        return;
    (void)fprintf(stderr, "cut: record %" PRIu64 " of kind %" PRIu32 " cannot be repeated: %.*s\n",
                  number, record.kind, (int)record.path_size, path);
    exit(2);
}

static struct disk *new_disk(const struct run *run)
{
    enum disk_model model = run->options.is_ordered ? DISK_ORDERED : DISK_STRICT;
    struct disk *disk = disk_new(model, run->options.deaf);
    must(disk != NULL, "memory is out");
    return disk;
}

static void *make(size_t count, size_t size)
{
    void *made = calloc(count ? count : 1, size);
    must(made != NULL, "memory is out");
    return made;
}

/* ---- points ---- */

/* Record after which a cut is of interest: it made something durable, or told somebody. */
static bool is_turn(uint32_t kind)
{
    return kind == RECORD_SYNC_END || kind == RECORD_ANSWER;
}

static int compare_points(const void *one, const void *other)
{
    const struct point *left = one;
    const struct point *right = other;
    if (left->at != right->at)
        return left->at < right->at ? -1 : 1;
    return (left->number > right->number) - (left->number < right->number);
}

/* Where it was started, and the records at which cuts are of interest. */
struct course {
    uint64_t *turns, *starts;
    uint64_t turn_count, start_count;
};

static void survey(const struct run *run, struct course *course)
{
    course->turns = make(2 * run->tape.count, sizeof *course->turns);
    course->starts = make(run->tape.count, sizeof *course->starts);
    for (uint64_t i = 0; i < run->tape.count; i++) {
        uint32_t kind = tape_at(&run->tape, i).kind;
        if (kind == RECORD_START)
            course->starts[course->start_count++] = i;
        if (kind == RECORD_SYNC_END)
            course->turns[course->turn_count++] = i; /* it does not return */
        if (is_turn(kind))
            course->turns[course->turn_count++] = i + 1;
    }
    must(course->turn_count > 0 && course->start_count > 0, "nothing was ever synced");
}

/* Every second one is a turn, these in their order; every tenth is near a start, where files are
 * made and recovered, and, just before, ended. */
static uint64_t choose(const struct run *run, const struct course *course, uint64_t number)
{
    enum { STEP = 2, NEAR_STEP = 5, BEFORE = 200, NEAR = 700 };
    uint64_t chance = run->options.seed * UINT64_C(1000003) + number;
    uint64_t first = course->starts[0], turns = run->options.points / STEP + 1;
    uint64_t at = first + disk_random(&chance) % (run->tape.count - first);
    if (number % STEP == 0) {
        at = course->turns[number / STEP * course->turn_count / turns];
    } else if (number % NEAR_STEP == 0) {
        at = course->starts[disk_random(&chance) % course->start_count];
        at += disk_random(&chance) % NEAR;
        at -= at < BEFORE ? at : BEFORE;
    }
    if (at > run->tape.count)
        at = run->tape.count;
    return at < first ? first : at;
}

static void choose_points(struct run *run)
{
    struct course course = {0};
    survey(run, &course);
    run->point_count = run->options.points;
    run->points = make(run->point_count, sizeof *run->points);
    for (uint64_t i = 0; i < run->point_count; i++)
        run->points[i] = (struct point){i, choose(run, &course, i)};
    qsort(run->points, run->point_count, sizeof *run->points, compare_points);
    free(course.turns);
    free(course.starts);
}

/* ---- one cut ---- */

struct telling {
    const struct run *run;
    const struct point *point;
    int count;
};

static void tell(void *own, const char *finding)
{
    struct telling *telling = own;
    if (telling->count++ >= MOST_FINDINGS)
        return;
    (void)printf("seed %" PRIu64 " point %" PRIu64 " (record %" PRIu64 "): %s\n",
                 telling->run->options.seed, telling->point->number, telling->point->at, finding);
    (void)fflush(stdout);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void remove_folder(const char *folder)
{
    enum { DESCRIPTORS = 16 };
    (void)nftw(folder, remove_one, DESCRIPTORS, FTW_DEPTH | FTW_PHYS); /* in memory, or /tmp */
}

static uint64_t chance_of(const struct run *run, const struct point *point)
{
    uint64_t chance = run->options.seed;
    return disk_random(&chance) ^ (point->number * UINT64_C(0xD1342543DE82EF95));
}

/* In a process of its own: exit 0 without findings. */
static void judge_point(const struct run *run, const struct disk *disk, const struct point *point)
{
    char folder[2 * PATH_SIZE];
    uint64_t chance = chance_of(run, point);
    struct telling telling = {run, point, 0};
    (void)snprintf(folder, sizeof folder, "%s/%" PRIu64, run->folder, point->number);
    must(mkdir(folder, S_IRWXU) == 0 && disk_cut(disk, &chance, folder), "a cut cannot be written");
    const struct judging judging = {.folder = folder,
                                    .promises = &run->promises,
                                    .at = point->at,
                                    .each = tell,
                                    .own = &telling};
    judge(&judging);
    remove_folder(folder);
    _exit(telling.count > 0);
}

static void wait_for_one(struct run *run)
{
    int status = 0;
    pid_t child = wait(&status);
    bool is_judged = WIFEXITED(status) && WEXITSTATUS(status) <= 1;
    run->bad += status != 0;
    if (!is_judged)
        (void)printf("seed %" PRIu64 ": the judge's process %d ended with %d\n", run->options.seed,
                     (int)child, status);
}

static void judge_all(struct run *run)
{
    struct disk *disk = new_disk(run);
    uint64_t played = 0, running = 0;
    for (size_t i = 0; i < run->point_count; i++) {
        const struct point *point = &run->points[i];
        while (played < point->at)
            play(run, disk, played++);
        if (run->options.only != UINT64_MAX && point->number != run->options.only)
            continue;
        if (running == run->options.jobs)
            wait_for_one(run);
        else
            running++;
        (void)fflush(stdout);
        pid_t child = fork();
        must(child >= 0, "no process can be made");
        if (child == 0)
            judge_point(run, disk, point);
    }
    for (; running > 0; running--)
        wait_for_one(run);
    disk_free(disk);
}

/* The one point in a folder, and what must hold there. */
static void write_point(const struct run *run)
{
    struct disk *disk = new_disk(run);
    const struct point *point = run->points;
    while (point < run->points + run->point_count && point->number != run->options.only)
        point++;
    must(point < run->points + run->point_count, "there is no such point");
    for (uint64_t i = 0; i < point->at; i++)
        play(run, disk, i);
    uint64_t chance = chance_of(run, point);
    must(disk_cut(disk, &chance, run->options.write), "a cut cannot be written");
    for (size_t i = 0; i < run->promises.count; i++) {
        const struct promise *promise = &run->promises.list[i];
        if (promise->given_at <= point->at && promise->gone_at > point->at)
            (void)printf("%zu\n", i);
    }
    disk_free(disk);
}

static void write_whole(const struct run *run)
{
    struct disk *disk = new_disk(run);
    for (uint64_t i = 0; i < run->tape.count; i++)
        play(run, disk, i);
    must(disk_write(disk, run->options.whole), "the whole cannot be written");
    disk_free(disk);
}

/* ---- the program ---- */

static void read_options(struct options *options, int argc, char **argv)
{
    enum { SEED = 1, POINTS, ONLY, EARLY, JOBS, WRITE, WHOLE, DEAF, KEYS, ORDERED };
    static const struct option table[] = {{"seed", required_argument, NULL, SEED},
                                          {"points", required_argument, NULL, POINTS},
                                          {"only", required_argument, NULL, ONLY},
                                          {"early", required_argument, NULL, EARLY},
                                          {"jobs", required_argument, NULL, JOBS},
                                          {"write", required_argument, NULL, WRITE},
                                          {"whole", required_argument, NULL, WHOLE},
                                          {"deaf", required_argument, NULL, DEAF},
                                          {"keys", required_argument, NULL, KEYS},
                                          {"ordered", no_argument, NULL, ORDERED},
                                          {0}};
    uint64_t *const numbers[] = {NULL,           &options->seed,  &options->points,
                                 &options->only, &options->early, &options->jobs};
    const char **const texts[] = {&options->write, &options->whole, &options->deaf, &options->keys};
    for (int option; (option = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        if (option >= SEED && option <= JOBS)
            *numbers[option] = strtoull(optarg, NULL, 10);
        else if (option >= WRITE && option <= KEYS)
            *texts[option - WRITE] = optarg;
        else if (option == ORDERED)
            options->is_ordered = true;
        else
            exit(2);
    }
    must(argc - optind == 2 && options->jobs > 0 && options->jobs <= MOST_JOBS,
         "wants a log and a file of answers");
}

/* In memory where there is room for that: what a cut leaves is synced by those who open it. */
static void make_folder(struct run *run)
{
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)snprintf(run->folder, sizeof run->folder, "%s/lienthong-cut-XXXXXX", base);
    must(mkdtemp(run->folder) != NULL, "a folder cannot be made");
}

int main(int argc, char **argv)
{
    struct run run = {.options = {.seed = 1, .points = 200, .only = UINT64_MAX, .jobs = 2}};
    read_options(&run.options, argc, argv);
    struct fault why;
    struct keyring *keyring = run.options.keys ? keyring_load(run.options.keys, &why) : NULL;
    must(keyring || !run.options.keys, "the keys cannot be read");
    keyring_serve(keyring);
    tape_load(&run.tape, argv[optind]);
    promises_load(&run.promises, argv[optind + 1], &run.tape, run.options.early);
    choose_points(&run);
    if (run.options.whole) {
        write_whole(&run);
    } else if (run.options.write) {
        write_point(&run);
    } else {
        make_folder(&run);
        judge_all(&run);
        remove_folder(run.folder);
        (void)printf("cut: %zu points of %" PRIu64 " records, %zu promises, %" PRIu64
                     " points with findings\n",
                     run.options.only == UINT64_MAX ? run.point_count : 1, run.tape.count,
                     run.promises.count, run.bad);
    }
    keyring_serve(NULL);
    keyring_free(keyring);
    free(run.tape.places);
    free(run.promises.list);
    free(run.points);
    return run.bad > 0;
}
