/* Reads a spec line by line and builds its net while it goes. */
#include "model/spec.h"
#include "model/spec_words.h"
#include "base/text.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 40, WORD_MAX = 120, VALUES_MAX = 64, NODES_MAX = 20000, LOOPS_MAX = 4 };

#define HEAD "viewsmith spec 1"

typedef struct {
    char name[WORD_MAX];
    ValueId id;
} Named;

/* A loop: `each i TENSOR`, whose lines are read again for i = 0, 1, ... as long as there is that tensor. */
typedef struct {
    size_t at; /* of the line after `each` */
    int line, i;
    char letter[WORD_MAX], tensor[WORD_MAX];
} Loop;

typedef struct {
    Imported *out;
    Build b;
    const char *text, *name;
    size_t size, at;
    int line;
    char word[WORDS_MAX][WORD_MAX];
    int words;
    Named value[VALUES_MAX];
    int values;
    ValueId last;
    Loop loop[LOOPS_MAX];
    int loops;
    bool kind_said;
    Err *err;
} Spec;

__attribute__((format(printf, 2, 3), cold)) static bool refuse(const Spec *s, const char *fmt, ...)
{
    char why[500];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    return err_set(s->err, ERR_FORMAT, "%s, line %d: %s", s->name, s->line, why);
}

/* ---- Lines and words -------------------------------------------------------------------------------- */

/* The next line without its comment into *from; false at the end. */
static bool next_line(Spec *s, const char **from, size_t *n)
{
    if (s->at >= s->size) return false;
    const char *start = s->text + s->at, *end = memchr(start, '\n', s->size - s->at);
    size_t whole = end ? (size_t)(end - start) : s->size - s->at;
    const char *comment = memchr(start, '#', whole);
    *from = start;
    *n = comment ? (size_t)(comment - start) : whole;
    s->at += whole + (end != NULL);
    s->line++;
    return true;
}

/* "{i}" becomes the number of the loop. */
static bool put_word(Spec *s, const char *from, size_t n)
{
    char *to = s->word[s->words];
    size_t used = 0;
    for (size_t i = 0; i < n && used < WORD_MAX - 12;) {
        const Loop *l = NULL;
        for (int k = 0; k < s->loops && !l; k++) {
            size_t letter = strlen(s->loop[k].letter);
            if (n - i >= letter + 2 && from[i] == '{' && !memcmp(from + i + 1, s->loop[k].letter, letter) &&
                from[i + 1 + letter] == '}')
                l = &s->loop[k];
        }
        if (l) {
            used += (size_t)sprintf(to + used, "%d", l->i);
            i += strlen(l->letter) + 2;
        } else {
            to[used++] = from[i++];
        }
    }
    to[used] = '\0';
    return used < WORD_MAX - 12 || refuse(s, "a word is longer than %d characters", WORD_MAX - 12);
}

static bool split(Spec *s, const char *from, size_t n)
{
    s->words = 0;
    for (size_t i = 0; i < n;) {
        size_t start = i;
        while (i < n && !strchr(" \t\r", from[i])) i++;
        if (i > start) {
            if (s->words == WORDS_MAX) return refuse(s, "it has more than %d words", WORDS_MAX);
            if (!put_word(s, from + start, i - start)) return false;
            s->words++;
        } else {
            i++;
        }
    }
    return true;
}

static bool number_of(double *x, const char *word)
{
    char *end;
    *x = strtod(word, &end);
    return *word && !*end && isfinite(*x) && strspn(word, "0123456789+-.eE") == strlen(word);
}

/* Numbers from word `at` on; how many. */
static int numbers_at(double *x, int most, const Spec *s, int at)
{
    int n = 0;
    while (n < most && at + n < s->words && number_of(&x[n], s->word[at + n])) n++;
    return n;
}

/* ---- Values ----------------------------------------------------------------------------------------- */

static bool find_value(ValueId *id, const Spec *s, const char *name)
{
    for (int i = s->values; i-- > 0;)
        if (!strcmp(s->value[i].name, name)) return *id = s->value[i].id, true;
    return refuse(s, "nothing is called \"%s\" yet", name);
}

static bool name_value(Spec *s, const char *name, ValueId id)
{
    int i = 0;
    while (i < s->values && strcmp(s->value[i].name, name)) i++;
    if (i == VALUES_MAX) return refuse(s, "more than %d values have names", VALUES_MAX);
    snprintf(s->value[i].name, sizeof s->value[i].name, "%.*s", WORD_MAX - 1, name);
    s->value[i].id = id;
    if (i == s->values) s->values++;
    return true;
}

static bool shape_of_words(Shape *shape, const Spec *s, int at)
{
    double x[NET_RANK];
    int n = numbers_at(x, NET_RANK - 1, s, at);
    if (n < 1 || at + n != s->words)
        return refuse(s, "it wants 1 to %d whole numbers, a shape without the batch", NET_RANK - 1);
    *shape = (Shape){.rank = n + 1, .dim = {NET_BATCH}};
    for (int i = 0; i < n; i++) {
        if (!(x[i] >= 1 && x[i] <= 1 << 20) || x[i] != (int)x[i]) return refuse(s, "%g is no size", x[i]);
        shape->dim[i + 1] = (int)x[i];
    }
    return true;
}

/* What went wrong in the net or among the tensors, with the line it was in. */
static bool check(Spec *s)
{
    const char *mistake = s->b.err.code ? s->b.err.msg : net_mistake(s->b.net);
    return !mistake || refuse(s, "%s", mistake);
}

/* ---- What is said about the model ------------------------------------------------------------------- */

static bool say_kind(Spec *s)
{
    s->kind_said = true;
    s->out->kind = strcmp(s->word[0], "encoder") ? IMPORT_GENERATOR : IMPORT_ENCODER;
    return s->words == 1 || refuse(s, "nothing follows \"%s\"", s->word[0]);
}

static bool say_input(Spec *s)
{
    Shape shape;
    const char *name = s->words > 1 ? s->word[1] : "";
    bool generator = s->out->kind == IMPORT_GENERATOR;
    if (strcmp(name, generator ? "z" : "image") && (!generator || strcmp(name, "class")))
        return refuse(
            s, "%s", generator ? "a generator has the inputs z and class" : "an encoder has the input image");
    if (!shape_of_words(&shape, s, 2)) return false;
    if (!strcmp(name, "class")) s->out->classes = shape.dim[1];
    s->last = net_input(s->b.net, name, shape);
    return check(s) && name_value(s, name, s->last);
}

static bool say_latent(Spec *s)
{
    static const char *const kinds[] = {"normal", "uniform", "truncated"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (s->words == 2 && !strcmp(s->word[1], kinds[i]))
            return snprintf(s->out->latent, sizeof s->out->latent, "%s", kinds[i]), true;
    return refuse(s, "a latent is normal, uniform or truncated");
}

static bool say_range(Spec *s)
{
    double x[2];
    if (s->words != 3 || numbers_at(x, 2, s, 1) != 2 || !(x[0] < x[1]))
        return refuse(s, "range wants two numbers, the lower one first");
    s->out->low = (float)x[0];
    s->out->high = (float)x[1];
    return true;
}

/* Channels of x01 = (x + 1) / 2 are read as (x01 - mean) / std; mean comes first. */
static bool say_reading(Spec *s)
{
    double x[4];
    bool mean = !strcmp(s->word[0], "mean");
    int n = numbers_at(x, 4, s, 1);
    if (n < 1 || n + 1 != s->words) return refuse(s, "%s wants a number for each channel", s->word[0]);
    for (int c = 0; c < 4; c++) {
        double value = x[c < n ? c : n - 1];
        if (!mean && !(value > 0)) return refuse(s, "a standard deviation is above 0");
        if (mean)
            s->out->mean[c] = (float)(2 * value - 1);
        else
            s->out->scale[c] = (float)(0.5 / value);
    }
    return true;
}

static bool say_classes(Spec *s)
{
    Imported *m = s->out;
    if (m->class_name || s->words < 2) return refuse(s, "classes wants their names, once");
    m->class_name = calloc((size_t)s->words, sizeof *m->class_name);
    if (!m->class_name) return err_nomem(s->err, "class names");
    m->classes = s->words - 1;
    for (int i = 0; i < m->classes; i++)
        if (!(m->class_name[i] = strdup(s->word[i + 1]))) return err_nomem(s->err, "class names");
    return true;
}

static bool say_output(Spec *s)
{
    ValueId id = s->last;
    if (s->words != 2 && (s->words != 4 || strcmp(s->word[2], "of")))
        return refuse(s, "output wants a name, and maybe of VALUE");
    if (s->words == 4 && !find_value(&id, s, s->word[3])) return false;
    net_output(s->b.net, s->word[1], id);
    return check(s);
}

static bool begin_loop(Spec *s)
{
    double first = 0;
    bool from = s->words == 5 && !strcmp(s->word[2], "from") && number_of(&first, s->word[3]) && first >= 0 &&
                first < 1e6;
    if (s->words != 3 && !from)
        return refuse(
            s, "each wants a letter, maybe from N, and the name of a tensor: each i layer1.{i}.weight");
    if (s->loops == LOOPS_MAX) return refuse(s, "loops stand %d deep", LOOPS_MAX);
    Loop *l = &s->loop[s->loops++];
    *l = (Loop){.at = s->at, .line = s->line, .i = (int)first};
    memcpy(l->letter, s->word[1], WORD_MAX);
    memcpy(l->tensor, s->word[s->words - 1], WORD_MAX);
    return true;
}

/* Whether the tensor of the loop is there for its number. */
static bool loop_goes_on(Spec *s)
{
    const Loop *l = &s->loop[s->loops - 1];
    s->words = 0;
    return put_word(s, l->tensor, strlen(l->tensor)) && build_has(&s->b, s->word[0]);
}

static bool end_loop(Spec *s)
{
    if (!s->loops) return refuse(s, "there is no each to end");
    Loop *l = &s->loop[s->loops - 1];
    l->i++;
    if (loop_goes_on(s)) {
        s->at = l->at;
        s->line = l->line;
    } else {
        s->loops--;
    }
    return true;
}

/* ---- Layers ----------------------------------------------------------------------------------------- */

typedef struct {
    const SpecWord *word;
    int at; /* next word */
    ValueId in[NET_INPUTS];
    int inputs;
    Attrs attrs;
} Layer;

static bool take_tensors(Layer *l, Spec *s)
{
    const char *name = s->word[l->at++];
    for (int i = 0; i < 4 && l->word->part[i]; i++) {
        char full[2 * WORD_MAX];
        const char *end = l->word->part[i];
        bool maybe = *end == '?', buffer = *end == '!';
        snprintf(full, sizeof full, "%s%s", name, end + (maybe || buffer));
        ValueId id = maybe && !build_has(&s->b, full) ? NET_NONE
                     : buffer                         ? build_buffer(&s->b, full)
                                                      : build_param(&s->b, full);
        l->in[l->inputs++] = id;
    }
    return true;
}

static bool take_dims(Layer *l, Spec *s)
{
    Shape shape;
    if (!shape_of_words(&shape, s, l->at)) return false;
    l->at = s->words;
    if (l->word->op == OP_RESHAPE) return l->attrs.shape = shape, true;
    for (int i = 1; i < shape.rank; i++) l->attrs.perm[i] = shape.dim[i];
    return true;
}

static bool is_word_of(const Layer *l, const char *word)
{
    char padded[WORD_MAX + 2];
    snprintf(padded, sizeof padded, " %s ", word);
    return strstr(l->word->settings, padded) != NULL;
}

static bool take_values(Layer *l, Spec *s)
{
    while (l->at < s->words && strcmp(s->word[l->at], "of") && !is_word_of(l, s->word[l->at])) {
        if (l->inputs == NET_INPUTS) return refuse(s, "%s has too many inputs", l->word->word);
        if (!find_value(&l->in[l->inputs++], s, s->word[l->at++])) return false;
    }
    return l->inputs > 1 || refuse(s, "%s wants the name of another value", l->word->word);
}

static bool take_argument(Layer *l, Spec *s)
{
    SpecArgument kind = l->word->argument;
    if (kind == SPEC_NOTHING) return true;
    if (l->at >= s->words) return refuse(s, "%s wants a name or a number after it", l->word->word);
    if (kind == SPEC_TENSORS) return take_tensors(l, s);
    if (kind == SPEC_DIMS) return take_dims(l, s);
    if (kind == SPEC_VALUES) return take_values(l, s);
    if (kind == SPEC_SOURCE) l->inputs = 0;
    l->in[l->inputs++] = build_param(&s->b, s->word[l->at++]);
    return true;
}

static bool take_settings(Layer *l, Spec *s)
{
    while (l->at < s->words) {
        const char *word = s->word[l->at++];
        double x[4];
        if (!strcmp(word, "of")) {
            if (l->at + 1 != s->words) return refuse(s, "of wants the name of one value, and ends the line");
            if (!find_value(&l->in[0], s, s->word[l->at++])) return false;
            continue;
        }
        int n = numbers_at(x, 4, s, l->at);
        l->at += n;
        if (!is_word_of(l, word))
            return refuse(s, "%s has no setting \"%s\"%s%s", l->word->word, word,
                          *l->word->settings ? "; it has" : "", l->word->settings);
        if (!spec_setting(&l->attrs, word, x, n)) return refuse(s, "%s: these are not its numbers", word);
    }
    return true;
}

static void drop_absent(Layer *l)
{
    while (l->inputs > 1 && l->in[l->inputs - 1] == NET_NONE) l->inputs--;
}

/* [NAME =] WORD [ARGUMENT] [SETTING NUMBERS]... [of NAME] */
static bool add_layer(Spec *s)
{
    bool named = s->words > 2 && !strcmp(s->word[1], "=");
    Layer l = {.at = named ? 2 : 0, .inputs = 1, .in = {s->last}};
    char known[400];
    l.word = spec_word(s->word[l.at]);
    if (!l.word)
        return spec_words(known, sizeof known),
               refuse(s, "\"%s\" is no layer; there are %s", s->word[l.at], known);
    l.at++;
    l.attrs = l.word->preset;
    if (net_nodes(s->b.net) > NODES_MAX) return refuse(s, "the net has more than %d layers", NODES_MAX);
    if (!take_argument(&l, s) || !take_settings(&l, s)) return false;
    if (l.in[0] == NET_NONE && !s->b.err.code) return refuse(s, "there is no input before it");
    drop_absent(&l);
    s->last = net_add(s->b.net, l.word->op, l.in, l.inputs, &l.attrs);
    return check(s) && (!named || name_value(s, s->word[0], s->last));
}

/* ---- The whole -------------------------------------------------------------------------------------- */

static bool follow(Spec *s)
{
    static const struct {
        const char *word;
        bool (*say)(Spec *s);
    } said[] = {{"generator", say_kind}, {"encoder", say_kind},    {"input", say_input},
                {"latent", say_latent},  {"range", say_range},     {"mean", say_reading},
                {"std", say_reading},    {"classes", say_classes}, {"output", say_output},
                {"each", begin_loop},    {"end", end_loop}};
    if (!s->words) return true;
    /* "mean" alone is the layer; with numbers it is how pictures are read */
    bool layer = !strcmp(s->word[0], "mean") && s->words == 1;
    for (size_t i = 0; !layer && i < sizeof said / sizeof *said; i++) {
        if (strcmp(s->word[0], said[i].word)) continue;
        if (!s->kind_said && said[i].say != say_kind)
            return refuse(s, "it must begin with generator or encoder");
        return said[i].say(s);
    }
    return s->kind_said ? add_layer(s) : refuse(s, "it must begin with generator or encoder");
}

static bool read_head(Spec *s)
{
    const char *from;
    size_t n, head = strlen(HEAD);
    if (!next_line(s, &from, &n) || n < head || memcmp(from, HEAD, head) ||
        (n > head && from[head] != ':' && from[head] != '\r'))
        return err_set(s->err, ERR_FORMAT,
                       "%s: a spec begins with the line \"%s\", a colon, and what it is for", s->name, HEAD);
    return true;
}

/* Lines of a loop that never runs are passed over. */
static bool skip_loop(Spec *s)
{
    int depth = 1;
    const char *from;
    size_t n;
    while (depth && next_line(s, &from, &n)) {
        if (!split(s, from, n)) return false;
        if (s->words && !strcmp(s->word[0], "each")) depth++;
        if (s->words && !strcmp(s->word[0], "end")) depth--;
    }
    s->loops--;
    return !depth || refuse(s, "an each has no end");
}

static bool read_lines(Spec *s)
{
    const char *from;
    size_t n;
    if (!read_head(s)) return false;
    while (next_line(s, &from, &n)) {
        if (!split(s, from, n)) return false;
        bool loop = s->words && !strcmp(s->word[0], "each");
        if (!follow(s)) return false;
        if (loop && !loop_goes_on(s) && !skip_loop(s)) return false;
    }
    return !s->loops || refuse(s, "an each has no end");
}

bool spec_build(Imported *out, State *state, const char *text, size_t size, const char *name, Err *err)
{
    *out = (Imported){.low = NAN, .high = NAN};
    Spec *s = calloc(1, sizeof *s);
    if (!s) return err_nomem(err, "a spec");
    s->out = out, s->text = text, s->name = name, s->size = size, s->last = NET_NONE, s->err = err;
    bool ok = build_begin(&s->b, state, err) && read_lines(s) && state_all_used(state, err);
    if (ok)
        ok = build_end(&out->net, &out->weights, &s->b, err);
    else
        build_drop(&s->b);
    free(s);
    if (!ok) import_free(out);
    return ok;
}
