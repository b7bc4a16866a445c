/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPOOL_WRITER_H
#define SPOOL_WRITER_H

#include "spool/queue.h"

/** What of the journal's state other threads see: how far it can be read and is published. */
struct progress {
    pthread_mutex_t lock;
    pthread_cond_t moved;     /* at each commit */
    pthread_cond_t published; /* when the watermark is another */
    int64_t last_next;        /* guarded by lock, as are the rest; see struct counters */
    int64_t watermark;
    int64_t last_arrival;
    struct spool_levels levels;
    bool is_closed;
};

enum { WATCHERS = 8 };

/** Who wants to know that deliveries changed. */
struct watchers {
    pthread_mutex_t lock; /* held while they are called */
    size_t count;         /* guarded by lock, as is the rest */
    struct {
        void (*changed)(void *own);
        void *own;
    } watchers[WATCHERS];
};

struct spool {
    struct spool_options options;
    char *file;
    int lock_file;
    struct store store; /* the writer's alone, once it runs */
    struct queue queue;
    struct progress progress;
    struct watchers watchers;
    pthread_t writer;
    bool is_running;
    int64_t wal_frames;    /* the writer's: in the WAL after the last commit */
    int64_t checkpoint_at; /* the writer's: frames at which to checkpoint next */
    int64_t levels_at_ms;  /* the writer's: when to look at the disk again */
    int64_t shorten_at_ms; /* the writer's: when to try again to cut the log */
    int64_t failures;      /* the writer's: groups in a row that failed */
    int64_t groups;        /* the writer's */
    uint8_t receipt_key[SHA256_SIZE];
    _Atomic bool is_interrupted; /* what takes many groups is to end */
};

/** Starts the writer's thread. */
bool writer_start(struct spool *spool, struct fault *why) __attribute__((warn_unused_result));
/** Commits what is queued and ends the thread. */
void writer_stop(struct spool *spool);

/** Has the writer do `work` inside a group's transaction, and waits for the group's end.  What work
 * may do and give as a fault is as with a task. */
bool writer_do(struct spool *spool,
               bool (*work)(struct store *store, void *arguments, struct fault *why),
               void *arguments, struct fault *why) __attribute__((warn_unused_result));

/** Whether a walk of many groups may begin its next one; FAULT_RETRY after spool_interrupt. */
bool writer_goes_on(const struct spool *spool, struct fault *why)
    __attribute__((warn_unused_result));

void watchers_open(struct watchers *watchers);
void watchers_close(struct watchers *watchers);
void watchers_call(struct watchers *watchers);

void progress_open(struct progress *progress);
void progress_close(struct progress *progress);
/** Takes the counters over after a commit; wakes those who wait. */
void progress_move(struct progress *progress, const struct counters *counters);
/** From now on nothing more is accepted: writing on could make it worse. */
void progress_note_damage(struct progress *progress);
/** False (FAULT_RETRY) when the disk is below its reserve, or after progress_note_damage. */
bool progress_has_room(struct progress *progress, struct fault *why)
    __attribute__((warn_unused_result));
/** Wakes everybody who still waits; nobody may wait from now on. */
void progress_end(struct progress *progress);

/** Looks at the disk and the oldest entry; the writer calls it now and then. */
void levels_refresh(struct spool *spool);

#endif
