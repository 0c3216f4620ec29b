/* The settings of the program: one table, and where each value comes from.
 *
 *     Config *c = config_open(NULL, err);                     ~/.config/viewsmith/config
 *     config_set(c, SETTING_THEME, "light", FROM_FLAG, err);   config_text(c, SETTING_THEME)
 *
 * A flag goes before the environment (VIEWSMITH_ and the name in capitals), that before the file, that before
 * the default. Sections of the file named after a subcommand hold defaults for its options ([train], batch =
 * 512); the command line checks those against its own tables. */
#pragma once
#include "engine/keyfile.h"
#include <stddef.h>

/* X(identifier, name, kind, default, what it may be, low, high, help). CHOICE: one of the words between bars.
 * TEXT: the same list is only a hint. A default of "" means: as the help says. */
/* clang-format off */
#define SETTINGS(X)                                                                                          \
    X(THEME,    "theme",    TEXT,    "auto", "auto|dark|light|safe|mono|FILE", 0, 0, "Colours; auto follows the terminal's background, safe is for colour-blind eyes") \
    X(GRAPHICS, "graphics", CHOICE,  "auto", "auto|kitty|sixel|half|half256|ascii|none", 0, 0, "How pictures are shown; auto is the best this terminal can") \
    X(ASCII,    "ascii",    BOOL,    "off",  "on|off", 0, 0, "No characters beyond ASCII (from the next start)") \
    X(NOTIFY,   "notify",   CHOICE,  "bell", "none|bell|osc9|title|all", 0, 0, "How you are told that work has ended or failed") \
    X(FIGURES,  "figures",  BOOL,    "off",  "on|off", 0, 0, "Show what a frame costs in the bottom line") \
    X(SESSION,  "session",  BOOL,    "on",   "on|off", 0, 0, "Keep the session, so that --resume brings it back") \
    X(JOURNAL,  "journal",  BOOL,    "on",   "on|off", 0, 0, "Write down what is done, so that replay can do it again") \
    X(MODEL,    "model",    TEXT,    "",     "FILE", 0, 0, "Generator file; without one the shipped Fashion-MNIST generator") \
    X(DATA,     "data",     TEXT,    "", "NAME|PATH", 0, 0, "Real pictures: fashion, mnist, cifar10, a package of these, or class folders; without one what the model saw") \
    X(RUNS,     "runs",     TEXT,    "",     "DIR", 0, 0, "Folder of the runs; without one runs/ in the program's data folder") \
    X(THREADS,  "threads",  INTEGER, "",     "N", 1, 64, "Worker threads; without a number all cores")
/* clang-format on */

typedef enum {
#define X(id, ...) SETTING_##id,
    SETTINGS(X)
#undef X
        SETTING_COUNT
} SettingId;

typedef enum { SETTING_KIND_TEXT, SETTING_KIND_CHOICE, SETTING_KIND_BOOL, SETTING_KIND_INTEGER } SettingKind;

typedef struct {
    const char *name;
    SettingKind kind;
    const char *initial, *choices;
    double low, high;
    const char *help;
} SettingInfo;

typedef enum { FROM_DEFAULT, FROM_FILE, FROM_ENVIRONMENT, FROM_FLAG, FROM_HAND } SettingFrom;

typedef struct Config Config;

const SettingInfo *setting_info(SettingId id);
/* SETTING_COUNT when there is none of that name. */
SettingId setting_find(const char *name);
/* The i-th word of its choices into out; false: no more. */
bool setting_choice(SettingId id, int i, char *out, size_t cap);
/* "flag", "VIEWSMITH_THEME", "config:3", "default", "here". */
void config_origin(const Config *c, SettingId id, char *out, size_t cap);

/* Reads the file and the environment; path NULL: VIEWSMITH_CONFIG, else config in the program's
 * configuration folder. A wrong key or value is one sentence with file and line, or the variable's name. */
Config *config_open(const char *path, Err *err);
void config_free(Config *c);
const char *config_path(const Config *c);
const char *config_text(const Config *c, SettingId id); /* "" where nothing is set */
bool config_on(const Config *c, SettingId id);          /* of a BOOL */
SettingFrom config_from(const Config *c, SettingId id);
/* Checked; an earlier value of a stronger origin stays. FROM_HAND is stronger than all. */
bool config_set(Config *c, SettingId id, const char *value, SettingFrom from, Err *err);
/* Keeps the value in the file, its comments and order untouched; value NULL: takes the key out. */
bool config_keep(Config *c, SettingId id, const char *value, Err *err);
/* The same for an option of a command; the caller has checked the value. */
bool config_keep_option(Config *c, const char *section, const char *key, const char *value, Err *err);
/* What a section says of a key ("train", "batch"), or NULL; the rows of all sections are those of the file.
 */
const char *config_section(const Config *c, const char *section, const char *key);
const KeyRow *config_row(const Config *c, int i);
