/* The curves of a run: loss and figures on real pictures over the same steps, smoothed, zoomed, read off at a
 * crosshair. */
#include "tui/screens/train_state.h"
#include "tui/widgets/plot.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const float smoothings[CURVE_SMOOTHINGS] = {0, 0.9f, 0.98f};
static const char *const smoothing_names[CURVE_SMOOTHINGS] = {"raw", "EMA", "EMA .98"};

/* --- drawing -------------------------------------------------------------------------------------------- */

/* "sigma 0.45" as "\u03c3 0.45": the label of a mark has little room. */
static void mark_label(char *out, size_t cap, const char *text)
{
    static const char *const name[][2] = {{"rate", "lr"},      {"sigma", "\u03c3"}, {"temperature", "T"},
                                          {"share", "tray"},   {"mix", "real"},     {"weight", "\u00d7"},
                                          {"exclude", "never"}};
    const char *example = strstr(text, " seed"); /* "exclude seed 4711" */
    size_t n = strcspn(text, " "), rest = example ? (size_t)(example - text) - n : 16;
    snprintf(out, cap, "%s", text);
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        if (strlen(name[i][0]) == n && !strncmp(text, name[i][0], n))
            snprintf(out, cap, "%s%.*s", name[i][1], (int)rest, text + n);
}

/* Changes of the same control close to each other are one mark: where the hand came to rest. */
static int gather_marks(PlotLine *out, char label[][24], const RunCurve *c)
{
    float near = c->points ? 0.06f * c->step[c->points - 1] : 0;
    int n = 0, last = 0;
    for (int i = 0; i < c->marks; i++) {
        size_t name = strcspn(c->mark[i].text, " ");
        bool same = n && !strncmp(c->mark[last].text, c->mark[i].text, name + 1) &&
                    c->mark[i].step - c->mark[last].step <= near;
        if (!same) n++;
        mark_label(label[n - 1], sizeof label[0], c->mark[i].text);
        out[n - 1] = (PlotLine){c->mark[i].step, label[n - 1], INK_WARN};
        last = i;
    }
    return n;
}

/* Where both plots end, so that one lies beside the other. */
static float last_step(const TrainScreen *s)
{
    const RunCurve *own = &s->curve, *other = &s->other_curve;
    float a = own->points ? own->step[own->points - 1] : 0,
          b = *s->other.id && other->points ? other->step[other->points - 1] : 0;
    return fmaxf(fmaxf(a, b), 1);
}

/* A moving average per step, also where only every k-th step is known. */
static void smoothed(float *out, const RunCurve *c, float alpha)
{
    float mean = NAN, at = 0;
    for (int i = 0; i < c->points; i++) {
        float keep = powf(alpha, fmaxf(c->step[i] - at, 1));
        at = c->step[i];
        if (isfinite(c->loss[i])) mean = isfinite(mean) ? keep * mean + (1 - keep) * c->loss[i] : c->loss[i];
        out[i] = mean;
    }
}

/* The index of the value nearest to x; -1 where there is none. */
static int nearest(const float *value, int n, float x)
{
    int best = n - 1;
    for (int i = n - 1; i >= 0 && isfinite(x); i--)
        if (fabsf(value[i] - x) < fabsf(value[best] - x)) best = i;
    return best;
}

/* Everything that is drawn in the pane of the loss. */
typedef struct {
    Plot plot;
    Series series[4];
    PlotLine mark[CURVE_MARKS];
    char label[CURVE_MARKS][24];
    float own[CURVE_POINTS], other[CURVE_POINTS], tick[HISTORY_MAX + 1];
} LossPlot;

static void loss_plot(LossPlot *l, const TrainScreen *s)
{
    const RunCurve *own = &s->curve, *other = &s->other_curve;
    float whole = last_step(s);
    int n = 0;
    smoothed(l->own, own, smoothings[s->smoothing]);
    l->series[n++] = (Series){NULL, own->step, l->own, own->points, INK_SERIES_1};
    if (s->smoothing) l->series[n++] = (Series){NULL, own->step, own->loss, own->points, INK_FAINT};
    if (*s->other.id) {
        smoothed(l->other, other, smoothings[s->smoothing]);
        l->series[n++] = (Series){s->other.id, other->step, l->other, other->points, INK_SERIES_4};
    }
    if (own->lefts) l->series[n++] = (Series){NULL, own->left_step, own->left_loss, own->lefts, INK_FAINT};
    for (int i = 0; i < s->kept.count; i++) l->tick[i] = (float)s->kept.step[i];
    l->plot = (Plot){.series = l->series,
                     .count = n,
                     .x0 = isfinite(s->from) ? s->from : 0,
                     .x1 = isfinite(s->to) ? s->to : whole,
                     .y0 = NAN,
                     .y1 = NAN,
                     .log_y = s->log_loss,
                     .y_decimals = -1,
                     .x_unit = "steps",
                     .mark = l->mark,
                     .marks = gather_marks(l->mark, l->label, own),
                     .tick = l->tick,
                     .ticks = s->kept.count,
                     .cursor = isfinite(s->cursor),
                     .at = s->cursor};
}

static void draw_loss(const TrainScreen *s, PlotPicture *picture, Canvas *c, Rect r)
{
    const RunCurve *own = &s->curve;
    LossPlot l;
    char right[64] = "";
    loss_plot(&l, s);
    int at = nearest(own->step, own->points, s->cursor);
    if (at >= 0 && isfinite(s->cursor))
        snprintf(right, sizeof right, "step %.0f \u00b7 loss %.3f", (double)own->step[at],
                 (double)own->loss[at]);
    else if (isfinite(s->from))
        snprintf(right, sizeof right, "0 shows all steps");
    else if (own->points)
        snprintf(right, sizeof right, "%s %.3f \u00b7 %s", smoothing_names[s->smoothing],
                 (double)l.own[own->points - 1], s->log_loss ? "log" : "linear");
    l.plot.picture = picture;
    l.plot.fill = true;
    Rect in = canvas_box(c, r, s->on_curves, "Loss", right);
    plot_draw(c, rect_inset(in, 1, 0), &l.plot);
}

static int untrained_levels(PlotLine *out, char label[2][32], const RunCurve *c)
{
    const float at[2] = {c->untrained_linear, c->untrained_knn};
    const char *const name[2] = {"linear", "kNN"};
    int n = 0;
    for (int i = 0; i < 2; i++) {
        if (!isfinite(at[i])) continue;
        snprintf(label[n], 32, "untrained %s %.1f", name[i], (double)at[i]);
        out[n] = (PlotLine){at[i], label[n], INK_DIM};
        n++;
    }
    return n;
}

static void draw_real(const TrainScreen *s, PlotPicture *picture, Canvas *c, Rect r)
{
    const RunCurve *own = &s->curve, *other = &s->other_curve;
    PlotLine level[2];
    char right[64] = "", label[2][32];
    Series series[4] = {{"linear", own->probe_step, own->linear, own->probes, INK_SERIES_2},
                        {"kNN", own->probe_step, own->knn, own->probes, INK_SERIES_3}};
    int n = 2, last = own->probes - 1;
    if (*s->other.id) {
        series[n++] = (Series){s->other.id, other->probe_step, other->linear, other->probes, INK_SERIES_4};
        series[n++] = (Series){NULL, other->probe_step, other->knn, other->probes, INK_SERIES_4};
    }
    int at = isfinite(s->cursor) ? nearest(own->probe_step, own->probes, s->cursor) : last;
    if (last >= 0)
        snprintf(right, sizeof right, "live: kNN %.1f  linear %.1f %%", (double)own->knn[at],
                 (double)own->linear[at]);
    Rect in = rect_inset(canvas_box(c, r, false, "On real pictures", right), 1, 0);
    if (last < 0 && !other->probes) {
        bool now = s->live && s->news && !strcmp(s->news->phase, "probing");
        const char *text = now        ? "The first probe is being made."
                           : s->going ? "The first probe comes after ten seconds of training."
                                      : "This run was not probed.";
        canvas_wrap(c, rect_centre(in, in.w < 34 ? in.w : 34, 2), INK_DIM, text);
        return;
    }
    Plot plot = {.series = series,
                 .count = n,
                 .x0 = isfinite(s->from) ? s->from : 0,
                 .x1 = isfinite(s->to) ? s->to : last_step(s),
                 .y0 = NAN,
                 .y1 = NAN,
                 .y_decimals = -1,
                 .x_unit = "steps",
                 .level = level,
                 .levels = untrained_levels(level, label, own),
                 .cursor = isfinite(s->cursor),
                 .at = s->cursor,
                 .picture = picture};
    plot_draw(c, in, &plot);
}

/* The picture of one of the plots, in the colours that the text has now; NULL where curves are of braille. */
static PlotPicture *painted(const TrainScreen *s, const App *app, int which)
{
    if (!s->painted || !app_paints(app)) return NULL;
    PlotPicture *p = &s->painted[which];
    app_cell(app, &p->cell_w, &p->cell_h);
    app_colors(app, p->ground, p->ink);
    return p;
}

void curves_draw(const TrainScreen *s, const App *app, Canvas *c, Rect loss, Rect real)
{
    draw_loss(s, painted(s, app, 0), c, loss);
    if (!rect_empty(real)) draw_real(s, painted(s, app, 1), c, real);
}

void curves_close(TrainScreen *s)
{
    for (int i = 0; i < 2 && s->painted; i++) plot_picture_close(&s->painted[i]);
    free(s->painted);
    s->painted = NULL;
}

/* --- keys and mouse ------------------------------------------------------------------------------------- */

static float clampf(float x, float low, float high)
{
    return fminf(fmaxf(x, low), high);
}

/* The window follows the crosshair. */
static void keep_in_sight(TrainScreen *s)
{
    if (!isfinite(s->from) || !isfinite(s->cursor)) return;
    float shift = s->cursor < s->from ? s->cursor - s->from : s->cursor > s->to ? s->cursor - s->to : 0;
    s->from += shift;
    s->to += shift;
}

void curves_move(TrainScreen *s, const App *app, int columns)
{
    LossPlot l;
    float x, each = 1, whole = last_step(s);
    loss_plot(&l, s);
    plot_x(&x, &each, rect_inset(run_loss(app, app_body(app)), 2, 1), &l.plot, 0);
    each = fmaxf(roundf(each), 1);
    s->cursor = isfinite(s->cursor) ? s->cursor + (float)columns * each : whole;
    s->cursor = clampf(roundf(s->cursor), 0, whole);
    keep_in_sight(s);
}

void curves_zoom(TrainScreen *s, float factor)
{
    float whole = last_step(s), from = isfinite(s->from) ? s->from : 0, to = isfinite(s->to) ? s->to : whole;
    float about = isfinite(s->cursor) ? s->cursor : to,
          width = clampf(roundf((to - from) / factor), fminf(8, whole), whole);
    float left = to > from ? (about - from) / (to - from) : 1;
    s->from = clampf(roundf(about - left * width), 0, whole - width);
    s->to = s->from + width;
    if (width >= whole) s->from = s->to = NAN;
}

bool curves_click(TrainScreen *s, const App *app, int x, int y)
{
    LossPlot l;
    float at, each;
    Rect r = rect_inset(run_loss(app, app_body(app)), 2, 1);
    loss_plot(&l, s);
    if (!rect_has(r, x, y) || !plot_x(&at, &each, r, &l.plot, x)) return false;
    s->on_curves = true;
    s->cursor = clampf(roundf(at), 0, last_step(s));
    return true;
}

void curves_go(TrainScreen *s, float step)
{
    s->on_curves = true;
    s->cursor = clampf(step, 0, last_step(s));
    keep_in_sight(s);
}

void curves_whole(TrainScreen *s)
{
    s->from = s->to = s->cursor = NAN;
}
