/* The meters' thread: the most urgent question piece by piece, then more real pictures, again. */
#include "engine/meter.h"
#include "base/clock.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE        16  /* views between two looks at more urgent channels */
#define REAL_PIECE   128 /* real pictures between two looks at the questions */
#define NEWS_SECONDS 0.1

typedef struct {
    Address *list; /* NULL: none */
    int n, done;
    uint64_t ticket;
    bool compared;
    Address from;
    float *seen;  /* (n + 1) rows of measure_floats; the last is of `from` */
    Meter *meter; /* (n) */
} Question;

struct Meters {
    const Workspace *w;
    Bell bell;
    pthread_t thread;
    pthread_mutex_t lock; /* over the next block; never held while measuring */
    pthread_cond_t changed;
    bool leaving, growing, encoder_new;
    Encoder *encoder; /* wished for */
    uint64_t tickets, wished[METER_CHANNELS], served[METER_CHANNELS];
    Question asked[METER_CHANNELS];
    MeterNews *ready[METER_CHANNELS];
    /* The thread's own: */
    Measure *measure;
    Pool *pool;
    Question work[METER_CHANNELS];
    double published;
    Err err; /* it could not be opened: the answer to everything */
};

static void question_free(Question *q)
{
    free(q->list);
    free(q->seen);
    free(q->meter);
    *q = (Question){0};
}

/* --- news ----------------------------------------------------------------------------------------------- */

static void news_close(News *news)
{
    MeterNews *n = (MeterNews *)news;
    realism_drop(n->reals);
    free(n->meter);
    free(n->address);
    free(n);
}

static bool fill_news(MeterNews *out, const Question *q, Err *err)
{
    out->meter = malloc((size_t)q->n * sizeof *out->meter);
    out->address = malloc((size_t)q->n * sizeof *out->address);
    if (!out->meter || !out->address) return err_nomem(err, "meters");
    memcpy(out->address, q->list, (size_t)q->n * sizeof *out->address);
    if (q->done) memcpy(out->meter, q->meter, (size_t)q->done * sizeof *out->meter);
    out->done = q->done;
    return true;
}

static void describe(MeterNews *out, const Measure *m)
{
    const Realism *reals = measure_reals(m);
    snprintf(out->space, sizeof out->space, "%s", measure_space(m));
    snprintf(out->data, sizeof out->data, "%s", measure_data(m));
    snprintf(out->why, sizeof out->why, "%s", measure_why(m));
    out->real = measure_real(m);
    if (!reals) return;
    out->reals = realism_keep((Realism *)(uintptr_t)reals);
    out->filled = realism_filled(reals);
    out->total = realism_size(reals);
}

static void publish(Meters *m, int channel, const Err *failed)
{
    const Question *q = &m->work[channel];
    MeterNews *out = calloc(1, sizeof *out), *old;
    if (!out) return;
    *out = (MeterNews){.news = {news_close, 1}, .ticket = q->ticket, .n = q->n, .err = *failed};
    if (!out->err.code) fill_news(out, q, &out->err);
    if (m->measure) describe(out, m->measure);
    pthread_mutex_lock(&m->lock);
    old = m->ready[channel];
    m->ready[channel] = out;
    if (out->err.code || out->done == out->n) m->served[channel] = q->ticket;
    pthread_mutex_unlock(&m->lock);
    if (old) news_drop(&old->news);
    m->published = clock_seconds();
    if (m->bell.ring) m->bell.ring(m->bell.arg);
}

/* --- work ----------------------------------------------------------------------------------------------- */

static bool make_room(Question *q, const Measure *m, Err *err)
{
    size_t width = (size_t)measure_floats(m) + 1;
    if (q->seen) return true;
    q->seen = malloc(((size_t)q->n + 1) * width * sizeof *q->seen);
    q->meter = malloc((size_t)q->n * sizeof *q->meter);
    return (q->seen && q->meter) || err_nomem(err, "meters");
}

static float *row(const Question *q, const Measure *m, int i)
{
    return q->seen + (size_t)i * (size_t)measure_floats(m);
}

static bool measure_piece(Question *q, Measure *m, Err *err)
{
    int n = q->n - q->done < PIECE ? q->n - q->done : PIECE;
    if (!make_room(q, m, err)) return false;
    const float *from = q->compared ? row(q, m, q->n) : NULL;
    if (from && !q->done && !measure_see(row(q, m, q->n), m, &q->from, 1, err)) return false;
    if (!measure_see(row(q, m, q->done), m, q->list + q->done, n, err)) return false;
    if (!measure_judge(q->meter + q->done, m, row(q, m, q->done), q->list + q->done, n, from, err))
        return false;
    q->done += n;
    return true;
}

static void answer_piece(Meters *m, int channel)
{
    Question *q = &m->work[channel];
    Err err = m->err;
    if (!err.code) measure_piece(q, m->measure, &err);
    if (err.code || q->done == q->n || clock_seconds() - m->published >= NEWS_SECONDS)
        publish(m, channel, &err);
    if (err.code) question_free(q);
}

/* What was seen before the real pictures were known is judged again. */
static void answer_again(Meters *m)
{
    for (int c = 0; c < METER_CHANNELS; c++) {
        Question *q = &m->work[c];
        Err err = {0};
        if (!q->list || !q->done) continue;
        const float *from = q->compared ? row(q, m->measure, q->n) : NULL;
        measure_judge(q->meter, m->measure, q->seen, q->list, q->done, from, &err);
        publish(m, c, &err);
    }
}

/* A new encoder sees everything anew. */
static void change_encoder(Meters *m, Encoder *e)
{
    Err err = {0};
    if (!m->measure || !measure_encoder(m->measure, e, &err)) return;
    for (int c = 0; c < METER_CHANNELS; c++) {
        Question *q = &m->work[c];
        free(q->seen);
        free(q->meter);
        q->seen = NULL, q->meter = NULL, q->done = 0;
    }
}

/* More real pictures; false when there is nothing left to do. Whoever waits for them is told how far it is.
 */
static bool grow(Meters *m)
{
    if (!m->measure || !measure_grow(m->measure, REAL_PIECE, NULL)) return false;
    Err none = {0};
    bool real = measure_real(m->measure);
    if (real) answer_again(m);
    for (int c = 0; !real && c < METER_CHANNELS; c++)
        if (m->work[c].list && clock_seconds() - m->published >= 2 * NEWS_SECONDS) publish(m, c, &none);
    return true;
}

/* Moves questions to the thread's side; called with the lock held. Returns the most urgent that is not
 * answered, -1: none. */
static int take_questions(Meters *m)
{
    int urgent = -1;
    for (int c = METER_CHANNELS - 1; c >= 0; c--) {
        if (m->asked[c].list) {
            question_free(&m->work[c]);
            m->work[c] = m->asked[c];
            m->asked[c] = (Question){0};
        }
        if (m->work[c].list && m->work[c].done < m->work[c].n) urgent = c;
    }
    return urgent;
}

static void work(Meters *m)
{
    pthread_mutex_lock(&m->lock);
    while (!m->leaving) {
        bool changed = m->encoder_new;
        Encoder *e = changed && m->encoder ? encoder_keep(m->encoder) : NULL;
        m->encoder_new = false;
        int channel = take_questions(m);
        pthread_mutex_unlock(&m->lock);
        if (changed) change_encoder(m, e);
        encoder_drop(e);
        bool busy = changed || channel >= 0;
        if (channel >= 0)
            answer_piece(m, channel);
        else if (!changed)
            busy = grow(m);
        pthread_mutex_lock(&m->lock);
        m->growing = busy;
        bool waiting = m->encoder_new;
        for (int c = 0; c < METER_CHANNELS; c++) waiting = waiting || m->asked[c].list;
        if (!busy && !waiting && !m->leaving) pthread_cond_wait(&m->changed, &m->lock);
    }
    pthread_mutex_unlock(&m->lock);
}

static void *meters_main(void *arg)
{
    Meters *m = arg;
    pool_enter_background();
    m->pool = pool_new(pool_default_threads(), 19, &m->err);
    if (m->pool) measure_open(&m->measure, m->w, m->pool, &m->err);
    work(m);
    return NULL;
}

/* --- for whoever asks ----------------------------------------------------------------------------------- */

Meters *meters_new(const Workspace *w, Bell bell, Err *err)
{
    Meters *m = calloc(1, sizeof *m);
    if (!m) return err_nomem(err, "meters"), NULL;
    *m = (Meters){.w = w, .bell = bell, .growing = true};
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->changed, NULL);
    if (!pthread_create(&m->thread, NULL, meters_main, m)) return m;
    err_set(err, ERR_LIMIT, "no thread could be started for meters");
    pthread_mutex_destroy(&m->lock);
    pthread_cond_destroy(&m->changed);
    free(m);
    return NULL;
}

void meters_free(Meters *m)
{
    if (!m) return;
    pthread_mutex_lock(&m->lock);
    m->leaving = true;
    pthread_cond_signal(&m->changed);
    pthread_mutex_unlock(&m->lock);
    pthread_join(m->thread, NULL);
    for (int c = 0; c < METER_CHANNELS; c++) {
        question_free(&m->asked[c]);
        question_free(&m->work[c]);
        if (m->ready[c]) news_drop(&m->ready[c]->news);
    }
    measure_close(m->measure);
    pool_free(m->pool);
    encoder_drop(m->encoder);
    pthread_mutex_destroy(&m->lock);
    pthread_cond_destroy(&m->changed);
    free(m);
}

void meters_encoder(Meters *m, Encoder *e)
{
    pthread_mutex_lock(&m->lock);
    Encoder *old = m->encoder;
    m->encoder = e ? encoder_keep(e) : NULL;
    m->encoder_new = m->growing = true;
    pthread_cond_signal(&m->changed);
    pthread_mutex_unlock(&m->lock);
    encoder_drop(old);
}

uint64_t meters_ask(Meters *m, int channel, const Address *list, int n, const Address *from)
{
    if (n > METERS_MAX) n = METERS_MAX;
    Address *copy = n > 0 ? malloc((size_t)n * sizeof *copy) : NULL;
    if (!copy) return 0;
    memcpy(copy, list, (size_t)n * sizeof *copy);
    pthread_mutex_lock(&m->lock);
    Question old = m->asked[channel];
    uint64_t ticket = ++m->tickets;
    m->asked[channel] = (Question){.list = copy, .n = n, .ticket = ticket, .compared = from != NULL};
    if (from) m->asked[channel].from = *from;
    m->wished[channel] = ticket;
    pthread_cond_signal(&m->changed);
    pthread_mutex_unlock(&m->lock);
    question_free(&old);
    return ticket;
}

News *meters_look(Meters *m, int channel)
{
    pthread_mutex_lock(&m->lock);
    MeterNews *out = m->ready[channel];
    if (out) news_keep(&out->news);
    pthread_mutex_unlock(&m->lock);
    return out ? &out->news : NULL;
}

const char *meters_class(const Meters *m, int class)
{
    return m->measure ? measure_class(m->measure, class) : "";
}

bool meters_busy(Meters *m, bool reals)
{
    pthread_mutex_lock(&m->lock);
    bool busy = reals && m->growing;
    for (int c = 0; c < METER_CHANNELS; c++) busy = busy || m->wished[c] != m->served[c];
    pthread_mutex_unlock(&m->lock);
    return busy;
}
