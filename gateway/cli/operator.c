/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong operator password, list and check: who may use the console. */
#include "base/cleanup.h"
#include "cli/command.h"
#include "cli/common.h"
#include "cli/options.h"
#include "operate/operators.h"
#include "operate/password.h"

#include <string.h>
#include <termios.h>
#include <unistd.h>

ENDS_WITH_SCOPE(struct operators *, operators_release)
ENDS_WITH_SCOPE(json_t *, json_decref)

/* ---- password ---- */

/* One line without its end; false when there is none.  The caller wipes it. */
static bool read_line(char text[PASSWORD_MOST + 2])
{
    if (!fgets(text, PASSWORD_MOST + 2, stdin))
        return false;
    text[strcspn(text, "\r\n")] = '\0';
    return true;
}

static bool ask(const char *prompt, char text[PASSWORD_MOST + 2])
{
    struct termios before;
    bool is_terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;
    if (!is_terminal)
        return read_line(text);
    struct termios silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    (void)fputs(prompt, stderr);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent); /* else it is seen, and still read */
    bool is_read = read_line(text);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    (void)fputc('\n', stderr);
    return is_read;
}

static bool ask_twice(char password[PASSWORD_MOST + 2], struct fault *why)
{
    char again[PASSWORD_MOST + 2] = "";
    bool is_read = ask("Password: ", password) && ask("Again: ", again);
    bool is_same = strcmp(password, again) == 0;
    explicit_bzero(again, sizeof again);
    if (!is_read)
        return fault_set(why, FAULT_REFUSE, "the password is read twice: two lines are needed");
    return is_same || fault_set(why, FAULT_REFUSE, "the two are not the same");
}

static int print_hash(bool as_json)
{
    char password[PASSWORD_MOST + 2] = "";
    char hash[PASSWORD_HASH_SIZE];
    struct fault why;
    bool is_good = ask_twice(password, &why) && password_hash(password, hash, &why);
    explicit_bzero(password, sizeof password);
    if (!is_good)
        return cli_complain("lienthong operator password", &why);
    if (as_json)
        return cli_print_json(json_pack("{ss}", "password", hash));
    (void)printf("password: '%s'\n", hash);
    return CLI_OK;
}

static int operator_password(int argc, char **argv)
{
    bool as_json = false;
    const struct cli_option table[] = {
        {"json", NULL, NULL, &as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {
        "lienthong operator password",
        "",
        "Reads a password twice, from the terminal or as two lines of standard input, and prints\n"
        "the line for its user in operators.yaml.",
        table,
        0,
        0};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    return print_hash(as_json);
}

/* ---- list and check ---- */

static struct operators *load(const char *command, const char *config_path)
{
    auto_free(cli_free_config) struct config *config = cli_load_config(command, config_path);
    struct fault why;
    if (!config)
        return NULL;
    struct operators *operators = operators_load(config->operate.operators, &why);
    if (!operators)
        (void)cli_complain(command, &why);
    return operators;
}

static json_t *describe(const struct operator_user *user)
{
    json_t *rights = json_array();
    for (enum right right = RIGHT_VIEW; right <= RIGHT_ADMINISTER; right++)
        if (right_held(user->rights, right))
            (void)json_array_append_new(rights, json_string(right_name(right)));
    return json_pack("{ss ss so sb sb sb}", "name", user->name, "title", user->title, "rights",
                     rights, "disabled", user->disabled, "has_password", user->password != NULL,
                     "is_dated", user->password && password_is_dated(user->password));
}

static void print_user(const struct operator_user *user)
{
    const char *password = !user->password                     ? "none"
                           : password_is_dated(user->password) ? "dated"
                                                               : "good";
    (void)printf("%-20s %-9s %-8s ", user->name, user->disabled ? "disabled" : "active", password);
    for (enum right right = RIGHT_VIEW; right <= RIGHT_ADMINISTER; right++)
        if (right_held(user->rights, right))
            (void)printf(" %s", right_name(right));
    (void)printf("  (%s)\n", user->title);
}

static int print_list(const struct operators *operators, bool as_json)
{
    if (!as_json) {
        (void)printf("%-20s %-9s %-8s  %s\n", "name", "state", "password", "rights");
        for (size_t i = 0; i < operators_count(operators); i++)
            print_user(operators_at(operators, i));
        return CLI_OK;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < operators_count(operators); i++)
        (void)json_array_append_new(list, describe(operators_at(operators, i)));
    return cli_print_json(list);
}

/* What is no fault, and yet not as somebody will have meant it. */
static const char *remark_on(const struct operator_user *user)
{
    if (!user->disabled && !user->password)
        return "has no password";
    if (user->password && password_is_dated(user->password))
        return "the password's hash has older parameters: make it anew";
    return NULL;
}

static int print_check(const struct operators *operators, bool as_json)
{
    size_t count = operators_count(operators);
    auto_free(json_decref) json_t *remarks = json_array();
    for (size_t i = 0; i < count; i++) {
        const char *name = operators_at(operators, i)->name;
        const char *remark = remark_on(operators_at(operators, i));
        if (remark && as_json)
            (void)json_array_append_new(remarks,
                                        json_pack("{ss ss}", "name", name, "remark", remark));
        else if (remark)
            (void)printf("%s: %s\n", name, remark);
    }
    if (as_json)
        return cli_print_json(json_pack("{sI sO}", "users", (json_int_t)count, "remarks", remarks));
    (void)printf("%zu users: good\n", count);
    return CLI_OK;
}

static int operator_list(int argc, char **argv)
{
    const char *config_path = cli_default_config();
    bool as_json = false;
    const struct cli_option table[] = {
        {"config", "FILE", &config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {"lienthong operator list",
                                    "",
                                    "Shows the users of operators.yaml and what each may.",
                                    table,
                                    0,
                                    0};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    auto_free(operators_release) struct operators *operators = load(usage.command, config_path);
    return operators ? print_list(operators, as_json) : CLI_FAILED;
}

static int operator_check(int argc, char **argv)
{
    const char *config_path = cli_default_config();
    bool as_json = false;
    const struct cli_option table[] = {
        {"config", "FILE", &config_path, NULL, "the daemon's configuration"},
        {"json", NULL, NULL, &as_json, "for scripts"},
        {0},
    };
    const struct cli_usage usage = {
        "lienthong operator check",
        "",
        "Reads operators.yaml as the daemon does, and says what is wrong.",
        table,
        0,
        0};
    int first;
    int exit_code;
    if (!cli_parse(&usage, argc, argv, &first, &exit_code))
        return exit_code;
    auto_free(operators_release) struct operators *operators = load(usage.command, config_path);
    return operators ? print_check(operators, as_json) : CLI_FAILED;
}

int cli_operator(int argc, char **argv)
{
    static const struct command commands[] = {
        {"password", operator_password, "ask for a password and print its hash"},
        {"list", operator_list, "who may use the console, and what"},
        {"check", operator_check, "read operators.yaml as the daemon does"},
        {0},
    };
    return command_run("lienthong operator", commands, argc, argv);
}
