/* SPDX-License-Identifier: Apache-2.0 */
/* lienthong.yaml, operators.yaml and code lists: any file is taken whole or refused by its line. */
#include "fuzz.h"

#include "base/config.h"
#include "base/table.h"
#include "operate/operators.h"

static char folder[FUZZ_PATH_SIZE], file[FUZZ_PATH_SIZE + 32];

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    (void)count, (void)arguments;
    fuzz_folder(folder);
    (void)snprintf(file, sizeof file, "%s/file", folder);
    return 0;
}

/* Every number in a configuration that was taken is within its bounds. */
static void check_config(const struct config *config)
{
    size_t count = 0;
    const struct config_setting *settings = config_settings(&count);
    for (size_t i = 0; i < count; i++) {
        int64_t number = 0;
        if (settings[i].kind != CONFIG_NUMBER)
            continue;
        memcpy(&number, (const char *)config + settings[i].offset, sizeof number);
        stop_if(number < settings[i].least || number > settings[i].most, settings[i].place);
    }
}

static void check_fault(const struct fault *why)
{
    stop_if(why->kind != FAULT_REFUSE || strncmp(why->text, file, strlen(file)) != 0, why->text);
}

static void check_operators(struct operators *operators)
{
    for (size_t i = 0; i < operators_count(operators); i++) {
        const struct operator_user *user = operators_at(operators, i);
        stop_if(operators_find(operators, user->name) != user, "another of the same name");
        stop_if(strlen(user->name) > 40, "a name that is too long");
    }
    stop_if(operators_role(operators, "administrator") == 0, "an administrator without rights");
    operators_release(operators);
}

static void check_table(char separator, size_t columns)
{
    struct fault why = {0};
    struct table table = {0};
    if (!table_load(file, separator, columns, &table, &why)) {
        check_fault(&why);
        return;
    }
    for (size_t i = 0; i < table.count; i++) {
        stop_if(table.rows[i].count != columns, "a row of another width");
        for (size_t cell = 0; cell < columns; cell++)
            stop_if(!table.rows[i].cells[cell], "no cell");
    }
    table_free(&table);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct fault why = {0};
    struct config config;
    fuzz_write(file, bytes, size);
    if (config_load(file, &config, &why)) {
        check_config(&config);
        config_free(&config);
    } else {
        check_fault(&why);
    }
    struct operators *operators = operators_load(file, &why);
    if (operators)
        check_operators(operators);
    else
        check_fault(&why);
    check_table('\t', 2);
    check_table(',', 3);
    return 0;
}
