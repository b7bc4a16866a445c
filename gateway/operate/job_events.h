/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_JOB_EVENTS_H
#define OPERATE_JOB_EVENTS_H

#include "operate/job_wish.h"
#include "spool/spool.h"

/** One partition's stretch of events that are to be sent again, and how far it is; offsets, of
 * which `to` and `next` are the first that are not in it. */
struct job_part {
    int32_t partition;
    int64_t from, to, next;
    int64_t sent;     /**< so many went out */
    int64_t first_ms; /**< when the first of them had come; 0: there was none */
    int64_t expected; /**< so many are to go, as the preview found */
};

/** What stretch is asked for. */
struct job_stretch {
    int64_t from_ms, to_ms;         /**< by time; 0: open */
    const struct job_part *offsets; /**< by offset; NULL: by time */
    size_t count;
};

/** What is to be sent, and how far an earlier process was. */
struct job_sending {
    int64_t job;
    int64_t made_ms;     /**< when the job was made */
    bool only_counts;    /**< nothing is sent */
    const char *partner; /**< only what it sent; NULL: anybody's */
    const char *agency;  /**< only what names it, or one below it; NULL: any */
    const struct job_part *parts;
    size_t count;
};

/** Who sends events again; main() joins the stage that has Kafka. */
struct job_events {
    void *own;
    /** The parts of a stretch, which the caller frees. */
    bool (*plan)(void *own, const struct job_stretch *stretch, struct job_part **parts,
                 size_t *count, struct fault *why);
    /** NULL with `why`; else the caller closes it. */
    void *(*open)(void *own, const struct job_sending *sending, struct fault *why);
    /** Takes a step of up to `limit` records, each once whatever happens, and fills `parts`, which
     * has room for all of them; FAULT_RETRY: the same again later. */
    bool (*step)(void *sender, size_t limit, struct job_part *parts, struct fault *why);
    void (*close)(void *sender);
};

/** A job of events: its preview, which only counts, or its run. */
struct job_replay;

/** Keeps all it is given.  The preview's parts come from the wish. */
struct job_replay *job_replay_preview(const struct job_events *events, struct spool *spool,
                                      int64_t job, const struct job_wish *wish, struct fault *why)
    __attribute__((warn_unused_result));
/** The run's are the job's items. */
struct job_replay *job_replay_run(const struct job_events *events, struct spool *spool,
                                  struct spool_reader *reader, const struct spool_job *job,
                                  const struct job_wish *wish, struct fault *why)
    __attribute__((warn_unused_result));
void job_replay_free(struct job_replay *replay);

/** Takes a step and keeps how far it is in the job's items; `*sent` says how many went out. */
bool job_replay_step(struct job_replay *replay, size_t limit, size_t *sent, bool *is_over,
                     struct fault *why) __attribute__((warn_unused_result));
/** When the oldest of what is to be sent had come; 0: there is none. */
int64_t job_replay_oldest(const struct job_replay *replay);

/** An item's detail as {"from", "to", "next", "sent", "expected", "first_ms"}; false when it is
 * none. */
bool job_part_read(const struct job_item *item, struct job_part *part);

#endif
