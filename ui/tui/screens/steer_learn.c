/* A direction of one's own, learnt in place from tagged views, and what is known of it afterwards. */
#include "engine/direction_job.h"
#include "tui/screens/steer_state.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the two sets --------------------------------------------------------------------------------------- */

static bool tagged(Address **list, int *n, App *app, const char *tag, Err *err)
{
    const World *w = app_world(app);
    Tray *tray = world_tray(app);
    if (!tray) return err_set(err, ERR_IO, "the tray is not open");
    return direction_tagged(list, n, tray, w->g, tag, err);
}

/* "NAME from TAG [against TAG] [apart NAME,NAME]" */
static bool read_task(DirectionTask *t, App *app, const char *text, Err *err)
{
    char name[64] = "", from[64] = "", against[64] = "", apart[256] = "", line[512], *save = NULL;
    const struct {
        const char *word;
        char *to;
        size_t cap;
    } part[] = {
        {"from", from, sizeof from}, {"against", against, sizeof against}, {"apart", apart, sizeof apart}};
    snprintf(line, sizeof line, "%s", text);
    char *word = strtok_r(line, " ", &save);
    snprintf(name, sizeof name, "%s", word ? word : "");
    while ((word = strtok_r(NULL, " ", &save))) {
        size_t i = 0;
        while (i < 3 && strcmp(word, part[i].word)) i++;
        char *value = i < 3 ? strtok_r(NULL, " ", &save) : NULL;
        if (!value)
            return err_set(err, ERR_USAGE,
                           "a direction is learnt like: heel from worn [against plain] [apart zoom,pca-1]");
        snprintf(part[i].to, part[i].cap, "%s", value);
    }
    if (!*name || !*from || strlen(name) > ADDRESS_DIR_MAX)
        return err_set(err, ERR_USAGE,
                       "a direction is learnt like: heel from worn [against plain] [apart zoom,pca-1]");
    snprintf(t->name, sizeof t->name, "%.47s", name);
    snprintf(t->plus_name, sizeof t->plus_name, "%s", from);
    snprintf(t->minus_name, sizeof t->minus_name, "%s", against);
    for (char *one = strtok_r(apart, ",", &save); one && t->aparts < DIRECTION_APART;
         one = strtok_r(NULL, ",", &save))
        snprintf(t->apart[t->aparts++], sizeof t->apart[0], "%.47s", one);
    t->views = DIRECTION_VIEWS;
    return tagged(&t->plus, &t->pluses, app, from, err) &&
           (*against ? tagged(&t->minus, &t->minuses, app, against, err) : direction_plain(t, err));
}

/* --- the job -------------------------------------------------------------------------------------------- */

bool learn_begin(SteerScreen *s, App *app, const char *text)
{
    World *w = app_world(app);
    Err err = {0};
    DirectionTask *t = calloc(1, sizeof *t);
    if (!t) return true;
    if (!read_task(t, app, text, &err)) {
        direction_task_free(t);
        return app_fail(app, &err), true;
    }
    AppJob listed = {0};
    snprintf(listed.title, sizeof listed.title, "learn %.40s", t->name);
    s->learn = steer_job_end(app, s->learn);
    listed.job = s->learn = direction_start(w->workspace, t, NULL, w->bell, &err);
    if (!s->learn) return app_fail(app, &err), true;
    app_job_add(app, &listed);
    app_notice(app, "%s is under way: the slider appears among your own", listed.title);
    return true;
}

/* The slider appears with the focus on it, and its report. */
static void take(SteerScreen *s, App *app, const DirectionNews *n)
{
    const DirectionReport *r = &n->report;
    s->folded[GROUP_OWN] = false;
    steer_knobs(s, app);
    int at = steer_find_knob(s, n->dir);
    if (at >= 0) steer_focus_on(s, app, at);
    steer_ask(s, app);
    app_notice(app, "%.24s: tells %.0f %% of unseen views apart [%.0f, %.0f]%s%.20s", n->dir,
               100 * r->accuracy, 100 * r->accuracy_low, 100 * r->accuracy_high,
               *n->effect.caption ? " · " : "", n->effect.caption);
}

bool learn_tick(SteerScreen *s, App *app)
{
    Err err = {0};
    if (!s->learn || job_state(s->learn) == JOB_RUNNING || job_state(s->learn) == JOB_PAUSED) return false;
    DirectionNews *n = (DirectionNews *)job_news(s->learn);
    if (job_result(s->learn, &err) && n)
        take(s, app, n);
    else if (err.code && err.code != ERR_CANCELLED)
        app_fail(app, &err);
    if (n) news_drop(&n->news);
    s->learn = steer_job_end(app, s->learn);
    return true;
}

/* --- afterwards ----------------------------------------------------------------------------------------- */

/* From the card: how well it tells views apart, and the named directions it goes along with most. */
void learn_words(const OwnDirection *own, char *out, size_t cap)
{
    Json *card = own->card ? json_parse(own->card, strlen(own->card), "the card", NULL) : NULL;
    const Json *rows = card ? json_get(card, "entanglement") : NULL;
    double accuracy = card ? json_num(card, "accuracy", NAN) : (double)NAN;
    size_t at = 0;
    *out = '\0';
    if (isfinite(accuracy)) at = (size_t)snprintf(out, cap, "tells %.0f %% apart", 100 * accuracy);
    for (size_t i = 0; rows && i < json_count(rows) && i < 2 && at < cap; i++) {
        const Json *row = json_at(rows, i);
        double after = json_num(row, "after", 0);
        if (fabs(after) < 0.1) break;
        at += (size_t)snprintf(out + at, cap - at, "%s%s %+.2f", i ? ", " : " · along ",
                               json_str(row, "direction", ""), after);
    }
    json_drop(card);
}
