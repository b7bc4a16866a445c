/* SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include "base/log.h"

#include <inttypes.h>
#include <pthread.h>

/* What is logged while a test runs goes into this file. */
struct capture {
    char path[SCRATCH_PATH_SIZE];
    int stderr_before;
};

static struct capture capture_begin(void)
{
    struct capture capture;
    scratch_text(capture.path, "");
    capture.stderr_before = dup(STDERR_FILENO);
    assert_true(capture.stderr_before >= 0);
    FILE *file = fopen(capture.path, "a");
    assert_non_null(file);
    assert_true(dup2(fileno(file), STDERR_FILENO) >= 0);
    assert_int_equal(fclose(file), 0);
    return capture;
}

static size_t capture_end(const struct capture *capture, char *text, size_t size)
{
    assert_true(dup2(capture->stderr_before, STDERR_FILENO) >= 0);
    assert_int_equal(close(capture->stderr_before), 0);
    FILE *file = fopen(capture->path, "r");
    assert_non_null(file);
    size_t count = fread(text, 1, size - 1, file);
    text[count] = '\0';
    assert_int_equal(fclose(file), 0);
    (void)unlink(capture->path);
    return count;
}

/* Runs the statement and holds what it logged, after the time, against `expected`. */
#define ASSERT_LOGS(expected, statement)                                                           \
    do {                                                                                           \
        char logged_[9000];                                                                        \
        struct capture capture_ = capture_begin();                                                 \
        statement;                                                                                 \
        (void)capture_end(&capture_, logged_, sizeof logged_);                                     \
        assert_memory_equal(logged_, "time=20", 7);                                                \
        assert_string_equal(logged_ + strlen("time=2025-05-12T07:45:00.000Z "), expected);         \
    } while (0)

static void a_line_has_level_event_and_pairs(void **state)
{
    (void)state;
    ASSERT_LOGS(
        "level=warn event=publisher.retry entry=7 why=\"broker is gone\"\n",
        log_warn("publisher.retry", "entry=%" PRId64 " why=\"%s\"", INT64_C(7), "broker is gone"));
    ASSERT_LOGS("level=info event=daemon.started\n", log_info("daemon.started", NULL));
}

static void every_conversion_of_the_list_is_known(void **state)
{
    (void)state;
    ASSERT_LOGS("level=info event=x a=-1 b=2 c=ff d=3 e=-4 f=5 g=6 h=1.50 i=y j=% k=007 l=  9\n",
                log_info("x",
                         "a=%d b=%u c=%x d=%zu e=%ld f=%lu g=%lld h=%.2f i=%c j=%% k=%03d l=%3i",
                         -1, 2U, 255U, (size_t)3, -4L, 5UL, 6LL, 1.5, 'y', 7, 9));
    ASSERT_LOGS("level=info event=x a=ab b=abc c=18446744073709551615 d=-9223372036854775808\n",
                log_info("x", "a=%.2s b=%.*s c=%" PRIu64 " d=%" PRId64, "abc", 3, "abcd",
                         UINT64_MAX, INT64_MIN));
    const char *volatile nothing = NULL; /* unseen by the compiler, which would warn */
    ASSERT_LOGS("level=info event=x a=null\n", log_info("x", "a=%s", nothing));
}

static const struct {
    const char *value;
    const char *quoted;   /* in why="%s" */
    const char *unquoted; /* in why=%s */
} values[] = {
    {"plain", "\"plain\"", "plain"},
    {"", "\"\"", "\"\""},
    {"two words", "\"two words\"", "\"two words\""},
    {"Phú Cường", "\"Phú Cường\"", "\"Phú Cường\""},
    /* out of the quotation marks */
    {"x\" level=error event=forged", "\"x\\\" level=error event=forged\"",
     "\"x\\\" level=error event=forged\""},
    {"x\\", "\"x\\\\\"", "x\\\\"},
    {"x\\\" y=1", "\"x\\\\\\\" y=1\"", "\"x\\\\\\\" y=1\""},
    /* a pair of its own */
    {"a=b", "\"a=b\"", "\"a=b\""},
    /* a line of its own */
    {"x\ntime=2025 level=error", "\"x\\ntime=2025 level=error\"", "\"x\\ntime=2025 level=error\""},
    {"x\r\ny", "\"x\\x0d\\ny\"", "x\\x0d\\ny"},
    /* a terminal's */
    {"\x1b[2J\x07\x7f", "\"\\x1b[2J\\x07\\x7f\"", "\\x1b[2J\\x07\\x7f"},
    {"\xc2\x9b"
     "2J",
     "\"\\xc2\\x9b2J\"", "\\xc2\\x9b2J"},
    {"\t", "\"\\x09\"", "\\x09"},
    /* not UTF-8 */
    {"a\xff"
     "b\xe1\xbb",
     "\"a\\xffb\\xe1\\xbb\"", "a\\xffb\\xe1\\xbb"},
    {"%s%n", "\"%s%n\"", "%s%n"},
};

static void no_value_can_forge_a_line_or_a_pair(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char expected[300];
        (void)snprintf(expected, sizeof expected, "level=info event=x why=%s next=1\n",
                       values[i].quoted);
        ASSERT_LOGS(expected, log_info("x", "why=\"%s\" next=%d", values[i].value, 1));
        (void)snprintf(expected, sizeof expected, "level=info event=x why=%s next=1\n",
                       values[i].unquoted);
        ASSERT_LOGS(expected, log_info("x", "why=%s next=%d", values[i].value, 1));
    }
}

static void a_single_byte_cannot_forge_either(void **state)
{
    (void)state;
    ASSERT_LOGS("level=info event=x c=\\n d=\"\\\"\" e=\" \"\n",
                log_info("x", "c=%c d=%c e=%c", '\n', '"', ' '));
}

static void a_long_line_is_cut_and_nothing_follows(void **state)
{
    (void)state;
    static const char *const characters[] = {"x", "\"", "ờ", "😀", "\x01"};
    for (size_t i = 0; i < sizeof characters / sizeof *characters; i++) {
        char text[9000] = "", logged[9000];
        size_t size = strlen(characters[i]);
        for (size_t at = 0; at + size < sizeof text; at += size)
            memcpy(text + at, characters[i], size + 1);
        struct capture capture = capture_begin();
        log_info("x", "why=\"%s\" next=%d", text, 1);
        size_t count = capture_end(&capture, logged, sizeof logged);
        assert_true(count <= 4096 && count > 4080);
        assert_int_equal(logged[count - 1], '\n');
        assert_ptr_equal(strchr(logged, '\n'), logged + count - 1);
        assert_null(strstr(logged, "next"));
    }
}

static void lines_below_the_level_are_dropped(void **state)
{
    (void)state;
    char logged[500];
    struct capture capture = capture_begin();
    log_debug("x", "n=%d", 1);
    log_set_level(LOG_LEVEL_ERROR);
    log_warn("x", "n=%d", 2);
    log_error("x", "n=%d", 3);
    log_set_level(LOG_LEVEL_DEBUG);
    log_debug("x", "n=%d", 4);
    log_set_level(LOG_LEVEL_INFO);
    (void)capture_end(&capture, logged, sizeof logged);
    assert_null(strstr(logged, "n=1"));
    assert_null(strstr(logged, "n=2"));
    assert_non_null(strstr(logged, "level=error event=x n=3\n"));
    assert_non_null(strstr(logged, "level=debug event=x n=4\n"));
}

static void levels_have_names(void **state)
{
    (void)state;
    enum log_level level = LOG_LEVEL_INFO;
    assert_true(log_level_named("error", &level));
    assert_int_equal(level, LOG_LEVEL_ERROR);
    assert_true(log_level_named("debug", &level));
    assert_int_equal(level, LOG_LEVEL_DEBUG);
    assert_false(log_level_named("loud", &level));
    assert_false(log_level_named("", &level));
    assert_int_equal(level, LOG_LEVEL_DEBUG);
}

static void *log_often(void *own)
{
    for (int i = 0; i < 200; i++)
        log_info("x", "who=%s text=\"%s\"", (const char *)own, "some text that takes a while");
    return NULL;
}

static void lines_of_threads_do_not_mix(void **state)
{
    (void)state;
    static char names[3][4] = {"one", "two", "six"};
    static char logged[200 * 3 * 120];
    pthread_t threads[3];
    struct capture capture = capture_begin();
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_often, names[i]), 0);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    (void)capture_end(&capture, logged, sizeof logged);
    size_t lines = 0;
    for (const char *line = logged; *line != '\0'; line = strchr(line, '\n') + 1) {
        assert_memory_equal(line + 30, "level=info event=x who=", 23);
        assert_memory_equal(strchr(line, '\n') - 6, "while\"", 6);
        lines++;
    }
    assert_int_equal(lines, 600);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_level_event_and_pairs),
        cmocka_unit_test(every_conversion_of_the_list_is_known),
        cmocka_unit_test(no_value_can_forge_a_line_or_a_pair),
        cmocka_unit_test(a_single_byte_cannot_forge_either),
        cmocka_unit_test(a_long_line_is_cut_and_nothing_follows),
        cmocka_unit_test(lines_below_the_level_are_dropped),
        cmocka_unit_test(levels_have_names),
        cmocka_unit_test(lines_of_threads_do_not_mix),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
