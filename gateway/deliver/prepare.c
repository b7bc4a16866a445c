/* SPDX-License-Identifier: Apache-2.0 */
/* From a stored event to a request in the partner's format. */
#include "deliver/prepare.h"

#include "adapt/service.h"
#include "api/custody.h"
#include "api/trace.h"
#include "deliver/attachments.h"
#include "deliver/equip.h"
#include "deliver/links.h"

struct preparer {
    struct preparer_options options;
    struct workbench *bench;
    struct recall *recall;
    struct brought brought; /* of the delivery under way */
};

struct preparer *preparer_new(const struct preparer_options *options, struct fault *why)
{
    auto_free(preparer_free) struct preparer *preparer = calloc(1, sizeof *preparer);
    if (!preparer) {
        (void)fault_memory(why);
        return NULL;
    }
    preparer->options = *options;
    preparer->bench = workbench_new(options->adapters, why);
    if (!preparer->bench)
        return NULL;
    preparer->recall = recall_new();
    if (!preparer->recall) {
        (void)fault_memory(why);
        return NULL;
    }
    return steal(preparer);
}

void preparer_free(struct preparer *preparer)
{
    if (!preparer)
        return;
    recall_free(preparer->recall);
    workbench_free(preparer->bench);
    free(preparer);
}

/* ---- the document ---- */

/* What the writer asks for. */
struct shelf {
    const struct brought *brought;
    struct links links;
    struct fault fault; /* the first of a file that should be there and cannot be had */
};

static bool store_has(void *own, const uint8_t sha256[SHA256_SIZE])
{
    struct shelf *shelf = own;
    bool has = false;
    return shelf->fault.kind == FAULT_NONE &&
           brought_has(shelf->brought, sha256, &has, &shelf->fault) && has;
}

static char *address_of(void *own, const uint8_t sha256[SHA256_SIZE])
{
    return links_address(&((struct shelf *)own)->links, sha256);
}

static bool give_up(struct preparing *preparing, enum unprepared failure, const char *cause)
{
    /* Without memory, or while the disk is away, everything fails; that ends nothing. */
    bool is_passing = preparing->why.kind != FAULT_REFUSE;
    preparing->failure = is_passing ? UNPREPARED_LATER : failure;
    preparing->cause = cause;
    return false;
}

static struct request *fail(struct preparing *preparing, enum unprepared failure, const char *cause)
{
    (void)give_up(preparing, failure, cause); /* so it says of itself */
    return NULL;
}

/* A file that cannot be had is no word of the format's. */
static const char *cause_of_file(const struct fault *why)
{
    return why->kind == FAULT_REFUSE ? FILE_MISSING : FILE_UNREADABLE;
}

static bool write_document(struct preparer *preparer, const struct peer *peer,
                           const avro_value_t *event, const struct given *given,
                           struct adapt_written *written, struct preparing *preparing)
{
    const struct preparer_options *options = &preparer->options;
    const struct partner_delivery *deliver = &peer->partner->deliver;
    struct shelf shelf = {
        .brought = &preparer->brought,
        .links = {options->files, options->public_url, options->link_hours, peer->id},
    };
    const struct adapt_writing writing = {
        .given = given->texts,
        .given_count = given->count,
        .has_files = options->files && deliver->files == FILES_INLINE,
        .has = options->files ? store_has : NULL,
        .address = options->files && options->public_url ? address_of : NULL,
        .files = &shelf,
    };
    bool is_written =
        adapt_write(preparer->bench, peer->adapter, event, &writing, written, &preparing->why);
    if (shelf.fault.kind == FAULT_NONE)
        return is_written || give_up(preparing, UNPREPARED_DEAD, "format:cannot-say");
    if (is_written)
        adapt_written_free(written);
    preparing->why = shelf.fault;
    return give_up(preparing, UNPREPARED_DEAD, cause_of_file(&shelf.fault));
}

static bool add_fields(struct request *request, const struct service_text *fields,
                       const struct given *given, struct fault *why)
{
    for (; fields && fields->name; fields++) {
        auto_free(free) char *text = given_fill(fields->text, given, GIVEN_PLAIN, why);
        if (!text || !request_add_field(request, fields->name, text, why))
            return false;
    }
    return true;
}

/* What is known when the document is written. */
struct sending {
    const struct service_send *send;
    const struct given *given;
    const char *media_type; /* the format's own */
    struct outgoing *body;
};

static bool add_form(struct request *request, const struct sending *sending, struct fault *why)
{
    const struct service_send *send = sending->send;
    auto_free(free) char *file_name =
        given_fill(send->file_name ? send->file_name : "", sending->given, GIVEN_PLAIN, why);
    if (!file_name) {
        outgoing_free(sending->body);
        return false;
    }
    const struct request_part part = {
        .name = send->part ? send->part : "document",
        .file_name = *file_name ? file_name : NULL,
        .media_type = send->media_type ? send->media_type : sending->media_type,
    };
    return request_add_part(request, &part, sending->body, why) &&
           add_fields(request, send->fields, sending->given, why);
}

static bool add_document(struct request *request, const struct sending *sending, struct fault *why)
{
    const struct service_send *send = sending->send;
    if (send->body == BODY_MULTIPART)
        return add_form(request, sending, why);
    return request_set_body(request, sending->body, why) &&
           request_add_header(request, "Content-Type",
                              send->media_type ? send->media_type : sending->media_type, why);
}

static bool add_names(struct request *request, const struct errand *errand, struct fault *why)
{
    char event_id[UUID_TEXT_SIZE];
    struct trace trace;
    uuid_text(errand->row.event_id, event_id);
    trace_from(errand->row.traceparent, &trace); /* on Kafka anybody may have written any text */
    return request_add_header(request, "Idempotency-Key", event_id, why) &&
           (!errand->row.traceparent ||
            request_add_header(request, "traceparent", trace.parent, why));
}

/* Takes the sending's body.  What fails for good fails by the partner's settings. */
static struct request *build(const struct preparer *preparer, const struct peer *peer,
                             const struct errand *errand, const struct sending *sending,
                             struct fault *why)
{
    const struct service_send *send = sending->send;
    auto_free(free) char *path =
        given_fill(send->path ? send->path : "", sending->given, GIVEN_PATH, why);
    auto_free(request_free) struct request *request =
        path ? request_new(&peer->partner->deliver, send->method, path, why) : NULL;
    if (!request) {
        outgoing_free(sending->body);
        return NULL;
    }
    request_limit_answer(request, preparer->options.answer_limit_bytes);
    if (!add_document(request, sending, why) || !add_names(request, errand, why) ||
        !equip_headers(request, send->headers, sending->given, why) ||
        !equip_credentials(request, peer, sending->given, why))
        return NULL;
    return steal(request);
}

static struct request *make_request(struct preparer *preparer, struct peer *peer,
                                    struct errand *errand, const avro_value_t *event,
                                    struct preparing *preparing)
{
    struct fault *why = &preparing->why;
    struct given given;
    auto_free(free) struct adapt_given *texts = equip_gather(peer, errand, &given);
    if (!texts) {
        (void)fault_memory(why);
        return fail(preparing, UNPREPARED_LATER, "gateway:memory");
    }
    struct adapt_written written = {.bytes = NULL};
    if (!write_document(preparer, peer, event, &given, &written, preparing))
        return NULL;
    equip_give(&given, texts, "message", written.message);
    const struct depot depot = {preparer->options.files, preparer->options.spool};
    if (!attachments_keep(&depot, &written, why)) {
        adapt_written_free(&written);
        return fail(preparing, why->kind == FAULT_RETRY ? UNPREPARED_LATER : UNPREPARED_DEAD,
                    "file:not-kept");
    }
    struct sending sending = {
        .send = service_send(peer->adapter, written.message),
        .given = &given,
        .media_type = written.media_type,
    };
    sending.body = outgoing_of_document(&written, preparer->options.files, why);
    if (!sending.body)
        return fail(preparing, UNPREPARED_DEAD, cause_of_file(why));
    auto_free(request_free) struct request *request = build(preparer, peer, errand, &sending, why);
    if (!request)
        return fail(preparing, UNPREPARED_SETTINGS, "partner:settings");
    const char *files_part = sending.send->files_part;
    if (files_part && !attachments_add(&preparer->brought, event, request, files_part, why))
        return fail(preparing, UNPREPARED_DEAD,
                    why->kind == FAULT_REFUSE ? "file:not-attached" : FILE_UNREADABLE);
    return steal(request);
}

/* Reads the event, with the hashes of what was fetched for it. */
static avro_value_t *read_event(struct preparer *preparer, const struct errand *errand,
                                struct spool_reader *reader, struct fault *why)
{
    const struct stored_event stored = {errand->row.schema_no, errand->row.event,
                                        errand->row.event_size};
    avro_value_t *event =
        recall_as_ours(preparer->recall, reader, &stored, preparer->options.schema, why);
    return event && fetched_fill(&errand->fetched, event, why) ? event : NULL;
}

/* Whether a file has to be fetched first; the event is then to be read anew. */
static bool find_wanted(struct preparer *preparer, struct peer *peer, struct errand *errand,
                        avro_value_t *event, struct preparing *preparing)
{
    struct given given;
    const struct partner *sender = errand->sender;
    if (!sender || sender->fetch_files_from_count == 0 || !preparer->options.files ||
        peer->partner->deliver.files != FILES_INLINE)
        return true;
    auto_free(free) struct adapt_given *texts = equip_gather(peer, errand, &given);
    if (!texts)
        return fault_memory(&preparing->why);
    const struct adapt_writing writing = {
        .given = given.texts, .given_count = given.count, .has_files = true};
    const struct wanting wanting = {sender, preparer->bench, peer->adapter, &writing};
    return wanted_find(&wanting, event, &preparing->uri, &preparing->rule, &preparing->why);
}

static avro_value_t *get_event(struct preparer *preparer, struct peer *peer, struct errand *errand,
                               struct spool_reader *reader, struct preparing *preparing)
{
    avro_value_t *event = read_event(preparer, errand, reader, &preparing->why);
    if (!event || !find_wanted(preparer, peer, errand, event, preparing) || preparing->uri)
        return NULL;
    return errand->sender ? read_event(preparer, errand, reader, &preparing->why) : event;
}

/* What it brings along is listed. */
struct listing {
    const struct brought *brought;
    struct preparing *preparing;
};

static bool list_file(void *own, const uint8_t *sha256, struct fault *why)
{
    const struct listing *listing = own;
    struct preparing *preparing = listing->preparing;
    bool does = false;
    if (!brought_names(listing->brought, sha256, &does, why))
        return false;
    if (!does)
        return true;
    uint8_t(*files)[SHA256_SIZE] =
        reallocarray(preparing->files, preparing->file_count + 1, sizeof *files);
    if (!files)
        return fault_memory(why);
    preparing->files = files;
    memcpy(files[preparing->file_count++], sha256, SHA256_SIZE);
    return true;
}

/* Whether its files must be brought here first, so that this thread waits for no service.  What
 * cannot be listed is waited for. */
static bool is_far(const struct preparer *preparer, const struct errand *errand,
                   const avro_value_t *event, struct preparing *preparing)
{
    struct listing listing = {&preparer->brought, preparing};
    struct fault ignored;
    if (errand->bring || !preparer->options.files || !file_store_is_far(preparer->options.files))
        return false;
    if (custody_each_file(event, list_file, &listing, &ignored) && preparing->file_count > 0)
        return true;
    free(preparing->files);
    preparing->files = NULL;
    return false;
}

struct request *prepare_delivery(struct preparer *preparer, struct peer *peer,
                                 struct errand *errand, struct spool_reader *reader,
                                 struct preparing *preparing)
{
    if (!errand->row.event) {
        (void)fault_set(&preparing->why, FAULT_REFUSE, "the stored event is damaged");
        return fail(preparing, UNPREPARED_DEAD, "event:damaged");
    }
    const avro_value_t *event = get_event(preparer, peer, errand, reader, preparing);
    if (preparing->uri) {
        preparing->failure = UNPREPARED_FETCH;
        return NULL;
    }
    if (!event)
        return fail(preparing, UNPREPARED_DEAD, "event:unreadable");
    preparer->brought = (struct brought){.files = preparer->options.files,
                                         .reader = reader,
                                         .delivery = errand->row.delivery,
                                         .fetched = &errand->fetched};
    if (is_far(preparer, errand, event, preparing)) {
        preparing->failure = UNPREPARED_FAR;
        return NULL;
    }
    errand->adapter = peer->adapter;
    errand->login_generation = peer->login.generation;
    return make_request(preparer, peer, errand, event, preparing);
}
