/* viewsmith config: what is set and by whom, and keeping a setting in the file. */
#include "cli/cli.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const Option options[] = {
    {"path", OPTION_FLAG, NULL, NULL, 0, 0, false, "Say where the settings file is"},
    {"unset", OPTION_FLAG, NULL, NULL, 0, 0, false, "Take NAME out of the file"},
    {0},
};

static void put_setting(const Args *a, Json *o, SettingId id)
{
    char from[80];
    Json *row = json_make();
    const char *value = config_text(a->config, id);
    config_origin(a->config, id, from, sizeof from);
    json_put_str(row, "value", value);
    json_put_str(row, "from", from);
    json_put(o, setting_info(id)->name, row);
    cli_say(a, "%-10s %-24s %s", setting_info(id)->name, *value ? value : "-", from);
}

/* Sections, in the order of the file. */
static void put_sections(const Args *a, Json *o)
{
    const KeyRow *row;
    char name[160];
    for (int i = 0; (row = config_row(a->config, i)); i++) {
        if (!*row->section) continue;
        snprintf(name, sizeof name, "%.70s.%.70s", row->section, row->key);
        json_put_str(o, name, row->value);
        cli_say(a, "%-10s %-24s line %d", name, row->value, row->line);
    }
}

/* NAME is a setting, or COMMAND.OPTION. */
static bool split(const char *name, char section[64], const char **key, Err *err)
{
    const char *dot = strchr(name, '.');
    *key = dot ? dot + 1 : name;
    snprintf(section, 64, "%.*s", dot ? (int)(dot - name) : 0, name);
    if (dot || setting_find(name) != SETTING_COUNT) return true;
    return err_set(err, ERR_USAGE,
                   "there is no setting \"%.60s\"; viewsmith config lists them, train.steps is an option's",
                   name);
}

static bool keep(Config *c, const char *name, const char *value, Err *err)
{
    char section[64];
    const char *key;
    if (!split(name, section, &key, err)) return false;
    if (!*section) return config_keep(c, setting_find(key), value, err);
    return (!value || args_check_value(section, key, value, err)) &&
           config_keep_option(c, section, key, value, err);
}

static bool show(const Args *a, const char *name, Json *o, Err *err)
{
    char section[64];
    const char *key;
    if (!split(name, section, &key, err)) return false;
    const char *value =
        *section ? config_section(a->config, section, key) : config_text(a->config, setting_find(key));
    json_put_str(o, name, value ? value : "");
    cli_say(a, "%s", value ? value : "");
    return true;
}

static void show_all(const Args *a, Json *o)
{
    for (int i = 0; i < SETTING_COUNT; i++) put_setting(a, o, (SettingId)i);
    put_sections(a, o);
}

static int config_command(const Args *a)
{
    Err err = {0};
    Json *o = json_make();
    bool ok = true, unset = args_flag(a, "unset");
    json_put_str(o, "path", config_path(a->config));
    if (args_flag(a, "path")) {
        cli_say(a, "%s", config_path(a->config));
    } else if (a->words == 2 || unset) {
        Config *c = config_open(NULL, &err); /* one of our own: to change */
        ok = c && (a->words == 2 - unset || err_set(&err, ERR_USAGE, "--unset wants NAME alone")) &&
             keep(c, a->word[0], unset ? NULL : a->word[1], &err);
        config_free(c);
    } else if (a->words) {
        ok = show(a, a->word[0], o, &err);
    } else {
        show_all(a, o);
    }
    if (ok) return cli_result(a, o);
    json_drop(o);
    return cli_fail(&err);
}

const Command command_config = {
    "[NAME [VALUE]] [--unset] [--path]",
    "Shows every setting with its value and where that comes from, one setting alone, or keeps a\n"
    "value in the settings file, whose comments and order stay as they are. NAME is a setting, or an\n"
    "option of a command such as train.steps, whose default it becomes.",
    "  viewsmith config\n  viewsmith config theme light\n  viewsmith config train.steps 2000\n"
    "  viewsmith config --unset train.steps",
    options,
    0,
    2,
    config_command};
