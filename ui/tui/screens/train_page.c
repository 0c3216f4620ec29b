/* The page before a run: what `s` will start, row by row, and the runs so far. */
#include "base/json.h"
#include "base/text.h"
#include "tui/screens/train_state.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_AT 15 /* column of the values */

/* --- settings ------------------------------------------------------------------------------------------- */

static const char *const encoders[] = {"tiny", "small", "a"};
static const int batches[] = {32, 64, 128, 256, 512};
static const uint64_t lengths[] = {100, 300, 600, 1200, 3000, 6000, 20000};

static int clamp(int v, int n)
{
    return v < 0 ? 0 : v >= n ? n - 1 : v;
}

static void change_encoder(TrainConfig *t, int by)
{
    int at = 0;
    for (int i = 0; i < 3; i++)
        if (!strcmp(encoders[i], t->encoder)) at = i;
    snprintf(t->encoder, sizeof t->encoder, "%s", encoders[clamp(at + by, 3)]);
}

static void change_precision(TrainConfig *t, int by)
{
    snprintf(t->precision, sizeof t->precision, "%s", by > 0 && train_has_bf16() ? "bf16" : "float32");
}

static void change_pairs(TrainConfig *t, int by)
{
    int at = 0, n = sizeof batches / sizeof *batches;
    while (at < n - 1 && batches[at] < t->pairs) at++;
    t->pairs = batches[clamp(at + by, n)];
}

static void change_steps(TrainConfig *t, int by)
{
    int at = 0, n = sizeof lengths / sizeof *lengths;
    while (at < n - 1 && lengths[at] < t->budget.steps) at++;
    t->budget.steps = lengths[clamp(at + by, n)];
}

/* Sources in the order of their table, without generated ones where no generator is open. */
static void change_source(TrainConfig *t, const World *w, int by)
{
    int at = clamp((int)t->maker + by, VIEWS_COUNT);
    if (w->g || !views_generated((ViewMaker)at)) t->maker = (ViewMaker)at;
}

/* Objectives in the order of their table, each with its own rate. */
static void change_objective(TrainConfig *t, int by)
{
    t->objective = (Objective)clamp((int)t->objective + by, OBJECTIVE_COUNT);
    t->control.rate = objective_rate(t->objective);
}

/* Strengths for views of kind layers where none are set: sigma in every layer. */
static void fill_layers(TrainConfig *t, const Generator *g)
{
    for (int l = 0; l < ADDRESS_LAYERS_MAX; l++)
        if (t->plan.layer[l] > 0) return;
    for (int l = 0; l < g->layers; l++) t->plan.layer[l] = t->control.sigma;
}

/* The kinds that the open generator can make, and two together. */
static void change_view(TrainConfig *t, const World *w, int by)
{
    static const uint32_t kinds[] = {
        1u << VIEW_GAUSS,       1u << VIEW_ANGULAR, 1u << VIEW_LAYERS,
        1u << VIEW_WALK,        1u << VIEW_WALKS,   1u << VIEW_GAUSS | 1u << VIEW_WALK,
        1u << VIEW_INDEPENDENT,
    };
    int n = sizeof kinds / sizeof *kinds, at = 0;
    while (at < n - 1 && kinds[at] != t->plan.kinds) at++;
    for (at += by; w->g && at >= 0 && at < n; at += by) {
        TrainConfig with = *t;
        with.plan.kinds = kinds[at];
        fill_layers(&with, w->g);
        if (!view_plan_check(&with.plan, w->g, NULL)) continue;
        t->plan.kinds = with.plan.kinds;
        if (kinds[at] == 1u << VIEW_LAYERS) t->plan = with.plan;
        return;
    }
}

static void change_anchors(TrainConfig *t, int by)
{
    static const uint64_t pools[] = {0, 64000, 16000, 4096, 1000};
    int at = 0, n = sizeof pools / sizeof *pools;
    while (at < n - 1 && pools[at] != t->anchors) at++;
    t->anchors = pools[clamp(at + by, n)];
    if (!t->anchors) t->neighbours = 0;
}

static float moved(float value, float by, float low, float high)
{
    float to = roundf((value + by) * 1000) / 1000;
    return fminf(fmaxf(to, low), high);
}

static void change_tray(TrainConfig *t, int by)
{
    static const float shares[] = {0, 0.05f, 0.1f, 0.25f, 0.5f};
    int at = 0, n = sizeof shares / sizeof *shares;
    while (at < n - 1 && shares[at] < t->control.share) at++;
    t->control.share = shares[clamp(at + by, n)];
}

void page_change(TrainScreen *s, const World *w, int by)
{
    TrainConfig *t = &s->next;
    TrainControl *k = &t->control;
    switch (s->setting) {
    case SETTING_SOURCE:
        change_source(t, w, by);
        break;
    case SETTING_OBJECTIVE:
        change_objective(t, by);
        break;
    case SETTING_VIEW:
        change_view(t, w, by);
        break;
    case SETTING_ANCHORS:
        change_anchors(t, by);
        break;
    case SETTING_SIGMA:
        k->sigma = moved(k->sigma, 0.05f * (float)by, 0, 3);
        break;
    case SETTING_TEMPERATURE:
        k->temperature = moved(k->temperature, 0.05f * (float)by, 0.05f, 2);
        break;
    case SETTING_RATE:
        k->rate = moved(k->rate, 0.02f * (float)by, 0.02f, 1);
        break;
    case SETTING_PAIRS:
        change_pairs(t, by);
        break;
    case SETTING_ENCODER:
        change_encoder(t, by);
        break;
    case SETTING_PRECISION:
        change_precision(t, by);
        break;
    case SETTING_PSI:
        t->psi = moved(t->psi, 0.05f * (float)by, 0.05f, 1.5f);
        break;
    case SETTING_TRAY:
        change_tray(t, by);
        break;
    case SETTING_MIX:
        k->mix = moved(k->mix, 0.05f * (float)by, 0, 1);
        break;
    case SETTING_STEPS:
        change_steps(t, by);
        break;
    case SETTING_SEED:
        t->seed = by < 0 && !t->seed ? 0 : t->seed + (uint64_t)by;
        break;
    default:
        break;
    }
    page_estimate(s, w);
}

typedef struct {
    const char *name, *note;
    char value[VIEW_KINDS_TEXT];
} Row;

static void number(Row *row, const char *name, double value, int decimals, const char *note)
{
    row->name = name;
    row->note = note;
    snprintf(row->value, sizeof row->value, "%.*f", decimals, value);
}

static void word(Row *row, const char *name, const char *value, const char *note)
{
    row->name = name;
    row->note = note;
    snprintf(row->value, sizeof row->value, "%s", value);
}

static const char *view_note(uint32_t kinds)
{
    for (int k = 0; k < VIEW_KIND_COUNT; k++)
        if (kinds == 1u << k) return view_kind_help((ViewKind)k);
    return kinds ? "several together: how the positive differs from its anchor" : "the anchor's own picture";
}

static void fill_rows(Row row[SETTINGS], const TrainScreen *s)
{
    char count[32], tray[VIEW_KINDS_TEXT], kinds[VIEW_KINDS_TEXT];
    const TrainConfig *t = &s->next;
    const TrainControl *k = &t->control;
    word(&row[SETTING_SOURCE], "learns from", views_name(t->maker), views_help(t->maker));
    word(&row[SETTING_OBJECTIVE], "objective", objective_name(t->objective), objective_help(t->objective));
    view_kinds_text(kinds, t->plan.kinds);
    word(&row[SETTING_VIEW], "latent view", kinds, view_note(t->plan.kinds));
    text_count(count, sizeof count, (long long)t->anchors);
    snprintf(tray, sizeof tray, "%s \u00d7 %llu", count, (unsigned long long)t->neighbours);
    word(&row[SETTING_ANCHORS], "anchors",
         !t->anchors     ? "endless"
         : t->neighbours ? tray
                         : count,
         "different anchors, again and again (:next-run neighbours 5: so many views of each)");
    number(&row[SETTING_SIGMA], "sigma", (double)k->sigma, 2, "how far apart in z the views of a pair lie");
    number(&row[SETTING_TEMPERATURE], "temperature", (double)k->temperature, 2,
           "lower: hard negatives weigh more");
    number(&row[SETTING_RATE], "learning rate", (double)k->rate, 3,
           "warms up, then falls to 0 along a cosine");
    number(&row[SETTING_PAIRS], "pairs", t->pairs, 0, "in a batch; all others are the negatives");
    word(&row[SETTING_ENCODER], "encoder", t->encoder, "a small ResNet with a projection head");
    word(&row[SETTING_PRECISION], "precision", t->precision,
         "bf16 is faster where the CPU has a matrix unit");
    number(&row[SETTING_PSI], "psi", (double)t->psi, 2, "truncation of the generator; 1: none");
    snprintf(tray, sizeof tray, "%.0f %%%s%.20s", 100 * (double)t->control.share, *s->tray ? " \u00b7 " : "",
             s->tray);
    word(&row[SETTING_TRAY], "from the tray", t->control.share > 0 ? tray : "0 %",
         "share of each batch that begins at kept views (:tray-share 0.1 TAG)");
    snprintf(tray, sizeof tray, "%.0f %%", 100 * (double)k->mix);
    word(&row[SETTING_MIX], "real mixed in", tray,
         "share of the other pairs that are one real picture, cropped twice");
    text_count(count, sizeof count, (long long)t->budget.steps);
    word(&row[SETTING_STEPS], "steps", count, "the run is the same each time, bit for bit");
    number(&row[SETTING_SEED], "seed", (double)t->seed, 0, "of the weights and of the stream of views");
}

/* A setting that the source leaves without meaning. */
static bool idle(const TrainConfig *t, int setting)
{
    bool latent = t->maker == VIEWS_GENERATOR || t->maker == VIEWS_GENERATOR_LATENT;
    bool generator = setting == SETTING_PSI || setting == SETTING_TRAY || setting == SETTING_MIX ||
                     setting == SETTING_ANCHORS;
    if (setting == SETTING_VIEW) return !latent;
    if (setting == SETTING_SIGMA) return !latent || !view_takes_sigma(&t->plan);
    if (setting == SETTING_TEMPERATURE) return !objective_contrasts(t->objective);
    return generator && !views_generated(t->maker);
}

/* The first row of settings in sight where not all have room. */
static int first_row(const TrainScreen *s, int rows)
{
    int last = (int)s->setting - rows + 1;
    return last > 0 ? last : 0;
}

static void draw_settings(const TrainScreen *s, Canvas *c, Rect r)
{
    Row row[SETTINGS];
    fill_rows(row, s);
    Rect in = rect_inset(canvas_box(c, r, !s->in_runs, "Next run", r.w >= 34 ? "h l change" : NULL), 1, 0);
    int top = first_row(s, in.h);
    for (int i = top; i < SETTINGS && i - top < in.h; i++) {
        bool on = !s->in_runs && i == (int)s->setting, quiet = idle(&s->next, i);
        int y = in.y + i - top, x = in.x + VALUE_AT;
        canvas_text(c, in.x, y, VALUE_AT - 1, on ? INK_TEXT | STYLE_BOLD : INK_DIM, row[i].name);
        canvas_text(c, x, y, in.w - VALUE_AT,
                    quiet ? INK_FAINT
                    : on  ? INK_ACCENT | STYLE_BOLD
                          : INK_TEXT,
                    row[i].value);
        if (on) canvas_tint(c, (Rect){r.x + 1, y, r.w - 2, 1}, STYLE_BAR);
        if (on) canvas_put(c, r.x + 1, y, INK_ACCENT | STYLE_BAR, U'▸');
    }
    if (in.h < SETTINGS + 2) return;
    rect_cut_top(&in, SETTINGS + 1);
    canvas_wrap(c, in, INK_FAINT,
                idle(&s->next, (int)s->setting) ? "Not used with this source, view or objective."
                                                : row[s->setting].note);
}

/* --- what it means -------------------------------------------------------------------------------------- */

/* What the generator has seen, from its card. */
static void card_sentence(char *out, size_t cap, const Generator *g)
{
    Json *card = g->card ? json_parse(g->card, strlen(g->card), "card", NULL) : NULL;
    const char *data = card ? json_str(card, "data", NULL) : NULL;
    if (data)
        snprintf(out, cap, "The generator itself was trained on this: %s%s", data,
                 json_bool(card, "labels", false) ? " It was told their labels." : "");
    else
        snprintf(out, cap, "What the generator %s was trained on, its card does not say.", g->slug);
    json_drop(card);
}

static const char *objective_meaning(Objective o)
{
    static const char *const meaning[] = {
        [OBJECTIVE_NTXENT] =
            "by contrast (SimCLR): two views of one thing shall look alike to it, all others not",
        [OBJECTIVE_SUPCON] = "by contrast within classes (SupCon): all views of a class shall look alike to "
                             "it, all others not",
        [OBJECTIVE_INVERTER] = "to find the z that a view was made of",
        [OBJECTIVE_SUPERVISED] = "to name the class of what it sees",
        [OBJECTIVE_VICREG] = "without negatives (VICReg): two views of one thing alike, every dimension "
                             "spread and unlike the others",
    };
    return meaning[o];
}

static void explain(char *out, size_t cap, const TrainConfig *t, const World *w)
{
    char views[32], card[700] = "";
    uint64_t each = 2 * (uint64_t)t->pairs, all = each * t->budget.steps;
    text_count(views, sizeof views, (long long)all);
    if (w->g && views_generated(t->maker)) card_sentence(card, sizeof card, w->g);
    snprintf(out, cap, "An encoder learns %s. It is told %s. %s views in %llu steps of %llu, %s.\n \n%s",
             objective_meaning(t->objective), objective_labels(t->objective) ? "their classes" : "no labels",
             views, (unsigned long long)t->budget.steps, (unsigned long long)each,
             views_generated(t->maker) ? "made as they are needed and kept nowhere"
                                       : "cut anew from real pictures each time",
             card);
}

static void draw_meaning(const TrainScreen *s, const World *w, Canvas *c, Rect r)
{
    char text[1600];
    if (rect_empty(r)) return;
    explain(text, sizeof text, &s->next, w);
    Rect in = rect_inset(canvas_box(c, r, false, "What it will do", NULL), 1, 0), line = rect_cut_top(&in, 1);
    canvas_text(c, line.x, line.y, 1, INK_ACCENT | STYLE_BOLD, "s");
    canvas_text(c, line.x + 2, line.y, line.w - 2, INK_TEXT, "starts it, and you go on browsing meanwhile.");
    if (in.h > 8) rect_cut_top(&in, 1);
    int used = canvas_wrap(c, in, INK_DIM, text);
    rect_cut_top(&in, used + 1);
    canvas_wrap(c, in, s->too_much ? INK_WARN : INK_DIM, s->needs);
}

/* --- runs so far ---------------------------------------------------------------------------------------- */

void page_estimate(TrainScreen *s, const World *w)
{
    TrainNeeds needs;
    char memory[16], disk[16];
    s->needs[0] = 0;
    s->too_much = false;
    if (!w->g || !train_needs(&needs, w->workspace, &s->next, NULL)) return;
    text_bytes(memory, sizeof memory, needs.memory);
    text_bytes(disk, sizeof disk, needs.disk);
    s->too_much = needs.memory > needs.memory_free || needs.disk > needs.disk_free;
    snprintf(s->needs, sizeof s->needs, "It will take about %s of memory and %s of disk%s", memory, disk,
             s->too_much ? ", more than is free: fewer pairs, or a smaller encoder." : ".");
}

void page_open(TrainScreen *s, const World *w)
{
    page_estimate(s, w);
    free(s->run);
    s->run = NULL;
    s->runs = runs_list(&s->run, w->workspace->runs, NULL);
    if (s->runs < 0) s->runs = 0;
    for (long i = 0; i < s->runs / 2; i++) { /* newest first */
        RunInfo swap = s->run[i];
        s->run[i] = s->run[s->runs - 1 - i];
        s->run[s->runs - 1 - i] = swap;
    }
    if (s->at >= s->runs) s->at = 0;
    if (!s->runs) s->in_runs = false;
}

void page_close(TrainScreen *s)
{
    if (s->preview) news_drop(&s->preview->news);
    free(s->run);
    s->run = NULL;
}

static void draw_run(Canvas *c, Rect r, int y, const RunInfo *run, bool on)
{
    char steps[32];
    text_count(steps, sizeof steps, (long long)run->step + 1);
    bool running = !strcmp(run->state, "running");
    canvas_text(c, r.x, y, 5, on ? INK_ACCENT | STYLE_BOLD : INK_TEXT, run->id);
    int right = r.x + r.w;
    if (r.w >= 30) {
        if (isfinite(run->knn))
            canvas_print(c, right - 11, y, 11, INK_TEXT, "%4.1f  %4.1f", 100 * run->knn, 100 * run->linear);
        right -= 13;
    }
    if (r.w >= 44) {
        canvas_right(c, right, y, 8, INK_DIM, steps);
        right -= 10;
    }
    if (r.w >= 56) {
        canvas_text(c, right - 8, y, 8, running ? INK_GOOD : INK_DIM, run->state);
        right -= 9;
    }
    canvas_print(c, r.x + 6, y, right - r.x - 6, INK_DIM, "%s%s%s %s", run->name, *run->name ? " " : "",
                 run->maker, run->encoder);
}

static void draw_runs(const TrainScreen *s, Canvas *c, Rect r)
{
    char right[32];
    snprintf(right, sizeof right, "%skNN  linear", r.w >= 48 ? "steps   " : "");
    Rect in =
        rect_inset(canvas_box(c, r, s->in_runs, "Runs so far", s->runs && r.w >= 40 ? right : NULL), 1, 0);
    if (!s->runs) {
        canvas_wrap(c, in, INK_DIM,
                    "None yet. What a run has learnt stays here, to be opened, compared and gone on with.");
        return;
    }
    long top = s->at >= in.h ? s->at - in.h + 1 : 0;
    for (int i = 0; i < in.h && top + i < s->runs; i++) {
        bool on = s->in_runs && top + i == s->at;
        draw_run(c, in, in.y + i, &s->run[top + i], on);
        if (on) canvas_tint(c, (Rect){r.x + 1, in.y + i, r.w - 2, 1}, STYLE_BAR);
        if (on) canvas_put(c, r.x + 1, in.y + i, INK_ACCENT | STYLE_BAR, U'▸');
    }
}

/* --- the first pairs ------------------------------------------------------------------------------------ */

static bool same_stream(const Stream *a, const Stream *b)
{
    return a->seed == b->seed && !memcmp(&a->psi, &b->psi, sizeof a->psi) &&
           !memcmp(&a->sigma, &b->sigma, sizeof a->sigma) && a->plan.kinds == b->plan.kinds &&
           !memcmp(&a->plan.reach, &b->plan.reach, sizeof a->plan.reach) &&
           !memcmp(a->plan.layer, b->plan.layer, sizeof a->plan.layer);
}

bool page_preview(TrainScreen *s, App *app)
{
    World *w = app_world(app);
    Address list[2 * PREVIEW];
    if (!w->g || !w->painter || !views_generated(s->next.maker)) return false;
    Stream stream = train_stream(&s->next, w->g);
    if (!view_plan_check(&stream.plan, w->g, NULL)) return false;
    if (!s->preview_wish || !same_stream(&stream, &s->preview_of)) {
        for (int i = 0; i < PREVIEW; i++) stream_pair(&list[i], &list[PREVIEW + i], &stream, (uint64_t)i);
        s->preview_wish = painter_ask(w->painter, PAINT_PAIRS, list, 2 * PREVIEW);
        s->preview_of = stream;
    }
    return world_take(app, PAINT_PAIRS, &s->preview);
}

/* Anchors above, what becomes their positives below: how strong sigma is can be seen. */
static void draw_preview(const TrainScreen *s, const App *app, Canvas *c, Rect r)
{
    int cw, ch;
    char right[96] = "", kinds[VIEW_KINDS_TEXT];
    if (rect_empty(r)) return;
    app_cell(app, &cw, &ch);
    bool made = views_generated(s->next.maker);
    if (made) view_kinds_text(kinds, s->preview_of.plan.kinds);
    if (made && view_takes_sigma(&s->preview_of.plan))
        snprintf(right, sizeof right, "%s %.2f \u00b7 before crop and light", kinds,
                 (double)s->preview_of.sigma);
    else if (made)
        snprintf(right, sizeof right, "%s \u00b7 before crop and light", kinds);
    Rect in = rect_inset(canvas_box(c, r, false, "Its first pairs", right), 1, 0);
    if (!made) {
        canvas_wrap(c, in, INK_DIM, "Two different crops of one real picture are a pair.");
        return;
    }
    int h = in.h / 2, w = (h * ch + cw / 2) / cw, n = (in.w + 1) / (w + 1);
    for (int i = 0; s->preview && i < n && i < PREVIEW; i++)
        for (int k = 0; k < 2; k++) {
            int at = k * PREVIEW + i;
            Rect tile = {in.x + i * (w + 1), in.y + k * h, w, h};
            if (at < s->preview->done)
                canvas_picture(c, tile, &s->preview->image[at], canvas_image_id(&s->preview->image[at]));
        }
}

/* --- the page ------------------------------------------------------------------------------------------- */

typedef struct {
    Rect settings, meaning, preview, runs;
} PageLayout;

static PageLayout page_layout(Rect area)
{
    PageLayout l = {0};
    bool wide = area.w >= 76, high = area.h >= 26;
    int rows = SETTINGS + (high ? 5 : 2);
    Rect top = rect_cut_top(&area, rows > area.h - 3 ? area.h - 3 : rows); /* a run is always in sight */
    if (wide) {
        l.settings = rect_cut_left(&top, top.w * 2 / 5);
        l.meaning = top;
    } else {
        l.settings = top;
    }
    if (area.h >= 9)
        l.preview = rect_cut_top(&area, area.h >= 26   ? 14
                                        : area.h >= 20 ? 10
                                        : area.h >= 14 ? 8
                                                       : area.h - 4);
    l.runs = area;
    return l;
}

void page_view(const TrainScreen *s, const App *app, Canvas *c, Rect area)
{
    PageLayout l = page_layout(area);
    draw_settings(s, c, l.settings);
    draw_meaning(s, app_world(app), c, l.meaning);
    draw_preview(s, app, c, l.preview);
    draw_runs(s, c, l.runs);
}

void page_move(TrainScreen *s, int by)
{
    if (s->in_runs) {
        s->at += by;
        s->at = s->at < 0 ? 0 : s->at >= s->runs ? s->runs - 1 : s->at;
    } else {
        s->setting = (Setting)clamp((int)s->setting + by, SETTINGS);
    }
}

bool page_click(TrainScreen *s, Rect area, int x, int y)
{
    PageLayout l = page_layout(area);
    Rect in = rect_inset(l.settings, 2, 1), runs = rect_inset(l.runs, 2, 1);
    int row = first_row(s, in.h) + y - in.y;
    if (rect_has(in, x, y) && row < SETTINGS) {
        s->in_runs = false;
        s->setting = (Setting)row;
        return true;
    }
    long top = s->at >= runs.h ? s->at - runs.h + 1 : 0, at = top + y - runs.y;
    if (!rect_has(runs, x, y) || at >= s->runs) return false;
    s->in_runs = true;
    s->at = at;
    return true;
}
