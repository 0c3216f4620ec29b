/* Two addresses in words: what was changed from one to the other. */
#include "latent/steer.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The first change is kept in words, further ones are counted. */
typedef struct {
    char *out;
    size_t cap;
    int changes;
} Words;

__attribute__((format(printf, 2, 3))) static void say(Words *w, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (!w->changes++) vsnprintf(w->out, w->cap, fmt, ap);
    va_end(ap);
}

static void range_words(char out[24], const LayerRange *r)
{
    out[0] = '\0';
    if (r->first) snprintf(out, 24, " on %d-%d", r->first, r->last);
}

static void say_source(Words *w, const AddressSource *s)
{
    char ref[24];
    latent_ref_print(ref, &s->ref[0]);
    switch (s->kind) {
    case SOURCE_SEED:
        say(w, "seed %s", ref);
        break;
    case SOURCE_LERP:
        say(w, "A to B %.2f", (double)s->at[0]);
        break;
    case SOURCE_BLEND:
        say(w, "plane %.2f %.2f", (double)s->at[0], (double)s->at[1]);
        break;
    case SOURCE_LATENT:
        say(w, "latent %.8s", strchr(ref, '.') + 1);
        break;
    }
}

static const AddressEdit *find_edit(const Address *a, const AddressEdit *like)
{
    for (int i = 0; i < a->edits; i++) {
        const AddressEdit *e = &a->edit[i];
        if (!strcmp(e->dir, like->dir) && e->hash == like->hash && e->range.first == like->range.first &&
            e->range.last == like->range.last)
            return e;
    }
    return NULL;
}

static void say_edits(Words *w, const Address *from, const Address *to)
{
    char range[24];
    for (int i = 0; i < to->edits; i++) {
        const AddressEdit *e = &to->edit[i], *old = find_edit(from, e);
        if (old && old->amount == e->amount) continue;
        range_words(range, &e->range);
        say(w, "%s %+.4g%s", e->dir, (double)e->amount, range);
    }
    for (int i = 0; i < from->edits; i++)
        if (!find_edit(to, &from->edit[i])) say(w, "%s 0", from->edit[i].dir);
}

static void say_mixes(Words *w, const Address *from, const Address *to)
{
    if (from->mixes == to->mixes && !memcmp(from->mix, to->mix, sizeof to->mix)) return;
    char ref[24];
    if (!to->mixes) {
        say(w, "no mix");
        return;
    }
    latent_ref_print(ref, &to->mix[0].ref);
    say(w, "mix %.10s on %d-%d", ref, to->mix[0].range.first, to->mix[0].range.last);
}

static const PixelOp *find_pixel(const Address *a, PixelOpKind kind)
{
    for (int i = 0; i < a->pixes; i++)
        if (a->pix[i].kind == kind) return &a->pix[i];
    return NULL;
}

/* A new one by its strength: "occlude 0.25"; of a changed one what changed: "occlude x 0.4". */
static void say_pixel(Words *w, const PixelOp *from, const PixelOp *to)
{
    const char *name = pixel_op_name(to->kind);
    const PixelParam *p;
    if (!from) {
        say(w, "%s %.4g", name, (double)to->value[pixel_op_part(to->kind, NULL, NULL)]);
        return;
    }
    for (int i = 0; i < to->values && (p = pixel_param(to->kind, i)); i++) {
        if (i < from->values ? from->value[i] == to->value[i] : p->first == to->value[i]) continue;
        say(w, "%s%s%s %.4g", name, p->strength ? "" : " ", p->strength ? "" : p->name, (double)to->value[i]);
    }
}

static void say_pixels(Words *w, const Address *from, const Address *to)
{
    for (int k = 0; k < PIXEL_OPS; k++) {
        const PixelOp *a = find_pixel(from, (PixelOpKind)k), *b = find_pixel(to, (PixelOpKind)k);
        if (b)
            say_pixel(w, a, b);
        else if (a)
            say(w, "no %s", pixel_op_name((PixelOpKind)k));
    }
}

static void say_class(Words *w, const Generator *g, const Address *to)
{
    if (to->class >= 0 && to->class < g->config.classes && g->class_name)
        say(w, "%s", g->class_name[to->class]);
    else
        say(w, "class %d", to->class);
}

static void say_noise(Words *w, const Address *from, const Address *to)
{
    if (from->noise == to->noise && from->noise_seed == to->noise_seed) return;
    if (to->noise == NOISE_SEEDED)
        say(w, "noise %llu", (unsigned long long)to->noise_seed);
    else
        say(w, "noise %s", to->noise == NOISE_OFF ? "off" : "stored");
}

void steer_describe(char *out, size_t cap, const Generator *g, const Address *from, const Address *to)
{
    Words w = {out, cap, 0};
    Address plain = {.class = -1};
    bool start = !from;
    if (start) from = &plain;
    if (start || memcmp(&from->source, &to->source, sizeof to->source)) say_source(&w, &to->source);
    if (!start && from->class != to->class) say_class(&w, g, to);
    say_edits(&w, from, to);
    say_mixes(&w, from, to);
    say_pixels(&w, from, to);
    if (!start && (from->psi != to->psi || from->psi_range.first != to->psi_range.first))
        say(&w, "psi %.2f", (double)to->psi);
    if (!start) say_noise(&w, from, to);
    if (!start && memcmp(&from->view, &to->view, sizeof to->view))
        say(&w, *to->view.kind ? "view %s" : "no view", to->view.kind);
    if (!w.changes) snprintf(out, cap, "the same");
    size_t n = strlen(out);
    if (w.changes > 1 && !start) snprintf(out + n, cap - n, " and %d more", w.changes - 1);
}
