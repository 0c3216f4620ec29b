/* Steering in words: a command becomes a field of the address's own grammar, so both share one reader. */
#include "data/dataset.h"
#include "latent/latent.h"
#include "latent/steer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t\r\n"

enum { WORDS_MAX = 8 };

/* A command split at blanks; rest is the text after its first word. */
typedef struct {
    char text[ADDRESS_BYTES_MAX + 64], line[ADDRESS_BYTES_MAX + 64];
    const char *word[WORDS_MAX], *rest;
    int words;
} Command;

/* One kind of command: `least` to `most` words after the verb. */
typedef struct {
    const char *verb, *form;
    int least, most;
    bool (*apply)(Address *a, const Generator *g, const Command *c, Err *err);
} Verb;

/* KEY=word1 then the remaining words, each behind ':' */
static bool joined(Address *a, const Command *c, const char *key, int first, Err *err)
{
    char field[ADDRESS_BYTES_MAX + 64];
    int at = snprintf(field, sizeof field, "%s=%s", key, c->word[first]);
    for (int i = first + 1; i < c->words && at < (int)sizeof field; i++)
        at += snprintf(field + at, sizeof field - (size_t)at, ":%s", c->word[i]);
    return address_set(a, field, err);
}

static bool is(const Command *c, int i, const char *text)
{
    return c->words > i && !strcmp(c->word[i], text);
}

/* The words are the field. */
static bool plain(Address *a, const Generator *g, const Command *c, Err *err)
{
    (void)g;
    return joined(a, c, c->word[0], 1, err);
}

static bool apply_class(Address *a, const Generator *g, const Command *c, Err *err)
{
    int label;
    if (!g->config.classes) return err_set(err, ERR_USAGE, "%s has no classes", g->slug);
    if (!dataset_class_among(g->class_name, g->config.classes, c->rest, &label, err)) return false;
    a->class = label;
    return true;
}

/* Only a direction: `set seed 3` would not be an edit. NAME.8hex is one of one's own. */
static bool apply_set(Address *a, const Generator *g, const Command *c, Err *err)
{
    if (!strchr(c->word[1], '.') && !generator_direction(g, c->word[1]))
        return err_set(err, ERR_USAGE, "%s has no direction \"%s\"", g->slug, c->word[1]);
    return joined(a, c, c->word[1], 2, err);
}

static bool apply_mix(Address *a, const Generator *g, const Command *c, Err *err)
{
    if (!is(c, 1, "off")) return plain(a, g, c, err);
    memset(a->mix, 0, sizeof a->mix);
    a->mixes = 0;
    return true;
}

static bool apply_noise(Address *a, const Generator *g, const Command *c, Err *err)
{
    if (!is(c, 1, "stored")) return plain(a, g, c, err);
    a->noise = NOISE_STORED;
    a->noise_seed = 0;
    return true;
}

static bool drop_pix(Address *a, const char *name, Err *err)
{
    int kind = pixel_op_find(name), kept = 0;
    if (kind < 0) return err_set(err, ERR_USAGE, "no pixel operator \"%s\"; there are " PIXEL_OP_NAMES, name);
    for (int i = 0; i < a->pixes; i++)
        if ((int)a->pix[i].kind != kind) a->pix[kept++] = a->pix[i];
    a->pixes = kept;
    return true;
}

static PixelOp pix_of(const Address *a, PixelOpKind kind)
{
    for (int i = 0; i < a->pixes; i++)
        if (a->pix[i].kind == kind) return a->pix[i];
    return pixel_op_new(kind);
}

/* Puts *op in the place of the one of its kind; one that does nothing goes. */
static bool put_pix(Address *a, const PixelOp *op, Err *err)
{
    if (!pixel_op_check(op, err) || !drop_pix(a, pixel_op_name(op->kind), err)) return false;
    if (!pixel_op_idle(op)) a->pix[a->pixes++] = *op;
    return address_normalise(a, err);
}

/* "side=0.3" into op. */
static bool put_param(PixelOp *op, const char *word, Err *err)
{
    char name[24], *end;
    size_t n = strcspn(word, "=");
    snprintf(name, sizeof name, "%.*s", (int)n, word);
    int part = pixel_op_part(op->kind, name, err);
    if (part < 0) return false;
    double value = strtod(word + n + (word[n] == '='), &end);
    if (!word[n] || end == word + n + 1 || *end)
        return err_set(err, ERR_USAGE, "\"%.40s\" is not %s=NUMBER", word, name);
    pixel_op_put(op, part, (float)value);
    return true;
}

/* "occlude x=0.3 side=0.5": what is not said stays as it is; "occlude 0.3,0.5,0.5" as in an address. */
static bool apply_px(Address *a, const Generator *g, const Command *c, Err *err)
{
    char key[64];
    (void)g;
    int kind = pixel_op_find(c->word[1]);
    if (kind < 0 || is(c, 2, "off")) return drop_pix(a, c->word[1], err);
    if (c->words == 3 && !strchr(c->word[2], '=')) {
        snprintf(key, sizeof key, "px-%s", c->word[1]);
        return joined(a, c, key, 2, err);
    }
    PixelOp op = pix_of(a, (PixelOpKind)kind);
    for (int i = 2; i < c->words; i++)
        if (!put_param(&op, c->word[i], err)) return false;
    return put_pix(a, &op, err);
}

static bool apply_view(Address *a, const Generator *g, const Command *c, Err *err)
{
    if (!is(c, 1, "off")) return plain(a, g, c, err);
    a->view = (AddressView){0};
    return true;
}

static bool apply_reset(Address *a, const Generator *g, const Command *c, Err *err)
{
    (void)g, (void)c, (void)err;
    Address clean = address_of_seed(a->slug, a->digest, 0, a->class, 1);
    clean.source = a->source;
    memcpy(a, &clean, sizeof clean);
    return true;
}

static bool apply_go(Address *a, const Generator *g, const Command *c, Err *err)
{
    (void)g;
    return address_parse(a, c->word[1], err);
}

static const Verb verbs[] = {
    {"seed", "seed N", 1, 1, plain},
    {"latent", "latent KIND.HASH", 1, 1, plain},
    {"blend", "blend A,B,C,D ACROSS,DOWN", 2, 2, plain},
    {"lerp", "lerp A,B T", 2, 2, plain},
    {"class", "class NAME|N", 1, WORDS_MAX, apply_class},
    {"psi", "psi X [A-B]", 1, 2, plain},
    {"set", "set DIRECTION X [A-B]", 2, 3, apply_set},
    {"mix", "mix REF A-B, or mix off", 1, 2, apply_mix},
    {"noise", "noise stored|off|N", 1, 1, apply_noise},
    {"px", "px NAME PARAMETER=VALUE .., or px NAME off", 1, 1 + PIXEL_VALUES_MAX, apply_px},
    {"view", "view KIND:STRENGTH:COUNTER, or view off", 1, 1, apply_view},
    {"reset", "reset", 0, 0, apply_reset},
    {"go", "go ADDRESS", 1, 1, apply_go},
};

/* Blanks at both ends do not count: a line of the journal ends with one. */
static bool split(Command *c, const char *text, Err *err)
{
    text += strspn(text, BLANKS);
    size_t length = strlen(text);
    while (length && strchr(BLANKS, text[length - 1])) length--;
    if (length >= sizeof c->text)
        return err_set(err, ERR_LIMIT, "the command is longer than an address can be");
    c->words = 0;
    memcpy(c->line, text, length);
    c->line[length] = '\0';
    strcpy(c->text, c->line);
    c->rest = c->line + strcspn(c->line, BLANKS);
    c->rest += strspn(c->rest, BLANKS);
    char *save = NULL;
    for (char *word = strtok_r(c->text, BLANKS, &save); word; word = strtok_r(NULL, BLANKS, &save)) {
        if (c->words == WORDS_MAX) return err_set(err, ERR_USAGE, "the command has over %d words", WORDS_MAX);
        c->word[c->words++] = word;
    }
    return true;
}

static const Verb *find_verb(const Command *c, Err *err)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (!is(c, 0, verbs[i].verb)) continue;
        if (c->words - 1 >= verbs[i].least && c->words - 1 <= verbs[i].most) return &verbs[i];
        err_set(err, ERR_USAGE, "this command is: %s", verbs[i].form);
        return NULL;
    }
    char list[256] = "";
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (i) strcat(list, ", ");
        strcat(list, verbs[i].verb);
    }
    err_set(err, ERR_USAGE, "no command \"%s\"; there are %s", c->words ? c->word[0] : "", list);
    return NULL;
}

bool steer_apply(Address *a, const Generator *g, const char *command, Err *err)
{
    Command c;
    Address changed;
    if (!split(&c, command, err)) return false;
    const Verb *verb = find_verb(&c, err);
    if (!verb) return false;
    memcpy(&changed, a, sizeof changed);
    if (!verb->apply(&changed, g, &c, err) || !latent_check(g, &changed, err)) return false;
    char text[ADDRESS_BYTES_MAX + 1]; /* what cannot be printed cannot be undone, copied or replayed */
    if (!address_print(text, &changed, err)) return false;
    memcpy(a, &changed, sizeof changed);
    return true;
}

bool steer_pixel(PixelOpKind *op, int *part, const char *what, Err *err)
{
    char name[24];
    if (strncmp(what, "px-", 3))
        return err_set(err, ERR_USAGE, "\"%.40s\" is no pixel operator: px-blur ...", what);
    size_t n = strcspn(what + 3, ".");
    snprintf(name, sizeof name, "%.*s", (int)n, what + 3);
    int kind = pixel_op_find(name);
    if (kind < 0) return err_set(err, ERR_USAGE, "no pixel operator \"%s\"; there are " PIXEL_OP_NAMES, name);
    *op = (PixelOpKind)kind;
    *part = pixel_op_part(*op, what[3 + n] ? what + 3 + n + 1 : NULL, err);
    return *part >= 0;
}

bool steer_amount(Address *a, const Generator *g, const char *what, float amount, Err *err)
{
    char text[ADDRESS_DIR_MAX + 64];
    PixelOpKind op;
    int part;
    bool pixel = !strncmp(what, "px-", 3);
    if (pixel && !steer_pixel(&op, &part, what, err)) return false;
    if (pixel)
        snprintf(text, sizeof text, "px %s %s=%.4g", pixel_op_name(op), pixel_param(op, part)->name,
                 (double)amount);
    else
        snprintf(text, sizeof text, "%s%.*s %.3f", strcmp(what, "psi") ? "set " : "", ADDRESS_DIR_MAX, what,
                 (double)amount);
    return steer_apply(a, g, text, err);
}

Address steer_start(const Generator *g, uint64_t seed, int class, float psi)
{
    int classes = g->config.classes;
    int within = class < 0 ? 0 : class >= classes ? classes - 1 : class;
    return address_of_seed(g->slug, g->digest, seed, classes ? within : -1, psi);
}
