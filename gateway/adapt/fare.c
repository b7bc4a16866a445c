/* SPDX-License-Identifier: Apache-2.0 */
/* How one field fares in one message: from the rows that write it to the rows that read it. */
#include "adapt/fare.h"

#include "adapt/writer.h"
#include "base/moment.h"

#include <stdarg.h>

static struct fare fare(enum loss_kind kind, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static struct fare fare(enum loss_kind kind, const char *format, ...)
{
    struct fare made = {.kind = kind};
    va_list values;
    va_start(values, format);
    (void)vsnprintf(made.reason, sizeof made.reason, format, values);
    va_end(values);
    return made;
}

static struct fare better(struct fare one, struct fare other)
{
    return other.kind < one.kind ? other : one;
}

/* ---- types of events ---- */

const char *event_type_name(const struct adapter *adapter, int symbol)
{
    avro_schema_t types =
        avro_schema_record_field_get(adapter->adapters->schema->avro, "event_type");
    bool is_there =
        symbol >= 0 && symbol < 64 && symbol < avro_schema_enum_number_of_symbols(types);
    return is_there ? avro_schema_enum_get(types, symbol) : NULL;
}

static const struct event_type_row *row_of(const struct message *message, int symbol)
{
    for (size_t at = 0; at < message->event_type_count; at++)
        if (message->event_types[at].symbol == symbol)
            return &message->event_types[at];
    return NULL;
}

bool says_type(const struct message *message, int symbol)
{
    return row_of(message, symbol) != NULL;
}

/* Whether everything that fits the one cell fits the other. */
static bool covers(const struct cell *wide, const struct cell *narrow)
{
    if (wide->kind == CELL_ANY || wide->kind == narrow->kind)
        return wide->kind != CELL_TEXT ||
               (wide->text.size == narrow->text.size &&
                memcmp(wide->text.text, narrow->text.text, wide->text.size) == 0);
    return wide->kind == CELL_PRESENT && narrow->kind == CELL_TEXT;
}

/* The first row that fits whatever fits this one; itself at the latest. */
static const struct event_type_row *first_like(const struct message *message,
                                               const struct event_type_row *row)
{
    for (const struct event_type_row *each = message->event_types; each < row; each++) {
        bool is_like = true;
        for (size_t at = 0; is_like && at < message->from_count; at++)
            is_like = covers(&each->cells[at], &row->cells[at]);
        if (is_like)
            return each;
    }
    return row;
}

static bool message_becomes(const struct message *message, int symbol)
{
    for (size_t at = 0; at < message->event_type_count; at++) {
        const struct event_type_row *row = &message->event_types[at];
        if (row->symbol == symbol && first_like(message, row)->symbol == symbol)
            return true;
    }
    return false;
}

/* Whether what the message carries may give the event this type. */
static bool may_refine(const struct message *message, int symbol)
{
    const struct carries *carries = message->carries;
    return carries && carries->refines && !carries->is_file && can_become(carries->adapter, symbol);
}

bool can_become(const struct adapter *adapter, int symbol)
{
    for (size_t at = 0; at < adapter->message_count; at++)
        if (message_becomes(&adapter->messages[at], symbol) ||
            may_refine(&adapter->messages[at], symbol))
            return true;
    return false;
}

/* ---- what may be read ---- */

static bool message_reads(const struct message *message, const struct field *field, int symbol)
{
    for (size_t at = 0; at < message->row_count; at++) {
        const struct row *row = &message->rows[at];
        if (row->field == field && row->reads && (row->types >> symbol & 1))
            return true;
    }
    for (size_t at = 0; at < message->array_count; at++)
        if (message->arrays[at].set == field)
            return true;
    return false;
}

bool can_read(const struct adapter *adapter, int symbol, const struct field *field)
{
    for (size_t at = 0; at < adapter->message_count; at++) {
        const struct message *message = &adapter->messages[at];
        bool refines = may_refine(message, symbol);
        if ((message_becomes(message, symbol) || refines) && message_reads(message, field, symbol))
            return true;
        const struct carries *carries = message->carries;
        bool carries_it =
            carries && !carries->is_file &&
            (refines || (message_becomes(message, symbol) && (carries->types >> symbol & 1)));
        if (carries_it && can_read(carries->adapter, symbol, field))
            return true;
    }
    return false;
}

/* ---- a view ---- */

/* The message that an adapter writes for a type: the first that has it. */
static const struct message *message_for(const struct adapter *adapter, int symbol)
{
    for (size_t at = 0; at < adapter->message_count; at++)
        if (says_type(&adapter->messages[at], symbol))
            return &adapter->messages[at];
    return NULL;
}

struct view view_of(const struct message *message, int symbol, bool is_own)
{
    const struct carries *carries = message->carries;
    struct view view = {.message = message,
                        .symbol = symbol,
                        .type = UINT64_C(1) << symbol,
                        .back = first_like(message, row_of(message, symbol))->symbol,
                        .is_own = is_own};
    if (carries && (carries->types & view.type))
        view.carried = message_for(carries->adapter, symbol);
    bool is_refined =
        view.carried && !carries->is_file && view.back > 0 && (carries->refines >> view.back & 1);
    if (is_refined)
        view.back = view_of(view.carried, symbol, false).back;
    return view;
}

/* ---- rows ---- */

static bool writes(const struct view *view, const struct row *row, const struct field *field)
{
    return row->field == field && row->writes && row->has_path && (row->types & view->type) &&
           (row->conversion->write || row->conversion->file == FILE_BYTES) &&
           (!row->is_own_format || view->is_own) && !(row->is_foreign && view->is_own);
}

static bool reads_back(const struct view *view, const struct row *written)
{
    for (size_t at = 0; view->back >= 0 && at < view->message->row_count; at++) {
        const struct row *row = &view->message->rows[at];
        if (row->field == written->field && row->reads && (row->types >> view->back & 1) &&
            path_same(&row->path, &written->path))
            return true;
    }
    return false;
}

/* Times: written and read by the row's own form. */
static struct fare fare_of_time(const struct row *row)
{
    const int64_t sample = INT64_C(1747101902250); /* with a quarter of a second */
    char text[MOMENT_TEXT_SIZE];
    int64_t again = 0;
    struct fault unused;
    size_t size = moment_write(sample, (enum moment_form)row->option, text);
    if (!moment_read(text, size, &again, &unused))
        return fare(LOSS_NARROWED, "its form of times is not read again");
    if (again == sample)
        return fare(LOSS_NONE, "%s", "");
    return sample - again < 1000 ? fare(LOSS_NARROWED, "whole seconds")
                                 : fare(LOSS_NARROWED, "the day, without the time");
}

/* An earlier row that writes another field, or a given text, to the same place; or NULL. */
static const struct row *row_before(const struct view *view, const struct row *row)
{
    for (const struct row *each = view->message->rows; each < row; each++)
        if (each->writes && (each->field || each->given) && each->field != row->field &&
            each->has_path && (each->types & view->type) && path_same(&each->path, &row->path) &&
            !(each->field && (each->field->list || !each->conversion->write)))
            return each;
    return NULL;
}

static struct fare fare_of_row(const struct view *view, const struct row *row)
{
    const struct row *before = row->field->list ? NULL : row_before(view, row);
    if (row->conversion->file == FILE_BYTES)
        return fare(LOSS_NARROWED, "told by the file's bytes, where they are sent along");
    if (!reads_back(view, row))
        return fare(LOSS_WORDS, "written where a reader takes it for something else");
    if (before)
        return fare(LOSS_NARROWED, "only without %s, which stands at its place",
                    before->field ? before->field->name : before->given);
    if (row->conversion->file == FILE_ADDRESS)
        return fare(LOSS_NARROWED, "the gateway's own address, where it has the file");
    if (row->table)
        return fare(LOSS_NARROWED, "by the list %s", row->table->name);
    if (row->field->is_time && strcmp(row->conversion->name, "time") == 0)
        return fare_of_time(row);
    if (row->field->type == FIELD_TEXTS && !path_each(&row->path))
        return fare(LOSS_NARROWED, "as many as the format has places for");
    return row->max ? fare(LOSS_NARROWED, "cut to %zu characters", row->max)
                    : fare(LOSS_NONE, "%s", "");
}

/* Whether the field is named in a template that is written for people. */
static bool is_told(const struct view *view, const struct field *field)
{
    for (size_t at = 0; at < view->message->row_count; at++) {
        const struct row *row = &view->message->rows[at];
        for (size_t part = 0; part < row->template_count; part++)
            if (row->template[part].field == field && (row->types & view->type))
                return true;
    }
    return false;
}

/* ---- members of arrays, which may go to several places by their role ---- */

static bool is_below(const struct row *row, const struct array_rule *rule)
{
    if (row->path.from_root != rule->path.from_root || row->path.count < rule->path.count)
        return false;
    struct path start = {
        .from_root = row->path.from_root, .count = rule->path.count, .steps = row->path.steps};
    return path_same(&start, &rule->path);
}

static void add_role(char *roles, size_t size, const struct word *role)
{
    size_t used = strlen(roles);
    (void)snprintf(roles + used, size - used, "%s%.*s", used ? ", " : "", (int)role->size,
                   role->text);
}

/* How the field fares among the elements of one rule. */
static struct fare fare_below(const struct view *view, const struct field *field,
                              const struct array_rule *rule)
{
    struct fare best = fare(LOSS_ABSENT, "%s", "");
    for (size_t at = 0; at < view->message->row_count; at++) {
        const struct row *row = &view->message->rows[at];
        if (writes(view, row, field) && is_below(row, rule))
            best = better(best, fare_of_row(view, row));
    }
    return best;
}

static bool has_roles(const struct message *message, const struct field *list)
{
    for (size_t at = 0; at < message->array_count; at++)
        if (message->arrays[at].list == list && message->arrays[at].set)
            return true;
    return false;
}

/* A role is the place itself: the first role of a place is what is read there. */
static struct fare fare_of_role(const struct array_rule *rule, const char *role)
{
    const struct word *first = &rule->to[0];
    bool is_first = first->size == strlen(role) && memcmp(first->text, role, first->size) == 0;
    return is_first ? fare(LOSS_NONE, "%s", "")
                    : fare(LOSS_NARROWED, "the roles that share a place are read as its first");
}

static struct fare fare_by_role(const struct view *view, const struct field *field)
{
    static const char *const roles[] = {"SUBMITTED", "SUPPLEMENT", "RESULT", "SLIP", "OTHER"};
    enum { ROLE_COUNT = sizeof roles / sizeof roles[0] };
    char missing[80] = "";
    struct fare worst = fare(LOSS_NONE, "%s", "");
    size_t lost = 0;
    for (size_t at = 0; at < ROLE_COUNT; at++) {
        const struct word role = {roles[at], strlen(roles[at])};
        const struct array_rule *rule = rule_for(view->message, field->list, &role, view->is_own);
        struct fare here = !rule                ? fare(LOSS_ABSENT, "%s", "")
                           : field == rule->set ? fare_of_role(rule, roles[at])
                                                : fare_below(view, field, rule);
        if (here.kind >= LOSS_WORDS) {
            add_role(missing, sizeof missing, &role);
            lost++;
        } else if (here.kind > worst.kind) {
            worst = here;
        }
    }
    if (lost == ROLE_COUNT)
        return fare(LOSS_ABSENT, "%s has no place for it", view->message->name);
    return lost ? fare(LOSS_NARROWED, "not of documents that are %s", missing) : worst;
}

static struct fare fare_of_member(const struct view *view, const struct field *field)
{
    struct fare best = fare(LOSS_ABSENT, "%s has no place for it", view->message->name);
    if (has_roles(view->message, field->list))
        return fare_by_role(view, field);
    for (size_t at = 0; at < view->message->row_count; at++)
        if (writes(view, &view->message->rows[at], field))
            best = better(best, fare_of_row(view, &view->message->rows[at]));
    return best;
}

/* ---- a field ---- */

static struct fare fare_in_rows(const struct view *view, const struct field *field)
{
    if (field->list)
        return fare_of_member(view, field);
    struct fare best = fare(LOSS_ABSENT, "%s has no place for it", view->message->name);
    for (size_t at = 0; at < view->message->row_count; at++)
        if (writes(view, &view->message->rows[at], field))
            best = better(best, fare_of_row(view, &view->message->rows[at]));
    return best.kind == LOSS_ABSENT && is_told(view, field)
               ? fare(LOSS_WORDS, "in words, for people")
               : best;
}

/* The adapter's own words for why it cannot. */
static void explain(const struct adapter *adapter, const struct field *field, struct fare *fare)
{
    for (size_t at = 0; at < adapter->cannot_count; at++) {
        const struct inability *inability = &adapter->cannot[at];
        for (size_t name = 0; name < inability->count; name++) {
            const char *pattern = inability->fields[name];
            size_t size = strcspn(pattern, "*");
            bool is_named = pattern[size] ? strncmp(pattern, field->name, size) == 0
                                          : strcmp(pattern, field->name) == 0;
            if (is_named) {
                (void)snprintf(fare->reason, sizeof fare->reason, "%s", inability->reason);
                return;
            }
        }
    }
}

struct fare fare_of(const struct view *view, const struct field *field)
{
    const struct carries *carries = view->message->carries;
    struct fare own = fare_in_rows(view, field);
    if (view->carried) {
        const struct view within = view_of(view->carried, view->symbol, false);
        struct fare inner = fare_in_rows(&within, field);
        if (!carries->is_file)
            own = inner.kind < LOSS_WORDS ? inner : own; /* it goes before the rows */
        else if (inner.kind < own.kind && own.kind != LOSS_NONE)
            own = fare(LOSS_BESIDE, "%s", own.reason);
    }
    if (own.kind >= LOSS_BESIDE)
        explain(view->message->adapter, field, &own);
    return own;
}

/* A type may hang on whether something is there, which is another field's to say. */
static struct fare fare_of_cells(const struct view *view)
{
    const struct message *message = view->message;
    const struct event_type_row *row = row_of(message, view->symbol);
    for (size_t at = 0; at < message->from_count; at++) {
        const struct path *path = &message->from[at];
        if (row->cells[at].kind == CELL_ABSENT || row->cells[at].kind == CELL_PRESENT)
            return fare(LOSS_NARROWED, "only %s %s",
                        row->cells[at].kind == CELL_ABSENT ? "without" : "with",
                        path->count ? path->steps[path->count - 1].name : "/");
    }
    return fare(LOSS_NONE, "%s", "");
}

struct fare fare_of_type(const struct view *view)
{
    const struct adapter *adapter = view->message->adapter;
    if (view->back == view->symbol)
        return fare_of_cells(view);
    const char *name = event_type_name(adapter, view->back);
    enum loss_kind kind =
        view->carried && view->message->carries->is_file ? LOSS_BESIDE : LOSS_ABSENT;
    struct fare made = fare(kind, "read back as %s", name ? name : "an acknowledgement");
    return made;
}
