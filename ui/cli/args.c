/* Reads the words of a command line against a command's table of options. */
#include "cli/cli.h"
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const Option option_common[] = {
    {"json", OPTION_FLAG, NULL, NULL, 0, 0, false,
     "End with one line on stdout: the result as a JSON object"},
    {"quiet", OPTION_FLAG, NULL, NULL, 0, 0, false, "No progress and no notices on stderr"},
    {"threads", OPTION_INTEGER, "N", NULL, 1, 64, false,
     "Worker threads (else VIEWSMITH_THREADS, else all cores)"},
    {"help", OPTION_FLAG, NULL, NULL, 0, 0, false, "Show this help"},
    {NULL, OPTION_FLAG, NULL, NULL, 0, 0, false, NULL},
};

static const Option *find_in(const Option *table, const char *name, size_t length)
{
    for (const Option *o = table; o->name; o++)
        if (strlen(o->name) == length && !strncmp(o->name, name, length)) return o;
    return NULL;
}

static const Option *find(const Command *c, const char *name, size_t length)
{
    const Option *o = find_in(c->option, name, length);
    return o ? o : find_in(option_common, name, length);
}

static bool check_value(const Option *o, const char *value, Err *err)
{
    char *end;
    errno = 0;
    if (o->kind == OPTION_SEED) {
        strtoull(value, &end, 10);
        if (*value < '0' || *value > '9' || *end || errno)
            return err_set(err, ERR_USAGE, "--%s wants a whole number from 0 to 2^64 - 1, not \"%s\"",
                           o->name, value);
    }
    if (o->kind != OPTION_INTEGER && o->kind != OPTION_NUMBER) return true;
    double x = o->kind == OPTION_INTEGER ? (double)strtol(value, &end, 10) : strtod(value, &end);
    if (!*value || *end || errno || !isfinite(x) || x < o->low || x > o->high)
        return err_set(err, ERR_USAGE, "--%s wants %s from %.10g to %.10g, not \"%s\"", o->name,
                       o->kind == OPTION_INTEGER ? "a whole number" : "a number", o->low, o->high, value);
    return true;
}

/* Whether a word of the settings file may stand for the option: "on" and "off" for a flag. */
static bool check_kept(const Option *o, const char *value, Err *err)
{
    if (o->kind != OPTION_FLAG) return check_value(o, value, err);
    return !strcmp(value, "on") || !strcmp(value, "off") ||
           err_set(err, ERR_USAGE, "%s is on or off, not \"%s\"", o->name, value);
}

bool args_check_value(const char *command, const char *option, const char *value, Err *err)
{
    const CommandRow *row = command_rows;
    while (row->name && strcmp(row->name, command)) row++;
    if (!row->name) return err_set(err, ERR_USAGE, "there is no command \"%s\" for a section", command);
    const Option *o = find(row->command, option, strlen(option));
    if (!o || o->many || !strcmp(option, "help"))
        return err_set(err, ERR_USAGE, "%s has no option \"%s\" that could be kept", command, option);
    return check_kept(o, value, err);
}

bool args_check_config(const Config *c, Err *err)
{
    const KeyRow *row;
    Err why = {0};
    for (int i = 0; (row = config_row(c, i)); i++)
        if (*row->section && !args_check_value(row->section, row->key, row->value, &why))
            return err_set(err, ERR_FORMAT, "%s:%d: %s", config_path(c), row->line, why.msg);
    return true;
}

static bool read_option(Args *a, const char *name, int argc, char **argv, int *i, Err *err)
{
    const char *equals = strchr(name, '='), *value = NULL;
    const Option *o = find(a->row->command, name, equals ? (size_t)(equals - name) : strlen(name));
    if (!o)
        return err_set(err, ERR_USAGE, "%s has no option --%s: see viewsmith %s --help", a->row->name, name,
                       a->row->name);
    if (o->kind == OPTION_FLAG && equals) return err_set(err, ERR_USAGE, "--%s takes no value", o->name);
    if (o->kind != OPTION_FLAG) {
        value = equals ? equals + 1 : *i + 1 < argc ? argv[++*i] : NULL;
        if (!value) return err_set(err, ERR_USAGE, "--%s wants a value: %s", o->name, o->value);
        if (!check_value(o, value, err)) return false;
    }
    if (!o->many && o->kind != OPTION_FLAG && args_given(a, o->name))
        return err_set(err, ERR_USAGE, "--%s was given twice", o->name);
    if (a->givens == ARGS_MAX) return err_set(err, ERR_USAGE, "more than %d options", ARGS_MAX);
    a->given[a->givens].option = o;
    a->given[a->givens++].value = value;
    return true;
}

static bool count_words(const Args *a, Err *err)
{
    const Command *c = a->row->command;
    if (a->words >= c->least && a->words <= c->most) return true;
    return err_set(err, ERR_USAGE, "%s: usage: viewsmith %s %s",
                   a->words < c->least ? "something is missing" : "too many words", a->row->name, c->usage);
}

bool args_read(Args *out, const CommandRow *row, int argc, char **argv, Err *err)
{
    bool options = true;
    *out = (Args){.row = row};
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (options && !strcmp(word, "--")) {
            options = false;
        } else if (options && word[0] == '-' && isalpha((unsigned char)word[1]) &&
                   !word[2]) { /* -n 12 is --n 12 */
            if (!read_option(out, word[1] == 'h' ? "help" : word + 1, argc, argv, &i, err)) return false;
        } else if (options && !strncmp(word, "--", 2)) {
            if (!read_option(out, word + 2, argc, argv, &i, err)) return false;
        } else {
            if (out->words == ARGS_MAX) return err_set(err, ERR_USAGE, "more than %d words", ARGS_MAX);
            out->word[out->words++] = word;
        }
    }
    return args_flag(out, "help") || count_words(out, err);
}

static const Option *known(const Args *a, const char *name)
{
    const Option *o = find(a->row->command, name, strlen(name));
    assert(o);
    return o;
}

int args_count(const Args *a, const char *name)
{
    const Option *o = known(a, name);
    int n = 0;
    for (int i = 0; i < a->givens; i++) n += a->given[i].option == o;
    return n;
}

bool args_given(const Args *a, const char *name)
{
    return args_count(a, name) > 0;
}

/* What environment and settings file say; NULL: nothing. A default for all commands (data, say) counts only
 * where the command has one of its own: elsewhere the run knows better. */
static const char *kept(const Args *a, const Option *o)
{
    if (!a->config) return NULL;
    SettingId id = setting_find(o->name);
    bool set = id != SETTING_COUNT && config_from(a->config, id) != FROM_DEFAULT &&
               (id != SETTING_DATA || o->initial);
    if (set && config_from(a->config, id) == FROM_ENVIRONMENT) return config_text(a->config, id);
    const char *own = config_section(a->config, a->row->name, o->name);
    return own ? own : set ? config_text(a->config, id) : NULL;
}

bool args_flag(const Args *a, const char *name)
{
    const char *text = args_given(a, name) ? "on" : kept(a, known(a, name));
    return text && !strcmp(text, "on");
}

const char *args_nth(const Args *a, const char *name, int nth)
{
    const Option *o = known(a, name);
    for (int i = 0; i < a->givens; i++)
        if (a->given[i].option == o && nth-- == 0) return a->given[i].value;
    return NULL;
}

const char *args_text(const Args *a, const char *name)
{
    int n = args_count(a, name);
    const char *text = n ? args_nth(a, name, n - 1) : kept(a, known(a, name));
    return text ? text : known(a, name)->initial;
}

long args_integer(const Args *a, const char *name)
{
    const char *text = args_text(a, name);
    return text ? strtol(text, NULL, 10) : 0;
}

double args_number(const Args *a, const char *name)
{
    const char *text = args_text(a, name);
    return text ? strtod(text, NULL) : 0;
}

uint64_t args_seed(const Args *a, const char *name)
{
    const char *text = args_text(a, name);
    return text ? strtoull(text, NULL, 10) : 0;
}

/* --- the line that makes it again
 * ------------------------------------------------------------------------------ */

static size_t put(char *out, size_t cap, size_t at, const char *text)
{
    int n = at < cap ? snprintf(out + at, cap - at, "%s", text) : 0;
    return at + (size_t)n;
}

static size_t put_quoted(char *out, size_t cap, size_t at, const char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:,@+%";
    if (*text && strspn(text, plain) == strlen(text)) return put(out, cap, at, text);
    at = put(out, cap, at, "'");
    for (const char *s = text; *s; s++) at = put(out, cap, at, *s == '\'' ? "'\\''" : (const char[]){*s, 0});
    return put(out, cap, at, "'");
}

void args_line(char *out, size_t cap, const Args *a)
{
    size_t at = put(out, cap, 0, "viewsmith ");
    at = put(out, cap, at, a->row->name);
    for (int i = 0; i < a->words; i++) {
        at = put(out, cap, at, " ");
        at = put_quoted(out, cap, at, a->word[i]);
    }
    for (int i = 0; i < a->givens; i++) {
        at = put(out, cap, at, " --");
        at = put(out, cap, at, a->given[i].option->name);
        if (!a->given[i].value) continue;
        at = put(out, cap, at, " ");
        at = put_quoted(out, cap, at, a->given[i].value);
    }
}
