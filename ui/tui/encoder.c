/* A mailbox of one request on the way in, a short list of results on the way out. */
#include "tui/encoder.h"
#include "base/clock.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define DONE_MAX 128

typedef struct {
    PixelSpec spec;
    PixelTask *task;
    Piece *piece; /* all tasks' pieces in one block, with pictures of their own */
    int tasks, pieces;
    uint64_t sum; /* over keys and qualities: what was asked for */
} Request;

struct Encoder {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t news;
    Request *next;    /* waiting */
    uint64_t working; /* the sum being worked on; 0: none */
    Encoded done[DONE_MAX];
    int n_done;
    bool stop;
    Pixels *pixels;
    void (*wake)(void *);
    void *arg;
};

static void request_free(Request *r)
{
    if (!r) return;
    for (int i = 0; i < r->pieces; i++) image_free(&r->piece[i].image);
    free(r->piece);
    free(r->task);
    free(r);
}

static Request *request_copy(const PixelSpec *spec, const PixelTask *task, int n, uint64_t sum, Err *err)
{
    Request *r = calloc(1, sizeof *r);
    int pieces = 0;
    for (int i = 0; i < n; i++) pieces += task[i].n;
    if (r) r->task = calloc((size_t)n, sizeof *r->task);
    if (r) r->piece = calloc((size_t)pieces, sizeof *r->piece);
    bool ok = r && r->task && r->piece;
    if (!ok) err_nomem(err, "pictures to encode");
    for (int i = 0; i < n && ok; i++) {
        r->task[i] = task[i];
        r->task[i].piece = r->piece + r->pieces;
        for (int k = 0; k < task[i].n && ok; k++) {
            Piece *p = &r->piece[r->pieces++];
            *p = task[i].piece[k];
            ok = image_copy(&p->image, &task[i].piece[k].image, err);
        }
    }
    if (!ok) {
        request_free(r);
        return NULL;
    }
    r->spec = *spec;
    r->tasks = n;
    r->sum = sum;
    return r;
}

/* Hands one result over; drops it when nobody takes them. True: a newer request waits. */
static bool deliver(Encoder *e, Encoded *result)
{
    pthread_mutex_lock(&e->lock);
    bool room = e->n_done < DONE_MAX, newer = e->next || e->stop;
    if (room) e->done[e->n_done++] = *result;
    pthread_mutex_unlock(&e->lock);
    if (!room) buf_free(&result->bytes);
    e->wake(e->arg);
    return newer;
}

static void work(Encoder *e, Request *r)
{
    for (int i = 0; i < r->tasks; i++) {
        const PixelTask *t = &r->task[i];
        Encoded result = {.key = t->key, .quality = t->quality, .cells = t->at.w * t->at.h};
        Err err = {0};
        double start = clock_seconds();
        if (!pixels_encode(e->pixels, &result.bytes, t, &r->spec, &err))
            buf_clear(&result.bytes); /* an empty result: the place stays blank, and is not asked for again */
        result.ms = (clock_seconds() - start) * 1000;
        if (deliver(e, &result)) break;
    }
}

static void *run(void *arg)
{
    Encoder *e = arg;
    pthread_mutex_lock(&e->lock);
    while (!e->stop) {
        if (!e->next) {
            pthread_cond_wait(&e->news, &e->lock);
            continue;
        }
        Request *r = e->next;
        e->next = NULL;
        e->working = r->sum;
        pthread_mutex_unlock(&e->lock);
        work(e, r);
        request_free(r);
        pthread_mutex_lock(&e->lock);
        e->working = 0;
    }
    pthread_mutex_unlock(&e->lock);
    return NULL;
}

Encoder *encoder_new(void (*wake)(void *), void *arg, Err *err)
{
    Encoder *e = calloc(1, sizeof *e);
    if (!e) {
        err_nomem(err, "the picture encoder");
        return NULL;
    }
    e->wake = wake;
    e->arg = arg;
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->news, NULL);
    e->pixels = pixels_new(err);
    if (e->pixels && pthread_create(&e->thread, NULL, run, e) == 0) return e;
    err_set(err, ERR_NOMEM, "the picture encoder could not be started");
    pixels_free(e->pixels);
    free(e);
    return NULL;
}

void encoder_free(Encoder *e)
{
    if (!e) return;
    pthread_mutex_lock(&e->lock);
    e->stop = true;
    pthread_cond_signal(&e->news);
    pthread_mutex_unlock(&e->lock);
    pthread_join(e->thread, NULL);
    request_free(e->next);
    for (int i = 0; i < e->n_done; i++) buf_free(&e->done[i].bytes);
    pixels_free(e->pixels);
    pthread_cond_destroy(&e->news);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

bool encoder_ask(Encoder *e, const PixelSpec *spec, const PixelTask *task, int n, Err *err)
{
    uint64_t sum = 1469598103934665603u;
    for (int i = 0; i < n; i++) sum = (sum ^ (task[i].key + (uint64_t)task[i].quality)) * 1099511628211u | 1;
    pthread_mutex_lock(&e->lock);
    bool same = e->next ? e->next->sum == sum : e->working == sum;
    pthread_mutex_unlock(&e->lock);
    if (same) return true;
    Request *r = request_copy(spec, task, n, sum, err), *old;
    if (!r) return false;
    pthread_mutex_lock(&e->lock);
    old = e->next;
    e->next = r;
    pthread_cond_signal(&e->news);
    pthread_mutex_unlock(&e->lock);
    request_free(old);
    return true;
}

bool encoder_take(Encoder *e, Encoded *out)
{
    pthread_mutex_lock(&e->lock);
    bool any = e->n_done > 0;
    if (any) {
        *out = e->done[0];
        memmove(e->done, e->done + 1, (size_t)--e->n_done * sizeof *e->done);
    }
    pthread_mutex_unlock(&e->lock);
    return any;
}

bool encoder_busy(Encoder *e)
{
    pthread_mutex_lock(&e->lock);
    bool busy = e->next || e->working;
    pthread_mutex_unlock(&e->lock);
    return busy;
}
