/* The command line: one table of subcommands, one declarative table of options for each, and what all of them
 * share.
 *
 * A table of options yields parsing, --help, the completion script and the man page. Results go to stdout;
 * progress, notices and errors to stderr. Exit status: 0 done, 1 it could not be done, 2 wrong usage, 130
 * interrupted. */
#pragma once
#include "base/err.h"
#include "base/json.h"
#include "engine/config.h"
#include <stdint.h>

/* clang-format off */
/*    id          name           summary */
#define COMMAND_TABLE(X)                                                                                     \
    X(sample,     "sample",      "Make views: a PNG, a wall of them, or raw arrays")                         \
    X(steer,      "steer",       "Change one view in words, and see the strip of a direction")               \
    X(tray,       "tray",        "Views worth keeping: tag, search, export, import")                         \
    X(train,      "train",       "Train a contrastive encoder on generated views or real pictures")          \
    X(runs,       "runs",        "List, name and delete training runs")                                      \
    X(probe,      "probe",       "Measure what an encoder's frozen features know")                           \
    X(neighbours, "neighbours",  "Find the real pictures nearest to a view or a picture")                    \
    X(map,        "map",         "Lay real and generated pictures out as an encoder sees them")               \
    X(meter,      "meter",       "Measure views: class, how unsure, realism, nearest real pictures")         \
    X(quality,    "quality",     "Measure how good a generator's pictures are")                              \
    X(experiment, "experiment",  "Run a recipe of trainings over seeds: rows, tables, a plot")                \
    X(replay,     "replay",      "Do again what a journal of the terminal program holds")                   \
    X(demo,       "demo",        "All four acts in under three minutes")                                     \
    X(fit,        "fit",         "Train a generator on real pictures")                                       \
    X(invert,     "invert",      "Find the view that is most like a picture file")                            \
    X(direction,  "direction",   "Learn directions of your own from tagged views, list and carry them")       \
    X(walk,       "walk",        "Learn directions that zoom, shift, turn and brighten")                     \
    X(judge,      "judge",       "Train the judge: an encoder with labels, on real pictures")                \
    X(encode,     "encode",      "Run an encoder over an array of pictures")                                 \
    X(data,       "data",        "Data sets known by name: where they are, how to get them")                 \
    X(import,     "import",      "Make a model file of ours from ONNX, PyTorch or safetensors")             \
    X(info,       "info",        "Say what a model, picture, address or run is")                             \
    X(bench,      "bench",       "Measure this program, and a peer beside it by turns")                      \
    X(config,     "config",      "Show settings and where they come from; keep one")                         \
    X(doctor,     "doctor",      "Report what this machine offers and what is missing")                      \
    X(help,       "help",        "Help on a command; the man page; shell completion")
/* clang-format on */

typedef enum { OPTION_FLAG, OPTION_TEXT, OPTION_INTEGER, OPTION_NUMBER, OPTION_SEED } OptionKind;

typedef struct {
    const char *name; /* "out" for --out */
    OptionKind kind;
    const char *value;   /* what its value is called: "DIR"; NULL for a flag */
    const char *initial; /* as text, NULL: none */
    double low, high;    /* of an integer or number */
    bool many;           /* may be given several times */
    const char *help;    /* one line; words the value may be stand here */
} Option;

struct Args;

typedef struct {
    const char *usage;                /* after the name: "[ADDRESS] --out DIR" */
    const char *about;                /* a paragraph, lines broken at 80 columns */
    const char *example;              /* lines "viewsmith ..." */
    const Option *option;             /* ends with a row whose name is NULL */
    int least, most;                  /* words that are no options */
    int (*run)(const struct Args *a); /* the exit status */
} Command;

#define X(id, name, summary) extern const Command command_##id;
COMMAND_TABLE(X)
#undef X

typedef struct {
    const char *name, *summary;
    const Command *command;
} CommandRow;

extern const CommandRow command_rows[]; /* ends with a NULL name */
extern const Option option_common[];    /* what every command takes; ends with a NULL name */

/* --- arguments
 * ------------------------------------------------------------------------------------------------- */

#define ARGS_MAX 256

typedef struct Args {
    const CommandRow *row;
    const Config *config;         /* NULL: none was read */
    const struct CliFront *front; /* the terminal program, NULL without one */
    struct {
        const Option *option;
        const char *value; /* NULL for a flag */
    } given[ARGS_MAX];
    int givens;
    const char *word[ARGS_MAX];
    int words;
} Args;

/* Reads argv[0..argc-1], the words after the subcommand. ERR_USAGE names the word that is wrong. */
bool args_read(Args *out, const CommandRow *row, int argc, char **argv, Err *err);
/* Checks the sections of a settings file against the tables: "[train]" and its "batch = 512". One sentence
 * with file and line. */
bool args_check_config(const Config *c, Err *err);
/* A value for an option of a command, checked as on the command line. ERR_USAGE when there is no such option.
 */
bool args_check_value(const char *command, const char *option, const char *value, Err *err);
/* The option must be in the command's table; the last of several counts, else VIEWSMITH_NAME for a setting,
 * else the settings file, else the default. */
bool args_flag(const Args *a, const char *name);
const char *args_text(const Args *a, const char *name); /* NULL: not given and no default */
long args_integer(const Args *a, const char *name);
double args_number(const Args *a, const char *name);
uint64_t args_seed(const Args *a, const char *name);
bool args_given(const Args *a, const char *name);
int args_count(const Args *a, const char *name);
const char *args_nth(const Args *a, const char *name, int nth);
/* The line that makes this again: "viewsmith fit --out DIR ..." with words quoted where a shell needs it. */
void args_line(char *out, size_t cap, const Args *a);

/* --- output
 * ---------------------------------------------------------------------------------------------------- */

/* "viewsmith: MESSAGE" on stderr; the exit status that belongs to it. */
int cli_fail(const Err *err);
/* With --json prints o as the one line on stdout; drops o either way. Returns 0, or 1 when stdout cannot be
 * written. */
int cli_result(const Args *a, Json *o);
/* A line of plain text on stdout, unless --json was given. */
void cli_say(const Args *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A line on stderr, unless --quiet was given. */
void cli_note(const Args *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The progress line: redrawn in place on a terminal, else a line twice a minute. NULL ends it. */
void cli_progress(const Args *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* --- signals
 * --------------------------------------------------------------------------------------------------- */

/* SIGINT, SIGTERM and SIGHUP end the process with status 130 at once... */
void cli_signals(void);
/* ...unless work that saves its state has asked for a notice: then the first one only makes cli_interrupted
 * true. */
void cli_save_on_interrupt(bool on);
bool cli_interrupted(void);

/* Runs a subcommand; front (NULL: none) is the terminal program, for `viewsmith` and `viewsmith THING`. */
typedef struct CliFront {
    int (*open)(int argc, char **argv); /* NULL: say what THING is */
    void (*keys)(void);                 /* prints the man page's section on keys */
    const Option *option;               /* what open takes */
} CliFront;
int cli_main(int argc, char **argv, const CliFront *front);
void help_command(const CommandRow *row);
