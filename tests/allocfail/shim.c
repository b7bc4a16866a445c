/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaded before AddressSanitizer's library into a cmocka program: one allocation of one test's
 * fails, once.  A place is who called, FRAMES deep; addresses are the same from run to run under
 * `setarch -R`.  Place 0 fails nowhere, and says each place that the test reaches.
 *   ALLOCFAIL_OUTPUT=FILE    orders come from stdin, a line each: TEST PLACE SECONDS; what the test
 *                            prints goes to FILE, its wait status or "late" to stdout
 *   ALLOCFAIL_TEST=NAME ALLOCFAIL_PLACE=HEX    this one
 * With orders the program is started once and forks for each, before a test has made a thread or a
 * file: a start costs more than most tests.
 * Allocations of ALLOCFAIL_SPARE, names of libraries between blanks, never fail.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { FRAMES = 9, OURS = 3, DEEPEST = 64, WORDS = 128, SPARED_MOST = 64, SEEN_MOST = 1 << 20 };
enum { SAYS_AT = 200 }; /* a descriptor that no test uses */

void *__interceptor_malloc(size_t size);
void *__interceptor_calloc(size_t count, size_t size);
void *__interceptor_realloc(void *old, size_t size);

static struct {
    uintptr_t from, to;
} spared[SPARED_MOST];
static size_t spared_count;
static uint64_t places[SEEN_MOST], glimpses[SEEN_MOST]; /* hash tables of those seen */
static uint64_t wanted;                                 /* 0: none, they are listed */
static int says = -1; /* what is ours to say; a test may do as it likes with stderr */
static bool is_ready, has_failed;
static _Thread_local bool is_inside; /* what we call ourselves may allocate */

/* ---- which allocations count ---- */

static bool is_named(const char *path)
{
    const char *names = getenv("ALLOCFAIL_SPARE"), *name = strrchr(path, '/');
    char word[100];
    name = name ? name + 1 : path;
    (void)snprintf(word, sizeof word, " %.*s ", (int)strcspn(name, "."), name);
    return *name && (strstr(word, "lib") && names ? strstr(names, word) != NULL : false);
}

static int see_library(struct dl_phdr_info *info, size_t size, void *own)
{
    (void)size, (void)own;
    if (!is_named(info->dlpi_name))
        return 0;
    for (int i = 0; i < info->dlpi_phnum && spared_count < SPARED_MOST; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        if (part->p_type != PT_LOAD || !(part->p_flags & PF_X))
            continue;
        spared[spared_count].from = info->dlpi_addr + part->p_vaddr;
        spared[spared_count].to = spared[spared_count].from + part->p_memsz;
        spared_count++;
    }
    return 0;
}

/* Also what a spared library calls back for is its own business. */
static bool is_spared(void *const *frames, int count)
{
    for (int frame = 0; frame < count; frame++)
        for (size_t i = 0; i < spared_count; i++)
            if ((uintptr_t)frames[frame] >= spared[i].from &&
                (uintptr_t)frames[frame] < spared[i].to)
                return true;
    return false;
}

static uint64_t hash_of(uint64_t hash, uintptr_t word)
{
    return (hash ^ word) * 1099511628211u;
}

/* Its lower half is the nearest caller: most allocations are told apart without an unwinding. */
static uint64_t place_of(void *const *frames, int count)
{
    uint64_t hash = 14695981039346656037u;
    for (int i = 0; i < count; i++)
        hash = hash_of(hash, (uintptr_t)frames[i]);
    return hash << 32 | (uint32_t)(uintptr_t)*frames;
}

/* An unwinding takes far longer than an allocation, and who calls from the same depth with the
 * same words of code on the stack was unwound before. */
static uint64_t glimpse_of(const void *caller, const uintptr_t *stack)
{
    uint64_t hash = hash_of((uintptr_t)caller, (uintptr_t)stack);
    for (size_t i = 0; i < WORDS; i++)
        if (stack[i] >> 40 == 0x55 || stack[i] >> 40 == 0x7f)
            hash = hash_of(hash, stack[i]);
    return hash | 1;
}

/* Whether it was not there. */
static bool keep(uint64_t table[static SEEN_MOST], uint64_t one)
{
    for (size_t at = (one >> 20) % SEEN_MOST, tries = 0; tries < 1000; tries++) {
        uint64_t none = 0;
        if (__atomic_compare_exchange_n(&table[at], &none, one, false, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED))
            return true;
        if (none == one)
            return false;
        at = (at + 1) % SEEN_MOST;
    }
    return false;
}

/* As the sanitizers write a stack; who reads it looks up what the addresses are. */
__attribute__((noinline)) static void say_stack(const char *what, uint64_t place)
{
    void *frames[DEEPEST];
    char text[DEEPEST * 200];
    int count = backtrace(frames, DEEPEST);
    size_t size = (size_t)snprintf(text, sizeof text, "allocfail: %s %" PRIx64 "\n", what, place);
    for (int i = OURS + 1; i < count && size < sizeof text - 200; i++) {
        Dl_info info = {0};
        if (dladdr(frames[i], &info) && info.dli_fname)
            size += (size_t)snprintf(text + size, 200, "    #%d %p  (%.150s+0x%tx)\n", i - OURS - 1,
                                     frames[i], info.dli_fname,
                                     (char *)frames[i] - (char *)info.dli_fbase);
    }
    (void)!write(says, text, size);
}

__attribute__((noinline)) static bool must_fail(const void *caller, const uintptr_t *stack)
{
    void *frames[FRAMES + OURS];
    if (!is_ready || is_inside || has_failed ||
        (wanted && (uint32_t)wanted != (uint32_t)(uintptr_t)caller) ||
        !keep(glimpses, glimpse_of(caller, stack)))
        return false;
    is_inside = true;
    int count = backtrace(frames, FRAMES + OURS) - OURS; /* backtrace, this, malloc */
    bool counts = count > 0 && !is_spared(frames + OURS, count);
    uint64_t place = counts ? place_of(frames + OURS, count) : 0;
    bool fails = counts && wanted && place == wanted &&
                 !__atomic_exchange_n(&has_failed, true, __ATOMIC_RELAXED);
    if (fails)
        say_stack("no memory at", place);
    else if (counts && !wanted && keep(places, place))
        say_stack("place", place);
    is_inside = false;
    if (fails)
        errno = ENOMEM;
    return fails;
}

__attribute__((constructor)) static void begin(void)
{
    void *frames[2];
    is_inside = true;
    (void)backtrace(frames, 2); /* loads what it needs */
    (void)dl_iterate_phdr(see_library, NULL);
    (void)unsetenv("LD_PRELOAD"); /* a program that a test starts has no sanitizer */
    is_inside = false;
}

/* ---- one test of the program's ---- */

static void watch_for(uint64_t place)
{
    wanted = place;
    says = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, SAYS_AT);
    is_ready = true;
}

/* What it printed is in a file, and what it left running is gone. */
static void say_end(pid_t child, int seconds)
{
    struct pollfd end = {.fd = pidfd_open(child, 0), .events = POLLIN};
    siginfo_t info;
    int status = 0;
    bool is_late = poll(&end, 1, seconds * 1000) == 0;
    if (is_late)
        (void)kill(child, SIGKILL);
    (void)waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
    (void)kill(-child, SIGKILL);
    (void)waitpid(child, &status, 0);
    (void)close(end.fd);
    printf(is_late ? "late\n" : "%d\n", status);
    (void)fflush(stdout);
}

static void become_test(uint64_t place)
{
    int nothing = open("/dev/null", O_RDONLY);
    int output = open(getenv("ALLOCFAIL_OUTPUT"), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
    (void)setpgid(0, 0);
    (void)dup2(nothing, STDIN_FILENO);
    (void)dup2(output, STDOUT_FILENO);
    (void)dup2(output, STDERR_FILENO);
    (void)close(nothing);
    (void)close(output);
    watch_for(place);
}

/* Comes back in the child that is to run the test. */
static void take_orders(char name[static 200])
{
    char line[300];
    uint64_t place;
    int seconds;
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "%199s %" SCNx64 " %d", name, &place, &seconds) != 3)
            break;
        pid_t child = fork();
        if (child == 0) {
            become_test(place);
            return;
        }
        say_end(child, seconds);
    }
    _exit(0);
}

typedef int (*run_group)(const char *, const struct CMUnitTest *, size_t, CMFixtureFunction,
                         CMFixtureFunction);

/** In place of cmocka's, which every main() calls once and first. */
int _cmocka_run_group_tests(const char *group, const struct CMUnitTest *tests, size_t count,
                            CMFixtureFunction set_up, CMFixtureFunction tear_down)
{
    static char name[200];
    const char *one = getenv("ALLOCFAIL_TEST"), *place = getenv("ALLOCFAIL_PLACE");
    void *found = dlsym(RTLD_NEXT, "_cmocka_run_group_tests");
    run_group run;
    memcpy(&run, &found, sizeof run);
    if (one) {
        (void)snprintf(name, sizeof name, "%s", one);
        watch_for(place ? strtoull(place, NULL, 16) : 0);
    } else {
        for (size_t i = 0; i < count; i++)
            printf("%s\n", tests[i].name);
        printf("\n");
        (void)fflush(stdout);
        take_orders(name);
    }
    for (size_t i = 0; i < count; i++)
        if (strcmp(tests[i].name, name) == 0)
            return run(group, &tests[i], 1, set_up, tear_down);
    return 1;
}

/* ---- in place of the C library's ---- */

#define MUST_FAIL() must_fail(__builtin_return_address(0), __builtin_frame_address(0))

void *malloc(size_t size)
{
    return MUST_FAIL() ? NULL : __interceptor_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return MUST_FAIL() ? NULL : __interceptor_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return MUST_FAIL() ? NULL : __interceptor_realloc(old, size);
}

void *reallocarray(void *old, size_t count, size_t size)
{
    size_t whole;
    if (__builtin_mul_overflow(count, size, &whole)) {
        errno = ENOMEM;
        return NULL;
    }
    return MUST_FAIL() ? NULL : __interceptor_realloc(old, whole);
}

char *strndup(const char *text, size_t most)
{
    size_t size = strnlen(text, most);
    char *copy = MUST_FAIL() ? NULL : __interceptor_malloc(size + 1);
    if (copy) {
        memcpy(copy, text, size);
        copy[size] = '\0';
    }
    return copy;
}

char *strdup(const char *text)
{
    size_t size = strlen(text);
    char *copy = MUST_FAIL() ? NULL : __interceptor_malloc(size + 1);
    if (copy)
        memcpy(copy, text, size + 1);
    return copy;
}

/* ---- what else a run can do without ---- */

/* Nobody pulls the plug here. */
int fsync(int file)
{
    (void)file;
    return 0;
}

int fdatasync(int file)
{
    (void)file;
    return 0;
}

/* A test that ends in its middle leaves its folder. */
char *mkdtemp(char *path)
{
    static char *(*make)(char *);
    if (!make) {
        void *found = dlsym(RTLD_NEXT, "mkdtemp");
        memcpy(&make, &found, sizeof make);
    }
    char *made = make(path);
    if (made && says >= 0)
        (void)dprintf(says, "allocfail: folder %s\n", made);
    return made;
}
