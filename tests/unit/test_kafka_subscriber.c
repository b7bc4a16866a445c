/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/digest.h"
#include "event/wire.h"
#include "kafka/subscriber.h"
#include "mock_kafka.h"
#include "spool/reader.h"

#include <inttypes.h>
#include <jansson.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TEXT = 96, PATIENCE_MS = 30000, ROWS = 64, REGISTRY_ID = 7 };

static const char topic[] = "t.dossier-events";
static const char trace[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

ENDS_WITH_SCOPE(struct schema *, schema_free)
ENDS_WITH_SCOPE(json_t *, json_decref)

/* A spool, a broker and a subscriber between them. */
struct works {
    char folder[TEXT];
    char file[TEXT + 16];
    struct mock_kafka mock;
    struct spool *spool;
    struct spool_reader *reader;
    struct schema *schema;
    struct schema *older; /* of the same event, one field less */
    int32_t schema_no;
    struct registry *registry;
    bool starts_anew;
    int64_t reserve_bytes;
    struct subscriber *subscriber;

    atomic_int routed;
    atomic_int ended;
    atomic_bool is_failing;        /* no route can be found for now */
    _Atomic int64_t first_arrival; /* the number that the first routed record was told */
    _Atomic int64_t entry;         /* of what was routed last, as its record says */
    atomic_bool has_field;         /* what was routed last has the newer field, as null */
    struct spool_target target;    /* of the route under way, borrowed until `end` */
};

/* ---- the stage behind ---- */

static bool has_newer_field(const avro_value_t *event)
{
    avro_value_t field;
    int branch = -1;
    return avro_value_get_by_name(event, "return_method", &field, NULL) == 0 &&
           avro_value_get_discriminant(&field, &branch) == 0 && branch == 0;
}

/* Dossiers that begin with N concern nobody here. */
static bool route(void *own, const struct subscribed *record, struct spool_arrival *arrival,
                  struct fault *why)
{
    struct works *works = own;
    if (atomic_load(&works->is_failing))
        return fault_set(why, FAULT_RETRY, "not now");
    int64_t none = 0;
    (void)atomic_compare_exchange_strong(&works->first_arrival, &none, record->arrival);
    atomic_store(&works->has_field, has_newer_field(record->event));
    atomic_store(&works->entry, arrival->entry);
    atomic_fetch_add(&works->routed, 1);
    arrival->directory = "as of today";
    arrival->targets = &works->target;
    arrival->target_count = arrival->dossier_code[0] == 'N' ? 0 : 1;
    return true;
}

static void end(void *own)
{
    struct works *works = own;
    atomic_fetch_add(&works->ended, 1);
}

/* ---- life ---- */

static struct schema *load_schema(const char *path)
{
    struct fault why;
    struct schema *schema = schema_load(path, &why);
    if (!schema)
        fail_msg("%s", why.text);
    return schema;
}

/* The event's schema as it was before `return_method`. */
static struct schema *load_older(const struct schema *schema)
{
    struct fault why;
    auto_free(json_decref) json_t *json = json_loads(schema->text, 0, NULL);
    json_t *fields = json_object_get(json, "fields");
    for (size_t i = 0; i < json_array_size(fields); i++)
        if (strcmp(json_string_value(json_object_get(json_array_get(fields, i), "name")),
                   "return_method") == 0)
            (void)json_array_remove(fields, i--);
    auto_free(free) char *text = json_dumps(json, 0);
    struct schema *older = schema_parse(text, strlen(text), &why);
    if (!older)
        fail_msg("%s", why.text);
    return older;
}

static void open_spool(struct works *works)
{
    struct fault why;
    const struct spool_options options = {
        .file = works->file,
        .queue_entries = 10000,
        .queue_bytes = 64 << 20,
        .reserve_bytes = works->reserve_bytes,
        .compress_above_bytes = 4096,
        .checkpoint_pages = 100,
        .overdue_ms = 60000,
    };
    int32_t older_no;
    works->spool = spool_open(&options, &why);
    if (!works->spool ||
        !spool_schema(works->spool, "t.dossier-events-value", works->older->text,
                      works->older->fingerprint, &older_no, &why) ||
        !spool_schema(works->spool, "t.dossier-events-value", works->schema->text,
                      works->schema->fingerprint, &works->schema_no, &why))
        fail_msg("%s", why.text);
    works->reader = spool_reader_open(works->file, &why);
    if (!works->reader)
        fail_msg("%s", why.text);
}

static void close_spool(struct works *works)
{
    spool_reader_close(works->reader);
    spool_close(works->spool);
}

static void start(struct works *works)
{
    struct fault why;
    const struct subscriber_options options = {
        .kafka = works->mock.options,
        .spool_file = works->file,
        .schema = works->schema,
        .schema_no = works->schema_no,
        .registry = works->registry,
        .batch_entries = 100,
        .batch_bytes = 1 << 20,
        .starts_anew = works->starts_anew,
        .leaves_group = true,
        .hooks = {.own = works, .route = route, .end = end},
    };
    works->subscriber = subscriber_start(&options, works->spool, &why);
    if (!works->subscriber)
        fail_msg("%s", why.text);
}

static void stop(struct works *works)
{
    subscriber_stop(works->subscriber);
    works->subscriber = NULL;
}

static int set_up(void **state)
{
    struct works *works = calloc(1, sizeof *works);
    (void)snprintf(works->folder, sizeof works->folder, "/tmp/lienthong-subscriber-XXXXXX");
    assert_non_null(mkdtemp(works->folder));
    (void)snprintf(works->file, sizeof works->file, "%s/spool.db", works->folder);
    works->schema = load_schema("schemas/dossier-event.avsc");
    works->older = load_older(works->schema);
    works->target = (struct spool_target){.partner = "tax", .agency = "H09", .reason = "named"};
    mock_open(&works->mock);
    /* The mock cluster waits so long for whoever has gone, and takes 3 s to begin a group. */
    static const char *const short_sessions[] = {"session.timeout.ms=4000",
                                                 "heartbeat.interval.ms=300"};
    works->mock.options.properties = short_sessions;
    works->mock.options.property_count = 2;
    open_spool(works);
    *state = works;
    return 0;
}

static int tear_down(void **state)
{
    struct works *works = *state;
    char command[TEXT + 16];
    stop(works);
    close_spool(works);
    mock_close(&works->mock);
    registry_close(works->registry);
    schema_free(works->schema);
    schema_free(works->older);
    (void)snprintf(command, sizeof command, "rm -rf %s", works->folder);
    assert_int_equal(system(command), 0);
    free(works);
    return 0;
}

/* ---- writing records ---- */

static void put_text(avro_value_t *record, const char *name, const char *text)
{
    avro_value_t field;
    assert_int_equal(avro_value_get_by_name(record, name, &field, NULL), 0);
    assert_int_equal(avro_value_set_string(&field, text), 0);
}

static void put_due(avro_value_t *event, int64_t due_at_ms)
{
    avro_value_t times;
    avro_value_t due;
    avro_value_t branch;
    assert_int_equal(avro_value_get_by_name(event, "times", &times, NULL), 0);
    assert_int_equal(avro_value_get_by_name(&times, "due_at", &due, NULL), 0);
    assert_int_equal(avro_value_set_branch(&due, 1, &branch), 0);
    assert_int_equal(avro_value_set_long(&branch, due_at_ms), 0);
}

static char *make_datum(const struct schema *schema, const char *dossier, size_t *size)
{
    struct fault why;
    avro_value_t event;
    avro_value_t field;
    assert_int_equal(avro_generic_value_new(schema->iface, &event), 0);
    assert_true(schema_reset(schema, &event, &why));
    put_text(&event, "event_id", "0198c1f0-0000-5000-8000-00000000002a");
    put_text(&event, "dossier_code", dossier);
    assert_int_equal(avro_value_get_by_name(&event, "source", &field, NULL), 0);
    put_text(&field, "system", "motcua");
    assert_int_equal(avro_value_get_by_name(&event, "event_type", &field, NULL), 0);
    assert_int_equal(avro_value_set_enum(&field, 4), 0);
    assert_int_equal(avro_value_get_by_name(&event, "occurred_at", &field, NULL), 0);
    assert_int_equal(avro_value_set_long(&field, 1700000000000), 0);
    put_due(&event, 1800000000000);
    char *datum = wire_encode(schema, &event, size, &why);
    assert_non_null(datum);
    avro_value_decref(&event);
    return datum;
}

struct letter {
    int32_t partition;
    const char *key;
    const char *bytes; /* NULL: none */
    size_t size;
};

/* `entry` is its header lt_entry; NULL: none. */
static void post_saying(const struct works *works, const struct letter *letter, const char *entry)
{
    struct fault why;
    rd_kafka_conf_t *conf = kafka_configure(&works->mock.options, &why);
    assert_non_null(conf);
    rd_kafka_t *client = kafka_open(RD_KAFKA_PRODUCER, conf, &why);
    assert_non_null(client);
    rd_kafka_resp_err_t error = rd_kafka_producev(
        client, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(letter->partition),
        RD_KAFKA_V_KEY(letter->key, strlen(letter->key)),
        RD_KAFKA_V_VALUE((void *)(uintptr_t)letter->bytes, letter->size),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADER("traceparent", trace, -1),
        RD_KAFKA_V_HEADER(entry ? "lt_entry" : "other", entry ? entry : "", -1), RD_KAFKA_V_END);
    assert_int_equal(error, RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(rd_kafka_flush(client, 10000), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_destroy(client);
}

static void post(const struct works *works, const struct letter *letter)
{
    post_saying(works, letter, NULL);
}

static void post_framed(const struct works *works, struct wire_prefix prefix,
                        const struct schema *schema, int32_t partition, const char *dossier)
{
    size_t size = 0;
    auto_free(free) char *datum = make_datum(schema, dossier, &size);
    auto_free(free) char *bytes = malloc(prefix.size + size);
    assert_non_null(bytes);
    memcpy(bytes, prefix.bytes, prefix.size);
    memcpy(bytes + prefix.size, datum, size);
    post(works, &(struct letter){partition, dossier, bytes, prefix.size + size});
}

static void post_event(const struct works *works, int32_t partition, const char *dossier)
{
    post_framed(works, wire_single_object(works->schema->fingerprint), works->schema, partition,
                dossier);
}

/* ---- looking ---- */

struct row {
    char dossier[TEXT];
    char cause[TEXT];
    int32_t partition;
    int64_t offset;
    int64_t delivery;
};

struct rows {
    struct row all[ROWS];
    size_t count;
};

static bool note_row(void *own, const struct spool_delivery *delivery)
{
    struct rows *rows = own;
    assert_true(rows->count < ROWS);
    struct row *row = &rows->all[rows->count++];
    *row = (struct row){.partition = delivery->partition,
                        .offset = delivery->offset,
                        .delivery = delivery->delivery};
    (void)snprintf(row->dossier, TEXT, "%s", delivery->dossier_code ? delivery->dossier_code : "");
    (void)snprintf(row->cause, TEXT, "%s", delivery->cause ? delivery->cause : "");
    return true;
}

static void look(const struct works *works, struct rows *rows)
{
    struct fault why;
    const struct delivery_filter filter = {.state = -1, .limit = ROWS};
    rows->count = 0;
    if (!spool_deliveries(works->reader, &filter, note_row, rows, &why))
        fail_msg("%s", why.text);
}

static void await_rows(const struct works *works, struct rows *rows, size_t count)
{
    int64_t give_up_at = clock_ticks_ms() + PATIENCE_MS;
    for (look(works, rows); rows->count < count; look(works, rows)) {
        struct fault why;
        enum subscriber_state state = subscriber_state(works->subscriber, &why);
        if (clock_ticks_ms() > give_up_at)
            fail_msg("%zu of %zu rows; state %d: %s", rows->count, count, (int)state, why.text);
        (void)usleep(10000);
    }
    assert_int_equal(rows->count, count);
}

static void await_lag(const struct works *works, int64_t lag)
{
    int64_t give_up_at = clock_ticks_ms() + PATIENCE_MS;
    while (subscriber_lag(works->subscriber) != lag) {
        if (clock_ticks_ms() > give_up_at)
            fail_msg("the lag is %" PRId64, subscriber_lag(works->subscriber));
        (void)usleep(10000);
    }
}

static void await_state(const struct works *works, enum subscriber_state wanted, struct fault *why)
{
    int64_t give_up_at = clock_ticks_ms() + PATIENCE_MS;
    while (subscriber_state(works->subscriber, why) != wanted) {
        if (clock_ticks_ms() > give_up_at)
            fail_msg("state %d, not %d: %s", (int)subscriber_state(works->subscriber, why),
                     (int)wanted, why->text);
        (void)usleep(10000);
    }
}

static void assert_row(const struct row *row, const char *dossier, int32_t partition,
                       int64_t offset)
{
    assert_string_equal(row->dossier, dossier);
    assert_int_equal(row->partition, partition);
    assert_int_equal(row->offset, offset);
}

static void put_position(const struct works *works, int32_t partition, int64_t next)
{
    struct fault why;
    const struct spool_position position = {topic, partition, next};
    assert_true(spool_arrive(works->spool, NULL, 0, &position, 1, &why));
}

static int64_t position(const struct works *works, int32_t partition)
{
    struct fault why;
    int64_t next;
    assert_true(spool_position(works->reader, topic, partition, &next, &why));
    return next;
}

/* ---- tests ---- */

struct whole {
    size_t size;
    char *datum;
    const struct works *works;
};

static bool assert_whole(void *own, const struct spool_delivery *delivery)
{
    const struct whole *whole = own;
    assert_int_equal(delivery->state, DELIVERY_WAITING);
    assert_string_equal(delivery->partner, "tax");
    assert_string_equal(delivery->agency, "H09");
    assert_string_equal(delivery->source, "motcua");
    assert_string_equal(delivery->event_type, "HANDED_OFF");
    assert_string_equal(delivery->traceparent, trace);
    assert_string_equal(delivery->directory, "as of today");
    assert_int_equal(delivery->event_id[UUID_SIZE - 1], 0x2a);
    assert_int_equal(delivery->occurred_at_ms, 1700000000000);
    assert_int_equal(delivery->due_at_ms, 1800000000000);
    assert_int_equal(delivery->schema_no, whole->works->schema_no);
    assert_int_equal(delivery->event_size, whole->size);
    assert_memory_equal(delivery->event, whole->datum, whole->size);
    return true;
}

static void an_event_becomes_deliveries_with_its_bytes_as_they_are(void **state)
{
    struct works *works = *state;
    struct fault why;
    struct rows rows;
    struct whole whole = {.works = works};
    whole.datum = make_datum(works->schema, "D-1", &whole.size);
    post_event(works, 0, "D-1");
    start(works);
    await_rows(works, &rows, 1);
    assert_int_equal(rows.all[0].delivery / DELIVERIES_PER_ARRIVAL,
                     atomic_load(&works->first_arrival));
    assert_true(
        spool_find_delivery(works->reader, rows.all[0].delivery, assert_whole, &whole, &why));
    free(whole.datum);
}

/* As text in a header, in which anybody can have written anything. */
static void the_entry_of_an_event_is_the_one_that_its_record_says(void **state)
{
    static const struct {
        const char *header;
        int64_t entry;
    } cases[] = {{"1042", 1042}, {NULL, 0}, {"", 0}, {"-1", 0}, {"12x", 0}};
    enum { CASES = sizeof cases / sizeof *cases };
    struct works *works = *state;
    struct rows rows;
    size_t size = 0;
    struct wire_prefix prefix = wire_single_object(works->schema->fingerprint);
    auto_free(free) char *datum = make_datum(works->schema, "D-1", &size);
    auto_free(free) char *bytes = malloc(prefix.size + size);
    assert_non_null(bytes);
    memcpy(bytes, prefix.bytes, prefix.size);
    memcpy(bytes + prefix.size, datum, size);
    start(works);
    for (size_t i = 0; i < CASES; i++) {
        post_saying(works, &(struct letter){0, "D-1", bytes, prefix.size + size}, cases[i].header);
        await_rows(works, &rows, i + 1);
        assert_int_equal(atomic_load(&works->entry), cases[i].entry);
    }
}

static void a_restart_goes_on_at_the_stored_position(void **state)
{
    struct works *works = *state;
    struct rows rows;
    post_event(works, 0, "D-1");
    post_event(works, 3, "D-2");
    post_event(works, 0, "N-3");
    start(works);
    await_rows(works, &rows, 2);
    await_lag(works, 0);
    stop(works);
    assert_true(atomic_load(&works->ended) > 0);
    assert_int_equal(position(works, 0), 2);
    assert_int_equal(position(works, 3), 1);

    atomic_store(&works->routed, 0);
    post_event(works, 0, "D-4");
    post_event(works, 3, "D-5");
    start(works);
    await_rows(works, &rows, 4);
    await_lag(works, 0);
    assert_int_equal(atomic_load(&works->routed), 2);
}

static void what_another_version_wrote_is_carried_over(void **state)
{
    struct works *works = *state;
    struct fault why;
    struct rows rows;
    struct whole whole = {.works = works};
    whole.datum = make_datum(works->schema, "D-1", &whole.size);
    post_framed(works, wire_single_object(works->older->fingerprint), works->older, 0, "D-1");
    start(works);
    await_rows(works, &rows, 1);
    assert_true(atomic_load(&works->has_field));
    assert_true(
        spool_find_delivery(works->reader, rows.all[0].delivery, assert_whole, &whole, &why));
    free(whole.datum);
}

static bool assert_raw(void *own, const struct spool_delivery *delivery)
{
    const struct letter *letter = own;
    assert_int_equal(delivery->state, DELIVERY_DEAD);
    assert_null(delivery->partner);
    assert_int_equal(delivery->schema_no, 0);
    assert_int_equal(delivery->event_size, letter->size);
    assert_memory_equal(delivery->event, letter->bytes, letter->size);
    return true;
}

static void what_cannot_be_read_is_kept_and_passed_over(void **state)
{
    struct works *works = *state;
    struct fault why;
    struct rows rows;
    struct wire_prefix own = wire_single_object(works->schema->fingerprint);
    struct wire_prefix stranger = wire_single_object(1);
    struct wire_prefix registered = wire_confluent(REGISTRY_ID);
    struct letter letters[] = {
        {0, "K-0", NULL, 0},
        {0, "K-1", "rubbish", 7},
        {0, "K-2", (const char *)stranger.bytes, stranger.size},
        {0, "K-3", (const char *)own.bytes, own.size},
        {0, "\xff\xfe", (const char *)registered.bytes, registered.size},
    };
    static const char *const causes[] = {"event:empty", "event:framing", "event:schema",
                                         "event:undecodable", "event:schema"};
    for (size_t i = 0; i < 5; i++)
        post(works, &letters[i]);
    post_event(works, 0, "D-5");
    start(works);
    await_rows(works, &rows, 6);
    for (size_t i = 0; i < 5; i++) {
        assert_row(&rows.all[i], i < 4 ? letters[i].key : "", 0, (int64_t)i);
        assert_string_equal(rows.all[i].cause, causes[i]);
    }
    assert_row(&rows.all[5], "D-5", 0, 5);
    assert_string_equal(rows.all[5].cause, "");
    assert_true(
        spool_find_delivery(works->reader, rows.all[1].delivery, assert_raw, &letters[1], &why));
}

/* ---- a registry ---- */

struct registry_peer {
    int listener;
    int port;
    char *answer;
    atomic_bool is_silent;
    atomic_int asked;
    pthread_t thread;
};

static void answer_one(struct registry_peer *peer, int connection)
{
    char request[4096];
    char head[160];
    atomic_fetch_add(&peer->asked, 1);
    if (atomic_load(&peer->is_silent) || recv(connection, request, sizeof request, 0) <= 0)
        return;
    int size = snprintf(head, sizeof head,
                        "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
                        strlen(peer->answer));
    assert_int_equal(send(connection, head, (size_t)size, MSG_NOSIGNAL), size);
    assert_int_equal(send(connection, peer->answer, strlen(peer->answer), MSG_NOSIGNAL),
                     strlen(peer->answer));
}

static void *answer_all(void *own)
{
    struct registry_peer *peer = own;
    for (int connection; (connection = accept(peer->listener, NULL, NULL)) >= 0;) {
        answer_one(peer, connection);
        (void)close(connection);
    }
    return NULL;
}

static void open_peer(struct registry_peer *peer, const struct schema *schema)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    auto_free(json_decref) json_t *json = json_pack("{ss}", "schema", schema->text);
    peer->answer = json_dumps(json, 0);
    peer->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(peer->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(peer->listener, 16), 0);
    assert_int_equal(getsockname(peer->listener, (struct sockaddr *)&address, &size), 0);
    peer->port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&peer->thread, NULL, answer_all, peer), 0);
}

static void close_peer(struct registry_peer *peer)
{
    (void)shutdown(peer->listener, SHUT_RDWR);
    pthread_join(peer->thread, NULL);
    (void)close(peer->listener);
    free(peer->answer);
}

static struct registry *open_registry(const struct registry_peer *peer)
{
    struct fault why;
    char url[TEXT];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%d", peer->port);
    const struct registry_options options = {.url = url, .timeout_ms = 2000, .tries = 1};
    struct registry *registry = registry_open(&options, &why);
    if (!registry)
        fail_msg("%s", why.text);
    return registry;
}

static void a_registry_out_of_reach_is_waited_for(void **state)
{
    struct works *works = *state;
    struct fault why;
    struct rows rows;
    struct registry_peer peer = {.is_silent = true};
    open_peer(&peer, works->older);
    works->registry = open_registry(&peer);
    post_event(works, 0, "D-1");
    post_framed(works, wire_confluent(REGISTRY_ID), works->older, 0, "D-2");
    post_event(works, 0, "D-3");
    start(works);
    await_state(works, SUBSCRIBER_WAITING, &why);
    assert_non_null(strstr(why.text, "registry"));
    await_rows(works, &rows, 1); /* what stands before it need not wait */

    atomic_store(&peer.is_silent, false);
    await_rows(works, &rows, 3);
    assert_row(&rows.all[1], "D-2", 0, 1);
    assert_row(&rows.all[2], "D-3", 0, 2);
    stop(works);
    close_peer(&peer);
}

/* Each try ends, so that the next one is made under the directory of its time. */
static void what_a_record_was_tried_with_is_let_go(void **state)
{
    struct works *works = *state;
    struct fault why;
    struct rows rows;
    atomic_store(&works->is_failing, true);
    post_event(works, 0, "D-1");
    start(works);
    await_state(works, SUBSCRIBER_WAITING, &why);
    assert_string_equal(why.text, "not now");
    int ended = atomic_load(&works->ended);
    for (int round = 0; atomic_load(&works->ended) == ended; round++) {
        assert_true(round < 3000);
        (void)usleep(10000);
    }
    atomic_store(&works->is_failing, false);
    await_rows(works, &rows, 1);
    stop(works);
}

static void an_id_that_the_publisher_has_pinned_is_not_asked_for(void **state)
{
    struct works *works = *state;
    struct fault why;
    struct rows rows;
    struct registry_peer peer = {.is_silent = true};
    open_peer(&peer, works->schema);
    works->registry = open_registry(&peer);
    assert_true(spool_pin_schema(works->spool, works->schema_no, REGISTRY_ID, &why));
    post_framed(works, wire_confluent(REGISTRY_ID), works->schema, 0, "D-1");
    start(works);
    await_rows(works, &rows, 1);
    assert_int_equal(atomic_load(&peer.asked), 0);
    stop(works);
    close_peer(&peer);
}

/* ---- others in the group ---- */

static rd_kafka_t *open_in_group(const struct works *works)
{
    struct fault why;
    rd_kafka_conf_t *conf = kafka_configure(&works->mock.options, &why);
    assert_non_null(conf);
    assert_true(kafka_set(conf, "group.id", "gw-deliver", &why));
    rd_kafka_t *client = kafka_open(RD_KAFKA_CONSUMER, conf, &why);
    assert_non_null(client);
    return client;
}

static int64_t committed(rd_kafka_t *client, int32_t partition)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition);
    rd_kafka_resp_err_t error = rd_kafka_committed(client, list, 5000);
    int64_t offset = error || list->elems[0].err ? -1 : list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    return offset;
}

/* Whoever looks at the group with Kafka's own tools would see a lag for ever. */
static void the_group_is_told_again_what_it_did_not_take(void **state)
{
    struct works *works = *state;
    struct rows rows;
    rd_kafka_t *client = open_in_group(works);
    rd_kafka_mock_push_request_errors(works->mock.cluster, MOCK_OFFSET_COMMIT, 1,
                                      RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
    post_event(works, 3, "D-2");
    start(works);
    await_rows(works, &rows, 1);
    int64_t give_up_at = clock_ticks_ms() + PATIENCE_MS;
    while (committed(client, 3) != 1) {
        assert_true(clock_ticks_ms() < give_up_at);
        (void)usleep(100000);
    }
    rd_kafka_destroy(client);
}

static rd_kafka_t *join_group(const struct works *works)
{
    rd_kafka_t *client = open_in_group(works);
    rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
    assert_int_equal(rd_kafka_subscribe(client, topics), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(topics);
    return client;
}

static void await_share(rd_kafka_t *client)
{
    int64_t give_up_at = clock_ticks_ms() + PATIENCE_MS;
    for (int count = 0; count == 0;) {
        rd_kafka_topic_partition_list_t *held = NULL;
        assert_true(clock_ticks_ms() < give_up_at);
        rd_kafka_message_t *message = rd_kafka_consumer_poll(client, 50);
        if (message)
            rd_kafka_message_destroy(message);
        assert_int_equal(rd_kafka_assignment(client, &held), RD_KAFKA_RESP_ERR_NO_ERROR);
        count = held->cnt;
        rd_kafka_topic_partition_list_destroy(held);
    }
}

static void a_rebalance_loses_and_doubles_nothing(void **state)
{
    struct works *works = *state;
    struct rows rows;
    char dossier[TEXT];
    for (int i = 0; i < 12; i++) {
        (void)snprintf(dossier, sizeof dossier, "D-%d", i);
        post_event(works, i, dossier);
    }
    start(works);
    await_rows(works, &rows, 12);
    rd_kafka_t *other = join_group(works);
    await_share(other);
    for (int i = 0; i < 12; i++) {
        (void)snprintf(dossier, sizeof dossier, "D-%d", 12 + i);
        post_event(works, i, dossier);
    }
    (void)rd_kafka_consumer_close(other); /* it leaves, be it politely or not */
    rd_kafka_destroy(other);
    await_rows(works, &rows, 24);
    await_lag(works, 0);
    look(works, &rows);
    assert_int_equal(rows.count, 24);
}

/* ---- positions that do not fit ---- */

static void another_cluster_is_held_until_a_person_has_spoken(void **state)
{
    struct works *works = *state;
    struct fault why;
    struct rows rows;
    assert_true(spool_set_cluster(works->spool, "another", &why));
    put_position(works, 0, 1);
    post_event(works, 0, "D-1");
    post_event(works, 0, "D-2");
    start(works);
    await_state(works, SUBSCRIBER_HELD, &why);
    assert_non_null(strstr(why.text, "of cluster another"));
    look(works, &rows);
    assert_int_equal(rows.count, 0);

    assert_true(subscriber_resume(works->subscriber, false));
    await_rows(works, &rows, 2);
}

static void from_the_end_only_what_is_new_is_delivered(void **state)
{
    struct works *works = *state;
    struct fault why;
    struct rows rows;
    assert_true(spool_set_cluster(works->spool, "another", &why));
    post_event(works, 0, "D-1");
    start(works);
    await_state(works, SUBSCRIBER_HELD, &why);
    assert_true(subscriber_resume(works->subscriber, true));
    await_state(works, SUBSCRIBER_RUNNING, &why);
    assert_false(subscriber_resume(works->subscriber, true)); /* it waits for none any more */
    assert_int_equal(position(works, 0), 1);
    post_event(works, 0, "D-2");
    await_rows(works, &rows, 1);
    assert_row(&rows.all[0], "D-2", 0, 1);
}

/* A kill at such a moment would have the next start read from the first record. */
static void on_the_way_to_the_end_there_is_no_moment_without_a_position(void **state)
{
    struct works *works = *state;
    struct fault why;
    assert_true(spool_set_cluster(works->spool, "another", &why));
    put_position(works, 0, 1);
    post_event(works, 0, "D-1");
    start(works);
    await_state(works, SUBSCRIBER_HELD, &why);
    assert_true(subscriber_resume(works->subscriber, true));
    while (subscriber_state(works->subscriber, &why) != SUBSCRIBER_RUNNING)
        assert_int_equal(position(works, 0), 1);
}

static void a_topic_made_anew_is_held_and_then_read_from_its_start(void **state)
{
    struct works *works = *state;
    struct fault why;
    struct rows rows;
    put_position(works, 2, 100);
    put_position(works, 3, 1);
    post_event(works, 2, "D-1");
    post_event(works, 3, "D-2");
    start(works);
    await_state(works, SUBSCRIBER_HELD, &why);
    assert_non_null(strstr(why.text, "partition 2 ends at 1, the position is 100"));
    assert_true(subscriber_resume(works->subscriber, false));
    await_rows(works, &rows, 2);
}

/* The mock cluster keeps 5 MiB a partition. */
static void records_that_expired_unread_are_told_of(void **state)
{
    struct works *works = *state;
    struct fault why;
    struct rows rows;
    enum { LARGE = 900000 };
    auto_free(free) char *large = malloc(LARGE);
    assert_non_null(large);
    memset(large, 'x', LARGE);
    put_position(works, 0, 1);
    put_position(works, 1, 1);
    post_event(works, 1, "D-1");
    for (int i = 0; i < 12; i++)
        post(works, &(struct letter){0, "K", large, LARGE});
    start(works);
    await_state(works, SUBSCRIBER_HELD, &why);
    assert_non_null(strstr(why.text, "lost records before they were read: partition 0 begins at"));
    assert_non_null(strstr(why.text, "the position is 1;"));
    assert_true(subscriber_resume(works->subscriber, false));
    await_lag(works, 0);
    look(works, &rows);
    assert_true(rows.count > 0 && rows.count < 11);
    assert_true(rows.all[0].offset > 1);
    assert_int_equal(position(works, 1), 1); /* the others stay where they are */
}

static void the_embedded_broker_is_read_from_its_start(void **state)
{
    struct works *works = *state;
    struct fault why;
    struct rows rows;
    assert_true(spool_set_cluster(works->spool, "another", &why));
    put_position(works, 0, 100);
    works->starts_anew = true;
    post_event(works, 0, "D-1");
    start(works);
    await_rows(works, &rows, 1);
}

/* ---- what is out of reach ---- */

static void a_full_disk_is_waited_for(void **state)
{
    struct works *works = *state;
    struct fault why;
    struct rows rows;
    close_spool(works);
    works->reserve_bytes = INT64_MAX / 2;
    open_spool(works);
    post_event(works, 0, "D-1");
    start(works);
    await_state(works, SUBSCRIBER_WAITING, &why);
    stop(works);
    look(works, &rows);
    assert_int_equal(rows.count, 0);

    close_spool(works);
    works->reserve_bytes = 0;
    open_spool(works);
    start(works);
    await_rows(works, &rows, 1);
}

static void a_broker_that_comes_back_is_read_on(void **state)
{
    struct works *works = *state;
    struct fault why;
    struct rows rows;
    start(works);
    await_state(works, SUBSCRIBER_RUNNING, &why);
    (void)rd_kafka_mock_broker_set_down(works->mock.cluster, 1);
    await_state(works, SUBSCRIBER_WAITING, &why);
    (void)rd_kafka_mock_broker_set_up(works->mock.cluster, 1);
    await_state(works, SUBSCRIBER_RUNNING, &why);
    post_event(works, 0, "D-1");
    await_rows(works, &rows, 1);
}

static void a_silent_broker_does_not_hold_up_a_stop(void **state)
{
    struct works *works = *state;
    struct fault why;
    (void)rd_kafka_mock_broker_set_rtt(works->mock.cluster, 1, 60000);
    start(works);
    await_state(works, SUBSCRIBER_WAITING, &why);
    int64_t asked_at = clock_ticks_ms();
    stop(works);
    assert_true(clock_ticks_ms() - asked_at < 10000); /* the broker is silent for a minute */
    (void)rd_kafka_mock_broker_set_rtt(works->mock.cluster, 1, 0);
}

static void a_bad_property_is_refused_at_start(void **state)
{
    static const char *const bad[] = {"no.such.property=1"};
    struct works *works = *state;
    struct fault why;
    struct subscriber_options options = {
        .kafka = works->mock.options,
        .spool_file = works->file,
        .schema = works->schema,
        .schema_no = works->schema_no,
        .batch_entries = 1,
        .batch_bytes = 1,
        .hooks = {.own = works, .route = route, .end = end},
    };
    options.kafka.properties = bad;
    options.kafka.property_count = 1;
    assert_null(subscriber_start(&options, works->spool, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    assert_non_null(strstr(why.text, "no.such.property"));
}

#define WITH_WORKS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORKS(an_event_becomes_deliveries_with_its_bytes_as_they_are),
        WITH_WORKS(the_entry_of_an_event_is_the_one_that_its_record_says),
        WITH_WORKS(a_restart_goes_on_at_the_stored_position),
        WITH_WORKS(what_another_version_wrote_is_carried_over),
        WITH_WORKS(what_cannot_be_read_is_kept_and_passed_over),
        WITH_WORKS(a_registry_out_of_reach_is_waited_for),
        WITH_WORKS(what_a_record_was_tried_with_is_let_go),
        WITH_WORKS(an_id_that_the_publisher_has_pinned_is_not_asked_for),
        WITH_WORKS(the_group_is_told_again_what_it_did_not_take),
        WITH_WORKS(a_rebalance_loses_and_doubles_nothing),
        WITH_WORKS(another_cluster_is_held_until_a_person_has_spoken),
        WITH_WORKS(from_the_end_only_what_is_new_is_delivered),
        WITH_WORKS(on_the_way_to_the_end_there_is_no_moment_without_a_position),
        WITH_WORKS(a_topic_made_anew_is_held_and_then_read_from_its_start),
        WITH_WORKS(records_that_expired_unread_are_told_of),
        WITH_WORKS(the_embedded_broker_is_read_from_its_start),
        WITH_WORKS(a_full_disk_is_waited_for),
        WITH_WORKS(a_broker_that_comes_back_is_read_on),
        WITH_WORKS(a_silent_broker_does_not_hold_up_a_stop),
        WITH_WORKS(a_bad_property_is_refused_at_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
