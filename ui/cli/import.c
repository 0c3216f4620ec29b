/* viewsmith import: other people's models, written as files of ours with what is known of them. */
#include "cli/cli.h"
#include "base/file.h"
#include "model/import_card.h"
#include "model/import_model.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAMES_MAX = 1000, NAMES_FILE_MAX = 1 << 20 };

static const Option options[] = {
    {"out", OPTION_TEXT, "MODEL", NULL, 0, 0, false,
     "Where it goes: a .safetensors file (nothing is written without)"},
    {"spec", OPTION_TEXT, "FILE", NULL, 0, 0, false,
     "Layer table of a state dict (MODEL.spec, or a shipped one that fits)"},
    {"name", OPTION_TEXT, "SLUG", NULL, 0, 0, false,
     "Its name in addresses: a to z, digits and - (from the file's name)"},
    {"latent", OPTION_TEXT, "KIND", NULL, 0, 0, false,
     "What z are drawn from: normal, uniform (-1 to 1) or truncated (normal in -2 to 2)"},
    {"range", OPTION_TEXT, "LOW,HIGH", NULL, 0, 0, false,
     "What the file's pictures lie in: -1,1 or 0,1 or 0,255"},
    {"classes", OPTION_TEXT, "NAMES", NULL, 0, 0, false,
     "Names of the classes: a,b,c or a file with one a line"},
    {"licence", OPTION_TEXT, "TEXT", NULL, 0, 0, false, "Kept on the card"},
    {"source", OPTION_TEXT, "TEXT", NULL, 0, 0, false, "Where it comes from, kept on the card"},
    {0},
};

typedef struct {
    const Args *args;
    Imported m;
    ImportFacts facts;
    char *names; /* owns what class_name points to */
    char *class_name[NAMES_MAX];
    char slug[40];
} Import;

/* ---- What is said on the command line, or asked for ---------------------------------------------------- */

static bool read_range(ImportFacts *f, const char *text, Err *err)
{
    char *end;
    if (!text) return true;
    f->low = strtof(text, &end);
    bool comma = end != text && *end == ',';
    const char *second = end + comma;
    f->high = comma ? strtof(second, &end) : NAN;
    if (comma && end != second && !*end && f->low < f->high && isfinite(f->high - f->low)) return true;
    return err_set(err, ERR_USAGE, "--range wants two numbers with a comma, the lower one first, not \"%s\"",
                   text);
}

/* Lines of a file, or words between commas. */
static bool read_names(Import *im, const char *text, Err *err)
{
    size_t size;
    if (!text) return true;
    if (file_exists(text) && !file_is_folder(text)) {
        if (!file_read(text, NAMES_FILE_MAX, (uint8_t **)&im->names, &size, err)) return false;
    } else if (!(im->names = strdup(text))) {
        return err_nomem(err, "class names");
    }
    im->facts.class_name = im->class_name;
    char *rest = im->names;
    for (char *name; (name = strsep(&rest, ",\r\n"));) {
        if (!*name) continue;
        if (im->facts.class_names == NAMES_MAX)
            return err_set(err, ERR_LIMIT, "at most %d classes have names", NAMES_MAX);
        im->class_name[im->facts.class_names++] = name;
    }
    return true;
}

/* One question, once, and only a person is asked. An empty answer leaves what is taken for granted. */
static bool ask(char *answer, size_t cap, const char *question)
{
    *answer = '\0';
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) return false;
    fprintf(stderr, "%s ", question);
    if (!fgets(answer, (int)cap, stdin)) return false;
    answer[strcspn(answer, "\r\n")] = '\0';
    return *answer != '\0';
}

/* What neither the file nor the options say. */
static bool complete(Import *im, Err *err)
{
    static char latent[32], range[64]; /* facts point into them */
    bool generator = im->m.kind == IMPORT_GENERATOR;
    if (generator && !*im->m.latent && !im->facts.latent) {
        if (ask(latent, sizeof latent,
                "What are its latents drawn from: normal, uniform or truncated? [normal]"))
            im->facts.latent = latent;
        else
            cli_note(im->args, "the file does not say what its latents are drawn from: taken for normal "
                               "(--latent says otherwise)");
    }
    if (generator && isnan(im->m.low) && !isfinite(im->facts.low)) {
        if (ask(range, sizeof range, "What do its pictures lie in: LOW,HIGH? [-1,1]"))
            return read_range(&im->facts, range, err);
        cli_note(
            im->args,
            "the file does not say what its pictures lie in: taken for -1 to 1 (--range says otherwise)");
    }
    return true;
}

static bool import_read(Import *im, Err *err)
{
    const Args *a = im->args;
    const char *name = args_text(a, "name");
    im->facts = (ImportFacts){.latent = args_text(a, "latent"),
                              .low = NAN,
                              .high = NAN,
                              .licence = args_text(a, "licence"),
                              .source = args_text(a, "source")};
    if (name && strlen(name) >= sizeof im->slug)
        return err_set(err, ERR_USAGE, "--name is at most %zu characters", sizeof im->slug - 1);
    if (name)
        snprintf(im->slug, sizeof im->slug, "%s", name);
    else
        import_slug(im->slug, args_given(a, "out") ? args_text(a, "out") : a->word[0]);
    return read_range(&im->facts, args_text(a, "range"), err) &&
           read_names(im, args_text(a, "classes"), err) &&
           import_open(&im->m, a->word[0], args_text(a, "spec"), err) && complete(im, err) &&
           import_say(&im->m, &im->facts, err);
}

/* ---- What comes out ------------------------------------------------------------------------------------ */

static bool write_generator(const Import *im, Json *o, Err *err)
{
    Generator *g;
    const char *out = args_text(im->args, "out");
    if (!generator_import(&g, &im->m, im->slug, NULL, err)) return false;
    bool ok = !out || generator_save(g, out, err);
    json_put_str(o, "kind", "generator");
    json_put_str(o, "digest", g->digest);
    cli_say(im->args, "%s@%s: %dx%d, %d channel%s, %d numbers to %d layer%s of styles, %d classes", g->slug,
            g->digest, g->config.size, g->config.size, g->config.channels, g->config.channels == 1 ? "" : "s",
            g->config.z_dim, g->layers, g->layers == 1 ? "" : "s", g->config.classes);
    generator_drop(g);
    return ok;
}

static bool write_encoder(const Import *im, Json *o, Err *err)
{
    Encoder *e;
    const char *out = args_text(im->args, "out");
    if (!encoder_import(&e, &im->m, im->slug, err)) return false;
    bool ok = !out || encoder_save(e, out, err);
    json_put_str(o, "kind", "encoder");
    json_put_str(o, "digest", e->digest);
    cli_say(im->args, "%s@%s: pictures of %dx%d to %d features, %d classes", e->name, e->digest,
            e->config.side, e->config.side, encoder_features(&e->config), e->config.classes);
    encoder_drop(e);
    return ok;
}

static int import_command(const Args *a)
{
    Err err = {0};
    Import im = {.args = a};
    Json *o = json_make();
    bool ok = import_read(&im, &err) &&
              (im.m.kind == IMPORT_GENERATOR ? write_generator(&im, o, &err) : write_encoder(&im, o, &err));
    if (ok && args_given(a, "out")) {
        json_put_str(o, "out", args_text(a, "out"));
        cli_say(a, "written to %s", args_text(a, "out"));
    }
    import_free(&im.m);
    free(im.names);
    if (ok) return cli_result(a, o);
    json_drop(o);
    return cli_fail(&err);
}

const Command command_import = {
    "FILE [--spec FILE] [--out MODEL.safetensors]",
    "Reads a generator or an encoder that somebody else has trained: ONNX (opset 9 to 17), a PyTorch\n"
    "state dict (.pt, .pth, .bin, .th) or safetensors. StyleGAN2 and BigGAN-deep are known by their\n"
    "tensors; any other state dict wants a spec, a short table of layers, unless a shipped one fits\n"
    "(viewsmith info FILE prints a draft). Every command also opens such files directly; an imported\n"
    "one opens faster and carries its card. Nothing in a file is ever run.",
    "  viewsmith import generator.onnx --latent uniform --out faces.safetensors\n"
    "  viewsmith import net.pt --spec net.spec --licence MIT --out net.safetensors\n"
    "  viewsmith --model faces.safetensors",
    options,
    1,
    1,
    import_command};
