/* SPDX-License-Identifier: Apache-2.0 */
/* operators.yaml in memory: what libcyaml loaded, checked, and the place where a newer loading
 * takes over while calls go on with theirs. */
#include "operate/operators.h"

#include "base/cleanup.h"
#include "base/yaml_value.h"
#include "operate/password.h"

#include <pthread.h>
#include <stdatomic.h>

enum { NAME_LIMIT = 40, TITLE_LIMIT = 200, HASH_LIMIT = 127, PLACE_SIZE = 96 };

#define OPTIONAL (CYAML_FLAG_OPTIONAL)
#define TEXT     (CYAML_FLAG_POINTER)

/* ---- the file as it stands ---- */

struct role_row {
    char *name;
    enum right *rights;
    unsigned rights_count;
};
struct user_row {
    char *name, *title, *password;
    char **roles;
    unsigned roles_count;
    bool disabled;
};
struct operators_rows {
    struct role_row *roles;
    unsigned roles_count;
    struct user_row *users;
    unsigned users_count;
};

static const cyaml_strval_t right_words[] = {
    {"view", RIGHT_VIEW},       {"content", RIGHT_CONTENT},       {"repair", RIGHT_REPAIR},
    {"approve", RIGHT_APPROVE}, {"administer", RIGHT_ADMINISTER},
};
static const cyaml_schema_value_t right_schema = {
    CYAML_VALUE_ENUM(CYAML_FLAG_STRICT, enum right, right_words, CYAML_ARRAY_LEN(right_words)),
};
static const cyaml_schema_value_t name_schema = {
    CYAML_VALUE_STRING(TEXT, char *, 1, NAME_LIMIT),
};
static const cyaml_schema_field_t role_fields[] = {
    CYAML_FIELD_STRING_PTR("name", TEXT, struct role_row, name, 1, NAME_LIMIT),
    CYAML_FIELD_SEQUENCE("rights", TEXT, struct role_row, rights, &right_schema, 1, 10),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t role_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct role_row, role_fields),
};
static const cyaml_schema_field_t user_fields[] = {
    CYAML_FIELD_STRING_PTR("name", TEXT, struct user_row, name, 1, NAME_LIMIT),
    CYAML_FIELD_STRING_PTR("title", TEXT | OPTIONAL, struct user_row, title, 1, TITLE_LIMIT),
    CYAML_FIELD_STRING_PTR("password", TEXT | OPTIONAL, struct user_row, password, 1, HASH_LIMIT),
    CYAML_FIELD_SEQUENCE("roles", TEXT, struct user_row, roles, &name_schema, 1, 100),
    CYAML_FIELD_BOOL("disabled", OPTIONAL, struct user_row, disabled),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t user_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct user_row, user_fields),
};
static const cyaml_schema_field_t file_fields[] = {
    CYAML_FIELD_SEQUENCE("roles", TEXT | OPTIONAL, struct operators_rows, roles, &role_schema, 0,
                         1000),
    CYAML_FIELD_SEQUENCE("users", TEXT | OPTIONAL, struct operators_rows, users, &user_schema, 0,
                         10000),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t file_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct operators_rows, file_fields),
};

/* ---- one loading ---- */

struct operators {
    atomic_size_t holders;
    struct operators_rows *rows; /* NULL without a file; what the texts point into */
    struct operator_user *users; /* in the order of the file */
    size_t count;
};

static struct operators *operators_hold(struct operators *operators)
{
    (void)atomic_fetch_add(&operators->holders, 1); /* how many there were does not matter */
    return operators;
}

void operators_release(struct operators *operators)
{
    if (!operators || atomic_fetch_sub(&operators->holders, 1) != 1)
        return;
    yaml_value_free(&file_schema, operators->rows);
    free(operators->users);
    free(operators);
}

ENDS_WITH_SCOPE(struct operators *, operators_release)
ENDS_WITH_SCOPE(struct yaml_file *, yaml_file_close)

size_t operators_count(const struct operators *operators)
{
    return operators->count;
}

const struct operator_user *operators_at(const struct operators *operators, size_t index)
{
    return &operators->users[index];
}

/* There are tens of them. */
const struct operator_user *operators_find(const struct operators *operators, const char *name)
{
    for (size_t i = 0; i < operators->count; i++)
        if (strcmp(operators->users[i].name, name) == 0)
            return &operators->users[i];
    return NULL;
}

static right_set given_rights(const struct role_row *role)
{
    right_set rights = 0;
    for (unsigned i = 0; i < role->rights_count; i++)
        rights |= right_bit(role->rights[i]);
    return rights;
}

static right_set usual_rights(const char *role)
{
    const right_set look = right_bit(RIGHT_VIEW) | right_bit(RIGHT_CONTENT);
    if (strcmp(role, "viewer") == 0)
        return right_bit(RIGHT_VIEW);
    if (strcmp(role, "operator") == 0)
        return look | right_bit(RIGHT_REPAIR);
    if (strcmp(role, "approver") == 0)
        return look | right_bit(RIGHT_APPROVE);
    return strcmp(role, "administrator") == 0 ? right_all() : 0;
}

right_set operators_role(const struct operators *operators, const char *role)
{
    for (unsigned i = 0; operators->rows && i < operators->rows->roles_count; i++)
        if (strcmp(operators->rows->roles[i].name, role) == 0)
            return given_rights(&operators->rows->roles[i]);
    return usual_rights(role);
}

/* ---- what the tables cannot check ---- */

static bool is_name(const char *text)
{
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-")] == '\0';
}

static bool refuse(const struct yaml_file *file, const char *place, struct fault *why,
                   const char *what)
{
    return yaml_file_refuse(file, place, why, "%s: %s", place, what);
}

static bool check_role(const struct yaml_file *file, const struct operators_rows *rows,
                       unsigned number, struct fault *why)
{
    char place[PLACE_SIZE];
    (void)snprintf(place, sizeof place, "roles[%u].name", number);
    if (!is_name(rows->roles[number].name))
        return refuse(file, place, why, "expected a-z, 0-9, dots, hyphens and underscores");
    for (unsigned i = 0; i < number; i++)
        if (strcmp(rows->roles[i].name, rows->roles[number].name) == 0)
            return refuse(file, place, why, "a role of this name is above");
    return true;
}

static bool read_roles(struct operators *operators, const struct yaml_file *file, unsigned number,
                       struct fault *why)
{
    const struct user_row *row = &operators->rows->users[number];
    for (unsigned i = 0; i < row->roles_count; i++) {
        char place[PLACE_SIZE];
        right_set rights = operators_role(operators, row->roles[i]);
        (void)snprintf(place, sizeof place, "users[%u].roles[%u]", number, i);
        if (!rights)
            return refuse(file, place, why, "there is no such role");
        operators->users[number].rights |= rights;
    }
    return true;
}

static bool read_user(struct operators *operators, const struct yaml_file *file, unsigned number,
                      struct fault *why)
{
    const struct user_row *row = &operators->rows->users[number];
    char place[PLACE_SIZE];
    (void)snprintf(place, sizeof place, "users[%u].name", number);
    if (!is_name(row->name))
        return refuse(file, place, why, "expected a-z, 0-9, dots, hyphens and underscores");
    if (operators_find(operators, row->name)) /* among those before it */
        return refuse(file, place, why, "a user of this name is above");
    (void)snprintf(place, sizeof place, "users[%u].password", number);
    if (row->password && !password_is_hash(row->password))
        return refuse(file, place, why,
                      "expected a hash as `lienthong operator password` prints it");
    operators->users[number] = (struct operator_user){
        .name = row->name,
        .title = row->title ? row->title : row->name,
        .password = row->password,
        .disabled = row->disabled,
    };
    operators->count = number + 1;
    return read_roles(operators, file, number, why);
}

static bool read_rows(struct operators *operators, const struct yaml_file *file, struct fault *why)
{
    void *rows = NULL;
    if (!yaml_value_read(file, &file_schema, &rows, why))
        return false;
    operators->rows = rows;
    operators->users = calloc(operators->rows->users_count + 1, sizeof *operators->users);
    if (!operators->users)
        return fault_memory(why);
    for (unsigned i = 0; i < operators->rows->roles_count; i++)
        if (!check_role(file, operators->rows, i, why))
            return false;
    for (unsigned i = 0; i < operators->rows->users_count; i++)
        if (!read_user(operators, file, i, why))
            return false;
    return true;
}

struct operators *operators_load(const char *path, struct fault *why)
{
    auto_free(operators_release) struct operators *operators = calloc(1, sizeof *operators);
    if (!operators) {
        (void)fault_memory(why);
        return NULL;
    }
    atomic_init(&operators->holders, 1);
    if (!path)
        return steal(operators);
    auto_free(yaml_file_close) struct yaml_file *file = yaml_file_open(path, why);
    if (!file || !read_rows(operators, file, why))
        return NULL;
    return steal(operators);
}

/* ---- the one in force ---- */

struct operators_place {
    char *path;
    pthread_mutex_t lock;
    struct operators *current; /* guarded by lock */
};

void operators_place_close(struct operators_place *place)
{
    if (!place)
        return;
    operators_release(place->current);
    (void)pthread_mutex_destroy(&place->lock); /* nobody holds it any more */
    free(place->path);
    free(place);
}

ENDS_WITH_SCOPE(struct operators_place *, operators_place_close)

struct operators_place *operators_place_open(const char *path, struct fault *why)
{
    struct operators_place *made = calloc(1, sizeof *made);
    if (!made || pthread_mutex_init(&made->lock, NULL) != 0) {
        free(made);
        (void)fault_memory(why);
        return NULL;
    }
    auto_free(operators_place_close) struct operators_place *place = made;
    place->path = path ? strdup(path) : NULL;
    if (path && !place->path) {
        (void)fault_memory(why);
        return NULL;
    }
    place->current = operators_load(place->path, why);
    return place->current ? steal(place) : NULL;
}

/* A plain mutex that this thread does not hold: locking and unlocking cannot fail. */
struct operators *operators_current(struct operators_place *place)
{
    (void)pthread_mutex_lock(&place->lock);
    struct operators *current = operators_hold(place->current);
    (void)pthread_mutex_unlock(&place->lock);
    return current;
}

bool operators_reload(struct operators_place *place, struct fault *why)
{
    struct operators *loaded = operators_load(place->path, why);
    if (!loaded)
        return false;
    (void)pthread_mutex_lock(&place->lock);
    struct operators *before = place->current;
    place->current = loaded;
    (void)pthread_mutex_unlock(&place->lock);
    operators_release(before);
    return true;
}
