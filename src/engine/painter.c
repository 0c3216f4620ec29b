/* The painter's thread: the lowest channel with work gets the next batch, then looks again. */
#include "engine/painter.h"
#include "base/clock.h"
#include "latent/latent.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 16 /* pictures between two looks at the wishes */

typedef struct {
    uint64_t ticket; /* of the newest wish */
    int n, done;
    Address *address; /* (n); the thread works on its own copy */
    Painting *shown;
} Channel;

struct Painter {
    Generator *generator;
    Pool *pool;
    Latent *latent;
    float *pixels; /* (BATCH, C, H, W) */
    Bell bell;
    pthread_t thread;
    pthread_mutex_t lock; /* over what follows; never held while painting */
    pthread_cond_t changed;
    bool leaving, busy;
    uint64_t tickets;
    Channel channel[PAINTER_CHANNELS];
};

static void painting_close(News *news)
{
    Painting *p = (Painting *)news;
    for (int i = 0; i < p->done; i++) image_free(&p->image[i]);
    free(p->image);
    free(p->address);
    free(p);
}

/* A copy with room for n pictures; the first `done` are copied from `from`. */
static Painting *painting_new(const Painting *from, const Address *list, int n, uint64_t ticket)
{
    Painting *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    p->news = (News){painting_close, 1};
    p->ticket = ticket;
    p->n = n;
    p->image = calloc((size_t)n + 1, sizeof *p->image);
    p->address = malloc(((size_t)n + 1) * sizeof *p->address);
    bool ok = p->image && p->address;
    if (ok) memcpy(p->address, list, (size_t)n * sizeof *list);
    for (int i = 0; ok && from && i < from->done; i++) {
        ok = image_copy(&p->image[i], &from->image[i], NULL);
        p->done += ok;
    }
    if (from) p->seconds = from->seconds;
    if (ok) return p;
    painting_close(&p->news);
    return NULL;
}

/* Paints pictures p->done .. of p, at most BATCH of them. */
static void paint(Painter *w, Painting *p)
{
    const GeneratorConfig *c = &w->generator->config;
    size_t item = generator_image_floats(w->generator);
    int n = p->n - p->done < BATCH ? p->n - p->done : BATCH, first = p->done;
    double start = clock_seconds();
    bool ok = latent_images(w->pixels, w->latent, p->address + first, n, &p->err);
    for (int i = 0; ok && i < n; i++) {
        ok = image_from_planes(&p->image[first + i], w->pixels + (size_t)i * item, c->channels, c->size, c->size, &p->err);
        p->done += ok;
    }
    p->seconds += clock_seconds() - start;
}

/* The next channel to work on, -1 when there is none. Called with the lock held. */
static int next_channel(const Painter *w)
{
    for (int i = 0; i < PAINTER_CHANNELS; i++)
        if (w->channel[i].done < w->channel[i].n) return i;
    return -1;
}

/* A draft that continues what the channel shows, or begins its wish. Called with the lock held. */
static Painting *draft_of(Channel *c)
{
    bool going_on = c->shown && c->shown->ticket == c->ticket;
    return painting_new(going_on ? c->shown : NULL, c->address, c->n, c->ticket);
}

/* Shows the draft unless the wish has changed meanwhile. Called with the lock held. */
static void show(Channel *c, Painting *draft)
{
    if (draft->ticket != c->ticket) {
        news_drop(&draft->news);
        return;
    }
    c->done = draft->err.code == ERR_OK ? draft->done : c->n;
    if (c->shown) news_drop(&c->shown->news);
    c->shown = draft;
}

static void *painter_main(void *arg)
{
    Painter *w = arg;
    pthread_mutex_lock(&w->lock);
    while (!w->leaving) {
        int i = next_channel(w);
        w->busy = i >= 0;
        if (i < 0) {
            pthread_cond_wait(&w->changed, &w->lock);
            continue;
        }
        Channel *c = &w->channel[i];
        Painting *draft = draft_of(c);
        if (!draft) {
            c->done = c->n; /* out of memory: this wish stays as it is */
            continue;
        }
        pthread_mutex_unlock(&w->lock);
        paint(w, draft);
        pthread_mutex_lock(&w->lock);
        show(c, draft);
        w->busy = next_channel(w) >= 0;
        pthread_mutex_unlock(&w->lock);
        if (w->bell.ring) w->bell.ring(w->bell.arg);
        pthread_mutex_lock(&w->lock);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

static void close_parts(Painter *w)
{
    latent_free(w->latent);
    pool_free(w->pool);
    generator_drop(w->generator);
    free(w->pixels);
    for (int i = 0; i < PAINTER_CHANNELS; i++) {
        free(w->channel[i].address);
        if (w->channel[i].shown) news_drop(&w->channel[i].shown->news);
    }
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->changed);
    free(w);
}

Painter *painter_new(Generator *g, Bell bell, Err *err)
{
    Painter *w = calloc(1, sizeof *w);
    if (!w) return err_nomem(err, "a painter"), NULL;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
    w->bell = bell;
    w->generator = generator_keep(g);
    w->pixels = malloc(BATCH * generator_image_floats(g) * sizeof *w->pixels);
    w->pool = w->pixels ? pool_new(pool_default_threads(), 0, err) : NULL;
    w->latent = w->pool ? latent_new(g, BATCH, NULL, w->pool, err) : NULL;
    if (!w->pixels) err_nomem(err, "a painter");
    if (w->latent && !pthread_create(&w->thread, NULL, painter_main, w)) return w;
    err_set(err, ERR_LIMIT, "no thread could be started for pictures");
    close_parts(w);
    return NULL;
}

void painter_free(Painter *w)
{
    if (!w) return;
    pthread_mutex_lock(&w->lock);
    w->leaving = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    close_parts(w);
}

uint64_t painter_ask(Painter *w, int channel, const Address *list, int n)
{
    n = n < 0 ? 0 : n > PAINTER_MAX ? PAINTER_MAX : n;
    Address *copy = malloc(((size_t)n + 1) * sizeof *copy);
    if (copy) memcpy(copy, list, (size_t)n * sizeof *list);
    pthread_mutex_lock(&w->lock);
    Channel *c = &w->channel[channel];
    free(c->address);
    c->address = copy;
    c->n = copy ? n : 0;
    c->done = 0;
    c->ticket = ++w->tickets;
    w->busy = w->busy || c->n;
    uint64_t ticket = c->ticket;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
    return ticket;
}

News *painter_look(Painter *w, int channel)
{
    pthread_mutex_lock(&w->lock);
    Painting *p = w->channel[channel].shown;
    if (p) news_keep(&p->news);
    pthread_mutex_unlock(&w->lock);
    return p ? &p->news : NULL;
}

bool painter_busy(Painter *w)
{
    pthread_mutex_lock(&w->lock);
    bool busy = w->busy;
    pthread_mutex_unlock(&w->lock);
    return busy;
}
