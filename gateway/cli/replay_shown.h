/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_REPLAY_SHOWN_H
#define CLI_REPLAY_SHOWN_H

#include <jansson.h>

/* Bulk replays as people read them; each takes a job as the daemon tells it. */

/** One line on standard error that is written over by the next. */
void replay_show_progress(const json_t *job);
void replay_end_progress(void);

/** The whole job, on standard output. */
void replay_show_job(const json_t *job);
/** One line of a list. */
void replay_show_line(const json_t *job);

#endif
