/* viewsmith train: an encoder, on generated views or real pictures. */
#include "cli/share.h"
#include "base/text.h"
#include <stdio.h>
#include <string.h>

static const Option options[] = {
    OPTION_MODEL,
    OPTION_DATA,
    OPTION_RUNS,
    {"source", OPTION_TEXT, "KIND", "generator", 0, 0, false,
     "generator, generator-latent, generator-pixel, or real"},
    {"objective", OPTION_TEXT, "NAME", NULL, 0, 0, false,
     "ntxent (SimCLR), supcon, inverter, supervised or vicreg (ntxent)"},
    {"view", OPTION_TEXT, "KINDS", NULL, 0, 0, false,
     "Latent views: gauss, angular, layers, independent, walk, walks, joined by +; none (gauss)"},
    {"seconds", OPTION_NUMBER, "X", NULL, 0.1, 1e7, false,
     "Budget in seconds, live probes included (300 when no --steps)"},
    {"steps", OPTION_INTEGER, "N", NULL, 1, 1e9, false, "Budget in steps: such a run resumes bit for bit"},
    {"encoder", OPTION_TEXT, "SIZE", NULL, 0, 0, false, "tiny, small, a (small)"},
    {"precision", OPTION_TEXT, "KIND", NULL, 0, 0, false,
     "float32, or bf16: faster on CPUs with a matrix unit (float32)"},
    {"pairs", OPTION_INTEGER, "N", NULL, 2, 8192, false, "Pairs of views in a step (256)"},
    {"rate", OPTION_NUMBER, "X", NULL, 1e-6, 10, false,
     "Learning rate (0.12; supervised 0.1, inverter 0.2, vicreg 0.02)"},
    {"temperature", OPTION_NUMBER, "X", NULL, 0.01, 10, false, "Of ntxent and supcon (0.2)"},
    {"tau-base", OPTION_NUMBER, "X", NULL, 0, 10, false,
     "Multiplies supcon's loss by temperature / X, as its authors' code by 0.07; 0: by 1 (0)"},
    {"sigma", OPTION_NUMBER, "X", NULL, 0, 10, false, "Strength of gauss and angular views (0.3)"},
    {"layers", OPTION_TEXT, "LIST", NULL, 0, 0, false, "Strengths of views of kind layers: 1-2:0.2,3-6:0.8"},
    {"reach", OPTION_NUMBER, "X", NULL, 0.001, 4, false, "Share of their measured reach that walks go (1)"},
    {"psi", OPTION_NUMBER, "X", NULL, 0, 2, false, "Truncation of anchors and views (1)"},
    {"anchors", OPTION_INTEGER, "N", NULL, 0, 9e15, false, "Only so many different anchors; 0: endless (0)"},
    {"neighbours", OPTION_INTEGER, "N", NULL, 0, 1e6, false,
     "With --anchors: so many views of each, made again and again; 0: a fresh one every time (0)"},
    {"labels-per-class", OPTION_INTEGER, "N", NULL, 0, 1e6, false,
     "Only so many real pictures of every class, drawn by the seed; 0: all (0)"},
    {"augment", OPTION_TEXT, "RECIPE", NULL, 0, 0, false,
     "Pixel views: genrep, colour, crop, light, none, or genrep:crop=0.3-1,flip=0,hue=0.1"},
    {"tray", OPTION_TEXT, "TAG", NULL, 0, 0, false,
     "A share of every batch begins at the tray's views with this tag; all: at any of them"},
    {"tray-share", OPTION_NUMBER, "X", "0.1", 0.001, 1, false, "That share"},
    {"mix", OPTION_NUMBER, "X", NULL, 0, 1, false,
     "Share of real pictures, augmented twice, among generated views (0)"},
    OPTION_SEED_OF("Of weights and views"),
    {"name", OPTION_TEXT, "NAME", NULL, 0, 0, false, "Name of the run"},
    {"resume", OPTION_TEXT, "RUN", NULL, 0, 0, false,
     "Go on with a run; --steps or --seconds gives it a new budget"},
    {"split", OPTION_TEXT, "SPLIT", "valid", 0, 0, false,
     "Probes at the end: quick, valid, test, none; test makes final figures only"},
    {"probe-share", OPTION_NUMBER, "X", "0.05", 0, 0.5, false, "Share of the time for live probes"},
    {"detach", OPTION_FLAG, NULL, NULL, 0, 0, false,
     "Begin, then go on as a process of its own (viewsmith runs RUN --set stop)"},
    {"at", OPTION_INTEGER, "STEP", NULL, 0, 9e15, false,
     "With --resume: go back to this kept checkpoint first (viewsmith runs RUN lists them)"},
    {"keep", OPTION_INTEGER, "N", "16", 0, 256, false,
     "Checkpoints kept of the way, evenly spaced, to go back to"},
    {"save-every", OPTION_NUMBER, "SECONDS", "30", 0.01, 86400, false, "Time between checkpoints"},
    {0},
};

static bool set_budget(TrainConfig *c, const Args *a, Err *err)
{
    bool steps = args_given(a, "steps"), seconds = args_given(a, "seconds");
    if (steps && seconds) return err_set(err, ERR_USAGE, "give --steps or --seconds, not both");
    if (steps) c->budget = (Budget){.steps = (uint64_t)args_integer(a, "steps")};
    if (seconds) c->budget = (Budget){.seconds = args_number(a, "seconds")};
    return true;
}

/* Options that are settings of a run (learn/train.h), which a resumed one keeps. */
static const struct {
    const char *option, *key;
} settings[] = {
    {"objective", "objective"},
    {"tau-base", "tau_base"},
    {"source", "views"},
    {"view", "view"},
    {"layers", "layers"},
    {"reach", "reach"},
    {"encoder", "encoder"},
    {"precision", "precision"},
    {"pairs", "pairs"},
    {"rate", "rate"},
    {"temperature", "temperature"},
    {"sigma", "sigma"},
    {"mix", "mix"},
    {"psi", "psi"},
    {"anchors", "anchors"},
    {"neighbours", "neighbours"},
    {"labels-per-class", "labels_per_class"},
    {"augment", "augment"},
};
enum { SETTINGS = sizeof settings / sizeof *settings };

static bool set_config(TrainConfig *c, const Args *a, Err *err)
{
    *c = train_defaults();
    c->budget = (Budget){.seconds = 300};
    c->seed = args_seed(a, "seed");
    for (int i = 0; i < SETTINGS; i++)
        if (args_given(a, settings[i].option) &&
            !train_config_set(c, settings[i].key, args_text(a, settings[i].option), err))
            return false;
    if (!args_given(a, "rate")) c->control.rate = objective_rate(c->objective);
    if (c->per_class && views_generated(c->maker) && !(c->control.mix > 0))
        return err_set(err, ERR_USAGE,
                       "--labels-per-class chooses among real pictures: give --source real or --mix");
    return set_budget(c, a, err) && train_check(c, err);
}

static bool set_end(TrainEnd *end, const char *text, Err *err)
{
    static const char *const name[] = {"none", "quick", "valid", "test"};
    for (int i = 0; i < 4; i++)
        if (!strcmp(name[i], text)) {
            *end = (TrainEnd)i;
            return true;
        }
    return err_set(err, ERR_USAGE, "--split is quick, valid, test or none, not \"%s\"", text);
}

/* What a resumed run may be given anew. */
static bool check_resume(const Args *a, Err *err)
{
    static const char *const more[] = {"seed", "name", "tray", "tray-share"};
    for (int i = 0; i < SETTINGS + (int)(sizeof more / sizeof *more); i++) {
        const char *option = i < SETTINGS ? settings[i].option : more[i - SETTINGS];
        if (args_given(a, option))
            return err_set(err, ERR_USAGE, "--%s belongs to a new run: a resumed one keeps its own settings",
                           option);
    }
    return true;
}

/* What the words say, before anything is opened. */
static bool read_words(TrainConfig *config, TrainEnd *end, const Args *a, Err *err)
{
    if (!set_end(end, args_text(a, "split"), err)) return false;
    if (args_given(a, "at") && !args_given(a, "resume"))
        return err_set(err, ERR_USAGE, "--at goes back in a run: give --resume RUN with it");
    return args_given(a, "resume") ? check_resume(a, err) : set_config(config, a, err);
}

/* Few views come often: they are then no negatives of one another. */
static void tell_tray(const Train *t, const Args *a)
{
    double share = args_number(a, "tray-share"), pairs = share * t->config.pairs;
    cli_note(a, "%d kept view%s, %g %% of every batch: %.0f of %d pairs%s", t->corners,
             t->corners == 1 ? "" : "s", 100 * share, pairs, t->config.pairs,
             pairs > t->corners ? "; the same view is no negative of itself" : "");
}

/* --tray TAG: a share of every batch begins at what is kept. */
static bool take_tray(Train *t, const Args *a, Err *err)
{
    Tray *tray;
    const char *tag = args_text(a, "tray");
    if (!tag) return true;
    if (!tray_open(&tray, NULL, err)) return false;
    bool ok = train_tray(t, tray, strcmp(tag, "all") ? tag : NULL, (float)args_number(a, "tray-share"), err);
    tray_close(tray);
    if (ok) tell_tray(t, a);
    return ok;
}

static Train *open_train(const Args *a, const Workspace *w, const TrainConfig *config, TrainEnd end, Err *err)
{
    const char *resume = args_text(a, "resume");
    Train *t = resume ? train_open_run(w, resume, err) : train_open(w, config, err);
    if (!t) return NULL;
    t->end = end;
    t->probe_share = (float)args_number(a, "probe-share");
    t->save_seconds = args_number(a, "save-every");
    t->keep = (int)args_integer(a, "keep");
    t->back = args_given(a, "at");
    if (t->back) t->back_to = (uint64_t)args_integer(a, "at");
    if (args_given(a, "name")) snprintf(t->name, sizeof t->name, "%s", args_text(a, "name"));
    if (!resume) args_line(t->command, sizeof t->command, a);
    if (set_budget(&t->config, a, err) && take_tray(t, a, err)) return t;
    train_close(t);
    return NULL;
}

static int report(const Args *a, const TrainNews *n, const Workspace *w)
{
    char views[32], linear[40], knn[40], linear0[40], knn0[40];
    Json *o = json_make();
    json_put_str(o, "run", n->id);
    text_count(views, sizeof views, (long long)n->now.views);
    cli_say(a, "run %s: %llu steps, %s views (%llu different pictures) in %.0f s", n->id,
            (unsigned long long)n->now.step + 1, views, (unsigned long long)n->now.unique, n->now.elapsed);
    if (n->ended_ok) {
        share_put_probe(o, &n->final, &n->final_untrained, n->split);
        share_figure(linear, &n->final.linear), share_figure(knn, &n->final.knn);
        share_figure(linear0, &n->final_untrained.linear), share_figure(knn0, &n->final_untrained.knn);
        cli_say(a, "%s images, linear probe: %s, untrained %s", n->split, linear, linear0);
        cli_say(a, "%s images, kNN:          %s, untrained %s", n->split, knn, knn0);
    }
    json_put_int(o, "views_seen", (int64_t)n->now.views);
    json_put_int(o, "unique", (int64_t)n->now.unique);
    json_put_num(o, "seconds", n->now.elapsed);
    json_put_num(o, "loss", n->now.loss);
    cli_say(a, "the run is %s/%s", w->runs, n->id);
    return cli_result(a, o);
}

/* Lets the run go on by itself once its first checkpoint is there. */
static int detach(Job *job, const Args *a, const Workspace *w)
{
    Err err = {0};
    char id[16] = "";
    for (bool going = true; going;) {
        bool ended = job_wait(job, 0.05);
        TrainNews *n = (TrainNews *)job_news(job);
        if (n) memcpy(id, n->id, sizeof id);
        going = !ended && !(n && n->now.views);
        if (n) news_drop(&n->news);
    }
    job_stop(job);
    job_wait(job, 3600);
    if (job_state(job) == JOB_FAILED && !job_result(job, &err)) return cli_fail(&err);
    if (job_state(job) == JOB_STOPPED && !train_detach(w->runs, id, &err)) return cli_fail(&err);
    cli_say(a, "run %s goes on by itself: viewsmith runs %s shows it, --set stop ends it", id, id);
    Json *o = json_make();
    json_put_str(o, "run", id);
    json_put_bool(o, "detached", job_state(job) == JOB_STOPPED);
    return cli_result(a, o);
}

static int finish(Job *job, const Args *a, const Workspace *w)
{
    Err err = {0};
    TrainNews *n = NULL;
    bool ok = share_watch_train(job, a, &n, &err);
    int status = ok ? report(a, n, w) : cli_fail(&err);
    if (n) news_drop(&n->news);
    return status;
}

static int train_command(const Args *a)
{
    Err err = {0};
    Workspace *w;
    TrainConfig config = train_defaults();
    TrainEnd end;
    if (!read_words(&config, &end, a, &err)) return cli_fail(&err);
    bool bare = args_given(a, "resume") || !views_generated(config.maker);
    if (!share_open(&w, a, bare, &err)) return cli_fail(&err);
    Train *t = open_train(a, w, &config, end, &err);
    cli_save_on_interrupt(true);
    Job *job = t ? train_start(t, (Bell){0}, &err) : NULL;
    int status = !job ? cli_fail(&err) : args_flag(a, "detach") ? detach(job, a, w) : finish(job, a, w);
    job_free(job);
    workspace_close(w);
    return status;
}

const Command command_train = {
    "[--seconds X | --steps N] [--source generator|real] [--resume RUN]",
    "Trains an encoder. Views come from the generator in memory (an anchor, a latent neighbour, pixel\n"
    "augmentation) or from real pictures augmented twice. Objectives: ntxent, two views alike and all\n"
    "others apart; supcon, all of a class alike; inverter, the z behind a view; supervised, its class;\n"
    "vicreg, alike without negatives. Views: gauss and angular displace z by --sigma, layers each style\n"
    "layer by its own strength, independent takes another z of the class, walk one of the model's walks,\n"
    "walks all of them. The run's folder holds config.json, metrics.jsonl, control.jsonl, TensorBoard\n"
    "events, checkpoints and the encoder.\n"
    "SIGINT saves and ends with status 130; kill -9 loses at most --save-every seconds.",
    "  viewsmith train --seconds 300\n  viewsmith train --source real --steps 600 --seed 1 --json\n"
    "  viewsmith train --objective supcon --view gauss+walk --anchors 4096 --neighbours 20\n"
    "  viewsmith train --objective supervised --source real --labels-per-class 60 --steps 600\n"
    "  viewsmith train --resume 0007 --steps 1200\n  viewsmith train --resume 0007 --at 400\n  viewsmith "
    "runs 0007 --set 'temperature 0.3'",
    options,
    0,
    0,
    train_command};
