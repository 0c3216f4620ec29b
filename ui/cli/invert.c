/* viewsmith invert: a picture file becomes an address that the generator makes again, and that can be
 * steered. */
#include "cli/open.h"
#include "base/text.h"
#include "data/picture.h"
#include "engine/export.h"
#include "engine/invert_job.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const Option options[] = {
    OPTION_MODEL,
    {"class", OPTION_TEXT, "NAME|N", NULL, 0, 0, false,
     "Class by name or number (that of the nearest seeds)"},
    {"steps", OPTION_INTEGER, "N", "300", 1, 100000, false, "Of descent"},
    {"seeds", OPTION_INTEGER, "N", "512", 1, 1000000, false, "That are looked through for a start"},
    {"from", OPTION_TEXT, "ADDRESS", NULL, 0, 0, false, "Go on from this view instead"},
    {"rate", OPTION_NUMBER, "X", NULL, 1e-6, 10, false, "Of Adam, in standard deviations of w (0.1)"},
    {"feature", OPTION_NUMBER, "X", NULL, 0, 1000, false,
     "Weight of the judge's features beside pixels (0.1)"},
    {"pull", OPTION_NUMBER, "X", NULL, 0, 1000, false,
     "Weight of the distance from the class's mean (0.002)"},
    {"out", OPTION_TEXT, "PNG", NULL, 0, 0, false, "Save the view that was found, with its address"},
    {"scale", OPTION_INTEGER, "N", "8", 1, 32, false, "Enlarge pixels"},
    OPTION_SEED_OF("First of the seeds"),
    {0},
};

static bool read_config(InvertConfig *c, Address *from, const Args *a, const Workspace *w, Err *err)
{
    *c = invert_defaults();
    c->steps = (int)args_integer(a, "steps");
    c->seeds = (int)args_integer(a, "seeds");
    c->seed = args_seed(a, "seed");
    if (args_given(a, "rate")) c->rate = (float)args_number(a, "rate");
    if (args_given(a, "feature")) c->feature = (float)args_number(a, "feature");
    if (args_given(a, "pull")) c->pull = (float)args_number(a, "pull");
    if (args_given(a, "from") && args_given(a, "class"))
        return err_set(err, ERR_USAGE, "give --from or --class: the view has a class of its own");
    if (args_given(a, "from")) {
        if (!open_address(from, w, args_text(a, "from"), err)) return false;
        c->from = from;
    }
    return workspace_class(&c->class, w, args_text(a, "class"), err);
}

static void show(const Args *a, const InvertNews *n)
{
    char left[32] = "?";
    if (isfinite(n->left)) text_duration(left, sizeof left, n->left);
    cli_progress(a, "step %d of %d  off by %.1f of 255  %s left", n->now.step, n->now.steps, n->now.pixel,
                 left);
}

static void watch(Job *job, const Args *a, InvertNews *last)
{
    for (bool ended = false; !ended;) {
        ended = job_wait(job, 0.1);
        if (cli_interrupted()) job_stop(job);
        InvertNews *n = (InvertNews *)job_news(job);
        if (!n) continue;
        *last = *n;
        show(a, n);
        news_drop(&n->news);
    }
}

static bool save(const Args *a, const Workspace *w, const Address *found, Err *err)
{
    const char *out = args_text(a, "out");
    if (!out) return true;
    Pool *pool = open_pool(err);
    Latent *l = pool ? latent_new(w->generator, 1, NULL, pool, err) : NULL;
    bool ok = l && export_view(out, l, found, (int)args_integer(a, "scale"), err);
    latent_free(l);
    pool_free(pool);
    if (ok) cli_note(a, "saved %s", out);
    return ok;
}

static int report(const Args *a, const Workspace *w, const InvertNews *n)
{
    char text[ADDRESS_BYTES_MAX + 1];
    Err err = {0};
    if (!address_print(text, &n->address, &err) || !save(a, w, &n->address, &err)) return cli_fail(&err);
    Json *o = json_make();
    json_put_str(o, "address", text);
    json_put_num(o, "pixel_rmse", n->now.pixel);
    json_put_num(o, "feature_distance", n->now.feature);
    json_put_num(o, "away", n->now.away);
    json_put_int(o, "class", n->now.class);
    json_put_int(o, "steps", n->now.steps);
    if (args_given(a, "out")) json_put_str(o, "file", args_text(a, "out"));
    cli_note(a, "off by %.1f of 255, features by %.4f; %.2f from the class's mean, where 1 is typical",
             n->now.pixel, n->now.feature, n->now.away);
    cli_say(a, "%s", text);
    return cli_result(a, o);
}

static bool invert(InvertNews *last, const Args *a, const Workspace *w, Err *err)
{
    Image picture = {0};
    InvertConfig c;
    Address from;
    if (!read_config(&c, &from, a, w, err) || !picture_load(a->word[0], &picture, err)) return false;
    cli_save_on_interrupt(true); /* the job ends at its next step */
    Job *job = invert_start(w, &picture, &c, NULL, NULL, 0, (Bell){0}, err);
    if (job) watch(job, a, last);
    bool ok = job && job_result(job, err);
    job_free(job);
    image_free(&picture);
    return ok;
}

static int invert_command(const Args *a)
{
    Err err = {0};
    Workspace *w = NULL;
    InvertNews last = {0};
    bool ok = share_open(&w, a, false, &err) && invert(&last, a, w, &err);
    int status = ok ? report(a, w, &last) : cli_fail(&err);
    workspace_close(w);
    return status;
}

const Command command_invert = {
    "PICTURE [--class NAME] [--out PNG]",
    "Looks for styles whose picture is like PICTURE (PNG or JPEG, cut and scaled as the generator makes\n"
    "them) and prints their address: latent=wp.HASH, kept in the store of latents, which can be steered\n"
    "like any other. Pixels and the judge's features are compared; a pull to the mean of the class keeps\n"
    "the result in what the generator makes well. The same command finds the same address.",
    "  viewsmith invert boot.jpg --out found.png\n  viewsmith invert boot.png --from boot-view.png --steps "
    "1000",
    options,
    1,
    1,
    invert_command};
