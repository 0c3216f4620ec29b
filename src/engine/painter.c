/* The painter's thread: wishes in, paintings out, one short lock around the hand-over. */
#include "engine/painter.h"
#include "base/clock.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 16 /* pictures between two looks at more urgent slots: a few milliseconds */

typedef struct {
    Address *list;
    int n, done;
    uint64_t serial;
    double asked;
    float *pixel; /* (n) pictures made so far */
} Wish;

struct Painter {
    Generator *g;
    Latent *latent;
    Pool *pool;
    Bell bell;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wanted;
    Wish asked[PAINT_SLOTS]; /* under lock; list NULL: none */
    uint64_t wanted_serial[PAINT_SLOTS], served_serial[PAINT_SLOTS];
    Painting *ready[PAINT_SLOTS]; /* under lock */
    Wish work[PAINT_SLOTS];       /* the thread's own */
    bool end, started;
    uint64_t serials;
};

static void wish_free(Wish *w)
{
    free(w->list);
    free(w->pixel);
    *w = (Wish){0};
}

void painting_free(Painting *p)
{
    if (!p) return;
    for (int i = 0; i < p->n; i++) image_free(&p->image[i]);
    free(p->image);
    free(p->id);
    free(p);
}

/* FNV-1a over the pixels. */
static uint64_t content_id(const Image *im)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < (size_t)im->w * im->h * im->c; i++) h = (h ^ im->px[i]) * 0x100000001b3u;
    return h;
}

static bool fill_painting(Painting *out, const Painter *p, const Wish *w, Err *err)
{
    const GeneratorConfig *c = &p->g->config;
    out->image = calloc((size_t)w->done, sizeof *out->image);
    out->id = calloc((size_t)w->done, sizeof *out->id);
    if (!out->image || !out->id) return err_nomem(err, "a painting");
    for (; out->n < w->done; out->n++) {
        const float *planes = w->pixel + (size_t)out->n * generator_image_floats(p->g);
        if (!image_from_planes(&out->image[out->n], planes, c->channels, c->size, c->size, err)) return false;
        out->id[out->n] = content_id(&out->image[out->n]);
    }
    return true;
}

static void publish(Painter *p, int slot, Wish *w, const Err *failed)
{
    Painting *out = calloc(1, sizeof *out), *old;
    if (!out) return;
    out->serial = w->serial;
    out->err = *failed;
    if (!failed->code) fill_painting(out, p, w, &out->err);
    out->whole = out->n == w->n;
    out->ms = 1000 * (clock_seconds() - w->asked);
    bool over = out->whole || out->err.code;
    pthread_mutex_lock(&p->lock);
    old = p->ready[slot];
    p->ready[slot] = out;
    if (over) p->served_serial[slot] = w->serial;
    pthread_mutex_unlock(&p->lock);
    painting_free(old);
    if (over) wish_free(w);
    if (p->bell.ring) p->bell.ring(p->bell.arg);
}

static void paint_piece(Painter *p, int slot)
{
    Wish *w = &p->work[slot];
    Err err = {0};
    size_t item = generator_image_floats(p->g);
    int n = w->n - w->done < PIECE ? w->n - w->done : PIECE;
    if (!w->pixel && !(w->pixel = malloc(item * (size_t)w->n * sizeof(float)))) err_nomem(&err, "pictures");
    if (!err.code && latent_images(w->pixel + item * (size_t)w->done, p->latent, w->list + w->done, n, &err))
        w->done += n;
    publish(p, slot, w, &err);
}

/* Takes new wishes over; returns the most urgent slot with work, or -1 to end. Waits while there is none. */
static int next_slot(Painter *p)
{
    int slot = -1;
    pthread_mutex_lock(&p->lock);
    while (!p->end && slot < 0) {
        for (int s = PAINT_SLOTS - 1; s >= 0; s--) {
            if (p->asked[s].list) {
                wish_free(&p->work[s]);
                p->work[s] = p->asked[s];
                p->asked[s] = (Wish){0};
            }
            if (p->work[s].list) slot = s;
        }
        if (slot < 0) pthread_cond_wait(&p->wanted, &p->lock);
    }
    if (p->end) slot = -1;
    pthread_mutex_unlock(&p->lock);
    return slot;
}

static void *painter_main(void *arg)
{
    Painter *p = arg;
    for (int slot; (slot = next_slot(p)) >= 0;) paint_piece(p, slot);
    return NULL;
}

Painter *painter_new(Generator *g, const char *store, int threads, Bell bell, Err *err)
{
    Painter *p = calloc(1, sizeof *p);
    if (!p) return err_nomem(err, "the painter"), NULL;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wanted, NULL);
    p->g = generator_keep(g);
    p->bell = bell;
    p->pool = pool_new(threads, 0, err);
    p->latent = p->pool ? latent_new(g, PIECE, store, p->pool, err) : NULL;
    p->started = p->latent && !pthread_create(&p->thread, NULL, painter_main, p);
    if (p->started) return p;
    err_set(err, ERR_NOMEM, "the painter's thread could not be started");
    painter_free(p);
    return NULL;
}

void painter_free(Painter *p)
{
    if (!p) return;
    pthread_mutex_lock(&p->lock);
    p->end = true;
    pthread_cond_signal(&p->wanted);
    pthread_mutex_unlock(&p->lock);
    if (p->started) pthread_join(p->thread, NULL);
    for (int s = 0; s < PAINT_SLOTS; s++) {
        wish_free(&p->asked[s]);
        wish_free(&p->work[s]);
        painting_free(p->ready[s]);
    }
    latent_free(p->latent);
    pool_free(p->pool);
    generator_drop(p->g);
    pthread_cond_destroy(&p->wanted);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

uint64_t painter_ask(Painter *p, PaintSlot slot, const Address *list, int n)
{
    Address *copy = n > 0 ? malloc((size_t)n * sizeof *copy) : NULL;
    if (!copy) return 0;
    memcpy(copy, list, (size_t)n * sizeof *copy);
    pthread_mutex_lock(&p->lock);
    Wish old = p->asked[slot];
    uint64_t serial = ++p->serials;
    p->asked[slot] = (Wish){.list = copy, .n = n, .serial = serial, .asked = clock_seconds()};
    p->wanted_serial[slot] = serial;
    pthread_cond_signal(&p->wanted);
    pthread_mutex_unlock(&p->lock);
    wish_free(&old);
    return serial;
}

Painting *painter_take(Painter *p, PaintSlot slot)
{
    pthread_mutex_lock(&p->lock);
    Painting *out = p->ready[slot];
    p->ready[slot] = NULL;
    pthread_mutex_unlock(&p->lock);
    return out;
}

bool painter_busy(Painter *p, PaintSlot slot)
{
    pthread_mutex_lock(&p->lock);
    bool busy = p->wanted_serial[slot] != p->served_serial[slot];
    pthread_mutex_unlock(&p->lock);
    return busy;
}
