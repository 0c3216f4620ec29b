/* What Neighbours asks about: a view, a picture file, a real picture; through whose eyes, by what metric,
 * among what. */
#include "tui/screens/neighbours_state.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const Image *near_query(const NeighboursScreen *s)
{
    if (s->kind == QUERY_FILE) return &s->picture;
    if (s->kind == QUERY_REAL)
        return s->news && s->ticket && s->news->ticket == s->ticket && s->news->asked.px ? &s->news->asked
                                                                                         : NULL;
    return s->painted && s->painted->ticket == s->wish && s->painted->done ? &s->painted->image[0] : NULL;
}

/* --- asking --------------------------------------------------------------------------------------------- */

static void begin(NeighboursScreen *s, QueryKind kind)
{
    s->kind = kind;
    s->ticket = s->wish = 0;
    s->item = 0;
    s->wall = (Grid){0};
    s->way.focus = false;
    image_free(&s->picture);
}

void near_ask_view(NeighboursScreen *s, App *app, const Address *a)
{
    World *w = app_world(app);
    begin(s, QUERY_VIEW);
    s->view = *a;
    s->wish = w->painter ? painter_ask(w->painter, PAINT_QUERY, a, 1) : 0;
}

void near_ask_real(NeighboursScreen *s, App *app, int origin)
{
    begin(s, QUERY_REAL);
    s->origin = origin;
    near_ask_finder(s, app);
}

void near_ask_picture(NeighboursScreen *s, App *app, Image *picture, const char *name, const char *path)
{
    begin(s, QUERY_FILE);
    s->picture = *picture;
    *picture = (Image){0};
    snprintf(s->name, sizeof s->name, "%.120s", name);
    snprintf(s->path, sizeof s->path, "%s", path);
    near_ask_finder(s, app);
}

void near_ask_finder(NeighboursScreen *s, App *app)
{
    Finder *f = world_finder(app);
    const Image *picture = near_query(s);
    if (!f || s->ticket || (s->kind != QUERY_REAL && !picture)) return;
    FinderQuery q = {.picture = s->kind == QUERY_REAL ? NULL : picture,
                     .origin = s->origin,
                     .k = FINDER_K,
                     .metric = s->metric,
                     .among = s->among};
    s->ticket = finder_ask(f, &q);
}

/* "real:17" */
static bool take_real(NeighboursScreen *s, App *app, const char *number)
{
    char *end;
    long n = strtol(number, &end, 10);
    if (end == number || *end || n < 0 || n > INT32_MAX)
        return app_notice(app, "\"%.40s\" is no number of a real picture, like real:17", number), true;
    return near_ask_real(s, app, (int)n), true;
}

static void take_view(App *app, const Address *a)
{
    Err err = {0};
    if (!world_show(app_world(app), a, &err)) app_fail(app, &err);
}

bool near_take_text(NeighboursScreen *s, App *app, const char *text)
{
    World *w = app_world(app);
    Thing t;
    Err err = {0};
    if (!strncmp(text, "real:", 5)) return take_real(s, app, text + 5);
    if (!strncmp(text, "seed=", 5)) {
        Address a;
        if (workspace_address(&a, w->workspace, text, &err))
            take_view(app, &a);
        else
            app_fail(app, &err);
        return true;
    }
    if (!thing_open(&t, w->workspace, text, &err)) return app_fail(app, &err), true;
    const char *slash = strrchr(text, '/');
    bool view = t.has_address && latent_check(w->g, &t.address, &err);
    if (view)
        take_view(app, &t.address);
    else if (t.kind == THING_ADDRESS)
        app_fail(app, &err);
    else if (t.kind == THING_PICTURE)
        near_ask_picture(s, app, &t.picture, slash ? slash + 1 : text, text);
    else
        app_notice(app, "%.200s is %s: a picture or an address can be asked about", text,
                   thing_kind_name(t.kind));
    thing_close(&t);
    return true;
}

/* --- the encoder ---------------------------------------------------------------------------------------- */

static void use_encoder(NeighboursScreen *s, App *app, Encoder *e, Encoder *untrained, const char *of)
{
    Finder *f = world_finder(app);
    if (!f) return;
    encoder_drop(s->encoder);
    s->encoder = encoder_keep(e);
    snprintf(s->encoder_of, sizeof s->encoder_of, "%s", of);
    finder_encoder(f, e, untrained);
}

static bool fits(const Encoder *e, const Generator *g)
{
    return e->config.side == g->config.size && e->config.channels == g->config.channels;
}

static void name_encoder(char out[32], const char *what)
{
    if (!*what)
        snprintf(out, 32, "the newest run");
    else if (!strcmp(what, "judge"))
        snprintf(out, 32, "the judge");
    else
        snprintf(out, 32, "%s%.20s", strchr(what, '/') ? "" : "run ", strchr(what, '/') ? "a file" : what);
}

/* A file or run by name, else the newest run that has one, else the judge; none of them is no error. */
void near_seek_encoder(NeighboursScreen *s, App *app)
{
    World *w = app_world(app);
    const char *what = w->encoder;
    Encoder *e = NULL, *untrained = NULL;
    Err err = {0};
    char of[32];
    snprintf(s->sought, sizeof s->sought, "%s", what);
    bool ok = workspace_encoder(&e, &untrained, w->workspace, what, &err);
    if (!ok && *what) app_fail(app, &err);
    if (!ok && !*what) ok = workspace_judge(&e, w->workspace, NULL, NULL), what = "judge";
    if (ok && fits(e, w->g)) {
        name_encoder(of, what);
        use_encoder(s, app, e, untrained, of);
    }
    encoder_drop(e);
    encoder_drop(untrained);
}

bool near_lacks_twin(const NeighboursScreen *s)
{
    return !strcmp(s->encoder_of, "the judge");
}

/* While a run goes on its newest weights are taken, but never before the bank of the last ones is full: else
 * none would. */
void near_follow_run(NeighboursScreen *s, App *app)
{
    World *w = app_world(app);
    TrainNews *n = w->train && !*w->encoder ? (TrainNews *)job_news(w->train) : NULL;
    char of[32];
    if (!n) return;
    int total = s->news ? s->news->total[AMONG_REAL] : 0;
    bool filling = s->encoder && total && s->news->filled[AMONG_REAL][SPACE_ENCODER] < total;
    if (n->encoder && w->g && fits(n->encoder, w->g) && n->encoder != s->encoder && !filling) {
        snprintf(of, sizeof of, "run %s step %llu", n->id, (unsigned long long)n->encoder_step);
        use_encoder(s, app, n->encoder, n->twin, of);
    }
    news_drop(&n->news);
}

/* --- how it looks for them ------------------------------------------------------------------------------ */

static void again(NeighboursScreen *s, App *app)
{
    s->ticket = 0;
    s->item = 0;
    s->wall = (Grid){0};
    near_ask_finder(s, app);
}

bool near_set_space(NeighboursScreen *s, App *app, const char *text)
{
    Space space = (Space)((s->space + 1) % (FINDER_SPACES - near_lacks_twin(s)));
    Err err = {0};
    if (text && !space_named(&space, text, &err)) return app_fail(app, &err), true;
    s->space = space;
    s->item = 0;
    s->wall = (Grid){0};
    return true;
}

bool near_set_metric(NeighboursScreen *s, App *app, const char *text)
{
    Metric m = (Metric)((s->metric + 1) % METRICS);
    Err err = {0};
    if (text && !metric_named(&m, text, &err)) return app_fail(app, &err), true;
    s->metric = m;
    again(s, app);
    return true;
}

bool near_set_among(NeighboursScreen *s, App *app, const char *text)
{
    Among among = (Among)((s->among + 1) % AMONGS);
    Err err = {0};
    if (text && !among_named(&among, text, &err)) return app_fail(app, &err), true;
    s->among = among;
    if (among == AMONG_TRAY) world_tray(app);
    again(s, app);
    return true;
}
