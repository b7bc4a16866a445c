/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OPERATE_REPAIR_OWN_H
#define OPERATE_REPAIR_OWN_H

#include "operate/repair.h"
#include "operate/unmask.h"
#include "spool/deed.h"

/* What the calls about one entry share, and nobody else sees. */

enum {
    REPAIR_BODY_LIMIT = 8 << 20,  /**< of a document in JSON */
    REPAIR_SHOWN_LIMIT = 2 << 20, /**< of a document that is shown */
};

struct repair {
    struct repair_options options;
    struct mender mender;
    struct stations *stations;
    struct unmask *unmask;
};

/** The entry that a call is about. */
struct subject {
    struct repair *repair;
    struct operator_call *call;
    struct station *station;
    struct found found;
    const char *receipt;
    int64_t unmasked_ms;   /**< for so long its personal data may be seen; 0: it is masked */
    enum render_mask mask; /**< what this session may see of it now */
};

/** Finds the entry of the call's receipt; false: the call is answered. */
bool subject_find(struct repair *repair, struct operator_call *call, struct subject *subject);
void subject_end(struct subject *subject);

/** The record of an act about the entry; `object` is filled and must outlive it. */
enum { SUBJECT_OBJECT_SIZE = 64 };
struct spool_record subject_record(const struct subject *subject, const char *act,
                                   const char *reason, char object[SUBJECT_OBJECT_SIZE]);

/** The bytes that are kept of the entry's document; the caller owns them. */
char *subject_original(const struct subject *subject, size_t *size, struct fault *why)
    __attribute__((warn_unused_result));
/** The bytes of a revision and what is known of it; the caller owns them.  FAULT_REFUSE when there
 * is none of that number. */
struct revision_found {
    int32_t no;
    enum revision_state state;
    uint8_t sha256[SHA256_SIZE];
    size_t size;
};
char *subject_revision(const struct subject *subject, int32_t no, struct revision_found *found,
                       struct fault *why) __attribute__((warn_unused_result));

/** Reads bytes as the entry's document. */
bool subject_mend(const struct subject *subject, const char *bytes, size_t size,
                  struct mended *mended, struct fault *why) __attribute__((warn_unused_result));

/** The number in the call's path; 0: the call is answered. */
int32_t subject_number(const struct operator_call *call);

/** "x" or JSON null. */
json_t *subject_text(const char *text);
/** ISO 8601 in UTC, null for 0. */
json_t *subject_moment(int64_t moment);
json_t *subject_hash(const uint8_t *sha256);
/** A revision without its bytes, as lists have it. */
json_t *subject_tell_revision(const struct spool_revision *revision);

/* The calls, by file. */
void story_show(void *own, struct operator_call *call);           /* story.c */
void document_show(void *own, struct operator_call *call);        /* document.c */
void repair_unmask(void *own, struct operator_call *call);        /* repair.c */
void repair_validate(void *own, struct operator_call *call);      /* repair_draft.c */
void repair_propose(void *own, struct operator_call *call);       /* repair_draft.c */
void repair_show_revision(void *own, struct operator_call *call); /* repair_draft.c */
void repair_approve(void *own, struct operator_call *call);       /* repair_act.c, as all below */
void repair_withdraw(void *own, struct operator_call *call);
void repair_apply(void *own, struct operator_call *call);
void repair_release(void *own, struct operator_call *call);
void repair_discard(void *own, struct operator_call *call);

#endif
