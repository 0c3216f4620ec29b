/* The painter's thread: wishes in, paintings out, one short lock around the hand-over. */
#include "engine/painter.h"
#include "base/clock.h"
#include "latent/latent.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 16 /* pictures between two looks at more urgent channels: a few milliseconds */

typedef struct {
    Address *list;
    int n, done;
    uint64_t ticket;
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
    Wish asked[PAINTER_CHANNELS];                                /* under lock; list NULL: none */
    uint64_t wished[PAINTER_CHANNELS], served[PAINTER_CHANNELS]; /* tickets */
    Painting *ready[PAINTER_CHANNELS];                           /* under lock */
    Wish work[PAINTER_CHANNELS];                                 /* the thread's own */
    bool end, started;
    uint64_t tickets;
};

static void wish_free(Wish *w)
{
    free(w->list);
    free(w->pixel);
    *w = (Wish){0};
}

static void painting_close(News *news)
{
    Painting *p = (Painting *)news;
    for (int i = 0; i < p->done; i++) image_free(&p->image[i]);
    free(p->image);
    free(p->address);
    free(p);
}

static bool fill_painting(Painting *out, const Painter *p, const Wish *w, Err *err)
{
    const GeneratorConfig *c = &p->g->config;
    out->image = calloc((size_t)w->n, sizeof *out->image);
    out->address = malloc((size_t)w->n * sizeof *out->address);
    if (!out->image || !out->address) return err_nomem(err, "a painting");
    memcpy(out->address, w->list, (size_t)w->n * sizeof *out->address);
    for (; out->done < w->done; out->done++) {
        const float *planes = w->pixel + (size_t)out->done * generator_image_floats(p->g);
        if (!image_from_planes(&out->image[out->done], planes, c->channels, c->size, c->size, err))
            return false;
    }
    return true;
}

static void publish(Painter *p, int channel, Wish *w, const Err *failed)
{
    Painting *out = calloc(1, sizeof *out), *old;
    if (!out) return;
    out->news = (News){.close = painting_close, .refs = 1};
    out->ticket = w->ticket;
    out->n = w->n;
    out->err = *failed;
    if (!failed->code) fill_painting(out, p, w, &out->err);
    out->seconds = clock_seconds() - w->asked;
    bool over = out->done == w->n || out->err.code;
    pthread_mutex_lock(&p->lock);
    old = p->ready[channel];
    p->ready[channel] = out;
    if (over) p->served[channel] = w->ticket;
    pthread_mutex_unlock(&p->lock);
    if (old) news_drop(&old->news);
    if (over) wish_free(w);
    if (p->bell.ring) p->bell.ring(p->bell.arg);
}

static void paint_piece(Painter *p, int channel)
{
    Wish *w = &p->work[channel];
    Err err = {0};
    size_t item = generator_image_floats(p->g);
    int n = w->n - w->done < PIECE ? w->n - w->done : PIECE;
    if (!w->pixel && !(w->pixel = malloc(item * (size_t)w->n * sizeof(float)))) err_nomem(&err, "pictures");
    if (!err.code && latent_images(w->pixel + item * (size_t)w->done, p->latent, w->list + w->done, n, &err))
        w->done += n;
    publish(p, channel, w, &err);
}

/* Takes new wishes over; returns the most urgent channel with work, or -1 to end. Waits while there is none.
 */
static int next_channel(Painter *p)
{
    int channel = -1;
    pthread_mutex_lock(&p->lock);
    while (!p->end && channel < 0) {
        for (int s = PAINTER_CHANNELS - 1; s >= 0; s--) {
            if (p->asked[s].list) {
                wish_free(&p->work[s]);
                p->work[s] = p->asked[s];
                p->asked[s] = (Wish){0};
            }
            if (p->work[s].list) channel = s;
        }
        if (channel < 0) pthread_cond_wait(&p->wanted, &p->lock);
    }
    if (p->end) channel = -1;
    pthread_mutex_unlock(&p->lock);
    return channel;
}

static void *painter_main(void *arg)
{
    Painter *p = arg;
    for (int channel; (channel = next_channel(p)) >= 0;) paint_piece(p, channel);
    return NULL;
}

Painter *painter_new(Generator *g, Bell bell, Err *err)
{
    Painter *p = calloc(1, sizeof *p);
    if (!p) return err_nomem(err, "the painter"), NULL;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wanted, NULL);
    p->g = generator_keep(g);
    p->bell = bell;
    p->pool = pool_new(pool_default_threads(), 0, err);
    p->latent = p->pool ? latent_new(g, PIECE, NULL, p->pool, err) : NULL;
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
    for (int s = 0; s < PAINTER_CHANNELS; s++) {
        wish_free(&p->asked[s]);
        wish_free(&p->work[s]);
        if (p->ready[s]) news_drop(&p->ready[s]->news);
    }
    latent_free(p->latent);
    pool_free(p->pool);
    generator_drop(p->g);
    pthread_cond_destroy(&p->wanted);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

uint64_t painter_ask(Painter *p, int channel, const Address *list, int n)
{
    if (n > PAINTER_MAX) n = PAINTER_MAX;
    Address *copy = n > 0 ? malloc((size_t)n * sizeof *copy) : NULL;
    if (!copy) return 0;
    memcpy(copy, list, (size_t)n * sizeof *copy);
    pthread_mutex_lock(&p->lock);
    Wish old = p->asked[channel];
    uint64_t ticket = ++p->tickets;
    p->asked[channel] = (Wish){.list = copy, .n = n, .ticket = ticket, .asked = clock_seconds()};
    p->wished[channel] = ticket;
    pthread_cond_signal(&p->wanted);
    pthread_mutex_unlock(&p->lock);
    wish_free(&old);
    return ticket;
}

News *painter_look(Painter *p, int channel)
{
    pthread_mutex_lock(&p->lock);
    Painting *out = p->ready[channel];
    if (out) news_keep(&out->news);
    pthread_mutex_unlock(&p->lock);
    return out ? &out->news : NULL;
}

bool painter_busy(Painter *p)
{
    bool busy = false;
    pthread_mutex_lock(&p->lock);
    for (int c = 0; c < PAINTER_CHANNELS; c++) busy = busy || p->wished[c] != p->served[c];
    pthread_mutex_unlock(&p->lock);
    return busy;
}
