/* viewsmith fit: trains a generator on real pictures and writes the file that everything else opens. */
#include "cli/cli.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/fit_job.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const Option options[] = {
    {"out", OPTION_TEXT, "DIR", NULL, 0, 0, false, "Folder of the run: checkpoint, log, sample sheets"},
    {"data", OPTION_TEXT, "NAME|PATH", "fashion", 0, 0, false,
     "Real pictures: fashion, mnist, cifar10, a package of these, or class folders of PNG or JPEG"},
    {"split", OPTION_TEXT, "train|full-train", "train", 0, 0, false,
     "train leaves the held-out validation pictures out"},
    {"size", OPTION_INTEGER, "N", NULL, 8, 256, false, "Side in pixels for a folder; divisible by 4"},
    {"channels", OPTION_INTEGER, "1|3", NULL, 1, 3, false, "Grey or colour for a folder"},
    {"unconditional", OPTION_FLAG, NULL, NULL, 0, 0, false, "No classes: labels are not looked at"},
    {"images", OPTION_INTEGER, "N", NULL, 0, 1e10, false, "Real images to see in all"},
    {"resume", OPTION_FLAG, NULL, NULL, 0, 0, false, "Go on from the folder's checkpoint with its settings"},
    {"export", OPTION_TEXT, "FILE", NULL, 0, 0, false,
     "Where the generator goes at the end (DIR/generator.safetensors)"},
    {"export-only", OPTION_FLAG, NULL, NULL, 0, 0, false,
     "Write the generator from the checkpoint as it is, train nothing"},
    {"slug", OPTION_TEXT, "NAME", NULL, 0, 0, false, "The model's name in addresses (a-z, 0-9, -)"},
    {"seed", OPTION_SEED, "N", NULL, 0, 0, false, "Of weights, order and latents"},
    {"save-every", OPTION_NUMBER, "SECONDS", NULL, 0.01, 86400, false, "Time between checkpoints"},
    {"sheet-every", OPTION_INTEGER, "N", NULL, 1, 1e10, false, "Images between sample sheets"},
    {"batch", OPTION_INTEGER, "N", NULL, 2, 4096, false, "Real images per step, even"},
    {"widths", OPTION_TEXT, "A,B,C", NULL, 0, 0, false, "Generator channels, coarse to fine"},
    {"critic", OPTION_TEXT, "chain|residual", NULL, 0, 0, false,
     "Plain critic of three widths, or blocks that halve"},
    {"critic-widths", OPTION_TEXT, "A,B,...", NULL, 0, 0, false,
     "Critic channels, fine to coarse; residual: one more than blocks"},
    {"flip", OPTION_INTEGER, "0|1", NULL, 0, 1, false, "1: show half of the real pictures mirrored"},
    {"precision", OPTION_TEXT, "KIND", NULL, 0, 0, false,
     "float32, or bf16: faster on CPUs with a matrix unit (float32)"},
    {"colour", OPTION_NUMBER, "X", NULL, 0, 1, false,
     "Colour changes of what the critic sees (1: DiffAugment's)"},
    {"translation", OPTION_NUMBER, "X", NULL, 0, 0.5, false,
     "Largest shift of it, share of the side (DiffAugment: 0.125)"},
    {"cutout", OPTION_NUMBER, "X", NULL, 0, 1, false, "Side of the grey square in it (DiffAugment: 0.5)"},
    {"z-dim", OPTION_INTEGER, "N", NULL, 1, 4096, false, "Numbers in z"},
    {"w-dim", OPTION_INTEGER, "N", NULL, 1, 4096, false, "Numbers in w"},
    {"mapping-layers", OPTION_INTEGER, "N", NULL, 1, 16, false, "Layers of the mapping network"},
    {"rate-g", OPTION_NUMBER, "X", NULL, 0, 1, false, "Generator's learning rate"},
    {"rate-d", OPTION_NUMBER, "X", NULL, 0, 1, false, "Critic's learning rate"},
    {"anneal", OPTION_NUMBER, "X", NULL, 0, 1, false, "Share of the images over which the rates fall"},
    {"auxiliary", OPTION_NUMBER, "X", NULL, 0, 100, false, "Weight of the auxiliary classifier"},
    {"mixing", OPTION_NUMBER, "X", NULL, 0, 1, false, "Share of images with styles of two latents"},
    {"ema", OPTION_NUMBER, "IMAGES", NULL, 0, 1e9, false, "Half-life of the averaged weights"},
    {0},
};

static bool read_widths(int *width, int most, int *n, const char *text, const char *option, Err *err)
{
    const char *s = text;
    for (*n = 0; *n < most; s++) {
        char *end;
        long x = strtol(s, &end, 10);
        if (end == s || x < 1 || x > 2048) break;
        width[(*n)++] = (int)x;
        s = end;
        if (!*s) return true;
        if (*s != ',') break;
    }
    return err_set(err, ERR_USAGE, "--%s wants up to %d numbers from 1 to 2048 with commas, not \"%s\"",
                   option, most, text);
}

static bool check_slug(const char *slug, Err *err)
{
    bool ok = *slug >= 'a' && *slug <= 'z' && strlen(slug) < 40;
    return (ok && strspn(slug, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(slug)) ||
           err_set(err, ERR_USAGE,
                   "--slug wants a-z, 0-9 and -, beginning with a letter, at most 39, not \"%s\"", slug);
}

static bool read_precision(int *bf16, const Args *a, Err *err)
{
    const char *text = args_text(a, "precision");
    if (!text) return true;
    *bf16 = !strcmp(text, "bf16");
    return *bf16 || !strcmp(text, "float32") ||
           err_set(err, ERR_USAGE, "--precision is float32 or bf16, not \"%s\"", text);
}

static bool read_critic(DiscriminatorConfig *d, const Args *a, Err *err)
{
    const char *kind = args_text(a, "critic");
    int n = discriminator_widths(d);
    bool residual = kind ? !strcmp(kind, "residual") : d->stages > 0;
    if (kind && !residual && strcmp(kind, "chain"))
        return err_set(err, ERR_USAGE, "--critic is chain or residual, not \"%s\"", kind);
    if (args_given(a, "critic-widths") &&
        !read_widths(d->width, DISCRIMINATOR_WIDTHS, &n, args_text(a, "critic-widths"), "critic-widths", err))
        return false;
    if (residual ? n < 2 : n != 3)
        return err_set(err, ERR_USAGE, "--critic-widths wants %s numbers",
                       residual ? "two or more" : "three");
    d->stages = residual ? n - 1 : 0;
    return true;
}

/* What was given replaces gan_defaults, or the settings of the run that is resumed. */
static bool apply(Fit *fit, const Args *a, Err *err)
{
    GanConfig *g = &fit->gan;
    if (args_flag(a, "unconditional")) fit_forget_classes(fit);
#define SET(member, option, read)                                                                            \
    if (args_given(a, option)) member = read(a, option)
    SET(g->total, "images", args_integer);
    SET(g->batch, "batch", (int)args_integer);
    SET(g->generator.z_dim, "z-dim", (int)args_integer);
    SET(g->generator.w_dim, "w-dim", (int)args_integer);
    SET(g->generator.mapping_layers, "mapping-layers", (int)args_integer);
    SET(g->rate_g, "rate-g", (float)args_number);
    SET(g->rate_d, "rate-d", (float)args_number);
    SET(g->anneal, "anneal", (float)args_number);
    SET(g->auxiliary, "auxiliary", (float)args_number);
    SET(g->mixing, "mixing", (float)args_number);
    SET(g->ema_images, "ema", (float)args_number);
    SET(g->flip, "flip", (int)args_integer);
    SET(g->augment.colour, "colour", (float)args_number);
    SET(g->augment.translation, "translation", (float)args_number);
    SET(g->augment.cutout, "cutout", (float)args_number);
    SET(g->seed, "seed", args_seed);
    SET(fit->save_seconds, "save-every", args_number);
    SET(fit->sheet_images, "sheet-every", args_integer);
#undef SET
    if (args_given(a, "widths") &&
        !read_widths(g->generator.width, 8, &g->generator.stages, args_text(a, "widths"), "widths", err))
        return false;
    if (!read_critic(&g->discriminator, a, err) || !read_precision(&g->bf16, a, err)) return false;
    if (args_given(a, "slug")) snprintf(fit->slug, sizeof fit->slug, "%.39s", args_text(a, "slug"));
    if (args_given(a, "export"))
        snprintf(fit->export_path, sizeof fit->export_path, "%s", args_text(a, "export"));
    return true;
}

static bool open_fit(Fit **out, const Args *a, Err *err)
{
    const char *folder = args_text(a, "out");
    char spec[1024];
    Split split;
    int size = (int)args_integer(a, "size"), channels = (int)args_integer(a, "channels");
    bool only = args_flag(a, "export-only"), resume = args_flag(a, "resume") || only;
    snprintf(spec, sizeof spec, "%s", args_text(a, "data"));
    if (!folder) return err_set(err, ERR_USAGE, "fit wants --out DIR");
    if (args_given(a, "slug") && !check_slug(args_text(a, "slug"), err)) return false;
    if (!dataset_split(args_text(a, "split"), &split, err)) return false;
    if (split != SPLIT_TRAIN && split != SPLIT_FULL_TRAIN)
        return err_set(err, ERR_USAGE, "--split is train or full-train: a generator must not see %s pictures",
                       dataset_split_name(split));
    if (resume && !fit_peek(folder, spec, sizeof spec, &split, &size, &channels, err)) return false;
    Fit *fit = fit_open(folder, spec, split, size, channels, err);
    if (!fit) return false;
    fit->resume = resume;
    fit->export_only = only;
    args_line(fit->command, sizeof fit->command, a);
    if ((resume && !fit_read(fit, err)) || !apply(fit, a, err)) {
        fit_close(fit);
        return false;
    }
    *out = fit;
    return true;
}

static void show(const Args *a, const FitNews *n)
{
    char seen[32], total[32], left[32] = "?", saved[32], labels[48] = "";
    text_count(seen, sizeof seen, n->stats.images);
    text_count(total, sizeof total, n->total);
    if (isfinite(n->left)) text_duration(left, sizeof left, n->left);
    text_duration(saved, sizeof saved, n->saved_ago);
    if (isfinite(n->stats.label_real))
        snprintf(labels, sizeof labels, "labels %.2f real %.2f made  ", n->stats.label_real,
                 n->stats.label_fake);
    cli_progress(a, "%s/%s images  %.0f/s  %s left  loss d %.3f g %.3f  %ssaved %s ago", seen, total,
                 n->images_second, left, n->stats.loss_d, n->stats.loss_g, labels, saved);
}

/* Watches until the end; the first interrupt makes the job save and stop. */
static void watch(Job *job, const Args *a, FitNews *last)
{
    char told[sizeof last->told] = "";
    for (bool ended = false; !ended;) {
        ended = job_wait(job, 0.2);
        if (cli_interrupted()) job_stop(job);
        FitNews *n = (FitNews *)job_news(job);
        if (!n) continue;
        if (n->told[0] && strcmp(told, n->told)) cli_note(a, "%s", n->told);
        memcpy(told, n->told, sizeof told);
        show(a, n);
        *last = *n;
        news_drop(&n->news);
    }
}

static int fit_report(const Args *a, const FitNews *n, const char *folder, const char *file)
{
    char seen[32], time[32];
    text_count(seen, sizeof seen, n->stats.images);
    text_duration(time, sizeof time, n->spent);
    cli_say(a, "%s images seen in %s; the generator is %s", seen, time, file);
    Json *o = json_make();
    json_put_str(o, "folder", folder);
    json_put_str(o, "generator", file);
    json_put_int(o, "images_seen", n->stats.images);
    json_put_num(o, "seconds", n->spent);
    json_put_int(o, "divergences", n->faults);
    return cli_result(a, o);
}

static int fit_command(const Args *a)
{
    Err err = {0};
    Fit *fit;
    FitNews last = {0};
    char file[3072], folder[3072];
    if (!open_fit(&fit, a, &err)) return cli_fail(&err);
    cli_note(a, "%s", fit->data.sentence);
    cli_save_on_interrupt(true);
    Job *job = fit_start(fit, (Bell){0}, &err);
    if (!job) return cli_fail(&err);
    snprintf(file, sizeof file, "%s", fit->export_path);
    snprintf(folder, sizeof folder, "%s", fit->folder);
    watch(job, a, &last);
    bool ok = job_result(job, &err);
    job_free(job);
    return ok ? fit_report(a, &last, folder, file) : cli_fail(&err);
}

const Command command_fit = {
    "--out DIR [--images N] [--resume]",
    "Trains a style-based generator, class-conditional or not: hinge losses, spectral norm,\n"
    "projection critic, averaged weights. What is not given has the value that DIR/config.json then shows.\n"
    "The folder can be left at any moment, kill -9 included, and taken\n"
    "up again with --resume, bit for bit. Sample sheets (a row per class) show how it goes.",
    "  viewsmith fit --out fits/fashion --images 3000000\n  viewsmith fit --out fits/fashion --resume\n"
    "  viewsmith fit --out fits/fashion --export-only --export now.safetensors\n"
    "  viewsmith fit --out fits/plain --unconditional --images 900000\n"
    "  viewsmith fit --data photos/ --size 32 --channels 3 --out fits/photos",
    options,
    0,
    0,
    fit_command};
