/* The finder's thread: takes wishes, answers the query, embeds one more piece, again. */
#include "engine/finder.h"
#include "base/clock.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE        64   /* images embedded between two looks at the wishes */
#define FIRST_ANSWER 1024 /* a growing bank answers from here on */
#define NEWS_SECONDS 0.2

/* What the thread is asked for. */
typedef struct {
    uint64_t ticket; /* 0: nothing yet */
    Image picture;   /* empty: the real picture `index` */
    int index, k;
} Query;

struct Finder {
    const Workspace *workspace;
    Split split;
    Bell bell;
    pthread_t thread;
    pthread_mutex_t lock; /* over the next block; never held while computing */
    pthread_cond_t changed;
    bool leaving, busy, encoders_new;
    uint64_t tickets;
    Encoder *trained, *untrained; /* wished for */
    Query wish;
    FinderNews *shown;
    /* The thread's own: */
    Dataset data;
    Pool *pool;
    Bank *full[FINDER_SPACES], *growing[FINDER_SPACES];
    Query query;
    bool unanswered;
    FinderNews draft;
    float *place; /* one picture in planes */
    Map map;
    bool mapped;
    double published;
};

/* --- news
 * ----------------------------------------------------------------------------------------------------------
 */

static void news_close(News *news)
{
    FinderNews *n = (FinderNews *)news;
    for (int s = 0; s < FINDER_SPACES; s++)
        for (int i = 0; i < FINDER_K; i++) image_free(&n->picture[s][i]);
    free(n);
}

static void publish(Finder *f)
{
    FinderNews *n = malloc(sizeof *n);
    if (!n) return;
    memcpy(n, &f->draft, sizeof *n);
    n->news = (News){news_close, 1};
    memset(n->picture, 0, sizeof n->picture);
    for (int s = 0; s < FINDER_SPACES; s++)
        for (int i = 0; i < n->hits[s]; i++)
            dataset_image(&n->picture[s][i], &f->data, n->hit[s][i].index, NULL);
    pthread_mutex_lock(&f->lock);
    FinderNews *old = f->shown;
    f->shown = n;
    pthread_mutex_unlock(&f->lock);
    if (old) news_drop(&old->news);
    f->published = clock_seconds();
    if (f->bell.ring) f->bell.ring(f->bell.arg);
}

/* --- banks
 * ---------------------------------------------------------------------------------------------------------
 */

static Bank *answering(const Finder *f, int space)
{
    if (f->full[space]) return f->full[space];
    Bank *b = f->growing[space];
    return b && bank_filled(b) >= FIRST_ANSWER ? b : NULL;
}

/* A bank of the weights that answer already would change nothing. */
static bool same_weights(const Finder *f, Space space, const Encoder *e)
{
    const Bank *b = f->growing[space] ? f->growing[space] : f->full[space];
    return b && e && !strcmp(bank_encoder(b)->digest, e->digest);
}

static void begin_bank(Finder *f, Space space, Encoder *e)
{
    if (same_weights(f, space, e)) return;
    bank_drop(f->growing[space]);
    f->growing[space] = NULL;
    if (!bank_new(&f->growing[space], &f->data, space, e, &f->draft.err)) f->growing[space] = NULL;
    f->draft.filled[space] = 0;
}

static void draw_map(Finder *f)
{
    const Bank *b = f->full[SPACE_ENCODER];
    int n = bank_size(b) < FINDER_MAP ? bank_size(b) : FINDER_MAP;
    if (f->mapped) map_free(&f->map);
    f->mapped = map_fit(&f->map, bank_embedding(b), n, bank_dim(b), f->pool, NULL);
    f->draft.points = 0;
    if (!f->mapped) return;
    map_place(&f->draft.xy[0][0], &f->map, bank_embedding(b), n);
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < 2; k++) {
            float span = f->map.high[k] - f->map.low[k];
            f->draft.xy[i][k] = span > 0 ? (f->draft.xy[i][k] - f->map.low[k]) / span : 0.5f;
        }
        f->draft.label[i] = f->data.label[i];
    }
    f->draft.points = n;
}

static void bank_is_full(Finder *f, int space)
{
    const Encoder *e = bank_encoder(f->growing[space]);
    bank_drop(f->full[space]);
    f->full[space] = f->growing[space];
    f->growing[space] = NULL;
    f->draft.ready[space] = true;
    snprintf(f->draft.encoder[space], sizeof f->draft.encoder[space], "%s", e ? e->name : "");
    if (space == SPACE_ENCODER) draw_map(f);
    f->unanswered = f->query.ticket != 0;
}

/* One more piece of the first bank that grows; false when none does. Pixels come first: they need no network, so they
 * answer at once; then the encoder's. */
static bool grow(Finder *f)
{
    static const int order[FINDER_SPACES] = {SPACE_PIXELS, SPACE_ENCODER, SPACE_UNTRAINED};
    for (int i = 0; i < FINDER_SPACES; i++) {
        int s = order[i];
        Bank *b = f->growing[s];
        if (!b) continue;
        int left = bank_size(b) - bank_filled(b), before = bank_filled(b);
        if (!bank_fill(b, left < PIECE ? left : PIECE, f->pool, &f->draft.err)) {
            bank_drop(b);
            f->growing[s] = NULL;
            return true;
        }
        f->draft.filled[s] = bank_filled(b);
        if (before < FIRST_ANSWER && bank_filled(b) >= FIRST_ANSWER && !f->full[s])
            f->unanswered = f->query.ticket != 0;
        if (bank_filled(b) == bank_size(b)) bank_is_full(f, s);
        return true;
    }
    return false;
}

/* --- queries
 * ------------------------------------------------------------------------------------------------------- */

static bool query_planes(Finder *f)
{
    Image fit = {0};
    if (!f->query.picture.px && (f->query.index < 0 || f->query.index >= f->data.n))
        return err_set(&f->draft.err, ERR_USAGE, "there is no real picture %d: they are 0 to %d",
                       f->query.index, f->data.n - 1);
    if (!f->query.picture.px) {
        image_bytes_to_float(f->place, dataset_pixels(&f->data, f->query.index),
                             dataset_item_bytes(&f->data));
        return true;
    }
    if (!image_fit(&fit, &f->query.picture, f->data.h, f->data.c, &f->draft.err)) return false;
    image_to_planes(f->place, &fit);
    image_free(&fit);
    return true;
}

static void answer_in(Finder *f, int space)
{
    Bank *b = answering(f, space);
    int k = f->query.k, index = f->query.index;
    f->draft.hits[space] = 0;
    if (!b) return;
    bool own = !f->query.picture.px && index < bank_filled(b);
    if (k > bank_filled(b) - 1) k = bank_filled(b) - 1;
    bool ok = own ? bank_nearest_of(f->draft.hit[space], b, METRIC_COSINE, &index, 1, k, f->pool, &f->draft.err)
                  : bank_nearest(f->draft.hit[space], b, METRIC_COSINE, f->place, 1, k, f->pool, &f->draft.err);
    if (ok) f->draft.hits[space] = k;
}

static void place_query(Finder *f)
{
    Bank *b = f->full[SPACE_ENCODER];
    float *row = b && f->mapped ? malloc((size_t)bank_dim(b) * sizeof *row) : NULL;
    f->draft.placed = row && bank_embed(row, NULL, b, f->place, 1, f->pool, NULL);
    if (f->draft.placed) {
        map_place(f->draft.query_xy, &f->map, row, 1);
        for (int k = 0; k < 2; k++) {
            float span = f->map.high[k] - f->map.low[k];
            f->draft.query_xy[k] = span > 0 ? (f->draft.query_xy[k] - f->map.low[k]) / span : 0.5f;
        }
    }
    free(row);
}

static void answer(Finder *f)
{
    double start = clock_seconds();
    f->unanswered = false;
    f->draft.err = (Err){0};
    memset(f->draft.hits, 0, sizeof f->draft.hits);
    f->draft.ticket = f->query.ticket;
    f->draft.k = f->query.k;
    if (!query_planes(f)) return;
    for (int s = 0; s < FINDER_SPACES; s++) answer_in(f, s);
    place_query(f);
    f->draft.seconds = clock_seconds() - start;
}

/* --- the thread
 * ---------------------------------------------------------------------------------------------------- */

static bool open_data(Finder *f)
{
    if (!workspace_dataset(&f->data, f->workspace, f->split, &f->draft.err)) return false;
    f->place = malloc(dataset_item_bytes(&f->data) * sizeof *f->place);
    f->pool = pool_new(pool_default_threads(), 19, &f->draft.err);
    f->draft.total = f->data.n;
    snprintf(f->draft.sentence, sizeof f->draft.sentence, "%s", f->data.sentence);
    if (f->place && f->pool) begin_bank(f, SPACE_PIXELS, NULL);
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

static bool growing_any(const Finder *f)
{
    for (int s = 0; s < FINDER_SPACES; s++)
        if (f->growing[s]) return true;
    return false;
}

static void work(Finder *f)
{
    Encoder *trained, *untrained;
    pthread_mutex_lock(&f->lock);
    while (!f->leaving) {
        bool encoders = take_wishes(f, &trained, &untrained);
        f->busy = encoders || f->unanswered || growing_any(f);
        if (!f->busy) {
            pthread_cond_wait(&f->changed, &f->lock);
            continue;
        }
        pthread_mutex_unlock(&f->lock);
        if (trained) begin_bank(f, SPACE_ENCODER, trained);
        if (untrained) begin_bank(f, SPACE_UNTRAINED, untrained);
        encoder_drop(trained);
        encoder_drop(untrained);
        bool answered = f->unanswered;
        if (f->unanswered) answer(f);
        bool grew = grow(f), last = grew && !growing_any(f);
        if (answered || last || clock_seconds() - f->published >= NEWS_SECONDS) publish(f);
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
    for (int s = 0; s < FINDER_SPACES; s++) {
        bank_drop(f->full[s]);
        bank_drop(f->growing[s]);
    }
    if (f->mapped) map_free(&f->map);
    if (f->shown) news_drop(&f->shown->news);
    image_free(&f->query.picture);
    image_free(&f->wish.picture);
    encoder_drop(f->trained);
    encoder_drop(f->untrained);
    dataset_close(&f->data);
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

static uint64_t ask(Finder *f, Query q)
{
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

uint64_t finder_ask(Finder *f, const Image *picture, int k)
{
    Query q = {.k = k};
    return image_copy(&q.picture, picture, NULL) ? ask(f, q) : 0;
}

uint64_t finder_ask_index(Finder *f, int index, int k)
{
    return ask(f, (Query){.index = index, .k = k});
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

const char *finder_class(const Finder *f, int label)
{
    return label >= 0 && label < f->data.classes && f->data.class_name ? f->data.class_name[label] : "";
}
