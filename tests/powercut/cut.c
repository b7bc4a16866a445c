/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts the power of a recorded run at many moments, and judges what each leaves.
 *
 *     cut [--seed S] [--points N] [--ordered] [--deaf END] [--early N] [--jobs N] LOG ANSWERS
 *     cut … --only POINT [--write FOLDER] LOG ANSWERS
 *     cut --whole FOLDER LOG ANSWERS
 *
 * LOG is the recorder's, ANSWERS what the clients were told (workload.py).  Half of the points are
 * where something has just become durable, is just about to, or was just answered; the rest are
 * anywhere.  A seed and a point's number give the same cut again; --write leaves it in a folder and
 * lists the promises that hold there by their lines in ANSWERS, instead of judging.  --whole writes
 * the end of the run with nothing lost.  --deaf and --early are for the test of the judge: syncs of
 * files of that name do nothing, answers are given so many records too soon.
 */
#include "base/cleanup.h"
#include "disk.h"
#include "judge.h"

#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PATH_SIZE = 256, MOST_FINDINGS = 5, MOST_JOBS = 64 };

struct options {
    uint64_t seed, points, only, early, jobs;
    const char *write, *whole, *deaf;
    bool is_ordered;
};

struct point {
    uint64_t number;
    uint64_t at; /* records before it */
};

struct run {
    struct options options;
    const char *log;
    size_t log_size;
    size_t *records; /* where each begins */
    uint64_t record_count;
    struct promise *promises;
    size_t promise_count;
    struct point *points;
    size_t point_count;
    char folder[PATH_SIZE];
    uint64_t bad; /* points with findings */
};

static void end(const char *what)
{
    (void)fprintf(stderr, "cut: %s\n", what);
    exit(2);
}

static void *make(size_t count, size_t size)
{
    void *made = calloc(count ? count : 1, size);
    if (!made)
        end("memory is out");
    return made;
}

/* ---- the log ---- */

static void load_log(struct run *run, const char *path)
{
    struct stat status;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &status) != 0 || status.st_size == 0)
        end("the log cannot be read");
    run->log_size = (size_t)status.st_size;
    run->log = mmap(NULL, run->log_size, PROT_READ, MAP_PRIVATE, file, 0);
    (void)close(file); /* mapped */
    if (run->log == MAP_FAILED)
        end("the log cannot be mapped");
}

static struct record record_at(const struct run *run, size_t place)
{
    struct record record = {0};
    if (place + sizeof record <= run->log_size)
        memcpy(&record, run->log + place, sizeof record);
    if (place + sizeof record + record.path_size + record.byte_count > run->log_size)
        end("the log is not whole");
    return record;
}

static void index_log(struct run *run)
{
    size_t place = 0;
    run->records = make(run->log_size / sizeof(struct record), sizeof *run->records);
    while (place < run->log_size) {
        struct record record = record_at(run, place);
        run->records[run->record_count++] = place;
        place += sizeof record + record.path_size + record.byte_count;
    }
}

static void play(const struct run *run, struct disk *disk, uint64_t number)
{
    size_t place = run->records[number];
    struct record record = record_at(run, place);
    const char *path = run->log + place + sizeof record;
    if (disk_play(disk, &record, path, path + record.path_size))
        return;
    (void)fprintf(stderr, "cut: record %" PRIu64 " of kind %" PRIu32 " cannot be repeated: %.*s\n",
                  number, record.kind, (int)record.path_size, path);
    exit(2);
}

/* ---- what the clients were told ---- */

static bool read_promise(const char *line, struct promise *promise)
{
    char hex[SHA256_HEX_SIZE] = "";
    *promise = (struct promise){.given_at = UINT64_MAX, .gone_at = UINT64_MAX};
    if (sscanf(line, "handoff %" SCNu32 " %" SCNu32 " %" SCNu32 " %63s %d %64s", &promise->process,
               &promise->port, &promise->answer, promise->receipt, &promise->item, hex) == 6)
        return digest_unhex(hex, SHA256_SIZE, promise->sha256);
    promise->is_file = true;
    return sscanf(line, "file %" SCNu32 " %" SCNu32 " %" SCNu32 " %63s %64s", &promise->process,
                  &promise->port, &promise->answer, promise->partner, hex) == 5 &&
           digest_unhex(hex, SHA256_SIZE, promise->sha256);
}

static uint64_t find_mark(const struct run *run, uint32_t mark)
{
    for (uint64_t i = 0; i < run->record_count; i++) {
        struct record record = record_at(run, run->records[i]);
        if (record.kind == RECORD_MARK && record.number == mark)
            return i + 1;
    }
    end("a mark is not in the log");
    return 0;
}

/* "gone MARK LINE": from the mark on the promise of that line may be pruned. */
static bool read_gone(struct run *run, const char *line)
{
    uint32_t mark = 0;
    size_t promise = 0;
    if (sscanf(line, "gone %" SCNu32 " %zu", &mark, &promise) != 2 || promise >= run->promise_count)
        return false;
    run->promises[promise].gone_at = find_mark(run, mark);
    return true;
}

static void load_answers(struct run *run, const char *path)
{
    auto_free(fclose) FILE *file = fopen(path, "re");
    auto_free(free) char *line = NULL;
    size_t room = 0, most = 1;
    if (!file)
        end("the answers cannot be read");
    run->promises = make(most, sizeof *run->promises);
    while (getline(&line, &room, file) > 0) {
        if (run->promise_count == most) {
            most *= 2;
            run->promises = reallocarray(run->promises, most, sizeof *run->promises);
            if (!run->promises)
                end("memory is out");
        }
        if (read_promise(line, &run->promises[run->promise_count]))
            run->promise_count++;
        else if (!read_gone(run, line))
            end("a line of the answers is not understood");
    }
}

/* Ports of one process of the daemon, and how many answers went to each. */
struct ports {
    uint32_t process;
    uint32_t answers[UINT16_MAX + 1];
};

static void give(struct run *run, const struct ports *ports, uint32_t port, uint64_t at)
{
    for (size_t i = 0; i < run->promise_count; i++) {
        struct promise *promise = &run->promises[i];
        if (promise->process == ports->process && promise->port == port &&
            promise->answer == ports->answers[port])
            promise->given_at = at > run->options.early ? at - run->options.early : 1;
    }
}

/* Finds the record of each answer; a promise without one would never be judged. */
static void match_answers(struct run *run)
{
    struct ports *ports = make(1, sizeof *ports);
    for (uint64_t i = 0; i < run->record_count; i++) {
        struct record record = record_at(run, run->records[i]);
        if (record.kind == RECORD_START) {
            uint32_t process = ports->process + 1;
            *ports = (struct ports){.process = process};
        } else if (record.kind == RECORD_ANSWER) {
            ports->answers[record.number & UINT16_MAX]++;
            give(run, ports, record.number & UINT16_MAX, i + 1);
        }
    }
    free(ports);
    for (size_t i = 0; i < run->promise_count; i++)
        if (run->promises[i].given_at == UINT64_MAX)
            end("an answer is not in the log");
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

static void choose_points(struct run *run)
{
    uint64_t *turns = make(2 * run->record_count, sizeof *turns);
    uint64_t turn_count = 0, first = 0;
    while (first < run->record_count && record_at(run, run->records[first]).kind != RECORD_START)
        first++;
    for (uint64_t i = first; i < run->record_count; i++) {
        uint32_t kind = record_at(run, run->records[i]).kind;
        if (kind == RECORD_SYNC_END)
            turns[turn_count++] = i; /* it does not return */
        if (is_turn(kind))
            turns[turn_count++] = i + 1;
    }
    if (turn_count == 0)
        end("nothing was ever synced");
    run->point_count = run->options.points;
    run->points = make(run->point_count, sizeof *run->points);
    for (uint64_t i = 0; i < run->point_count; i++) {
        uint64_t chance = run->options.seed * UINT64_C(1000003) + i;
        uint64_t at = i % 2 == 0 ? turns[(i / 2 * turn_count / (run->point_count / 2 + 1))]
                                 : first + disk_random(&chance) % (run->record_count - first);
        run->points[i] = (struct point){i, at};
    }
    qsort(run->points, run->point_count, sizeof *run->points, compare_points);
    free(turns);
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
    if (mkdir(folder, S_IRWXU) != 0 || !disk_cut(disk, &chance, folder))
        end("a cut cannot be written");
    const struct judging judging = {.folder = folder,
                                    .promises = run->promises,
                                    .count = run->promise_count,
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
    enum disk_model model = run->options.is_ordered ? DISK_ORDERED : DISK_STRICT;
    struct disk *disk = disk_new(model, run->options.deaf);
    uint64_t played = 0, running = 0;
    for (size_t i = 0; disk && i < run->point_count; i++) {
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
        if (child < 0)
            end("no process can be made");
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
    enum disk_model model = run->options.is_ordered ? DISK_ORDERED : DISK_STRICT;
    struct disk *disk = disk_new(model, run->options.deaf);
    const struct point *point = run->points;
    while (point < run->points + run->point_count && point->number != run->options.only)
        point++;
    if (!disk || point == run->points + run->point_count)
        end("there is no such point");
    for (uint64_t i = 0; i < point->at; i++)
        play(run, disk, i);
    uint64_t chance = chance_of(run, point);
    if (!disk_cut(disk, &chance, run->options.write))
        end("a cut cannot be written");
    for (size_t i = 0; i < run->promise_count; i++)
        if (run->promises[i].given_at <= point->at && run->promises[i].gone_at > point->at)
            (void)printf("%zu\n", i);
    disk_free(disk);
}

static void write_whole(const struct run *run)
{
    struct disk *disk = disk_new(DISK_STRICT, NULL);
    for (uint64_t i = 0; disk && i < run->record_count; i++)
        play(run, disk, i);
    if (!disk || !disk_write(disk, run->options.whole))
        end("the whole cannot be written");
    disk_free(disk);
}

/* ---- the program ---- */

static void read_options(struct options *options, int argc, char **argv)
{
    enum { SEED = 1, POINTS, ONLY, EARLY, JOBS, WRITE, WHOLE, DEAF, ORDERED };
    static const struct option table[] = {
        {"seed", required_argument, NULL, SEED},   {"points", required_argument, NULL, POINTS},
        {"only", required_argument, NULL, ONLY},   {"early", required_argument, NULL, EARLY},
        {"jobs", required_argument, NULL, JOBS},   {"write", required_argument, NULL, WRITE},
        {"whole", required_argument, NULL, WHOLE}, {"deaf", required_argument, NULL, DEAF},
        {"ordered", no_argument, NULL, ORDERED},   {0}};
    uint64_t *const numbers[] = {NULL,           &options->seed,  &options->points,
                                 &options->only, &options->early, &options->jobs};
    const char **const texts[] = {&options->write, &options->whole, &options->deaf};
    for (int option; (option = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        if (option >= SEED && option <= JOBS)
            *numbers[option] = strtoull(optarg, NULL, 10);
        else if (option >= WRITE && option <= DEAF)
            *texts[option - WRITE] = optarg;
        else if (option == ORDERED)
            options->is_ordered = true;
        else
            exit(2);
    }
    if (argc - optind != 2 || options->jobs == 0 || options->jobs > MOST_JOBS)
        end("wants a log and a file of answers");
}

/* In memory where there is room for that: what a cut leaves is synced by those who open it. */
static void make_folder(struct run *run)
{
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)snprintf(run->folder, sizeof run->folder, "%s/lienthong-cut-XXXXXX", base);
    if (!mkdtemp(run->folder))
        end("a folder cannot be made");
}

int main(int argc, char **argv)
{
    struct run run = {.options = {.seed = 1, .points = 200, .only = UINT64_MAX, .jobs = 2}};
    read_options(&run.options, argc, argv);
    load_log(&run, argv[optind]);
    index_log(&run);
    load_answers(&run, argv[optind + 1]);
    match_answers(&run);
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
                     run.options.only == UINT64_MAX ? run.point_count : 1, run.record_count,
                     run.promise_count, run.bad);
    }
    free(run.records);
    free(run.promises);
    free(run.points);
    return run.bad > 0;
}
