/* SPDX-License-Identifier: Apache-2.0 */
/* One entry shown to people, and its document in their editor. */
#include "cli/repair.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/common.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

ENDS_WITH_SCOPE(json_t *, json_decref)

enum { DOCUMENT_LIMIT = 8 << 20 };

static const char *text_in(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text ? text : "-";
}

/* Terminals obey control characters, which no text of ours needs. */
static void print_safely(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x20 || *text == '\n' || *text == '\t')
            (void)putchar(*text);
}

/* ---- show ---- */

void entry_print_problems(FILE *out, const json_t *problems)
{
    size_t index;
    json_t *problem;
    json_array_foreach (problems, index, problem)
        (void)fprintf(out, "  line %4" JSON_INTEGER_FORMAT "  %-14s %s  %s\n",
                      json_integer_value(json_object_get(problem, "line")),
                      text_in(problem, "rule"), text_in(problem, "path"),
                      text_in(problem, "detail"));
}

static void print_problems(const json_t *problems)
{
    entry_print_problems(stdout, problems);
}

static void print_value(const json_t *value)
{
    auto_free(free) char *text =
        value && !json_is_null(value) ? json_dumps(value, JSON_ENCODE_ANY) : NULL;
    print_safely(text ? text : "-");
}

static void print_diff(const json_t *diff)
{
    size_t index;
    json_t *one;
    json_array_foreach (diff, index, one) {
        (void)printf("  %s: ", text_in(one, "path"));
        print_value(json_object_get(one, "before"));
        (void)printf(" -> ");
        print_value(json_object_get(one, "after"));
        (void)printf("\n");
    }
}

static void print_facts(const json_t *facts)
{
    static const char *const names[] = {"receipt",    "state",   "partner",     "dossier",
                                        "event_type", "adapter", "received_at", "due_at",
                                        "cause",      "detail",  "behind"};
    for (size_t at = 0; at < sizeof names / sizeof *names; at++)
        (void)printf("%-12s %s\n", names[at], text_in(facts, names[at]));
}

static void print_timeline(const json_t *timeline)
{
    size_t index;
    json_t *one;
    json_array_foreach (timeline, index, one)
        (void)printf("  %-24s %-10s %-20s %s%s\n", text_in(one, "at"), text_in(one, "what"),
                     text_in(one, "who"), text_in(one, "text"),
                     json_is_true(json_object_get(one, "refused")) ? " (refused)" : "");
}

static void print_revisions(const json_t *revisions)
{
    size_t index;
    json_t *one;
    json_array_foreach (revisions, index, one)
        (void)printf("  %3" JSON_INTEGER_FORMAT "  %-10s %-16s %-16s %s  %s\n",
                     json_integer_value(json_object_get(one, "no")), text_in(one, "state"),
                     text_in(one, "author"), text_in(one, "approver"), text_in(one, "sha256"),
                     text_in(one, "reason"));
}

static void print_deliveries(const json_t *deliveries)
{
    size_t index;
    json_t *one;
    json_array_foreach (deliveries, index, one)
        (void)printf("  %-12s %-20s %-10s %3" JSON_INTEGER_FORMAT "  %s\n", text_in(one, "id"),
                     text_in(one, "partner"), text_in(one, "state"),
                     json_integer_value(json_object_get(one, "attempts")), text_in(one, "cause"));
}

static void print_part(const json_t *story, const char *name, void (*print)(const json_t *list))
{
    const json_t *list = json_object_get(story, name);
    if (json_array_size(list) == 0)
        return;
    (void)printf("\n%s\n", name);
    print(list);
}

int entry_show(int argc, char **argv)
{
    static const struct entry_command command = {
        "lienthong entry show",
        "Tells an entry's story: what is known of it, what happened, what is wrong with it.", 0, 0};
    struct entry_line line;
    int exit_code;
    if (!entry_parse(&command, argc, argv, &line, &exit_code))
        return exit_code;
    auto_free(json_decref) json_t *story = entry_ask(&line, "GET", "", NULL, &exit_code);
    if (!story)
        return exit_code;
    if (line.as_json)
        return cli_print_json(json_incref(story));
    print_facts(json_object_get(story, "facts"));
    print_part(story, "problems", print_problems);
    print_part(story, "timeline", print_timeline);
    print_part(story, "revisions", print_revisions);
    print_part(story, "deliveries", print_deliveries);
    return CLI_OK;
}

/* ---- document ---- */

static json_t *fetch(const struct entry_line *line, int *exit_code)
{
    auto_free(free) char *path = NULL;
    const char *what = line->what ? line->what : "original";
    if (strspn(what, "abcdefghijklmnopqrstuvwxyz0123456789:-") != strlen(what)) {
        (void)fprintf(stderr, "%s: --what: original, event, revision:N or delivery:d-N\n",
                      line->command);
        *exit_code = CLI_USAGE;
        return NULL;
    }
    if (asprintf(&path, "/document?what=%s", what) < 0) {
        path = NULL;
        *exit_code = CLI_FAILED;
        return NULL;
    }
    return entry_ask(line, "GET", path, NULL, exit_code);
}

int entry_document(int argc, char **argv)
{
    static const struct entry_command command = {
        "lienthong entry document",
        "Prints a document of an entry.  Personal data is masked; with --reason it is shown, and "
        "that is on record.",
        ENTRY_WHAT | ENTRY_REASON, 0};
    struct entry_line line;
    int exit_code;
    if (!entry_parse(&command, argc, argv, &line, &exit_code))
        return exit_code;
    if (line.reason) {
        json_t *until = entry_ask(&line, "POST", "/unmask",
                                  json_pack("{ss}", "reason", line.reason), &exit_code);
        json_decref(until);
        if (!until)
            return exit_code;
    }
    auto_free(json_decref) json_t *sheet = fetch(&line, &exit_code);
    if (!sheet)
        return exit_code;
    if (line.as_json)
        return cli_print_json(json_incref(sheet));
    print_safely(text_in(sheet, "text"));
    return CLI_OK;
}

/* ---- a mended document ---- */

static char *read_file(const struct entry_line *line, size_t *size, int *exit_code)
{
    struct fault why;
    const char *path = strcmp(line->file, "-") == 0 ? "/dev/stdin" : line->file;
    char *bytes = file_read(path, DOCUMENT_LIMIT, size, &why);
    if (!bytes)
        *exit_code = cli_complain(line->command, &why);
    return bytes;
}

static int print_trial(const struct entry_line *line, json_t *answer)
{
    bool is_good = json_is_true(json_object_get(answer, "good"));
    if (line->as_json) {
        int exit_code = cli_print_json(json_incref(answer));
        return is_good ? exit_code : CLI_FAILED;
    }
    const json_t *no = json_object_get(answer, "no");
    if (no)
        (void)printf("revision %" JSON_INTEGER_FORMAT " %s%s\n", json_integer_value(no),
                     text_in(answer, "sha256"),
                     json_is_true(json_object_get(answer, "needs_approval"))
                         ? " waits for another person's approval"
                         : "");
    (void)printf("%s\n", is_good ? "it would pass" : "it would not pass:");
    print_problems(json_object_get(answer, "problems"));
    print_part(answer, "diff", print_diff);
    return is_good ? CLI_OK : CLI_FAILED;
}

static int post(const struct entry_line *line, const char *path, const char *bytes, size_t size)
{
    int exit_code;
    json_t *document = json_stringn(bytes, size);
    if (!document) {
        (void)fprintf(stderr, "%s: the document is not UTF-8\n", line->command);
        return CLI_FAILED;
    }
    json_t *body = json_pack("{s:o, s:s*}", "document", document, "reason", line->reason);
    auto_free(json_decref) json_t *answer = entry_ask(line, "POST", path, body, &exit_code);
    return answer ? print_trial(line, answer) : exit_code;
}

int entry_validate(int argc, char **argv)
{
    static const struct entry_command command = {
        "lienthong entry validate",
        "Tries a mended document by today's adapters and directory; nothing is kept.", ENTRY_FILE,
        ENTRY_FILE};
    struct entry_line line;
    int exit_code;
    size_t size = 0;
    if (!entry_parse(&command, argc, argv, &line, &exit_code))
        return exit_code;
    auto_free(free) char *bytes = read_file(&line, &size, &exit_code);
    return bytes ? post(&line, "/validate", bytes, size) : exit_code;
}

/* ---- the editor ---- */

/* Runs $VISUAL or $EDITOR on the file by the shell, as other programs do: it may have arguments. */
static bool run_editor(const char *file)
{
    const char *editor = getenv("VISUAL");
    if (!editor || !*editor)
        editor = getenv("EDITOR");
    if (!editor || !*editor)
        editor = "vi";
    auto_free(free) char *command = NULL;
    if (asprintf(&command, "%s \"$1\"", editor) < 0) {
        command = NULL;
        return false;
    }
    pid_t child = fork();
    if (child == 0) {
        (void)execl("/bin/sh", "sh", "-c", command, "sh", file, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The text as the person leaves it, in a file that nobody else can read and that is gone then; the
 * caller owns it. */
static char *edit(const char *text, size_t *size, struct fault *why)
{
    char file[] = "/tmp/lienthong-entry-XXXXXX";
    int descriptor = mkstemp(file);
    FILE *out = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    if (!out) {
        (void)fault_set(why, FAULT_BROKEN, "no file can be made in /tmp");
        return NULL;
    }
    bool is_written = fputs(text, out) >= 0;
    char *edited = NULL;
    if (fclose(out) == 0 && is_written && run_editor(file))
        edited = file_read(file, DOCUMENT_LIMIT, size, why);
    else
        (void)fault_set(why, FAULT_BROKEN, "the editor failed; nothing is kept");
    (void)unlink(file); /* nothing can be done about it */
    return edited;
}

static char *fetch_and_edit(const struct entry_line *line, size_t *size, int *exit_code)
{
    struct fault why;
    json_t *body = json_pack("{ss}", "reason", line->reason);
    auto_free(json_decref) json_t *until = entry_ask(line, "POST", "/unmask", body, exit_code);
    auto_free(json_decref) json_t *sheet = until ? fetch(line, exit_code) : NULL;
    if (!sheet)
        return NULL;
    *exit_code = CLI_FAILED;
    if (json_is_true(json_object_get(sheet, "cut"))) {
        (void)fprintf(stderr, "%s: it is too large to be edited here\n", line->command);
        return NULL;
    }
    const char *before = text_in(sheet, "text");
    char *edited = edit(before, size, &why);
    if (!edited) {
        *exit_code = cli_complain(line->command, &why);
    } else if (*size == strlen(before) && memcmp(edited, before, *size) == 0) {
        (void)fprintf(stderr, "%s: nothing was changed, nothing is kept\n", line->command);
        free(edited);
        edited = NULL;
    }
    return edited;
}

int entry_revise(int argc, char **argv)
{
    static const struct entry_command command = {
        "lienthong entry revise",
        "Keeps a mended document as a new revision.  Without --file the document opens in your "
        "editor, unmasked, which is on record as the reason is.",
        ENTRY_WHAT | ENTRY_REASON | ENTRY_FILE, ENTRY_REASON};
    struct entry_line line;
    int exit_code;
    size_t size = 0;
    if (!entry_parse(&command, argc, argv, &line, &exit_code))
        return exit_code;
    auto_free(free) char *bytes =
        line.file ? read_file(&line, &size, &exit_code) : fetch_and_edit(&line, &size, &exit_code);
    return bytes ? post(&line, "/revisions", bytes, size) : exit_code;
}
