/* SPDX-License-Identifier: Apache-2.0 */
/* The write-ahead log, read frame by frame: what SQLite would use of it, and what it would not. */
#include "spool/wal.h"

#include "base/cleanup.h"
#include "spool/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    HEADER_SIZE = 32,
    FRAME_HEADER_SIZE = 24,
    MAGIC = 0x377f0682, /* with the last bit set: words are big-endian */
    LEAST_PAGE = 512,
    MOST_PAGE = 65536,
    USUAL_PAGE = 4096,
};

struct sum {
    uint32_t first, second;
};

/* A walk over the frames. */
struct walk {
    struct wal *wal;
    bool is_big_endian;
    uint8_t salts[8];
    struct sum sum; /* as the frame before says it is */
    bool is_sum_known;
    int64_t count;     /* frames that the file has room for */
    uint8_t *buffer;   /* a frame with its header */
    uint32_t *pending; /* of the group under way: pages, by frame */
    bool is_unbroken;  /* since the commit before: each frame checks by the one before it */
    int64_t behind;    /* commits from the broken one on */
    int64_t broken_at; /* the first frame that does not check; 0: none yet */
    int64_t sound_to;  /* the last commit before it */
    int64_t proven_to; /* the last commit behind it of a group that joins another: 0: none */
    int64_t proven_behind;
    uint32_t sound_pages, proven_pages; /* the database's size after these */
};

static uint32_t word(const struct walk *walk, const uint8_t *at)
{
    return walk->is_big_endian ? big_32(at)
                               : (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
                                     (uint32_t)at[3] << 24;
}

static struct sum add_up(const struct walk *walk, struct sum sum, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i + 8 <= size; i += 8) {
        sum.first += word(walk, bytes + i) + sum.second;
        sum.second += word(walk, bytes + i + 4) + sum.first;
    }
    return sum;
}

static bool is_page_size(uint32_t size)
{
    return size >= LEAST_PAGE && size <= MOST_PAGE && (size & (size - 1)) == 0;
}

static bool read_at(int file, void *to, size_t size, int64_t at)
{
    return pread(file, to, size, (off_t)at) == (ssize_t)size;
}

static int64_t frame_at(const struct wal *wal, int64_t frame)
{
    return HEADER_SIZE + (frame - 1) * (FRAME_HEADER_SIZE + (int64_t)wal->page_size);
}

/* What a database says of the size of its pages; the usual one where it cannot.  Closing its file
 * lets go of all locks that SQLite has on it in this process, so it is opened in need only. */
static uint32_t size_in(const char *database_file)
{
    uint8_t header[18] = {0};
    int file = open(database_file, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return USUAL_PAGE;
    bool is_read = read_at(file, header, sizeof header, 0);
    (void)close(file); /* it was only read */
    uint32_t size = (uint32_t)header[16] << 8 | header[17];
    if (size == 1)
        size = MOST_PAGE;
    return is_read && is_page_size(size) ? size : USUAL_PAGE;
}

/* Where the header is damaged, what it says is taken from the first frame. */
static void read_header(struct walk *walk, const char *database_file)
{
    uint8_t header[HEADER_SIZE] = {0};
    uint8_t frame[FRAME_HEADER_SIZE] = {0};
    struct wal *wal = walk->wal;
    struct sum none = {0};
    wal->is_header_damaged = true;
    if (read_at(wal->file, header, sizeof header, 0)) {
        walk->is_big_endian = (big_32(header) & 1) != 0;
        struct sum sum = add_up(walk, none, header, HEADER_SIZE - sizeof sum);
        wal->is_header_damaged =
            (big_32(header) & ~1U) != MAGIC || !is_page_size(big_32(header + 8)) ||
            sum.first != big_32(header + 24) || sum.second != big_32(header + 28);
        walk->sum = sum;
    }
    walk->is_sum_known = !wal->is_header_damaged;
    if (!wal->is_header_damaged) {
        wal->page_size = big_32(header + 8);
        memcpy(walk->salts, header + 16, sizeof walk->salts);
        return;
    }
    wal->page_size = size_in(database_file);
    walk->is_big_endian = false; /* as this machine writes it */
    if (read_at(wal->file, frame, sizeof frame, HEADER_SIZE))
        memcpy(walk->salts, frame + 8, sizeof walk->salts);
}

static bool remember(struct wal *wal, uint32_t page, int64_t frame, struct fault *why)
{
    enum { STEP = 4096 };
    if (page >= wal->frames_size) {
        uint32_t size = page + STEP;
        uint32_t *more = reallocarray(wal->frames, size, sizeof *more);
        if (!more)
            return fault_memory(why);
        memset(more + wal->frames_size, 0, (size - wal->frames_size) * sizeof *more);
        wal->frames = more;
        wal->frames_size = size;
    }
    wal->frames[page] = (uint32_t)frame;
    return true;
}

/* Whether the frame in the buffer is one of this log; `*checks` whether it is as it was written. */
static bool is_of_log(struct walk *walk, bool *checks)
{
    const uint8_t *header = walk->buffer;
    if (memcmp(header + 8, walk->salts, sizeof walk->salts) != 0)
        return false;
    struct sum sum = add_up(walk, walk->sum, header, 8);
    sum = add_up(walk, sum, header + FRAME_HEADER_SIZE, walk->wal->page_size);
    struct sum says = {big_32(header + 16), big_32(header + 20)};
    *checks = walk->is_sum_known && sum.first == says.first && sum.second == says.second;
    walk->sum = says; /* what follows is checked against what this one says of itself */
    walk->is_sum_known = true;
    return true;
}

static void note_commit(struct walk *walk, int64_t frame, uint32_t pages)
{
    bool is_proven = walk->is_unbroken;
    walk->is_unbroken = true; /* what begins here joins this one */
    if (walk->broken_at == 0) {
        walk->sound_to = frame;
        walk->sound_pages = pages;
        return;
    }
    walk->behind++;
    if (!is_proven)
        return;
    walk->proven_to = frame;
    walk->proven_pages = pages;
    walk->proven_behind = walk->behind;
}

static void look_at_frame(struct walk *walk, int64_t frame)
{
    bool checks = false;
    bool can_check = walk->is_sum_known;
    size_t size = FRAME_HEADER_SIZE + walk->wal->page_size;
    bool is_read = read_at(walk->wal->file, walk->buffer, size, frame_at(walk->wal, frame));
    bool is_ours = is_read && is_of_log(walk, &checks);
    uint32_t page = is_ours ? big_32(walk->buffer) : 0;
    /* Behind a header that is gone nothing says that this one is damaged. */
    walk->pending[frame] = checks || !can_check ? page : 0;
    walk->is_sum_known = is_ours;
    walk->is_unbroken &= checks || (is_ours && frame == 1 && !can_check);
    if (!checks && walk->broken_at == 0)
        walk->broken_at = frame;
    if (is_ours && big_32(walk->buffer + 4) != 0)
        note_commit(walk, frame, big_32(walk->buffer + 4));
}

/* A group that joins the commit before it was begun after that was synced.  (What an earlier power
 * cut left over of a longer group ends in a commit too, but joins nothing.) */
static bool settle(struct walk *walk, struct fault *why)
{
    struct wal *wal = walk->wal;
    bool is_damaged = walk->proven_to > 0;
    int64_t to = is_damaged ? walk->proven_to : walk->sound_to;
    wal->pages = is_damaged ? walk->proven_pages : walk->sound_pages;
    if (is_damaged) {
        wal->damaged_frame = walk->broken_at;
        wal->lost_commits = walk->proven_behind;
    }
    for (int64_t frame = 1; frame <= to; frame++)
        if (walk->pending[frame] > 0 && walk->pending[frame] <= wal->pages &&
            !remember(wal, walk->pending[frame], frame, why))
            return false;
    return true;
}

static bool walk_frames(struct walk *walk, struct fault *why)
{
    for (int64_t frame = 1; frame <= walk->count; frame++)
        look_at_frame(walk, frame);
    return settle(walk, why);
}

static bool read_log(struct wal *wal, const char *database_file, struct fault *why)
{
    struct stat status;
    struct walk walk = {.wal = wal};
    if (fstat(wal->file, &status) != 0)
        return fault_set(why, FAULT_BROKEN, "%s-wal: %s", database_file, strerror(errno));
    if (status.st_size <= HEADER_SIZE)
        return true;
    read_header(&walk, database_file);
    size_t size = FRAME_HEADER_SIZE + wal->page_size;
    walk.count = (status.st_size - HEADER_SIZE) / (int64_t)size;
    auto_free(free) uint8_t *buffer = malloc(size);
    auto_free(free) uint32_t *pending = calloc((size_t)walk.count + 1, sizeof *pending);
    if (!buffer || !pending)
        return fault_memory(why);
    walk.buffer = buffer;
    walk.pending = pending;
    walk.is_unbroken = true;
    return walk_frames(&walk, why);
}

bool wal_open(struct wal *wal, const char *database_file, struct fault *why)
{
    auto_free(free) char *path = NULL;
    *wal = (struct wal){.file = -1};
    if (asprintf(&path, "%s-wal", database_file) < 0) {
        path = NULL;
        return fault_memory(why);
    }
    wal->file = open(path, O_RDONLY | O_CLOEXEC);
    if (wal->file < 0)
        return errno == ENOENT || fault_set(why, FAULT_REFUSE, "%s: %s", path, strerror(errno));
    return read_log(wal, database_file, why);
}

void wal_close(struct wal *wal)
{
    if (wal->file >= 0)
        (void)close(wal->file); /* it was only read */
    free(wal->frames);
    *wal = (struct wal){.file = -1};
}

bool wal_page(const struct wal *wal, uint32_t page, uint8_t *to)
{
    if (page >= wal->frames_size || wal->frames[page] == 0)
        return false;
    int64_t at = frame_at(wal, wal->frames[page]) + FRAME_HEADER_SIZE;
    return read_at(wal->file, to, wal->page_size, at);
}

static void read_log_header(const char *database_file, uint8_t header[HEADER_SIZE])
{
    auto_free(free) char *path = NULL;
    if (asprintf(&path, "%s-wal", database_file) < 0) {
        path = NULL;
        return;
    }
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return;
    (void)read_at(file, header, HEADER_SIZE, 0); /* what cannot be read is not compared */
    (void)close(file);                           /* it was only read */
}

/* A header that was torn while the log was begun anew is harmless: all that the log has is in the
 * database then. */
static bool is_in_database(const struct wal *wal, const char *database_file, bool *is_in,
                           struct fault *why)
{
    auto_free(free) uint8_t *ours = malloc(wal->page_size);
    auto_free(free) uint8_t *theirs = malloc(wal->page_size);
    if (!ours || !theirs)
        return fault_memory(why);
    int file = open(database_file, O_RDONLY | O_CLOEXEC);
    *is_in = file >= 0;
    for (uint32_t page = 1; *is_in && page < wal->frames_size; page++) {
        int64_t at = (int64_t)(page - 1) * wal->page_size;
        if (wal->frames[page] == 0)
            continue;
        *is_in = wal_page(wal, page, ours) && read_at(file, theirs, wal->page_size, at) &&
                 memcmp(ours, theirs, wal->page_size) == 0;
    }
    if (file >= 0)
        (void)close(file); /* it was only read */
    return true;
}

static bool judge(const struct wal *wal, const char *database_file, struct fault *why)
{
    bool is_harmless = false;
    if (wal->file < 0 || wal->pages == 0)
        return true;
    if (wal->is_header_damaged) {
        if (!is_in_database(wal, database_file, &is_harmless, why))
            return false;
        return is_harmless || fault_set(why, FAULT_BROKEN,
                                        "%s-wal: its header is damaged, and what it holds would be "
                                        "left out; see lienthong spool repair",
                                        database_file);
    }
    return wal->damaged_frame == 0 ||
           fault_set(why, FAULT_BROKEN,
                     "%s-wal: frame %" PRId64 " is damaged, and %" PRId64
                     " commits from there on would be left out; see lienthong spool repair",
                     database_file, wal->damaged_frame, wal->lost_commits);
}

/* Beside a running daemon the log may begin anew while it is read: then it is read again. */
bool wal_check(const char *database_file, struct fault *why)
{
    enum { MOST_TRIES = 10 };
    bool is_well = true;
    bool is_the_same = false;
    for (int i = 0; i < MOST_TRIES && !is_the_same; i++) {
        struct wal wal;
        uint8_t before[HEADER_SIZE] = {0};
        uint8_t after[HEADER_SIZE] = {0};
        read_log_header(database_file, before);
        is_well = wal_open(&wal, database_file, why) && judge(&wal, database_file, why);
        wal_close(&wal);
        read_log_header(database_file, after);
        is_the_same = memcmp(before, after, sizeof before) == 0;
    }
    return is_well || !is_the_same;
}
