/* Settings from four places, and keeping them in the file. */
#include "engine/config.h"
#include "base/file.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX 3072

struct Config {
    KeyFile *file;
    char value[SETTING_COUNT][VALUE_MAX];
    SettingFrom from[SETTING_COUNT];
};

static const SettingInfo table[SETTING_COUNT] = {
#define X(id, name, kind, initial, choices, low, high, help)                                                 \
    {name, SETTING_KIND_##kind, initial, choices, low, high, help},
    SETTINGS(X)
#undef X
};

const SettingInfo *setting_info(SettingId id)
{
    return &table[id];
}

SettingId setting_find(const char *name)
{
    int i = 0;
    while (i < SETTING_COUNT && strcmp(table[i].name, name)) i++;
    return (SettingId)i;
}

bool setting_choice(SettingId id, int i, char *out, size_t cap)
{
    const char *at = table[id].choices;
    for (; i > 0 && at; i--) at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL;
    if (!at) return false;
    snprintf(out, cap, "%.*s", (int)strcspn(at, "|"), at);
    return true;
}

static void variable(SettingId id, char *out, size_t cap)
{
    snprintf(out, cap, "VIEWSMITH_%s", table[id].name);
    for (char *p = out; *p; p++) *p = (char)toupper((unsigned char)*p);
}

/* --- checking ---------------------------------------------------------------------------------------------
 */

static bool is_choice(SettingId id, const char *value)
{
    char word[64];
    for (int i = 0; setting_choice(id, i, word, sizeof word); i++)
        if (!strcmp(word, value)) return true;
    return false;
}

static bool is_number(const SettingInfo *s, const char *value)
{
    char *end;
    errno = 0;
    long x = strtol(value, &end, 10);
    return *value && !*end && !errno && x >= s->low && x <= s->high;
}

/* The words for a list of choices: "auto, dark or light". */
static void list_choices(SettingId id, char *out, size_t cap)
{
    char word[64], next[64];
    size_t at = 0;
    for (int i = 0; setting_choice(id, i, word, sizeof word) && at < cap; i++) {
        const char *between = !i ? "" : setting_choice(id, i + 1, next, sizeof next) ? ", " : " or ";
        at += (size_t)snprintf(out + at, cap - at, "%s%s", between, word);
    }
}

static bool check(SettingId id, const char *value, Err *err)
{
    const SettingInfo *s = &table[id];
    char list[200] = "";
    bool ok = true;
    if (strlen(value) >= VALUE_MAX) return err_set(err, ERR_USAGE, "%s: the value is too long", s->name);
    if (s->kind == SETTING_KIND_CHOICE || s->kind == SETTING_KIND_BOOL) ok = is_choice(id, value);
    if (s->kind == SETTING_KIND_INTEGER) ok = !*value || is_number(s, value);
    if (ok) return true;
    list_choices(id, list, sizeof list);
    if (s->kind == SETTING_KIND_INTEGER)
        snprintf(list, sizeof list, "a whole number from %g to %g", s->low, s->high);
    return err_set(err, ERR_USAGE, "%s is %s, not \"%.60s\"", s->name, list, value);
}

/* --- reading ----------------------------------------------------------------------------------------------
 */

bool config_set(Config *c, SettingId id, const char *value, SettingFrom from, Err *err)
{
    if (!check(id, value, err)) return false;
    if (from < c->from[id]) return true;
    snprintf(c->value[id], VALUE_MAX, "%s", value);
    c->from[id] = from;
    return true;
}

static bool take_row(Config *c, const KeyRow *row, Err *err)
{
    Err why = {0};
    SettingId id = setting_find(row->key);
    if (*row->section) return true;
    if (id == SETTING_COUNT)
        err_set(&why, ERR_FORMAT, "there is no setting \"%.60s\"; viewsmith config lists them", row->key);
    else if (config_set(c, id, row->value, FROM_FILE, &why))
        return true;
    return err_set(err, ERR_FORMAT, "%s:%d: %s", keyfile_path(c->file), row->line, why.msg);
}

static bool take_file(Config *c, Err *err)
{
    const KeyRow *row;
    for (int i = 0; (row = keyfile_row(c->file, i)); i++)
        if (!take_row(c, row, err)) return false;
    return true;
}

static bool take_environment(Config *c, Err *err)
{
    char name[64];
    Err why = {0};
    for (int i = 0; i < SETTING_COUNT; i++) {
        variable((SettingId)i, name, sizeof name);
        const char *value = getenv(name);
        if (value && *value && !config_set(c, (SettingId)i, value, FROM_ENVIRONMENT, &why))
            return err_set(err, ERR_USAGE, "%s in the environment: %s", name, why.msg);
    }
    return true;
}

static bool default_path(char *out, size_t cap, Err *err)
{
    char folder[4096];
    const char *given = getenv("VIEWSMITH_CONFIG");
    if (given && *given)
        return snprintf(out, cap, "%s", given) < (int)cap ||
               err_set(err, ERR_LIMIT, "the path in VIEWSMITH_CONFIG is too long");
    return file_xdg(folder, sizeof folder, XDG_CONFIG, err) && file_join(out, cap, folder, "config", err);
}

Config *config_open(const char *path, Err *err)
{
    char own[4096];
    if (!path && !default_path(own, sizeof own, err)) return NULL;
    Config *c = calloc(1, sizeof *c);
    if (!c) return err_nomem(err, "the settings"), NULL;
    for (int i = 0; i < SETTING_COUNT; i++) snprintf(c->value[i], VALUE_MAX, "%s", table[i].initial);
    c->file = keyfile_read(path ? path : own, err);
    if (c->file && take_file(c, err) && take_environment(c, err)) return c;
    config_free(c);
    return NULL;
}

void config_free(Config *c)
{
    if (!c) return;
    keyfile_free(c->file);
    free(c);
}

const char *config_path(const Config *c)
{
    return keyfile_path(c->file);
}

const char *config_text(const Config *c, SettingId id)
{
    return c->value[id];
}

bool config_on(const Config *c, SettingId id)
{
    return !strcmp(c->value[id], "on");
}

SettingFrom config_from(const Config *c, SettingId id)
{
    return c->from[id];
}

void config_origin(const Config *c, SettingId id, char *out, size_t cap)
{
    static const char *const name[] = {"default", "", "", "flag", "here"};
    const KeyRow *row = keyfile_find(c->file, "", table[id].name);
    const char *slash = strrchr(config_path(c), '/');
    if (c->from[id] == FROM_ENVIRONMENT)
        variable(id, out, cap);
    else if (c->from[id] == FROM_FILE)
        snprintf(out, cap, "%s:%d", slash ? slash + 1 : config_path(c), row ? row->line : 0);
    else
        snprintf(out, cap, "%s", name[c->from[id]]);
}

bool config_keep(Config *c, SettingId id, const char *value, Err *err)
{
    if (value && !check(id, value, err)) return false;
    if (!keyfile_set(c->file, "", table[id].name, value, err) || !keyfile_write(c->file, err)) return false;
    if (c->from[id] != FROM_FILE && c->from[id] != FROM_HAND && c->from[id] != FROM_DEFAULT) return true;
    c->from[id] = value ? FROM_FILE : FROM_DEFAULT;
    if (value != c->value[id]) snprintf(c->value[id], VALUE_MAX, "%s", value ? value : table[id].initial);
    return true;
}

bool config_keep_option(Config *c, const char *section, const char *key, const char *value, Err *err)
{
    return keyfile_set(c->file, section, key, value, err) && keyfile_write(c->file, err);
}

const char *config_section(const Config *c, const char *section, const char *key)
{
    const KeyRow *row = keyfile_find(c->file, section, key);
    return row ? row->value : NULL;
}

const KeyRow *config_row(const Config *c, int i)
{
    return keyfile_row(c->file, i);
}
