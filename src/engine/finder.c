/* The finder's thread: takes wishes, answers the query, embeds one more piece, again. */
#include "engine/finder_state.h"
#include "base/clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEWS_SECONDS 0.2

/* --- news
 * ----------------------------------------------------------------------------------------------------------
 */

static void news_close(News *news)
{
    FinderNews *n = (FinderNews *)news;
    for (int s = 0; s < FINDER_SPACES; s++)
        for (int i = 0; i < FINDER_K; i++) image_free(&n->picture[s][i]);
    image_free(&n->asked);
    atlas_drop(n->atlas);
    free(n);
}

static void publish(Finder *f)
{
    FinderNews *n = malloc(sizeof *n);
    if (!n) return;
    memcpy(n, &f->draft, sizeof *n);
    n->news = (News){news_close, 1};
    memset(n->picture, 0, sizeof n->picture);
    n->asked = (Image){0};
    if (n->ticket && !n->err.code)
        image_from_planes(&n->asked, f->place, f->data.c, f->data.h, f->data.w, NULL);
    if (n->atlas) atlas_keep(n->atlas);
    for (int s = 0; s < FINDER_SPACES; s++)
        for (int i = 0; i < n->hits[s]; i++)
            dataset_image(&n->picture[s][i], finder_data(f, n->among), n->hit[s][i].index, NULL);
    pthread_mutex_lock(&f->lock);
    FinderNews *old = f->shown;
    f->shown = n;
    pthread_mutex_unlock(&f->lock);
    if (old) news_drop(&old->news);
    f->published = clock_seconds();
    if (f->bell.ring) f->bell.ring(f->bell.arg);
}

/* --- the thread
 * ---------------------------------------------------------------------------------------------------- */

static bool open_data(Finder *f)
{
    if (!workspace_dataset(&f->data, f->workspace, f->split, &f->draft.err)) return false;
    f->place = malloc(dataset_item_bytes(&f->data) * sizeof *f->place);
    f->pool = pool_new(pool_default_threads(), 19, &f->draft.err);
    f->draft.total[AMONG_REAL] = f->data.n;
    snprintf(f->draft.sentence, sizeof f->draft.sentence, "%s", f->data.sentence);
    pthread_mutex_lock(&f->lock);
    f->opened = true;
    pthread_mutex_unlock(&f->lock);
    if (f->place && f->pool) finder_begin(f, SPACE_PIXELS, NULL);
    return (f->place || err_nomem(&f->draft.err, "a query")) && f->pool;
}

/* Moves wishes to the thread's side. Called with the lock held; the encoders returned are the caller's to
 * drop. */
static bool take_wishes(Finder *f, Encoder **trained, Encoder **untrained)
{
    bool encoders = f->encoders_new;
    *trained = encoders && f->trained ? encoder_keep(f->trained) : NULL;
    *untrained = encoders && f->untrained ? encoder_keep(f->untrained) : NULL;
    f->encoders_new = false;
    if (f->wish.ticket != f->query.ticket) {
        image_free(&f->query.picture);
        f->query = f->wish;
        f->wish.picture = (Image){0};
        f->unanswered = true;
    }
    return encoders;
}

static void work(Finder *f)
{
    Encoder *trained, *untrained;
    bool growing = true;
    pthread_mutex_lock(&f->lock);
    while (!f->leaving) {
        bool encoders = take_wishes(f, &trained, &untrained);
        f->busy = encoders || f->unanswered || growing;
        if (!f->busy) {
            pthread_cond_wait(&f->changed, &f->lock);
            continue;
        }
        pthread_mutex_unlock(&f->lock);
        if (trained) finder_begin(f, SPACE_ENCODER, trained);
        if (untrained) finder_begin(f, SPACE_UNTRAINED, untrained);
        encoder_drop(trained);
        encoder_drop(untrained);
        bool answered = f->unanswered;
        if (f->unanswered && f->query.among == AMONG_TRAY) finder_read_tray(f);
        if (f->unanswered) finder_answer(f);
        bool more = finder_grow(f), ended = growing && !more;
        growing = more;
        if (answered || ended || clock_seconds() - f->published >= NEWS_SECONDS) publish(f);
        pthread_mutex_lock(&f->lock);
    }
    pthread_mutex_unlock(&f->lock);
}

static void *finder_main(void *arg)
{
    Finder *f = arg;
    pool_enter_background();
    bool ok = open_data(f);
    publish(f);
    if (ok) work(f);
    pthread_mutex_lock(&f->lock);
    f->busy = false;
    pthread_mutex_unlock(&f->lock);
    return NULL;
}

Finder *finder_new(const Workspace *w, Split split, Bell bell, Err *err)
{
    Finder *f = calloc(1, sizeof *f);
    if (!f) return err_nomem(err, "the neighbours"), NULL;
    f->workspace = w;
    f->split = split;
    f->bell = bell;
    f->busy = true;
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    if (!pthread_create(&f->thread, NULL, finder_main, f)) return f;
    err_set(err, ERR_LIMIT, "no thread could be started for neighbours");
    pthread_mutex_destroy(&f->lock);
    pthread_cond_destroy(&f->changed);
    free(f);
    return NULL;
}

void finder_free(Finder *f)
{
    if (!f) return;
    pthread_mutex_lock(&f->lock);
    f->leaving = true;
    pthread_cond_signal(&f->changed);
    pthread_mutex_unlock(&f->lock);
    pthread_join(f->thread, NULL);
    finder_close_banks(f);
    if (f->shown) news_drop(&f->shown->news);
    image_free(&f->query.picture);
    image_free(&f->wish.picture);
    encoder_drop(f->trained);
    encoder_drop(f->untrained);
    pool_free(f->pool);
    free(f->place);
    pthread_mutex_destroy(&f->lock);
    pthread_cond_destroy(&f->changed);
    free(f);
}

void finder_encoder(Finder *f, Encoder *trained, Encoder *untrained)
{
    pthread_mutex_lock(&f->lock);
    Encoder *old[] = {f->trained, f->untrained};
    f->trained = trained ? encoder_keep(trained) : NULL;
    f->untrained = untrained ? encoder_keep(untrained) : NULL;
    f->encoders_new = f->busy = true;
    pthread_cond_signal(&f->changed);
    pthread_mutex_unlock(&f->lock);
    encoder_drop(old[0]);
    encoder_drop(old[1]);
}

uint64_t finder_ask(Finder *f, const FinderQuery *ask)
{
    Query q = {.origin = ask->origin, .k = ask->k, .metric = ask->metric, .among = ask->among};
    if (ask->picture && !image_copy(&q.picture, ask->picture, NULL)) return 0;
    q.k = q.k < 1 ? 1 : q.k > FINDER_K ? FINDER_K : q.k;
    pthread_mutex_lock(&f->lock);
    q.ticket = ++f->tickets;
    image_free(&f->wish.picture);
    f->wish = q;
    f->busy = true;
    pthread_cond_signal(&f->changed);
    pthread_mutex_unlock(&f->lock);
    return q.ticket;
}

News *finder_look(Finder *f)
{
    pthread_mutex_lock(&f->lock);
    News *n = f->shown ? news_keep(&f->shown->news) : NULL;
    pthread_mutex_unlock(&f->lock);
    return n;
}

bool finder_busy(Finder *f)
{
    pthread_mutex_lock(&f->lock);
    bool busy = f->busy;
    pthread_mutex_unlock(&f->lock);
    return busy;
}

const char *finder_class(Finder *f, int label)
{
    pthread_mutex_lock(&f->lock);
    bool opened = f->opened;
    pthread_mutex_unlock(&f->lock);
    return opened && label >= 0 && label < f->data.classes && f->data.class_name ? f->data.class_name[label]
                                                                                 : "";
}
