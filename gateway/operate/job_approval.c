/* SPDX-License-Identifier: Apache-2.0 */
/* A second person's word on a job's rule. */
#include "operate/job_approval.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

void job_object(int64_t job, char object[JOB_OBJECT_SIZE])
{
    (void)snprintf(object, JOB_OBJECT_SIZE, "job:%" PRId64, job);
}

struct sought {
    const char *author;
    char **approver;
    bool is_broken; /* memory was out */
};

static bool look(void *own, const struct spool_audited *audited)
{
    struct sought *sought = own;
    const struct spool_record *record = &audited->record;
    if (strcmp(record->outcome, "done") != 0 || strcmp(record->actor.name, sought->author) == 0)
        return true;
    *sought->approver = strdup(record->actor.name);
    sought->is_broken = !*sought->approver;
    return false;
}

bool job_approver(struct spool_reader *reader, int64_t job, const char *author, char **approver,
                  struct fault *why)
{
    static const char *const acts[] = {JOB_APPROVAL_ACT, "approve"}; /* as it was once called */
    char object[JOB_OBJECT_SIZE];
    struct sought sought = {author, approver, false};
    job_object(job, object);
    *approver = NULL;
    for (size_t i = 0; i < sizeof acts / sizeof acts[0] && !*approver; i++) {
        const struct audit_range range = {.act = acts[i], .object = object};
        if (!spool_audited(reader, &range, look, &sought, why))
            return false;
    }
    return !sought.is_broken || fault_memory(why);
}

bool job_needs_approval(const char *detail)
{
    json_t *json = detail && detail[0] ? json_loads(detail, 0, NULL) : NULL;
    bool needs = json_is_true(json_object_get(json, "needs_approval"));
    json_decref(json);
    return needs;
}
