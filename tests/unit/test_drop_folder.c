/* SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "ingest/drop_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>

struct place {
    char path[SCRATCH_PATH_SIZE];
    struct drop_folder folder;
};

static int open_place(void **state)
{
    struct fault why;
    struct place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    (void)snprintf(place->path, sizeof place->path, "/tmp/lienthong-drop-XXXXXX");
    assert_non_null(mkdtemp(place->path));
    assert_true(drop_folder_open(place->path, &place->folder, &why));
    *state = place;
    return 0;
}

static void empty(int folder)
{
    DIR *listing = fdopendir(dup(folder));
    assert_non_null(listing);
    rewinddir(listing);
    for (struct dirent *entry; (entry = readdir(listing));)
        (void)unlinkat(folder, entry->d_name, 0);
    (void)closedir(listing);
}

static int close_place(void **state)
{
    struct place *place = *state;
    empty(place->folder.done);
    empty(place->folder.failed);
    empty(place->folder.inbox);
    assert_int_equal(unlinkat(place->folder.inbox, "done", AT_REMOVEDIR), 0);
    assert_int_equal(unlinkat(place->folder.inbox, "failed", AT_REMOVEDIR), 0);
    drop_folder_close(&place->folder);
    assert_int_equal(rmdir(place->path), 0);
    free(place);
    return 0;
}

static void put(int folder, const char *name, const char *text, time_t written)
{
    int file = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), strlen(text));
    const struct timespec times[2] = {{.tv_sec = written}, {.tv_sec = written}};
    assert_int_equal(futimens(file, times), 0);
    (void)close(file);
}

static bool is_there(int folder, const char *name)
{
    return faccessat(folder, name, F_OK, 0) == 0;
}

/* The file as the list has it; all zero when it does not wait. */
static struct dropped find(struct place *place, const char *name)
{
    struct fault why;
    size_t count;
    static char kept[NAME_MAX + 1];
    struct dropped found = {.name = kept};
    (void)snprintf(kept, sizeof kept, "%s", name);
    struct dropped *list = drop_folder_list(&place->folder, 100, &count, &why);
    assert_non_null(list);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].name, name) == 0) {
            found = list[i];
            found.name = kept;
        }
    }
    drop_list_free(list, count);
    return found;
}

static void end(struct place *place, bool is_done, const struct dropped *file)
{
    struct fault why;
    const char *suffix = is_done ? ".receipt.json" : ".problems.json";
    if (!drop_folder_end(&place->folder, is_done, file, suffix, "{}", &why))
        fail_msg("%s", why.text);
}

static void end_name(struct place *place, bool is_done, const char *name)
{
    const struct dropped file = find(place, name);
    end(place, is_done, &file);
}

static void the_oldest_files_come_first_and_no_more_than_asked(void **state)
{
    struct place *place = *state;
    struct fault why;
    char name[16];
    size_t count;
    for (int i = 0; i < 50; i++) {
        (void)snprintf(name, sizeof name, "%02d.xml", i * 7 % 50);
        put(place->folder.inbox, name, "x", 1000000 + i * 7 % 50);
    }
    put(place->folder.inbox, "a.xml", "x", 1000000); /* as old as 00.xml: by name */
    struct dropped *list = drop_folder_list(&place->folder, 4, &count, &why);
    assert_non_null(list);
    assert_int_equal(count, 4);
    static const char *const expected[] = {"00.xml", "a.xml", "01.xml", "02.xml"};
    for (size_t i = 0; i < count; i++)
        assert_string_equal(list[i].name, expected[i]);
    drop_list_free(list, count);
}

static void names_beside_which_none_would_fit_are_counted(void **state)
{
    struct place *place = *state;
    struct fault why;
    size_t count;
    char longest[DROP_NAME_MOST + 1], longer[DROP_NAME_MOST + 2];
    memset(longest, 'a', sizeof longest);
    longest[DROP_NAME_MOST] = '\0';
    (void)snprintf(longer, sizeof longer, "%sa", longest);
    put(place->folder.inbox, longest, "x", 1000000);
    put(place->folder.inbox, longer, "x", 1000000);
    struct dropped *list = drop_folder_list(&place->folder, 10, &count, &why);
    assert_non_null(list);
    assert_int_equal(count, 1);
    assert_int_equal(place->folder.overlong, 1);
    end_name(place, false, longest);
    drop_list_free(list, count);
}

static void what_is_still_being_written_does_not_count(void **state)
{
    struct place *place = *state;
    static const char *const names[] = {".a.xml", "a.xml.tmp", "a.xml.part", "a.xml.filepart"};
    struct fault why;
    size_t count;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        put(place->folder.inbox, names[i], "x", 1000000);
    assert_int_equal(symlinkat("/etc/passwd", place->folder.inbox, "link.xml"), 0);
    struct dropped *list = drop_folder_list(&place->folder, 10, &count, &why);
    assert_non_null(list);
    assert_int_equal(count, 0);
    drop_list_free(list, count);
}

static void a_file_is_read_up_to_its_limit_and_never_through_a_link(void **state)
{
    struct place *place = *state;
    struct fault why;
    size_t size;
    put(place->folder.inbox, "a.xml", "12345", 1000000);
    struct dropped file = find(place, "a.xml");
    char *bytes = drop_folder_read(&place->folder, &file, 5, &size, &why);
    assert_non_null(bytes);
    assert_int_equal(size, 5);
    assert_memory_equal(bytes, "12345", 5);
    free(bytes);
    assert_null(drop_folder_read(&place->folder, &file, 4, &size, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    file.name = (char[]){"absent.xml"};
    assert_null(drop_folder_read(&place->folder, &file, 4, &size, &why));
    assert_int_equal(why.kind, FAULT_RETRY);
    assert_int_equal(symlinkat("a.xml", place->folder.inbox, "link.xml"), 0);
    file.name = (char[]){"link.xml"};
    assert_null(drop_folder_read(&place->folder, &file, 10000, &size, &why));
    assert_int_equal(why.kind, FAULT_RETRY);
}

/* As senders are told to: beside it, and renamed over it. */
static void replace(struct place *place, const char *name, const char *text)
{
    put(place->folder.inbox, ".new", text, 1000000);
    assert_int_equal(renameat(place->folder.inbox, ".new", place->folder.inbox, name), 0);
}

static void another_file_under_the_name_is_read_in_its_turn(void **state)
{
    struct place *place = *state;
    struct fault why;
    size_t size;
    put(place->folder.inbox, "a.xml", "first", 1000000);
    const struct dropped file = find(place, "a.xml");
    replace(place, "a.xml", "other");
    assert_null(drop_folder_read(&place->folder, &file, 100, &size, &why));
    assert_int_equal(why.kind, FAULT_RETRY);
}

/* It came while the one before was stored, or waited for Kafka. */
static void another_file_under_the_name_is_not_moved_away_unread(void **state)
{
    struct place *place = *state;
    struct fault why;
    size_t size;
    put(place->folder.inbox, "a.xml", "first", 1000000);
    struct dropped file = find(place, "a.xml");
    replace(place, "a.xml", "other");
    put(place->folder.inbox, "a.xml.jws", "of the other", 1000000);
    end(place, true, &file);
    assert_true(is_there(place->folder.done, "a.xml.receipt.json"));
    assert_true(is_there(place->folder.inbox, "a.xml.jws"));
    file = find(place, "a.xml");
    char *bytes = drop_folder_read(&place->folder, &file, 100, &size, &why);
    assert_non_null(bytes);
    assert_memory_equal(bytes, "other", size);
    free(bytes);
    end(place, true, &file);
    assert_false(is_there(place->folder.inbox, "a.xml"));
    assert_false(is_there(place->folder.inbox, "a.xml.jws"));
}

static void a_file_ends_beside_what_is_said_of_it(void **state)
{
    struct place *place = *state;
    put(place->folder.inbox, "a.xml", "x", 1000000);
    put(place->folder.inbox, "b.xml", "x", 1000000);
    end_name(place, true, "a.xml");
    end_name(place, false, "b.xml");
    assert_true(is_there(place->folder.done, "a.xml"));
    assert_true(is_there(place->folder.done, "a.xml.receipt.json"));
    assert_true(is_there(place->folder.failed, "b.xml"));
    assert_true(is_there(place->folder.failed, "b.xml.problems.json"));
    assert_false(is_there(place->folder.inbox, "a.xml"));
}

/* Whoever waits for what is said of a file may read it as soon as it is there. */
static void what_is_said_of_a_file_appears_whole(void **state)
{
    struct place *place = *state;
    char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    char done[SCRATCH_PATH_SIZE + 8];
    size_t moved = 0;
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    assert_true(watch >= 0);
    (void)snprintf(done, sizeof done, "%s/done", place->path);
    assert_true(inotify_add_watch(watch, done, IN_CREATE | IN_MOVED_TO) >= 0);
    put(place->folder.inbox, "a.xml", "x", 1000000);
    end_name(place, true, "a.xml");
    ssize_t size = read(watch, events, sizeof events);
    for (ssize_t at = 0; at < size;) {
        const struct inotify_event *event = (const void *)(events + at);
        at += (ssize_t)(sizeof *event + event->len);
        if (strcmp(event->name, "a.xml.receipt.json") != 0)
            continue;
        assert_int_equal(event->mask, IN_MOVED_TO);
        moved++;
    }
    assert_int_equal(moved, 1);
    (void)close(watch);
}

static void a_name_that_was_there_before_loses_nothing(void **state)
{
    struct place *place = *state;
    size_t count = 0;
    for (int i = 0; i < 2; i++) {
        put(place->folder.inbox, "a.xml", i == 0 ? "first" : "second", 1000000);
        end_name(place, true, "a.xml");
    }
    DIR *listing = fdopendir(dup(place->folder.done));
    assert_non_null(listing);
    for (struct dirent *entry; (entry = readdir(listing));)
        count += entry->d_name[0] != '.';
    (void)closedir(listing);
    assert_int_equal(count, 4);
}

/* To open a fifo waits for whoever is at its other end. */
static void nothing_waits_for_a_fifo_that_a_partner_made(void **state)
{
    struct place *place = *state;
    struct fault why;
    size_t size;
    alarm(10);
    put(place->folder.inbox, "a.xml", "<a/>", 1000000);
    const struct dropped file = find(place, "a.xml");
    assert_int_equal(unlinkat(place->folder.inbox, "a.xml", 0), 0);
    assert_int_equal(mkfifoat(place->folder.inbox, "a.xml", 0600), 0);
    assert_null(drop_folder_read(&place->folder, &file, 100, &size, &why));
    assert_int_equal(why.kind, FAULT_RETRY); /* no list has it any more */
    put(place->folder.inbox, "b.xml", "<a/>", 1000000);
    assert_int_equal(mkfifoat(place->folder.inbox, "b.xml.jws", 0600), 0);
    assert_null(drop_folder_signature(&place->folder, "b.xml", 100, &why));
    assert_int_equal(why.kind, FAULT_REFUSE);
    assert_int_equal(mkfifoat(place->folder.done, "b.xml.receipt.json", 0600), 0);
    end_name(place, true, "b.xml");
    assert_true(is_there(place->folder.done, "b.xml"));
    alarm(0);
}

static void a_receipt_is_not_written_through_another_name_of_a_file(void **state)
{
    struct place *place = *state;
    struct stat status;
    put(place->folder.inbox, "a.xml", "<a/>", 1000000);
    put(place->folder.failed, "other", "not yours", 1000000);
    assert_int_equal(
        linkat(place->folder.failed, "other", place->folder.done, "a.xml.receipt.json", 0), 0);
    end_name(place, true, "a.xml");
    assert_int_equal(fstatat(place->folder.failed, "other", &status, 0), 0);
    assert_int_equal(status.st_size, strlen("not yours"));
    assert_int_equal(fstatat(place->folder.done, "a.xml.receipt.json", &status, 0), 0);
    assert_int_equal(status.st_size, strlen("{}"));
}

static void only_what_ended_long_ago_is_pruned(void **state)
{
    struct place *place = *state;
    put(place->folder.inbox, "a.xml", "x", 1000000);
    end_name(place, true, "a.xml");
    drop_folder_prune(&place->folder, 1000); /* written long ago, but moved now */
    assert_true(is_there(place->folder.done, "a.xml"));
    drop_folder_prune(&place->folder, INT64_MAX);
    assert_false(is_there(place->folder.done, "a.xml"));
    assert_false(is_there(place->folder.done, "a.xml.receipt.json"));
}

static void a_folder_that_is_not_there_may_come_later(void **state)
{
    (void)state;
    struct drop_folder folder;
    struct fault why;
    assert_false(drop_folder_open("/nonexistent", &folder, &why));
    assert_int_equal(why.kind, FAULT_RETRY);
    assert_string_equal(why.text, "/nonexistent: No such file or directory");
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, open_place, close_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_PLACE(the_oldest_files_come_first_and_no_more_than_asked),
        IN_PLACE(what_is_still_being_written_does_not_count),
        IN_PLACE(names_beside_which_none_would_fit_are_counted),
        IN_PLACE(a_file_is_read_up_to_its_limit_and_never_through_a_link),
        IN_PLACE(another_file_under_the_name_is_read_in_its_turn),
        IN_PLACE(another_file_under_the_name_is_not_moved_away_unread),
        IN_PLACE(a_file_ends_beside_what_is_said_of_it),
        IN_PLACE(what_is_said_of_a_file_appears_whole),
        IN_PLACE(a_name_that_was_there_before_loses_nothing),
        IN_PLACE(only_what_ended_long_ago_is_pruned),
        IN_PLACE(nothing_waits_for_a_fifo_that_a_partner_made),
        IN_PLACE(a_receipt_is_not_written_through_another_name_of_a_file),
        cmocka_unit_test(a_folder_that_is_not_there_may_come_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
