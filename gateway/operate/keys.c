/* SPDX-License-Identifier: Apache-2.0 */
/* Rotation and shredding, asked for by a person. */
#include "operate/keys.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "operate/answer.h"
#include "operate/lengthy.h"
#include "operate/reason.h"
#include "spool/encryption.h"

#include <jansson.h>
#include <string.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

enum { DOSSIER_LIMIT = 200 };

struct rekeying {
    struct lengthy lengthy;
    struct file_keeper *keeper;
};

static json_t *run_rekey(struct lengthy *lengthy, struct fault *why)
{
    struct file_keeper *keeper = ((struct rekeying *)lengthy)->keeper;
    struct spool_rekeyed done;
    struct files_rekeyed files;
    if (!spool_rekey(file_keeper_spool(keeper), &done, why) ||
        !file_keeper_rekey(keeper, &files, why))
        return NULL;
    (void)fault_memory(why); /* for an answer without memory */
    return json_pack("{sI sI sI sI sI sI}", "sealed", (json_int_t)done.sealed, /**/
                     "wrapped", (json_int_t)(done.wrapped + files.wrapped),    /**/
                     "damaged", (json_int_t)done.damaged,                      /**/
                     "retired", (json_int_t)done.retired,                      /**/
                     "files", (json_int_t)files.sealed,                        /**/
                     "files_damaged", (json_int_t)files.damaged);
}

static void rekey(void *own, struct operator_call *call)
{
    struct rekeying *rekeying = calloc(1, sizeof *rekeying);
    if (rekeying)
        *rekeying = (struct rekeying){
            .lengthy = {.act = {.act = "rekey", .object = "spool", .reason = ""}, .run = run_rekey},
            .keeper = own};
    lengthy_begin(file_keeper_aside(own), call, rekeying ? &rekeying->lengthy : NULL);
}

/* What the body has to say; NULL, with the call answered, without it. */
static const char *dossier_of(const struct operator_call *call, const json_t *body)
{
    const char *text = json_string_value(json_object_get(body, "dossier"));
    if (text && *text && strlen(text) <= DOSSIER_LIMIT)
        return text;
    http_problem(call->request, &operate_bad_request, "dossier: a text of 1 to 200 bytes", NULL);
    return NULL;
}

/* What cannot be removed now is removed when it is old: nothing uses it any more. */
static void shred_dossier(struct file_keeper *keeper, const struct operator_call *call,
                          const char *dossier, const struct spool_record *record)
{
    struct spool_shredded done;
    struct fault why;
    struct fault left = {.kind = FAULT_NONE};
    int64_t removed = 0;
    if (!spool_shred(file_keeper_spool(keeper), dossier, record, &done, &why)) {
        operate_fault(call->request, &why);
        return;
    }
    bool are_removed = file_keeper_drop(keeper, (const uint8_t(*)[SHA256_SIZE])done.files,
                                        done.file_count, &removed, &left);
    json_t *json =
        json_pack("{sI sI sI sI sI sb ss*}", "entries", (json_int_t)done.entries, "arrivals",
                  (json_int_t)done.arrivals, "keys", (json_int_t)done.keys, "files",
                  (json_int_t)removed, "files_left", (json_int_t)done.file_count - removed,
                  "log_is_short", (int)done.log_is_short, "why", are_removed ? NULL : left.text);
    spool_shredded_end(&done);
    operate_answer(call->request, json);
}

static void shred(void *own, struct operator_call *call)
{
    size_t size;
    const char *bytes = http_body(call->request, &size);
    auto_free(json_decref) json_t *body = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
    const char *dossier = dossier_of(call, body);
    const char *reason = json_string_value(json_object_get(body, "reason"));
    if (!dossier)
        return;
    if (!reason_fits(reason)) {
        http_problem(call->request, &operate_bad_request, reason_wanted, NULL);
        return;
    }
    const struct spool_record record = {.actor = call->actor,
                                        .act = "shred",
                                        .object = "",
                                        .reason = reason,
                                        .outcome = "",
                                        .detail = "",
                                        .at_ms = clock_now_ms()};
    shred_dossier(own, call, dossier, &record);
}

struct guard_table keys_table(struct file_keeper *keeper)
{
    static const struct guard_route routes[] = {
        {.method = "POST",
         .pattern = "/operate/v1/spool/rekey",
         .right = RIGHT_ADMINISTER,
         .body_limit = OPERATE_BODY_LIMIT,
         .handle = rekey,
         .resumed = lengthy_resumed,
         .end = lengthy_end},
        {.method = "POST",
         .pattern = "/operate/v1/dossiers/shred",
         .right = RIGHT_ADMINISTER,
         .body_limit = OPERATE_BODY_LIMIT,
         .handle = shred},
        {0},
    };
    return (struct guard_table){routes, keeper};
}
