/* How a run looks: loss, figures on real data, health, the pairs of this very batch, and the line that says
 * how far it is. */
#include "base/text.h"
#include "tui/screens/train_state.h"
#include "tui/widgets/gauge.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SPARK_MAX 64 /* columns of a history */

/* --- layout --------------------------------------------------------------------------------------------- */

typedef struct {
    Rect loss, real, health, pairs[PAIR_GROUPS], facts, line;
    int tile_w, tile_h;
} RunLayout;

/* Columns of a box that holds n stacked pairs. */
static int box_width(int tile_w, int n)
{
    return n * (tile_w + 1) - 1 + 4;
}

static void fit_tiles(RunLayout *l, const App *app, Rect area)
{
    int cw, ch;
    app_cell(app, &cw, &ch);
    l->tile_h = area.h < 20 ? 2 : area.h < 36 ? 3 : area.h < 48 ? 4 : 6;
    do {
        l->tile_w = (l->tile_h * ch + cw / 2) / cw;
    } while (2 * box_width(l->tile_w, TRAIN_HARDEST) + box_width(l->tile_w, 3) > area.w && --l->tile_h > 1);
}

static RunLayout run_layout(const App *app, Rect area)
{
    RunLayout l = {0};
    Rect half[2];
    static const int weight[] = {1, 1};
    fit_tiles(&l, app, area);
    l.line = rect_cut_bottom(&area, 1);
    if (area.h >= 17) l.facts = rect_cut_bottom(&area, 1);
    Rect block = rect_cut_bottom(&area, 2 * l.tile_h + 3);
    int hard = box_width(l.tile_w, TRAIN_HARDEST);
    if (hard < 21) hard = 21; /* its title */
    l.pairs[PAIRS_NEGATIVE] = rect_cut_right(&block, hard);
    l.pairs[PAIRS_POSITIVE] = rect_cut_right(&block, hard);
    l.pairs[PAIRS_BATCH] = block;
    if (area.w >= 90) l.health = rect_cut_right(&area, area.w >= 130 ? 34 : 27);
    rect_columns(half, area, weight, 2, 0);
    l.loss = half[0];
    l.real = half[1];
    return l;
}

/* --- health --------------------------------------------------------------------------------------------- */

static float last_known(const float *x, int n)
{
    while (n > 0 && !isfinite(x[n - 1])) n--;
    return n ? x[n - 1] : NAN;
}

/* The whole history in w columns. */
static void history(Canvas *c, int x, int y, int w, const float *value, int n)
{
    float column[SPARK_MAX];
    if (w > SPARK_MAX) w = SPARK_MAX;
    if (w > n) w = n;
    for (int i = 0; i < w; i++) column[i] = value[w > 1 ? (long)i * (n - 1) / (w - 1) : n - 1];
    gauge_spark(c, x, y, w, column, w > 0 ? w : 0, INK_SERIES_1);
}

/* One figure with its past; the row stays empty where nothing is known. */
static void meter(Canvas *c, Rect *in, const char *name, const float *x, int n, int decimals, bool bad)
{
    Rect row = rect_cut_top(in, 1);
    float now = last_known(x, n);
    if (rect_empty(row)) return;
    canvas_text(c, row.x, row.y, 10, INK_DIM, name);
    if (!isfinite(now)) {
        canvas_text(c, row.x + 14, row.y, 2, INK_FAINT, "-");
        return;
    }
    canvas_print(c, row.x + 9, row.y, 6, bad ? INK_BAD : INK_TEXT, "%6.*f", decimals, (double)now);
    history(c, row.x + 16, row.y, row.w - 16, x, n);
}

/* ... and below it what it means, where there is room for all of them. */
static void meter_told(Canvas *c, Rect *in, bool room, const char *means)
{
    Rect row = room ? rect_cut_top(in, 1) : (Rect){0};
    if (!rect_empty(row)) canvas_text(c, row.x + 1, row.y, row.w - 1, INK_FAINT, means);
}

static void fact(Canvas *c, Rect *in, const char *name, const char *value)
{
    Rect row = rect_cut_top(in, 1);
    if (rect_empty(row)) return;
    canvas_text(c, row.x, row.y, 10, INK_DIM, name);
    canvas_text(c, row.x + 10, row.y, row.w - 10, INK_TEXT, value);
}

/* The mean cosine, and how the cosines are spread from -1 to 1, two bins a column where there is little room.
 */
static void cosines(Canvas *c, Rect *in, const char *name, double mean, const float bin[CONTRAST_BINS])
{
    char text[32];
    float column[CONTRAST_BINS];
    Rect row = *in;
    int room = row.w - 16, n = room >= CONTRAST_BINS       ? CONTRAST_BINS
                               : room >= CONTRAST_BINS / 2 ? CONTRAST_BINS / 2
                                                           : CONTRAST_BINS / 4;
    int each = CONTRAST_BINS / n;
    float all = 0;
    for (int i = 0; i < n; i++) {
        column[i] = 0;
        for (int k = 0; k < each; k++) column[i] += bin[i * each + k];
        all += column[i];
        column[i] = column[i] > 0 ? sqrtf(column[i]) : NAN; /* rare ones stay in sight */
    }
    snprintf(text, sizeof text, all > 0 ? "%5.2f" : "%5.2f  cosine", mean);
    fact(c, in, name, text);
    if (all > 0 && row.h > 0 && room >= n) gauge_spark(c, row.x + 16, row.y, n, column, n, INK_SERIES_3);
}

/* A representation whose rows hardly differ has collapsed: its spread goes to 0 and so does its rank. */
static bool collapsed(float spread)
{
    return isfinite(spread) && spread < 0.2f;
}

static void draw_health(const TrainScreen *s, Canvas *c, Rect r)
{
    const RunCurve *v = &s->curve;
    char text[64];
    if (rect_empty(r)) return;
    Rect in = rect_inset(canvas_box(c, r, false, "Health of the representation", NULL), 1, 0);
    float spread = last_known(v->spread, v->points);
    bool room = in.h >= 14;
    meter(c, &in, "align", v->alignment, v->points, 2, false);
    meter_told(c, &in, room, "pairs apart: lower is better");
    meter(c, &in, "uniform", v->uniformity, v->points, 2, false);
    meter_told(c, &in, room, "crowding: lower is better");
    meter(c, &in, "rank", v->rank, v->points, 1, false);
    meter_told(c, &in, room, "directions in use (RankMe)");
    meter(c, &in, "std\u00b7\u221ad", v->spread, v->points, 2, collapsed(spread));
    meter_told(c, &in, room, "1: all vary, 0: collapsed");
    if (in.h >= 5) rect_cut_top(&in, 1);
    if (isfinite(v->positive)) {
        cosines(c, &in, "pairs", v->positive, v->cosines.positive);
        cosines(c, &in, "others", v->negative, v->cosines.negative);
    }
    text_count(text, sizeof text, (long long)v->unique);
    fact(c, &in, "unique", text);
    text_count(text, sizeof text, (long long)v->views);
    fact(c, &in, "views", text);
    if (in.h >= 4) rect_cut_top(&in, 1);
    const char *told = s->news && s->live && s->news->told[0] ? s->news->told : v->event;
    if (*told || collapsed(spread))
        canvas_wrap(c, in, INK_WARN,
                    *told ? told
                          : "The representation is collapsing: raise the temperature or lower the rate.");
    else
        fact(c, &in, "guard", "all finite");
}

/* --- pairs ---------------------------------------------------------------------------------------------- */

int run_pairs(const TrainNews *n, PairGroup group, const TrainPair **out)
{
    *out = group == PAIRS_BATCH ? n->pair : group == PAIRS_POSITIVE ? n->hard_positive : n->hard_negative;
    return group == PAIRS_BATCH ? n->pairs : group == PAIRS_POSITIVE ? n->hard_positives : n->hard_negatives;
}

static Rect tile_rect(const RunLayout *l, PairGroup group, int i)
{
    Rect in = rect_inset(l->pairs[group], 2, 1),
         tile = {in.x + i * (l->tile_w + 1), in.y, l->tile_w, 2 * l->tile_h + 1};
    return tile.x + tile.w <= in.x + in.w ? tile : (Rect){0};
}

/* mixed: real pictures are told from generated ones. */
static void draw_pair(const RunLayout *l, Canvas *c, Rect tile, const TrainPair *pair, bool on, bool mixed)
{
    char text[16];
    Rect a = rect_cut_top(&tile, l->tile_h), b = rect_cut_top(&tile, l->tile_h);
    canvas_picture(c, a, &pair->a, canvas_image_id(&pair->a));
    canvas_picture(c, b, &pair->b, canvas_image_id(&pair->b));
    snprintf(text, sizeof text, "%.2f", (double)pair->cosine);
    if (!isfinite(pair->cosine)) snprintf(text, sizeof text, "%s", on ? "\u25b2" : "");
    if (pair->index_a >= 0 && pair->index_b >= 0 && mixed && tile.w >= 9)
        snprintf(text, sizeof text, "real %.2f", (double)pair->cosine);
    int w = text_width(text);
    if (on) canvas_tint(c, tile, STYLE_BAR);
    canvas_text(c, tile.x + (tile.w - w) / 2, tile.y, tile.w,
                on ? INK_ACCENT | STYLE_BOLD | STYLE_BAR : INK_DIM, text);
}

static void draw_group(const TrainScreen *s, const RunLayout *l, Canvas *c, PairGroup group)
{
    static const char *const title[] = {"Pairs of this batch", "Pairs least alike", "Others most alike"};
    static const char *const brief[] = {"Batch", "Least alike", "Most alike"};
    const TrainPair *pair = NULL;
    int n = s->news && s->live ? run_pairs(s->news, group, &pair) : 0;
    bool focus = n && !s->on_curves && group == s->group;
    if (rect_empty(l->pairs[group])) return;
    Rect in =
        canvas_box(c, l->pairs[group], focus, l->pairs[group].w < 23 ? brief[group] : title[group], NULL);
    if (!n && group == PAIRS_BATCH)
        canvas_wrap(c, rect_inset(in, 1, 0), INK_DIM, "The first batch is being made.");
    for (int i = 0; i < n; i++) {
        Rect tile = tile_rect(l, group, i);
        if (!rect_empty(tile)) draw_pair(l, c, tile, &pair[i], focus && i == s->item, s->want.mix > 0);
    }
}

/* The row of panes under the curves, as one. */
static Rect below(const RunLayout *l)
{
    const Rect *a = &l->pairs[PAIRS_BATCH], *b = &l->pairs[PAIRS_NEGATIVE];
    return (Rect){a->x, a->y, b->x + b->w - a->x, a->h};
}

/* What was drawn at the step under the crosshair, made again; there are no cosines: its encoder is gone. */
static void draw_step(const TrainScreen *s, const RunLayout *l, Canvas *c)
{
    char title[64];
    RunLayout wide = *l;
    wide.pairs[PAIRS_BATCH] = below(l);
    snprintf(title, sizeof title, "Pairs of step %llu", (unsigned long long)s->step_shown);
    Rect in =
        canvas_box(c, wide.pairs[PAIRS_BATCH], !s->on_curves, title, "as generated, before crop and light");
    if (!s->step_pairs_n) canvas_wrap(c, rect_inset(in, 1, 0), INK_DIM, "They are being made again.");
    for (int i = 0; i < s->step_pairs_n; i++) {
        Rect tile = tile_rect(&wide, PAIRS_BATCH, i);
        if (!rect_empty(tile)) draw_pair(l, c, tile, &s->step_pair[i], !s->on_curves && i == s->item, false);
    }
}

/* The settings in which the run differs from the one its curves are drawn beside. */
static void draw_diff(const TrainScreen *s, Canvas *c, Rect in)
{
    const RunDiff *d = &s->diff;
    Rect head = rect_cut_top(&in, 1);
    canvas_print(c, head.x, head.y, head.w, INK_SERIES_4, "%s against %s %s", s->shown.id, s->other.id,
                 s->other.name);
    if (!d->settings) canvas_wrap(c, in, INK_DIM, "no setting differs");
    for (int i = 0; i < d->settings; i++) {
        Rect row = rect_cut_top(&in, 1);
        if (rect_empty(row)) return;
        if (rect_empty(in) && i + 1 < d->settings) {
            canvas_print(c, row.x, row.y, row.w, INK_FAINT, "and %d more: viewsmith runs diff %s %s",
                         d->settings - i, s->shown.id, s->other.id);
            return;
        }
        int half = (row.w - 13) / 2;
        canvas_text(c, row.x, row.y, 12, INK_DIM, d->setting[i].name);
        canvas_text(c, row.x + 13, row.y, half - 1, INK_TEXT, *d->setting[i].a ? d->setting[i].a : "-");
        canvas_text(c, row.x + 13 + half, row.y, half, INK_SERIES_4,
                    *d->setting[i].b ? d->setting[i].b : "-");
    }
}

/* A run without a batch to show: what it was, and what came of it. */
static void draw_summary(const TrainScreen *s, const RunLayout *l, Canvas *c)
{
    const RunInfo *r = &s->shown;
    const RunCurve *v = &s->curve;
    char text[96], when[32] = "";
    time_t started = (time_t)r->started;
    struct tm tm;
    if (r->started > 0 && localtime_r(&started, &tm)) strftime(when, sizeof when, "%Y-%m-%d %H:%M", &tm);
    Rect in = rect_inset(canvas_box(c, below(l), false, "This run", when), 1, 0);
    if (*s->other.id) draw_diff(s, c, rect_cut_right(&in, in.w / 2));
    fact(c, &in, "from", r->maker);
    fact(c, &in, "encoder", r->encoder);
    snprintf(text, sizeof text, "%llu", (unsigned long long)r->seed);
    fact(c, &in, "seed", text);
    int last = v->probes - 1;
    if (last < 0) return;
    snprintf(text, sizeof text, "%.1f %%  (untrained %.1f)", (double)v->linear[last],
             (double)v->untrained_linear);
    fact(c, &in, "linear", text);
    snprintf(text, sizeof text, "%.1f %%  (untrained %.1f)", (double)v->knn[last], (double)v->untrained_knn);
    fact(c, &in, "kNN", text);
    if (!strcmp(r->state, "done") && isfinite(r->linear)) {
        snprintf(text, sizeof text, "linear %.1f  kNN %.1f %%", 100 * r->linear, 100 * r->knn);
        fact(c, &in, "at the end", text);
    }
    if (in.h > 1) rect_cut_top(&in, 1);
    canvas_wrap(c, in, INK_DIM,
                s->going ? "Another process trains it; its figures are read every two seconds, and the keys "
                           "below reach it."
                : in.w < 56 ? "b goes on with it."
                            : "b goes on with it; 4 shows what its encoder finds alike.");
}

Rect run_loss(const App *app, Rect area)
{
    return run_layout(app, area).loss;
}

bool run_pair_at(const TrainScreen *s, const App *app, Rect area, int x, int y, PairGroup *group, int *item)
{
    RunLayout l = run_layout(app, area);
    const TrainPair *pair;
    if (!s->news || !s->live || s->step_wish || s->through) return false;
    for (int g = 0; g < PAIR_GROUPS; g++)
        for (int i = 0, n = run_pairs(s->news, (PairGroup)g, &pair); i < n; i++)
            if (rect_has(tile_rect(&l, (PairGroup)g, i), x, y)) {
                *group = (PairGroup)g;
                *item = i;
                return true;
            }
    return false;
}

/* --- the lines below ------------------------------------------------------------------------------------ */

/* Puts another piece on a line, all of it or nothing where it does not fit; returns where the next goes. */
__attribute__((format(printf, 5, 6))) static int piece(Canvas *c, Rect line, int x, Style style,
                                                       const char *fmt, ...)
{
    char text[160];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    int w = text_width(text);
    if (x + w > line.x + line.w) return x;
    canvas_text(c, x, line.y, w, style, text);
    return x + w + 3;
}

static int progress_live(const TrainNews *n, bool going, Canvas *c, Rect line, int x)
{
    char text[32], total[32];
    text_count(text, sizeof text, (long long)n->now.step + (n->now.views > 0));
    text_count(total, sizeof total, (long long)n->config.budget.steps);
    x = n->config.budget.steps ? piece(c, line, x, INK_TEXT, "%s of %s steps", text, total)
                               : piece(c, line, x, INK_TEXT, "%s steps", text);
    if (n->views_second > 0) x = piece(c, line, x, INK_TEXT, "%.0f views/s", n->views_second);
    if (going && isfinite(n->left)) {
        text_duration(text, sizeof text, n->left);
        x = piece(c, line, x, INK_TEXT, "%s left", text);
    }
    if (n->now.views)
        x = piece(c, line, x, INK_DIM, "generator %.0f \u00b7 encoder %.0f \u00b7 probes %.0f %%",
                  100 * n->share_generator, 100 * n->share_encoder, 100 * n->share_probe);
    if (!going) return x;
    text_duration(text, sizeof text, n->saved_ago);
    return piece(c, line, x, INK_DIM, "saved %s ago", text);
}

static void progress_stored(const TrainScreen *s, Canvas *c, Rect line, int x)
{
    char text[32];
    const RunCurve *v = &s->curve;
    text_count(text, sizeof text, (long long)v->steps);
    x = piece(c, line, x, INK_TEXT, "%s steps", text);
    text_count(text, sizeof text, (long long)v->views);
    x = piece(c, line, x, INK_TEXT, "%s views", text);
    text_duration(text, sizeof text, v->elapsed);
    piece(c, line, x, INK_DIM, "in %s", text);
}

static const char *phase_of(const TrainScreen *s)
{
    if (s->stopping) return "stopping";
    return s->live && s->news ? s->news->phase : s->shown.state ? s->shown.state : "";
}

static void draw_progress(const TrainScreen *s, Canvas *c, Rect line)
{
    int x = line.x + 1, bar = line.w / 8;
    if (s->live && s->news) {
        gauge_meter(c, x, line.y, bar, s->news->progress, s->news->paused ? INK_WARN : INK_ACCENT);
        x = piece(c, line, x + bar + 2, s->news->paused ? INK_WARN : INK_GOOD, "%s", phase_of(s));
        progress_live(s->news, s->going, c, line, x);
        return;
    }
    x = piece(c, line, x, s->going ? INK_GOOD : INK_DIM, "%s", phase_of(s));
    progress_stored(s, c, line, x);
}

/* Which run, and every figure that keys can change. */
static void draw_facts(const TrainScreen *s, Canvas *c, Rect line)
{
    int x = line.x + 1;
    if (rect_empty(line)) return;
    x = piece(c, line, x, INK_TEXT | STYLE_BOLD, "run %s%s%s", s->shown.id, *s->shown.name ? " " : "",
              s->shown.name);
    if (line.w >= 100) /* narrower: the figures need the room */
        x = piece(c, line, x, INK_DIM, "%s \u00b7 %s encoder", s->shown.maker, s->shown.encoder);
    if (s->live && s->news && s->news->ended_ok) {
        const ProbeResult *f = &s->news->final, *u = &s->news->final_untrained;
        x = piece(c, line, x, INK_GOOD, "at the end: linear %.1f kNN %.1f", 100 * f->linear.value,
                  100 * f->knn.value);
        piece(c, line, x, INK_DIM, "untrained %.1f and %.1f, judged on \"%s\"", 100 * u->linear.value,
              100 * u->knn.value, s->news->split);
        return;
    }
    const TrainControl *k = &s->want;
    if (!isfinite(k->rate)) return;
    double now = s->live && s->news && s->news->now.views ? s->news->now.rate : s->curve.rate;
    x = piece(c, line, x, INK_ACCENT, "rate %.3g", (double)k->rate);
    /* The schedule warms it up and lets it fall: what is set is its height. */
    if (isfinite(now) && fabs(now - (double)k->rate) > 0.005 * (double)k->rate)
        x = piece(c, line, x - 2, INK_DIM, "now %.2g", now);
    x = piece(c, line, x, INK_ACCENT, "\u03c3 %.2f", (double)k->sigma);
    x = piece(c, line, x, INK_ACCENT, "T %.2f", (double)k->temperature);
    if (isfinite(k->share) && (k->share > 0 || (s->live && s->news && s->news->config.tray)))
        x = piece(c, line, x, INK_ACCENT, "tray %.0f %%", 100 * (double)k->share);
    if (k->mix > 0) x = piece(c, line, x, INK_ACCENT, "real %.0f %%", 100 * (double)k->mix);
    if (s->force && s->force->weights) x = piece(c, line, x, INK_ACCENT, "%d weighed", s->force->weights);
    if (s->live && s->news) x = piece(c, line, x, INK_DIM, "%d pairs", s->news->config.pairs);
    if (s->live && s->news) piece(c, line, x, INK_DIM, "\u03c8 %.2f", (double)s->news->config.psi);
}

void run_view(const TrainScreen *s, const App *app, Canvas *c, Rect area)
{
    RunLayout l = run_layout(app, area);
    bool swapped = rect_empty(l.health) && s->health;
    curves_draw(s, app, c, l.loss, swapped ? (Rect){0} : l.real);
    draw_health(s, c, swapped ? l.real : l.health);
    if (s->through)
        through_draw(s, app, c, below(&l));
    else if (s->step_wish)
        draw_step(s, &l, c);
    else if (s->live)
        for (int g = 0; g < PAIR_GROUPS; g++) draw_group(s, &l, c, (PairGroup)g);
    else
        draw_summary(s, &l, c);
    draw_facts(s, c, l.facts);
    draw_progress(s, c, l.line);
}
