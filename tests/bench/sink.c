/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The partner's system of `make bench`: takes every document, notes when it was there, says 202.
 *
 *     sink PORT NOTES [MILLISECONDS]
 *
 * With a time it answers each document so much later, as a system does that has something to do
 * with it; any number at once.  GET answers how many came.  At SIGTERM it writes NOTES, a line for
 * each: its Idempotency-Key, microseconds since 1970, bytes; and NOTES.body, one of the documents.
 * Both the gateway and the baseline (deliver.c) send to it.
 */
#include "base/cleanup.h"

#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KEY_SIZE = 40, CONNECTIONS = 1000, FIRST_ROOM = 1 << 16, BODY_LIMIT = 1 << 20 };

struct note {
    char key[KEY_SIZE];
    int64_t at_us;
    size_t size;
};

/* Everything is the server thread's until that has ended; only the count is asked for before. */
struct sink {
    struct note *notes;
    size_t room;
    atomic_size_t count;
    char *body; /* the first one */
    size_t body_size;
    struct MHD_Response *accepted;
};

struct upload {
    size_t size;
    bool is_kept, is_taken;
    struct MHD_Connection *connection;
    int64_t answer_at_us;
    struct upload *next; /* behind it in the queue */
};

/* Those that wait for their answers; all wait as long, so the first is due first. */
static struct {
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t filled;
    struct upload *first, **end;
    int64_t delay_us; /* set once, before the server starts */
    bool is_ending;
} waiting = {.lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER};

static _Noreturn void die(const char *what, const char *detail)
{
    (void)fprintf(stderr, "sink: %s: %s\n", what, detail);
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void note_arrival(struct sink *sink, struct MHD_Connection *connection, size_t size)
{
    size_t count = atomic_load(&sink->count);
    if (count == sink->room) {
        sink->room = sink->room ? 2 * sink->room : FIRST_ROOM;
        sink->notes = realloc(sink->notes, sink->room * sizeof *sink->notes);
        if (!sink->notes)
            die("notes", "out of memory");
    }
    const char *key = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Idempotency-Key");
    struct note *note = &sink->notes[count];
    (void)snprintf(note->key, KEY_SIZE, "%s", key ? key : "-");
    note->at_us = now_us();
    note->size = size;
    atomic_store(&sink->count, count + 1);
}

static void keep_body(struct sink *sink, const char *bytes, size_t size)
{
    if (sink->body_size + size > BODY_LIMIT)
        return;
    char *room = realloc(sink->body, sink->body_size + size);
    if (!room)
        die("body", "out of memory");
    sink->body = room;
    memcpy(sink->body + sink->body_size, bytes, size);
    sink->body_size += size;
}

static enum MHD_Result answer_count(struct sink *sink, struct MHD_Connection *connection)
{
    char text[32];
    int size = snprintf(text, sizeof text, "%zu\n", atomic_load(&sink->count));
    struct MHD_Response *response =
        MHD_create_response_from_buffer((size_t)size, text, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

static void wait_for_answer(struct upload *upload, struct MHD_Connection *connection)
{
    upload->connection = connection;
    upload->answer_at_us = now_us() + waiting.delay_us;
    MHD_suspend_connection(connection);
    (void)pthread_mutex_lock(&waiting.lock);
    *waiting.end = upload;
    waiting.end = &upload->next;
    (void)pthread_cond_signal(&waiting.filled);
    (void)pthread_mutex_unlock(&waiting.lock);
}

/* The first of the queue; NULL when it is time to end and nobody waits. */
static struct upload *take_first(void)
{
    (void)pthread_mutex_lock(&waiting.lock);
    while (!waiting.first && !waiting.is_ending)
        (void)pthread_cond_wait(&waiting.filled, &waiting.lock);
    struct upload *first = waiting.first;
    if (first && !(waiting.first = first->next))
        waiting.end = &waiting.first;
    (void)pthread_mutex_unlock(&waiting.lock);
    return first;
}

static void *answer_late(void *own)
{
    struct upload *upload;
    while ((upload = take_first())) {
        int64_t left_us = upload->answer_at_us - now_us();
        const struct timespec pause = {.tv_sec = left_us / 1000000,
                                       .tv_nsec = left_us % 1000000 * 1000};
        if (left_us > 0)
            (void)nanosleep(&pause, NULL);
        MHD_resume_connection(upload->connection);
    }
    return own;
}

static void end_answering(pthread_t thread)
{
    (void)pthread_mutex_lock(&waiting.lock);
    waiting.is_ending = true;
    (void)pthread_cond_signal(&waiting.filled);
    (void)pthread_mutex_unlock(&waiting.lock);
    (void)pthread_join(thread, NULL);
}

static enum MHD_Result serve(void *own, struct MHD_Connection *connection, const char *path,
                             const char *method, const char *version, const char *body,
                             size_t *body_size, void **place)
{
    (void)path;
    (void)version;
    struct sink *sink = own;
    struct upload *upload = *place;
    if (strcmp(method, "GET") == 0)
        return answer_count(sink, connection);
    if (!upload) {
        *place = upload = calloc(1, sizeof *upload);
        if (upload)
            upload->is_kept = !sink->body;
        return upload ? MHD_YES : MHD_NO;
    }
    if (*body_size > 0) {
        upload->size += *body_size;
        if (upload->is_kept)
            keep_body(sink, body, *body_size);
        *body_size = 0;
        return MHD_YES;
    }
    if (!upload->is_taken)
        note_arrival(sink, connection, upload->size);
    if (!upload->is_taken && waiting.delay_us > 0) {
        upload->is_taken = true;
        wait_for_answer(upload, connection);
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_ACCEPTED, sink->accepted);
}

static void end_request(void *own, struct MHD_Connection *connection, void **place,
                        enum MHD_RequestTerminationCode code)
{
    (void)own;
    (void)connection;
    (void)code;
    free(*place);
    *place = NULL;
}

static FILE *open_file(const char *path, const char *ending)
{
    char name[4096];
    (void)snprintf(name, sizeof name, "%s%s", path, ending);
    FILE *file = fopen(name, "wb");
    if (!file)
        die(name, "cannot write");
    return file;
}

static void write_notes(const struct sink *sink, const char *path)
{
    FILE *file = open_file(path, "");
    size_t count = atomic_load(&sink->count);
    for (size_t i = 0; i < count; i++)
        (void)fprintf(file, "%s %lld %zu\n", sink->notes[i].key, (long long)sink->notes[i].at_us,
                      sink->notes[i].size);
    if (fclose(file) != 0)
        die(path, "cannot write");
    FILE *body = open_file(path, ".body");
    (void)fwrite(sink->body, 1, sink->body_size, body);
    if (fclose(body) != 0)
        die(path, "cannot write the body");
}

int main(int argc, char **argv)
{
    pthread_t answerer;
    if (argc != 3 && argc != 4)
        die("usage", "sink PORT NOTES [MILLISECONDS]");
    waiting.end = &waiting.first;
    waiting.delay_us = argc == 4 ? (int64_t)strtoul(argv[3], NULL, 10) * 1000 : 0;
    sigset_t ends;
    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigaddset(&ends, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &ends, NULL);
    static char text[] = "{\"status\":\"accepted\"}\n";
    struct sink sink = {
        .accepted = MHD_create_response_from_buffer(sizeof text - 1, text, MHD_RESPMEM_PERSISTENT)};
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME,
        (uint16_t)strtoul(argv[1], NULL, 10), NULL, NULL, serve, &sink, MHD_OPTION_NOTIFY_COMPLETED,
        end_request, NULL, MHD_OPTION_CONNECTION_LIMIT, (unsigned int)CONNECTIONS, MHD_OPTION_END);
    if (!sink.accepted || !daemon)
        die(argv[1], "cannot listen");
    if (pthread_create(&answerer, NULL, answer_late, NULL) != 0)
        die("answers", "cannot start their thread");

    int received;
    (void)sigwait(&ends, &received);
    end_answering(answerer);
    MHD_stop_daemon(daemon);
    MHD_destroy_response(sink.accepted);
    write_notes(&sink, argv[2]);
    free(sink.notes);
    free(sink.body);
    return 0;
}
